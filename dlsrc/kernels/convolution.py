"""Convolutions as sums of matrix products.

The arrays stand as MATLAB's formats sort them: two or three spatial axes, channels, batch.  In C order the
batch then runs fastest, and ``kw`` neighbouring places of a row are one matrix of ``kw * channels`` rows and
a column for each observation, as it lies.  So no window is copied anywhere: a product of that matrix and the
weights of a row of the kernel goes straight to its place in the result.

Three functions, each linear in both arrays, are each other's adjoints:

    conv_values(x, w)     the values, from inputs and weights
    conv_inputs(v, w)     the inputs, from values and weights: a transposed convolution
    conv_weights(x, v)    the weights, from inputs and values

``g`` says the geometry: sizes of the input, of the kernel, strides, dilations, margins before, sizes of the
output, three numbers each, and the number of groups.
"""

import numpy as np

from .declaring.foreign import blas
from .linalg import joined
from .primitive import kernel, primitive, real, rejects, sample

__all__ = ["conv_values", "conv_weights", "conv_inputs"]

PLAIN, TRANSPOSED = ord("N"), ord("T")

gemm = blas("gemm", "cciiinaiainai")


@kernel
def tested_sizes(x_shape, w_shape, y_shape, g):
    """Raise unless inputs, weights and values have the sizes that belong together."""
    groups = g[18]
    if groups < 1 or w_shape[0] != g[3] * g[4] * g[5] or w_shape[2] % groups != 0:
        raise ValueError("dlconv: the number of filters must be a multiple of the number of groups")
    if x_shape[3] != w_shape[1] * groups:
        raise ValueError("dlconv: the weights must have as many channels (times groups) as the input")
    if x_shape[0] != g[0] or x_shape[1] != g[1] or x_shape[2] != g[2]:
        raise ValueError("dlconv: the input does not have the size that was said")
    if y_shape[0] != g[15] or y_shape[1] != g[16] or y_shape[2] != g[17] or y_shape[3] != w_shape[2]:
        raise ValueError("dlconv: the values do not have the size that belongs to inputs and weights")
    if y_shape[4] != x_shape[4]:
        raise ValueError("dlconv: inputs and values are of different numbers of observations")


@kernel
def taps_inside(place, size, taps, dilation):
    """The first tap of a window at ``place`` that is inside an axis, and the one after the last."""
    first = 0 if place >= 0 else (-place + dilation - 1) // dilation
    last = min(taps, (size - place + dilation - 1) // dilation)
    return first, max(first, last)


@kernel
def products(x, w, y, g, what):
    """All products of a convolution, added to ``y`` (what = 0), ``x`` (1) or ``w`` (2)."""
    depth, height, width = g[0], g[1], g[2]
    kd, kh, kw = g[3], g[4], g[5]
    groups = g[18]
    inputs, filters, batch = w.shape[1], w.shape[2] // groups, x.shape[4]
    all_filters = w.shape[2]
    if batch == 0 or inputs == 0 or filters == 0:
        return
    # neighbouring places are one matrix if no other channels and no gaps are between them
    whole = groups == 1 and g[11] == 1
    for od in range(g[15]):
        d0 = od * g[6] - g[12]
        for oh in range(g[16]):
            h0 = oh * g[7] - g[13]
            for ow in range(g[17]):
                w0 = ow * g[8] - g[14]
                first, last = taps_inside(w0, width, kw, g[11])
                for a in range(kd):
                    d = d0 + a * g[9]
                    if d < 0 or d >= depth:
                        continue
                    for b in range(kh):
                        h = h0 + b * g[10]
                        if h < 0 or h >= height:
                            continue
                        tap = (a * kh + b) * kw
                        c = first
                        while c < last:
                            count = last - c if whole else 1
                            place = w0 + c * g[11]
                            for k in range(groups):
                                xs = x[d, h, place, k * inputs:]
                                ws = w[tap + c, :, k * filters:]
                                ys = y[od, oh, ow, k * filters:]
                                if what == 0:
                                    gemm(
                                        PLAIN, TRANSPOSED, batch, filters, count * inputs, 1.0, xs, batch,
                                        ws, all_filters, 1.0, ys, batch,
                                    )
                                elif what == 1:
                                    gemm(
                                        PLAIN, PLAIN, batch, count * inputs, filters, 1.0, ys, batch,
                                        ws, all_filters, 1.0, xs, batch,
                                    )
                                else:
                                    gemm(
                                        TRANSPOSED, PLAIN, filters, count * inputs, batch, 1.0, ys, batch,
                                        xs, batch, 1.0, ws, all_filters,
                                    )
                            c += count


@primitive()
def conv_values(x, w, g):
    """The values of a convolution: sums of inputs times weights in every window."""
    out = np.zeros((g[15], g[16], g[17], w.shape[2], x.shape[4]), x.dtype)
    tested_sizes(x.shape, w.shape, out.shape, g)
    products(np.ascontiguousarray(x), np.ascontiguousarray(w), out, g, 0)
    return out


@conv_values.result
def conv_values_result(x, w, g):
    return joined(x, w, 5)


@conv_values.adjoint("x")
def conv_values_dx(dy, w, g):
    return conv_inputs(dy, w, g)


@conv_values.adjoint("w")
def conv_values_dw(dy, x, g):
    return conv_weights(x, dy, g)


@primitive()
def conv_inputs(v, w, g):
    """Values spread over their windows, times the weights: a transposed convolution."""
    groups = g[18]
    out = np.zeros((g[0], g[1], g[2], w.shape[1] * groups, v.shape[4]), v.dtype)
    tested_sizes(out.shape, w.shape, v.shape, g)
    products(out, np.ascontiguousarray(w), np.ascontiguousarray(v), g, 1)
    return out


@conv_inputs.result
def conv_inputs_result(v, w, g):
    return joined(v, w, 5)


@conv_inputs.adjoint("v")
def conv_inputs_dv(dy, w, g):
    return conv_values(dy, w, g)


@conv_inputs.adjoint("w")
def conv_inputs_dw(dy, v, g):
    return conv_weights(dy, v, g)


@primitive()
def conv_weights(x, v, g):
    """The sums of inputs times values over all windows, for each weight."""
    groups = g[18]
    out = np.zeros((g[3] * g[4] * g[5], x.shape[3] // groups, v.shape[3]), x.dtype)
    tested_sizes(x.shape, out.shape, v.shape, g)
    products(np.ascontiguousarray(x), out, np.ascontiguousarray(v), g, 2)
    return out


@conv_weights.result
def conv_weights_result(x, v, g):
    return joined(x, v, 3)


@conv_weights.adjoint("x")
def conv_weights_dx(dy, v, g):
    return conv_inputs(v, dy, g)


@conv_weights.adjoint("v")
def conv_weights_dv(dy, x, g):
    return conv_values(x, dy, g)


def _reference(x, w, g):
    """A convolution written as its definition."""
    groups = g[18]
    inputs, filters = w.shape[1], w.shape[2] // groups
    out = np.zeros((g[15], g[16], g[17], w.shape[2], x.shape[4]), x.dtype)
    for place in np.ndindex(g[15], g[16], g[17]):
        for tap, at in enumerate(np.ndindex(g[3], g[4], g[5])):
            where = tuple(place[k] * g[6 + k] - g[12 + k] + at[k] * g[9 + k] for k in range(3))
            if all(0 <= where[k] < g[k] for k in range(3)):
                for k in range(groups):
                    part = x[where][k * inputs: (k + 1) * inputs]
                    chosen = slice(k * filters, (k + 1) * filters)
                    out[place][chosen] += w[tap][:, chosen].T @ part
    return out


def _geometry(size, taps, stride, dilation, before, after, groups):
    """The numbers that the functions above take."""
    outs = tuple(
        (n + b + a - (k - 1) * d - 1) // s + 1
        for n, k, s, d, b, a in zip(size, taps, stride, dilation, before, after, strict=True)
    )
    return np.array([*size, *taps, *stride, *dilation, *before, *outs, groups])


_CASES = (
    _geometry((1, 4, 5), (1, 3, 2), (1, 1, 1), (1, 1, 1), (0, 0, 0), (0, 0, 0), 1),
    _geometry((1, 5, 4), (1, 3, 3), (1, 2, 1), (1, 1, 1), (0, 1, 1), (0, 1, 1), 1),
    _geometry((1, 5, 5), (1, 2, 3), (1, 2, 1), (1, 2, 2), (0, 1, 3), (0, 2, 2), 1),
    _geometry((3, 3, 4), (2, 2, 2), (1, 2, 1), (1, 1, 2), (1, 0, 1), (0, 1, 1), 2),
)
conv_values.judged_by(_reference)
for _g in _CASES:
    _x, _w = real(*_g[:3], 2 * _g[18], 2), real(int(_g[3] * _g[4] * _g[5]), 2, 2 * _g[18])
    _y = real(*_g[15:18], 2 * _g[18], 2)
    conv_values.samples(sample(_x, _w, _g))
    conv_inputs.samples(sample(_y, _w, _g))
    conv_weights.samples(sample(_x, _y, _g))
conv_values.samples(
    sample(
        real(2, 3, 4, 1, 1).T, real(2, 3, 6)[:, :, ::2],
        _geometry((1, 1, 4), (1, 1, 2), (1, 1, 1), (1, 1, 1), (0, 0, 0), (0, 0, 0), 1),
    ),
    rejects(real(1, 4, 5, 3, 2), real(6, 2, 2), _CASES[0], error=ValueError),
)
for _made in (conv_values, conv_inputs, conv_weights):
    _made.multilinear(*_made.arguments[:2])
    _made.zero("g")
