"""How many trips of a loop are run again at once, where the way back starts from checkpoints."""

import math

from ..primitive import primitive, sample
from ..types import Scalar

__all__ = ["full_segments", "segment_count", "segment_size", "segment_size_within"]


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


@primitive(generated=True)
def full_segments(trips, size):
    """How many segments come before the last one, which has at least one trip."""
    return max((trips - 1) // size, 0)


@full_segments.result
def full_segments_result(trips, size):
    return Scalar("int64", weak=True)


full_segments.zero("trips", "size")
full_segments.samples(sample(0, 3), sample(6, 3), sample(7, 3), sample(-2, 1))


@primitive(generated=True)
def segment_size_within(trips, limit, trip, checkpoint):
    """The most trips for which what they keep, and all checkpoints, take no more bytes than a limit.

    ``trip`` and ``checkpoint`` are the bytes of one.  With k trips a segment that is
    k trip + trips / k checkpoint; where it is over the limit for every k, the k for which it is least.
    """
    if trips * trip <= limit:
        return max(trips, 1)
    room = float(limit) * float(limit) - 4.0 * float(trip) * float(checkpoint) * float(trips)
    if room < 0.0:
        return max(math.ceil(math.sqrt(float(trips) * float(checkpoint) / float(trip))), 1)
    return max(int((limit + math.sqrt(room)) / (2.0 * trip)), 1)


@segment_size_within.result
def segment_size_within_result(trips, limit, trip, checkpoint):
    return Scalar("int64", weak=True)


segment_size_within.zero("trips", "limit", "trip", "checkpoint")
segment_size_within.samples(sample(100, 4000, 40, 8), sample(1000, 4000, 40, 8), sample(1000, 400, 40, 8))
