"""Calls of the functions of networks and of PyTorch that must give the same: values and gradients.

``theirs`` gets ``torch`` and ``torch.nn.functional`` first, so that this file is read without them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import dlsrc
from dlsrc.kernels.declaring.cases import real


@dataclass(frozen=True)
class Case:
    """One comparison: the arguments, dlsrc's function of them and PyTorch's."""

    args: tuple
    ours: Callable
    theirs: Callable


def probabilities(*shape):
    """Positive numbers that sum to one along the second axis."""
    x = np.exp(real(*shape))
    return x / x.sum(axis=1, keepdims=True)


def one_hot(classes, count):
    return np.eye(count)[classes]


LABELS = np.array([2, 0, 1, 2])
TOKENS = np.array([[0, 3, 1], [4, 1, 1]])
HALF = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])

SEEN = np.array([[1, 1, 0, 1, 0], [1, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
COUNTED = np.array([[1, 1, 1, 0, 1], [1, 1, 1, 1, 0]])
SPOKEN = np.array([[1, 2, 2], [3, 1, 3]])


def split(x):
    """(observations, times, channels) as PyTorch takes it for two heads."""
    return x.unflatten(2, (2, -1)).transpose(1, 2)


def joined(x):
    return x.transpose(1, 2).flatten(2)


def unpooled(x):
    y, places, size = dlsrc.maxpool(x, 2, stride=2, return_indices=True, data_format="BCSS")
    return dlsrc.maxunpool(y, places, size, data_format="BCSS")


def running(torch, F, x, m, v):
    """The running statistics after one batch; PyTorch's do not pass a derivative, these do."""
    found = 0.3 * x.mean(0) + 0.7 * m, v
    copies = m.detach().clone(), v.detach().clone()
    F.batch_norm(x.detach(), *copies, training=True, momentum=0.3)
    assert torch.allclose(copies[0], found[0].detach(), rtol=1e-14)
    return found


CASES = {
    # -------------------------------------------------------------------------- sums, activations, tables
    "fullyconnect": Case(
        (real(5, 3), real(4, 3), real(4)),
        lambda x, w, b: dlsrc.fullyconnect(x, w, b, data_format="BC"),
        lambda torch, F, x, w, b: F.linear(x, w, b),
    ),
    "fullyconnect in time": Case(
        (real(2, 6, 3), real(4, 3), real(4)),
        lambda x, w, b: dlsrc.fullyconnect(x, w, b, data_format="BTC"),
        lambda torch, F, x, w, b: F.linear(x, w, b),
    ),
    "fullyconnect of pictures": Case(
        (real(2, 3, 4, 2), real(5, 24), real(5)),
        lambda x, w, b: dlsrc.fullyconnect(x, w, b, data_format="BSSC"),
        lambda torch, F, x, w, b: F.linear(x.flatten(1), w, b),
    ),
    "relu": Case((real(3, 4),), lambda x: dlsrc.relu(x), lambda torch, F, x: F.relu(x)),
    "leakyrelu": Case((real(3, 4),), lambda x: dlsrc.leakyrelu(x, 0.2), lambda torch, F, x: F.leaky_relu(x, 0.2)),
    "gelu": Case((3 * real(3, 4),), lambda x: dlsrc.gelu(x), lambda torch, F, x: F.gelu(x)),
    "gelu by tanh": Case(
        (3 * real(3, 4),), lambda x: dlsrc.gelu(x, "tanh"), lambda torch, F, x: F.gelu(x, approximate="tanh")
    ),
    "swish": Case((3 * real(3, 4),), lambda x: dlsrc.swish(x), lambda torch, F, x: F.silu(x)),
    "sigmoid": Case((3 * real(3, 4),), lambda x: dlsrc.sigmoid(x), lambda torch, F, x: F.sigmoid(x)),
    "softmax": Case(
        (3 * real(2, 3, 4),), lambda x: dlsrc.softmax(x, data_format="BCT"), lambda torch, F, x: F.softmax(x, 1)
    ),
    "embed": Case(
        (TOKENS, real(5, 6)), lambda k, w: dlsrc.embed(k, w.T, data_format="BT"),
        lambda torch, F, k, w: F.embedding(k, w).permute(2, 0, 1),
    ),
    # -------------------------------------------------------------------------- losses
    "mse": Case(
        (real(4, 3), 2 * real(4, 3)), lambda y, t: dlsrc.mse(y, t, data_format="BC"),
        lambda torch, F, y, t: F.mse_loss(y, t, reduction="sum") / 8,
    ),
    "l2loss": Case(
        (real(4, 3), 2 * real(4, 3)),
        lambda y, t: dlsrc.l2loss(y, t, normalization_factor="all-elements", data_format="BC"),
        lambda torch, F, y, t: F.mse_loss(y, t),
    ),
    "l1loss": Case(
        (real(4, 3), 2 * real(4, 3)),
        lambda y, t: dlsrc.l1loss(y, t, reduction="none", data_format="BC"),
        lambda torch, F, y, t: F.l1_loss(y, t, reduction="none"),
    ),
    "l1loss masked": Case(
        (real(4, 3), 2 * real(4, 3)),
        lambda y, t: dlsrc.l1loss(y, t, mask=HALF, normalization_factor="mask-included", data_format="BC"),
        lambda torch, F, y, t: (F.l1_loss(y, t, reduction="none") * torch.tensor(HALF)).sum() / 8,
    ),
    "huber": Case(
        (real(4, 3), 3 * real(4, 3)),
        lambda y, t: dlsrc.huber(y, t, transition_point=0.7, data_format="BC"),
        lambda torch, F, y, t: F.huber_loss(y, t, delta=0.7, reduction="sum") / 4,
    ),
    "crossentropy": Case(
        (probabilities(4, 3), np.array([0.5, 1.0, 2.0])),
        lambda y, w: dlsrc.crossentropy(y, one_hot(LABELS, 3), w, data_format="BC"),
        lambda torch, F, y, w: -(torch.log(y)[range(4), LABELS] * w[LABELS]).sum() / 4,
    ),
    "crossentropy of softmax": Case(
        (real(4, 3), probabilities(4, 3)),
        lambda x, t: dlsrc.crossentropy(dlsrc.softmax(x, data_format="BC"), t, data_format="BC"),
        lambda torch, F, x, t: F.cross_entropy(x, t),
    ),
    "crossentropy of many labels": Case(
        (real(4, 3),),
        lambda x: dlsrc.crossentropy(
            dlsrc.sigmoid(x), HALF, classification_mode="multilabel", reduction="none", data_format="BC"
        ),
        lambda torch, F, x: F.binary_cross_entropy_with_logits(x, torch.tensor(HALF), reduction="none"),
    ),
    "indexcrossentropy": Case(
        (real(4, 3), np.array([2, 0, -1, 2])),
        lambda x, k: dlsrc.indexcrossentropy(
            dlsrc.softmax(x, data_format="BC"), k, normalization_factor="target-included", data_format="BC"
        ),
        lambda torch, F, x, k: F.cross_entropy(x, k, ignore_index=-1),
    ),
    # -------------------------------------------------------------------------- convolutions
    "dlconv": Case(
        (real(2, 3, 5, 6), real(4, 3, 3, 2), real(4)),
        lambda x, w, b: dlsrc.dlconv(x, w, b, data_format="BCSS", weights_format="UCSS"),
        lambda torch, F, x, w, b: F.conv2d(x, w, b),
    ),
    "dlconv with stride, padding, dilation": Case(
        (real(2, 3, 7, 8), real(4, 3, 3, 2), real(4)),
        lambda x, w, b: dlsrc.dlconv(
            x, w, b, stride=(2, 1), padding=(2, 1), dilation_factor=(1, 3), data_format="BCSS", weights_format="UCSS"
        ),
        lambda torch, F, x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=(2, 1), dilation=(1, 3)),
    ),
    "dlconv in groups": Case(
        (real(2, 6, 5, 5), real(4, 3, 3, 3), real(4)),
        lambda x, w, b: dlsrc.dlconv(x, w, b, padding=1, groups=2, data_format="BCSS", weights_format="UCSS"),
        lambda torch, F, x, w, b: F.conv2d(x, w, b, padding=1, groups=2),
    ),
    "dlconv by channel": Case(
        (real(2, 4, 5, 5), real(8, 1, 3, 3)),
        lambda x, w: dlsrc.dlconv(x, w, stride=2, groups=4, data_format="BCSS", weights_format="UCSS"),
        lambda torch, F, x, w: F.conv2d(x, w, stride=2, groups=4),
    ),
    "dlconv same": Case(
        (real(2, 3, 5, 6), real(4, 3, 4, 3)),
        lambda x, w: dlsrc.dlconv(x, w, padding="same", dilation_factor=(1, 2), data_format="BCSS", weights_format="UCSS"),
        lambda torch, F, x, w: F.conv2d(x, w, padding="same", dilation=(1, 2)),
    ),
    "dlconv 1-D": Case(
        (real(2, 3, 9), real(4, 3, 4), real(4)),
        lambda x, w, b: dlsrc.dlconv(x, w, b, stride=2, padding=1, data_format="BCS", weights_format="UCS"),
        lambda torch, F, x, w, b: F.conv1d(x, w, b, stride=2, padding=1),
    ),
    "dlconv in time, causal": Case(
        (real(2, 3, 9), real(4, 3, 3), real(4)),
        lambda x, w, b: dlsrc.dlconv(
            x, w, b, padding="causal", dilation_factor=2, data_format="BCT", weights_format="UCT"
        ),
        lambda torch, F, x, w, b: F.conv1d(F.pad(x, (4, 0)), w, b, dilation=2),
    ),
    "dlconv 3-D": Case(
        (real(2, 2, 4, 3, 5), real(4, 2, 2, 3, 2), real(4)),
        lambda x, w, b: dlsrc.dlconv(
            x, w, b, stride=(1, 1, 2), padding=(1, 2, 0), data_format="BCSSS", weights_format="UCSSS"
        ),
        lambda torch, F, x, w, b: F.conv3d(x, w, b, stride=(1, 1, 2), padding=(1, 2, 0)),
    ),
    "dltranspconv": Case(
        (real(2, 3, 4, 3), real(3, 4, 3, 2), real(4)),
        lambda x, w, b: dlsrc.dltranspconv(
            x, w, b, stride=(2, 3), cropping=1, data_format="BCSS", weights_format="CUSS"
        ),
        lambda torch, F, x, w, b: F.conv_transpose2d(x, w, b, stride=(2, 3), padding=1),
    ),
    "dltranspconv in groups": Case(
        (real(2, 4, 4, 3), real(4, 3, 2, 2), real(6)),
        lambda x, w, b: dlsrc.dltranspconv(
            x, w, b, stride=2, dilation_factor=2, groups=2, data_format="BCSS", weights_format="CUSS"
        ),
        lambda torch, F, x, w, b: F.conv_transpose2d(x, w, b, stride=2, dilation=2, groups=2),
    ),
    "dltranspconv 1-D": Case(
        (real(2, 3, 5), real(3, 2, 4)),
        lambda x, w: dlsrc.dltranspconv(x, w, stride=2, cropping="same", data_format="BCS", weights_format="CUS"),
        lambda torch, F, x, w: F.conv_transpose1d(x, w, stride=2, padding=1),
    ),
    "dltranspconv 3-D": Case(
        (real(1, 2, 2, 3, 2), real(2, 3, 2, 2, 3), real(3)),
        lambda x, w, b: dlsrc.dltranspconv(x, w, b, stride=2, data_format="BCSSS", weights_format="CUSSS"),
        lambda torch, F, x, w, b: F.conv_transpose3d(x, w, b, stride=2),
    ),
    # -------------------------------------------------------------------------- pools
    "maxpool": Case(
        (real(2, 3, 6, 5),), lambda x: dlsrc.maxpool(x, (2, 3), stride=(2, 1), data_format="BCSS"),
        lambda torch, F, x: F.max_pool2d(x, (2, 3), stride=(2, 1)),
    ),
    "maxpool with padding": Case(
        (real(2, 3, 6, 5),), lambda x: dlsrc.maxpool(x, 3, stride=2, padding=1, data_format="BCSS"),
        lambda torch, F, x: F.max_pool2d(x, 3, stride=2, padding=1),
    ),
    "maxpool 1-D": Case(
        (real(2, 3, 7),), lambda x: dlsrc.maxpool(x, 3, data_format="BCT"), lambda torch, F, x: F.max_pool1d(x, 3, 1)
    ),
    "maxpool 3-D, global": Case(
        (real(2, 3, 2, 3, 2),), lambda x: dlsrc.maxpool(x, "global", data_format="BCSSS"),
        lambda torch, F, x: F.adaptive_max_pool3d(x, 1),
    ),
    "avgpool": Case(
        (real(2, 3, 6, 5),), lambda x: dlsrc.avgpool(x, 3, stride=2, padding=1, data_format="BCSS"),
        lambda torch, F, x: F.avg_pool2d(x, 3, stride=2, padding=1),
    ),
    "avgpool without the margin": Case(
        (real(2, 3, 4, 6, 5),),
        lambda x: dlsrc.avgpool(x, 3, stride=2, padding=1, padding_value="mean", data_format="BCSSS"),
        lambda torch, F, x: F.avg_pool3d(x, 3, stride=2, padding=1, count_include_pad=False),
    ),
    "avgpool global": Case(
        (real(2, 3, 4, 5),), lambda x: dlsrc.avgpool(x, "global", data_format="BCSS"),
        lambda torch, F, x: F.adaptive_avg_pool2d(x, 1),
    ),
    "maxunpool": Case(
        (real(2, 3, 6, 4),), lambda x: unpooled(x), lambda torch, F, x: F.max_unpool2d(
            *F.max_pool2d(x, 2, stride=2, return_indices=True), 2, stride=2
        ),
    ),
    # -------------------------------------------------------------------------- normalizations
    "batchnorm": Case(
        (real(4, 3, 2, 3), real(3), real(3)), lambda x, b, g: dlsrc.batchnorm(x, b, g, data_format="BCSS"),
        lambda torch, F, x, b, g: F.batch_norm(x, None, None, g, b, training=True),
    ),
    "batchnorm in use": Case(
        (real(4, 3, 2, 3), real(3), real(3), 0.5 * real(3), abs(real(3))),
        lambda x, b, g, m, v: dlsrc.batchnorm(x, b, g, m, v, epsilon=1e-3, data_format="BCSS"),
        lambda torch, F, x, b, g, m, v:
            (x - m[:, None, None]) / torch.sqrt(v[:, None, None] + 1e-3) * g[:, None, None] + b[:, None, None],
    ),
    "batchnorm, running mean": Case(
        (real(4, 3), real(3), abs(real(3))),
        lambda x, m, v: dlsrc.batchnorm(
            x, 0.0, 1.0, m, v, mean_decay=0.3, return_statistics=True, data_format="BC")[1],
        lambda torch, F, x, m, v: running(torch, F, x, m, v)[0] + 0.0 * v,
    ),
    "batchnorm, running variance": Case(
        (real(4, 3), real(3), abs(real(3))),
        lambda x, m, v: dlsrc.batchnorm(
            x, 0.0, 1.0, m, v, variance_decay=0.3, return_statistics=True, data_format="BC")[2],
        lambda torch, F, x, m, v: 0.3 * x.var(0, unbiased=False) + 0.7 * v + 0.0 * m,
    ),
    "layernorm": Case(
        (real(4, 3), real(3), real(3)), lambda x, b, g: dlsrc.layernorm(x, b, g, data_format="BC"),
        lambda torch, F, x, b, g: F.layer_norm(x, (3,), g, b),
    ),
    "layernorm in time": Case(
        (real(4, 2, 3), real(3), real(3)), lambda x, b, g: dlsrc.layernorm(x, b, g, data_format="BTC"),
        lambda torch, F, x, b, g: F.layer_norm(x, (3,), g, b),
    ),
    "layernorm of pictures": Case(
        (real(2, 3, 2, 3), real(3), real(3)), lambda x, b, g: dlsrc.layernorm(x, b, g, data_format="BCSS"),
        lambda torch, F, x, b, g: F.layer_norm(x, (3, 2, 3)) * g[:, None, None] + b[:, None, None],
    ),
    "groupnorm": Case(
        (real(2, 6, 2, 3), real(6), real(6)),
        lambda x, b, g: dlsrc.groupnorm(x, 3, b, g, epsilon=1e-3, data_format="BCSS"),
        lambda torch, F, x, b, g: F.group_norm(x, 3, g, b, eps=1e-3),
    ),
    "instancenorm": Case(
        (real(2, 3, 2, 3), real(3), real(3)), lambda x, b, g: dlsrc.instancenorm(x, b, g, data_format="BCSS"),
        lambda torch, F, x, b, g: F.instance_norm(x, weight=g, bias=b),
    ),
    "crosschannelnorm": Case(
        (2 * real(2, 5, 2, 2),), lambda x: dlsrc.crosschannelnorm(x, 3, alpha=0.5, k=1.0, data_format="BCSS"),
        lambda torch, F, x: F.local_response_norm(x, 3, alpha=0.5, beta=0.75, k=1.0),
    ),
    # -------------------------------------------------------------------------- sequences
    "lstm": Case(
        (real(4, 2, 3), real(2, 5), 0.5 * real(2, 5), real(20, 3), real(20, 5), real(20)),
        lambda x, h, c, w, r, b: dlsrc.lstm(x, h.T, c.T, w, r, b, data_format="TBC"),
        lambda torch, F, x, h, c, w, r, b: torch.lstm(
            x, (h[None], c[None]), [w, r, b, 0 * b], True, 1, 0.0, False, False, False)[0],
    ),
    "lstm, its last cell": Case(
        (real(4, 2, 3), real(2, 5), 0.5 * real(2, 5), real(20, 3), real(20, 5), real(20)),
        lambda x, h, c, w, r, b: dlsrc.lstm(x, h.T, c.T, w, r, b, return_state=True, data_format="TBC")[2],
        lambda torch, F, x, h, c, w, r, b: torch.lstm(
            x, (h[None], c[None]), [w, r, b, 0 * b], True, 1, 0.0, False, False, False)[2][0].T,
    ),
    "gru": Case(
        (real(4, 2, 3), real(2, 5), real(15, 3), real(15, 5), real(30)),
        lambda x, h, w, r, b: dlsrc.gru(
            x, h.T, w, r, b, reset_gate_mode="recurrent-bias-after-multiplication", data_format="TBC"),
        lambda torch, F, x, h, w, r, b: torch.gru(
            x, h[None], [w, r, b[:15], b[15:]], True, 1, 0.0, False, False, False)[0],
    ),
    "gru after multiplication": Case(
        (real(4, 2, 3), real(2, 5), real(15, 3), real(15, 5), real(15)),
        lambda x, h, w, r, b: dlsrc.gru(x, h.T, w, r, b, data_format="TBC"),
        lambda torch, F, x, h, w, r, b: torch.gru(
            x, h[None], [w, r, b, 0 * b], True, 1, 0.0, False, False, False)[0],
    ),
    "attention": Case(
        (real(2, 3, 4), real(2, 5, 4), real(2, 5, 6)),
        lambda q, k, v: dlsrc.attention(q, k, v, 2, data_format="BTC"),
        lambda torch, F, q, k, v: joined(F.scaled_dot_product_attention(*(split(x) for x in (q, k, v)))),
    ),
    "attention, causal": Case(
        (real(2, 4, 4), real(2, 4, 4), real(2, 4, 4)),
        lambda q, k, v: dlsrc.attention(q, k, v, 2, scale=0.7, attention_mask="causal", data_format="BTC"),
        lambda torch, F, q, k, v: joined(
            F.scaled_dot_product_attention(*(split(x) for x in (q, k, v)), is_causal=True, scale=0.7)),
    ),
    "attention with masks": Case(
        (real(2, 3, 4), real(2, 5, 4), real(2, 5, 4)),
        lambda q, k, v: dlsrc.attention(
            q, k, v, 2, attention_mask=SEEN, padding_mask=COUNTED, data_format="BTC"),
        lambda torch, F, q, k, v: joined(F.scaled_dot_product_attention(
            *(split(x) for x in (q, k, v)), attn_mask=torch.tensor(SEEN & COUNTED[:, None, None, :] != 0))),
    ),
    "ctc": Case(
        (real(6, 2, 4),),
        lambda x: dlsrc.ctc(dlsrc.softmax(x, axis=2), SPOKEN, data_format="TBC"),
        lambda torch, F, x: F.ctc_loss(
            F.log_softmax(x, 2), torch.tensor(SPOKEN), (6, 6), (3, 3), reduction="sum") / 2,
    ),
    "ctc with masks": Case(
        (real(6, 2, 4),),
        lambda x: dlsrc.ctc(
            dlsrc.softmax(x, axis=2), SPOKEN - 1, np.arange(6) < np.array([[5], [6]]),
            np.arange(3) < np.array([[2], [3]]), blank_index="last", data_format="TBC"),
        lambda torch, F, x: F.ctc_loss(
            F.log_softmax(x, 2), torch.tensor(SPOKEN - 1), (5, 6), (2, 3), blank=3, reduction="sum") / 2,
    ),
}
