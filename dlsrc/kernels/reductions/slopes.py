"""Differences of neighbours, slopes on a grid and integrals of samples."""

import numpy as np

from ..arrays.joining import part
from ..declaring.axes import axes_of, axis_of, kind_of, known
from ..primitive import Refusal, composite, primitive, real, refuse, rejects, sample
from ..reduction import sum_
from ..types import Scalar

__all__ = ["at_least", "diff", "ediff1d", "gradient", "slope", "trapezoid"]


@primitive()
def at_least(n, least):
    """``n``, a size that must not be smaller than ``least``."""
    if n < least:
        raise ValueError("an axis has too few elements for this function")
    return n


@at_least.result
def at_least_result(n, least):
    return Scalar("int64", weak=True)


at_least.zero("n", "least")
at_least.samples(sample(3, 2), rejects(1, 2, error=ValueError))

# ---------------------------------------------------------------------------------- differences


@composite()
def beside(value, x, along):
    """A number or an array as it is joined to ``x`` along an axis."""
    if value.ndim > 0:
        return value
    return np.zeros_like(part(x, along, 0, 1)) + value


@composite(np.diff)
def diff(x, n=1, axis=-1, prepend=None, append=None):
    """Differences of neighbours along an axis, taken ``n`` times."""
    along = axis_of(axis, x.ndim)
    if kind_of(x.dtype) == "b":
        refuse("the difference of truth values: convert them with .astype(int)")
    n = known(n)
    if n < 0:
        refuse(f"differences are taken 0, 1, 2, … times, not {n}")
    if prepend is not None:
        x = np.concatenate((beside(prepend, x, along), x), along)
    if append is not None:
        x = np.concatenate((x, beside(append, x, along)), along)
    for _ in range(n):
        size = x.shape[along]
        x = part(x, along, 1, size) - part(x, along, 0, max(size - 1, 0))
    return x


@composite(np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    """Differences of neighbours in C order, between what is given for the ends."""
    flat = np.ravel(ary)
    y = flat[1:] - flat[:-1]
    if to_begin is not None:
        y = np.concatenate((np.ravel(to_begin), y))
    if to_end is not None:
        y = np.concatenate((y, np.ravel(to_end)))
    return y


diff.samples(
    sample(real(5)), sample(real(5), n=2), sample(real(3, 4)), sample(real(3, 4), axis=0), sample(real(1)),
    sample(real(2, 3, 4), axis=1), sample(real(4), n=0), sample(real(0, 3), axis=0),
    sample(real(3, 4), axis=0, prepend=np.float64(0.5)),
    sample(real(3), prepend=np.float64(0.5), append=real(2)),
    rejects(real(3), n=-1, error=Refusal),
)
ediff1d.samples(
    sample(real(5)), sample(real(2, 3)), sample(real(4), to_begin=np.float64(1.5), to_end=real(2)),
    sample(real(1)),
)

# ---------------------------------------------------------------------------------- slopes


@composite()
def along_axis(h, along, ndim):
    """A vector as an array of ``ndim`` dimensions that lies along one axis."""
    for k in range(ndim):
        if k != along:
            h = np.expand_dims(h, k)
    return h


@composite()
def slope(f, spacing, along, edge_order):
    """The derivative along an axis by differences, central inside and one-sided at the ends.

    ``spacing`` is the distance of neighbours, or the vector of places; see *Fornberg, Mathematics of
    Computation 51 (1988)* for unequal distances.
    """
    n = at_least(f.shape[along], edge_order + 1)
    before, here, after = part(f, along, 0, n - 2), part(f, along, 1, n - 1), part(f, along, 2, n)
    first, second = part(f, along, 0, 1), part(f, along, 1, 2)
    last, previous = part(f, along, n - 1, n), part(f, along, n - 2, n - 1)
    if spacing.ndim == 0:
        inside = (after - before) / (2.0 * spacing)
        if edge_order == 1:
            left = (second - first) / spacing
            right = (last - previous) / spacing
        else:
            left = (-1.5 * first + 2.0 * second - 0.5 * part(f, along, 2, 3)) / spacing
            right = (0.5 * part(f, along, n - 3, n - 2) - 2.0 * previous + 1.5 * last) / spacing
        return np.concatenate((left, inside, right), along)
    if spacing.ndim != 1:
        refuse("gradient takes numbers or vectors of places: one for each axis")
    h = spacing[1:] - spacing[:-1]
    m = h.shape[0]
    a = along_axis(h[: m - 1], along, f.ndim)
    b = along_axis(h[1:], along, f.ndim)
    inside = (
        -b / (a * (a + b)) * before + (b - a) / (a * b) * here + a / (b * (a + b)) * after
    )
    if edge_order == 1:
        left = (second - first) / h[0]
        right = (last - previous) / h[m - 1]
    else:
        p, q = h[0], h[1]
        left = (
            -(2.0 * p + q) / (p * (p + q)) * first + (p + q) / (p * q) * second
            - p / (q * (p + q)) * part(f, along, 2, 3)
        )
        p, q = h[m - 2], h[m - 1]
        right = (
            q / (p * (p + q)) * part(f, along, n - 3, n - 2) - (p + q) / (p * q) * previous
            + (2.0 * q + p) / (q * (p + q)) * last
        )
    return np.concatenate((left, inside, right), along)


@composite(np.gradient)
def gradient(f, *varargs, axis=None, edge_order=1):
    """The derivative by differences on a grid: an array, or one for each of several axes."""
    order = known(edge_order)
    if order != 1 and order != 2:
        refuse(f"gradient(edge_order={order}): use 1 or 2")
    if kind_of(f.dtype) != "f":
        f = f.astype("float64")
    axes = axes_of(axis, f.ndim)
    if len(varargs) > 1 and len(varargs) != len(axes):
        refuse(f"gradient along {len(axes)} axes takes one distance, or one for each")
    slopes: tuple = ()
    k = 0
    for along in axes:
        if len(varargs) == 0:
            spacing = np.float64(1.0)
        elif len(varargs) == 1:
            spacing = varargs[0]
        else:
            spacing = varargs[k]
        slopes = (*slopes, slope(f, spacing, along, order))
        k = k + 1
    if len(slopes) == 1:
        return slopes[0]
    return slopes


PLACES = np.array([0.0, 0.5, 0.75, 2.0, 3.0])
gradient.samples(
    sample(real(5)), sample(real(5), np.float64(0.5)), sample(real(5), PLACES),
    sample(real(5), PLACES, edge_order=2),
    sample(real(5), np.float64(0.5), edge_order=2), sample(real(3, 4)), sample(real(5, 4), PLACES, axis=0),
    sample(real(3, 5), np.float64(0.5), PLACES), sample(real(2, 3, 4), axis=1), sample(real(2)),
    sample(np.arange(4) ** 2),
    rejects(real(1), error=ValueError),
)

# ---------------------------------------------------------------------------------- integrals


@composite(np.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    """The integral of samples along an axis, taken as straight between neighbours."""
    along = axis_of(axis, y.ndim)
    n = y.shape[along]
    if x is None:
        width = dx
    elif x.ndim == 1:
        width = along_axis(x[1:] - x[:-1], along, y.ndim)
    else:
        width = part(x, along, 1, n) - part(x, along, 0, n - 1)
    return sum_(width * (part(y, along, 1, n) + part(y, along, 0, n - 1)) / 2.0, along)


trapezoid.samples(
    sample(real(5)), sample(real(5), PLACES), sample(real(3, 5), PLACES), sample(real(5, 3), PLACES, axis=0),
    sample(real(3, 4), dx=0.5), sample(real(3, 4), real(3, 4)), sample(real(1)),
)
