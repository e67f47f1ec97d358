"""A loop whose carried value is needed on the way back: one number a trip is kept."""

# ruff: noqa

import numpy as np

def running_product(x):
    p = 1.0
    for i in range(x.size):
        p = p * x[i]
    return p


ARGUMENTS = (np.array([1.0, 2.0, 3.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: running_product(x: float64 vector), from running_product.py:7
import numpy as np


def running_product_1(x):
    # running_product.py:9  for i in range(x.size):
    v1 = x.size
    p_kept = np.empty(v1, np.float64)
    p = 1.0
    for i in range(v1):
        p_kept[i] = p
        # running_product.py:10  p = p * x[i]
        p = p * x[i]
    # running_product.py:11  return p
    dx = np.zeros_like(x)
    #   back through running_product.py:9
    dp = 1.0
    for i in range(v1 - 1, -1, -1):
        #   back through running_product.py:10
        dp_2 = dp * x[i]
        dx[i] += dp * p_kept[i]
        dp = dp_2
    return p, dx
