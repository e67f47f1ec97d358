"""Attention with several heads: weights by how queries and keys agree, and the means of values by them.

Vaswani et al., *Attention Is All You Need*, arXiv:1706.03762.
"""

import numpy as np

from ..algebra.stacks import batched
from ..network import softmax_axis
from ..primitive import Refusal, composite, real, refuse, rejects, sample
from ..programs.labels import axes_labelled, axis_labelled, format_of, undone
from .dropout import drop_factors
from .filters import turned

__all__ = ["attention"]


@composite()
def heads_of(x, num_heads, axes):
    """The array as (observations times heads, times, channels of a head)."""
    y = turned(x, axes)
    if len(axes) == 2:
        y = np.reshape(y, (1, *y.shape))
    if y.shape[1] % num_heads != 0:
        raise ValueError("attention: the number of heads must divide the number of channels")
    size = y.shape[1] // num_heads
    split = np.transpose(np.reshape(y, (y.shape[0], num_heads, size, y.shape[2])), (0, 1, 3, 2))
    return np.reshape(split, (y.shape[0] * num_heads, y.shape[2], size))


@composite()
def masked(scores, mask, batch, num_heads):
    """The scores, minus infinity where a mask is zero."""
    if mask.ndim == 2:
        return np.where(mask != 0, scores, -np.inf)
    if mask.ndim != 4:
        refuse(
            "attention: a mask has the axes (queries, keys), or (observations, heads, queries, keys), of "
            "which observations and heads may be 1"
        )
    all_scores = np.reshape(scores, (batch, num_heads, scores.shape[1], scores.shape[2]))
    return np.reshape(np.where(mask != 0, all_scores, -np.inf), scores.shape)


@composite()
def attention(
    queries, keys, values, num_heads, *, scale="auto", padding_mask=None, attention_mask="none",
    dropout_probability=0.0, key=None, return_weights=False, data_format=None,
):
    """For each query the mean of the values, weighted by how well their keys agree with it.

    Parameters
    ----------
    queries, keys, values : arrays with axes of channels, of time (positions), and of observations or not
    num_heads : into so many parts the channels are split, each with weights of its own
    scale : the products of queries and keys are multiplied by it; "auto": one over the root of the number of
        channels of a head
    padding_mask : matrix (observations, keys): which keys count, where not zero
    attention_mask : "none", "causal" (a query sees the keys up to its own position), or an array
        (queries, keys) or (observations, heads, queries, keys): which keys a query sees, where not zero
    dropout_probability, key : of the weights, as for ``dropout``
    return_weights : whether the weights are given too, (observations, heads, queries, keys)
    data_format : what the axes mean, ``"CBT"`` for instance

    Returns
    -------
    array in the same format, with the channels of ``values`` at the times of ``queries``

    Raises
    ------
    ValueError
        If the number of heads does not divide that of channels, or sizes do not go together.

    Notes
    -----
    A query that sees no key at all has no weights: its result is nan.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0, 4.0]])
    >>> attention(0 * x, x, x, 1, attention_mask="causal", data_format="CT").round(4)
    array([[1.    , 1.5   , 2.3333]])
    """
    fmt = format_of(data_format, queries.ndim, "attention")
    if keys.ndim != queries.ndim or values.ndim != queries.ndim:
        refuse("attention takes queries, keys and values in one format")
    batch_axes = axes_labelled(fmt, "B")
    axes = (*batch_axes, axis_labelled(fmt, "C", "attention"), axis_labelled(fmt, "T", "attention"))
    if len(axes) != queries.ndim:
        refuse(f"attention takes an axis of channels, C, of time, T, and of observations, B, not {fmt!r}")
    q, k = heads_of(queries, num_heads, axes), heads_of(keys, num_heads, axes)
    v = heads_of(values, num_heads, axes)
    batch = q.shape[0] // num_heads
    if isinstance(scale, str):
        if scale != "auto":
            refuse(f"attention(scale={scale!r}): use 'auto' or a number")
        factor = 1.0 / np.sqrt(1.0 * q.shape[2])
    else:
        factor = scale
    scores = batched(factor * q, k, -1, "nt")
    if isinstance(attention_mask, str):
        if attention_mask == "causal":
            seen = np.arange(q.shape[1])[:, np.newaxis] >= np.arange(k.shape[1])
            scores = np.where(seen, scores, -np.inf)
        elif attention_mask != "none":
            refuse(f"attention(attention_mask={attention_mask!r}): use 'none', 'causal' or an array")
    else:
        scores = masked(scores, attention_mask, batch, num_heads)
    if padding_mask is not None:
        counted = np.reshape(padding_mask, (batch, 1, 1, k.shape[1]))
        scores = masked(scores, counted, batch, num_heads)
    weights = softmax_axis(scores, 2)
    if key is not None:
        weights = weights * drop_factors(weights, dropout_probability, key)
    elif dropout_probability != 0:
        refuse("attention(dropout_probability=…) needs a key, an integer that says which weights are dropped")
    y = np.reshape(batched(weights, v, -1, "nn"), (batch, num_heads, q.shape[1], v.shape[2]))
    joined = np.reshape(np.transpose(y, (0, 1, 3, 2)), (batch, num_heads * v.shape[2], q.shape[1]))
    if len(batch_axes) == 0:
        joined = np.reshape(joined, joined.shape[1:])
    joined = turned(joined, undone(axes))
    if return_weights:
        return joined, np.reshape(weights, (batch, num_heads, q.shape[1], k.shape[1]))
    return joined


_MASK = np.array([[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 1, 1]])
attention.samples(
    sample(real(4, 2, 3), real(4, 2, 3), 2 * real(4, 2, 3), 2, data_format="CBT"),
    sample(real(2, 3, 4), real(2, 4, 4), real(2, 4, 6), 2, attention_mask=_MASK, data_format="BTC"),
    sample(
        real(4, 2, 3), real(4, 2, 3), real(4, 2, 3), 1, attention_mask="causal", scale=0.3, data_format="CBT",
        padding_mask=np.array([[1, 1, 0], [1, 1, 1]]),
    ),
    sample(real(4, 3), real(4, 3), real(4, 3), 4, return_weights=True, data_format="CT"),
    sample(real(4, 2, 3), real(4, 2, 3), real(4, 2, 3), 2, dropout_probability=0.3, key=4, data_format="CBT"),
    rejects(real(4, 2, 3), real(4, 2, 3), real(4, 2, 3), 3, data_format="CBT", error=ValueError),
    rejects(
        real(4, 2, 3), real(4, 2, 3), real(4, 2, 3), 2, dropout_probability=0.5, data_format="CBT",
        error=Refusal,
    ),
    rejects(
        real(4, 2, 3), real(4, 2, 3), real(4, 2, 3), 2, attention_mask="all", data_format="CBT", error=Refusal
    ),
)
