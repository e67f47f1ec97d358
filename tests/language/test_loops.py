"""`for` over ranges, arrays, enumerate, zip and static containers; values that loops carry."""

import math

import numpy as np

from dlsrc import adjoint_source, grad
from tests.oracle import Programs, matrix, vector

programs = Programs()


@programs(vector(5), compiled=True)
def running_product(x):
    p = 1.0
    for i in range(x.shape[0]):
        p *= x[i]
    return p


@programs(vector(5))
def over_the_elements(x):
    s = 0.0
    for v in x:
        s += v * math.sin(v)
    return s


@programs(vector(3, 4))
def over_the_rows(x):
    s = 0.0
    for row in x:
        s += row[0] * row[-1] ** 2
    return s


@programs(vector(5))
def enumerated(x):
    s = 0.0
    for i, v in enumerate(x):
        s += i * v**2
    return s


@programs(vector(4))
def enumerated_from_two(x):
    s = 0.0
    for i, v in enumerate(x, start=2):
        s += v**i
    return s


@programs(vector(4), vector(6, low=-1.0), argnums=(0, 1), compiled=True)
def zipped_to_the_shorter(x, y):
    s = 0.0
    for a, b in zip(x, y):
        s += a * b * b
    return s


@programs(vector(5))
def enumerated_zip_with_shift(x):
    s = 0.0
    for i, (a, b) in enumerate(zip(x[:-1], x[1:])):
        s += (i + 1) * a * b
    return s


@programs(vector(7))
def backwards_range(x):
    s = 0.3
    for i in range(x.shape[0] - 1, -1, -1):
        s = s * x[i] + 1.0
    return s


@programs(vector(9))
def strided_range(x):
    s = 0.0
    for i in range(1, x.size, 3):
        s += x[i] ** 3 * x[i - 1]
    return s


@programs(vector(4))
def no_trip(x):
    s = x[0] ** 2
    for i in range(3, 3):
        s = s * x[i] * 100.0
    return s * x[1]


@programs(0.7, 0)
@programs(0.7, 1)
@programs(0.7, 6, compiled=True)
def trips_are_an_argument(a, n):
    s = a
    for _ in range(n):
        s = math.sin(s) + a
    return s


@programs(0.5, 3)
def accumulated_product(a, n):
    acc = 1.0
    for _ in range(n):
        acc = acc * a
    return acc


@programs(0.5, 3)
def accumulated_quotient(a, n):
    acc = 1.0
    for _ in range(n):
        acc = acc / a
    return acc


@programs(0.5, 3)
def sine_of_the_product(a, n):
    acc = 1.0
    for _ in range(n):
        acc = math.sin(acc * a)
    return acc


@programs(0.4, 1)
@programs(0.4, 2)
@programs(0.4, 3)
@programs(0.4, 10, compiled=True)
def tanh_carried(a, n):
    h = 0.3
    for _ in range(n):
        h = math.tanh(a * h + 0.1)
    return h


@programs(0.1, 10)
def exp_and_sqrt_carried(a, n):
    h = 0.2
    for _ in range(n):
        h = math.sqrt(math.exp(a * h) + h)
    return h


@programs(vector(3, 4), compiled=True)
def nested_with_an_outer_scalar(x):
    s = 0.0
    for i in range(x.shape[0]):
        r = x[i, 0] * 2.0
        for j in range(x.shape[1]):
            s += r * x[i, j]
            r = r * x[i, j]
    return s


@programs(vector(4), 3, 2)
def two_nested_bounds_known_at_run_time(x, n, m):
    scale = x[0] * x[1]
    s = 0.0
    for i in range(n):
        for j in range(m):
            s += scale * x[i] * (j + 1)
    return s


@programs(vector(4))
def triangular_nest(x):
    s = 0.0
    for i in range(x.size):
        for j in range(i + 1, x.size):
            s += (x[i] - x[j]) ** 2 * x[i]
    return s


@programs(vector(5))
def defined_before_used_after(x):
    before = x[0] * x[1]
    s = 0.0
    for i in range(x.size):
        s += x[i] ** 2
    return s * before


@programs(vector(5))
def loop_variable_after_the_loop(x):
    s = 1.0
    for i in range(x.size - 2):
        s *= x[i]
    return s * x[i] * x[i + 1]


@programs(vector(5))
def loop_variable_overwritten_inside(x):
    s = 0.0
    for i in range(x.size - 1):
        i = i + 1
        s += i * x[i] ** 2
    return s


@programs(vector(4))
def loop_variable_shadows_an_active_name(x):
    v = x[0] ** 2
    s = v
    for v in x[1:]:
        s = s * v
    return s + v**2


@programs(vector(6))
def last_of_the_loop_survives(x):
    last = 0.0
    for i in range(x.size):
        last = x[i] ** 2
    return last * x[0]


@programs(vector(6))
def only_slices_use_the_loop_variable(x):
    r = x[:1] * 0.0
    for k in range(3):
        r = x[2 * k : 2 * k + 2] ** 2
    return np.sum(r)


@programs(vector(6), compiled=True)
def ewma(x):
    level = x[0]
    loss = 0.0
    for t in range(1, x.size):
        loss += (x[t] - level) ** 2
        level = 0.3 * x[t] + 0.7 * level
    return loss


@programs(vector(3), vector(8, low=-1.0), argnums=(0, 1), compiled=True)
def garch_likelihood(theta, r):
    omega, alpha, beta = theta[0], theta[1] / 4, theta[2] / 4
    h = omega
    total = 0.0
    for t in range(r.shape[0]):
        total += math.log(h) + r[t] ** 2 / h
        h = omega + alpha * r[t] ** 2 + beta * h
    return 0.5 * total


@programs(vector(5))
def fibonacci_like(x):
    a, b = x[0], x[1]
    for i in range(2, x.size):
        a, b = b, a * x[i] + b
    return a * b


@programs(vector(5))
def two_loops_share_names(x):
    s = 0.0
    for i in range(x.size):
        t = x[i] ** 2
        s += t
    for i in range(x.size - 1):
        t = s * x[i]
        s = t + x[i + 1]
    return s


@programs(vector(4))
def zero_trip_inner_loop(x):
    s = 0.0
    for i in range(x.size):
        p = x[i]
        for j in range(i):
            p *= x[j]
        s += p
    return s


@programs(vector(3))
def over_a_static_tuple(x):
    s = 0.0
    for weight, power in ((1.0, 1), (0.5, 2), (0.25, 3)):
        s += weight * np.sum(x**power)
    return s


@programs([vector(2), vector(3), vector(4)])
def over_a_list_of_arrays(xs):
    s = 1.0
    for x in xs:
        s = s * np.sum(x)
    return s


@programs(vector(5))
def sum_of_a_generator(x):
    return sum(x[i] * x[i + 1] for i in range(x.size - 1))


@programs(vector(5))
def max_of_a_generator(x):
    return max(x[i] ** 2 for i in range(x.size)) * x[0]


@programs(vector(4))
def generator_with_a_condition(x):
    return sum(x[i] ** 3 for i in range(x.size) if i % 2 == 0)


@programs(vector(6))
def list_comprehension(x):
    squares = [x[i] ** 2 for i in range(3)]
    return squares[0] * squares[1] + squares[2] * x[5]


@programs(vector(5))
def for_else(x):
    s = 0.0
    for i in range(x.size):
        s += x[i] ** 2
    else:
        s = s * x[0]
    return s


@programs(vector(3), compiled=True)
def an_outer_array_is_handed_on(x):
    y = x
    for i in range(2):
        y = x
    return np.sum(y * y)


@programs(vector(3))
def an_outer_array_is_copied_in_each_trip(x):
    y = np.zeros(3)
    for i in range(3):
        y[:] = x
    return np.sum(y * y)


@programs(vector(3))
def an_outer_array_is_chosen_in_one_trip(x):
    y = x * 1.0
    for i in range(3):
        z = x if i == 1 else y
        y = z * 2.0
    return np.sum(y * y)


@programs(0.7, 3)
def carried_from_what_each_trip_reads(a, n):
    s = a
    for _ in range(n):
        s = s * s + a
    return s


@programs(vector(6))
def a_slice_that_grows(x):
    y = x[:1]
    for k in range(1, 4):
        y = x[: k + 1] * 2.0
    return np.sum(y * y) + y[3]


@programs(matrix(3, 3), 4)
def power_iteration(A, n):
    v = np.ones(3)
    for _ in range(n):
        w = A @ v
        v = w / np.sqrt(np.sum(w * w))
    return v[0] * v[1] + v[2]


@programs(0.3, compiled=True)
def logistic_map(r):
    x = 0.4
    for _ in range(8):
        x = (3.0 + r) * x * (1.0 - x)
    return x


@programs(np.arange(12.0).reshape(2, 6) / 7, 2)
def index_that_is_a_product_of_counters(a, m):
    s = 0.0
    for i in range(a.shape[0]):
        for k in range(3):
            for r in range(m):
                s += a[i, k * m + r] ** 2 * (k + 1)
    return s


# The view's size goes by the name that the branch asked for: in front of the last loop it is unknown.
@programs(vector(5), 1)
@programs(vector(5), 3, compiled=True)
def a_size_first_asked_for_on_one_way(x, n):
    if n > 2:
        w = x[1:4]
        for i in range(n):
            w[i] += np.tanh(w[i - 1])
    v = x[1:4]
    for i in range(len(v)):
        v[i] += np.sin(v[i - 1])
    return np.sum(x * x)


# A counter is an int64, whatever the bounds: 100000 * 100000 is too much for an int32.
@programs(vector(3), np.array([100000], np.int32), compiled=True)
def one_trip_from_a_narrow_number(x, places):
    s, k = 1.0, places[0]
    for i in range(k, k + 1):
        s = np.sin(s + x[0] * (i * i * 1e-9))
    return s


# In an array of the bounds of rows there may be any integers: `n - 1` is 255 where n is the uint8 0.
@programs(vector(6), np.array([0, 2, 2, 0, 5], np.uint8), compiled=True)
@programs(vector(6), np.array([0, 2, 2, 0, 5], np.uint64), compiled=True)
@programs(vector(6), np.array([0, 2, 2, 0, 5], np.int16))
def bounds_of_a_narrow_type(x, bounds):
    s = 1.0
    for t in range(len(bounds) - 1):
        for i in range(bounds[t], bounds[t + 1]):
            s = np.sin(s * x[i] + t)
        for i in range(bounds[t + 1], bounds[t], -1):
            s = np.cos(s * x[i - 5])
        for i in range(bounds[t], 6, 2):
            s += s * x[i]
    for i in range(bounds[0]):
        s = np.sin(s * x[i])
    for i, v in enumerate(x, bounds[4] + 247):  # up to 257
        s += v * i
    return s


test_loops = programs.test()


def test_a_narrow_number_may_wrap_around():
    """`range(k, k + 1)` has no trip where `k + 1` is 0, as it is for the uint8 255."""
    text = adjoint_source(grad(one_trip_from_a_narrow_number), vector(3), np.array([255], np.uint8))
    assert any(line.strip().startswith("for i in range(") for line in text.splitlines())
