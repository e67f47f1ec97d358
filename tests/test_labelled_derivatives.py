"""``jvp``, ``vjp``, Jacobians and Hessians of arrays with formats: results have the formats of what they belong to."""

import numpy as np
import pytest

from dlsrc import (
    crossentropy, dlarray, dlnetwork, forward, fullyconnect, grad, hessian, hvp, jacfwd, jacobian, jacrev,
    jvp, softmax, stripdims, value_and_grad, vjp,
)  # fmt: skip
from dlsrc.errors import UnsupportedSyntax
from dlsrc.networks import BatchNormalizationLayer, FeatureInputLayer, FullyConnectedLayer

RNG = np.random.default_rng(12)
X, TX = (dlarray(RNG.standard_normal((2, 3)), "CB") for _ in range(2))
W, TW = (dlarray(RNG.standard_normal((4, 2))) for _ in range(2))
BIAS = RNG.standard_normal(4)
B = dlarray(BIAS, "C")
DY = dlarray(RNG.standard_normal((4, 3)), "CB")


def layer(W, X):
    return np.tanh(fullyconnect(X, W, B))


def plain_layer(W, X):
    return np.tanh(W @ X + BIAS[:, None])


def energy(X):
    return np.sum(np.exp(X * 0.3) * X)


def close(found, expected, labels):
    assert isinstance(found, dlarray) and found.labels == labels
    np.testing.assert_allclose(found.data, expected, rtol=1e-13, atol=1e-15)


def test_tangents_and_cotangents_have_the_formats_of_their_values():
    y, ty = jvp(layer, (W, X), (TW, TX))
    expected = jvp(plain_layer, (W.data, X.data), (TW.data, TX.data))
    close(y, expected[0], "CB")
    close(ty, expected[1], "CB")
    y, pullback = vjp(layer, W, X)
    close(y, expected[0], "CB")
    for found, plain, labels in zip(
        pullback(DY), vjp(plain_layer, W.data, X.data)[1](DY.data), ("", "CB"), strict=True
    ):
        close(found, plain, labels)


@pytest.mark.compiled
def test_compiled_products_have_formats():
    ty = jvp(layer, (W, X), (TW, TX))[1]
    dw, dx = vjp(layer, W, X)[1](DY)
    assert (ty.labels, dw.labels, dx.labels) == ("CB", "", "CB")
    inner = np.sum(DY.data * ty.data)
    assert abs(inner - np.sum(dw.data * TW.data) - np.sum(dx.data * TX.data)) < 1e-13 * abs(inner)


def test_a_tangent_without_format_is_laid_out_as_its_value():
    close(jvp(energy, (X,), (TX.data,))[1], jvp(energy, (X.data,), (TX.data,))[1], "")
    close(hvp(energy)(X, stripdims(TX)), hvp(energy)(X.data, TX.data), "CB")
    with pytest.raises(UnsupportedSyntax, match="tangent of `X` has the format 'BT', and `X` 'CB'"):
        jvp(energy, (X,), (dlarray(TX.data, "BT"),))
    with pytest.raises(UnsupportedSyntax, match="has the format 'CB', and what the function returns 'none'"):
        vjp(lambda x: stripdims(x) * 2.0, X)[1](TX)
    with pytest.raises(ValueError, match="shape"):
        jvp(energy, (X,), (TX.data.T.copy(),))


def test_several_results_of_one_value_have_formats_of_their_own():
    y, ty = jvp(lambda x: (x, stripdims(x), x * 2, stripdims(x * 2)), (X,), (TX,))
    assert [a.labels for a in y] == [a.labels for a in ty] == ["CB", "", "CB", ""]
    for found, factor in zip(ty, (1, 1, 2, 2), strict=True):
        np.testing.assert_array_equal(found.data, factor * TX.data)
    close(jvp(grad(energy), (X,), (TX,))[0], grad(energy)(X.data), "CB")
    close(jvp(value_and_grad(energy), (X,), (TX,))[1][1], hvp(energy)(X.data, TX.data), "CB")


def test_trees_of_arrays_with_formats():
    params, directions = {"W": W, "B": B}, {"W": TW, "B": 2 * B}

    def loss(p, X):
        return np.sum(fullyconnect(X, p["W"], p["B"]) ** 3)

    product = hvp(loss)(params, X, directions)
    assert [product[k].labels for k in ("W", "B")] == ["", "C"]
    slope = jvp(grad(loss), (params, X), (directions, 0 * X))[1]
    for name in params:
        close(slope[name], product[name].data, product[name].labels)


def test_jacobians_are_by_the_dimensions_of_the_result_then_of_the_argument():
    expected = jacrev(plain_layer, (0, 1))(W.data, X.data)
    for make in (jacfwd, jacrev, jacobian):
        for found, plain in zip(make(layer, (0, 1))(W, X), expected, strict=True):
            assert type(found) is np.ndarray  # a letter may not stand twice in a format
            np.testing.assert_allclose(found, plain, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(hessian(energy)(X), hessian(energy)(X.data), rtol=1e-13)


@pytest.mark.parametrize("make", [jacfwd, jacrev, jacobian])
def test_of_a_number_or_by_one_the_format_is_that_of_the_other(make):
    close(make(energy)(X), grad(energy)(X.data), "CB")
    close(make(lambda s: s**2 * X)(1.5), 3.0 * X.data, "CB")
    close(make(lambda s, t: np.sum(t) * s * X, (0, 1))(1.5, W.data)[0], np.sum(W.data) * X.data, "CB")


def test_inside_of_a_function_that_is_differentiated():
    def of_jacobian(x):
        return np.sum(jacfwd(lambda x: np.sin(x) * 2)(x) ** 2)

    value, slope = value_and_grad(of_jacobian)(X)
    close(slope, grad(lambda x: np.sum(4 * np.cos(x) ** 2))(X.data), "CB")

    def of_products(x):
        y, dy = jvp(energy, (x,), (x * x,))
        return y * dy + np.sum(vjp(np.sin, x)[1](x)[0])

    def by_hand(x):
        slope = np.exp(x * 0.3) * (1 + 0.3 * x)
        return np.sum(np.exp(x * 0.3) * x) * np.sum(slope * x * x) + np.sum(np.cos(x) * x)

    value, slope = value_and_grad(of_products)(X)
    close(slope, grad(by_hand)(X.data), "CB")


def test_the_loss_of_a_network_has_products_with_its_hessian():
    net = dlnetwork([FeatureInputLayer(2), FullyConnectedLayer(3, name="fc"), BatchNormalizationLayer(name="norm")])
    T = dlarray(np.eye(3), "CB")

    def captured(learnables, X):
        return crossentropy(softmax(forward(net.replace(learnables=learnables), X)), T)

    def passed(learnables, net, X):
        return crossentropy(softmax(forward(net.replace(learnables=learnables), X)), T)

    direction = {layer: {name: dlarray(RNG.standard_normal(x.shape)) for name, x in found.items()}
                 for layer, found in net.learnables.items()}  # fmt: skip
    product = hvp(captured)(dict(net.learnables), X, direction)
    again = hvp(passed)(dict(net.learnables), net, X, direction)

    def slope(h):
        moved = {k: {n: x + h * direction[k][n] for n, x in found.items()} for k, found in net.learnables.items()}
        return grad(captured)(moved, X)

    up, down = slope(1e-5), slope(-1e-5)
    for layer, found in product.items():
        for name, x in found.items():
            np.testing.assert_allclose(x.data, (up[layer][name].data - down[layer][name].data) / 2e-5, atol=1e-8)
            np.testing.assert_array_equal(x.data, again[layer][name].data)
    with pytest.raises(UnsupportedSyntax, match="`learnables` has the layers fc, norm; the tree given has fc"):
        grad(captured)({"fc": dict(net.learnables["fc"])}, X)
