"""The state of one build: frames with their names, the heap of mutable containers, what was captured.

A frame is one activation of one function of the user's (or of a composite's body).  Calls are spliced,
so several frames may be open; a closure reads the frame it was defined in as it is *now*, which is
Python's late binding.  Branches and loops take snapshots of all of it and merge them.
"""

from collections.abc import Callable
from collections.abc import Iterator as Iterator_
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from enum import Enum
from types import ModuleType
from typing import Any

import numpy as np

from ...kernels.primitive import Composite, Primitive, registry
from ...kernels.types import Array, Scalar, Type, promote
from ..columns.lists import Lists
from ..ir import Assign, Atom, Const, If, Index, Raise, Value
from ..location import Location
from .binding import (
    Binding, Closure, Container, Getter, Grown, Iterator, Live, Maybe, Partial, Perhaps, Poison, Range, Ref,
    Shape, Static, Text, Unbound,
)
from .builder import Builder
from .captures import captured_type, is_simple, is_trusted, unfit
from .frames import Frame, Guard, NeedStatic, Refused
from .orders import of_elements

__all__ = ["Context", "Frame", "Guard", "NeedStatic", "Refused"]


# What labels make no difference to, or what keeps them.
_OF_LABELS = frozenset({"copy", "detach", "dim", "itself", "relabel", "size"})


def _unset(*_: Any) -> Any:
    raise AssertionError("the context was not completed by normalize")


class Context(Builder):
    """A builder that knows names."""

    def __init__(self, static_keys: frozenset = frozenset()):
        super().__init__()
        self.static_keys = static_keys
        self.frames: list[Frame] = []
        self.stack: list[Any] = []                       # what is being spliced, to notice recursion
        self.ruled: list[Any] = []                       # the functions whose own rules are being spliced
        self.heap: dict[int, Container | Grown] = {}
        self.refs = 0
        self.sides: list[Any] = []                       # the branches that are being merged
        self.direct: list | None = None                  # the block of a way that is not always taken
        self.hidden: dict[tuple, tuple[Getter, Value]] = {}
        self.argument_keys: dict[Value, Any] = {}        # parameters that may be asked for statically
        self.guards: dict[tuple, Guard] = {}
        self.problems: list[tuple[Location, str]] = []
        self.recursive: frozenset = frozenset()          # functions that are built as loops
        self.recursions = 0                              # calls of a function within itself
        self.lists = Lists()                             # which grow, and where
        self.assumed: dict[Value, bool] = {}             # truth values that are known on the way at hand
        self.looked_at: dict[tuple, dict[int, Binding]] = {}  # what was read in the loop at hand, by place
        self.one_way: set[Value] = set()                 # values that their names have on some ways only
        self.widened = 0                                 # merges of numbers of two types
        self.kinds: set[str] = set()                     # of the problems: "differentiation"
        self.hints: dict[Value, str] = {}
        self.replaced: dict[Value, Atom] = {}
        self.renamed: dict[Value, Value] = {}
        self.params: set[Value] = set()                  # arguments, the hidden ones included
        self.dead = False                                # whether the current block has raised
        self.unbound_reads: set[tuple[Any, str]] = set()  # names read before they had a value
        self.calls: list[Any] = []                       # live functions that were spliced
        self.roots: dict[Value, Value] = {}              # views and what they look at
        self.order = 1                                   # of the derivative that is being made
        self.mutable: frozenset = frozenset()            # classes of objects that are changed
        self.packable: frozenset = frozenset()           # lists that may be packed
        self.packed_here: frozenset | None = None        # those that the program packs; None: the call does
        self.columns: dict[Value, tuple] = {}            # vectors of columns, and of which list
        self.part_names: dict[Value, str] = {}           # what the user calls a part of a column
        self.same: dict[Value, tuple] = {}               # dlarrays made of others: of which, how laid out
        self.same_used: set[Value] = set()               # those of them that a gradient is taken by
        self.head: Any = None                            # what the loop head that is being evaluated asks for
        self.watches_labels = True                       # whether an operation refuses labels
        self.lower_body: Callable = _unset               # these three are set by normalize
        self.call_with: Callable = _unset
        self.array_of: Callable = _unset

    @property
    def form(self) -> str:
        """How a cotangent is named after its value: ``dx``, and ``d2x`` for a second derivative."""
        return "d{}" if self.order == 1 else f"d{self.order}{{}}"

    def call(self, function: Any, args: tuple = (), kwargs: dict | None = None) -> Binding:
        """The result of calling a binding, a primitive or a composite."""
        return self.call_with(self, function, args, kwargs)

    def array(self, binding: Binding) -> Binding:
        """The array that NumPy makes of a list or tuple."""
        return self.array_of(self, binding)

    def known(self, name: str) -> Primitive | Composite:
        """The primitive or composite of this name."""
        return registry[name]

    # ------------------------------------------------------------------ labels

    def op(self, op: str | Primitive, *args: Atom, target: Value | None = None, **static: Any) -> Atom:
        if (op if isinstance(op, str) else op.name) not in _OF_LABELS:
            self._watch(f"{op if isinstance(op, str) else op.name}", *args)
        return super().op(op, *args, target=target, **static)

    def read(self, base: Value, index: Index, hint: str = "") -> Value:
        self._watch("taking it apart", base)
        return super().read(base, index, hint)

    def store(self, base: Value, index: Index, value: Atom, mode: str = "set") -> None:
        self._watch("writing to a part", base, value)
        super().store(base, index, value, mode)

    def _watch(self, what: str, *atoms: Atom) -> None:
        """Refuse an array with labels: what has a rule for them comes without."""
        for atom in atoms if self.watches_labels else ():
            labels = self.types[atom].labels if isinstance(atom, Value) else None
            if labels:
                raise self.refuse(
                    f"{what} has no rule for an array with labels, here {labels!r}; write stripdims(X)"
                )

    def without_watch(self) -> AbstractContextManager[None]:
        """Inside, operations are dlsrc's own, on whatever types."""
        return self.watching(False)

    @contextmanager
    def watching(self, on: bool) -> Iterator_[None]:
        """Inside, operations refuse labels, or do not."""
        before, self.watches_labels = self.watches_labels, on
        try:
            yield
        finally:
            self.watches_labels = before

    # ------------------------------------------------------------------ refusing

    def refuse(self, message: str) -> Refused:
        """To be raised: the construct at the current location is refused."""
        return Refused(self.loc, message)

    # ------------------------------------------------------------------ names

    def bind(self, frame: Frame, name: str, binding: Binding) -> None:
        """Give a name a binding; the first name a fresh value gets becomes its hint."""
        owner = frame
        if name in frame.nonlocals and frame.parent is not None:
            owner = frame.parent.owner(name) or frame
        owner.env[name] = binding
        if frame.composite is None:
            self.suggest(binding, name)

    def suggest(self, binding: Binding, name: str) -> None:
        if (
            isinstance(binding, Value) and not binding.hint and binding not in self.hints
            and binding in self.origin
        ):
            self.hints[binding] = name

    # ------------------------------------------------------------------ containers

    def new_ref(self, container: Container) -> Ref:
        self.refs += 1  # never used again, also where the build goes back to a snapshot
        self.heap[self.refs] = container
        return Ref(self.refs)

    def change(self, number: int, container: Container | Grown) -> None:
        """What a list or dict holds from now on, which every name for it sees."""
        if number in self.lists.shared:
            raise self.refuse(
                f"{self.lists.shared[number]} may be the same object as another name or item here, as a "
                "loop or branch decides; change a copy (dict(…), list(…), dataclasses.replace(…)), or bind a "
                "new one"
            )
        self.heap[number] = container

    def contents(self, binding: Binding) -> Binding:
        """The container behind a reference, the value of what may be None; anything else as it is."""
        if isinstance(binding, Perhaps):
            binding = self.given(binding)
        if isinstance(binding, Poison):
            raise self.poisoned(binding)
        if not isinstance(binding, Ref):
            return binding
        found = self.heap[binding.number]
        self.note_read(("heap", binding.number), found)
        if isinstance(found, Poison):
            raise self.poisoned(found)
        return found

    def reference(self, binding: Binding) -> Binding:
        """What an object is known by, in order to change it: the value of what may be None."""
        return self.given(binding) if isinstance(binding, Perhaps) else binding

    def given(self, perhaps: Perhaps) -> Binding:
        """The value of what may be None, with a test that it is not, where that is not known."""
        given = perhaps.given
        known = given.value if isinstance(given, Const) else self.assumed.get(given)  # type: ignore[arg-type]
        if known is False:
            raise self.refuse(f"`{perhaps.name}` is None here; compare it with None before it is used")
        if known is None:
            message = f"{self.loc}: `{perhaps.name}` is None here"
            with self.collecting() as block:
                self.add(Raise("TypeError", message, self.loc))
            self.add(If(self.op("logical_not", given), tuple(block), (), (), self.loc))
            self.assumed = {**self.assumed, given: True}  # type: ignore[dict-item]
        return perhaps.binding

    def note_read(self, place: tuple, binding: Binding) -> None:
        """Note that a name or list was looked at: a loop may leave something else there for the next trip."""
        self.looked_at.setdefault(place, {})[id(binding)] = binding

    def poisoned(self, binding: Poison) -> Refused:
        """To be raised where a refused name is used."""
        return Refused(binding.location or self.loc, binding.message)

    def make(self, kind: str, items: Any, keys: tuple = (), cls: Any = None) -> Binding:
        """A container; lists and dicts become references."""
        container = Container(kind, tuple(items), tuple(keys), cls)
        by_reference = kind in ("list", "dict", "object") or kind == "dataclass" and cls in self.mutable
        return self.new_ref(container) if by_reference else container

    # ------------------------------------------------------------------ captured objects

    def guard(self, getter: Getter, kind: str, expected: Any) -> None:
        self.guards[(getter.key, kind)] = Guard(getter, kind, expected)

    def captured(self, value: Any, getter: Getter) -> Binding:
        """The binding of a captured object: numbers and arrays become hidden arguments."""
        if hasattr(type(value), "__dlsrc_array__"):  # a dlarray, which is a constant here: it is not traced
            self.guard(getter, "class", type(value))  # masked arrays and buffers have a `data`, too
            self.guard(getter.then("attribute", "labels"), "equal", value.labels)
            return self._hidden(value.data, getter.then("attribute", "data"), value.labels)
        if isinstance(value, bool | str | bytes | type(None)):
            self.guard(getter, "equal", value)
            return Const(value) if isinstance(value, bool) else Static(value)
        if isinstance(value, int | float) and type(value) in (int, float) and self._is_constant(getter):
            return Const(value)
        if isinstance(value, int | float | np.number | np.ndarray | np.bool_) and not isinstance(value, Enum):
            return self._hidden(value, getter)
        if isinstance(value, complex):
            raise self.refuse(
                f"`{getter}` is complex; complex numbers cannot be differentiated yet: split it into real "
                "and imaginary parts"
            )
        if isinstance(value, ModuleType) and not getter.path and getter.root[0] == "global":
            # np itself may be bound to another module; np.linalg is a part of it.
            if not is_trusted(getter.root[1].get("__name__")):
                self.guard(getter, "is", value)
        elif not self._is_constant(getter):
            if callable(value) or isinstance(value, ModuleType):
                self.guard(getter, "is", value)
            else:
                self.guard(getter, "class", type(value))
        return Live(value, getter)

    def relied(self, live: Live) -> Any:
        """The object itself, whose value is used while building: it must be the same at every call."""
        value, getter = live.value, live.getter
        if self._is_constant(getter):
            return value
        if isinstance(value, dict | list | tuple | set | frozenset):
            if not is_simple(value):
                raise self.refuse(
                    f"`{getter}` is used as a constant here, and holds more than numbers and strings; write "
                    "its items out"
                )
            self.guard(getter, "equal", deepcopy(value))
        elif isinstance(value, np.dtype | range | slice):
            self.guard(getter, "equal", value)
        else:
            self.guard(getter, "identity", value)
        return value

    @staticmethod
    def _is_constant(getter: Getter) -> bool:
        """Whether a number is a library's (np.pi, the default of a composite) and so never changes."""
        kind, holder, _ = getter.root
        if kind == "object":
            own = "__name__" if isinstance(holder, ModuleType) else "__module__"
            module = getattr(holder, own, None)
        elif kind == "global":
            first = holder.get(getter.root[2])
            module = (
                getattr(first, "__name__", None)
                if type(first).__name__ == "module"
                else holder.get("__name__")
            )
        else:
            return False
        return is_trusted(module)

    def _hidden(self, value: Any, getter: Getter, labels: str | None = None) -> Binding:
        if getter.key in self.static_keys:
            if not isinstance(value, int | np.integer | float):
                raise self.refuse(
                    f"`{getter}` must be a number that is known while the gradient is built, not an array"
                )
            self.guard(getter, "equal", value)
            return Const(value if isinstance(value, int | float) else value.item())
        found = self.hidden.get(getter.key)
        if found is not None:
            return found[1]
        reason = unfit(value, str(getter))
        if reason is not None:
            raise self.refuse(reason)
        type_ = captured_type(value, labels)
        name = "".join(c if c.isalnum() or c == "_" else "_" for c in str(getter)).strip("_")
        made = self.value(type_, name)
        self.hidden[getter.key] = (getter, made)
        self.argument_keys[made] = getter.key
        self.params.add(made)
        return made

    # ------------------------------------------------------------------ static values

    def static(self, binding: Binding, what: str) -> Any:
        """The Python object behind a binding that must be known while building.

        Raises
        ------
        NeedStatic
            If it is an argument or a captured number: the build starts again with it known.
        Refused
            If it is computed.
        """
        binding = self.contents(binding)
        if isinstance(binding, Live):
            return self.relied(binding)
        if isinstance(binding, Const | Static):
            return binding.value
        if isinstance(binding, Container):
            values = [self.static(item, what) for item in binding.items]
            if binding.kind == "dict":
                return dict(zip(binding.keys, values, strict=True))
            return tuple(values) if binding.kind == "tuple" else values
        if isinstance(binding, Value):
            self.known_bounds(binding)
        raise self.refuse(f"{what} must be a constant or an argument: here it is computed")

    def known_bounds(self, *atoms: Atom) -> None:
        """Ask for the arguments that these integers are computed from to be known, if that makes them known.

        Raises
        ------
        NeedStatic
            For the first of them.
        """
        pending, keys = list(atoms), []
        while pending:
            atom = pending.pop()
            made = self.origin.get(atom) if isinstance(atom, Value) else None
            if isinstance(atom, Value) and atom in self.argument_keys:
                keys.append(self.argument_keys[atom])
            elif isinstance(made, Assign) and made.op.name in ("add", "subtract", "multiply", "negative"):
                pending += made.args
            elif not isinstance(atom, Const):
                return
        if keys:
            raise NeedStatic(keys[0])

    def is_static(self, binding: Binding) -> bool:
        """Whether ``static`` would give a value without building again."""
        if isinstance(binding, Perhaps):
            return False
        binding = self.contents(binding)
        if isinstance(binding, Container):
            return all(self.is_static(item) for item in binding.items)
        return isinstance(binding, Const | Static | Live)

    # ------------------------------------------------------------------ snapshots

    def snapshot(self) -> tuple:
        return ([(f, dict(f.env)) for f in self.frames], dict(self.heap), self.dead)

    def restore(self, snapshot: tuple) -> None:
        environments, heap, self.dead = snapshot
        for frame, env in environments:
            frame.env = dict(env)
        self.heap = dict(heap)

    def state(self) -> dict:
        """Every binding there is, by place: (frame, name) or ("heap", number)."""
        places: dict = {(frame, name): b for frame in self.frames for name, b in frame.env.items()}
        places.update({("heap", number): c for number, c in self.heap.items()})
        return places

    def put(self, place: tuple, binding: Binding) -> None:
        owner, name = place
        if owner == "heap":
            self.heap[name] = binding  # type: ignore[assignment]
        else:
            owner.env[name] = binding

    # ------------------------------------------------------------------ types of joined values

    def join(self, a: Type, b: Type) -> Type | None:
        """The one type of a value that is an ``a`` on one way and a ``b`` on the other, if there is one."""
        if a == b:
            return a
        if (a.labels or "") != (b.labels or ""):
            return None
        labels = a.labels if a.labels is not None else b.labels
        if isinstance(a, Scalar) and isinstance(b, Scalar):
            if a.dtype == b.dtype:
                return Scalar(a.dtype, a.weak and b.weak, labels, max(a.cell, b.cell))
            if "bool" in (a.dtype, b.dtype):
                return None
            return Scalar(*promote(a, b), labels, max(a.cell, b.cell))
        if isinstance(a, Array) and isinstance(b, Array) and a.ndim == b.ndim and a.dtype == b.dtype:
            layout = a.layout if a.layout == b.layout else "A"
            return Array(a.dtype, a.ndim, layout, labels, of_elements([a, b], layout))
        return None


_KINDS = {
    Shape: "a shape", Range: "a range or iterator", Iterator: "a range or iterator",
    Partial: "a partial function", Grown: "a list that grows", Text: "a text with computed values",
    Poison: "something refused before", Perhaps: "a value that may be None",
}  # fmt: skip


def describe(binding: Binding, ctx: Context) -> str:
    """A binding in a message: "a float64 vector", "a tuple of 3", "the string 'a'"."""
    if isinstance(binding, Ref):
        binding = ctx.contents(binding)
    match binding:
        case Value() | Const():
            return f"{'an' if str(ctx.type_of(binding))[0] in 'ai' else 'a'} {ctx.type_of(binding)}"
        case Container(kind=kind, items=items, cls=cls):
            return f"a {cls.__name__ if cls else kind} of {len(items)}"
        case Static(value=value) | Live(value=value):
            if value is None or isinstance(value, str):
                return repr(value) if value is None or len(value) < 60 else f"{value[:40]!r}…"
            kind = "class" if isinstance(value, type) else type(value).__name__
            return f"the {kind} {value.__name__}" if hasattr(value, "__name__") else f"a {kind}"
        case Closure(name=name):
            return f"the function {name}"
        case Unbound(name=name) | Maybe(name=name):
            return f"the unbound name {name}"
    return _KINDS.get(type(binding), type(binding).__name__)
