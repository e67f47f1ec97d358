"""Element-wise functions of a whole array."""

# ruff: noqa

import numpy as np

def array_expression(x):
    y = np.exp(-x) * x**2 + np.sin(x)
    return np.sum(y)


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: array_expression(x: float64 vector), from array_expression.py:7
import numpy as np

from dlsrc.kernels import sum_all


def array_expression_1(x):
    # array_expression.py:8  y = np.exp(-x) * x**2 + np.sin(x)
    v1 = np.exp(-x)
    v2 = x**2
    y = v1 * v2 + np.sin(x)
    return sum_all(y), np.cos(x) + v1 * (2 * x) - v2 * v1
