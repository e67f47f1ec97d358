"""A likelihood with a recursion over time."""

# ruff: noqa

import numpy as np

def garch(theta, r):
    omega, alpha, beta = theta[0], theta[1], theta[2]
    h = omega / (1.0 - alpha - beta)
    total = 0.0
    for t in range(r.shape[0]):
        total += np.log(h) + r[t] ** 2 / h
        h = omega + alpha * r[t] ** 2 + beta * h
    return 0.5 * total


ARGUMENTS = (np.array([0.1, 0.1, 0.8]), np.array([0.5, -1.0, 0.3, 0.8]))

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
