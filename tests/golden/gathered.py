"""An integer array as index; equal indices add up."""

# ruff: noqa

import numpy as np

def gathered(x, order):
    return np.sum(x[order] ** 2)


ARGUMENTS = (np.array([1.0, 2.0, 3.0]), np.array([2, 0, 2]))

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
