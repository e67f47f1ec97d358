"""Softmax and its relatives.

Subtracting the maximum keeps ``exp`` finite.  Elements of -inf (masked ones) get the weight zero; where
all elements of a group are -inf, logsumexp is -inf and passes no derivative.
"""

import numpy as np

from .declaring.axes import axes_from_last, axes_of, axis_of, grouped, kind_of, weighted, without_axis
from .primitive import composite, kernel, kink, primitive, real, refuse, sample
from .programs.labels import axis_labelled, format_of
from .programs.trace import detach
from .reduction import kept_dims, reduced, scalar_of
from .reductions.exponentials import (
    log_softmax_rows, log_softmax_rows_dx, log_total, log_totals, log_totals_dx, rows_of, softmax_rows,
)
from .types import Array

__all__ = [
    "log_softmax", "log_softmax_axis", "logsumexp", "logsumexp_all", "logsumexp_axis", "softmax",
    "softmax_axis",
]

FREE_ORDER = {"reassoc", "contract"}


def same_shape(x, axis):
    """The type of an array of the same shape, in C order."""
    return Array(x.dtype, x.ndim, "C", x.labels)


@primitive(static=("axis",))
def softmax_axis(x, axis):
    """Positive weights that sum to one along an axis."""
    if x.shape[axis] == 0:
        raise ValueError("softmax along an axis without elements: its maximum does not exist")
    if axis + 1 == x.ndim:
        rows = rows_of(x, axis)
        filled = np.empty_like(rows)
        softmax_rows(rows, filled)
        return filled.reshape(x.shape)
    groups = grouped(x, axis)
    out = np.empty(groups.shape, x.dtype)
    n = groups.shape[1]
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            largest = groups[i, 0, j]
            for k in range(1, n):
                if groups[i, k, j] > largest:
                    largest = groups[i, k, j]
            total = x.dtype.type(0)
            for k in range(n):
                e = np.exp(groups[i, k, j] - largest)
                out[i, k, j] = e
                total += e
            for k in range(n):
                out[i, k, j] /= total
    return out.reshape(x.shape)


@kernel(fastmath=("reassoc", "contract"))
def softmax_row_dx(cotangents, weights, out):
    """Fills ``out`` with the derivative by a vector of its softmax, ``weights``."""
    mean = weights.dtype.type(0)
    for k in range(weights.shape[0]):
        mean += weights[k] * cotangents[k]
    for k in range(weights.shape[0]):
        out[k] = weights[k] * (cotangents[k] - mean)


@softmax_axis.adjoint("x")
def softmax_axis_dx(dy, y, axis):
    if axis + 1 == y.ndim:
        ys = rows_of(y, axis)
        dys = rows_of(dy, axis)
        filled = np.empty_like(ys)
        for i in range(ys.shape[0]):
            softmax_row_dx(dys[i], ys[i], filled[i])
        return filled.reshape(y.shape)
    weights = grouped(y, axis)
    cotangents = grouped(dy, axis)
    out = np.empty(weights.shape, y.dtype)
    n = weights.shape[1]
    for i in range(weights.shape[0]):
        for j in range(weights.shape[2]):
            mean = y.dtype.type(0)
            for k in range(n):
                mean += weights[i, k, j] * cotangents[i, k, j]
            for k in range(n):
                out[i, k, j] = weights[i, k, j] * (cotangents[i, k, j] - mean)
    return out.reshape(y.shape)


@primitive(static=("axis",))
def log_softmax_axis(x, axis):
    """The logarithms of the weights of softmax along an axis."""
    if x.shape[axis] == 0:
        raise ValueError("softmax along an axis without elements: its maximum does not exist")
    if axis + 1 == x.ndim:
        rows = rows_of(x, axis)
        filled = np.empty_like(rows)
        log_softmax_rows(rows, filled)
        return filled.reshape(x.shape)
    groups = grouped(x, axis)
    out = np.empty(groups.shape, x.dtype)
    n = groups.shape[1]
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            largest = groups[i, 0, j]
            for k in range(1, n):
                if groups[i, k, j] > largest:
                    largest = groups[i, k, j]
            total = x.dtype.type(0)
            for k in range(n):
                # see log_softmax_rows
                out[i, k, j] = groups[i, k, j] - largest
                total += np.exp(out[i, k, j])
            total = np.log(total)
            for k in range(n):
                out[i, k, j] -= total
    return out.reshape(x.shape)


@log_softmax_axis.adjoint("x")
def log_softmax_axis_dx(dy, y, axis):
    if axis + 1 == y.ndim:
        ys = rows_of(y, axis)
        filled = np.empty_like(ys)
        log_softmax_rows_dx(rows_of(dy, axis), ys, filled)
        return filled.reshape(y.shape)
    logs = grouped(y, axis)
    cotangents = grouped(dy, axis)
    out = np.empty(logs.shape, y.dtype)
    n = logs.shape[1]
    for i in range(logs.shape[0]):
        for j in range(logs.shape[2]):
            total = y.dtype.type(0)
            for k in range(n):
                total += cotangents[i, k, j]
            for k in range(n):
                out[i, k, j] = cotangents[i, k, j] - np.exp(logs[i, k, j]) * total
    return out.reshape(y.shape)


@softmax_axis.tangent("x")
def softmax_axis_tx(tx, y, axis):
    return softmax_axis_dx(tx, y, axis)  # the matrix of derivatives is symmetric


@log_softmax_axis.tangent("x")
def log_softmax_axis_tx(tx, y, axis):
    logs = grouped(y, axis)
    tangents = grouped(tx, axis)
    out = np.empty(logs.shape, y.dtype)
    n = logs.shape[1]
    for i in range(logs.shape[0]):
        for j in range(logs.shape[2]):
            mean = y.dtype.type(0)
            for k in range(n):
                mean += np.exp(logs[i, k, j]) * tangents[i, k, j]
            for k in range(n):
                out[i, k, j] = tangents[i, k, j] - mean
    return out.reshape(y.shape)


for _made in (softmax_axis, log_softmax_axis):
    _made.result(same_shape)
    _made.samples(
        sample(real(4), axis=0), sample(real(3, 4), axis=0), sample(real(3, 4), axis=1),
        sample(real(2, 3, 4), axis=1), sample(real(4, 3).T, axis=1), sample(real(1, 4), axis=0),
        sample(400 * real(3, 4), axis=1),  # exp of 800 overflows
        sample(real(3, 4, dtype="float32"), axis=1),
    )
for _rule in (softmax_axis.body, softmax_axis_dx, log_softmax_axis_dx):
    _rule.fastmath = FREE_ORDER  # type: ignore[union-attr]  # log_softmax itself stays strict: reassociated, it would lose those digits

MASKED = np.array([0.0, -np.inf, 0.0])
softmax_axis.samples(kink(MASKED, axis=0, expect={"x": np.zeros(3)}))
log_softmax_axis.samples(kink(MASKED, axis=0, expect={"x": np.array([-0.5, 1.0, -0.5])}))


@primitive()
def logsumexp_all(x):
    """The logarithm of the sum of the exponentials of all elements."""
    flat = x.ravel()
    if flat.shape[0] == 0:
        raise ValueError("logsumexp of an array without elements: its maximum does not exist")
    return log_total(flat)


@logsumexp_all.adjoint("x")
def logsumexp_all_dx(dy, x, y):
    flat = x.ravel()
    out = np.zeros(flat.shape[0], x.dtype)
    for k in range(flat.shape[0]):
        if np.isinf(y):
            if y > 0 and flat[k] == y:
                out[k] = dy
        else:
            out[k] = dy * np.exp(flat[k] - y)
    return out.reshape(x.shape)


logsumexp_all.result(scalar_of)
logsumexp_all.samples(
    sample(real(5)), sample(real(3, 4)), sample(real(4, 3).T), sample(400 * real(5)),
    sample(real(4, dtype="float32")),
    kink(np.full(3, -np.inf), expect={"x": np.zeros(3)}),
    kink(MASKED, expect={"x": np.array([0.5, 0.0, 0.5])}),
)


@primitive(static=("axis",))
def logsumexp_axis(x, axis):
    """The logarithms of the sums of exponentials along one axis, which is removed."""
    if x.shape[axis] == 0:
        raise ValueError("logsumexp along an axis without elements: its maximum does not exist")
    if axis + 1 == x.ndim:  # numba decides that, and makes nothing of the rest
        rows = rows_of(x, axis)
        totals = np.empty(rows.shape[0], x.dtype)
        log_totals(rows, totals)
        return totals.reshape(without_axis(x.shape, axis))
    groups = grouped(x, axis)
    out = np.empty((groups.shape[0], groups.shape[2]), x.dtype)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            out[i, j] = log_total(groups[i, :, j])
    return out.reshape(without_axis(x.shape, axis))


@logsumexp_axis.adjoint("x")
def logsumexp_axis_dx(dy, x, y, axis):
    if axis + 1 == x.ndim:
        rows = rows_of(x, axis)
        filled = np.empty_like(rows)
        log_totals_dx(dy.ravel(), rows, y.ravel(), filled)
        return filled.reshape(x.shape)
    groups = grouped(x, axis)
    totals = np.ascontiguousarray(y).reshape((groups.shape[0], groups.shape[2]))
    cotangents = np.ascontiguousarray(dy).reshape((groups.shape[0], groups.shape[2]))
    out = np.zeros(groups.shape, x.dtype)
    for i in range(groups.shape[0]):
        for k in range(groups.shape[1]):
            for j in range(groups.shape[2]):
                if np.isinf(totals[i, j]):
                    if totals[i, j] > 0 and groups[i, k, j] == totals[i, j]:
                        out[i, k, j] = cotangents[i, j]
                else:
                    out[i, k, j] = cotangents[i, j] * np.exp(groups[i, k, j] - totals[i, j])
    return out.reshape(x.shape)


@logsumexp_axis.tangent("x")
def logsumexp_axis_tx(tx, x, y, axis):
    return weighted(logsumexp_axis_dx(np.ones_like(y), x, y, axis), tx, axis)


logsumexp_axis.result(reduced)
logsumexp_axis.samples(
    sample(real(3, 4), axis=0), sample(real(3, 4), axis=1), sample(real(2, 3, 4), axis=1),
    sample(real(4, 3).T, axis=1), sample(400 * real(3, 4), axis=1),
    kink(np.full((1, 2), -np.inf), axis=1, expect={"x": np.zeros((1, 2))}),
)


@composite()
def as_floats(x):
    """The array with integers and truth values converted to float64."""
    if kind_of(x.dtype) == "f":
        return x
    return x.astype("float64")


@composite("scipy.special.softmax")
def softmax(x, axis=None, data_format=None):
    """Positive weights that sum to one, over all elements, along an axis, or over channels."""
    if data_format is not None:
        channel = axis_labelled(format_of(data_format, x.ndim, "softmax"), "C", "softmax")
        return softmax_axis(as_floats(x), channel)
    if axis is None:
        return np.reshape(softmax_axis(np.ravel(as_floats(x)), 0), x.shape)
    return softmax_axis(as_floats(x), axis_of(axis, x.ndim))


@composite("scipy.special.log_softmax")
def log_softmax(x, axis=None):
    """The logarithms of the weights of softmax."""
    if axis is None:
        return np.reshape(log_softmax_axis(np.ravel(as_floats(x)), 0), x.shape)
    return log_softmax_axis(as_floats(x), axis_of(axis, x.ndim))


@composite()
def weighted_logsumexp(a, axis, b, keepdims):
    """The logarithm of a sum of exponentials with weights, nan where that sum is negative."""
    largest = detach(np.max(a, axis=axis, keepdims=True), False)
    largest = np.where(np.abs(largest) < np.inf, largest, 0.0)
    # not less the largest of those with a weight: one of weight zero still has a derivative by it
    total = np.sum(b * np.exp(a - largest), axis=axis, keepdims=True)
    y = np.log(total) + largest
    if keepdims:
        return y
    return np.sum(y, axis=axis)


@composite("scipy.special.logsumexp")
def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    """The logarithm of the sum of exponentials, of all elements or along axes."""
    if return_sign:
        refuse("logsumexp(return_sign=True): write the sum of exponentials out, less their maximum")
    if b is not None:
        return weighted_logsumexp(as_floats(a), axis, b, keepdims)
    if a.ndim == 0:
        return 1.0 * a
    y = as_floats(a)
    if len(axes_of(axis, a.ndim)) == a.ndim:
        y = logsumexp_all(y)
    else:
        for k in axes_from_last(axis, a.ndim):
            y = logsumexp_axis(y, k)
    if keepdims:
        return kept_dims(y, axis, a.ndim)
    return y


for _composite in (softmax, log_softmax, logsumexp):
    _composite.samples(
        sample(real(4)), sample(real(3, 4)), sample(real(3, 4), axis=-1), sample(real(2, 3, 4), axis=1),
        sample(np.arange(3)),
    )
logsumexp.samples(
    sample(real(2, 3, 4), axis=(0, 2), keepdims=True), sample(real(4), b=abs(real(4))),
    sample(400 * real(3, 4), axis=1, b=abs(real(4))), sample(real(3, 4), axis=0, b=2.5, keepdims=True),
)
