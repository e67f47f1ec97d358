"""Functions of networks beside PyTorch: what it gave once everywhere, and what it gives now where it is installed."""

import importlib.util

import numpy as np
import pytest

import dlsrc
from dlsrc.lazy import jit_enabled

from .cases import CASES
from .reference import by_torch, stored, waves

STORED = stored()


@pytest.mark.skipif(jit_enabled(), reason="each case would be compiled; test_compiled_layers compiles one of each")
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_those_that_torch_gave(name):
    case = CASES[name]
    y, *gradients = STORED[name]
    ours, weights = case.ours, waves(y.shape)
    np.testing.assert_allclose(ours(*case.args), y, rtol=1e-12, atol=1e-12)

    def objective(*args):
        return np.sum(ours(*args) * weights)

    argnums = tuple(k for k, a in enumerate(case.args) if a.dtype.kind == "f")
    for found, expected in zip(dlsrc.grad(objective, argnums)(*case.args), gradients, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed: pip install dlsrc[torch] to compare with it"
)
@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel lengths:UserWarning")  # 4 by 3
@pytest.mark.parametrize("name", CASES)
def test_torch_still_gives_what_is_stored(name):
    for found, expected in zip(by_torch(CASES[name]), STORED[name], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
