"""Instead of objects that cannot be computed with, and writes whose meaning would be lost."""

# ruff: noqa

import numpy as np

MATRIX = np.matrix(np.ones((2, 2)))
PLANE = np.array([1.0 + 2.0j, 3.0])
AS_ARRAY = np.asarray(MATRIX)  # code: np.asarray(MATRIX)
REAL, IMAGINARY = PLANE.real.copy(), PLANE.imag.copy()


class Thing:
    def __init__(self):
        self.items = {1, 2, 3}
        self.rate = 0.5


THING = Thing()
SHELF = {"names": {"a", "b"}, "size": 3.0}


def complex_literal(x):
    real, imaginary = 0.0 * x[0], 1.0 * x[0]  # does: compute with the real and the imaginary part
    return real * real + imaginary * imaginary


def complex_conversion(x):
    return x[0] * x[0] - x[1] * x[1]  # does: compute with the real and the imaginary part


def captured_complex_array(x):
    return np.sum(x[:2] * REAL) + np.sum(x[:2] * IMAGINARY)  # does: use the real and the imaginary part


def captured_matrix(x):
    return np.sum(x[:2] * AS_ARRAY)


def captured_object(x):
    return x[0] * THING.rate  # does: pass a float or an array of floats


def captured_set(x):
    s = 0.0
    for v in (1, 2, 3):  # does: or a list or tuple
        s += v * x[0]
    return s


def missing_attribute(x):
    return x[0] * THING.rate  # does: look at its spelling


def writing_an_attribute(x):
    rate = x[0]  # does: return the value
    return rate * x[1]


def list_into_an_element(x):
    y = np.zeros(3)
    y[0] = np.array([x[0], x[1]])[0]  # does: write .item() or an index
    return y[0]


def wrong_shape_into_a_slice(x):
    y = np.zeros(3)
    y[0] = x[:1].item()  # code: .item()
    return y[0]


def string_times_value(x):
    print(f"a {x[0]}")  # does: f"…{value}"
    return x[0]


def none_in_arithmetic(x):
    y = None
    if y is None:  # does: test it first: if … is None
        y = 2.0
    return x[0] * y


def array_in_place_of_a_number(x):
    s = 0.0
    for i in range(len(x)):  # code: range(len(x))
        s += i * x[i]
    return s


def indexing_a_number(a):
    return a * a  # does: use the number itself


def too_many_indices(x):
    return x[0] ** 2  # does: leave 1 out


def indexing_by_a_float(x):
    return x[int(1.5)] ** 2  # code: int(


def write_to_what_may_be_a_copy(x):
    turned = (x * 2.0)[::-1].copy()  # code: .copy()
    w = turned.reshape(-1, 1).copy()
    w[0, 0] = x[1]
    return np.sum(turned * turned) + w[0, 0]


def different_types_on_two_paths(x):
    if x[0] > 0.0:
        y = x
    else:
        y = x[:1]  # does: give it one type on both
    return np.sum(y**2)


def list_of_unlike_items_grows(x, n):
    parts = np.zeros(n)  # does: allocate an array before the loop and write its elements
    for i in range(n):
        parts[i] = x[i] ** 2
    return parts[0]


def list_of_integers_gets_a_float(x, n):
    parts = [0.0] * x.size  # does: 0.0 instead of 0
    for i in range(n):
        parts[i] = x[i] ** 2
    return parts[0]


def sorting_a_list_that_grows(x):
    parts = []
    for v in x:
        parts.append(v**2)
    return np.array(parts)[::-1][0]  # code: np.array(


def loop_changes_the_type(x):
    y = x[0]  # does: give it one type
    for i in range(x.size):
        y = y * x[i]
    return y


def method_of_a_python_float(a):
    return np.sum(a * 2.0) ** 2  # code: np.sum(


def copy_of_a_python_float(x, n):
    s = 0.5
    for i in range(n):
        s = s * 0.5
    return x[0] * s  # does: use the number itself


def attribute_of_a_python_int(x, n):
    return x[0] * np.size(n)  # code: np.size(


def tuple_into_arithmetic(x):
    return np.sum(np.array((x[0], x[1])) * x[2])  # code: np.array(


def returns_nothing(x):
    y = x[0] ** 2
    return y  # does: must return one real number


def returns_a_string(x):
    return x[0] ** 2  # does: must return one real number


def returns_a_vector(x):
    return (x * 2.0)[0]  # does: index one element


def returns_an_integer(x):
    return x.size * x[0]  # does: must be a real scalar
