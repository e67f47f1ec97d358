"""Elements less their mean, over their standard deviation: by batch, layer, group, observation.

All of these are one function of an array of four axes: mean and variance are over the first and the third,
for each place of the second and the fourth.

    batchnorm      (places, channel, observations, 1)
    instancenorm   (places, channel and observation, 1, 1)
    groupnorm      (places, group, channels of it, observation)
    layernorm      (1, place, channels, observation), or (1, 1, places and channels, observation)

Ioffe and Szegedy, *Batch Normalization*, arXiv:1502.03167; Ba, Kiros and Hinton, *Layer Normalization*,
arXiv:1607.06450; Wu and He, *Group Normalization*, arXiv:1803.08494; Krizhevsky, Sutskever and Hinton 2012
(normalization across channels).
"""

import numpy as np

from .algebra.contractions import product_of_sizes, sizes_of
from .layers.channels import affine
from .layers.filters import turned
from .layers.standardization import standardized
from .primitive import Refusal, composite, folded, primitive, real, refuse, rejects, sample
from .programs.labels import axes_labelled, axis_labelled, format_of, undone
from .types import Array

__all__ = [
    "batchnorm", "channel_sums", "crosschannelnorm", "groupnorm", "instancenorm", "layernorm",
]


@primitive()
def channel_sums(x, before, after):
    """Along the middle axis the sums of each element, so many before it and so many after it."""
    given = np.ascontiguousarray(x)
    out = np.zeros(x.shape, x.dtype)
    n = x.shape[1]
    for i in range(x.shape[0]):
        for k in range(n):
            for j in range(max(0, k - before), min(n, k + after + 1)):
                for m in range(x.shape[2]):
                    out[i, k, m] += given[i, j, m]
    return out


@channel_sums.adjoint("x")
def channel_sums_dx(dy, before, after):
    return channel_sums(dy, after, before)


channel_sums.linear("x")
channel_sums.zero("before", "after")
channel_sums.result(lambda x, before, after: Array(x.dtype, 3, "C", x.labels))
channel_sums.samples(sample(real(2, 5, 2), 1, 1), sample(real(1, 4, 3), 2, 0), sample(real(1, 2, 1), 0, 5))

# ---------------------------------------------------------------------------------- as MATLAB calls them


@composite()
def by_channel(vector, ndim, channel):
    """A vector with an element for each channel, in a shape that broadcasts; numbers as they are."""
    if np.ndim(vector) == 0:
        return vector
    dims: tuple = (-1,)
    for _ in range(ndim - 1 - channel):
        dims = (*dims, 1)
    return np.reshape(vector, dims)


@composite()
def shifted_and_scaled(y, offset, scale_factor, channel):
    """``y * scale_factor + offset`` for each channel."""
    if np.ndim(offset) == 1 and np.ndim(scale_factor) == 1:
        return np.reshape(affine(grouped_in_three(y, channel), scale_factor, offset), y.shape)
    return y * by_channel(scale_factor, y.ndim, channel) + by_channel(offset, y.ndim, channel)


@composite()
def in_groups(x, order, sizes, epsilon):
    """The elements standardized, with the axes in an order and of sizes that make the groups."""
    ordered = turned(x, order)
    y = standardized(np.reshape(ordered, sizes), epsilon)
    return turned(np.reshape(y, ordered.shape), undone(order))


@composite()
def batchnorm(
    x, offset, scale_factor, mu=None, sigma_sq=None, *, epsilon=1e-5, mean_decay=0.1, variance_decay=0.1,
    return_statistics=False, data_format=None,
):
    """Each channel less its mean over all places and observations, over its standard deviation.

    Parameters
    ----------
    x : array
    offset, scale_factor : vectors with an element for each channel, or numbers
    mu, sigma_sq : vectors, mean and variance of each channel that were found in training
    epsilon : is added to the variance
    mean_decay, variance_decay : what share of the new running statistics is the batch's
    return_statistics : whether mean and variance are given too
    data_format : what the axes of ``x`` mean

    Returns
    -------
    array in the same format.  As in MATLAB, what is computed depends on what is given and asked for:

    ==============  ===================  ==================================================
    mu, sigma_sq    return_statistics    result
    ==============  ===================  ==================================================
    no              False                ``y``, by the statistics of the batch
    no              True                 ``y`` and the mean and variance of the batch
    yes             False                ``y``, by these statistics: inference
    yes             True                 ``y`` by the batch, and new running mean and variance
    ==============  ===================  ==================================================

    Notes
    -----
    Variances are those of the batch, divided by the number of elements and not by one less.

    Examples
    --------
    >>> x = np.array([[1.0, 3.0], [0.0, 8.0]])
    >>> batchnorm(x, 0.0, 1.0, data_format="CB").round(3)
    array([[-1.,  1.],
           [-1.,  1.]])
    >>> batchnorm(x, np.zeros(2), np.ones(2), np.zeros(2), np.ones(2), data_format="CB").round(3)
    array([[1., 3.],
           [0., 8.]])
    """
    fmt = format_of(data_format, x.ndim, "batchnorm")
    channel = axis_labelled(fmt, "C", "batchnorm")
    if (mu is None) != (sigma_sq is None):
        refuse("batchnorm takes both mu and sigma_sq, or neither")
    if mu is not None and not return_statistics:
        deviation = np.sqrt(by_channel(sigma_sq, x.ndim, channel) + epsilon)
        factor = by_channel(scale_factor, x.ndim, channel) / deviation
        return (x - by_channel(mu, x.ndim, channel)) * factor + by_channel(offset, x.ndim, channel)
    before = product_of_sizes(x.shape[:channel])
    sizes = (before, x.shape[channel], product_of_sizes(x.shape[channel + 1 :]), 1)
    y = shifted_and_scaled(
        np.reshape(standardized(np.reshape(x, sizes), epsilon), x.shape), offset, scale_factor, channel
    )
    if not return_statistics:
        return y
    others = axes_labelled(fmt, "SBTU")
    mean, variance = np.mean(x, others), np.var(x, others)
    if mu is None:
        return y, mean, variance
    return (
        y, mean_decay * mean + (1 - mean_decay) * mu,
        variance_decay * variance + (1 - variance_decay) * sigma_sq,
    )


@folded
def normalized_labels(operation_dimension, data_format):
    """The letters of the axes that a layer's mean is over.

    >>> normalized_labels("auto", "SSCB"), normalized_labels("auto", "CBT")
    ('SC', 'C')
    """
    if operation_dimension == "auto":
        return "SC" if "S" in data_format and "T" not in data_format else "C"
    known = {"channel-only": "C", "spatial-channel": "SC", "batch-excluded": "SCTU"}
    if operation_dimension not in known:
        refuse(f"operation_dimension={operation_dimension!r}: use 'auto', {', '.join(map(repr, known))}")
    return known[operation_dimension]


@composite()
def layernorm(x, offset, scale_factor, *, epsilon=1e-5, operation_dimension="auto", data_format=None):
    """Each observation less its mean, over its standard deviation.

    Parameters
    ----------
    x : array
    offset, scale_factor : vectors with an element for each channel, or numbers
    epsilon : is added to the variance
    operation_dimension : what the mean is over: "channel-only", "spatial-channel", "batch-excluded", or
        "auto": spatial axes and channels of pictures, else (in time, without spatial axes) channels
    data_format : what the axes of ``x`` mean

    Examples
    --------
    >>> layernorm(np.array([[1.0, 3.0], [5.0, 9.0]]), 0.0, 1.0, data_format="CB").round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    """
    fmt = format_of(data_format, x.ndim, "layernorm")
    channel = axis_labelled(fmt, "C", "layernorm")
    over = axes_labelled(fmt, normalized_labels(operation_dimension, fmt))
    kept = tuple([k for k in range(x.ndim) if k not in over])
    first = tuple([k for k in kept if k < over[0]])
    last = tuple([k for k in kept if k > over[0]])
    sizes = (
        1, product_of_sizes(sizes_of(x, first)), product_of_sizes(sizes_of(x, over)),
        product_of_sizes(sizes_of(x, last)),
    )
    y = in_groups(x, (*first, *over, *last), sizes, epsilon)
    return shifted_and_scaled(y, offset, scale_factor, channel)


@composite()
def group_count(num_groups, channels):
    """The number of groups that a number or a word means."""
    if isinstance(num_groups, str):
        if num_groups == "all-channels":
            return 1
        if num_groups != "channel-wise":
            refuse(f"num_groups={num_groups!r}: use a number, 'all-channels' or 'channel-wise'")
        return channels
    return num_groups


@composite()
def groupnorm(x, num_groups, offset, scale_factor, *, epsilon=1e-5, data_format=None):
    """Each group of channels of each observation less its mean, over its standard deviation.

    Parameters
    ----------
    x : array
    num_groups : number of groups of neighbouring channels, "all-channels" or "channel-wise"
    offset, scale_factor : vectors with an element for each channel, or numbers
    epsilon : is added to the variance
    data_format : what the axes of ``x`` mean

    Raises
    ------
    ValueError
        If the number of groups does not divide the number of channels.

    Examples
    --------
    >>> groupnorm(np.array([[1.0], [3.0], [5.0], [9.0]]), 2, 0.0, 1.0, data_format="CB").ravel().round(3)
    array([-1.,  1., -1.,  1.])
    """
    fmt = format_of(data_format, x.ndim, "groupnorm")
    channel = axis_labelled(fmt, "C", "groupnorm")
    places, others = axes_labelled(fmt, "STU"), axes_labelled(fmt, "B")
    groups = group_count(num_groups, x.shape[channel])
    sizes = (
        product_of_sizes(sizes_of(x, places)), groups, x.shape[channel] // groups,
        product_of_sizes(sizes_of(x, others)),
    )
    y = in_groups(x, (*places, channel, *others), sizes, epsilon)
    return shifted_and_scaled(y, offset, scale_factor, channel)


@composite()
def instancenorm(x, offset, scale_factor, *, epsilon=1e-5, data_format=None):
    """Each channel of each observation less its mean over all places, over its standard deviation.

    Parameters are those of ``groupnorm``, which it is with a group for each channel.

    Examples
    --------
    >>> instancenorm(np.array([[[1.0]], [[3.0]]]), 0.0, 1.0, data_format="SCB").ravel().round(3)
    array([-1.,  1.])
    """
    return groupnorm(x, "channel-wise", offset, scale_factor, epsilon=epsilon, data_format=data_format)


@composite()
def crosschannelnorm(x, window_size, *, alpha=1e-4, beta=0.75, k=2.0, data_format=None):
    """Each element over ``(k + alpha * mean)**beta``, the mean of squares over neighbouring channels.

    Parameters
    ----------
    x : array
    window_size : number of channels in a window, of which the element is the middle; the sum is divided by
        it at the edges too
    alpha, beta, k : numbers
    data_format : what the axes of ``x`` mean

    Examples
    --------
    >>> crosschannelnorm(np.array([[2.0], [4.0]]), 1, alpha=1.0, beta=1.0, k=0.0, data_format="CB").ravel()
    array([0.5 , 0.25])
    """
    channel = axis_labelled(format_of(data_format, x.ndim, "crosschannelnorm"), "C", "crosschannelnorm")
    sums = channel_sums(grouped_in_three(x * x, channel), window_size // 2, (window_size - 1) // 2)
    return x * (k + (alpha / window_size) * np.reshape(sums, x.shape)) ** (-beta)


@composite()
def grouped_in_three(x, axis):
    """The array as three axes, with ``axis`` in the middle."""
    sizes = (product_of_sizes(x.shape[:axis]), x.shape[axis], product_of_sizes(x.shape[axis + 1 :]))
    return np.reshape(x, sizes)


_X = real(3, 2, 4, 3)
batchnorm.samples(
    sample(_X, real(4), real(4), data_format="SSCB"), sample(real(5, 3), real(3), real(3), data_format="BC"),
    sample(_X, real(4), real(4), real(4), abs(real(4)), data_format="SSCB"),
    sample(real(3, 4), real(3), real(3), return_statistics=True, data_format="CB"),
    sample(real(3, 4, 2), real(3), real(3), real(3), abs(real(3)), return_statistics=True, data_format="CBT"),
    rejects(_X, real(4), real(4), real(4), data_format="SSCB", error=Refusal),
    rejects(_X, real(4), real(4), data_format="SSSB", error=Refusal),
)
layernorm.samples(
    sample(_X, real(4), real(4), data_format="SSCB"), sample(real(5, 3), real(3), real(3), data_format="BC"),
    sample(_X, real(4), real(4), operation_dimension="channel-only", data_format="SSCB"),
    sample(real(3, 2, 4), real(3), real(3), data_format="CBT"),
    sample(real(3, 2, 4), real(3), real(3), operation_dimension="batch-excluded", data_format="CBT"),
    sample(real(2, 3, 2, 2), real(3), 1.0, data_format="BCSS"),
    rejects(_X, real(4), real(4), operation_dimension="all", data_format="SSCB", error=Refusal),
)
groupnorm.samples(
    sample(_X, 2, real(4), real(4), data_format="SSCB"),
    sample(real(2, 6, 3), 3, real(6), real(6), data_format="BCT"),
    sample(_X, "all-channels", real(4), real(4), data_format="SSCB"),
    rejects(_X, 3, real(4), real(4), data_format="SSCB", error=ValueError),
    rejects(_X, "two", real(4), real(4), data_format="SSCB", error=Refusal),
)
instancenorm.samples(
    sample(_X, real(4), real(4), data_format="SSCB"), sample(real(2, 3, 5), 0.5, 1.5, data_format="BCT"),
)
crosschannelnorm.samples(
    sample(_X, 3, data_format="SSCB"), sample(real(2, 5, 3), 2, alpha=0.5, k=1.5, data_format="BCT"),
    sample(real(2, 5), 4, alpha=0.3, beta=0.5, k=1.0, data_format="BC"),
)
