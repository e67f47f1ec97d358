"""A while loop that solves an equation inside the objective."""

# ruff: noqa

import numpy as np

def newton(a):
    r = a
    while abs(r * r - a) > 1e-12:
        r = 0.5 * (r + a / r)
    return r


ARGUMENTS = (2.0,)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: newton(a: float64), from newton.py:7
import numpy as np

from dlsrc.kernels import room


def newton_1(a):
    # newton.py:9  while abs(r * r - a) > 1e-12:
    r_kept = np.empty(1024, np.float64)
    v1_kept = np.empty(1024, np.float64)
    r = a
    count = 0
    trips = 0
    while abs(r * r - a) > 1e-12:
        trips += 1
        if count == r_kept.shape[0]:
            r_kept = room(r_kept, count)
            v1_kept = room(v1_kept, count)
        r_kept[count] = r
        # newton.py:10  r = 0.5 * (r + a / r)
        v1 = a / r
        v1_kept[count] = v1
        v2 = r + v1
        r = 0.5 * v2
        # newton.py:9  while abs(r * r - a) > 1e-12:
        count = count + 1
    #   back through newton.py:9
    dr = 1.0
    da = 0.0
    for k in range(trips - 1, -1, -1):
        #   back through newton.py:10
        dv2 = dr * 0.5
        v3 = dv2 / r_kept[k]
        da = da + v3
        dr = dv2 - v3 * v1_kept[k]
    return r, da + dr
