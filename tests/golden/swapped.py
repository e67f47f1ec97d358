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
