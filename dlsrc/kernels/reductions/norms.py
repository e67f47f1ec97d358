"""Norms of vectors and matrices.  The derivative of a norm at zero is zero by convention."""

import numpy as np

from ..algebra.singular import svdvals
from ..declaring.axes import axes_of, axis_of, grouped, is_number, kind_of, weighted, without_axis
from ..primitive import composite, folded, kernel, kink, primitive, real, refuse, sample
from ..reduction import kept_dims, reduced, scalar_of

__all__ = ["norm", "norm2", "norm2_axis", "norm_power"]

FREE_ORDER = {"reassoc", "contract"}


@primitive()
def norm2(x):
    """The root of the sum of squares."""
    flat = x.ravel()
    total = x.dtype.type(0)
    for i in range(flat.shape[0]):
        total += flat[i] * flat[i]
    return np.sqrt(total)


norm2.body.fastmath = FREE_ORDER
norm2.result(scalar_of)


@norm2.adjoint("x")
def norm2_dx(dy, x, y):
    flat = x.ravel()
    out = np.zeros(flat.shape[0], x.dtype)
    if y != 0:
        scale = dy / y
        for i in range(flat.shape[0]):
            out[i] = scale * flat[i]
    return out.reshape(x.shape)


norm2.samples(
    sample(real(4)), sample(real(3, 4)), sample(real(4, 3).T), sample(real(6)[::2]),
    sample(real(4, dtype="float32")),
    kink(np.zeros(3), expect={"x": np.zeros(3)}),
)


@primitive(static=("axis",))
def norm2_axis(x, axis):
    """The roots of the sums of squares along one axis, which is removed."""
    groups = grouped(x, axis)
    out = np.zeros((groups.shape[0], groups.shape[2]), x.dtype)
    for i in range(groups.shape[0]):
        for k in range(groups.shape[1]):
            for j in range(groups.shape[2]):
                out[i, j] += groups[i, k, j] * groups[i, k, j]
        for j in range(groups.shape[2]):
            out[i, j] = np.sqrt(out[i, j])
    return out.reshape(without_axis(x.shape, axis))


norm2_axis.body.fastmath = FREE_ORDER
norm2_axis.result(reduced)


@norm2_axis.adjoint("x")
def norm2_axis_dx(dy, x, y, axis):
    groups = grouped(x, axis)
    norms = np.ascontiguousarray(y).reshape((groups.shape[0], groups.shape[2]))
    cotangents = np.ascontiguousarray(dy).reshape((groups.shape[0], groups.shape[2]))
    out = np.zeros(groups.shape, x.dtype)
    for i in range(groups.shape[0]):
        for k in range(groups.shape[1]):
            for j in range(groups.shape[2]):
                if norms[i, j] != 0:
                    out[i, k, j] = cotangents[i, j] * (groups[i, k, j] / norms[i, j])
    return out.reshape(x.shape)


@norm2_axis.tangent("x")
def norm2_axis_tx(tx, x, y, axis):
    return weighted(norm2_axis_dx(np.ones_like(y), x, y, axis), tx, axis)


norm2_axis.samples(
    sample(real(3, 4), axis=0), sample(real(3, 4), axis=1), sample(real(2, 3, 4), axis=1),
    sample(real(4, 3).T, axis=1), kink(np.zeros((2, 1)), axis=1, expect={"x": np.zeros((2, 1))}),
)


@kernel
def power_total(flat, p):
    total = flat.dtype.type(0)
    for i in range(flat.shape[0]):
        total += np.abs(flat[i]) ** p
    return total


@primitive(static=("p",))
def norm_power(x, p):
    """The ``p``-th root of the sum of ``p``-th powers of the absolute values."""
    return power_total(x.ravel(), x.dtype.type(p)) ** x.dtype.type(1 / p)


norm_power.result(lambda x, p: scalar_of(x))


@norm_power.adjoint("x")
def norm_power_dx(dy, x, y, p):
    flat = x.ravel()
    out = np.zeros(flat.shape[0], x.dtype)
    if y != 0:
        for i in range(flat.shape[0]):
            if flat[i] != 0:
                out[i] = dy * np.sign(flat[i]) * (np.abs(flat[i]) / y) ** x.dtype.type(p - 1)
    return out.reshape(x.shape)


norm_power.samples(
    sample(real(4), p=3), sample(real(4), p=1.5), sample(real(4), p=-2), kink(np.zeros(3),
    p=3, expect={"x": np.zeros(3)}),
)


@folded
def norm_order(ord):
    """The order of a norm, the infinite ones as words.

    >>> norm_order(-np.inf), norm_order(None), norm_order("fro")
    ('-inf', None, 'fro')
    """
    if is_number(ord) and np.isinf(ord):
        return "inf" if ord > 0 else "-inf"
    return ord


@composite()
def vector_norm(x, ord, axis):
    """A norm of a vector, or of the vectors along an axis (None: of all elements)."""
    if ord is None or ord == 2:
        if axis is None or x.ndim == 1:
            return norm2(x)
        return norm2_axis(x, axis_of(axis, x.ndim))
    if ord == 1:
        return np.sum(np.abs(x), axis)
    if ord == "inf":
        return np.max(np.abs(x), axis)
    if ord == "-inf":
        return np.min(np.abs(x), axis)
    if not is_number(ord):
        refuse(f"a vector has no norm {ord!r}: use None, 1, 2, another number, np.inf or -np.inf")
    if ord == 0:
        return 1.0 * np.count_nonzero(x, axis)
    if axis is None or x.ndim == 1:
        return norm_power(x, ord)
    return np.sum(np.abs(x) ** ord, axis) ** (1 / ord)


@composite(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    """A norm of a vector or a matrix, or of the vectors along an axis."""
    if x.ndim == 0:
        return np.abs(x)
    if kind_of(x.dtype) != "f":
        x = x.astype("float64")
    ord = norm_order(ord)
    axes = axes_of(axis, x.ndim)
    if axis is None and ord is None:
        y = norm2(x)
    elif len(axes) == 1:
        y = vector_norm(x, ord, axes[0])
    elif x.ndim != 2 or len(axes) != 2:
        refuse("norms over two axes of a larger array are not known here: reshape it to a matrix")
    elif ord is None or ord == "fro":
        y = norm2(x)
    elif ord == 1:
        y = np.max(np.sum(np.abs(x), 0))
    elif ord == -1:
        y = np.min(np.sum(np.abs(x), 0))
    elif ord == "inf":
        y = np.max(np.sum(np.abs(x), 1))
    elif ord == "-inf":
        y = np.min(np.sum(np.abs(x), 1))
    elif ord == 2:
        y = svdvals(x)[0]
    elif ord == -2:
        y = svdvals(x)[-1]
    elif ord == "nuc":
        y = np.sum(svdvals(x))
    else:
        refuse(f"a matrix has no norm {ord!r}: use 'fro', 'nuc', 1, -1, 2, -2, np.inf or -np.inf")
    if keepdims:
        return kept_dims(y, axis, x.ndim)
    return y


norm.samples(
    sample(real(4)), sample(real(4), 1), sample(real(4), np.inf), sample(real(4), -np.inf), sample(real(4),
    3),
    sample(real(3, 4)), sample(real(3, 4), "fro"), sample(real(3, 4), 1), sample(real(3, 4), np.inf),
    sample(real(3, 4), 2), sample(real(3, 4), -2), sample(real(3, 4), "nuc"), sample(real(3, 4), -1),
    sample(real(3, 4), axis=1), sample(real(3, 4), 1, axis=0), sample(real(3, 4), axis=0, keepdims=True),
    sample(real(2, 3, 4)), sample(real(2, 3, 4), axis=1), sample(real(3, 4), 3, axis=1),
)
