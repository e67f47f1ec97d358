"""Layers of unlike shapes in a list: one loop, however many there are; all matrices of theirs in one vector."""

# ruff: noqa

import numpy as np

def equal_layers(layers, x, target):
    h = x
    for layer in layers[:-1]:
        h = np.tanh(layer["W"] @ h + layer["b"])
    last = layers[-1]
    y = last["W"] @ h + last["b"]
    return np.sum((y - target) ** 2)


ARGUMENTS = (
    [
        {"W": np.array([[0.5, -0.25], [1.0, 0.5], [0.0, 2.0]]), "b": np.array([0.1, 0.0, -0.1])},
        {"W": np.array([[1.0, 0.5, -0.5]]), "b": np.array([0.25])},
    ],
    np.array([1.0, -0.5]), np.array([0.75]),
)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye

# dlsrc: equal_layers(layers_W: float64 matrices in a vector, layers_W_where: their places and
#     shapes, layers_b: float64 vectors in a vector, layers_b_where: their places and shapes, x:
#     float64 vector, target: float64 vector), from equal_layers.py:7
import numpy as np

from dlsrc.kernels import (
    accumulate,
    accumulate_outer,
    matvec,
    part1,
    part2,
    sum_all,
    sum_to,
    vecmat,
)


def equal_layers_1(layers_W, layers_W_where, layers_b, layers_b_where, x, target):
    # equal_layers.py:9  for layer in layers[:-1]:
    n_layers = layers_W_where.shape[0]
    h_kept = []
    h = x
    for k in range(n_layers - 1):
        h_kept.append(h)
        W = part2(layers_W, layers_W_where, k)
        b = part1(layers_b, layers_b_where, k)
        # equal_layers.py:10  h = np.tanh(layer["W"] @ h + layer["b"])
        v1 = matvec(W, h)
        v2 = v1 + b
        h = np.tanh(v2)
    # equal_layers.py:11  last = layers[-1]
    W = part2(layers_W, layers_W_where, -1)
    b = part1(layers_b, layers_b_where, -1)
    # equal_layers.py:12  y = last["W"] @ h + last["b"]
    v3 = matvec(W, h)
    y = v3 + b
    # equal_layers.py:13  return np.sum((y - target) ** 2)
    v4 = y - target
    v5 = sum_all(v4**2)
    #   back through equal_layers.py:13
    dy = sum_to(2 * v4, y.shape)
    #   back through equal_layers.py:12
    dv3 = sum_to(dy, v3.shape)
    dlayers_b = np.zeros_like(layers_b)
    accumulate(part1(dlayers_b, layers_b_where, -1), sum_to(dy, b.shape))
    dlayers_W = np.zeros_like(layers_W)
    accumulate_outer(part2(dlayers_W, layers_W_where, -1), dv3, h)
    dh = vecmat(dv3, W)
    #   back through equal_layers.py:9
    for k in range(n_layers - 2, -1, -1):
        W = part2(layers_W, layers_W_where, k)
        h_2 = h_kept[k]
        #   back through equal_layers.py:10
        dv2 = dh * (1 - h * h)
        dv1 = sum_to(dv2, (W.shape[0],))
        v6 = sum_to(dv2, part1(layers_b, layers_b_where, k).shape)
        accumulate(part1(dlayers_b, layers_b_where, k), v6)
        accumulate_outer(part2(dlayers_W, layers_W_where, k), dv1, h_2)
        dh = vecmat(dv1, W)
        h = h_2
    return v5, dlayers_W, dlayers_b
