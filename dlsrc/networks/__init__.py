"""Networks: layers as frozen dataclasses, `dlnetwork`, `forward` and `predict`.

The names are MATLAB's, spelled as Python's classes are: `FullyConnectedLayer(10)`.  One convolution and one
pool serve one, two and three dimensions.
"""

from .activating import (
    EluLayer, FunctionLayer, GeluLayer, LeakyReluLayer, ReluLayer, SigmoidLayer, SoftmaxLayer, SwishLayer,
    TanhLayer,
)  # fmt: skip
from .attending import AttentionLayer, SelfAttentionLayer
from .dropping import DropoutLayer
from .inputs import FeatureInputLayer, ImageInputLayer, InputLayer, SequenceInputLayer
from .joining import AdditionLayer, ConcatenationLayer, FlattenLayer, MultiplicationLayer, ReshapeLayer
from .layer import Layer, Layout
from .network import dlnetwork, forward, predict
from .normalizing import (
    BatchNormalizationLayer, CrossChannelNormalizationLayer, GroupNormalizationLayer,
    InstanceNormalizationLayer, LayerNormalizationLayer,
)  # fmt: skip
from .parameters import Parameters
from .remembering import BiLstmLayer, GruLayer, LstmLayer
from .weighted import ConvolutionLayer, EmbeddingLayer, FullyConnectedLayer, TransposedConvolutionLayer
from .windows import (
    AveragePoolingLayer, GlobalAveragePoolingLayer, GlobalMaxPoolingLayer, MaxPoolingLayer,
)  # fmt: skip

__all__ = [
    "AdditionLayer", "AttentionLayer", "AveragePoolingLayer", "BatchNormalizationLayer", "BiLstmLayer",
    "ConcatenationLayer", "ConvolutionLayer", "CrossChannelNormalizationLayer", "DropoutLayer", "EluLayer",
    "EmbeddingLayer", "FeatureInputLayer", "FlattenLayer", "FullyConnectedLayer", "FunctionLayer",
    "GeluLayer", "GlobalAveragePoolingLayer", "GlobalMaxPoolingLayer", "GroupNormalizationLayer", "GruLayer",
    "ImageInputLayer", "InputLayer", "InstanceNormalizationLayer", "Layer", "LayerNormalizationLayer",
    "Layout", "LeakyReluLayer", "LstmLayer", "MaxPoolingLayer", "MultiplicationLayer", "Parameters",
    "ReluLayer", "ReshapeLayer", "SelfAttentionLayer", "SequenceInputLayer", "SigmoidLayer", "SoftmaxLayer",
    "SwishLayer", "TanhLayer", "TransposedConvolutionLayer", "dlnetwork", "forward", "predict",
]  # fmt: skip
