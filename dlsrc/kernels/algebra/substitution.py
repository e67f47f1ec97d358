"""Systems of equations whose matrix is in factors, solved in place: by BLAS, and small ones by loops.

The factors are those of ``factored.lu_factors``: a lower matrix times an upper one with ones on its diagonal,
and a row that says with which later column each column was exchanged.

Nothing is handed back by these kernels: what a call gives back is written to memory word by word, to be
read at once, which takes longer than a system of two equations.  Four columns are solved side by side, which
LLVM makes vectors of: two equations with four right sides take 14 ns, and 40 column by column.
"""

import numpy as np

from ..declaring.foreign import blas
from ..primitive import kernel
from .triangles import LOWER, PLAIN, RIGHT, TRANSPOSED, UNIT, UPPER

__all__ = ["solve", "solve_t", "solve_vector", "solve_vector_t"]

FEW = 4000  # multiplications; below, loops are faster than BLAS
TINY, TINY_SINGLE = 2.3e-308, 1.2e-38  # the reciprocals of smaller numbers may be infinite

trsv = blas("trsv", "ccciaiai")
trsm = blas("trsm", "cccciinaiai")


@kernel(inlined=True)
def has_reciprocals(lu, rows):
    """Refuse a system that is not solvable; whether the loops may multiply by the reciprocals of its pivots,
    which BLAS, as NumPy calls it for a vector, does not."""
    n = lu.shape[1]
    if rows != n:
        raise ValueError("solve needs as many rows on the right side as the matrix has")
    tiny = TINY_SINGLE if lu.itemsize == 4 else TINY
    found = True
    for i in range(n):
        if np.abs(lu[i, i]) < tiny:
            if lu[i, i] == 0:
                raise np.linalg.LinAlgError("Singular matrix")
            found = False
    return found


@kernel(fastmath=("contract",), side_by_side=True, inlined=True)
def lower(m, x, divided):
    """Replace the columns of ``x`` by the solutions for the lower triangle of ``m``; unless they are
    ``divided`` by what is on its diagonal, ones are there."""
    n, k = x.shape
    one = m.dtype.type(1)
    c = 0
    while c + 4 <= k:
        for i in range(n):
            y0, y1, y2, y3 = x[i, c], x[i, c + 1], x[i, c + 2], x[i, c + 3]
            for j in range(i):
                factor = m[i, j]
                y0 -= factor * x[j, c]
                y1 -= factor * x[j, c + 1]
                y2 -= factor * x[j, c + 2]
                y3 -= factor * x[j, c + 3]
            inverse = one / m[i, i] if divided else one
            x[i, c], x[i, c + 1] = y0 * inverse, y1 * inverse
            x[i, c + 2], x[i, c + 3] = y2 * inverse, y3 * inverse
        c += 4
    while c < k:
        for i in range(n):
            total = x[i, c]
            for j in range(i):
                total -= m[i, j] * x[j, c]
            x[i, c] = total * (one / m[i, i]) if divided else total
        c += 1


@kernel(fastmath=("contract",), side_by_side=True, inlined=True)
def upper(m, x, divided):
    """Replace the columns of ``x`` by the solutions for the upper triangle of ``m``."""
    n, k = x.shape
    one = m.dtype.type(1)
    c = 0
    while c + 4 <= k:
        for i in range(n - 1, -1, -1):
            y0, y1, y2, y3 = x[i, c], x[i, c + 1], x[i, c + 2], x[i, c + 3]
            for j in range(i + 1, n):
                factor = m[i, j]
                y0 -= factor * x[j, c]
                y1 -= factor * x[j, c + 1]
                y2 -= factor * x[j, c + 2]
                y3 -= factor * x[j, c + 3]
            inverse = one / m[i, i] if divided else one
            x[i, c], x[i, c + 1] = y0 * inverse, y1 * inverse
            x[i, c + 2], x[i, c + 3] = y2 * inverse, y3 * inverse
        c += 4
    while c < k:
        for i in range(n - 1, -1, -1):
            total = x[i, c]
            for j in range(i + 1, n):
                total -= m[i, j] * x[j, c]
            x[i, c] = total * (one / m[i, i]) if divided else total
        c += 1


@kernel(fastmath=("contract",), inlined=True)
def lower_vector(m, x, divided):
    """Replace a vector by the solution for the lower triangle of ``m``."""
    n = x.shape[0]
    one = m.dtype.type(1)
    for i in range(n):
        total = x[i]
        for j in range(i):
            total -= m[i, j] * x[j]
        x[i] = total * (one / m[i, i]) if divided else total


@kernel(fastmath=("contract",), inlined=True)
def upper_vector(m, x, divided):
    """Replace a vector by the solution for the upper triangle of ``m``."""
    n = x.shape[0]
    one = m.dtype.type(1)
    for i in range(n - 1, -1, -1):
        total = x[i]
        for j in range(i + 1, n):
            total -= m[i, j] * x[j]
        x[i] = total * (one / m[i, i]) if divided else total


@kernel(inlined=True)
def exchange(lu, x, first, last, step):
    """The rows of ``x`` are exchanged as the columns of the matrix were."""
    for i in range(first, last, step):
        p = int(lu[lu.shape[1], i])
        if p != i:
            for c in range(x.shape[1]):
                x[i, c], x[p, c] = x[p, c], x[i, c]


@kernel
def solve_large(lu, x):
    """Replace the columns of ``x`` by the solutions of the system, by BLAS."""
    n, k = x.shape
    if k == 1:
        trsv(UPPER, TRANSPOSED, PLAIN, n, lu, n, x, 1)
        trsv(LOWER, TRANSPOSED, UNIT, n, lu, n, x, 1)
    else:
        trsm(RIGHT, UPPER, PLAIN, PLAIN, k, n, 1.0, lu, n, x, k)
        trsm(RIGHT, LOWER, PLAIN, UNIT, k, n, 1.0, lu, n, x, k)
    exchange(lu, x, n - 1, -1, -1)


@kernel
def solve_large_t(lu, x):
    """Replace the columns of ``x`` by the solutions of the transposed system, by BLAS."""
    n, k = x.shape
    exchange(lu, x, 0, n, 1)
    if k == 1:
        trsv(LOWER, PLAIN, UNIT, n, lu, n, x, 1)
        trsv(UPPER, PLAIN, PLAIN, n, lu, n, x, 1)
    else:
        trsm(RIGHT, LOWER, TRANSPOSED, UNIT, k, n, 1.0, lu, n, x, k)
        trsm(RIGHT, UPPER, TRANSPOSED, PLAIN, k, n, 1.0, lu, n, x, k)


@kernel(inlined=True)
def exchange_vector(lu, x, first, last, step):
    """The elements of ``x`` are exchanged as the columns of the matrix were."""
    for i in range(first, last, step):
        p = int(lu[lu.shape[1], i])
        if p != i:
            x[i], x[p] = x[p], x[i]


@kernel(inlined=True)
def solve(lu, x):
    """Replace the columns of ``x`` by the solutions of the system."""
    n = x.shape[0]
    if has_reciprocals(lu, n) and n * x.size <= FEW:
        lower(lu, x, True)
        upper(lu, x, False)
        exchange(lu, x, n - 1, -1, -1)
    else:
        solve_large(lu, x)


@kernel(inlined=True)
def solve_t(lu, x):
    """Replace the columns of ``x`` by the solutions of the transposed system."""
    n = x.shape[0]
    if has_reciprocals(lu, n) and n * x.size <= FEW:
        exchange(lu, x, 0, n, 1)
        lower(lu.T, x, False)
        upper(lu.T, x, True)
    else:
        solve_large_t(lu, x)


@kernel(inlined=True)
def solve_vector(lu, x):
    """Replace a vector by the solution of the system."""
    n = x.shape[0]
    if has_reciprocals(lu, n) and n * n <= FEW:
        lower_vector(lu, x, True)
        upper_vector(lu, x, False)
        exchange_vector(lu, x, n - 1, -1, -1)
    else:
        solve_large(lu, x.reshape(n, 1))


@kernel(inlined=True)
def solve_vector_t(lu, x):
    """Replace a vector by the solution of the transposed system."""
    n = x.shape[0]
    if has_reciprocals(lu, n) and n * n <= FEW:
        exchange_vector(lu, x, 0, n, 1)
        lower_vector(lu.T, x, False)
        upper_vector(lu.T, x, True)
    else:
        solve_large_t(lu, x.reshape(n, 1))
