"""ADBench's Gaussian mixture: the log-likelihood with a Wishart prior, by weights, means and inverse square roots.

Šrajer, Kukelova, Fitzgibbon, "A benchmark of selected algorithmic differentiation tools on some problems in
computer vision and machine learning" (2018), section 3.1; constants of the sum are left out.
"""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS"]

GAMMA, FREEDOM = 1.0, 0.0


def mixture(alphas, means, icf, x):
    """icf[k]: d logarithms of a diagonal, then the strict lower triangle by columns."""
    n, d = x.shape
    k = len(alphas)
    total = 0.0
    sums = np.zeros(k)
    diagonals = np.zeros((k, d))
    for c in range(k):
        for j in range(d):
            sums[c] += icf[c, j]
            diagonals[c, j] = np.exp(icf[c, j])
    terms = np.zeros(k)
    centred = np.zeros(d)
    product = np.zeros(d)
    for i in range(n):
        for c in range(k):
            for j in range(d):
                centred[j] = x[i, j] - means[c, j]
                product[j] = diagonals[c, j] * centred[j]
            at = d
            for column in range(d):
                for row in range(column + 1, d):
                    product[row] += icf[c, at] * centred[column]
                    at += 1
            square = 0.0
            for j in range(d):
                square += product[j] ** 2
            terms[c] = alphas[c] + sums[c] - 0.5 * square
        top = np.max(terms)
        mass = 0.0
        for c in range(k):
            mass += np.exp(terms[c] - top)
        total += top + np.log(mass)
    top = np.max(alphas)
    mass = 0.0
    for c in range(k):
        mass += np.exp(alphas[c] - top)
    total -= n * (top + np.log(mass))
    for c in range(k):
        square = 0.0
        for j in range(d):
            square += diagonals[c, j] ** 2
        for j in range(d, icf.shape[1]):
            square += icf[c, j] ** 2
        total += 0.5 * GAMMA**2 * square - FREEDOM * sums[c]
    return total


def by_hand(alphas, means, icf, x):
    n, d = x.shape
    k = len(alphas)
    width = icf.shape[1]
    d_alphas, d_means, d_icf = np.zeros(k), np.zeros((k, d)), np.zeros((k, width))
    sums, diagonals = np.zeros(k), np.empty((k, d))
    for c in range(k):
        for j in range(d):
            sums[c] += icf[c, j]
            diagonals[c, j] = np.exp(icf[c, j])
    terms = np.empty(k)
    centred, products = np.empty((k, d)), np.empty((k, d))
    total = 0.0
    for i in range(n):
        for c in range(k):
            for j in range(d):
                centred[c, j] = x[i, j] - means[c, j]
                products[c, j] = diagonals[c, j] * centred[c, j]
            at = d
            for column in range(d - 1):
                length = d - column - 1
                lower = icf[c, at : at + length]
                target = products[c, column + 1 :]
                value = centred[c, column]
                for r in range(length):
                    target[r] += lower[r] * value
                at += length
            square = 0.0
            for j in range(d):
                square += products[c, j] * products[c, j]
            terms[c] = alphas[c] + sums[c] - 0.5 * square
        top = terms.max()
        mass = 0.0
        for c in range(k):
            terms[c] = np.exp(terms[c] - top)
            mass += terms[c]
        total += top + np.log(mass)
        # back, data point by data point: nothing is kept over points
        for c in range(k):
            weight = terms[c] / mass
            d_alphas[c] += weight
            at = d
            for j in range(d):
                d_product = -weight * products[c, j]
                d_icf[c, j] += weight + d_product * centred[c, j] * diagonals[c, j]
                d_means[c, j] -= d_product * diagonals[c, j]
            for column in range(d - 1):
                length = d - column - 1
                lower, d_lower = icf[c, at : at + length], d_icf[c, at : at + length]
                product = products[c, column + 1 :]
                value = -weight * centred[c, column]
                d_centred = 0.0
                for r in range(length):
                    d_lower[r] += value * product[r]
                    d_centred += lower[r] * product[r]
                d_means[c, column] += weight * d_centred
                at += length
    top = alphas.max()
    mass = 0.0
    for c in range(k):
        mass += np.exp(alphas[c] - top)
    total -= n * (top + np.log(mass))
    for c in range(k):
        d_alphas[c] -= n * np.exp(alphas[c] - top) / mass
        square = 0.0
        for j in range(d):
            square += diagonals[c, j] ** 2
            d_icf[c, j] += GAMMA**2 * diagonals[c, j] ** 2 - FREEDOM
        for j in range(d, width):
            square += icf[c, j] ** 2
            d_icf[c, j] += GAMMA**2 * icf[c, j]
        total += 0.5 * GAMMA**2 * square - FREEDOM * sums[c]
    return total, (d_alphas, d_means, d_icf)


def vectorized(alphas, means, icf, x):
    """The same with arrays: the triangles as matrices, all products at once."""
    n, d = x.shape
    k = len(alphas)
    lower = np.zeros((k, d, d))
    at = d
    for column in range(d - 1):
        length = d - column - 1
        lower[:, column + 1 :, column] = icf[:, at : at + length]
        at += length
    diagonals = np.exp(icf[:, :d])
    sums = np.sum(icf[:, :d], axis=1)
    centred = x[:, None, :] - means
    product = diagonals * centred + np.einsum("kij,nkj->nki", lower, centred)
    terms = alphas + sums - 0.5 * np.sum(product**2, axis=2)
    top = np.max(terms, axis=1)
    total = np.sum(top + np.log(np.sum(np.exp(terms - top[:, None]), axis=1)))
    total -= n * np.log(np.sum(np.exp(alphas)))
    return total + 0.5 * GAMMA**2 * (np.sum(diagonals**2) + np.sum(icf[:, d:] ** 2)) - FREEDOM * np.sum(sums)


def spelled(np, lse, triangle):
    """``vectorized`` for the peers; ``triangle(icf, d)`` makes the matrices."""

    def f(alphas, means, icf, x):
        n, d = x.shape
        diagonals = np.exp(icf[:, :d])
        sums = icf[:, :d].sum(1)
        centred = x[:, None, :] - means
        product = diagonals * centred + np.einsum("kij,nkj->nki", triangle(icf, d), centred)
        terms = alphas + sums - 0.5 * (product**2).sum(2)
        total = lse(terms, 1).sum() - n * lse(alphas, 0)
        return total + 0.5 * GAMMA**2 * ((diagonals**2).sum() + (icf[:, d:] ** 2).sum()) - FREEDOM * sums.sum()

    return f


def places(d):
    """Rows and columns of the strict lower triangle, by columns."""
    columns, rows = np.triu_indices(d, 1)
    return rows, columns


def jax_objective():
    import jax.numpy as jnp
    from jax.scipy.special import logsumexp

    def triangle(icf, d):
        rows, columns = places(d)
        return jnp.zeros((icf.shape[0], d, d)).at[:, rows, columns].set(icf[:, d:])

    return spelled(jnp, logsumexp, triangle)


def torch_objective():
    import torch

    def triangle(icf, d):
        rows, columns = places(d)
        return torch.zeros(icf.shape[0], d, d, dtype=icf.dtype).index_put(
            (torch.arange(icf.shape[0])[:, None], torch.tensor(rows), torch.tensor(columns)), icf[:, d:]
        )

    return spelled(torch, torch.logsumexp, triangle)


def autograd_objective():
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    def triangle(icf, d):
        rows, columns = places(d)
        scatter = np.zeros((len(rows), d, d))
        scatter[np.arange(len(rows)), rows, columns] = 1.0
        return anp.tensordot(icf[:, d:], scatter, 1)

    return spelled(anp, logsumexp, triangle)


def sized(n, d, k, objective, kind, suffix):
    def arguments():
        rng = np.random.default_rng(4)
        icf = 0.1 * rng.standard_normal((k, d + d * (d - 1) // 2))
        return rng.standard_normal(k), rng.standard_normal((k, d)), icf, rng.standard_normal((n, d))

    wrt = (0, 1, 2)
    return Task(
        f"gmm d={d} k={k}{suffix}", kind, objective, by_hand, arguments,
        {
            "jax": with_jax(jax_objective, wrt), "torch": with_torch(torch_objective, wrt),
            "autograd": with_autograd(autograd_objective, wrt),
        },
        wrt, why_not={"casadi": "hundreds of thousands of scalar nodes"},
    )  # fmt: skip


TASKS = (
    sized(1000, 10, 25, mixture, "loop", ""),
    sized(1000, 64, 50, mixture, "array", ""),
    sized(1000, 64, 50, vectorized, "array", " arrays"),
)
