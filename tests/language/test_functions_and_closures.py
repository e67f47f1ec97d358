"""The user's own functions: helpers, closures, lambdas, defaults, keywords, other modules, `@njit`."""

import functools
import math

import numba
import numpy as np

import dlsrc
from tests.language import neighbour
from tests.language.neighbour import bound_pair, compiled_chain, fill_with_squares, softplus, squares
from tests.oracle import Programs, matrix, vector

programs = Programs()

SCALE = 1.75
WEIGHTS = np.array([0.5, -1.0, 2.0])
CONFIG = {"lr": 0.1, "layers": (2, 3)}


def cube(v):
    return v * v * v


def twice(f, v):
    return f(f(v))


@programs(vector(3), compiled=True)
def a_helper(x):
    return cube(x[0]) + cube(x[1] * x[2])


@programs(vector(3))
def a_helper_on_arrays(x):
    return np.sum(cube(x) * x)


@programs(vector(3))
def a_helper_twice_with_other_types(x):
    return np.sum(cube(x)) * cube(x[0]) + cube(2)


@programs(vector(3))
def from_another_module(x):
    return softplus(x[0]) * neighbour.softplus(-x[1]) + neighbour.decayed(x[2])


@programs(vector(3), compiled=True)
def an_njit_dispatcher(x):
    return compiled_chain(x) + neighbour.compiled_norm(x)


@programs(vector(3))
def defaults_and_keywords(x):
    a = np.sum(squares(x))
    b = np.sum(squares(x, 2.0))
    c = np.sum(squares(shift=x[0], x=x, scale=x[1]))
    return a * b + c


@programs(vector(3))
def two_results(x):
    p, s = bound_pair(x[0], x[1])
    both = bound_pair(x, x[2])
    return p * s + np.sum(both[0] * both[1])


@programs(vector(4))
def a_helper_that_writes(x):
    y = np.zeros(4)
    fill_with_squares(y, x)
    fill_with_squares(y, y)
    return np.sum(y * x)


@programs(vector(3))
def a_local_function(x):
    def inner(v, k):
        return v**k + x[0]

    return inner(x[1], 2) * inner(x[2], 3)


@programs(vector(3))
def a_local_function_sees_later_values(x):
    k = x[0]

    def scaled(v):
        return v * k

    k = x[1] ** 2
    first = scaled(x[2])
    k = 3.0
    return first * scaled(x[0])


@programs(vector(3))
def nonlocal_state(x):
    total = 0.0

    def add(v):
        nonlocal total
        total = total * 0.5 + v * v

    for i in range(3):
        add(x[i])
    return total * x[0]


@programs(vector(3))
def a_lambda_inside(x):
    f = lambda v: v * v + x[0]  # noqa: E731
    return f(x[1]) * f(x[2])


programs(vector(3), compiled=True)(lambda x: np.sum(x**3) * x[0])
programs(vector(2))(lambda x: x[0] * x[1]), programs(vector(2))(lambda x: x[0] - x[1] ** 2)


@programs(0.3)
def functions_as_arguments(a):
    return twice(math.sin, a) + twice(cube, a) + twice(lambda v: v * a, a)


@programs(vector(3))
def functions_in_a_tuple(x):
    s = x[0]
    for f in (np.sin, np.exp, cube):
        s = f(s) * x[1]
    return s


@programs(vector(3), compiled=True)
def partial_application(x):
    f = functools.partial(squares, scale=x[0], shift=0.5)
    return np.sum(f(x)) + np.sum(f(x, shift=x[1]))


def defaults_and_keyword_only(scale, x, shift=0.5, *, power=2):
    return scale * np.sum(x**power) + shift * x[0]


def make_quadratic(a, w):
    def quadratic(x):
        return a * np.sum(w * x**2)

    return quadratic


programs(vector(3), compiled=True)(make_quadratic(2.5, WEIGHTS))
programs(vector(3))(make_quadratic(-1.0, np.array([1.0, 2.0, 3.0])))
programs(vector(3))(functools.partial(defaults_and_keyword_only, 3.0, power=3))


@programs(vector(3))
def module_level_constants(x):
    return SCALE * np.sum(WEIGHTS * x) * neighbour.RATE * math.pi * x[0]


@programs(vector(3))
def a_captured_dictionary(x):
    return CONFIG["lr"] * np.sum(x**2) * CONFIG["layers"][1]


TABLES = {"enc": {"w": np.array([1.0, 2.0, 0.5])}, "dec": {"w": np.array([0.5, -1.0, 3.0]), "b": 0.25}, "rate": 0.5}


def affine(x, w, b=1.0):
    return np.sum(w * x**2) + b * x[0]


@programs(vector(3), compiled=True)
def methods_of_captured_dicts(x):
    total = TABLES.get("momentum", 2.0) * affine(x, **TABLES["dec"])
    for name, table in TABLES.items():
        if name != "rate" and "w" in table:
            total += affine(x * TABLES["rate"], **{**table, "b": 3.0}) * len(table.keys())
    own = dict(TABLES["dec"])
    own.update(TABLES["enc"])
    return total + np.sum(own["w"] * x) * own["b"] + sum(TABLES["enc"].values())[0] * x[1]


@programs(vector(3))
def defaults_of_the_objective(x, scale=3.0, power=2):
    return scale * np.sum(x**power)


@programs(vector(3), vector(2), argnums=(0, 1))
@programs(vector(3), vector(2), argnums=1)
def two_arguments(x, y):
    return np.sum(x) * y[0] ** 2 + x[0] * y[1]


@programs(vector(3), vector(2), argnums=(1, 0))
def order_of_argnums(x, y):
    return np.sum(x**2) * y[0] * y[1]


@programs(vector(3))
def variadic(x):
    def total(*parts, weight=1.0):
        s = 0.0
        for part in parts:
            s += part * part
        return s * weight

    return total(x[0], x[1], x[2], weight=x[0]) + total(*(x[0], x[1]))


@programs(vector(4))
def helpers_that_call_helpers(x):
    def inner(v):
        return cube(v) + math.sin(v)

    def outer(v, n):
        s = v
        for _ in range(n):
            s = inner(s) * 0.1 + v
        return s

    return outer(x[0], 2) * outer(x[1], 3)


@programs(vector(3))
def same_names_in_helper_and_caller(x):
    def helper(s):
        y = s * s
        x = y + 1.0
        return x * y

    y = x[0]
    s = helper(y * x[1])
    return s * y * x[2]


@programs(vector(3))
def names_that_generated_code_would_use(x):
    dx, dy, v1, np_, df = x[0], x[1], x[2], x[0] * x[1], x[1] ** 2
    dv1 = dx * dy * v1
    y = dv1 + df * np_
    return y * dx


@programs(vector(3))
def a_parameter_overwritten(x):
    x = x * x
    x = x + 1.0
    return np.prod(x)


@programs(vector(3))
def a_docstring(x):
    """A docstring is not a statement to differentiate."""
    return np.sum(x * x)


class Model:
    """An object whose method is differentiated."""

    def __init__(self, k):
        self.k = k

    def loss(self, x):
        return self.k * np.sum(x**2) * x[0]


programs(vector(3))(Model(2.5).loss)


@numba.njit
def decorated_objective(x):
    return np.sum(x**2) * x[0]


programs(vector(3), compiled=True)(decorated_objective)


@programs(matrix(2, 3), vector(3), argnums=(0, 1))
def annotated(W: np.ndarray, x: "np.ndarray") -> float:
    y: np.ndarray = W @ x
    s: float = 0.0
    for i in range(y.size):
        s += y[i] ** 2
    return s


BUFFER = np.zeros(3)


@programs(vector(3), compiled=True)
def a_captured_array_is_written(x):
    BUFFER[0] = x[0] ** 2
    BUFFER[1:] = x[1:] * BUFFER[0]
    return np.sum(BUFFER**2)


@programs(vector(3))
def inactive_code_may_use_what_numba_compiles(x):
    n = 0
    values = [3, 1, 2]
    values.append(4)
    for v in values:
        n += v
    return n * np.sum(x**2)


test_functions_and_closures = programs.test()


def test_what_a_captured_dict_holds_is_read_at_every_call():
    config = {"w": np.array([1.0, 2.0]), "unused": {1j}}
    slope = dlsrc.grad(lambda x: np.sum(config.get("w") * x) * config.get("rate", 2.0))
    x = np.array([3.0, 5.0])
    np.testing.assert_array_equal(slope(x), [2.0, 4.0])
    config["w"] = np.array([7.0, 1.0])
    np.testing.assert_array_equal(slope(x), [14.0, 2.0])
    config["rate"] = 1.0  # a key more
    np.testing.assert_array_equal(slope(x), [7.0, 1.0])
    del config["rate"]
    np.testing.assert_array_equal(slope(x), [14.0, 2.0])
