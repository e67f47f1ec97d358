"""Convolutions and transposed convolutions as MATLAB calls them: ``dlconv`` and ``dltranspconv``.

What they are made of is in ``convolution``: the axes are turned into the order that it works in, which costs
nothing where they stand in MATLAB's order, S C B T U, already.
"""

import numpy as np

from ..algebra.contractions import product_of_sizes, sizes_of
from ..arrays.padding import pad
from ..convolution import conv_inputs, conv_values
from ..primitive import Refusal, composite, folded, real, refuse, rejects, sample
from ..programs.labels import axes_labelled, axis_labelled, format_of, undone
from .channels import biased
from .geometry import window_geometry

__all__ = ["dlconv", "dltranspconv", "geometry_of", "per_axis", "window_counts"]


@folded
def window_axes(data_format, function):
    """The axes that windows slide along: the spatial ones, or time where there are none.

    >>> window_axes("SSCB", "dlconv"), window_axes("CBT", "dlconv")
    ((0, 1), (2,))
    """
    found = axes_labelled(data_format, "S") or axes_labelled(data_format, "T")
    if not 1 <= len(found) <= 3:
        refuse(f"{function} slides windows along one to three axes S, or along T: {data_format!r} has none")
    return found


@folded
def other_axes_of(axes, data_format):
    """The axes that are neither these nor the channels: observations, for a window.

    >>> other_axes_of((0, 1), "SSCBT")
    (3, 4)
    """
    return tuple(k for k, letter in enumerate(data_format) if k not in axes and letter != "C")


@folded
def weight_axes(weights_format, ndim, count, order, function):
    """The axes of weights in the order spatial, then as ``order`` says, C and U; G is the second U.

    >>> weight_axes(None, 4, 2, "CGU", "dlconv"), weight_axes("UCSS", 4, 2, "CGU", "dlconv")
    ((0, 1, 2, 3), (2, 3, 1, 0))
    >>> weight_axes(None, 5, 2, "CGU", "dlconv")
    (0, 1, 2, 4, 3)
    """
    plain = order.replace("G", "")
    if weights_format is None:
        weights_format = "S" * count + plain + "U" * (ndim - count - 2)
    given = weights_format.replace("T", "S")
    if sorted(given) not in (sorted("S" * count + "CU"), sorted("S" * count + "CUU")) or len(given) != ndim:
        refuse(
            f"{function}: weights of {ndim} axes cannot be {weights_format!r}; for these windows they are "
            f"{'S' * count + plain!r}, or {'S' * count + plain + 'U'!r} with the groups last"
        )
    filters = given.index("U")
    places = {"C": (given.index("C"),), "U": (filters,), "G": axes_labelled(given, "U")[1:]}
    return (*axes_labelled(given, "S"), *(k for letter in order for k in places[letter]))


@folded
def margin_mode(padding_value):
    """The mode of ``pad`` for what MATLAB calls a padding value, and the constant.

    >>> margin_mode("replicate"), margin_mode(0)
    (('edge', 0), ('zeros', 0))
    """
    modes = {"symmetric-include-edge": "symmetric", "symmetric-exclude-edge": "reflect", "replicate": "edge"}
    if isinstance(padding_value, str):
        if padding_value not in modes:
            refuse(f"padding_value={padding_value!r}: use a number, or one of {', '.join(map(repr, modes))}")
        return modes[padding_value], 0
    return ("zeros" if padding_value == 0 else "constant"), padding_value


@composite()
def per_axis(given, count, name):
    """A number for each of the axes that windows slide along, however they are given."""
    if not isinstance(given, (tuple, list)):
        return (given,) * count
    if len(given) != count:
        refuse(f"{name} takes a number, or one for each of the {count} axes that windows slide along")
    return tuple(given)


@composite()
def margins_of(padding, sizes, taps, stride, dilation):
    """The margins before and after on each axis, of which "same" gives ``ceil(size / stride)`` windows."""
    count = len(sizes)
    if isinstance(padding, str):
        if padding == "causal":
            return tuple([((k - 1) * d, 0) for k, d in zip(taps, dilation, strict=True)])
        if padding != "same":
            refuse(f"padding={padding!r}: use 'same', 'causal', a number, one for each axis, or two rows")
        pairs: tuple = ()
        for n, k, s, d in zip(sizes, taps, stride, dilation, strict=True):
            total = max(((n + s - 1) // s - 1) * s + (k - 1) * d + 1 - n, 0)
            pairs = (*pairs, (total // 2, total - total // 2))
        return pairs
    if isinstance(padding, (tuple, list)):
        if isinstance(padding[0], (tuple, list)):
            if len(padding) != 2 or len(padding[0]) != count or len(padding[1]) != count:
                refuse(f"padding in rows takes two, before and after, with {count} numbers each")
            return tuple([(b, a) for b, a in zip(padding[0], padding[1], strict=True)])
        if len(padding) == 2 and count == 1:
            return ((padding[0], padding[1]),)
    return tuple([(p, p) for p in per_axis(padding, count, "padding")])


@composite()
def in_front(values, fill):
    """Three numbers: these, with ``fill`` for the axes that are missing in front."""
    return ((fill,) * (3 - len(values)) + tuple(values))


@composite()
def turned(x, axes):
    """The array with its axes in this order; the array itself where that is the order they stand in."""
    if axes == tuple(range(x.ndim)):
        return x
    return np.transpose(x, axes)


@composite()
def weights_of(weights, axes, count, groups):
    """Weights as taps, channels in, channels out; how many taps on each axis; and how many groups."""
    w = turned(weights, axes)
    taps = tuple(w.shape[:count])
    if weights.ndim == count + 3:
        if groups != 1:
            refuse("weights with an axis for the groups say how many there are: leave groups out")
        groups = w.shape[count + 1]
    w = np.reshape(w, (product_of_sizes(taps), w.shape[count], product_of_sizes(w.shape[count + 1 :])))
    return w, taps, groups


@composite()
def dlconv(
    x, weights, bias=None, *, stride=1, dilation_factor=1, padding=0, padding_value=0, groups=1,
    data_format=None, weights_format=None,
):
    """The convolution of a batch with the filters of a layer, as networks mean it: filters are not turned.

    Parameters
    ----------
    x : array with one to three spatial axes, or an axis of time, that windows slide along, and channels
    weights : array, by default in the order spatial axes, channels, filters (``"SSCU"``); in groups spatial
        axes, channels of a group, filters of a group, groups (``"SSCUU"``)
    bias : vector with an element for each filter, a number, or None
    stride, dilation_factor : numbers, or a tuple with one for each axis
    padding : "same" (as many places as the input, over the stride, rounded up), "causal" (all of it
        before), a number, a tuple with one for each axis, or two tuples, before and after
    padding_value : a number, "replicate", "symmetric-include-edge" or "symmetric-exclude-edge"
    groups : number of groups, where the weights have no axis for them (``"UCSS"``, as in PyTorch)
    data_format : what the axes of ``x`` mean; ``"SSCB"`` is used as it lies
    weights_format : what the axes of the weights mean: S, C for the channels, U for the filters

    Returns
    -------
    array in the same format

    Raises
    ------
    ValueError
        If channels, filters and groups do not go together, or a window is larger than the padded input.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 4.0, 7.0]).reshape(4, 1, 1)
    >>> dlconv(x, np.array([-1.0, 1.0]).reshape(2, 1, 1), data_format="SCB").ravel()
    array([1., 2., 3.])
    >>> dlconv(x, np.ones((3, 1, 1)), padding="same", stride=2, data_format="SCB").ravel()
    array([ 7., 11.])
    """
    fmt = format_of(data_format, x.ndim, "dlconv")
    along = window_axes(fmt, "dlconv")
    count = len(along)
    rest = other_axes_of(along, fmt)
    channel = axis_labelled(fmt, "C", "dlconv")
    axes = weight_axes(weights_format, weights.ndim, count, "CGU", "dlconv")
    w, taps, parts = weights_of(weights, axes, count, groups)
    steps = per_axis(stride, count, "stride")
    gaps = per_axis(dilation_factor, count, "dilation_factor")
    sizes = sizes_of(x, along)
    mode = margin_mode(padding_value)
    ordered = turned(x, (*along, channel, *rest))
    same = mode[0] == "zeros" and isinstance(padding, str) and padding == "same"
    pairs = ((0, 0),) * count if same else margins_of(padding, sizes, taps, steps, gaps)
    if mode[0] != "zeros":
        ordered = pad_windows(ordered, pairs, mode[0], mode[1])
        sizes = tuple(ordered.shape[:count])
        pairs = ((0, 0),) * count
    g = geometry_of(sizes, taps, steps, gaps, pairs, parts, same)
    size = in_front(sizes, 1)
    columns = product_of_sizes(sizes_of(x, rest))
    batch = np.reshape(ordered, (size[0], size[1], size[2], x.shape[channel], columns))
    y = with_filter_bias(conv_values(batch, w, g), bias)
    shaped = np.reshape(y, (*window_counts(g, count), y.shape[3], *sizes_of(x, rest)))
    return turned(shaped, undone((*along, channel, *rest)))


@composite()
def geometry_of(sizes, taps, steps, gaps, pairs, last, same):
    """The geometry of windows on one to three axes, as ``window_geometry`` gives it."""
    return window_geometry(
        *in_front(sizes, 1), *in_front(taps, 1), *in_front(steps, 1), *in_front(gaps, 1),
        *in_front(tuple([p[0] for p in pairs]), 0), *in_front(tuple([p[1] for p in pairs]), 0),
        last, 1 if same else 0,
    )


@composite()
def window_counts(g, count):
    """How many windows there are on each of so many axes."""
    return tuple([g[18 - count + k] for k in range(count)])


@composite()
def with_filter_bias(y, bias):
    """Values of a convolution plus a number for each channel; None and numbers are biases too."""
    if bias is None:
        return y
    if np.ndim(bias) == 0:
        return y + bias
    if np.ndim(bias) != 1:
        refuse(f"a bias is a vector, an element for each filter, not an array of {np.ndim(bias)} dimensions")
    three = np.reshape(y, (y.shape[0] * y.shape[1] * y.shape[2], y.shape[3], y.shape[4]))
    return np.reshape(biased(three, bias), y.shape)


@composite()
def pad_windows(x, pairs, mode, value):
    """The array with margins on its first axes."""
    widths = (*pairs, *(((0, 0),) * (x.ndim - len(pairs))))
    if mode == "constant":
        return pad(x, widths, constant_values=value)
    return pad(x, widths, mode=mode)


@composite()
def dltranspconv(
    x, weights, bias=None, *, stride=1, dilation_factor=1, cropping=0, groups=1, data_format=None,
    weights_format=None,
):
    """The transposed convolution of a batch: every place is spread over a window of a larger result.

    Parameters
    ----------
    x : array with one to three spatial axes, or an axis of time, and channels
    weights : array, by default in the order spatial axes, filters, channels (``"SSUC"``); in groups spatial
        axes, filters of a group, channels of a group, groups (``"SSUCU"``)
    bias : vector with an element for each filter, a number, or None
    stride, dilation_factor : numbers, or a tuple with one for each axis
    cropping : "same" (as many places as the input, times the stride), a number, a tuple with one for each
        axis, or two tuples, before and after: what is taken away from the edges of the result
    groups, data_format, weights_format : as for ``dlconv``; PyTorch's weights are ``"CUSS"``

    Returns
    -------
    array in the same format

    Raises
    ------
    ValueError
        If channels, filters and groups do not go together.

    Examples
    --------
    >>> x = np.array([1.0, 2.0]).reshape(2, 1, 1)
    >>> dltranspconv(x, np.array([1.0, 0.5]).reshape(2, 1, 1), stride=2, data_format="SCB").ravel()
    array([1. , 0.5, 2. , 1. ])
    """
    fmt = format_of(data_format, x.ndim, "dltranspconv")
    along = window_axes(fmt, "dltranspconv")
    count = len(along)
    rest = other_axes_of(along, fmt)
    channel = axis_labelled(fmt, "C", "dltranspconv")
    axes = weight_axes(weights_format, weights.ndim, count, "UGC", "dltranspconv")
    w, taps, parts = weights_of(weights, axes, count, groups)
    steps = per_axis(stride, count, "stride")
    gaps = per_axis(dilation_factor, count, "dilation_factor")
    places = sizes_of(x, along)
    if isinstance(cropping, str) and cropping == "same":
        sizes = tuple([n * s for n, s in zip(places, steps, strict=True)])
        spare = tuple([(k - 1) * d + 1 - s for k, d, s in zip(taps, gaps, steps, strict=True)])
        pairs = tuple([(max(n, 0) // 2, n - max(n, 0) // 2) for n in spare])
    else:
        if isinstance(cropping, str):
            refuse(f"cropping={cropping!r}: use 'same', a number, one for each axis, or two rows of them")
        pairs = margins_of(cropping, places, taps, steps, gaps)
        sizes = tuple([
            (n - 1) * s + (k - 1) * d + 1 - p[0] - p[1]
            for n, s, k, d, p in zip(places, steps, taps, gaps, pairs, strict=True)
        ])
    g = geometry_of(sizes, taps, steps, gaps, pairs, parts, False)
    size = in_front(places, 1)
    ordered = turned(x, (*along, channel, *rest))
    columns = product_of_sizes(sizes_of(x, rest))
    batch = np.reshape(ordered, (size[0], size[1], size[2], x.shape[channel], columns))
    y = with_filter_bias(conv_inputs(batch, w, g), bias)
    shaped = np.reshape(y, (*sizes, y.shape[3], *sizes_of(x, rest)))
    return turned(shaped, undone((*along, channel, *rest)))


dlconv.samples(
    sample(real(4, 5, 2, 3), real(3, 2, 2, 4), real(4), data_format="SSCB"),
    sample(real(5, 4, 2, 2), real(3, 3, 2, 3), real(3), padding="same", stride=2, data_format="SSCB"),
    sample(
        real(2, 4, 5, 5), real(6, 2, 3, 2), padding=(1, 2), groups=2, dilation_factor=(1, 2),
        data_format="BCSS", weights_format="UCSS",
    ),
    sample(
        real(5, 4, 4, 1), real(2, 3, 2, 3, 2), 0.5, padding=((1, 0), (0, 2)), padding_value=0.3,
        data_format="SSCB",
    ),
    sample(real(6, 2, 3), real(3, 2, 2), real(2), padding="causal", data_format="SCB"),
    sample(real(2, 3, 6), real(3, 2, 2), padding=(2, 1), stride=2, data_format="CBT"),
    sample(
        real(3, 4, 3, 2, 2), real(2, 2, 2, 2, 3), real(3), padding=1, stride=(1, 2, 1), data_format="SSSCB"
    ),
    sample(real(4, 4, 2), real(3, 3, 2, 1), padding=1, padding_value="replicate", data_format="SSC"),
    rejects(real(4, 5, 2, 3), real(3, 2, 3, 4), data_format="SSCB", error=ValueError),
    rejects(real(4, 5, 2, 3), real(6, 2, 2, 4), data_format="SSCB", error=ValueError),
    rejects(real(4, 5, 2, 3), real(3, 2, 2), data_format="SSCB", error=Refusal),
    rejects(real(4, 5, 2, 3), real(3, 2, 2, 4), padding="valid", data_format="SSCB", error=Refusal),
    rejects(real(4, 5, 2, 3), real(3, 2, 2, 4), stride=0, data_format="SSCB", error=ValueError),
)
dltranspconv.samples(
    sample(real(3, 2, 2, 3), real(3, 2, 4, 2), real(4), stride=2, data_format="SSCB"),
    sample(real(3, 2, 2, 3), real(3, 4, 4, 2), real(4), stride=2, cropping="same", data_format="SSCB"),
    sample(
        real(2, 4, 3, 3), real(4, 3, 3, 2), groups=2, cropping=(1, 0), dilation_factor=(1, 2),
        data_format="BCSS", weights_format="CUSS",
    ),
    sample(real(3, 2, 3), real(4, 3, 2), 0.5, stride=2, cropping=((1,), (2,)), data_format="SCB"),
    sample(real(2, 2, 2, 2, 1), real(2, 2, 2, 1, 2), stride=2, data_format="SSSCB"),
    sample(real(2, 3, 4, 1), real(2, 3, 2, 2, 2), data_format="SSCB"),
    rejects(real(3, 2, 2, 3), real(3, 2, 4, 3), data_format="SSCB", error=ValueError),
    rejects(real(3, 2, 2, 3), real(3, 2, 4, 2), cropping="all", data_format="SSCB", error=Refusal),
)
