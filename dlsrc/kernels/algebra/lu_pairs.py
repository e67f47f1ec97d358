"""``lu_factor`` and ``lu_solve``: the factors as SciPy gives them, which are values like any other.

Where only the solution is asked for, ``solve`` (in `systems`) keeps factors beside their matrix, and its
derivative needs no more than two solutions.  Here what is done with the factors is the user's business, so
they have a derivative of their own.  With ``p @ a = l @ u`` it is, of the cotangents of both factors,

    da = p.T @ inv(l).T @ (tril(l.T @ dl, -1) + triu(du @ u.T)) @ inv(u).T

S. F. Walter and L. Lehmann, *Algorithmic differentiation of linear algebra functions with application in
optimum experimental design*, 2010, section 4.
"""

import numpy as np

from ..declaring.axes import kind_of
from ..linalg import matmat_nt, matmat_tn
from ..primitive import composite, primitive, real, refuse, sample
from ..types import Array, unlabelled
from .factored import lu_factors
from .triangles import is_turned, triangle, triangular_matrix

__all__ = ["exchanged", "lu_factor", "lu_pair_solve", "row_factors"]


@primitive()
def row_factors(a):
    """The factors of ``p @ a = l @ u`` in one matrix, ``l`` with ones on its diagonal, and one more row: with
    which later row each row was exchanged."""
    n = a.shape[0]
    if a.shape[1] != n:
        raise ValueError("lu_factor takes a square matrix")
    columns = lu_factors(a.T)
    out = np.empty((n + 1, n), a.dtype)
    for i in range(n):
        for j in range(n):
            out[i, j] = columns[j, i]
    for i in range(n):
        out[n, i] = columns[n, i]
    return out


@row_factors.result
def row_factors_result(a):
    if a.ndim != 2:
        refuse(f"lu_factor takes a matrix, not an array of {a.ndim} dimensions: write a loop over the stack")
    return Array(a.dtype, 2, "C", unlabelled(a))


@primitive(static=("back",))
def exchanged(x, pivots, back):
    """The matrix with its rows exchanged, one after the other; or ``back``, in the opposite order."""
    n = x.shape[0]
    out = np.empty(x.shape, x.dtype)
    for i in range(n):
        for c in range(x.shape[1]):
            out[i, c] = x[i, c]
    for step in range(n):
        i = n - 1 - step if back else step
        p = int(pivots[i])
        if p != i:
            for c in range(x.shape[1]):
                out[i, c], out[p, c] = out[p, c], out[i, c]
    return out


@exchanged.result
def exchanged_result(x, pivots, back):
    return Array(x.dtype, 2, "C", unlabelled(x))


@exchanged.adjoint("x")
def exchanged_dx(dy, pivots, back):
    if back:
        return exchanged(dy, pivots, False)
    return exchanged(dy, pivots, True)


exchanged.zero("pivots")
exchanged.linear("x")


@row_factors.adjoint("a")
def row_factors_da(dy, y):
    lu, d = y[:-1], dy[:-1]
    dl = triangle(d, True, True)
    lower = triangle(matmat_tn(triangle(lu, True, True), dl) + dl, True, True)
    upper = triangle(matmat_nt(triangle(d, False, False), triangle(lu, False, False)), False, False)
    left = triangular_matrix(lu, lower + upper, True, True, True)
    return exchanged(triangular_matrix(lu, left.T, False, False, False).T, y[-1], True)


@composite("scipy.linalg.lu_factor")
def lu_factor(a, overwrite_a=False, check_finite=True):
    """The triangular factors of a matrix in one matrix, and how its rows were exchanged."""
    factors = row_factors(a if kind_of(a.dtype) == "f" else a.astype("float64"))
    return factors[:-1], factors[-1].astype("int32")


@composite("scipy.linalg.lu_solve")
def lu_pair_solve(lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True):
    """The solution of a system whose matrix is given by the result of ``lu_factor``."""
    lu, pivots = lu_and_piv
    if b.ndim != 1 and b.ndim != 2:
        refuse("lu_solve takes one or several right sides: reshape them")
    if lu.dtype != b.dtype or kind_of(lu.dtype) != "f":
        lu, b = lu.astype("float64"), b.astype("float64")
    if lu.shape[0] != b.shape[0]:
        raise ValueError("lu_solve: the factors and the right side have another number of rows")
    x = b if b.ndim == 2 else np.reshape(b, (b.shape[0], 1))
    if is_turned(trans):
        y = triangular_matrix(lu, triangular_matrix(lu, x, False, True, False), True, True, True)
        x = exchanged(y, pivots, True)
    else:
        y = triangular_matrix(lu, exchanged(x, pivots, False), True, False, True)
        x = triangular_matrix(lu, y, False, False, False)
    if b.ndim == 2:
        return x
    return np.reshape(x, (b.shape[0],))


_WELL = real(4, 4) + 0.5 * np.eye(4)
row_factors.samples(sample(_WELL), sample(real(1, 1) + 2), sample(_WELL[::-1].T))
for _back in (False, True):
    exchanged.samples(sample(real(4, 2), np.array([2, 3, 3, 3]), back=_back))
lu_factor.samples(sample(_WELL), sample(np.array([[1.0, 2.0], [3.0, 4.0]])))
_PAIR = (np.array([[2.0, 0.5, 1.0], [0.3, -1.5, 0.2], [-0.7, 0.4, 1.2]]), np.array([1, 2, 2]))
lu_pair_solve.samples(
    sample(_PAIR, real(3)), sample(_PAIR, real(3, 2)), sample(_PAIR, real(3), 1),
    sample(_PAIR, real(3, 2), trans=1),
)
