"""Symmetric matrices given by one triangle, and systems of equations with a triangular matrix.

BLAS counts in columns: to it an array in C order is the transposed matrix.  So ``a @ x = b`` for several
right sides is solved as ``x.T @ a.T = b.T``, from the right, and nothing is transposed in memory.
"""

import numpy as np

from ..declaring.axes import kind_of
from ..declaring.foreign import blas
from ..linalg import matmat_nt, outer_product
from ..primitive import composite, folded, kernel, primitive, real, refuse, rejects, sample
from ..types import Array, unlabelled

__all__ = [
    "cho_solve", "folded_lower", "lower_half", "mirrored_lower", "solve_triangular", "triangle",
    "triangular_matrix", "triangular_vector",
]

LOWER, UPPER, RIGHT, PLAIN, TRANSPOSED, UNIT = (ord(c) for c in "LURNTU")
SMALL = 4000  # multiplications; below, loops are faster than a call of BLAS

trsv = blas("trsv", "ccciaiai")
trsm = blas("trsm", "cccciinaiai")


def square(a, *others):
    """The type of a matrix of the same size."""
    if a.ndim != 2:
        refuse(f"a matrix is needed here, not an array of {a.ndim} dimensions: write a loop over the stack")
    return Array(a.dtype, 2, "C", unlabelled(a))


# ---------------------------------------------------------------------------------- one triangle


@primitive()
def mirrored_lower(x):
    """The symmetric matrix with this lower triangle; what is above the diagonal is not read."""
    out = np.empty(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(i + 1):
            out[i, j] = x[i, j]
            out[j, i] = x[i, j]
    return out


@primitive()
def folded_lower(x):
    """The lower triangle with the upper one added to it: the adjoint of ``mirrored_lower``."""
    out = np.zeros(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(i):
            out[i, j] = x[i, j] + x[j, i]
        out[i, i] = x[i, i]
    return out


@primitive()
def lower_half(x):
    """The lower triangle with half of the diagonal."""
    out = np.zeros(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(i):
            out[i, j] = x[i, j]
        out[i, i] = x.dtype.type(0.5) * x[i, i]
    return out


@mirrored_lower.adjoint("x")
def mirrored_lower_dx(dy):
    return folded_lower(dy)


@folded_lower.adjoint("x")
def folded_lower_dx(dy):
    return mirrored_lower(dy)


@lower_half.adjoint("x")
def lower_half_dx(dy):
    return lower_half(dy)


for _made in (mirrored_lower, folded_lower, lower_half):
    _made.result(lambda x: square(x))
    _made.samples(sample(real(3, 3)), sample(real(6, 3)[::2].T), sample(real(0, 0)))

# ---------------------------------------------------------------------------------- triangular systems


@kernel
def check_triangle(a, n, unit):
    """Refuse a system that is not square or not solvable."""
    if a.shape[0] != a.shape[1] or a.shape[0] != n:
        raise ValueError("a triangular system needs a square matrix and as many right sides as it has rows")
    if not unit:
        for i in range(n):
            if a[i, i] == 0:
                raise np.linalg.LinAlgError("a triangular matrix with a zero on its diagonal is singular")


@primitive(static=("lower", "trans", "unit"))
def triangular_vector(a, b, lower, trans, unit):
    """The vector x with ``a @ x = b`` (``a.T @ x = b``), of whose matrix one triangle is read."""
    n = b.shape[0]
    check_triangle(a, n, unit)
    x = b.copy()
    if n * n > SMALL:
        trsv(UPPER if lower else LOWER, PLAIN if trans else TRANSPOSED, UNIT if unit else PLAIN,
             n, np.ascontiguousarray(a), n, x, 1)  # fmt: skip
        return x
    for step in range(n):
        i = step if lower != trans else n - 1 - step
        if trans:
            if not unit:
                x[i] /= a[i, i]
            for j in range(0 if lower else i + 1, i if lower else n):
                x[j] -= a[i, j] * x[i]
        else:
            total = x[i]
            for j in range(0 if lower else i + 1, i if lower else n):
                total -= a[i, j] * x[j]
            x[i] = total if unit else total / a[i, i]
    return x


@primitive(static=("lower", "trans", "unit"))
def triangular_matrix(a, b, lower, trans, unit):
    """The matrix x with ``a @ x = b`` (``a.T @ x = b``), of whose matrix one triangle is read."""
    n = b.shape[0]
    k = b.shape[1]
    check_triangle(a, n, unit)
    x = np.empty((n, k), b.dtype)
    for i in range(n):
        for c in range(k):
            x[i, c] = b[i, c]
    if n * n * k > SMALL:
        # a transposed lower triangle is an upper one
        trsm(RIGHT, UPPER if lower else LOWER, TRANSPOSED if trans else PLAIN, UNIT if unit else PLAIN,
             k, n, 1.0, np.ascontiguousarray(a), n, x, k)  # fmt: skip
        return x
    for step in range(n):
        i = step if lower != trans else n - 1 - step
        if trans and not unit:
            for c in range(k):
                x[i, c] /= a[i, i]
        for j in range(0 if lower else i + 1, i if lower else n):
            for c in range(k):
                if trans:
                    x[j, c] -= a[i, j] * x[i, c]
                else:
                    x[i, c] -= a[i, j] * x[j, c]
        if not trans and not unit:
            for c in range(k):
                x[i, c] /= a[i, i]
    return x


triangular_vector.body.fastmath = {"reassoc", "contract"}


@primitive(static=("lower", "unit"))
def triangle(x, lower, unit):
    """One triangle of a matrix, without the diagonal where that is understood to be one."""
    skip = 1 if unit else 0
    out = np.zeros(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(0 if lower else i + skip, i + 1 - skip if lower else x.shape[1]):
            out[i, j] = x[i, j]
    return out


@triangle.adjoint("x")
def triangle_dx(dy, lower, unit):
    return triangle(dy, lower, unit)


triangle.result(lambda x, lower, unit: square(x))
triangle.samples(*(sample(real(3, 3), lower=low, unit=one) for low in (True, False) for one in (True, False)))


@triangular_vector.adjoint("b")
def triangular_vector_db(dy, a, lower, trans, unit):
    if trans:
        return triangular_vector(a, dy, lower, False, unit)
    return triangular_vector(a, dy, lower, True, unit)


@triangular_vector.adjoint("a")
def triangular_vector_da(dy, a, y, lower, trans, unit):
    if trans:
        return -triangle(outer_product(y, triangular_vector(a, dy, lower, False, unit)), lower, unit)
    return -triangle(outer_product(triangular_vector(a, dy, lower, True, unit), y), lower, unit)


@triangular_matrix.adjoint("b")
def triangular_matrix_db(dy, a, lower, trans, unit):
    if trans:
        return triangular_matrix(a, dy, lower, False, unit)
    return triangular_matrix(a, dy, lower, True, unit)


@triangular_matrix.adjoint("a")
def triangular_matrix_da(dy, a, y, lower, trans, unit):
    if trans:
        return -triangle(matmat_nt(y, triangular_matrix(a, dy, lower, False, unit)), lower, unit)
    return -triangle(matmat_nt(triangular_matrix(a, dy, lower, True, unit), y), lower, unit)


triangular_vector.result(lambda a, b, **_: Array(a.dtype, 1, "C", unlabelled(a, b)))
triangular_matrix.result(lambda a, b, **_: Array(a.dtype, 2, "C", unlabelled(a, b)))
_WELL = real(3, 3) + 3 * np.eye(3)
for _lower in (True, False):
    for _trans in (False, True):
        for _unit in (False, True):
            _static = {"lower": _lower, "trans": _trans, "unit": _unit}
            triangular_vector.samples(sample(_WELL, real(3), **_static))
            triangular_matrix.samples(sample(_WELL, real(3, 2), **_static))
for _made, _right in ((triangular_vector, real(6)[::2]), (triangular_matrix, real(2, 3).T)):
    _made.samples(
        sample(_WELL.T, _right, lower=True, trans=False, unit=False),
        rejects(_WELL, _right[:2], lower=True, trans=False, unit=False, error=ValueError),
        rejects(0 * _WELL, _right, lower=True, trans=False, unit=False, error=np.linalg.LinAlgError),
    )
# large enough for BLAS
triangular_vector.samples(*(
    sample(0.1 * real(64, 64) + 3 * np.eye(64), real(64), lower=low, trans=turned, unit=False)
    for low in (True, False) for turned in (True, False)
))  # fmt: skip
triangular_matrix.samples(*(
    sample(0.1 * real(20, 20) + 3 * np.eye(20), real(20, 12), lower=low, trans=turned, unit=False)
    for low in (True, False) for turned in (True, False)
))  # fmt: skip


def _solved(a, b, lower, trans, unit):
    """What a triangular system is compared with: the general solver of the triangle."""
    a = np.tril(a, -unit) if lower else np.triu(a, unit)
    a = a + np.eye(len(a)) if unit else a
    return np.linalg.solve(a.T if trans else a, b).astype(b.dtype)


triangular_vector.judged_by(_solved)
triangular_matrix.judged_by(_solved)


@folded
def is_turned(trans):
    """Whether this spelling of ``trans`` means the transposed matrix.

    >>> is_turned(0), is_turned("N"), is_turned(1), is_turned("T")
    (False, False, True, True)
    """
    return trans not in (0, "N")


@composite("scipy.linalg.solve_triangular")
def solve_triangular(
    a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True
):
    """The solution of a triangular system, for one or several right sides."""
    if kind_of(a.dtype) != "f" or a.dtype != b.dtype:
        a, b = a.astype("float64"), b.astype("float64")
    turned = is_turned(trans)
    if b.ndim == 1:
        return triangular_vector(a, b, lower, turned, unit_diagonal)
    return triangular_matrix(a, b, lower, turned, unit_diagonal)


@composite("scipy.linalg.cho_solve")
def cho_solve(c_and_lower, b, overwrite_b=False, check_finite=True):
    """The solution of a system whose matrix is given by the result of ``cho_factor``."""
    c, lower = c_and_lower
    if lower:
        return solve_triangular(c, solve_triangular(c, b, lower=True), trans=1, lower=True)
    return solve_triangular(c, solve_triangular(c, b, trans=1))


cho_solve.samples(sample((_WELL, True), real(3)), sample((_WELL, False), real(3, 2)))
solve_triangular.samples(
    sample(_WELL, real(3)), sample(_WELL, real(3, 2), lower=True), sample(_WELL, real(3), trans=1),
    sample(_WELL, real(3, 2), "T", True, True),
)
