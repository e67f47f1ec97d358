"""A loop that only adds: nothing is kept."""

# ruff: noqa

import numpy as np

def sum_of_squares(x):
    s = 0.0
    for i in range(x.shape[0]):
        s += x[i] ** 2
    return s


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
