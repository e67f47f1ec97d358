"""Programs that alone notice some mutant of `dlsrc.transform.adjoint`: places of shadows, and whose memory is whose."""

import numpy as np

from dlsrc import adjoint_source, value_and_grad
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
        a = y[i * 1] + y[i + 0]
        y[i] = 1.0
        s += a * a + (y[i * 1] + y[i + 0]) * 3.0
    return s


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
    """The cotangent that was taken must not find what is added after it."""
    y = x * 1.0
    a = y[0]
    y[0] = a * a
    b = y[0]
    y[1] = b * x[1]
    return a * y[0] + y[1] * b


@programs(vector(3))
def the_whole_is_read_between(x):
    y = np.sin(x)
    a = y[1]
    y *= 2.0
    b = y[1]
    y[0] = 1.0
    return a * b * y[1] + y[0]


# ---------------------------------------------------------------------------------- whose memory a cotangent is


@programs(vector(3), vector(3) + 1.0, argnums=(0, 1))
def a_cotangent_of_two_operands_goes_on_to_one(x, y):
    """Of z it is that of b too, which is read after something was added to that of w."""
    b = np.sin(y)
    w = x * 2.0
    s = w[0]
    a = w + 1.0
    z = a + b
    return np.sum(z * z) * s


@programs(vector(3), vector(3) + 1.0, argnums=(0, 1))
def a_copy_of_two_operands_goes_on_to_one(x, y):
    b = np.sin(y)
    w = x * 2.0
    s = w[0]
    a = w + 1.0
    z = a + b
    all_ = np.zeros(4)
    all_[1:] = z
    return np.sum(all_ * all_) * s


test_mutants_adjoint = programs.test()
