"""`jvp` of loop code: a tangent beside each number that changes, the accumulated one before it changes."""

# ruff: noqa

import numpy as np

def recursion(p, r):
    variance = p[0] / (1 - p[1])
    total = 0.0
    for t in range(len(r)):
        total += np.log(variance) + r[t] ** 2 / variance
        variance = p[0] + p[1] * variance
        if variance > 2.0:
            variance = np.sqrt(2.0 * variance)
    return total


OPERATOR = "jvp"
ARGUMENTS = (np.array([0.4, 0.6]), np.array([0.1, -0.3, 0.2]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: recursion(p: float64 vector, r: float64 vector, tp: float64 vector, tr: float64 vector),
#     from forward_loop.py:7
import numpy as np

from dlsrc.kernels import check_index, zero_if_masked


def recursion_1(p, r, tp, tr):
    # forward_loop.py:7  def recursion(p, r):
    v1 = p.shape[0]
    if tp.shape[0] != v1:
        raise ValueError("forward_loop.py:7: the tangent of `p` must have the shape of `p`")
    v2 = r.shape[0]
    if tr.shape[0] != v2:
        raise ValueError("forward_loop.py:7: the tangent of `r` must have the shape of `r`")
    check_index(1, v1, 8)
    # forward_loop.py:8  variance = p[0] / (1 - p[1])
    v3 = p[0]
    tv3 = tp[0]
    v4 = p[1]
    tv4 = tp[1]
    v5 = 1 - v4
    variance = v3 / v5
    v6 = 1.0 / v5
    tvariance = tv3 * v6 + tv4 * v6 * variance
    # forward_loop.py:10  for t in range(len(r)):
    total = 0.0
    ttotal = 0.0
    for t in range(v2):
        # forward_loop.py:11  total += np.log(variance) + r[t] ** 2 / variance
        v7 = np.log(variance)
        v8 = 1.0 / variance
        tv7 = tvariance * v8
        v9 = r[t]
        v10 = v9**2 / variance
        tv10 = tr[t] * (2 * v9) * v8 - tv7 * v10
        ttotal = ttotal + (tv7 + tv10)
        total = total + (v7 + v10)
        # forward_loop.py:12  variance = p[0] + p[1] * variance
        tvariance = tv3 + (tv4 * variance + tvariance * v4)
        variance = v3 + v4 * variance
        # forward_loop.py:13  if variance > 2.0:
        if variance > 2.0:
            # forward_loop.py:14  variance = np.sqrt(2.0 * variance)
            v11 = 2.0 * variance
            tv11 = tvariance * 2.0
            variance = np.sqrt(v11)
            tvariance = zero_if_masked(tv11 / (2 * variance), tv11)
    return total, ttotal
