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

# dlsrc: sum_of_squares(x: float64 vector), from sum_of_squares.py:7
import numpy as np


def sum_of_squares_1(x):
    # sum_of_squares.py:11  return s
    dx = np.zeros_like(x)
    # sum_of_squares.py:9  for i in range(x.shape[0]):
    s = 0.0
    for i in range(x.shape[0]):
        # sum_of_squares.py:10  s += x[i] ** 2
        v1 = x[i]
        s = s + v1**2
        #   back through sum_of_squares.py:10
        dx[i] += 2 * v1
    return s, dx
