"""Largest and smallest elements, and where they are.

Where several elements are equal the first one is meant, by the value of ``argmax`` and by the
derivative.  NaN wins, as in NumPy.
"""

import numpy as np

from ..declaring.axes import axes_from_last, axes_of, axis_of, grouped, weighted, without_axis
from ..primitive import composite, kernel, kink, primitive, real, refuse, rejects, sample
from ..reduction import kept_dims, reduced, scalar_of
from ..types import Scalar

__all__ = [
    "argmax", "argmax_all", "argmax_axis", "argmin", "argmin_all", "argmin_axis", "max_", "max_all",
    "max_axis",
    "min_", "min_all", "min_axis", "ptp",
]


@primitive()
def max_all(x):
    """The largest element."""
    flat = x.ravel()
    if flat.shape[0] == 0:
        raise ValueError("the maximum of an array without elements does not exist")
    best = flat[0]
    for i in range(1, flat.shape[0]):
        v = flat[i]
        if v > best or v != v:  # NaN is not equal to itself
            best = v
    return best


@primitive()
def min_all(x):
    """The smallest element."""
    flat = x.ravel()
    if flat.shape[0] == 0:
        raise ValueError("the minimum of an array without elements does not exist")
    best = flat[0]
    for i in range(1, flat.shape[0]):
        v = flat[i]
        if v < best or v != v:
            best = v
    return best


@kernel
def first_equal_dx(dy, x, y):
    """``dy`` at the first element of ``x`` that is ``y``, zero elsewhere."""
    flat = x.ravel()
    out = np.zeros(flat.shape[0], x.dtype)
    for i in range(flat.shape[0]):
        if flat[i] == y or (y != y and flat[i] != flat[i]):
            out[i] = dy
            break
    return out.reshape(x.shape)


@max_all.adjoint("x")
def max_all_dx(dy, x, y):
    return first_equal_dx(dy, x, y)


@min_all.adjoint("x")
def min_all_dx(dy, x, y):
    return first_equal_dx(dy, x, y)


for _extreme in (max_all, min_all):
    _extreme.result(scalar_of)
    _extreme.samples(
        sample(real(5)), sample(real(3, 4)), sample(real(4, 3).T), sample(np.arange(3)), sample(real(6)[::2]),
        sample(real(4, dtype="float32")),
        rejects(real(0), error=ValueError),
    )

max_all.samples(kink(np.array([1.0, 3.0, 3.0]), expect={"x": np.array([0.0, 1.0, 0.0])}))
min_all.samples(kink(np.array([1.0, 0.0, 0.0]), expect={"x": np.array([0.0, 1.0, 0.0])}))


@primitive(static=("axis",))
def max_axis(x, axis):
    """The largest elements along one axis, which is removed."""
    groups = grouped(x, axis)
    if groups.shape[1] == 0:
        raise ValueError("the maximum along an axis without elements does not exist")
    out = np.empty((groups.shape[0], groups.shape[2]), x.dtype)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            out[i, j] = groups[i, 0, j]
        for k in range(1, groups.shape[1]):
            for j in range(groups.shape[2]):
                v = groups[i, k, j]
                if v > out[i, j] or v != v:
                    out[i, j] = v
    return out.reshape(without_axis(x.shape, axis))


@primitive(static=("axis",))
def min_axis(x, axis):
    """The smallest elements along one axis, which is removed."""
    groups = grouped(x, axis)
    if groups.shape[1] == 0:
        raise ValueError("the minimum along an axis without elements does not exist")
    out = np.empty((groups.shape[0], groups.shape[2]), x.dtype)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            out[i, j] = groups[i, 0, j]
        for k in range(1, groups.shape[1]):
            for j in range(groups.shape[2]):
                v = groups[i, k, j]
                if v < out[i, j] or v != v:
                    out[i, j] = v
    return out.reshape(without_axis(x.shape, axis))


@kernel
def first_equal_axis_dx(dy, x, y, axis):
    """``first_equal_dx`` along an axis."""
    groups = grouped(x, axis)
    out = np.zeros(groups.shape, x.dtype)
    best = np.ascontiguousarray(y).reshape((groups.shape[0], groups.shape[2]))
    cotangents = np.ascontiguousarray(dy).reshape((groups.shape[0], groups.shape[2]))
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            b = best[i, j]
            for k in range(groups.shape[1]):
                v = groups[i, k, j]
                if v == b or (b != b and v != v):
                    out[i, k, j] = cotangents[i, j]
                    break
    return out.reshape(x.shape)


@max_axis.adjoint("x")
def max_axis_dx(dy, x, y, axis):
    return first_equal_axis_dx(dy, x, y, axis)


@min_axis.adjoint("x")
def min_axis_dx(dy, x, y, axis):
    return first_equal_axis_dx(dy, x, y, axis)


@max_axis.tangent("x")
def max_axis_tx(tx, x, y, axis):
    return weighted(max_axis_dx(np.ones_like(y), x, y, axis), tx, axis)


@min_axis.tangent("x")
def min_axis_tx(tx, x, y, axis):
    return weighted(min_axis_dx(np.ones_like(y), x, y, axis), tx, axis)


for _extreme in (max_axis, min_axis):
    _extreme.result(reduced)
    _extreme.samples(
        sample(real(3, 4), axis=0), sample(real(3, 4), axis=1), sample(real(2, 3, 4), axis=1),
        sample(real(4, 3).T, axis=0), rejects(real(0, 3), axis=0, error=ValueError),
    )

max_axis.samples(kink(np.array([[1.0, 3.0, 3.0]]), axis=1, expect={"x": np.array([[0.0, 1.0, 0.0]])}))


@composite(np.max, np.amax, methods=("max",))
def max_(x, axis=None, out=None, keepdims=False):
    """The largest element, of all or along axes."""
    if out is not None:
        refuse("max(out=…): assign the result instead, out[...] = np.max(x)")
    if x.ndim == 0:
        return x
    if len(axes_of(axis, x.ndim)) == x.ndim:
        y = max_all(x)
    else:
        y = x if len(axes_of(axis, x.ndim)) > 0 else x.copy()
        for a in axes_from_last(axis, x.ndim):
            y = max_axis(y, a)
    if keepdims:
        return kept_dims(y, axis, x.ndim)
    return y


@composite(np.min, np.amin, methods=("min",))
def min_(x, axis=None, out=None, keepdims=False):
    """The smallest element, of all or along axes."""
    if out is not None:
        refuse("min(out=…): assign the result instead, out[...] = np.min(x)")
    if x.ndim == 0:
        return x
    if len(axes_of(axis, x.ndim)) == x.ndim:
        y = min_all(x)
    else:
        y = x if len(axes_of(axis, x.ndim)) > 0 else x.copy()
        for a in axes_from_last(axis, x.ndim):
            y = min_axis(y, a)
    if keepdims:
        return kept_dims(y, axis, x.ndim)
    return y


@composite(np.ptp)
def ptp(x, axis=None, out=None, keepdims=False):
    """The distance between the largest and the smallest element."""
    return max_(x, axis, out, keepdims) - min_(x, axis, out, keepdims)


for _composite in (max_, min_, ptp):
    _composite.samples(
        sample(real(3)), sample(real(3, 4), axis=-1), sample(real(2, 3, 4), axis=(0, 2), keepdims=True),
        sample(real(3, 4), keepdims=True),
    )

# ---------------------------------------------------------------------------------- where


@primitive()
def argmax_all(x):
    """The place of the largest element, counted in C order."""
    flat = x.ravel()
    if flat.shape[0] == 0:
        raise ValueError("the maximum of an array without elements does not exist")
    place = 0
    for i in range(flat.shape[0]):
        if flat[i] != flat[i]:
            place = i
            break
        if flat[i] > flat[place]:
            place = i
    return place


@primitive()
def argmin_all(x):
    """The place of the smallest element, counted in C order."""
    flat = x.ravel()
    if flat.shape[0] == 0:
        raise ValueError("the minimum of an array without elements does not exist")
    place = 0
    for i in range(flat.shape[0]):
        if flat[i] != flat[i]:
            place = i
            break
        if flat[i] < flat[place]:
            place = i
    return place


for _place in (argmax_all, argmin_all):
    _place.result(lambda x: Scalar("int64"))
    _place.zero("x")
    _place.samples(
        sample(real(5)), sample(real(3, 4)), sample(np.array([1.0, 2.0, 2.0])),
        sample(np.array([1.0, np.nan, 2.0])),
        rejects(real(0), error=ValueError),
    )


@primitive(static=("axis",))
def argmax_axis(x, axis):
    """The places of the largest elements along one axis, which is removed."""
    groups = grouped(x, axis)
    if groups.shape[1] == 0:
        raise ValueError("the maximum along an axis without elements does not exist")
    out = np.zeros((groups.shape[0], groups.shape[2]), np.int64)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            out[i, j] = argmax_all(groups[i, :, j])
    return out.reshape(without_axis(x.shape, axis))


@primitive(static=("axis",))
def argmin_axis(x, axis):
    """The places of the smallest elements along one axis, which is removed."""
    groups = grouped(x, axis)
    if groups.shape[1] == 0:
        raise ValueError("the minimum along an axis without elements does not exist")
    out = np.zeros((groups.shape[0], groups.shape[2]), np.int64)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            out[i, j] = argmin_all(groups[i, :, j])
    return out.reshape(without_axis(x.shape, axis))


for _place in (argmax_axis, argmin_axis):
    _place.result(lambda x, axis: reduced(x, axis, "int64"))
    _place.zero("x")
    _place.samples(sample(real(3, 4), axis=0), sample(real(3, 4), axis=1), sample(real(2, 3, 4), axis=1))


@composite(np.argmax, methods=("argmax",))
def argmax(x, axis=None, out=None, keepdims=False):
    """The place of the largest element: of all, counted in C order, or along an axis."""
    if out is not None:
        refuse("argmax(out=…): assign the result instead")
    if axis is None or x.ndim == 1:
        y = argmax_all(x)
    else:
        y = argmax_axis(x, axis_of(axis, x.ndim))
    if keepdims:
        return kept_dims(y, axis, x.ndim)
    return y


@composite(np.argmin, methods=("argmin",))
def argmin(x, axis=None, out=None, keepdims=False):
    """The place of the smallest element: of all, counted in C order, or along an axis."""
    if out is not None:
        refuse("argmin(out=…): assign the result instead")
    if axis is None or x.ndim == 1:
        y = argmin_all(x)
    else:
        y = argmin_axis(x, axis_of(axis, x.ndim))
    if keepdims:
        return kept_dims(y, axis, x.ndim)
    return y


for _composite in (argmax, argmin):
    _composite.samples(
        sample(real(5)), sample(real(3, 4)), sample(real(3, 4), axis=-1), sample(real(2, 3, 4), axis=0),
    )
