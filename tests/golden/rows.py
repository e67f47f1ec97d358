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
    # rows.py:11  return y
    v3 = np.empty((v2, v1), np.float64)
    for i in range(v2):
        #   back through rows.py:11
        dy = np.zeros_like(y)
        dy[i] += 1.0
        # rows.py:11  return y
        dx = np.zeros_like(x)
        #   back through rows.py:9
        for i_2 in range(min(2, v2)):
            #   back through rows.py:10
            dx[i_2] += dy[i_2] * w[0]
        #   back through rows.py:9
        v4 = min(1, v2)
        for i_2 in range(v4):
            #   back through rows.py:10
            v5 = i_2 + 1
            dx[v5] += dy[i_2] * w[1] * (2 * x[v5])
        #   back through rows.py:9
        for i_2 in range(max(v2 - 1, v4), v2):
            #   back through rows.py:10
            v5 = i_2 + 1
            dx[v5] += dy[i_2] * w[1] * (2 * x[v5])
        #   back through rows.py:9
        for i_2 in range(max(v2 - 2, 0), v2):
            #   back through rows.py:10
            dx[i_2 + 2] += dy[i_2] * w[2]
        #   back through rows.py:9
        for i_2 in range(2, v2):
            #   back through rows.py:10
            dv6 = dy[i_2 - 1] * w[1] * (2 * x[i_2])
            v7 = dy[i_2 - 2] * w[2] + dv6
            dx[i_2] += v7 + dy[i_2] * w[0]
        # rows.py:11  return y
        set_row(v3, i, dx)
    return v3
