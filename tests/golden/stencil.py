"""Steps in time over a grid, with two buffers that are swapped."""

# ruff: noqa

import numpy as np

def stencil(u, steps):
    w = np.zeros(u.size)
    for t in range(steps):
        for i in range(1, u.size - 1):
            w[i] = u[i] + 0.1 * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        u, w = w, u
    return np.sum(u**2)


ARGUMENTS = (np.array([0.0, 1.0, 4.0, 1.0, 0.0]), 2)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: stencil(u: float64 vector, steps: int64), from stencil.py:7
import numpy as np

from dlsrc.kernels import check_index, sum_all


def stencil_1(u, steps):
    # stencil.py:8  w = np.zeros(u.size)
    u = u.copy()
    w = np.zeros(u.size, np.float64)
    # stencil.py:9  for t in range(steps):
    v1_kept = np.empty(np.maximum(steps, 0), np.int64)
    for t in range(steps):
        # stencil.py:10  for i in range(1, u.size - 1):
        v1 = u.size - 1
        v1_kept[t] = v1
        if 1 < v1:
            check_index(u.shape[0] - 2, w.shape[0], 11)
        for i in range(1, v1):
            # stencil.py:11  w[i] = u[i] + 0.1 * (u[i - 1] - 2.0 * u[i] + u[i + 1])
            v2 = u[i]
            v3 = u[i - 1] - 2.0 * v2 + u[i + 1]
            w[i] = v2 + 0.1 * v3
        u, w = w, u
    # stencil.py:13  return np.sum(u**2)
    v4 = sum_all(u**2)
    #   back through stencil.py:13
    du = 2 * u
    #   back through stencil.py:9
    dw = np.zeros_like(w)
    for t in range(steps - 1, -1, -1):
        #   back through stencil.py:10
        for i in range(v1_kept[t] - 1, 0, -1):
            #   back through stencil.py:11
            v5 = du[i]
            du[i] = 0.0
            dv3 = v5 * 0.1
            dw[i + 1] += dv3
            dw[i - 1] += dv3
            dw[i] += v5 + -0.2 * v5
        du, dw = dw, du
    return v4, du
