"""Functions that write into an array of the user's: ``np.add.at``, ``np.copyto``, ``x.fill``."""

import numpy as np

from ..primitive import composite, real, sample

__all__ = ["add_at", "copyto", "fill_with", "subtract_at"]


def added_at(a, indices, b):
    """``np.add.at``, which becomes a store while a program is built."""
    np.add.at(a, indices, b)


def subtracted_at(a, indices, b):
    """``np.subtract.at``, which becomes a store while a program is built."""
    np.subtract.at(a, indices, b)


added_at.__dlsrc_special__ = "add at"  # type: ignore[attr-defined]
subtracted_at.__dlsrc_special__ = "subtract at"  # type: ignore[attr-defined]


@composite("numpy.add.at")
def add_at(a, indices, b):
    """Add to the elements at these places in place; repeated places accumulate."""
    added_at(a, indices, b)


@composite("numpy.subtract.at")
def subtract_at(a, indices, b):
    """Subtract from the elements at these places in place; repeated places accumulate."""
    subtracted_at(a, indices, b)


@composite(np.copyto)
def copyto(dst, src):
    """Write an array, or a number, over all of another."""
    dst[...] = src


@composite(methods=("fill",))
def fill_with(x, value):
    """Write a number over all of an array."""
    x[...] = value


# The judge of declarations allows no change of an argument: these samples write what is there already.
add_at.samples(sample(real(3), np.array([0, 2, 2]), 0.0))
subtract_at.samples(sample(real(3), np.array([0, 2, 2]), np.zeros(3)))
copyto.samples(sample(real(2, 3), real(2, 3)))
fill_with.samples(sample(np.ones(3), 1.0))
