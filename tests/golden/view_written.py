"""A view of an array is written through."""

# ruff: noqa

import numpy as np

def view_written(x):
    y = x * 2.0
    v = y[1:]
    v *= x[0]
    return np.sum(y**2)


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
