"""Kepler's equation solved by Newton's method inside the objective: a ``while`` loop whose length depends on values."""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task
from tests.handwritten import newton, newton_by_hand, plain

__all__ = ["TASKS"]

TRIPS = 6  # enough for all of them; a peer without a reversible while loop makes as many for each


def iterated(np):
    """All equations at once, a fixed number of steps, in the vocabulary of ``np``."""

    def f(x, means):
        e, weight = x[0], x[1]
        E = means + e * np.sin(means)
        for _ in range(TRIPS):
            E = E - (E - e * np.sin(E) - means) / (1 - e * np.cos(E))
        return (weight * np.cos(E) ** 2).sum()

    return f


def jax_objective():
    import jax.numpy as jnp

    return iterated(jnp)


def torch_objective():
    import torch

    return iterated(torch)


def autograd_objective():
    import autograd.numpy as anp

    return iterated(anp)


def arguments():
    return np.array([0.4, 1.5]), np.random.default_rng(1).uniform(0, 6, 200)


TASKS = (
    Task(
        "newton", "loop", newton, plain(newton_by_hand), arguments,
        {
            "jax": with_jax(jax_objective), "torch": with_torch(torch_objective),
            "autograd": with_autograd(autograd_objective),
        },
        why_not={"casadi": "no while loop whose length depends on values"},
    ),
)  # fmt: skip
