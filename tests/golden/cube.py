"""One statement and one number."""

# ruff: noqa

import numpy as np

def cube(a):
    return a**3


ARGUMENTS = (2.0,)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: cube(a: float64), from cube.py:7
def cube_1(a):
    return a**3, 3 * a**2
