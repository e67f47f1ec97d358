"""Names that generated code would use belong to the user."""

# ruff: noqa

import numpy as np

def users_names(x):
    dx = x[0] * 2.0
    v1 = dx * x[1]
    dv1 = v1**2
    return dv1 * dx


ARGUMENTS = (np.array([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: users_names(x: float64 vector), from users_names.py:7
import numpy as np

from dlsrc.kernels import check_index


def users_names_1(x):
    check_index(1, x.shape[0], 8)
    # users_names.py:8  dx = x[0] * 2.0
    dx = x[0] * 2.0
    # users_names.py:9  v1 = dx * x[1]
    v2 = x[1]
    v1 = dx * v2
    # users_names.py:10  dv1 = v1**2
    dv1 = v1**2
    #   back through users_names.py:10
    dv1_2 = dx * (2 * v1)
    #   back through users_names.py:9
    dx_2 = np.zeros_like(x)
    dx_2[1] += dv1_2 * dx
    #   back through users_names.py:8
    dx_2[0] += (dv1 + dv1_2 * v2) * 2.0
    return dv1 * dx, dx_2
