"""`dlode45` with the gradient by the adjoint equation: beside the derivative of the steps, and beside SciPy's differences.

The solvers' tolerance is 1e-10 here; the two gradients are each off by that times what the equation makes of an error,
and nothing below grows by more than a factor of ten: hence 1e-8 of the largest entry.
"""

import functools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dlsrc
from dlsrc import dlode45, errors

TIGHT = {"relative_tolerance": 1e-10, "absolute_tolerance": 1e-12}
MODES = ("adjoint", "adjoint-seminorm")
START, THETA = np.array([1.0, 0.5]), np.array([1.3, 0.7])
WEIGHTS = np.array([[1.0, 2.0, -1.0], [3.0, 4.0, 0.5]])


def turning(t, y, theta):
    return np.stack((theta[0] * np.sin(y[1]), -theta[1] * y[0] + 0.1 * t))


def weighted(times, start, theta, mode):
    return np.sum(WEIGHTS * np.sin(dlode45(turning, times, start, theta, gradient_mode=mode, **TIGHT)))


def close(found, expected, rtol=1e-8):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("times", [np.array([0.0, 0.4, 1.0, 1.7]), np.array([1.5, 1.2, 0.3, -0.2])], ids=["rise", "fall"])
def test_the_gradient_is_that_of_the_steps_and_of_scipys_solutions(mode, times):
    found = dlsrc.grad(weighted, (0, 1, 2))(times, START, THETA, mode)
    for adjoint, direct in zip(found, dlsrc.grad(weighted, (0, 1, 2))(times, START, THETA, "direct"), strict=True):
        close(adjoint, direct)

    def exact(times, start, theta):
        y = solve_ivp(turning, times[[0, -1]], start, "DOP853", times, args=(theta,), rtol=1e-13, atol=1e-14).y
        return np.sum(WEIGHTS * np.sin(y[:, 1:]))

    given = (times, START, THETA)
    for k, cotangent in enumerate(found):
        for j in range(cotangent.size):
            h = 1e-4 * np.eye(cotangent.size)[j]
            values = [exact(*(a + s * h if i == k else a for i, a in enumerate(given))) for s in (-2, -1, 1, 2)]
            difference = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / 12e-4
            assert cotangent[j] == pytest.approx(difference, abs=3e-8)  # 1e-13 / 1e-4, and what solve_ivp is off


def test_a_pair_of_times_gives_the_solution_at_the_last_one():
    def end(start, theta, mode):
        y = dlode45(turning, (0.0, 1.0), start, theta, gradient_mode=mode, **TIGHT)
        assert y.shape == (2,)
        return y[0] * y[1]

    value, found = dlsrc.value_and_grad(end, (0, 1))(START, THETA, "adjoint")
    expected, direct = dlsrc.value_and_grad(end, (0, 1))(START, THETA, "direct")
    assert value == expected == pytest.approx(end(START, THETA, "adjoint"), rel=1e-14)
    for a, b in zip(found, direct, strict=True):
        close(a, b)


def test_parameters_stand_in_any_container_and_need_not_be_numbers():
    def falling(t, y, p):
        return (-p["rate"] * y if p["kind"] == "linear" else y) + p["more"][0] @ y + 0.0 * p["count"]

    def loss(y, p, mode):
        return np.sum(dlode45(falling, (0.0, 1.0), y, p, gradient_mode=mode, **TIGHT) ** 2)

    y = np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 0.2]])  # of two dimensions
    p = {"rate": 0.7, "kind": "linear", "more": [np.array([[0.1, 0.5], [-0.2, 0.3]])], "count": 3}

    def by_floats(rate, more, y, mode):
        return loss(y, {**p, "rate": rate, "more": [more]}, mode)

    gradient = dlsrc.grad(by_floats, (0, 1, 2))
    for a, b in zip(gradient(0.7, p["more"][0], y, "adjoint"), gradient(0.7, p["more"][0], y, "direct"), strict=True):
        close(a, b)


def test_without_parameters():
    def loss(y, mode):
        return np.sum(dlode45(lambda t, y: -y * y, (0.0, 1.0), y, gradient_mode=mode, **TIGHT))

    # y / (1 + y) has the derivative 1 / (1 + y)^2
    close(dlsrc.grad(loss)(START, "adjoint"), 1 / (1 + START) ** 2)


def test_float32_gives_gradients_in_float32():
    def loss(y, theta, mode):
        return np.sum(dlode45(turning, (0.0, 1.0), y, theta, gradient_mode=mode, relative_tolerance=1e-6))

    given = START.astype(np.float32), THETA.astype(np.float32)
    for a, b in zip(dlsrc.grad(loss, (0, 1))(*given, "adjoint"), dlsrc.grad(loss, (0, 1))(*given, "direct"), strict=True):
        assert a.dtype == b.dtype == np.float32
        close(a, b, 1e-5)


def test_inside_of_a_longer_function_and_of_a_loop():
    def loss(theta, mode):
        y, total = START * theta[0], 0.0
        for k in range(3):
            y = dlode45(turning, (0.0, 0.3 + 0.1 * k), y, theta * (k + 1), gradient_mode=mode, **TIGHT)
            total = total + y[0] * y[1]
        return total

    close(dlsrc.grad(loss)(THETA, "adjoint"), dlsrc.grad(loss)(THETA, "direct"))


def test_integrals_of_parameters_take_no_steps_where_their_errors_do_not_count(capsys):
    def driven(t, y, strength):
        print("slope")
        return -y + strength * np.sin(60.0 * t)

    def loss(strength, mode):
        return dlode45(driven, (0.0, 3.0), np.ones(1), strength, gradient_mode=mode, relative_tolerance=1e-6)[0]

    calls = []
    for mode in MODES:  # with a strength of zero the solution and its cotangent are smooth, the integral is not
        dlsrc.grad(loss)(0.0, mode)
        calls.append(capsys.readouterr().out.count("slope"))
    assert calls[1] < 0.5 * calls[0]


def test_nothing_is_kept_for_the_way_back():
    def loss(theta, mode):
        return np.sum(dlode45(turning, (0.0, 1.0), START, theta, gradient_mode=mode))

    kept = {}
    for mode in ("direct", "adjoint"):
        text = str(dlsrc.stages(dlsrc.grad(functools.partial(loss, mode=mode)), THETA)["simplify"])
        kept[mode] = "_kept" in text or "append" in text or "push" in text
    assert kept == {"direct": True, "adjoint": False}


@pytest.mark.compiled
def test_the_gradient_compiled():
    def loss(rates):
        return dlode45(lambda t, y, p: -p * y, (0.0, 1.0), np.ones(2), rates, gradient_mode="adjoint-seminorm", **TIGHT)[0]

    close(dlsrc.grad(loss)(THETA), [-np.exp(-THETA[0]), 0.0])


# ---------------------------------------------------------------------------------- what is refused


def test_what_the_function_captures_is_no_parameter():
    def loss(rate, start):
        return np.sum(dlode45(lambda t, y: -2 * rate * y, (0.0, 1.0), start * rate, gradient_mode="adjoint", **TIGHT))

    with pytest.raises(errors.DifferentiationError, match="odefun uses another value that the gradient depends on"):
        dlsrc.grad(loss)(0.7, START)
    # by y0 alone it is a constant
    close(dlsrc.grad(loss, 1)(0.7, START), 0.7 * np.exp(-1.4) * np.ones(2))

    def only_captured(rate):
        return np.sum(dlode45(lambda t, y: -rate * y, (0.0, 1.0), START, gradient_mode="adjoint", **TIGHT))

    with pytest.raises(errors.DifferentiationError, match="hand it on in theta"):
        dlsrc.grad(only_captured)(0.7)


def test_second_derivatives_and_forward_mode_are_for_the_steps():
    def loss(theta):
        return np.sum(dlode45(turning, (0.0, 1.0), START, theta, gradient_mode="adjoint"))

    with pytest.raises(errors.DifferentiationError, match="has no second derivative: use gradient_mode='direct'"):
        dlsrc.grad(lambda theta: np.sum(dlsrc.grad(loss)(theta) ** 2))(THETA)
    with pytest.raises(errors.DifferentiationError, match="has no forward mode: use gradient_mode='direct'"):
        dlsrc.jacfwd(loss)(THETA)
    with pytest.raises(errors.DifferentiationError, match="use gradient_mode='direct' for jvp, jacfwd, hessian"):
        dlsrc.hessian(loss)(THETA)


def test_a_mode_of_another_name_is_refused_with_the_names_there_are():
    with pytest.raises(errors.UnsupportedSyntax, match="'backwards'.*'direct', 'adjoint' or 'adjoint-seminorm'"):
        dlsrc.grad(lambda y: np.sum(dlode45(lambda t, y: -y, (0.0, 1.0), y, gradient_mode="backwards")))(START)
