"""ADBench's LSTM with diagonal weights: the likelihood of a sequence under a stack of layers.

Šrajer, Kukelova, Fitzgibbon (2018), section 3.4.
"""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS"]


def lstm(weights, biases, extra, sequence):
    """weights, biases (layers, 4, b): forget, ingate, outgate, change; extra (3, b); sequence (T, b)."""
    layers, _, b = weights.shape
    T = sequence.shape[0]
    hidden = np.zeros((layers, b))
    cell = np.zeros((layers, b))
    x = np.zeros(b)
    total = 0.0
    for t in range(T - 1):
        for j in range(b):
            x[j] = sequence[t, j] * extra[0, j]
        for i in range(layers):
            for j in range(b):
                forget = 1.0 / (1.0 + np.exp(-(x[j] * weights[i, 0, j] + biases[i, 0, j])))
                ingate = 1.0 / (1.0 + np.exp(-(hidden[i, j] * weights[i, 1, j] + biases[i, 1, j])))
                outgate = 1.0 / (1.0 + np.exp(-(x[j] * weights[i, 2, j] + biases[i, 2, j])))
                change = np.tanh(hidden[i, j] * weights[i, 3, j] + biases[i, 3, j])
                cell[i, j] = cell[i, j] * forget + ingate * change
                hidden[i, j] = outgate * np.tanh(cell[i, j])
                x[j] = hidden[i, j]
        mass = 2.0
        for j in range(b):
            x[j] = x[j] * extra[1, j] + extra[2, j]
            mass += np.exp(x[j])
        shift = np.log(mass)
        for j in range(b):
            total += sequence[t + 1, j] * (x[j] - shift)
    return -total / ((T - 1) * b)


def by_hand(weights, biases, extra, sequence):
    layers, _, b = weights.shape
    T = sequence.shape[0]
    steps = T - 1
    # per step, layer and unit: the input, the hidden state and the cell before, four gates, the cell's tanh
    kept = np.empty((steps, layers, 8, b))
    outputs, shifts = np.empty((steps, b)), np.empty(steps)
    hidden, cell = np.zeros((layers, b)), np.zeros((layers, b))
    x = np.empty(b)
    total = 0.0
    for t in range(steps):
        for j in range(b):
            x[j] = sequence[t, j] * extra[0, j]
        for i in range(layers):
            for j in range(b):
                h, c = hidden[i, j], cell[i, j]
                forget = 1.0 / (1.0 + np.exp(-(x[j] * weights[i, 0, j] + biases[i, 0, j])))
                ingate = 1.0 / (1.0 + np.exp(-(h * weights[i, 1, j] + biases[i, 1, j])))
                outgate = 1.0 / (1.0 + np.exp(-(x[j] * weights[i, 2, j] + biases[i, 2, j])))
                change = np.tanh(h * weights[i, 3, j] + biases[i, 3, j])
                kept[t, i, 0, j], kept[t, i, 1, j], kept[t, i, 2, j] = x[j], h, c
                kept[t, i, 3, j], kept[t, i, 4, j], kept[t, i, 5, j] = forget, ingate, outgate
                c = c * forget + ingate * change
                bent = np.tanh(c)
                kept[t, i, 6, j], kept[t, i, 7, j] = change, bent
                cell[i, j] = c
                hidden[i, j] = outgate * bent
                x[j] = hidden[i, j]
        mass = 2.0
        for j in range(b):
            outputs[t, j] = x[j] * extra[1, j] + extra[2, j]
            mass += np.exp(outputs[t, j])
        shifts[t] = np.log(mass)
        for j in range(b):
            total += sequence[t + 1, j] * (outputs[t, j] - shifts[t])
    scale = -1.0 / (steps * b)
    d_weights, d_biases, d_extra = np.zeros_like(weights), np.zeros_like(biases), np.zeros_like(extra)
    d_hidden, d_cell, dx = np.zeros((layers, b)), np.zeros((layers, b)), np.empty(b)
    for t in range(steps - 1, -1, -1):
        mean = 0.0
        for j in range(b):
            mean += sequence[t + 1, j]
        for j in range(b):
            d_output = scale * (sequence[t + 1, j] - mean * np.exp(outputs[t, j] - shifts[t]))
            last = kept[t, layers - 1, 5, j] * kept[t, layers - 1, 7, j]
            d_extra[1, j] += d_output * last
            d_extra[2, j] += d_output
            dx[j] = d_output * extra[1, j]
        for i in range(layers - 1, -1, -1):
            for j in range(b):
                xj, h, c = kept[t, i, 0, j], kept[t, i, 1, j], kept[t, i, 2, j]
                forget, ingate, outgate = kept[t, i, 3, j], kept[t, i, 4, j], kept[t, i, 5, j]
                change, bent = kept[t, i, 6, j], kept[t, i, 7, j]
                dh = d_hidden[i, j] + dx[j]
                dc = d_cell[i, j] + dh * outgate * (1.0 - bent * bent)
                d_out = dh * bent * outgate * (1.0 - outgate)
                d_forget = dc * c * forget * (1.0 - forget)
                d_in = dc * change * ingate * (1.0 - ingate)
                d_change = dc * ingate * (1.0 - change * change)
                d_cell[i, j] = dc * forget
                d_hidden[i, j] = d_in * weights[i, 1, j] + d_change * weights[i, 3, j]
                dx[j] = d_forget * weights[i, 0, j] + d_out * weights[i, 2, j]
                d_weights[i, 0, j] += d_forget * xj
                d_weights[i, 1, j] += d_in * h
                d_weights[i, 2, j] += d_out * xj
                d_weights[i, 3, j] += d_change * h
                d_biases[i, 0, j] += d_forget
                d_biases[i, 1, j] += d_in
                d_biases[i, 2, j] += d_out
                d_biases[i, 3, j] += d_change
        for j in range(b):
            d_extra[0, j] += dx[j] * sequence[t, j]
    return total * scale, (d_weights, d_biases, d_extra)


def step(np, weights, biases, extra, hidden, cell, x):
    """One time step of all layers on vectors, for the peers: new states and the prediction."""
    new_hidden, new_cell = [], []
    x = x * extra[0]
    for i in range(weights.shape[0]):
        w, c = weights[i], biases[i]
        forget = 1.0 / (1.0 + np.exp(-(x * w[0] + c[0])))
        ingate = 1.0 / (1.0 + np.exp(-(hidden[i] * w[1] + c[1])))
        outgate = 1.0 / (1.0 + np.exp(-(x * w[2] + c[2])))
        change = np.tanh(hidden[i] * w[3] + c[3])
        new_cell.append(cell[i] * forget + ingate * change)
        x = outgate * np.tanh(new_cell[-1])
        new_hidden.append(x)
    return new_hidden, new_cell, x * extra[1] + extra[2]


def jax_objective():
    import jax.numpy as jnp
    from jax import lax

    def f(weights, biases, extra, sequence):
        zeros = [jnp.zeros(weights.shape[2])] * weights.shape[0]

        def body(state, pair):
            hidden, cell, y = step(jnp, weights, biases, extra, *state, pair[0])
            return (hidden, cell), jnp.sum(pair[1] * (y - jnp.log(jnp.sum(jnp.exp(y)) + 2.0)))

        terms = lax.scan(body, (zeros, zeros), (sequence[:-1], sequence[1:]))[1]
        return -jnp.mean(terms) / weights.shape[2]

    return f


def eager(np, zeros):
    def f(weights, biases, extra, sequence):
        hidden = cell = [zeros(weights.shape[2])] * weights.shape[0]
        total = 0.0
        for t in range(len(sequence) - 1):
            hidden, cell, y = step(np, weights, biases, extra, hidden, cell, sequence[t])
            total = total + (sequence[t + 1] * (y - np.log(np.exp(y).sum() + 2.0))).sum()
        return -total / ((len(sequence) - 1) * weights.shape[2])

    return f


def torch_objective():
    import torch

    return eager(torch, lambda n: torch.zeros(n, dtype=torch.float64))


def autograd_objective():
    import autograd.numpy as anp

    return eager(anp, np.zeros)


def sized(layers, b, T):
    def arguments():
        rng = np.random.default_rng(5)
        return (
            rng.uniform(-1, 1, (layers, 4, b)), rng.uniform(-1, 1, (layers, 4, b)), rng.uniform(-1, 1, (3, b)),
            (rng.uniform(0, 1, (T, b)) > 0.5).astype(float),
        )  # fmt: skip

    wrt = (0, 1, 2)
    return Task(
        f"lstm {layers}x{b}x{T}", "loop", lstm, by_hand, arguments,
        {
            "jax": with_jax(jax_objective, wrt), "torch": with_torch(torch_objective, wrt),
            "autograd": with_autograd(autograd_objective, wrt),
        },
        wrt, why_not={"casadi": "hundreds of thousands of scalar nodes"},
    )  # fmt: skip


TASKS = (sized(2, 14, 1024), sized(4, 14, 4096))
