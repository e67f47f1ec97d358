"""Statements and expressions outside the language that can be differentiated."""

# ruff: noqa

import math

import numpy as np

count = 0


def generator_function(x):
    yield x[0] ** 2  # refused: generator


def delegating_generator(x):
    yield from [x[0], x[1]]  # refused: generator


def try_statement(x):
    try:  # refused: try
        y = x[0] / x[1]
    except ZeroDivisionError:
        y = x[0]
    return y


def with_statement(x):
    with open("log.txt"):  # refused: with
        y = np.log(x[0])
    return y


def class_statement(x):
    class Point:  # refused: class
        pass

    return x[0]


def import_of_nothing(x):
    from math import sinus  # refused: sinus
    return sinus(x[0])


def condition_that_appends(x):
    seen = []
    while not seen.append(x[0]):  # refused: condition
        break
    return x[0]


def global_statement(x):
    global count  # refused: global
    count = count + 1
    return x[0] * count


def del_of_an_element(x):
    y = x * 2.0
    del y[0]  # refused: deleted
    return np.sum(y)


async def async_function(x):  # refused: async
    return x[0] ** 2


def async_inside(x):
    async def inner(v):  # refused: async
        return v

    return x[0]


def match_on_parts(x, n):
    match (n, n):
        case [1, m]:  # refused: match on the parts
            return x[0]
        case _:
            return x[1]


def text_of_a_computed_value(x):
    names = {f"{x[0]}": x[1]}  # refused: key
    return x[0] * len(names)


def identity_of_two_numbers(x):
    if x[0] is x[1]:  # refused: ==
        return x[0]
    return x[1]


def set_display(x):
    s = {x[0], x[1]}  # refused: set
    return x[0]


def set_comprehension(x):
    s = {v for v in (x[0], x[1])}  # refused: set
    return x[0]


def stored_generator(x):
    g = (v * v for v in x)  # refused: generator
    return next(g)


def generator_over_something_unknown(x):
    return sum(v for v in open("numbers.txt"))  # refused: open


def unpacking_a_number(x):
    a, b = 3  # refused: items
    return x[0]


def too_many_to_unpack(x):
    a, b = x[0], x[1], x[2]  # refused: items
    return a * b


def starred_target(x):
    head, *tail, last = (x[0],)  # refused: items
    return head * last


def matrix_compared_as_truth(x):
    if x > 0.0:  # refused: truth
        return x[0]
    return x[1]


def undefined_name(x):
    return x[0] * undefined_constant  # refused: undefined_constant


def decorated_local_function(x):
    @np.vectorize  # refused: decorat
    def inner(v):
        return v * v

    return np.sum(inner(x))


def yield_in_an_expression(x):
    total = x[0] + (yield x[1])  # refused: generator
    return total


def helper_with_with(v):
    with open("log.txt") as log:  # refused: with
        return v
