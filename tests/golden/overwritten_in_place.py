"""Elements of the argument are overwritten: what is lost is kept, and nothing more."""

# ruff: noqa

import numpy as np

def overwritten_in_place(x):
    n = x.size
    for i in range(1, n):
        x[i] = x[i] * x[i - 1]
    loss = x[n - 1] ** 2
    return loss


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: overwritten_in_place(x: float64 vector), from overwritten_in_place.py:7
import numpy as np

from dlsrc.kernels import check_index


def overwritten_in_place_1(x):
    # overwritten_in_place.py:8  n = x.size
    x = x.copy()
    n = x.size
    # overwritten_in_place.py:9  for i in range(1, n):
    v1 = n - 1
    v2_kept = np.empty(n, np.float64)
    v3_kept = np.empty(n, np.float64)
    for i in range(1, n):
        # overwritten_in_place.py:10  x[i] = x[i] * x[i - 1]
        v3 = x[i]
        v3_kept[i] = v3
        v2 = x[i - 1]
        v2_kept[i] = v2
        x[i] = v3 * v2
    check_index(v1, x.shape[0], 11)
    # overwritten_in_place.py:11  loss = x[n - 1] ** 2
    v4 = x[v1]
    loss = v4**2
    #   back through overwritten_in_place.py:11
    dx = np.zeros_like(x)
    dx[v1] += 2 * v4
    #   back through overwritten_in_place.py:9
    for i in range(v1, 0, -1):
        #   back through overwritten_in_place.py:10
        v2 = v2_kept[i]
        v5 = dx[i]
        dx[i - 1] += v5 * v3_kept[i]
        dx[i] = v5 * v2
    return loss, dx
