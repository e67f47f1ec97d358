"""Two ways out."""

# ruff: noqa

import numpy as np

def early_return(x):
    if x[0] < 0.0:
        return x[1]
    return x[0] * x[1]


ARGUMENTS = (np.array([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: early_return(x: float64 vector), from early_return.py:7
import numpy as np

from dlsrc.kernels import check_index


def early_return_1(x):
    # early_return.py:8  if x[0] < 0.0:
    v1 = x.shape[0]
    check_index(0, v1, 8)
    v2 = x[0]
    v3 = v2 < 0.0
    if v3:
        check_index(1, v1, 9)
        # early_return.py:9  return x[1]
        result = x[1]
    else:
        check_index(1, v1, 10)
        # early_return.py:10  return x[0] * x[1]
        v4 = x[1]
        result = v2 * v4
    dx = np.zeros_like(x)
    #   back through early_return.py:8
    if v3:
        #   back through early_return.py:9
        dx[1] += 1.0
    else:
        #   back through early_return.py:10
        dx[1] += v2
        dx[0] += v4
    return result, dx
