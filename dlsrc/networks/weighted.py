"""Layers that multiply by what they learn: fully connected, convolutions, tables of vectors."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays.dimensions import dims, stripdims
from ..dlarray import dlarray
from ..kernels import dlconv, dltranspconv, embed, fullyconnect
from .layer import Layer, Layout
from .starting import started
from .windows import after_windows, margins, per_axis, slid

__all__ = ["ConvolutionLayer", "EmbeddingLayer", "FullyConnectedLayer", "TransposedConvolutionLayer"]


@dataclass(frozen=True)
class FullyConnectedLayer(Layer):
    """Weighted sums of all spatial places and channels, and a bias.

    Learnables: ``Weights`` (output_size, inputs), ``Bias`` (output_size).

    >>> from dlsrc.networks import FeatureInputLayer, dlnetwork
    >>> dlnetwork([FeatureInputLayer(3), FullyConnectedLayer(2, use_bias=False, name="fc")]).learnables
    Layer   Parameter   Value
    _____   _________   ___________
    fc      Weights     2x3 dlarray
    """

    output_size: int
    use_bias: bool = True
    weights_initializer: Any = "glorot"
    bias_initializer: Any = "zeros"
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> dict:
        n, size = layout.features(), self.output_size
        made = {"Weights": started(self.weights_initializer, (size, n), n, size, rng)}
        if self.use_bias:
            made["Bias"] = started(self.bias_initializer, (size,), n, size, rng)
        return made

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        rest = [(n, label) for n, label in zip(layout.shape, layout.labels, strict=True) if label not in "SC"]
        return Layout((self.output_size, *(n for n, _ in rest)), "C" + "".join(label for _, label in rest))

    def forward(self, X: Any, params: Any) -> Any:
        if self.use_bias:
            return fullyconnect(X, params["Weights"], params["Bias"])
        return fullyconnect(X, params["Weights"])


@dataclass(frozen=True)
class ConvolutionLayer(Layer):
    """A convolution along all spatial dimensions, or along time where there are none.

    Parameters
    ----------
    filter_size : int or tuple of int
    num_filters : int
        In groups: of all groups together.
    stride, dilation_factor : int or tuple of int
    padding : "same", "causal", int, or tuples, as for `dlsrc.dlconv`
    padding_value : float or str
    num_groups : int

    Learnables: ``Weights`` (filter size, channels of a group, num_filters), ``Bias`` (num_filters).
    """

    filter_size: int | tuple[int, ...]
    num_filters: int
    stride: int | tuple[int, ...] = 1
    dilation_factor: int | tuple[int, ...] = 1
    padding: Any = 0
    padding_value: Any = 0
    num_groups: int = 1
    weights_initializer: Any = "glorot"
    bias_initializer: Any = "zeros"
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> dict:
        channels, groups = layout.size("C"), self.num_groups
        if channels % groups or self.num_filters % groups:
            raise ValueError(f"{channels} channels and {self.num_filters} filters in {groups} groups")
        taps = per_axis(self.filter_size, slid(layout), "filter_size")
        n = int(np.prod(taps))
        shape = (*taps, channels // groups, self.num_filters)
        fans = n * channels // groups, n * self.num_filters // groups
        return {
            "Weights": started(self.weights_initializer, shape, *fans, rng),
            "Bias": started(self.bias_initializer, (self.num_filters,), *fans, rng),
        }

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        made = after_windows(layout, self.filter_size, self.stride, self.padding, self.dilation_factor)
        return made.with_size("C", self.num_filters)

    def forward(self, X: Any, params: Any) -> Any:
        return dlconv(
            X, params["Weights"], params["Bias"], stride=self.stride, dilation_factor=self.dilation_factor,
            padding=self.padding, padding_value=self.padding_value, groups=self.num_groups,
        )


@dataclass(frozen=True)
class TransposedConvolutionLayer(Layer):
    """A transposed convolution: every place is spread over a window of a larger output.

    Learnables: ``Weights`` (filter size, num_filters, channels), ``Bias`` (num_filters).
    """

    filter_size: int | tuple[int, ...]
    num_filters: int
    stride: int | tuple[int, ...] = 1
    cropping: Any = 0
    weights_initializer: Any = "glorot"
    bias_initializer: Any = "zeros"
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> dict:
        channels = layout.size("C")
        taps = per_axis(self.filter_size, slid(layout), "filter_size")
        n = int(np.prod(taps))
        fans = n * channels, n * self.num_filters
        return {
            "Weights": started(self.weights_initializer, (*taps, self.num_filters, channels), *fans, rng),
            "Bias": started(self.bias_initializer, (self.num_filters,), *fans, rng),
        }

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        label = slid(layout)
        sizes = layout.sizes(label)
        taps = per_axis(self.filter_size, label, "filter_size")
        strides = per_axis(self.stride, label, "stride")
        if self.cropping == "same":
            made = [n * s for n, s in zip(sizes, strides, strict=True)]
        else:
            before, after = margins(self.cropping, len(sizes))
            made = [
                s * (n - 1) + k - a - b
                for n, k, s, a, b in zip(sizes, taps, strides, before, after, strict=True)
            ]
        return layout.with_size(label[0], *made).with_size("C", self.num_filters)

    def forward(self, X: Any, params: Any) -> Any:
        return dltranspconv(
            X, params["Weights"], params["Bias"], stride=self.stride, cropping=self.cropping
        )


@dataclass(frozen=True)
class EmbeddingLayer(Layer):
    """A vector for each token: the tokens are whole numbers from zero, on a dimension C of length one.

    Learnables: ``Weights`` (dimension, num_words).
    """

    dimension: int
    num_words: int
    weights_initializer: Any = "narrow-normal"
    name: str = ""

    def initialize(self, layout: Layout, rng: np.random.Generator) -> dict:
        if layout.size("C") != 1:
            raise ValueError("tokens are numbers, on a dimension C of length one")
        shape = (self.dimension, self.num_words)
        return {"Weights": started(self.weights_initializer, shape, self.num_words, self.dimension, rng)}

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        return layout.with_size("C", self.dimension)

    def forward(self, X: Any, params: Any) -> Any:
        tokens = stripdims(X).astype(np.int64)
        return dlarray(embed(tokens, params["Weights"], data_format=dims(X)), dims(X))
