"""Regions written, one over another."""

# ruff: noqa

import numpy as np

def slices_written(x):
    y = np.zeros(4)
    y[:2] = x[:2] ** 2
    y[1:3] = y[0] * x[2:]
    return np.sum(y * y)


ARGUMENTS = (np.array([1.0, 2.0, 3.0, 4.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: slices_written(x: float64 vector), from slices_written.py:7
import numpy as np

from dlsrc.kernels import accumulate, assign, fill, sum_all, sum_to


def slices_written_1(x):
    # slices_written.py:8  y = np.zeros(4)
    y = np.zeros(4, np.float64)
    # slices_written.py:9  y[:2] = x[:2] ** 2
    v1 = x[:2]
    v2 = v1**2
    assign(y[:2], v2)
    # slices_written.py:10  y[1:3] = y[0] * x[2:]
    v3 = y[0]
    v4 = x[2:]
    v5 = v3 * v4
    assign(y[1:3], v5)
    # slices_written.py:11  return np.sum(y * y)
    v6 = sum_all(y * y)
    #   back through slices_written.py:11
    v7 = y.copy()
    accumulate(v7, y.copy())
    #   back through slices_written.py:10
    v8 = v7[1:3].copy()
    fill(v7[1:3], 0.0)
    dv5 = sum_to(v8, v5.shape)
    dv3 = sum_all(dv5 * v4)
    dx = np.zeros_like(x)
    accumulate(dx[2:], dv5 * v3)
    v7[0] += dv3
    #   back through slices_written.py:9
    accumulate(dx[:2], sum_to(v7[:2].copy(), v2.shape) * (2 * v1))
    return v6, dx
