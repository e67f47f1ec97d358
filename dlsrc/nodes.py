"""What a structure is: the frozen description of a nest of containers whose leaves were taken out.

Nodes are tuples, because a structure is made, hashed and compared at every call and tuples do that in
C.  The last field tells nodes of different classes apart, which tuples would take for equal.

>>> node = DictNode(("w", "b"), (ListNode((LEAF, LEAF)), LEAF))
>>> count(node), paths(node, "params")
(3, ('params["w"][0]', 'params["w"][1]', 'params["b"]'))
"""

from typing import Any, NamedTuple, Self

__all__ = [
    "LEAF", "CustomNode", "DataclassNode", "DictNode", "Leaf", "ListNode", "NamedTupleNode", "Static",
    "Structure", "TupleNode", "attribute_place", "count", "key_place", "paths", "places",
]  # fmt: skip


class Leaf:
    """The place of a number or an array; there is one instance, ``LEAF``."""

    __slots__ = ()

    def __new__(cls) -> Self:
        return LEAF  # type: ignore[return-value]

    def __reduce__(self) -> tuple:
        return Leaf, ()

    def __repr__(self) -> str:
        return "Leaf()"


LEAF: Leaf = object.__new__(Leaf)


class Static(NamedTuple):
    """A value that is no data: a string, None, a function, a module, an option.

    Equal statics have equal values of one type; values without an equality of their own are compared
    by identity.
    """

    value: Any
    cls: type

    def __repr__(self) -> str:
        return f"Static({self.value!r})"


class ListNode(NamedTuple):
    """A list."""

    children: tuple["Structure", ...]
    tag: str = "list"


class TupleNode(NamedTuple):
    """A plain tuple."""

    children: tuple["Structure", ...]
    tag: str = "tuple"


class DictNode(NamedTuple):
    """A dict, or OrderedDict, with its keys in the order of insertion."""

    keys: tuple
    children: tuple["Structure", ...]
    cls: type = dict


class NamedTupleNode(NamedTuple):
    """An instance of a NamedTuple class."""

    cls: type
    children: tuple["Structure", ...]
    tag: str = "namedtuple"

    @property
    def names(self) -> tuple[str, ...]:
        """The fields, in the order of the children."""
        return self.cls._fields  # type: ignore[attr-defined]


class DataclassNode(NamedTuple):
    """An instance of a dataclass, or a SimpleNamespace; a field's metadata may say ``{"static": True}``."""

    cls: type
    names: tuple[str, ...]
    children: tuple["Structure", ...]
    tag: str = "dataclass"


class CustomNode(NamedTuple):
    """An instance of a class given to `register`.

    ``names`` are the attributes that the children stand for, None where they were given without names.
    """

    cls: type
    names: tuple[str, ...] | None
    children: tuple["Structure", ...]
    aux: Any = None
    tag: str = "custom"


Structure = Leaf | Static | ListNode | TupleNode | DictNode | NamedTupleNode | DataclassNode | CustomNode


def count(structure: Structure) -> int:
    """The number of leaves."""
    if isinstance(structure, Leaf):
        return 1
    return 0 if isinstance(structure, Static) else sum(count(child) for child in structure.children)


def paths(structure: Structure, name: str = "argument") -> tuple[str, ...]:
    """Where each leaf stands, as the user would write it: ``params["layer"][0].weight``."""
    if structure is LEAF:
        return (name,)
    if isinstance(structure, Static):
        return ()
    return tuple(
        path
        for place, child in zip(places(structure), structure.children, strict=True)  # type: ignore[union-attr]
        for path in paths(child, name + place)
    )


def places(node: Structure) -> tuple[str, ...]:
    """What is written after a container for each of its children: ``[0]``, ``["w"]``, ``.weight``."""
    match node:
        case DictNode(keys=keys):
            return tuple(map(key_place, keys))
        case NamedTupleNode() | DataclassNode() | CustomNode():
            names = node.names
            if names is not None:
                return tuple(map(attribute_place, names))
    return tuple(f"[{k}]" for k in range(len(node.children)))  # type: ignore[union-attr]


def key_place(key: object) -> str:
    """What is written after a dict for this key.

    >>> key_place("w"), key_place(2)
    ('["w"]', '[2]')
    """
    if not isinstance(key, str):
        return f"[{key!r}]"
    quotes = {'"': '\\"', "'": "'"}  # a double quote is escaped, a single one need not be
    return '["' + "".join(quotes.get(c) or repr(c)[1:-1] for c in key) + '"]'


def attribute_place(name: str) -> str:
    """What is written after an object for this attribute."""
    return f".{name}"
