"""The Cholesky factor of a symmetric positive definite matrix.

As NumPy's, ``cholesky`` reads the lower triangle only, and its derivative is that of this function: zero
above the diagonal, and below it what both triangles of a symmetric matrix would get.  For a symmetric
matrix made of parameters nothing depends on this choice.

The adjoint: S. P. Smith, *Differentiation of the Cholesky algorithm*, Journal of Computational and
Graphical Statistics 4, 1995 (small matrices, by loops); I. Murray, *Differentiation of the Cholesky
decomposition*, arXiv:1602.07527, 2016 (large ones, by triangular solves).
"""

import numpy as np

from ..declaring.axes import kind_of
from ..declaring.foreign import lapack
from ..linalg import matmat, matmat_nt, matmat_tn
from ..primitive import composite, primitive, real, rejects, sample
from .triangles import (
    UPPER, folded_lower, lower_half, mirrored_lower, square, triangle, triangular_matrix,
)

__all__ = ["cho_factor", "cholesky", "cholesky_lower", "cholesky_pullback", "scipy_cholesky"]

SMALL = 24  # rows; below, loops are faster than LAPACK

potrf = lapack("potrf", "ciaio")


@primitive()
def cholesky_lower(a):
    """The lower triangular matrix whose product with its transpose is ``a``."""
    n = a.shape[0]
    if a.shape[1] != n:
        raise np.linalg.LinAlgError("the Cholesky factor of a matrix that is not square")
    out = np.zeros((n, n), a.dtype)
    if n > SMALL:
        for i in range(n):
            for j in range(i + 1):
                out[i, j] = a[i, j]
        # LAPACK counts in columns: to it this triangle is the upper one
        if potrf(UPPER, n, out, n) != 0:
            raise np.linalg.LinAlgError("Matrix is not positive definite")
        return out
    for i in range(n):
        for j in range(i + 1):
            total = a[i, j]
            for k in range(j):
                total -= out[i, k] * out[j, k]
            if j < i:
                out[i, j] = total / out[j, j]
            elif total > 0:
                out[i, i] = np.sqrt(total)
            else:
                raise np.linalg.LinAlgError("Matrix is not positive definite")
    return out


@cholesky_lower.adjoint("a")
def cholesky_lower_da(dy, y):
    return cholesky_pullback(dy, y)


@primitive()
def cholesky_pullback(dl, l):
    """The cotangent of the matrix of which ``l`` is the Cholesky factor, with the cotangent ``dl``."""
    n = l.shape[0]
    if n > SMALL:
        factor = triangle(l, True, False)
        inner = triangular_matrix(factor, lower_half(matmat_tn(factor, dl)), True, True, False)
        return folded_lower(triangular_matrix(factor, inner.T, True, True, False))
    out = np.zeros((n, n), l.dtype)
    left = triangle(dl, True, False)
    for i in range(n - 1, -1, -1):
        for j in range(i, -1, -1):
            if i == j:
                share = l.dtype.type(0.5) * left[i, i] / l[i, i]
            else:
                share = left[i, j] / l[j, j]
                left[j, j] -= share * l[i, j]
            out[i, j] = share
            for k in range(j):
                left[i, k] -= share * l[j, k]
                left[j, k] -= share * l[i, k]
    return out


@primitive()
def whitened(x, l):
    """``inv(l) @ x.T @ inv(l).T`` with a lower triangular matrix; what it is for is a symmetric ``x``."""
    half = triangular_matrix(l, x, True, False, False)
    return triangular_matrix(l, half.T, True, False, False)


# With out = fold(t), t = inv(l).T @ q @ inv(l), q = half(l.T @ dl) and a cotangent of out whose mirror is h:
# that of q is r = whitened(h), and h @ inv(l).T is l @ r.


@cholesky_pullback.adjoint("dl")
def cholesky_pullback_ddl(dy, l):
    return matmat(l, lower_half(whitened(mirrored_lower(dy), l)))


@cholesky_pullback.adjoint("l")
def cholesky_pullback_dl(dy, y, dl, l):
    r = whitened(mirrored_lower(dy), l)
    both = mirrored_lower(y) + np.diag(np.diag(y))
    return triangle(matmat_nt(dl, lower_half(r)) - matmat(both, matmat(l, r)), True, False)


@whitened.adjoint("x")
def whitened_dx(dy, l):
    half = triangular_matrix(l, dy, True, True, False)
    return triangular_matrix(l, half.T, True, True, False)


@whitened.adjoint("l")
def whitened_dl(dy, y, l):
    twice = matmat_nt(dy, y) + matmat_tn(dy, y)
    return -triangle(triangular_matrix(l, twice, True, True, False), True, False)


cholesky_lower.result(lambda a: square(a))
cholesky_pullback.result(lambda dl, l: square(l, dl))
whitened.result(lambda x, l: square(x, l))


def _positive(n, dtype="float64"):
    x = real(n, n, dtype=dtype)
    return (x @ x.T + n * np.eye(n, dtype=dtype)).astype(dtype)


def _factor(n):
    return np.tril(0.3 * real(n, n)) + np.diag(2 + np.arange(n) % 3)


def _pullback(dl, l):
    """The formula for every size, of the triangles that are read."""
    l, dl = np.tril(l), np.tril(dl)
    inverse = np.linalg.inv(l)
    half = np.tril(l.T @ dl) - 0.5 * np.diag(np.diag(l.T @ dl))
    found = inverse.T @ half @ inverse
    return np.tril(found + found.T) - np.diag(np.diag(found))


cholesky_lower.judged_by(np.linalg.cholesky)
cholesky_pullback.judged_by(lambda dl, l: _pullback(dl, l).astype(l.dtype))
cholesky_lower.samples(
    sample(_positive(3)), sample(_positive(1)), sample(_positive(6)[::2, ::2]), sample(_positive(25)),
    sample(np.triu(_positive(3), 1) + np.tril(_positive(3)) + np.triu(real(3, 3), 1)),
    rejects(-_positive(3), error=np.linalg.LinAlgError), rejects(-_positive(25), error=np.linalg.LinAlgError),
    rejects(real(3, 4), error=np.linalg.LinAlgError),
)
cholesky_pullback.samples(sample(real(3, 3), _factor(3)), sample(real(25, 25), _factor(25)))
whitened.samples(sample(real(3, 3), _factor(3)))


@composite(np.linalg.cholesky)
def cholesky(a, upper=False):
    """The Cholesky factor, of whose matrix the lower triangle is read (with ``upper``, the upper one)."""
    if kind_of(a.dtype) != "f":
        a = a.astype("float64")
    if a.ndim == 3 and not upper:
        out = np.empty(a.shape, a.dtype)
        for k in range(a.shape[0]):
            out[k] = cholesky_lower(a[k])
        return out
    if upper:
        return cholesky_lower(a.T).T
    return cholesky_lower(a)


@composite("scipy.linalg.cholesky")
def scipy_cholesky(a, lower=False, overwrite_a=False, check_finite=True):
    """The Cholesky factor, by default the upper one."""
    return cholesky(a, upper=not lower)


@composite("scipy.linalg.cho_factor")
def cho_factor(a, lower=False, overwrite_a=False, check_finite=True):
    """The Cholesky factor for ``cho_solve``; the triangle that SciPy leaves undefined is zero."""
    return cholesky(a, upper=not lower), lower


cholesky.samples(
    sample(_positive(3)), sample(_positive(3), upper=True), sample(np.array([[4, 2], [2, 3]])),
    sample(np.stack((_positive(3), 2 * _positive(3)))),
)
scipy_cholesky.samples(sample(_positive(3)), sample(_positive(3), lower=True))
# SciPy leaves the other triangle as it was, so its function is no reference: tests/language/test_linalg.py.
cho_factor.samples(rejects(real(2, 3), error=np.linalg.LinAlgError))
