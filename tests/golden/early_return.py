"""Two ways out."""

# ruff: noqa

import numpy as np

def early_return(x):
    if x[0] < 0.0:
        return x[1]
    return x[0] * x[1]


ARGUMENTS = (np.array([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
