"""What a call looks like: its leaves as compiled code takes them, and the kind of each.

A kind is all that a compiled program depends on: class, dtype, number of dimensions, memory order, and
whether it is a dlarray.  Lengths and values are no part of it.

>>> kind_of(2.0)
Kind(cls=<class 'float'>, dtype='float64', ndim=0, layout='', labels=None)
>>> call = read_call((np.zeros((2, 3)), {"rate": 0.1}), {})
>>> [kind.layout for kind in call.kinds], call.leaves[1]
(['C', ''], 0.1)
"""

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from .containers.nodes import LEAF, DictNode, Static, Structure, TupleNode, count, paths
from .dlarray import dlarray
from .structure import flatten

__all__ = [
    "Call", "Kind", "arguments_of", "canonical", "has_overlap", "kind_of", "names_of", "positions_of",
    "read_call", "type_of_kind",
]  # fmt: skip

FLOAT64 = np.dtype("float64")


class Kind(NamedTuple):
    """What a program knows of one leaf.

    ``layout`` is "C", "F" or "A" (any order), empty for a scalar; ``labels`` is None but for a dlarray.
    """

    cls: type
    dtype: str
    ndim: int
    layout: str
    labels: str | None


class Call(NamedTuple):
    """One call, read: the leaves as given, the same as compiled code takes them, structure and kinds.

    ``functions`` are the Python functions among the arguments.  In ``key``, which is the structure
    otherwise, their code stands in their place: a lambda that is made anew has the same key.
    """

    given: tuple
    leaves: tuple
    structure: Structure
    kinds: tuple[Kind, ...]
    functions: tuple[FunctionType, ...] = ()
    key: Structure | None = None


_PYTHON = {float: "float64", int: "int64", bool: "bool"}


def kind_of(x: Any) -> Kind:
    """The kind of a leaf; of an array, the kind of its canonical form."""
    cls = type(x)
    if cls in _PYTHON:
        dtype = _PYTHON[cls]
        if cls is int and not -(2**63) <= x < 2**63:
            dtype = "int"  # is refused
        return Kind(cls, dtype, 0, "", None)
    labels = None
    if cls is dlarray:
        x, labels = x.data, x.labels
    elif isinstance(x, np.generic):
        return Kind(cls, x.dtype.name, 0, "", None)
    elif cls is np.memmap:
        cls = np.ndarray
    flags = x.flags
    layout = "" if not x.ndim else "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"
    return Kind(cls, x.dtype.name if x.dtype.isnative else x.dtype.str, x.ndim, layout, labels)


def canonical(x: Any) -> Any:
    """A leaf as compiled code takes it: no dlarray, no 0-d array; read-only memory is copied.

    numba has types of their own for read-only and for unaligned arrays: each would be compiled again.
    """
    if type(x) is dlarray:
        x = x.data
    if not isinstance(x, np.ndarray):
        return x
    if not x.ndim:
        return x[()]
    if not x.flags.behaved:
        return np.array(x, order="K")
    return x if type(x) is np.ndarray else np.asarray(x)


def read_call(args: tuple, kwargs: dict, names: tuple[str, ...] = ()) -> Call:
    """The leaves, structure and kinds of a call's arguments.

    ``names`` are those of the positional parameters, for messages.

    Raises
    ------
    TypeError
        For what is neither data nor container nor hashable, naming its place.
    """
    args_nodes, kwargs_nodes, leaves = [], [], []
    for k, arg in enumerate(args):
        found, node = flatten(arg, names[k] if k < len(names) else f"argument {k}")
        leaves += found
        args_nodes.append(node)
    for name, arg in kwargs.items():
        found, node = flatten(arg, name)
        leaves += found
        kwargs_nodes.append(node)
    structure = TupleNode((TupleNode(tuple(args_nodes)), DictNode(tuple(kwargs), tuple(kwargs_nodes))))
    given = tuple(leaves)
    taken = tuple(map(canonical, given))
    functions: list[FunctionType] = []
    key = _with_codes(structure, functions)
    return Call(given, taken, structure, tuple(map(_kind, given, taken)), tuple(functions), key)


def _with_codes(node: Any, functions: list[FunctionType]) -> Structure:
    """The structure with functions replaced by their code; they are appended."""
    if node is LEAF:
        return node
    if isinstance(node, Static):
        function = node.value
        # All wrappers of one decorator have one code.
        if type(function) is not FunctionType or "__wrapped__" in function.__dict__:
            return node
        first = next((k for k, f in enumerate(functions) if f is function), len(functions))
        functions.append(function)
        return Static((function.__code__, function.__code__.co_filename, first), FunctionType)
    before = len(functions)
    children = tuple(_with_codes(child, functions) for child in node.children)
    return node if len(functions) == before else node._replace(children=children)


def _kind(given: Any, taken: Any) -> Kind:
    """The kind of a leaf; the order in memory is that of the copy, where one was made."""
    kind = kind_of(given)
    return kind if taken is given or not kind.ndim else kind._replace(layout=kind_of(taken).layout)


def arguments_of(structure: Structure) -> tuple[tuple[Structure, ...], DictNode]:
    """The positional arguments of a call, and those by keyword."""
    args, kwargs = structure.children  # type: ignore[union-attr]
    assert isinstance(args, TupleNode) and isinstance(kwargs, DictNode)
    return args.children, kwargs


def type_of_kind(kind: Kind, types: Any) -> Any:
    """The type of a leaf; ``types`` is the module that defines them, which is imported at first use."""
    if kind.ndim:
        return types.Array(kind.dtype, kind.ndim, kind.layout, kind.labels, kind.layout != "A")
    return types.Scalar(kind.dtype, kind.cls in _PYTHON, kind.labels, int(kind.cls is np.ndarray))


def names_of(function: Callable, structure: Structure, skip: int = 0) -> tuple[str, ...]:
    """How the user would write each leaf: ``x``, ``params["w"][0]``.

    Parameters
    ----------
    function : function
        A Python function; ``skip`` says how many of its parameters are bound already (``self``).
    """
    code = function.__code__
    positional = code.co_varnames[skip : code.co_argcount]
    rest = ""
    if code.co_flags & inspect.CO_VARARGS:
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
    args, kwargs = arguments_of(structure)
    found: list[str] = []
    for k, node in enumerate(args):
        name = positional[k] if k < len(positional) else f"{rest or 'argument'}[{k - len(positional)}]"
        found += paths(node, name)
    for name, node in zip(kwargs.keys, kwargs.children, strict=True):
        found += paths(node, name)
    return tuple(found)


def positions_of(structure: Structure) -> list[range]:
    """For each positional argument, the positions of its leaves."""
    found, start = [], 0
    for node in arguments_of(structure)[0]:
        stop = start + count(node)
        found.append(range(start, stop))
        start = stop
    return found


def has_overlap(written: list, others: list) -> bool:
    """Whether some written array may share memory with another one."""
    for k, one in enumerate(written):
        for other in (*written[k + 1 :], *others):
            if isinstance(other, np.ndarray) and np.may_share_memory(one, other):
                return True
    return False
