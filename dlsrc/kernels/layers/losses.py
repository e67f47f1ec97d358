"""How far predictions are from targets: cross entropies, squares, absolute values, Huber's loss.

Names, options and factors are MATLAB's: ``mse`` is *half* the mean squared error, ``l2loss`` is not halved,
and what is summed is divided by the number of observations, the size of the batch.
"""

import numpy as np

from ..arrays.whole import places_from
from ..indexing import take_along
from ..numbers.entropies import huber
from ..primitive import Refusal, composite, folded, primitive, real, refuse, rejects, sample
from ..programs.labels import axes_labelled, axis_labelled, format_of
from ..special import xlogy
from ..types import Scalar

__all__ = ["crossentropy", "huber_loss", "indexcrossentropy", "l1loss", "l2loss", "mse", "observations"]


@primitive(static=("axis",))
def observations(y, targets, axis):
    """The size of the batch (1 where ``axis`` is -1) of predictions and targets of one shape."""
    if y.shape != targets.shape:
        raise ValueError("predictions and targets must have one shape")
    return 1 if axis < 0 else y.shape[axis]


observations.result(lambda y, targets, axis: Scalar("int64", weak=True))
observations.zero("y", "targets")
observations.samples(
    sample(real(3, 4), real(3, 4), axis=1), sample(real(3, 4), real(3, 4), axis=-1),
    rejects(real(3, 4), real(4, 3), axis=1, error=ValueError),
)


@folded
def batch_axis(data_format):
    """The axis of observations, -1 if there is none.

    >>> batch_axis("CBT"), batch_axis("SC")
    (1, -1)
    """
    return data_format.index("B") if "B" in data_format else -1


@folded
def tested_options(function, reduction, normalization_factor, mask_given):
    """Refuse words that a loss does not know."""
    if reduction not in ("sum", "none"):
        refuse(f"{function}(reduction={reduction!r}): use 'sum' or 'none'")
    known = ("batch-size", "all-elements", "mask-included", "none")
    if normalization_factor not in known:
        words = ", ".join(map(repr, known))
        refuse(f"{function}(normalization_factor={normalization_factor!r}): use one of {words}")
    if normalization_factor == "mask-included" and not mask_given:
        refuse(f"{function}(normalization_factor='mask-included') needs a mask")
    return reduction


@composite()
def reduced_loss(function, losses, y, targets, mask, reduction, normalization_factor, data_format):
    """The loss of all elements in one number, as the options of a loss function say."""
    fmt = format_of(data_format, y.ndim, function)
    reduction = tested_options(function, reduction, normalization_factor, mask is not None)
    if mask is not None:
        losses = np.where(mask != 0, losses, 0.0)
    if reduction == "none":
        return losses / observations(y, targets, -1)
    total = np.sum(losses)
    if normalization_factor == "batch-size":
        return total / observations(y, targets, batch_axis(fmt))
    if normalization_factor == "all-elements":
        return total / (observations(y, targets, -1) * y.size)
    if normalization_factor == "mask-included":
        included = np.sum(np.where(np.broadcast_to(mask, y.shape) != 0, 1.0, 0.0))
        return total / (included * observations(y, targets, -1))
    return total / observations(y, targets, -1)


@composite()
def mse(y, targets, data_format=None):
    """Half the mean squared error: the sum of ``(y - targets)**2 / 2`` over the number of observations.

    Parameters
    ----------
    y, targets : arrays of one shape
    data_format : what their axes mean; the size of the axis B is the number of observations, one without it

    Returns
    -------
    number

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> float(mse(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]), data_format="CB"))
    1.25
    """
    d = y - targets
    return 0.5 * reduced_loss("mse", d * d, y, targets, None, "sum", "batch-size", data_format)


@composite()
def l2loss(
    y, targets, *, mask=None, reduction="sum", normalization_factor="batch-size", data_format=None
):
    """The sum of squared errors over the number of observations; not halved, unlike ``mse``.

    Parameters
    ----------
    y, targets : arrays of one shape
    mask : array that broadcasts to it; elements where it is zero do not count
    reduction : "sum", or "none" for the array of the losses of all elements
    normalization_factor : what the sum is divided by: "batch-size" (the axis B), "all-elements",
        "mask-included" (the elements where the mask is not zero) or "none"
    data_format : what the axes mean

    Examples
    --------
    >>> float(l2loss(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]), data_format="CB"))
    2.5
    """
    d = y - targets
    return reduced_loss("l2loss", d * d, y, targets, mask, reduction, normalization_factor, data_format)


@composite()
def l1loss(
    y, targets, *, mask=None, reduction="sum", normalization_factor="batch-size", data_format=None
):
    """The sum of absolute errors over the number of observations; options as for ``l2loss``.

    Where prediction and target are equal the derivative is zero.

    Examples
    --------
    >>> float(l1loss(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]), data_format="CB"))
    1.5
    """
    losses = np.abs(y - targets)
    return reduced_loss("l1loss", losses, y, targets, mask, reduction, normalization_factor, data_format)


@composite()
def huber_loss(
    y, targets, *, transition_point=1.0, mask=None, reduction="sum", normalization_factor="batch-size",
    data_format=None,
):
    """Huber's loss: half the squared error up to ``transition_point``, from there on a straight line.

    ``dlsrc.huber``; the other options are those of ``l2loss``.

    Examples
    --------
    >>> float(huber_loss(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]), data_format="CB"))
    1.0
    """
    losses = huber(transition_point, y - targets)
    return reduced_loss("huber", losses, y, targets, mask, reduction, normalization_factor, data_format)


@composite()
def class_weighted(losses, weights, channel):
    """Losses times weights: a vector of one for each class, or an array that broadcasts."""
    if weights.ndim != 1 or losses.ndim == 1:
        return losses * weights
    dims: tuple = (-1,)
    for _ in range(losses.ndim - 1 - channel):
        dims = (*dims, 1)
    return losses * np.reshape(weights, dims)


@composite()
def crossentropy(
    y, targets, weights=None, *, classification_mode="single-label", mask=None, reduction="sum",
    normalization_factor="batch-size", data_format=None,
):
    """The cross entropy of predicted probabilities and targets, over the number of observations.

    Parameters
    ----------
    y : array of probabilities, of softmax for instance
    targets : array of the same shape, probabilities or ones and zeros
    weights : vector with a weight for each class, or an array that broadcasts; None means ones
    classification_mode : "single-label", the sum of ``-t log y``; or "multilabel", where each class is a
        question of its own, the sum of ``-t log y - (1 - t) log(1 - y)``
    mask, reduction, normalization_factor, data_format : as for ``l2loss``

    Notes
    -----
    Where a target is zero, a predicted zero costs nothing and has no derivative; where it is not, the loss
    is infinite.

    Examples
    --------
    >>> y = np.array([[0.5, 0.2], [0.5, 0.8]])
    >>> round(float(crossentropy(y, np.array([[1.0, 0.0], [0.0, 1.0]]), data_format="CB")), 6)
    0.458145
    """
    if classification_mode == "single-label":
        losses = -xlogy(targets, y)
    elif classification_mode == "multilabel":
        losses = -xlogy(targets, y) - xlogy(1.0 - targets, 1.0 - y)
    else:
        refuse(f"classification_mode={classification_mode!r}: use 'single-label' or 'multilabel'")
    if weights is not None:
        channel = axis_labelled(format_of(data_format, y.ndim, "crossentropy"), "C", "crossentropy")
        losses = class_weighted(losses, weights, channel)
    return reduced_loss(
        "crossentropy", losses, y, targets, mask, reduction, normalization_factor, data_format
    )


@composite()
def indexcrossentropy(
    y, targets, weights=None, *, mask_index=-1, reduction="sum", normalization_factor="batch-size",
    data_format=None,
):
    """The cross entropy of predicted probabilities and the numbers of classes.

    Parameters
    ----------
    y : array of probabilities
    targets : array of integers (or whole floats), the classes from zero; its axis of channels has one
        element, or it has none
    weights : vector with a weight for each class; None means ones
    mask_index : the number that stands for no class: such elements do not count
    reduction, data_format : as for ``l2loss``
    normalization_factor : what the sum is divided by: "batch-size", "all-elements" (those of ``targets``),
        "target-included" (those that are not ``mask_index``) or "none"

    Raises
    ------
    IndexError
        If a number names no class.

    Examples
    --------
    >>> y = np.array([[0.5, 0.2], [0.5, 0.8]])
    >>> round(float(indexcrossentropy(y, np.array([0, 1]), data_format="CB")), 6)
    0.458145
    """
    fmt = format_of(data_format, y.ndim, "indexcrossentropy")
    channel = axis_labelled(fmt, "C", "indexcrossentropy")
    places = places_from(targets)
    if targets.ndim == y.ndim - 1:
        places = np.expand_dims(places, channel)
    included = places != mask_index
    picked = take_along(y, np.where(included, places, 0), channel)
    losses = np.where(included, -np.log(picked), 0.0)
    if weights is not None:
        losses = losses * np.reshape(weights[np.ravel(np.where(included, places, 0))], places.shape)
    if reduction == "none":
        return losses
    if reduction != "sum":
        refuse(f"indexcrossentropy(reduction={reduction!r}): use 'sum' or 'none'")
    total = np.sum(losses)
    if normalization_factor == "batch-size":
        return total / (y.shape[batch_axis(fmt)] if len(axes_labelled(fmt, "B")) > 0 else 1)
    if normalization_factor == "all-elements":
        return total / places.size
    if normalization_factor == "target-included":
        return total / np.sum(np.where(included, 1.0, 0.0))
    if normalization_factor != "none":
        refuse(
            f"indexcrossentropy(normalization_factor={normalization_factor!r}): use 'batch-size', "
            "'all-elements', 'target-included' or 'none'"
        )
    return total


_P = np.array([[0.5, 0.2, 0.3], [0.25, 0.7, 0.1], [0.25, 0.1, 0.6]])
_T = np.array([[1.0, 0.0, 0.25], [0.0, 1.0, 0.5], [0.0, 0.0, 0.25]])
_MASK = np.array([[1, 0, 1]])

mse.samples(
    sample(real(3, 4), real(3, 4) + 1.5, data_format="CB"), sample(real(3), 2 * real(3), data_format="C"),
    sample(real(2, 3, 4), 2 * real(2, 3, 4), data_format="BCT"),
    rejects(real(3, 4), real(4, 3), data_format="CB", error=ValueError),
    rejects(real(3, 1), real(3, 4), data_format="CB", error=ValueError),
    rejects(real(3, 4), real(3, 4), error=Refusal),
)
for _loss in (l1loss, l2loss, huber_loss):
    _loss.samples(
        sample(real(3, 4), 1.5 * real(3, 4), data_format="CB"),
        sample(
            real(3, 3), 3 * real(3, 3), mask=_MASK, normalization_factor="mask-included", data_format="CB"
        ),
        sample(real(3, 3), 2 * real(3, 3), mask=_MASK, reduction="none", data_format="BC"),
        sample(real(3, 3), 2 * real(3, 3), normalization_factor="all-elements", data_format="CB"),
        sample(real(3, 3), 2 * real(3, 3), normalization_factor="none", data_format="CB"),
        rejects(real(3, 4), real(3, 4), reduction="mean", data_format="CB", error=Refusal),
    )
huber_loss.samples(sample(real(3, 4), 3 * real(3, 4), transition_point=0.3, data_format="CB"))
crossentropy.samples(
    sample(_P, _T, data_format="CB"), sample(_P, _T, np.array([0.5, 1.0, 2.0]), data_format="CB"),
    sample(_P.T.copy(), _T.T.copy(), np.array([0.5, 1.0, 2.0]), data_format="BC"),
    sample(_P, _T, classification_mode="multilabel", data_format="CB"),
    sample(_P, _T, mask=_MASK, normalization_factor="mask-included", data_format="CB"),
    sample(_P, _T, reduction="none", data_format="CB"),
    rejects(_P, _T, classification_mode="exclusive", data_format="CB", error=Refusal),
)
indexcrossentropy.samples(
    sample(_P, np.array([0, 2, -1]), data_format="CB"), sample(_P, np.array([[0, 2, 1]]), data_format="CB"),
    sample(_P, np.array([0, 2, -1]), np.array([0.5, 1.0, 2.0]), normalization_factor="target-included",
           data_format="BC"),
    sample(_P, np.array([0, 2, 1]), reduction="none", data_format="CB"),
    sample(_P, np.array([0, 2, 9]), mask_index=9, normalization_factor="all-elements", data_format="CB"),
    rejects(_P, np.array([0, 3, 1]), data_format="CB", error=IndexError),
    rejects(_P, _P, data_format="CB", error=ValueError),
)
