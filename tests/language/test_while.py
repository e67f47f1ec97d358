"""`while` loops: unknown trip counts, conditions on active values, nesting."""

import math

import numpy as np

from tests.oracle import Programs, vector

programs = Programs()


@programs(2.3, compiled=True)
def newton_square_root(a):
    r = a
    while abs(r * r - a) > 1e-13:
        r = 0.5 * (r + a / r)
    return r


@programs(vector(3), compiled=True)
def newton_inside_an_objective(x):
    u = x[0]
    while True:
        step = (u**3 + x[1] * u - x[2]) / (3.0 * u**2 + x[1])
        u = u - step
        if abs(step) < 1e-14:
            break
    return u**2 + x[0] * u


@programs(vector(6))
def walks_an_index(x):
    i = 0
    s = 1.0
    while i < x.size:
        s = s * x[i] + 1.0
        i += 2
    return s


@programs(1.7)
def no_trip(a):
    s = a * a
    while s < 0.0:
        s = s * a
    return s


@programs(0.9)
def condition_on_a_carried_value(a):
    s = a
    while s < 20.0:
        s = s * (1.0 + a)
    return s


@programs(0.7)
def do_while_spelled_with_a_flag(a):
    again = True
    n = 0
    s = a
    while again:
        s = math.sin(s) + a
        n += 1
        again = n < 5
    return s


@programs(0.7)
def the_same_as_for(a):
    n = 0
    s = a
    while n < 5:
        s = math.sin(s) + a
        n += 1
    return s


@programs(vector(4), compiled=True)
def nested_whiles(x):
    s = 0.0
    i = 0
    while i < x.size:
        p = x[i]
        j = 0
        while p < 4.0:
            p = p * (1.5 + x[j])
            j = (j + 1) % x.size
        s += p
        i += 1
    return s


@programs(vector(4))
def while_inside_for(x):
    s = 0.0
    for i in range(x.size):
        v = x[i]
        while v > 0.2:
            v = v * 0.6
        s += v**2
    return s


@programs(vector(4))
def for_inside_while(x):
    s = x[0]
    n = 0
    while n < 3:
        for i in range(x.size):
            s = math.tanh(s * x[i] + 0.1)
        n += 1
    return s


@programs(vector(3))
def while_else(x):
    s = x[0]
    while s < 10.0:
        s = s * 2.0
    else:
        s = s * x[1]
    return s * x[2]


@programs(vector(3))
def condition_with_and_or(x):
    s = x[0]
    n = 0
    while s < 6.0 and n < 8 or n < 2:
        s = s + x[1] * s
        n += 1
    return s


@programs(vector(3))
def chained_comparison(x):
    s = x[0]
    while 0.0 < s < 9.0:
        s = s * (1.0 + x[1])
    return s


@programs(vector(4))
def condition_calls_numpy(x):
    y = x * 1.5
    while np.sum(y) < 30.0:
        y = y * x + y
    return np.sum(y**2)


@programs(vector(3))
def euler_until_it_falls(x):
    height, speed, t = 5.0 * x[0], x[1], 0.0
    while height > 0.0:
        speed = speed - 9.81 * 0.1 * x[2]
        height = height + 0.1 * speed
        t += 0.1
    return height * speed + t


@programs(1.2)
def halving_with_an_inner_condition(a):
    lo, hi = 0.0, 2.0 * a
    n = 0
    while n < 6:
        mid = 0.5 * (lo + hi)
        if mid * mid < 1.0:
            lo = mid
        else:
            hi = mid
        n += 1
    return lo * hi + a


test_while = programs.test()
