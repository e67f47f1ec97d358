"""Existing numba code is met on its own terms: differentiated, or refused by name with what to write instead."""

import numba
import numpy as np
import pytest
from numba import njit, prange, vectorize

from dlsrc import grad, value_and_grad
from dlsrc.errors import DlsrcError
from tests.oracle import Programs, vector

programs = Programs()


@njit(fastmath=True, nogil=True)
def power(v, k=2):
    return v**k


@njit("float64(float64)", inline="always")
def squared(v):
    return v * v


@njit(parallel=False)
def weighted(x, w):
    s = 0.0
    for i in prange(x.shape[0]):
        s += w[i] * power(x[i], 3)
    return s


@njit
def fill_squares(x, out):
    for i in range(x.size):
        out[i] = squared(x[i])


@vectorize
def gated(a, b):
    return a * b if a > 1.0 else b


@vectorize(["float64(float64, float64)"])
def typed(a, b):
    return a * np.sin(b)


@programs(vector(4), compiled=True)
def dispatchers_with_flags(x):
    return weighted(x, 2.0 * x) + power(x[0]) * squared(x[1])


@programs(vector(4))
def a_work_buffer_made_inside(x):
    out = np.empty_like(x)
    fill_squares(x, out)
    return np.sum(out * x)


@programs(vector(4), np.zeros(4), compiled=True)
def a_work_buffer_as_an_argument(x, out):
    fill_squares(x, out)
    return np.sum(out**2)


SCRATCH = np.zeros(4)


@programs(vector(4))
def a_work_buffer_of_the_module(x):
    fill_squares(x, SCRATCH)
    return SCRATCH.sum() * SCRATCH[1]


@programs(vector(4), compiled=True)
def vectorized_functions(x):
    return np.sum(gated(x, 2.0)) + np.sum(typed(x, x[::-1])) * gated(x[0], x[1])


def test_a_dispatcher_is_an_objective():
    value, gradient = value_and_grad(weighted, argnums=(0, 1))(vector(3), np.ones(3))
    assert value == pytest.approx((vector(3) ** 3).sum())
    assert np.allclose(gradient[0], 3 * vector(3) ** 2) and np.allclose(gradient[1], vector(3) ** 3)


def test_what_a_dispatcher_prints_and_raises(capsys):
    @njit
    def checked(v):
        print("v =", v)
        if v > 2.0:
            raise ValueError(f"too large: {v}")
        return v * v

    def f(x):
        return checked(x[0])

    assert grad(f)(np.array([1.5]))[0] == 3.0
    assert capsys.readouterr().out == "v = 1.5\n"
    with pytest.raises(ValueError, match=r"^too large: 3\.0$"):
        grad(f)(np.array([3.0]))


@numba.guvectorize(["(float64[:], float64[:])"], "(n)->()")
def total(a, out):
    out[0] = 0.0
    for i in range(a.shape[0]):
        out[0] += a[i] ** 2


@numba.stencil
def neighbours(a):
    return 0.5 * (a[-1] + a[1])


@numba.cfunc("float64(float64)")
def callback(v):
    return v * v


@njit
def through_python(v):
    with numba.objmode(y="float64"):
        y = float(v)
    return y


@numba.experimental.jitclass([("w", numba.float64)])
class Scaled:
    def __init__(self, w):
        self.w = w

    def of(self, x):
        return self.w * x


SCALED = Scaled(2.0)


def of_guvectorize(x):
    return total(x)


def of_a_stencil(x):
    return neighbours(x).sum()


def of_a_cfunc(x):
    return callback(x[0])


def of_objmode(x):
    return through_python(x[0])


def of_a_new_jitclass(x):
    return Scaled(2.0).of(x[0])


@pytest.mark.parametrize("f, text", [
    (of_guvectorize, "guvectorize.*write it as a function that returns its result"),
    (of_a_stencil, "stencil.*write the loop"),
    (of_a_cfunc, "cfunc.*call the Python function"),
    (of_objmode, "objmode"),
    pytest.param(
        of_a_new_jitclass, "write a NamedTuple or a dataclass",
        marks=[
            pytest.mark.compiled,
            pytest.mark.skipif(numba.config.DISABLE_JIT, reason="without numba a jitclass is a class, differentiated"),
        ],
    ),
])
def test_refused_by_name(f, text):
    with pytest.raises(DlsrcError, match=f"(?s){text}"):
        grad(f)(vector(4))


test_numba_code = programs.test()
