"""All pairs: two loops, nothing kept."""

# ruff: noqa

import numpy as np

def nested_loops(x):
    s = 0.0
    for i in range(x.size):
        for j in range(i):
            s += (x[i] - x[j]) ** 2
    return s


ARGUMENTS = (np.array([1.0, 2.0, 4.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
