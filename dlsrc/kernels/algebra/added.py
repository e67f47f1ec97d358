"""Products that are added to a matrix: BLAS adds those of matrices itself, and nothing is between.

    accumulate(dW, matmat_nt(dz, x))         →    accumulate_nt(dW, dz, x)
    accumulate(dW, outer_product(dz, x))     →    accumulate_outer(dW, dz, x)
"""

import numpy as np

from ..linalg import (
    PLAIN, SMALL, TRANSPOSED, add_small_nt, add_small_tn, gemm, matmat_nt, matmat_tn, outer_product,
)
from ..primitive import kernel, primitive, real, rejects, sample

__all__ = ["accumulate_nt", "accumulate_outer", "accumulate_tn"]


@kernel
def added(target, a, b, back_a, back_b, rows, inner, columns):
    """Whether BLAS has added a product: to a matrix of its shape, with rows one after the other in memory."""
    row = target.strides[0] // target.itemsize
    if row < columns or target.strides[1] != target.itemsize:
        return False
    left, right = np.ascontiguousarray(a), np.ascontiguousarray(b)
    # BLAS counts in columns: to it all three matrices are transposed
    gemm(
        back_b, back_a, columns, rows, inner, 1.0, right, right.shape[1], left, left.shape[1], 1.0, target,
        row,
    )
    return True


@primitive(effect=True, generated=True)
def accumulate_nt(target, a, b):
    """``target += a @ b.T`` of matrices of floats."""
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[0]
    fits = inner == b.shape[1] and target.shape == (rows, columns)
    if fits and rows * inner * columns <= SMALL:
        add_small_nt(target, a, b)
    elif not fits or not added(target, a, b, PLAIN, TRANSPOSED, rows, inner, columns):
        target += matmat_nt(a, b)


@primitive(effect=True, generated=True)
def accumulate_tn(target, a, b):
    """``target += a.T @ b`` of matrices of floats."""
    rows, inner, columns = a.shape[1], a.shape[0], b.shape[1]
    fits = inner == b.shape[0] and target.shape == (rows, columns)
    if fits and rows * inner * columns <= SMALL:
        add_small_tn(target, a, b)
    elif not fits or not added(target, a, b, TRANSPOSED, PLAIN, rows, inner, columns):
        target += matmat_tn(a, b)


@primitive(effect=True, generated=True)
def accumulate_outer(target, a, b):
    """``target += outer_product(a, b)`` of vectors."""
    if target.shape != (a.shape[0], b.shape[0]):
        target += outer_product(a, b)
        return
    for i in range(a.shape[0]):
        factor = a[i]
        for j in range(b.shape[0]):
            target[i, j] += factor * b[j]


for _made, _small, _large in (
    (accumulate_nt, (real(3, 4), real(2, 4)), (real(12, 13), real(11, 13))),
    (accumulate_tn, (real(4, 3), real(4, 2)), (real(13, 12), real(13, 11))),
):
    _made.result(lambda target, a, b: target)
    _made.samples(
        sample(real(3, 2), *_small), sample(real(12, 11), *_large), sample(real(12, 22)[:, 4:15], *_large),
        sample(real(12, 22)[:, ::2], *_large), sample(real(11, 12).T, *_large),
        sample(real(12, 11)[::-1], *_large), sample(real(24, 11)[::2], *_large),
        rejects(real(3, 3), *_small, error=ValueError),
        rejects(real(3, 2), _small[0], real(3, 3), error=ValueError),
    )
accumulate_outer.result(lambda target, a, b: target)
accumulate_outer.samples(
    sample(real(3, 4), real(3), real(4)), sample(real(2, 3), real(4)[::2], real(3)),
    sample(real(3, 4), real(1), real(4)), rejects(real(3, 4), real(2), real(4), error=ValueError),
)
