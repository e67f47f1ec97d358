"""Data-parallel training on an engine that is there: Dask distributed, on one machine or many.

Every minibatch is cut into shares.  Workers evaluate the loss of their share with `dlfeval`, and the
gradients are averaged by how many observations a share has; so are the statistics of a batch normalization,
of which the variances also get what the means of the shares differ by.  The result depends on the shares, not
on who evaluated them: if a worker is killed in the middle of an epoch, its share is evaluated again by
another, and the network is the one that a single process trains.  Needs ``pip install "dask[distributed]"``.
"""

import argparse
import itertools
import logging
import os
import signal

import numpy as np
from sklearn.datasets import load_digits

from dlsrc import (
    adamupdate, crossentropy, dlarray, dlfeval, dlgradient, dlnetwork, dlupdate, forward, minibatchqueue,
    predict,
)  # fmt: skip
from dlsrc.networks import (
    BatchNormalizationLayer, FeatureInputLayer, FullyConnectedLayer, ReluLayer, SoftmaxLayer,
)  # fmt: skip


def network():
    return dlnetwork([
        FeatureInputLayer(64), FullyConnectedLayer(32, name="fc1"), BatchNormalizationLayer(name="bn"),
        ReluLayer(), FullyConnectedLayer(10, name="fc2"), SoftmaxLayer(),
    ], rng=0)  # fmt: skip


def model_loss(net, X, T):
    Y, state = forward(net, X, return_state=True)
    loss = crossentropy(Y, T)
    return loss, dlgradient(loss, net.learnables), state


def evaluated(net, X, T):
    """What a worker does with its share."""
    return dlfeval(model_loss, net, dlarray(X, "CB"), dlarray(T, "CB"))


# ---------------------------------------------------------------------------------- shares put together


def weighted_sum(fractions, trees):
    """The sum of trees that are built alike, each times its fraction."""
    return dlupdate(lambda *leaves: sum(f * x for f, x in zip(fractions, leaves)), *trees)


def aggregated_state(net, fractions, states):
    """The running statistics of the whole minibatch, from those that each share led to.

    A share has moved the old statistic towards its own: ``new = (1 - decay) * old + decay * own``.  The mean
    of the whole is that of the means; its variance is the mean of the variances plus that of the means.
    """
    state = weighted_sum(fractions, states)
    for layer in net.layers:
        if isinstance(layer, BatchNormalizationLayer):
            old, name = net.state[layer.name], layer.name
            means = [
                (s[name]["TrainedMean"] - (1 - layer.mean_decay) * old["TrainedMean"]) / layer.mean_decay
                for s in states
            ]
            whole = sum(f * m for f, m in zip(fractions, means))
            spread = sum(f * (m - whole) ** 2 for f, m in zip(fractions, means))
            state[name]["TrainedVariance"] = state[name]["TrainedVariance"] + layer.variance_decay * spread
    return state


def step(net, shares, each):
    """Loss, gradients and state of a minibatch; ``each(function, ...)`` gives what all shares gave."""
    counts = np.array([X.shape[1] for X, _ in shares])
    fractions = counts / counts.sum()
    losses, gradients, states = zip(*each(evaluated, net, shares))
    loss = sum(f * float(x) for f, x in zip(fractions, losses))
    return loss, weighted_sum(fractions, gradients), aggregated_state(net, fractions, states)


def train(each, X, T, epochs, workers=2, size=250):
    """The network after some epochs, and the loss of every step."""
    net, losses = network(), []
    mean, mean_of_squares = [], []
    mbq = minibatchqueue((X, T), mini_batch_size=size, iteration_dimension=1, output_as_dlarray=False, rng=1)
    for _ in range(epochs):
        mbq.shuffle()
        for x, t in mbq:
            shares = list(zip(np.array_split(x, workers, axis=1), np.array_split(t, workers, axis=1)))
            loss, gradients, net.state = step(net, shares, each)
            losses.append(loss)
            net, mean, mean_of_squares = adamupdate(net, gradients, mean, mean_of_squares, len(losses), 0.03)
    return net, losses


# ---------------------------------------------------------------------------------- who evaluates


def in_this_process(function, net, shares):
    return [function(net, X, T) for X, T in shares]


def by_workers(client, fatal_step=0):
    """Every share is a task of Dask's; one whose worker dies is given to another.

    At the fatal step a worker is killed while the shares are with the workers, as the operating system kills
    a process that takes too much memory.
    """
    workers, steps = client.run(os.getpid), itertools.count(1)

    def each(function, net, shares):
        tasks = [client.submit(function, net, X, T, pure=False) for X, T in shares]
        if next(steps) == fatal_step:
            os.kill(next(iter(workers.values())), signal.SIGKILL)
        return client.gather(tasks)

    return each


def difference(a, b):
    """The largest of the differences between two networks, learnables and state."""
    trees = [(a.learnables, b.learnables), (a.state, b.state)]
    found = [dlupdate(lambda p, q: float(np.max(abs(p - q))), p, q) for p, q in trees]
    return max(x for tree in found for layer in tree.values() for x in layer.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    epochs = parser.parse_args().epochs
    from distributed import Client, LocalCluster

    pictures, digits = load_digits(return_X_y=True)
    X, T = np.ascontiguousarray(pictures.T / 16.0), np.eye(10)[:, digits]
    alone, losses = train(in_this_process, X, T, epochs)
    print(f"one process: {len(losses)} steps, the loss fell below 0.5: {losses[-1] < 0.5}")
    # prints: one process: 24 steps, the loss fell below 0.5: True
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it has much to say of a worker that dies
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, \
            Client(cluster) as client:  # fmt: skip
        before = set(client.run(os.getpid).values())
        net, found = train(by_workers(client, fatal_step=5), X, T, epochs)
        client.wait_for_workers(2)  # Dask starts another one in its place
        after = set(client.run(os.getpid, on_error="ignore").values())
    print(f"two workers: {len(found)} steps; killed on the way: {len(before - after)}")
    # prints: two workers: 24 steps; killed on the way: 1
    print(f"the same network to 1e-12: {difference(alone, net) < 1e-12}")
    # prints: the same network to 1e-12: True
    scores = predict(net, dlarray(X, "CB")).data
    print(f"more than 90 % of the digits are read: {np.mean(scores.argmax(axis=0) == digits) > 0.9}")
    # prints: more than 90 % of the digits are read: True


if __name__ == "__main__":
    # dlsrc reads the source of functions, so workers have to find them in this file, not in a pickle.
    import data_parallel

    data_parallel.main()
