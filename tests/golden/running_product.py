"""A loop whose carried value is needed on the way back: one number a trip is kept."""

# ruff: noqa

import numpy as np

def running_product(x):
    p = 1.0
    for i in range(x.size):
        p = p * x[i]
    return p


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
