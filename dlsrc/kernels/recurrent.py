"""LSTM and GRU layers: one matrix product with the state, and one kernel for all gates, a step of time.

The rows of the weights are gate after gate, as MATLAB and PyTorch have them: input, forget, candidate, output
for an LSTM; reset, update, candidate for a GRU.  Hochreiter and Schmidhuber, *Neural Computation* 9, 1997;
Cho et al., arXiv:1406.1078.

A kernel gives all that its adjoint reads, one under the other: so nothing is computed twice.
"""

import numpy as np

from .layers.filters import turned
from .numbers.selection import clip
from .primitive import Refusal, composite, primitive, real, refuse, rejects, sample
from .programs.labels import axes_labelled, axis_labelled, format_of, undone
from .special import sigmoid
from .types import Array, unlabelled

__all__ = ["gru", "gru_step", "lstm", "lstm_step"]


@primitive()
def lstm_step(z, c):
    """One step of an LSTM: state, cell, the four gates, and the hyperbolic tangent of the cell."""
    n, batch = c.shape
    if z.shape[0] != 4 * n or z.shape[1] != batch:
        raise ValueError("lstm: the weights must have four rows for each element of the state")
    gates = np.ascontiguousarray(z)
    out = np.empty((7, n, batch), z.dtype)
    for i in range(n):
        for j in range(batch):
            out[2, i, j] = 1 / (1 + np.exp(-gates[i, j]))
            out[3, i, j] = 1 / (1 + np.exp(-gates[n + i, j]))
            out[4, i, j] = np.tanh(gates[2 * n + i, j])
            out[5, i, j] = 1 / (1 + np.exp(-gates[3 * n + i, j]))
            out[1, i, j] = out[3, i, j] * c[i, j] + out[2, i, j] * out[4, i, j]
            out[6, i, j] = np.tanh(out[1, i, j])
            out[0, i, j] = out[5, i, j] * out[6, i, j]
    return out


@lstm_step.adjoint("z")
def lstm_step_dz(dy, c, y):
    n, batch = c.shape
    out = np.empty((4 * n, batch), y.dtype)
    for i in range(n):
        for j in range(batch):
            t = y[6, i, j]
            dt = dy[6, i, j] + dy[0, i, j] * y[5, i, j]
            dcell = dy[1, i, j] + dt * (1 - t * t)
            out[i, j] = (dy[2, i, j] + dcell * y[4, i, j]) * (y[2, i, j] * (1 - y[2, i, j]))
            out[n + i, j] = (dy[3, i, j] + dcell * c[i, j]) * (y[3, i, j] * (1 - y[3, i, j]))
            out[2 * n + i, j] = (dy[4, i, j] + dcell * y[2, i, j]) * (1 - y[4, i, j] * y[4, i, j])
            out[3 * n + i, j] = (dy[5, i, j] + dy[0, i, j] * t) * (y[5, i, j] * (1 - y[5, i, j]))
    return out


@lstm_step.adjoint("c")
def lstm_step_dc(dy, y):
    n, batch = y.shape[1], y.shape[2]
    out = np.empty((n, batch), y.dtype)
    for i in range(n):
        for j in range(batch):
            t = y[6, i, j]
            dt = dy[6, i, j] + dy[0, i, j] * y[5, i, j]
            out[i, j] = (dy[1, i, j] + dt * (1 - t * t)) * y[3, i, j]
    return out


@primitive()
def gru_step(a, b, h):
    """One step of a GRU, from its products with the input and with the state: state and the three gates."""
    n, batch = h.shape
    if a.shape[0] != 3 * n or a.shape[1] != batch or b.shape[0] != 3 * n or b.shape[1] != batch:
        raise ValueError("gru: the weights must have three rows for each element of the state")
    out = np.empty((4, n, batch), a.dtype)
    for i in range(n):
        for j in range(batch):
            out[1, i, j] = 1 / (1 + np.exp(-a[i, j] - b[i, j]))
            out[2, i, j] = 1 / (1 + np.exp(-a[n + i, j] - b[n + i, j]))
            out[3, i, j] = np.tanh(a[2 * n + i, j] + out[1, i, j] * b[2 * n + i, j])
            out[0, i, j] = (1 - out[2, i, j]) * out[3, i, j] + out[2, i, j] * h[i, j]
    return out


@gru_step.adjoint("a")
def gru_step_da(dy, b, h, y):
    n, batch = h.shape
    out = np.empty((3 * n, batch), y.dtype)
    for i in range(n):
        for j in range(batch):
            r, z, t = y[1, i, j], y[2, i, j], y[3, i, j]
            dt = (dy[3, i, j] + dy[0, i, j] * (1 - z)) * (1 - t * t)
            out[i, j] = (dy[1, i, j] + dt * b[2 * n + i, j]) * (r * (1 - r))
            out[n + i, j] = (dy[2, i, j] + dy[0, i, j] * (h[i, j] - t)) * (z * (1 - z))
            out[2 * n + i, j] = dt
    return out


@gru_step.adjoint("b")
def gru_step_db(dy, b, h, y):
    out = gru_step_da(dy, b, h, y)  # but for the candidate, which the reset gate multiplies
    n, batch = h.shape
    for i in range(n):
        for j in range(batch):
            out[2 * n + i, j] *= y[1, i, j]
    return out


@gru_step.adjoint("h")
def gru_step_dh(dy, y):
    n, batch = y.shape[1], y.shape[2]
    out = np.empty((n, batch), y.dtype)
    for i in range(n):
        for j in range(batch):
            out[i, j] = dy[0, i, j] * y[2, i, j]
    return out


lstm_step.result(lambda z, c: Array(z.dtype, 3, "C", unlabelled(z, c)))
gru_step.result(lambda a, b, h: Array(a.dtype, 3, "C", unlabelled(a, b, h)))
lstm_step.samples(
    sample(real(8, 3), real(2, 3)), sample(3 * real(4, 1), real(1, 1)),
    rejects(real(6, 3), real(2, 3), error=ValueError),
)
gru_step.samples(
    sample(real(6, 3), 2 * real(6, 3), real(2, 3)), sample(3 * real(3, 1), real(3, 1), real(1, 1)),
    rejects(real(8, 3), real(6, 3), real(2, 3), error=ValueError),
)

# ---------------------------------------------------------------------------------- as MATLAB calls them


@composite()
def column_of(vector):
    """A vector as a column, which every observation gets; a matrix as it is."""
    if vector.ndim == 1:
        return np.reshape(vector, (-1, 1))
    return vector


@composite()
def state_for(h, size, batch):
    """A state for every observation, from one for all of them or one for each."""
    return np.zeros((size, batch), h.dtype) + column_of(h)


@composite()
def steps_of(x, data_format, function):
    """The input as (time, channels, observations), and the axes in this order."""
    time = axis_labelled(data_format, "T", function)
    channel = axis_labelled(data_format, "C", function)
    batch = axes_labelled(data_format, "B")
    if len(batch) + 2 != x.ndim:
        refuse(f"{function} takes sequences: an axis of time, T, of channels, C, and of observations, B")
    axes = (time, channel, *batch)
    y = turned(x, axes)
    if len(batch) == 0:
        return np.reshape(y, (*y.shape, 1)), axes
    return y, axes


@composite()
def sequence(states, axes, ndim):
    """States (time, size, observations) in the format of the input."""
    if ndim == 2:
        return turned(np.reshape(states, (states.shape[0], states.shape[1])), undone(axes))
    return turned(states, undone(axes))


@composite()
def activated(x, name):
    """A function of a gate, or of a state."""
    if name == "sigmoid":
        return sigmoid(x)
    if name == "tanh":
        return np.tanh(x)
    if name == "hard-sigmoid":
        return clip(0.2 * x + 0.5, 0.0, 1.0)
    if name == "softsign":
        return x / (1 + np.abs(x))
    if name != "relu":
        refuse(f"{name!r}: a state takes 'tanh', 'softsign', 'relu', a gate 'sigmoid', 'hard-sigmoid'")
    return np.maximum(x, 0.0)


@composite()
def lstm(
    x, h0, c0, weights, recurrent_weights, bias, *, state_activation_function="tanh",
    gate_activation_function="sigmoid", return_state=False, data_format=None,
):
    """The states of an LSTM layer at all times.

    Parameters
    ----------
    x : array with axes of channels, of time, and of observations or not
    h0, c0 : vectors or matrices (size, observations): state and cell at first
    weights, recurrent_weights : matrices of ``4 * size`` rows: input, forget, candidate and output gate
    bias : vector of ``4 * size`` elements
    state_activation_function : "tanh", "softsign" or "relu"
    gate_activation_function : "sigmoid" or "hard-sigmoid"
    return_state : whether the last state and the last cell are given too, matrices (size, observations)
    data_format : what the axes of ``x`` mean, ``"CBT"`` for instance

    Returns
    -------
    array in the same format, the state in the place of the channels; or that, the last state, the last cell

    Raises
    ------
    ValueError
        If sizes do not go together.

    Examples
    --------
    >>> x, start, ones = np.ones((1, 1, 3)), np.zeros(1), np.ones((4, 1))
    >>> lstm(x, start, start, ones, ones, np.zeros(4), data_format="CBT").ravel().round(4)
    array([0.3696, 0.6505, 0.7888])
    """
    fmt = format_of(data_format, x.ndim, "lstm")
    steps, axes = steps_of(x, fmt, "lstm")
    size, batch = recurrent_weights.shape[1], steps.shape[2]
    h, c = state_for(h0, size, batch), state_for(c0, size, batch)
    states = np.empty((steps.shape[0], size, batch), x.dtype)
    column = column_of(bias)
    for t in range(steps.shape[0]):
        z = weights @ steps[t] + recurrent_weights @ h + column
        if state_activation_function == "tanh" and gate_activation_function == "sigmoid":
            made = lstm_step(z, c)
            c = made[1]
            h = made[0]
        else:
            gates = activated(z, gate_activation_function)
            candidate = activated(z[2 * size : 3 * size], state_activation_function)
            c = gates[size : 2 * size] * c + gates[:size] * candidate
            h = gates[3 * size :] * activated(c, state_activation_function)
        states[t] = h
    y = sequence(states, axes, x.ndim)
    if return_state:
        return y, h, c
    return y


@composite()
def gru(
    x, h0, weights, recurrent_weights, bias, *, reset_gate_mode="after-multiplication", return_state=False,
    data_format=None,
):
    """The states of a GRU layer at all times.

    Parameters
    ----------
    x : array with axes of channels, of time, and of observations or not
    h0 : vector or matrix (size, observations): the state at first
    weights, recurrent_weights : matrices of ``3 * size`` rows: reset gate, update gate, candidate
    bias : vector of ``3 * size`` elements
    reset_gate_mode : where the reset gate multiplies the state: "after-multiplication" with the recurrent
        weights, "before-multiplication", or "recurrent-bias-after-multiplication", in which the bias has
        ``6 * size`` elements, those for the input first (PyTorch's GRU)
    return_state : whether the last state is given too, a matrix (size, observations)
    data_format : what the axes of ``x`` mean, ``"CBT"`` for instance

    Returns
    -------
    array in the same format, the state in the place of the channels; or that and the last state

    Raises
    ------
    ValueError
        If sizes do not go together.

    Examples
    --------
    >>> x, ones = np.ones((1, 1, 3)), np.ones((3, 1))
    >>> gru(x, np.zeros(1), ones, ones, np.zeros(3), data_format="CBT").ravel().round(4)
    array([0.2048, 0.3468, 0.4517])
    """
    fmt = format_of(data_format, x.ndim, "gru")
    steps, axes = steps_of(x, fmt, "gru")
    size, batch = recurrent_weights.shape[1], steps.shape[2]
    h = state_for(h0, size, batch)
    states = np.empty((steps.shape[0], size, batch), x.dtype)
    if reset_gate_mode == "recurrent-bias-after-multiplication":
        column, recurrent_column = column_of(bias[: 3 * size]), column_of(bias[3 * size :])
    else:
        column, recurrent_column = column_of(bias), column_of(np.zeros(3 * size, x.dtype))
    for t in range(steps.shape[0]):
        a = weights @ steps[t] + column
        if reset_gate_mode == "before-multiplication":
            gates = sigmoid(a[: 2 * size] + recurrent_weights[: 2 * size] @ h)
            candidate = np.tanh(a[2 * size :] + recurrent_weights[2 * size :] @ (gates[:size] * h))
            h = (1 - gates[size:]) * candidate + gates[size:] * h
        elif reset_gate_mode == "after-multiplication":
            h = gru_step(a, recurrent_weights @ h, h)[0]
        else:
            if reset_gate_mode != "recurrent-bias-after-multiplication":
                refuse(
                    f"reset_gate_mode={reset_gate_mode!r}: use 'after-multiplication', "
                    "'before-multiplication' or 'recurrent-bias-after-multiplication'"
                )
            h = gru_step(a, recurrent_weights @ h + recurrent_column, h)[0]
        states[t] = h
    y = sequence(states, axes, x.ndim)
    if return_state:
        return y, h
    return y


lstm.samples(
    sample(real(2, 3, 4), real(2), real(2, 3), real(8, 2), real(8, 2), real(8), data_format="CBT"),
    sample(real(3, 2), np.zeros(2), np.zeros(2), real(8, 3), real(8, 2), real(8), data_format="CT"),
    sample(
        real(2, 3, 2), real(1), real(1), real(4, 2), real(4, 1), real(4), return_state=True,
        data_format="BTC",
    ),
    sample(
        real(2, 3, 2), real(1), real(1), real(4, 2), real(4, 1), real(4), data_format="BTC",
        state_activation_function="softsign", gate_activation_function="hard-sigmoid",
    ),
    rejects(
        real(2, 3, 4), real(2), real(2), real(6, 2), real(6, 2), real(6), data_format="CBT", error=ValueError
    ),
    rejects(real(2, 3), real(2), real(2), real(8, 2), real(8, 2), real(8), data_format="CB", error=Refusal),
)
gru.samples(
    sample(real(2, 3, 4), real(2), real(6, 2), real(6, 2), real(6), data_format="CBT"),
    sample(
        real(2, 3, 4), real(2, 3), real(6, 2), real(6, 2), real(6), data_format="CBT", return_state=True,
        reset_gate_mode="before-multiplication",
    ),
    sample(
        real(3, 2), real(2), real(6, 3), real(6, 2), real(12), data_format="CT",
        reset_gate_mode="recurrent-bias-after-multiplication",
    ),
    rejects(real(2, 3, 4), real(2), real(8, 2), real(8, 2), real(8), data_format="CBT", error=ValueError),
    rejects(
        real(2, 3, 4), real(2), real(6, 2), real(6, 2), real(6), data_format="CBT", reset_gate_mode="after",
        error=Refusal,
    ),
)
