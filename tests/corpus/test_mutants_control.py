"""Programs that alone notice some mutant of the walk over blocks and branches (`transform.control`), and of
`transform.simplify`: gradients that stand in the middle of a function, and what a branch must not write."""

import numpy as np
import pytest

from dlsrc import adjoint_source, custom_vjp, dlarray, dlfeval, dlgradient, extractdata, stop_gradient, value_and_grad
from tests.oracle import assert_close, gradient

X = np.array([1.2, 0.9, 0.7])


def text_of(f, *args):
    return str(adjoint_source(f, *args))


# ---------------------------------------------------------------------------------- by an array that was written


def written(x):
    y = np.sin(x)
    y[0] = 3.0 * x[1]
    s = np.sum(y * y * x)
    return (dlgradient(s, y), y)


def written_in_a_branch_of_a_branch(x):
    y = np.sin(x)
    if x[0] > 0.1:
        if x[1] > 0.1:
            y[0] = 3.0 * x[1]
    s = np.sum(y * y * x)
    return (dlgradient(s, y), y)


def written_in_a_loop(x):
    y = np.sin(x)
    for i in range(2):
        y[i] = 3.0 * x[i + 1]
    s = np.sum(y * y * x)
    return (dlgradient(s, y), y)


@pytest.mark.parametrize("f", [written, written_in_a_branch_of_a_branch, written_in_a_loop])
def test_the_gradient_by_an_array_is_that_after_the_last_write(f):
    g, y = dlfeval(f, dlarray(X))
    assert_close(extractdata(g), 2.0 * extractdata(y) * X)
    assert ".copy()" not in text_of(f, dlarray(X))


def two_written(x):
    y = x * 2.0
    z = np.sin(x)
    y[0] = 1.0
    z[1] = x[0]
    y[1] = 2.0
    s = np.sum(y * y * z * z)
    dy, dz = dlgradient(s, y, z)
    return dy, dz, y, z


def test_the_gradients_by_two_arrays_written_in_turn():
    dy, dz, y, z = map(extractdata, dlfeval(two_written, dlarray(X)))
    assert_close(dy, 2.0 * y * z * z)
    assert_close(dz, 2.0 * z * y * y)


def written_in_a_branch_and_by_another(x):
    y = x * 2.0
    if x[0] > 0.1:
        y[0] = 3.0 * x[1]
    s = np.sum(y * y)
    dy, dx = dlgradient(s, y, x)
    return dy, dx


def test_the_gradients_by_an_array_that_a_branch_writes_to_and_by_another():
    dy, dx = map(extractdata, dlfeval(written_in_a_branch_and_by_another, dlarray(X)))
    assert_close(dy, [6.0 * X[1], 4.0 * X[1], 4.0 * X[2]])
    assert_close(dx, [0.0, 26.0 * X[1], 8.0 * X[2]])


def read_before_the_write(x):
    y = x * 2.0
    s = y[0] * x[1]
    y[0] = 3.0
    return (dlgradient(s * s, y), s)


def test_nothing_after_the_last_write_is_zero():
    g, _ = dlfeval(read_before_the_write, dlarray(X))
    assert_close(extractdata(g), np.zeros(3))
    assert "fill" not in text_of(read_before_the_write, dlarray(X))


def uniform(x):
    y = np.sin(x)
    s = np.sum(y) + x[0] * 2.0
    dy, dx = dlgradient(s, y, x)
    return dy, dx


def test_a_gradient_that_is_one_number_everywhere():
    dy, dx = map(extractdata, dlfeval(uniform, dlarray(X)))
    assert_close(dy, np.ones(3))
    assert_close(dx, np.cos(X) + [2.0, 0.0, 0.0])


def handed_on(x):
    w = x * 3.0
    y = x + w
    s = np.sum(y * y) + x[0]
    dy, dx = dlgradient(s, y, x)
    return dy, dx


def test_the_cotangent_goes_on_after_it_was_taken():
    dy, dx = map(extractdata, dlfeval(handed_on, dlarray(X)))
    assert_close(dy, 8.0 * X)
    assert_close(dx, 32.0 * X + [1.0, 0.0, 0.0])


# ---------------------------------------------------------------------------------- in loops


def by_what_a_trip_finds(x):
    s, g, h = x[0], 0.0, x * 0.0
    for i in range(3):
        t = s
        s = s * np.sin(s * x[i])
        a, b = dlgradient(s, t, x)
        g += a
        h = h + b
    return s, g, h


def by_what_a_trip_of_a_while_finds(x):
    s, g, h, i = x[0], 0.0, x * 0.0, 0
    while i < 3:
        t = s
        s = s * np.sin(s * x[i])
        a, b = dlgradient(s, t, x)
        g += a
        h = h + b
        i += 1
    return s, g, h


@pytest.mark.parametrize("f", [by_what_a_trip_finds, by_what_a_trip_of_a_while_finds])
def test_the_gradient_by_what_a_trip_finds(f):
    def after(x, n):
        s = x[0]
        for i in range(n):
            s = s * np.sin(s * x[i])
        return s

    s, g, h = map(extractdata, dlfeval(f, dlarray(X)))
    starts = [after(X, n) for n in range(3)]
    assert_close(g, sum(np.sin(t * z) + t * z * np.cos(t * z) for t, z in zip(starts, X, strict=True)))
    assert_close(h, sum(gradient(lambda x, n=n: after(x, n), X) for n in (1, 2, 3)))


def by_an_array_that_a_trip_finds(x):
    h = x * 1.0
    for _ in range(2):
        t = h
        h = h + h[0] * h[1]
        s = np.sum(h * h)
        a, b = dlgradient(s, t, x)
    return a, b, h


def test_the_gradient_by_an_array_that_a_trip_finds():
    def trip(h):
        return h + h[0] * h[1]

    a, b, h = map(extractdata, dlfeval(by_an_array_that_a_trip_finds, dlarray(X)))
    assert_close(h, trip(trip(X)))
    assert_close(a, gradient(lambda h: np.sum(trip(h) ** 2), trip(X)))
    assert_close(b, gradient(lambda x: np.sum(trip(trip(x)) ** 2), X))


def by_an_array_to_whose_cotangent_trips_add(x):
    h, s = x * 1.0, 0.0
    for _ in range(3):
        t = h
        s = s + h[0] * h[1]
        h = h + 1.0
        a, b = dlgradient(np.sum(h * h) + s, t, x)
    return a, b


def test_the_cotangent_of_what_a_trip_finds_goes_on():
    def after(x, n, s):
        h = x * 1.0
        for _ in range(n):
            s = s + h[0] * h[1]
            h = h + 1.0
        return np.sum(h * h) + s

    a, b = map(extractdata, dlfeval(by_an_array_to_whose_cotangent_trips_add, dlarray(X)))
    assert_close(a, gradient(lambda h: after(h, 1, 0.0), X + 2.0))
    assert_close(b, gradient(lambda x: after(x, 3, 0.0), X))


def by_what_a_trip_finds_and_writes_to(x):
    h = x * 1.0
    for _ in range(3):
        t = h
        s = h[0] * x[1]
        h[0] = 3.0
        a, b = dlgradient(s * s, t, x)
        h = h * 0.5
    return a, b


def test_the_gradient_by_what_a_trip_finds_and_writes_to():
    a, b = map(extractdata, dlfeval(by_what_a_trip_finds_and_writes_to, dlarray(X)))
    assert_close(a, np.zeros(3))
    assert_close(b, [0.0, 2.0 * 1.5**2 * X[1], 0.0])


def of_its_own(x, i):
    y = np.sin(x) * i
    y[0] = 3.0 * x[1]
    s = np.sum(y * y)
    return dlgradient(s, y)


def by_an_array_of_a_trip(x):
    g = x * 0.0
    for i in range(3):
        g = g + of_its_own(x, i)
    return (g,)


def test_the_gradient_by_an_array_of_a_trip_asks_for_no_other_trip():
    (g,) = map(extractdata, dlfeval(by_an_array_of_a_trip, dlarray(X)))
    assert_close(g, [18.0 * X[1], *(6.0 * np.sin(X[1:]))])
    assert text_of(by_an_array_of_a_trip, dlarray(X)).count("for ") == 2  # the second in a comment


# ---------------------------------------------------------------------------------- in while loops


def shares_with_the_test(x):
    s, g = x[0], x * 0.0
    while np.sin(s) > 0.2:
        s = s * np.sin(s) * x[1]
        g = g + dlgradient(s, x)
    return g


def turned(a):
    a[:] = np.sin(a) * a[::-1]
    return a[0]


def the_test_writes(x):
    a, g = x * 1.0, x * 0.0
    while turned(a) > 0.2:
        g = g + dlgradient(np.sum(a * a), x)
    return g


def in_the_test(x):
    s, g = x[0], x * 0.0
    while np.sum(dlgradient(s * x[1], x)) > 0.9:
        g = g + dlgradient(s * x[1], x)
        s = s * np.sin(s) * x[2]
    return g


def trips_of_shares_with_the_test(x, n):
    s = x[0]
    for _ in range(n + 1):
        s = s * np.sin(s) * x[1]
    return s


def trips_of_the_test_writes(x, n):
    a = x * 1.0
    for _ in range(n + 1):
        turned(a)
    return np.sum(a * a)


def trips_of_in_the_test(x, n):
    s = x[0]
    for _ in range(n):
        s = s * np.sin(s) * x[2]
    return s * x[1]


@pytest.mark.parametrize("f, after, trips", [
    (shares_with_the_test, trips_of_shares_with_the_test, 4),
    (the_test_writes, trips_of_the_test_writes, 3),
    (in_the_test, trips_of_in_the_test, 4),
], ids=lambda p: getattr(p, "__name__", ""))  # fmt: skip
def test_the_gradient_in_each_trip_of_a_while(f, after, trips):
    """The test that was run before a trip is gone back through with the trip: what it made, and what it wrote."""
    g = extractdata(dlfeval(f, dlarray(X)))
    assert_close(g, sum(gradient(lambda x, n=n: after(x, n), X) for n in range(trips)))


# ---------------------------------------------------------------------------------- whose memory a gradient is


@custom_vjp
def scaled(x, w):
    return np.sum(x * w)


scaled.defvjp(lambda x, w: (np.sum(x * w), w), lambda w, dy: (w, w))


def what_the_rule_is_given(x, w):
    v = np.exp(w)
    return extractdata(dlgradient(scaled(x, v), x)), extractdata(v)


def what_the_rule_is_given_on_one_way(x, w):
    v = np.exp(stop_gradient(x))
    if x[0] > 1.0:
        s = scaled(x, v)
    else:
        s = np.sum(np.sin(x))
    return extractdata(dlgradient(s, x)), extractdata(v)


def a_new_one_and_what_the_rule_is_given(x, w):
    v = np.exp(stop_gradient(x))
    if x[0] > 1.0:
        s = scaled(x, v) + np.sum(np.sin(w))
    else:
        s = np.sum(np.sin(x)) + np.sum(np.cos(w))
    dx, _ = dlgradient(s, x, w)
    return extractdata(dx), extractdata(v)


def what_was_computed_without_a_derivative(x, w):
    v = np.exp(stop_gradient(x))
    return extractdata(dlgradient(scaled(x, v), x)), extractdata(v)


def on_one_way_of_one_way(x, w):
    v = np.exp(stop_gradient(x))
    s = np.sum(np.sin(x))
    if x[0] > 1.0:
        if x[1] > 0.1:
            s = scaled(x, v)
        else:
            s = np.sum(np.cos(x))
    return extractdata(dlgradient(s, x)), extractdata(v)


@custom_vjp
def half_the_square(x):
    return 0.5 * np.sum(x * x)


half_the_square.defvjp(lambda x: (0.5 * np.sum(x * x), x), lambda x, dy: (x,))


@custom_vjp
def shifted(t, v):
    return np.sum(t * v[1:])


shifted.defvjp(lambda t, v: (np.sum(t * v[1:]), v), lambda v, dy: (v[1:], v * 0.0))


def a_view_of_what_the_rule_is_given(x, w):
    v = np.exp(stop_gradient(x))
    t = np.sin(x[1:])
    return extractdata(dlgradient(shifted(t, v), t)), extractdata(v)


def the_target_itself(x, w):
    return extractdata(dlgradient(half_the_square(x), x)), extractdata(x)


def the_argument_itself(x, w):
    return extractdata(dlgradient(scaled(x, w), x)), extractdata(w)


def one_cotangent(x, w):
    a, b = np.sin(x), np.cos(x)
    da, db = dlgradient(np.sum(np.exp(a + b)), a, b)
    return extractdata(da), extractdata(db)


def one_cotangent_on_one_way(x, w):
    a, b = np.sin(x), np.cos(x)
    if x[0] > 1.0:
        s = np.sum(np.exp(a + b))
    else:
        s = np.sum(a * b)
    da, db = dlgradient(s, a, b)
    return extractdata(da), extractdata(db)


def a_view(x, w):
    a = np.sin(x)
    da, db = dlgradient(np.sum(np.exp(a[::-1])), a, x)
    return extractdata(da), extractdata(db)


@pytest.mark.parametrize("f", [
    what_the_rule_is_given, what_the_rule_is_given_on_one_way, a_new_one_and_what_the_rule_is_given, what_was_computed_without_a_derivative,
    on_one_way_of_one_way, a_view_of_what_the_rule_is_given, the_target_itself, the_argument_itself, one_cotangent, one_cotangent_on_one_way, a_view,
])  # fmt: skip
def test_a_gradient_shares_its_memory_with_nothing(f):
    w = X + 1.0
    a, b = dlfeval(f, dlarray(X), dlarray(w))
    assert not np.shares_memory(a, b) and not np.shares_memory(a, w)
    assert a.flags.c_contiguous and b.flags.c_contiguous


def transposed(x):
    y = np.sin(x)
    return np.sum(y.T * np.exp(y.T))


IN_ORDER = np.outer(X + 2.0, X)


def beside_one_in_order(x):
    return np.sum(np.sin(x.T * IN_ORDER))


def added_up(x):
    return np.sum(np.sin(x)) * np.sum(np.exp(x))


def handed_through_a_loop(x):
    h = x
    for _ in range(3):
        h = np.sin(h)
    return np.sum(h)


def test_a_gradient_is_in_order_and_no_copy():
    x = np.outer(X, X + 1.0)
    g = value_and_grad(transposed)(x)[1]
    assert g.flags.c_contiguous
    assert_close(g, (1.0 + np.sin(x)) * np.exp(np.sin(x)) * np.cos(x))
    assert_close(value_and_grad(beside_one_in_order)(x)[1], (np.cos(x.T * IN_ORDER) * IN_ORDER).T)
    assert "np.ascontiguousarray(dx)" in text_of(value_and_grad(beside_one_in_order), x)
    for f in (handed_through_a_loop, added_up):
        assert_close(value_and_grad(f)(X)[1], gradient(f, X))
        text = text_of(value_and_grad(f), X)
        assert ".copy()" not in text and "contiguous" not in text, text


def kept_for_another_gradient(x, y):
    t = 1.0
    for i in range(3):
        v = x.T
        g = extractdata(dlgradient(np.sum(np.sin(v)), v))
        t = t + np.sum(np.sin(g * y[i]))
    return (dlgradient(t, y),)


def test_a_gradient_in_order_is_kept_as_it_is():
    x = np.outer(X, X + 1.0)
    (g,) = dlfeval(kept_for_another_gradient, dlarray(x), dlarray(X))
    assert_close(extractdata(g), [np.sum(np.cos(np.cos(x) * z) * np.cos(x)) for z in X])
    text = text_of(kept_for_another_gradient, dlarray(x), dlarray(X))
    assert ".copy()" not in text, text


def zero_of_a_number(x):
    t = x[0] * 2.0
    return dlgradient(x[1] * 3.0, t), x


def in_a_branch(x):
    t = x * 2.0
    g = t * 0.0
    if x[0] > 1.0:
        g = g + dlgradient(np.sum(t * t), t)
    return g, x


def test_a_gradient_of_a_number_and_one_in_a_branch():
    assert_close(extractdata(dlfeval(zero_of_a_number, dlarray(X))[0]), 0.0)
    assert "copy" not in text_of(zero_of_a_number, dlarray(X))
    assert_close(extractdata(dlfeval(in_a_branch, dlarray(X))[0]), 4.0 * X)


def test_the_trips_of_a_segment_are_all_gone_back_through():
    def f(x):
        s = x[0]
        for i in range(9):
            s = s + np.sin(s * x[i % 3])
        return s

    assert_close(value_and_grad(f, checkpoint=3)(X)[1], gradient(f, X))


@custom_vjp
def wrong(w):
    return np.sum(w)


wrong.defvjp(lambda w: (np.sum(w), w), lambda w, dy: (w[1:] * dy,))


def test_a_loss_that_does_not_depend_on_the_target_asks_for_no_rule():
    def f(x, w):
        return dlgradient(wrong(w), x), x

    g, _ = dlfeval(f, dlarray(X), dlarray(X))
    assert_close(extractdata(g), np.zeros(3))


# ---------------------------------------------------------------------------------- what a branch does not write


def beside_a_branch(x, n):
    y = x * 2.0
    k = 1
    if n > 3:
        k = n
    return np.sum(y) * k


def beside_a_loop(x, n):
    y = x * 2.0
    k = 1
    for i in range(n):
        k = (k * 3 + i) % 7
    return np.sum(y) * k


def beside_a_while(x, n):
    y = x * 2.0
    k = 1
    while k < n:
        k = k * 2 + 1
    return np.sum(y) * k


def the_same_everywhere_on_two_ways(x):
    if x[0] > 1.0:
        y = np.sin(x)
    else:
        y = np.cos(x)
    return np.sum(y)


def the_same_everywhere_on_two_ways_of_a_trip(x):
    s = 0.0
    for i in range(3):
        if x[i] > 1.0:
            y = np.sin(x)
        else:
            y = np.cos(x)
        s = s + np.sum(y)
    return s


def the_same_everywhere_over_a_branch(x):
    y = np.sin(x)
    s = x[0]
    if s > 1.0:
        s = s * s
    return np.sum(y) * s


def of_two_shapes(x):
    if x[0] > 1.0:
        y = np.sin(x)
    else:
        y = np.cos(x[1:])
    return np.sum(y * y)


def emptied_on_one_way(x):
    if x[0] > 1.0:
        y = np.sin(x)
        y[0] = 2.0
    else:
        y = 1.0 / x
    return np.sum(y * y)


def emptied_on_one_way_and_after(x):
    y = np.cos(x)
    if x[0] > 1.0:
        y[2] = 2.0
    else:
        y[2] = 1.0 / x[2]
    y[1] = 3.0
    return np.sum(y * y)


def of_two_ways_that_choose_nothing(x):
    y = 1.0 / x
    if x[0] > 1.0:
        s = np.sum(y * y)
    else:
        s = np.sum(np.sin(y))
    return s


def on_one_way_of_a_trip(x):
    s = 1.0
    for i in range(3):
        v = np.sin(x * x[i])
        if x[i] > 0.8:
            s = s + x[0]
        else:
            s = s * np.sum(v * v)
    return s


def handed_to_two_ways(x):
    if x[0] > 1.0:
        a = np.sin(x)
        s = a[0]
        y = a
    else:
        b = np.cos(x)
        s = b[1]
        y = b
    return s * y[2] + np.sum(y)


def not_bound_on_one_way(x):
    if x[0] > 1.0:
        y = np.sin(x)
    s = x[1]
    if x[0] > 1.0:
        s = np.sum(y * y) * s
    return s


@pytest.mark.parametrize("f, args, absent", [
    (beside_a_branch, (4,), "zeros_like(y)"),
    (beside_a_loop, (4,), "zeros_like(y)"),
    (beside_a_while, (4,), "zeros_like(y)"),
    (the_same_everywhere_on_two_ways, (), "zeros"),
    (the_same_everywhere_on_two_ways, (), ".copy()"),
    (the_same_everywhere_on_two_ways_of_a_trip, (), "zeros_like(y)"),
    (the_same_everywhere_over_a_branch, (), "zeros_like(y)"),
    (of_two_shapes, (), "sum_to"),
    (emptied_on_one_way, (), "masked"),
    (emptied_on_one_way_and_after, (), "masked"),
    (of_two_ways_that_choose_nothing, (), "masked"),
    (on_one_way_of_a_trip, (), "sum_to"),
    (handed_to_two_ways, (), "accumulate"),
    (not_bound_on_one_way, (), "sum_to"),
], ids=lambda p: getattr(p, "__name__", ""))  # fmt: skip
def test_a_branch_writes_only_what_it_must(f, args, absent):
    assert_close(value_and_grad(f)(X, *args)[1], gradient(f, X, *args))
    text = text_of(value_and_grad(f), X, *args)
    assert absent not in text, text


def used_on_one_of_three_ways(x):
    y = np.exp(x)
    s = 0.0
    if x[0] > 1.0:
        s = np.sin(x[2])
    elif x[1] > 1.0:
        s = np.sin(np.sum(y * y))
    return s + np.sum(y)


def handed_on_by_one_of_three_ways(x):
    y = x
    if x[0] > 1.0:
        if x[1] > 1.0:
            y = np.sin(x) * x
    else:
        y = np.cos(x)
    return np.sum(y) + x[0]


def handed_on_in_a_trip(x):
    s = 0.0
    for i in range(3):
        v = x * x[i]
        y = v
        if x[i] > 1.0:
            if x[0] > 0.5:
                y = np.sin(v) * v
        else:
            y = np.cos(v)
        s = s + np.sum(y)
    return s


@pytest.mark.parametrize("f", [used_on_one_of_three_ways, handed_on_by_one_of_three_ways, handed_on_in_a_trip])
def test_what_is_the_same_everywhere_is_written_out_once(f):
    assert_close(value_and_grad(f)(X)[1], gradient(f, X))
    text = text_of(value_and_grad(f), X)
    assert text.count(" = np.zeros_like(y") == 1, text
    assert text.count("fill(dy") == 1, text


def like_what_one_way_makes(x):
    s = 0.0
    for i in range(3):
        v = x[1:] * (x[i] + s)
        s = s + np.sin(v[0]) * v[1]
    if s > 100.0:
        y = np.exp(x[1:])
        t = np.sum(y * y)
    else:
        t = x[0]
    return s * t


def test_no_shape_is_that_of_an_array_that_one_way_makes():
    assert_close(value_and_grad(like_what_one_way_makes)(X)[1], gradient(like_what_one_way_makes, X))


def a_cotangent_of_a_branch_is_another_ones_too(x, u):
    s = x[0] * 3.0
    w = np.exp(x)
    if x[1] > 0.1:
        y = x
    else:
        y = w
    z = y + u
    return np.sum(z * z) + s


def test_a_cotangent_that_a_branch_hands_on_may_be_another_ones():
    f, args = a_cotangent_of_a_branch_is_another_ones_too, (X, X + 1.0)
    for g, expected in zip(value_and_grad(f, (0, 1))(*args)[1], gradient(f, *args, argnums=(0, 1)), strict=True):
        assert_close(g, expected)


def emptied_on_the_way_taken(x):
    y = np.sqrt(x)
    if x[1] > 0.0:
        y[0] = 1.0
    return np.sum(y)


def not_chosen_by_the_way_taken(x):
    r = np.sqrt(x[0])
    if x[1] > 0.0:
        r = 1.0
    return r + x[1]


def chosen_by_the_other_way(x):
    if x[1] > 0.0:
        t = 1.0
    else:
        t = x[0]
    return t * x[1]


def test_what_is_not_chosen_is_zero_where_its_slope_is_infinite():
    x = np.array([0.0, 1.0, 4.0])
    assert_close(value_and_grad(emptied_on_the_way_taken)(x)[1], [0.0, 0.5, 0.25])
    assert_close(value_and_grad(not_chosen_by_the_way_taken)(x)[1], [0.0, 1.0, 0.0])
    assert_close(value_and_grad(chosen_by_the_other_way)(x)[1], [0.0, 1.0, 0.0])
    assert_close(value_and_grad(chosen_by_the_other_way)(-x)[1], [-1.0, 0.0, 0.0])


def test_additions_around_a_branch_without_a_derivative_are_one():
    def f(x):
        s = x[0] * 2.0
        k = 1
        if s > 1.0:
            k = 2
        return (s + x[0] * x[1]) * k

    assert_close(value_and_grad(f)(X)[1], [2.0 * (2.0 + X[1]), 2.0 * X[0], 0.0])
    assert text_of(value_and_grad(f), X).count("dx[0] +=") == 1


def test_a_branch_without_a_derivative_keeps_nothing():
    def f(x):
        s, k, c = x[0], 0, 0
        while c < 3:
            s = s * np.sin(s)
            c += 1
            if np.sum(np.exp(x * s)) > 2.0:
                k = k + 1
        return s * k

    assert "bool" not in text_of(value_and_grad(f), X)


# ---------------------------------------------------------------------------------- simplify


def test_a_program_in_which_nothing_is_left_to_do_is_gone_over_once(monkeypatch=None):
    import importlib

    module = importlib.import_module("dlsrc.transform.simplify")
    from dlsrc.transform.ir import Program

    rounds = []
    fold = module.fold

    def counted(program, **options):
        rounds.append(program)
        return fold(program, **options)

    module.fold = counted
    try:
        module.simplify(Program("f", (), (), (), {}))
    finally:
        module.fold = fold
    assert len(rounds) == 1


def beside_an_idle_loop(x, p):
    y = x * 1.0
    s = p
    for i in range(3):
        if y[i] > 0.2:
            for k in range(len(y)):
                c = 0.1
                for e in y:
                    c = 0.5 * c + np.sin(e)
                    if c > 1.5:
                        break
                y[np.array([0, 1])] = 0.3 * c * y[k]
        s = s * np.sin(s + y[0])
    return s


def test_a_loop_without_a_derivative_keeps_nothing():
    found = value_and_grad(beside_an_idle_loop, 1)(X, 0.7)[1]
    assert_close(found, gradient(beside_an_idle_loop, X, 0.7, argnums=1))
    assert "y_kept" not in text_of(value_and_grad(beside_an_idle_loop, 1), X, 0.7)
