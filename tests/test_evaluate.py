"""Calls: what goes in and comes out, what is read anew at every call, what is built once, how errors are told."""

import copy
import functools
import gc
import importlib.util
import pickle
import threading
import types
import weakref
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import pytest

import dlsrc.calls.runner as runner
from dlsrc import dlarray, dlfeval, dlgradient, extractdata, grad, isdlarray, value_and_grad
from dlsrc.errors import DifferentiationError, InternalError, UnsupportedSyntax
from tests.conftest import PLAIN

compiled = pytest.mark.compiled
only_compiled = pytest.mark.skipif(PLAIN, reason="about numba's compiler")


@pytest.fixture
def builds(monkeypatch):
    """Counts how many programs are built."""
    made = []
    original = runner.Runner._built

    def counted(self, *args, **kwargs):
        made.append(self.function.__name__)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(runner.Runner, "_built", counted)
    return made


def data(x):
    assert isdlarray(x), type(x)
    return extractdata(x)


# ---------------------------------------------------------------------------------- results


def results(x, a):
    y = np.sum(x**2) * a
    return {"loss": y, "both": [dlgradient(y, x), a], "name": "sum", "none": None, "shape": x.shape}


@compiled
def test_results_keep_their_containers():
    got = dlfeval(results, dlarray([1.0, 2.0]), 3.0)
    assert list(got) == ["loss", "both", "name", "none", "shape"]
    assert data(got["loss"]) == 15.0
    assert np.array_equal(data(got["both"][0]), [6.0, 12.0])
    assert type(got["both"][1]) is float and got["both"][1] == 3.0
    assert got["name"] == "sum" and got["none"] is None and got["shape"] == (2,)


@compiled
def test_plain_results_stay_plain():
    def f(x, k):
        return x[0] * 2.0, x.size + k, x[0] > 0.0, x * 2.0

    for x in (np.array([1.5, 2.0]), np.array([1.5, 2.0], np.float32)):
        a, n, positive, y = dlfeval(f, x, 3)
        assert type(a) is (float if x.dtype == np.float64 else np.float32) and a == 3.0
        assert type(n) is int and n == 5
        assert type(positive) is bool and positive
        assert type(y) is np.ndarray and y.dtype == x.dtype


def test_nothing_and_one_thing_are_returned():
    def nothing(x):
        x[0] * 2.0

    def one(x):
        return (x[0] * 2.0,)

    assert dlfeval(nothing, np.ones(2)) is None
    assert dlfeval(one, np.ones(2)) == (2.0,)
    assert dlfeval(lambda: 3.0) == 3.0


class Pair(NamedTuple):
    a: object
    b: object


@dataclass
class Box:
    inside: object
    scale: float


def nested(p, x):
    y = np.sum(p["pair"].a * x) + p["pair"].b[0] * p["box"].scale + p["list"][1]
    return dlgradient(y, p)


@compiled
def test_every_container_is_taken_apart():
    def make(x, s):
        return {"pair": Pair(dlarray(x), (dlarray(2.0),)), "box": Box(None, s), "list": [dlarray(1.0), dlarray(s)]}

    for s in (3.0, 4.0):
        g = dlfeval(nested, {k: v for k, v in make([1.0, 2.0], s).items() if k != "box"} | {"box": Box(None, dlarray(s))}, np.array([5.0, 6.0]))
        assert isinstance(g["pair"], Pair) and isinstance(g["pair"].b, tuple) and isinstance(g["list"], list)
        assert np.array_equal(data(g["pair"].a), [5.0, 6.0])
        assert data(g["pair"].b[0]) == s
        assert isinstance(g["box"], Box) and g["box"].inside is None and data(g["box"].scale) == 2.0
        assert data(g["list"][0]) == 0.0 and data(g["list"][1]) == 1.0


def test_keyword_arguments():
    def f(x, *, power=2, scale=1.0):
        y = np.sum(x**power) * scale
        return dlgradient(y, x)

    x = dlarray([1.0, 2.0])
    assert np.array_equal(data(dlfeval(f, x)), [2.0, 4.0])
    assert np.array_equal(data(dlfeval(f, x, power=3)), [3.0, 12.0])
    assert np.array_equal(data(dlfeval(f, x, scale=2.0, power=3)), [6.0, 24.0])
    assert np.array_equal(data(dlfeval(f, x=x, power=3)), [3.0, 12.0])
    with pytest.raises(TypeError, match=r"f\(\).*'x'"):
        dlfeval(f)
    with pytest.raises(TypeError, match=r"f\(\).*strength"):
        dlfeval(f, x, strength=1.0)


# ---------------------------------------------------------------------------------- arguments of every kind


def total(x):
    return np.sum(x * x)


@compiled
def test_every_layout_of_an_array():
    x = np.arange(12.0).reshape(3, 4)
    frozen = x.copy()
    frozen.flags.writeable = False
    unaligned = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float64).reshape(3, 4)
    for a in (x, np.asfortranarray(x), x[::2, ::-1], x.T, frozen, np.broadcast_to(x[0], (3, 4)), unaligned, x[:0]):
        g = grad(total)(a)
        assert np.array_equal(g, 2 * a)
        assert g.flags.c_contiguous and g.flags.writeable and g.dtype == np.float64 and not np.shares_memory(g, a)


@compiled
def test_numbers_of_every_kind():
    def f(a):
        return a * a * 0.5

    for a, cls in ((3.0, float), (np.float64(3.0), np.float64), (np.float32(3.0), np.float32), (np.array(3.0), np.ndarray)):
        value, g = value_and_grad(f)(a)
        assert type(g) is cls and g == 3.0
        assert type(value) is (np.float32 if cls is np.float32 else float) and value == 4.5
        assert getattr(g, "dtype", np.float64) == getattr(a, "dtype", np.float64)
    assert data(dlfeval(lambda a: dlgradient(a * a, a), dlarray(3.0))) == 6.0


def test_constants_of_every_kind():
    def f(x, k, flag, n, v):
        return np.sum(x) * k * n + (v[0] if flag else 0.0)

    x = np.ones(2)
    for k in (2, np.int32(2), np.int64(2), np.uint8(2), np.array(2), 2.0, np.float32(2)):
        assert np.array_equal(grad(f)(x, k, True, 3, np.arange(3)), [6.0, 6.0])
    for flag in (True, False, np.True_):
        assert value_and_grad(f)(x, 1.0, flag, 1, np.array([7], np.int8))[0] == (9.0 if flag else 2.0)


@pytest.mark.parametrize(
    "x, words",
    [
        (np.ones(2, np.float16), "float16"), (np.ones(2, np.longdouble), "longdouble|float128"),
        (np.ones(2, complex), "complex"), (np.ones(2, ">f8"), "big-endian"),
        (np.ma.masked_array([1.0, 2.0]), "masked"), (np.ones((1, 1)).view(np.matrix), "matrix"),
        (np.array([1, "a"], object), "object"), (1j, "complex"), ({1, 2}, "set"), (2**70, "64 bits"),
    ],
)  # fmt: skip
def test_refused_arguments(x, words):
    with pytest.raises(TypeError, match=f"^x: .*({words})"):
        grad(total)(x)
    with pytest.raises(TypeError, match=words):
        dlfeval(total, x)


def writes(x, out):
    out[0] = x[0] * 2.0
    return np.sum(x * x) + out[1]


@compiled
def test_written_arguments():
    x, out = np.array([3.0, 4.0]), np.array([0.0, 1.0])
    value, g = value_and_grad(writes)(x, out)
    assert value == 26.0 and np.array_equal(g, [6.0, 8.0]) and np.array_equal(out, [6.0, 1.0])
    with pytest.raises(ValueError, match="`out`.*memory"):
        grad(writes)(x, x)
    both = np.ones(5)
    with pytest.raises(ValueError, match="memory"):
        grad(writes)(both[:3], both[2:])
    grad(writes)(both[:3], both[3:])
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        grad(writes)(x, out)


@compiled
def test_a_traced_argument_that_is_written_keeps_its_value():
    def f(x):
        x[0] = x[0] ** 2
        return np.sum(x)

    x = np.array([3.0, 4.0])
    assert np.array_equal(grad(f)(x), [6.0, 1.0]) and np.array_equal(x, [3.0, 4.0])


def test_captured_arrays_that_are_written(monkeypatch):
    def f(x):
        buffer[0] = 3.0
        return np.sum(x * x)

    buffer = np.zeros(2)
    g = grad(f)
    assert np.array_equal(g(np.ones(2)), [2.0, 2.0]) and buffer[0] == 3.0
    with pytest.raises(ValueError, match="memory"):
        grad(lambda x, y: f(x))(np.ones(2), buffer) and grad(lambda x, y: f(x) + y[0])(np.ones(2), buffer)
    buffer.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        g(np.ones(2))


def test_unpickled_arrays_take_the_short_way():
    x = pickle.loads(pickle.dumps(np.ones(3)))
    g = grad(total)
    g(np.ones(3))
    assert g.runner.fast(None, (x,), {}) is not runner.MISS
    assert g.runner.fast(None, (x.astype(np.float32),), {}) is runner.MISS


def test_every_way_of_passing_takes_the_short_way():
    def f(p, x, mode, *rest, scale=1.0, **more):
        y = np.sum(p["w"][0] * x) * scale if mode == "a" else np.sum(x)
        return y + p["b"].a + rest[0] * more["c"]

    p = {"w": [np.ones(2)], "b": Pair(2.0, None)}
    args, kwargs = (p, np.ones(2), "a", 3.0), {"c": 2.0, "scale": 5.0}
    vg = value_and_grad(f, (0, 1))
    value, (gp, gx) = vg(*args, **kwargs)
    assert value == 18.0 and np.array_equal(gp["w"][0], [5.0, 5.0]) and gp["b"] == Pair(1.0, None)
    fast = vg.runner.fast
    again = fast(None, args, kwargs)
    assert again[0] == 18.0 and again[1][0]["b"] == Pair(1.0, None) and list(again[1][0]) == ["w", "b"]
    for other in (
        (({**p, "c": 1.0}, *args[1:]), kwargs), ((p, np.ones(2), "b", 3.0), kwargs), ((*args, 1.0), kwargs),
        (({"b": p["b"], "w": p["w"]}, *args[1:]), kwargs), (args, {"c": 2.0}), (args, {"scale": 5.0, "c": 2.0}),
        ((p, np.ones((2, 1)), *args[2:]), kwargs), ((p, np.ones(4)[::2], *args[2:]), kwargs), ((p, [1.0, 1.0], *args[2:]), kwargs),
    ):  # fmt: skip
        assert fast(None, *other) is runner.MISS, other
    assert vg(p, np.ones(2), "b", 3.0, **kwargs)[0] == 10.0


# ---------------------------------------------------------------------------------- what is called


class Model:
    def __init__(self, k):
        self.k = k
        self.w = np.array([1.0, 2.0])
        self.square = True

    def loss(self, x):
        y = np.sum(self.w * x) * self.k
        return y * y if self.square else y

    def __call__(self, x):
        return self.loss(x) + 1.0


@compiled
def test_methods_read_their_object(builds):
    x = np.array([1.0, 1.0])
    model = Model(2.0)
    g = grad(model.loss)
    assert np.array_equal(g(x), [24.0, 48.0])
    model.k = 1.0
    assert np.array_equal(g(x), [6.0, 12.0])
    model.w = np.array([1.0, 0.0])
    assert np.array_equal(g(x), [2.0, 0.0])
    count = len(builds)
    other = Model(3.0)
    assert np.array_equal(grad(other.loss)(x), [54.0, 108.0])
    assert np.array_equal(grad(model.loss)(x), [2.0, 0.0])
    assert len(builds) == count
    other.square = False
    assert np.array_equal(grad(other.loss)(x), [3.0, 6.0])
    other.square = True
    assert np.array_equal(grad(other.loss)(x), [54.0, 108.0])
    assert value_and_grad(model)(x)[0] == 2.0


def weighted(x, w, k=1.0):
    return np.sum(x * w) * k


def test_partial_functions():
    w, x = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert np.array_equal(grad(functools.partial(weighted, x))(w), x)
    assert np.array_equal(grad(functools.partial(weighted, w=w, k=2.0))(x), 2 * w)
    assert np.array_equal(grad(functools.partial(weighted, k=2.0), argnums=-1)(x, w), 2 * x)


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        result = function(*args, **kwargs)
        return result

    return wrapper


@timed
def timed_square(x):
    return np.sum(x**2)


@timed
def timed_cube(x):
    return np.sum(x**3)


@numba.njit
def jitted(x):
    return np.sum(x**2)


@compiled
def test_wrapped_functions():
    x = np.array([2.0])
    assert grad(timed_square)(x) == 4.0 and grad(timed_cube)(x) == 12.0 and grad(timed_square)(x) == 4.0
    assert grad(jitted)(x) == 4.0

    def calls(x, f):
        return f(x)

    assert grad(calls)(x, timed_square) == 4.0 and grad(calls)(x, timed_cube) == 12.0


@pytest.mark.parametrize("fun", [np.sum, dict, 3, len, Box])
def test_what_is_no_function_of_pythons(fun):
    with pytest.raises(TypeError):
        dlfeval(fun, np.ones(2))


# ---------------------------------------------------------------------------------- promise 20: never stale

rate = 2.0
CFG = {"lr": 1.0, "kind": "square", "layers": [1.0, 2.0]}
table = np.array([1.0, 2.0])
square = True


def uses_cfg(x):
    y = np.sum(table * x) * rate * CFG["lr"]
    if CFG["kind"] == "square":
        y = y * y
    for k in CFG["layers"]:
        y = y * k
    return y if square else -y


def finite(f, x, *args):
    """The derivative by x[0] by differences, of functions that are polynomials of low degree."""
    h = 1e-4
    up, down = x.copy(), x.copy()
    up[0] += h
    down[0] -= h
    return (f(up, *args) - f(down, *args)) / (2 * h)


@compiled
def test_promise_20_captured_things_are_read_anew(monkeypatch):
    x, g = np.array([1.0, 1.0]), grad(uses_cfg)
    here = globals()
    changes = [
        lambda: None,
        lambda: monkeypatch.setitem(here, "rate", 3.0),
        lambda: monkeypatch.setitem(here, "rate", 3),
        lambda: monkeypatch.setitem(here, "rate", np.float32(2.0)),
        lambda: monkeypatch.setitem(here, "table", np.array([5.0, 2.0])),
        lambda: monkeypatch.setitem(here, "table", np.array([5, 2])),
        lambda: monkeypatch.setitem(here, "table", np.array([[5.0, 2.0], [1.0, 1.0]])),
        lambda: monkeypatch.setitem(CFG, "lr", 0.5),
        lambda: monkeypatch.setitem(CFG, "kind", "linear"),
        lambda: monkeypatch.setitem(CFG, "layers", [1.0, 2.0, 3.0]),
        lambda: monkeypatch.setitem(CFG, "layers", [1.0, 2.0, 4.0]),
        lambda: monkeypatch.setitem(here, "square", False),
        lambda: monkeypatch.setitem(CFG, "kind", "square"),
        lambda: monkeypatch.setitem(here, "CFG", {"lr": 7.0, "kind": "none", "layers": []}),
    ]
    for k, change in enumerate(changes):
        change()
        for _ in range(2):
            assert abs(g(x)[0] - finite(uses_cfg, x)) < 1e-6 * (1 + abs(g(x)[0])), k


act = np.sin
kinds = {"a": 1.0, "b": 2.0}
axes = (0,)
dtype = np.dtype("float64")
weights = [1.0]


class Layer:
    slope = 2.0

    def __call__(self, x):
        return x * self.slope


class Steep(Layer):
    slope = 3.0


layer = Layer()


def uses_everything(x):
    y = np.sum(act(x))
    for k in kinds:
        y = y + (5.0 * x[0] if k == "a" else x[0])
    y = y + (x[0] if "c" in kinds else 0.0)
    y = y + (100.0 * x[0] if weights else 0.0)
    y = y + np.sum(np.sum(x.reshape(1, -1), axis=axes) ** 2)
    z = np.zeros(2, dtype)
    z[0] = x[0] / 3.0
    return y + z[0] + layer(x[0]) + (x[0] if isinstance(layer, Steep) else 0.0)


def test_promise_20_objects_that_are_no_numbers(monkeypatch):
    x, g = np.array([0.5, 1.0]), grad(uses_everything)
    here = globals()
    changes = [
        lambda: None,
        lambda: monkeypatch.setitem(here, "act", np.cos),
        lambda: monkeypatch.setitem(here, "act", one),
        lambda: monkeypatch.setitem(kinds, "c", 1.0),
        lambda: monkeypatch.setitem(here, "kinds", {"b": 1.0, "d": 1.0, "e": 1.0}),
        lambda: weights.clear(),
        lambda: monkeypatch.setitem(here, "axes", (1,)),
        lambda: monkeypatch.setitem(here, "layer", Steep()),
        lambda: monkeypatch.setattr(Steep, "slope", 7.0),
        lambda: monkeypatch.setattr(layer, "slope", 8.0, raising=False),
        lambda: monkeypatch.setitem(here, "layer", two),
        lambda: monkeypatch.setitem(here, "layer", lambda x: x * x),
    ]
    try:
        for k, change in enumerate(changes):
            change()
            for _ in range(2):
                assert abs(g(x)[0] - finite(uses_everything, x)) < 1e-6, k
    finally:
        weights[:] = [1.0]


def test_promise_20_a_type_is_read_anew(monkeypatch):
    def f(x):
        z = np.zeros(1, dtype)
        z[0] = x[0] / 3.0
        return z[0] * 1.0

    x = np.ones(1)
    assert value_and_grad(f)(x)[0] == 1 / 3
    monkeypatch.setitem(globals(), "dtype", np.dtype("float32"))
    assert value_and_grad(f)(x)[0] == np.float32(1 / 3)


def test_promise_20_another_module_under_the_name(monkeypatch):
    other = types.ModuleType("other")
    other.sum = lambda x: x[0] * 10.0
    g, x = grad(total), np.ones(1)
    assert g(x) == 2.0
    monkeypatch.setitem(globals(), "np", other)
    found = g(x)
    monkeypatch.undo()
    assert found == 20.0


def test_promise_20_arrays_edited_in_place():
    w = np.array([1.0, 2.0])
    items = [3.0, 4.0]

    def f(x):
        return np.sum(w * x) * items[0]

    g = grad(f)
    assert np.array_equal(g(np.ones(2)), [3.0, 6.0])
    w[0] = 10.0
    assert np.array_equal(g(np.ones(2)), [30.0, 6.0])
    items[0] = 1.0
    assert np.array_equal(g(np.ones(2)), [10.0, 2.0])
    w.flags.writeable = False
    assert np.array_equal(g(np.ones(2)), [10.0, 2.0])
    w = dlarray([1.0, 1.0])
    assert np.array_equal(data(dlfeval(f, np.ones(2))), 2.0)


def one(x):
    return x * 2.0


def two(x):
    return x * 3.0


chosen = one


def uses_chosen(x):
    return np.sum(chosen(x))


@compiled
def test_promise_20_replaced_and_edited_callees(monkeypatch, builds):
    x, g = np.ones(2), grad(uses_chosen)
    assert g(x)[0] == 2.0
    monkeypatch.setitem(globals(), "chosen", two)
    assert g(x)[0] == 3.0
    monkeypatch.setitem(globals(), "chosen", one)
    assert g(x)[0] == 2.0
    assert len(builds) == 2
    monkeypatch.setattr(one, "__code__", two.__code__)
    assert g(x)[0] == 3.0
    monkeypatch.undo()
    assert g(x)[0] == 2.0


def test_promise_20_own_code_and_defaults_are_replaced():
    def f(x, k=2.0, *, p=1.0):
        return np.sum(x) * k * p

    def h(x, k=2.0, *, p=1.0):
        return np.sum(x) * k * p * 10.0

    x, g = np.ones(1), grad(f)
    assert g(x) == 2.0
    f.__defaults__ = (5.0,)
    assert g(x) == 5.0
    f.__kwdefaults__ = {"p": 2.0}
    assert g(x) == 10.0
    f.__code__ = h.__code__
    assert g(x) == 100.0
    f.__defaults__ = (3,)
    assert g(x) == 60.0


def make(k, inner_k):
    def inner(x):
        return x * inner_k

    def outer(x):
        return np.sum(inner(x)) * k

    return outer


@compiled
def test_promise_20_functions_made_anew_are_not_built_anew(builds):
    x = np.ones(2)
    for k in range(1, 6):
        outer = make(float(k), float(k + 1))
        assert grad(outer)(x)[0] == k * (k + 1)
        assert dlfeval(outer, x) == 2.0 * k * (k + 1)
        assert grad(lambda x, d=float(k): np.sum(x) * d)(x)[0] == k
    assert len(builds) == 3
    first, second = make(2.0, 3.0), make(5.0, 7.0)
    a, b = grad(first), grad(second)
    assert (a(x)[0], b(x)[0], a(x)[0], b(x)[0]) == (6.0, 35.0, 6.0, 35.0)
    assert len(builds) == 3


def apply_to(x, f, g=None):
    return np.sum(f(x)) if g is None else np.sum(f(x) + g(x))


@compiled
def test_promise_20_functions_among_the_arguments(builds):
    x = np.ones(2)
    for k in (1.0, 2.0, 3.0):
        f = lambda x: x * k  # noqa: B023
        assert grad(apply_to)(x, f)[0] == k
        assert grad(apply_to)(x, f)[0] == k
        assert grad(apply_to)(x, make_scaler(k), make_scaler(k + 1.0))[0] == 2 * k + 1.0
    assert len(builds) == 2
    assert grad(apply_to)(x, f, f)[0] == 6.0
    f = make_scaler(5.0)
    assert grad(apply_to)(x, f, f)[0] == 10.0
    g = grad(apply_to)
    assert g(x, one)[0] == 2.0 and g(x, two)[0] == 3.0 and g(x, one)[0] == 2.0
    assert np.isclose(g(x, np.sin)[0], np.cos(1.0), rtol=1e-15)
    assert g(x, timed_square)[0] == 2.0 and g(x, timed_cube)[0] == 3.0


def test_promise_20_functions_compared_by_identity():
    def choose(x, f, g):
        return x * 2.0 if f is g else x * 3.0

    same = make_scaler(1.0)
    for _ in range(2):
        assert grad(choose)(1.0, same, same) == 2.0
        assert grad(choose)(1.0, same, make_scaler(1.0)) == 3.0

    def against(x, f):
        return x * 2.0 if f is same else x * 3.0

    assert grad(against)(1.0, same) == 2.0 and grad(against)(1.0, make_scaler(1.0)) == 3.0
    other, same = same, make_scaler(2.0)
    assert grad(against)(1.0, same) == 2.0 and grad(against)(1.0, other) == 3.0


def make_scaler(k):
    return lambda x: x * k


def test_promise_20_one_inner_function_or_two(builds):
    def maker(a, b):
        return lambda x: np.sum(a(x) + b(x))

    def inner(k):
        return lambda x: x * k

    same = inner(2.0)
    x = np.ones(1)
    assert grad(maker(same, same))(x) == 4.0
    assert grad(maker(inner(3.0), inner(5.0)))(x) == 8.0
    assert grad(maker(same, same))(x) == 4.0


def test_promise_20_sizes_and_numbers_do_not_build(builds):
    def f(x, a, w):
        return np.sum(w @ x) * a

    for n in (1, 2, 7):
        for a in (0.5, -1.0, 1e9):
            assert np.allclose(grad(f)(np.ones(n), a, np.ones((3, n))), 3 * a)
    assert len(builds) == 1


def test_promise_20_numbers_that_decide_shapes_are_part_of_the_match(builds):
    def f(x, axis):
        return np.sum(np.sum(x, axis=axis) ** 2)

    x = np.arange(6.0).reshape(2, 3)
    for _ in range(2):
        for axis in (0, 1):
            assert np.array_equal(grad(f)(x, axis), 2 * np.broadcast_to(x.sum(axis, keepdims=True), (2, 3)))
    assert len(builds) == 2


def test_a_deleted_name_is_an_error(monkeypatch):
    g = grad(uses_chosen)
    g(np.ones(2))
    monkeypatch.delitem(globals(), "chosen")
    with pytest.raises(UnsupportedSyntax, match="chosen"):
        g(np.ones(2))


@compiled
def test_a_function_that_is_made_anew_goes_the_way_of_the_one_before(monkeypatch):
    """With what it captured itself, and by the long way where that or an argument is of another kind."""

    def made(factor, inner):
        return lambda x, offset: np.sum(inner(x)) * factor + offset

    def squared(x):
        return x**2

    def cubed(x):
        return x**3

    read = []
    original = runner.read_call
    monkeypatch.setattr(runner, "read_call", lambda *args: read.append(1) or original(*args))
    x, ones, singles = np.arange(1.0, 4.0), np.ones(2), np.ones(2, np.float32)

    def at(factor, inner, x, offset):
        before = len(read)
        value, gradient = value_and_grad(made(factor, inner))(x, offset)
        right = np.sum(inner(x)) * factor + offset
        slope = (2 * x if inner is squared else 3 * x**2) * factor
        assert np.allclose(value, right, 1e-12) and np.allclose(gradient, slope, 1e-12)
        assert gradient.dtype == x.dtype
        return len(read) == before

    assert not at(2.0, squared, x, 1.0)
    assert at(3.0, squared, x, -1.0) and at(0.5, squared, ones, 0.0)
    assert not at(2.0, cubed, x, 1.0)  # another function is another program
    assert at(4.0, cubed, ones, 1.0)
    assert not at(2.0, cubed, singles, 1.0) and at(2.0, cubed, singles, 1.0)
    assert not at(2, cubed, singles, 1.0)  # a whole number is captured
    assert not at(np.array([1.0, 1.0, 1.0]).sum(), squared, ones, np.float64(1.0))
    with pytest.raises(UnsupportedSyntax, match="factor"):
        value_and_grad(made("text", cubed))(x, 1.0)
    at(2.0, squared, x, 1.0)


# ---------------------------------------------------------------------------------- threads, memory, pickles


@compiled
def test_threads_build_once(builds):
    def f(x):
        return np.sum(np.sin(x))

    x, found, barrier = np.arange(3.0), [], threading.Barrier(8)

    def work():
        barrier.wait()
        for _ in range(20):
            found.append(grad(f)(x))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 160 and all(np.allclose(g, np.cos(x), rtol=1e-15) for g in found)
    assert len(builds) == 1


def test_captured_arrays_are_not_kept():
    def use(n):
        w = np.ones(n)
        kept.append(weakref.ref(w))
        assert grad(lambda x: np.sum(w * x))(np.ones(n)).shape == (n,)

    kept = []
    for n in (2, 3, 4):
        use(n)
    gc.collect()
    assert not any(ref() is not None for ref in kept)


def test_the_users_function_pickles_and_copies():
    dlfeval(total, np.ones(2))
    assert pickle.loads(pickle.dumps(total)) is total
    assert copy.deepcopy(total) is total
    again = pickle.loads(pickle.dumps(dict(total.__dict__)))
    assert not any(again.values())


# ---------------------------------------------------------------------------------- errors


def out_of_range(x, i):
    y = x[i] * 2.0
    return y


def raises(x):
    if x[0] > 0.0:
        raise ValueError("x[0] must not be positive")
    return x[1] ** 2


def formats(x):
    if x[0] > 2.0:
        raise ValueError(f"{x[0]:.2f} is too large")
    assert x[0] > 0.0, f"{x[0]} is negative"
    return x[0]


def raises_late(x):
    y = np.sum(x)
    g = dlgradient(y, x)
    if y > 0.0:
        raise RuntimeError("after the gradient")
    return g


def shapes(w, x):
    y = w @ x
    return np.sum(y)


@compiled
def test_errors_of_a_running_program():
    with pytest.raises(IndexError, match=r"test_evaluate\.py:\d+") as caught:
        grad(out_of_range)(np.ones(2), 5)
    assert caught.value.__cause__ is None
    assert grad(out_of_range)(np.ones(2), -1)[1] == 2.0
    with pytest.raises(ValueError, match="must not be positive") as caught:
        grad(raises)(np.ones(2))
    assert caught.traceback[-1].path.name == "test_evaluate.py" and caught.traceback[-1].name == "raises"
    with pytest.raises(ValueError, match="mismatch|shape|match|aligned") as caught:
        grad(shapes)(np.ones((2, 3)), np.ones(4))
    with pytest.raises(ValueError, match="^3.00 is too large$") as caught:
        grad(formats)(np.array([3.0]))
    assert grad(formats)(np.array([1.0])) == 1.0
    with pytest.raises(RuntimeError, match="after the gradient") as caught:
        dlfeval(raises_late, dlarray([1.0]))
    assert caught.traceback[-1].path.name == "test_evaluate.py" and caught.traceback[-1].name == "raises_late"


def test_dlgradient_outside():
    x = dlarray([1.0])
    with pytest.raises(DifferentiationError, match="dlfeval") as caught:
        dlgradient(x[0], x)
    assert caught.value.filename == __file__
    assert "dlgradient(x[0], x)" in caught.value.text


def test_an_internal_fault_says_so(monkeypatch):
    def f(x):
        return np.sum(x)

    def broken(*args, **kwargs):
        raise KeyError("cotangent of v7")

    import dlsrc.transform

    monkeypatch.setattr(dlsrc.transform, "transform", broken)
    with pytest.raises(InternalError) as caught:
        grad(f)(np.ones((2, 3)))
    text = str(caught.value)
    assert "bug in dlsrc" in text and "x: 2-d C array of float64" in text and "cotangent of v7" in text
    assert dlsrc.__version__ in text and "test_evaluate.py" in text and len(text.splitlines()) <= 15
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_failed_build_is_tried_again(monkeypatch):
    def f(x):
        return np.sum(x)

    import dlsrc.transform

    original = dlsrc.transform.transform
    monkeypatch.setattr(dlsrc.transform, "transform", lambda *a, **k: 1 / 0)
    with pytest.raises(InternalError):
        grad(f)(np.ones(2))
    monkeypatch.setattr(dlsrc.transform, "transform", original)
    assert grad(f)(np.ones(2))[0] == 1.0


def test_modules_as_arguments_and_options():
    def f(x, mode, module):
        return np.sum(x * module.scale) if mode == "sum" else np.max(x)

    module = types.SimpleNamespace(scale=2.0)
    x = np.array([1.0, 3.0])
    assert np.array_equal(grad(f)(x, "sum", module), [2.0, 2.0])
    assert np.array_equal(grad(f)(x, "max", module), [0.0, 1.0])
    module.scale = 4.0
    assert np.array_equal(grad(f)(x, "sum", module), [4.0, 4.0])


def test_functions_of_dlsrc_outside():
    import dlsrc

    x = np.array([[-1.0, 2.0], [0.0, 1.0]])
    for function in (dlsrc.relu, dlsrc.sigmoid, dlsrc.softmax, dlsrc.logsumexp):
        plain, wrapped = function(x), function(dlarray(x))
        assert isdlarray(wrapped) and not isdlarray(plain)
        assert np.array_equal(extractdata(wrapped), plain)
    with pytest.raises(AttributeError, match="rellu"):
        dlsrc.rellu
    assert set(dlsrc.__all__) == set(dir(dlsrc))


@compiled
@only_compiled
def test_what_numba_refuses_is_told_at_the_users_line(monkeypatch):
    import dlsrc.transform.compile as compiler

    def f(x):
        y = np.sum(x)
        return y * 2.0

    original = compiler.compile_text

    def refusing(emitted, **options):
        line = next(k for k, loc in sorted(emitted.line_map.items()) if loc.line == f.__code__.co_firstlineno + 2)
        made = original(emitted, **options)

        def refuse(types):
            place = numba.core.ir.Loc(made.py_func.__code__.co_filename, line)
            raise numba.core.errors.TypingError("No implementation of function add", loc=place)

        return types.SimpleNamespace(compile=refuse)

    monkeypatch.setattr(compiler, "compile_text", refusing)
    with pytest.raises(UnsupportedSyntax, match="numba cannot compile this: No implementation of function add") as caught:
        grad(f)(np.ones(2))
    assert caught.value.filename == __file__ and caught.value.lineno == f.__code__.co_firstlineno + 2
    # Kept, but not printed: its hundred lines are about the generated text.
    assert isinstance(caught.value.__context__, numba.core.errors.TypingError) and caught.value.__suppress_context__


def test_a_name_without_a_value_raises_as_python_does(tmp_path):
    """Also from a file whose path has a space; a free variable is a NameError, not an UnboundLocalError."""
    path = tmp_path / "a file.py"
    path.write_text(
        "from dlsrc import dlgradient\n\n"
        "def local(x):\n    if x[0] > 1.0:\n        s = x[1]\n    g = dlgradient(x[0] * x[1], x)\n    return g, s\n\n"
        "def free(x):\n    if x[0] > 1.0:\n        s = x[1]\n    def inner():\n        return s\n"
        "    g = dlgradient(x[0] * x[1], x)\n    return g, inner()\n"
    )
    spec = importlib.util.spec_from_file_location("a_file", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for f, kind in ((module.local, UnboundLocalError), (module.free, NameError)):
        with pytest.raises(kind, match="`s` has no value on this way") as caught:
            dlfeval(f, dlarray([0.5, 2.0]))
        assert type(caught.value) is kind
        assert "a file.py:" in str(caught.value)


def written_beside(a):
    b = a.copy(order="K")
    v = np.ascontiguousarray(b.T)
    v[0] = 5.0
    return np.sum(a * b)


@compiled
@pytest.mark.parametrize("unlike", ["order", "writing"])
def test_the_short_way_is_for_one_order_in_memory(unlike):
    """What the function gives depends on it: of an array in Fortran order ``v`` is ``b``, turned."""
    fortran = np.asfortranarray(np.arange(9.0).reshape(3, 3) + 1)
    made = value_and_grad(lambda a: np.sum(a.T @ a[0]))
    for _ in range(3):
        assert value_and_grad(written_beside)(fortran)[0] == written_beside(fortran) == 279.0
        made(fortran)
    if unlike == "order":
        neither = np.repeat(np.repeat(fortran, 2, 0), 2, 1)[::2, ::2]
        assert written_beside(neither) == 285.0
        with pytest.raises(UnsupportedSyntax, match="may be one array here"):
            value_and_grad(written_beside)(neither)
        np.testing.assert_allclose(made(neither)[1], made(neither.copy())[1], rtol=1e-14)
    else:
        fixed = fortran.copy(order="F")
        fixed.flags.writeable = False
        assert value_and_grad(written_beside)(fixed)[0] == 279.0
    assert made(fortran)[0] == made(fortran.copy())[0]
