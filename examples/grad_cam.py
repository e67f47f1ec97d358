"""Where a network looks: a map of heat over each digit that it reads.

Grad-CAM (Selvaraju et al., ICCV 2017): the gradient of the score of a class by a map of features inside the
network says how much each feature counts; the features, weighted by it, are the heat.  As in MATLAB,
`predict` gives the inner layer by its name, and `dlgradient` takes it, though it is no argument.  Where the
heat is greatest the picture is made black: the score falls more than where it is made black at random.

``--picture heat.png`` shows ten digits and their maps; it needs matplotlib.
"""

import argparse

import numpy as np
from train_digits_cnn import pictures, train

from dlsrc import dlarray, dlfeval, dlgradient, dlnetwork, extractdata, predict, relu
from dlsrc.networks import (
    BatchNormalizationLayer, ConvolutionLayer, FullyConnectedLayer, GlobalAveragePoolingLayer,
    ImageInputLayer, ReluLayer, SoftmaxLayer,
)  # fmt: skip

MASKED = 6  # of 64 places: one in ten


def network(rng):
    """The scores are of means over the picture, so that a feature counts alike wherever it is."""
    return dlnetwork([
        ImageInputLayer((8, 8, 1)),
        ConvolutionLayer(3, 32, padding="same"), BatchNormalizationLayer(), ReluLayer(),
        ConvolutionLayer(3, 32, padding="same"), BatchNormalizationLayer(), ReluLayer(name="features"),
        GlobalAveragePoolingLayer(),
        FullyConnectedLayer(10, name="scores"), SoftmaxLayer(),
    ], rng=rng)  # fmt: skip


def grad_cam(net, X, T):
    """The scores of the classes in ``T``, one a picture, and the heat of each place."""
    scores, features = predict(net, X, outputs=["scores", "features"])
    score = np.sum(scores * T, axis=0)
    slopes = dlgradient(np.sum(score), features)
    weights = np.mean(slopes, axis=(0, 1))
    return score, relu(np.sum(weights * features, axis=2))


def score_of(net, X, T):
    return np.sum(predict(net, X, outputs="scores") * T, axis=0)


def masked(images, order):
    """The pictures, black at the first places of each column of ``order``."""
    found = images.reshape(64, -1).copy()
    np.put_along_axis(found, order[:MASKED], 0.0, axis=0)
    return found.reshape(images.shape)


def show(images, heat, file):
    """Ten digits, and their heat below."""
    import matplotlib.pyplot as plt

    figure, rows = plt.subplots(2, 10, figsize=(10, 2.2))
    for k in range(10):
        rows[0, k].imshow(images[..., 0, k], cmap="gray")
        rows[1, k].imshow(images[..., 0, k], cmap="gray")
        rows[1, k].imshow(heat[..., 0, k], cmap="jet", alpha=0.6, interpolation="bilinear")
        rows[0, k].axis("off")
        rows[1, k].axis("off")
    figure.savefig(file, dpi=100, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture")
    options = parser.parse_args()

    net, _, _ = train(15, network)
    images, digits, _, kept_back = pictures()
    images, digits = images[..., kept_back], digits[kept_back]
    X, T = dlarray(images, "SSCB"), dlarray(np.eye(10)[:, digits], "CB")
    score, heat = map(extractdata, dlfeval(grad_cam, net, X, T))
    if options.picture:
        chosen = [np.argmax(digits == k) for k in range(10)]
        show(images[..., chosen], heat[..., chosen], options.picture)
    hottest = np.argsort(-heat.reshape(64, -1), axis=0)
    anywhere = np.argsort(np.random.default_rng(0).uniform(size=hottest.shape), axis=0)
    falls = [
        score - extractdata(score_of(net, dlarray(masked(images, order), "SSCB"), T))
        for order in (hottest, anywhere)
    ]
    more = np.mean(falls[0] > falls[1])
    print("the score falls more where it is hottest, in 90 % of the pictures:", more >= 0.9)
    # prints: the score falls more where it is hottest, in 90 % of the pictures: True


if __name__ == "__main__":
    main()
