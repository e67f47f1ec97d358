"""Numbers that NumPy has in arrays without dimensions: what ``+=`` does to other names is done or refused."""

import numpy as np
import pytest

from dlsrc import value_and_grad
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, assert_close, vector

programs = Programs()


@programs(0.7)
def a_sum_in_an_array(p):
    total = np.array(0.0)
    for k in range(3):
        total += np.sin(p * k)
    return total * p


@programs(0.7)
def chosen_and_changed(p):
    w = np.where(p > 0.5, p * p, -p)
    w *= 3.0
    return w - p


@programs(0.7)
def another_name_that_is_gone(p):
    def half(q):
        found = np.where(q > 0.0, q / 2.0, q)
        return found

    w = half(p)
    w += np.sin(p)
    return w * p


@programs(0.7)
def bound_anew_in_every_trip(p):
    s = 0.0
    for k in range(4):
        w = np.where(k % 2 == 0, p * k, -p)
        w -= p * p
        s = s + w * w
    return s


@programs(vector(4))
def numbers_made_of_it(x):
    a = np.array(x[0])
    b = a * 1.0
    c = float(a)
    a += x[1]
    return a * b * c + np.copy(x[2])


@programs(vector(4))
def in_a_list_of_its_own(x):
    parts = [np.array(x[0]), np.where(x[1] > x[2], x[1], x[2])]
    parts[0] += x[3]
    parts[1] *= 2.0
    return parts[0] * parts[1]


@programs(0.7)
def the_number_of_an_item(p):
    items = [np.full(2, p), np.full(2, p * p)]
    return np.sum(items[np.where(p > 0.5, 1, 0)]) * p


@programs(0.7)
def one_way_only(p):
    a = np.array(p)
    if p > 0.5:
        a = a * p
        a += 1.0
    return a * p


test_programs = programs.test()


def two_names(p):
    a = np.where(p > 0, p, 2 * p)
    b = a
    a += 1.0
    return b * 1.0


def in_a_list(p):
    a = np.array(p)
    kept = [a]
    a += 1.0
    return kept[0] * p


def item_of_a_list(p):
    a = np.array(p)
    kept = [a]
    kept[0] *= 2.0
    return a * p


def passed_to_a_function(p):
    def change(q):
        q += 1.0
        return q

    a = np.array(p)
    b = change(a)
    return a * b


def second_name_on_one_way(p):
    a = np.array(p)
    b = 1.0
    if p > 0.5:
        b = a
    a += 1.0
    return a * b


def conditional(p):
    a = np.array(p)
    b = a if p > 0.5 else 2.0
    a += 1.0
    return a * b


def changed_in_a_loop(p):
    a = np.array(p)
    b = a
    for _ in range(2):
        a += 1.0
    return a * b


def second_name_of_the_trip_before(p):
    a, b, s = 0.0, 0.0, 0.0
    for _ in range(3):
        a += 1.0
        s = s + b * p
        a = np.array(a * p)
        b = a
    return s


def of_the_trip_before_that(p):
    a, b, c, s = np.array(p), np.array(1.0), np.array(2.0), 0.0
    for _ in range(3):
        a += 1.0
        s = s + c * p
        c = b
        b = a
    return s


def as_an_array(p):
    a = np.array(p)
    b = np.asarray(a)
    a += 1.0
    return b * p


def squeezed(p):
    x = np.full(1, p)
    a = np.squeeze(x, axis=0)
    a += 1.0
    return x[0] * p


def reshaped(p):
    x = np.full(1, p)
    a = x.reshape(())
    a += 1.0
    return x[0] * p


def seen_by_a_closure(p):
    a = np.array(p)
    b = a

    def later():
        return b * 1.0

    b = 0.0 * p
    kept = later
    c = a
    a += 1.0
    return kept() + c


def handed_out(p):
    def make():
        inner = np.array(p)

        def look():
            return inner * 1.0

        return inner, look

    a, look = make()
    a += 1.0
    return look() * p


def by_another_function(p):
    a = np.array(p)
    b = a.T
    c = max(a, 0.1)
    a += 1.0
    return b * c


def the_greater_of_two(p):
    a = np.array(p)
    c = max(a, 0.1)
    a += 1.0
    return a * c


REFUSED = [
    by_another_function, the_greater_of_two, two_names, in_a_list, item_of_a_list, passed_to_a_function,
    second_name_on_one_way, conditional, changed_in_a_loop, second_name_of_the_trip_before,
    of_the_trip_before_that, as_an_array, squeezed, reshaped, seen_by_a_closure, handed_out,
]


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_a_change_that_another_name_sees_is_refused(f):
    with pytest.raises(UnsupportedSyntax, match="array without dimensions"):
        value_and_grad(f)(0.7)


ELSEWHERE = np.array(2.0)


def of_the_module(p):
    c = ELSEWHERE
    c += 1.0
    return c * p


def squeezed_view(p):
    x = np.full(1, p)
    a = np.squeeze(x, axis=0)
    x[0] = 5.0
    return a * p


def reshaped_view(p):
    x = np.full(1, p)
    a = x.reshape(())
    x += 5.0
    return a * p


def ellipsis(p):
    x = np.full(3, p)
    s = 0.0
    for k in range(2):
        s = s + x[k, ...] * p
        a = x[k + 1, ...]
        x[k + 1] = 2.0
        s = s + a
    return s


def into_a_number(p):
    a = np.array(p)
    np.add(a, 1.0, out=a)
    return a * p


OTHERS = [
    (of_the_module, "without dimensions"), (squeezed_view, "view of an element"),
    (reshaped_view, "view of an element"), (ellipsis, "view of an element"), (into_a_number, "cannot be written"),
]


@pytest.mark.parametrize("f, why", OTHERS, ids=[f.__name__ for f, _ in OTHERS])
def test_a_number_that_is_memory_elsewhere_is_refused(f, why):
    with pytest.raises(UnsupportedSyntax, match=why):
        value_and_grad(f)(0.7)
    assert ELSEWHERE == 2.0


def test_a_view_of_an_element_that_is_not_written_to_is_a_number():
    def f(x):
        s = 0.0
        for k in range(3):
            s += x[k, ...] * np.squeeze(x[k : k + 1], axis=0)
        x = x.copy()
        x[0] = 9.0
        return s

    assert_close(value_and_grad(f)(np.array([1.0, 2.0, 3.0]))[1], np.array([2.0, 4.0, 6.0]))


def test_an_argument_may_be_one():
    def one(p):
        p += 1.0
        return p * p

    def two(p):
        q = p
        p += 1.0
        return p * q

    assert_close(value_and_grad(one)(np.array(0.5)), (2.25, 3.0))
    with pytest.raises(UnsupportedSyntax, match="`p` is an array without dimensions"):
        value_and_grad(two)(np.array(0.5))
    assert_close(value_and_grad(two)(0.5), (0.75, 2.0))


def test_it_keeps_its_dtype():
    def f(p):
        n = np.array(3)
        n += 0.5
        return n * p

    with pytest.raises(UnsupportedSyntax, match="stays int64"):
        value_and_grad(f)(0.5)
