"""The second derivative of a power: what is left after both gradients is one product."""

# ruff: noqa

from dlsrc import dlarray, dlgradient

def cube_twice(x):
    y = x**3
    g = dlgradient(y, x, enable_higher_derivatives=True)
    return dlgradient(g, x)


ARGUMENTS = (dlarray(5.0),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: cube_twice(x: float64), from cube_twice.py:7
def cube_twice_1(x):
    return 6.0 * x
