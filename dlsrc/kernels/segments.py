"""How many trips of a loop are run again at once, where the way back starts from checkpoints."""

import math

from .primitive import primitive, sample
from .types import Scalar

__all__ = ["segment_count", "segment_size"]


@primitive(generated=True)
def segment_size(trips):
    """The square root of the number of trips, rounded up: as many segments as there are trips in one."""
    return max(math.ceil(math.sqrt(max(trips, 0))), 1)


@segment_size.result
def segment_size_result(trips):
    return Scalar("int64", weak=True)


segment_size.zero("trips")
segment_size.samples(sample(0), sample(1), sample(1000))


@primitive(generated=True)
def segment_count(trips, size):
    """How many segments a loop has; of the last one, not all trips may be there."""
    return max((trips + size - 1) // size, 0)


@segment_count.result
def segment_count_result(trips, size):
    return Scalar("int64", weak=True)


segment_count.zero("trips", "size")
segment_count.samples(sample(0, 3), sample(7, 3), sample(-2, 1))
