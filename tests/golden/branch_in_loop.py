"""A branch inside a loop on a value that is overwritten: the path is kept."""

# ruff: noqa

import numpy as np

def branch_in_loop(x):
    s = 0.5
    for i in range(x.size):
        if s > 1.0:
            s = s * x[i]
        else:
            s = s + x[i] ** 2
    return s


ARGUMENTS = (np.array([1.0, 2.0, 0.5]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
