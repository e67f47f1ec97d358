"""Starred targets and arguments of computed length, keys of max and sorted, `in`, and the rest of plain Python."""

import functools
import math

import numpy as np
import pytest

from dlsrc import grad
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, matrix, vector

programs = Programs()


@programs(vector(5))
def starred_array(x):
    a, *b = x
    return a * sum(b) + b[1]


@programs(vector(4))
def starred_middle(x):
    first, *mid, last = [x[0], x[1] * 2, x[2], x[3]]
    return first * last + mid[0] * mid[1]


@programs(matrix(2, 2))
def starred_call(A):
    def f(u, v):
        return u @ v
    return f(*A.T) + f(*A)


@programs(vector(3))
def starred_call_vector(x):
    return math.hypot(*x[:2]) * x[2]


@programs(vector(5), vector(5))
def enumerate_zip(x, y):
    s = 0.0
    for i, (a, b) in enumerate(zip(x, y)):
        s += (i + 1) * a * b ** 2
    for i, (a, b) in enumerate(zip(x[1:], y), start=2):
        s += a / b * i
    return s


@programs(vector(5))
def generator_sum(x):
    return sum(v ** 2 for v in x) + sum(x[i] * i for i in range(1, len(x))) + max(v * w for v, w in zip(x, x[::-1]))


@programs(vector(5))
def max_with_key(x):
    k = max(range(len(x)), key=lambda i: x[i])
    far = max([x[0], x[1], x[2]], key=lambda v: abs(v - 1.0))
    return x[k] ** 2 + far * 3 + min(x, key=lambda v: (v - 1.0) ** 2) + max(x[0], x[1], x[2], key=lambda v: -v)


@programs(vector(3))
def min_of_three(x):
    a, b, c = x
    return min(a, b, c) * max(a, b, 0.7) + max(0.0, min(1.0, a))


@programs(vector(5))
def any_all(x):
    s = 1.0
    if any(v > 1.2 for v in x):
        s = s * x[0]
    if all(v > 0 for v in x) and not any(v < 0 for v in x):
        s = s * x[1] ** 2
    return s


@programs(vector(6))
def sorted_reversed(x):
    s = sorted(x)
    top = sorted(x, reverse=True)[:3]
    t = 0.0
    for k, v in enumerate(reversed(s)):
        t += v * (k + 1)
    for i in reversed(range(3)):
        t += top[i] * i ** 2
    order = sorted(range(len(x)), key=lambda i: x[i])
    return t + x[order[0]] * 5 + s[1]


@programs(vector(3))
def dict_iteration(x):
    table = {"a": 1.0, "b": 2.0, "c": 3.0}
    params = {"a": x[0], "b": x[1], "c": x[2]}
    total = 0.0
    for name in table:
        total += table[name] * params[name] ** 2
    for name, w in table.items():
        if name != "b":
            total += w * params[name]
    return total * len(table)


@programs(vector(3))
def static_strings(x):
    kind = "gauss"
    names = ["alpha", "beta", "gamma"]
    s = 0.0
    for n, v in zip(names, x):
        if n.startswith("a") or n.endswith("ma"):
            s += v ** 2
        elif n == "beta":
            s += v
    if kind.upper() == "GAUSS" and f"{kind}_x" in ("gauss_x", "b"):
        s *= 2
    return s


@programs(vector(6))
def in_tests(x):
    s = 0.0
    for i in range(len(x)):
        if i in (1, 3):
            s += x[i]
        elif i not in [0, 2, 5]:
            s += x[i] ** 2
    if x[0] in x:
        s *= 2.0
    return s


@programs(vector(3, 4), vector(3, 4))
def unpack_rows(A, B):
    s = 0.0
    for a, *rest in A:
        s += a * sum(rest) + rest[1]
    for (a, b), (c, *d) in zip(A[:, :2], B):
        s += a * b + c * d[2]
    for a, b, c in zip(*A):
        s += a * b * c
    (p, q), *more = [(A[0, 0], A[0, 1]), (B[0, 0], 2.0), (B[1, 1], 3.0)]
    for u, w in more:
        s += u * w * p
    return s + q


@programs(vector(6))
def keys(x):
    i = min(range(1, len(x)), key=lambda k: (x[k] - 1.0) ** 2)
    ys = sorted(x, key=lambda v: -v)
    zs = sorted(range(len(x)), key=lambda k: x[k], reverse=True)
    pairs = [(x[0], 1.0), (x[1], 2.0), (x[2], 0.5)]
    best = max(pairs, key=lambda p: p[0] * p[1])
    words = max(["a", "bcd", "ef"], key=len)
    return x[i] + ys[0] * 2 + ys[-1] + x[zs[1]] * 3 + best[0] * best[1] + len(words)


@programs(vector(5))
def tie(x):
    y = np.round(x)
    return max(range(5), key=lambda k: y[k]) * x[0] + x[min(range(5), key=lambda k: y[k])]


@programs(vector(3))
def folded(x):
    return functools.reduce(lambda a, b: a * b + 1.0, x) + sum(map(math.sin, x)) + max(map(math.cos, x))


test_starred_and_keys = programs.test()


def test_too_few_items():
    def names(x):
        a, b, *rest = x
        return a * b + sum(rest)

    def arguments(x):
        def f(a, b):
            return a * b

        return f(*x)

    with pytest.raises(ValueError, match="2 names need 2 items"):
        grad(names)(vector(1))
    with pytest.raises(TypeError, match="takes 2 of these arguments"):
        grad(arguments)(vector(3))


def test_a_number_of_arguments_that_is_not_known():
    def f(x):
        def g(a, b=2.0):
            return a * b

        return g(*x)

    with pytest.raises(UnsupportedSyntax, match="a fixed number of arguments"):
        grad(f)(vector(2))
