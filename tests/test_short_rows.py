"""Rows that are exponentiated end to end: many blocks of them, the last one not full, and rows longer than a block."""

import numpy as np
import pytest
from scipy import special

from dlsrc.kernels.network import (
    log_softmax_axis, log_softmax_axis_dx, logsumexp_axis, logsumexp_axis_dx, softmax_axis,
)
from dlsrc.kernels.reductions.exponentials import BLOCK


@pytest.fixture(params=[(250, 10), (3, BLOCK + 5), (2, BLOCK), (40, 33)], ids=str)
def rows(request):
    return 5.0 * np.random.default_rng(1).standard_normal(request.param)


def test_values_are_those_of_scipy(rows):
    near = {"rtol": 1e-13, "atol": 1e-13}
    np.testing.assert_allclose(logsumexp_axis.body(rows, 1), special.logsumexp(rows, 1), **near)
    np.testing.assert_allclose(softmax_axis.body(rows, 1), special.softmax(rows, 1), **near)
    np.testing.assert_allclose(log_softmax_axis.body(rows, 1), special.log_softmax(rows, 1), **near)


def test_adjoints_are_weights_times_cotangents(rows):
    weights = special.softmax(rows, 1)
    dy = np.linspace(-1.0, 2.0, len(rows))
    found = logsumexp_axis_dx(dy, rows, special.logsumexp(rows, 1), 1)
    np.testing.assert_allclose(found, dy[:, None] * weights, rtol=1e-12)
    both = np.cos(rows)
    found = log_softmax_axis_dx(both, special.log_softmax(rows, 1), 1)
    np.testing.assert_allclose(found, both - weights * both.sum(1)[:, None], rtol=1e-11, atol=1e-13)


def test_infinite_rows_among_others():
    rows = np.zeros((300, 10))
    rows[7], rows[150, 3], rows[299, 0], rows[200, 4] = -np.inf, np.inf, np.nan, -np.inf
    y = logsumexp_axis.body(rows, 1)
    np.testing.assert_array_equal(y[[7, 150, 299]], [-np.inf, np.inf, np.nan])
    np.testing.assert_allclose(y[[0, 200, 298]], np.log([10.0, 9.0, 10.0]))
    dx = logsumexp_axis_dx(np.ones(300), rows, y, 1)
    np.testing.assert_array_equal(dx[7], np.zeros(10))
    np.testing.assert_array_equal(dx[150], np.eye(10)[3])
    np.testing.assert_allclose(dx[200], np.where(np.arange(10) == 4, 0.0, 1 / 9))
