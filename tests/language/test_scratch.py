"""Buffers that every trip fills first belong to the trip, and what a loop does not change is read before it."""

import numpy as np
import pytest

from dlsrc import adjoint_source, value_and_grad
from tests.oracle import Programs, assert_close, matrix, vector

own = Programs()
shared = Programs()
moved = Programs()


def buffers_before_loops(f, *args):
    """How many buffers are made in front of the loops."""
    text = adjoint_source(f, *args)
    return sum(line.startswith("    ") and line[4] not in " #" and "np.zeros(" in line for line in text.splitlines())


# ---------------------------------------------------------------------------------- a trip's own


@own(vector(5), vector(3), argnums=(0, 1), compiled=True)
def the_log_of_a_sum(x, a):
    r = np.zeros(len(a))
    s = 0.0
    for i in range(len(x)):
        for c in range(len(a)):
            r[c] = a[c] * x[i]
        top = np.max(r)
        s += top + np.log(np.sum(np.exp(r - top)))
    return s


@own(vector(4), matrix(2, 3), argnums=(0, 1))
def a_matrix(x, a):
    n, m = a.shape
    w = np.zeros((n, m))
    s = 0.0
    for i in range(len(x)):
        for p in range(n):
            for q in range(m):
                w[p, q] = np.sin(a[p, q] * x[i])
        for p in range(n):
            w[p, 0] *= w[p, 1]
        s += np.sum(w * w)
    return s


@own(vector(4), vector(3), argnums=(0, 1))
def set_as_a_whole(x, a):
    r = np.zeros(3)
    s = 0.0
    for i in range(len(x)):
        r[:] = 0.0
        for c in range(3):
            r[c] += a[c] * np.exp(x[i])
            r[0] += np.sin(r[c])
        s += r[0] * r[1] + r[2]
    return s


@own(vector(4), vector(3), 0, argnums=(0, 1))
@own(vector(4), vector(3), 2, argnums=(0, 1))
def filled_by_inner_trips(x, a, n):
    r = np.zeros(3)
    s = 0.0
    for i in range(len(x)):
        for m in range(n):
            for c in range(3):
                r[c] = a[c] * x[i] + m
            for c in range(1, 3):
                r[c] += r[c - 1] * a[0]
            s += np.exp(-r[2])
    return s


@own(vector(4), vector(3), argnums=(0, 1))
def filled_on_both_ways(x, a):
    r = np.empty(3)
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0.3:
            for c in range(3):
                r[c] = a[c] * x[i]
        else:
            for c in range(3):
                r[c] = np.sin(a[c])
        for c in range(3):
            s += r[c] ** 3
    return s


@own(vector(4), vector(3), argnums=(0, 1))
def of_two_loops_after_a_write(x, a):
    b = np.zeros(3)
    for c in range(3):
        b[c] = np.exp(a[c])
    r, q = np.zeros(3), np.zeros(3)
    s = 0.0
    for i in range(len(x)):
        for c in range(3):
            r[c] = b[c] * x[i]
        s += np.sum(r**2)
    for i in range(len(x)):
        for c in range(3):
            q[c] = b[c] + x[i]
        s += q[0] * q[1] * q[2]
    return s + b[1] * b[2]


# ---------------------------------------------------------------------------------- these are not


@shared(vector(4), vector(3), argnums=(0, 1))
def left_by_the_trip_before(x, a):
    r = np.zeros(3)
    s = 0.0
    for i in range(len(x)):
        for c in range(3):
            r[c] = 0.5 * r[c] + a[c] * x[i]
        s += np.sum(r**2)
    return s


@shared(vector(4), vector(3), argnums=(0, 1))
def added_to(x, a):
    r = np.zeros(3)
    s = 0.0
    for i in range(len(x)):
        for c in range(3):
            r[c] += a[c] * x[i]
        s += np.sum(r**2)
    return s


@shared(vector(4), vector(3), argnums=(0, 1))
def not_filled_wholly(x, a):
    r = np.zeros(3)
    r[0] = 2.0
    s = 0.0
    for i in range(len(x)):
        for c in range(1, 3):
            r[c] = a[c] * x[i]
        s += np.sum(r**2)
        r[0] = x[i]
    return s


@shared(vector(4), vector(3), argnums=(0, 1))
def one_longer(x, a):
    r = np.ones(4)
    s = 0.0
    for i in range(len(x)):
        for c in range(len(a)):
            r[c] = a[c] * x[i]
        s += np.sum(r**3)
        r[3] = r[0]
    return s


@shared(vector(4), vector(3), argnums=(0, 1))
def read_after_the_loop(x, a):
    r = np.zeros(3)
    s = 0.0
    for i in range(len(x)):
        for c in range(3):
            r[c] = a[c] * x[i]
        s += np.sum(r**2)
    return s + r[1] ** 2


@shared(vector(4), vector(3), argnums=(0, 1))
def filled_on_one_way(x, a):
    r = np.zeros(3)
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0.3:
            for c in range(3):
                r[c] = a[c] * x[i]
        s += np.sum(r**2)
    return s


@shared(vector(4), vector(3), argnums=(0, 1))
def filled_if_there_is_a_trip(x, a):
    r = np.zeros(3)
    s = 0.0
    for i in range(len(x)):
        for m in range(i % 2):
            for c in range(3):
                r[c] = a[c] * x[i] + m
        s += np.sum(r**2)
    return s


@shared(vector(4), vector(3), argnums=(0, 1))
def filled_until_a_break(x, a):
    r = np.ones(3)
    s = 0.0
    for i in range(len(x)):
        for c in range(3):
            r[c] = a[c] * x[i]
            if c == i:
                break
        s += np.sum(r**2)
    return s


@shared(vector(4), vector(3), argnums=(0, 1))
def a_neighbour_read_while_filling(x, a):
    r = np.zeros(3)
    s = 0.0
    for i in range(len(x)):
        for c in range(3):
            r[c] = a[c] * x[i] + 0.5 * r[c - 1]
        s += np.sum(r**2)
    return s


@shared(vector(4), vector(3), argnums=(0, 1))
def read_through_a_view(x, a):
    r = np.zeros(3)
    tail = r[1:]
    s = 0.0
    for i in range(len(x)):
        s += tail[0] * x[i]
        for c in range(3):
            r[c] = a[c] * x[i]
        s += np.sum(r**2)
    return s


@shared(vector(4), vector(3), argnums=(0, 1))
def two_that_change_places(x, a):
    r, q = np.zeros(3), np.ones(3)
    s = 0.0
    for i in range(len(x)):
        for c in range(3):
            r[c] = a[c] * x[i] + q[c]
        s += np.sum(r**2)
        r, q = q, r
    return s


@shared(vector(4), vector(3), argnums=(0, 1))
def left_by_a_break(x, a):
    r = np.zeros(3)
    s = 0.0
    for i in range(len(x)):
        for c in range(3):
            r[c] = a[c] * x[i]
        s += np.sum(r**2)
        if s > 1.0:
            break
    return s


test_own_buffers = own.test()
test_shared_buffers = shared.test()


@pytest.mark.parametrize("f", [
    the_log_of_a_sum, set_as_a_whole, filled_on_both_ways, of_two_loops_after_a_write,
], ids=lambda f: f.__name__)  # fmt: skip
def test_a_buffer_is_made_in_the_trip(f):
    assert buffers_before_loops(f, vector(4), vector(3)) == (f is of_two_loops_after_a_write)  # b


@pytest.mark.parametrize("f", [
    left_by_the_trip_before, added_to, not_filled_wholly, read_after_the_loop, filled_on_one_way,
    filled_if_there_is_a_trip, a_neighbour_read_while_filling, left_by_a_break,
], ids=lambda f: f.__name__)  # fmt: skip
def test_a_buffer_stays(f):
    assert buffers_before_loops(f, vector(4), vector(3)) == 1


def test_what_is_handed_out_is_that_of_the_last_trip():
    def f(x):
        r = np.zeros(3)
        s = 0.0
        for i in range(len(x)):
            for c in range(3):
                r[c] = x[i] * c
            s += np.sum(r**2)
        return s, r

    (_, r), g = value_and_grad(f, has_aux=True)(vector(4))
    assert_close(r, vector(4)[3] * np.arange(3.0))
    assert_close(g, 10.0 * vector(4))


# ---------------------------------------------------------------------------------- what does not change


@moved(matrix(3, 3), vector(3), argnums=(0, 1), compiled=True)
def by_columns(a, x):
    y = np.zeros(3)
    for j in range(3):
        for i in range(3):
            y[i] += np.sin(a[i, j]) * x[j] / 3.0
    return np.sum(y**2)


@moved(matrix(3, 3), vector(3), argnums=(0, 1))
def read_where_the_loop_writes(a, x):
    y = x * 1.0
    z = y[1:]
    for j in range(3):
        for i in range(2):
            z[i] += a[i, j] * y[j]
    return np.sum(y**2)


@moved(vector(3), 0.0, 0, argnums=(0, 1))
@moved(vector(3), 0.2, 2, argnums=(0, 1))
def a_slope_that_is_infinite(x, e, n):
    s = 0.0
    for i in range(len(x)):
        for _ in range(n):
            if e > 0.0:
                s += np.sqrt(e) * x[i]
            s += x[i] ** 2 + e
    return s


def test_an_element_that_may_be_missing_is_read_in_the_loop_only():
    def f(x, k, n):
        s = 0.0
        for i in range(x.size):
            for _ in range(n):
                s += x[k] * x[i]
        return s

    value, g = value_and_grad(f)(vector(3), 70, 0)
    assert value == 0.0 and not g.any()
    with pytest.raises(IndexError):
        value_and_grad(f)(vector(3), 70, 1)


def test_one_entry_for_all_trips_of_the_inner_loop():
    def f(a, x):
        y = np.exp(x)
        s = 0.0
        for j in range(len(y)):
            y[j] *= 2.0
            for i in range(j, a.size):
                s = np.cos(s + a[i] * y[j])
            y[j] = 0.0
        return s

    text = adjoint_source(value_and_grad(f, (0, 1)), vector(4), vector(3))
    grown = [line for line in text.splitlines() if "room(" in line]
    assert len(grown) == 1, text  # what the cosine is taken of, and not the factor


test_moved = moved.test()
