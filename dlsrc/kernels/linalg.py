"""Products of vectors and matrices, one primitive for each shape; ``products`` chooses among them.

A matrix product has three forms, ``a @ b``, ``a.T @ b`` and ``a @ b.T``, and the adjoints of each are
among the three: so no operand is ever transposed in memory.  Small products are loops, which beat a call
of BLAS by three up to about ten rows and columns; large ones are BLAS.
"""

import numpy as np

from .declaring.axes import common_dtype
from .declaring.foreign import blas
from .primitive import kernel, primitive, real, rejects, sample
from .types import Array, Scalar, unlabelled

__all__ = [
    "PLAIN", "TRANSPOSED", "add_small", "gemm", "joined",
    "matmat", "matmat_int", "matmat_nt", "matmat_tn", "matvec",
    "outer_product", "vec_dot", "vecmat",
]

FREE_ORDER = {"reassoc", "contract"}
SMALL = 1000  # multiplications; measured: below, loops are faster than a call of BLAS


def joined(a, b, ndim):
    """The type of a product of two arrays."""
    return Array(common_dtype(a.dtype, b.dtype), ndim, "C", unlabelled(a, b))


# ---------------------------------------------------------------------------------- vectors


@primitive()
def vec_dot(a, b):
    """The sum of the products of two vectors."""
    if a.shape[0] != b.shape[0]:
        raise ValueError("the product of two vectors needs equal lengths")
    total = a.dtype.type(0) * b.dtype.type(0)
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@vec_dot.result
def vec_dot_result(a, b):
    return Scalar(common_dtype(a.dtype, b.dtype), labels=unlabelled(a, b))


@vec_dot.adjoint("a")
def vec_dot_da(dy, b):
    return dy * b


@vec_dot.adjoint("b")
def vec_dot_db(dy, a):
    return dy * a


vec_dot.body.fastmath = FREE_ORDER
vec_dot.multilinear("a", "b")
vec_dot.samples(
    sample(real(4), real(4)), sample(real(8)[::2], real(4)), sample(real(0), real(0)),
    sample(np.arange(3), np.arange(3)), sample(real(4, dtype="float32"), real(4, dtype="float32")),
    rejects(real(3), real(4), error=ValueError),
)


@primitive()
def matvec(a, x):
    """The product of a matrix and a vector."""
    if a.shape[1] != x.shape[0]:
        raise ValueError("a matrix times a vector needs as many columns as the vector has elements")
    out = np.empty(a.shape[0], a.dtype)
    for i in range(a.shape[0]):
        total = a.dtype.type(0)
        for j in range(a.shape[1]):
            total += a[i, j] * x[j]
        out[i] = total
    return out


@matvec.result
def matvec_result(a, x):
    return joined(a, x, 1)


@matvec.adjoint("a")
def matvec_da(dy, x):
    return outer_product(dy, x)


@matvec.adjoint("x")
def matvec_dx(dy, a):
    return vecmat(dy, a)


@kernel(fastmath=("reassoc", "contract"), side_by_side=True, inlined=True)
def add_rows(out, x, a):
    """``out = x @ a`` of a small matrix, four columns side by side as in ``add_small``."""
    rows, columns = a.shape[0], a.shape[1]
    j = 0
    while j + 4 <= columns:
        y0 = y1 = y2 = y3 = a.dtype.type(0)
        for i in range(rows):
            factor = x[i]
            y0 += factor * a[i, j]
            y1 += factor * a[i, j + 1]
            y2 += factor * a[i, j + 2]
            y3 += factor * a[i, j + 3]
        out[j], out[j + 1], out[j + 2], out[j + 3] = y0, y1, y2, y3
        j += 4
    while j < columns:
        y0 = a.dtype.type(0)
        for i in range(rows):
            y0 += x[i] * a[i, j]
        out[j] = y0
        j += 1


@primitive()
def vecmat(x, a):
    """The product of a vector and a matrix."""
    if a.shape[0] != x.shape[0]:
        raise ValueError("a vector times a matrix needs as many rows as the vector has elements")
    out = np.empty(a.shape[1], a.dtype)
    if a.size <= SMALL:
        add_rows(out, x, a)
        return out
    out[:] = 0
    for i in range(a.shape[0]):
        factor = x[i]
        for j in range(a.shape[1]):
            out[j] += factor * a[i, j]
    return out


@vecmat.result
def vecmat_result(x, a):
    return joined(x, a, 1)


@vecmat.adjoint("x")
def vecmat_dx(dy, a):
    return matvec(a, dy)


@vecmat.adjoint("a")
def vecmat_da(dy, x):
    return outer_product(x, dy)


@primitive()
def outer_product(a, b):
    """All products of an element of one vector and an element of another, as a matrix."""
    out = np.empty((a.shape[0], b.shape[0]), a.dtype)
    for i in range(a.shape[0]):
        factor = a[i]
        for j in range(b.shape[0]):
            out[i, j] = factor * b[j]
    return out


@outer_product.result
def outer_product_result(a, b):
    return joined(a, b, 2)


@outer_product.adjoint("a")
def outer_product_da(dy, b):
    return matvec(dy, b)


@outer_product.adjoint("b")
def outer_product_db(dy, a):
    return vecmat(a, dy)


matvec.body.fastmath = FREE_ORDER
vecmat.body.fastmath = FREE_ORDER
matvec.multilinear("a", "x")
matvec.samples(
    sample(real(3, 4), real(4)), sample(real(4, 3).T, real(8)[::2]), sample(real(0, 2), real(2)),
    sample(np.ones((2, 3), int), np.arange(3)), rejects(real(3, 4), real(3), error=ValueError),
)
vecmat.multilinear("x", "a")
vecmat.samples(
    sample(real(3), real(3, 4)), sample(real(3), real(3, 7)), sample(real(0), real(0, 5)),
    sample(real(40), real(40, 30)), sample(real(6)[::2], real(4, 3).T), sample(real(2), real(2, 0)),
    rejects(real(4), real(3, 4), error=ValueError),
)
outer_product.multilinear("a", "b")
outer_product.samples(
    sample(real(3), real(4)), sample(real(6)[::2], real(2)), sample(np.arange(3), np.arange(2)),
)

# ---------------------------------------------------------------------------------- matrices


# The result is made where it is returned, and small products are written into the primitive itself: measured,
# of 4 x 4 matrices half of the time went into handing arrays on to another kernel, and a third into handing
# a result back.


@kernel(fastmath=("reassoc", "contract"), side_by_side=True, inlined=True)
def add_small(out, a, b, sign, fresh):
    """``out += sign * a @ b``, in either order each; with ``fresh`` there is nothing yet in ``out``.

    Four columns of a row are one sum each, which LLVM makes a vector of: nothing is fetched or stored twice,
    and no loop is shorter than what prepares it.  4 x 4 matrices take 9 ns, and 18 by the loops over rows,
    inner dimension and columns that one would write.
    """
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    zero = out.dtype.type(0)
    j = 0
    while j + 4 <= columns:
        for i in range(rows):
            y0 = y1 = y2 = y3 = zero
            if not fresh:
                y0, y1, y2, y3 = out[i, j], out[i, j + 1], out[i, j + 2], out[i, j + 3]
            for k in range(inner):
                factor = sign * a[i, k]
                y0 += factor * b[k, j]
                y1 += factor * b[k, j + 1]
                y2 += factor * b[k, j + 2]
                y3 += factor * b[k, j + 3]
            out[i, j], out[i, j + 1], out[i, j + 2], out[i, j + 3] = y0, y1, y2, y3
        j += 4
    if j + 2 <= columns:
        for i in range(rows):
            y0 = y1 = zero
            if not fresh:
                y0, y1 = out[i, j], out[i, j + 1]
            for k in range(inner):
                factor = sign * a[i, k]
                y0 += factor * b[k, j]
                y1 += factor * b[k, j + 1]
            out[i, j], out[i, j + 1] = y0, y1
        j += 2
    if j < columns:
        for i in range(rows):
            y0 = zero if fresh else out[i, j]
            for k in range(inner):
                y0 += sign * a[i, k] * b[k, j]
            out[i, j] = y0


# numba's own ``dot`` takes eight functions to compile; this is the routine that it calls in the end.
gemm = blas("gemm", "cciiinaiainai")
PLAIN, TRANSPOSED = ord("N"), ord("T")


@kernel
def large(out, a, b, back_a, back_b, inner):
    """A product by BLAS, which counts in columns: to it all three matrices are transposed.

    ``ascontiguousarray`` costs nothing for arrays in C order; others are copied once.
    """
    left = np.ascontiguousarray(a)
    right = np.ascontiguousarray(b)
    gemm(
        back_b, back_a, out.shape[1], out.shape[0], inner, 1.0, right, right.shape[1], left, left.shape[1],
        0.0, out, out.shape[1],
    )


@primitive()
def matmat(a, b):
    """The product of two matrices of floats."""
    if a.shape[1] != b.shape[0]:
        raise ValueError("a @ b of two matrices needs as many columns in a as rows in b")
    out = np.empty((a.shape[0], b.shape[1]), a.dtype)
    if a.shape[0] * a.shape[1] * b.shape[1] <= SMALL:
        add_small(out, a, b, a.dtype.type(1), True)
    else:
        large(out, a, b, PLAIN, PLAIN, a.shape[1])
    return out


@matmat.adjoint("a")
def matmat_da(dy, b):
    return matmat_nt(dy, b)


@matmat.adjoint("b")
def matmat_db(dy, a):
    return matmat_tn(a, dy)


@primitive()
def matmat_tn(a, b):
    """``a.T @ b`` of two matrices of floats."""
    if a.shape[0] != b.shape[0]:
        raise ValueError("the product a.T @ b needs as many rows in one as in the other")
    out = np.empty((a.shape[1], b.shape[1]), a.dtype)
    if a.shape[0] * a.shape[1] * b.shape[1] <= SMALL:
        add_small(out, a.T, b, a.dtype.type(1), True)
    else:
        large(out, a, b, TRANSPOSED, PLAIN, a.shape[0])
    return out


@matmat_tn.adjoint("a")
def matmat_tn_da(dy, b):
    return matmat_nt(b, dy)


@matmat_tn.adjoint("b")
def matmat_tn_db(dy, a):
    return matmat(a, dy)


@primitive()
def matmat_nt(a, b):
    """``a @ b.T`` of two matrices of floats."""
    if a.shape[1] != b.shape[1]:
        raise ValueError("the product a @ b.T needs as many columns in one as in the other")
    out = np.empty((a.shape[0], b.shape[0]), a.dtype)
    if a.shape[0] * a.shape[1] * b.shape[0] <= SMALL:
        add_small(out, a, b.T, a.dtype.type(1), True)
    else:
        large(out, a, b, PLAIN, TRANSPOSED, a.shape[1])
    return out


@matmat_nt.adjoint("a")
def matmat_nt_da(dy, b):
    return matmat(dy, b)


@matmat_nt.adjoint("b")
def matmat_nt_db(dy, a):
    return matmat_tn(dy, a)


for _product in (matmat, matmat_tn, matmat_nt):
    _product.result(lambda a, b: joined(a, b, 2))

matmat.multilinear("a", "b")
matmat.samples(
    sample(real(3, 4), real(4, 2)), sample(real(4, 3).T, real(4, 2)), sample(real(12, 13), real(13, 11)),
    sample(real(13, 12).T, real(13, 22)[:, ::2]), sample(real(0, 2), real(2, 3)), sample(real(2, 0),
    real(0, 3)),
    sample(real(3, 4, dtype="float32"), real(4, 2, dtype="float32")),
    rejects(real(3, 4), real(3, 2), error=ValueError),
)
matmat_tn.multilinear("a", "b")
matmat_tn.samples(
    sample(real(4, 3), real(4, 2)), sample(real(3, 4).T, real(4, 2)), sample(real(13, 12), real(13, 11)),
    sample(real(12, 13).T, real(13, 11)), rejects(real(3, 4), real(4, 2), error=ValueError),
)
matmat_nt.multilinear("a", "b")
matmat_nt.samples(
    sample(real(3, 4), real(2, 4)), sample(real(4, 3).T, real(2, 4)), sample(real(12, 13), real(11, 13)),
    sample(real(12, 13), real(13, 11).T), rejects(real(3, 4), real(4, 3), error=ValueError),
)


@primitive()
def matmat_int(a, b):
    """The product of two matrices of integers."""
    if a.shape[1] != b.shape[0]:
        raise ValueError("a @ b of two matrices needs as many columns in a as rows in b")
    out = np.empty((a.shape[0], b.shape[1]), a.dtype)
    add_small(out, a, b, a.dtype.type(1), True)
    return out


matmat_int.zero("a", "b")
matmat_int.result(lambda a, b: joined(a, b, 2))
matmat_int.samples(sample(np.ones((2, 3), int), np.ones((3, 2), int)))
