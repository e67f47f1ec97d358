"""Element-wise functions of a whole array."""

# ruff: noqa

import numpy as np

def array_expression(x):
    y = np.exp(-x) * x**2 + np.sin(x)
    return np.sum(y)


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
