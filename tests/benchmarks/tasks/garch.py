"""The likelihood of a GARCH(1,1) model: a recursion over time."""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_casadi, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS", "garch", "garch_by_hand"]


def garch(theta, returns):
    omega, alpha, beta = theta[0], theta[1], theta[2]
    variance = omega / (1 - alpha - beta)
    total = 0.0
    for t in range(len(returns)):
        total += np.log(variance) + returns[t] ** 2 / variance
        variance = omega + alpha * returns[t] ** 2 + beta * variance
    return 0.5 * total


def garch_by_hand(theta, returns):
    omega, alpha, beta = theta[0], theta[1], theta[2]
    rest = 1 - alpha - beta
    n = len(returns)
    kept = np.empty(n)
    variance = omega / rest
    total = 0.0
    for t in range(n):
        kept[t] = variance
        square = returns[t] * returns[t]
        total += np.log(variance) + square / variance
        variance = omega + alpha * square + beta * variance
    d_omega, d_alpha, d_beta, d_variance = 0.0, 0.0, 0.0, 0.0
    for t in range(n - 1, -1, -1):
        variance = kept[t]
        square = returns[t] * returns[t]
        d_omega += d_variance
        d_alpha += d_variance * square
        d_beta += d_variance * variance
        inverse = 1 / variance
        d_variance = d_variance * beta + 0.5 * inverse * (1 - square * inverse)
    d_omega += d_variance / rest
    d_rest = -d_variance * omega / (rest * rest)
    return 0.5 * total, np.array([d_omega, d_alpha - d_rest, d_beta - d_rest])


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
        f"garch {n}", "loop", garch, garch_by_hand, arguments,
        {
            "jax": with_jax(jax_objective), "torch": with_torch(torch_objective),
            "autograd": with_autograd(autograd_objective), "casadi": with_casadi(casadi_objective),
        },
    )  # fmt: skip


TASKS = tuple(sized(n) for n in (1000, 100_000))
