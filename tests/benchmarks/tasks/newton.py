"""Kepler's equation solved by Newton's method inside the objective: a ``while`` loop whose length depends on values."""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS", "newton", "newton_by_hand"]


def newton(x, means):
    """Kepler's equation, solved for each mean anomaly; x is (eccentricity, weight)."""
    e, weight = x[0], x[1]
    total = 0.0
    for k in range(len(means)):
        E = means[k] + e * np.sin(means[k])
        step = 1.0
        while abs(step) > 1e-12:
            step = (E - e * np.sin(E) - means[k]) / (1 - e * np.cos(E))
            E -= step
        total += weight * np.cos(E) ** 2
    return total


def newton_by_hand(x, means):
    # Differentiates the iteration itself, as dlsrc does; the iterates, their sines and cosines are kept.
    e, weight = x[0], x[1]
    kept = np.empty((64, 3))
    total, d_e, d_weight = 0.0, 0.0, 0.0
    for k in range(len(means)):
        mean = means[k]
        first_sine = np.sin(mean)
        E = mean + e * first_sine
        step, trips = 1.0, 0
        while abs(step) > 1e-12:
            if trips == kept.shape[0]:
                larger = np.empty((2 * trips, 3))
                larger[:trips] = kept
                kept = larger
            sine, cosine = np.sin(E), np.cos(E)
            kept[trips, 0], kept[trips, 1], kept[trips, 2] = E, sine, cosine
            trips += 1
            step = (E - e * sine - mean) / (1 - e * cosine)
            E -= step
        cosine = np.cos(E)
        total += weight * cosine * cosine
        d_weight += cosine * cosine
        d_E = -2 * weight * cosine * np.sin(E)
        for trip in range(trips - 1, -1, -1):
            E, sine, cosine = kept[trip, 0], kept[trip, 1], kept[trip, 2]
            below = 1 - e * cosine
            above = E - e * sine - mean
            d_above = -d_E / below
            d_below = -d_above * above / below
            d_e -= d_above * sine + d_below * cosine
            d_E += d_above * below + d_below * e * sine
        d_e += d_E * first_sine
    return total, np.array([d_e, d_weight])

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
        "newton", "loop", newton, newton_by_hand, arguments,
        {
            "jax": with_jax(jax_objective), "torch": with_torch(torch_objective),
            "autograd": with_autograd(autograd_objective),
        },
        why_not={"casadi": "no while loop whose length depends on values"},
    ),
)  # fmt: skip
