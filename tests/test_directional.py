"""``jvp``, ``vjp`` and the Jacobians: signatures, shapes, containers, refusals, pickles, threads."""

import functools
import pickle
import threading
from typing import NamedTuple

import numpy as np
import pytest

import dlsrc
from dlsrc import adjoint_source, grad, jacfwd, jacobian, jacrev, jvp, stages, vjp
from dlsrc.errors import DifferentiationError, DlsrcError, UnsupportedSyntax
from tests.oracle import assert_close, extrapolated, matrix, vector

compiled = pytest.mark.compiled
SCALE = np.array([1.0, 2.0, 3.0])


class Model(NamedTuple):
    w: np.ndarray
    b: float


def network(w, x):
    """Array code, a loop and a write through a view."""
    h = np.tanh(w @ x)
    v = h[1:]
    v[0] = h[0] * x[2]
    total = 0.0
    for i in range(h.size):
        total += h[i] * x[0]
    return h * total


def cubes(x):
    return x**3 * SCALE


def structured(model, x):
    return {"y": model.w @ x + model.b, "parts": (model.b * x[0], x)}


def slope(f, args, tangents):
    """The derivative of an array function in a direction, by extrapolated differences."""
    y = np.asarray(f(*args))

    def component(k):
        return lambda h: float(np.ravel(f(*(a + h * t for a, t in zip(args, tangents, strict=True))))[k])

    return np.array([extrapolated(component(k), 1e-2)[0] for k in range(y.size)]).reshape(y.shape)


# ---------------------------------------------------------------------------------- jvp


@compiled
def test_jvp_is_the_slope_in_a_direction():
    args, tangents = (matrix(3, 4), vector(4)), (vector(3, 4), matrix(1, 4)[0])
    y, dy = jvp(network, args, tangents)
    assert_close(y, network(*args))
    assert_close(dy, slope(network, args, tangents))


@compiled
def test_jvp_of_numbers_gives_numbers():
    y, dy = jvp(lambda a, b: a * np.sin(b), (2.0, 0.5), (1.0, 3.0))
    assert type(y) is float and type(dy) is float
    assert_close(dy, np.sin(0.5) + 6.0 * np.cos(0.5))


def test_jvp_takes_and_gives_containers():
    model, x = Model(matrix(2, 3), 0.5), vector(3)
    tangent = (Model(np.zeros((2, 3)), 1.0), np.zeros(3))
    y, dy = jvp(structured, (model, x), tangent)
    assert_close(y["y"], model.w @ x + 0.5)
    assert_close(dy["y"], [1.0, 1.0])
    assert type(dy["parts"]) is tuple and dy["parts"][0] == x[0]
    assert_close(dy["parts"][1], np.zeros(3))


def test_results_are_memory_of_their_own():
    x, t = vector(3), np.ones(3)
    _, dy = jvp(lambda x: x, (x,), (t,))
    assert not np.shares_memory(dy, t)
    dy[0] = 5.0
    assert t[0] == 1.0


def test_arguments_and_tangents_are_not_written_to():
    def overwrites(x):
        x[0] = x[1] * x[2]
        return x * x[0]

    x, t = vector(3), np.ones(3)
    _, dy = jvp(overwrites, (x,), (t,))
    assert_close(x, vector(3))
    assert_close(t, np.ones(3))
    a, b, c = vector(3)
    assert_close(dy, [2 * b * c * (b + c), b * c + b * (b + c), b * c + c * (b + c)])


def test_has_aux():
    y, dy, aux = jvp(lambda x: (x**2, "note"), (3.0,), (1.0,), has_aux=True)
    assert (y, dy, aux) == (9.0, 6.0, "note")
    assert jacfwd(lambda x: (x**2, x.size), has_aux=True)(np.ones(2))[1] == 2
    j, aux = jacrev(lambda x: (x**2, x.size), has_aux=True)(np.ones(2))
    assert aux == 2
    assert_close(j, 2 * np.eye(2))
    y, pullback, aux = vjp(lambda x: (x**2, 7), 3.0, has_aux=True)
    assert (y, aux, pullback(1.0)) == (9.0, 7, (6.0,))


def test_float32_stays_float32():
    x, t = np.ones(3, "f4"), np.full(3, 2.0, "f4")
    y, dy = jvp(lambda x: 3.0 * x**2, (x,), (t,))
    assert y.dtype == dy.dtype == np.float32
    assert_close(dy, np.full(3, 12.0))
    assert jacfwd(lambda x: 3.0 * x)(x).dtype == jacrev(lambda x: 3.0 * x)(x).dtype == np.float32


def test_captured_arrays_are_read_at_every_call():
    x = vector(3)
    before = jvp(cubes, (x,), (np.ones(3),))[1]
    SCALE[:] *= 2.0
    try:
        assert_close(jvp(cubes, (x,), (np.ones(3),))[1], 2 * before)
    finally:
        SCALE[:] /= 2.0


def test_methods_and_partials():
    class Scaled:
        def __init__(self):
            self.k = 3.0

        def of(self, a, x):
            return self.k * a * x

    from_method = jvp(Scaled().of, (2.0, np.ones(2)), (1.0, np.zeros(2)))[1]
    assert_close(from_method, [3.0, 3.0])
    partial = functools.partial(Scaled().of, 2.0)
    assert_close(jvp(partial, (np.ones(2),), (np.ones(2),))[1], [6.0, 6.0])
    assert_close(jacfwd(partial)(np.ones(2)), 6 * np.eye(2))
    assert_close(jacrev(partial)(np.ones(2)), 6 * np.eye(2))
    assert_close(vjp(partial, np.ones(2))[1](np.array([1.0, 0.0]))[0], [6.0, 0.0])


# ---------------------------------------------------------------------------------- vjp


@compiled
def test_a_pullback_is_the_transpose_of_jvp():
    args, tangents, dy = (matrix(3, 4), vector(4)), (vector(3, 4), matrix(1, 4)[0]), matrix(1, 3)[0]
    y, pullback = vjp(network, *args)
    assert_close(y, network(*args))
    pulled = pullback(dy)
    assert type(pulled) is tuple and [p.shape for p in pulled] == [(3, 4), (4,)]
    pushed = jvp(network, args, tangents)[1]
    left = float(np.dot(dy, pushed))
    right = sum(float(np.sum(p * t)) for p, t in zip(pulled, tangents, strict=True))
    assert abs(left - right) <= 1e-12 * np.sum(np.abs(dy * pushed))


def test_a_pullback_takes_the_structure_of_the_value():
    model, x = Model(matrix(2, 3), 0.5), vector(3)
    _, pullback = vjp(structured, model, x)
    by_model, by_x = pullback({"y": np.array([1.0, 0.0]), "parts": (2.0, np.array([0.0, 0.0, 1.0]))})
    assert type(by_model) is Model
    assert_close(by_model.w, [x, np.zeros(3)])
    assert_close(by_model.b, 1.0 + 2.0 * x[0])
    assert_close(by_x, model.w[0] + [2.0 * 0.5, 0.0, 1.0])


def test_a_pullback_is_at_the_place_where_it_was_made():
    x = vector(3)
    _, pullback = vjp(cubes, x)
    expected = 3 * x**2 * SCALE
    x[:] = 0.0
    assert_close(pullback(np.ones(3))[0], expected)


# ---------------------------------------------------------------------------------- Jacobians


@compiled
@pytest.mark.parametrize("take", [jacfwd, jacrev, jacobian])
def test_the_jacobian_of_an_array_function(take):
    w, x = matrix(3, 5), vector(5)
    found = take(network, 1)(w, x)
    assert found.shape == (3, 5)
    for k in range(5):
        assert_close(found[:, k], slope(network, (w, x), (np.zeros_like(w), np.eye(5)[k])))


@pytest.mark.parametrize("take", [jacfwd, jacrev])
@pytest.mark.parametrize("shapes", [((), ()), ((), (3,)), ((2,), ()), ((2, 2), (3,)), ((2,), (2, 3)), ((2, 2), (2, 2))])
def test_the_shape_is_that_of_the_result_then_that_of_the_argument(take, shapes):
    of_y, of_x = shapes
    weights = vector(*of_y, *of_x) if of_y or of_x else 1.5

    def number(x):
        return np.sum(weights * x**2)

    x = vector(*of_x) if of_x else 0.7
    if not of_y:
        found = take(number)(x)
        assert np.shape(found) == of_x
        assert_close(found, 2 * weights * x)
        return

    def linear(x):
        if len(of_x) == 0:
            return weights * x**2
        if len(of_x) == 1:
            return np.sum(weights * x**2, axis=-1)
        return np.sum(np.sum(weights * x**2, axis=-1), axis=-1)

    found = take(linear)(x)
    assert np.shape(found) == (*of_y, *of_x)
    assert_close(found, 2 * weights * x)


@pytest.mark.parametrize("take", [jacfwd, jacrev, jacobian])
def test_argnums_and_containers(take):
    def f(a, model, x):
        return a * (model.w @ x) + model.b

    a, model, x = 2.0, Model(matrix(2, 3), 0.5), vector(3)
    by_a, by_x = take(f, (0, 2))(a, model, x)
    assert_close(by_a, model.w @ x)
    assert_close(by_x, a * model.w)
    by_model = take(f, 1)(a, model, x)
    assert type(by_model) is Model
    assert by_model.w.shape == (2, 2, 3)
    assert_close(by_model.w[0, 0], a * x)
    assert_close(by_model.w[0, 1], np.zeros(3))
    assert_close(by_model.b, np.ones(2))
    one = take(f, (1,))(a, model, x)
    assert type(one) is tuple and len(one) == 1


@pytest.mark.parametrize("take", [jacfwd, jacrev])
def test_the_jacobian_of_a_container(take):
    found = take(structured, 1)(Model(matrix(2, 3), 0.5), vector(3))
    assert_close(found["y"], matrix(2, 3))
    assert_close(found["parts"][0], [0.5, 0.0, 0.0])
    assert_close(found["parts"][1], np.eye(3))


@pytest.mark.parametrize("size", [1, 3, 4, 5, 8, 9])
def test_any_number_of_columns(size):
    x = vector(size)
    assert_close(jacfwd(lambda x: np.cumsum(x**2))(x), np.tril(np.ones((size, size))) * (2 * x))


def test_no_columns_and_no_rows():
    assert jacfwd(lambda x: np.ones(3) * x.sum())(np.zeros(0)).shape == (3, 0)
    assert jacfwd(lambda x: x[:0])(np.ones(3)).shape == (0, 3)
    assert jacrev(lambda x: x[:0])(np.ones(3)).shape == (0, 3)


def test_many_numbers():
    def f(*p):
        total = 0.0
        for k, each in enumerate(p):
            total += (k + 1) * each**2
        return np.array([total, p[0] * p[-1]])

    p = tuple(vector(11))
    columns = jacfwd(f, tuple(range(11)))(*p)
    assert_close(np.array(columns)[:, 0], 2 * np.arange(1, 12) * p)
    assert columns[0][1] == p[-1] and columns[-1][1] == p[0] and columns[4][1] == 0.0


@pytest.mark.parametrize("take", [jacfwd, jacrev])
def test_what_the_function_writes_does_not_add_up(take):
    buffer = np.zeros(3)

    def f(x):
        buffer[0] += x[0] ** 2
        x[1] = x[0] * x[2]
        return x * buffer[0]

    x = np.arange(1.0, 7.0)
    found = take(f)(x)
    assert_close(found[:, 0], [3.0, 9.0, 6.0, 8.0, 10.0, 12.0])
    assert_close(found[:, 2], [0.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    assert_close(x, np.arange(1.0, 7.0))


def test_jacobian_takes_the_shorter_way():
    tall, wide = jacobian(lambda x: np.outer(x, x).ravel()), jacobian(lambda x: x[:2] * x.sum())
    assert tall.chosen(np.ones(3)) is tall.forward
    assert wide.chosen(np.ones(5)) is wide.reverse
    assert_close(tall(np.ones(3)), jacrev(lambda x: np.outer(x, x).ravel())(np.ones(3)))


def test_branches_and_loops_on_values():
    def f(x):
        y = np.zeros(2)
        for i in range(x.size):
            if x[i] > 1.0:
                y[0] += x[i] ** 2
            else:
                y[1] += x[i]
        n = 0
        while y[0] > 0.1:
            y[0] = y[0] / 2
            n += 1
        return y * (n + 1)

    x = vector(6)
    assert_close(jacfwd(f)(x), jacrev(f)(x))


# ---------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: jvp(lambda x: x, (np.ones(3),), (np.ones(2),)), ValueError, "shape"),
    (lambda: jvp(lambda x: x, (np.ones(3),), (1.0,)), TypeError, "the tangent of `x` is a float, and `x` is a 1-d array"),
    (lambda: jvp(lambda x: x, (np.ones(3, "f4"),), (np.ones(3),)), DlsrcError, "the tangent of `x` is float64, and `x` float32"),
    (lambda: jvp(lambda x: x, np.ones(3), np.ones(3)), TypeError, "tuple"),
    (lambda: jvp(lambda x, y: x, (1.0, 2.0), (1.0,)), TypeError, "a tangent for each argument"),
    (lambda: jvp(lambda x: x["a"], ({"a": 1.0},), ({"b": 1.0},)), TypeError, "the tangent of `x` is a container of 1 and not built like it"),
    (lambda: jvp(lambda x: x, (3,), (1,)), TypeError, "does not exist"),
    (lambda: jvp(lambda x: int(x), (3.0,), (1.0,)), DifferentiationError, "has_aux=True"),
    (lambda: jacfwd(lambda x: x.size)(np.ones(2)), DifferentiationError, "has_aux=True"),
    (lambda: jacrev(lambda x: x.size)(np.ones(2)), DifferentiationError, "has_aux=True"),
    (lambda: vjp(lambda x: x, np.ones(3))[1](np.ones(2)), ValueError, "shape"),
    (lambda: vjp(lambda x: x, np.ones(3))[1](1.0), DlsrcError, "the cotangent `dy` is a float64, and what the function returns a float64 vector"),
    (lambda: vjp(lambda x: (x, x), np.ones(3))[1](np.ones(3)), DlsrcError, "a tuple of 2"),
    (lambda: vjp(lambda x: x), TypeError, "at least one argument"),
    (lambda: jacfwd(lambda x: x)(np.ones((2, 2, 2))), UnsupportedSyntax, "at most 5"),
    (lambda: jvp(np.linalg.eigvals, (np.eye(2),), (np.eye(2),)), TypeError, "not written in Python"),
    (
        lambda: jvp(lambda x: np.linalg.eigvals(x).real, (np.eye(2),), (np.eye(2),)),
        DifferentiationError, "eigvals",
    ),
])  # fmt: skip
def test_refusals(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert len(str(caught.value).splitlines()) <= 15


def test_an_error_of_the_function_is_the_users_own():
    def f(x):
        if x[0] > 0.5:
            raise ValueError("too large")
        return x**2

    with pytest.raises(ValueError, match="too large"):
        jvp(f, (np.ones(2),), (np.ones(2),))
    with pytest.raises(IndexError):
        jacfwd(lambda x: x[3] * x)(np.ones(2))


# ---------------------------------------------------------------------------------- objects


def test_they_pickle():
    x = vector(3)
    for made in (jacfwd(cubes), jacrev(cubes), jacobian(cubes)):
        again = pickle.loads(pickle.dumps(made))
        assert repr(again) == repr(made)
        assert_close(again(x), np.diag(3 * x**2 * SCALE))
    pullback = pickle.loads(pickle.dumps(vjp(cubes, x)[1]))
    assert_close(pullback(np.ones(3))[0], 3 * x**2 * SCALE)


def test_threads_share_them():
    made = jacfwd(cubes)
    found = {}

    def run(k):
        found[k] = made(np.full(3, float(k)))

    threads = [threading.Thread(target=run, args=(k,)) for k in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, j in found.items():
        assert_close(j, np.diag(3.0 * k**2 * SCALE))


def test_reading():
    x = vector(3)
    made = jacfwd(cubes)
    with pytest.raises(RuntimeError, match="no source"):
        jacfwd(lambda x: x).source  # noqa: B018
    made.warm(x)
    assert "set_column" in made.source and made.source == adjoint_source(made, x)
    text = adjoint_source(jvp, cubes, (x,), (x,))
    assert "def cubes_1(x, tx, SCALE):" in text
    pullback = vjp(cubes, x)[1]
    assert "dy" in adjoint_source(pullback, np.ones(3))
    assert "set_row" in adjoint_source(jacrev(cubes), x)
    assert adjoint_source(jacobian(cubes), x) == adjoint_source(jacfwd(cubes), x)
    made.compile("float64[:]")
    forms = stages(jvp, cubes, (x,), (np.ones(3),))
    for form in forms.values():
        y, dy = form.run(x, np.ones(3))
        assert_close(dy, 3 * x**2 * SCALE)
    assert "jvp" in repr(dlsrc.operators.directional.Pushforward(cubes, 1))


# ---------------------------------------------------------------------------------- rules of the user's own


@dlsrc.custom_jvp
def tripled(x):
    return x**2


def tripled_jvp(primals, tangents):
    (x,), (tx,) = primals, tangents
    return tripled(x), 3.0 * (2 * x * tx)


tripled.defjvp(tripled_jvp)


@dlsrc.custom_vjp
def five_times(x):
    return x**2


five_times.defvjp(lambda x: (x**2, x), lambda x, dy: (5.0 * dy * x,))


@dlsrc.custom_vjp
def clipped(x):
    return x**2


clipped.defvjp(lambda x: (x**2, x), lambda x, dy: (np.clip(dy, -1.0, 1.0) * 2.0 * x,))


def test_a_rule_for_tangents_is_used():
    x = vector(3)
    assert_close(jvp(lambda x: tripled(x) * 2.0, (x,), (np.ones(3),))[1], 12 * x)
    assert_close(jacfwd(lambda x: tripled(x))(x), np.diag(6 * x))
    assert_close(jacrev(lambda x: tripled(x))(x), np.diag(6 * x))


def test_a_rule_for_cotangents_is_turned_round():
    x = vector(3)
    assert_close(jacrev(lambda x: five_times(x))(x), np.diag(5 * x))
    assert_close(jacfwd(lambda x: five_times(x))(x), np.diag(5 * x))


def test_a_rule_that_is_not_linear_is_the_transpose_of_nothing():
    x = vector(3)
    assert_close(jacrev(lambda x: 3.0 * clipped(x))(x), np.diag(2 * x))
    with pytest.raises(DifferentiationError, match="not linear"):
        jvp(lambda x: clipped(x), (x,), (x,))


# ---------------------------------------------------------------------------------- second derivatives


@compiled
def test_forward_over_reverse():
    def f(x):
        total = 0.0
        for i in range(x.size - 1):
            total += np.exp(x[i] * x[i + 1]) * x[i]
        return total + np.max(x) ** 2

    x, v = vector(4), matrix(1, 4)[0]
    hvp = jvp(lambda x: dlsrc.grad(f)(x), (x,), (v,))[1]
    hessian = jacfwd(lambda x: dlsrc.grad(f)(x))(x)
    assert_close(hvp, slope(dlsrc.grad(f), (x,), (v,)))
    assert_close(hessian @ v, hvp)
    assert_close(hessian, hessian.T)


def test_trees_are_paired_by_their_keys():
    def energy(p):
        return p["a"] ** 2 + p["b"]

    def both(x):
        return {"a": x, "b": 2 * x}

    assert vjp(both, 3.0)[1]({"b": 1.0, "a": 0.0}) == (2.0,)
    assert vjp(lambda x: (x, [3 * x]), 3.0)[1]([1.0, (2.0,)]) == (7.0,)
    assert grad(lambda x: jvp(energy, ({"a": x, "b": 2.0},), ({"b": 1.0, "a": x},))[1])(2.0) == 8.0
    assert grad(lambda x: vjp(both, x)[1]({"b": x, "a": 0.0})[0])(2.0) == 2.0
    with pytest.raises(UnsupportedSyntax, match="a dict of 2 with the keys 'a', 'b'"):
        vjp(both, 3.0)[1]({"b": 1.0, "c": 0.0})
    with pytest.raises(UnsupportedSyntax, match="the cotangent `dy` is not built like what the function returns"):
        vjp(both, 3.0)[1](1.0)
    with pytest.raises(UnsupportedSyntax, match="the tangent is not built like the argument"):
        grad(lambda x: jvp(energy, ({"a": x, "b": 2.0},), ((1.0, x),))[1])(2.0)
