"""What a structure is: the frozen description of a nest of containers whose leaves were taken out.

Nodes are tuples, because a structure is made, hashed and compared at every call and tuples do that in
C.  The last field tells nodes of different classes apart, which tuples would take for equal.

>>> node = DictNode(("w", "b"), (ListNode((LEAF, LEAF)), LEAF))
>>> count(node), paths(node, "params")
(3, ('params["w"][0]', 'params["w"][1]', 'params["b"]'))
"""

from collections.abc import Collection
from typing import Any, NamedTuple, Self

__all__ = [
    "LEAF", "CustomNode", "DataclassNode", "DictNode", "Leaf", "ListNode", "NamedTupleNode", "PackedNode",
    "Path", "Static", "Structure", "TupleNode", "attribute_place", "count", "key_place", "matched", "packed",
    "paths", "places",
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
    """A list, or one of numba's typed lists."""

    children: tuple["Structure", ...]
    tag: str = "list"
    cls: type = list


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


class PackedNode(NamedTuple):
    """A list, typed list or tuple (``cls``) of any number of equal items, but not of none.

    ``children`` is one item; each of its leaves stands for a column, that leaf of every item.
    """

    cls: type
    children: tuple["Structure", ...]
    tag: str = "packed"


Structure = (
    Leaf | Static | ListNode | TupleNode | DictNode | NamedTupleNode | DataclassNode | CustomNode | PackedNode
)
Path = tuple[int, ...]


def count(structure: Structure) -> int:
    """The number of leaves."""
    if isinstance(structure, Leaf):
        return 1
    return 0 if isinstance(structure, Static) else sum(count(child) for child in structure.children)


def matched(model: Structure, other: Structure) -> tuple[int, ...] | None:
    """For each leaf of one tree the position of that at its place in another; None if they are not alike.

    Dicts of any class are matched by their keys, in whatever order; lists and tuples by their lengths.

    >>> matched(DictNode(("w", "b"), (LEAF, LEAF)), DictNode(("b", "w"), (LEAF, LEAF)))
    (1, 0)
    """
    if model is LEAF or other is LEAF:
        return (0,) if model is other else None
    if isinstance(model, Static) or isinstance(other, Static):
        return () if model == other else None
    starts, start = [], 0
    for child in other.children:  # type: ignore[union-attr]
        starts.append(start)
        start += count(child)
    if isinstance(model, DictNode) and isinstance(other, DictNode):
        if set(model.keys) != set(other.keys):
            return None
        order = [other.keys.index(key) for key in model.keys]
    else:
        plain = all(isinstance(node, ListNode | TupleNode) for node in (model, other))
        children: tuple = model.children  # type: ignore[union-attr]
        same = model == other._replace(children=children)  # type: ignore[union-attr]
        if len(children) != len(starts) or not plain and not same:
            return None
        order = list(range(len(children)))
    found: list[int] = []
    for child, k in zip(model.children, order, strict=True):  # type: ignore[union-attr]
        inner = matched(child, other.children[k])  # type: ignore[union-attr]
        if inner is None:
            return None
        found += [starts[k] + place for place in inner]
    return tuple(found)


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


def packed(structure: Structure, chosen: Collection[Path]) -> tuple[Structure, tuple]:
    """The structure with these lists of equal items packed, and where each of its leaves was before.

    Parameters
    ----------
    structure : Structure
    chosen : collection of Path
        Where the lists stand: numbers of children, from the root.  Of one in another, the outer is packed.

    Returns
    -------
    structure : Structure
    positions : tuple of int and tuple of int
        For each leaf of the new structure its position in the old one, for a column those of all its leaves.

    >>> layers = ListNode((DictNode(("W", "b"), (LEAF, LEAF)),) * 3)
    >>> packed(TupleNode((layers, LEAF)), {(0,)})[1]
    ((0, 2, 4), (1, 3, 5), 6)
    """
    positions: list = []

    def walk(node: Any, path: Path, start: int) -> tuple[Structure, int]:
        if node is LEAF:
            positions.append(start)
            return node, start + 1
        if isinstance(node, Static):
            return node, start
        if path in chosen:
            item = node.children[0]
            width, stop = count(item), start + count(node)
            positions.extend(tuple(range(k, stop, width)) for k in range(start, start + width))
            return PackedNode(node.cls if isinstance(node, ListNode) else tuple, (item,)), stop
        children = []
        for k, child in enumerate(node.children):
            made, start = walk(child, (*path, k), start)
            children.append(made)
        same = all(a is b for a, b in zip(children, node.children, strict=True))
        return node if same else node._replace(children=tuple(children)), start

    made, _ = walk(structure, (), 0)
    return made, tuple(positions)


def places(node: Structure) -> tuple[str, ...]:
    """What is written after a container for each of its children: ``[0]``, ``["w"]``, ``.weight``."""
    match node:
        case PackedNode():
            return ("[k]",)
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
