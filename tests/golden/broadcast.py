"""A row and a column in one expression; the way back sums over what was stretched."""

# ruff: noqa

import numpy as np

def broadcast(x):
    d = x[:, None] - x[None, :]
    return np.sum(d**2 * x)


ARGUMENTS = (np.array([1.0, 2.0, 4.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
