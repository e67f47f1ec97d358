"""`jacfwd` of a residual: four unit vectors are pushed through each run."""

# ruff: noqa

import numpy as np

def residual(p, t, y):
    r = np.empty(t.size)
    for i in range(t.size):
        r[i] = p[0] * np.exp(-p[1] * t[i]) - y[i]
    return r


OPERATOR = "jacfwd"
ARGUMENTS = (np.array([2.0, 0.5]), np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.0, 0.5]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: residual(p: float64 vector, t: float64 vector, y: float64 vector), from
#     forward_jacobian.py:7
import numpy as np

from dlsrc.kernels import check_index, one_hot, set_column, sized


def residual_1(p, t, y):
    # forward_jacobian.py:7  def residual(p, t, y):
    v1 = p.size
    jac = np.empty((0, 0), np.float64)
    for k in range(0, np.maximum(v1, 1), 4):
        v2 = k + 1
        v3 = k + 2
        v4 = k + 3
        t1p = one_hot(p, k)
        t2p = one_hot(p, v2)
        t3p = one_hot(p, v3)
        t4p = one_hot(p, v4)
        # forward_jacobian.py:8  r = np.empty(t.size)
        v5 = t.size
        r = np.empty(v5, np.float64)
        t1r = np.zeros_like(r)
        t2r = np.zeros_like(r)
        t3r = np.zeros_like(r)
        t4r = np.zeros_like(r)
        # forward_jacobian.py:10  r[i] = p[0] * np.exp(-p[1] * t[i]) - y[i]
        v6 = 0 < v5
        if v6:
            check_index(1, p.shape[0], 10)
            check_index(t.shape[0] - 1, y.shape[0], 10)
        # forward_jacobian.py:9  for i in range(t.size):
        for i in range(v5):
            # forward_jacobian.py:10  r[i] = p[0] * np.exp(-p[1] * t[i]) - y[i]
            v7 = p[0]
            t2v7 = t2p[0]
            t3v7 = t3p[0]
            t4v7 = t4p[0]
            v8 = p[1]
            t2v8 = t2p[1]
            t3v8 = t3p[1]
            t4v8 = t4p[1]
            v9 = t[i]
            v10 = np.exp(-v8 * v9)
            v11 = t1p[1] * v9 * v10 * v7
            t1r[i] = t1p[0] * v10 - v11
            t2r[i] = t2v7 * v10 - t2v8 * v9 * v10 * v7
            t3r[i] = t3v7 * v10 - t3v8 * v9 * v10 * v7
            t4r[i] = t4v7 * v10 - t4v8 * v9 * v10 * v7
        # forward_jacobian.py:11  return r
        jac = sized(jac, r.size, v1)
        set_column(jac, k, t1r)
        set_column(jac, v2, t2r)
        set_column(jac, v3, t3r)
        set_column(jac, v4, t4r)
    return jac
