"""`if` and conditional expressions on values: names merged, names set on one path, short circuits."""

import math

import numpy as np

from tests.oracle import Programs, vector

programs = Programs()


@programs(vector(3), compiled=True)
@programs(-vector(3))
def on_a_value(x):
    if x[0] > 0.0:
        y = x[0] * x[1]
    else:
        y = x[1] - x[2] ** 2
    return y * x[2]


@programs(vector(3))
@programs(-vector(3))
def conditional_expression(x):
    return x[0] ** 2 if x[0] > 0.0 else math.exp(x[1]) * x[2]


@programs(vector(3))
def only_one_side_is_evaluated(x):
    return math.sqrt(x[0]) if x[0] > 0.0 else math.sqrt(-x[0])


@programs(vector(3))
@programs(-vector(3))
def written_on_one_path(x):
    y = x[1]
    if x[0] > 0.0:
        y = y * x[0]
    return y * y


@programs(vector(3), 2)
@programs(vector(3), 0)
def bound_on_one_path_and_used_there(x, n):
    s = x[0]
    if n > 1:
        extra = x[1] * x[2]
    if n > 1:
        s += extra
    return s


@programs(vector(3), compiled=True)
def elif_ladder(x):
    s = 0.0
    for v in x:
        if v < 0.7:
            s += v
        elif v < 1.1:
            s += v**2
        elif v < 1.3:
            s += 2.0 * v
        else:
            s += v**3
    return s * x[0]


@programs(vector(4))
def nested_branches(x):
    if x[0] > 0.0:
        if x[1] > 100.0:
            y = x[0]
        else:
            y = x[1] ** 2
        y = y * x[2]
    else:
        y = x[3]
    return y * x[3]


@programs(vector(4))
def and_or_not(x):
    if x[0] > 0.0 and not x[1] > 100.0 or x[2] < 0.0:
        return x[0] * x[1]
    return x[2] * x[3]


@programs(vector(4))
def a_truth_value_is_kept(x):
    positive = x[0] > 0.0
    x0 = x[0] * 3.0
    s = x0 * x[1]
    if positive:
        s = s * x[2]
    return s


@programs(vector(3))
def branch_overwrites_an_array(x):
    y = x * 2.0
    if x[0] > 0.0:
        y = x**3
    return np.sum(y * x)


@programs(vector(4), compiled=True)
def branch_writes_into_an_array(x):
    y = x.copy()
    if y[0] < y[1]:
        y[0] = y[1] * y[2]
    else:
        y[1] = y[0] * y[3]
    return np.sum(y * y)


@programs(vector(4))
def different_array_on_each_path(x):
    a = x[:2] * 1.0
    b = x[2:] * 1.0
    c = a if x[0] > 0.0 else b
    return c[0] * c[1] + a[0] * b[0]


@programs(vector(3))
def plain_name_against_its_function(x):
    y = x[0]
    z = y
    if z > 0.0:
        y = y * 2.0
        z = y * y
    return y * z


@programs(vector(3))
def the_condition_changes_afterwards(x):
    t = x[0]
    if t > 0.0:
        s = t * x[1]
        t = -t
    else:
        s = t
        t = -t
    return s * t


@programs(vector(6), compiled=True)
def branch_inside_a_loop_with_carried_state(x):
    up, down = 0.0, 0.0
    for i in range(1, x.size):
        if x[i] > x[i - 1]:
            up = up + (x[i] - x[i - 1]) * x[0]
        else:
            down = down * 0.5 + x[i]
    return up * down


@programs(vector(5))
def active_integer_like_counter(x):
    n = 0
    s = 0.0
    for v in x:
        if v > 1.0:
            n += 1
            s += v
    return s / (n + 1)


@programs(vector(5))
def minimum_by_hand_and_by_function(x):
    m = x[0]
    for v in x:
        m = v if v < m else m
    return m * min(x[0], x[1]) * max(x[2], 0.1)


@programs(vector(3))
def chained_conditional_expressions(x):
    return x[0] if x[0] > 2.0 else x[1] ** 2 if x[1] > 0.0 else x[2]


@programs(vector(3), True)
@programs(vector(3), False)
def a_flag_argument(x, squared):
    y = x
    if squared:
        y = y**2
    return np.sum(y) * x[0]


@programs(vector(3), "mean")
@programs(vector(3), "sum")
def a_string_argument(x, reduction):
    y = x**2
    if reduction == "mean":
        return np.mean(y)
    return np.sum(y)


@programs(vector(3), None)
@programs(vector(3), 0.5)
def an_optional_argument(x, weight):
    s = np.sum(x**2)
    if weight is not None:
        s = s * weight
    return s


@programs(vector(3))
def asserts_and_raises(x):
    assert x.ndim == 1, "a vector please"
    assert x[0] > 0.0
    if x[1] < -5.0:
        raise ValueError("too small")
    return np.sum(x**2)


@programs(1.3)
@programs(0.7)
def smoothstep(a):
    t = min(max((a - 0.5) / 0.4, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t) + a


@programs(vector(8))
def plasticity_return_map(x):
    # The stress is read from f[i] and written to f[i + 1]; beyond the yield limit it is mapped back.
    n = x.size
    f = np.zeros(n + 1)
    hard = 0.5
    for i in range(n):
        trial = f[i] + 2.0 * (x[i] - 0.8)
        if abs(trial) > hard:
            sign = 1.0 if trial > 0.0 else -1.0
            excess = (abs(trial) - hard) / 2.5
            f[i + 1] = trial - 2.0 * sign * excess
            hard = hard + 0.5 * excess
        else:
            f[i + 1] = trial
    return np.sum(f**2) + hard


test_branches = programs.test()
