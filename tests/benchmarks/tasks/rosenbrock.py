"""The chained Rosenbrock function: call overhead at 2 numbers, loop code at 1000."""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_casadi, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS"]


def rosenbrock(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def by_hand(x):
    n = len(x)
    dx = np.zeros(n)
    total = 0.0
    for i in range(n - 1):
        a = x[i + 1] - x[i] * x[i]
        b = 1.0 - x[i]
        total += 100.0 * a * a + b * b
        dx[i] -= 400.0 * x[i] * a + 2.0 * b
        dx[i + 1] += 200.0 * a
    return total, dx


def vectorized(x):
    """For JAX, PyTorch and autograd: no loop."""
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def symbols(x):
    import casadi

    return casadi.sum1(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def sized(n):
    return Task(
        f"rosenbrock {n}", "loop", rosenbrock, by_hand, lambda: (np.linspace(-1.2, 1.5, n),),
        {
            "jax": with_jax(lambda: vectorized), "torch": with_torch(lambda: vectorized),
            "autograd": with_autograd(lambda: vectorized), "casadi": with_casadi(lambda: symbols),
        },
    )  # fmt: skip


TASKS = tuple(sized(n) for n in (2, 10, 1000))
