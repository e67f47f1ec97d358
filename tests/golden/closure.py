"""A function made by another; what it captures is an argument of the generated function."""

# ruff: noqa

import numpy as np

def make(k, w):
    def weighted(x):
        return k * np.sum(w * x**2)

    return weighted


weighted = make(3.0, np.array([1.0, 2.0]))


ARGUMENTS = (np.array([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: weighted(x: float64 vector, k: float64, w: float64 vector), from closure.py:8
import numpy as np

from dlsrc.kernels import fill, sum_all, sum_to


def weighted_1(x, k, w):
    # closure.py:9  return k * np.sum(w * x**2)
    v1 = x**2
    v2 = w * v1
    v3 = sum_all(v2)
    #   back through closure.py:9
    dv2 = np.zeros_like(v2)
    fill(dv2, k)
    return k * v3, sum_to(dv2 * w, v1.shape) * (2 * x)
