"""Two networks against each other: one paints digits, the other tells them from those that people wrote.

As in MATLAB's example: one function gives both losses and both gradients, the first of them with
``retain_data=True``, since both go back through the same values.  The loss of each network is the
cross-entropy of what the other one wants (Goodfellow et al., *Generative adversarial nets*, NeurIPS 2014).
The judge must not be sure: of written digits it is to say 0.9, not 1 (Salimans et al., NeurIPS 2016), and a
part of what it thinks is left out.  From the middle on both learn slower and slower.

In full, 8,000 steps, it takes minutes, and a network that reads digits is asked what the samples are;
``--short`` does 400.  ``--picture samples.png`` shows a hundred samples; it needs matplotlib.
"""

import argparse

import numpy as np
from train_digits_cnn import pictures, train

from dlsrc import adamupdate, dlarray, dlfeval, dlgradient, dlnetwork, extractdata, forward, predict
from dlsrc.networks import (
    BatchNormalizationLayer, DropoutLayer, FeatureInputLayer, FullyConnectedLayer, ImageInputLayer,
    LeakyReluLayer, ReluLayer, ReshapeLayer, SigmoidLayer,
)  # fmt: skip

BATCH, LATENT = 64, 16
RATE, SURE = 1e-3, 0.9


def painter(rng):
    return dlnetwork([
        FeatureInputLayer(LATENT),
        FullyConnectedLayer(128), BatchNormalizationLayer(), ReluLayer(),
        FullyConnectedLayer(256), BatchNormalizationLayer(), ReluLayer(),
        FullyConnectedLayer(64), ReshapeLayer((8, 8, 1)), SigmoidLayer(),
    ], rng=rng)  # fmt: skip


def judge(rng):
    return dlnetwork([
        ImageInputLayer((8, 8, 1)),
        FullyConnectedLayer(256), LeakyReluLayer(0.2), DropoutLayer(0.3),
        FullyConnectedLayer(128), LeakyReluLayer(0.2), DropoutLayer(0.3),
        FullyConnectedLayer(1), SigmoidLayer(),
    ], rng=rng)  # fmt: skip


def model_loss(net_g, net_d, X, Z, key):
    """Losses, gradients and states of both networks, for written digits ``X`` and random numbers ``Z``."""
    X_made, state_g = forward(net_g, Z, return_state=True)
    Y, state_d = forward(net_d, X, return_state=True, key=key)
    Y_made = forward(net_d, X_made, key=key + 1)
    loss_d = -SURE * np.mean(np.log(Y + 1e-8)) - (1 - SURE) * np.mean(np.log(1 - Y + 1e-8))
    loss_d -= np.mean(np.log(1 - Y_made + 1e-8))
    loss_g = -np.mean(np.log(Y_made + 1e-8))
    gradients_g = dlgradient(loss_g, net_g.learnables, retain_data=True)
    gradients_d = dlgradient(loss_d, net_d.learnables)
    return loss_g, loss_d, gradients_g, gradients_d, state_g, state_d


def samples(net, count, latent=LATENT):
    Z = np.random.default_rng(1).standard_normal((latent, count))
    return extractdata(predict(net, dlarray(Z, "CB")))


def distance(made, images):
    """How far a sample is from the written digit that is nearest to it, on the average."""
    a, b = made.reshape(64, -1), images.reshape(64, -1)
    squares = np.sum(a**2, axis=0)[:, None] + np.sum(b**2, axis=0) - 2 * a.T @ b
    return np.sqrt(squares.min(axis=1)).mean()


def show(made, file):
    """The first hundred, ten by ten, as a picture."""
    import matplotlib.pyplot as plt

    framed = np.pad(made[..., 0, :100], ((1, 1), (1, 1), (0, 0)), constant_values=0.5)
    sheet = framed.reshape(10, 10, 10, 10).transpose(2, 0, 3, 1).reshape(100, 100)
    plt.imsave(file, np.kron(sheet, np.ones((6, 6))), cmap="gray")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--picture")
    options = parser.parse_args()

    images = pictures()[0]
    rng = np.random.default_rng(0)
    net_g, net_d = painter(rng), judge(rng)
    before = distance(samples(net_g, 1000), images)
    averages_g = averages_d = ([], [])
    steps = 400 if options.short else 8000
    for step in range(1, steps + 1):
        X = dlarray(images[..., rng.integers(0, images.shape[-1], BATCH)], "SSCB")
        Z = dlarray(rng.standard_normal((LATENT, BATCH)), "CB")
        _, _, gradients_g, gradients_d, net_g.state, net_d.state = dlfeval(
            model_loss, net_g, net_d, X, Z, 2 * step
        )
        rate = RATE * min(1, 2 * (1 - step / steps))
        net_g, *averages_g = adamupdate(net_g, gradients_g, *averages_g, step, rate, 0.5)
        net_d, *averages_d = adamupdate(net_d, gradients_d, *averages_d, step, rate, 0.5)
    made = samples(net_g, 1000)
    if options.picture:
        show(made, options.picture)
    after = distance(made, images)
    if options.short:
        print("samples came nearer to written digits, by a third:", after < 2 * before / 3)
        # prints with --short: samples came nearer to written digits, by a third: True
    else:
        print("samples are less than half as far from written digits as at first:", after < before / 2)
        # prints: samples are less than half as far from written digits as at first: True
        scores = extractdata(predict(train(epochs=15)[0], dlarray(made, "SSCB")))
        found, sure = np.bincount(scores.argmax(axis=0), minlength=10), np.mean(scores.max(axis=0) > 0.9)
        print("at least 8 of the 10 digits are among 1,000 samples:", np.sum(found >= 10) >= 8)
        # prints: at least 8 of the 10 digits are among 1,000 samples: True
        print("at least 70 % of them are read with a probability above 0.9:", sure >= 0.7)
        # prints: at least 70 % of them are read with a probability above 0.9: True


if __name__ == "__main__":
    main()
