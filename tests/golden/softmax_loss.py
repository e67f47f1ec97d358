"""A primitive whose rule is called by name."""

# ruff: noqa

import numpy as np

from dlsrc import softmax

def softmax_loss(x):
    p = softmax(x, axis=1)
    return -np.sum(np.log(p[:, 0]))


ARGUMENTS = (np.array([[1.0, 2.0], [0.5, -1.0]]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: softmax_loss(x: float64 matrix), from softmax_loss.py:9
import numpy as np

from dlsrc.kernels import accumulate, check_index, softmax_axis, softmax_axis_dx, sum_all


def softmax_loss_1(x):
    # softmax_loss.py:10  p = softmax(x, axis=1)
    p = softmax_axis(x, 1)
    check_index(0, p.shape[1], 11)
    # softmax_loss.py:11  return -np.sum(np.log(p[:, 0]))
    v1 = p[:, 0]
    v2 = sum_all(np.log(v1))
    #   back through softmax_loss.py:11
    dp = np.zeros_like(p)
    accumulate(dp[:, 0], -1.0 / v1)
    return -v2, softmax_axis_dx(dp, p, 1)
