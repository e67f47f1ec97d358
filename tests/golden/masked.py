"""A boolean mask, read and written."""

# ruff: noqa

import numpy as np

def masked(x):
    y = x**2
    y[x < 0.0] = 0.0
    return np.sum(y[x < 2.0])


ARGUMENTS = (np.array([-1.0, 1.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
