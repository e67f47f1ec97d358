"""A small network in matrix products; each value is still there on the way back."""

# ruff: noqa

import numpy as np

def two_layers(W1, b1, W2, X, T):
    H = np.tanh(X @ W1 + b1)
    E = H @ W2 - T
    return np.mean(E**2)


ARGUMENTS = (np.ones((3, 4)) / 3, np.zeros(4), np.ones((4, 2)) / 4, np.ones((5, 3)), np.zeros((5, 2)))

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: two_layers(W1: float64 matrix, b1: float64 vector, W2: float64 matrix, X: float64 matrix,
#     T: float64 matrix), from two_layers.py:7
import numpy as np

from dlsrc.kernels import matmat, matmat_nt, matmat_tn, sum_all, sum_to


def two_layers_1(W1, b1, W2, X, T):
    # two_layers.py:8  H = np.tanh(X @ W1 + b1)
    v1 = matmat(X, W1)
    v2 = v1 + b1
    H = np.tanh(v2)
    # two_layers.py:9  E = H @ W2 - T
    v3 = matmat(H, W2)
    E = v3 - T
    # two_layers.py:10  return np.mean(E**2)
    v4 = E**2
    v5 = v4.size
    #   back through two_layers.py:9
    dv3 = sum_to(1.0 / v5 * (2 * E), v3.shape)
    #   back through two_layers.py:8
    dv2 = matmat_nt(dv3, W2) * (1 - H * H)
    return sum_all(v4) / v5, matmat_tn(X, sum_to(dv2, v1.shape))
