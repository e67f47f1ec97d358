"""Lists of equal items, looped over: one loop for any number of them, in every way of writing it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import dlsrc
from dlsrc import dlarray, dlfeval, dlgradient
from dlsrc.errors import DifferentiationError, UnsupportedSyntax
from tests.oracle import Programs, assert_close, gradient, matrix, vector

programs = Programs()


class Layer(NamedTuple):
    W: np.ndarray
    b: np.ndarray


@dataclass
class Gain:
    w: np.ndarray
    rate: float
    name: str = "gain"


def net(*sizes):
    """Layers of these sizes: unequal shapes, equal types."""
    generator = np.random.default_rng(len(sizes))
    return [
        {"W": generator.normal(size=(b, a)) * 0.6, "b": generator.normal(size=b) * 0.3}
        for a, b in zip(sizes, sizes[1:], strict=False)
    ]


def packed(f, *args, argnums=0):
    """Whether the program of a call takes a list as columns."""
    return bool(dlsrc.evaluate.prepared(f, args, {}, argnums=argnums).packing)


# ---------------------------------------------------------------------------------- ways of writing the loop


@programs(net(3, 3, 3, 3), vector(3), argnums=(0, 1), compiled=True)
@programs(net(3, 4, 2, 5), vector(3), argnums=(0, 1))
@programs(net(3, 2), vector(3), argnums=(0, 1))
def dicts(layers, x):
    h = x
    for layer in layers:
        h = np.tanh(layer["W"] @ h + layer["b"])
    return np.sum(h**2)


@programs([Layer(matrix(3, 2), vector(3)), Layer(matrix(2, 3), vector(2))], vector(2), argnums=(1, 0))
def pairs_unpacked(layers, x):
    h = x
    for W, b in layers:
        h = np.tanh(W @ h + b)
    return np.sum(h**2)


@programs((vector(3), vector(2), vector(4)))
def a_tuple_of_arrays(params):
    total = 0.0
    for p in params:
        total += np.sum(p**2) * p[0]
    return total


@programs([[matrix(2, 3), vector(2)], [matrix(3, 2), vector(3)]], vector(3))
def lists_in_a_list(layers, x):
    for layer in layers:
        x = np.sin(layer[0] @ x + layer[1])
    return np.sum(x)


@programs(net(3, 4, 2), vector(3), argnums=(0, 1))
def by_number(layers, x):
    h = x
    for k in range(len(layers)):
        h = np.tanh(layers[k]["W"] @ h + layers[k]["b"])
    return np.sum(h**2)


@programs(net(3, 4, 2), vector(3))
def enumerated(layers, x):
    h = x
    for k, layer in enumerate(layers):
        h = np.tanh(layer["W"] @ h + layer["b"]) * (k + 1.0)
    return np.sum(h**2)


@programs(net(3, 4, 2, 2), vector(3), compiled=True)
@programs(net(3, 2), vector(3))
def the_last_apart(layers, x):
    h = x
    for layer in layers[:-1]:
        h = np.tanh(layer["W"] @ h + layer["b"])
    last = layers[-1]
    return np.sum((last["W"] @ h + last["b"]) ** 2)


@programs(net(3, 4, 2, 2), vector(3))
@programs(net(3, 2), vector(3))
def the_first_apart(layers, x):
    h = layers[0]["W"] @ x + layers[0]["b"]
    for layer in layers[1:]:
        h = layer["W"] @ np.tanh(h) + layer["b"]
    return np.sum(h**2)


@programs([vector(2), vector(3), vector(2), vector(1), vector(2)])
def a_slice_of_a_slice(parts):
    total = 0.0
    inner = parts[1:][:-1]
    for k, part in enumerate(inner):
        total += np.sum(part**2) * inner[0][0] * inner[k][-1]
    for part in parts[::-1][:2]:
        total *= np.sum(part)
    for part in reversed(parts[-2:]):
        total = total * 0.5 + part[0] * total
    for part in parts[1:3]:
        total += part[0]
    for part in parts[7:]:
        total += 100.0 * part[0]
    return total


@programs(net(2, 3, 4), vector(4))
def backwards(layers, x):
    h = x
    for layer in reversed(layers):
        h = np.tanh((h + layer["b"]) @ layer["W"])
    return np.sum(h**2)


@programs([vector(2), vector(3)], [vector(2) * 0.3, vector(3) * 0.7], argnums=(0, 1))
def two_lists(xs, ys):
    s = 0.0
    for x, y in zip(xs, ys, strict=True):
        s += np.sum(x * y**2)
    return s


@programs([vector(2), vector(3), vector(4)], [0.3, 0.7], argnums=(0, 1))
def arrays_beside_numbers(xs, rates):
    s = 0.0
    for k, (x, rate) in enumerate(zip(xs, rates)):
        s += (k + 1) * rate * np.sum(x**2)
    return s


@programs([vector(2), vector(3), vector(4)], vector(3), argnums=(0, 1))
def arrays_beside_a_vector(xs, rates):
    s = 0.0
    for x, rate in zip(xs, rates):
        s += rate * np.sum(x**2)
    return s


@programs(net(3, 4, 2), 0.1)
def summed(layers, rate):
    return rate * sum(np.sum(layer["W"] ** 2) for layer in layers) + max(layer["b"][0] for layer in layers)


@programs([float(k) + 0.5 for k in range(12)])
def many_numbers(rates):
    s = 1.0
    for rate in rates:
        s = s * np.sin(rate) + rate
    return s


@programs([{"w": vector(2), "rate": 0.5}, {"w": vector(2) * 2.0, "rate": 0.25}])
def numbers_beside_arrays(parts):
    s = 0.0
    for part in parts:
        s += part["rate"] * np.sum(part["w"] ** 3)
    return s


@programs([Gain(vector(2), 0.5), Gain(vector(3), 0.25)])
def dataclasses_with_a_name(gains):
    s = 0.0
    for gain in gains:
        if gain.name == "gain":
            s += gain.rate * np.sum(gain.w**2)
    return s


@programs({"enc": net(3, 4, 2), "dec": net(2, 4), "out": vector(4)}, vector(3), argnums=(0, 1))
def lists_in_a_dict(params, x):
    h = x
    for layer in params["enc"]:
        h = np.tanh(layer["W"] @ h + layer["b"])
    for layer in params["dec"]:
        h = np.sin(layer["W"] @ h + layer["b"])
    return np.sum(h * params["out"])


@programs([dict(W=matrix(2, 2), c=(vector(2), 0.5)), dict(W=matrix(2, 2) * 2.0, c=(vector(2), 1.5))])
def nested_items(layers):
    h = np.array([0.3, 0.4])
    for layer in layers:
        shift, rate = layer["c"]
        h = np.tanh(layer["W"] @ h * rate + shift)
    return np.sum(h)


@programs([vector(2, 3, 2), vector(3, 2, 2)], [vector(1, 2, 1, 2), vector(2, 1, 2, 1)], argnums=(0, 1))
def three_and_four_dimensions(xs, ys):
    s = 0.0
    for x, y in zip(xs, ys):
        s += np.sum(x[0] ** 2) * np.sum(y[:, 0] ** 3)
    return s


@programs([vector(2), vector(2)], vector(2), argnums=(0, 1))
def in_a_while_loop(parts, x):
    k = 0
    s = 1.0
    while k < len(parts):
        s = s * np.sum(parts[k] * x)
        k = k + 1
    return s


@programs([vector(3), vector(4), vector(2)])
def in_a_nest(parts):
    s = 0.0
    for n in range(2):
        for part in parts:
            for i in range(part.shape[0]):
                s = np.sin(s + part[i]) * (n + 1)
    return s


@programs([vector(3), vector(4), vector(2)])
def the_last_after_the_loop(parts):
    s = 0.0
    for part in parts:
        s += np.sum(part**2)
    return s * part[0]


@programs(net(3, 4, 2), vector(3), argnums=(0, 1))
def through_helpers(layers, x):
    def apply(layer, h, act=np.tanh):
        return act(layer["W"] @ h + layer["b"])

    def run(some, h):
        for one in some:
            h = apply(one, h)
        return h

    return np.sum(run(layers, x) ** 2) + 0.5 * np.sum(run(layers[:1], x))


@programs(net(3, 4, 2), vector(5, 3))
def of_a_batch(layers, X):
    H = X
    for layer in layers:
        H = np.maximum(H @ layer["W"].T + layer["b"], 0.1 * H[:, :1])
    return np.mean(H**2)


@programs(net(3, 4, 2), vector(3))
def a_branch_on_the_number(layers, x):
    h = x
    for k, layer in enumerate(layers):
        h = layer["W"] @ h + layer["b"]
        if k < len(layers) - 1:
            h = np.tanh(h)
    return np.sum(h**2)


@programs([vector(2), vector(3)])
def out_of_the_middle(parts):
    s = 0.0
    for part in parts:
        if part[0] > 100.0:
            continue
        s += np.sum(part**2)
    return s


@programs(vector(2), [vector(2), vector(2)], argnums=0)
def an_inactive_list(x, data):
    s = 0.0
    for d in data:
        s += np.sum((x - d) ** 2)
    return s


@programs(vector(2), [(vector(2), 1), (vector(2), 0)], argnums=0)
def inactive_pairs_with_integers(x, data):
    s = 0.0
    for d, label in data:
        s += np.sum((x - d) ** 2) * label
    return s


F32 = [{"W": matrix(3, 3).astype(np.float32), "b": vector(3).astype(np.float32)} for _ in range(3)]


@programs(F32, vector(3).astype(np.float32), argnums=(0, 1), oracle="float32")
def single_precision(layers, x):
    h = x
    s = 0.0
    for layer in layers:
        h = np.tanh(layer["W"] @ h * 0.5 + layer["b"])
        s += np.sum(h)
    return s


@programs([np.float32(0.5) * k for k in range(1, 12)], oracle="float32")
def single_precision_numbers(rates):
    s = np.float32(0.1)
    for rate in rates:
        s = s * 0.5 + rate * rate
    return s


@programs([matrix(3, 2).T, matrix(4, 6)[::2, ::3], np.asfortranarray(matrix(2, 2)), matrix(2, 2)])
def other_orders_in_memory(parts):
    s = 0.0
    for k, part in enumerate(parts):
        s += part[0, 1] * part[1, 0] * np.sum(part**2) * (k + 1)
    return s


# ---------------------------------------------------------------------------------- written out after all


@programs([vector(3), vector(3)])
def a_type_that_changes(parts):
    h = parts[0]
    for part in parts:
        h = np.sum(h * part)
    return h


@programs([vector(3), vector(3)])
def a_list_that_grows(parts):
    found = []
    for part in parts:
        found.append(np.sum(part**2))
    return found[0] * found[1]


@programs([{"w": vector(3)}, {"w": vector(3)}])
def items_replaced(parts):
    s = 0.0
    for part in parts:
        part["w"] = part["w"] ** 2
        s += np.sum(part["w"])
    return s + parts[0]["w"][1]


@programs([vector(3), vector(3)])
def arrays_written_to(parts):
    s = 0.0
    for part in parts:
        part[0] = part[1] * 2.0
        s += np.sum(part**2)
    return s + parts[1][0]


@programs([vector(3), vector(3)])
def joined_and_unpacked(parts):
    s = 0.0
    for part in parts:
        s += np.sum(part)
    a, b = parts
    both = parts + [a * b]
    return s * both[2][0] + sum([np.sum(p**2) for p in parts])


@programs([(vector(3),), (vector(3),)])
def identity(parts):
    s = 0.0
    for part in parts:
        if part is parts[0]:
            s += 2.0 * np.sum(part[0] ** 2)
        else:
            s += np.sum(part[0])
    return s


@programs([vector(3), vector(2, 2), 0.5])
def unlike_items(parts):
    s = 1.0
    for part in parts:
        s = s * np.sum(part)
    return s


@programs([0.5, 0.25, 2.0])
def few_numbers(rates):
    s = 1.0
    for k in range(len(rates)):
        s = s * np.sin(rates[k]) + rates[k]
    return s


@programs([vector(3), vector(3)])
def numbers_as_sizes(parts):
    s = 0.0
    for axis, part in enumerate(parts):
        s += np.sum(np.expand_dims(part, axis) ** 2)
    return s


test_programs = programs.test()


# ---------------------------------------------------------------------------------- which are packed


def test_what_is_packed():
    for f, args, argnums in (
        (dicts, (net(3, 3, 3), vector(3)), 0), (the_last_apart, (net(3, 3, 3), vector(3)), 0),
        (summed, (net(3, 3), 0.5), 0), (by_number, (net(3, 3), vector(3)), 0), (backwards, (net(2, 3, 4), vector(4)), 0),
        (arrays_beside_numbers, ([vector(2)] * 3, [0.5] * 3), (0, 1)), (many_numbers, ([0.5] * 12,), 0),
        (an_inactive_list, (vector(2), [vector(2)] * 3), 0), (in_a_while_loop, ([vector(2)] * 2, vector(2)), 0),
        (a_branch_on_the_number, (net(3, 4, 2), vector(3)), 0), (of_a_batch, (net(3, 3), vector(5, 3)), 0),
        (through_helpers, (net(3, 3), vector(3)), 0), (other_orders_in_memory, ([matrix(2, 3)] * 2,), 0),
    ):
        assert packed(f, *args, argnums=argnums), f.__name__
    for f, args in (
        (few_numbers, ([0.5] * 3,)), (items_replaced, ([{"w": vector(3)}] * 2,)), (identity, ([(vector(3),)] * 2,)),
        (arrays_written_to, ([vector(3)] * 2,)), (a_type_that_changes, ([vector(3)] * 2,)),
        (unlike_items, ([vector(3), vector(2, 2), 0.5],)), (joined_and_unpacked, ([vector(3)] * 2,)),
    ):
        assert not packed(f, *args), f.__name__


def test_the_number_of_items_builds_nothing_anew():
    def f(layers, x):
        h = x
        for layer in layers:
            h = np.tanh(layer["W"] @ h + layer["b"])
        return np.sum(h**2)

    derivative = dlsrc.value_and_grad(f)
    for sizes in ((3, 3), (3, 4, 2), (3,) * 20):
        layers = net(*sizes)
        value, grads = derivative(layers, vector(3))
        assert_close(value, f(layers, vector(3)))
        expected = gradient(f, layers, vector(3))
        for mine, right in zip(grads, expected, strict=True):
            assert_close(mine["W"], right["W"])
            assert_close(mine["b"], right["b"])
    assert derivative.runner.cache.misses == 1
    by_x = dlsrc.grad(f, 1)
    assert_close(by_x([], vector(3)), 2 * vector(3))


def test_the_same_array_twice():
    w = vector(3)

    def f(parts, x):
        s = 0.0
        for part in parts:
            s = s * np.sum(part * x) + np.sum(part)
        return s

    value, (grads, dx) = dlsrc.value_and_grad(f, (0, 1))([w, w, w], w)
    apart = [w.copy(), w.copy(), w.copy()], w.copy()
    expected, by_x = gradient(f, *apart, argnums=(0, 1))
    assert_close(value, f(*apart))
    assert_close(dx, by_x)
    for mine, right in zip(grads, expected, strict=True):
        assert_close(mine, right)


def test_a_number_of_items_too_small():
    def f(parts):
        s = parts[2][0]
        for part in parts:
            s += np.sum(part)
        return s

    derivative = dlsrc.grad(f)
    derivative([vector(2)] * 3)
    with pytest.raises(IndexError, match="out of bounds|out of range"):
        derivative([vector(2)] * 2)
    with pytest.raises(UnsupportedSyntax, match="index 2 is out of range"):
        dlsrc.grad(lambda parts: sum(np.sum(p) for p in parts) + parts[2][0])([vector(2)] * 2)


# ---------------------------------------------------------------------------------- dlgradient


def traced(layers):
    return [{name: dlarray(value) for name, value in layer.items()} for layer in layers]


def loss_of(layers, x):
    h = x
    for layer in layers:
        h = np.tanh(layer["W"] @ h + layer["b"])
    return np.sum(h**2)


def test_gradients_by_the_list_by_an_item_and_by_others():
    def objective(layers, x):
        y = loss_of(layers, x)
        whole, last, W, dx = dlgradient(y, layers, layers[-1], layers[0]["W"], x)
        return y, whole, last, W, dx

    layers, x = net(3, 4, 2), vector(3)
    expected, dx = gradient(loss_of, layers, x, argnums=(0, 1))
    for _ in range(2):  # the long way, and the short one
        y, whole, last, W, by_x = dlfeval(objective, traced(layers), dlarray(x))
        assert isinstance(y, dlarray) and isinstance(whole, list)
        for mine, right in zip(whole, expected, strict=True):
            assert isinstance(mine["W"], dlarray)
            assert_close(mine["W"].data, right["W"])
            assert_close(mine["b"].data, right["b"])
        assert_close(last["W"].data, expected[-1]["W"])
        assert_close(last["b"].data, expected[-1]["b"])
        assert_close(W.data, expected[0]["W"])
        assert_close(by_x.data, dx)
    assert packed_by_dlfeval(objective, traced(layers), dlarray(x))


def packed_by_dlfeval(f, *args):
    return bool(dlsrc.evaluate.prepared(f, args, {}).packing)


def test_a_step_taken_inside():
    def step(layers, x, rate):
        y = loss_of(layers, x)
        grads = dlgradient(y, layers)
        return y, [
            {"W": layer["W"] - rate * g["W"], "b": layer["b"] - rate * g["b"]}
            for layer, g in zip(layers, grads, strict=True)
        ]

    layers, x = net(3, 4, 2), vector(3)
    expected = gradient(loss_of, layers, x)
    _, new = dlfeval(step, traced(layers), x, 0.1)
    for mine, old, by in zip(new, layers, expected, strict=True):
        assert_close(mine["W"].data, old["W"] - 0.1 * by["W"])
        assert_close(mine["b"].data, old["b"] - 0.1 * by["b"])


def test_a_norm_of_gradients():
    def objective(layers, x):
        y = loss_of(layers, x)
        grads = dlgradient(y, layers)
        norm = 0.0
        for g in grads:
            norm += np.sum(g["W"] ** 2) + np.sum(g["b"] ** 2)
        return grads, norm

    layers, x = net(3, 4, 2), vector(3)
    expected = gradient(loss_of, layers, x)
    grads, norm = dlfeval(objective, traced(layers), x)
    assert_close(norm.data, sum(np.sum(g["W"] ** 2) + np.sum(g["b"] ** 2) for g in expected))
    assert_close(grads[1]["W"].data, expected[1]["W"])
    assert packed_by_dlfeval(objective, traced(layers), x)


def test_a_list_that_is_returned_is_the_users_own():
    def objective(parts):
        s = 0.0
        for part in parts:
            s += np.sum(part**2)
        return s, parts[0]

    parts = [vector(3), vector(2)]
    (_, first), _ = dlsrc.value_and_grad(objective, has_aux=True)(parts)
    assert np.shares_memory(first, parts[0])


def test_a_written_argument_that_a_list_shares_is_refused():
    def f(x, buffer, parts):
        buffer[0] = x
        s = 0.0
        for part in parts:
            s += np.sum(part) * x
        return s + buffer[0]

    buffer = vector(3)
    assert dlsrc.grad(f)(2.0, buffer.copy(), [vector(2), vector(3)]) == 1.0 + np.sum(vector(2)) + np.sum(vector(3))
    with pytest.raises(ValueError, match="shares its memory"):
        dlsrc.grad(f)(2.0, buffer, [vector(2), buffer[1:]])


def test_messages_are_those_of_the_list():
    def f(layers, x):
        h = x
        for layer in layers:
            h = layer["W"] @ h
        return h

    with pytest.raises(DifferentiationError, match="must be a real scalar"):
        dlsrc.grad(f)(net(3, 3), vector(3))
    with pytest.raises(TypeError, match=r"the gradient by `layers\[0\]\[\"n\"\]` does not exist"):
        dlsrc.grad(f)([{"W": matrix(2, 2), "n": 1}] * 2, vector(2))


def test_a_wrong_shape_raises_what_python_raises():
    layers = net(3, 4, 2)
    layers[1]["W"] = matrix(2, 3)
    with pytest.raises(ValueError, match="mismatch|size"):
        dlsrc.grad(dicts)(layers, vector(3))


def test_stop_gradient_of_a_list():
    def f(parts, x):
        s = 0.0
        for p, q in zip(parts, dlsrc.stop_gradient(parts)):
            s += np.sum(p * q) * x
        return s

    parts = [vector(2), vector(3)]
    (grads, dx) = dlsrc.grad(f, (0, 1))(parts, 2.0)
    for mine, part in zip(grads, parts, strict=True):
        assert_close(mine, 2.0 * part)
    assert_close(dx, sum(np.sum(p * p) for p in parts))


def test_explain_and_stages():
    layers, x = net(3, 4, 2), vector(3)
    told = dlsrc.explain(dicts, layers, x)
    assert "layers_W" in str(told) and told.predicted_bytes > 0
    forms = dlsrc.stages(dicts, layers, x)
    assert "part2(layers_W" in forms["simplify"].text
    value, grads = dlsrc.value_and_grad(dicts)(layers, x)
    for name in forms:
        got, by = forms[name].run(layers, x)
        assert_close(got, value)  # the forms run as plain Python, which contracts no product and sum
        if by[0]["W"] is not None:
            assert_close(by[1]["W"], grads[1]["W"])


def test_by_a_keyword_and_ahead_of_time():
    def f(x, *, parts):
        s = 0.0
        for part in parts:
            s += np.sum(part) * x
        return s

    derivative = dlsrc.grad(f)
    derivative.compile("float64", parts=[vector(2)])
    assert derivative(2.0, parts=(parts := [vector(2), vector(3)])) == sum(map(np.sum, parts))
    assert derivative.runner.cache.misses == 1
    assert derivative(2.0, parts=tuple(parts)) == sum(map(np.sum, parts))
    assert derivative.runner.cache.misses == 2


# ---------------------------------------------------------------------------------- beside other parts of dlsrc


def test_grad_inside_is_by_its_own_argument():
    def f(parts, x):
        s = 0.0
        for p in parts:
            s += np.sum(p**2) * np.sum(p * x)
        return s

    def outer(parts, x):
        inner = dlsrc.grad(lambda ps: f(ps, x) + np.sum(parts[0] ** 3))(parts)
        s = 0.0
        for g in inner:
            s += np.sum(g * g)
        return s

    def by_hand(parts, x):
        return sum(np.sum((2 * p * np.sum(p * x) + np.sum(p**2) * x) ** 2) for p in parts)

    parts, x = [vector(3), vector(3) * 0.5], vector(3)
    value, (grads, dx) = dlsrc.value_and_grad(outer, (0, 1))(parts, x)
    expected, by_x = gradient(by_hand, parts, x, argnums=(0, 1))
    assert_close(value, by_hand(parts, x))
    assert_close(dx, by_x)
    for mine, right in zip(grads, expected, strict=True):
        assert_close(mine, right)
    assert packed(outer, parts, x)


def test_a_second_derivative():
    def penalized(layers, x):
        y = loss_of(layers, x)
        dx, dlayers = dlgradient(y, x, layers, enable_higher_derivatives=True)
        s = y + np.sum(dx**2)
        for g in dlayers:
            s = s + np.sum(g["W"] ** 2) + np.sum(g["b"] ** 3)
        return s, dlgradient(s, layers, x)

    layers, x = net(3, 4, 2), vector(3)
    s, (grads, dx) = dlfeval(penalized, traced(layers), dlarray(x))
    first = dlsrc.grad(loss_of, (0, 1))

    def plain(layers, x):
        g, dx = first(layers, x)
        return loss_of(layers, x) + np.sum(dx**2) + sum(np.sum(p["W"] ** 2) + np.sum(p["b"] ** 3) for p in g)

    expected, by_x = gradient(plain, layers, x, argnums=(0, 1))
    assert_close(s.data, plain(layers, x))
    assert_close(dx.data, by_x)
    for mine, right in zip(grads, expected, strict=True):
        assert_close(mine["W"].data, right["W"])
        assert_close(mine["b"].data, right["b"])
    assert packed_by_dlfeval(penalized, traced(layers), dlarray(x))


def test_a_rule_of_the_users_takes_a_list_apart():
    @dlsrc.custom_vjp
    def total(parts):
        return sum(np.sum(p) for p in parts)

    total.defvjp(lambda parts: (sum(np.sum(p) for p in parts), parts), lambda parts, dy: ([2.0 * dy * p for p in parts],))

    def f(parts):
        s = 0.0
        for p in parts:
            s += np.sum(p)
        return s * total(parts)

    parts = [vector(2), vector(3)]
    both = sum(np.sum(p) for p in parts)
    for mine, part in zip(dlsrc.grad(f)(parts), parts, strict=True):
        assert_close(mine, both + both * 2.0 * part)
    assert not packed(f, parts)


def test_forward_mode_over_a_list():
    layers, x = net(3, 4, 2), vector(3)
    _, tangent = dlsrc.jvp(loss_of, (layers, x), (layers, x))
    grads, dx = dlsrc.grad(loss_of, (0, 1))(layers, x)
    along = sum(np.sum(g["W"] * v["W"]) + np.sum(g["b"] * v["b"]) for g, v in zip(grads, layers, strict=True))
    assert_close(tangent, along + np.sum(dx * x))


@pytest.mark.compiled
def test_inside_of_compiled_code_a_tuple_is_taken_apart():
    numba = pytest.importorskip("numba")

    def f(parts, x):
        s = 0.0
        for p in parts:
            s += np.sum(p**2) * x
        return s

    derivative = dlsrc.grad(f)
    derivative((vector(2), vector(2)), 2.0)

    @numba.njit
    def call(a, b):
        return derivative((a, b), 2.0)

    for mine, part in zip(call(vector(2), vector(2)), (vector(2), vector(2)), strict=True):
        assert_close(mine, 4.0 * part)
