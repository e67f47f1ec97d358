"""An integer array as index; equal indices add up."""

# ruff: noqa

import numpy as np

def gathered(x, order):
    return np.sum(x[order] ** 2)


ARGUMENTS = (np.array([1.0, 2.0, 3.0]), np.array([2, 0, 2]))

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: gathered(x: float64 vector, order: int64 vector), from gathered.py:7
import numpy as np

from dlsrc.kernels import put_add, sum_all, take


def gathered_1(x, order):
    # gathered.py:8  return np.sum(x[order] ** 2)
    v1 = take(x, order)
    v2 = sum_all(v1**2)
    #   back through gathered.py:8
    dx = np.zeros_like(x)
    put_add(dx, order, 2 * v1)
    return v2, dx
