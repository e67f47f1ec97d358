"""Arrays with a margin: a constant, the edge, or the array itself reflected or repeated."""

import numpy as np

from ..indexing import take_axis
from ..primitive import Refusal, composite, kernel, primitive, real, refuse, rejects, sample
from ..types import Array

__all__ = ["margin_places", "pad"]

MODES = ("edge", "reflect", "symmetric", "wrap")


@kernel
def folded_place(k, n, mode):
    """The place that stands for ``k`` in an axis of ``n`` elements, continued on both sides."""
    if mode == "edge":
        return min(max(k, 0), n - 1)
    if mode == "wrap":
        return k % n
    if mode == "symmetric":
        k = k % (2 * n)
        return k if k < n else 2 * n - 1 - k
    period = max(2 * n - 2, 1)  # reflect: the edge itself is not repeated
    k = k % period
    return k if k < n else period - k


@primitive(static=("mode",))
def margin_places(n, before, after, mode):
    """The places of an axis of ``n`` elements, with those that stand for the margins."""
    if before < 0 or after < 0:
        raise ValueError("a margin cannot be negative")
    if n == 0 and before + after > 0:
        raise ValueError("an axis without elements has no edge to continue")
    out = np.empty(before + n + after, np.int64)
    for k in range(out.shape[0]):
        out[k] = folded_place(k - before, n, mode)
    return out


@margin_places.result
def margin_places_result(n, before, after, mode):
    return Array("int64", 1)


margin_places.zero("n", "before", "after")
margin_places.samples(
    sample(3, 2, 1, mode="edge"), sample(3, 5, 7, mode="reflect"), sample(3, 5, 7, mode="symmetric"),
    sample(3, 5, 7, mode="wrap"), sample(1, 2, 2, mode="reflect"), sample(0, 0, 0, mode="edge"),
    rejects(0, 1, 0, mode="wrap", error=ValueError), rejects(3, -1, 0, mode="edge", error=ValueError),
)


@composite()
def margins(pad_width, ndim):
    """A pair for each axis, however the widths are given."""
    if not isinstance(pad_width, (tuple, list)):
        return ((pad_width, pad_width),) * ndim
    if not isinstance(pad_width[0], (tuple, list)):
        if len(pad_width) == 1:
            return ((pad_width[0], pad_width[0]),) * ndim
        return (tuple(pad_width),) * ndim
    if len(pad_width) == 1:
        return (tuple(pad_width[0]),) * ndim
    if len(pad_width) != ndim:
        refuse(f"pad of an array of {ndim} dimensions takes {ndim} pairs, ((before, after), …)")
    return tuple(pad_width)


@composite(np.pad)
def pad(array, pad_width, mode="constant", constant_values=0, reflect_type="even"):
    """The array with margins on both sides of each axis."""
    if mode != "constant" and mode not in MODES:
        refuse(f"pad(mode={mode!r}): use 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'")
    if reflect_type != "even":
        refuse(f"pad(reflect_type={reflect_type!r}): only 'even' is known")
    y = array
    along = 0
    values = margins(constant_values, array.ndim)
    for pair, value in zip(margins(pad_width, array.ndim), values, strict=True):
        before, after = pair[0], pair[1]
        if mode == "constant":
            y = np.concatenate(
                (margin_of(y, along, before, value[0]), y, margin_of(y, along, after, value[1])), along
            )
        else:
            y = take_axis(y, margin_places(y.shape[along], before, after, mode), along)
        along = along + 1
    return y


@composite()
def margin_of(x, along, width, value):
    """An array of equal elements as wide as a margin along an axis."""
    dims: tuple = ()
    for k in range(x.ndim):
        dims = (*dims, width if k == along else x.shape[k])
    return np.full(dims, np.asarray(value), x.dtype)


pad.samples(
    sample(real(3), 2), sample(real(3), (1, 2)), sample(real(2, 3), ((1, 0), (2, 1))),
    sample(real(2, 3), 1, constant_values=0.5),
    sample(real(2, 3), 1, constant_values=((1.0, 2.0), (3.0, 4.0))), sample(real(3), (2, 4), mode="edge"),
    sample(real(3), (2, 5), mode="reflect"), sample(real(2, 3), 1, mode="edge"),
    sample(real(3), (4, 5), mode="symmetric"), sample(real(3), (4, 5), mode="wrap"),
    sample(real(2, 3), ((1, 1), (0, 2)), mode="reflect"),
    sample(real(2, 3, 2), ((0, 0), (1, 1), (2, 0)), mode="wrap"),
    rejects(real(3), 1, mode="mean", error=Refusal),
)
