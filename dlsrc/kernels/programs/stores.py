"""Writing to arrays in place: ``target[...] = value``, ``+=`` and ``-=`` as kernels.

Stores of whole arrays are calls of these: written as ``y[a:b] = x``, numba compiles each for seconds.
The value broadcasts to the target and never overlaps it, unless it is it.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from ..broadcast import expand
from ..primitive import kernel, primitive, real, rejects, sample

__all__ = ["accumulate", "assign", "deduct", "fill"]


@kernel
def set_vector(target, value):
    """``target = value`` for vectors, the value's of the same length or 1."""
    if value.shape[0] == target.shape[0]:
        for i in range(target.shape[0]):
            target[i] = value[i]
    elif value.shape[0] == 1:
        for i in range(target.shape[0]):
            target[i] = value[0]
    else:
        raise ValueError("could not broadcast input array into the target: their lengths differ")


@kernel
def set_matrix(target, value):
    """``target = value`` for matrices, each axis of the value as long or of length 1."""
    rows, columns = value.shape
    if (rows != 1 and rows != target.shape[0]) or (columns != 1 and columns != target.shape[1]):
        raise ValueError("could not broadcast input array into the target: their shapes differ")
    for i in range(target.shape[0]):
        k = 0 if rows == 1 else i
        if columns == target.shape[1]:
            for j in range(columns):
                target[i, j] = value[k, j]
        else:
            for j in range(target.shape[1]):
                target[i, j] = value[k, 0]


@kernel
def set_array(target, value):
    """``target = value`` for three to five dimensions and the same shape."""
    if target.ndim == 3:
        for i in range(target.shape[0]):
            set_matrix(target[i], value[i])
    elif target.ndim == 4:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                set_matrix(target[i, j], value[i, j])
    else:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                for k in range(target.shape[2]):
                    set_matrix(target[i, j, k], value[i, j, k])


@kernel
def set_rows(target, value):
    """``target = value`` for a matrix and a vector."""
    for i in range(target.shape[0]):
        set_vector(target[i], value)


@kernel
def set_spread(target, value):
    """``target = value`` for three to five dimensions, and a value that broadcasts to them."""
    set_array(target, expand(value, target.shape))


@kernel
def set_any(target, value):
    """``target = value`` for three to five dimensions of both."""
    if target.shape == value.shape:
        set_array(target, value)
    else:
        set_array(target, expand(value, target.shape))


@kernel
def add_vector(target, value):
    """``target += value`` for vectors, the value's of the same length or 1."""
    if value.shape[0] == target.shape[0]:
        for i in range(target.shape[0]):
            target[i] += value[i]
    elif value.shape[0] == 1:
        for i in range(target.shape[0]):
            target[i] += value[0]
    else:
        raise ValueError("could not broadcast input array into the target: their lengths differ")


@kernel
def add_matrix(target, value):
    """``target += value`` for matrices, each axis of the value as long or of length 1."""
    rows, columns = value.shape
    if (rows != 1 and rows != target.shape[0]) or (columns != 1 and columns != target.shape[1]):
        raise ValueError("could not broadcast input array into the target: their shapes differ")
    for i in range(target.shape[0]):
        k = 0 if rows == 1 else i
        if columns == target.shape[1]:
            for j in range(columns):
                target[i, j] += value[k, j]
        else:
            for j in range(target.shape[1]):
                target[i, j] += value[k, 0]


@kernel
def add_array(target, value):
    """``target += value`` for three to five dimensions and the same shape."""
    if target.ndim == 3:
        for i in range(target.shape[0]):
            add_matrix(target[i], value[i])
    elif target.ndim == 4:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                add_matrix(target[i, j], value[i, j])
    else:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                for k in range(target.shape[2]):
                    add_matrix(target[i, j, k], value[i, j, k])


@kernel
def add_rows(target, value):
    """``target += value`` for a matrix and a vector."""
    for i in range(target.shape[0]):
        add_vector(target[i], value)


@kernel
def add_spread(target, value):
    """``target += value`` for three to five dimensions, and a value that broadcasts to them."""
    add_array(target, expand(value, target.shape))


@kernel
def add_any(target, value):
    """``target += value`` for three to five dimensions of both."""
    if target.shape == value.shape:
        add_array(target, value)
    else:
        add_array(target, expand(value, target.shape))


@kernel
def subtract_vector(target, value):
    """``target -= value`` for vectors, the value's of the same length or 1."""
    if value.shape[0] == target.shape[0]:
        for i in range(target.shape[0]):
            target[i] -= value[i]
    elif value.shape[0] == 1:
        for i in range(target.shape[0]):
            target[i] -= value[0]
    else:
        raise ValueError("could not broadcast input array into the target: their lengths differ")


@kernel
def subtract_matrix(target, value):
    """``target -= value`` for matrices, each axis of the value as long or of length 1."""
    rows, columns = value.shape
    if (rows != 1 and rows != target.shape[0]) or (columns != 1 and columns != target.shape[1]):
        raise ValueError("could not broadcast input array into the target: their shapes differ")
    for i in range(target.shape[0]):
        k = 0 if rows == 1 else i
        if columns == target.shape[1]:
            for j in range(columns):
                target[i, j] -= value[k, j]
        else:
            for j in range(target.shape[1]):
                target[i, j] -= value[k, 0]


@kernel
def subtract_array(target, value):
    """``target -= value`` for three to five dimensions and the same shape."""
    if target.ndim == 3:
        for i in range(target.shape[0]):
            subtract_matrix(target[i], value[i])
    elif target.ndim == 4:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                subtract_matrix(target[i, j], value[i, j])
    else:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                for k in range(target.shape[2]):
                    subtract_matrix(target[i, j, k], value[i, j, k])


@kernel
def subtract_rows(target, value):
    """``target -= value`` for a matrix and a vector."""
    for i in range(target.shape[0]):
        subtract_vector(target[i], value)


@kernel
def subtract_spread(target, value):
    """``target -= value`` for three to five dimensions, and a value that broadcasts to them."""
    subtract_array(target, expand(value, target.shape))


@kernel
def subtract_any(target, value):
    """``target -= value`` for three to five dimensions of both."""
    if target.shape == value.shape:
        subtract_array(target, value)
    else:
        subtract_array(target, expand(value, target.shape))


@kernel
def set_number_matrix(target, value):
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = value


@primitive(effect=True, generated=True)
def fill(target, value):
    """``target[...] = value`` for a number."""
    if target.ndim == 1:
        for i in range(target.shape[0]):
            target[i] = value
    elif target.ndim == 2:
        set_number_matrix(target, value)
    elif target.ndim == 3:
        for i in range(target.shape[0]):
            set_number_matrix(target[i], value)
    elif target.ndim == 4:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                set_number_matrix(target[i, j], value)
    else:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                for k in range(target.shape[2]):
                    set_number_matrix(target[i, j, k], value)


@kernel
def add_number_matrix(target, value):
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] += value


@kernel
def shift(target, value):
    """``target += value`` for a number."""
    if target.ndim == 1:
        for i in range(target.shape[0]):
            target[i] += value
    elif target.ndim == 2:
        add_number_matrix(target, value)
    elif target.ndim == 3:
        for i in range(target.shape[0]):
            add_number_matrix(target[i], value)
    elif target.ndim == 4:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                add_number_matrix(target[i, j], value)
    else:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                for k in range(target.shape[2]):
                    add_number_matrix(target[i, j, k], value)


@kernel
def shift_back(target, value):
    """``target -= value`` for a number."""
    shift(target, -value)


class Stores(NamedTuple):
    """The kernels of a store, by what is stored where."""

    number: Callable
    vector: Callable
    rows: Callable
    matrix: Callable
    spread: Callable
    any: Callable


ASSIGN = Stores(fill.body, set_vector, set_rows, set_matrix, set_spread, set_any)
ACCUMULATE = Stores(shift, add_vector, add_rows, add_matrix, add_spread, add_any)
DEDUCT = Stores(shift_back, subtract_vector, subtract_rows, subtract_matrix, subtract_spread, subtract_any)


def store_of(stores: Stores, target: int, value: int) -> Callable:
    """The kernel for a target and a value of so many dimensions."""
    if value == 0:
        return stores.number
    if target == 1:
        return stores.vector
    if target == 2:
        return stores.rows if value == 1 else stores.matrix
    return stores.any if target == value else stores.spread


# numba decides such a thing after it has typed, and compiled, all of the ways: they are told apart for it.


@primitive(effect=True, generated=True)
def assign(target, value):
    """``target[...] = value`` for an array or a number."""
    store_of(ASSIGN, target.ndim, np.ndim(value))(target, value)


@primitive(effect=True, generated=True)
def accumulate(target, value):
    """``target += value`` for an array or a number."""
    store_of(ACCUMULATE, target.ndim, np.ndim(value))(target, value)


@primitive(effect=True, generated=True)
def deduct(target, value):
    """``target -= value`` for an array or a number."""
    store_of(DEDUCT, target.ndim, np.ndim(value))(target, value)


for _store, _stores in ((assign, ASSIGN), (accumulate, ACCUMULATE), (deduct, DEDUCT)):
    _store.body.by_dimensions = partial(store_of, _stores)

for _store in (assign, accumulate, deduct, fill):
    _store.result(lambda target, value: target)
    _store.linear("target", "value")
    _store.samples(sample(real(3), np.float64(2.0)), sample(real(2, 3), np.float64(2.0)))
    if _store is not fill:
        _store.samples(
            sample(real(3), real(3)[::-1].copy()), sample(real(3), real(1)), sample(real(2, 3), real(3)),
            sample(real(2, 3), real(2, 1)), sample(real(2, 3), real(1, 3)), sample(real(2, 3), real(1, 1)),
            *(rejects(real(*target), real(*value), error=ValueError) for target, value in (
                ((2, 3), (3, 3)), ((3, 1), (3, 4)), ((1, 3), (2, 3)), ((2, 3), (2,)),
            )),
            sample(real(2, 3, 4), real(2, 3, 4)), sample(real(2, 3, 4, 2), real(3, 1, 2)),
        )
