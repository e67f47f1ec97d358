"""The likelihood of a GARCH(1,1) model: a recursion over time."""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_casadi, with_jax, with_torch
from tests.benchmarks.task import Task
from tests.handwritten import garch, garch_by_hand, plain

__all__ = ["TASKS"]


def jax_objective():
    import jax.numpy as jnp
    from jax import lax

    def f(theta, returns):
        omega, alpha, beta = theta

        def step(variance, r):
            return omega + alpha * r**2 + beta * variance, jnp.log(variance) + r**2 / variance

        return 0.5 * lax.scan(step, omega / (1 - alpha - beta), returns)[1].sum()

    return f


def torch_objective():
    import torch

    def f(theta, returns):
        omega, alpha, beta = theta
        variance = omega / (1 - alpha - beta)
        kept = []
        for square in (returns**2).tolist():
            kept.append(variance)
            variance = omega + alpha * square + beta * variance
        variances = torch.stack(kept)
        return 0.5 * (variances.log() + returns**2 / variances).sum()

    return f


def autograd_objective():
    import autograd.numpy as anp

    def f(theta, returns):
        omega, alpha, beta = theta
        variance = omega / (1 - alpha - beta)
        kept = []
        for square in returns**2:
            kept.append(variance)
            variance = omega + alpha * square + beta * variance
        variances = anp.array(kept)
        return 0.5 * anp.sum(anp.log(variances) + returns**2 / variances)

    return f


def casadi_objective():
    import casadi

    def f(theta, returns):
        variance, r, parameters = casadi.SX.sym("h"), casadi.SX.sym("r"), casadi.SX.sym("p", 3)
        step = casadi.Function(
            "step", [variance, r, parameters],
            [parameters[0] + parameters[1] * r**2 + parameters[2] * variance, casadi.log(variance) + r**2 / variance],
        )  # fmt: skip
        first = theta[0] / (1 - theta[1] - theta[2])
        n = returns.shape[0]
        terms = step.mapaccum(n)(first, returns.T, casadi.repmat(theta, 1, n))[1]
        return 0.5 * casadi.sum2(terms)

    return f


def sized(n):
    def arguments():
        return np.array([0.05, 0.1, 0.85]), np.random.default_rng(1).standard_normal(n)

    return Task(
        f"garch {n}", "loop", garch, plain(garch_by_hand), arguments,
        {
            "jax": with_jax(jax_objective), "torch": with_torch(torch_objective),
            "autograd": with_autograd(autograd_objective), "casadi": with_casadi(casadi_objective),
        },
    )  # fmt: skip


TASKS = tuple(sized(n) for n in (1000, 100_000))
