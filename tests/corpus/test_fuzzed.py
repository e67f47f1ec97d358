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


# The same in a loop within a loop, and through a copy: the outer one, in whose trips nothing is written, handed the
# shadow that it had not made itself to the inner one, or to the copied array, which took it for its own.
@programs(vector(3))
def operand_shares_its_cotangent_with_loops_in_loops(x):
    q = np.sin(x)
    r = x.copy()
    for _ in range(2):
        for _ in range(2):
            r = r * x
            r[0] = r[0] * 2.0
    c = r + q
    return c[0] * 3.0 + c[1]


@programs(vector(3))
def operand_shares_its_cotangent_with_a_copy_that_a_loop_left(x):
    q = np.sin(x)
    r = x.copy()
    for _ in range(4):
        y = r * x
        y[0] = y[0] * 2.0
        r = y.copy()
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


# The shadow of an array that has a value on one way only was made on every way, like the array itself.
@programs(vector(5), -1.0, compiled=True)
@programs(vector(5), 1.0)
def array_of_one_way_in_a_loop_that_runs_on_it(x, p):
    if p > 0.0:
        v = np.sin(x)
    s = 0.0
    for k in range(3):
        if p > 0.0:
            for j in range(2):
                s += v[j] * x[k]
        else:
            s += x[k] ** 2
    return s


@programs(vector(5), 1.0)
@programs(vector(5), -1.0)
def list_of_one_way_in_a_loop_that_runs_on_it(x, p):
    if p > 0.0:
        pass
    else:
        v = []
        j = 0
        while j < 2:
            v.append(np.sin(x[j]))
            j += 1
    s = 0.0
    for k in range(3):
        if p <= 0.0:
            for _ in range(2):
                if (w := float(0.3 * sum(v))) > -9.0:
                    s += w * x[k]
    return s


# Forward mode: a gather of what does not depend on the arguments, into which something is written that does.
@programs(vector(5))
def gather_of_zeros_is_written_to(x):
    y = np.zeros(5)
    v = y[np.argsort(x, kind="stable")]
    v[:] = x[1]
    v[0] += x[2] * x[3]
    return np.sum(v * x)


# numba takes out a loop whose test is false at once, and knew no type for the list that the loop would have filled.
@programs(vector(5), compiled=True)
def loop_that_is_never_entered(x):
    v = x * 1.0
    k = 0
    while k < 0:
        k += 1
        v[1:] += v[:-1]
    return np.sum(v * v) + k


@programs(vector(5), 4, compiled=True)
def loop_that_is_never_entered_whatever_else_is_asked(x, n):
    v = x * 1.0
    for j in range(2):
        k = 0
        while k < 0 and n == 4:
            k += 1
            v[x > 0.0] = np.sin(v[1] * x[j])
    return np.sum(v * v) + k


# The value returned from within has no type where numba takes the only `return` out.
@programs(vector(5), compiled=True)
def return_from_a_loop_that_is_never_entered(x):
    k = 0
    while k < 2:
        k += 1
        j = 0
        while j < 0:
            j += 1
            if x[j] > 0.5:
                return np.sin(x[0]) * k
    return np.sum(x * x) + k


# Its test reads an array before it is false: it is run once, and the loop is none.
@programs(vector(5), 7, compiled=True)
def loop_that_is_never_entered_after_an_index_test(x, n):
    pair = [x, x * 2.0]
    v = np.zeros(5)
    k = 0
    while np.mean(pair[n % 2]) < 0.1 and 4 == 2:
        k += 1
        v, x = x, np.array([x[3], v[0], 0.2, 0.5, v[4]])
    return v[x.size - 2] + np.sum(x * x) + k


# What a name holds may be reversed later on: numba took the product for that at once, and allocates no such array.
@programs(vector(5), 3, compiled=True)
def swapped_with_a_reversed_view(x, n):
    y = x * 0.5
    v = y[::-1] if n % 2 else np.sin(y)
    for _ in range(3):
        y, v = v, 0.7 * y + 0.2 * np.maximum(v.copy(), np.sin(y))
    return np.sum(y * y) + np.sum(v[1:][::-1])


test_fuzzed = programs.test()
