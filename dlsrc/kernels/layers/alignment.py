"""The loss of connectionist temporal classification: labels in order, at times that nobody told.

The sum over all ways to read the labels off the predictions, blanks in between, by the forward and backward
recursions of Graves, Fernández, Gomez and Schmidhuber, *Connectionist Temporal Classification*, ICML 2006, in
logarithms.
"""

import numpy as np

from ..arrays.whole import places_from
from ..primitive import Refusal, composite, kernel, primitive, real, refuse, rejects, sample
from ..programs.labels import axes_labelled, axis_labelled, format_of
from ..types import Array
from .filters import turned

__all__ = ["ctc", "ctc_losses"]


@kernel
def log_sum(a, b):
    """The logarithm of a sum, of two logarithms."""
    if a == -np.inf:
        return b
    if b == -np.inf:
        return a
    return max(a, b) + np.log1p(np.exp(-abs(a - b)))


@kernel
def label_at(targets, s, blank):
    """The label number ``s`` of the labels with a blank before, between and after them."""
    return targets[s // 2] if s % 2 == 1 else blank


@kernel
def forward_table(logs, targets, times, length, blank):
    """The logarithms of the probabilities of all ways that are at label s at time t."""
    states = 2 * length + 1
    alpha = np.full((times, states), -np.inf)
    alpha[0, 0] = logs[0, blank]
    if states > 1:
        alpha[0, 1] = logs[0, targets[0]]
    for t in range(1, times):
        for s in range(states):
            total = alpha[t - 1, s]
            if s > 0:
                total = log_sum(total, alpha[t - 1, s - 1])
            if s > 1 and s % 2 == 1 and targets[s // 2] != targets[s // 2 - 1]:
                total = log_sum(total, alpha[t - 1, s - 2])
            alpha[t, s] = total + logs[t, label_at(targets, s, blank)]
    return alpha


@kernel
def tested_labels(targets, times, length, blank, all_times, classes):
    """Raise unless the labels are classes and not the blank, and the lengths are inside the arrays."""
    if times < 1 or times > all_times or length < 0 or length > targets.shape[0]:
        raise ValueError("ctc: a mask leaves no time, or is longer than its array")
    for k in range(length):
        if targets[k] < 0 or targets[k] >= classes or targets[k] == blank:
            raise ValueError("ctc: a target is no class, or is the blank")


@primitive()
def ctc_losses(logs, targets, times, lengths, blank):
    """Minus the logarithm of the probability of each row of labels."""
    out = np.empty(logs.shape[0], logs.dtype)
    for b in range(logs.shape[0]):
        n, length = times[b], lengths[b]
        tested_labels(targets[b], n, length, blank, logs.shape[1], logs.shape[2])
        alpha = forward_table(logs[b], targets[b], n, length, blank)
        total = alpha[n - 1, 2 * length]
        if length > 0:
            total = log_sum(total, alpha[n - 1, 2 * length - 1])
        out[b] = -total
    return out


@ctc_losses.adjoint("logs")
def ctc_losses_dlogs(dy, logs, targets, times, lengths, blank, y):
    out = np.zeros(logs.shape, logs.dtype)
    for b in range(logs.shape[0]):
        n, length = times[b], lengths[b]
        states = 2 * length + 1
        alpha = forward_table(logs[b], targets[b], n, length, blank)
        beta = np.full((n, states), -np.inf)
        beta[n - 1, states - 1] = 0.0
        if states > 1:
            beta[n - 1, states - 2] = 0.0
        for t in range(n - 2, -1, -1):
            for s in range(states):
                total = beta[t + 1, s] + logs[b, t + 1, label_at(targets[b], s, blank)]
                if s + 1 < states:
                    step = beta[t + 1, s + 1] + logs[b, t + 1, label_at(targets[b], s + 1, blank)]
                    total = log_sum(total, step)
                if s + 2 < states and s % 2 == 1 and targets[b, s // 2] != targets[b, s // 2 + 1]:
                    leap = beta[t + 1, s + 2] + logs[b, t + 1, label_at(targets[b], s + 2, blank)]
                    total = log_sum(total, leap)
                beta[t, s] = total
        for t in range(n):
            for s in range(states):
                if alpha[t, s] > -np.inf and beta[t, s] > -np.inf:
                    share = np.exp(alpha[t, s] + beta[t, s] + y[b])
                    out[b, t, label_at(targets[b], s, blank)] -= dy[b] * share
    return out


ctc_losses.result(lambda logs, targets, times, lengths, blank: Array(logs.dtype, 1, "C", logs.labels))
ctc_losses.zero("targets", "times", "lengths", "blank")
ctc_losses.samples(
    sample(real(2, 5, 3), np.array([[1, 2], [2, 2]]), np.array([5, 4]), np.array([2, 2]), 0),
    sample(real(1, 3, 3), np.array([[0, 1]]), np.array([3]), np.array([1]), 2),
    sample(real(1, 2, 3), np.array([[1]]), np.array([2]), np.array([0]), 0),
    rejects(real(1, 3, 3), np.array([[0, 1]]), np.array([3]), np.array([2]), 0, error=ValueError),
    rejects(real(1, 3, 3), np.array([[1, 3]]), np.array([3]), np.array([2]), 0, error=ValueError),
)


@composite()
def lengths_of(mask, count, length):
    """How many elements of each row a mask has, all of them where there is none."""
    if mask is None:
        return np.full(count, length)
    return np.sum(np.where(mask != 0, 1, 0), axis=1)


@composite()
def ctc(y, targets, y_mask=None, targets_mask=None, *, blank_index="first", data_format=None):
    """The loss of connectionist temporal classification, over the number of observations.

    Parameters
    ----------
    y : array of probabilities, of softmax for instance, with axes of classes, C, of time, T, and of
        observations, B
    targets : matrix of integers (observations, labels), classes counted from zero
    y_mask : matrix (observations, times): as many times count as a row has elements that are not zero
    targets_mask : matrix (observations, labels): as many labels count
    blank_index : which class is the blank: "first", "last", or its number
    data_format : what the axes of ``y`` mean, ``"CBT"`` for instance

    Returns
    -------
    number; infinite where the labels do not fit into the times

    Raises
    ------
    ValueError
        If a target is no class, or is the blank.

    Examples
    --------
    >>> y = np.full((3, 1, 4), 1 / 3)
    >>> round(float(ctc(y, np.array([[1, 2]]), data_format="CBT")), 6)  # 15 of 81 ways
    1.686399
    """
    fmt = format_of(data_format, y.ndim, "ctc")
    axes = (*axes_labelled(fmt, "B"), axis_labelled(fmt, "T", "ctc"), axis_labelled(fmt, "C", "ctc"))
    if len(axes) != 3 or y.ndim != 3:
        refuse(f"ctc takes predictions with the axes C, B and T, not {fmt!r}")
    if targets.ndim != 2:
        refuse("ctc takes targets as a matrix of integers (observations, labels)")
    logs = np.log(turned(y, axes))
    if isinstance(blank_index, str):
        if blank_index not in ("first", "last"):
            refuse(f"ctc(blank_index={blank_index!r}): use 'first', 'last' or the number of a class")
        blank = 0 if blank_index == "first" else logs.shape[2] - 1
    else:
        blank = blank_index
    losses = ctc_losses(
        logs, places_from(targets), lengths_of(y_mask, logs.shape[0], logs.shape[1]),
        lengths_of(targets_mask, targets.shape[0], targets.shape[1]), blank,
    )
    return np.sum(losses) / logs.shape[0]


_Y = np.exp(real(3, 2, 5)) / np.sum(np.exp(real(3, 2, 5)), axis=0)
ctc.samples(
    sample(_Y, np.array([[1, 2], [2, 2]]), data_format="CBT"),
    sample(
        _Y, np.array([[1, 0], [0, 1]]), np.array([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]),
        np.array([[1, 0], [1, 1]]), blank_index="last", data_format="CBT",
    ),
    sample(np.moveaxis(_Y, 0, 2).copy(), np.array([[2], [0]]), blank_index=1, data_format="BTC"),
    rejects(_Y, np.array([[1, 2]] * 2), data_format="SBT", error=Refusal),
    rejects(_Y, np.array([1, 2]), data_format="CBT", error=Refusal),
)
