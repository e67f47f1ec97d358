"""Elements of the argument are overwritten: what is lost is kept, and nothing more."""

# ruff: noqa

import numpy as np

def overwritten_in_place(x):
    for i in range(1, x.size):
        x[i] = x[i] * x[i - 1]
    return x[-1]


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
