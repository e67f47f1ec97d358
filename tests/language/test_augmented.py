"""Augmented assignment in every spelling: names, elements, slices, views, ufuncs with `out`."""

import numpy as np

from tests.oracle import Programs, matrix, vector

programs = Programs()


@programs(vector(4), compiled=True)
def all_operators_on_a_scalar(x):
    s = x[0]
    s += x[1]
    s *= x[2]
    s -= x[3]
    s /= x[1]
    s **= 2
    return s


@programs(vector(4), compiled=True)
def a_plus_sign_makes_another_array(x):
    y = np.sin(x)
    z = +y
    y[0] = x[1] * x[2]
    z[3] += x[0]
    return np.sum(y * y) + np.sum(z * y)


@programs(vector(3, 3), vector(3))
def what_numpy_copies_is_another_array(x, b):
    y = np.sin(x)
    same, total, product = np.conj(y), np.sum(y, axis=()), y.prod(axis=())
    most, least, any_ = np.max(y, axis=()), y.min(axis=(), keepdims=True), np.any(y > 0.5, axis=())
    kept, turned = y.conj(), np.sum(y.T, axis=())
    y[0] = b
    s = np.sum(same * total * product) + np.sum(most * least) + np.sum(turned * kept)
    return s + np.sum(np.where(any_, y, 2.0 * y))


@programs(vector(4), compiled=True)
def all_operators_on_an_element(x):
    y = x.copy()
    y[0] += x[1]
    y[0] *= y[2]
    y[0] -= y[3]
    y[0] /= y[1]
    y[0] **= 3
    return y[0] * x[0]


@programs(vector(4))
def all_operators_on_an_array(x):
    y = x * 2.0
    y += x
    y *= x[0]
    y -= x * x
    y /= x
    y **= 2
    return np.sum(y)


@programs(vector(5), compiled=True)
def all_operators_on_a_slice(x):
    y = x.copy()
    y[1:3] += x[0]
    y[1:3] *= x[3:5]
    y[2:] -= y[:3]
    y[::2] /= x[::2] + 1.0
    return np.sum(y * y)


@programs(vector(4))
def array_times_itself(x):
    y = x.copy()
    y *= y
    y += y
    y -= 0.5 * y
    return np.sum(y * x)


@programs(vector(3, 3))
def plus_its_transpose(x):
    a = x.copy()
    a += a.T
    return np.sum(a * a * x)


@programs(vector(3, 3))
def times_its_transpose(x):
    a = x.copy()
    a *= a.T
    return np.sum(a * x)


@programs(vector(5))
def plus_its_neighbour(x):
    y = x.copy()
    y[1:] += y[:-1]
    return np.sum(y * y)


@programs(vector(5))
def plus_itself_reversed(x):
    y = x.copy()
    y += y[::-1]
    return np.sum(y**3)


@programs(vector(5))
def times_one_of_its_elements(x):
    y = x.copy()
    y *= y[2]
    return np.sum(y * x)


@programs(vector(5))
def add_with_out(x):
    y = x.copy()
    np.add(y[1:], y[:-1], y[1:])
    np.multiply(y, x, out=y)
    return np.sum(y * y)


@programs(vector(4))
def two_in_a_row(x):
    p = x[0]
    p *= x[1]
    p *= x[2]
    q = x[3]
    q += p
    q += p * q
    return q


@programs(vector(4), vector(4, low=-1.0), argnums=(0, 1))
def power_and_heat(x, y):
    power = np.zeros(4)
    heat = np.zeros(4)
    power += x * y
    heat += power * 0.5
    power += heat * x
    heat += power
    return np.sum(power * heat)


@programs(vector(4))
def augmenting_the_argument(x):
    x += 1.0
    x *= x
    return np.sum(x)


@programs(vector(4))
def an_alias_sees_it(x):
    y = x.copy()
    z = y
    y += x
    z *= 2.0
    return np.sum(y * z)


@programs(vector(4))
def rebinding_is_not_augmenting(x):
    y = x.copy()
    z = y
    y = y + x
    return np.sum(y * z)


@programs(vector(4), 3)
def augmented_in_a_loop(x, n):
    y = x.copy()
    for _ in range(n):
        y *= x
        y += 0.1
    return np.sum(y)


@programs(vector(3, 4), compiled=True)
def row_operations(x):
    A = x.copy()
    A[1] -= A[0] * (A[1, 0] / A[0, 0])
    A[2] += A[1] * A[0]
    A[:, 2] *= A[:, 1]
    return np.sum(A * A)


@programs(vector(3, 4), vector(4), argnums=(0, 1))
def broadcast_augmented(x, y):
    A = x.copy()
    A += y
    A *= y[0]
    A[:, :2] -= y[2:]
    return np.sum(A * A)


@programs(vector(5))
def scalar_accumulator_of_array_elements(x):
    total = 0.0
    for i in range(5):
        for j in range(5):
            total += x[i] * x[j] * (i - j)
            total -= 0.5 * x[j]
    return total * x[0]


@programs(matrix(2, 2))
def matrix_product_augmented(x):
    A = np.eye(2)
    for _ in range(3):
        A = A @ x
        A += x
    return np.sum(A * A)


@programs(vector(3))
def element_by_a_moving_index(x):
    y = np.zeros(3)
    i = 0
    y[i] += x[0]
    i += 1
    y[i] += x[1] * y[i - 1]
    i += 1
    y[i] += x[2] * y[i - 1]
    return y[i] * y[0]


@programs(vector(4), 0.6, argnums=(0, 1))
def one_negated_cotangent_for_two(x, a):
    a = a * x[2] - (x[3] + a)
    x[0] = a
    return np.sum(x * x)


@programs(vector(4))
def a_difference_of_a_difference(x):
    y = x - (x - x)
    return x[1] + np.sum(y * y)


@programs(vector(4))
def doubled_then_read(x):
    y = x * 2.0
    y[0] = x[1] * x[2]
    return np.sum(y * x)


@programs(vector(3))
def dictionary_entry_augmented(x):
    state = {"a": x[0], "b": x * 2.0}
    state["a"] *= x[1]
    state["b"] += state["a"]
    state["b"][0] *= 3.0
    return np.sum(state["b"]) * state["a"]


@programs(vector(3))
def float_division_modulo_by_constants(x):
    s = x[0] * 7.0
    s %= 2.5
    n = 7
    n //= 2
    n %= 2
    return s * x[1] + n * x[2]


# Both reads of y[0] give to one place of its shadow; the addition between them reads all of it.
@programs(vector(3), vector(3), argnums=(0, 1), compiled=True)
def array_raised_by_its_own_element(x, z):
    y = x * 1.0
    y += 0.3 * y[0]
    return np.sum(z * y[0]) + y[2] * z[1]


# What a branch may have replaced is changed in place, which the next trip reads under the first name.
@programs(vector(3), matrix(3, 3), argnums=(0, 1), compiled=True)
def scaled_after_a_branch(x, m):
    y = x * 2.0
    total = 0.0
    for t in range(4):
        if t > 0:
            y = (y @ m) ** 2
        c = y.sum()
        y /= c
        total += np.log(c**2) * y[1]
    return total


test_augmented = programs.test()
