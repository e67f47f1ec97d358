"""Each example is run as a script, and prints what its comments say.

A comment ``# prints: text`` stands for one printed line, in the order of printing.  Words must be the same;
numbers may differ by one in the last digit that the comment gives.  An example that takes ``--short`` is run
with it, and prints what follows ``# prints with --short: ``; ``EXAMPLES=full`` runs it as a reader does.
"""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dlsrc
from dlsrc.lazy import jit_enabled

EXAMPLES = Path(__file__).parent.parent / "examples"
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")
MARK = "# prints: "


SHORT = "# prints with --short: "
# Networks are trained by compiled code: in plain Python, minutes for what takes seconds, and nothing new is seen.
TRAINED = ("grad_cam", "neural_ode", "sequence_lstm", "train_digits_cnn", "train_gan", "wgan_gp")
# Three processes would compile it: run as plain Python, by test_data_parallel.
IN_PARTS = ("data_parallel",)
ASKED = os.environ.get("EXAMPLES", "")


def promised(path, mark=MARK):
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line.removeprefix(mark) for line in lines if line.startswith(mark)]


def alike(printed, expected):
    """Whether two lines have the same words, and numbers that agree to the digits given."""
    if NUMBER.split(" ".join(printed.split())) != NUMBER.split(" ".join(expected.split())):
        return False
    for a, b in zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True):
        mantissa, _, exponent = b.lower().partition("e")
        decimals = len(mantissa.partition(".")[2])
        if abs(float(a) - float(b)) > 1.01 * 10.0 ** (int(exponent or 0) - decimals) * (decimals > 0):
            return False
    return True


def compare(printed, expected):
    for a, b in zip(printed, expected, strict=False):
        assert alike(a, b), f"printed  {a!r}\ncomment  {b!r}"
    assert len(printed) == len(expected), f"{len(printed)} lines printed, {len(expected)} in comments: {printed}"


@pytest.mark.compiled
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_prints_what_its_comments_say(path):
    if path.stem in TRAINED and not jit_enabled():
        pytest.skip("trains a network, which is run compiled")
    if path.stem in IN_PARTS and not ASKED:
        pytest.skip("run as plain Python by test_data_parallel")
    assert promised(path), f"{path.name} has no comment {MARK!r}"
    short = bool(promised(path, SHORT)) and ASKED != "full"
    run = subprocess.run(
        [sys.executable, str(path), *["--short"] * short], capture_output=True, text=True, timeout=1800,
        cwd=EXAMPLES.parent, env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    compare(run.stdout.splitlines(), promised(path, SHORT if short else MARK))


def test_heat_is_of_the_weights_of_the_class(monkeypatch):
    """Of scores that are of means over the picture, Grad-CAM's weights are the class's own, a part for each place."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    m = importlib.import_module("grad_cam")
    rng = np.random.default_rng(3)
    net, images = m.network(rng), rng.uniform(0, 1, (16, 16, 1, 2))
    X, T = dlsrc.dlarray(images, "SSCB"), dlsrc.dlarray(np.eye(10)[:, [4, 7]], "CB")
    score, heat = dlsrc.dlfeval(m.grad_cam, net, X, T)
    scores, features = dlsrc.predict(net, X, outputs=["scores", "features"])
    np.testing.assert_allclose(dlsrc.extractdata(score), scores.data[[4, 7], [0, 1]][None], rtol=1e-12)
    of_classes = net.learnables["scores"]["Weights"].data[[4, 7]].T / 16
    expected = np.maximum(0, np.sum(features.data * of_classes, axis=2))
    np.testing.assert_allclose(heat.data[..., 0, :], expected, rtol=1e-10, atol=1e-14)


def test_a_wrong_comment_is_noticed():
    compare(["value 1.2346 of 3"], ["value 1.2345 of 3"])
    for wrong in (["value 1.2350 of 3"], ["value 1.2345 of 4"], ["worth 1.2345 of 3"], [], ["value 1.2345 of 3", "more"]):
        with pytest.raises(AssertionError):
            compare(["value 1.2345 of 3"], wrong)
