"""Products of stacks of matrices.

As for single matrices in ``linalg``, three forms (``a @ b``, ``a @ b.T``, ``a.T @ b``) are each other's
adjoints, so nothing is transposed in memory.  A stack of one matrix goes with every matrix of the other, and
its cotangent is summed: ``count`` says how many products are to be given, all of them or their sum.
"""

import numpy as np

from ..linalg import PLAIN, SMALL, TRANSPOSED, gemm, joined
from ..primitive import kernel, primitive, real, rejects, sample

__all__ = ["batched", "batched_int"]


@kernel
def stack_size(a, b):
    """How many products two stacks have."""
    if a.shape[0] != b.shape[0] and a.shape[0] != 1 and b.shape[0] != 1:
        raise ValueError("the products of two stacks of matrices need equally many, or one, of each")
    return b.shape[0] if a.shape[0] == 1 else a.shape[0]


@kernel
def distance_of_lines(x):
    """How far apart BLAS finds the rows of a stack's matrices; below zero: their columns; 0: copy them.

    So a view that has only its axes in another order need not be copied.
    """
    size = x.itemsize
    rows, columns = x.strides[1], x.strides[2]
    if columns == size and rows >= size * x.shape[2] and rows % size == 0:
        return rows // size
    if rows == size and columns >= size * x.shape[1] and columns % size == 0:
        return -(columns // size)
    return 0


@primitive(static=("form",))
def batched(a, b, count, form):
    """The products of the matrices of two stacks; ``count`` is 1 for their sum, -1 for all of them."""
    rows = a.shape[2] if form == "tn" else a.shape[1]
    inner = a.shape[1] if form == "tn" else a.shape[2]
    columns = b.shape[1] if form == "nt" else b.shape[2]
    if inner != (b.shape[2] if form == "nt" else b.shape[1]):
        raise ValueError("the products of two stacks of matrices need matching sizes")
    total = stack_size(a, b)
    if rows * inner * columns > SMALL:
        size = (total if count < 0 else count, rows, columns)
        out = np.empty(size, a.dtype) if count < 0 else np.zeros(size, a.dtype)
        right_step, left_step = distance_of_lines(b), distance_of_lines(a)
        right = b if right_step != 0 else np.ascontiguousarray(b)
        left = a if left_step != 0 else np.ascontiguousarray(a)
        for n in range(total):
            # BLAS counts in columns: to it all three matrices are transposed
            gemm(
                TRANSPOSED if (form == "nt") != (right_step < 0) else PLAIN,
                TRANSPOSED if (form == "tn") != (left_step < 0) else PLAIN,
                columns, rows, inner, 1.0,
                right[n if right.shape[0] > 1 else 0], abs(right_step) if right_step != 0 else right.shape[2],
                left[n if left.shape[0] > 1 else 0], abs(left_step) if left_step != 0 else left.shape[2],
                0.0 if count < 0 else 1.0, out[n if out.shape[0] > 1 else 0], columns,
            )
        return out
    out = np.zeros((total if count < 0 else count, rows, columns), a.dtype)
    for n in range(total):
        p = n if a.shape[0] > 1 else 0
        q = n if b.shape[0] > 1 else 0
        o = n if out.shape[0] > 1 else 0
        for i in range(rows):
            for k in range(inner):
                factor = a[p, k, i] if form == "tn" else a[p, i, k]
                for j in range(columns):
                    out[o, i, j] += factor * (b[q, j, k] if form == "nt" else b[q, k, j])
    return out


@batched.adjoint("a")
def batched_da(dy, b, a_shape, form):
    if form == "nn":
        return batched(dy, b, a_shape[0], "nt")
    if form == "nt":
        return batched(dy, b, a_shape[0], "nn")
    return batched(b, dy, a_shape[0], "nt")


@batched.adjoint("b")
def batched_db(dy, a, b_shape, form):
    if form == "nn":
        return batched(a, dy, b_shape[0], "tn")
    if form == "nt":
        return batched(dy, a, b_shape[0], "tn")
    return batched(a, dy, b_shape[0], "nn")


batched.body.fastmath = {"reassoc", "contract"}
batched.multilinear("a", "b")
batched.zero("count")
batched.result(lambda a, b, count, form: joined(a, b, 3))
batched.judged_by(lambda a, b, count, form: _products(a, b, count, form))
for _form, _left, _right in (
    ("nn", real(2, 3, 4), real(2, 4, 2)), ("nt", real(4, 3, 2).T, real(2, 2, 4)),
    ("tn", real(2, 4, 3), real(2, 4, 2)),
):
    batched.samples(
        sample(_left, _right, -1, form=_form), sample(_left[:1], _right, -1, form=_form),
        sample(_left, _right[:1], -1, form=_form), sample(_left, _right, 1, form=_form),
    )
batched.samples(
    *(sample(real(2, 11, 11), real(4, 11, 11)[::2], -1, form=_form) for _form in ("nn", "nt", "tn")),
    # axes in other orders, as BLAS takes them and as it does not
    *(
        sample(_left, _right, _count, form=_form)
        for _form in ("nn", "nt", "tn") for _count in (-1, 1) for _left, _right in (
            (real(11, 2, 11).transpose(1, 0, 2), real(11, 11, 2).transpose(2, 1, 0)),
            (real(2, 11, 11).transpose(0, 2, 1), real(2, 11, 22)[:, :, ::2]),
            (real(2, 11, 12)[:, :, 1:], real(11, 22, 1)[:, ::2].transpose(2, 1, 0)),
            (real(2, 11, 12)[:, :, 1:], real(11, 11, 4)[:, :, 1::2].transpose(2, 1, 0)),
            (real(1, 11, 11), real(2, 22, 11)[:, ::-2]),
        ) if _count < 0 or _left.shape == _right.shape
    ),
    sample(np.broadcast_to(real(1, 11), (2, 11, 11)), real(2, 11, 11), -1, form="nn"),
    sample(real(0, 3, 4), real(1, 4, 2), -1, form="nn"),
    rejects(real(2, 3, 4), real(3, 4, 2), -1, form="nn", error=ValueError),
    rejects(real(2, 3, 4), real(2, 3, 2), -1, form="nn", error=ValueError),
)


def _products(a, b, count, form):
    """What NumPy gives for it."""
    a = a.swapaxes(1, 2) if form == "tn" else a
    b = b.swapaxes(1, 2) if form == "nt" else b
    return np.sum(a @ b, axis=0, keepdims=True) if count == 1 else a @ b


@primitive()
def batched_int(a, b):
    """The products of the matrices of two stacks of integers."""
    total = stack_size(a, b)
    out = np.zeros((total, a.shape[1], b.shape[2]), a.dtype)
    for n in range(total):
        for i in range(a.shape[1]):
            for k in range(a.shape[2]):
                for j in range(b.shape[2]):
                    out[n, i, j] += a[n if a.shape[0] > 1 else 0, i, k] * b[n if b.shape[0] > 1 else 0, k, j]
    return out


batched_int.zero("a", "b")
batched_int.result(lambda a, b: joined(a, b, 3))
batched_int.samples(sample(np.arange(12).reshape(2, 2, 3), np.arange(6).reshape(1, 3, 2)))
