"""A function made by another; what it captures is an argument of the generated function."""

# ruff: noqa

import numpy as np

def make(k, w):
    def weighted(x):
        return k * np.sum(w * x**2)

    return weighted


weighted = make(3.0, np.array([1.0, 2.0]))


ARGUMENTS = (np.array([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
