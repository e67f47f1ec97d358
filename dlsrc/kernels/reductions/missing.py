"""Reductions that leave out nan: nansum, nanmean, nanmax, nanmedian and their kin; and replacing nan.

What is left out has derivative zero.
"""

import numpy as np

from ..arrays.order import quantile_places, sort
from ..declaring.axes import axis_of
from ..indexing import take_along
from ..numbers.selection import where
from ..primitive import composite, folded, real, refuse, sample
from ..reduction import all_, kept_dims, prod, sum_
from .cumulative import cumprod, cumsum
from .extrema import argmax, argmin, max_, min_

__all__ = [
    "nan_to_num", "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmedian",
    "nanmin", "nanpercentile", "nanprod", "nanquantile", "nanstd", "nansum", "nanvar",
]

HOLED = np.array([[1.0, np.nan, -2.0, 0.5], [0.25, 3.0, np.nan, -1.0], [np.nan, 0.75, 1.5, 2.0]])


@composite()
def filled(a, value):
    """The array with nan replaced by a number."""
    return where(np.isnan(a), value, a)


@composite(np.nansum)
def nansum(a, axis=None, dtype=None, out=None, keepdims=False):
    """The sum without nan."""
    return sum_(filled(a, 0), axis, dtype, out, keepdims)


@composite(np.nanprod)
def nanprod(a, axis=None, dtype=None, out=None, keepdims=False):
    """The product without nan."""
    return prod(filled(a, 1), axis, dtype, out, keepdims)


@composite(np.nancumsum)
def nancumsum(a, axis=None, dtype=None, out=None):
    """Running sums, nan counting as zero."""
    return cumsum(filled(a, 0), axis, dtype, out)


@composite(np.nancumprod)
def nancumprod(a, axis=None, dtype=None, out=None):
    """Running products, nan counting as one."""
    return cumprod(filled(a, 1), axis, dtype, out)


@composite()
def count_of(a, axis, keepdims):
    """How many elements are not nan."""
    return sum_(~np.isnan(a), axis, keepdims=keepdims)


@composite(np.nanmean)
def nanmean(a, axis=None, dtype=None, out=None, keepdims=False):
    """The mean without nan; nan where nothing is left."""
    return nansum(a, axis, dtype, out, keepdims) / count_of(a, axis, keepdims)


@composite(np.nanvar)
def nanvar(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    """The variance without nan."""
    if out is not None or dtype is not None:
        refuse("nanvar with out or dtype: convert the array first, assign the result after")
    deviation = filled(a - nanmean(a, axis, keepdims=True), 0.0)
    return sum_(deviation * deviation, axis, keepdims=keepdims) / (count_of(a, axis, keepdims) - ddof)


@composite(np.nanstd)
def nanstd(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    """The standard deviation without nan."""
    return np.sqrt(nanvar(a, axis, dtype, out, ddof, keepdims))


@composite(np.nanmax)
def nanmax(a, axis=None, out=None, keepdims=False):
    """The largest element that is not nan; nan where there is none."""
    y = max_(filled(a, -np.inf), axis, out, keepdims)
    return where(all_(np.isnan(a), axis, None, keepdims), np.nan, y)


@composite(np.nanmin)
def nanmin(a, axis=None, out=None, keepdims=False):
    """The smallest element that is not nan; nan where there is none."""
    y = min_(filled(a, np.inf), axis, out, keepdims)
    return where(all_(np.isnan(a), axis, None, keepdims), np.nan, y)


@composite(np.nanargmax)
def nanargmax(a, axis=None, out=None, keepdims=False):
    """The place of the largest element that is not nan."""
    return argmax(filled(a, -np.inf), axis, out, keepdims)


@composite(np.nanargmin)
def nanargmin(a, axis=None, out=None, keepdims=False):
    """The place of the smallest element that is not nan."""
    return argmin(filled(a, np.inf), axis, out, keepdims)


for _composite in (nansum, nanprod, nanmean, nanmax, nanmin, nanvar, nanstd):
    _composite.samples(
        sample(HOLED), sample(HOLED, axis=0), sample(HOLED, axis=-1, keepdims=True), sample(real(5)),
        sample(HOLED[0]), sample(real(2, 3, 4), axis=(0, 2)),
    )
nanvar.samples(sample(HOLED, axis=1, ddof=1))
for _composite in (nancumsum, nancumprod):
    _composite.samples(sample(HOLED), sample(HOLED, axis=1), sample(HOLED[0]))
for _composite in (nanargmax, nanargmin):
    _composite.samples(sample(HOLED), sample(HOLED, axis=1), sample(HOLED, axis=0, keepdims=True))

# ---------------------------------------------------------------------------------- quantiles


@composite(np.nanquantile)
def nanquantile(a, q, axis=None, keepdims=False):
    """The value below which a part ``q`` of the elements lies, without nan, interpolated linearly."""
    if q.ndim != 0:
        refuse("nanquantile takes one number: call it for each")
    x = np.ravel(a) if axis is None else np.moveaxis(a, axis_of(axis, a.ndim), 0)
    y = sort(x, 0)  # nan is last
    n = sum_(~np.isnan(x), 0)
    if x.ndim == 1:
        low, high, t = quantile_places(q, n)
        z = y[low] + t * (y[high] - y[low])
    else:
        low, high, t = quantile_places(q, n)
        under = take_along(y, np.expand_dims(low, 0), 0)[0]
        over = take_along(y, np.expand_dims(high, 0), 0)[0]
        z = under + t * (over - under)
    if keepdims:
        return kept_dims(z, axis, a.ndim)
    return z


@composite(np.nanpercentile)
def nanpercentile(a, q, axis=None, keepdims=False):
    """The value below which ``q`` percent of the elements lie, without nan."""
    return nanquantile(a, q / 100, axis, keepdims)


@composite(np.nanmedian)
def nanmedian(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    """The middle of the sorted elements that are not nan."""
    if out is not None:
        refuse("nanmedian(out=…): assign the result instead")
    return nanquantile(a, np.float64(0.5), axis, keepdims)


nanquantile.samples(
    sample(HOLED, np.float64(0.3)), sample(HOLED, np.float64(0.7), axis=0), sample(real(5), np.float64(0.4)),
    sample(HOLED, np.float64(0.25), axis=1, keepdims=True),
)
nanpercentile.samples(sample(HOLED, np.float64(30.0)), sample(HOLED, np.float64(60.0), axis=1))
nanmedian.samples(sample(HOLED), sample(HOLED, axis=0), sample(HOLED, axis=1, keepdims=True), sample(real(6)))

# ---------------------------------------------------------------------------------- replacing


@folded
def largest_of(dtype):
    """The largest finite number of a dtype."""
    return float(np.finfo(dtype).max)


@composite(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """The array with nan and infinities replaced by numbers; what is replaced has derivative zero."""
    if not copy:
        refuse("nan_to_num(copy=False): assign the result instead, x[...] = np.nan_to_num(x)")
    above = largest_of(x.dtype) if posinf is None else posinf
    below = -largest_of(x.dtype) if neginf is None else neginf
    y = where(np.isnan(x), nan, x)
    return where(np.isposinf(y), above, where(np.isneginf(y), below, y))


nan_to_num.samples(
    sample(np.array([1.0, np.nan, np.inf, -np.inf])), sample(real(2, 3)), sample(np.float64(np.nan)),
    sample(np.array([np.nan, np.inf, -np.inf]), nan=1.0, posinf=5.0, neginf=-5.0),
)
