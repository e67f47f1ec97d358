"""The pairs of n items in Python's order, (0, 1), (0, 2), …, (0, n - 1), (1, 2), …: the k-th."""

import numpy as np

from ..primitive import primitive, sample
from ..types import Scalar

__all__ = ["pair_first", "pair_second"]


@primitive()
def pair_first(k, n):
    """The first place of the ``k``-th pair of ``n`` items."""
    # i is the largest number with i * (2 * n - i - 1) / 2 <= k; the root is right but for a rounding.
    b = 2 * n - 1
    i = int((b - np.sqrt(max(b * b - 8.0 * k, 0.0))) / 2)
    if i * (b - i) > 2 * k:
        i -= 1
    if (i + 1) * (b - i - 1) <= 2 * k:
        i += 1
    return i


@primitive()
def pair_second(k, n, i):
    """The second place of the ``k``-th pair of ``n`` items, of which the first is ``i``."""
    return k - i * (2 * n - i - 1) // 2 + i + 1


for _place in (pair_first, pair_second):
    _place.result(lambda k, n, i=None: Scalar("int64", weak=True))
pair_first.zero("k", "n")
pair_second.zero("k", "n", "i")
pair_first.samples(sample(0, 4), sample(2, 4), sample(3, 4), sample(5, 4), sample(10**9, 10**5))
pair_second.samples(sample(0, 4, 0), sample(2, 4, 0), sample(3, 4, 1), sample(5, 4, 2))
