"""The QR factorisation of matrices with at least as many rows as columns.

As in ``factored``, one factorisation is computed and handed on beside its matrix.  Derivatives: S. F. Walter
and L. Lehmann, *Algorithmic differentiation of linear algebra functions with application in optimum
experimental design*, arXiv:1001.1654, 2010.  The columns must be linearly independent: of others the factors
have no derivative, and a ``LinAlgError`` is raised when it is asked for.
"""

from typing import NamedTuple

import numpy as np

from ..declaring.foreign import lapack
from ..linalg import matmat, matmat_nt, matmat_tn
from ..primitive import composite, primitive, real, refuse, rejects, sample
from ..types import Array, unlabelled
from .singular import float_matrix
from .triangles import mirrored_lower, triangular_matrix

__all__ = ["orthonormal", "qr", "qr_factors", "scipy_qr", "upper_triangular"]

geqrf = lapack("geqrf", "iiaiaaio")
orgqr = lapack("orgqr", "iiiaiaaio")


@primitive(detached=True)
def qr_factors(a):
    """The factors in one matrix: orthonormal columns, below them the triangle."""
    m = a.shape[0]
    n = a.shape[1]
    if m < n:
        raise ValueError("qr of a matrix with more columns than rows is not known: factor its first columns")
    out = np.zeros((m + n, n), a.dtype)
    if n == 0:
        return out
    # LAPACK counts in columns, so what it reads and gives is transposed
    x = np.empty((n, m), a.dtype)
    for i in range(m):
        for j in range(n):
            x[j, i] = a[i, j]
    tau = np.empty(n, a.dtype)
    work = np.empty(32 * n, a.dtype)
    geqrf(m, n, x, m, tau, work, work.size)
    for i in range(n):
        for j in range(i, n):
            out[m + i, j] = x[j, i]
    orgqr(m, n, n, x, m, tau, work, work.size)
    for i in range(m):
        for j in range(n):
            out[i, j] = x[j, i]
    return out


@primitive()
def orthonormal(a, factors):
    """Orthonormal columns that span what those of a matrix span, one after the other."""
    return factors[: a.shape[0]].copy()


@primitive()
def upper_triangular(a, factors):
    """The upper triangular matrix that makes the matrix of its orthonormal columns."""
    return factors[a.shape[0] :].copy()


@orthonormal.adjoint("a")
def orthonormal_da(dy, a, y, factors):
    inner = dy - matmat(y, mirrored_lower(matmat_tn(dy, y)))
    return np.ascontiguousarray(
        triangular_matrix(upper_triangular(a, factors), inner.T, False, False, False).T
    )


@upper_triangular.adjoint("a")
def upper_triangular_da(dy, a, y, factors):
    inner = matmat(orthonormal(a, factors), mirrored_lower(matmat_nt(y, dy)))
    return np.ascontiguousarray(triangular_matrix(y, inner.T, False, False, False).T)


for _made in (orthonormal, upper_triangular):
    _made.zero("factors")
    _made.result(lambda a, factors: Array(a.dtype, 2, "C", unlabelled(a)))
    _made.samples(lambda: [
        sample(a, qr_factors.body(a)) for a in (real(3, 3), real(4, 2), real(6, 6)[::2, ::2].T)
    ])
qr_factors.zero("a")
qr_factors.result(lambda a: Array(a.dtype, 2, "C", unlabelled(a)))
qr_factors.samples(sample(real(3, 3)), sample(real(4, 2)), rejects(real(2, 4), error=ValueError))
orthonormal.judged_by(lambda a, factors: np.linalg.qr(a)[0])
upper_triangular.judged_by(lambda a, factors: np.linalg.qr(a)[1])


class Orthogonal(NamedTuple):
    """The result of ``qr``."""

    Q: np.ndarray
    R: np.ndarray


@composite(np.linalg.qr)
def qr(a, mode="reduced"):
    """The factors of ``a = q @ r``, orthonormal columns and an upper triangle."""
    if mode != "reduced" and mode != "r":
        refuse(f"np.linalg.qr(mode={mode!r}): use 'reduced' or 'r'; the other columns have no derivative")
    a = float_matrix(a)
    factors = qr_factors(a)
    if mode == "r":
        return upper_triangular(a, factors)
    return Orthogonal(orthonormal(a, factors), upper_triangular(a, factors))


@composite("scipy.linalg.qr")
def scipy_qr(a, overwrite_a=False, lwork=None, mode="full", pivoting=False, check_finite=True):
    """The factors of ``a = q @ r``, orthonormal columns and an upper triangle."""
    if mode != "economic" or pivoting:
        refuse("scipy.linalg.qr with all columns or pivoting has no derivative: write mode='economic'")
    return qr(a)


qr.samples(
    sample(real(3, 3)), sample(real(4, 2)), sample(real(4, 2), "r"), sample(np.array([[4, 2], [1, 3]])),
)
scipy_qr.samples(sample(real(4, 2), mode="economic"))
