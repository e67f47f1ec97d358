"""Running sums, products and extrema along an axis."""

import numpy as np

from ..arrays.joining import part
from ..declaring.axes import axis_of, grouped, kind_of
from ..primitive import Refusal, composite, kink, primitive, real, refuse, rejects, sample
from ..types import Array

__all__ = [
    "cumprod", "cumsum", "cumulative_prod", "cumulative_sum", "running_maximum", "running_minimum",
    "running_product", "running_sum",
]


def same_shape(x, axis):
    """The type of an array of the same shape, in C order."""
    return Array(x.dtype, x.ndim, "C", x.labels)


@primitive(static=("axis",))
def running_sum(x, axis):
    """Sums of the elements up to each one along an axis."""
    groups = grouped(x, axis)
    out = np.empty(groups.shape, x.dtype)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            total = x.dtype.type(0)
            for k in range(groups.shape[1]):
                total += groups[i, k, j]
                out[i, k, j] = total
    return out.reshape(x.shape)


running_sum.result(same_shape)
running_sum.linear("x")


@running_sum.adjoint("x")
def running_sum_dx(dy, axis):
    groups = grouped(dy, axis)
    out = np.empty(groups.shape, dy.dtype)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            total = dy.dtype.type(0)
            for k in range(groups.shape[1] - 1, -1, -1):
                total += groups[i, k, j]
                out[i, k, j] = total
    return out.reshape(dy.shape)


@primitive(static=("axis",))
def running_product(x, axis):
    """Products of the elements up to each one along an axis."""
    groups = grouped(x, axis)
    out = np.empty(groups.shape, x.dtype)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            total = x.dtype.type(1)
            for k in range(groups.shape[1]):
                total *= groups[i, k, j]
                out[i, k, j] = total
    return out.reshape(x.shape)


running_product.result(same_shape)


@running_product.adjoint("x")
def running_product_dx(dy, x, y, axis):
    # The recurrence y[k] = y[k - 1] * x[k], reversed: no division, so zeros are exact.
    factors = grouped(x, axis)
    products = grouped(y, axis)
    cotangents = grouped(dy, axis)
    out = np.empty(factors.shape, x.dtype)
    for i in range(factors.shape[0]):
        for j in range(factors.shape[2]):
            carried = x.dtype.type(0)
            for k in range(factors.shape[1] - 1, -1, -1):
                carried += cotangents[i, k, j]
                if k > 0:
                    out[i, k, j] = carried * products[i, k - 1, j]
                else:
                    out[i, k, j] = carried
                carried *= factors[i, k, j]
    return out.reshape(x.shape)


@running_product.tangent("x")
def running_product_tx(tx, x, y, axis):
    factors = grouped(x, axis)
    products = grouped(y, axis)
    tangents = grouped(tx, axis)
    out = np.empty(factors.shape, x.dtype)
    for i in range(factors.shape[0]):
        for j in range(factors.shape[2]):
            carried = x.dtype.type(0)
            for k in range(factors.shape[1]):
                carried *= factors[i, k, j]
                if k > 0:
                    carried += products[i, k - 1, j] * tangents[i, k, j]
                else:
                    carried += tangents[i, k, j]
                out[i, k, j] = carried
    return out.reshape(x.shape)


for _running in (running_sum, running_product):
    _running.samples(
        sample(real(5), axis=0), sample(real(3, 4), axis=0), sample(real(3, 4), axis=1),
        sample(real(2, 3, 4), axis=1), sample(real(4, 3).T, axis=0), sample(real(0), axis=0),
        sample(real(4, dtype="float32"), axis=0), sample(np.array([2.0, 0.0, 3.0, 0.0, 1.0]), axis=0),
    )


@composite(np.cumsum, methods=("cumsum",))
def cumsum(x, axis=None, dtype=None, out=None):
    """Running sums along an axis, or over all elements in C order."""
    if out is not None:
        refuse("cumsum(out=…): assign the result instead, out[...] = np.cumsum(x)")
    if dtype is not None:
        x = x.astype(dtype)
    if kind_of(x.dtype) == "b":
        x = x.astype("int64")
    if axis is None:
        return running_sum(np.ravel(x), 0)
    return running_sum(x, axis_of(axis, x.ndim))


@composite(np.cumprod, methods=("cumprod",))
def cumprod(x, axis=None, dtype=None, out=None):
    """Running products along an axis, or over all elements in C order."""
    if out is not None:
        refuse("cumprod(out=…): assign the result instead, out[...] = np.cumprod(x)")
    if dtype is not None:
        x = x.astype(dtype)
    if kind_of(x.dtype) == "b":
        x = x.astype("int64")
    if axis is None:
        return running_product(np.ravel(x), 0)
    return running_product(x, axis_of(axis, x.ndim))


for _composite in (cumsum, cumprod):
    _composite.samples(
        sample(real(4)), sample(real(3, 4)), sample(real(3, 4), axis=-1), sample(real(2, 3, 4), axis=1),
    )


@composite(np.cumulative_sum)
def cumulative_sum(x, axis=None, dtype=None, include_initial=False):
    """Running sums along an axis; of a vector, the axis may be left out."""
    if axis is None and x.ndim != 1:
        refuse("cumulative_sum of a matrix needs its axis: write axis=0")
    along = axis_of(0 if axis is None else axis, x.ndim)
    y = cumsum(x, along, dtype)
    if include_initial:
        return np.concatenate((np.zeros_like(part(y, along, 0, 1)), y), along)
    return y


@composite(np.cumulative_prod)
def cumulative_prod(x, axis=None, dtype=None, include_initial=False):
    """Running products along an axis; of a vector, the axis may be left out."""
    if axis is None and x.ndim != 1:
        refuse("cumulative_prod of a matrix needs its axis: write axis=0")
    along = axis_of(0 if axis is None else axis, x.ndim)
    y = cumprod(x, along, dtype)
    if include_initial:
        return np.concatenate((np.ones_like(part(y, along, 0, 1)), y), along)
    return y


for _composite in (cumulative_sum, cumulative_prod):
    _composite.samples(
        sample(real(4)), sample(real(3, 4), axis=-1), sample(real(2, 3), axis=0, include_initial=True),
        sample(real(3), include_initial=True), rejects(real(2, 3), error=Refusal),
    )

# ---------------------------------------------------------------------------------- extrema


@primitive(static=("axis",))
def running_maximum(x, axis):
    """The largest of the elements up to each one along an axis; nan from the first nan on."""
    groups = grouped(x, axis)
    out = np.empty(groups.shape, x.dtype)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            for k in range(groups.shape[1]):
                value = groups[i, k, j]
                if k > 0:
                    before = out[i, k - 1, j]
                    if before >= value or before != before:
                        value = before
                out[i, k, j] = value
    return out.reshape(x.shape)


@primitive(static=("axis",))
def running_minimum(x, axis):
    """The smallest of the elements up to each one along an axis; nan from the first nan on."""
    groups = grouped(x, axis)
    out = np.empty(groups.shape, x.dtype)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            for k in range(groups.shape[1]):
                value = groups[i, k, j]
                if k > 0:
                    before = out[i, k - 1, j]
                    if before <= value or before != before:
                        value = before
                out[i, k, j] = value
    return out.reshape(x.shape)


@running_maximum.adjoint("x")
def running_maximum_dx(dy, x, y, axis):
    # Of equal elements the first one is meant: it stays the largest until a larger one comes.
    elements = grouped(x, axis)
    extrema = grouped(y, axis)
    cotangents = grouped(dy, axis)
    out = np.zeros(elements.shape, x.dtype)
    for i in range(elements.shape[0]):
        for j in range(elements.shape[2]):
            carried = x.dtype.type(0)
            for k in range(elements.shape[1] - 1, 0, -1):
                carried += cotangents[i, k, j]
                before = extrema[i, k - 1, j]
                if not (before >= elements[i, k, j] or before != before):
                    out[i, k, j] = carried
                    carried = x.dtype.type(0)
            if elements.shape[1] > 0:
                out[i, 0, j] = carried + cotangents[i, 0, j]
    return out.reshape(x.shape)


@running_minimum.adjoint("x")
def running_minimum_dx(dy, x, y, axis):
    elements = grouped(x, axis)
    extrema = grouped(y, axis)
    cotangents = grouped(dy, axis)
    out = np.zeros(elements.shape, x.dtype)
    for i in range(elements.shape[0]):
        for j in range(elements.shape[2]):
            carried = x.dtype.type(0)
            for k in range(elements.shape[1] - 1, 0, -1):
                carried += cotangents[i, k, j]
                before = extrema[i, k - 1, j]
                if not (before <= elements[i, k, j] or before != before):
                    out[i, k, j] = carried
                    carried = x.dtype.type(0)
            if elements.shape[1] > 0:
                out[i, 0, j] = carried + cotangents[i, 0, j]
    return out.reshape(x.shape)


for _running in (running_maximum, running_minimum):
    _running.result(same_shape)
    _running.samples(
        sample(real(6), axis=0), sample(real(3, 4), axis=0), sample(real(3, 4), axis=1),
        sample(real(2, 4, 3), axis=1), sample(real(4, 3).T, axis=0), sample(real(0), axis=0),
        sample(real(0, 3), axis=0), sample(real(4, dtype="float32"), axis=0), sample(np.arange(4), axis=0),
        kink(np.array([1.0, 1.0, 1.0]), axis=0, expect={"x": [3.0, 0.0, 0.0]}),
    )
