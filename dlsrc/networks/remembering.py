"""Layers that go through time: LSTM, the same in both directions, and GRU.

Each begins with a state of zeros, or, with ``keep_state=True``, where the last call ended: `forward` and
`predict` give the state on request, and ``net.state`` takes it.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays.dimensions import dims
from ..kernels import gru, lstm
from .layer import Layer, Layout
from .starting import started

__all__ = ["BiLstmLayer", "GruLayer", "LstmLayer"]


def _weights(layer: Any, layout: Layout, gates: int, rng: np.random.Generator) -> dict:
    n, inputs = layer.num_hidden_units, layout.size("C")
    rows = gates * n
    return {
        "InputWeights": started(layer.input_weights_initializer, (rows, inputs), inputs, rows, rng),
        "RecurrentWeights": started(layer.recurrent_weights_initializer, (rows, n), n, rows, rng),
        "Bias": np.zeros(rows),
    }


def _lasting(layer: Any, layout: Layout, size: int) -> Layout:
    """What comes out, by ``output_mode``."""
    if layer.output_mode not in ("sequence", "last"):
        raise ValueError(f'output_mode is "sequence" or "last", not {layer.output_mode!r}')
    if "T" not in layout.labels:
        raise ValueError("a dimension T, time, is needed")
    made = layout.with_size("C", size)
    if layer.output_mode == "sequence":
        return made
    if "B" not in layout.labels:
        raise ValueError('output_mode="last" needs a dimension B, of observations')
    return Layout(made.sizes("SCB"), made.labels.replace("T", ""))


class _Lasting(Layer):
    """A layer that may begin where the last call ended."""

    state_per_observation: ClassVar[bool] = True
    keep_state: bool

    @property
    def stateful(self) -> bool:  # type: ignore[override]
        """Whether `forward` takes a state, and gives one."""
        return self.keep_state


def _through_time(layer, X, h, c, weights, recurrent, bias):  # type: ignore[no-untyped-def]
    """What an LSTM gives at all times, and its state at the end."""
    return lstm(
        X, h, c, weights, recurrent, bias, state_activation_function=layer.state_activation_function,
        gate_activation_function=layer.gate_activation_function, return_state=True,
    )  # fmt: skip


@dataclass(frozen=True)
class LstmLayer(_Lasting):
    """An LSTM: its states at all times, or with ``output_mode="last"`` the last one, of format "CB".

    Learnables: ``InputWeights`` (4 * num_hidden_units, channels), ``RecurrentWeights``, ``Bias``, which
    begins with one for the forget gate.  State, with ``keep_state=True``: ``HiddenState``, ``CellState``.

    >>> LstmLayer(8).output(Layout((3, 1, 20), "CBT")).shape
    (8, 1, 20)
    >>> LstmLayer(8, output_mode="last").output(Layout((3, 1, 20), "CBT"))
    Layout(shape=(8, 1), labels='CB')

    Two halves of a sequence, one after the other, are the whole:

    >>> from dlsrc import dlarray, dlnetwork, predict
    >>> X = np.random.default_rng(0).standard_normal((3, 2, 6))
    >>> net = dlnetwork([LstmLayer(4, output_mode="last", keep_state=True)], dlarray(X, "CBT"))
    >>> whole = predict(net, dlarray(X, "CBT"))
    >>> _, net.state = predict(net, dlarray(X[..., :3], "CBT"), return_state=True)
    >>> bool(np.allclose(predict(net, dlarray(X[..., 3:], "CBT")).data, whole.data))
    True
    """

    num_hidden_units: int
    output_mode: str = "sequence"
    state_activation_function: str = "tanh"
    gate_activation_function: str = "sigmoid"
    keep_state: bool = False
    input_weights_initializer: Any = "glorot"
    recurrent_weights_initializer: Any = "orthogonal"
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> Any:
        n = self.num_hidden_units
        made = _weights(self, layout, 4, rng)
        made["Bias"][n : 2 * n] = 1.0
        return (made, {"HiddenState": np.zeros(n), "CellState": np.zeros(n)}) if self.keep_state else made

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        return _lasting(self, layout, self.num_hidden_units)

    def forward(self, X: Any, params: Any, state: Any = None) -> Any:
        if self.keep_state:
            h, c = state["HiddenState"], state["CellState"]
        else:
            h = c = np.zeros(self.num_hidden_units, X.dtype)
        Y, h, c = _through_time(
            self, X, h, c, params["InputWeights"], params["RecurrentWeights"], params["Bias"]
        )
        if self.output_mode == "last":
            Y = Y[..., -1]
        return (Y, {"HiddenState": h, "CellState": c}) if self.keep_state else Y


@dataclass(frozen=True)
class BiLstmLayer(Layer):
    """Two LSTMs, one forward and one backward in time, side by side along the channels.

    With ``output_mode="last"`` each gives the state in which it ends: at the last time, and at the first.

    Learnables: ``InputWeights`` (8 * num_hidden_units, channels), ``RecurrentWeights``, ``Bias``; those of
    the forward direction first.

    >>> BiLstmLayer(8).output(Layout((3, 1, 20), "CBT")).shape
    (16, 1, 20)
    """

    num_hidden_units: int
    output_mode: str = "sequence"
    state_activation_function: str = "tanh"
    gate_activation_function: str = "sigmoid"
    input_weights_initializer: Any = "glorot"
    recurrent_weights_initializer: Any = "orthogonal"
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> dict:
        n = self.num_hidden_units
        halves = [_weights(self, layout, 4, rng) for _ in range(2)]
        for made in halves:
            made["Bias"][n : 2 * n] = 1.0
        return {name: np.concatenate([made[name] for made in halves]) for name in halves[0]}

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        return _lasting(self, layout, 2 * self.num_hidden_units)

    def forward(self, X: Any, params: Any) -> Any:
        rows, axis = 4 * self.num_hidden_units, dims(X).index("T")
        weights, recurrent, bias = params["InputWeights"], params["RecurrentWeights"], params["Bias"]
        start = np.zeros(self.num_hidden_units, X.dtype)
        ahead, _, _ = _through_time(self, X, start, start, weights[:rows], recurrent[:rows], bias[:rows])
        back, _, _ = _through_time(
            self, np.flip(X, axis), start, start, weights[rows:], recurrent[rows:], bias[rows:]
        )
        channels = dims(X).index("C")
        if self.output_mode == "last":
            return np.concatenate((ahead[..., -1], back[..., -1]), axis=channels)
        return np.concatenate((ahead, np.flip(back, axis)), axis=channels)


@dataclass(frozen=True)
class GruLayer(_Lasting):
    """A GRU: its states at all times, or with ``output_mode="last"`` the last one, of format "CB".

    Learnables: ``InputWeights`` (3 * num_hidden_units, channels), ``RecurrentWeights``, ``Bias``, of twice
    the length where ``reset_gate_mode`` is "recurrent-bias-after-multiplication".  State, with
    ``keep_state=True``: ``HiddenState``.

    >>> GruLayer(8).output(Layout((3, 1, 20), "CBT")).shape
    (8, 1, 20)
    """

    num_hidden_units: int
    output_mode: str = "sequence"
    reset_gate_mode: str = "after-multiplication"
    keep_state: bool = False
    input_weights_initializer: Any = "glorot"
    recurrent_weights_initializer: Any = "orthogonal"
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> Any:
        made = _weights(self, layout, 3, rng)
        if self.reset_gate_mode == "recurrent-bias-after-multiplication":
            made["Bias"] = np.zeros(6 * self.num_hidden_units)
        return (made, {"HiddenState": np.zeros(self.num_hidden_units)}) if self.keep_state else made

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        return _lasting(self, layout, self.num_hidden_units)

    def forward(self, X: Any, params: Any, state: Any = None) -> Any:
        h = state["HiddenState"] if self.keep_state else np.zeros(self.num_hidden_units, X.dtype)
        Y, h = gru(
            X, h, params["InputWeights"], params["RecurrentWeights"], params["Bias"],
            reset_gate_mode=self.reset_gate_mode, return_state=True,
        )
        if self.output_mode == "last":
            Y = Y[..., -1]
        return (Y, {"HiddenState": h}) if self.keep_state else Y
