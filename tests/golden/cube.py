"""One statement and one number."""

# ruff: noqa

import numpy as np

def cube(a):
    return a**3


ARGUMENTS = (2.0,)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
