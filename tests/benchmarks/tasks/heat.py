"""A heat equation on a line, 200 explicit steps of 10⁴ points by writes in place."""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS", "heat", "heat_by_hand"]


def heat(u, steps):
    """Half the square of the temperature after some explicit steps, ends held at zero."""
    n = len(u)
    old = u.copy()
    new = np.zeros(n)
    for _ in range(steps):
        for i in range(1, n - 1):
            new[i] = old[i] + 0.2 * (old[i - 1] - 2 * old[i] + old[i + 1])
        for i in range(1, n - 1):
            old[i] = new[i]
    total = 0.0
    for i in range(n):
        total += 0.5 * old[i] * old[i]
    return total


def heat_by_hand(u, steps):
    # Linear in u: nothing is kept.  The transpose of the stencil is a gather; the ends are apart.
    n = len(u)
    old = u.copy()
    new = np.zeros(n)
    for _ in range(steps):
        left, middle, right, target = old[: n - 2], old[1 : n - 1], old[2:], new[1 : n - 1]
        for i in range(n - 2):
            target[i] = middle[i] + 0.2 * (left[i] - 2 * middle[i] + right[i])
        for i in range(n - 2):
            middle[i] = target[i]
    total = 0.0
    for i in range(n):
        total += 0.5 * old[i] * old[i]
    d_old = old
    d_new = new
    for _ in range(steps):
        inner, d_inner = d_new[1 : n - 1], d_old[1 : n - 1]
        for i in range(n - 2):
            inner[i] = d_inner[i]
        m = n - 2
        d_old[0] += 0.2 * inner[0]
        d_old[n - 1] += 0.2 * inner[m - 1]
        if m == 1:
            d_inner[0] = 0.6 * inner[0]
        else:
            d_inner[0] = 0.6 * inner[0] + 0.2 * inner[1]
            d_inner[m - 1] = 0.6 * inner[m - 1] + 0.2 * inner[m - 2]
            left, middle, right, target = inner[: m - 2], inner[1 : m - 1], inner[2:], d_inner[1 : m - 1]
            for i in range(m - 2):
                target[i] = 0.6 * middle[i] + 0.2 * (left[i] + right[i])
    return total, d_old


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
        "heat", "loop", heat, heat_by_hand, arguments,
        {
            "jax": with_jax(jax_objective, static=(1,)), "torch": with_torch(torch_objective),
            "autograd": with_autograd(autograd_objective),
        },
        why_not={"casadi": "200 steps of 10⁴ points are two million nodes"},
    ),
)  # fmt: skip
