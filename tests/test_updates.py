"""Updates of parameters, against their formulas in NumPy, PyTorch's optimizers, and a dense BFGS."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from dlsrc import (
    adamupdate, dims, dlarray, dlfeval, dlgradient, dlnetwork, dlupdate, lbfgs_state, lbfgsupdate, ravel, rmspropupdate,
    sgdmupdate,
)
from dlsrc.networks import FeatureInputLayer, FullyConnectedLayer
from tests.oracle import assert_close

RNG = np.random.default_rng(64)


@dataclass
class Layer:
    W: object
    b: object


def tree(scale=1.0):
    """Parameters of every kind of leaf, in every kind of container."""
    return {
        "layers": [Layer(scale * RNG.standard_normal((3, 4)), dlarray(scale * RNG.standard_normal(3), "C")), None],
        "float": float(RNG.standard_normal()), "F": np.asfortranarray(scale * RNG.standard_normal((2, 3))),
        "single": (scale * RNG.standard_normal(5)).astype(np.float32), "name": "a net",
        "pair": (dlarray(RNG.standard_normal((2, 2))), np.float64(0.3), np.array(0.7)),
    }  # fmt: skip


def leaves(t):
    a, b = t["layers"][0].W, t["layers"][0].b
    return [a, b, t["float"], t["F"], t["single"], *t["pair"]]


def values(t):
    return [np.asarray(x) for x in leaves(t)]


def run(update, states, count, rule, *options):
    """``count`` steps of an update of a tree, and of a formula on each leaf; every step compared."""
    params, before = tree(), None
    expected = [[p.astype(float), *(np.zeros(p.shape) for _ in range(states))] for p in values(params)]
    kept = [[] for _ in range(states)]
    for iteration in range(1, count + 1):
        grad = tree()
        before = [x.copy() for x in values(params)]
        counted = (iteration,) if update is adamupdate else ()
        found, *kept = update(params, grad, *kept, *counted, *options)
        for was, now in zip(before, values(params), strict=True):  # what was given is as it was
            assert np.array_equal(was, now)
        params = found
        for k, (p, g) in enumerate(zip(values(params), values(grad), strict=True)):
            expected[k] = rule(g.astype(float), iteration, *expected[k])
            tolerance = 1e-5 if p.dtype == np.float32 else 1e-13
            assert_close(p, expected[k][0], tolerance)
            for state, average in zip(kept, expected[k][1:], strict=True):
                assert_close(values(state)[k], average, tolerance)
    for found, given in zip(leaves(params), leaves(tree()), strict=True):
        assert type(found) is type(given)
        assert np.asarray(found).dtype == np.asarray(given).dtype
        assert dims(found) == dims(given)
    assert params["name"] == "a net"
    assert params["layers"][1] is None


def sgdm(rate, momentum):
    def rule(g, iteration, p, v):
        v = momentum * v - rate * g
        return p + v, v

    return rule


def adam(rate, decay, square_decay, epsilon):
    def rule(g, iteration, p, m, s):
        m = decay * m + (1 - decay) * g
        s = square_decay * s + (1 - square_decay) * g**2
        up = m / (1 - decay**iteration)
        return p - rate * up / (np.sqrt(s / (1 - square_decay**iteration)) + epsilon), m, s

    return rule


def rmsprop(rate, decay, epsilon):
    def rule(g, iteration, p, s):
        s = decay * s + (1 - decay) * g**2
        return p - rate * g / (np.sqrt(s) + epsilon), s

    return rule


@pytest.mark.compiled
def test_adam_compiled():
    run(adamupdate, 2, 3, adam(1e-3, 0.9, 0.999, 1e-8))


@pytest.mark.parametrize("options", [(), (0.3,), (0.3, 0.5)])
def test_sgdm(options):
    rate, momentum = (*options, *(0.01, 0.9)[len(options):])
    run(sgdmupdate, 1, 4, sgdm(rate, momentum), *options)


@pytest.mark.parametrize("options", [(), (0.02,), (0.02, 0.8), (0.02, 0.8, 0.95, 1e-3)])
def test_adam(options):
    full = (*options, *(1e-3, 0.9, 0.999, 1e-8)[len(options):])
    run(adamupdate, 2, 4, adam(*full), *options)


@pytest.mark.parametrize("options", [(), (0.02,), (0.02, 0.8, 1e-2)])
def test_rmsprop(options):
    full = (*options, *(1e-3, 0.9, 1e-8)[len(options):])
    run(rmspropupdate, 1, 4, rmsprop(*full), *options)


def test_against_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    start, grads = RNG.standard_normal((3, 4)), RNG.standard_normal((6, 3, 4))
    for make, step in (
        (lambda p: torch.optim.Adam(p, lr=0.01), lambda p, g, k, s: adamupdate(p, g, *(s or ([], [])), k, 0.01)),
        (
            lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9),
            lambda p, g, k, s: rmspropupdate(p, g, *(s or ([],)), 0.01),
        ),
        (
            lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
            lambda p, g, k, s: sgdmupdate(p, g, *(s or ([],)), 0.01, 0.9),
        ),
    ):
        theirs = torch.tensor(start, requires_grad=True)
        optimizer, ours, state = make([theirs]), start, ()
        for k, g in enumerate(grads, 1):
            theirs.grad = torch.tensor(g)
            optimizer.step()
            ours, *state = step(ours, g, k, state)
            assert_close(ours, theirs.detach().numpy(), 1e-12)


def test_a_rate_for_each_leaf():
    params, grad = {"w": np.ones(2), "b": 1.0}, {"w": np.ones(2), "b": 1.0}
    found, _ = sgdmupdate(params, grad, [], {"w": 0.5, "b": 0.0})
    assert_close(found["w"], [0.5, 0.5], 0)
    assert found["b"] == 1.0


def test_a_tree_that_was_built_anew_is_paired_by_its_keys():
    net = dlnetwork([FeatureInputLayer(2), FullyConnectedLayer(2, name="a"), FullyConnectedLayer(2, name="b")])
    grad = {layer: {name: x * 0 + k + n for n, (name, x) in enumerate(found.items())}
            for k, (layer, found) in enumerate(net.learnables.items())}  # fmt: skip
    turned = {layer: dict(reversed(grad[layer].items())) for layer in reversed(grad)}
    for update in (lambda g: sgdmupdate(net, g, [], 1.0)[0], lambda g: adamupdate(net, g, [], [], 1)[0],
                   lambda g: dlupdate(lambda p, g: p - g, net, g)):  # fmt: skip
        one, other = update(grad).learnables, update(turned).learnables
        assert list(one) == list(other) and type(one) is type(other)
        for layer, found in one.items():
            for name, x in found.items():
                np.testing.assert_array_equal(x.data, other[layer][name].data)
    found, _ = sgdmupdate([1.0, (2.0, 3.0)], (1.0, [0.0, 2.0]), [], 1.0)
    assert found == [0.0, (2.0, 1.0)]


def test_lbfgs_pairs_gradients_by_their_keys():
    def loss(p):
        return (p["a"] - 3.0) ** 2 + 10.0 * (p["b"] + 1.0) ** 2, {"b": 20.0 * (p["b"] + 1.0), "a": 2.0 * (p["a"] - 3.0)}

    params, state = {"a": 0.0, "b": 0.0}, None
    for _ in range(10):
        params, state = lbfgsupdate(params, loss, state)
    assert_close([params["a"], params["b"]], [3.0, -1.0], 1e-6)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: sgdmupdate({"a": {"w": 1.0}}, {"a": {}}, []), r'it has no grad\["a"\]\["w"\], of which there is params'),
    (lambda: dlupdate(np.add, {"a": 1.0}, {"a": 1.0, "b": 1.0}), r'it has tree 2\["b"\], and params has not'),
    (lambda: sgdmupdate(Layer(1.0, 2.0), [1.0, 2.0], []), "grad is not built like params"),
    (lambda: sgdmupdate({"w": np.ones(2)}, {"v": np.ones(2)}, []), r'grad is not built like params.*params\["w"\].*v'),
    (lambda: sgdmupdate([1.0], [1.0], [1.0, 2.0]), "vel is not built like params"),
    (lambda: sgdmupdate({"w": np.ones(2)}, {"w": np.ones(3)}, []), r'gradient of params\["w"\].*\(3,\).*\(2,\)'),
    (lambda: sgdmupdate(np.arange(3), np.ones(3), []), "params is of type int64"),
    (lambda: sgdmupdate(dlarray([1.0], "C"), dlarray([1.0], "S"), []), "'S', and params 'C'"),
    (lambda: adamupdate(1.0, 1.0, [], [], 0), "iteration counts the calls from 1"),
    (lambda: dlupdate(np.add, [1.0], [1.0, 2.0]), "tree 2 is not built like params"),
    (lambda: lbfgsupdate(1.0, lambda p: p, None), "returns 1 values"),
    (lambda: lbfgsupdate(1.0, lambda p: (p, {"g": p}), None), "gradients is not built like params"),
    (lambda: lbfgsupdate(1.0, lambda p: (p, p), None, line_search_method="newton"), "'weak-wolfe'.*'newton'"),
    (lambda: lbfgs_state(history_size=0), "history_size"),
    (lambda: lbfgs_state(initial_inverse_hessian_factor=-1.0), "initial_inverse_hessian_factor"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


def test_dlupdate_gives_several_trees():
    nest = {"w": [dlarray([1.0, -2.0], "C"), 3.0], "n": SimpleNamespace(x=np.ones(2))}
    halves, doubles = dlupdate(lambda a, b: (a / 2.0, a + b), nest, nest)
    assert dims(halves["w"][0]) == "C"
    assert_close(halves["w"][0].data, [0.5, -1.0], 0)
    assert doubles["w"][1] == 6.0
    assert_close(doubles["n"].x, [2.0, 2.0], 0)
    assert dlupdate(lambda x: x, {}) == {}


# ---------------------------------------------------------------------------------- L-BFGS


def quadratic(n):
    A = RNG.standard_normal((n, n))
    A = A @ A.T + np.eye(n)
    b = RNG.standard_normal(n)

    def loss(x):
        return 0.5 * x @ A @ x - b @ x, A @ x - b

    return loss, np.linalg.solve(A, b)


def dense_direction(pairs, gradient, factor):
    """Minus the inverse Hessian of BFGS times the gradient, the matrix written out."""
    H = factor * np.eye(len(gradient))
    if pairs:
        s, y = pairs[-1]
        H = (s @ y) / (y @ y) * np.eye(len(gradient))
    for s, y in pairs:
        rho = 1.0 / (s @ y)
        V = np.eye(len(s)) - rho * np.outer(y, s)
        H = V.T @ H @ V + rho * np.outer(s, s)
    return -H @ gradient


@pytest.mark.parametrize("method", ["weak-wolfe", "strong-wolfe", "backtracking"])
def test_lbfgs_goes_where_a_dense_bfgs_goes(method):
    loss, solution = quadratic(7)
    x, state, pairs = np.zeros(7), lbfgs_state(history_size=4, initial_inverse_hessian_factor=0.5), []
    for _ in range(100):
        value, gradient = loss(x)
        direction = dense_direction(pairs, gradient, 0.5)
        new, state = lbfgsupdate(x, loss, state, line_search_method=method)
        step = new - x
        length = step @ direction / (direction @ direction)
        assert_close(step, length * direction, 1e-9)
        rate = gradient @ direction
        after, slope = loss(new)
        assert after <= value + 1e-4 * length * rate
        if method == "weak-wolfe":
            assert slope @ direction >= 0.9 * rate
        if method == "strong-wolfe":
            assert abs(slope @ direction) <= -0.9 * rate
        assert_close([state.loss, state.gradients_norm], [after, np.linalg.norm(slope)], 1e-12)
        assert_close([state.step_norm], [np.linalg.norm(step)], 1e-12)
        pairs = [*pairs, (step, slope - gradient)][-4:]
        x = new
        if np.linalg.norm(slope) < 1e-6:
            break
    assert_close(x, solution, 1e-5)


def test_lbfgs_on_a_tree_with_more_outputs():
    x = np.linspace(-1.0, 1.0, 40)

    def model(net, x, t):
        y = net["a"] * np.exp(net["b"][0] * x)
        loss = np.mean((y - t) ** 2)
        return loss, dlgradient(loss, net), y

    net, state = {"a": dlarray(1.0), "b": [dlarray([0.0], "C")]}, []
    for _ in range(30):
        net, state = lbfgsupdate(
            net, lambda net: dlfeval(model, net, x, 2.0 * np.exp(1.5 * x)), state, num_loss_function_outputs=3
        )
        if state.gradients_norm < 1e-9:
            break
    assert state.line_search_status == "completed"
    assert dims(net["b"][0]) == "C" == dims(state.gradients["b"][0])
    assert_close([float(net["a"]), float(net["b"][0])], [2.0, 1.5], 1e-7)
    assert_close(state.additional_loss_function_outputs[0].data, 2.0 * np.exp(1.5 * x), 1e-7)


def test_lbfgs_tells_that_it_failed():
    x, state = lbfgsupdate(1.0, lambda p: (p, -1.0), None)  # a gradient of the wrong sign
    assert (x, state.line_search_status) == (1.0, "failed")
    x, state = lbfgsupdate(1.0, lambda p: (p * 0.0, 0.0), None)
    assert (x, state.line_search_status, state.step_norm) == (1.0, "completed", 0.0)


def test_ravel_keeps_formats():
    vector, unravel = ravel([dlarray([[1.0, 2.0]], "CB"), 3.0])
    assert dims(unravel(vector)[0]) == "CB"
