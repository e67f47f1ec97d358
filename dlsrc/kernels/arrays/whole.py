"""Floats that stand for places: a dlarray holds no integers, and yet tokens and classes are counted in it."""

import numpy as np

from ..declaring.axes import kind_of
from ..primitive import composite, primitive, rejects, sample
from ..types import Array

__all__ = ["places_from", "whole_numbers"]


@primitive()
def whole_numbers(x):
    """The array as integers, of floats that are whole numbers."""
    given = np.ascontiguousarray(x).ravel()
    out = np.empty(given.shape[0], np.int64)
    for k in range(given.shape[0]):
        v = given[k]
        if not abs(v) < 9007199254740992.0 or v != np.floor(v):  # 2**53: larger floats are no places
            raise ValueError("a token or class must be a whole number")
        out[k] = int(v)
    return out.reshape(x.shape)


whole_numbers.result(lambda x: Array("int64", x.ndim, "C", x.labels))
whole_numbers.zero("x")
whole_numbers.samples(
    sample(np.array([2.0, 0.0, -1.0])), sample(np.array([[2.0, 0.0], [1.0, 3.0]]).T),
    rejects(np.array([0.5]), error=ValueError), rejects(np.array([np.nan]), error=ValueError),
)


@composite()
def places_from(x):
    """Places as they are given: integers, or floats that are whole numbers."""
    if kind_of(x.dtype) == "i":
        return x
    return whole_numbers(x)
