"""Windows that slide along an array: every run of so many neighbours.

Copies, where NumPy gives read-only views: a write to the array while its windows are still used is refused.
"""

import numpy as np

from ..declaring.axes import axis_of
from ..primitive import composite, primitive, real, refuse, rejects, sample
from ..types import Array, unlabelled

__all__ = ["sliding_window_view", "windows"]


@primitive(static=("axis",))
def windows(x, size, axis):
    """The windows of ``size`` neighbours along an axis; their elements are the last axis."""
    if size < 1 or size > x.shape[axis]:
        raise ValueError("window shape cannot be larger than input array shape")
    places = x.shape[axis] - size + 1
    if x.ndim == 1:
        out = np.empty((places, size), x.dtype)
        for i in range(places):
            for j in range(size):
                out[i, j] = x[i + j]
        return out
    elif x.ndim == 2:
        down, right = (1 if axis == 0 else 0), (1 if axis == 1 else 0)
        rows = places if axis == 0 else x.shape[0]
        columns = places if axis == 1 else x.shape[1]
        out2 = np.empty((rows, columns, size), x.dtype)
        for i in range(rows):
            for k in range(columns):
                for j in range(size):
                    out2[i, k, j] = x[i + down * j, k + right * j]
        return out2
    else:
        down, right = (1 if axis == 0 else 0), (1 if axis == 1 else 0)
        rows = places if axis == 0 else x.shape[0]
        columns = places if axis == 1 else x.shape[1]
        out3 = np.empty((rows, columns, x.shape[2], size), x.dtype)
        for i in range(rows):
            for k in range(columns):
                for m in range(x.shape[2]):
                    for j in range(size):
                        out3[i, k, m, j] = x[i + down * j, k + right * j, m]
        return out3


@windows.result
def windows_result(x, size, axis):
    if x.ndim > 3 or x.ndim == 3 and axis == 2:
        refuse("windows along this axis are not known here: turn the array, or use an index array")
    return Array(x.dtype, x.ndim + 1, "C", unlabelled(x))


@windows.adjoint("x")
def windows_dx(dy, x_shape, axis):
    out = np.zeros(x_shape, dy.dtype)
    if dy.ndim == 2:
        for i in range(dy.shape[0]):
            for j in range(dy.shape[1]):
                out[i + j] += dy[i, j]
    elif dy.ndim == 3:
        down, right = (1 if axis == 0 else 0), (1 if axis == 1 else 0)
        for i in range(dy.shape[0]):
            for k in range(dy.shape[1]):
                for j in range(dy.shape[2]):
                    out[i + down * j, k + right * j] += dy[i, k, j]
    else:
        down, right = (1 if axis == 0 else 0), (1 if axis == 1 else 0)
        for i in range(dy.shape[0]):
            for k in range(dy.shape[1]):
                for m in range(dy.shape[2]):
                    for j in range(dy.shape[3]):
                        out[i + down * j, k + right * j, m] += dy[i, k, m, j]
    return out


windows.zero("size")
windows.linear("x")
windows.samples(
    sample(real(6), 3, axis=0), sample(real(4, 3), 2, axis=0), sample(real(3, 4).T, 2, axis=1),
    sample(real(3, 4, 2), 2, axis=0), sample(real(3, 4, 2), 3, axis=1), sample(real(3), 3, axis=0),
    rejects(real(3), 4, axis=0, error=ValueError),
)


@composite("numpy.lib.stride_tricks.sliding_window_view")
def sliding_window_view(x, window_shape, axis=None, *, subok=False, writeable=False):
    """Every window of a shape that fits into the array, its axes last."""
    if writeable:
        refuse("sliding_window_view(writeable=True): write to the array itself")
    sizes = window_shape if isinstance(window_shape, (tuple, list)) else (window_shape,)
    if axis is None and len(sizes) != x.ndim:
        refuse("sliding_window_view takes a size for each axis, or an axis")
    if axis is None:
        along: tuple | list = tuple(range(x.ndim))
    else:
        along = axis if isinstance(axis, (tuple, list)) else (axis,)
    if len(along) != len(sizes):
        refuse("sliding_window_view takes as many sizes as axes")
    found = x
    for k in range(len(sizes)):
        found = windows(found, sizes[k], axis_of(along[k], x.ndim))
    return found


sliding_window_view.samples(
    sample(real(6), 3), sample(real(4, 5), (2, 3)), sample(real(4, 5), 2, axis=1),
    sample(real(4, 5), 2, axis=0),
)
