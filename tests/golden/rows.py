"""`jacrev`: the forward sweep once, the reverse sweep for each row."""

# ruff: noqa

import numpy as np

def smoothed(x, w):
    y = np.empty(x.size - 2)
    for i in range(y.size):
        y[i] = w[0] * x[i] + w[1] * x[i + 1] ** 2 + w[2] * x[i + 2]
    return y


OPERATOR = "jacrev"
ARGUMENTS = (np.array([1.0, 2.0, 0.5, -1.0]), np.array([0.25, 0.5, 0.25]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: smoothed(x: float64 vector, w: float64 vector), from rows.py:7
import numpy as np

from dlsrc.kernels import check_index, set_row


def smoothed_1(x, w):
    # rows.py:8  y = np.empty(x.size - 2)
    v1 = x.size
    y = np.empty(v1 - 2, np.float64)
    # rows.py:9  for i in range(y.size):
    v2 = y.size
    if 0 < v2:
        check_index(2, w.shape[0], 10)
    for i in range(v2):
        # rows.py:10  y[i] = w[0] * x[i] + w[1] * x[i + 1] ** 2 + w[2] * x[i + 2]
        v3 = i + 1
        v4 = w[1] * x[v3] ** 2
        v5 = w[0] * x[i] + v4
        y[i] = v5 + w[2] * x[i + 2]
    # rows.py:11  return y
    v6 = y.size
    v7 = np.empty((v6, v1), np.float64)
    for i in range(v6):
        #   back through rows.py:11
        dy = np.zeros_like(y)
        dy[i] += 1.0
        # rows.py:11  return y
        dx = np.zeros_like(x)
        #   back through rows.py:9
        for i_2 in range(v2):
            #   back through rows.py:10
            dx[i_2 + 2] += dy[i_2] * w[2]
        #   back through rows.py:9
        for i_2 in range(v2):
            #   back through rows.py:10
            v3 = i_2 + 1
            dx[v3] += dy[i_2] * w[1] * (2 * x[v3])
        #   back through rows.py:9
        for i_2 in range(v2):
            #   back through rows.py:10
            dx[i_2] += dy[i_2] * w[0]
            dy[i_2] = 0.0
        # rows.py:11  return y
        set_row(v7, i, dx)
    return v7
