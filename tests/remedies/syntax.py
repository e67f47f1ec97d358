"""Instead of statements and expressions outside the language that can be differentiated."""

# ruff: noqa

import math

import numpy as np


class Point:  # does: define it outside
    pass


def generator_function(x):
    values = []
    for v in x:
        values.append(v**2)  # does: collect the values in a list or an array and return it
    return values[0] * values[1]


def delegating_generator(x):
    values = [x[0], x[1]]  # does: collect the values in a list or an array
    return values[0] * values[1]


def try_statement(x):
    if x[1] != 0.0:  # does: test with if before the operation that could fail
        y = x[0] / x[1]
    else:
        y = x[0]
    return y


def with_statement(x):
    with np.errstate(all="ignore"):  # code: np.errstate
        y = np.log(x[0])
    return y


def import_of_nothing(x):
    from math import sin  # does: check the name
    return sin(x[0])


def condition_that_appends(x):
    seen = [x[0]]
    while len(seen) < 3:
        seen.append(x[0] * len(seen))  # does: compute it in the body
    return seen[2]


def global_statement(x, n):
    count = n + 1  # does: return the new value, and assign it outside
    return x[0] * count


def del_of_an_element(x):
    y = x * 2.0
    y = y[1:]  # does: make a shorter one
    return np.sum(y**2)


def match_on_parts(x, n):
    if n == 2:  # does: write if and elif
        return x[0] ** 2
    return x[1]


def text_of_a_computed_value(x):
    names = {"first": x[1]}  # does: a key of a dict must be a constant
    return x[0] * names["first"]


def identity_of_two_numbers(x):
    if x[0] == x[1]:  # does: compare with ==
        return x[0]
    return x[1] ** 2


def set_display(x):
    s = [x[0], x[1]]
    t = {1, 2}  # does: an item of a set must be a constant or an argument
    return s[0] * s[1] * len(t)


def stored_generator(x):
    g = [v * v for v in x]  # does: write a list or a loop
    return g[0]


def unpacking_a_number(x):
    a = 3  # does: use the number itself
    return x[0] * a


def too_many_to_unpack(x):
    a, b, c = x[0], x[1], x[2]  # does: the 3 items
    return a * b * c


def starred_target(x):
    head, *tail, last = x[0], x[1]  # does: 2 names
    return head * last


def matrix_compared_as_truth(x):
    if np.any(x > 0.0):  # code: np.any
        return x[0] ** 2
    return x[1]


def decorated_local_function(x):
    def inner(v):  # does: call it without
        return v * v
    return np.sum(inner(x))


def yield_in_an_expression(x):
    values = [x[1]]  # does: collect the values in a list
    return x[0] + values[0] ** 2
