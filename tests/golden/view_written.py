"""A view of an array is written through."""

# ruff: noqa

import numpy as np

def view_written(x):
    y = x * 2.0
    v = y[1:]
    v *= x[0]
    return np.sum(y**2)


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: view_written(x: float64 vector), from view_written.py:7
import numpy as np

from dlsrc.kernels import accumulate, assign, check_index, fill, sum_all


def view_written_1(x):
    # view_written.py:8  y = x * 2.0
    y = x * 2.0
    # view_written.py:9  v = y[1:]
    v = y[1:]
    check_index(0, x.shape[0], 10)
    # view_written.py:10  v *= x[0]
    v1 = x[0]
    v_kept = v.copy()
    assign(v, v * v1)
    # view_written.py:11  return np.sum(y**2)
    v2 = sum_all(y**2)
    #   back through view_written.py:11
    v3 = 2 * y
    #   back through view_written.py:10
    dv = v3[1:]
    v4 = dv.copy()
    fill(dv, 0.0)
    accumulate(v3[1:], v4 * v1)
    dx = np.zeros_like(x)
    dx[0] += sum_all(v4 * v_kept)
    #   back through view_written.py:8
    accumulate(dx, v3 * 2.0)
    return v2, dx
