"""Writing to arrays in place: ``target[...] = value``, ``+=`` and ``-=`` as kernels.

Stores of whole arrays are calls of these: written as ``y[a:b] = x``, numba compiles each for seconds.
The value broadcasts to the target and never overlaps it, unless it is it.
"""

import numpy as np

from ..broadcast import expand
from ..primitive import kernel, primitive, real, sample

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
    """``target = value`` for matrices of the same shape."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = value[i, j]


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
    """``target += value`` for matrices of the same shape."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] += value[i, j]


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
    """``target -= value`` for matrices of the same shape."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] -= value[i, j]


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


# ``isinstance`` lists the scalar types because numba decides that while compiling, so that only one of
# the branches is typed; ``hasattr(value, "shape")`` would be true of np.float64 in plain Python.


@primitive(effect=True, generated=True)
def assign(target, value):
    """``target[...] = value`` for an array or a number."""
    if isinstance(value, (int, float, bool, np.float32, np.float64, np.int64, np.int32, np.bool_)):
        fill(target, value)
    elif target.ndim == 1:
        set_vector(target, value)
    elif target.ndim == 2:
        if value.ndim == 1:
            for i in range(target.shape[0]):
                set_vector(target[i], value)
        elif target.shape == value.shape:
            set_matrix(target, value)
        elif value.shape[0] == target.shape[0]:
            for i in range(target.shape[0]):
                set_vector(target[i], value[i])
        elif value.shape[0] == 1:
            for i in range(target.shape[0]):
                set_vector(target[i], value[0])
        else:
            raise ValueError("could not broadcast input array into the target: their shapes differ")
    elif target.ndim != value.ndim:
        set_array(target, expand(value, target.shape))
    elif target.shape == value.shape:
        set_array(target, value)
    else:
        set_array(target, expand(value, target.shape))


@primitive(effect=True, generated=True)
def accumulate(target, value):
    """``target += value`` for an array or a number."""
    if isinstance(value, (int, float, bool, np.float32, np.float64, np.int64, np.int32, np.bool_)):
        shift(target, value)
    elif target.ndim == 1:
        add_vector(target, value)
    elif target.ndim == 2:
        if value.ndim == 1:
            for i in range(target.shape[0]):
                add_vector(target[i], value)
        elif target.shape == value.shape:
            add_matrix(target, value)
        elif value.shape[0] == target.shape[0]:
            for i in range(target.shape[0]):
                add_vector(target[i], value[i])
        elif value.shape[0] == 1:
            for i in range(target.shape[0]):
                add_vector(target[i], value[0])
        else:
            raise ValueError("could not broadcast input array into the target: their shapes differ")
    elif target.ndim != value.ndim:
        add_array(target, expand(value, target.shape))
    elif target.shape == value.shape:
        add_array(target, value)
    else:
        add_array(target, expand(value, target.shape))


@primitive(effect=True, generated=True)
def deduct(target, value):
    """``target -= value`` for an array or a number."""
    if isinstance(value, (int, float, bool, np.float32, np.float64, np.int64, np.int32, np.bool_)):
        shift(target, -value)  # type: ignore[operator]
    elif target.ndim == 1:
        subtract_vector(target, value)
    elif target.ndim == 2:
        if value.ndim == 1:
            for i in range(target.shape[0]):
                subtract_vector(target[i], value)
        elif target.shape == value.shape:
            subtract_matrix(target, value)
        elif value.shape[0] == target.shape[0]:
            for i in range(target.shape[0]):
                subtract_vector(target[i], value[i])
        elif value.shape[0] == 1:
            for i in range(target.shape[0]):
                subtract_vector(target[i], value[0])
        else:
            raise ValueError("could not broadcast input array into the target: their shapes differ")
    elif target.ndim != value.ndim:
        subtract_array(target, expand(value, target.shape))
    elif target.shape == value.shape:
        subtract_array(target, value)
    else:
        subtract_array(target, expand(value, target.shape))


for _store in (assign, accumulate, deduct, fill):
    _store.result(lambda target, value: target)
    _store.linear("target", "value")
    _store.samples(sample(real(3), np.float64(2.0)), sample(real(2, 3), np.float64(2.0)))
    if _store is not fill:
        _store.samples(
            sample(real(3), real(3)[::-1].copy()), sample(real(3), real(1)), sample(real(2, 3), real(3)),
            sample(real(2, 3), real(2, 1)), sample(real(2, 3), real(1, 3)),
            sample(real(2, 3, 4), real(2, 3, 4)), sample(real(2, 3, 4, 2), real(3, 1, 2)),
        )
