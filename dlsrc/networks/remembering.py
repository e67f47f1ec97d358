"""Layers that go through time: LSTM and GRU, each beginning with a state of zeros."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels import gru, lstm
from .layer import Layer, Layout
from .starting import started

__all__ = ["GruLayer", "LstmLayer"]


def _weights(layer: Any, layout: Layout, gates: int, rng: np.random.Generator) -> dict:
    n, inputs = layer.num_hidden_units, layout.size("C")
    rows = gates * n
    return {
        "InputWeights": started(layer.input_weights_initializer, (rows, inputs), inputs, rows, rng),
        "RecurrentWeights": started(layer.recurrent_weights_initializer, (rows, n), n, rows, rng),
        "Bias": np.zeros(rows),
    }


@dataclass(frozen=True)
class LstmLayer(Layer):
    """The states of an LSTM at all times; the last one alone is ``predict(...)[..., -1]``.

    Learnables: ``InputWeights`` (4 * num_hidden_units, channels), ``RecurrentWeights``, ``Bias``, which
    begins with one for the forget gate.

    >>> LstmLayer(8).output(Layout((3, 1, 20), "CBT")).shape
    (8, 1, 20)
    """

    num_hidden_units: int
    input_weights_initializer: Any = "glorot"
    recurrent_weights_initializer: Any = "orthogonal"
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> dict:
        made = _weights(self, layout, 4, rng)
        made["Bias"][self.num_hidden_units : 2 * self.num_hidden_units] = 1.0
        return made

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        return layout.with_size("C", self.num_hidden_units)

    def forward(self, X: Any, params: Any) -> Any:
        start = np.zeros(self.num_hidden_units)
        return lstm(X, start, start, params["InputWeights"], params["RecurrentWeights"], params["Bias"])


@dataclass(frozen=True)
class GruLayer(Layer):
    """The states of a GRU at all times.

    Learnables: ``InputWeights`` (3 * num_hidden_units, channels), ``RecurrentWeights``, ``Bias``.

    >>> GruLayer(8).output(Layout((3, 1, 20), "CBT")).shape
    (8, 1, 20)
    """

    num_hidden_units: int
    input_weights_initializer: Any = "glorot"
    recurrent_weights_initializer: Any = "orthogonal"
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> dict:
        return _weights(self, layout, 3, rng)

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        return layout.with_size("C", self.num_hidden_units)

    def forward(self, X: Any, params: Any) -> Any:
        start = np.zeros(self.num_hidden_units)
        return gru(X, start, params["InputWeights"], params["RecurrentWeights"], params["Bias"])
