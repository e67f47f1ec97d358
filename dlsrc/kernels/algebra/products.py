"""The products that users write (``@``, dot, inner, outer, …), in terms of the primitives of ``linalg``."""

import numpy as np

from ..declaring.axes import common_dtype, kind_of
from ..linalg import matmat, matmat_int, matmat_nt, matmat_tn, matvec, outer_product, vec_dot, vecmat
from ..primitive import composite, real, refuse, sample
from .stacks import batched, batched_int

__all__ = ["dot", "inner", "matmul", "outer", "vdot"]



@composite(np.matmul, np.linalg.matmul)
def matmul(a, b):
    """``a @ b``: products of vectors, matrices and stacks of matrices."""
    if a.ndim == 0 or b.ndim == 0:
        refuse("@ multiplies vectors and matrices: write * for a product with a number")
    if kind_of(a.dtype) == "b" and kind_of(b.dtype) == "b":
        refuse("the product of two arrays of truth values: convert one with .astype(int)")
    if a.dtype != b.dtype:
        dtype = common_dtype(a.dtype, b.dtype)
        return matmul(a.astype(dtype), b.astype(dtype))
    # A transposed matrix is in F order: its transpose is used as it lies.
    a_back = a.ndim == 2 and a.flags.f_contiguous and not a.flags.c_contiguous
    b_back = b.ndim == 2 and b.flags.f_contiguous and not b.flags.c_contiguous
    if a.ndim == 1 and b.ndim == 1:
        return vec_dot(a, b)
    if a.ndim == 2 and b.ndim == 1:
        if a_back:
            return vecmat(b, a.T)
        return matvec(a, b)
    if a.ndim == 1 and b.ndim == 2:
        if b_back:
            return matvec(b.T, a)
        return vecmat(a, b)
    if a.ndim == 2 and b.ndim == 2:
        if kind_of(a.dtype) != "f":
            return matmat_int(a, b)
        if a_back and b_back:
            return matmat(b.T, a.T).T
        if a_back:
            return matmat_tn(a.T, b)
        if b_back:
            return matmat_nt(a, b.T)
        return matmat(a, b)
    if a.ndim == 3 and b.ndim == 3:
        if kind_of(a.dtype) != "f":
            return batched_int(a, b)
        return batched(a, b, -1, "nn")
    if a.ndim == 3 and b.ndim == 2:
        rows = a.reshape(a.shape[0] * a.shape[1], a.shape[2])
        return matmul(rows, b).reshape(a.shape[0], a.shape[1], b.shape[1])
    if a.ndim == 3 and b.ndim == 1:
        rows = a.reshape(a.shape[0] * a.shape[1], a.shape[2])
        return matmul(rows, b).reshape(a.shape[0], a.shape[1])
    if a.ndim == 2 and b.ndim == 3:
        return matmul(a[np.newaxis], b)
    if b.ndim == 1:
        return np.sum(a * b, axis=a.ndim - 1)
    if a.ndim == 1:
        return np.sum(np.expand_dims(a, 1) * b, axis=b.ndim - 2)
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left = np.broadcast_to(a, lead + (a.shape[a.ndim - 2], a.shape[a.ndim - 1]))
    right = np.broadcast_to(b, lead + (b.shape[b.ndim - 2], b.shape[b.ndim - 1]))
    count = 1  # -1 cannot be told where a matrix is empty
    for size in lead:
        count = count * size
    stack = matmul(
        np.reshape(left, (count, a.shape[a.ndim - 2], a.shape[a.ndim - 1])),
        np.reshape(right, (count, b.shape[b.ndim - 2], b.shape[b.ndim - 1])),
    )
    return np.reshape(stack, lead + (a.shape[a.ndim - 2], b.shape[b.ndim - 1]))


@composite(np.dot, methods=("dot",))
def dot(a, b, out=None):
    """The product of vectors and matrices; with a number, the product of all elements."""
    if out is not None:
        refuse("dot(out=…): assign the result instead, out[...] = np.dot(a, b)")
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if b.ndim > 2:
        refuse("np.dot with an array of three or more dimensions: write @ for stacks of matrices")
    return matmul(a, b)


@composite(np.inner)
def inner(a, b):
    """The sums of products over the last axes."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if b.ndim > 2:
        refuse("np.inner with an array of three or more dimensions: write @")
    if b.ndim == 1:
        return matmul(a, b)
    return matmul(a, b.T)


@composite(np.vdot)
def vdot(a, b):
    """The sum of the products of all elements."""
    if a.ndim == 0:
        return a * b
    return matmul(np.ravel(a), np.ravel(b))


@composite(np.outer, np.linalg.outer)
def outer(a, b, out=None):
    """All products of an element of one array and an element of another, as a matrix."""
    if out is not None:
        refuse("outer(out=…): assign the result instead, out[...] = np.outer(a, b)")
    if a.dtype != b.dtype:
        dtype = common_dtype(a.dtype, b.dtype)
        return outer_product(np.ravel(a).astype(dtype), np.ravel(b).astype(dtype))
    return outer_product(np.ravel(a), np.ravel(b))


matmul.samples(
    sample(real(3), real(3)), sample(real(2, 3), real(3)), sample(real(3), real(3, 2)), sample(real(2, 3),
    real(3, 4)),
    sample(real(3, 2).T, real(3, 4)), sample(real(2, 3), real(4, 3).T), sample(real(3, 2).T, real(4, 3).T),
    sample(real(3, 2).T, real(3)), sample(real(3), real(2, 3).T), sample(real(2, 3, 4), real(2, 4, 2)),
    sample(real(2, 3, 4), real(4, 2)), sample(real(2, 3, 4), real(4)), sample(real(3, 4), real(2, 4, 2)),
    sample(real(2, 2, 3, 4), real(2, 2, 4, 2)), sample(real(1, 3, 4), real(2, 4, 2)),
    sample(real(2, 2, 3, 4), real(2, 4, 2)), sample(real(2, 1, 3, 4), real(4, 2)),
    sample(real(4), real(2, 4, 2)), sample(real(2, 3, 3, 0), real(3, 0, 2)),
    sample(real(2, 2, 3, 2), real(2, 2, 0)),
    sample(real(3, 4), real(2, 2, 4, 2)), sample(real(2, 2, 3, 4), real(4)),
    sample(np.ones((2, 3), int), real(3, 2)),
    sample(np.ones((2, 3), int), np.ones((3, 2), int)), sample(real(2, 3) > 0, real(3)),
)
dot.samples(sample(real(3), real(3)), sample(real(2, 3), real(3, 4)), sample(np.float64(2.0), real(3)))
inner.samples(sample(real(3), real(3)), sample(real(2, 3), real(4, 3)), sample(real(2, 3), real(3)))
vdot.samples(sample(real(3), real(3)), sample(real(2, 3), real(2, 3)))
outer.samples(sample(real(3), real(4)), sample(real(2, 3), np.arange(2)))
