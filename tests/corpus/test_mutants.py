"""Programs that alone notice some mutant of the generator (`tests.mutation`): each was a hole in the other tests."""

import numpy as np

from dlsrc import adjoint_source, dlarray, dlfeval, dlgradient, explain, extractdata, grad, value_and_grad
from tests.oracle import Programs, assert_close, gradient, vector

programs = Programs()


# ---------------------------------------------------------------------------------- the test of a while loop


@programs(vector(5), compiled=True)
def computed_in_the_test_behind_an_and(x):
    s, i = 1.0, 0
    while i < len(x) and (v := np.sin(np.exp(x[i]))) < 0.995:
        s = s * v + x[0]
        i += 1
    return s


@programs(vector(4))
def an_array_that_is_written_after_the_test(x):
    a = np.sin(x) * 3.0
    s = 1.0
    while (v := np.sum(np.sin(a))) > 1.0:
        s = s * np.cos(v) + x[1]
        a *= 0.5
    return s


@programs(vector(4))
def an_array_in_the_test_behind_an_and(x):
    a = np.sin(x) * 3.0
    s, k = 1.0, 0
    while k < 9 and (v := np.sum(np.sin(a))) > 1.0:
        s = s * np.cos(v) + x[1]
        a *= 0.5
        k += 1
    return s


@programs(vector(4))
def a_value_of_the_test_is_added_up(x):
    s, i = 0.0, 0
    while (v := np.exp(x[i])) > 1.7 and i < 3:
        s += v * x[0]
        i += 1
    return s


def moved(a):
    a[:] = np.sin(a) * a[::-1]
    return a[0]


def of_a_copy(a):
    b = np.sin(a)
    b[0] *= a[1]
    return b[0] * b[1]


@programs(vector(3))
def the_last_test_writes_once_more(x):
    """The condition as the first statement of the body: in `while moved(a) < 2.0` it is refused, and the last write
    was once lost (found by the mutant that does not reverse the test)."""
    a = x.copy()
    s, k = 1.0, 0
    while True:
        if not (moved(a) < 2.0 and k < 3):
            break
        s = s * np.cos(a[0])
        k += 1
    return s * a[1]


@programs(vector(3))
def the_test_writes_to_memory_of_its_own(x):
    a = np.exp(x)
    s, k = 1.0, 0
    while k < 3 and of_a_copy(a) < 9.0:
        s = s * np.cos(a[0])
        a[1] = a[1] * s
        k += 1
    return s * a[1]


# ---------------------------------------------------------------------------------- loops in branches of loops


@programs(vector(4))
def a_while_in_a_branch_of_a_while(x):
    s, i = x[0], 0
    while i < 4:
        if x[i] > 0.8:
            j = 0
            while j < 3:
                s = s * np.sin(x[j] * s)
                j += 1
        else:
            s = np.sin(s)
        i += 1
    return s


@programs(vector(4), compiled=True)
def a_while_in_the_other_branch_of_a_for(x):
    s = x[0]
    for i in range(4):
        if x[i] > 0.8:
            s = np.sin(s)
        else:
            if x[i] < 2.0:
                j = 0
                while j < 3:
                    s = s * np.sin(x[j] * s)
                    j += 1
    return s


# ---------------------------------------------------------------------------------- sums


@programs(vector(4))
def only_one_sum_has_a_cotangent_before_the_loop(x):
    s, t = 0.0, 0.0
    for i in range(len(x)):
        s += np.exp(x[i])
        t += np.sin(x[i])
    u = 0.5
    for i in range(len(x)):
        u = u * x[i] + 1.0
    return s + t * u


# ---------------------------------------------------------------------------------- whose memory a cotangent is


@programs(vector(4))
def a_cotangent_of_two_operands_one_of_them_a_copy(x):
    b = np.sin(x)
    w = x * 2.0
    p = w[0]
    a = w.copy()
    y = a + b
    return np.sum(np.sin(y)) * p


@programs(vector(4))
def a_sum_with_an_array_that_was_written(x):
    w = np.sin(x)
    y = x * 2.0
    y[0] = x[1]
    z = y + w
    return np.sum(z * z)


@programs(vector(3), vector(3) + 1.0, argnums=(0, 1), compiled=True)
def two_arguments_with_one_cotangent(a, b):
    return np.sum(np.sin(a + b))


@programs({"u": vector(3), "v": vector(3) + 1.0})
def two_leaves_with_one_cotangent(p):
    return np.sum(np.exp(p["u"] + p["v"]))


# ---------------------------------------------------------------------------------- second derivatives


def chained(x):
    a = np.sin(x)
    if x[0] > 0.1:
        for i in range(3):
            a = np.sin(a * x[i])
    return np.sum(a * x)


@programs(vector(3))
def the_square_of_a_slope_whose_arrays_are_kept_in_a_branch(x):
    g = grad(chained)(x)
    return np.sum(g * g)


@programs(vector(3))
def the_square_of_a_slope_whose_branch_is_not_taken(x):
    g = grad(chained)(x - 2.0)
    return np.sum(g * g)


# ---------------------------------------------------------------------------------- out of branches


@programs(vector(4))
def an_array_of_a_branch_in_a_branch_is_a_cotangent(x):
    s = 0.0
    if x[0] > 0.1:
        b = np.exp(x[1:])
        s = np.sum(x[:-1] * b) + x[0] * b[1]
        if x[1] > 0.2:
            c = np.sin(b)
            s = s + np.sum(c * x[1:]) * x[2]
            x[1] = s
    return s * x[1]


test_mutants = programs.test()


def test_explain_tells_every_tape():
    def f(x):
        s, total, h = x[0], 0.0, np.sin(x)
        for i in range(3):
            s = s * np.sin(s * x[i])
            h = np.tanh(h * s)
        a = np.cos(x)
        while s < 0.9 and total < 3.0:
            s = np.exp(s * 0.5)
            total += np.sum(np.sin(a))
            a *= 0.5
        return s + total + np.sum(h)

    report = str(explain(value_and_grad(f), vector(3)))
    for line in (
        "a  24 bytes a trip, as copies", "s  8 bytes a trip, in an array that grows",
        "s, v2  8 bytes a trip each, in an array: 48 bytes", "h  24 bytes a trip, in an array: 72 bytes",
    ):  # fmt: skip
        assert line in report, report


def test_three_loops_in_each_other_have_one_array_and_four_one_that_grows():
    def three(x, n):
        s = x[0]
        for i in range(n):
            for j in range(n):
                for k in range(n):
                    s = s * np.sin(s * x[(i + j + k) % 3])
        return s

    def four(x, n):
        s = x[0]
        for i in range(n):
            for j in range(n):
                for k in range(n):
                    for m in range(n):
                        s = s * np.sin(s * x[(i + j + k + m) % 3])
        return s

    assert "in an array: 192 bytes" in str(explain(value_and_grad(three), vector(3), 2))
    assert "in an array that grows" in str(explain(value_and_grad(four), vector(3), 2))


def test_memory_for_a_loop_inside_of_sums_is_made_once():
    def f(x, n):
        total = 0.0
        for i in range(len(x)):
            s = x[i]
            for _ in range(n):
                s = np.sin(s * x[i])
            while s < 2.0:
                s = s * np.exp(s)
            total += s
        return total

    text = adjoint_source(value_and_grad(f), vector(4), 3)
    before, _, inside = text.partition("    for i in range(x.shape[0]):")
    assert before.count(" = np.empty(") == 3 and "np.empty(" not in inside, text


def test_a_gradient_after_an_inner_loop_in_each_trip():
    def f(x):
        s, total = x[0], x * 0.0
        for _ in range(3):
            j = 0
            while j < 2:
                s = s * np.sin(s * x[j])
                j += 1
            total = total + dlgradient(s, x)
        return s, total

    def after(x, n):
        s = x[0]
        for _ in range(n):
            for j in range(2):
                s = s * np.sin(s * x[j])
        return s

    x = np.array([1.2, 0.9, 0.7])
    s, total = dlfeval(f, dlarray(x))
    assert_close(extractdata(s), after(x, 3))
    assert_close(extractdata(total), sum(gradient(lambda x, n=n: after(x, n), x) for n in (1, 2, 3)))


def gradient_by_one_array_twice(x):
    y = np.sum(np.sin(x) * x)
    a, b = dlgradient(y, x, x)
    a[0] = 7.0
    return a, b


def test_the_gradients_by_one_array_are_two_arrays():
    x = vector(4)
    a, b = (extractdata(g) for g in dlfeval(gradient_by_one_array_twice, dlarray(x)))
    expected = np.sin(x) + x * np.cos(x)
    assert a[0] == 7.0 and np.array_equal(a[1:], b[1:])
    np.testing.assert_allclose(b, expected, rtol=1e-13)
