"""Powers and chains of products, and matrices put together from others: composites of products and slices."""

import numpy as np

from ..declaring.axes import common_dtype, known, ones_shape
from ..primitive import composite, folded, primitive, real, refuse, sample
from ..reductions.norms import norm
from ..types import Array, unlabelled
from .products import matmul
from .singular import float_matrix, pseudo_inverse
from .systems import inv

__all__ = [
    "block_diag", "circulant", "cyclic", "matrix_norm_of", "matrix_power", "multi_dot", "scipy_norm",
    "scipy_pinv", "striped", "toeplitz", "vector_norm_of",
]


@folded
def bits_of(n):
    """The binary digits of a positive number after the first, as truth values.

    >>> bits_of(5)
    (False, True)
    """
    return tuple(digit == "1" for digit in f"{n:b}"[1:])


@folded
def whole(n):
    """An exponent that is a whole number, and whether it is negative."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer):
        refuse(f"matrix_power needs a whole exponent, not {n!r}: use scipy.linalg.expm, or np.linalg.eigh")
    return int(n)


@composite(np.linalg.matrix_power)
def matrix_power(a, n):
    """The product of ``n`` equal matrices, one of them itself; of a negative number of them, of inverses."""
    n = whole(known(n))
    if n == 0:
        return np.eye(a.shape[0], dtype=a.dtype)
    if n < 0:
        return matrix_power(inv(a), -n)
    y = a
    for odd in bits_of(n):
        y = matmul(y, y)
        if odd:
            y = matmul(y, a)
    return y


@composite(np.linalg.multi_dot)
def multi_dot(arrays, out=None):
    """The product of several matrices, from the left; from the right if the last is a vector."""
    if out is not None:
        refuse("multi_dot(out=…): assign the result instead")
    count = len(arrays)
    if arrays[count - 1].ndim == 1:
        y = arrays[count - 1]
        for k in range(count - 2, -1, -1):
            y = matmul(arrays[k], y)
        return y
    y = arrays[0]
    for k in range(1, count):
        y = matmul(y, arrays[k])
    return y


@composite("scipy.linalg.block_diag")
def block_diag(*arrs):
    """The matrix with these blocks on its diagonal; a vector is a row."""
    rows = 0
    columns = 0
    dtype = "int64"
    for a in arrs:
        if a.ndim > 2:
            refuse("block_diag takes matrices, vectors and numbers")
        rows = rows + (a.shape[0] if a.ndim == 2 else 1)
        columns = columns + (a.shape[-1] if a.ndim > 0 else 1)
        dtype = common_dtype(dtype, a.dtype)
    out = np.zeros((rows, columns), dtype)
    r = 0
    c = 0
    for a in arrs:
        if a.ndim == 2:
            out[r : r + a.shape[0], c : c + a.shape[1]] = a
            r = r + a.shape[0]
            c = c + a.shape[1]
        elif a.ndim == 1:
            out[r, c : c + a.shape[0]] = a
            r = r + 1
            c = c + a.shape[0]
        else:
            out[r, c] = a
            r = r + 1
            c = c + 1
    return out


# ---------------------------------------------------------------------------------- constant diagonals


@primitive()
def striped(c, r):
    """The matrix with constant diagonals, of column ``c`` and row ``r``, whose first element is not read."""
    out = np.empty((c.shape[0], r.shape[0]), c.dtype)
    for i in range(c.shape[0]):
        for j in range(r.shape[0]):
            out[i, j] = c[i - j] if i >= j else r[j - i]
    return out


@striped.adjoint("c")
def striped_dc(dy, c_shape):
    out = np.zeros(c_shape[0], dy.dtype)
    for i in range(dy.shape[0]):
        for j in range(min(i + 1, dy.shape[1])):
            out[i - j] += dy[i, j]
    return out


@striped.adjoint("r")
def striped_dr(dy, r_shape):
    out = np.zeros(r_shape[0], dy.dtype)
    for i in range(dy.shape[0]):
        for j in range(i + 1, dy.shape[1]):
            out[j - i] += dy[i, j]
    return out


@primitive()
def cyclic(c):
    """The matrix whose columns are a vector, each turned down by one more place."""
    n = c.shape[0]
    out = np.empty((n, n), c.dtype)
    for i in range(n):
        for j in range(n):
            out[i, j] = c[(i - j) % n]
    return out


@cyclic.adjoint("c")
def cyclic_dc(dy):
    n = dy.shape[0]
    out = np.zeros(n, dy.dtype)
    for i in range(n):
        for j in range(n):
            out[(i - j) % n] += dy[i, j]
    return out


striped.result(lambda c, r: Array(c.dtype, 2, "C", unlabelled(c, r)))
cyclic.result(lambda c: Array(c.dtype, 2, "C", unlabelled(c)))
striped.samples(sample(real(3), real(4)), sample(real(6)[::2], real(2)))
cyclic.samples(sample(real(4)), sample(real(6)[::2]))


@composite("scipy.linalg.toeplitz")
def toeplitz(c, r=None):
    """The matrix with constant diagonals, of which the first column and row are given."""
    if r is None:
        return striped(c, c)
    dtype = common_dtype(c.dtype, r.dtype)
    return striped(c.astype(dtype), r.astype(dtype))


@composite("scipy.linalg.circulant")
def circulant(c):
    """The matrix whose columns are a vector, each turned down by one more place."""
    if c.ndim != 1:
        refuse(f"circulant of an array of {c.ndim} dimensions: write a loop over the vectors")
    return cyclic(c)


# ---------------------------------------------------------------------------------- by other names


@composite("scipy.linalg.norm")
def scipy_norm(a, ord=None, axis=None, keepdims=False, check_finite=True):
    """A norm of a vector or a matrix, or of the vectors along an axis."""
    return norm(a, ord, axis, keepdims)


@composite(np.linalg.vector_norm)
def vector_norm_of(x, axis=None, keepdims=False, ord=2):
    """The norm of all elements, or of the vectors along an axis."""
    if axis is None and not keepdims:
        return norm(np.ravel(x), ord)
    if axis is None:
        return np.reshape(norm(np.ravel(x), ord), ones_shape(x.ndim))
    return norm(x, ord, axis, keepdims)


@composite(np.linalg.matrix_norm)
def matrix_norm_of(x, keepdims=False, ord="fro"):
    """A norm of a matrix."""
    if x.ndim != 2:
        refuse(f"a matrix is needed here, not an array of {x.ndim} dimensions: write a loop over the stack")
    return norm(x, ord, None, keepdims)


@composite("scipy.linalg.pinv")
def scipy_pinv(a, atol=None, rtol=None, return_rank=False, check_finite=True):
    """The pseudo-inverse of a matrix, differentiated as one that keeps its rank."""
    if atol is not None or return_rank:
        refuse("scipy.linalg.pinv(atol, return_rank): leave them out, and use np.linalg.matrix_rank")
    a = float_matrix(a)
    if rtol is None:
        return pseudo_inverse(a, max(a.shape[0], a.shape[1]) * 2.0**-52)
    return pseudo_inverse(a, rtol)


matrix_power.samples(*(sample(real(3, 3), n) for n in (0, 1, 2, 5, -2)))
multi_dot.samples(
    sample((real(3, 2), real(2, 4), real(4, 3))), sample((real(3, 2), real(2, 4), real(4))),
    sample((real(3), real(3, 2), real(2, 4))),
)
block_diag.samples(
    sample(real(3, 2), real(2, 2)), sample(real(2, 2), real(3), np.array(2.0)), sample(real(3)),
)
toeplitz.samples(sample(real(4)), sample(real(3), real(4)))
circulant.samples(sample(real(4)))
scipy_norm.samples(sample(real(4)), sample(real(3, 4), 1, axis=0))
vector_norm_of.samples(
    sample(real(4)), sample(real(3, 4), axis=1), sample(real(3, 4), keepdims=True), sample(real(3, 4), ord=1),
)
matrix_norm_of.samples(sample(real(3, 4)), sample(real(3, 4), ord=2), sample(real(3, 4), keepdims=True))
scipy_pinv.samples(sample(real(3, 3)), sample(real(4, 2)))
