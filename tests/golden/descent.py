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
