"""`break`, `continue`, `else` and early `return`, alone and inside each other."""

import math

import numpy as np

from tests.oracle import Programs, vector

programs = Programs()


@programs(vector(6), compiled=True)
def break_on_a_value(x):
    s = 0.0
    for i in range(x.size):
        s += x[i] ** 2
        if s > 3.0:
            break
    return s * x[0]


@programs(vector(6))
def continue_on_a_value(x):
    s = 0.0
    for i in range(x.size):
        if x[i] < 1.0:
            continue
        s += x[i] ** 3
    return s


@programs(vector(6), compiled=True)
def return_from_a_loop(x):
    s = 0.0
    for i in range(x.size):
        s += x[i]
        if s > 3.0:
            return s * x[i]
    return -s


@programs(vector(3))
def return_from_the_end(x):
    s = 0.0
    for i in range(x.size):
        s += x[i]
        if s > 300.0:
            return s * x[i]
    return -s * s


@programs(vector(3), 1)
@programs(vector(3), -1)
@programs(vector(3), 0)
def return_in_every_branch(x, k):
    if k > 0:
        return x[0] * x[1]
    elif k < 0:
        return x[1] * x[2] ** 2
    return np.sum(x**3)


@programs(vector(6))
def continue_as_argmax(x):
    best = x[0]
    where = 0
    for i in range(1, x.size):
        if x[i] <= best:
            continue
        best = x[i]
        where = i
    return best**2 * (where + 1)


@programs(vector(3, 5))
def each_row_its_own_winner(x):
    total = 0.0
    for i in range(x.shape[0]):
        best = x[i, 0]
        for j in range(1, x.shape[1]):
            if x[i, j] < best:
                continue
            best = x[i, j]
        total += best**2 * (i + 1)
    return total


@programs(vector(6), 0.9)
@programs(vector(6), 9.0)
def else_after_a_break(x, limit):
    s = 0.0
    for i in range(x.size):
        s += x[i]
        if s > limit:
            s = s * x[0]
            break
    else:
        s = s * x[1] ** 2
    return s


@programs(vector(5))
def while_else_after_a_break(x):
    i = 0
    s = x[0]
    while i < 10:
        s = s * (1.0 + x[1])
        if s > 5.0:
            break
        i += 1
    else:
        s = s * x[2]
    return s * x[3]


@programs(vector(4, 4), compiled=True)
def break_from_the_inner_loop(x):
    s = 0.0
    for i in range(x.shape[0]):
        p = 1.0
        for j in range(x.shape[1]):
            p *= x[i, j]
            if p > 1.2:
                break
        s += p * p
    return s


@programs(vector(4, 4))
def return_from_two_loops(x):
    p = 1.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            p *= x[i, j] + 0.3
            if p > 4.0:
                return p * x[i, j]
    return p * p


@programs(vector(6))
def break_and_continue(x):
    s = 1.0
    for i in range(x.size):
        if i == 1:
            continue
        s = s * x[i] + x[1]
        if i == 4:
            break
        s = s + x[i] ** 2
    return s


@programs(vector(6))
def continue_after_a_write(x):
    y = np.zeros(x.size)
    for i in range(x.size):
        y[i] = x[i] ** 2
        if x[i] > 1.0:
            continue
        y[i] = y[i] * x[0]
    return np.sum(y)


@programs(vector(5))
def name_overwritten_after_a_continue(x):
    a = x[0]
    for i in range(x.size):
        if i % 2:
            continue
        a = a * x[i]
    return a


@programs(vector(5))
def code_after_a_conditional_return(x):
    if np.sum(x) < 0.0:
        return x[0]
    y = x * x
    if y[0] > 100.0:
        return y[1]
    z = y[0] * y[1] * x[2]
    return math.sqrt(z)


@programs(vector(5))
def while_true_with_return(x):
    s = x[0]
    i = 0
    while True:
        s = s * x[i % x.size] + 1.0
        if s > 4.0:
            return s
        i += 1


@programs(vector(6))
def break_keeps_the_loop_variable(x):
    s = 0.0
    for i in range(x.size):
        s += x[i]
        if s > 2.5:
            break
    return s * x[i] * i


@programs(vector(4))
def unreachable_code(x):
    s = np.sum(x * x)
    return s
    s = s * 100.0
    return s


@programs(vector(5))
def loop_that_breaks_at_once(x):
    s = x[0]
    for i in range(x.size):
        s = s * x[1]
        break
    return s


@programs(vector(5))
def continue_in_a_while(x):
    i = -1
    s = x[0]
    while i < 4:
        i += 1
        if i == 2:
            continue
        s = s * x[i] + s
    return s


@programs(vector(5))
def return_from_a_helper_loop(x):
    def first_above(v, level):
        for i in range(v.size):
            if v[i] > level:
                return v[i] ** 2
        return level * v[0]

    return first_above(x, 0.9) + first_above(x, 99.0)


@programs(vector(6))
def pass_does_nothing(x):
    for i in range(3):
        pass
    if x[0] > 0:
        pass
    else:
        x = x * 2.0
    return np.sum(x**2)


test_jumps = programs.test()
