"""A heat equation on a line, 200 explicit steps of 10⁴ points by writes in place."""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task
from tests.handwritten import heat, heat_by_hand, plain

__all__ = ["TASKS"]


def jax_objective():
    from jax import lax

    def f(u, steps):
        def step(u, _):
            return u.at[1:-1].add(0.2 * (u[:-2] - 2 * u[1:-1] + u[2:])), None

        return 0.5 * (lax.scan(step, u, None, length=steps)[0] ** 2).sum()

    return f


def torch_objective():
    import torch

    def f(u, steps):
        for _ in range(steps):
            u = torch.cat([u[:1], u[1:-1] + 0.2 * (u[:-2] - 2 * u[1:-1] + u[2:]), u[-1:]])
        return 0.5 * (u**2).sum()

    return f


def autograd_objective():
    import autograd.numpy as anp

    def f(u, steps):
        for _ in range(steps):
            u = anp.concatenate([u[:1], u[1:-1] + 0.2 * (u[:-2] - 2 * u[1:-1] + u[2:]), u[-1:]])
        return 0.5 * anp.sum(u**2)

    return f


def arguments():
    return np.random.default_rng(1).standard_normal(10_000), 200


TASKS = (
    Task(
        "heat", "loop", heat, plain(heat_by_hand), arguments,
        {
            "jax": with_jax(jax_objective, static=(1,)), "torch": with_torch(torch_objective),
            "autograd": with_autograd(autograd_objective),
        },
        why_not={"casadi": "200 steps of 10⁴ points are two million nodes"},
    ),
)  # fmt: skip
