"""float32 stays float32."""

# ruff: noqa

import numpy as np

def single_precision(x):
    s = 0.0
    for i in range(x.size):
        s += x[i] / 3 * np.exp(x[i])
    return s


ARGUMENTS = (np.array([1.0, 2.0], np.float32),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
