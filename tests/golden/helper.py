"""A helper of the user's, spliced in twice."""

# ruff: noqa

import numpy as np

def softplus(v):
    return np.log(1.0 + np.exp(v))


def helper(x):
    return softplus(x[0]) * softplus(x[1])


ARGUMENTS = (np.array([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: helper(x: float64 vector), from helper.py:11
import numpy as np

from dlsrc.kernels import check_index


def helper_1(x):
    check_index(1, x.shape[0], 12)
    # helper.py:8  return np.log(1.0 + np.exp(v))
    v1 = np.exp(x[0])
    v2 = 1.0 + v1
    v3 = np.log(v2)
    v4 = np.exp(x[1])
    v5 = 1.0 + v4
    v6 = np.log(v5)
    #   back through helper.py:12
    dx = np.zeros_like(x)
    dx[1] += v3 / v5 * v4
    dx[0] += v6 / v2 * v1
    return v3 * v6, dx
