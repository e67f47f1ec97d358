"""Arrays with their channels in the middle: (what is before, channels, what is after)."""

import numpy as np

from ..primitive import kernel, primitive, real, rejects, sample
from ..types import Array, unlabelled

__all__ = ["affine", "biased", "channel_products", "channel_totals"]

FREE_ORDER = {"reassoc", "contract"}


@kernel(fastmath=("reassoc", "contract"))
def channel_totals(x):
    """The sum over everything else, for each channel."""
    given = np.ascontiguousarray(x)
    out = np.zeros(x.shape[1], x.dtype)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            total = x.dtype.type(0)
            for k in range(x.shape[2]):
                total += given[i, j, k]
            out[j] += total
    return out


@kernel(fastmath=("reassoc", "contract"))
def channel_products(x, y):
    """The sum of products over everything else, for each channel."""
    left, right = np.ascontiguousarray(x), np.ascontiguousarray(y)
    out = np.zeros(x.shape[1], x.dtype)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            total = x.dtype.type(0)
            for k in range(x.shape[2]):
                total += left[i, j, k] * right[i, j, k]
            out[j] += total
    return out


@primitive()
def affine(x, scale, offset):
    """Each channel times a number, plus another."""
    if scale.shape[0] != x.shape[1] or offset.shape[0] != x.shape[1]:
        raise ValueError("scale factor and offset need an element for each channel")
    given = np.ascontiguousarray(x)
    out = np.empty(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            a, b = scale[j], offset[j]
            for k in range(x.shape[2]):
                out[i, j, k] = given[i, j, k] * a + b
    return out


@affine.adjoint("x")
def affine_dx(dy, scale):
    given = np.ascontiguousarray(dy)
    out = np.empty(dy.shape, dy.dtype)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            a = scale[j]
            for k in range(dy.shape[2]):
                out[i, j, k] = given[i, j, k] * a
    return out


@affine.adjoint("scale")
def affine_dscale(dy, x):
    return channel_products(dy, x)


@affine.adjoint("offset")
def affine_doffset(dy):
    return channel_totals(dy)


@affine.tangent("x")
def affine_tx(tx, scale):
    return affine_dx(tx, scale)


@affine.tangent("scale")
def affine_tscale(tscale, x):
    return affine_dx(x, tscale)


@affine.tangent("offset")
def affine_toffset(toffset, x):
    out = np.empty(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            for k in range(x.shape[2]):
                out[i, j, k] = toffset[j]
    return out


affine.result(lambda x, scale, offset: Array(x.dtype, 3, "C", unlabelled(x, scale, offset)))
affine.samples(
    sample(real(2, 3, 4), real(3), 2 * real(3)), sample(real(4, 3, 2).T, real(3), real(6)[::2]),
    rejects(real(2, 3, 4), real(3), real(2), error=ValueError),
)


@primitive()
def biased(x, offset):
    """Each channel plus a number."""
    if offset.shape[0] != x.shape[1]:
        raise ValueError("a bias needs an element for each channel")
    given = np.ascontiguousarray(x)
    out = np.empty(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            b = offset[j]
            for k in range(x.shape[2]):
                out[i, j, k] = given[i, j, k] + b
    return out


@biased.adjoint("x")
def biased_dx(dy):
    return dy.copy()


@biased.adjoint("offset")
def biased_doffset(dy):
    return channel_totals(dy)


@biased.tangent("x")
def biased_tx(tx):
    return tx.copy()


@biased.tangent("offset")
def biased_toffset(toffset, x):
    return affine_toffset(toffset, x)


biased.result(lambda x, offset: Array(x.dtype, 3, "C", unlabelled(x, offset)))
biased.samples(
    sample(real(2, 3, 4), real(3)), sample(real(4, 3, 2).T, real(6)[::2]),
    rejects(real(2, 3, 4), real(4), error=ValueError),
)
