"""Running sums and products, and differences of neighbours."""

import numpy as np

from .axes import axis_of, grouped, kind_of, known
from .primitive import composite, primitive, real, refuse, sample
from .types import Array

__all__ = ["cumprod", "cumsum", "diff", "running_product", "running_sum"]


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


@composite(np.diff)
def diff(x, n=1, axis=-1):
    """Differences of neighbours along an axis, taken ``n`` times."""
    along = axis_of(axis, x.ndim)
    if kind_of(x.dtype) == "b":
        refuse("the difference of truth values: convert them with .astype(int)")
    n = known(n)
    if n == 0:
        return x
    if along == 0:
        y = x[1:] - x[:-1]
    elif along == 1:
        y = x[:, 1:] - x[:, :-1]
    elif along == 2:
        y = x[:, :, 1:] - x[:, :, :-1]
    else:
        y = x[:, :, :, 1:] - x[:, :, :, :-1]
    if n > 1:
        return diff(y, n - 1, along)
    return y


diff.samples(
    sample(real(5)), sample(real(5), n=2), sample(real(3, 4)), sample(real(3, 4), axis=0),
    sample(real(2, 3, 4), axis=1),
)
