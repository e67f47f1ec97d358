"""The memory of a list that grows while the program runs: an array with room for more items.

The items of such a list are the first entries of the array; what comes after them is never read.  Where
the room is used up, an array twice as long takes over (`memory.room` for numbers); the analyses take it
for the same memory, since nothing names the shorter one any more.
"""

import numpy as np

from ..primitive import primitive, real, rejects, sample
from ..types import Array
from .stores import assign

__all__ = ["counted_place", "room_for"]


@primitive(generated=True)
def room_for(x, item, k):
    """The array if it has a place ``k``, else one with more places for arrays of the shape of ``item``."""
    if x.shape[0] > 0 and x.shape[1:] != item.shape:
        raise ValueError("the arrays in a list of computed length must have one shape")
    if k < x.shape[0]:
        return x
    out = np.zeros((max(16, 2 * k),) + item.shape, x.dtype)
    if x.shape[0] > 0:
        assign(out[: x.shape[0]], x)
    return out


@room_for.result
def room_for_result(x, item, k):
    return Array(x.dtype, x.ndim, "C", x.labels)


room_for.linear("x")
room_for.zero("item", "k")  # of the item only the shape is read
room_for.samples(
    sample(real(2, 3), real(3), 1), sample(np.zeros((0, 0)), real(3), 0),
    sample(real(20, 2, 2), real(2, 2), 20), rejects(real(2, 3), real(2), 1, error=ValueError),
)


@primitive(elementwise=True)
def counted_place(k, n):
    """The place of index ``k`` among ``n`` items: negative ones count from the end."""
    return k + n if k < 0 else k


counted_place.zero("k", "n")
counted_place.samples(sample(2, 3), sample(-1, 3))
