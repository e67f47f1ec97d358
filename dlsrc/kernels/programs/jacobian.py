"""What only the programs of Jacobians ask for: unit vectors, columns and rows.

The Jacobian of a result with m elements by an argument with n is filled as a matrix of m rows and n
columns, whatever the shapes of the two are.
"""

import numpy as np

from ..primitive import primitive, real, sample
from ..types import Array

__all__ = ["one_hot", "set_column", "set_row", "sized"]


@primitive(generated=True)
def one_hot(x, k):
    """Zeros of the array's shape with a one at the ``k``-th element, if there is such an element."""
    out = np.zeros(x.size, x.dtype)
    if 0 <= k < x.size:
        out[k] = 1
    return out.reshape(x.shape)


@one_hot.result
def one_hot_result(x, k):
    return Array(x.dtype, x.ndim)


one_hot.zero("x", "k")
one_hot.samples(sample(real(3), 1), sample(real(2, 3), 4), sample(real(2), 2), sample(real(2), -1))


@primitive(generated=True, view=True)  # or new
def sized(matrix, rows, columns):
    """The matrix if it has this size, else a new one: its size is known when the first result is."""
    if matrix.shape[0] == rows and matrix.shape[1] == columns:
        return matrix
    return np.empty((rows, columns), matrix.dtype)


@sized.result
def sized_result(matrix, rows, columns):
    return matrix


sized.zero("rows", "columns")
sized.linear("matrix")
sized.samples(sample(real(2, 3), 2, 3))


@primitive(effect=True, generated=True)
def set_column(matrix, k, value):
    """The elements of ``value`` become column ``k`` of the matrix, if there is such a column."""
    if 0 <= k < matrix.shape[1]:
        if isinstance(value, (int, float, np.float32, np.float64)):
            matrix[0, k] = value
        else:
            flat = np.ascontiguousarray(value).ravel()
            for i in range(flat.shape[0]):
                matrix[i, k] = flat[i]


@primitive(effect=True, generated=True)
def set_row(matrix, k, value):
    """The elements of ``value`` become row ``k`` of the matrix."""
    if isinstance(value, (int, float, np.float32, np.float64)):
        matrix[k, 0] = value
    else:
        flat = np.ascontiguousarray(value).ravel()
        for i in range(flat.shape[0]):
            matrix[k, i] = flat[i]


for _set in (set_column, set_row):
    _set.result(lambda matrix, k, value: matrix)
    _set.zero("k")
    _set.linear("matrix", "value")
set_column.samples(
    sample(real(3, 2), 1, real(3)), sample(real(1, 2), 0, 2.0), sample(real(4, 2), 0, real(2, 4)[:, ::2]),
    sample(real(3, 2), 2, real(3)),
)
set_row.samples(
    sample(real(2, 3), 1, real(3)), sample(real(2, 1), 0, 2.0), sample(real(2, 4), 0, real(2, 2).T),
)
