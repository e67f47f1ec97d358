"""Integers, counters and constants beside the derivative leave no trace in the reverse sweep."""

# ruff: noqa

import numpy as np

def inactive_code(x, k):
    count = 0
    n = 2 * k + 1
    s = 0.0
    for i in range(x.size):
        if i % n == 0:
            count += 1
            s += x[i] * count
    return s / n


ARGUMENTS = (np.array([1.0, 2.0, 3.0, 4.0]), 1)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: inactive_code(x: float64 vector, k: int64), from inactive_code.py:7
import numpy as np


def inactive_code_1(x, k):
    # inactive_code.py:9  n = 2 * k + 1
    n = 2 * k + 1
    #   back through inactive_code.py:15
    v1 = 1.0 / n
    # inactive_code.py:15  return s / n
    dx = np.zeros_like(x)
    # inactive_code.py:11  for i in range(x.size):
    count = 0
    s = 0.0
    for i in range(x.size):
        # inactive_code.py:12  if i % n == 0:
        if n == 0:
            raise ZeroDivisionError("inactive_code.py:12: integer division or modulo by zero")
        v2 = i % n == 0
        if v2:
            # inactive_code.py:13  count += 1
            count = count + 1
            # inactive_code.py:14  s += x[i] * count
            s = s + x[i] * count
            count_2 = count
        #   back through inactive_code.py:12
        if v2:
            #   back through inactive_code.py:14
            dx[i] += v1 * count_2
    return s / n, dx
