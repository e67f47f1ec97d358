"""Multinomial logistic regression on scikit-learn's digits: one matrix product each way."""

import os

import numpy as np
import scipy

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS", "cross_entropy", "digits"]


def digits():
    """1797 images of 64 pixels in [0, 1], and their labels as rows with a single one.

    Where scikit-learn's import must not be timed they are read from the files ``X.npy``, ``Y.npy`` of a directory.
    """
    if "BENCHMARK_DATA" in os.environ:
        return tuple(np.load(os.path.join(os.environ["BENCHMARK_DATA"], f"{name}.npy")) for name in "XY")
    from sklearn.datasets import load_digits

    data = load_digits()
    return np.ascontiguousarray(data.data / 16.0), np.eye(10)[data.target]


def regression(W, b, X, Y):
    Z = X @ W + b
    return np.mean(scipy.special.logsumexp(Z, axis=1)) - np.mean(np.sum(Y * Z, axis=1)) + 1e-4 * np.sum(W**2)


def by_hand(W, b, X, Y):
    Z = np.dot(X, W)
    loss, db = cross_entropy(Z, b, Y)
    dW = np.dot(X.T, Z)
    square = 0.0
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            square += W[i, j] * W[i, j]
            dW[i, j] += 2e-4 * W[i, j]
    return loss + 1e-4 * square, (dW, db)


def cross_entropy(Z, b, Y):
    """The mean over the rows of Z + b, and the cotangent of b; Z becomes its own."""
    n, c = Z.shape
    total = 0.0
    db = np.zeros(c)
    for i in range(n):
        top = -np.inf
        for j in range(c):
            Z[i, j] += b[j]
            total -= Y[i, j] * Z[i, j]
            top = max(top, Z[i, j])
        mass = 0.0
        for j in range(c):
            Z[i, j] = np.exp(Z[i, j] - top)
            mass += Z[i, j]
        total += top + np.log(mass)
        for j in range(c):
            Z[i, j] = (Z[i, j] / mass - Y[i, j]) / n
            db[j] += Z[i, j]
    return total / n, db


def spelled(lse):
    def f(W, b, X, Y):
        Z = X @ W + b
        return lse(Z, 1).mean() - (Y * Z).sum(1).mean() + 1e-4 * (W**2).sum()

    return f


def jax_objective():
    from jax.scipy.special import logsumexp

    return spelled(logsumexp)


def torch_objective():
    import torch

    return spelled(torch.logsumexp)


def autograd_objective():
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    def f(W, b, X, Y):
        Z = anp.dot(X, W) + b
        return anp.mean(logsumexp(Z, 1)) - anp.mean(anp.sum(Y * Z, 1)) + 1e-4 * anp.sum(W**2)

    return f


def arguments():
    rng = np.random.default_rng(8)
    return 0.1 * rng.standard_normal((64, 10)), np.zeros(10), *digits()


TASKS = (
    Task(
        "regression", "array", regression, by_hand, arguments,
        {
            "jax": with_jax(jax_objective, (0, 1)), "torch": with_torch(torch_objective, (0, 1)),
            "autograd": with_autograd(autograd_objective, (0, 1)),
        },
        (0, 1), why_not={"casadi": "its matrix products are scalar nodes"},
    ),
)  # fmt: skip
