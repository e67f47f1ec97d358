"""A loop left early: the number of trips is kept."""

# ruff: noqa

import numpy as np

def break_out(x):
    s = 1.0
    for i in range(x.size):
        s = s * x[i]
        if s > 3.0:
            break
    return s


ARGUMENTS = (np.array([1.0, 2.0, 2.5, 4.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: break_out(x: float64 vector), from break_out.py:7
import numpy as np


def break_out_1(x):
    # break_out.py:9  for i in range(x.size):
    v1 = x.size
    s_kept = np.empty(v1, np.float64)
    s = 1.0
    stop = False
    trips = 0
    for i in range(v1):
        trips += 1
        s_kept[i] = s
        # break_out.py:10  s = s * x[i]
        s = s * x[i]
        # break_out.py:11  if s > 3.0:
        if s > 3.0:
            stop = True
        if stop:
            break
    # break_out.py:13  return s
    dx = np.zeros_like(x)
    #   back through break_out.py:9
    ds = 1.0
    for i in range(trips - 1, -1, -1):
        #   back through break_out.py:10
        ds_2 = ds * x[i]
        dx[i] += ds * s_kept[i]
        ds = ds_2
    return s, dx
