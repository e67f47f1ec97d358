"""Sorting, searching in sorted arrays, and what is read off a sorted array.

The derivative of a sorted array passes to the elements where they stood; equal elements keep their order.
"""

import numpy as np

from .axes import axis_of, grouped
from .indexing import take, take_along
from .primitive import composite, primitive, real, refuse, sample
from .types import Array, Scalar

__all__ = [
    "argsort", "argsort_axis", "digitize", "interp", "median", "percentile", "place_in", "places_in",
    "quantile",
    "searchsorted",
    "sort",
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
def interp(x, xp, fp, left=None, right=None):
    """Piecewise linear interpolation between the points ``xp`` (increasing), ``fp``; constant outside."""
    if left is not None or right is not None:
        refuse("interp with left or right: use np.where on the result")
    last = xp.shape[0] - 2
    k = np.minimum(np.maximum(searchsorted(xp, x, "right") - 1, 0), last)
    t = np.minimum(np.maximum((x - xp[k]) / (xp[k + 1] - xp[k]), 0.0), 1.0)
    return fp[k] + t * (fp[k + 1] - fp[k])


KNOTS = np.array([-1.0, 0.0, 0.5, 2.0])
interp.samples(
    sample(np.linspace(-2.0, 3.0, 9), KNOTS, real(4)), sample(np.float64(0.3), KNOTS, real(4)),
    sample(KNOTS, KNOTS, real(4)),
)

# ---------------------------------------------------------------------------------- quantiles


@composite(np.median)
def median(a, axis=None):
    """The middle of the sorted elements, or the mean of the two in the middle."""
    if axis is None:
        y = sort(np.ravel(a))
    else:
        y = np.moveaxis(sort(a, axis), axis_of(axis, a.ndim), 0)
    n = y.shape[0]
    return (y[(n - 1) // 2] + y[n // 2]) / 2


@composite(np.quantile)
def quantile(a, q, axis=None):
    """The value below which a part ``q`` of the elements lies, interpolated linearly."""
    if axis is None:
        y = sort(np.ravel(a))
    else:
        y = np.moveaxis(sort(a, axis), axis_of(axis, a.ndim), 0)
    if q.ndim != 0:
        refuse("quantile takes one number: call it for each")
    n = y.shape[0]
    place = q * (n - 1)
    k = np.minimum(int(np.floor(place)), np.maximum(n - 2, 0))
    t = place - k
    return y[k] + t * (y[np.minimum(k + 1, n - 1)] - y[k])


@composite(np.percentile)
def percentile(a, q, axis=None):
    """The value below which ``q`` percent of the elements lie, interpolated linearly."""
    return quantile(a, q / 100, axis)


median.samples(
    sample(real(5)), sample(real(6)), sample(real(3, 4)), sample(real(3, 4), axis=1), sample(real(3, 4),
    axis=0),
)
quantile.samples(
    sample(real(5), np.float64(0.3)), sample(real(6), np.float64(1.0)), sample(real(3, 4), np.float64(0.5),
    axis=1),
    sample(real(1), np.float64(0.5)),
)
percentile.samples(sample(real(5), np.float64(30.0)))
