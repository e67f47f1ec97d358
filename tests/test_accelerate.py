"""``dlaccelerate``: what it is called with, what its cache says, options."""

import copy
import pickle
import warnings

import numpy as np
import pytest

from dlsrc import (
    AcceleratedFunction, dlaccelerate, dlarray, dlfeval, dlgradient, extractdata, grad, value_and_grad,
)

compiled = pytest.mark.compiled


def model(x, a):
    y = np.sum(x**2) * a
    return y, dlgradient(y, x)


@dlaccelerate
def decorated(x):
    """The gradient of a sum of cubes."""
    y = np.sum(x**3)
    return dlgradient(y, x)


def plain(x):
    return np.sum(np.sin(x))


X = dlarray([1.0, 2.0])


@compiled
def test_it_is_called_like_dlfeval():
    f = dlaccelerate(model)
    assert isinstance(f, AcceleratedFunction)
    for run in (f, lambda *args: dlfeval(f, *args)):
        value, g = run(X, 2.0)
        assert extractdata(value) == 10.0 and np.array_equal(extractdata(g), [4.0, 8.0])
    assert np.array_equal(extractdata(decorated(X)), [3.0, 12.0])
    assert decorated.__name__ == "decorated" and "cubes" in decorated.__doc__


@compiled
def test_it_is_differentiated():
    f = dlaccelerate(plain)
    x = np.array([0.5, 1.0])
    assert np.allclose(grad(f)(x), np.cos(x))
    assert f.occupancy == 2.0
    value, _ = value_and_grad(f)(x)
    assert np.isclose(value, np.sum(np.sin(x))) and f.occupancy == 2.0

    def outer(x):
        return f(x) * 2.0

    assert np.allclose(grad(outer)(x), 2 * np.cos(x))


def test_the_cache_is_counted():
    f = dlaccelerate(model)
    assert (f.hit_rate, f.occupancy, f.cache_size) == (0.0, 0.0, 50)
    f(X, 1.0)
    assert (f.hit_rate, f.occupancy) == (0.0, 2.0)
    for k in range(3):
        f(X, float(k))
    assert (f.hit_rate, f.occupancy) == (75.0, 2.0)
    f(dlarray(np.ones((2, 2))), 1.0)
    assert f.occupancy == 4.0 and f.hit_rate == 60.0
    f.clear_cache()
    assert (f.hit_rate, f.occupancy) == (0.0, 0.0)
    f(X, 1.0)
    assert (f.hit_rate, f.occupancy) == (0.0, 2.0)


def test_the_least_recently_used_is_dropped():
    f = dlaccelerate(model)
    f.cache_size = 2
    one, two, three = (dlarray(np.ones((2,) * n)) for n in (1, 2, 3))
    f(one, 1.0), f(two, 1.0), f(one, 1.0), f(three, 1.0)
    assert f.occupancy == 100.0
    before = f._settings.cache.misses
    f(one, 1.0)
    assert f._settings.cache.misses == before
    f(two, 1.0)
    assert f._settings.cache.misses == before + 1
    f.cache_size = 1
    assert f.occupancy == 100.0
    with pytest.raises(ValueError, match="cache size"):
        f.cache_size = 0


def test_two_functions_have_two_caches():
    f, g = dlaccelerate(model), dlaccelerate(model)
    f(X, 1.0)
    assert f.occupancy == 2.0 and g.occupancy == 0.0


def test_not_enabled():
    f = dlaccelerate(model)
    f.enabled = False
    for a in (1.0, 2.0):
        assert np.array_equal(extractdata(f(X, a)[1]), [2.0 * a, 4.0 * a])
    assert f.occupancy == 0.0 and not f.enabled
    f.enabled = True
    f(X, 1.0)
    assert f.occupancy == 2.0


def drifting(x):
    return np.sum(x) * drift[0]


drift = [1.0]


@compiled
def test_check_mode(monkeypatch):
    f = dlaccelerate(model)
    f.check_mode = "tolerance"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f(X, 1.0), f(X, 2.0)
    run = f.runner

    class Wrong:
        def __call__(self, *args):
            value, g = run(*args)
            return value, g + 0.01

        def __getattr__(self, name):
            return getattr(run, name)

    f.runner = Wrong()
    with pytest.warns(UserWarning, match="Accelerated outputs differ from underlying function outputs."):
        f(X, 1.0)
    f.check_tolerance = 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f(X, 1.0)
    g = dlaccelerate(plain)
    g.check_mode = "tolerance"
    assert np.isclose(g(np.ones(2)), 2 * np.sin(1.0))
    with pytest.raises(ValueError, match="check_mode"):
        f.check_mode = "strict"
    with pytest.raises(ValueError, match="check_tolerance"):
        f.check_tolerance = -1.0


def test_display():
    f = dlaccelerate(model)
    assert repr(f).splitlines() == [
        "AcceleratedFunction with properties:",
        "",
        "          Function: @model",
        "           Enabled: 1",
        "         CacheSize: 50",
        "           HitRate: 0",
        "         Occupancy: 0",
        "         CheckMode: 'none'",
        "    CheckTolerance: 1.0000e-04",
    ]


def test_source_and_compiling_ahead():
    f = dlaccelerate(model)
    with pytest.raises(RuntimeError, match="model"):
        f.source
    f.compile("dlarray(float64[:])", "float64")
    assert "def model_" in f.source
    f(X, 3.0)
    assert f.hit_rate == 50.0 and f.occupancy == 2.0
    f.warm(dlarray(np.ones((2, 2))), 3.0)
    assert f.occupancy == 4.0


@compiled
def test_options():
    @dlaccelerate(fastmath=True, nogil=True)
    def fast(x):
        y = np.sum(x * x)
        return dlgradient(y, x)

    assert np.array_equal(extractdata(fast(X)), [2.0, 4.0])

    def element(x, i):
        return dlgradient(x[i] * 2.0, x)

    checked, unchecked = dlaccelerate(boundscheck=True)(element), dlaccelerate(element, boundscheck=False)
    with pytest.raises(IndexError):
        checked(X, 2)
    assert np.array_equal(extractdata(unchecked(X, 1)), [0.0, 2.0])
    assert "check_index" in checked.source and "check_index" not in unchecked.source
    assert dlaccelerate(fast).fun is fast.fun
    with pytest.raises(TypeError, match="fast_math"):
        dlaccelerate(fast_math=True)
    with pytest.raises(TypeError):
        dlaccelerate(3)


class Network:
    def __init__(self, k):
        self.k = k

    @dlaccelerate
    def loss(self, x):
        y = np.sum(x) * self.k
        return y, dlgradient(y, x)


@compiled
def test_methods():
    a, b = Network(2.0), Network(5.0)
    for _ in range(2):
        assert extractdata(a.loss(X)[1])[0] == 2.0 and extractdata(b.loss(X)[1])[0] == 5.0
    assert Network.loss.occupancy == 2.0 and Network.loss.hit_rate == 75.0
    assert extractdata(dlfeval(a.loss, X)[1])[0] == 2.0


def test_pickles():
    f = dlaccelerate(model)
    f(X, 1.0)
    again = pickle.loads(pickle.dumps(f))
    assert again.fun is model and again.occupancy == 0.0
    assert np.array_equal(extractdata(copy.copy(f)(X, 1.0)[1]), [2.0, 4.0])


def test_a_changed_capture_is_another_program():
    f = dlaccelerate(drifting)
    assert f(np.ones(2)) == 2.0
    drift[0] = 3.0
    try:
        assert f(np.ones(2)) == 6.0
        assert f.occupancy == 2.0
    finally:
        drift[0] = 1.0
