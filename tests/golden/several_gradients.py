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
