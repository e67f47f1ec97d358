"""Layers that subtract a mean and divide by a standard deviation."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..kernels import batchnorm, crosschannelnorm, groupnorm, instancenorm, layernorm
from .layer import Layer, Layout

__all__ = [
    "BatchNormalizationLayer", "CrossChannelNormalizationLayer", "GroupNormalizationLayer",
    "InstanceNormalizationLayer", "LayerNormalizationLayer",
]  # fmt: skip


def _per_channel(layout: Layout) -> dict:
    return {"Offset": np.zeros(layout.size("C")), "Scale": np.ones(layout.size("C"))}


@dataclass(frozen=True)
class BatchNormalizationLayer(Layer):
    """Each channel less its mean over the batch; `predict` takes the mean over all batches.

    Learnables: ``Offset``, ``Scale``; state: ``TrainedMean``, ``TrainedVariance``.  Of a new batch the
    fraction ``mean_decay`` is taken up.
    """

    epsilon: float = 1e-5
    mean_decay: float = 0.1
    variance_decay: float = 0.1
    name: str = ""

    stateful: ClassVar[bool] = True

    def initialize(self, layout: Layout, rng: np.random.Generator) -> tuple[dict, dict]:
        n = layout.size("C")
        return _per_channel(layout), {"TrainedMean": np.zeros(n), "TrainedVariance": np.ones(n)}

    def forward(self, X: Any, params: Any, state: Any) -> Any:
        Y, mean, variance = batchnorm(
            X, params["Offset"], params["Scale"], state["TrainedMean"], state["TrainedVariance"],
            epsilon=self.epsilon, mean_decay=self.mean_decay, variance_decay=self.variance_decay,
            return_statistics=True,
        )
        return Y, {"TrainedMean": mean, "TrainedVariance": variance}

    def predict(self, X: Any, params: Any, state: Any) -> Any:
        Y = batchnorm(
            X, params["Offset"], params["Scale"], state["TrainedMean"], state["TrainedVariance"],
            epsilon=self.epsilon,
        )
        return Y, state


@dataclass(frozen=True)
class LayerNormalizationLayer(Layer):
    """Each observation less its mean; ``operation_dimension`` as for `dlsrc.layernorm`."""

    epsilon: float = 1e-5
    operation_dimension: str = "auto"
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> dict:
        return _per_channel(layout)

    def forward(self, X: Any, params: Any) -> Any:
        return layernorm(
            X, params["Offset"], params["Scale"], epsilon=self.epsilon,
            operation_dimension=self.operation_dimension,
        )


@dataclass(frozen=True)
class GroupNormalizationLayer(Layer):
    """Each group of channels of an observation less its mean; a number, "all-channels" or "channel-wise"."""

    num_groups: int | str
    epsilon: float = 1e-5
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> dict:
        groups = self.num_groups
        if isinstance(groups, int) and layout.size("C") % groups:
            raise ValueError(f"{groups} groups do not divide {layout.size('C')} channels")
        return _per_channel(layout)

    def forward(self, X: Any, params: Any) -> Any:
        return groupnorm(X, self.num_groups, params["Offset"], params["Scale"], epsilon=self.epsilon)


@dataclass(frozen=True)
class InstanceNormalizationLayer(Layer):
    """Each channel of an observation less its mean."""

    epsilon: float = 1e-5
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> dict:
        return _per_channel(layout)

    def forward(self, X: Any, params: Any) -> Any:
        return instancenorm(X, params["Offset"], params["Scale"], epsilon=self.epsilon)


@dataclass(frozen=True)
class CrossChannelNormalizationLayer(Layer):
    """Each element over a power of the mean of squares of neighbouring channels."""

    window_channel_size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 2.0
    name: str = ""

    def forward(self, X: Any, params: Any) -> Any:
        return crosschannelnorm(X, self.window_channel_size, alpha=self.alpha, beta=self.beta, k=self.k)
