"""A gradient inside a loop, and a loop on its result."""

# ruff: noqa

import numpy as np

from dlsrc import dlarray, dlgradient

def descent(x):
    for _ in range(3):
        f = np.sum((x - 1.0) ** 2)
        g = dlgradient(f, x)
        x = x - 0.1 * g
    return x


ARGUMENTS = (dlarray([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: descent(x: float64 vector), from descent.py:9
def descent_1(x):
    # descent.py:10  for _ in range(3):
    for _ in range(3):
        # descent.py:13  x = x - 0.1 * g
        x = x - 0.2 * (x - 1.0)
    return x
