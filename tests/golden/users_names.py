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
