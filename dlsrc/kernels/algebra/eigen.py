"""Eigenvalues and eigenvectors of symmetric matrices.

As in ``factored``, one decomposition is computed and handed on beside its matrix.  Derivatives: M. B.
Giles, *An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation*, Oxford 08/01, 2008, section 3.1; as functions of one triangle, see ``cholesky``.

Where eigenvalues are equal to rounding (up to n times the precision of the largest), the single vectors have
no derivative: a ``LinAlgError`` says so, unless nothing that depends on them is differentiated.  Sums over
equal eigenvalues have their right derivative; of a single one of them it is that along the vector found.
Signs of eigenvectors are those that LAPACK's ``syevd`` gives NumPy.
"""

from typing import NamedTuple

import numpy as np

from ..declaring.axes import kind_of
from ..declaring.foreign import lapack
from ..linalg import matmat, matmat_nt, matmat_tn
from ..primitive import composite, kink, primitive, real, refuse, rejects, sample
from ..reduction import sum_axis
from ..types import Array, unlabelled
from .triangles import LOWER, mirrored_lower, square

__all__ = [
    "eigenvalues", "eigenvectors", "eigh", "eigh_factors", "eigvalsh", "reciprocal_gaps", "scipy_eigh",
    "scipy_eigvalsh",
]

VECTORS = ord("V")

syevd = lapack("syevd", "cciaiaaiaio")


@primitive(detached=True)
def eigh_factors(a):
    """The decomposition of a symmetric matrix in one matrix: a row of eigenvalues, then the eigenvectors."""
    n = a.shape[0]
    if a.shape[1] != n:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    vectors = np.empty((n, n), a.dtype)
    for i in range(n):
        for j in range(n):
            vectors[i, j] = a[i, j]
    values = np.empty(n, a.dtype)
    work = np.empty(1 + 6 * n + 2 * n * n, a.dtype)
    places = np.empty(3 + 5 * n, np.int32)
    if n > 0 and syevd(VECTORS, LOWER, n, vectors, n, values, work, work.size, places, places.size) != 0:
        raise np.linalg.LinAlgError("Eigenvalues did not converge")
    out = np.empty((n + 1, n), a.dtype)
    for j in range(n):
        out[0, j] = values[j]
        for i in range(n):
            out[1 + i, j] = vectors[j, i]  # LAPACK counts in columns
    return out


@primitive()
def eigenvalues(a, factors):
    """The eigenvalues of a symmetric matrix, ascending."""
    return factors[0].copy()


@primitive()
def eigenvectors(a, factors):
    """The eigenvectors of a symmetric matrix, as columns."""
    return factors[1:].copy()


@primitive(static=("squares",))
def reciprocal_gaps(w, m, squares):
    """The matrix of ``1 / (w[j] - w[i])``, with ``squares`` of their squares, to multiply ``m - m.T`` with.

    Zero where the numbers are equal to rounding, which is an error unless that element of ``m`` is zero.
    """
    n = w.shape[0]
    largest = w.dtype.type(0)
    for k in range(n):
        largest = max(largest, np.abs(w[k]))
    smallest = n * np.finfo(w.dtype).eps * largest
    out = np.zeros((n, n), w.dtype)
    for i in range(n):
        for j in range(n):
            gap = w[j] - w[i]
            if np.abs(gap) > smallest:
                out[i, j] = 1 / (gap * (w[j] + w[i])) if squares else 1 / gap
            elif i != j and m[i, j] != 0:
                raise np.linalg.LinAlgError(
                    "vectors of equal eigenvalues or singular values have no derivative: compute with the "
                    "matrix itself, or make them differ by adding a small diagonal"
                )
    return out


@reciprocal_gaps.adjoint("w")
def reciprocal_gaps_dw(dy, y, w, squares):
    if squares:
        return 2 * w * sum_axis((dy - dy.T) * y * y, 1)
    return sum_axis((dy - dy.T) * y * y, 1)


@eigenvalues.adjoint("a")
def eigenvalues_da(dy, a, factors):
    return matmat_nt(eigenvectors(a, factors) * dy, eigenvectors(a, factors))


@eigenvectors.adjoint("a")
def eigenvectors_da(dy, a, y, factors):
    inner = matmat_tn(y, dy)
    inner = 0.5 * (inner - inner.T) * reciprocal_gaps(eigenvalues(a, factors), inner, False)
    return matmat(y, matmat_nt(inner, y))


# ---------------------------------------------------------------------------------- declarations


def _symmetric(n):
    return real(n, n) + real(n, n).T


def _vectors(a, factors):
    """The eigenvectors of the symmetric part with the signs that the factors have."""
    found = np.linalg.eigh((a + a.T) / 2)[1]
    return found * np.sign(np.sum(found * factors[1:], axis=0))


eigh_factors.zero("a")
eigenvalues.zero("factors")
eigenvectors.zero("factors")
eigh_factors.result(lambda a: square(a))
eigenvectors.result(lambda a, factors: square(a))
eigenvalues.result(lambda a, factors: Array(a.dtype, 1, "C", unlabelled(a)))
reciprocal_gaps.zero("m")
reciprocal_gaps.result(lambda w, m, squares: Array(w.dtype, 2, "C", unlabelled(w)))
eigenvalues.judged_by(lambda a, factors: np.linalg.eigvalsh((a + a.T) / 2))
eigenvectors.judged_by(_vectors)
eigh_factors.samples(
    sample(_symmetric(3)), sample(_symmetric(6)[::2, ::2]), rejects(real(3, 4), error=np.linalg.LinAlgError),
)
for _made in (eigenvalues, eigenvectors):
    _made.samples(lambda: [sample(a, eigh_factors.body(a)) for a in (_symmetric(3), _symmetric(6))])
_ALL = np.ones((4, 4))
reciprocal_gaps.samples(
    sample(real(4), _ALL, squares=False), sample(abs(real(4)), _ALL, squares=True),
    sample(real(8)[::2], _ALL, squares=False),
    rejects(np.ones(4), _ALL, squares=False, error=np.linalg.LinAlgError),
    kink(np.ones(2), np.eye(2), squares=False, expect={"w": np.zeros(2)}),
)


# ---------------------------------------------------------------------------------- what users call


class Eigen(NamedTuple):
    """The result of ``eigh``."""

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray


@composite()
def symmetric(a, lower):
    """The symmetric matrix of floats with one triangle of ``a``."""
    if a.ndim != 2:
        refuse(f"a matrix is needed here, not an array of {a.ndim} dimensions: write a loop over the stack")
    if kind_of(a.dtype) != "f":
        return symmetric(a.astype("float64"), lower)
    if lower:
        return mirrored_lower(a)
    return mirrored_lower(a.T)


@composite(np.linalg.eigh)
def eigh(a, UPLO="L"):
    """Eigenvalues and eigenvectors of a symmetric matrix, of which one triangle is read."""
    s = symmetric(a, UPLO == "L" or UPLO == "l")
    factors = eigh_factors(s)
    return Eigen(eigenvalues(s, factors), eigenvectors(s, factors))


@composite(np.linalg.eigvalsh)
def eigvalsh(a, UPLO="L"):
    """The eigenvalues of a symmetric matrix, of which one triangle is read."""
    s = symmetric(a, UPLO == "L" or UPLO == "l")
    return eigenvalues(s, eigh_factors(s))


@composite("scipy.linalg.eigh")
def scipy_eigh(a, b=None, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False):
    """Eigenvalues and eigenvectors of a symmetric matrix, of which one triangle is read."""
    if b is not None:
        refuse("scipy.linalg.eigh(a, b): with l = cholesky(b), write eigh of inv(l) @ a @ inv(l).T")
    s = symmetric(a, lower)
    if eigvals_only:
        return eigenvalues(s, eigh_factors(s))
    factors = eigh_factors(s)
    return eigenvalues(s, factors), eigenvectors(s, factors)


@composite("scipy.linalg.eigvalsh")
def scipy_eigvalsh(a, b=None, lower=True, overwrite_a=False, overwrite_b=False):
    """The eigenvalues of a symmetric matrix, of which one triangle is read."""
    return scipy_eigh(a, b, lower, eigvals_only=True)


for _composite in (eigvalsh, scipy_eigvalsh):
    _composite.samples(sample(_symmetric(3)), sample(real(3, 3)), sample(np.array([[4, 2], [2, 3]])))
eigh.samples(sample(_symmetric(3)), sample(real(5, 5)), sample(np.array([[2.0]]), "U"))
scipy_eigh.samples(
    sample(_symmetric(3), eigvals_only=True), sample(real(3, 3), lower=False, eigvals_only=True),
)
