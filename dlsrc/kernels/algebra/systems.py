"""Systems of equations, inverses and determinants as users call them, of a matrix or of a stack of them."""

from typing import NamedTuple

import numpy as np

from ..declaring.axes import kind_of
from ..primitive import composite, real, refuse, sample
from .cholesky import cho_factor
from .factored import lu_det, lu_factors, lu_inverse, lu_logdet, lu_sign, lu_solve, lu_vector
from .triangles import cho_solve, mirrored_lower, solve_triangular

__all__ = ["det", "inv", "scipy_solve", "slogdet", "solve"]


class SignAndLogarithm(NamedTuple):
    """The result of ``slogdet``."""

    sign: float | np.ndarray
    logabsdet: float | np.ndarray


@composite()
def as_matrices(a):
    """A matrix, or a stack of matrices, of floats."""
    if a.ndim != 2 and a.ndim != 3:
        refuse(f"a matrix or a stack of matrices is needed, not an array of {a.ndim} dimensions: reshape it")
    if kind_of(a.dtype) != "f":
        return a.astype("float64")
    return a


@composite(np.linalg.solve)
def solve(a, b):
    """The solution of a system of equations, for one or several right sides."""
    a = as_matrices(a)
    if a.dtype != b.dtype:
        return solve(a.astype("float64"), b.astype("float64"))
    if a.ndim == 2 and b.ndim == 1:
        return lu_vector(a, lu_factors(a), b)
    if a.ndim == 2 and b.ndim == 2:
        return lu_solve(a, lu_factors(a), b)
    if a.ndim == 2 and b.ndim == 3:
        lu = lu_factors(a)
        out = np.empty(b.shape, b.dtype)
        for k in range(b.shape[0]):
            out[k] = lu_solve(a, lu, b[k])
        return out
    if b.ndim == 3:
        if a.shape[0] != b.shape[0]:
            raise ValueError("solve of two stacks needs one length: give b[0] or a[0] of a stack of one")
        out = np.empty(b.shape, b.dtype)
        for k in range(a.shape[0]):
            m = a[k]
            out[k] = lu_solve(m, lu_factors(m), b[k])
        return out
    if b.ndim != 1 and b.ndim != 2:
        refuse(f"solve with a right side of {b.ndim} dimensions: reshape it to a stack of matrices")
    if b.ndim == 1:
        out = np.empty((a.shape[0], a.shape[1]), a.dtype)
        for k in range(a.shape[0]):
            m = a[k]
            out[k] = lu_vector(m, lu_factors(m), b)
        return out
    out = np.empty((a.shape[0], a.shape[1], b.shape[1]), a.dtype)
    for k in range(a.shape[0]):
        m = a[k]
        out[k] = lu_solve(m, lu_factors(m), b)
    return out


@composite("scipy.linalg.solve")
def scipy_solve(
    a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None,
    transposed=False,
):
    """The solution of a system of equations; what is said of the matrix decides which triangle is read."""
    if assume_a == "lower triangular" or assume_a == "upper triangular":
        return solve_triangular(a, b, lower=assume_a == "lower triangular", trans=1 if transposed else 0)
    if assume_a == "pos" or assume_a == "positive definite":
        return cho_solve(cho_factor(a, lower), b)
    if assume_a == "sym" or assume_a == "symmetric" or assume_a == "her" or assume_a == "hermitian":
        return solve(mirrored_lower(as_matrices(a) if lower else as_matrices(a).T), b)
    if assume_a is not None and assume_a != "gen" and assume_a != "general":
        refuse(f"scipy.linalg.solve(assume_a={assume_a!r}): leave it out, any matrix may be general")
    if transposed:
        return solve(a.T, b)
    return solve(a, b)


@composite(np.linalg.inv, "scipy.linalg.inv")
def inv(a, overwrite_a=False, check_finite=True):
    """The inverse of a matrix."""
    a = as_matrices(a)
    if a.ndim == 2:
        return lu_inverse(a, lu_factors(a))
    out = np.empty(a.shape, a.dtype)
    for k in range(a.shape[0]):
        m = a[k]
        out[k] = lu_inverse(m, lu_factors(m))
    return out


@composite(np.linalg.det, "scipy.linalg.det")
def det(a, overwrite_a=False, check_finite=True):
    """The determinant of a matrix."""
    a = as_matrices(a)
    if a.ndim == 2:
        return lu_det(a, lu_factors(a))
    out = np.empty(a.shape[0], a.dtype)
    for k in range(a.shape[0]):
        m = a[k]
        out[k] = lu_det(m, lu_factors(m))
    return out


@composite(np.linalg.slogdet)
def slogdet(a):
    """The sign of the determinant, and the logarithm of its absolute value."""
    a = as_matrices(a)
    if a.ndim == 2:
        lu = lu_factors(a)
        return SignAndLogarithm(lu_sign(lu), lu_logdet(a, lu))
    signs = np.empty(a.shape[0], a.dtype)
    logarithms = np.empty(a.shape[0], a.dtype)
    for k in range(a.shape[0]):
        m = a[k]
        lu = lu_factors(m)
        signs[k] = lu_sign(lu)
        logarithms[k] = lu_logdet(m, lu)
    return SignAndLogarithm(signs, logarithms)


for _composite in (inv, det, slogdet):
    _composite.samples(
        sample(real(3, 3)), sample(real(2, 3, 3)), sample(real(17, 17)), sample(np.array([[4, 2], [1, 3]])),
    )
det.samples(sample(np.ones((3, 3))))
solve.samples(
    sample(real(3, 3), real(3)), sample(real(3, 3), real(3, 2)), sample(real(2, 3, 3), real(2, 3, 2)),
    sample(real(2, 3, 3), real(3)), sample(real(2, 3, 3), real(3, 2)), sample(real(3, 3), real(2, 3, 2)),
    sample(real(17, 17), real(17)), sample(real(17, 17), real(17, 3)),
    sample(np.array([[4, 2], [1, 3]]), np.array([1, 2])),
)
scipy_solve.samples(
    sample(real(3, 3), real(3)), sample(real(3, 3), real(3, 2), transposed=True),
    sample(real(3, 3), real(3), assume_a="lower triangular"),
    sample(real(3, 3) + real(3, 3).T, real(3), assume_a="sym"),
    sample(real(3, 3) @ real(3, 3).T, real(3, 2), assume_a="pos"),
)
