"""A boolean mask, read and written."""

# ruff: noqa

import numpy as np

def masked(x):
    y = x**2
    y[x < 0.0] = 0.0
    return np.sum(y[x < 2.0])


ARGUMENTS = (np.array([-1.0, 1.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: masked(x: float64 vector), from masked.py:7
import numpy as np

from dlsrc.kernels import nonzero_flat, put, put_add, sum_all, take, withdraw


def masked_1(x):
    # masked.py:8  y = x**2
    y = x**2
    # masked.py:9  y[x < 0.0] = 0.0
    v1 = x < 0.0
    if v1.shape[0] != y.shape[0]:
        raise IndexError("masked.py:9: the mask does not have the shape of the array")
    v2 = nonzero_flat(v1)
    put(y, v2, 0.0)
    # masked.py:10  return np.sum(y[x < 2.0])
    v3 = x < 2.0
    if v3.shape[0] != y.shape[0]:
        raise IndexError("masked.py:10: the mask does not have the shape of the array")
    v4 = nonzero_flat(v3)
    v5 = sum_all(take(y, v4))
    #   back through masked.py:10
    dy = np.zeros_like(y)
    put_add(dy, v4, 1.0)
    #   back through masked.py:9
    withdraw(dy, v2)
    return v5, dy * (2 * x)
