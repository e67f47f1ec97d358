"""Rules of the user's own: `custom_vjp`, `nondifferentiable`."""

import numpy as np
import pytest

import dlsrc
from dlsrc import check, custom_vjp, dlarray, dlfeval, dlgradient, grad, nondifferentiable, value_and_grad
from dlsrc.errors import UnsupportedSyntax

from ..oracle import assert_close, leaves

X = np.array([0.3, -0.4, 1.7])


def ruled(fun, fwd, bwd):
    made = custom_vjp(fun)
    made.defvjp(fwd, bwd)
    return made


# A rule that is wrong on purpose: three times the derivative shows that it is used.
def tripled():
    return ruled(lambda x: x**2, lambda x: (x**2, x), lambda x, dy: (3.0 * (2.0 * x * dy),))


square3 = tripled()


def softplus_fwd(x):
    return softplus(x), x


def softplus_bwd(x, dy):
    return (dy / (1.0 + np.exp(-x)),)


@custom_vjp
def softplus(x):
    return np.log(1.0 + np.exp(x))


softplus.defvjp(softplus_fwd, softplus_bwd)


def test_the_rule_is_used_and_the_value_is_the_functions():
    assert value_and_grad(square3)(4.0) == (16.0, 24.0)
    assert value_and_grad(lambda x: np.sum(square3(x)) + x[0])(X)[1] == pytest.approx(6.0 * X + [1, 0, 0], rel=1e-15)
    assert square3(4.0) == 16.0
    with np.errstate(over="ignore"):
        assert grad(softplus)(800.0) == 1.0


def recurrence(x):
    s = 0.5
    for i in range(len(x)):
        if x[i] > 0.0:
            s = softplus(x[i] * s) + softplus(s)
    return s


@pytest.mark.compiled
def test_in_loops_and_branches():
    assert check(recurrence, X), str(check(recurrence, X))


def test_in_a_while_loop_and_in_a_function_that_is_called():
    def twice(x):
        return softplus(softplus(x))

    def objective(x):
        s, k = x[0], 0
        while k < 3:
            s = twice(s) * x[1]
            k += 1
        return s

    assert check(objective, X)


def test_with_dlarrays():
    def objective(x):
        loss = np.sum(softplus(x) * x)
        return loss, dlgradient(loss, x)

    assert check(objective, dlarray(X))


@pytest.mark.compiled
def test_arguments_in_containers_and_several_results():
    def scaled(params, x, n):
        return params["w"] * x, params["b"] * n

    def fwd(params, x, n):
        return scaled(params, x, n), (params["w"], x, n)

    def bwd(residuals, dy):
        w, x, n = residuals
        dscaled, dshift = dy
        return {"w": np.sum(dscaled * x), "b": dshift * n}, dscaled * w, None

    layer = ruled(scaled, fwd, bwd)

    def objective(params, x):
        y, b = layer(params, x, 3)
        return np.sum(y**2) * b + b

    assert check(objective, {"w": 1.5, "b": 0.7}, X)
    plain = grad(lambda p, x: np.sum((p["w"] * x) ** 2) * (p["b"] * 3) + p["b"] * 3, argnums=(0, 1))
    found = grad(objective, argnums=(0, 1))({"w": 1.5, "b": 0.7}, X)
    expected = plain({"w": 1.5, "b": 0.7}, X)
    assert_close([found[0]["w"], found[0]["b"], *found[1]], [expected[0]["w"], expected[0]["b"], *expected[1]])


def test_what_a_rule_captures_is_read_at_every_call():
    scale = np.array([2.0, 3.0, 4.0])
    rule = ruled(lambda x: x * 1.0, lambda x: (x * 1.0, None), lambda _, dy: (dy * scale,))
    slope = grad(lambda x: np.sum(rule(x)))
    assert slope(X).tolist() == [2, 3, 4]
    scale[0] = 7.0
    assert slope(X).tolist() == [7, 3, 4]
    rule.defvjp(lambda x: (x * 1.0, None), lambda _, dy: (dy * 0.5,))
    assert slope(X).tolist() == [0.5, 0.5, 0.5]


def test_a_rule_with_a_loop_and_writes_of_its_own():
    def cumulative(x):
        y = np.zeros(len(x))
        s = 0.0
        for i in range(len(x)):
            s += x[i]
            y[i] = s
        return y

    def bwd(n, dy):
        dx = np.zeros(n)
        s = 0.0
        for i in range(n - 1, -1, -1):
            s += dy[i]
            dx[i] = s
        return (dx,)

    rule = ruled(cumulative, lambda x: (cumulative(x), len(x)), bwd)
    assert check(lambda x: np.sum(rule(x) ** 3) + rule(x)[1] * x[0], X)


def test_residuals_that_are_overwritten_later():
    def objective(x):
        y = x * 2.0
        z = np.sum(rule(y))
        y[0] = 100.0
        return z * y[1]

    rule = ruled(lambda x: x**3, lambda x: (x**3, x), lambda x, dy: (3.0 * x**2 * dy,))
    assert check(objective, X)


def test_the_result_is_memory_of_its_own():
    def objective(x):
        y = rule(x)
        y[0] = x[1] * x[2]
        return np.sum(y**2)

    rule = ruled(lambda x: np.sin(x), lambda x: (np.sin(x), x), lambda x, dy: (np.cos(x) * dy,))
    assert check(objective, X)


def test_an_argument_without_a_cotangent_passes_none():
    rule = ruled(lambda x, t: x * t, lambda x, t: (x * t, t), lambda t, dy: (dy * t, None))
    assert grad(lambda x, t: rule(x, t) + t, argnums=(0, 1))(2.0, 5.0) == (5.0, 1.0)


@pytest.mark.parametrize("bwd, said", [
    (lambda x, dy: 2.0 * x * dy, "one cotangent for each of the 1 arguments"),
    (lambda x, dy: (dy, dy), "one cotangent for each of the 1 arguments"),
    (lambda x, dy: (np.outer(dy, dy),), "gives a float64 matrix for a float64 vector"),
    (lambda x, dy: ({"x": dy},), "gives a dict of 1 for a number or an array"),
    (lambda x, dy: (np.sum(x * dy),), "gives a float64 for a float64 vector"),
], ids=["no tuple", "too many", "another shape", "another structure", "a number"])  # fmt: skip
def test_rules_of_the_wrong_form_are_refused(bwd, said):
    rule = ruled(lambda x: x**2, lambda x: (x**2, x), bwd)
    with pytest.raises(UnsupportedSyntax, match=said):
        grad(lambda x: np.sum(rule(x)))(X)


@pytest.mark.compiled
def test_a_cotangent_of_another_length_names_the_rule_and_its_line():
    """It would be broadcast, or be an error somewhere else."""

    def bwd(x, dy):
        slope = 2.0 * x * dy
        return (slope[:1],)

    rule = ruled(lambda x: x**2, lambda x: (x**2, x), bwd)
    line = bwd.__code__.co_firstlineno + 2
    said = rf"test_custom_rules.py:{line}: the rule of `.*` gives a cotangent of another shape than its argument's"
    with pytest.raises(ValueError, match=said):
        grad(lambda x: np.sum(rule(x)))(X)
    with pytest.raises(ValueError, match=said):
        dlsrc.jvp(lambda x: np.sum(rule(x)), (X,), (X,))


def test_a_tangent_of_another_length_names_the_rule_and_its_line():
    @dlsrc.custom_jvp
    def square(x):
        return x**2

    def rule(primals, tangents):
        return primals[0] ** 2, (2.0 * primals[0] * tangents[0])[:1]

    square.defjvp(rule)
    said = f"test_custom_rules.py:{rule.__code__.co_firstlineno + 1}: the rule of `square` gives a tangent of another shape"
    for made in (grad, dlsrc.jacfwd):
        with pytest.raises(ValueError, match=said):
            made(lambda x: np.sum(square(x)))(X)


@custom_vjp
def parts(p, s):
    return {"a": p["w"] * s, "b": np.sum(p["w"]) * p["c"]}


def parts_fwd(p, s):
    return parts(p, s), (p, s)


def parts_bwd(residuals, dy):
    p, s = residuals
    dw = dy["a"] * s + dy["b"] * p["c"] * np.ones_like(p["w"])
    return {"w": dw, "c": dy["b"] * np.sum(p["w"])}, np.sum(dy["a"] * p["w"])


parts.defvjp(parts_fwd, parts_bwd)


@pytest.mark.parametrize("made", [grad, dlsrc.jacfwd, dlsrc.jacrev, dlsrc.hessian])
def test_a_rule_with_containers_at_every_order(made):
    def with_rule(p, s):
        y = parts(p, s)
        return np.sum(y["a"] ** 3) * y["b"] ** 2

    def without(p, s):
        y = parts.fun(p, s)
        return np.sum(y["a"] ** 3) * y["b"] ** 2

    p = {"w": np.array([0.5, 1.5]), "c": 0.7}
    found, expected = (leaves(made(f, (0, 1))(p, 1.2)) for f in (with_rule, without))
    for a, b in zip(found, expected, strict=True):
        assert_close(np.asarray(a), np.asarray(b), 1e-12)


def test_a_rule_must_not_write_to_what_it_is_given():
    def bwd(x, dy):
        dy *= 2.0
        return (dy * x,)

    rule = ruled(lambda x: x**2, lambda x: (x**2, x), bwd)
    with pytest.raises(UnsupportedSyntax, match=r"write to a copy: dy.copy\(\)"):
        grad(lambda x: np.sum(rule(x)))(X)


def test_a_rule_that_is_missing_is_asked_for():
    with pytest.raises(UnsupportedSyntax, match=r"has no rule yet; call half.defvjp\(fwd, bwd\)"):
        @custom_vjp
        def half(x):
            return 0.5 * x

        grad(lambda x: half(x))(1.0)


def test_a_wrong_rule_is_found_by_check():
    verdict = check(square3, 4.0)
    assert not verdict and "differences give" in str(verdict)


# ---------------------------------------------------------------------------------- constants


@nondifferentiable
def magnitude(x):
    return 10.0 ** np.floor(np.log10(abs(x)))


@nondifferentiable
def ranks(x):
    return np.argsort(x) * 1.0, magnitude(x[0])


@pytest.mark.compiled
def test_nothing_passes_through_a_nondifferentiable_function():
    assert grad(lambda x: x / magnitude(x))(250.0) == pytest.approx(0.01, rel=1e-15)

    def objective(x):
        order, size = ranks(x)
        return np.sum(order * x) * size + np.linalg.norm(x)

    slope = grad(objective)(X)
    assert_close(slope, np.argsort(X) * 0.1 + X / np.linalg.norm(X))
    assert magnitude(250.0) == 100.0


def test_the_source_shows_the_rules_own_lines():
    text = str(dlsrc.adjoint_source(recurrence, X))
    assert "return (dy / (1.0 + np.exp(-x)),)" in text
    assert "custom_rule(" not in text


def test_in_dlfeval_a_rule_is_used_too():
    def objective(x):
        y = square3(x)
        return y, dlgradient(y, x)

    assert dlfeval(objective, dlarray(4.0))[1].item() == 24.0


# ---------------------------------------------------------------------------------- rules for tangents


def with_tangents(fun, jvp):
    made = dlsrc.custom_jvp(fun)
    made.defjvp(jvp)
    return made


def power_jvp(primals, tangents):
    (x, n), (tx, _) = primals, tangents
    return x**n, n * x ** (n - 1.0) * tx


power = with_tangents(lambda x, n: x**n, power_jvp)


@pytest.mark.compiled
def test_a_rule_for_tangents_is_transposed():
    def objective(x):
        s = 0.0
        for i in range(3):
            s = power(x[i] ** 2 + s, 3.0) * x[0]
        return s + np.sum(power(x + 1.0, 2.5))

    assert check(objective, X), str(check(objective, X))
    assert power(2.0, 3.0) == 8.0


def test_a_rule_for_tangents_is_the_one_that_is_used():
    doubled = with_tangents(lambda x: np.sin(x), lambda p, t: (np.sin(p[0]), 2.0 * np.cos(p[0]) * t[0]))
    assert_close(grad(lambda x: np.sum(doubled(x) * x))(X), 2.0 * np.cos(X) * X + np.sin(X))


def test_a_rule_for_tangents_that_mixes_elements_and_containers():
    def scaled(params, x):
        return params["w"] @ x + params["b"]

    def jvp(primals, tangents):
        (p, x), (tp, tx) = primals, tangents
        return scaled(p, x), tp["w"] @ x + p["w"] @ tx + tp["b"]

    layer = with_tangents(scaled, jvp)
    params = {"w": np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 1.0]]), "b": np.array([0.1, 0.2])}
    assert check(lambda p, x: np.sum(np.tanh(layer(p, x)) ** 2), params, X)


def test_a_rule_for_tangents_with_several_results_and_a_loop():
    def both(x):
        s, c = np.zeros(3), 0.0
        for i in range(3):
            c += x[i] ** 2
            s[i] = c
        return s, c

    def jvp(primals, tangents):
        x, tx = primals[0], tangents[0]
        ts, tc = np.zeros(3), 0.0
        for i in range(3):
            tc += 2.0 * x[i] * tx[i]
            ts[i] = tc
        return both(x), (ts, tc)

    rule = with_tangents(both, jvp)

    def objective(x):
        s, c = rule(x)
        return np.sum(s**2) * c

    assert check(objective, X)


@pytest.mark.parametrize("jvp, said", [
    (lambda p, t: t[0], "must return a pair"),
    (lambda p, t: (p[0], np.sum(t[0])), "as tangent of a float64 vector"),
], ids=["no pair", "another shape"])  # fmt: skip
def test_rules_for_tangents_of_the_wrong_form_are_refused(jvp, said):
    rule = with_tangents(lambda x: x * 1.0, jvp)
    with pytest.raises(UnsupportedSyntax, match=said):
        grad(lambda x: np.sum(rule(x)))(X)


# ---------------------------------------------------------------------------------- forward mode


@pytest.mark.compiled
def test_forward_mode_turns_a_rule_round():
    def objective(x):
        s = 0.5
        for i in range(3):
            s = softplus(x[i] * s) + np.sum(softplus(x) * s)
        return s

    direction = np.array([0.4, -1.0, 0.3])
    value, slope = dlsrc.jvp(objective, (X,), (direction,))
    assert_close(slope, grad(objective)(X) @ direction, 1e-12)
    assert_close(value, objective(X), 1e-14)


def test_forward_mode_uses_a_rule_for_tangents():
    doubled = with_tangents(lambda x: np.sin(x), lambda p, t: (np.sin(p[0]), 2.0 * np.cos(p[0]) * t[0]))
    _, slope = dlsrc.jvp(lambda x: doubled(x) * x, (X,), (np.ones(3),))
    assert_close(slope, 2.0 * np.cos(X) * X + np.sin(X), 1e-14)
    assert_close(dlsrc.jvp(square3, (4.0,), (1.0,))[1], 24.0)


def test_a_rule_in_a_loop_may_make_lists_and_functions():
    twice = custom_vjp(lambda x: 2.0 * x)

    def back(x, dy):
        parts = [2.0 * dy, 0.0 * x]

        def together(a):
            return parts[0] + a

        return (together(parts[1]),)

    twice.defvjp(lambda x: (twice(x), x), back)

    def objective(x):
        s = 0.0
        for _ in range(3):
            x = twice(x)
            s = s + x * x
        return s

    assert grad(objective)(1.0) == 2.0 * (4 + 16 + 64)


def test_second_derivatives_differentiate_the_rule():
    for rule in (softplus, power2):
        assert_close(grad(lambda x: grad(rule)(x) * 1.0)(0.7), second[rule](0.7), 1e-12)


power2 = with_tangents(lambda x: x**4, lambda p, t: (p[0] ** 4, 4.0 * p[0] ** 3 * t[0]))
second = {
    softplus: lambda x: np.exp(-x) / (1.0 + np.exp(-x)) ** 2,
    power2: lambda x: 12.0 * x**2,
}
