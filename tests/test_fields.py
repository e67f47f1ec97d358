"""dljacobian, dllaplacian, dldivergence: sizes, values, options, messages; a network of physics."""

import numpy as np
import pytest

import dlsrc
from dlsrc import dlarray, dldivergence, dlfeval, dlgradient, dljacobian, dllaplacian
from dlsrc.errors import DifferentiationError, UnsupportedSyntax
from tests.oracle import assert_close, vector
from tests.test_second_order import slope_of


def data(x):
    return dlsrc.extractdata(x)


def test_a_block_for_each_observation():
    """MATLAB's example: u is 5 by 128, x is 16 by 16 by 3 by 128 (smaller here); no terms across observations."""
    w = vector(5, 24)

    def f(x):
        u = w @ np.reshape(x, (24, x.shape[3])) ** 2
        return dljacobian(u, x, 0), dljacobian(u.T, x, 1), dljacobian(u, x, -2)

    x = vector(2, 4, 3, 7)
    first, second, third = (data(j) for j in dlfeval(f, dlarray(x)))
    expected = 2 * w.reshape(5, 2, 4, 3, 1) * x
    assert first.shape == (5, 2, 4, 3, 7)
    for found in (first, second, third):
        assert_close(found, expected)


def test_one_component_has_the_shape_of_x():
    """HNN: H has a number for each observation, dH is 2 by N."""
    def f(qp):
        h = 0.5 * qp[1] ** 2 + np.cos(qp[0])
        return dljacobian(h, qp, 0)

    qp = vector(2, 6)
    assert_close(data(dlfeval(f, dlarray(qp))), np.stack((-np.sin(qp[0]), qp[1])))


def test_chained_jacobians():
    def f(x):
        u = np.sin(x[0]) * x[1] ** 2
        first = dljacobian(u, x, 0)
        return dljacobian(first, x, 0)

    x = vector(2, 3)
    got = data(dlfeval(f, dlarray(x)))
    s, c = np.sin(x[0]), np.cos(x[0])
    assert_close(got, np.array([[-s * x[1] ** 2, 2 * c * x[1]], [2 * c * x[1], 2 * s]]))


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_laplacian_of_a_matrix_keeps_the_axis(dim):
    def f(x):
        u = np.sum(x**3, axis=dim, keepdims=True)
        return dllaplacian(u, x, dim)

    x = vector(3, 4)
    assert_close(data(dlfeval(f, dlarray(x))), np.sum(6 * x, axis=dim, keepdims=True))


def test_laplacian_of_a_vector_of_a_sum_and_at_one_place():
    x = vector(3, 4)
    expected = np.sum(6 * x, axis=0)
    assert_close(data(dlfeval(lambda x: dllaplacian(np.sum(x**3, axis=0), x, 0), dlarray(x))), expected)
    assert_close(data(dlfeval(lambda x: dllaplacian(np.sum(x**3), x, 0), dlarray(x))), expected)
    assert_close(data(dlfeval(lambda x: dllaplacian(np.sum(x**3), x, 0), dlarray(x[:, 0]))), expected[0])


def test_divergence():
    def f(x):
        u = np.stack((x[0] * x[1], np.sin(x[1]), x[2] * x[0]))
        return dldivergence(u, x, 0)

    x = vector(3, 4)
    assert_close(data(dlfeval(f, dlarray(x))), (x[1] + np.cos(x[1]) + x[0])[None])
    assert_close(data(dlfeval(lambda x: dldivergence(x**2, x, 0), dlarray(x[:, 0]))), 2 * np.sum(x[:, 0]))


def heat(w, tx):
    h = np.tanh(w["a"] @ tx + w["b"][:, None])
    u = np.sum(w["c"][:, None] * h, axis=0)
    residual = dllaplacian(u, tx, 0) + dljacobian(u, tx, 0)[0]
    return np.mean(residual**2)


def plain_heat(w, tx):
    """The loss with the derivatives of tanh by hand."""
    h = np.tanh(w["a"] @ tx + w["b"][:, None])
    slope, curve = 1 - h**2, -2 * h * (1 - h**2)
    lap = sum(np.sum((w["c"] * w["a"][:, k] ** 2)[:, None] * curve, axis=0) for k in range(2))
    first = np.sum((w["c"] * w["a"][:, 0])[:, None] * slope, axis=0)
    return np.mean((lap + first) ** 2)


@pytest.mark.compiled
def test_a_network_of_physics():
    """A loss of a network's Laplacian, differentiated by the weights: the third order."""
    def objective(w, tx):
        loss = heat(w, tx)
        return loss, dlgradient(loss, w)

    w = {"a": vector(4, 2) - 1.0, "b": vector(4), "c": vector(4, low=-1.0)}
    tx = vector(2, 5)
    loss, grads = dlfeval(objective, {k: dlarray(v) for k, v in w.items()}, dlarray(tx))
    assert_close(data(loss), plain_heat(w, tx))
    rng = np.random.default_rng(5)
    for name in w:
        v = rng.standard_normal(w[name].shape)
        expected = slope_of(lambda a, name=name: np.array(plain_heat({**w, name: a}, tx)), w[name], v)
        assert_close(np.sum(data(grads[name]) * v), expected)


def test_without_the_flag_it_is_not_differentiated_again():
    def f(x):
        u = dllaplacian(np.sum(x**3, axis=0), x, 0, enable_higher_derivatives=False)
        return dlgradient(np.sum(u), x)

    with pytest.raises(DifferentiationError, match="enable_higher_derivatives=True"):
        dlfeval(f, dlarray(vector(2, 3)))


def test_outside_of_a_trace():
    for f in (dljacobian, dllaplacian, dldivergence):
        with pytest.raises(DifferentiationError, match=f"{f.__name__} works in a function that dlfeval runs"):
            f(np.ones((2, 3)), np.ones((2, 3)), 0)


def test_what_is_refused():
    x = dlarray(vector(2, 3))
    for f, words in (
        (lambda x: dljacobian(x, x, 2), "no axis 2"),
        (lambda x: dljacobian(np.sum(x), x, 0), "matrix u"),
        (lambda x: dllaplacian(np.sum(x), x[0, 0], 0), "x is an array"),
        (lambda x: dldivergence(x[0], x, 0), "as many dimensions"),
        (lambda x: dljacobian(x, x, 0, EnableHigherDerivatives=True), "enable_higher_derivatives"),
    ):
        with pytest.raises(UnsupportedSyntax, match=words):
            dlfeval(f, x)
