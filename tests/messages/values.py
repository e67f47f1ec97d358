"""Objects that cannot be computed with, and writes whose meaning would be lost."""

# ruff: noqa

import numpy as np

MATRIX = np.matrix(np.ones((2, 2)))
PLANE = np.array([1.0 + 2.0j, 3.0])


class Thing:
    """Something of the user's that is neither number nor container."""

    def __init__(self):
        self.items = {1, 2, 3}
        self.rate = 0.5


THING = Thing()
SHELF = {"names": {"a", "b"}}


def complex_literal(x):
    return (x[0] * 1j).real  # refused: complex


def complex_conversion(x):
    z = complex(x[0], x[1])  # refused: complex
    return z.real


def captured_complex_array(x):
    return np.sum(x[:2] * PLANE)  # refused: PLANE


def captured_matrix(x):
    return np.sum(x[:2] * MATRIX)  # refused: MATRIX


def captured_dict_is_changed(x):
    SHELF.update({"w": 2.0})  # refused: kept outside
    return np.sum(x**2)


def item_of_a_captured_dict(x):
    for name, item in SHELF.items():
        x = x * item  # refused: a set
    return np.sum(x)


def captured_object(x):
    return x[0] * THING  # refused: Thing


def captured_set(x):
    s = 0.0
    for v in THING.items:  # refused: set
        s += v * x[0]
    return s


def missing_attribute(x):
    return x[0] * THING.speed  # refused: speed


def missing_key(x):
    return x[0] * SHELF["size"]  # refused: size


def writing_an_attribute(x):
    THING.rate = x[0]  # refused: kept outside the function
    return THING.rate * x[1]


def list_into_an_element(x):
    y = np.zeros(3)
    y[0] = [x[0], x[1]]  # refused: one element
    return y[0]


def wrong_shape_into_a_slice(x):
    y = np.zeros(3)
    y[0] = x  # refused: vector
    return y[0]


def string_times_value(x):
    return "a" * x[0]  # refused: is a text, and no number


def none_in_arithmetic(x):
    y = None
    return x[0] * y  # refused: None


def array_in_place_of_a_number(x):
    s = 0.0
    for i in range(x):  # refused: range
        s += i
    return s * x[0]


def indexing_a_number(a):
    return a[0]  # refused: index


def too_many_indices(x):
    return x[0, 0]  # refused: ind


def indexing_by_a_float(x):
    return x[1.5]  # refused: index


def write_to_what_may_be_a_copy(x):
    turned = (x * 2.0)[::-1]
    w = turned.reshape(-1, 1)
    w[0, 0] = x[1]  # refused: w
    return np.sum(turned * turned) + w[0, 0]


def different_types_on_two_paths(x):
    if x[0] > 0.0:
        y = x
    else:
        y = x[0]
    return np.sum(y)  # refused: y


def list_of_unlike_items_grows(x, n):
    parts = []
    for i in range(n):
        parts.append({"a": x[i]})  # refused: list
    return parts[0]["a"]


def list_of_integers_gets_a_float(x, n):
    parts = [1] * x.size
    for i in range(n):
        parts[i] = x[i]  # refused: type
    return parts[0]


def sorting_a_list_that_grows(x):
    parts = []
    for v in x:
        parts.append(v)
    parts.reverse()  # refused: reverse
    return parts[0]


def loop_changes_the_type(x):
    y = x
    for i in range(x.size):  # refused: y
        y = y[0]
    return y


def widens_in_a_loop(x):
    y = x
    for i in range(2):  # refused: y
        y = y[:, None]
    return np.sum(y)


def array_or_number_from_trip_to_trip(x, n):
    # What the second trip finds in y is a vector or a number: `s = y` cannot be typed.
    y = x
    s = x
    for row in range(3):
        if n > row:  # refused: `y` is a float64 vector on one way and a float64 on the other
            s = y
        else:
            y = 0.9
    return np.sum(s)


def array_or_number_before_a_loop_that_binds_it(x, n):
    # What is wrong with y is said once, and not that a loop makes something else of it.
    if n > 1:
        y = x
    else:
        y = 0.9
    for v in x:
        y = v
    return y * x[0]  # refused: `y` is a float64 vector on one way and a float64 on the other


def array_or_number_first_bound_in_a_loop(x, n):
    y = x
    for row in x:
        if n:  # refused: `y` is a float64 vector on one way
            s = y
        else:
            y = row
    return np.sum(x)


def method_of_a_python_float(a):
    # Only NumPy's numbers have it: plain Python raises AttributeError.
    return (a * 2.0).sum()  # refused: a Python float has no attribute `sum`


def copy_of_a_python_float(x, n):
    s = 0.5
    for i in range(n):
        s = s * 0.5
    return x[0] * s.copy()  # refused: a Python float has no attribute `copy`


def attribute_of_a_python_int(x, n):
    return x[0] * n.size  # refused: a Python int has no attribute `size`


# NumPy keeps the order of x.T here, so that its ravel() is a copy.
def write_through_an_order_that_is_not_known(x):
    y = np.roll(np.outer(x, x).T, 1, axis=0)
    y.ravel()[2] = x[0]  # refused: `y` may be one array
    return np.sum(y**2)


def write_through_a_copy_in_another_order(x):
    y = np.copy(np.outer(x, x).T)
    z = y.reshape(-1)
    z[2] = x[0]  # refused: may be one array
    return np.sum(y**2)


def write_to_a_contiguous_array_that_may_be_another(x):
    y = np.outer(x, x)
    z = np.ascontiguousarray(y[:, : x.size])
    z[0, 1] = x[0]  # refused: `z` and `y` may be one array
    return np.sum(y**2)


def write_to_a_diagonal(x):
    d = np.diagonal(np.outer(x, x))
    d[0] = x[1]  # refused: np.diagonal gives a read-only array
    return np.sum(d)


def write_to_a_broadcast_array(x):
    y = np.broadcast_to(x, (2, x.size))
    y[1:, 0] = 0.0  # refused: np.broadcast_to gives a read-only array
    return np.sum(y)


# NumPy's diagonal, broadcast array and windows show the array as it is when they are used.
def array_written_while_its_diagonal_is_used(x):
    y = np.outer(x, x)
    d = np.diagonal(y)
    y[0] = x  # refused: `y` and `d` may be one array
    return np.sum(d**2)


def array_written_while_it_is_broadcast(x):
    y = x * 2.0
    b = np.broadcast_to(y, (2, x.size))
    y[0] = 1.0  # refused: `y` and `b` may be one array
    return np.sum(b**2)


def array_written_while_its_windows_are_used(x):
    y = x * 2.0
    w = np.lib.stride_tricks.sliding_window_view(y, 2)
    y[0] = 1.0  # refused: `y` and `w` may be one array
    return np.sum(w**2)


def tuple_into_arithmetic(x):
    return (x[0], x[1]) * x[2]  # refused: write np.array


def returns_nothing(x):  # refused: return
    y = x[0] ** 2


def returns_a_string(x):
    return "loss"  # refused: return


def returns_a_vector(x):
    return x * 2.0  # refused: scalar


def returns_an_integer(x):
    return x.size  # refused: real


def a_text_that_changes_in_a_loop(x):
    mode = "first"
    s = 0.0
    for v in x:  # refused: let a number or a truth value
        s += v if mode == "first" else 2.0 * v
        mode = "rest"
    return s
