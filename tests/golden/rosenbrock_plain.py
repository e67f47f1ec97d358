"""The same function without dlgradient, as value_and_grad differentiates it."""

# ruff: noqa

import numpy as np

def rosenbrock(x):
    f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    return f


ARGUMENTS = (np.array([-1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: rosenbrock(x: float64 vector), from rosenbrock_plain.py:7
import numpy as np

from dlsrc.kernels import check_index


def rosenbrock_1(x):
    check_index(1, x.shape[0], 8)
    # rosenbrock_plain.py:8  f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    v1 = x[0]
    v2 = x[1] - v1**2
    v3 = 1 - v1
    f = 100 * v2**2 + v3**2
    #   back through rosenbrock_plain.py:8
    dv2 = 200.0 * v2
    dx = np.zeros_like(x)
    dx[0] -= 2 * v3 + dv2 * (2 * v1)
    dx[1] += dv2
    return f, dx
