"""A branch inside a loop on a value that is overwritten: the path is kept."""

# ruff: noqa

import numpy as np

def branch_in_loop(x):
    s = 0.5
    for i in range(x.size):
        if s > 1.0:
            s = s * x[i]
        else:
            s = s + x[i] ** 2
    return s


ARGUMENTS = (np.array([1.0, 2.0, 0.5]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: branch_in_loop(x: float64 vector), from branch_in_loop.py:7
import numpy as np


def branch_in_loop_1(x):
    # branch_in_loop.py:9  for i in range(x.size):
    v1 = x.size
    s_kept = np.empty(v1, np.float64)
    s = 0.5
    for i in range(v1):
        s_kept[i] = s
        # branch_in_loop.py:10  if s > 1.0:
        if s > 1.0:
            # branch_in_loop.py:11  s = s * x[i]
            s = s * x[i]
        else:
            # branch_in_loop.py:13  s = s + x[i] ** 2
            s = s + x[i] ** 2
    # branch_in_loop.py:14  return s
    dx = np.zeros_like(x)
    #   back through branch_in_loop.py:9
    ds = 1.0
    for i in range(v1 - 1, -1, -1):
        s_2 = s_kept[i]
        #   back through branch_in_loop.py:10
        if s_2 > 1.0:
            #   back through branch_in_loop.py:11
            ds_2 = ds * x[i]
            dx[i] += ds * s_2
        else:
            #   back through branch_in_loop.py:13
            dx[i] += ds * (2 * x[i])
            ds_2 = ds
        ds = ds_2
    return s, dx
