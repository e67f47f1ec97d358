"""Weighted sums of all channels, and rows looked up in a table."""

import numpy as np

from ..algebra.contractions import product_of_sizes, sizes_of
from ..arrays.whole import places_from
from ..indexing import take_axis
from ..primitive import Refusal, composite, folded, real, refuse, rejects, sample
from ..programs.labels import axes_labelled, axis_labelled, format_of, format_with, places_of, without_label

__all__ = ["embed", "fullyconnect"]


@folded
def features_last(data_format):
    """Whether the spatial axes and then the channels come last: their product needs no transposition.

    >>> features_last("BSSC"), features_last("SSCB")
    (True, False)
    """
    features = [letter for letter in data_format if letter in "SC"]
    return data_format.endswith("".join(sorted(features, reverse=True)))


@composite()
def with_bias(y, bias, axis):
    """``y`` plus a number for each place on an axis; None and numbers are biases too."""
    if bias is None:
        return y
    if np.ndim(bias) == 0:
        return y + bias
    if np.ndim(bias) != 1:
        refuse(f"a bias is a vector, an element for each channel, not an array of {np.ndim(bias)} dimensions")
    dims: tuple = (-1,)
    for _ in range(y.ndim - 1 - axis):
        dims = (*dims, 1)
    return y + np.reshape(bias, dims)


@composite()
def fullyconnect(x, weights, bias=None, data_format=None):
    """Weighted sums over all spatial places and channels, ``weights @ x + bias``.

    Parameters
    ----------
    x : array, a batch of observations
    weights : matrix, outputs by inputs; where ``x`` has spatial axes, the inputs are those axes and then the
        channels, the channels running fastest
    bias : vector with an element for each output, a number, or None
    data_format : what the axes of ``x`` mean, ``"CB"`` or ``"BC"`` for instance

    Returns
    -------
    array in which one axis of channels stands for the spatial axes and the channels of ``x``, the other axes
    in the order of ``data_format``: ``"SSCB"`` gives ``"CB"``, ``"CBT"`` gives ``"CBT"``

    Raises
    ------
    ValueError
        If the columns of the weights are not as many as the inputs.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    >>> fullyconnect(x, np.array([[1.0, -1.0]]), np.array([0.5]), data_format="CB")
    array([[-2.5, -2.5, -2.5]])
    """
    fmt = format_of(data_format, x.ndim, "fullyconnect")
    if weights.ndim != 2:
        refuse(f"fullyconnect takes a matrix of weights, outputs by inputs, not {weights.ndim} dimensions")
    features = axes_labelled(fmt, "S", "C")
    if len(features) == 0:
        refuse(f"fullyconnect needs an axis of channels: {fmt!r} has no C, and no S")
    rest = axes_labelled(fmt, "BTU")
    if len(rest) == 0:
        return with_bias(weights @ np.ravel(np.transpose(x, features)), bias, 0)
    if features_last(fmt):
        columns = product_of_sizes(sizes_of(x, features))
        rows = np.reshape(x, (product_of_sizes(sizes_of(x, rest)), columns))
        y = with_bias(rows @ weights.T, bias, 1)
        return np.reshape(y, (*sizes_of(x, rest), weights.shape[0]))
    inputs = product_of_sizes(sizes_of(x, features))
    if len(features) == 1 and len(rest) == 1:
        columns_of = np.transpose(x, (*features, *rest))
    else:
        others = product_of_sizes(sizes_of(x, rest))
        columns_of = np.reshape(np.transpose(x, (*features, *rest)), (inputs, others))
    y = with_bias(weights @ columns_of, bias, 0)
    if len(rest) > 1:
        y = np.reshape(y, (weights.shape[0], *sizes_of(x, rest)))
    made = format_with(fmt, "C", axes_labelled(fmt, "SC"))
    return np.transpose(y, places_of(made, "C" + without_label(made, "C")))


fullyconnect.samples(
    sample(real(3, 5), real(4, 3), real(4), data_format="CB"),
    sample(real(5, 3), real(4, 3), real(4), data_format="BC"),
    sample(real(2, 3, 2, 4), real(3, 12), real(3), data_format="SSCB"),
    sample(real(4, 2, 3, 2), real(3, 12), real(3), data_format="BSSC"),
    sample(real(4, 2, 2, 3), real(3, 12), data_format="BCSS"),
    sample(real(3, 2, 4), real(5, 3), 0.5, data_format="CBT"), sample(real(3), real(2, 3), data_format="C"),
    rejects(real(3, 5), real(4, 3), error=Refusal),
    rejects(real(3, 5), real(4, 5), data_format="CB", error=ValueError),
    rejects(real(3, 5), real(4, 5), data_format="BT", error=Refusal),
    rejects(real(3, 5), real(4, 5), data_format="CC", error=Refusal),
)


@composite()
def embed(x, weights, data_format=None):
    """The columns of a table that the numbers of an array name: a vector for each token.

    Parameters
    ----------
    x : array of integers (or whole floats) from zero, the numbers of columns; its axis of channels, if it
        has one, has one element
    weights : matrix, the size of a vector by the number of tokens
    data_format : what the axes of ``x`` mean

    Returns
    -------
    array in which the axis of channels holds the vectors; where ``x`` has no axis of channels it comes first

    Raises
    ------
    IndexError
        If a number names no column; negative ones count from the last.
    ValueError
        If a float is no whole number.

    Examples
    --------
    >>> embed(np.array([[0, 1, 1]]), np.array([[1.0, 2.0], [3.0, 4.0]]), data_format="CB")
    array([[1., 2., 2.],
           [3., 4., 4.]])
    """
    fmt = format_of(data_format, x.ndim, "embed")
    if weights.ndim != 2:
        refuse(f"embed takes a matrix of weights, a column for each token, not {weights.ndim} dimensions")
    found = take_axis(weights, np.ravel(places_from(x)), 1)
    if len(axes_labelled(fmt, "C")) == 0:
        return np.reshape(found, (weights.shape[0], *x.shape))
    channel = axis_labelled(fmt, "C", "embed")
    rest = axes_labelled(fmt, "SBTU")
    y = np.reshape(found, (weights.shape[0], *sizes_of(x, rest)))
    return np.moveaxis(y, 0, channel)


embed.samples(
    sample(np.array([[0, 1, 1]]), real(3, 2), data_format="CB"),
    sample(np.array([[0, 1], [1, 2]]), real(2, 3), data_format="BT"),
    sample(np.array([[[0], [1]], [[2], [2]]]), real(2, 3), data_format="BTC"),
    rejects(np.array([0, 1]), real(2, 3), error=Refusal),
    rejects(np.array([0.5]), real(2, 3), data_format="B", error=ValueError),
)
