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
