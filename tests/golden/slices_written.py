"""Regions written, one over another."""

# ruff: noqa

import numpy as np

def slices_written(x):
    y = np.zeros(4)
    y[:2] = x[:2] ** 2
    y[1:3] = y[0] * x[2:]
    return np.sum(y * y)


ARGUMENTS = (np.array([1.0, 2.0, 3.0, 4.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
