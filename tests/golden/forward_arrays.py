"""`jvp` of array code: products, a softmax, a maximum, a write through a view."""

# ruff: noqa

import numpy as np

def scores(w, x):
    h = np.exp(w @ x)
    p = h / np.sum(h)
    top = p[:2]
    top[0] = np.max(x) * p[1]
    return p * np.linalg.norm(x)


OPERATOR = "jvp"
ARGUMENTS = (np.array([[0.1, 0.2, 0.3], [0.3, -0.1, 0.2]]), np.array([0.5, 1.0, -0.5]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: scores(w: float64 matrix, x: float64 vector, tw: float64 matrix, tx: float64 vector), from
#     forward_arrays.py:7
import numpy as np

from dlsrc.kernels import (
    check_index,
    matvec,
    max_all,
    max_all_dx,
    norm2,
    norm2_dx,
    sum_all,
    zero_if_masked,
)


def scores_1(w, x, tw, tx):
    # forward_arrays.py:7  def scores(w, x):
    if tw.shape[0] != w.shape[0]:
        raise ValueError("forward_arrays.py:7: the tangent of `w` must have the shape of `w`")
    if tw.shape[1] != w.shape[1]:
        raise ValueError("forward_arrays.py:7: the tangent of `w` must have the shape of `w`")
    if tx.shape[0] != x.shape[0]:
        raise ValueError("forward_arrays.py:7: the tangent of `x` must have the shape of `x`")
    # forward_arrays.py:8  h = np.exp(w @ x)
    h = np.exp(matvec(w, x))
    th = (matvec(tw, x) + matvec(w, tx)) * h
    # forward_arrays.py:9  p = h / np.sum(h)
    v1 = sum_all(h)
    p = h / v1
    tp = th / v1 - sum_all(th) / v1 * p
    # forward_arrays.py:10  top = p[:2]
    top = p[:2]
    # forward_arrays.py:11  top[0] = np.max(x) * p[1]
    v2 = max_all(x)
    v3 = max_all_dx(1.0, x, v2)
    tv2 = sum_all(zero_if_masked(v3 * tx, v3))
    check_index(1, p.shape[0], 11)
    v4 = p[1]
    tv4 = tp[1]
    check_index(0, top.shape[0], 11)
    top[0] = v2 * v4
    tp[:2][0] = tv2 * v4 + tv4 * v2
    # forward_arrays.py:12  return p * np.linalg.norm(x)
    v5 = norm2(x)
    v6 = sum_all(norm2_dx(1.0, x, v5) * tx) * p
    return p * v5, tp * v5 + v6
