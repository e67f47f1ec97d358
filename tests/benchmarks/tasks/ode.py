"""cmpad's ODE by Brad Bell: y₀' = x₀, yᵢ' = xᵢ yᵢ₋₁ by Runge and Kutta's steps; the gradient of the sum of y by x."""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS"]

T = 2.0


def slope(x, y, dy):
    dy[0] = x[0]
    for i in range(1, len(x)):
        dy[i] = x[i] * y[i - 1]


def ode(x, steps):
    n = len(x)
    h = T / steps
    y, middle = np.zeros(n), np.zeros(n)
    k1, k2, k3, k4 = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    for _ in range(steps):
        slope(x, y, k1)
        for i in range(n):
            middle[i] = y[i] + 0.5 * h * k1[i]
        slope(x, middle, k2)
        for i in range(n):
            middle[i] = y[i] + 0.5 * h * k2[i]
        slope(x, middle, k3)
        for i in range(n):
            middle[i] = y[i] + h * k3[i]
        slope(x, middle, k4)
        for i in range(n):
            y[i] += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i])
    return np.sum(y)


def by_hand(x, steps):
    n = len(x)
    h = T / steps
    # The state before each step is kept; the stages are made again on the way back.
    kept = np.empty((steps + 1, n))
    kept[0, :] = 0.0
    a, b, c = np.empty(n), np.empty(n), np.empty(n)
    for t in range(steps):
        y, after = kept[t], kept[t + 1]
        stages(x, y, h, a, b, c)
        after[0] = y[0] + h * x[0]
        for i in range(n - 1):
            xi = x[i + 1]
            after[i + 1] = y[i + 1] + h / 6.0 * xi * (y[i] + 2.0 * a[i] + 2.0 * b[i] + c[i])
    total = 0.0
    for i in range(n):
        total += kept[steps, i]
    dx, dy = np.zeros(n), np.ones(n)
    da, db, dc = np.empty(n), np.empty(n), np.empty(n)
    for t in range(steps - 1, -1, -1):
        y = kept[t]
        stages(x, y, h, a, b, c)
        # k4 reads c = y + h k3, k3 reads b = y + h/2 k2, k2 reads a = y + h/2 k1; d of each, then of y
        dx[0] += h * dy[0]
        inner, d_inner = dy[1:], dx[1:]
        inside = x[1:]
        w = h / 6.0
        for i in range(n - 1):
            d_inner[i] += w * inner[i] * (y[i] + 2.0 * a[i] + 2.0 * b[i] + c[i])
            dc[i] = w * inner[i] * inside[i]
        dc[n - 1] = 0.0
        through(x, h, dc, 2.0 * w, dy, b, dx, db)
        through(x, 0.5 * h, db, 2.0 * w, dy, a, dx, da)
        # da reaches k1, which reads y
        dx[0] += 0.5 * h * da[0]
        d_after = da[1:]
        for i in range(n - 1):
            g = 0.5 * h * d_after[i]
            d_inner[i] += g * y[i]
            dy[i] += da[i] + db[i] + dc[i] + (g + w * inner[i]) * inside[i]
        dy[n - 1] += da[n - 1] + db[n - 1] + dc[n - 1]
    return total, dx


def stages(x, y, h, a, b, c):
    """The three states at which the slope is taken after the first."""
    n = len(x)
    a[0] = b[0] = y[0] + 0.5 * h * x[0]
    c[0] = y[0] + h * x[0]
    for i in range(n - 1):
        xi = x[i + 1]
        a[i + 1] = y[i + 1] + 0.5 * h * xi * y[i]
    for i in range(n - 1):
        b[i + 1] = y[i + 1] + 0.5 * h * x[i + 1] * a[i]
    for i in range(n - 1):
        c[i + 1] = y[i + 1] + h * x[i + 1] * b[i]


def through(x, h, d_state, w, dy, before, dx, d_before):
    """Back through state = y + h slope(before), and the slope's own share ``w`` in the step: dx and d_before."""
    n = len(x)
    dx[0] += h * d_state[0]
    inner, d_after, inside, d_inner = dy[1:], d_state[1:], x[1:], dx[1:]
    for i in range(n - 1):
        g = h * d_after[i]
        d_inner[i] += g * before[i]
        d_before[i] = (g + w * inner[i]) * inside[i]
    d_before[n - 1] = 0.0


def jax_objective():
    import jax.numpy as jnp
    from jax import lax

    def f(x, steps):
        h = T / steps

        def slope(y):
            return x * jnp.concatenate([jnp.ones(1), y[:-1]])

        def step(y, _):
            k1 = slope(y)
            k2 = slope(y + 0.5 * h * k1)
            k3 = slope(y + 0.5 * h * k2)
            k4 = slope(y + h * k3)
            return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

        return lax.scan(step, jnp.zeros_like(x), None, length=steps)[0].sum()

    return f


def eager(concatenate, ones, zeros):
    def f(x, steps):
        h = T / steps

        def slope(y):
            return x * concatenate([ones, y[:-1]])

        y = zeros(len(x))
        for _ in range(steps):
            k1 = slope(y)
            k2 = slope(y + 0.5 * h * k1)
            k3 = slope(y + 0.5 * h * k2)
            k4 = slope(y + h * k3)
            y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return y.sum()

    return f


def torch_objective():
    import torch

    return eager(torch.cat, torch.ones(1, dtype=torch.float64), lambda n: torch.zeros(n, dtype=torch.float64))


def autograd_objective():
    import autograd.numpy as anp

    return eager(anp.concatenate, np.ones(1), np.zeros)


TASKS = (
    Task(
        "ode", "loop", ode, by_hand, lambda: (np.random.default_rng(6).uniform(0.5, 1.5, 10_000), 100),
        {
            "jax": with_jax(jax_objective, static=(1,)), "torch": with_torch(torch_objective),
            "autograd": with_autograd(autograd_objective),
        },
        why_not={"casadi": "its symbols make 100 steps of 10⁴ numbers one by one"},
        options={"checkpoint": 1},  # as by hand: the state of each step is kept, the stages are made again
    ),
)  # fmt: skip
