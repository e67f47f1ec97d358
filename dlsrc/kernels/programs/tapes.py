"""What only the reverse sweep asks for: entries of lists that branches may skip, zeros of a kept shape,
cotangents taken back out of a shadow."""

import numpy as np

from ..primitive import primitive, real, sample
from ..types import Array, Scalar, Tape

__all__ = [
    "contiguous", "empty_of", "extent", "new_list", "nothing1", "nothing2", "nothing3", "nothing_shape1",
    "nothing_shape2", "nothing_shape3", "replace_last", "take_last", "withdraw", "zeros_list", "zeros_of",
]


@primitive(inline=True, generated=True)
def new_list():
    """An empty list; numba types it by what is appended."""
    return []


new_list.result(lambda: Tape(Array("float64", 1)))
new_list.samples(sample())


def _same_tape(tape, dtype):
    return tape


@primitive(inline=True, effect=True, generated=True, static=("dtype",))
def nothing1(tape, dtype):
    """Keep the place of a vector that this trip may not have."""
    return tape.append(np.empty(0, dtype))


@primitive(inline=True, effect=True, generated=True, static=("dtype",))
def nothing2(tape, dtype):
    """Keep the place of a matrix that this trip may not have."""
    return tape.append(np.empty((0, 0), dtype))


@primitive(inline=True, effect=True, generated=True, static=("dtype",))
def nothing3(tape, dtype):
    """Keep the place of an array of three dimensions that this trip may not have."""
    return tape.append(np.empty((0, 0, 0), dtype))


@primitive(inline=True, effect=True, generated=True, static=("dtype",))
def nothing_shape1(tape, dtype):
    """Keep the place of a vector's shape."""
    return tape.append((0,))


@primitive(inline=True, effect=True, generated=True, static=("dtype",))
def nothing_shape2(tape, dtype):
    """Keep the place of a matrix's shape."""
    return tape.append((0, 0))


@primitive(inline=True, effect=True, generated=True, static=("dtype",))
def nothing_shape3(tape, dtype):
    """Keep the place of the shape of an array of three dimensions."""
    return tape.append((0, 0, 0))


for _one in (nothing1, nothing2, nothing3, nothing_shape1, nothing_shape2, nothing_shape3):
    _one.result(_same_tape)
    _one.zero("tape")
    _one.linear("tape")
    _one.samples(sample([], dtype="float64"))


@primitive(effect=True, generated=True)
def replace_last(tape, value):
    """Keep a value in the place of this trip."""
    tape[len(tape) - 1] = value


@replace_last.result
def replace_last_result(tape, value):
    return tape


replace_last.linear("tape", "value")
replace_last.samples(sample([real(2)], real(3)))


@primitive(generated=True)
def zeros_list(tape):
    """A list of zeros in the shapes of what another one keeps: the cotangents of a tape."""
    zeros = []
    for one in tape:
        zeros.append(np.zeros_like(one))
    return zeros


zeros_list.result(lambda tape: tape)
zeros_list.zero("tape")
zeros_list.samples(sample([real(2), real(3)]))


@primitive(inline=True, effect=True, generated=True)
def take_last(tape):
    """The last array of a list, which loses it."""
    return tape.pop()


take_last.result(lambda tape: tape.item)
take_last.linear("tape")
take_last.samples(sample([real(2), real(3)]))


@primitive(inline=True, generated=True, static=("axis",))
def extent(shape, axis):
    """The size along one axis of a kept shape."""
    return shape[axis]


extent.result(lambda shape, axis: Scalar("int64", weak=True))
extent.zero("shape")
extent.samples(sample((2, 3), axis=1))


@primitive(inline=True, generated=True, static=("dtype",))
def zeros_of(shape, dtype):
    """Zeros of a kept shape."""
    return np.zeros(shape, dtype)


@zeros_of.result
def zeros_of_result(shape, dtype):
    return Array(dtype, shape.ndim)


zeros_of.zero("shape")
zeros_of.samples(sample((2, 3), dtype="float64"))


@primitive(inline=True, generated=True, static=("dtype",))
def empty_of(shape, dtype):
    """An array of a kept shape, not initialized."""
    return np.empty(shape, dtype)


empty_of.result(zeros_of_result)
empty_of.zero("shape")
empty_of.samples(sample((0, 3), dtype="float64"))


@primitive(inline=True)
def contiguous(x):
    """The array in C order."""
    return np.ascontiguousarray(x)


@contiguous.result
def contiguous_result(x):
    return Array(x.dtype, x.ndim, "C", x.labels)


@contiguous.adjoint("x")
def contiguous_dx(dy):
    return dy.copy()


contiguous.linear("x")
contiguous.samples(sample(real(3, 2).T))


@primitive(effect=True, generated=True)
def withdraw(target, indices):
    """The cotangents that a store ``x[indices] = value`` has overwritten, which become zero in the shadow.

    The last of repeated indices is the one that NumPy keeps, so it alone gets the cotangent.
    """
    taken = np.empty(indices.shape + target.shape[1:], target.dtype)
    for back in range(indices.shape[0]):
        k = indices.shape[0] - 1 - back
        row = target[indices[k]:indices[k] + 1] if indices[k] != -1 else target[-1:]
        for j in np.ndindex(row.shape):
            taken[(k,) + j[1:]] = row[j]
            row[j] = 0
    return taken


@withdraw.result
def withdraw_result(target, indices):
    return Array(target.dtype, target.ndim)


withdraw.linear("target")
withdraw.samples(sample(real(5), np.array([1, 3, 1])), sample(real(4, 2), np.array([0, -1])))
