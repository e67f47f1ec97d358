"""What a name can stand for while a program is built.

Numbers and arrays are atoms of the program.  Everything else is known in full at build time: the
structure of containers, functions, modules, strings.  Nothing here survives ``normalize``.
"""

from collections.abc import Iterator as Iterator_
from typing import Any

from ...containers.nodes import Path
from ...kernels.types import Type
from ...records import field, parts, record
from ..ir import Atom, Const, Value
from ..location import Location

__all__ = [
    "Binding", "BoundMethod", "Closure", "Column", "Container", "Getter", "Grown", "Iterator", "Live",
    "Maybe", "Packed", "Partial", "Perhaps", "Poison", "Range", "Ref", "Shape", "Static", "Text", "Unbound",
    "leaves",
]  # fmt: skip


@record(frozen=True)
class Getter:
    """How a captured object is found again at every call: a root and a path of attributes and items.

    ``root`` is ("global", namespace, name), ("cell", cell, name) or ("object", object, text).
    """

    root: tuple[str, Any, str]
    path: tuple[tuple[str, Any], ...] = ()

    def __call__(self) -> Any:
        kind, holder, name = self.root
        if kind == "global":
            found = holder[name]
        elif kind == "cell":
            found = holder.cell_contents
        else:
            found = holder
        for step, key in self.path:
            found = getattr(found, key) if step == "attribute" else found[key]
        return found

    def then(self, step: str, key: Any) -> "Getter":
        return Getter(self.root, (*self.path, (step, key)))

    @property
    def key(self) -> tuple:
        """Hashable, equal for two ways to the same place."""
        kind, holder, name = self.root
        return (kind, id(holder), name, self.path)

    def __str__(self) -> str:
        text = self.root[2]
        for step, key in self.path:
            text += f".{key}" if step == "attribute" else f"[{key!r}]"
        return text


@record(frozen=True)
class Static:
    """A Python object known while the program is built: None, a string, a dtype, a function."""

    value: Any


@record(frozen=True)
class Live:
    """An object captured from outside (a module, a function, a configuration), and the way to it."""

    value: Any
    getter: Getter


@record(frozen=True)
class Container:
    """A tuple, list, dict, NamedTuple or dataclass of bindings.

    ``kind`` is "tuple", "list", "dict", "namedtuple", "dataclass"; ``keys`` are the keys or field
    names; ``cls`` the class where it is not the built-in one; ``path`` says which argument it is, or a
    slice of which, if that is a list of equal items that may be packed.
    """

    kind: str
    items: tuple["Binding", ...]
    keys: tuple = ()
    cls: Any = None
    path: Path | None = field(default=None, compare=False)

    def with_items(self, items) -> "Container":
        return Container(self.kind, tuple(items), self.keys, self.cls)

    def same_structure(self, other: "Binding") -> bool:
        return isinstance(other, Container) and (self.kind, self.keys, self.cls, len(self.items)) == (
            other.kind, other.keys, other.cls, len(other.items),
        )


@record(frozen=True)
class Column:
    """One leaf of every item of a packed list: all arrays in one vector, or a vector of numbers.

    ``table`` says where each array stands; it is None for numbers.  ``type`` is that of a leaf, ``leaf`` its
    position among the leaves of the call, ``name`` what the user calls it.
    """

    vector: Value
    table: Value | None
    type: Type
    leaf: int
    name: str


@record(frozen=True)
class Packed:
    """A list or tuple of equal items in columns, or a slice of one; how many is known at run time.

    Item ``j`` is number ``first + j * step`` of the columns, for ``j`` below ``count``, which is None for
    all of them.  ``item`` is a `Container` (or a single `Column`) whose leaves are columns; ``at_hand`` is
    the number of items in the call that the program is built for, ``path`` the argument, ``name`` its name.
    """

    kind: str
    item: Any
    first: Atom
    count: Atom | None
    step: int
    at_hand: int
    path: Path
    name: str
    cls: Any = list

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole list, in its order."""
        return self.count is None


@record(frozen=True)
class Ref:
    """A list, dict or other mutable container: its contents stand in the context's heap, so that two
    names for one list see each other's changes, as in Python."""

    number: int


@record(frozen=True)
class Iterator:
    """``zip``, ``enumerate`` or ``reversed`` over other bindings."""

    kind: str
    items: tuple["Binding", ...]
    start: Atom | None = None


@record(frozen=True)
class Shape:
    """``x.shape`` of an array; its items are made when they are asked for."""

    array: Value
    ndim: int


@record(frozen=True)
class Range:
    """``range(start, stop, step)``."""

    start: Atom
    stop: Atom
    step: Atom


@record(frozen=True)
class Closure:
    """A function of the user's, with what it closes over and its defaults already evaluated."""

    name: str
    parsed: Any                       # parse.Parsed
    frame: Any = None                 # the frame it was defined in, None for a module-level function
    defaults: tuple["Binding", ...] = ()
    kwdefaults: tuple[tuple[str, "Binding"], ...] = ()
    function: Any = None              # the live function, if there is one


@record(frozen=True)
class Partial:
    """``functools.partial(function, *args, **kwargs)``, and bound methods of the user's classes."""

    function: "Binding"
    args: tuple["Binding", ...]
    kwargs: tuple[tuple[str, "Binding"], ...] = ()


@record(frozen=True)
class BoundMethod:
    """``x.name`` where ``x`` is an array, a container or a string, about to be called."""

    owner: "Binding"
    name: str


@record(frozen=True)
class Unbound:
    """A name without a value on this way; reading it is an error of the user's."""

    name: str


@record(frozen=True)
class Maybe:
    """A name that has a value only where ``bound`` is true; reading it tests that."""

    binding: "Binding"
    bound: Atom
    name: str


@record(frozen=True)
class Perhaps:
    """What is None unless ``given`` is true: a number or array, or a container of them."""

    binding: "Binding"
    given: Atom
    name: str


@record(frozen=True)
class Poison:
    """A name whose use is refused: the reason (empty if it was already reported) and what is to blame."""

    message: str
    location: Location | None = None


@record(frozen=True)
class Grown:
    """A list whose length is known only at run time.

    ``items`` are its columns, arrays of which the first entries are the list's items, and then the number
    of items.  ``item`` is what an item looks like, with `Static` numbers of columns in it; ``types`` are
    the types of its parts.
    """

    items: tuple["Binding", ...]
    item: "Binding"
    types: tuple[Type, ...]

    @property
    def count(self) -> Any:
        return self.items[-1]

    def with_items(self, items) -> "Grown":
        return Grown(tuple(items), self.item, self.types)

    def same_structure(self, other: "Binding") -> bool:
        return isinstance(other, Grown) and (self.item, self.types) == (other.item, other.types)


@record(frozen=True)
class Text:
    """A string with computed values in its places: what print, raise and assert can take.

    ``template`` is for ``str.format``; the values are numbers and arrays, an array's own copy.
    """

    template: str
    values: tuple[Atom, ...]


Binding = (
    Atom | Static | Live | Container | Packed | Column | Ref | Iterator | Shape | Range | Closure | Partial
    | BoundMethod | Grown | Text | Unbound | Maybe | Perhaps | Poison
)


def leaves(binding: Any, seen: set[int]) -> Iterator_["Ref | Value"]:
    """The values and the references to lists in a binding, what closures close over included; ``seen`` are
    the frames, by identity, that are not looked at again."""
    if isinstance(binding, Ref | Value):
        yield binding
    elif isinstance(binding, tuple):
        for part in binding:
            yield from leaves(part, seen)
    elif isinstance(binding, Closure):
        yield from leaves((binding.defaults, binding.kwdefaults), seen)
        frame = binding.frame
        while frame is not None and id(frame) not in seen:
            seen.add(id(frame))
            yield from leaves(tuple(frame.env.values()), seen)
            frame = frame.parent
    elif not isinstance(binding, Const | Static | Live):
        for part in parts(binding).values():
            yield from leaves(part, seen)
