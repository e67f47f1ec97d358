"""Weighted means, covariances, correlations and sums by bins."""

import numpy as np

from ..algebra.contractions import equal_size
from ..declaring.axes import axis_of, known
from ..primitive import Refusal, composite, primitive, real, refuse, rejects, sample
from ..reduction import mean, sum_
from ..types import Array, Scalar, unlabelled
from .slopes import along_axis

__all__ = ["average", "bincount", "bins_needed", "corrcoef", "count_bins", "cov", "weigh_bins"]


@composite(np.average)
def average(a, axis=None, weights=None, returned=False, keepdims=False):
    """The mean, weighted if weights are given."""
    if known(returned):
        refuse("average(returned=True): the sum of the weights is np.sum(weights)")
    if weights is None:
        return mean(a, axis, keepdims=keepdims)
    if weights.ndim == a.ndim:
        w = np.broadcast_to(weights, a.shape)
    elif weights.ndim == 1 and axis is not None:
        along = axis_of(axis, a.ndim)
        equal_size(a.shape[along], weights.shape[0])
        w = np.broadcast_to(along_axis(weights, along, a.ndim), a.shape)
    else:
        refuse("average needs weights of the shape of the array, or a vector and its axis")
    return sum_(a * w, axis, keepdims=keepdims) / sum_(w, axis, keepdims=keepdims)


average.samples(
    sample(real(4)), sample(real(4), weights=abs(real(4))), sample(real(3, 4), axis=1, weights=abs(real(4))),
    sample(real(3, 4), axis=0, weights=abs(real(3))), sample(real(3, 4), weights=abs(real(3, 4))),
    sample(real(3, 4), axis=0, weights=abs(real(3, 4)), keepdims=True), sample(real(3, 4), axis=0),
)

# ---------------------------------------------------------------------------------- covariance


@composite(np.cov)
def cov(m, y=None, rowvar=True, bias=False, ddof=None):
    """The covariance of variables in rows (or columns); of one variable, its variance."""
    x = rows_of(m, rowvar)
    if y is not None:
        x = np.concatenate((x, rows_of(y, rowvar)))
    if ddof is not None:
        less = ddof
    else:
        less = 0 if bias else 1
    d = x - mean(x, 1, keepdims=True)
    c = (d @ d.T) / (x.shape[1] - less)
    if m.ndim == 1 and y is None:
        return c[0, 0]
    return c


@composite()
def rows_of(m, rowvar):
    """Variables as the rows of a matrix."""
    if m.ndim > 2 or m.ndim == 0:
        refuse("variables are a vector, or the rows of a matrix")
    if m.ndim == 1:
        return m[np.newaxis]
    return m if rowvar else m.T


@composite(np.corrcoef)
def corrcoef(x, y=None, rowvar=True):
    """The correlations of variables in rows (or columns)."""
    c = cov(x, y, rowvar)
    if c.ndim == 0:
        return c / c
    s = np.sqrt(np.diag(c))
    return np.clip(c / s[:, np.newaxis] / s[np.newaxis, :], -1.0, 1.0)


cov.samples(
    sample(real(5)), sample(real(3, 5)), sample(real(5, 2), rowvar=False), sample(real(5), real(5)[::-1]),
    sample(real(2, 5), bias=True), sample(real(2, 5), ddof=0), sample(real(2, 4), real(1, 4)),
    rejects(real(2, 2, 2), error=Refusal),
)
corrcoef.samples(sample(real(3, 5)), sample(real(5), 0.5 * real(6)[:5]), sample(real(5, 2), rowvar=False))

# ---------------------------------------------------------------------------------- bins


@primitive()
def bins_needed(x, least):
    """One more than the largest of some integers, and at least so many."""
    n = least
    for i in range(x.shape[0]):
        if x[i] < 0:
            raise ValueError("bincount counts integers that are not negative")
        n = max(n, x[i] + 1)
    return n


@primitive()
def count_bins(x, n):
    """How often each of 0, 1, … ``n - 1`` stands in a vector."""
    out = np.zeros(n, np.int64)
    for i in range(x.shape[0]):
        out[x[i]] += 1
    return out


@primitive()
def weigh_bins(x, weights, n):
    """The sum of the weights of each of 0, 1, … ``n - 1`` in a vector."""
    if x.shape[0] != weights.shape[0]:
        raise ValueError("bincount needs a weight for each element")
    out = np.zeros(n, weights.dtype)
    for i in range(x.shape[0]):
        out[x[i]] += weights[i]
    return out


@bins_needed.result
def bins_needed_result(x, least):
    if x.dtype[:3] not in ("int", "uin") or x.ndim != 1:
        refuse("bincount counts a vector of integers: convert with .astype(int)")
    return Scalar("int64", weak=True)


@weigh_bins.adjoint("weights")
def weigh_bins_dweights(dy, x):
    out = np.empty(x.shape[0], dy.dtype)
    for i in range(x.shape[0]):
        out[i] = dy[x[i]]
    return out


COUNTED = np.array([0, 2, 2, 1, 5])
count_bins.result(lambda x, n: Array("int64", 1))
weigh_bins.result(lambda x, weights, n: Array(weights.dtype, 1, "C", unlabelled(weights)))
bins_needed.zero("x", "least")
count_bins.zero("x", "n")
weigh_bins.zero("x", "n")
weigh_bins.linear("weights")
bins_needed.samples(
    sample(COUNTED, 0), sample(COUNTED, 8), sample(COUNTED[:0], 0),
    rejects(np.array([1, -1]), 0, error=ValueError), rejects(real(3), 0, error=Refusal),
)
count_bins.samples(sample(COUNTED, 6), sample(COUNTED[:0], 2))
weigh_bins.samples(
    sample(COUNTED, real(5), 6), sample(COUNTED[:0], real(0), 3), sample(COUNTED[::2], real(6)[::2], 7),
    rejects(COUNTED, real(4), 6, error=ValueError),
)


@composite(np.bincount)
def bincount(x, weights=None, minlength=0):
    """How often each integer from zero stands in a vector, or the sums of the weights of each."""
    n = bins_needed(x, minlength)
    if weights is None:
        return count_bins(x, n)
    return weigh_bins(x, weights.astype("float64"), n)


bincount.samples(
    sample(COUNTED), sample(COUNTED, real(5)), sample(COUNTED, minlength=8), sample(COUNTED, np.arange(5)),
)
