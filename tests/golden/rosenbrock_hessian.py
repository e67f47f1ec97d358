"""Rosenbrock's Hessian by rows: two sweeps through the program of the gradient."""

# ruff: noqa

import numpy as np

from dlsrc import dlarray, dlgradient

def rosenbrock_hessian(x):
    f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    g = dlgradient(f, x, enable_higher_derivatives=True)
    return g, dlgradient(g[0], x), dlgradient(g[1], x)


ARGUMENTS = (dlarray([-1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: rosenbrock_hessian(x: float64 vector), from rosenbrock_hessian.py:9
import numpy as np

from dlsrc.kernels import check_index


def rosenbrock_hessian_1(x):
    check_index(1, x.shape[0], 10)
    # rosenbrock_hessian.py:10  f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    v1 = x[0]
    v2 = x[1] - v1**2
    #   back through rosenbrock_hessian.py:10
    dv2 = 200.0 * v2
    v3 = 2 * v1
    dv1 = 2 * (1 - v1) + dv2 * v3
    dx = np.zeros_like(x)
    dx[0] -= dv1
    dx[1] += dv2
    #   back through rosenbrock_hessian.py:12, for the second derivative
    d2dx = np.zeros_like(dx)
    d2dx[0] += 1.0
    #   back through rosenbrock_hessian.py:10, for the second derivative
    v4 = d2dx[0]
    d2dv1 = -v4
    d2v2 = (d2dx[1] + d2dv1 * v3) * 200.0
    d2x = np.zeros_like(x)
    d2x[0] += d2dv1 * dv2 * 2 - -2 * v4 - d2v2 * v3
    d2x[1] += d2v2
    #   back through rosenbrock_hessian.py:12, for the second derivative
    d2dx = np.zeros_like(dx)
    d2dx[1] += 1.0
    #   back through rosenbrock_hessian.py:10, for the second derivative
    v5 = d2dx[0]
    d2dv1 = -v5
    d2v2 = (d2dx[1] + d2dv1 * v3) * 200.0
    d2x_2 = np.zeros_like(x)
    d2x_2[0] += d2dv1 * dv2 * 2 - -2 * v5 - d2v2 * v3
    d2x_2[1] += d2v2
    return dx, d2x, d2x_2
