"""A Hessian times a vector: tangents pushed through the program of the gradient."""

# ruff: noqa

import numpy as np

OPERATOR = "hvp"

def hvp_rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


ARGUMENTS = (np.array([-1.0, 2.0]), np.array([1.0, 0.0]))

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: hvp_rosenbrock(x: float64 vector, tx: float64 vector), from hvp_rosenbrock.py:9
import numpy as np

from dlsrc.kernels import check_index


def hvp_rosenbrock_1(x, tx):
    # hvp_rosenbrock.py:9  def hvp_rosenbrock(x):
    v1 = x.shape[0]
    if tx.shape[0] != v1:
        raise ValueError("hvp_rosenbrock.py:9: the tangent of `x` must have the shape of `x`")
    check_index(1, v1, 10)
    # hvp_rosenbrock.py:10  return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    v2 = x[0]
    tv2 = tx[0]
    v3 = 2 * v2
    v4 = x[1] - v2**2
    #   back through hvp_rosenbrock.py:10
    dx = np.zeros_like(x)
    tdx = np.zeros_like(dx)
    dv4 = 200.0 * v4
    tdv4 = 200.0 * (tx[1] - tv2 * v3)
    tdx[0] -= tv2 * 2 * dv4 + tdv4 * v3 + -2 * tv2
    tdx[1] += tdv4
    return tdx
