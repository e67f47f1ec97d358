"""A convolutional network that reads handwritten digits, trained by a loop of one's own.

As in MATLAB: `dlfeval` of a loss that calls `forward` and `dlgradient`, then `adamupdate`.  The step is one
compiled program, which the first of the steps waits for, half a minute or so; the rest takes seconds.
``--epochs`` says how often the pictures are gone through.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from dlsrc import (
    adamupdate, crossentropy, dlarray, dlfeval, dlgradient, dlnetwork, extractdata, forward, predict,
)  # fmt: skip
from dlsrc.networks import (
    BatchNormalizationLayer, ConvolutionLayer, FullyConnectedLayer, ImageInputLayer, MaxPoolingLayer,
    ReluLayer, SoftmaxLayer,
)  # fmt: skip

BATCH = 64


def network(rng):
    return dlnetwork([
        ImageInputLayer((8, 8, 1)),
        ConvolutionLayer(3, 16, padding="same", name="conv1"),
        BatchNormalizationLayer(name="bn1"), ReluLayer(),
        MaxPoolingLayer(2, stride=2),
        ConvolutionLayer(3, 32, padding="same", name="conv2"),
        BatchNormalizationLayer(name="bn2"), ReluLayer(),
        FullyConnectedLayer(10, name="scores"), SoftmaxLayer(),
    ], rng=rng)  # fmt: skip


def model_loss(net, X, T):
    """The loss of one batch, its gradients, and the running statistics of the normalizations."""
    Y, state = forward(net, X, return_state=True)
    loss = crossentropy(Y, T)
    return loss, dlgradient(loss, net.learnables), state


def accuracy(net, images, digits):
    scores = extractdata(predict(net, dlarray(images, "SSCB")))
    return np.mean(scores.argmax(axis=0) == digits)


def pictures():
    """1,797 digits of 8 by 8 numbers from 0 to 1, as "SSCB"; what they are; which are kept back."""
    images, digits = load_digits(return_X_y=True)
    images = np.ascontiguousarray((images / 16.0).reshape(-1, 8, 8, 1).transpose(1, 2, 3, 0))
    return images, digits, *train_test_split(np.arange(len(digits)), test_size=0.25, random_state=0)


def train(epochs, network=network, prepared=lambda images, rng: images):
    """A network that has learned, its last loss, and the number of steps; it sees ``prepared`` pictures.

    The rate of learning falls from 0.003 to nothing, by a cosine.
    """
    images, digits, chosen, _ = pictures()
    targets = np.eye(10)[:, digits]
    rng = np.random.default_rng(0)
    net = network(rng)
    mean, mean_of_squares, step, steps = [], [], 0, epochs * (len(chosen) // BATCH)
    for _ in range(epochs):
        order = rng.permutation(chosen)
        for first in range(0, len(order) - BATCH + 1, BATCH):
            batch = order[first : first + BATCH]
            X = dlarray(prepared(images[..., batch], rng), "SSCB")
            T = dlarray(targets[:, batch], "CB")
            loss, gradients, net.state = dlfeval(model_loss, net, X, T)
            step += 1
            rate = 0.0015 * (1 + np.cos(np.pi * step / steps))
            net, mean, mean_of_squares = adamupdate(net, gradients, mean, mean_of_squares, step, rate)
    return net, float(loss), step


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)

    net, loss, step = train(parser.parse_args().epochs)
    print(f"{step} steps; the loss fell below 0.05: {loss < 0.05}")
    # prints: 315 steps; the loss fell below 0.05: True
    images, digits, _, kept_back = pictures()
    right = accuracy(net, images[..., kept_back], digits[kept_back])
    print(f"at least 98 % of the {len(kept_back)} digits that were kept back are read: {right >= 0.98}")
    # prints: at least 98 % of the 450 digits that were kept back are read: True


if __name__ == "__main__":
    main()
