"""Lists whose length is known only at run time: appended to in loops, made by comprehensions, indexed, popped."""

import math

import numpy as np
import pytest

import dlsrc
from dlsrc import grad
from dlsrc.errors import DlsrcError
from tests.oracle import Programs, matrix, vector

programs = Programs()


@programs(vector(4), compiled=True)
@programs(vector(40))
def squares(x):
    out = []
    for i in range(len(x)):
        out.append(x[i] ** 2)
    return np.sum(np.array(out) * x) + sum(out) * len(out)


@programs(vector(4))
def begun_with_an_item(x):
    out = [x[0]]
    for i in range(1, len(x)):
        out.append(out[i - 1] * 0.5 + x[i] ** 2)
    return out[-1] * out[1] + max(out) - out[-len(x)]


@programs(vector(5))
def two_appends_and_other_bounds(x):
    out = [1.0]
    for i in range(len(x) - 1, 0, -2):
        out.append(x[i])
        out.append(2.0 * x[i] * out[-1])
    for v in x:
        out.append(v)
    s = 0.0
    for k, v in enumerate(out):
        s += k * v**2
    return s


@programs(vector(6), compiled=True)
def on_some_ways_only(x):
    large, small = [], []
    for v in x:
        if v > 1.0:
            large.append(v * v)
        else:
            small.append(v)
    s = sum(large) * len(small)
    for a, b in zip(large, small):
        s += a * b
    return s + (large[0] if large else 0.0)


@programs(vector(3), compiled=True)
def in_a_while_loop(x):
    out, t = [], x[0]
    while t < 40.0:
        out.append(t)
        t = t * 1.3 + x[1]
    return sum(out) + out[len(out) // 2] ** 2


@programs(vector(4))
def with_a_break(x):
    out = []
    for i in range(100):
        out.append(x[i % 4] * (i + 1.0))
        if sum(out) > 30.0:
            break
    return out[-1] ** 2 + np.mean(out)


@programs(vector(4))
def in_nested_loops(x):
    out = []
    for i in range(len(x)):
        for j in range(i):
            out.append(x[i] * x[j])
        out.append(x[i])
    return np.sum(np.array(out) ** 2)


@programs(vector(4))
def a_stack(x):
    stack, s = [x[0], x[1]], 0.0
    while stack:
        v = stack.pop()
        s += v * v
        if v < 2.0:
            stack.append(v * 1.5)
            stack.append(v + x[2])
    return s


@programs(vector(3), compiled=True)
def of_arrays(x):
    path, h = [], x
    for k in range(4):
        h = np.tanh(h * (k + 1.0))
        path.append(h)
    return np.sum(np.array(path) ** 2) + np.sum(path[1] * path[-1])


@programs(matrix(3, 4))
def rows_of_a_matrix(m):
    kept = []
    for row in m:
        kept.append(row * row[0])
    return sum([np.sum(r) for r in kept]) * len(kept)


@programs(vector(4))
def of_tuples(x):
    pairs = []
    for i in range(len(x) - 1):
        pairs.append((x[i], (i, x[i] * x[i + 1])))
    s = 0.0
    for a, (k, b) in pairs:
        s += a * b * k
    return s + pairs[-1][1][1]


@programs(vector(5))
def items_set(x):
    n = len(x)
    out = [0.0] * n
    for i in range(n):
        out[i] = x[i] ** 2
        if i > 1:
            out[i - 2] += x[i] * out[i - 1]
    part = out[1:-1]
    out[-1] = 3.0 * x[0]
    return sum(part) * out[0] + out[n - 1]


@programs(vector(5), compiled=True)
def comprehensions(x):
    n = len(x)
    a = np.array([v**2 for v in x])
    b = [x[i] * i for i in range(n)]
    c = [v for v in x if v > 1.0]
    d = [x[i] * x[j] for i in range(n) for j in range(i)]
    return np.sum(a) * sum(b) + sum(c) * len(c) + sum(d)


@programs(vector(3))
def nested_comprehensions(x):
    n = len(x)
    m = np.array([[x[i] * x[j] + i for j in range(n)] for i in range(n)])
    rows = [[x[i] * (j + 1.0) for j in range(n)] for i in range(n)]
    return np.sum(m @ m) + rows[1][2] * len(rows[0]) + sum(rows[2])


@programs(vector(4))
def chosen_by_values_from_a_tuple(x):
    chosen = [v for v in (x[0], x[1], x[2]) if v > 1.0]
    return sum(chosen) * len(chosen) + x[3]


@programs(vector(4))
def generators(x):
    s = math.fsum(v * v for v in x) + math.prod(x[i] for i in range(len(x)))
    if any(v > 1.3 for v in x) and not all(x[i] < x[i + 1] for i in range(len(x) - 1)):
        s *= 2.0
    if any(a * b > 100.0 for a in x for b in x):
        s *= 3.0
    s += sum(tuple(v for v in x)) + np.sum(np.array(list(v * 2.0 for v in x)))
    return s * max(sorted(v for v in x))


@programs(vector(4))
def lists_of_arrays_and_ranges(x):
    values, numbers = list(x), list(range(len(x)))
    values.append(x[0] * x[1])
    same = x.tolist()
    pairs = list(zip(x, numbers))
    total = sum(list(map(lambda v: v * v, x)))
    return sum(values) * values[-1] + same[1] * numbers[-1] + pairs[2][0] * pairs[3][1] + total


@programs(vector(3))
def a_helper_appends(x):
    def note(out, v):
        out.append(v)
        return v * 2.0

    out, s = [], 0.0
    for v in x:
        s += note(out, v * v)
    return s * out[0] + out[-1]


@programs(vector(4))
def made_anew_in_each_trip(x):
    s = 0.0
    for i in range(len(x)):
        out = []
        for j in range(i + 1):
            out.append(x[j] * x[i])
        s += sum(out) * out[-1]
    return s


@programs(vector(3))
def integers_that_become_floats(x):
    out = [0]
    for v in x:
        out.append(v * v)
    k = []
    for i in range(3):
        k.append(2 - i)
    return sum(out) + x[k[0]] * x[k[1]]


def test_counted_appends_need_no_test_and_no_growing():
    text = dlsrc.adjoint_source(squares, vector(4))
    assert "enlarged" not in text and "room" not in text and "v3[i] = v4**2" in text, text


def test_an_index_out_of_range():
    def f(x, k):
        out = []
        for v in x:
            out.append(v)
        return out[k]

    assert grad(f)(np.ones(3), -3).tolist() == [1.0, 0.0, 0.0]
    for k in (3, -4):
        with pytest.raises(IndexError, match=f"index {k} is out of range"):
            grad(f)(np.ones(3), k)


def test_pop_from_an_empty_list():
    def f(x):
        out = []
        for v in x:
            out.append(v)
        for v in x:
            out.pop()
        return out.pop()

    with pytest.raises(IndexError, match="pop from an empty list"):
        grad(f)(np.ones(3))


@programs(vector(40))
def zigzag(x):
    out, at, n = [], 0, 0
    while n < len(x):
        if at == 0:
            out.append(x[n] ** 2)
            at = 1
        else:
            if n % 7 > 3:
                out.append(x[n] * n / 40.0)
            at = 0
        n += 1
    s = 0.0
    for k, v in enumerate(out):
        s += v * v / (k + 1.0)
    return s


@programs(matrix(40, 3))
def kept_rows(m):
    kept = []
    for row in m:
        if row[0] > 0.3:
            kept.append(row * row[1])
    return np.sum(np.array(kept)**2) + len(kept)*kept[-1][0]


@programs(matrix(40, 3), compiled=True)
def kept_rows_nested(m):
    kept = []
    other = []
    k = 0
    for row in m:
        if row[0] > 0.3:
            if row[1] > 0.7:
                kept.append(row * row[1])
            else:
                other.append(np.sin(row))
        k += 1
    t = np.zeros(3)
    for r in kept:
        t = t * 0.9 + r
    for r in other:
        t = t * 0.8 + r * r
    return np.sum(t*t)


@programs(vector(3), compiled=True)
def vector_stack(x):
    stack = [x]
    total = 0.0
    while len(stack) > 0:
        v = stack.pop()
        if np.sum(v) > 0.4:
            stack.append(v * 0.5 * x)
            stack.append(v * 0.4)
        else:
            total += np.sum(v * v)
    return total


@programs(matrix(20, 3))
def replaced(m):
    out = []
    for i in range(len(m)):
        out.append(m[i] * 2.0)
    for i in range(1, len(m)):
        out[i] = out[i - 1] * 0.5 + out[i] ** 2
    return np.sum(out[-1]) + np.sum(np.array(out))


@programs(matrix(20, 3))
def replaced_stack(m):
    out = [m[0]]
    for i in range(1, len(m)):
        out.append(m[i] * 2.0 + out[-1]*0.1)
    out[3] = out[2] * out[4]
    s = 0.0
    for v in out:
        s += np.dot(v, v)
    return s + np.sum(np.stack(out)[:, 1]) + np.sum(np.concatenate(out)**3)+np.sum(sum(out))


@programs(vector(3), vector(3))
def trajectory(y0, p):
    ys = [y0]
    ts = [0.0]
    y, t = y0, 0.0
    h = 0.1
    while t < 2.0:
        k1 = -p * y
        k2 = -p * (y + h * k1)
        err = np.max(np.abs(k2 - k1)) * h / 2
        if err < 0.02:
            y = y + h * (k1 + k2) / 2
            t = t + h
            ys.append(y)
            ts.append(t)
            h = h * 1.2
        else:
            h = h * 0.6
    Y = np.array(ys)
    return np.sum(Y[:, 0] ** 2) + Y[-1, 1] + np.sum(np.diff(np.array(ts)) * Y[1:, 2])


@programs(matrix(7, 3))
def stacked(m):
    out, wide = [], []
    for i in range(len(m)):
        out.append(m[i] * (i + 1.0))
        wide.append(m[i : i + 1] ** 2)
    a = np.stack(out) + np.vstack(out) * np.concatenate(wide) + np.vstack(wide)
    b = np.stack(out, axis=1) * np.column_stack(out)
    total = sum(out)
    return np.sum(a ** 2) + np.sum(b[1]) + np.sum(np.hstack(out)[::2] * np.concatenate(out)[1::2].sum()) + total[1] ** 2


@programs(vector(3))
def ints_then_floats(x):
    out, k = [0], 0
    while k < 20:
        out.append(k * x[k % 3])
        k += 1
    return out[-1] * out[3] + sum(out)


def refused(f, text, *args):
    with pytest.raises(DlsrcError, match=text):
        grad(f)(*args)


def test_an_array_that_is_written_after_it_was_appended():
    def later(x):
        out, h = [], x * 1.0
        for k in range(3):
            h[0] = h[0] * 2.0
            out.append(h)
        return np.sum(np.array(out))

    def inside(x):
        out = []
        for k in range(3):
            out.append(x * k)
        out[1][0] = 5.0
        return np.sum(np.array(out))

    refused(later, r"written to after it was put into a list.*\.copy\(\)", vector(3))
    refused(inside, "cannot be written to: the list has its own copy", vector(3))


def test_arrays_of_unlike_shapes():
    def f(x):
        out = []
        for i in range(len(x)):
            out.append(x[: i + 1] * 2.0)
        return np.sum(out[1])

    with pytest.raises(ValueError, match="one shape"):
        grad(f)(vector(3))


def test_items_of_unlike_types():
    def f(x):
        out = []
        for i in range(len(x)):
            if i % 2:
                out.append(x)
            else:
                out.append(x[i])
        return len(out) * x[0]

    refused(f, "list", vector(4))


test_growing_lists = programs.test()
