"""`dlode45` of dlarrays with labels: what the function gets, what comes out, and the derivatives."""

import numpy as np
import pytest

import dlsrc
from dlsrc import dims, dlarray, dlfeval, dlgradient, dlode45, errors, fullyconnect

RNG = np.random.default_rng(0)
X = dlarray(RNG.standard_normal((3, 2)), "CB")
THETA = {"W": dlarray(0.5 * RNG.standard_normal((3, 3))), "b": dlarray(RNG.standard_normal(3))}
TIGHT = {"relative_tolerance": 1e-10, "absolute_tolerance": 1e-12}
TIMES = np.array([0.0, 0.5, 1.0])


def layer(t, y, theta):
    assert dims(y) == "CB"
    return np.tanh(fullyconnect(y, theta["W"], theta["b"]))


def plain(t, y, W, b):
    return np.tanh(W @ y + b[:, None])


def plainly(times, x, W, b):
    def right(t, y, theta):
        return plain(t, y, *theta)

    return dlode45(right, times, x, (W, b), **TIGHT)


@pytest.mark.parametrize("times, fmt", [((0.0, 1.0), "CB"), (TIMES, "CBT"), (TIMES[1:], "CBT")])
def test_the_times_are_the_dimension_t(times, fmt):
    y = dlode45(layer, times, X, THETA, **TIGHT)
    assert dims(y) == fmt
    np.testing.assert_allclose(y.data, plainly(times, X.data, THETA["W"].data, THETA["b"].data), rtol=1e-14)
    # the dimension T stands in front of U
    made = dlode45(lambda t, y: -y, TIMES, dlarray(X.data, "CU"))
    assert dims(made) == "CTU" and made.shape == (3, 2, 2)


@pytest.mark.parametrize("mode, atol", [("direct", 1e-13), ("adjoint", 1e-8)])
def test_gradients_have_the_labels_and_values_of_those_without(mode, atol):
    def loss(x, theta):
        y = dlode45(layer, TIMES, x, theta, gradient_mode=mode, **TIGHT)
        assert dims(y) == "CBT"
        return dlgradient(np.sum(y**2), x, theta)

    dx, dtheta = dlfeval(loss, X, THETA)
    assert dims(dx) == "CB"
    expected = dlsrc.grad(lambda x, W, b: np.sum(plainly(TIMES, x, W, b) ** 2), (0, 1, 2))(
        X.data, THETA["W"].data, THETA["b"].data
    )
    for found, right in zip((dx, dtheta["W"], dtheta["b"]), expected, strict=True):
        np.testing.assert_allclose(found.data, right, rtol=0, atol=atol * np.abs(right).max())

    def by_format(x, theta):
        y = dlode45(layer, TIMES, x, theta, gradient_mode=mode, data_format="BC", **TIGHT)
        return np.sum(y**2)

    np.testing.assert_allclose(dlsrc.grad(by_format)(X.data.T.copy(), THETA).T, expected[0], rtol=0, atol=10 * atol)


def test_an_array_comes_out_as_it_came_in():
    y = dlode45(layer, TIMES, X.data.T, THETA, data_format="BC", **TIGHT)
    assert isinstance(y, np.ndarray)
    expected = dlode45(layer, TIMES, X, THETA, **TIGHT).data
    np.testing.assert_allclose(y, expected.transpose(1, 0, 2), rtol=1e-14)


def test_parameters_keep_their_labels():
    rate = dlarray(np.array([0.5, 1.0, 2.0]), "C")

    def falling(t, y, rate):
        assert dims(rate) == "C"
        return -rate * y

    expected = X.data * np.exp(-rate.data)[:, None]
    np.testing.assert_allclose(dlode45(falling, (0.0, 1.0), X, rate, **TIGHT).data, expected, rtol=1e-9)
    for mode in ("direct", "adjoint"):

        def slope(x, rate, mode=mode):
            return dlgradient(np.sum(dlode45(falling, (0.0, 1.0), x, rate, gradient_mode=mode, **TIGHT)), rate)

        found = dlfeval(slope, X, rate)
        assert dims(found) == "C"
        np.testing.assert_allclose(found.data, -expected.sum(axis=1), rtol=1e-8)


REFUSED = [
    (lambda x: dlode45(layer, TIMES, x, THETA, data_format="CB"), "y0 has the format 'CB'; data_format= is for"),
    (lambda x: dlode45(lambda t, y: y, TIMES, dlarray(x, "CT")), "adds an axis that is time, T"),
    (lambda x: dlode45(lambda t, y: np.sum(y, axis=1)[:, 0], (0.0, 1.0), x), "'CB', and returns one with 'C'"),
    (lambda x: dlode45(lambda t, y: dlsrc.stripdims(y), (0.0, 1.0), dlsrc.stripdims(x), data_format="BC"),
     "'BC', and returns one with 'none'"),
    (lambda x: dlode45(lambda t, y: y, dlarray(TIMES, "T"), x), "times have no labels"),
    (lambda x: dlode45(lambda t, y: y, TIMES, dlsrc.stripdims(x), data_format="CBT"), "names 3 axes, and the array has 2"),
]  # fmt: skip


@pytest.mark.parametrize("f, message", REFUSED, ids=range(len(REFUSED)))
def test_what_does_not_fit_is_refused(f, message):
    with pytest.raises(errors.UnsupportedSyntax, match=message):
        dlfeval(lambda x: dlgradient(np.sum(dlsrc.stripdims(f(x))), x), X)
