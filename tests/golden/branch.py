"""A branch on a value: the way back takes the same branch."""

# ruff: noqa

import numpy as np

def branch(x):
    if x[0] > 0.0:
        y = x[0] * x[1]
    else:
        y = x[1] ** 2
    return y * x[0]


ARGUMENTS = (np.array([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: branch(x: float64 vector), from branch.py:7
import numpy as np

from dlsrc.kernels import check_index


def branch_1(x):
    # branch.py:8  if x[0] > 0.0:
    v1 = x.shape[0]
    check_index(0, v1, 8)
    v2 = x[0]
    v3 = v2 > 0.0
    if v3:
        check_index(1, v1, 9)
        # branch.py:9  y = x[0] * x[1]
        v4 = x[1]
        y = v2 * v4
    else:
        check_index(1, v1, 11)
        # branch.py:11  y = x[1] ** 2
        v5 = x[1]
        y = v5**2
    # branch.py:12  return y * x[0]
    dx = np.zeros_like(x)
    #   back through branch.py:8
    if v3:
        #   back through branch.py:9
        dx[1] += v2 * v2
        dx[0] += v2 * v4
    else:
        #   back through branch.py:11
        dx[1] += v2 * (2 * v5)
    #   back through branch.py:8
    dx[0] += y
    return y * v2, dx
