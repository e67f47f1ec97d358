"""Float arguments, integers that steer and scale, `math` and `numpy` functions of one number."""

import math
import random

import numpy as np

import dlsrc
from tests.oracle import Programs, vector

programs = Programs()


@programs(0.7, compiled=True)
def a_float(a):
    return a * a * a


@programs(np.float64(0.7))
def a_numpy_float(a):
    return a**3 + np.sin(a)


@programs(np.array(0.7))
def an_array_without_dimensions(a):
    return a**3


@programs(0.7, 1.3, argnums=(0, 1), compiled=True)
def two_floats(a, b):
    return a**b + math.atan2(a, b) + math.hypot(a, b)


@programs(0.6, compiled=True)
def functions_of_math(a):
    return (
        math.sin(a) * math.cos(a) + math.tan(a) - math.asin(a) * math.acos(a) + math.atan(a) * math.sinh(a)
        + math.cosh(a) * math.tanh(a) + math.exp(a) * math.log(a) + math.sqrt(a) + math.log1p(a) * math.expm1(a)
        + math.log2(a) + math.log10(a) + math.fabs(-a) + math.pow(a, 2.5)
    )


@programs(0.6)
def functions_of_numpy(a):
    return (
        np.sin(a) * np.cos(a) + np.tan(a) - np.arcsin(a) * np.arccos(a) + np.arctan(a) * np.sinh(a)
        + np.cosh(a) * np.tanh(a) + np.exp(a) * np.log(a) + np.sqrt(a) + np.log1p(a) * np.expm1(a)
        + np.log2(a) + np.log10(a) + np.abs(-a) + np.power(a, 2.5) + np.square(a) + np.arcsinh(a) * np.arctanh(a)
        + np.arccosh(a + 1.0) + np.cbrt(a) + np.reciprocal(a) + np.exp2(a) + np.negative(a)
    )


@programs(0.6)
def special_functions(a):
    return math.erf(a) * math.lgamma(a + 1.0) + math.erfc(a) * math.gamma(a + 2.0)


@programs(0.6)
def activations(a):
    return dlsrc.relu(a) * dlsrc.sigmoid(a) + dlsrc.relu(-a)


@programs(0.7)
def power_by_an_integer(a):
    return a**2 + a**3 - a**-1 + a**0 + a**5


@programs(-1.3)
def power_of_a_negative(a):
    return a**2 + a**3 + (-a) ** 2.5


@programs(1.7, 3, compiled=True)
def integer_argument_scales(a, n):
    return n * a**n / (n + 1) + n // 2 * a + (n % 2) * a


@programs(0.7)
def integers_become_floats(a):
    n = 3
    m = n / 2
    return a * m + n * a - 1 / (a * n) + a // 0.25 * a


@programs(0.7)
def integer_accumulator_becomes_float(a):
    s = 0
    for i in range(4):
        s = s + a * i
    return s * s


@programs(0.7)
def a_product_starts_at_one(a):
    p = 1
    for _ in range(3):
        p *= a
    return p


@programs(3.7)
def rounding_has_no_slope(a):
    return a * math.floor(a) + a * math.ceil(a) * int(a) + round(a) * a + np.sign(a) * a


@programs(0.7)
def casts(a):
    return float(a) * a + np.float64(a) * 2.0 + float(3) * a


@programs(0.7)
def absolute_value(a):
    return abs(a - 2.0) * abs(a) + np.absolute(-a)


@programs(0.7)
def unary_operators(a):
    return -a * +a - (-(-a)) ** 3


@programs(2.3)
def modulo(a):
    return (a % 1.0) ** 2 + math.fmod(a, 0.7) * a


@programs(0.7)
def divmod_and_copysign(a):
    return math.copysign(a * a, -1.0) + abs(-a)


@programs(vector(3))
def sizes_steer(x):
    n = x.shape[0]
    m = len(x) + x.ndim
    return np.sum(x) * n / m + x.size * x[0]


@programs(vector(4), np.array([1, 0, 2, 1]))
def an_integer_array_argument(x, k):
    s = 0.0
    for i in range(x.size):
        s += k[i] * x[i] ** 2 + x[k[i]]
    return s


@programs(vector(4), np.array([True, False, True, True]), compiled=True)
def a_boolean_array_argument(x, m):
    s = 0.0
    for i in range(x.size):
        if m[i]:
            s += x[i] ** 2
    return s + np.sum(m * x)


@programs(0.7)
def booleans_as_numbers(a):
    return (a > 0.5) * a**2 + (a > 2.0) * a


@programs(0.7)
def bit_operations_on_integers(a):
    n = (5 & 3) + (1 << 2) | 8
    return n * a * a


@programs(0.7)
def infinities_in_comparisons(a):
    best = np.inf
    for k in range(3):
        v = (a - k) ** 2
        if v < best:
            best = v
    return best


@programs(1.0)
def long_chain(a):
    b = a * 1.1
    c = b * a - 0.3
    d = c / b + math.sin(c)
    e = d * d * c - b
    f = math.exp(-e) * d
    return f * e + a


@programs(0.4, oracle="richardson")
def constants_of_modules(a):
    return math.pi * a + math.e * a**2 + np.pi * a**3


@programs(0.5)
def unused_computation(a):
    b = a * 2.0
    c = b * b  # noqa: F841
    return b


@programs(0.5)
def the_argument_itself(a):
    return a


test_scalars = programs.test()


def test_counts_drawn_by_a_parameter_are_integers():
    """They carry no derivative.  A draw was refused as if it wrote to the number that it is drawn by."""

    def f(x):
        return x[1] * np.random.poisson(x[0])

    x = np.array([50.0, 2.0])
    value, slope = dlsrc.value_and_grad(f)(x)
    assert value > 0.0 and slope.tolist() == [0.0, value / 2.0]
    value, slope = dlsrc.jvp(f, (x,), (np.array([1.0, 1.0]),))
    assert value > 0.0 and slope == value / 2.0


def test_each_draw_is_made_where_it_stands():
    """Whoever seeds Python's generator gets the numbers of the plain function; a draw that nobody used was left out,
    and one that was used once was made where it was used."""

    def f(x):
        u = random.random()
        random.random()
        v = random.random()
        return x * (v - 2.0 * u)

    lines = dlsrc.adjoint_source(dlsrc.value_and_grad(f), 2.0).splitlines()
    drawn = [k for k, line in enumerate(lines) if "random()" in line and "#" not in line]
    assert len(drawn) == 3 and "u = " in lines[drawn[0]] and "v = " in lines[drawn[2]]
