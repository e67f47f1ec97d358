"""Systems of equations, inverses and determinants, all from one factorisation.

``lu_factors(a)`` is computed once and handed on beside its matrix: ``lu_solve(a, lu, b)`` reads the factors,
and its derivative is that by the matrix.  So the reverse sweep solves with the factors of the forward
sweep, and two calls on one matrix share them:

    y = np.linalg.solve(a, b)    →    lu = lu_factors(a)              dz = lu_solve_t(a, lu, dy)
                                      y = lu_solve(a, lu, b)          db += dz; da -= outer(dz, y)

Derivatives: M. B. Giles, *An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation*, Oxford 08/01, 2008, section 2.
"""

import numpy as np

from ..declaring.foreign import lapack
from ..linalg import matmat, matmat_nt, matmat_tn, outer_product
from ..primitive import kernel, primitive, real, rejects, sample
from ..types import Array, Scalar, unlabelled
from .substitution import solve, solve_t, solve_vector, solve_vector_t
from .triangles import square

__all__ = [
    "cofactors", "lu_det", "lu_factors", "lu_inverse", "lu_logdet", "lu_sign", "lu_solve", "lu_solve_t",
    "lu_vector", "lu_vector_t",
]

SMALL = 16  # rows; below, loops are faster than LAPACK

getrf = lapack("getrf", "iiaiao")


@primitive(detached=True)
def lu_factors(a):
    """The factors of ``a = l @ u @ p`` in one matrix, ``u`` with ones on its diagonal, and one more row:
    with which later column each column was exchanged."""
    n = a.shape[0]
    if a.shape[1] != n:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    out = np.empty((n + 1, n), a.dtype)
    for i in range(n):
        for j in range(n):
            out[i, j] = a[i, j]
    if n > SMALL:
        # LAPACK counts in columns: to it these are the factors of the transposed matrix
        pivots = np.empty(n, np.int32)
        getrf(n, n, out, n, pivots)
        for i in range(n):
            out[n, i] = pivots[i] - 1
        return out
    for k in range(n):
        p = k
        for j in range(k + 1, n):
            if np.abs(out[k, j]) > np.abs(out[k, p]):
                p = j
        out[n, k] = p
        if p != k:
            for i in range(n):
                out[i, k], out[i, p] = out[i, p], out[i, k]
        if out[k, k] != 0:
            for j in range(k + 1, n):
                out[k, j] /= out[k, k]
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                out[i, j] -= out[i, k] * out[k, j]
    return out


@kernel
def on_diagonal(value, n, dtype):
    """A number on the diagonal of a matrix, and zeros elsewhere."""
    out = np.zeros((n, n), dtype)
    for i in range(n):
        out[i, i] = value
    return out


# ---------------------------------------------------------------------------------- solving


@primitive()
def lu_vector(a, lu, b):
    """The vector x with ``a @ x = b``, by the factors of ``a``."""
    x = b.copy()
    solve_vector(lu, x)
    return x


@primitive()
def lu_vector_t(a, lu, b):
    """The vector x with ``a.T @ x = b``, by the factors of ``a``."""
    x = b.copy()
    solve_vector_t(lu, x)
    return x


@primitive()
def lu_solve(a, lu, b):
    """The matrix x with ``a @ x = b``, by the factors of ``a``."""
    x = b.copy()
    solve(lu, x)
    return x


@primitive()
def lu_solve_t(a, lu, b):
    """The matrix x with ``a.T @ x = b``, by the factors of ``a``."""
    x = b.copy()
    solve_t(lu, x)
    return x


@primitive()
def lu_inverse(a, lu):
    """The inverse of ``a``, by its factors."""
    x = on_diagonal(1, a.shape[0], a.dtype)
    solve(lu, x)
    return x


@lu_vector.adjoint("b")
def lu_vector_db(dy, a, lu):
    return lu_vector_t(a, lu, dy)


@lu_vector.adjoint("a")
def lu_vector_da(dy, a, lu, y):
    return -outer_product(lu_vector_t(a, lu, dy), y)


@lu_vector_t.adjoint("b")
def lu_vector_t_db(dy, a, lu):
    return lu_vector(a, lu, dy)


@lu_vector_t.adjoint("a")
def lu_vector_t_da(dy, a, lu, y):
    return -outer_product(y, lu_vector(a, lu, dy))


@lu_solve.adjoint("b")
def lu_solve_db(dy, a, lu):
    return lu_solve_t(a, lu, dy)


@lu_solve.adjoint("a")
def lu_solve_da(dy, a, lu, y):
    return -matmat_nt(lu_solve_t(a, lu, dy), y)


@lu_solve_t.adjoint("b")
def lu_solve_t_db(dy, a, lu):
    return lu_solve(a, lu, dy)


@lu_solve_t.adjoint("a")
def lu_solve_t_da(dy, a, lu, y):
    return -matmat_nt(y, lu_solve(a, lu, dy))


@lu_inverse.adjoint("a")
def lu_inverse_da(dy, y):
    return -matmat_tn(y, matmat_nt(dy, y))


# ---------------------------------------------------------------------------------- determinants


@kernel
def sign_of(lu):
    """The sign of the determinant of the matrix with these factors, zero where it is singular, and nan where
    that cannot be told: a number divided by an infinite pivot is zero."""
    n = lu.shape[1]
    sign = lu.dtype.type(1)
    for i in range(n):
        if lu[i, i] == 0:
            return lu.dtype.type(0) if np.all(np.isfinite(lu)) else lu.dtype.type(np.nan)
        if (lu[i, i] < 0) != (lu[n, i] != i):
            sign = -sign
    return sign


@primitive()
def lu_sign(lu):
    """The sign of the determinant of the matrix with these factors, zero where it is singular."""
    return sign_of(lu)


@primitive()
def lu_logdet(a, lu):
    """The logarithm of the absolute value of the determinant, -inf where that is zero."""
    total = lu.dtype.type(0)
    for i in range(lu.shape[1]):
        total += np.log(np.abs(lu[i, i]))
    return total


@primitive()
def lu_det(a, lu):
    """The determinant of ``a``, by its factors."""
    total = lu.dtype.type(1)
    for i in range(lu.shape[1]):
        total *= lu[i, i] if lu[lu.shape[1], i] == i else -lu[i, i]
    return total


@kernel(seldom=True)
def singular_cofactors(a):
    """The cofactors of a singular matrix: an outer product of the vectors that it and its transpose take to
    zero, for they are ``det(l) l^-T det(u) u^-T`` of its factors with both rows and columns exchanged
    (G. W. Stewart, *On the adjugate matrix*, Linear Algebra and its Applications 283, 1998)."""
    n = a.shape[0]
    u, out = np.empty((n, n), a.dtype), np.zeros((n, n), a.dtype)
    rows, columns = np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(n):
        rows[i], columns[i] = i, i
        for j in range(n):
            u[i, j] = a[i, j]
    size = a.dtype.type(1)
    for k in range(n - 1):
        p, q = k, k
        for i in range(k, n):
            for j in range(k, n):
                if np.abs(u[i, j]) > np.abs(u[p, q]):
                    p, q = i, j
        pivot = u[p, q]
        if pivot == 0:
            return out
        size *= pivot if (p == k) == (q == k) else -pivot
        rows[k], rows[p] = rows[p], rows[k]
        columns[k], columns[q] = columns[q], columns[k]
        for j in range(n):
            u[k, j], u[p, j] = u[p, j], u[k, j]
        for i in range(n):
            u[i, k], u[i, q] = u[i, q], u[i, k]
        for i in range(k + 1, n):
            u[i, k] /= pivot
            for j in range(k + 1, n):
                u[i, j] -= u[i, k] * u[k, j]
    left, right = np.empty(n, a.dtype), np.empty(n, a.dtype)
    for i in range(n - 1, -1, -1):
        above, beside = a.dtype.type(0), a.dtype.type(0)
        for j in range(i + 1, n):
            above -= u[j, i] * left[j]
            beside -= u[i, j] * right[j]
        left[i], right[i] = (1, 1) if i == n - 1 else (above, beside / u[i, i])
    for i in range(n):
        for j in range(n):
            out[rows[i], columns[j]] = size * left[i] * right[j]
    return out


@primitive()
def cofactors(a, lu):
    """The cofactors of ``a``, the derivative of its determinant also where that is zero."""
    n = a.shape[0]
    if n == 2:
        out = np.empty((2, 2), a.dtype)
        out[0, 0], out[0, 1] = a[1, 1], -a[1, 0]
        out[1, 0], out[1, 1] = -a[0, 1], a[0, 0]
        return out
    if np.abs(sign_of(lu)) == 1:
        size = lu.dtype.type(1)
        for i in range(n):
            size *= np.abs(lu[i, i])
        x = on_diagonal(sign_of(lu) * size, n, a.dtype)
        solve_t(lu, x)
        return x
    return singular_cofactors(a)


@lu_logdet.adjoint("a")
def lu_logdet_da(dy, a, lu):
    return dy * lu_inverse(a, lu).T


@lu_det.adjoint("a")
def lu_det_da(dy, a, lu):
    return dy * cofactors(a, lu)


@cofactors.adjoint("a")
def cofactors_da(dy, a, lu, y):
    # nan for a singular matrix: its second derivatives are not known here
    return (np.sum(dy * y) * y - matmat(matmat_nt(y, dy), y)) / lu_det(a, lu)


# ---------------------------------------------------------------------------------- declarations


def _like(b, *others):
    return Array(b.dtype, b.ndim, "C", unlabelled(b, *others))


lu_factors.zero("a")
lu_sign.zero("lu")
lu_factors.result(lambda a: square(a))
for _made in (lu_vector, lu_vector_t, lu_solve, lu_solve_t):
    _made.result(lambda a, lu, b: _like(b, a))
for _made in (lu_inverse, cofactors):
    _made.result(lambda a, lu: square(a))
for _made in (lu_logdet, lu_det):
    _made.result(lambda a, lu: Scalar(a.dtype, labels=unlabelled(a)))
for _made in (lu_vector, lu_vector_t, lu_solve, lu_solve_t, lu_inverse, lu_logdet, lu_det, cofactors):
    _made.zero("lu")
lu_sign.result(lambda lu: Scalar(lu.dtype, labels=unlabelled(lu)))


def _cofactors_by_minors(a, lu):
    n = len(a)
    minor = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * np.linalg.det(minor[i][j]) for j in range(n)] for i in range(n)])


lu_vector.judged_by(lambda a, lu, b: np.linalg.solve(a, b))
lu_vector_t.judged_by(lambda a, lu, b: np.linalg.solve(a.T, b))
lu_solve.judged_by(lambda a, lu, b: np.linalg.solve(a, b))
lu_solve_t.judged_by(lambda a, lu, b: np.linalg.solve(a.T, b))
lu_inverse.judged_by(lambda a, lu: np.linalg.inv(a))
lu_logdet.judged_by(lambda a, lu: np.linalg.slogdet(a)[1])
lu_det.judged_by(lambda a, lu: np.linalg.det(a))
cofactors.judged_by(_cofactors_by_minors)


def _with_factors(a, *rest):
    return sample(a, lu_factors.body(a), *rest)


_REGULAR = (
    real(3, 3), real(6, 3)[::2].T, np.eye(4)[[2, 0, 3, 1]] + 0.1 * real(4, 4), real(17, 17), real(64, 64),
)
lu_factors.samples(*map(sample, _REGULAR), rejects(real(3, 4), error=np.linalg.LinAlgError))
lu_sign.samples(lambda: [sample(lu_factors.body(a)) for a in _REGULAR])
for _made in (lu_vector, lu_vector_t):
    _made.samples(lambda: [_with_factors(a, real(len(a) * 2)[::2]) for a in _REGULAR])
for _made in (lu_solve, lu_solve_t):
    _made.samples(lambda: [_with_factors(a, real(k, len(a)).T) for a in _REGULAR for k in (2, 7)])
for _made in (lu_inverse, lu_logdet, lu_det):
    _made.samples(lambda: map(_with_factors, _REGULAR[:4]))
cofactors.samples(lambda: map(_with_factors, (real(2, 2), *_REGULAR[:3])))
for _made, _right in ((lu_vector, real(3)), (lu_solve, real(3, 2))):
    _singular = np.ones((3, 3))
    _made.samples(
        rejects(_singular, lu_factors.body(_singular), _right, error=np.linalg.LinAlgError),
        rejects(real(3, 3), lu_factors.body(real(3, 3)), _right[:2], error=ValueError),
    )
