"""Functions in another module, for the programs that call them."""

import math

import numba
import numpy as np

RATE = 0.25


def softplus(x):
    return math.log1p(math.exp(x))


def squares(x, scale=1.0, *, shift=0.0):
    """The squares of the elements, scaled and shifted."""
    return scale * x**2 + shift


def decayed(x):
    return x * RATE


def fill_with_squares(out, x):
    for i in range(x.size):
        out[i] = x[i] ** 2


@numba.njit
def compiled_norm(x):
    s = 0.0
    for i in range(x.size):
        s += x[i] * x[i]
    return np.sqrt(s)


@numba.njit
def compiled_chain(x):
    return compiled_norm(x * x) * x[0]


def bound_pair(x, y):
    return x * y, x + y
