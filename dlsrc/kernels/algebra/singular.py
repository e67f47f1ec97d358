"""The singular value decomposition, and what is computed from it: pseudo-inverse, least squares, ranks.

As in ``factored``, one decomposition is computed and handed on beside its matrix.  Derivatives: J. Townsend,
*Differentiating the singular value decomposition*, 2016 (vectors); G. H. Golub and V. Pereyra, *The
differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate*, SIAM
Journal on Numerical Analysis 10, 1973 (pseudo-inverse: of matrices that keep their rank).

Where singular values are equal or zero to rounding, their single vectors have no derivative: a
``LinAlgError`` says so, unless nothing that depends on them is differentiated.
"""

from typing import NamedTuple

import numpy as np

from ..declaring.axes import kind_of, known
from ..declaring.foreign import lapack
from ..linalg import matmat, matmat_nt, matmat_tn
from ..primitive import composite, kink, primitive, real, refuse, rejects, sample
from ..types import Array, unlabelled
from .eigen import reciprocal_gaps
from .products import matmul

__all__ = [
    "cond", "left_vectors", "lstsq", "matrix_rank", "outside", "pinv", "pseudo_inverse", "reciprocals",
    "regular_reciprocals", "residual_sums", "right_vectors", "scipy_svd", "singular_values", "svd",
    "svd_factors", "svdvals",
]

ECONOMIC = ord("S")

gesdd = lapack("gesdd", "ciiaiaaiaiaiao")


@primitive(detached=True)
def svd_factors(a):
    """The decomposition in one matrix: the left vectors, a row of singular values, the right vectors."""
    m = a.shape[0]
    n = a.shape[1]
    k = min(m, n)
    out = np.zeros((m + 1 + n, k), a.dtype)
    if k == 0:
        return out
    # LAPACK counts in columns, so what it reads and gives is transposed
    x = np.empty((n, m), a.dtype)
    for i in range(m):
        for j in range(n):
            x[j, i] = a[i, j]
    s = np.empty(k, a.dtype)
    u = np.empty((k, m), a.dtype)
    v = np.empty((n, k), a.dtype)
    work = np.empty(4 * k * k + 10 * k + max(m, n) + 32 * (m + n + k), a.dtype)
    places = np.empty(8 * k, np.int32)
    if gesdd(ECONOMIC, m, n, x, m, s, u, m, v, k, work, work.size, places) != 0:
        raise np.linalg.LinAlgError("SVD did not converge")
    for j in range(k):
        for i in range(m):
            out[i, j] = u[j, i]
        out[m, j] = s[j]
        for i in range(n):
            out[m + 1 + i, j] = v[i, j]
    return out


@primitive()
def singular_values(a, factors):
    """The singular values of a matrix, descending."""
    return factors[a.shape[0]].copy()


@primitive()
def left_vectors(a, factors):
    """The left singular vectors of a matrix, as columns."""
    return factors[: a.shape[0]].copy()


@primitive()
def right_vectors(a, factors):
    """The right singular vectors of a matrix, as columns."""
    return factors[a.shape[0] + 1 :].copy()


@primitive()
def reciprocals(s, rtol):
    """One over each number, zero where it is at most ``rtol`` times the largest."""
    largest = s.dtype.type(0)
    for k in range(s.shape[0]):
        largest = max(largest, np.abs(s[k]))
    out = np.zeros(s.shape, s.dtype)
    for k in range(s.shape[0]):
        if np.abs(s[k]) > rtol * largest:
            out[k] = 1 / s[k]
    return out


@primitive()
def regular_reciprocals(s, x):
    """One over each number, to divide the columns of ``x`` by; zero for a column that is zero."""
    smallest = x.shape[0] * np.finfo(s.dtype).eps * s[0] if s.shape[0] > 0 else s.dtype.type(0)
    out = np.zeros(s.shape, s.dtype)
    for k in range(s.shape[0]):
        if s[k] > smallest:
            out[k] = 1 / s[k]
        else:
            for i in range(x.shape[0]):
                if x[i, k] != 0:
                    raise np.linalg.LinAlgError(
                        "vectors of a singular value of zero have no derivative: leave them out"
                    )
    return out


@primitive()
def outside(x, u):
    """The columns of ``x`` less their parts in the space of the orthonormal columns of ``u``: none if ``u``
    is square."""
    if u.shape[0] == u.shape[1]:
        return np.zeros(x.shape, x.dtype)
    return x - matmat(u, matmat_tn(u, x))


@reciprocals.adjoint("s")
def reciprocals_ds(dy, y):
    return -dy * (y * y)


@regular_reciprocals.adjoint("s")
def regular_reciprocals_ds(dy, y):
    return -dy * (y * y)


@outside.adjoint("x")
def outside_dx(dy, u):
    return outside(dy, u)


@outside.adjoint("u")
def outside_du(dy, x, u):
    if u.shape[0] == u.shape[1]:
        return np.zeros_like(u)
    return -(matmat(dy, matmat_tn(x, u)) + matmat(x, matmat_tn(dy, u)))


@singular_values.adjoint("a")
def singular_values_da(dy, a, factors):
    return matmat_nt(left_vectors(a, factors) * dy, right_vectors(a, factors))


@left_vectors.adjoint("a")
def left_vectors_da(dy, a, y, factors):
    s = singular_values(a, factors)
    v = right_vectors(a, factors)
    inner = matmat_tn(y, dy)
    inner = (inner - inner.T) * reciprocal_gaps(s, inner, True) * s
    rest = outside(dy, y)
    rest = rest * regular_reciprocals(s, rest)
    return matmat_nt(matmat(y, inner) + rest, v)


@right_vectors.adjoint("a")
def right_vectors_da(dy, a, y, factors):
    s = singular_values(a, factors)
    u = left_vectors(a, factors)
    inner = matmat_tn(y, dy)
    inner = (inner - inner.T) * reciprocal_gaps(s, inner, True) * s
    rest = outside(dy, y)
    rest = rest * regular_reciprocals(s, rest)
    return matmat_nt(u, matmat(y, inner) + rest)


# ---------------------------------------------------------------------------------- pseudo-inverse


@primitive()
def pseudo_inverse(a, rtol):
    """The pseudo-inverse; singular values up to ``rtol`` times the largest count as zero."""
    factors = svd_factors(a)
    m = a.shape[0]
    u = factors[:m]
    s = reciprocals(factors[m], rtol)
    v = factors[m + 1 :]
    return matmat_nt(v * s, u)


@pseudo_inverse.adjoint("a")
def pseudo_inverse_da(dy, a, y):
    first = matmat_tn(y, matmat_nt(dy, y))
    left = dy.T - matmat(a, matmat_nt(y, dy))
    right = dy.T - matmat_tn(dy, matmat(y, a))
    return matmat(left, matmat_nt(y, y)) + matmat_tn(y, matmat(y, right)) - first


@primitive()
def residual_sums(r, full):
    """The sums of squares of the columns of ``r``; of none, if the system was not of full rank."""
    out = np.zeros(r.shape[1] if full else 0, r.dtype)
    for i in range(r.shape[0]):
        for j in range(out.shape[0]):
            out[j] += r[i, j] * r[i, j]
    return out


@residual_sums.adjoint("r")
def residual_sums_dr(dy, r):
    out = np.zeros(r.shape, r.dtype)
    for i in range(r.shape[0]):
        for j in range(dy.shape[0]):
            out[i, j] = 2 * r[i, j] * dy[j]
    return out


# ---------------------------------------------------------------------------------- declarations


def _signed(found, factors):
    return found * np.sign(np.sum(found * factors, axis=0))


def _right(a):
    return np.linalg.svd(a, full_matrices=False)[2].T


def _left(a):
    return np.linalg.svd(a, full_matrices=False)[0]


svd_factors.zero("a")
for _made in (singular_values, left_vectors, right_vectors):
    _made.zero("factors")
    _made.samples(lambda: [
        sample(a, svd_factors.body(a)) for a in (real(3, 3), real(4, 2), real(2, 4), real(4, 6).T)
    ])
reciprocals.zero("rtol")
pseudo_inverse.zero("rtol")
svd_factors.result(lambda a: Array(a.dtype, 2, "C", unlabelled(a)))
singular_values.result(lambda a, factors: Array(a.dtype, 1, "C", unlabelled(a)))
left_vectors.result(lambda a, factors: Array(a.dtype, 2, "C", unlabelled(a)))
right_vectors.result(lambda a, factors: Array(a.dtype, 2, "C", unlabelled(a)))
pseudo_inverse.result(lambda a, rtol: Array(a.dtype, 2, "C", unlabelled(a)))
reciprocals.result(lambda s, rtol: Array(s.dtype, 1, "C", unlabelled(s)))
outside.result(lambda x, u: Array(x.dtype, 2, "C", unlabelled(x, u)))
singular_values.judged_by(lambda a, factors: np.linalg.svd(a, compute_uv=False))
left_vectors.judged_by(lambda a, factors: _signed(_left(a), factors[: len(a)]))
right_vectors.judged_by(lambda a, factors: _signed(_right(a), factors[len(a) + 1 :]))
pseudo_inverse.judged_by(np.linalg.pinv)
svd_factors.samples(sample(real(3, 3)), sample(real(4, 2)), sample(real(2, 4)), sample(real(6, 4)[::2]))
reciprocals.samples(
    sample(real(3), 1e-15), kink(np.array([2.0, 0.0]), 1e-15, expect={"s": np.array([-0.25, 0.0])}),
)
regular_reciprocals.zero("x")
regular_reciprocals.result(lambda s, x: Array(s.dtype, 1, "C", unlabelled(s)))
regular_reciprocals.samples(
    sample(2 + np.sort(real(3))[::-1], real(4, 3)),
    kink(np.array([2.0, 0.0]), np.eye(2)[:, [0, 0]] * [1, 0], expect={"s": np.array([-0.25, 0.0])}),
    rejects(np.array([2.0, 0.0]), np.ones((3, 2)), error=np.linalg.LinAlgError),
)
residual_sums.zero("full")
residual_sums.result(lambda r, full: Array(r.dtype, 1, "C", unlabelled(r)))
residual_sums.samples(sample(real(4, 2), True), sample(real(4, 2), False))
outside.samples(sample(real(4, 3), np.linalg.qr(real(4, 2))[0]))
pseudo_inverse.samples(*(sample(a, 1e-15) for a in (real(3, 3), real(4, 2), real(2, 4), real(4, 6).T)))


# ---------------------------------------------------------------------------------- what users call


class Singular(NamedTuple):
    """The result of ``svd``."""

    U: np.ndarray
    S: np.ndarray
    Vh: np.ndarray


@composite()
def float_matrix(a):
    """A matrix of floats."""
    if a.ndim != 2:
        refuse(f"a matrix is needed here, not an array of {a.ndim} dimensions: write a loop over the stack")
    if kind_of(a.dtype) != "f":
        return a.astype("float64")
    return a


@composite(np.linalg.svdvals, "scipy.linalg.svdvals")
def svdvals(a, overwrite_a=False, check_finite=True):
    """The singular values of a matrix, descending."""
    a = float_matrix(a)
    return singular_values(a, svd_factors(a))


@composite(np.linalg.svd)
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    """The singular value decomposition ``u @ np.diag(s) @ vh`` of a matrix."""
    if not compute_uv:
        return svdvals(a)
    a = float_matrix(a)
    if full_matrices and a.shape[0] != a.shape[1]:
        raise ValueError(
            "svd with all singular vectors of a matrix that is not square: those of no singular value have "
            "no derivative; write full_matrices=False"
        )
    factors = svd_factors(a)
    return Singular(left_vectors(a, factors), singular_values(a, factors), right_vectors(a, factors).T)


@composite("scipy.linalg.svd")
def scipy_svd(
    a, full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True, lapack_driver="gesdd"
):
    """The singular value decomposition ``u @ np.diag(s) @ vh`` of a matrix."""
    return svd(a, full_matrices, compute_uv)


@composite(np.linalg.pinv)
def pinv(a, rcond=None, hermitian=False, rtol=None):
    """The pseudo-inverse of a matrix, differentiated as one that keeps its rank."""
    cut = rtol if rcond is None else rcond
    return pseudo_inverse(float_matrix(a), 1e-15 if cut is None else cut)


@composite(np.linalg.lstsq)
def lstsq(a, b, rcond=None):
    """The solution of least squares and least norm, residuals, rank, singular values."""
    a = float_matrix(a)
    if a.dtype != b.dtype:
        b = b.astype(a.dtype)
    cut = rcond
    if rcond is None:
        cut = max(a.shape[0], a.shape[1]) * 2.0**-52
    x = matmul(pseudo_inverse(a, cut), b)
    s = svdvals(a)
    rank = np.sum(s > cut * s[0])
    left = np.reshape(b - matmul(a, x), (b.shape[0], -1))
    return x, residual_sums(left, rank == a.shape[1] and a.shape[0] > a.shape[1]), rank, s


@composite(np.linalg.matrix_rank)
def matrix_rank(a):
    """How many singular values are not zero to rounding; it has no derivative."""
    s = svdvals(a)
    return np.sum(s > max(a.shape[0], a.shape[1]) * 2.0**-52 * s[0])


@composite(np.linalg.cond)
def cond(x, p=None):
    """The ratio of the largest and the smallest singular value of a matrix."""
    p = known(p)
    if p is not None and p != 2 and p != -2:
        refuse(f"np.linalg.cond(x, {p!r}): write the product of np.linalg.norm of x and of its inverse")
    s = svdvals(x)
    if p == -2:
        return s[-1] / s[0]
    return s[0] / s[-1]


svdvals.samples(sample(real(3, 3)), sample(real(4, 2)), sample(np.array([[4, 2], [1, 3]])))
svd.samples(
    sample(real(3, 3), full_matrices=False), sample(real(4, 2), full_matrices=False),
    sample(real(4, 2), compute_uv=False), sample(real(2, 4), full_matrices=False),
)
scipy_svd.samples(sample(real(4, 2), full_matrices=False), sample(real(4, 2), compute_uv=False))
pinv.samples(sample(real(3, 3)), sample(real(4, 2)))
lstsq.samples(
    sample(real(4, 2), real(4)), sample(real(4, 2), real(4, 3)), sample(real(2, 4), real(2)),
    sample(np.ones((3, 2)), real(3)),
)
matrix_rank.samples(sample(real(4, 2)), sample(np.ones((3, 3))))
cond.samples(sample(real(3, 3)), sample(real(4, 2), 2), sample(real(4, 2), -2))
