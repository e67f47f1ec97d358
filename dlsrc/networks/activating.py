"""Layers that are a function of each element, and softmax."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels import gelu, leakyrelu, relu, sigmoid, softmax, swish
from .layer import Layer

__all__ = [
    "EluLayer", "FunctionLayer", "GeluLayer", "LeakyReluLayer", "ReluLayer", "SigmoidLayer", "SoftmaxLayer",
    "SwishLayer", "TanhLayer",
]  # fmt: skip


@dataclass(frozen=True)
class ReluLayer(Layer):
    """The positive part; the slope at zero is zero."""

    name: str = ""

    def forward(self, X: Any, params: Any) -> Any:
        return relu(X)


@dataclass(frozen=True)
class LeakyReluLayer(Layer):
    """``scale`` times the negative part, and the positive part; the slope at zero is ``scale``."""

    scale: float = 0.01
    name: str = ""

    def forward(self, X: Any, params: Any) -> Any:
        return leakyrelu(X, self.scale)


@dataclass(frozen=True)
class EluLayer(Layer):
    """The positive part, and ``alpha * (exp(x) - 1)`` of the negative one."""

    alpha: float = 1.0
    name: str = ""

    def forward(self, X: Any, params: Any) -> Any:
        return np.where(X > 0, X, self.alpha * np.expm1(np.minimum(X, 0.0)))


@dataclass(frozen=True)
class GeluLayer(Layer):
    """The number times the normal distribution function at it; ``approximation="tanh"`` is cheaper."""

    approximation: str = "none"
    name: str = ""

    def forward(self, X: Any, params: Any) -> Any:
        return gelu(X, self.approximation)


@dataclass(frozen=True)
class SigmoidLayer(Layer):
    """The logistic function."""

    name: str = ""

    def forward(self, X: Any, params: Any) -> Any:
        return sigmoid(X)


@dataclass(frozen=True)
class TanhLayer(Layer):
    """The hyperbolic tangent."""

    name: str = ""

    def forward(self, X: Any, params: Any) -> Any:
        return np.tanh(X)


@dataclass(frozen=True)
class SwishLayer(Layer):
    """The number times its logistic function."""

    name: str = ""

    def forward(self, X: Any, params: Any) -> Any:
        return swish(X)


@dataclass(frozen=True)
class SoftmaxLayer(Layer):
    """Positive numbers that sum to one over the channels."""

    name: str = ""

    def forward(self, X: Any, params: Any) -> Any:
        return softmax(X)


@dataclass(frozen=True)
class FunctionLayer:
    """A function of the user's, of all inputs, without anything that is learned.

    It gets arrays with labels, and gives one.

    >>> from dlsrc import dlarray, predict
    >>> from dlsrc.networks import FeatureInputLayer, dlnetwork
    >>> net = dlnetwork([FeatureInputLayer(2), FunctionLayer(np.square)])
    >>> predict(net, dlarray(np.full((2, 1), 3.0), "CB")).data.ravel()
    array([9., 9.])
    """

    predict_function: Callable
    name: str = ""

    def forward(self, *inputs: Any) -> Any:
        return self.predict_function(*inputs[:-1])
