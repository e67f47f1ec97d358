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

# dlsrc: garch(theta: float64 vector, r: float64 vector), from garch.py:7
import numpy as np

from dlsrc.kernels import check_index


def garch_1(theta, r):
    check_index(2, theta.shape[0], 8)
    # garch.py:8  omega, alpha, beta = theta[0], theta[1], theta[2]
    omega = theta[0]
    alpha = theta[1]
    beta = theta[2]
    # garch.py:9  h = omega / (1.0 - alpha - beta)
    v1 = 1.0 - alpha - beta
    h = omega / v1
    # garch.py:11  for t in range(r.shape[0]):
    v2 = r.shape[0]
    h_2_kept = np.empty(v2, np.float64)
    v3_kept = np.empty(v2, np.float64)
    h_2 = h
    total = 0.0
    for t in range(v2):
        h_2_kept[t] = h_2
        # garch.py:12  total += np.log(h) + r[t] ** 2 / h
        v4 = r[t] ** 2
        v3 = v4 / h_2
        v3_kept[t] = v3
        total = total + (np.log(h_2) + v3)
        # garch.py:13  h = omega + alpha * r[t] ** 2 + beta * h
        h_2 = omega + alpha * v4 + beta * h_2
    #   back through garch.py:11
    dh_2 = 0.0
    dalpha = 0.0
    domega = 0.0
    dbeta = 0.0
    for t in range(v2 - 1, -1, -1):
        h_2 = h_2_kept[t]
        #   back through garch.py:13
        dbeta = dbeta + dh_2 * h_2
        domega = domega + dh_2
        dalpha = dalpha + dh_2 * r[t] ** 2
        #   back through garch.py:12
        v5 = 0.5 / h_2
        dh_2 = dh_2 * beta - v5 * v3_kept[t] + v5
    #   back through garch.py:9
    v6 = dh_2 / v1
    dv1 = v6 * h
    #   back through garch.py:8
    dtheta = np.zeros_like(theta)
    dtheta[2] += dbeta + dv1
    dtheta[1] += dalpha + dv1
    dtheta[0] += domega + v6
    return 0.5 * total, dtheta
