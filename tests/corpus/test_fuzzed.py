"""What random programs, and those who read them, have found wrong in dlsrc itself; each with its cause."""

import numpy as np

from tests.oracle import Programs, vector

programs = Programs()


# The sum handed one cotangent, a shadow, to both operands, and the loop's sweep went on in that very array.
@programs(vector(5), compiled=True)
def operand_shares_its_cotangent_with_what_a_loop_left(x):
    q = np.sin(x)
    r = x.copy()
    for _ in range(3):
        r = r * x
        r[0] = r[0] * 2.0
    c = r + q
    return c[0] * 3.0 + c[1]


# A shadow that was a reversed view was kept as a copy in a loop, and what was added to the copy was lost.
@programs(vector(5))
def reversed_view_goes_on(x):
    y = np.sin(x)
    v = y[::-1]
    for k in range(2):
        v[k] *= 3.0
        if k == 1:
            v = v[:]
    return np.sum(v * y)


test_fuzzed = programs.test()
