"""Names that are None until something gives them a value: compared with None, used where they have one."""

import numpy as np
import pytest

from dlsrc import grad
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, vector

programs = Programs()


@programs(vector(6))
def best_so_far(x):
    best = None
    for v in x:
        w = (v - 1.0) ** 2 + 0.1 * v
        if best is None or w < best:
            best = w
    return best * 2.0


@programs(vector(6, 2))
def best_row(x):
    best, where = None, None
    for i in range(len(x)):
        c = np.sum(x[i] ** 2)
        if best is None or c > best:
            best = c
            where = i
    return best + x[where, 0]


@programs(vector(6, 3))
def previous_row(x):
    previous = None
    total = 0.0
    for row in x:
        if previous is not None:
            total += np.sum((row - previous) ** 2)
        previous = row * 0.9
    return total


@programs(vector(5))
def optional_argument(x, scale=None):
    def inner(v, scale=None):
        if scale is None:
            scale = 2.0
        return v * scale
    return inner(x[0]) + inner(x[1], x[2])


@programs(vector(6))
def last_above(x):
    found = None
    for i in range(len(x)):
        if x[i] > 1.0:
            found = x[i] * i
    if found is None:
        return x[0]
    return found


@programs(vector(6))
def while_optional(x):
    prev = None
    t = x[0]
    n = 0
    while prev is None or abs(t - prev) > 1e-10:
        prev = t
        t = 0.5 * (t + x[1] / t)
        n += 1
        if n > 100:
            break
    return t * x[2]


@programs(vector(8, 3))
def reset_to_none(x):
    kept = None
    s = 0.0
    for i in range(len(x)):
        if x[i, 0] > 1.1:
            kept = None
        elif kept is None:
            kept = x[i] * 2.0
        else:
            kept = kept * 0.5 + x[i] ** 2
            s += np.sum(kept)
    if kept is not None:
        s += kept[0] * 3.0
    return s


@programs(vector(6, 3), compiled=True)
def nested_optional(x):
    total = 0.0
    overall = None
    for i in range(len(x)):
        best = None
        where = None
        for j in range(3):
            d = abs(x[i, j] - 1.0)
            if best is None or d < best:
                best, where = d, j
        total += best * x[i, where]
        if overall is None or best > overall:
            overall = best
    return total + overall ** 2


@programs(vector(6))
def optional_pair(x):
    best = None
    for i in range(len(x)):
        cand = (x[i] ** 2, x[i] * i)
        if best is None or cand[0] > best[0]:
            best = cand
    return best[0] + best[1]


@programs(vector(6))
def optional_in_a_while(x):
    last, k, s = None, 0, 0.0
    while k < len(x):
        if last is not None and x[k] > last:
            s += x[k] * last
        last = x[k] if k % 2 else None
        k += 1
    return s + (last if last is not None else x[0])


def first_above(x, t):
    for i in range(len(x)):
        if x[i] > t:
            return x[i] ** 2
    return None


@programs(vector(6))
def none_from_a_helper(x):
    a = first_above(x, 1.0)
    b = first_above(x, 99.0)
    s = 0.0
    if a is not None:
        s += a
    if b is None:
        s += x[1]
    else:
        s += b
    for t in (0.6, 0.9):
        c = first_above(x, t)
        s += c if c is not None else 0.5
    return s


@programs(np.array([1.5, -3.0]), compiled=True)
@programs(np.array([0.5, 1.0]))
def an_array_in_a_condition(x):
    kept = None
    if x[0] > 1:
        kept = x * 2
    if kept is None or np.sum(kept) > 1:
        return x[0]
    return kept[1] ** 2


@programs(vector(7, 2), compiled=True)
def an_array_that_is_lost_again(x):
    s, last = 0.0, None
    for k in range(len(x)):
        if last is not None and np.sum(last) < 5.0:
            s += np.sum(last * x[k])
        last = x[k] * 2.0 if k % 3 else None
    return s if last is None else s + last[0]


test_optional = programs.test()


def test_none_where_a_value_is_needed():
    def f(x):
        best = None
        for v in x:
            if v > 100.0:
                best = v
        return best * x[0]

    with pytest.raises(TypeError, match="`best` is None here"):
        grad(f)(vector(3))


def test_what_is_no_number_and_changes_from_trip_to_trip():
    def text(x):
        mode, s = "first", 0.0
        for v in x:
            s += v if mode == "first" else v * v
            mode = "rest"
        return s

    def function(x):
        f, s = np.sin, 0.0
        for v in x:
            s += f(v)
            f = np.cos
        return s

    def items(x):
        before, s = (), 0.0
        for v in x:
            if before:
                s += before[0] * v
            before = (v, 1.0)
        return s

    def keys(x):
        known, s = {}, 0.0
        for v in x:
            if "a" in known:
                s += known["a"] * v
            known["a"] = v
        return s

    def in_a_while(x):
        seen, s, k = None, 0.0, 0
        while k < len(x):
            s += x[k] * (3.0 if seen is None else 2.0)
            seen = "yes"
            k += 1
        return s

    for f in (text, function, items, keys, in_a_while):
        with pytest.raises(UnsupportedSyntax, match="what it is must not depend on the number of trips"):
            grad(f)(vector(3))


def test_a_name_that_every_trip_binds_first():
    def f(x):
        row, s = None, 0.0
        for k in range(len(x)):
            row = [x[k], x[k] ** 2]
            s += row[1]
        return s

    np.testing.assert_allclose(grad(f)(vector(3)), 2.0 * vector(3))
