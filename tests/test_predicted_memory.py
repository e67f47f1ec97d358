"""The memory that `explain` predicts is what compiled code asks for, of whole programs; and follows through tables."""

import numpy as np
import pytest

import dlsrc
from dlsrc import explain, value_and_grad
from dlsrc.lazy import jit_enabled
from tests.benchmarks.memory import predicted_and_found
from tests.benchmarks.tasks import TASKS


@pytest.mark.compiled
@pytest.mark.skipif(not jit_enabled(), reason="NUMBA_DISABLE_JIT is set")
@pytest.mark.parametrize("name", ["perceptron", "bundle", "heat"])
def test_a_task_takes_what_is_predicted(name):
    found = predicted_and_found(TASKS[name], "dlsrc")
    assert 0.98 < found["predicted"] / found["asked"] < 1.02, found


def small_network(w, v, x, padding="same"):
    y = dlsrc.dlconv(x, w, 0.0, padding=padding, data_format="SSCB")
    y = dlsrc.maxpool(y, 2, stride=2, data_format="SSCB")
    y = dlsrc.dlconv(y, v, 0.0, stride=(1, 2), data_format="SSCB")
    return np.sum(dlsrc.avgpool(y, (2, 1), data_format="SSCB") ** 2)


@pytest.mark.parametrize("padding", ["same", 1, 0])
@pytest.mark.parametrize("batch, channels, filters", [(7, 2, 3), (6, 6, 6), (10, 2, 3), (3, 2, 3), (1, 1, 3), (19, 1, 2), (4, 2, 3)])
def test_sizes_follow_through_convolutions_and_pools(padding, batch, channels, filters):
    w, v = np.ones((3, 3, channels, filters)), np.ones((2, 2, filters, 4))
    x = np.ones((10, 9, channels, batch))
    report = explain(value_and_grad(small_network, (0, 1)), w, v, x, padding=padding)
    assert report.is_complete
    rows, columns = (8, 7) if padding == 0 else (10, 9)
    first = rows * columns * filters * batch * 8
    second = (rows // 2 - 1) * ((columns // 2 - 2) // 2 + 1) * 4 * batch * 8
    sizes = [piece.bytes for piece in report.arrays]
    # The values and their cotangents, the gradients.
    assert sizes.count(first) >= 2 and sizes.count(second) >= 2 and {w.nbytes, v.nbytes} <= set(sizes)


def products(A, B, x):
    u = A @ x
    v = B @ u
    return np.sum((v - np.exp(u)) ** 2)


def test_what_the_text_computes_last_is_not_held_before():
    n = 60
    A, B, x = np.eye(n), np.eye(n), np.ones(n)
    square = 8 * n * n
    one, both = (explain(value_and_grad(products, wrt), A, B, x).predicted_bytes for wrt in (0, (0, 1)))
    assert square < one < 1.3 * square
    assert 2 * square < both < 2.3 * square


def test_a_shape_that_is_read_late_holds_its_array():
    def f(b, x):
        u = x * x[0]
        return np.sum(np.sin(u + b))

    x = np.ones((50, 40))
    report = explain(value_and_grad(f, 1), np.ones(40), x)
    text = str(dlsrc.adjoint_source(value_and_grad(f, 1), np.ones(40), x))
    assert ".shape" in text and report.predicted_bytes > 2 * x.nbytes
