"""Functions of networks, compiled: one call of each family beside plain Python's."""

import numpy as np
import pytest

import dlsrc
from dlsrc.kernels.declaring.cases import real

from .cases import CASES
from .reference import stored, waves

STORED = stored()

COMPILED = [
    "crossentropy of softmax", "indexcrossentropy", "dlconv with stride, padding, dilation",
]


@pytest.mark.compiled
@pytest.mark.parametrize("name", COMPILED)
def test_compiled_it_gives_what_torch_gave(name):
    case = CASES[name]
    y, *gradients = STORED[name]
    ours, weights = case.ours, waves(y.shape)

    def objective(*args):
        return np.sum(ours(*args) * weights)

    argnums = tuple(k for k, a in enumerate(case.args) if a.dtype.kind == "f")
    value, found = dlsrc.value_and_grad(objective, argnums)(*case.args)
    assert value == pytest.approx(np.sum(y * weights), rel=1e-12, abs=1e-12)
    for ours_, expected in zip(found, gradients, strict=True):
        np.testing.assert_allclose(ours_, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.compiled
def test_single_precision_stays_single():
    x, w = real(4, 5, 2, 3, dtype="float32"), real(3, 2, 2, 4, dtype="float32")

    def loss(x, w):
        y = dlsrc.softmax(dlsrc.dlconv(x, w, padding="same", data_format="SSCB"), data_format="SSCB")
        return dlsrc.mse(y, np.zeros_like(y), data_format="SSCB")

    value, (dx, dw) = dlsrc.value_and_grad(loss, (0, 1))(x, w)
    assert dx.dtype == dw.dtype == np.float32
    wide, (dx64, dw64) = dlsrc.value_and_grad(loss, (0, 1))(x.astype(float), w.astype(float))
    assert value == pytest.approx(wide, rel=1e-5)
    np.testing.assert_allclose(dx, dx64, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(dw, dw64, rtol=1e-3, atol=1e-5)
