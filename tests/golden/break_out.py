"""A loop left early: the number of trips is kept."""

# ruff: noqa

import numpy as np

def break_out(x):
    s = 1.0
    for i in range(x.size):
        s = s * x[i]
        if s > 3.0:
            break
    return s


ARGUMENTS = (np.array([1.0, 2.0, 2.5, 4.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
