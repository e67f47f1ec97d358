"""All pairs: two loops, nothing kept."""

# ruff: noqa

import numpy as np

def nested_loops(x):
    s = 0.0
    for i in range(x.size):
        for j in range(i):
            s += (x[i] - x[j]) ** 2
    return s


ARGUMENTS = (np.array([1.0, 2.0, 4.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: nested_loops(x: float64 vector), from nested_loops.py:7
import numpy as np


def nested_loops_1(x):
    # nested_loops.py:12  return s
    dx = np.zeros_like(x)
    # nested_loops.py:9  for i in range(x.size):
    s = 0.0
    for i in range(x.size):
        # nested_loops.py:11  s += (x[i] - x[j]) ** 2
        v1 = x[i]
        # nested_loops.py:10  for j in range(i):
        dv1 = 0.0
        for j in range(i):
            # nested_loops.py:11  s += (x[i] - x[j]) ** 2
            v2 = v1 - x[j]
            s = s + v2**2
            #   back through nested_loops.py:11
            dv2 = 2 * v2
            dv1 = dv1 + dv2
            dx[j] -= dv2
        dx[i] += dv1
    return s, dx
