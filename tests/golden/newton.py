"""A while loop that solves an equation inside the objective."""

# ruff: noqa

import numpy as np

def newton(a):
    r = a
    while abs(r * r - a) > 1e-12:
        r = 0.5 * (r + a / r)
    return r


ARGUMENTS = (2.0,)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
