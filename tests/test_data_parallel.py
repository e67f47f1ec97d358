"""The example of data-parallel training: what is put together of shares is what the whole minibatch gives."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dlsrc
from dlsrc import dlarray, dlnetwork
from dlsrc.lazy import jit_enabled
from dlsrc.networks import FeatureInputLayer, FullyConnectedLayer, SoftmaxLayer, TanhLayer
from tests.test_examples import compare, promised

EXAMPLE = Path(__file__).parent.parent / "examples" / "data_parallel.py"
pytestmark = pytest.mark.skipif(jit_enabled(), reason="three processes would compile it")


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("data_parallel", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cut(x, *places):
    return np.split(x, places, axis=1)


def test_shares_give_the_gradient_of_the_whole(example):
    """Where observations do not know of each other: no batch normalization."""
    rng = np.random.default_rng(0)
    net = dlnetwork([FeatureInputLayer(5), FullyConnectedLayer(4), TanhLayer(), FullyConnectedLayer(3), SoftmaxLayer()])
    X, T = rng.standard_normal((5, 20)), np.eye(3)[:, rng.integers(0, 3, 20)]
    whole = example.evaluated(net, X, T)
    loss, gradients, _ = example.step(net, list(zip(cut(X, 3, 11), cut(T, 3, 11))), example.in_this_process)
    assert loss == pytest.approx(float(whole[0]), rel=1e-12)
    for a, b in zip(dlsrc.structure.flatten(gradients)[0], dlsrc.structure.flatten(whole[1])[0], strict=True):
        assert np.abs(a.data - b.data).max() < 1e-12 and np.abs(b.data).max() > 1e-3


def test_shares_give_the_statistics_of_the_whole(example):
    rng = np.random.default_rng(1)
    X, T = 2 + rng.standard_normal((64, 30)) * np.linspace(1, 3, 30), np.eye(10)[:, rng.integers(0, 10, 30)]
    net = example.network()
    _, net.state = dlsrc.forward(net, dlarray(X[:, :9], "CB"), return_state=True)  # not the first minibatch
    whole = example.evaluated(net, X, T)[2]["bn"]
    shares = list(zip(cut(X, 4, 20), cut(T, 4, 20)))
    state = example.step(net, shares, example.in_this_process)[2]["bn"]
    for name in ("TrainedMean", "TrainedVariance"):
        assert np.abs(state[name].data - whole[name].data).max() < 1e-12
        assert np.abs(state[name].data - net.state["bn"][name].data).max() > 1e-2
    plain = example.weighted_sum([4 / 30, 16 / 30, 10 / 30], [example.evaluated(net, *share)[2] for share in shares])["bn"]
    assert np.abs(plain["TrainedVariance"].data - whole["TrainedVariance"].data).max() > 1e-4


def test_two_processes_one_of_which_is_killed():
    pytest.importorskip("distributed", reason='Dask is not installed: pip install "dask[distributed]"')
    run = subprocess.run(
        [sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=600,
        cwd=EXAMPLE.parent.parent, env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    compare(run.stdout.splitlines(), promised(EXAMPLE))
