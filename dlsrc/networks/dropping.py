"""Zeros at random, in training only."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..kernels.layers.dropout import dropout
from .layer import Layer

__all__ = ["DropoutLayer"]


@dataclass(frozen=True)
class DropoutLayer(Layer):
    """In training zeros with this probability, by the ``key`` of `forward`; in use nothing.

    >>> import numpy as np
    >>> from dlsrc import dlarray, dlnetwork, forward, predict
    >>> net, X = dlnetwork([DropoutLayer(0.5)]), dlarray(np.ones((8, 1)), "CB")
    >>> sorted(set(forward(net, X, key=3).data.ravel().tolist())), bool((predict(net, X).data == 1).all())
    ([0.0, 2.0], True)
    """

    probability: float = 0.5
    name: str = ""

    random: ClassVar[bool] = True

    def forward(self, X: Any, params: Any, key: Any) -> Any:
        return dropout(X, self.probability, key=key)

    def predict(self, X: Any, params: Any) -> Any:
        return X
