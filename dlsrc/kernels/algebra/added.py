"""Products that are added to an array, or subtracted: BLAS does that itself, and nothing is between.

    accumulate(dW, matmat_nt(dz, x))         →    accumulate_nt(dW, dz, x)
    accumulate(dW, outer_product(dz, x))     →    accumulate_outer(dW, dz, x)
    deduct(dS, matmat(a, b))                 →    deduct_nn(dS, a, b)
"""

import numpy as np

from ..linalg import PLAIN, SMALL, TRANSPOSED, add_small, gemm, matmat, matmat_nt, matmat_tn
from ..linalg import matvec, outer_product, vecmat
from ..primitive import kernel, primitive, real, rejects, sample

__all__ = [
    "accumulate_matvec", "accumulate_nn", "accumulate_nt", "accumulate_outer", "accumulate_tn",
    "accumulate_vecmat", "deduct_matvec", "deduct_nn", "deduct_nt", "deduct_outer", "deduct_tn",
    "deduct_vecmat",
]


@kernel
def added(target, a, b, back_a, back_b, rows, inner, columns, sign):
    """Whether BLAS has added a product: to a matrix of its shape, with rows one after the other in memory."""
    row = target.strides[0] // target.itemsize
    if row < columns or target.strides[0] != row * target.itemsize or target.strides[1] != target.itemsize:
        return False
    left, right = np.ascontiguousarray(a), np.ascontiguousarray(b)
    # BLAS counts in columns: to it all three matrices are transposed
    gemm(
        back_b, back_a, columns, rows, inner, sign, right, right.shape[1], left, left.shape[1], 1.0, target,
        row,
    )
    return True


# ---------------------------------------------------------------------------------- matrices


@kernel(seldom=True)
def add_product(target, product, sign):
    """``target += sign * product`` of matrices: of a target that BLAS cannot take, or of another shape."""
    rows, columns = product.shape
    if (rows != 1 and rows != target.shape[0]) or (columns != 1 and columns != target.shape[1]):
        raise ValueError("operands could not be broadcast together: a product is added to another shape")
    for i in range(target.shape[0]):
        k = 0 if rows == 1 else i
        for j in range(target.shape[1]):
            target[i, j] += sign * product[k, 0 if columns == 1 else j]


@kernel
def add_nn(target, a, b, sign):
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    fits = inner == b.shape[0] and target.shape == (rows, columns)
    if fits and rows * inner * columns <= SMALL:
        add_small(target, a, b, sign, False)
    elif not fits or not added(target, a, b, PLAIN, PLAIN, rows, inner, columns, sign):
        add_product(target, matmat(a, b), sign)


@kernel
def add_nt(target, a, b, sign):
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[0]
    fits = inner == b.shape[1] and target.shape == (rows, columns)
    if fits and rows * inner * columns <= SMALL:
        add_small(target, a, b.T, sign, False)
    elif not fits or not added(target, a, b, PLAIN, TRANSPOSED, rows, inner, columns, sign):
        add_product(target, matmat_nt(a, b), sign)


@kernel
def add_tn(target, a, b, sign):
    rows, inner, columns = a.shape[1], a.shape[0], b.shape[1]
    fits = inner == b.shape[0] and target.shape == (rows, columns)
    if fits and rows * inner * columns <= SMALL:
        add_small(target, a.T, b, sign, False)
    elif not fits or not added(target, a, b, TRANSPOSED, PLAIN, rows, inner, columns, sign):
        add_product(target, matmat_tn(a, b), sign)


@primitive(effect=True, generated=True)
def accumulate_nn(target, a, b):
    """``target += a @ b`` of matrices of floats."""
    add_nn(target, a, b, target.dtype.type(1))


@primitive(effect=True, generated=True)
def accumulate_nt(target, a, b):
    """``target += a @ b.T`` of matrices of floats."""
    add_nt(target, a, b, target.dtype.type(1))


@primitive(effect=True, generated=True)
def accumulate_tn(target, a, b):
    """``target += a.T @ b`` of matrices of floats."""
    add_tn(target, a, b, target.dtype.type(1))


@primitive(effect=True, generated=True)
def deduct_nn(target, a, b):
    """``target -= a @ b`` of matrices of floats."""
    add_nn(target, a, b, target.dtype.type(-1))


@primitive(effect=True, generated=True)
def deduct_nt(target, a, b):
    """``target -= a @ b.T`` of matrices of floats."""
    add_nt(target, a, b, target.dtype.type(-1))


@primitive(effect=True, generated=True)
def deduct_tn(target, a, b):
    """``target -= a.T @ b`` of matrices of floats."""
    add_tn(target, a, b, target.dtype.type(-1))


# ---------------------------------------------------------------------------------- vectors


@primitive(effect=True, generated=True)
def accumulate_outer(target, a, b):
    """``target += outer_product(a, b)`` of vectors."""
    if target.shape != (a.shape[0], b.shape[0]):
        add_product(target, outer_product(a, b), target.dtype.type(1))
        return
    for i in range(a.shape[0]):
        factor = a[i]
        for j in range(b.shape[0]):
            target[i, j] += factor * b[j]


@primitive(effect=True, generated=True)
def deduct_outer(target, a, b):
    """``target -= outer_product(a, b)`` of vectors."""
    if target.shape != (a.shape[0], b.shape[0]):
        add_product(target, outer_product(a, b), target.dtype.type(-1))
        return
    for i in range(a.shape[0]):
        factor = a[i]
        for j in range(b.shape[0]):
            target[i, j] -= factor * b[j]


@kernel(fastmath=("reassoc", "contract"))
def add_matvec(target, a, x, sign):
    if a.shape[1] != x.shape[0] or target.shape[0] != a.shape[0]:
        target += sign * matvec(a, x)
        return
    for i in range(a.shape[0]):
        total = a.dtype.type(0)
        for j in range(a.shape[1]):
            total += a[i, j] * x[j]
        target[i] += sign * total


@kernel(fastmath=("reassoc", "contract"))
def add_vecmat(target, x, a, sign):
    if a.shape[0] != x.shape[0] or target.shape[0] != a.shape[1]:
        target += sign * vecmat(x, a)
        return
    for i in range(a.shape[0]):
        factor = sign * x[i]
        for j in range(a.shape[1]):
            target[j] += factor * a[i, j]


@primitive(effect=True, generated=True)
def accumulate_matvec(target, a, x):
    """``target += a @ x`` of a matrix and a vector."""
    add_matvec(target, a, x, target.dtype.type(1))


@primitive(effect=True, generated=True)
def accumulate_vecmat(target, x, a):
    """``target += x @ a`` of a vector and a matrix."""
    add_vecmat(target, x, a, target.dtype.type(1))


@primitive(effect=True, generated=True)
def deduct_matvec(target, a, x):
    """``target -= a @ x`` of a matrix and a vector."""
    add_matvec(target, a, x, target.dtype.type(-1))


@primitive(effect=True, generated=True)
def deduct_vecmat(target, x, a):
    """``target -= x @ a`` of a vector and a matrix."""
    add_vecmat(target, x, a, target.dtype.type(-1))


for _made, _small, _large in (
    ((accumulate_nn, deduct_nn), (real(3, 4), real(4, 2)), (real(12, 13), real(13, 11))),
    ((accumulate_nt, deduct_nt), (real(3, 4), real(2, 4)), (real(12, 13), real(11, 13))),
    ((accumulate_tn, deduct_tn), (real(4, 3), real(4, 2)), (real(13, 12), real(13, 11))),
):
    for _each in _made:
        _each.result(lambda target, a, b: target)
        _each.samples(
            sample(real(3, 2), *_small), sample(real(12, 11), *_large),
            sample(real(12, 22)[:, 4:15], *_large), sample(real(12, 22)[:, ::2], *_large),
            sample(real(11, 12).T, *_large), sample(real(12, 11)[::-1], *_large),
            sample(real(24, 11)[::2], *_large), rejects(real(3, 3), *_small, error=ValueError),
            rejects(real(3, 2), _small[0], real(3, 3), error=ValueError),
        )
for _each in (accumulate_outer, deduct_outer):
    _each.result(lambda target, a, b: target)
    _each.samples(
        sample(real(3, 4), real(3), real(4)), sample(real(2, 3), real(4)[::2], real(3)),
        sample(real(3, 4), real(1), real(4)), rejects(real(3, 4), real(2), real(4), error=ValueError),
    )
for _each in (accumulate_matvec, deduct_matvec):
    _each.result(lambda target, a, x: target)
    _each.samples(
        sample(real(3), real(3, 4), real(4)), sample(real(6)[::2], real(4, 3).T, real(8)[::2]),
        sample(real(3), real(1, 2), real(2)), rejects(real(2), real(3, 4), real(4), error=ValueError),
        rejects(real(3), real(3, 4), real(3), error=ValueError),
    )
for _each in (accumulate_vecmat, deduct_vecmat):
    _each.result(lambda target, x, a: target)
    _each.samples(
        sample(real(4), real(3), real(3, 4)), sample(real(6)[::2], real(8)[::2], real(3, 4).T),
        sample(real(3), real(2), real(2, 1)), rejects(real(2), real(3), real(3, 4), error=ValueError),
        rejects(real(4), real(4), real(3, 4), error=ValueError),
    )
