"""Maxima and means of windows: pooling, and its inverse.

The spatial axes come first and all others are one: what slides is the same for every channel and every
observation, which are neighbours in memory.  Margins are outside: they are never a maximum.  Where two
elements of a window are largest, the first of them is.

``g`` is the geometry of ``geometry.window_geometry``; its last number says whether a mean counts the margin
as zeros.
"""

import numpy as np

from ..algebra.contractions import product_of_sizes, sizes_of
from ..primitive import Refusal, composite, kernel, primitive, real, refuse, rejects, sample
from ..programs.labels import format_of, undone
from ..types import Array
from .filters import (
    geometry_of, in_front, margins_of, other_axes_of, per_axis, window_counts, turned, window_axes,
)

__all__ = [
    "avgpool", "maxpool", "maxunpool", "means_of_windows", "picked", "places_of_maxima", "put_back",
    "spread_means",
]


@kernel
def tested_windows(shape, g):
    """Raise unless the windows fit into an input of this shape."""
    for k in range(3):
        if shape[k] != g[k]:
            raise ValueError("pooling: the input does not have the size that was said")
        if g[3 + k] < 1 or g[6 + k] < 1 or g[15 + k] < 1:
            raise ValueError("pooling: a window is larger than the padded input")
        last = (g[15 + k] - 1) * g[6 + k] - g[12 + k]
        if g[12 + k] >= g[3 + k] or last >= g[k]:
            raise ValueError("pooling: a window is all margin; the padding must be smaller than the window")


@kernel
def inside(place, size, taps):
    """The part of a window that is inside an axis: from … to, not included."""
    return max(place, 0), min(place + taps, size)


@primitive()
def places_of_maxima(x, g):
    """For every window and column the place of its largest element, counted over all spatial axes."""
    tested_windows(x.shape, g)
    given = np.ascontiguousarray(x)
    out = np.zeros((g[15], g[16], g[17], x.shape[3]), np.int64)
    best = np.empty(x.shape[3], x.dtype)
    for od in range(g[15]):
        d0, d1 = inside(od * g[6] - g[12], g[0], g[3])
        for oh in range(g[16]):
            h0, h1 = inside(oh * g[7] - g[13], g[1], g[4])
            for ow in range(g[17]):
                w0, w1 = inside(ow * g[8] - g[14], g[2], g[5])
                found = out[od, oh, ow]
                first = (d0 * g[1] + h0) * g[2] + w0
                for m in range(found.shape[0]):
                    found[m] = first
                    best[m] = given[d0, h0, w0, m]
                for d in range(d0, d1):
                    for h in range(h0, h1):
                        for w in range(w0, w1):
                            row = given[d, h, w]
                            place = (d * g[1] + h) * g[2] + w
                            for m in range(found.shape[0]):
                                v = row[m]
                                if v > best[m] or (v != v and best[m] == best[m]):
                                    best[m] = v
                                    found[m] = place
    return out


places_of_maxima.result(lambda x, g: Array("int64", 4))
places_of_maxima.zero("x", "g")


@primitive()
def picked(x, places):
    """The elements at places of the spatial axes, each in its column."""
    rows = np.ascontiguousarray(x).reshape((x.shape[0] * x.shape[1] * x.shape[2], x.shape[3]))
    chosen = np.ascontiguousarray(places).reshape((-1, x.shape[3]))
    out = np.empty(chosen.shape, x.dtype)
    for i in range(chosen.shape[0]):
        for m in range(chosen.shape[1]):
            k = chosen[i, m]
            if k < 0 or k >= rows.shape[0]:
                raise IndexError("pooling: a place is out of range")
            out[i, m] = rows[k, m]
    return out.reshape(places.shape)


@picked.adjoint("x")
def picked_dx(dy, places, x_shape):
    return put_back(dy, places, x_shape[0], x_shape[1], x_shape[2])


@primitive()
def put_back(v, places, depth, height, width):
    """Values put where places say, each in its column; where several come together, their sum."""
    if v.shape != places.shape:
        raise ValueError("maxunpool: there must be a place for every value")
    columns = v.shape[3]
    values = np.ascontiguousarray(v).reshape((-1, columns))
    chosen = np.ascontiguousarray(places).reshape((-1, columns))
    out = np.zeros((depth * height * width, columns), v.dtype)
    for i in range(chosen.shape[0]):
        for m in range(columns):
            k = chosen[i, m]
            if k < 0 or k >= out.shape[0]:
                raise IndexError("maxunpool: a place is out of range")
            out[k, m] += values[i, m]
    return out.reshape((depth, height, width, columns))


@put_back.adjoint("v")
def put_back_dv(dy, places):
    return picked(dy, places)


picked.result(lambda x, places: Array(x.dtype, 4, "C", x.labels))
picked.zero("places")
picked.linear("x")
put_back.result(lambda v, places, depth, height, width: Array(v.dtype, 4, "C", v.labels))
put_back.zero("places", "depth", "height", "width")
put_back.linear("v")


@primitive()
def means_of_windows(x, g):
    """The mean of every window, column by column."""
    tested_windows(x.shape, g)
    given = np.ascontiguousarray(x)
    out = np.zeros((g[15], g[16], g[17], x.shape[3]), x.dtype)
    for od in range(g[15]):
        d0, d1 = inside(od * g[6] - g[12], g[0], g[3])
        for oh in range(g[16]):
            h0, h1 = inside(oh * g[7] - g[13], g[1], g[4])
            for ow in range(g[17]):
                w0, w1 = inside(ow * g[8] - g[14], g[2], g[5])
                count = g[3] * g[4] * g[5] if g[18] else (d1 - d0) * (h1 - h0) * (w1 - w0)
                total = out[od, oh, ow]
                for d in range(d0, d1):
                    for h in range(h0, h1):
                        for w in range(w0, w1):
                            row = given[d, h, w]
                            for m in range(total.shape[0]):
                                total[m] += row[m]
                for m in range(total.shape[0]):
                    total[m] /= count
    return out


@means_of_windows.adjoint("x")
def means_of_windows_dx(dy, g):
    return spread_means(dy, g)


@primitive()
def spread_means(v, g):
    """Every value in equal parts on the elements of its window."""
    given = np.ascontiguousarray(v)
    out = np.zeros((g[0], g[1], g[2], v.shape[3]), v.dtype)
    tested_windows(out.shape, g)
    for od in range(g[15]):
        d0, d1 = inside(od * g[6] - g[12], g[0], g[3])
        for oh in range(g[16]):
            h0, h1 = inside(oh * g[7] - g[13], g[1], g[4])
            for ow in range(g[17]):
                w0, w1 = inside(ow * g[8] - g[14], g[2], g[5])
                count = g[3] * g[4] * g[5] if g[18] else (d1 - d0) * (h1 - h0) * (w1 - w0)
                parts = given[od, oh, ow]
                for d in range(d0, d1):
                    for h in range(h0, h1):
                        for w in range(w0, w1):
                            row = out[d, h, w]
                            for m in range(row.shape[0]):
                                row[m] += parts[m] / count
    return out


@spread_means.adjoint("v")
def spread_means_dv(dy, g):
    return means_of_windows(dy, g)


for _made, _name in ((means_of_windows, "x"), (spread_means, "v")):
    _made.linear(_name)
    _made.zero("g")
means_of_windows.result(lambda x, g: Array(x.dtype, 4, "C", x.labels))
spread_means.result(lambda v, g: Array(v.dtype, 4, "C", v.labels))

_ONE = np.array([1, 4, 5, 1, 2, 3, 1, 2, 1, 1, 1, 1, 0, 0, 1, 1, 2, 5, 1])
_TWO = np.array([2, 3, 3, 2, 2, 2, 1, 1, 2, 1, 1, 1, 0, 1, 0, 1, 4, 1, 0])
places_of_maxima.samples(
    sample(real(1, 4, 5, 2), _ONE), sample(real(2, 3, 3, 2), _TWO),
    rejects(real(1, 4, 4, 2), _ONE, error=ValueError),
)
picked.samples(
    sample(real(1, 4, 5, 2), places_of_maxima(real(1, 4, 5, 2), _ONE)),
    sample(real(2, 3, 3, 2), places_of_maxima(real(2, 3, 3, 2), _TWO)),
    rejects(real(1, 1, 2, 1), np.full((1, 1, 1, 1), 2), error=IndexError),
)
put_back.samples(
    sample(real(1, 2, 5, 2), places_of_maxima(real(1, 4, 5, 2), _ONE), 1, 4, 5),
    sample(real(1, 4, 1, 2), places_of_maxima(real(2, 3, 3, 2), _TWO), 2, 3, 3),
    rejects(real(1, 1, 2, 1), np.zeros((1, 1, 1, 1), int), 1, 1, 2, error=ValueError),
)
means_of_windows.samples(sample(real(1, 4, 5, 2), _ONE), sample(real(2, 3, 3, 2), _TWO))
spread_means.samples(sample(real(1, 2, 5, 2), _ONE), sample(real(1, 4, 1, 2), _TWO))

# ---------------------------------------------------------------------------------- as MATLAB calls them


@composite()
def pool_geometry(sizes, poolsize, stride, padding, counts_margin):
    """The geometry of windows on axes of these sizes."""
    count = len(sizes)
    ones = (1,) * count
    if isinstance(poolsize, str):
        if poolsize != "global":
            refuse(f"poolsize={poolsize!r}: use 'global', a number, or one for each axis")
        return geometry_of(sizes, sizes, ones, ones, ((0, 0),) * count, counts_margin, False)
    window = per_axis(poolsize, count, "poolsize")
    steps = per_axis(stride, count, "stride")
    same = isinstance(padding, str) and padding == "same"
    pairs = ((0, 0),) * count if same else margins_of(padding, sizes, window, steps, ones)
    return geometry_of(sizes, window, steps, ones, pairs, counts_margin, same)


@composite()
def columns_of_places(x, along, rest):
    """The array with three spatial axes and all others in one."""
    size = in_front(sizes_of(x, along), 1)
    ordered = turned(x, (*along, *rest))
    return np.reshape(ordered, (size[0], size[1], size[2], product_of_sizes(sizes_of(x, rest))))


@composite()
def others_of(along, data_format):
    """All axes but those that windows slide along, the channels first."""
    channel = tuple([k for k in range(len(data_format)) if data_format[k] == "C"])
    return (*channel, *other_axes_of(along, data_format))


@composite()
def maxpool(x, poolsize, *, stride=1, padding=0, return_indices=False, data_format=None):
    """The largest element of every window; of equal ones the first.

    Parameters
    ----------
    x : array with one to three spatial axes, or an axis of time
    poolsize : size of the windows: a number, a tuple with one for each axis, or "global"
    stride : a number or a tuple
    padding : "same", a number, a tuple, or two tuples, before and after; the margin is never the largest
    return_indices : whether to give places and the shape of ``x`` too, for ``maxunpool``
    data_format : what the axes of ``x`` mean

    Returns
    -------
    array in the same format; or that, the places (counted over all spatial axes) and the shape of ``x``

    Raises
    ------
    ValueError
        If a window is larger than the padded input, or all margin.

    Examples
    --------
    >>> x = np.array([1.0, 3.0, 2.0, 0.0, 5.0, 4.0]).reshape(6, 1, 1)
    >>> maxpool(x, 2, stride=2, data_format="SCB").ravel()
    array([3., 2., 5.])
    """
    fmt = format_of(data_format, x.ndim, "maxpool")
    along = window_axes(fmt, "maxpool")
    rest = others_of(along, fmt)
    g = pool_geometry(sizes_of(x, along), poolsize, stride, padding, 0)
    columns = columns_of_places(x, along, rest)
    places = places_of_maxima(columns, g)
    back = undone((*along, *rest))
    shape = (*window_counts(g, len(along)), *sizes_of(x, rest))
    y = turned(np.reshape(picked(columns, places), shape), back)
    if return_indices:
        return y, turned(np.reshape(places, shape), back), x.shape
    return y


@composite()
def maxunpool(x, indices, output_size, *, data_format=None):
    """The elements of ``x`` at the places where ``maxpool`` found them, zeros elsewhere.

    Parameters
    ----------
    x : array
    indices : array of integers of the same shape, the places that ``maxpool`` gave
    output_size : shape of the result, which ``maxpool`` gave too
    data_format : what the axes of ``x`` mean

    Notes
    -----
    Where windows overlap, one place may be named twice: there the sum of the elements is put.

    Examples
    --------
    >>> x = np.array([1.0, 3.0, 2.0, 0.0]).reshape(4, 1, 1)
    >>> y, places, size = maxpool(x, 2, stride=2, return_indices=True, data_format="SCB")
    >>> maxunpool(y, places, size, data_format="SCB").ravel()
    array([0., 3., 2., 0.])
    """
    fmt = format_of(data_format, x.ndim, "maxunpool")
    along = window_axes(fmt, "maxunpool")
    rest = others_of(along, fmt)
    sizes = tuple([output_size[k] for k in along])
    size = in_front(sizes, 1)
    values = columns_of_places(x, along, rest)
    y = put_back(values, columns_of_places(indices, along, rest), size[0], size[1], size[2])
    return turned(np.reshape(y, (*sizes, *sizes_of(x, rest))), undone((*along, *rest)))


@composite()
def avgpool(x, poolsize, *, stride=1, padding=0, padding_value=0, data_format=None):
    """The mean of every window.

    Parameters
    ----------
    x, poolsize, stride, padding, data_format : as for ``maxpool``
    padding_value : 0, the margin is zeros and counts; or "mean", it does not count

    Examples
    --------
    >>> x = np.array([1.0, 3.0, 2.0, 0.0]).reshape(4, 1, 1)
    >>> avgpool(x, 2, stride=2, data_format="SCB").ravel()
    array([2., 1.])
    >>> avgpool(x, "global", data_format="SCB").ravel()
    array([1.5])
    """
    fmt = format_of(data_format, x.ndim, "avgpool")
    along = window_axes(fmt, "avgpool")
    rest = others_of(along, fmt)
    if isinstance(padding_value, str):
        if padding_value != "mean":
            refuse(f"avgpool(padding_value={padding_value!r}): use 0 or 'mean'")
        counts = 0
    else:
        if padding_value != 0:
            refuse("avgpool(padding_value=…): use 0 or 'mean'; another number is np.pad before it")
        counts = 1
    g = pool_geometry(sizes_of(x, along), poolsize, stride, padding, counts)
    y = means_of_windows(columns_of_places(x, along, rest), g)
    shape = (*window_counts(g, len(along)), *sizes_of(x, rest))
    return turned(np.reshape(y, shape), undone((*along, *rest)))


for _pool in (maxpool, avgpool):
    _pool.samples(
        sample(real(4, 6, 2, 2), 2, stride=2, data_format="SSCB"),
        sample(real(2, 2, 5, 4), (3, 2), stride=(2, 1), padding=1, data_format="BCSS"),
        sample(real(5, 3, 2), 3, stride=2, padding="same", data_format="SCB"),
        sample(real(2, 3, 4, 2, 1), 2, padding=((0, 1, 0), (1, 0, 1)), data_format="SSSCB"),
        sample(real(3, 4, 2, 2), "global", data_format="SSCB"), sample(real(2, 2, 5), 2, data_format="CBT"),
        rejects(real(4, 4, 1, 1), 5, data_format="SSCB", error=ValueError),
        rejects(real(4, 4, 1, 1), 2, padding=2, data_format="SSCB", error=ValueError),
        rejects(real(4, 4, 1, 1), "all", data_format="SSCB", error=Refusal),
        rejects(real(4, 4), 2, data_format="CB", error=Refusal),
    )
avgpool.samples(
    sample(real(5, 3, 2), 3, stride=2, padding="same", padding_value="mean", data_format="SCB"),
)
maxunpool.samples(
    sample(
        real(2, 1, 2, 1), np.array([[[[1], [0]]], [[[5], [4]]]]), (3, 2, 2, 1), data_format="SSCB",
    ),
    rejects(real(2, 1, 1, 1), np.array([9, 0]).reshape(2, 1, 1, 1), (3, 2, 1, 1), data_format="SSCB",
            error=IndexError),
)
