"""The matrix exponential, by a Padé approximant with scaling and squaring.

N. J. Higham, *The scaling and squaring method for the matrix exponential revisited*, SIAM Journal on Matrix
Analysis and Applications 26, 2005, of degree 13; its derivative in a direction by A. H. Al-Mohy and N. J.
Higham, *Computing the Fréchet derivative of the matrix exponential*, same journal 30, 2009.  The adjoint is
the derivative at the transposed matrix in the direction of the cotangent.
"""

import numpy as np

from ...lazy import scipy
from ..linalg import matmat
from ..primitive import composite, kernel, primitive, real, sample
from .factored import lu_factors
from .substitution import solve
from .singular import float_matrix
from .triangles import square

__all__ = ["expm", "expm_direction", "expm_of", "expm_twice", "matrix_exponential"]

LARGEST = 4.74  # the norm up to which both approximants have full precision


@kernel
def weighted(x2, x4, x6, c0, c2, c4, c6):
    """``c0 * identity + c2 * x2 + c4 * x4 + c6 * x6``."""
    out = np.empty(x2.shape, x2.dtype)
    for i in range(x2.shape[0]):
        for j in range(x2.shape[1]):
            out[i, j] = c2 * x2[i, j] + c4 * x4[i, j] + c6 * x6[i, j]
        out[i, i] += c0
    return out


@kernel
def combined(a, b, sign):
    """``a + sign * b``."""
    out = np.empty(a.shape, a.dtype)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i, j] = a[i, j] + sign * b[i, j]
    return out


@kernel
def commuted(a, x, b, y):
    """``a @ y + x @ b``: how the product of a and b changes along (x, y)."""
    return combined(matmat(a, y), matmat(x, b), 1.0)


@kernel
def squarings_for(a):
    """How often the matrix is to be halved; -1 if it is not finite."""
    largest = 0.0
    for j in range(a.shape[1]):
        total = 0.0
        for i in range(a.shape[0]):
            total += np.abs(a[i, j])
        if not total < np.inf:
            return -1
        largest = max(largest, total)
    count = 0
    while largest > LARGEST:
        largest *= 0.5
        count += 1
    return count


@kernel
def scaled(a, factor):
    """A copy in C order, times a number."""
    out = np.empty(a.shape, a.dtype)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i, j] = factor * a[i, j]
    return out


# Coefficients of the approximant of degree 13, over the last of them.
B = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0,
    10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)


@kernel
def expm_along(a, e):
    """The exponential of ``a`` and its derivative in the direction ``e``, one above the other."""
    n = a.shape[0]
    out = np.full((2 * n, n), a.dtype.type(np.nan))
    count = squarings_for(a)
    if count < 0:
        return out
    x = scaled(a, 0.5**count)
    e1 = scaled(e, 0.5**count)
    x2 = matmat(x, x)
    x4 = matmat(x2, x2)
    x6 = matmat(x2, x4)
    e2 = commuted(x, e1, x, e1)
    e4 = commuted(x2, e2, x2, e2)
    e6 = commuted(x2, e2, x4, e4)
    w1 = weighted(x2, x4, x6, 0.0, B[9], B[11], B[13])
    z1 = weighted(x2, x4, x6, 0.0, B[8], B[10], B[12])
    w = combined(matmat(x6, w1), weighted(x2, x4, x6, B[1], B[3], B[5], B[7]), 1.0)
    v = combined(matmat(x6, z1), weighted(x2, x4, x6, B[0], B[2], B[4], B[6]), 1.0)
    u = matmat(x, w)
    lw = combined(
        commuted(x6, e6, w1, weighted(e2, e4, e6, 0.0, B[9], B[11], B[13])),
        weighted(e2, e4, e6, 0.0, B[3], B[5], B[7]), 1.0,
    )
    lv = combined(
        commuted(x6, e6, z1, weighted(e2, e4, e6, 0.0, B[8], B[10], B[12])),
        weighted(e2, e4, e6, 0.0, B[2], B[4], B[6]), 1.0,
    )
    lu = commuted(x, e1, w, lw)
    factors = lu_factors(combined(v, u, -1.0))
    r = combined(v, u, 1.0)
    solve(factors, r)
    d = combined(combined(lu, lv, 1.0), matmat(combined(lu, lv, -1.0), r), 1.0)
    solve(factors, d)
    for _ in range(count):
        d = commuted(r, d, r, d)
        r = matmat(r, r)
    out[:n] = r
    out[n:] = d
    return out


@kernel
def expm_of(a):
    """The exponential of a matrix."""
    n = a.shape[0]
    count = squarings_for(a)
    if count < 0:
        return np.full((n, n), a.dtype.type(np.nan))
    x = scaled(a, 0.5**count)
    x2 = matmat(x, x)
    x4 = matmat(x2, x2)
    x6 = matmat(x2, x4)
    w = matmat(x6, weighted(x2, x4, x6, 0.0, B[9], B[11], B[13]))
    v = matmat(x6, weighted(x2, x4, x6, 0.0, B[8], B[10], B[12]))
    u = matmat(x, combined(w, weighted(x2, x4, x6, B[1], B[3], B[5], B[7]), 1.0))
    v = combined(v, weighted(x2, x4, x6, B[0], B[2], B[4], B[6]), 1.0)
    r = combined(v, u, 1.0)
    solve(lu_factors(combined(v, u, -1.0)), r)
    for _ in range(count):
        r = matmat(r, r)
    return r


@primitive()
def matrix_exponential(a):
    """The sum of ``a**k / k!``, of matrix powers."""
    return expm_of(a)


@primitive()
def expm_direction(a, e):
    """The derivative of the exponential of ``a`` in the direction ``e``."""
    return expm_along(a, e)[a.shape[0] :].copy()


@primitive()
def expm_twice(a, d, e):
    """The integral of ``exp(r * a) @ d @ exp(s * a) @ e @ exp(t * a)`` over r + s + t = 1.

    A block of the exponential of a matrix of three by three blocks: C. F. Van Loan, *Computing integrals
    involving the matrix exponential*, IEEE Transactions on Automatic Control 23, 1978.
    """
    n = a.shape[0]
    blocks = np.zeros((3 * n, 3 * n), a.dtype)
    for i in range(n):
        for j in range(n):
            for k in range(3):
                blocks[k * n + i, k * n + j] = a[i, j]
            blocks[i, n + j] = d[i, j]
            blocks[n + i, 2 * n + j] = e[i, j]
    return expm_of(blocks)[:n, 2 * n :].copy()


@matrix_exponential.adjoint("a")
def matrix_exponential_da(dy, a):
    return expm_direction(a.T, dy)


@expm_direction.adjoint("e")
def expm_direction_de(dy, a):
    return expm_direction(a.T, dy)


@expm_direction.adjoint("a")
def expm_direction_da(dy, a, e):
    return expm_twice(a.T, dy, e.T) + expm_twice(a.T, e.T, dy)


@expm_twice.adjoint("d")
def expm_twice_dd(dy, a, e):
    return expm_twice(a.T, dy, e.T)


@expm_twice.adjoint("e")
def expm_twice_de(dy, a, d):
    return expm_twice(a.T, d.T, dy)


def _turned(a, d, e):
    """The same block from SciPy's exponential."""
    n = len(a)
    zero = np.zeros_like(a)
    return scipy("linalg").expm(np.block([[a, d, zero], [zero, a, e], [zero, zero, a]]))[:n, 2 * n :]


expm_twice.unknown("a", "the third derivative of the matrix exponential is not known: use the first two")
matrix_exponential.result(lambda a: square(a))
expm_direction.result(lambda a, e: square(a, e))
expm_twice.result(lambda a, d, e: square(a, d, e))
matrix_exponential.judged_by(lambda a: scipy("linalg").expm(a))
expm_direction.judged_by(lambda a, e: scipy("linalg").expm_frechet(a, e, compute_expm=False).astype(a.dtype))
expm_twice.judged_by(_turned)
_SMALL = 0.5 * real(3, 3)
matrix_exponential.samples(
    sample(_SMALL), sample(10 * _SMALL), sample(real(6, 3)[::2].T), sample(0 * _SMALL), sample(real(1, 1)),
)
expm_direction.samples(sample(_SMALL, real(3, 3).T), sample(10 * _SMALL, real(3, 3)))
expm_twice.samples(sample(_SMALL, real(3, 3).T, real(6, 3)[::2]))


@composite("scipy.linalg.expm")
def expm(a):
    """The exponential of a matrix."""
    return matrix_exponential(float_matrix(a))


expm.samples(sample(_SMALL), sample(np.array([[0, 1], [-1, 0]])))
