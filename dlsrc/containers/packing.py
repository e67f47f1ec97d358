"""Lists of equal items as columns: what a loop over layers takes, however many there are.

    [{"W": W0, "b": b0}, {"W": W1, "b": b1}]    →    a column of all W, a column of all b

A column of arrays goes to compiled code as one vector, all of them one after the other, and a table: for
each where it starts and its shape, which may differ from array to array.  A column of numbers is a vector.
So the types of a program's arguments do not depend on the number of items, and neither does its text.

Which lists are packed is decided while a program is built (``transform/columns/packed.py``): those that it
loops over.  Here is which ones may be, and what is done at a call.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..signature import Call, Kind
from .nodes import (
    LEAF, CustomNode, ListNode, Path, Static, TupleNode, count, packed,
)  # fmt: skip

__all__ = [
    "Column", "Places", "columns_of", "numbers_of", "pack", "packable", "parts_of", "split", "with_packed",
]


class Column(tuple):
    """One leaf of every item of a packed list, as a leaf of a `Call`."""

    __slots__ = ()


def packable(call: Call) -> frozenset[Path]:
    """Where the lists and tuples stand that may be packed: at least one item, and all of them equal.

    Equal items have one structure, and each leaf has the same class, dtype and number of dimensions in all
    of them; shapes and memory order may differ.  What is no data must be a string or None.
    """
    found: set[Path] = set()
    kinds = call.kinds

    def alike(start: int, width: int, stop: int) -> bool:
        return not any(kind.labels for kind in kinds[start:stop]) and all(
            len({kind._replace(layout="") for kind in kinds[k:stop:width]}) == 1
            for k in range(start, start + width)
        )

    def walk(node: Any, path: Path, start: int) -> int:
        if node is LEAF:
            return start + 1
        if isinstance(node, Static):
            return start
        stop = start + count(node)
        if len(path) > 1 and isinstance(node, ListNode | TupleNode) and stop > start:
            first = node.children[0]
            if node.children == (first,) * len(node.children) and _is_plain(first):
                if alike(start, count(first), stop):
                    found.add(path)
        for k, child in enumerate(node.children):
            start = walk(child, (*path, k), start)
        return start

    walk(call.structure, (), 0)
    return frozenset(found)


def _is_plain(node: Any) -> bool:
    """Whether everything in an item that is no data is a string or None, and every class is known."""
    if node is LEAF:
        return True
    if isinstance(node, Static):
        return node.value is None or isinstance(node.value, str)
    return not isinstance(node, CustomNode) and all(map(_is_plain, node.children))


def with_packed(call: Call, chosen: Collection[Path]) -> Call:
    """The call with these lists packed: a column is one leaf."""
    if not chosen:
        return call
    structure, positions = packed(call.structure, chosen)
    key = structure if call.key is None else packed(call.key, chosen)[0]

    def taken(leaves: Sequence) -> tuple:
        return tuple(leaves[p] if isinstance(p, int) else Column(leaves[k] for k in p) for p in positions)

    kinds = tuple(
        call.kinds[p] if isinstance(p, int) else _kind_of_column(call.kinds[p[0]]) for p in positions
    )
    return call._replace(
        given=taken(call.given), leaves=taken(call.leaves), structure=structure, kinds=kinds, key=key
    )


def _kind_of_column(kind: Kind) -> Kind:
    return kind._replace(layout="C" if kind.ndim else "")


# ---------------------------------------------------------------------------------- at a call


class Places(NamedTuple):
    """Where the arrays of a column stand in its vector, and where that stands in a buffer with others.

    ``table`` is what compiled code takes: a row an array, its start and its shape.  ``spans`` is the same for
    `split`: (start, stop, shape); ``together`` is the shape of all of them as one array, None if their
    shapes differ.
    """

    table: np.ndarray
    spans: tuple[tuple[int, int, tuple[int, ...]], ...]
    together: tuple[int, ...] | None
    first: int
    beyond: int


@lru_cache(maxsize=256)
def places_of(shapes: tuple[tuple[int, ...], ...], number: int = 1) -> tuple[Places, ...]:
    """Where arrays of these shapes stand, one after the other: those of ``number`` columns, column by column.

    >>> places_of(((2, 3), (1, 2)))[0].table
    array([[0, 2, 3],
           [6, 1, 2]])
    """
    found: list[Places] = []
    length, beyond = len(shapes) // number, 0
    for k in range(0, len(shapes), length):
        own = shapes[k : k + length]
        starts = [0]
        for shape in own:
            starts.append(starts[-1] + math.prod(shape))
        table = np.array([(start, *shape) for start, shape in zip(starts, own, strict=False)], np.int64)
        together = (length, *own[0]) if len(set(own)) == 1 else None
        spans = tuple(zip(starts, starts[1:], own, strict=False))
        found.append(Places(table, spans, together, beyond, beyond + starts[-1]))
        beyond += starts[-1]
    return tuple(found)


def columns_of(arrays: list, number: int, spare: list) -> tuple:
    """All elements of the arrays of some columns in one buffer, and the places of each column in it.

    ``spare`` holds the buffer of an earlier call, if there is one that nobody else has taken: a large new
    one costs more than copying into it.
    """
    places = places_of(tuple([array.shape for array in arrays]), number)
    size = places[-1].beyond
    try:
        buffer = spare.pop()
    except IndexError:
        buffer = None
    if buffer is None or buffer.shape[0] != size:
        buffer = np.empty(size, arrays[0].dtype)
    np.concatenate(arrays, None, buffer)
    return buffer, *places


def numbers_of(numbers: Sequence, dtype: Any) -> np.ndarray:
    """A column of numbers as a vector."""
    return np.array(numbers, dtype)


def pack(leaf: Column, kind: Kind) -> tuple[list[np.ndarray], Places | int]:
    """What compiled code takes for a column, and where its arrays stand; of numbers, how many there are."""
    if not kind.ndim:
        return [numbers_of(leaf, kind.dtype)], len(leaf)
    vector, places = columns_of(list(leaf), 1, [])
    return [vector, places.table], places


def parts_of(vector: np.ndarray, places: Places) -> Iterable[np.ndarray]:
    """The arrays of a column, views of its vector."""
    if places.together is not None:
        return vector.reshape(places.together)
    return [vector[a:b].reshape(shape) for a, b, shape in places.spans]


def split(vector: np.ndarray | None, places: Places | int) -> list:
    """The arrays, or numbers, of a column that compiled code has made; for None, a list of None."""
    if vector is None:
        return [None] * (places if isinstance(places, int) else len(places.spans))
    return vector.tolist() if isinstance(places, int) else list(parts_of(vector, places))
