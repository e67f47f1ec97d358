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

# dlsrc: sine_recurrence(x: float64 vector), from sine_recurrence.py:7
import numpy as np

from dlsrc.kernels import check_index


def sine_recurrence_1(x):
    # sine_recurrence.py:8  y = np.zeros(x.size)
    v1 = x.size
    y = np.zeros(v1, np.float64)
    check_index(0, x.shape[0], 9)
    # sine_recurrence.py:9  y[0] = x[0]
    y[0] = x[0]
    # sine_recurrence.py:10  for i in range(1, x.size):
    v2_kept = np.empty(v1, np.float64)
    v3_kept = np.empty(v1, np.float64)
    for i in range(1, v1):
        # sine_recurrence.py:11  y[i] = np.sin(y[i - 1]) * x[i]
        v3 = y[i - 1]
        v3_kept[i] = v3
        v2 = np.sin(v3)
        v2_kept[i] = v2
        v4 = x[i]
        y[i] = v2 * v4
    # sine_recurrence.py:12  return y[-1]
    v5 = y[-1]
    #   back through sine_recurrence.py:12
    dy = np.zeros_like(y)
    dy[-1] += 1.0
    # sine_recurrence.py:12  return y[-1]
    dx = np.zeros_like(x)
    #   back through sine_recurrence.py:10
    for i in range(v1 - 1, 0, -1):
        #   back through sine_recurrence.py:11
        v4 = x[i]
        v2 = v2_kept[i]
        v3 = v3_kept[i]
        v6 = dy[i]
        dy[i] = 0.0
        dx[i] += v6 * v2
        dy[i - 1] += v6 * v4 * np.cos(v3)
    #   back through sine_recurrence.py:9
    dx[0] += dy[0]
    return v5, dx
