"""Programs that alone notice some mutant of `dlsrc.transform.adjoint`: places of shadows, and whose memory is whose."""

import numpy as np
import pytest

from dlsrc import adjoint_source, custom_vjp, dlode45, grad, value_and_grad
from dlsrc.errors import DifferentiationError
from tests.oracle import Programs, vector

programs = Programs()


def text(f, *args, argnums=0):
    return str(adjoint_source(value_and_grad(f, argnums), *args))


# ---------------------------------------------------------------------------------- places that may be one


@programs(vector(2, 3))
def a_new_axis_is_no_place(x):
    """`y[None, 0]` is the first row, in which `y[0, 1]` lies: once taken for apart."""
    y = x * 1.0
    a = y[0, 1]
    y[None, 0] = 1.0
    b = y[0, 1]
    return a * a + b * 3.0


@programs(vector(1))
def the_first_is_the_last(x):
    y = x * 1.0
    a = y[0]
    y[-1] = 1.0
    b = y[0]
    return a * a + b * 3.0


@programs(vector(1))
def the_place_before_the_first_is_the_last(x):
    y = x * 1.0
    s = 0.0
    for i in range(len(y)):
        a = y[i - 1]
        y[i] = 1.0
        s += a * a + y[i - 1] * 3.0
    return s


@programs(vector(1))
def the_place_before_the_first_of_a_loop_in_a_loop(x):
    y = x * 1.0
    s = 0.0
    for j in range(1, 3):
        for i in range(len(y)):
            a = y[i - 1]
            y[i] = 1.0
            s += a * a + y[i - 1] * 3.0 * j
    return s


@programs(vector(2), compiled=True)
def two_before_the_first_of_two(x):
    y = x * 1.0
    s = 0.0
    for i in range(1, len(y)):
        a = y[i - 2]
        y[i] = 1.0
        s += a * a + y[i - 2] * 3.0
    return s


@programs(vector(3))
def the_place_before_a_computed_one(x):
    y = x * 1.0
    s = 0.0
    for k in range(2, 4):
        i = k % 3
        a = y[i - 3]
        y[i] = 1.0
        s += a * a + y[i - 3] * 3.0
    return s


@programs(vector(3))
def one_place_in_other_words(x):
    y = x * 1.0
    s = 0.0
    for i in range(1, 3):
        a = y[max(i, 1)]
        y[i] = 1.0
        s += a * a + y[max(i, 1)] * 3.0
        b = y[i - 0]
        y[i] = 2.0
        s += b * b + y[i - 0] * 3.0
    return s


@programs(vector(3))
def a_counter_meets_a_literal(x):
    y = x * 1.0
    s = 0.0
    for i in range(1, 3):
        a = y[1]
        y[i] = 1.0
        s += a * a + y[1] * 3.0
    return s


@programs(vector(2))
def one_before_and_three_before_of_two(x):
    y = x * 1.0
    s = 0.0
    for i in range(1, len(y)):
        a = y[i - 3]
        y[i - 1] = 1.0
        s += a * a + y[i - 3] * 3.0
    return s


@programs(vector(2))
def around_the_end(x):
    """Of two places, k + 1 and k + 3 are one where k is -2."""
    y = x * 1.0
    k = int(x[0]) - 2 - int(x[0])
    a = y[k + 3]
    y[k + 1] = 1.0
    return a * a + y[k + 3] * 3.0


@programs(vector(3))
def less_a_literal(x):
    y = np.sin(x)
    y[0] -= 2.0
    y[1] -= x[0] * x[2]
    return np.sum(y * y)


@programs(vector(3))
def a_place_is_read_before_and_after_another_is_written(x):
    y = np.sin(x)
    a = y[0]
    y[1] = 2.0
    return a * y[0] * y[2]


@programs(vector(3))
def written_over_between(x):
    y = x * 1.0
    a = y[0]
    y[0] = 1.0
    return a * a + y[0] * 3.0


@programs(vector(3))
def down_to_the_first(x):
    y = x * 1.0
    s = 0.0
    for i in range(2, -1, -1):
        if i == 0:
            a = y[i - 3]
            y[i] = 1.0
            s += a * a + y[i - 3] * 3.0
    return s


@programs(vector(3))
def a_range_from_a_computed_place(x):
    y = x * 1.0
    s = 0.0
    for i in range(int(x[0] * 0.0), 2):
        a = y[i - 3]
        y[i] = 1.0
        s += a * a + y[i - 3] * 3.0
    return s


@programs(vector(3))
def a_place_is_read_between(x):
    """What `y[0] += e` gives to e must hold what was added to that place before, and not what is added after."""
    y = x * 1.0
    a = y[0]
    y[0] += x[1] * x[2]
    return a * a + y[0] * 3.0


@programs(vector(3), 0.5, argnums=(0, 1))
def all_places_are_read_between(x, s):
    y = x * 1.0
    a = y[0]
    y += s * s
    b = y[0]
    y += x * x
    return a * a + b * b * y[0]


# ---------------------------------------------------------------------------------- arrays that may be one


@programs(vector(3), vector(3) + 1.0, 1.0, argnums=(0, 1))
def picked_of_one_of_two(x, y, p):
    a, b = x * 1.0, y * 2.0
    v = a if p > 0 else b
    v[0] = 3.0
    return a[0] * b[0] + np.sum(v[np.array([1, 2, 1])] * x)


@programs(vector(3), vector(3) + 1.0, argnums=(0, 1))
def a_sign_has_no_slope(x, y):
    z = y * y
    return np.sum(np.copysign(x * x, z)) + np.sum(z)


# ---------------------------------------------------------------------------------- whose memory a cotangent is


@programs(vector(3))
def a_cotangent_of_two_operands_goes_on_to_one(x):
    """Of z it is that of b too, which is read after something was added to that of w."""
    b = np.sin(x)
    w = x * 2.0
    s = w[0]
    a = w + 1.0
    z = a + b
    return np.sum(z * z) * s


@programs(vector(3))
def a_copy_of_two_operands_goes_on_to_one(x):
    b = np.sin(x)
    w = x * 2.0
    s = w[0]
    a = w + 1.0
    z = a + b
    u = np.zeros_like(x)
    u[:] = z
    return np.sum(u * u) * s


test_mutants_adjoint = programs.test()


def test_the_cotangent_of_one_operand_becomes_its_shadow():
    def of_a_shadow(x):
        w = np.sin(x)
        a = w[0]
        z = w + 1.0
        return a * z[1] * z[2]

    def of_a_copy(x):
        w = np.sin(x)
        a = w[0]
        z = w + 1.0
        y = np.zeros(4)
        y[1:] = z
        return np.sum(y * y) * a

    for f in of_a_shadow, of_a_copy:
        assert "zeros_like(w)" not in text(f, vector(3)), text(f, vector(3))


# ---------------------------------------------------------------------------------- one statement for each place


def test_what_is_emptied_and_added_to_is_put():
    def swept(x):
        y = np.sin(x)
        for i in range(1, len(x) - 1):
            y[i] = y[i] * 0.5 + y[i - 1] * 0.3 + y[i + 1] * 0.1
        return y[-1] * y[1]

    def from_zero(x):
        y = np.sin(x)
        for i in range(len(x) - 1):
            y[i] = y[i] * 0.5 + y[i + 1] * 0.1
        return y[-1] * y[1]

    for f in swept, from_zero:
        found = text(f, vector(6))
        assert "dy[i] = 0.0" not in found and "dy[i] = " in found, found


def test_what_is_added_twice_to_a_place_is_added_once():
    def first(x):
        y = np.sin(x)
        a = y[0]
        y[1] = 2.0
        return a * y[0] * y[2]

    def last(x):
        y = np.sin(x)
        a = y[-1]
        y[-2] = 2.0
        return a * y[-1] * y[0]

    def other_way_round(x):
        y = np.sin(x)
        a = y[1]
        y[0] = 2.0
        return a * y[1] * y[2]

    def of_a_matrix(x):
        y = np.sin(x.reshape(2, 2))
        a = y[0, 0]
        y[0, 1] = 2.0
        return a * y[0, 0] * y[1, 0]

    for f, place in (first, "0"), (last, "-1"), (other_way_round, "1"), (of_a_matrix, "0, 0"):
        found = text(f, vector(4))
        assert found.count(f"dy[{place}] += ") == 1, found


# ---------------------------------------------------------------------------------- what was not selected


ZERO_FIRST = np.array([0.0, 1.0, 4.0])


def slope(f):
    with np.errstate(invalid="ignore", divide="ignore"):
        return value_and_grad(f)(ZERO_FIRST)[1]


def test_what_is_not_picked_has_no_slope():
    def the_rest(x):
        return np.sum(np.sqrt(x)[1:])

    def chosen_after_a_new_axis(x):
        return np.sum(np.where(x[:, None] > 0.5, np.sqrt(x)[:, None], 0.0))

    def written_over(x):
        y = np.zeros(3)
        y[0] = np.sqrt(x[0])
        y[0] = 1.0
        y[1] = x[1] * 0.5
        y[2] = x[2] * 0.25
        return np.sum(y)

    def written_over_by_a_view(x):
        y = np.zeros(3)
        y[1] = np.sqrt(x[0])
        v = y[1:]
        v[0] = 1.0
        return np.sum(y) + x[1] * 0.5 + x[2] * 0.25

    def written_over_by_the_next_trip(x):
        y = np.zeros(5)
        y[4] = 0.25 * x[2]
        for i in range(1, 3):
            y[i + 1] = np.sqrt(x[i - 1])
            y[i] = 1.0
        return np.sum(y)

    def written_over_by_the_next_trip_in_a_matrix(x):
        y = np.zeros((3, 2))
        y[2, 1] = 0.25 * x[2]
        for i in range(2):
            for j in range(len(x) - 2):
                y[i + 1, j] = np.sqrt(x[i])
                y[i, j] = 1.0
        return np.sum(y)

    for f in (
        written_over_by_the_next_trip_in_a_matrix, the_rest, chosen_after_a_new_axis, written_over,
        written_over_by_a_view, written_over_by_the_next_trip,
    ):
        np.testing.assert_array_equal(slope(f), [0.0, 0.5, 0.25], f.__name__)


def test_nothing_is_tested_where_all_is_selected():
    def all_of_it(x):
        return np.sum(np.sqrt(x)[:, None] * x)

    def by_elements(x):
        y = np.sqrt(x)
        return y[0] * y[1]

    def another_is_written(x):
        y = np.zeros(3)
        y[0] = np.sqrt(x[0])
        y[1] = 1.0
        return y[0] * y[1] * x[1]

    def added_to(x):
        y = np.zeros(3)
        y[0] = np.sqrt(x[0])
        y[0] += x[1]
        return y[0] * x[1]

    def of_another_counter(x):
        y = np.zeros((1, 4, 3))
        for i in range(3):
            for j in range(i):
                y[0, i + 1, j] = np.sqrt(x[i])
                y[0, j, j] = 1.0
        return np.sum(y)

    for f in all_of_it, by_elements, another_is_written, added_to, of_another_counter:
        assert "zero_if_masked" not in text(f, vector(3)), text(f, vector(3))


# ---------------------------------------------------------------------------------- what is not worth a line


def test_what_nobody_reads_has_no_cotangent():
    def f(x):
        y = np.exp(x)
        a = y[0]
        y[1] = np.sin(x[1])
        return a * a

    assert "np.cos(" not in text(f, vector(3)), text(f, vector(3))


def test_a_number_put_in_many_places_gets_their_sum():
    def put(x, s):
        y = np.sin(x)
        y[1:] = s
        return np.sum(y * y) * y[0]

    def added(x, s):
        return np.sum(x + s) * 2.0

    found = text(put, vector(4), 2.0, argnums=(0, 1))
    assert "sum_all(dy[1:])" in found and ".copy()" not in found, found
    found = text(added, vector(4), 2.0, argnums=1)
    assert ".size" in found and "np.zeros_like" not in found, found


def test_what_a_store_gives_has_a_known_shape():
    def at_places(x):
        y = np.sin(x)
        places = np.array([0, 2])
        y[places] = x[places] * 0.5
        return np.sum(np.sin(y))

    def added_at_places(x):
        y = np.sin(x)
        places = np.array([0, 2])
        y[places] += x[places] * 0.5
        return np.sum(np.sin(y))

    def from_the_second(x):
        y = np.sin(x)
        y[1:] = x[1:] * 2.0
        return np.sum(np.sin(y))

    for f in at_places, added_at_places, from_the_second:
        found = text(f, vector(4)).partition("back through")[2]
        assert "sum_to(" not in found and found.count(".copy()") == (f is from_the_second), found


# ---------------------------------------------------------------------------------- rules of the user's own


@custom_vjp
def raised(x):
    return np.exp(x)


def raised_and_kept(x):
    y = np.exp(x)
    return y, y


raised.defvjp(raised_and_kept, lambda y, dy: (3.0 * y * dy,))  # wrong on purpose: it is seen


def test_the_result_that_a_rule_reads_has_that_rule_too():
    assert grad(raised)(0.0) == 3.0 and grad(grad(raised))(0.0) == 9.0


def test_the_shape_that_a_rule_gives_is_known():
    def f(x):
        y = np.sin(x)
        return np.sum(raised(y) * x)

    assert "sum_to(" not in text(f, vector(3)), text(f, vector(3))


def test_a_rule_that_reads_what_the_gradient_is_by_is_refused():
    """Of two captured numbers one is enough; where it is neither, the rule is taken."""

    def end(start, rate, pull):
        def slope(t, y):
            return -rate * y + pull

        return np.sum(dlode45(slope, (0.0, 1.0), start, gradient_mode="adjoint"))

    start = np.array([1.0, 2.0])
    for argnum in (1, 2):
        with pytest.raises(DifferentiationError, match="odefun uses another value that the gradient depends on"):
            grad(end, argnum)(start, 0.7, 0.1)
    assert np.all(np.abs(grad(end)(start, 0.7, 0.1) - np.exp(-0.7)) < 1e-4)
