"""What is to be differentiated, and the arguments of a call as bindings: each leaf becomes a parameter.

    f({"w": array, "name": "a"}, 2.0)        w: a parameter, "a": known while building, 2.0: a parameter
    f([layer, layer, layer]), packed         a vector and a table for each leaf of a layer
"""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from ...containers.nodes import (
    LEAF, CustomNode, DataclassNode, DictNode, ListNode, NamedTupleNode, PackedNode, Path,
    Static as StaticNode, Structure, TupleNode, packed, paths,
)
from ...kernels.types import Array, Type
from ...records import field, record, replace
from ..ir import Const, Value
from .binding import Binding, Column, Container, Getter, Live, Packed, Static
from .context import Context

__all__ = ["Asked", "Parameters", "Request"]


@record(frozen=True)
class Asked:
    """One derivative of a function that is differentiated itself: `Request` explains the other fields.

    ``nested`` says that a derivative may pass through it, as it may through a program of the user's.
    """

    argnums: tuple[int, ...]
    single: bool = True
    has_aux: bool = False
    kind: str = "gradient"
    extra: int = 0
    value: bool = False
    nested: bool = True


@record(frozen=True)
class Request:
    """What is to be differentiated: a function, and what its arguments look like.

    Attributes
    ----------
    function : callable
    structure : Structure
        Of the tuple (args, kwargs).
    types, names : tuple
        The type of each leaf and how the user would write it.
    values : tuple
        The leaves of the call at hand; read only where a number must be known while building.
    traced : tuple of bool
        Which leaves derivatives may be taken by.
    argnums : tuple of int or None
        For ``grad``: positions to differentiate by, after the function has returned; None for ``dlfeval``.
    single : bool
        Whether argnums was one number.
    has_aux : bool
        Whether the function returns (value, something else).
    static : frozenset
        Keys of numbers that must be known while building: ("leaf", k) or of a captured number.
    recursive : frozenset of Parsed
        Functions that call each other to a depth that is known only at run time.
    mutable : frozenset of type
        Classes whose objects the function changes.
    packable, packing : frozenset of Path
        Lists of equal items that may be packed, and those that are; the structure is always that of the call.
    inside : bool
        Whether the program itself packs lists (see `stacking`), as every leaf of the call is a parameter.
    kind : str
        What is asked of the function: "gradient", or a name in `normalize.OPERATORS`.
    extra : int
        How many of the last positional arguments are not the function's (tangents, cotangents).
    value : bool
        Whether a Jacobian (or, of one that is asked inside, a gradient) comes with the function's value.
    inner : tuple of Asked
        What the function's own derivatives are, from the inside out: for ``hessian(f)``, its gradient.
    """

    function: Callable
    structure: Structure
    types: tuple[Type, ...]
    names: tuple[str, ...]
    values: tuple[Any, ...]
    traced: tuple[bool, ...]
    argnums: tuple[int, ...] | None = None
    single: bool = True
    has_aux: bool = False
    static: frozenset = frozenset()
    recursive: frozenset = frozenset()
    mutable: frozenset = frozenset()
    packable: frozenset[Path] = frozenset()
    packing: frozenset[Path] = frozenset()
    inside: bool = False
    kind: str = "gradient"
    extra: int = 0
    value: bool = False
    inner: tuple[Asked, ...] = ()


@record
class Parameters:
    """The arguments of a request as bindings; what they make of parameters is collected beside them.

    Attributes
    ----------
    params : list of Value
        The parameters of the program.
    leaves : list of int
        The leaves of the (packed) call that they stand for; a column is one leaf and one or two parameters.
    traced : set of Value
        The parameters that derivatives may be taken by.
    notes : dict of Value to str
        What the header of the text says of columns instead of their types.
    """

    ctx: Context
    request: Request
    params: list[Value] = field(default_factory=list)
    leaves: list[int] = field(default_factory=list)
    traced: set[Value] = field(default_factory=set)
    notes: dict[Value, str] = field(default_factory=dict)

    def bindings(self) -> Container:
        """The pair (args, kwargs)."""
        packing = frozenset() if self.request.inside else self.request.packing
        structure, positions = packed(self.request.structure, packing)
        made = self._binding(structure, iter(enumerate(positions)), self.request.structure, ())
        assert isinstance(made, Container)
        return made

    def _binding(self, node: Any, leaves: Iterator[tuple[int, Any]], given: Any, path: Path) -> Binding:
        """The binding of an argument; ``given`` is its structure in the call."""
        ctx = self.ctx
        if node is LEAF:
            return self._parameter(*next(leaves))
        if isinstance(node, PackedNode):
            return self._packed(node, leaves, given, path)
        if isinstance(node, StaticNode):
            value = node.value
            if callable(value) or not isinstance(value, str | bytes | type(None) | type):
                return Live(value, Getter(("object", value, getattr(value, "__name__", "argument"))))
            return Static(value)
        pairs = enumerate(zip(node.children, given.children, strict=True))
        items = tuple(self._binding(child, leaves, before, (*path, k)) for k, (child, before) in pairs)
        made = _container(node, items)
        if path in self.request.packable:
            made = replace(made, path=path)
        changed = made.kind == "dataclass" and made.cls in ctx.mutable
        return ctx.new_ref(made) if changed or made.kind in ("list", "dict") else made

    def _parameter(self, leaf: int, position: int) -> Binding:
        ctx, request = self.ctx, self.request
        type_ = request.types[position]
        if ("leaf", leaf) in ctx.static_keys:
            value = request.values[position]
            return Const(value.item() if hasattr(value, "item") else value)
        made = self._new(type_, request.names[position], request.traced[position])
        self.leaves.append(leaf)
        ctx.argument_keys[made] = ("leaf", leaf)
        return made

    def _new(self, type_: Type, name: str, traced: bool = False) -> Value:
        made = self.ctx.value(type_, _identifier(name) or "x")
        self.params.append(made)
        self.ctx.params.add(made)
        if traced:
            self.traced.add(made)
        return made

    # ------------------------------------------------------------------ columns

    def _packed(self, node: PackedNode, leaves: Iterator, given: Any, path: Path) -> Packed:
        """A list of equal items: the columns of its leaves, and how many there are."""
        inside = paths(node.children[0], "")
        first = next(leaves)
        name = self.request.names[first[1][0]].removesuffix(f"[0]{inside[0]}")
        item = self._columns(node.children[0], chain((first,), leaves), iter(inside), path, name)
        kind = "tuple" if node.cls is tuple else "list"
        return Packed(kind, item, Const(0), None, 1, len(given.children), path, _identifier(name), node.cls)

    def _columns(self, node: Any, leaves: Iterator, places: Iterator[str], path: Path, name: str) -> Binding:
        """An item with columns for its leaves; ``name`` is the list's."""
        if isinstance(node, StaticNode):
            return Static(node.value)
        if node is not LEAF:
            items = tuple(self._columns(child, leaves, places, path, name) for child in node.children)
            return _container(node, items)
        request = self.request
        leaf, positions = next(leaves)
        place = next(places)
        type_ = request.types[positions[0]]
        vector = Array(type_.dtype, 1, "C", type_.labels)
        made = self._new(vector, name + place, request.traced[positions[0]])
        table = None
        if isinstance(type_, Array):
            type_ = Array(type_.dtype, type_.ndim, "C", type_.labels)
            table = self._new(Array("int64", 2), f"{name}{place}_where")
            many = str(type_).replace("matrix", "matrice") + "s"
            self.notes |= {made: f"{many} in a vector", table: "their places and shapes"}
        self.leaves.append(leaf)
        self.ctx.columns[made] = path
        return Column(made, table, type_, leaf, _last(place))


def _identifier(name: str) -> str:
    """A name in the text for what the user writes like this.

    >>> _identifier('net["layers"][0].W')
    'net_layers_0_W'
    """
    return re.sub(r"_+", "_", re.sub(r"\W", "_", name)).strip("_")


def _last(place: str) -> str:
    """What the user calls a leaf of an item: ``["net"]["W"]`` is W.

    >>> _last('["net"]["W"]'), _last(".bias"), _last("[0]"), _last("")
    ('W', 'bias', '', '')
    """
    name = place.rpartition(".")[2].rpartition("[")[2].strip("\"']")
    return name if name.isidentifier() else ""


def _container(node: Any, items: tuple[Binding, ...]) -> Container:
    match node:
        case TupleNode():
            return Container("tuple", items)
        case ListNode(cls=cls):
            return Container("list", items, (), None if cls is list else cls)
        case DictNode(keys=keys, cls=cls):
            return Container("dict", items, keys, None if cls is dict else cls)
        case NamedTupleNode(cls=cls):
            return Container("namedtuple", items, node.names, cls)
        case DataclassNode(cls=cls, names=names):
            return Container("dataclass", items, names, cls)
        case CustomNode(cls=cls, names=names, aux=aux):
            return Container("custom", items, names or (), (cls, aux, names))
    raise AssertionError(node)
