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

# dlsrc: single_precision(x: float32 vector), from single_precision.py:7
import numpy as np


def single_precision_1(x):
    # single_precision.py:11  return s
    dx = np.zeros_like(x)
    # single_precision.py:9  for i in range(x.size):
    s = np.float32(0.0)
    for i in range(x.size):
        # single_precision.py:10  s += x[i] / 3 * np.exp(x[i])
        v1 = x[i]
        v2 = np.exp(v1)
        v3 = v1 / np.float32(3.0) * v2
        s = s + v3
        #   back through single_precision.py:10
        dx[i] += v3 + v2 / np.float32(3.0)
    return s, dx
