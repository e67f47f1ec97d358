"""Digits read line by line: a recurrent network gets eight numbers at a time, eight times.

What it knows after the last line decides.  A picture as a sequence is a usual test of a memory (Le, Jaitly
and Hinton, arXiv:1504.00941): the first lines alone say little.  The training loop is that of
``train_digits_cnn.py``; the network is another.
"""

import argparse

import numpy as np
from train_digits_cnn import pictures

from dlsrc import (
    adamupdate, crossentropy, dlarray, dlfeval, dlgradient, dlnetwork, extractdata, forward, predict,
)  # fmt: skip
from dlsrc.networks import FullyConnectedLayer, LstmLayer, SequenceInputLayer, SoftmaxLayer

BATCH = 64


def network():
    return dlnetwork([
        SequenceInputLayer(8, length=8), LstmLayer(64, output_mode="last"),
        FullyConnectedLayer(10), SoftmaxLayer(),
    ], rng=0)  # fmt: skip


def model_loss(net, X, T):
    loss = crossentropy(forward(net, X), T)
    return loss, dlgradient(loss, net.learnables)


def accuracy(net, lines, digits):
    return np.mean(extractdata(predict(net, dlarray(lines, "CBT"))).argmax(axis=0) == digits)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    epochs = parser.parse_args().epochs

    images, digits, chosen, kept_back = pictures()
    lines = np.ascontiguousarray(images[:, :, 0].transpose(1, 2, 0))  # 8 numbers, 1,797 digits, 8 lines
    targets = np.eye(10)[:, digits]
    net, averages, step = network(), ([], []), 0
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        order = rng.permutation(chosen)
        for first in range(0, len(order) - BATCH + 1, BATCH):
            batch = order[first : first + BATCH]
            X, T = dlarray(lines[:, batch], "CBT"), dlarray(targets[:, batch], "CB")
            step += 1
            _, gradients = dlfeval(model_loss, net, X, T)
            net, *averages = adamupdate(net, gradients, *averages, step, 0.005)
    right = accuracy(net, lines[:, kept_back], digits[kept_back])
    print("at least 85 % of the digits that were kept back are read:", right >= 0.85)
    # prints: at least 85 % of the digits that were kept back are read: True
    early = lines.copy()
    early[..., 4:] = 0.0
    half = accuracy(net, early[:, kept_back], digits[kept_back])
    print("of digits without their lower half fewer than 60 % are:", half < 0.6)
    # prints: of digits without their lower half fewer than 60 % are: True


if __name__ == "__main__":
    main()
