"""A branch on a value: the way back takes the same branch."""

# ruff: noqa

import numpy as np

def branch(x):
    if x[0] > 0.0:
        y = x[0] * x[1]
    else:
        y = x[1] ** 2
    return y * x[0]


ARGUMENTS = (np.array([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
