"""Three gradients in one function: shared forward code, shadows of their own."""

# ruff: noqa

import numpy as np

from dlsrc import dlarray, dlgradient

def several_gradients(x):
    y1 = x[0] ** 2 * x[1]
    g1 = dlgradient(y1, x, retain_data=True)
    y2 = np.sin(y1) + x[1]
    g2, g3 = dlgradient(y2, x, y1)
    return g1, g2, g3


ARGUMENTS = (dlarray([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: several_gradients(x: float64 vector), from several_gradients.py:9
import numpy as np

from dlsrc.kernels import check_index


def several_gradients_1(x):
    check_index(1, x.shape[0], 10)
    # several_gradients.py:10  y1 = x[0] ** 2 * x[1]
    v1 = x[0]
    v2 = v1**2
    v3 = x[1]
    y1 = v2 * v3
    #   back through several_gradients.py:10
    dx = np.zeros_like(x)
    dx[1] += v2
    v4 = 2 * v1
    dx[0] += v3 * v4
    #   back through several_gradients.py:12
    dx_2 = np.zeros_like(x)
    dy1 = np.cos(y1)
    #   back through several_gradients.py:10
    dx_2[1] += dy1 * v2 + 1.0
    dx_2[0] += dy1 * v3 * v4
    return dx, dx_2, dy1
