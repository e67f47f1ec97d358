"""logsumexp and softmax along the rows of a matrix."""

import numpy as np
import scipy

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS"]


def sum_of_logsumexp(X):
    return np.sum(scipy.special.logsumexp(X, axis=1))


def logsumexp_by_hand(X):
    n, m = X.shape
    dX = np.empty((n, m))
    total = 0.0
    for i in range(n):
        top = X[i, 0]
        for j in range(1, m):
            top = max(top, X[i, j])
        mass = 0.0
        for j in range(m):
            dX[i, j] = np.exp(X[i, j] - top)
            mass += dX[i, j]
        total += top + np.log(mass)
        scale = 1.0 / mass
        for j in range(m):
            dX[i, j] *= scale
    return total, dX


def weighted_softmax(X, W):
    return np.sum(W * scipy.special.softmax(X, axis=1))


def softmax_by_hand(X, W):
    n, m = X.shape
    dX = np.empty((n, m))
    total = 0.0
    for i in range(n):
        top = X[i, 0]
        for j in range(1, m):
            top = max(top, X[i, j])
        mass, product = 0.0, 0.0
        for j in range(m):
            dX[i, j] = np.exp(X[i, j] - top)
            mass += dX[i, j]
            product += W[i, j] * dX[i, j]
        scale = 1.0 / mass
        mean = product * scale
        total += mean
        for j in range(m):
            dX[i, j] *= scale * (W[i, j] - mean)
    return total, dX


def in_jax(which):
    def formulate():
        import jax.numpy as jnp
        from jax import nn
        from jax.scipy.special import logsumexp

        if which == "softmax":
            return lambda X, W: jnp.sum(W * nn.softmax(X, axis=1))
        return lambda X: jnp.sum(logsumexp(X, axis=1))

    return with_jax(formulate)


def in_torch(which):
    def formulate():
        import torch

        if which == "softmax":
            return lambda X, W: (W * torch.softmax(X, 1)).sum()
        return lambda X: torch.logsumexp(X, 1).sum()

    return with_torch(formulate)


def in_autograd(which):
    def formulate():
        import autograd.numpy as anp
        from autograd.scipy.special import logsumexp

        if which == "softmax":
            return lambda X, W: anp.sum(W * anp.exp(X - logsumexp(X, axis=1, keepdims=True)))
        return lambda X: anp.sum(logsumexp(X, axis=1))

    return with_autograd(formulate)


def matrices():
    rng = np.random.default_rng(3)
    return rng.standard_normal((1000, 100)), rng.standard_normal((1000, 100))


CASADI = {"casadi": "100,000 scalar nodes"}
TASKS = (
    Task(
        "logsumexp rows", "array", sum_of_logsumexp, logsumexp_by_hand, lambda: matrices()[:1],
        {"jax": in_jax("logsumexp"), "torch": in_torch("logsumexp"), "autograd": in_autograd("logsumexp")},
        why_not=CASADI,
    ),
    Task(
        "softmax rows", "array", weighted_softmax, softmax_by_hand, matrices,
        {"jax": in_jax("softmax"), "torch": in_torch("softmax"), "autograd": in_autograd("softmax")},
        why_not=CASADI,
    ),
)  # fmt: skip
