"""Integers, counters and constants beside the derivative leave no trace in the reverse sweep."""

# ruff: noqa

import numpy as np

def inactive_code(x, k):
    count = 0
    n = 2 * k + 1
    s = 0.0
    for i in range(x.size):
        if i % n == 0:
            count += 1
            s += x[i] * count
    return s / n


ARGUMENTS = (np.array([1.0, 2.0, 3.0, 4.0]), 1)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
