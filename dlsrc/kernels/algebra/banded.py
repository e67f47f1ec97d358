"""Systems of equations with few diagonals, which SciPy stores in rows: ``ab[u + i - j, j]`` is ``a[i, j]``.

The matrix has ``l`` diagonals below the main one and ``u`` above it; what the rows of ``ab`` hold beyond the
matrix is not read.  Gaussian elimination exchanges rows where a later one has the larger pivot, which fills
``l`` more diagonals: a system takes steps in proportion to ``n * l * (l + u)``, and so does its derivative.

Derivatives: M. B. Giles, *An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation*, Oxford 08/01, 2008, section 2.2.3, of which the diagonals are kept.
"""

import numpy as np

from ..declaring.axes import known
from ..primitive import composite, primitive, real, refuse, rejects, sample
from ..types import Array, unlabelled

__all__ = ["banded_outer", "banded_solution", "banded_times", "banded_turned", "solve_banded"]


@primitive(static=("l", "u"))
def banded_solution(ab, b, l, u):
    """The solutions of the system with a banded matrix, for the columns of ``b``."""
    n, count = ab.shape[1], b.shape[1]
    # Row by row, from the diagonal l below the main one to the one that exchanges can fill.
    rows = np.zeros((n, 2 * l + u + 1), ab.dtype)
    for i in range(n):
        for j in range(max(0, i - l), min(n, i + u + 1)):
            rows[i, j - i + l] = ab[u + i - j, j]
    y = b.copy()
    for k in range(n):
        last = min(n, k + l + 1)
        p = k
        for i in range(k + 1, last):
            if np.abs(rows[i, k - i + l]) > np.abs(rows[p, k - p + l]):
                p = i
        if rows[p, k - p + l] == 0:
            raise np.linalg.LinAlgError("singular matrix")
        if p != k:
            for j in range(k, min(n, k + l + u + 1)):
                rows[k, j - k + l], rows[p, j - p + l] = rows[p, j - p + l], rows[k, j - k + l]
            for c in range(count):
                y[k, c], y[p, c] = y[p, c], y[k, c]
        for i in range(k + 1, last):
            factor = rows[i, k - i + l] / rows[k, l]
            if factor != 0:
                for j in range(k + 1, min(n, k + l + u + 1)):
                    rows[i, j - i + l] -= factor * rows[k, j - k + l]
                for c in range(count):
                    y[i, c] -= factor * y[k, c]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, min(n, i + l + u + 1)):
            for c in range(count):
                y[i, c] -= rows[i, j - i + l] * y[j, c]
        for c in range(count):
            y[i, c] /= rows[i, l]
    return y


@banded_solution.result
def banded_solution_result(ab, b, l, u):
    return Array(ab.dtype, 2, "C", unlabelled(ab, b))


@primitive(static=("l", "u"))
def banded_turned(ab, l, u):
    """The transposed matrix, which has ``u`` diagonals below the main one and ``l`` above it."""
    n = ab.shape[1]
    out = np.zeros((l + u + 1, n), ab.dtype)
    for i in range(n):
        for j in range(max(0, i - l), min(n, i + u + 1)):
            out[l + j - i, i] = ab[u + i - j, j]
    return out


@banded_turned.result
def banded_turned_result(ab, l, u):
    return Array(ab.dtype, 2, "C", unlabelled(ab))


@primitive(static=("l", "u"))
def banded_outer(a, b, l, u):
    """The diagonals of ``a @ b.T``."""
    n = a.shape[0]
    out = np.zeros((l + u + 1, n), a.dtype)
    for i in range(n):
        for j in range(max(0, i - l), min(n, i + u + 1)):
            total = a.dtype.type(0)
            for c in range(a.shape[1]):
                total += a[i, c] * b[j, c]
            out[u + i - j, j] = total
    return out


@banded_outer.result
def banded_outer_result(a, b, l, u):
    return Array(a.dtype, 2, "C", unlabelled(a, b))


@primitive(static=("l", "u"))
def banded_times(ab, x, l, u):
    """The product of a banded matrix and the columns of ``x``."""
    n = ab.shape[1]
    out = np.zeros(x.shape, x.dtype)
    for i in range(n):
        for j in range(max(0, i - l), min(n, i + u + 1)):
            for c in range(x.shape[1]):
                out[i, c] += ab[u + i - j, j] * x[j, c]
    return out


@banded_times.result
def banded_times_result(ab, x, l, u):
    return Array(x.dtype, 2, "C", unlabelled(ab, x))


# ---------------------------------------------------------------------------------- derivatives


@banded_solution.adjoint("b")
def banded_solution_db(dy, ab, l, u):
    return banded_solution(banded_turned(ab, l, u), dy, u, l)


@banded_solution.adjoint("ab")
def banded_solution_dab(dy, y, ab, l, u):
    return -banded_outer(banded_solution(banded_turned(ab, l, u), dy, u, l), y, l, u)


@banded_turned.adjoint("ab")
def banded_turned_dab(dy, l, u):
    return banded_turned(dy, u, l)


@banded_outer.adjoint("a")
def banded_outer_da(dy, b, l, u):
    return banded_times(dy, b, l, u)


@banded_outer.adjoint("b")
def banded_outer_db(dy, a, l, u):
    return banded_times(banded_turned(dy, l, u), a, u, l)


@banded_times.adjoint("ab")
def banded_times_dab(dy, x, l, u):
    return banded_outer(dy, x, l, u)


@banded_times.adjoint("x")
def banded_times_dx(dy, ab, l, u):
    return banded_times(banded_turned(ab, l, u), dy, u, l)


banded_turned.linear("ab")
banded_outer.multilinear("a", "b")
banded_times.multilinear("ab", "x")

# ---------------------------------------------------------------------------------- as it is called


@composite("scipy.linalg.solve_banded")
def solve_banded(l_and_u, ab, b, overwrite_ab=False, overwrite_b=False, check_finite=True):
    """The solution of a system with ``l`` diagonals below the main one and ``u`` above it."""
    below, above = known(l_and_u[0]), known(l_and_u[1])
    if ab.ndim != 2 or b.ndim != 1 and b.ndim != 2:
        refuse("solve_banded takes a matrix of diagonals, and one or several right sides: reshape them")
    if ab.dtype != b.dtype or ab.dtype != "float64" and ab.dtype != "float32":
        return solve_banded((below, above), ab.astype("float64"), b.astype("float64"))
    if ab.shape[0] != below + above + 1:
        raise ValueError("solve_banded: ab has l + u + 1 rows, for l and u diagonals")
    if ab.shape[1] != b.shape[0]:
        raise ValueError("solve_banded: ab has as many columns as b has rows")
    if b.ndim == 2:
        return banded_solution(ab, b, below, above)
    return np.reshape(banded_solution(ab, np.reshape(b, (b.shape[0], 1)), below, above), (b.shape[0],))


_BAND = np.array([[0.0, 0.5, -0.3, 0.2], [0.1, -1.5, 0.7, 2.0], [3.0, 0.4, 1.1, 0.0], [0.6, -0.2, 0.0, 0.0]])
for _function in (banded_solution, banded_times):
    _function.samples(
        sample(_BAND, real(4, 2), l=2, u=1), sample(real(1, 3) + 2, real(3, 1), l=0, u=0),
        sample(_BAND[:3], real(4, 1), l=1, u=1),
    )
banded_outer.samples(sample(real(4, 2), real(4, 2) + 1, l=2, u=1), sample(real(3, 1), real(3, 1), l=0, u=1))
banded_turned.samples(sample(_BAND, l=2, u=1), sample(real(2, 3), l=1, u=0))
solve_banded.samples(
    sample((2, 1), _BAND, real(4)), sample((1, 1), _BAND[:3], real(4, 3)),
    sample((0, 1), real(2, 5) + 2, real(5)),
    rejects((1, 1), np.zeros((3, 2)), real(2), error=np.linalg.LinAlgError),
)
