"""An array filled from its own earlier elements; its values are still there on the way back."""

# ruff: noqa

import numpy as np

def sine_recurrence(x):
    y = np.zeros(x.size)
    y[0] = x[0]
    for i in range(1, x.size):
        y[i] = np.sin(y[i - 1]) * x[i]
    return y[-1]


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
