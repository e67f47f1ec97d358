"""A critic whose slope is held at one: a gradient inside the loss.

A Wasserstein GAN (Arjovsky, Chintala and Bottou, arXiv:1701.07875) paints digits by the verdicts of a critic,
which must not change faster than its input.  The loss of the critic has a penalty on the norm of its gradient
by the picture, between written digits and painted ones (Gulrajani et al., *Improved training of Wasserstein
GANs*, NeurIPS 2017): `dlgradient` of `dlgradient`.

In full, 2,000 steps, it takes minutes; ``--short`` does 100.  ``--picture samples.png`` needs matplotlib.
"""

import argparse

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from train_digits_cnn import pictures
from train_gan import distance, samples, show

from dlsrc import adamupdate, dlarray, dlfeval, dlgradient, dlnetwork, forward
from dlsrc.networks import (
    BatchNormalizationLayer, FeatureInputLayer, FullyConnectedLayer, ImageInputLayer, LeakyReluLayer,
    ReluLayer, ReshapeLayer, SigmoidLayer,
)  # fmt: skip

BATCH, LATENT = 64, 32
PENALTY, VERDICTS = 10.0, 5  # VERDICTS: steps of the critic for one of the painter


def painter(rng):
    return dlnetwork([
        FeatureInputLayer(LATENT),
        FullyConnectedLayer(128), BatchNormalizationLayer(), ReluLayer(),
        FullyConnectedLayer(64), SigmoidLayer(), ReshapeLayer((8, 8, 1)),
    ], rng=rng)  # fmt: skip


def critic(rng):
    return dlnetwork([
        ImageInputLayer((8, 8, 1)),
        FullyConnectedLayer(128), LeakyReluLayer(0.2), FullyConnectedLayer(128), LeakyReluLayer(0.2),
        FullyConnectedLayer(1),
    ], rng=rng)  # fmt: skip


def critic_loss(net_d, net_g, X, Z, mix):
    """The critic's loss, its gradients, and the norms of the slopes between written and painted digits."""
    X_made = forward(net_g, Z)
    worth = np.mean(forward(net_d, X)) - np.mean(forward(net_d, X_made))
    X_between = mix * X + (1 - mix) * X_made
    slope = dlgradient(np.sum(forward(net_d, X_between)), X_between, enable_higher_derivatives=True)
    norm = np.sqrt(np.sum(slope**2, axis=(0, 1, 2)) + 1e-10)
    loss = -worth + PENALTY * np.mean((norm - 1) ** 2)
    return loss, dlgradient(loss, net_d.learnables), norm


def painter_loss(net_g, net_d, Z):
    X_made, state = forward(net_g, Z, return_state=True)
    loss = -np.mean(forward(net_d, X_made))
    return loss, dlgradient(loss, net_g.learnables), state


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--picture")
    options = parser.parse_args()

    images, digits, *_ = pictures()
    rng = np.random.default_rng(0)
    net_g, net_d = painter(rng), critic(rng)
    before = distance(samples(net_g, 1000, LATENT), images)
    averages_g = averages_d = ([], [])
    for step in range(1, (100 if options.short else 2000) + 1):
        for k in range(1, VERDICTS + 1):
            X = dlarray(images[..., rng.integers(0, images.shape[-1], BATCH)], "SSCB")
            Z = dlarray(rng.standard_normal((LATENT, BATCH)), "CB")
            mix = dlarray(rng.uniform(size=(1, 1, 1, BATCH)), "SSCB")
            _, gradients, norm = dlfeval(critic_loss, net_d, net_g, X, Z, mix)
            count = VERDICTS * (step - 1) + k
            net_d, *averages_d = adamupdate(net_d, gradients, *averages_d, count, 5e-4, 0.0, 0.9)
        Z = dlarray(rng.standard_normal((LATENT, BATCH)), "CB")
        _, gradients, net_g.state = dlfeval(painter_loss, net_g, net_d, Z)
        net_g, *averages_g = adamupdate(net_g, gradients, *averages_g, step, 5e-4, 0.0, 0.9)
    made = samples(net_g, 1000, LATENT)
    if options.picture:
        show(made, options.picture)
    print("the slope of the critic is one, within a tenth:", abs(float(np.mean(norm)) - 1) < 0.1)
    # prints with --short: the slope of the critic is one, within a tenth: True
    # prints: the slope of the critic is one, within a tenth: True
    after = distance(made, images)
    if options.short:
        print("samples came nearer to written digits, by a third:", after < 2 * before / 3)
        # prints with --short: samples came nearer to written digits, by a third: True
    else:
        print("samples are less than half as far from written digits as at first:", after < before / 2)
        # prints: samples are less than half as far from written digits as at first: True
        reader = KNeighborsClassifier(5).fit(images.reshape(64, -1).T, digits)
        found = np.bincount(reader.predict(made.reshape(64, -1).T), minlength=10)
        print("each of the 10 digits is among 1,000 samples, 30 times or more:", np.min(found) >= 30)
        # prints: each of the 10 digits is among 1,000 samples, 30 times or more: True


if __name__ == "__main__":
    main()
