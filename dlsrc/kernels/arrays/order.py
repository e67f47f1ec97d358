"""Sorting, searching in sorted arrays, and what is read off a sorted array.

The derivative of a sorted array passes to the elements where they stood; equal elements keep their order.
"""

import numpy as np

from ..declaring.axes import axis_of, grouped, ones_shape
from ..indexing import take, take_along
from ..primitive import Refusal, composite, primitive, real, refuse, rejects, sample
from ..reduction import kept_dims
from ..types import Array, Scalar

__all__ = [
    "argpartition", "argsort", "argsort_axis", "digitize", "interp", "median", "partition", "percentile",
    "place_in", "places_in", "quantile", "quantile_places", "searchsorted", "sort",
]


@primitive(static=("axis",))
def argsort_axis(x, axis):
    """The places that sort the elements along an axis; equal elements keep their order."""
    groups = grouped(x, axis)
    out = np.empty(groups.shape, np.int64)
    for i in range(groups.shape[0]):
        for j in range(groups.shape[2]):
            order = np.argsort(groups[i, :, j], kind="mergesort")
            for k in range(groups.shape[1]):
                out[i, k, j] = order[k]
    return out.reshape(x.shape)


@argsort_axis.result
def argsort_axis_result(x, axis):
    return Array("int64", x.ndim)


argsort_axis.zero("x")
argsort_axis.samples(
    sample(real(6), axis=0), sample(real(3, 4), axis=0), sample(real(3, 4), axis=1), sample(real(2, 3, 4),
    axis=1),
    sample(np.array([2.0, 1.0, 2.0, 1.0]), axis=0),
)


@composite(np.argsort, methods=("argsort",))
def argsort(a, axis=-1, kind=None):
    """The places that sort the elements along an axis; equal elements keep their order."""
    if axis is None:
        return argsort_axis(np.ravel(a), 0)
    return argsort_axis(a, axis_of(axis, a.ndim))


@composite(np.sort)
def sort(a, axis=-1, kind=None):
    """A sorted copy along an axis."""
    if axis is None:
        flat = np.ravel(a)
        return take(flat, argsort_axis(flat, 0))
    if a.ndim == 1:
        return take(a, argsort_axis(a, 0))
    along = axis_of(axis, a.ndim)
    return take_along(a, argsort_axis(a, along), along)


for _composite in (argsort, sort):
    _composite.samples(
        sample(real(6)), sample(real(3, 4)), sample(real(3, 4), axis=0), sample(real(3, 4), axis=None),
    )

# ---------------------------------------------------------------------------------- searching


@primitive(static=("right",))
def place_in(a, v, right):
    """Where a number belongs in a sorted vector: before equal elements, or after them."""
    low = 0
    high = a.shape[0]
    while low < high:
        middle = (low + high) // 2
        before = a[middle] <= v if right else a[middle] < v
        if before:
            low = middle + 1
        else:
            high = middle
    return low


@primitive(static=("right",))
def places_in(a, v, right):
    """Where the numbers of a vector belong in a sorted vector."""
    out = np.empty(v.shape[0], np.int64)
    for k in range(v.shape[0]):
        out[k] = place_in(a, v[k], right=right)
    return out


@place_in.result
def place_in_result(a, v, right):
    return Scalar("int64")


@places_in.result
def places_in_result(a, v, right):
    return Array("int64", 1)


place_in.zero("a", "v")
places_in.zero("a", "v")
SORTED = np.array([-1.0, 0.0, 0.0, 2.0])
place_in.samples(
    sample(SORTED, 0.0, right=False), sample(SORTED, 0.0, right=True), sample(SORTED, 9.0, right=False),
    sample(SORTED[:0], 1.0, right=True),
)
places_in.samples(sample(SORTED, real(5), right=False), sample(SORTED, np.array([0.0, -1.0]), right=True))


@composite(np.searchsorted)
def searchsorted(a, v, side="left"):
    """Where numbers belong in a sorted vector."""
    if side != "left" and side != "right":
        refuse(f"searchsorted(side={side!r}): use 'left' or 'right'")
    if v.ndim == 0:
        return place_in(a, v, side == "right")
    if v.ndim == 1:
        return places_in(a, v, side == "right")
    return np.reshape(places_in(a, np.ravel(v), side == "right"), v.shape)


@composite(np.digitize)
def digitize(x, bins, right=False):
    """The bins, with increasing edges, in which numbers lie."""
    if right:
        return searchsorted(bins, x, "left")
    return searchsorted(bins, x, "right")


searchsorted.samples(
    sample(SORTED, np.float64(0.0)), sample(SORTED, real(3)), sample(SORTED, real(2, 3), side="right"),
)
digitize.samples(sample(real(4), SORTED), sample(real(4), SORTED, right=True))


@composite(np.interp)
def interp(x, xp, fp, left=None, right=None, period=None):
    """Piecewise linear interpolation between the points ``xp`` (increasing), ``fp``; constant outside."""
    if period is not None:
        refuse("interp(period=…): write x % period, and repeat the first point at the end")
    xp, fp = np.asarray(xp), np.asarray(fp)
    last = xp.shape[0] - 2
    k = np.minimum(np.maximum(searchsorted(xp, x, "right") - 1, 0), last)
    t = np.minimum(np.maximum((x - xp[k]) / (xp[k + 1] - xp[k]), 0.0), 1.0)
    y = fp[k] + t * (fp[k + 1] - fp[k])
    if left is not None:
        y = np.where(x < xp[0], left, y)
    if right is not None:
        y = np.where(x > xp[last + 1], right, y)
    return y


KNOTS = np.array([-1.0, 0.0, 0.5, 2.0])
interp.samples(
    sample(np.linspace(-2.0, 3.0, 9), KNOTS, real(4)), sample(np.float64(0.3), KNOTS, real(4)),
    sample(KNOTS, KNOTS, real(4)),
    sample(np.linspace(-2.0, 3.0, 9), KNOTS, real(4), left=np.float64(0.5), right=np.float64(-1.0)),
)

# ---------------------------------------------------------------------------------- quantiles


@composite()
def quantile_places(q, n):
    """Between which two sorted elements of ``n`` a quantile lies, and how far on the way."""
    place = q * (n - 1)
    low = np.maximum(np.floor(place), 0.0).astype("int64")
    return low, np.minimum(low + 1, np.maximum(n - 1, 0)), place - low


@composite()
def sorted_along(a, axis):
    """The elements sorted along an axis, which comes first; of the raveled array if there is none."""
    if axis is None:
        return sort(np.ravel(a), 0)
    return np.moveaxis(sort(a, axis), axis_of(axis, a.ndim), 0)


@composite(np.median)
def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    """The middle of the sorted elements, or the mean of the two in the middle."""
    if out is not None:
        refuse("median(out=…): assign the result instead")
    if isinstance(axis, tuple):
        refuse("the median over several axes: reshape them to one first")
    y = sorted_along(a, axis)
    n = y.shape[0]
    z = (y[(n - 1) // 2] + y[n // 2]) / 2
    if keepdims:
        return kept_dims(z, axis, a.ndim)
    return z


@composite(np.quantile)
def quantile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False):
    """The value below which a part ``q`` of the elements lies; a vector ``q`` gives one for each."""
    if out is not None:
        refuse("quantile(out=…): assign the result instead")
    if method != "linear":
        refuse(f"quantile(method={method!r}): only 'linear' has a derivative here")
    if isinstance(axis, tuple):
        refuse("quantiles over several axes: reshape them to one first")
    if q.ndim > 1:
        refuse("quantile takes a number or a vector of numbers")
    y = sorted_along(a, axis)
    low, high, t = quantile_places(q, y.shape[0])
    if q.ndim == 1:
        t = np.reshape(t, (t.shape[0], *ones_shape(y.ndim - 1)))
    z = y[low] + t * (y[high] - y[low])
    if keepdims:
        if q.ndim == 1:
            refuse("quantile of a vector with keepdims: write np.expand_dims")
        return kept_dims(z, axis, a.ndim)
    return z


@composite(np.percentile)
def percentile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False):
    """The value below which ``q`` percent of the elements lie; a vector ``q`` gives one for each."""
    return quantile(a, np.asarray(q) / 100, axis, out, overwrite_input, method, keepdims)


median.samples(
    sample(real(5)), sample(real(6)), sample(real(3, 4)), sample(real(3, 4), axis=1),
    sample(real(3, 4), axis=0, keepdims=True), sample(real(3, 4), keepdims=True),
)
quantile.samples(
    sample(real(5), np.float64(0.3)), sample(real(6), np.float64(1.0)), sample(real(1), np.float64(0.5)),
    sample(real(3, 4), np.float64(0.5), axis=1), sample(real(5), np.array([0.1, 0.6, 0.0])),
    sample(real(3, 4), np.array([0.2, 0.7]), axis=0),
    sample(real(3, 4), np.float64(0.3), axis=1, keepdims=True),
    rejects(real(3), np.float64(0.5), method="nearest", error=Refusal),
)
percentile.samples(sample(real(5), np.float64(30.0)), sample(real(5), np.array([10.0, 70.0])))

# ---------------------------------------------------------------------------------- parts of an order


@composite("numpy.partition")
def partition(a, kth, axis=-1, kind="introselect", order=None):
    """A copy with the ``kth`` element in its sorted place; here everything is sorted, which also does it."""
    return sort(a, axis)


@composite("numpy.argpartition", methods=("argpartition",))
def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    """The places that put the ``kth`` element where it is in sorted order; here those that sort."""
    return argsort(a, axis)


for _composite in (partition, argpartition):
    _composite.samples(sample(np.arange(5.0), 2), sample(np.arange(6.0).reshape(2, 3), 1, axis=0))


@composite(methods=("searchsorted",))
def search(a, v, side="left"):
    """Where numbers belong in this sorted vector."""
    return searchsorted(a, v, side)


search.samples(sample(SORTED, real(3)))
