"""Elementwise chains of exp, log, tanh and sigmoid: nothing but the functions and the memory."""

import math

import numpy as np

from tests.benchmarks.peers import with_autograd, with_casadi, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS"]


def chain(x):
    return np.sum(np.tanh(np.log(1.0 + np.exp(x))) / (1.0 + np.exp(-x)))


def by_hand(x):
    n = x.size
    dx = np.empty(n)
    total = 0.0
    for i in range(n):
        e = math.exp(x[i])
        t = math.tanh(math.log(1.0 + e))
        s = 1.0 / (1.0 + math.exp(-x[i]))
        total += t * s
        # d log(1 + e) = e / (1 + e) = s
        dx[i] = (1.0 - t * t) * s * s + t * s * (1.0 - s)
    return total, dx


def spelled(np):
    def f(x):
        return (np.tanh(np.log(1.0 + np.exp(x))) / (1.0 + np.exp(-x))).sum()

    return f


def jax_objective():
    import jax.numpy as jnp

    return spelled(jnp)


def torch_objective():
    import torch

    return spelled(torch)


def autograd_objective():
    import autograd.numpy as anp

    return spelled(anp)


def casadi_objective():
    import casadi

    def f(x):
        return casadi.sum1(casadi.tanh(casadi.log(1.0 + casadi.exp(x))) / (1.0 + casadi.exp(-x)))

    return f


def sized(n):
    return Task(
        f"chain {n:.0e}".replace("e+0", "e"), "array", chain, by_hand,
        lambda: (np.random.default_rng(2).standard_normal(n),),
        {
            "jax": with_jax(jax_objective), "torch": with_torch(torch_objective),
            "autograd": with_autograd(autograd_objective), "casadi": with_casadi(casadi_objective),
        },
    )  # fmt: skip


TASKS = tuple(sized(n) for n in (1_000, 100_000, 10_000_000))
