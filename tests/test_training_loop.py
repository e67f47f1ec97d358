"""The training loop of MATLAB's page, line by line, as a script of its own; beside it the same numbers by hand.

``[f,g] = dlfeval(@model,net,X,T); net = update(net,g)``: promise 1, with formats those of 4, 16, 17 and 19.
"""

import json
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = '''
import json

import numpy as np

from dlsrc import crossentropy, dims, dlarray, dlfeval, dlgradient, dlnetwork, dlupdate, forward, stripdims
from dlsrc.networks import FeatureInputLayer, FullyConnectedLayer, SoftmaxLayer


def model(net, X, T):
    Y = forward(net, X)
    f = crossentropy(Y, T)
    g = dlgradient(f, net.learnables)
    return f, g


def update(net, g):
    return dlupdate(lambda weight, slope: weight - 0.5 * slope, net, g)


rng = np.random.default_rng(5)
net = dlnetwork([FeatureInputLayer(3), FullyConnectedLayer(2, name="fc"), SoftmaxLayer()], rng=rng)
start = {name: value.data.tolist() for name, value in net.learnables["fc"].items()}
points = rng.standard_normal((40, 3))
X = dlarray(points, "BC")
T = dlarray(np.eye(2)[:, (points[:, 0] > points[:, 2]).astype(int)], "CB")

losses = []
for iteration in range(60):
    f, g = dlfeval(model, net, X, T)
    net = update(net, g)
    losses.append(float(f))


def by_what_lies_inside(net, X, T):
    Y, Z = forward(net, X, outputs=["softmax", "fc"])
    f = crossentropy(Y, T)
    return dlgradient(f, Z, stripdims(X), X), Z, Y


(by_scores, by_stripped, by_X), Z, Y = dlfeval(by_what_lies_inside, net, X, T)
print(json.dumps({
    "start": start, "points": points.tolist(), "losses": losses, "dims of X": dims(X), "shape of X": X.shape,
    "layers": {name: list(found) for name, found in g.items()},
    "alike": [(g["fc"][name].shape, dims(g["fc"][name])) == (x.shape, dims(x)) for name, x in net.learnables["fc"].items()],
    "end": {name: value.data.tolist() for name, value in net.learnables["fc"].items()},
    "dims of gradients": [dims(by_scores), dims(by_stripped), dims(by_X)],
    "by scores": by_scores.data.tolist(), "Y": Y.data.tolist(), "by stripped": by_stripped.data.tolist(),
    "by X": by_X.data.tolist(),
}))
'''  # fmt: skip


def by_hand(points, W, b, steps):
    """Multinomial regression in NumPy: the losses, and the weights at the end."""
    x, targets = points.T, np.eye(2)[:, (points[:, 0] > points[:, 2]).astype(int)]
    losses = []
    for _ in range(steps):
        e = np.exp(W @ x + b[:, None])
        y = e / e.sum(axis=0)
        losses.append(-np.sum(targets * np.log(y)) / len(points))
        slope = (y - targets) / len(points)
        W, b = W - 0.5 * slope @ x.T, b - 0.5 * slope.sum(axis=1)
    return losses, W, b, targets


@pytest.mark.compiled
def test_the_loop_of_the_page_as_a_script(tmp_path):
    path = tmp_path / "loop.py"
    path.write_text(SCRIPT, encoding="utf-8")
    run = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(run.stdout)
    points, start = np.array(found["points"]), found["start"]
    losses, W, b, targets = by_hand(points, np.array(start["Weights"]), np.array(start["Bias"]), 60)
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-11)  # 1
    np.testing.assert_allclose(found["end"]["Weights"], W, rtol=1e-10)
    np.testing.assert_allclose(found["end"]["Bias"], b, rtol=1e-10, atol=1e-12)
    assert losses[-1] < 0.3 * losses[0]
    assert found["layers"] == {"fc": ["Weights", "Bias"]} and found["alike"] == [True, True]  # 4
    assert (found["dims of X"], found["shape of X"]) == ("CB", [3, 40])  # 19
    assert found["dims of gradients"] == ["CB", "", "CB"]  # 17
    slope = (np.array(found["Y"]) - targets) / len(points)
    np.testing.assert_allclose(found["by scores"], slope, rtol=1e-10, atol=1e-14)  # 16
    np.testing.assert_allclose(found["by X"], W.T @ slope, rtol=1e-9, atol=1e-14)
    assert found["by stripped"] == found["by X"]
