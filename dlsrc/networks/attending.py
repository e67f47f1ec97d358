"""Layers of attention: every position looks at others, in several heads.

Vaswani et al., *Attention Is All You Need*, arXiv:1706.03762.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays.dimensions import stripdims
from ..kernels import fullyconnect
from ..kernels.layers.attention import attention
from .layer import Layer, Layout
from .starting import started

__all__ = ["AttentionLayer", "SelfAttentionLayer"]


def _checked(layer: Any, heads_divide: dict[str, int]) -> None:
    if layer.attention_mask not in ("none", "causal"):
        raise ValueError(f'attention_mask is "none" or "causal", not {layer.attention_mask!r}')
    for what, size in heads_divide.items():
        if size % layer.num_heads:
            raise ValueError(f"{layer.num_heads} heads do not divide {size} {what}")


def _sequence(layout: Layout) -> None:
    if layout.labels not in ("CBT", "CT"):
        raise ValueError('attention takes channels at positions, of format "CBT"')


def _mask_fits(layer: Any, layouts: tuple[Layout, ...], keys: Layout) -> None:
    """A mask, where the layer takes one, is the last input."""
    if not layer.has_padding_mask_input:
        return
    mask = layouts[-1]
    if mask.labels not in ("CBT", "BT") or mask.size("C") != 1 or mask.sizes("BT") != keys.sizes("BT"):
        raise ValueError('the padding mask has format "CBT", one channel, and the sizes B and T of the keys')


def _attended(layer: Any, queries: Any, keys: Any, values: Any, mask: Any, training: bool, key: Any) -> Any:
    counted = None if mask is None else np.reshape(stripdims(mask), mask.shape[-2:])
    chance = layer.dropout_probability if training else 0.0
    return attention(
        queries, keys, values, layer.num_heads, scale=layer.scale, padding_mask=counted,
        attention_mask=layer.attention_mask, dropout_probability=chance, key=key if chance != 0 else None,
    )  # fmt: skip


@dataclass(frozen=True)
class AttentionLayer(Layer):
    """`dlsrc.attention` of three inputs, the queries, the keys and the values; it learns nothing.

    Parameters
    ----------
    num_heads : int
    scale : "auto" or float
    attention_mask : "none" or "causal"
    dropout_probability : float
        Of the weights, in training, by the ``key`` of `forward`.
    has_padding_mask_input : bool
        Whether a fourth input says which keys count, where not zero: format "CBT", one channel.

    >>> queries, keys, values = Layout((4, 1, 9), "CBT"), Layout((4, 1, 7), "CBT"), Layout((6, 1, 7), "CBT")
    >>> AttentionLayer(2).output(queries, keys, values).shape
    (6, 1, 9)
    """

    num_heads: int
    scale: Any = "auto"
    attention_mask: str = "none"
    dropout_probability: float = 0.0
    has_padding_mask_input: bool = False
    name: str = ""

    random: ClassVar[bool] = True

    def output(self, *layouts: Layout) -> Layout:
        if len(layouts) != 3 + self.has_padding_mask_input:
            raise ValueError("attention has the inputs queries, keys, values, and a padding mask if so said")
        queries, keys, values = layouts[:3]
        for layout in (queries, keys, values):
            _sequence(layout)
        _checked(self, {"channels of queries": queries.size("C"), "channels of values": values.size("C")})
        if keys.size("C") != queries.size("C") or keys.sizes("BT") != values.sizes("BT"):
            raise ValueError("keys have the channels of the queries, and the sizes B and T of the values")
        _mask_fits(self, layouts, keys)
        return queries.with_size("C", values.size("C"))

    def forward(self, *inputs: Any) -> Any:
        mask = inputs[3] if self.has_padding_mask_input else None
        return _attended(self, inputs[0], inputs[1], inputs[2], mask, True, inputs[-1])

    def predict(self, *inputs: Any) -> Any:
        mask = inputs[3] if self.has_padding_mask_input else None
        return _attended(self, inputs[0], inputs[1], inputs[2], mask, False, None)


@dataclass(frozen=True)
class SelfAttentionLayer(Layer):
    """Attention of a sequence to itself: queries, keys, values and the output are weighted sums.

    Parameters
    ----------
    num_heads : int
        Divides the number of channels of the keys and of the values.
    num_key_channels : int
        Of queries and keys, all heads together.
    num_value_channels, output_size : int or "auto"
        "auto": the channels of the keys; those of the input.
    scale : "auto" or float
    attention_mask : "none" or "causal"
    dropout_probability : float
        Of the weights, in training, by the ``key`` of `forward`.
    has_padding_mask_input : bool
        Whether a second input says which positions count, where not zero: format "CBT", one channel.

    Learnables: ``QueryWeights``, ``KeyWeights``, ``ValueWeights``, ``OutputWeights``, and a bias for each.

    >>> from dlsrc.networks import SequenceInputLayer, dlnetwork
    >>> layer = SelfAttentionLayer(2, 8, attention_mask="causal", name="attention")
    >>> dlnetwork([SequenceInputLayer(6), layer]).learnables
    Layer       Parameter       Value
    _________   _____________   ___________
    attention   QueryWeights    8x6 dlarray
    attention   QueryBias       1x8 dlarray
    attention   KeyWeights      8x6 dlarray
    attention   KeyBias         1x8 dlarray
    attention   ValueWeights    8x6 dlarray
    attention   ValueBias       1x8 dlarray
    attention   OutputWeights   6x8 dlarray
    attention   OutputBias      1x6 dlarray
    """

    num_heads: int
    num_key_channels: int
    num_value_channels: Any = "auto"
    output_size: Any = "auto"
    scale: Any = "auto"
    attention_mask: str = "none"
    dropout_probability: float = 0.0
    has_padding_mask_input: bool = False
    weights_initializer: Any = "glorot"
    bias_initializer: Any = "zeros"
    name: str = ""

    random: ClassVar[bool] = True

    def initialize(self, *given: Any) -> dict:
        layout, rng = given[0], given[-1]
        inputs, keys = layout.size("C"), self.num_key_channels
        values = keys if self.num_value_channels == "auto" else self.num_value_channels
        _checked(self, {"key channels": keys, "value channels": values})
        output = inputs if self.output_size == "auto" else self.output_size
        made = {}
        for what, rows, columns in (
            ("Query", keys, inputs),
            ("Key", keys, inputs),
            ("Value", values, inputs),
            ("Output", output, values),
        ):
            made[f"{what}Weights"] = started(self.weights_initializer, (rows, columns), columns, rows, rng)
            made[f"{what}Bias"] = started(self.bias_initializer, (rows,), columns, rows, rng)
        return made

    def output(self, *layouts: Layout) -> Layout:
        if len(layouts) != 1 + self.has_padding_mask_input:
            raise ValueError("self attention has one input, and a padding mask if so said")
        _sequence(layouts[0])
        _mask_fits(self, layouts, layouts[0])
        return layouts[0] if self.output_size == "auto" else layouts[0].with_size("C", self.output_size)

    def forward(self, *inputs: Any) -> Any:
        mask = inputs[1] if self.has_padding_mask_input else None
        return self.attended(inputs[0], mask, inputs[-2], True, inputs[-1])

    def predict(self, *inputs: Any) -> Any:
        mask = inputs[1] if self.has_padding_mask_input else None
        return self.attended(inputs[0], mask, inputs[-1], False, None)

    def attended(self, X: Any, mask: Any, params: Any, training: bool, key: Any) -> Any:
        """The output, in training or in use."""
        queries = fullyconnect(X, params["QueryWeights"], params["QueryBias"])
        keys = fullyconnect(X, params["KeyWeights"], params["KeyBias"])
        values = fullyconnect(X, params["ValueWeights"], params["ValueBias"])
        Y = _attended(self, queries, keys, values, mask, training, key)
        return fullyconnect(Y, params["OutputWeights"], params["OutputBias"])
