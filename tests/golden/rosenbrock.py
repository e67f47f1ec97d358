"""The seed document's example: two elements, powers, one gradient."""

# ruff: noqa

import numpy as np

from dlsrc import dlarray, dlgradient

def rosenbrock(x):
    f = 100*(x[1] - x[0]**2)**2 + (1 - x[0])**2
    grad = dlgradient(f, x)
    return f, grad


ARGUMENTS = (dlarray([-1, 2]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
