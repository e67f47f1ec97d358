"""Containers ↔ flat leaves.

``flatten`` takes nested dicts, lists, tuples, NamedTuples and dataclasses apart into their numbers and
arrays, and into a structure: a frozen value that says how to put them together again.  The structure is
what a program is built for (the transformation walks it and resolves ``params["layer"][0]`` while it
builds), the leaves are what the program is called with.

>>> leaves, structure = flatten({"w": [1.0, 2.0], "name": "first"})
>>> leaves
[1.0, 2.0]
>>> paths(structure, "params")
('params["w"][0]', 'params["w"][1]')
>>> unflatten(structure, [10.0, 20.0])
{'w': [10.0, 20.0], 'name': 'first'}
"""

import copy
import dataclasses
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from types import SimpleNamespace
from typing import Any

import numpy as np

from .containers.nodes import (
    LEAF, CustomNode, DataclassNode, DictNode, Leaf, ListNode, NamedTupleNode, PackedNode, Static, Structure,
    TupleNode, attribute_place, count, key_place, paths,
)  # fmt: skip
from .dlarray import dlarray

__all__ = [
    "LEAF", "CustomNode", "DataclassNode", "DictNode", "Leaf", "ListNode", "NamedTupleNode", "Static",
    "Structure", "TupleNode", "copied", "count", "flatten", "paths", "register", "unflatten",
]


class _Refused(Exception):
    """A leaf that is no data; containers add their part of the path on the way out."""

    def __init__(self, message: str):
        self.message = message
        self.path: list[str] = []


FLOAT64 = np.dtype("float64")
DATA = {np.dtype(name) for name in ("bool", "float32", "float64")} | {
    np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)
}
Flattener = Callable[[Any, list], Structure]
BUFFERS = (memoryview, bytearray, array)


# ---------------------------------------------------------------------------------- taking apart


def flatten(tree: Any, name: str = "argument") -> tuple[list, Structure]:
    """The leaves of a nest of containers, in order, and its structure.

    Parameters
    ----------
    tree : container, number or array
        Dicts, lists, tuples, NamedTuples, dataclasses and registered classes are taken apart.  Python
        numbers, NumPy scalars, arrays and dlarrays are leaves.  Everything else that has a hash
        (strings, None, functions, modules) becomes a part of the structure.
    name : str
        What the tree is called in messages.

    Returns
    -------
    leaves : list
        The leaves themselves, not copies.
    structure : Structure
        A frozen value with a hash; equal for equally built trees.

    Raises
    ------
    TypeError
        For what is neither data, container nor hashable; the message says where it stands, as in
        ``params["layer"][0]``.
    """
    if type(tree) is np.ndarray and tree.dtype is FLOAT64:
        return [tree], LEAF
    leaves: list = []
    try:
        return leaves, FLATTENERS[type(tree)](tree, leaves)
    except _Refused as refused:
        message = f"{name}{''.join(reversed(refused.path))}: {refused.message}"
    except RecursionError:
        message = f"{name}: the containers are nested too deeply, or one contains itself"
    raise TypeError(message)


def _children(
    values: Iterable, leaves: list, keys: Sequence | None = None, place: Callable[[Any], str] = key_place
) -> tuple[Structure, ...]:
    """The nodes of some values; keys and place say where each stands, and are read only on failure."""
    nodes: list[Structure] = []
    append, keep, float64 = nodes.append, leaves.append, FLOAT64
    try:
        for value in values:
            kind = type(value)
            if kind is np.ndarray and value.dtype is float64:
                keep(value)
                append(LEAF)
            else:
                append(FLATTENERS[kind](value, leaves))
    except _Refused as refused:
        refused.path.append(place(len(nodes) if keys is None else keys[len(nodes)]))
        raise
    return tuple(nodes)


def _list(x: list, leaves: list) -> Structure:
    return ListNode(_children(x, leaves))


def _typed_list(x: Any, leaves: list) -> Structure:
    """numba's typed list: items of one type, in compiled code's own memory."""
    return ListNode(_children(x, leaves), cls=type(x))


def _tuple(x: tuple, leaves: list) -> Structure:
    return TupleNode(_children(x, leaves))


def _dict(x: dict, leaves: list) -> Structure:
    keys = tuple(x)
    return tuple.__new__(DictNode, (keys, _children(x.values(), leaves, keys), type(x)))


def _namedtuple(x: Any, leaves: list) -> Structure:
    return NamedTupleNode(type(x), _children(x, leaves, x._fields, attribute_place))


def _namespace(x: SimpleNamespace, leaves: list) -> Structure:
    names = tuple(vars(x))
    return DataclassNode(SimpleNamespace, names, _children(vars(x).values(), leaves, names, attribute_place))


def _dataclass_flattener(cls: type) -> Flattener:
    fields = dataclasses.fields(cls)
    names = tuple(field.name for field in fields)
    statics = {k for k, field in enumerate(fields) if field.metadata.get("static")}

    def flatten_dataclass(x: Any, leaves: list) -> Structure:
        try:
            values = [getattr(x, name) for name in names]
        except AttributeError as error:
            raise _Refused(f"this {cls.__name__} has no value for a field: {error}") from None
        if not statics:
            return DataclassNode(cls, names, _children(values, leaves, names, attribute_place))
        nodes: list[Structure] = []
        for k, value in enumerate(values):
            if k in statics:
                nodes.append(_static_field(value, names[k]))
            else:
                nodes += _children((value,), leaves, names[k:], attribute_place)
        return DataclassNode(cls, names, tuple(nodes))

    return flatten_dataclass


def _static_field(value: Any, name: str) -> Structure:
    try:
        hash(value)
    except Exception:
        refused = _Refused(f"a static field needs a value with a hash, and a {type(value).__name__} has none")
        refused.path.append(attribute_place(name))
        raise refused from None
    return Static(value, type(value))


# ---------------------------------------------------------------------------------- leaves and statics


def _array(x: np.ndarray, leaves: list) -> Structure:
    if x.dtype is not FLOAT64 and x.dtype not in DATA:
        raise _Refused(_dtype_message(x.dtype))
    leaves.append(x)
    return LEAF


def _scalar(x: np.generic, leaves: list) -> Structure:
    if x.dtype not in DATA:
        raise _Refused(_dtype_message(x.dtype).replace("an array of ", "a scalar of "))
    leaves.append(x)
    return LEAF


def _number(x: Any, leaves: list) -> Structure:
    leaves.append(x)
    return LEAF


def _integer(x: int, leaves: list) -> Structure:
    if not -(2**63) <= x < 2**63:
        raise _Refused("this int does not fit 64 bits; write it as a float")
    leaves.append(x)
    return LEAF


def _static(x: Any, leaves: list) -> Structure:
    try:
        hash(x)
    except Exception:  # a TypeError as a rule; a class may raise what it likes
        raise _Refused(
            f"{type(x).__name__} is neither a number, an array nor a known container; "
            "pass its arrays in a dict, or tell dlsrc about it: dlsrc.register(cls, flatten, unflatten)"
        ) from None
    return Static(x, type(x))


def _dtype_message(dtype: np.dtype) -> str:
    if not dtype.isnative:
        return f"a big-endian array ({dtype.str}) is not supported; pass x.astype('{dtype.name}')"
    if dtype.kind == "c":
        return f"{dtype.name} is not supported; pass the real and the imaginary part as two arrays"
    if dtype.kind == "V" and dtype.names:
        fields = ", ".join(dtype.names)
        return f"a structured array is not supported; pass its fields {fields} as a dict of arrays"
    if dtype.kind == "f":
        return f"{dtype.name} is not supported; pass x.astype(np.float64) or x.astype(np.float32)"
    if dtype.kind in "Mm":
        return f"{dtype.name} is no number; pass x.astype('int64') or differences as float64"
    kind = "an object array" if dtype.kind == "O" else f"an array of {dtype.name}"
    return f"{kind} is not data; pass x.astype(np.float64), or a list of arrays if the rows differ in length"


def _refuser(message: str) -> Flattener:
    def refuse(x: Any, leaves: list) -> Structure:
        raise _Refused(message)

    return refuse


# ---------------------------------------------------------------------------------- which class is what


def _flattener(cls: type) -> Flattener:
    """How instances of a class that is met for the first time are taken apart."""
    name = cls.__name__
    if issubclass(cls, np.memmap):
        return _array
    if cls.__module__ == "numba.typed.typedlist":
        return _typed_list
    if cls.__module__ == "numba.typed.typeddict":
        return _refuser("numba's typed dict is not supported; pass dict(d)")
    if issubclass(cls, np.matrix):
        return _refuser("np.matrix is not supported, its * is not an array's; pass np.asarray(x)")
    if issubclass(cls, np.ma.MaskedArray):
        return _refuser("masked arrays are not supported; pass x.filled(value), and the mask apart")
    if issubclass(cls, np.ndarray):
        return _refuser(f"{name}, a subclass of np.ndarray, is not supported; pass np.asarray(x)")
    if issubclass(cls, np.str_ | np.bytes_):
        return _static
    if issubclass(cls, np.generic):
        return _scalar
    if issubclass(cls, complex):
        return _refuser("complex numbers are not supported; pass x.real and x.imag as two floats")
    if dataclasses.is_dataclass(cls):
        return _dataclass_flattener(cls)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _namedtuple
    if issubclass(cls, list | tuple | dict):
        base = next(base for base in (list, tuple, dict) if issubclass(cls, base)).__name__
        return _refuser(
            f"{name}, a subclass of {base}, is not known; pass {base}(x), or tell dlsrc about it: "
            "dlsrc.register(cls, flatten, unflatten)"
        )
    if issubclass(cls, float):
        return _refuser(f"{name}, a subclass of float, is not supported; pass float(x)")
    if issubclass(cls, int) and not issubclass(cls, Enum):
        return _refuser(f"{name}, a subclass of int, is not supported; pass int(x)")
    if hasattr(cls, "toarray"):
        return _refuser(f"{name}: sparse arrays are not supported; pass x.toarray()")
    if hasattr(cls, "__array__") or hasattr(cls, "__array_interface__") or issubclass(cls, BUFFERS):
        return _refuser(f"{name} is not an array of NumPy's; pass np.asarray(x)")
    return _static


class _Flatteners(dict[type, Flattener]):
    """One function a type; a class without one gets it when it is first met."""

    def __missing__(self, cls: type) -> Flattener:
        flattener = _flattener(cls)
        if flattener is not _static:  # any object may be a static: keeping its class alive would be a leak
            self[cls] = flattener
        return flattener


FLATTENERS = _Flatteners(
    {
        np.ndarray: _array, dlarray: _number,
        float: _number, np.float64: _number, bool: _number, int: _integer,
        list: _list, tuple: _tuple, dict: _dict, OrderedDict: _dict, SimpleNamespace: _namespace,
        str: _static, type(None): _static,
    }
)
REBUILDERS: dict[type, Callable[[Any, Any], Any]] = {}


def register(
    cls: type,
    flatten: Callable[[Any], tuple[Sequence | Mapping[str, Any], Any]],
    unflatten: Callable[[Any, Any], Any],
) -> None:
    """Tell dlsrc how to take instances of a class apart and how to put them together.

    Parameters
    ----------
    cls : type
        The class itself; subclasses are registered on their own.
    flatten : function
        ``flatten(x)`` gives ``(children, aux)``: the parts that hold data, as a sequence, or as a dict
        where ``x`` shows them as attributes, and a hashable rest (None if there is none).
    unflatten : function
        ``unflatten(aux, children)`` makes an instance; it gets a list for a sequence, a dict for a dict.

    Examples
    --------
    >>> class Line:
    ...     def __init__(self, slope, offset):
    ...         self.slope, self.offset = slope, offset
    >>> register(Line, lambda x: (vars(x), None), lambda aux, parts: Line(**parts))
    >>> flatten(Line(2.0, 1.0))[0]
    [2.0, 1.0]
    """

    def flatten_custom(x: Any, leaves: list) -> Structure:
        children, aux = flatten(x)
        try:
            hash(aux)
        except TypeError:
            message = f"the flatten function of {cls.__name__} gave a second result without a hash"
            raise _Refused(message) from None
        if isinstance(children, Mapping):
            names = tuple(children)
            return CustomNode(cls, names, _children(children.values(), leaves, names, attribute_place), aux)
        return CustomNode(cls, None, _children(children, leaves), aux)

    REBUILDERS[cls] = unflatten
    FLATTENERS[cls] = flatten_custom


# ---------------------------------------------------------------------------------- putting together


def unflatten(structure: Structure, leaves: Sequence) -> Any:
    """The containers of ``structure`` around these leaves; statics and types are those of the original.

    Raises
    ------
    ValueError
        If there are more or fewer leaves than places.
    """
    if structure is LEAF and len(leaves) == 1:
        return leaves[0]
    feed = iter(leaves)
    try:
        tree = _build(structure, feed)
    except StopIteration:
        raise ValueError(f"{len(leaves)} leaves for a structure of {count(structure)}") from None
    if next(feed, feed) is not feed:
        raise ValueError(f"{len(leaves)} leaves for a structure of {count(structure)}")
    return tree


def copied(trees: Sequence, names: Sequence[str] = ()) -> tuple:
    """Trees with copies of their arrays; what is no data is shared.  ``names`` are theirs in messages."""
    made = []
    for k, tree in enumerate(trees):
        leaves, structure = flatten(tree, names[k] if names else f"argument {k}")
        made.append(unflatten(structure, [copy.copy(leaf) for leaf in leaves]))
    return tuple(made)


def _build(node: Any, feed: Iterator) -> Any:
    if node is LEAF:
        return next(feed)
    kind = type(node)
    if kind is Static:
        return node.value
    if kind is PackedNode:
        columns = [next(feed) for _ in range(count(node))]
        return node.cls([_build(node.children[0], iter(row)) for row in zip(*columns, strict=True)])
    # A list and not a generator: inside one, running out of leaves would be a RuntimeError.
    children = [next(feed) if child is LEAF else _build(child, feed) for child in node.children]
    if kind is DictNode:
        return node.cls(zip(node.keys, children, strict=True))
    if kind is ListNode:
        return children if node.cls is list else node.cls(children)
    if kind is TupleNode:
        return tuple(children)
    if kind is NamedTupleNode:
        return tuple.__new__(node.cls, children)
    if kind is DataclassNode:
        # Not through __init__: __post_init__ may draw or check, and frozen classes forbid assignment.
        made = node.cls.__new__(node.cls)
        for name, child in zip(node.names, children, strict=True):
            object.__setattr__(made, name, child)
        return made
    given = children if node.names is None else dict(zip(node.names, children, strict=True))
    return REBUILDERS[node.cls](node.aux, given)
