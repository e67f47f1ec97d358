"""A recurrence differentiated twice: the second sweep goes back through both loops, and through their tapes."""

# ruff: noqa

import numpy as np

from dlsrc import dlarray, dlgradient

def recurrence_twice(x, v):
    s = x[0]
    for i in range(len(x)):
        s = np.sin(s * x[i])
    g = dlgradient(s, x, enable_higher_derivatives=True)
    return g, dlgradient(np.sum(g * v), x)


ARGUMENTS = (dlarray([0.5, 1.5, 2.0]), np.array([1.0, -1.0, 0.5]))

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: recurrence_twice(x: float64 vector, v: float64 vector), from recurrence_twice.py:9
import numpy as np

from dlsrc.kernels import check_index, fill, sum_to


def recurrence_twice_1(x, v):
    # recurrence_twice.py:10  s = x[0]
    v1 = x.shape[0]
    check_index(0, v1, 10)
    s = x[0]
    # recurrence_twice.py:11  for i in range(len(x)):
    s_kept = np.empty(v1, np.float64)
    for i in range(v1):
        s_kept[i] = s
        # recurrence_twice.py:12  s = np.sin(s * x[i])
        v2 = x[i]
        v3 = s * v2
        s = np.sin(v3)
    # recurrence_twice.py:13  g = dlgradient(s, x, enable_higher_derivatives=True)
    dx = np.zeros_like(x)
    #   back through recurrence_twice.py:11
    v4 = v1 - 1
    v5 = np.maximum(v1, 0)
    ds_kept = np.empty(v5, np.float64)
    v6_kept = np.empty(v5, np.float64)
    ds = 1.0
    for i in range(v4, -1, -1):
        ds_kept[i] = ds
        s = s_kept[i]
        #   back through recurrence_twice.py:12
        v2 = x[i]
        v3 = s * v2
        v6 = np.cos(v3)
        v6_kept[i] = v6
        dv3 = ds * v6
        ds = dv3 * v2
        dv2 = dv3 * s
        dx[i] += dv2
    #   back through recurrence_twice.py:10
    dx[0] += ds
    # recurrence_twice.py:14  return g, dlgradient(np.sum(g * v), x)
    v7 = dx * v
    #   back through recurrence_twice.py:14, for the second derivative
    d2v7 = np.zeros_like(v7)
    fill(d2v7, 1.0)
    v8 = sum_to(d2v7 * v, dx.shape)
    #   back through recurrence_twice.py:10, for the second derivative
    d2ds = v8[0]
    # recurrence_twice.py:14  return g, dlgradient(np.sum(g * v), x)
    d2s_kept = np.zeros_like(s_kept)
    d2x = np.zeros_like(x)
    #   back through recurrence_twice.py:11, for the second derivative
    for i in range(v1):
        s = s_kept[i]
        ds = ds_kept[i]
        #   back through recurrence_twice.py:12, for the second derivative
        v6 = v6_kept[i]
        dv3 = ds * v6
        v2 = x[i]
        d2dv2 = v8[i]
        d2dv3 = d2dv2 * s + d2ds * v2
        d2ds_2 = d2dv3 * v6
        d2v3 = -(d2dv3 * ds * np.sin(s * v2))
        d2x[i] += d2ds * dv3 + d2v3 * s
        #   back through recurrence_twice.py:11, for the second derivative
        d2s_kept[i] += d2dv2 * dv3 + d2v3 * v2
        d2ds = d2ds_2
    d2s = 0.0
    for i in range(v4, -1, -1):
        s = s_kept[i]
        #   back through recurrence_twice.py:12, for the second derivative
        v2 = x[i]
        d2v3_2 = d2s * np.cos(s * v2)
        d2x[i] += d2v3_2 * s
        #   back through recurrence_twice.py:11, for the second derivative
        v9 = d2s_kept[i]
        d2s_kept[i] = 0.0
        d2s = d2v3_2 * v2 + v9
    #   back through recurrence_twice.py:10, for the second derivative
    d2x[0] += d2s
    return dx, d2x
