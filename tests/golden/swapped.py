"""A swap of two elements and a swap of two names."""

# ruff: noqa

import numpy as np

def swapped(x):
    a, b = x[0], x[1] ** 2
    a, b = b, a
    x[0], x[2] = x[2], x[0]
    return a * x[0] + b * x[2] ** 2


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: swapped(x: float64 vector), from swapped.py:7
import numpy as np

from dlsrc.kernels import check_index


def swapped_1(x):
    # swapped.py:8  a, b = x[0], x[1] ** 2
    x = x.copy()
    check_index(2, x.shape[0], 8)
    a = x[0]
    v1 = x[1]
    b = v1**2
    # swapped.py:10  x[0], x[2] = x[2], x[0]
    x[0] = x[2]
    x[2] = a
    # swapped.py:11  return a * x[0] + b * x[2] ** 2
    v2 = x[0]
    v3 = x[2]
    v4 = v3**2
    #   back through swapped.py:11
    dx = np.zeros_like(x)
    dx[2] += a * (2 * v3)
    dx[0] += b
    #   back through swapped.py:10
    v5 = dx[2]
    dx[2] = 0.0
    dx[2] += dx[0]
    #   back through swapped.py:8
    dx[1] += v2 * (2 * v1)
    dx[0] = v4 + v5
    return b * v2 + a * v4, dx
