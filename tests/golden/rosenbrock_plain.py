"""The same function without dlgradient, as value_and_grad differentiates it."""

# ruff: noqa

import numpy as np

def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


ARGUMENTS = (np.array([-1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
