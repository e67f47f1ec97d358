"""The numbered promises of the design, one named test each (the rules of formats: test_labels)."""

import importlib.util
import math
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import pytest

import dlsrc
from dlsrc import (
    dims, dlaccelerate, dlarray, dlfeval, dlgradient, extractdata, grad, isdlarray, relu, stop_gradient,
    stripdims, value_and_grad,
)
from dlsrc.errors import DifferentiationError, DlsrcError, UnsupportedSyntax, UntracedError
from tests.oracle import assert_close, gradient

pytestmark = pytest.mark.compiled


def data(x):
    """The numbers of a dlarray."""
    assert isdlarray(x), f"{type(x).__name__} instead of a dlarray"
    return extractdata(x)


def raised(error, f, *args):
    """The error that ``dlfeval(f, *args)`` must raise, and the text of the line it names."""
    with pytest.raises(error) as caught:
        dlfeval(f, *args)
    return caught.value


# ---------------------------------------------------------------------------------- 1: a custom loop


def linear_model(net, X, T):
    Y = X @ net["W"] + net["b"]
    loss = np.mean((Y - T) ** 2)
    return loss, dlgradient(loss, net)


def test_promise_01_custom_loop():
    generator = np.random.default_rng(1)
    X = generator.standard_normal((50, 3))
    truth = np.array([1.0, -2.0, 0.5])
    T = X @ truth + 0.25
    net = {"W": dlarray(np.zeros(3)), "b": dlarray(0.0)}
    losses = []
    for _ in range(200):
        loss, g = dlfeval(linear_model, net, dlarray(X), dlarray(T))
        assert list(g) == ["W", "b"]
        net = {name: net[name] - 0.1 * g[name] for name in net}
        losses.append(float(data(loss)))
    assert losses[-1] < 1e-10 < losses[0]
    assert_close(data(net["W"]), truth, 1e-4)
    assert_close(data(net["b"]), 0.25, 1e-4)


# ---------------------------------------------------------------------------------- 2, 3: what is traced, and where


def square_sum(x):
    y = np.sum(x**2)
    return y, dlgradient(y, x)


def test_promise_02_only_dlarrays_are_traced():
    error = raised(DifferentiationError, square_sum, np.array([1.0, 2.0]))
    assert "dlarray" in str(error)
    _, g = dlfeval(square_sum, dlarray([1.0, 2.0]))
    assert_close(data(g), [2.0, 4.0])


def product(x, y):
    z = np.sum(x * y)
    return dlgradient(z, x)


def test_promise_02_plain_beside_dlarray_is_constant():
    g = dlfeval(product, dlarray([1.0, 2.0]), np.array([3.0, 4.0]))
    assert_close(data(g), [3.0, 4.0])
    with pytest.raises(UntracedError, match="x"):
        dlfeval(product, np.array([1.0, 2.0]), dlarray([3.0, 4.0]))


def test_promise_02_argnums_say_what_is_traced():
    def f(x, y):
        return np.sum(x * y * y)

    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert_close(grad(f)(x, y), y * y)
    assert_close(grad(f, argnums=1)(x, y), 2 * x * y)


def test_promise_03_outside_dlfeval():
    x = dlarray([1.0, 2.0])
    with pytest.raises(DifferentiationError, match="dlfeval"):
        dlgradient(x[0], x)
    with pytest.raises(DifferentiationError, match="dlfeval"):
        square_sum(x)


# ---------------------------------------------------------------------------------- 4: structures


class Layer(NamedTuple):
    W: object
    b: object


@dataclass
class Net:
    layers: list
    scale: object


def nested_loss(net, x):
    h = x
    for layer in net.layers:
        h = np.tanh(layer.W @ h + layer.b["bias"])
    loss = np.sum(h * h) * net.scale
    return dlgradient(loss, net)


def nested_plain(net, x):
    h = x
    for layer in net.layers:
        h = np.tanh(layer.W @ h + layer.b["bias"])
    return np.sum(h * h) * net.scale


def test_promise_04_structures():
    generator = np.random.default_rng(4)
    plain = Net([Layer(generator.standard_normal((2, 2)), {"bias": generator.standard_normal(2)}) for _ in "ab"], 0.5)
    wrapped = Net([Layer(dlarray(w), {"bias": dlarray(b["bias"])}) for w, b in plain.layers], dlarray(plain.scale))
    x = np.array([0.3, -0.4])
    g = dlfeval(nested_loss, wrapped, x)
    expected = gradient(nested_plain, plain, x)
    assert isinstance(g, Net) and isinstance(g.layers, list) and isinstance(g.layers[1], Layer)
    assert_close(data(g.scale), expected.scale)
    for got, right in zip(g.layers, expected.layers, strict=True):
        assert_close(data(got.W), right.W)
        assert_close(data(got.b["bias"]), right.b["bias"])


def both_dtypes(p):
    loss = np.sum(p["single"] ** 2) + np.sum(p["double"] ** 3)
    return dlgradient(loss, p)


def test_promise_04_each_leaf_keeps_shape_and_dtype():
    p = {"single": dlarray(np.ones((2, 1), np.float32)), "double": dlarray(np.ones(3))}
    g = dlfeval(both_dtypes, p)
    assert data(g["single"]).dtype == np.float32 and data(g["single"]).shape == (2, 1)
    assert data(g["double"]).dtype == np.float64 and data(g["double"]).shape == (3,)
    assert_close(data(g["double"]), [3.0, 3.0, 3.0])


# ---------------------------------------------------------------------------------- 5: Rosenbrock


def rosenbrock(x):
    f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    grad = dlgradient(f, x)
    return f, grad


def rosenbrock_of_two(x, y):
    f = 100 * (y - x**2) ** 2 + (1 - x) ** 2
    dfdx, dfdy = dlgradient(f, x, y)
    return f, dfdx, dfdy


def test_promise_05_rosenbrock():
    f, g = dlfeval(rosenbrock, dlarray([-1, 2]))
    assert data(f) == 104.0
    assert np.array_equal(data(g), [396.0, 200.0])
    assert "1x2 dlarray" in repr(g)


def test_promise_05_rosenbrock_of_two_arguments():
    f, a, b = dlfeval(rosenbrock_of_two, dlarray(-1), dlarray(2))
    assert (data(f), data(a), data(b)) == (104.0, 396.0, 200.0)


# ---------------------------------------------------------------------------------- 6, 7, 8: what cuts a trace


def made_inside(x1):
    x2 = dlarray(0)
    y = x1 + x2
    return dlgradient(y, x2)


def made_inside_by_the_argument(x1):
    x2 = dlarray(0)
    y = x1 + x2
    return dlgradient(y, x1)


def test_promise_06_untraced_target():
    error = raised(UntracedError, made_inside, dlarray(5.0))
    assert "x2" in str(error)
    assert error.lineno == made_inside.__code__.co_firstlineno + 3
    assert data(dlfeval(made_inside_by_the_argument, dlarray(5.0))) == 1.0


def cut_by_extractdata(x):
    y = x + np.arctan(extractdata(x))
    return dlgradient(y, x)


def test_promise_07_extractdata_cuts():
    for at in (-3.0, 0.0, 0.5, 100.0):
        assert data(dlfeval(cut_by_extractdata, dlarray(at))) == 1.0


def test_promise_07_stop_gradient_cuts():
    def f(x):
        return np.sum(x * stop_gradient(x))

    x = np.array([2.0, 3.0])
    assert_close(grad(f)(x), x)


def started_anew(x):
    y = x**2
    z = dlarray(extractdata(y))
    w = np.sum(z**2) + np.sum(x)
    return dlgradient(w, x)


def started_anew_as_target(x):
    y = x**2
    z = dlarray(extractdata(y))
    w = np.sum(z**2) + np.sum(x)
    return dlgradient(w, z)


def test_promise_08_extractdata_starts_a_new_value():
    assert_close(data(dlfeval(started_anew, dlarray([1.0, 2.0]))), [1.0, 1.0])
    error = raised(UntracedError, started_anew_as_target, dlarray([1.0, 2.0]))
    assert "z" in str(error)
    assert error.lineno == started_anew_as_target.__code__.co_firstlineno + 4


# ---------------------------------------------------------------------------------- 9, 10: refusals


def uses_fft(x):
    y = np.fft.fft(x)
    return np.sum(np.abs(y))


def test_promise_09_unsupported_function_by_name():
    with pytest.raises(UnsupportedSyntax, match=r"fft\.fft|np\.fft|fft") as caught:
        grad(uses_fft)(np.ones(4))
    assert caught.value.lineno == uses_fft.__code__.co_firstlineno + 1
    assert caught.value.filename == __file__


def not_scalar(x):
    y = x**2
    return dlgradient(y, x)


def one_element(x):
    y = x[:1] * 2
    return dlgradient(y, x)


def one_element_by_index(x):
    y = x[:1] * 2
    return dlgradient(y[0], x)


def one_element_by_item(x):
    y = x[:1] * 2
    return dlgradient(y.item(), x)


def test_promise_10_the_loss_is_a_scalar():
    error = raised(UnsupportedSyntax, not_scalar, dlarray(np.ones((2, 3))))
    assert "scalar" in str(error)
    # The number of dimensions is what a compiled signature knows, so the shape may be in words.
    assert "(2, 3)" in str(error) or "matrix" in str(error) or "2-D" in str(error)
    raised(UnsupportedSyntax, one_element, dlarray([1.0, 2.0]))
    assert_close(data(dlfeval(one_element_by_index, dlarray([1.0, 2.0]))), [2.0, 0.0])
    assert_close(data(dlfeval(one_element_by_item, dlarray([1.0, 2.0]))), [2.0, 0.0])


def test_promise_10_grad_too():
    def f(x):
        return x * 2

    with pytest.raises(UnsupportedSyntax, match="scalar"):
        grad(f)(np.ones(3))


# ---------------------------------------------------------------------------------- 11: several components


def pair(x):
    y1 = x[0] ** 2 * x[1]
    y2 = np.sin(x[1]) + x[0]
    g1 = dlgradient(y1, x, retain_data=True)
    g2 = dlgradient(y2, x)
    return g1, g2


def pair_without_retaining(x):
    y1 = x[0] ** 2 * x[1]
    y2 = np.sin(x[1]) + x[0]
    g1 = dlgradient(y1, x)
    g2 = dlgradient(y2, x, retain_data=False)
    return g1, g2


def test_promise_11_jacobian_by_rows():
    x = np.array([0.7, 1.3])
    rows = [data(g) for g in dlfeval(pair, dlarray(x))]
    assert_close(np.stack(rows), [[2 * 0.7 * 1.3, 0.49], [1.0, np.cos(1.3)]])
    other = [data(g) for g in dlfeval(pair_without_retaining, dlarray(x))]
    assert np.array_equal(np.stack(rows), np.stack(other))


def shares_a_loop(x):
    y = np.zeros(3)
    s = x[0]
    for i in range(3):
        s = np.sin(s) * x[1]
        y[i] = s
    a = dlgradient(y[0], x, retain_data=True)
    b = dlgradient(y[1], x, retain_data=True)
    c = dlgradient(y[2], x)
    return a, b, c


def test_promise_11_components_of_a_loop():
    def component(x, k):
        s = x[0]
        for _ in range(k + 1):
            s = np.sin(s) * x[1]
        return s

    x = np.array([0.7, 1.3])
    for k, g in enumerate(dlfeval(shares_a_loop, dlarray(x))):
        assert_close(data(g), gradient(component, x, k))


# ---------------------------------------------------------------------------------- 12: kinks


KINKS = [
    (lambda a: relu(a), 0.0, 0.0),
    (lambda a: relu(a), 5e-324, 1.0),
    (lambda a: relu(a), -1e-300, 0.0),
    (lambda a: abs(a), 0.0, 0.0),
    (lambda a: np.abs(a), 0.0, 0.0),
    (lambda a: math.fabs(a), 0.0, 0.0),
    (lambda a: max(a, 2.0), 2.0, 1.0),
    (lambda a: max(2.0, a), 2.0, 0.0),
    (lambda a: min(a, 2.0), 2.0, 1.0),
    (lambda a: min(2.0, a), 2.0, 0.0),
    (lambda a: np.maximum(a, 2.0), 2.0, 1.0),
    (lambda a: np.maximum(2.0, a), 2.0, 0.0),
    (lambda a: np.minimum(a, 2.0), 2.0, 1.0),
    (lambda a: np.minimum(2.0, a), 2.0, 0.0),
    (lambda a: np.round(a), 1.0, 0.0),
    (lambda a: np.floor(a), 1.0, 0.0),
    (lambda a: np.ceil(a), 1.0, 0.0),
    (lambda a: np.sign(a), 0.0, 0.0),
    (lambda a: np.sign(a) * a, 2.0, 1.0),
]


@pytest.mark.parametrize("k", range(len(KINKS)))
def test_promise_12_kinks(k):
    f, at, slope = KINKS[k]
    assert grad(f)(at) == slope


def test_promise_12_kinks_of_arrays():
    assert_close(grad(lambda x: np.linalg.norm(x))(np.zeros(3)), np.zeros(3))
    assert_close(grad(lambda x: np.max(x))(np.array([1.0, 3.0, 3.0])), [0.0, 1.0, 0.0])
    assert_close(grad(lambda x: np.min(x))(np.array([1.0, 1.0, 3.0])), [1.0, 0.0, 0.0])
    assert_close(grad(lambda x: np.sum(relu(x)))(np.array([-1.0, 0.0, 2.0])), [0.0, 0.0, 1.0])
    assert_close(grad(lambda x: np.sum(np.maximum(x, 0.0)))(np.array([-1.0, 0.0, 2.0])), [0.0, 1.0, 1.0])
    assert_close(grad(lambda x: np.sum(np.max(x, axis=1)))(np.ones((2, 3))), [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])


def test_promise_12_where_and_sqrt_stay_finite():
    def f(x):
        return np.sum(np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0))

    assert_close(grad(f)(np.array([0.0, 4.0])), [0.0, 0.25])
    assert_close(grad(lambda x: np.logaddexp(x[0], x[1]))(np.array([2.0, 2.0])), [0.5, 0.5])


# ---------------------------------------------------------------------------------- 13: second order


def twice_differentiated(x):
    y = x**3
    g = dlgradient(y, x)
    return dlgradient(g, x)


def test_promise_13_refused_without_the_flag():
    error = raised(DifferentiationError, twice_differentiated, dlarray(5.0))
    assert "enable_higher_derivatives=True" in str(error)
    assert error.lineno == twice_differentiated.__code__.co_firstlineno + 3


def test_promise_13_the_message_names_the_inner_gradient():
    error = raised(DifferentiationError, twice_differentiated, dlarray(5.0))
    assert f"line {twice_differentiated.__code__.co_firstlineno + 2}" in str(error)


def twice_with_the_flag(x):
    y = x**3
    g = dlgradient(y, x, enable_higher_derivatives=True)
    return dlgradient(g, x)


def rosenbrock_hessian(x):
    f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    g = dlgradient(f, x, enable_higher_derivatives=True)
    return dlgradient(g[0], x), dlgradient(g[1], x)


def test_promise_13_with_the_flag():
    assert data(dlfeval(twice_with_the_flag, dlarray(5.0))) == 30.0
    rows = [data(h) for h in dlfeval(rosenbrock_hessian, dlarray([-1.0, 2.0]))]
    assert np.stack(rows).tolist() == [[402.0, 400.0], [400.0, 200.0]]


def test_promise_13_the_flag_changes_no_number():
    def with_flag(x):
        return dlgradient(np.sum(np.sin(x) * x), x, enable_higher_derivatives=True)

    def without(x):
        return dlgradient(np.sum(np.sin(x) * x), x)

    x = dlarray([0.3, 1.7, -2.0])
    assert np.array_equal(data(dlfeval(with_flag, x)), data(dlfeval(without, x)))


# ---------------------------------------------------------------------------------- 14: lambdas


def test_promise_14_lambdas():
    # fmt: off
    cube, square = (lambda x: dlgradient(x**3, x)), (lambda x: dlgradient(x**2, x))
    # fmt: on
    assert data(dlfeval(cube, dlarray(2.0))) == 12.0
    assert data(dlfeval(square, dlarray(2.0))) == 4.0
    fs = [lambda x: np.sum(x), lambda x: np.sum(x**2), lambda x: np.sum(x**3)]
    x = np.array([1.0, 2.0])
    for n, f in enumerate(fs):
        assert_close(grad(f)(x), (n + 1) * x**n)


# ---------------------------------------------------------------------------------- 15, 16: targets


def no_influence(x, y):
    z = np.sum(y**2)
    return dlgradient(z, x)


def no_influence_at_all(x):
    y = x[0]
    y = 3.0
    return dlgradient(y, x)


def test_promise_15_zeros_without_influence():
    g = data(dlfeval(no_influence, dlarray(np.ones((2, 3))), dlarray([1.0])))
    assert g.shape == (2, 3) and not g.any()
    assert not grad(lambda x, y: np.sum(y))(np.ones(2), np.ones(3)).any()
    assert not grad(lambda x: 3.0)(np.ones(2)).any()
    assert grad(lambda a, b: b)(1.0, 2.0) == 0.0


def score_by_feature_map(x, w):
    feature = np.tanh(w @ x)
    score = np.sum(feature**2)
    return feature, dlgradient(score, feature)


def by_a_slice(x):
    s = x[:2]
    y = np.sum(s) + np.sum(x)
    return dlgradient(y, s)


def by_an_overwritten_name(x):
    h = x * 2.0
    y = np.sum(h**2)
    h[0] = 5.0
    z = y + h[1]
    return dlgradient(z, h)


def by_a_scalar_intermediate(x):
    a = x[0] * x[1]
    b = a**2 + x[0]
    return dlgradient(b, a, x)


def test_promise_16_intermediates_and_slices():
    w, x = np.array([[0.3, 0.5], [0.2, -0.7]]), np.array([1.0, 2.0])
    feature, g = dlfeval(score_by_feature_map, dlarray(x), w)
    assert_close(data(g), 2 * data(feature))
    assert_close(data(dlfeval(by_a_slice, dlarray([1.0, 2.0, 3.0]))), [1.0, 1.0])
    a, g = dlfeval(by_a_scalar_intermediate, dlarray([2.0, 3.0]))
    assert data(a) == 12.0
    assert_close(data(g), [37.0, 24.0])


def test_promise_16_an_overwritten_target_means_its_value_at_the_call():
    # y was computed from what h held before; of what it holds at the call only h[1] is read, once.
    assert_close(data(dlfeval(by_an_overwritten_name, dlarray([1.0, 2.0]))), [0.0, 1.0])


# ---------------------------------------------------------------------------------- 17, 19: formats


def by_relabelled(x):
    y = np.sum(x**2)
    return dlgradient(y, stripdims(x)), dlgradient(y, dlarray(x, "BC")), dlgradient(y, dlarray(x, "SC"))


def test_promise_17_relabelled_values_keep_their_identity():
    x = dlarray([[1.0, 2.0], [3.0, 4.0]], "SC")
    stripped, turned, same = dlfeval(by_relabelled, x)
    assert [dims(g) for g in (stripped, turned, same)] == ["", "CB", "SC"]
    assert_close(data(stripped), 2 * data(x))
    assert_close(data(turned), 2 * data(x).T)
    assert_close(data(same), 2 * data(x))


def test_promise_19_labels_are_sorted():
    x = dlarray(np.zeros((3, 4)), "TS")
    assert dims(x) == "ST"
    assert x.shape == (4, 3)
    assert dims(stripdims(x)) == ""


def test_promise_04_each_leaf_keeps_its_format():
    net = {"W": dlarray(np.ones((3, 2)), "UU"), "b": [dlarray([1.0, 2.0], "C"), dlarray(np.ones((2, 2, 3)), "TCB")]}

    def f(net):
        loss = np.sum(net["W"]) ** 2 + np.sum(net["b"][0] * net["b"][1])
        return dlgradient(loss, net)

    g = dlfeval(f, net)
    assert [dims(g["W"]), *map(dims, g["b"])] == ["UU", "C", "CBT"]
    assert_close(data(g["b"][1]), np.broadcast_to([[[1.0]], [[2.0]]], (2, 3, 2)))


# ---------------------------------------------------------------------------------- 18: where calls may stand


def code_after(x):
    y = np.sum(x**2)
    g = dlgradient(y, x)
    y = y * 10.0
    x = x * 0.0
    h = g * 2.0
    return y, g, h, x


def in_branches(x):
    y = np.sum(x**2)
    if y > 3.0:
        g = dlgradient(y, x)
    else:
        g = dlgradient(np.sum(x), x)
    return g


def in_a_loop(x):
    u = x
    total = 0.0
    for k in range(3):
        y = np.sum(u**2) * (k + 1)
        g = dlgradient(y, x)
        total += np.sum(g)
        u = u + 1.0
    return total, g


def descends_inside(x):
    for _ in range(50):
        y = (x[0] - 1.0) ** 2 + (x[1] + 2.0) ** 2
        g = dlgradient(y, x)
        x = x - 0.3 * g
    return x


def several(x, y):
    a = np.sum(x * y)
    b = np.sum(x**2)
    ga = dlgradient(a, x)
    gb, zero = dlgradient(b, x, y)
    return ga, gb, zero


def test_promise_18_code_after_the_gradient():
    y, g, h, x = dlfeval(code_after, dlarray([1.0, 2.0]))
    assert data(y) == 50.0
    assert_close(data(g), [2.0, 4.0])
    assert_close(data(h), [4.0, 8.0])
    assert_close(data(x), [0.0, 0.0])


def test_promise_18_several_calls():
    ga, gb, zero = (data(g) for g in dlfeval(several, dlarray([1.0, 2.0]), dlarray([3.0, 4.0])))
    assert_close(ga, [3.0, 4.0])
    assert_close(gb, [2.0, 4.0])
    assert_close(zero, [0.0, 0.0])


def test_promise_18_inside_branches():
    assert_close(data(dlfeval(in_branches, dlarray([1.0, 2.0]))), [2.0, 4.0])
    assert_close(data(dlfeval(in_branches, dlarray([0.1, 0.2]))), [1.0, 1.0])


def test_promise_18_inside_loops():
    x = np.array([1.0, 2.0])
    total, g = dlfeval(in_a_loop, dlarray(x))
    assert_close(data(g), 6 * (x + 2.0))
    assert_close(data(total), sum(np.sum(2 * (k + 1) * (x + k)) for k in range(3)))


def test_promise_18_descent_inside():
    assert_close(data(dlfeval(descends_inside, dlarray([0.0, 0.0]))), [1.0, -2.0])


# ---------------------------------------------------------------------------------- 20: hazards of cached traces


def branching(x):
    y = x**2 if x > 0 else -x
    return dlgradient(y, x)


def test_promise_20_a_branch_on_a_value_is_not_frozen():
    f = dlaccelerate(branching)
    assert [float(data(dlfeval(f, dlarray(a)))) for a in (3.0, -3.0, 2.0)] == [6.0, -1.0, 4.0]
    assert f.occupancy >= 1


def selecting(x):
    y = np.sum(x[x > 1.0] ** 2)
    return dlgradient(y, x)


def test_promise_20_a_selection_is_not_frozen():
    f = dlaccelerate(selecting)
    for x in ([0.0, 2.0, 3.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [2.0, 2.0, 2.0]):
        x = np.array(x)
        assert_close(data(dlfeval(f, dlarray(x))), np.where(x > 1.0, 2 * x, 0.0))


def dropping_out(x):
    mask = np.random.random(x.size)
    y = np.sum(x * mask)
    return dlgradient(y, x)


def test_promise_20_random_numbers_are_fresh():
    f = dlaccelerate(dropping_out)
    x = dlarray(np.ones(20))
    first, second = data(dlfeval(f, x)), data(dlfeval(f, x))
    assert not np.array_equal(first, second)
    assert np.all((first >= 0) & (first < 1))


factor = 2.0
weights = np.array([1.0, 2.0])
settings = {"lr": 1.0}


def captures(x):
    return factor * np.sum(weights * x) * settings["lr"]


def test_promise_20_captured_variables_are_read_at_call_time(monkeypatch):
    g = grad(captures)
    x = np.ones(2)
    assert_close(g(x), [2.0, 4.0])
    monkeypatch.setitem(globals(), "factor", 3.0)
    assert_close(g(x), [3.0, 6.0])
    weights[0] = 10.0
    try:
        assert_close(g(x), [30.0, 6.0])
    finally:
        weights[0] = 1.0
    monkeypatch.setitem(globals(), "weights", np.array([5.0, 5.0]))
    assert_close(g(x), [15.0, 15.0])
    monkeypatch.setitem(settings, "lr", 0.5)
    assert_close(g(x), [7.5, 7.5])


def test_promise_20_a_closure_variable_is_read_at_call_time():
    k = 2.0

    def f(x):
        return k * np.sum(x)

    g = grad(f)
    assert_close(g(np.ones(2)), [2.0, 2.0])
    k = 7.0
    assert_close(g(np.ones(2)), [7.0, 7.0])


@dlaccelerate
def scaled(x, a):
    y = np.sum(x**2) * a
    return dlgradient(y, x)


def test_promise_20_numbers_and_sizes_do_not_recompile():
    dlfeval(scaled, dlarray(np.ones(2)), 1.0)
    before = scaled.occupancy
    for n in (1, 2, 3, 50):
        for a in (0.5, -1.0, 1e9):
            assert_close(data(dlfeval(scaled, dlarray(np.ones(n)), a)), 2 * a * np.ones(n))
    assert scaled.occupancy == before
    assert scaled.hit_rate > 0


def test_promise_20_a_lambda_made_again_does_not_recompile():
    compiled = set()
    for k in range(4):
        f = lambda x: np.sum(x) * k  # noqa: B023, E731
        assert_close(grad(f)(np.ones(2)), [k, k])
        compiled.add(dlsrc.adjoint_source(f, np.ones(2)))
    assert len(compiled) == 1


EDITED = """
import numpy as np
from {helper} import helper

def objective(x):
    return np.sum(helper(x)) * {factor}
"""
EDITED_HELPER = """
def helper(x):
    return x ** {power}
"""


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_promise_20_an_edited_function_is_noticed(tmp_path, monkeypatch):
    import linecache
    import sys

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    x = np.array([2.0])

    def edited(factor, power):
        (tmp_path / "edited_helper.py").write_text(EDITED_HELPER.format(power=power))
        (tmp_path / "edited_objective.py").write_text(EDITED.format(factor=factor, helper="edited_helper"))
        sys.modules.pop("edited_helper", None)
        importlib.invalidate_caches()
        linecache.checkcache()
        return load(tmp_path / "edited_objective.py").objective

    assert_close(grad(edited(1.0, 2))(x), [4.0])
    assert_close(grad(edited(3.0, 2))(x), [12.0])
    assert_close(grad(edited(3.0, 4))(x), [96.0])


def helper_one(x):
    return x**2


def helper_two(x):
    return x**3


helper = helper_one


def calls_helper(x):
    return np.sum(helper(x))


def test_promise_20_a_replaced_helper_is_noticed(monkeypatch):
    g = grad(calls_helper)
    assert_close(g(np.array([2.0])), [4.0])
    monkeypatch.setitem(globals(), "helper", helper_two)
    assert_close(g(np.array([2.0])), [12.0])


# ---------------------------------------------------------------------------------- the conventions beside them


def test_value_and_grad_with_aux():
    def f(x):
        y = x**2
        return np.sum(y), {"squares": y}

    (value, aux), g = value_and_grad(f, has_aux=True)(np.array([1.0, 2.0]))
    assert value == 5.0
    assert_close(np.asarray(aux["squares"]), [1.0, 4.0])
    assert_close(g, [2.0, 4.0])


def test_value_and_grad_drops_into_scipy():
    from scipy.optimize import minimize

    def f(x):
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    more = {"TNC": "maxfun", "trust-constr": "maxiter"}
    for method in ("BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP", "trust-constr"):
        options = {more[method]: 2000} if method in more else {}
        found = minimize(value_and_grad(f), np.array([-1.0, 2.0]), jac=True, method=method, options=options)
        assert_close(found.x, [1.0, 1.0], 2e-3)


def test_derivatives_inside_nopython_code():
    def f(x):
        return np.sum(x**2) * x[0]

    vg = value_and_grad(f)
    g = grad(f)

    @numba.njit
    def step(x):
        value, slope = vg(x)
        return value, x - 0.1 * slope - 0.0 * g(x)

    x = np.array([1.0, 2.0])
    value, moved = step(x)
    assert value == 5.0
    assert_close(moved, x - 0.1 * np.array([7.0, 4.0]))


def test_index_out_of_range_is_an_error_with_the_users_line():
    with pytest.raises(IndexError):
        dlfeval(rosenbrock, dlarray([1.0]))
    with pytest.raises(IndexError):
        grad(lambda x: x[3] * 2.0)(np.ones(3))


def test_errors_are_of_one_family():
    for error in (DifferentiationError, UntracedError, UnsupportedSyntax):
        assert issubclass(error, DlsrcError) and issubclass(error, SyntaxError)
