"""What is special about single functions of networks."""

import numpy as np
import pytest
from scipy.integrate import RK45, solve_ivp

import dlsrc
from dlsrc.kernels.layers import ode
from dlsrc.kernels.declaring.cases import real


def test_dropout_keeps_the_mean_and_depends_on_its_key_only():
    x = np.ones((200, 100))
    y = dlsrc.dropout(x, 0.3, key=1)
    assert abs((y == 0).mean() - 0.3) < 0.01 and abs(y.mean() - 1) < 0.02
    np.testing.assert_array_equal(y, dlsrc.dropout(x, 0.3, key=1))
    other = dlsrc.dropout(x, 0.3, key=2)
    # two keys agree as two coins do
    assert abs(((y == 0) == (other == 0)).mean() - (0.3**2 + 0.7**2)) < 0.015


def test_neighbours_and_rows_of_a_dropout_have_nothing_in_common():
    zeros = dlsrc.dropout(np.ones((300, 300)), 0.5, key=12345) == 0
    for a, b in ((zeros[1:], zeros[:-1]), (zeros[:, 1:], zeros[:, :-1])):
        assert abs((a == b).mean() - 0.5) < 0.01


def test_the_gradient_of_a_dropout_has_the_same_zeros():
    x = real(20)

    def f(x):
        return np.sum(dlsrc.dropout(x, 0.5, key=9) ** 2)

    y = dlsrc.dropout(x, 0.5, key=9)
    np.testing.assert_allclose(dlsrc.grad(f)(x), 4 * y, rtol=1e-14)


def test_a_probability_has_no_derivative():
    with pytest.raises(dlsrc.errors.UnsupportedSyntax, match="jumps with the probability"):
        dlsrc.grad(lambda p: np.sum(dlsrc.dropout(np.ones(3), p, key=1)))(0.5)


def test_the_numbers_of_the_method_are_scipys():
    np.testing.assert_allclose(ode.PARTS[:6], RK45.C, rtol=1e-15)
    np.testing.assert_allclose(ode.STAGES[:6, :5], RK45.A, rtol=1e-15)
    np.testing.assert_allclose(ode.STAGES[6], RK45.B, rtol=1e-15)
    np.testing.assert_allclose(ode.ERROR, -RK45.E, rtol=1e-15)
    np.testing.assert_allclose(ode.BETWEEN, RK45.P, rtol=1e-15)


def pendulum(t, y, theta):
    return np.stack((y[1], -theta[0] * np.sin(y[0]) - theta[1] * y[1]))


def test_a_solution_beside_scipys_and_its_derivative_beside_differences():
    times, start, theta = np.linspace(0.0, 2.0, 5), np.array([1.0, 0.5]), np.array([2.0, 0.3])
    options = {"relative_tolerance": 1e-9, "absolute_tolerance": 1e-11}
    y = dlsrc.dlode45(pendulum, times, start, theta, **options)
    exact = solve_ivp(pendulum, (0, 2), start, "DOP853", times, args=(theta,), rtol=1e-12, atol=1e-13).y
    np.testing.assert_allclose(y, exact[:, 1:], rtol=1e-7)

    def loss(theta):
        end = dlsrc.dlode45(pendulum, (0.0, 2.0), start, theta, relative_tolerance=1e-9, absolute_tolerance=1e-11)
        return end[0]

    found = dlsrc.grad(loss)(theta)
    for k in range(2):
        h = 1e-4 * np.eye(2)[k]
        ends = [
            solve_ivp(pendulum, (0, 2), start, "DOP853", args=(theta + s * h,), rtol=1e-12, atol=1e-14).y[0, -1]
            for s in (1, -1)
        ]
        assert found[k] == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-6)


def test_parameters_of_a_solution_may_be_a_dict():
    def fall(t, y, p):
        return -p["rate"] * y

    def loss(p):
        return dlsrc.dlode45(fall, (0.0, 1.0), np.ones(1), p, relative_tolerance=1e-10, absolute_tolerance=1e-12)[0]

    assert dlsrc.grad(loss)({"rate": 0.7})["rate"] == pytest.approx(-np.exp(-0.7), rel=1e-8)


def test_labels_that_do_not_fit_have_an_infinite_loss():
    y = np.full((2, 1, 2), 0.5)
    assert dlsrc.ctc(y, np.array([[1, 1]]), data_format="CBT") == np.inf


def test_batch_statistics_are_used_in_training_and_the_running_ones_in_use():
    x, mu, var = real(3, 50), real(3), abs(real(3)) + 1
    y, new_mu, new_var = dlsrc.batchnorm(x, 0.0, 1.0, mu, var, return_statistics=True, data_format="CB")
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(new_mu, 0.9 * mu + 0.1 * x.mean(axis=1))
    np.testing.assert_allclose(new_var, 0.9 * var + 0.1 * x.var(axis=1))
    used = dlsrc.batchnorm(x, 0.0, 1.0, mu, var, data_format="CB")
    np.testing.assert_allclose(used, (x - mu[:, None]) / np.sqrt(var[:, None] + 1e-5))


def test_a_missing_format_is_refused_with_what_to_write():
    with pytest.raises(dlsrc.errors.UnsupportedSyntax, match="data_format='SSCB'"):
        dlsrc.grad(lambda x: np.sum(dlsrc.maxpool(x, 2)))(real(4, 4, 1, 1))
