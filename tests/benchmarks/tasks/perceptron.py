"""A training step of a three-layer perceptron on digits, batch 128: six products of matrices."""

import numpy as np
import scipy

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task
from tests.benchmarks.tasks.regression import cross_entropy, digits

__all__ = ["TASKS"]


def perceptron(W1, b1, W2, b2, W3, b3, X, Y):
    A = np.tanh(X @ W1 + b1)
    B = np.tanh(A @ W2 + b2)
    Z = B @ W3 + b3
    return np.mean(scipy.special.logsumexp(Z, axis=1)) - np.mean(np.sum(Y * Z, axis=1))


def by_hand(W1, b1, W2, b2, W3, b3, X, Y):
    A = np.dot(X, W1)
    bend(A, b1)
    B = np.dot(A, W2)
    bend(B, b2)
    Z = np.dot(B, W3)
    loss, db3 = cross_entropy(Z, b3, Y)
    dW3 = np.dot(B.T, Z)
    dB = np.dot(Z, W3.T)
    db2 = unbend(dB, B)
    dW2 = np.dot(A.T, dB)
    dA = np.dot(dB, W2.T)
    db1 = unbend(dA, A)
    dW1 = np.dot(X.T, dA)
    return loss, (dW1, db1, dW2, db2, dW3, db3)


def bend(A, b):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            A[i, j] = np.tanh(A[i, j] + b[j])


def unbend(dA, A):
    db = np.zeros(A.shape[1])
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            dA[i, j] *= 1.0 - A[i, j] * A[i, j]
            db[j] += dA[i, j]
    return db


def spelled(tanh, lse):
    def f(W1, b1, W2, b2, W3, b3, X, Y):
        Z = tanh(tanh(X @ W1 + b1) @ W2 + b2) @ W3 + b3
        return lse(Z, 1).mean() - (Y * Z).sum(1).mean()

    return f


def jax_objective():
    import jax.numpy as jnp
    from jax.scipy.special import logsumexp

    return spelled(jnp.tanh, logsumexp)


def torch_objective():
    import torch

    return spelled(torch.tanh, torch.logsumexp)


def autograd_objective():
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    def f(W1, b1, W2, b2, W3, b3, X, Y):
        A = anp.tanh(anp.dot(X, W1) + b1)
        Z = anp.dot(anp.tanh(anp.dot(A, W2) + b2), W3) + b3
        return anp.mean(logsumexp(Z, 1)) - anp.mean(anp.sum(Y * Z, 1))

    return f


def arguments():
    rng = np.random.default_rng(9)
    sizes = (64, 128, 64, 10)
    layers = []
    for n, m in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [rng.standard_normal((n, m)) / np.sqrt(n), np.zeros(m)]
    X, Y = digits()
    return *layers, X[:128].copy(), Y[:128].copy()


WRT = (0, 1, 2, 3, 4, 5)
TASKS = (
    Task(
        "perceptron", "array", perceptron, by_hand, arguments,
        {
            "jax": with_jax(jax_objective, WRT), "torch": with_torch(torch_objective, WRT),
            "autograd": with_autograd(autograd_objective, WRT),
        },
        WRT, why_not={"casadi": "its matrix products are scalar nodes"},
    ),
)  # fmt: skip
