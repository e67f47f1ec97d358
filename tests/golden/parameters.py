"""A dictionary of arrays; the gradient comes in the same structure."""

# ruff: noqa

import numpy as np

from dlsrc import dlarray, dlgradient

def parameters(p, X):
    Y = X @ p["w"] + p["b"]
    loss = np.mean(Y**2)
    return loss, dlgradient(loss, p)


ARGUMENTS = ({"w": dlarray([1.0, 2.0]), "b": dlarray(0.5)}, np.ones((3, 2)))

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: parameters(p_w: float64 vector, p_b: float64, X: float64 matrix), from parameters.py:9
from dlsrc.kernels import matvec, sum_all, vecmat


def parameters_1(p_w, p_b, X):
    # parameters.py:10  Y = X @ p["w"] + p["b"]
    Y = matvec(X, p_w) + p_b
    # parameters.py:11  loss = np.mean(Y**2)
    v1 = Y**2
    v2 = v1.size
    loss = sum_all(v1) / v2
    #   back through parameters.py:11
    dY = 1.0 / v2 * (2 * Y)
    return loss, vecmat(dY, X), sum_all(dY)
