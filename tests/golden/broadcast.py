"""A row and a column in one expression; the way back sums over what was stretched."""

# ruff: noqa

import numpy as np

def broadcast(x):
    d = x[:, None] - x[None, :]
    e = d**2 * x
    return np.sum(e)


ARGUMENTS = (np.array([1.0, 2.0, 4.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: broadcast(x: float64 vector), from broadcast.py:7
import numpy as np

from dlsrc.kernels import accumulate, fill, sum_all, sum_to


def broadcast_1(x):
    # broadcast.py:8  d = x[:, None] - x[None, :]
    v1 = x[:, np.newaxis]
    v2 = x[np.newaxis, :]
    d = v1 - v2
    # broadcast.py:9  e = d**2 * x
    v3 = d**2
    e = v3 * x
    # broadcast.py:10  return np.sum(e)
    v4 = sum_all(e)
    #   back through broadcast.py:9
    de = np.zeros_like(e)
    fill(de, 1.0)
    v5 = sum_to(de * v3, x.shape)
    dd = de * x * (2 * d)
    #   back through broadcast.py:8
    accumulate(v5[np.newaxis, :], sum_to(-dd, v2.shape))
    accumulate(v5[:, np.newaxis], sum_to(dd, v1.shape))
    return v4, v5
