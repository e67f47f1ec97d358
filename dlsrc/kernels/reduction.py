"""Sums, products, means and truth over an array or along axes.

The order of a sum is not the user's, so these loops may be reassociated.  Products are differentiated
through products of what stands before and after each element, never by dividing: zeros are exact.
"""

import numpy as np

from .declaring.axes import (
    axes_from_last, axes_of, group_shape, grouped, kind_of, ones_shape, weighted, without_axis,
)
from .elementwise import root_of_squares
from .primitive import composite, primitive, real, refuse, sample
from .types import Array, Scalar, unlabelled

__all__ = [
    "all_", "any_", "count_nonzero", "every", "every_axis", "kept_dims", "mean", "prod", "prod_all",
    "prod_axis", "some", "some_axis", "std", "sum_", "sum_all", "sum_axis", "var",
]

FREE_ORDER = {"reassoc", "contract"}


def scalar_of(x):
    """The type of one number of the array's dtype."""
    return Scalar(x.dtype, labels=unlabelled(x))


def reduced(x, axis, dtype=None):
    """The type of the array without one axis; the labels of the others stay."""
    if x.ndim < 2:
        refuse("an axis of a vector cannot be removed: the sum of a vector is sum_all")
    labels = x.labels
    if labels:
        labels = labels[:axis] + labels[axis + 1:]
    return Array(dtype or x.dtype, x.ndim - 1, "C", labels)


@composite()
def kept_dims(y, axis, ndim):
    """A reduced array with the removed axes put back as ones."""
    if y.ndim == 0:
        return np.full(ones_shape(ndim), y)
    for a in axes_of(axis, ndim):
        y = np.expand_dims(y, a)
    return y


# ---------------------------------------------------------------------------------- sum


@primitive()
def sum_all(x):
    """The sum of all elements."""
    total = x.dtype.type(0)
    if x.ndim == 1:
        for i in range(x.shape[0]):
            total += x[i]
    elif x.ndim == 2:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                total += x[i, j]
    else:
        flat = x.ravel()
        for i in range(flat.shape[0]):
            total += flat[i]
    return total


sum_all.body.fastmath = FREE_ORDER
sum_all.result(scalar_of)


@sum_all.adjoint("x")
def sum_all_dx(dy, x_shape):
    return np.full(x_shape, dy)


sum_all.linear("x")
sum_all.samples(
    sample(real(5)), sample(real(3, 4)), sample(real(4, 3).T), sample(real(2, 3, 4)), sample(real(8)[::2]),
    sample(real(0)), sample(np.arange(4)), sample(real(5, dtype="float32")),
)


@primitive(static=("axis",))
def sum_axis(x, axis):
    """The sum along one axis, which is removed."""
    groups = grouped(x, axis)
    out = np.zeros((groups.shape[0], groups.shape[2]), x.dtype)
    if groups.shape[2] == 1:
        for i in range(groups.shape[0]):
            total = x.dtype.type(0)
            for k in range(groups.shape[1]):
                total += groups[i, k, 0]
            out[i, 0] = total
    else:
        for i in range(groups.shape[0]):
            for k in range(groups.shape[1]):
                for j in range(groups.shape[2]):
                    out[i, j] += groups[i, k, j]
    return out.reshape(without_axis(x.shape, axis))


sum_axis.body.fastmath = FREE_ORDER
sum_axis.result(reduced)


@sum_axis.adjoint("x")
def sum_axis_dx(dy, x_shape, axis):
    groups = np.empty(group_shape(x_shape, axis), dy.dtype)
    sums = np.ascontiguousarray(dy).reshape((groups.shape[0], groups.shape[2]))
    for i in range(groups.shape[0]):
        for k in range(groups.shape[1]):
            for j in range(groups.shape[2]):
                groups[i, k, j] = sums[i, j]
    return groups.reshape(x_shape)


sum_axis.linear("x")
sum_axis.samples(
    sample(real(3, 4), axis=0), sample(real(3, 4), axis=1), sample(real(4, 3).T, axis=0),
    sample(real(2, 3, 4), axis=1), sample(real(2, 3, 2, 2), axis=2), sample(real(0, 3), axis=0),
    sample(real(3, 4, dtype="float32"), axis=0),
)


@composite(np.sum, methods=("sum",))
def sum_(x, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    """The sum over all elements or along axes, of those where a condition holds; ``initial`` is added."""
    if out is not None:
        refuse("sum(out=…): assign the result instead, out[...] = np.sum(x)")
    if where is not None:
        x = np.where(where, x, 0)
    if initial is not None:
        return sum_(x, axis, dtype, out, keepdims) + initial
    if dtype is not None:
        x = x.astype(dtype)
    if x.ndim == 0:
        return x
    if kind_of(x.dtype) == "b":
        x = x.astype("int64")
    if len(axes_of(axis, x.ndim)) == x.ndim:
        y = sum_all(x)
    elif len(axes_of(axis, x.ndim)) == 1 == x.ndim - 1 and x.flags.f_contiguous and not x.flags.c_contiguous:
        y = sum_axis(x.T, 1 - axes_of(axis, 2)[0])  # the transpose is in C order: no copy
    else:
        y = x if len(axes_of(axis, x.ndim)) > 0 else x.copy()
        for a in axes_from_last(axis, x.ndim):
            y = sum_axis(y, a)
    if keepdims:
        return kept_dims(y, axis, x.ndim)
    return y


sum_.samples(
    sample(real(3)), sample(real(3, 4), axis=-1), sample(real(2, 3, 4), axis=(0, 2)),
    sample(real(2, 3, 4), axis=(0, 2), keepdims=True), sample(real(3, 4), keepdims=True),
    sample(real(4, 3).T, axis=0), sample(real(4, 3).T, axis=1, keepdims=True), sample(real(3, 4) > 0),
)


@composite()
def count_over(x, axis):
    """How many elements a reduction joins."""
    if len(axes_of(axis, x.ndim)) == x.ndim:
        return x.size
    n = 1
    for a in axes_of(axis, x.ndim):
        n = n * x.shape[a]
    return n


@composite(np.mean, methods=("mean",))
def mean(x, axis=None, dtype=None, out=None, keepdims=False, where=None):
    """The arithmetic mean of all elements or along axes, of those where a condition holds."""
    if out is not None:
        refuse("mean(out=…): assign the result instead, out[...] = np.mean(x)")
    if where is not None:
        chosen = np.broadcast_to(where, x.shape)
        return sum_(x, axis, dtype, out, keepdims, None, chosen) / sum_(chosen, axis, keepdims=keepdims)
    if dtype is not None:
        x = x.astype(dtype)
    if x.ndim == 0:
        return x / 1
    return sum_(x, axis, keepdims=keepdims) / count_over(x, axis)


mean.samples(
    sample(real(3)), sample(real(3, 4), axis=0), sample(real(2, 3, 4), axis=(0, 2), keepdims=True),
    sample(np.arange(4)), sample(real(3, 4), axis=1, keepdims=True),
)


@composite(np.var, methods=("var",))
def var(x, axis=None, dtype=None, out=None, ddof=0, keepdims=False, correction=None):
    """The variance: the mean square of the deviations from the mean, over ``n - ddof``."""
    if correction is not None:
        return var(x, axis, dtype, out, correction, keepdims)
    if out is not None or dtype is not None:
        refuse("var with out or dtype: convert the array first, assign the result after")
    deviation = x - mean(x, axis, keepdims=True)
    return sum_(deviation * deviation, axis, keepdims=keepdims) / (count_over(x, axis) - ddof)


var.samples(
    sample(real(5)), sample(real(5), ddof=1), sample(real(3, 4), axis=0),
    sample(real(3, 4), axis=1, keepdims=True), sample(real(2, 3, 4), axis=(0, 2), ddof=1),
)


@composite(np.std, methods=("std",))
def std(x, axis=None, dtype=None, out=None, ddof=0, keepdims=False, correction=None):
    """The standard deviation, the root of the variance; of equal elements it has the derivative 0."""
    return root_of_squares(var(x, axis, dtype, out, ddof, keepdims, correction))


std.samples(sample(real(5)), sample(real(3, 4), axis=0, ddof=1), sample(real(3, 4), axis=1, correction=1))
for _composite in (sum_, mean):
    _composite.samples(
        sample(real(4), where=real(4) > 0), sample(real(3, 4), axis=0, where=real(3, 4) > -0.5),
        sample(real(3, 4), axis=1, keepdims=True, where=np.array([True, False, True, True])),
    )
sum_.samples(sample(real(4), initial=2.5), sample(real(3, 4), axis=0, initial=1.0, where=real(3, 4) > 0))

# ---------------------------------------------------------------------------------- prod


@primitive()
def prod_all(x):
    """The product of all elements."""
    flat = x.ravel()
    total = x.dtype.type(1)
    for i in range(flat.shape[0]):
        total *= flat[i]
    return total


prod_all.result(scalar_of)


@prod_all.adjoint("x")
def prod_all_dx(dy, x):
    flat = x.ravel()
    out = np.empty(flat.shape[0], flat.dtype)
    before = dy
    for i in range(flat.shape[0]):
        out[i] = before
        before *= flat[i]
    after = x.dtype.type(1)
    for i in range(flat.shape[0] - 1, -1, -1):
        out[i] *= after
        after *= flat[i]
    return out.reshape(x.shape)


prod_all.samples(
    sample(real(5)), sample(real(3, 2)), sample(real(2, 3).T), sample(np.array([2.0, 0.0, 3.0])),
    sample(np.array([2.0, 0.0, 0.0])), sample(real(0)), sample(np.arange(1, 4)),
    sample(real(4, dtype="float32")),
)


@primitive(static=("axis",))
def prod_axis(x, axis):
    """The product along one axis, which is removed."""
    groups = grouped(x, axis)
    out = np.ones((groups.shape[0], groups.shape[2]), x.dtype)
    for i in range(groups.shape[0]):
        for k in range(groups.shape[1]):
            for j in range(groups.shape[2]):
                out[i, j] *= groups[i, k, j]
    return out.reshape(without_axis(x.shape, axis))


prod_axis.result(reduced)


@prod_axis.adjoint("x")
def prod_axis_dx(dy, x, axis):
    groups = grouped(x, axis)
    cotangents = np.ascontiguousarray(dy).reshape((groups.shape[0], groups.shape[2]))
    out = np.empty(groups.shape, x.dtype)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            before = cotangents[i, j]
            for k in range(groups.shape[1]):
                out[i, k, j] = before
                before *= groups[i, k, j]
            after = x.dtype.type(1)
            for k in range(groups.shape[1] - 1, -1, -1):
                out[i, k, j] *= after
                after *= groups[i, k, j]
    return out.reshape(x.shape)


@prod_axis.tangent("x")
def prod_axis_tx(tx, x, y, axis):
    return weighted(prod_axis_dx(np.ones_like(y), x, axis), tx, axis)


prod_axis.samples(
    sample(real(3, 4), axis=0), sample(real(3, 4), axis=1), sample(real(2, 3, 4), axis=1),
    sample(np.array([[1.0, 0.0], [0.0, 0.0], [2.0, 3.0]]), axis=0), sample(real(4, 3).T, axis=1),
)


@composite(np.prod, methods=("prod",))
def prod(x, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    """The product over all elements or along axes, of those where a condition holds; times ``initial``."""
    if out is not None:
        refuse("prod(out=…): assign the result instead, out[...] = np.prod(x)")
    if where is not None:
        x = np.where(where, x, 1)
    if initial is not None:
        return prod(x, axis, dtype, out, keepdims) * initial
    if dtype is not None:
        x = x.astype(dtype)
    if x.ndim == 0:
        return x
    if kind_of(x.dtype) == "b":
        x = x.astype("int64")
    if len(axes_of(axis, x.ndim)) == x.ndim:
        y = prod_all(x)
    else:
        y = x if len(axes_of(axis, x.ndim)) > 0 else x.copy()
        for a in axes_from_last(axis, x.ndim):
            y = prod_axis(y, a)
    if keepdims:
        return kept_dims(y, axis, x.ndim)
    return y


prod.samples(
    sample(real(3)), sample(real(3, 4), axis=-1), sample(real(2, 3, 4), axis=(0, 2), keepdims=True),
    sample(real(4), where=real(4) > 0, initial=2.0),
)

# ---------------------------------------------------------------------------------- truth


@primitive()
def some(x):
    """Whether any element is not zero."""
    flat = x.ravel()
    found = False
    for i in range(flat.shape[0]):
        if flat[i]:
            found = True
            break
    return np.bool_(found)


@primitive()
def every(x):
    """Whether no element is zero."""
    flat = x.ravel()
    holds = True
    for i in range(flat.shape[0]):
        if not flat[i]:
            holds = False
            break
    return np.bool_(holds)


for _test in (some, every):
    _test.result(lambda x: Scalar("bool", labels=unlabelled(x)))
    _test.zero("x")
    _test.samples(sample(real(3) > 9), sample(real(3, 2) < 9), sample(np.array([0.0, 1.0])), sample(real(0)))


@primitive(static=("axis",))
def some_axis(x, axis):
    """Whether any element along one axis is not zero."""
    groups = grouped(x, axis)
    out = np.zeros((groups.shape[0], groups.shape[2]), np.bool_)
    for i in range(groups.shape[0]):
        for k in range(groups.shape[1]):
            for j in range(groups.shape[2]):
                if groups[i, k, j]:
                    out[i, j] = True
    return out.reshape(without_axis(x.shape, axis))


@primitive(static=("axis",))
def every_axis(x, axis):
    """Whether no element along one axis is zero."""
    groups = grouped(x, axis)
    out = np.ones((groups.shape[0], groups.shape[2]), np.bool_)
    for i in range(groups.shape[0]):
        for k in range(groups.shape[1]):
            for j in range(groups.shape[2]):
                if not groups[i, k, j]:
                    out[i, j] = False
    return out.reshape(without_axis(x.shape, axis))


for _test in (some_axis, every_axis):
    _test.result(lambda x, axis: reduced(x, axis, "bool"))
    _test.zero("x")
    _test.samples(
        sample(real(3, 4) > 1, axis=0), sample(real(3, 4) > 0, axis=1), sample(real(2, 3, 4) > 0, axis=1)
    )


@composite(np.any, methods=("any",))
def any_(x, axis=None, out=None, keepdims=False):
    """Whether any element is not zero, over all or along axes."""
    if out is not None:
        refuse("any(out=…): assign the result instead")
    if len(axes_of(axis, x.ndim)) == x.ndim:
        y = some(x)
    else:
        y = x if len(axes_of(axis, x.ndim)) > 0 else x != 0
        for a in axes_from_last(axis, x.ndim):
            y = some_axis(y, a)
    if keepdims:
        return kept_dims(y, axis, x.ndim)
    return y


@composite(np.all, methods=("all",))
def all_(x, axis=None, out=None, keepdims=False):
    """Whether no element is zero, over all or along axes."""
    if out is not None:
        refuse("all(out=…): assign the result instead")
    if len(axes_of(axis, x.ndim)) == x.ndim:
        y = every(x)
    else:
        y = x if len(axes_of(axis, x.ndim)) > 0 else x != 0
        for a in axes_from_last(axis, x.ndim):
            y = every_axis(y, a)
    if keepdims:
        return kept_dims(y, axis, x.ndim)
    return y


@composite(np.count_nonzero)
def count_nonzero(x, axis=None, keepdims=False):
    """How many elements are not zero."""
    return sum_(x != 0, axis, keepdims=keepdims)


for _composite in (any_, all_, count_nonzero):
    _composite.samples(
        sample(real(3) > 0), sample(real(3, 4) > 0, axis=0),
        sample(real(2, 3, 4) > 1, axis=(0, 2), keepdims=True),
    )
