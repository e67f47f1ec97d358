"""Diagonals of matrices: taking them, making matrices of them, their sum; triangles."""

import numpy as np

from ..primitive import composite, primitive, real, refuse, sample
from ..reduction import scalar_of
from ..types import Array, unlabelled

__all__ = [
    "diag", "diag_matrix", "diagflat", "diagonal", "diagonal_of", "lower_triangle", "trace",
    "trace_of", "tril", "triu", "upper_triangle",
]


@primitive()
def diagonal_of(x, k):
    """The ``k``-th diagonal of a matrix, as a new vector."""
    row = max(-k, 0)
    column = max(k, 0)
    n = max(min(x.shape[0] - row, x.shape[1] - column), 0)
    out = np.empty(n, x.dtype)
    for i in range(n):
        out[i] = x[row + i, column + i]
    return out


@diagonal_of.result
def diagonal_of_result(x, k):
    if x.ndim != 2:
        refuse(f"the diagonal of an array of {x.ndim} dimensions: take it of a matrix")
    return Array(x.dtype, 1, "C", unlabelled(x))


@diagonal_of.adjoint("x")
def diagonal_of_dx(dy, x_shape, k):
    out = np.zeros(x_shape, dy.dtype)
    row = max(-k, 0)
    column = max(k, 0)
    for i in range(dy.shape[0]):
        out[row + i, column + i] = dy[i]
    return out


diagonal_of.zero("k")
diagonal_of.linear("x")
diagonal_of.samples(
    sample(real(3, 3), 0), sample(real(3, 4), 1), sample(real(4, 3).T, -1), sample(real(2, 3), 5),
    sample(real(2, 3), -5),
)


@primitive()
def diag_matrix(x, k):
    """A square matrix of zeros with the vector on its ``k``-th diagonal."""
    n = x.shape[0] + abs(k)
    out = np.zeros((n, n), x.dtype)
    row = max(-k, 0)
    column = max(k, 0)
    for i in range(x.shape[0]):
        out[row + i, column + i] = x[i]
    return out


@diag_matrix.result
def diag_matrix_result(x, k):
    return Array(x.dtype, 2, "C", unlabelled(x))


@diag_matrix.adjoint("x")
def diag_matrix_dx(dy, k):
    return diagonal_of(dy, k)


diag_matrix.zero("k")
diag_matrix.linear("x")
diag_matrix.samples(sample(real(3), 0), sample(real(3), 1), sample(real(6)[::2], -2))


@primitive()
def trace_of(x, k):
    """The sum of the ``k``-th diagonal."""
    total = x.dtype.type(0)
    row = max(-k, 0)
    column = max(k, 0)
    for i in range(max(min(x.shape[0] - row, x.shape[1] - column), 0)):
        total += x[row + i, column + i]
    return total


@trace_of.result
def trace_of_result(x, k):
    if x.ndim != 2:
        refuse(f"the trace of an array of {x.ndim} dimensions: take it of a matrix")
    return scalar_of(x)


@trace_of.adjoint("x")
def trace_of_dx(dy, x_shape, k):
    out = np.full(x_shape, dy)
    for i in range(x_shape[0]):
        for j in range(x_shape[1]):
            if j - i != k:
                out[i, j] = 0
    return out


trace_of.zero("k")
trace_of.linear("x")
trace_of.samples(sample(real(3, 3), 0), sample(real(3, 4), 1), sample(real(4, 3).T, -1))


@composite(np.diag)
def diag(x, k=0):
    """The diagonal of a matrix, or the matrix of a diagonal; always a copy."""
    if x.ndim == 1:
        return diag_matrix(x, k)
    return diagonal_of(x, k)


@composite(np.diagflat)
def diagflat(v, k=0):
    """The matrix with the elements of an array, in C order, on a diagonal."""
    return diag_matrix(np.ravel(v), k)


diagflat.samples(sample(real(3)), sample(real(2, 2), 1), sample(np.float64(2.0)))


@composite(np.diagonal, np.linalg.diagonal, methods=("diagonal",))
def diagonal(x, offset=0):
    """The diagonal of a matrix; a copy, where NumPy gives a read-only view."""
    return diagonal_of(x, offset)


@composite(np.trace, np.linalg.trace, methods=("trace",))
def trace(x, offset=0):
    """The sum of the diagonal of a matrix."""
    return trace_of(x, offset)


diag.samples(sample(real(3)), sample(real(3, 3)), sample(real(3), 1), sample(real(3, 4), -1))
diagonal.samples(sample(real(3, 3)), sample(real(3, 4), 1))
trace.samples(sample(real(3, 3)), sample(real(3, 4), 1))


@primitive()
def lower_triangle(x, k):
    """The matrix with zeros above its ``k``-th diagonal."""
    out = np.zeros(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(min(max(i + k + 1, 0), x.shape[1])):
            out[i, j] = x[i, j]
    return out


@primitive()
def upper_triangle(x, k):
    """The matrix with zeros below its ``k``-th diagonal."""
    out = np.zeros(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(min(max(i + k, 0), x.shape[1]), x.shape[1]):
            out[i, j] = x[i, j]
    return out


@lower_triangle.adjoint("x")
def lower_triangle_dx(dy, k):
    return lower_triangle(dy, k)


@upper_triangle.adjoint("x")
def upper_triangle_dx(dy, k):
    return upper_triangle(dy, k)


def triangle_result(x, k):
    if x.ndim != 2:
        refuse(f"a triangle of an array of {x.ndim} dimensions: take it of a matrix")
    return Array(x.dtype, 2, "C", x.labels)


for _triangle in (lower_triangle, upper_triangle):
    _triangle.zero("k")
    _triangle.linear("x")
    _triangle.result(triangle_result)
    _triangle.samples(
        sample(real(3, 3), 0), sample(real(3, 4), 1), sample(real(4, 3).T, -1), sample(real(2, 3), -4),
        sample(real(2, 3), 4),
    )


@composite(np.tril)
def tril(x, k=0):
    """The lower triangle of a matrix."""
    return lower_triangle(x, k)


@composite(np.triu)
def triu(x, k=0):
    """The upper triangle of a matrix."""
    return upper_triangle(x, k)


for _composite in (tril, triu):
    _composite.samples(sample(real(3, 3)), sample(real(3, 4), 1), sample(real(3, 4), -1))
