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
    # single_precision.py:9  for i in range(x.size):
    v1 = x.size
    v2_kept = np.empty(v1, np.float32)
    v3_kept = np.empty(v1, np.float32)
    s = np.float32(0.0)
    for i in range(v1):
        # single_precision.py:10  s += x[i] / 3 * np.exp(x[i])
        v4 = x[i]
        v3 = v4 / np.float32(3.0)
        v3_kept[i] = v3
        v2 = np.exp(v4)
        v2_kept[i] = v2
        s = s + v3 * v2
    # single_precision.py:11  return s
    dx = np.zeros_like(x)
    #   back through single_precision.py:9
    for i in range(v1):
        #   back through single_precision.py:10
        v2 = v2_kept[i]
        dx[i] += v2 / np.float32(3.0) + v3_kept[i] * v2
    return s, dx
