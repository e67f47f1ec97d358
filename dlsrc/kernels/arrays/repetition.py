"""Repeating, shifting and reversing along axes."""

import numpy as np

from ..declaring.axes import axes_of, axis_of, grouped, known
from ..primitive import composite, folded, kernel, primitive, real, refuse, sample
from ..types import Array

__all__ = [
    "fftshift", "flip", "fliplr", "flipud", "ifftshift", "repeat", "repeat_axis", "roll", "roll_axis",
    "tile", "tile_axis",
]


@kernel
def longer(shape, axis, times):
    """The shape with the size along one axis multiplied."""
    if len(shape) == 1:
        return (shape[0] * times,)
    elif len(shape) == 2:
        return shape[0] * (times if axis == 0 else 1), shape[1] * (times if axis == 1 else 1)
    elif len(shape) == 3:
        return (
            shape[0] * (times if axis == 0 else 1), shape[1] * (times if axis == 1 else 1),
            shape[2] * (times if axis == 2 else 1),
        )
    else:
        return (
            shape[0] * (times if axis == 0 else 1), shape[1] * (times if axis == 1 else 1),
            shape[2] * (times if axis == 2 else 1), shape[3] * (times if axis == 3 else 1),
        )


@primitive(static=("axis",))
def repeat_axis(x, repeats, axis):
    """The array with every element repeated along an axis: 1, 1, 2, 2."""
    groups = grouped(x, axis)
    out = np.empty((groups.shape[0], groups.shape[1] * repeats, groups.shape[2]), x.dtype)
    for i in range(groups.shape[0]):
        for k in range(groups.shape[1]):
            for r in range(repeats):
                for j in range(groups.shape[2]):
                    out[i, k * repeats + r, j] = groups[i, k, j]
    return out.reshape(longer(x.shape, axis, repeats))


@repeat_axis.adjoint("x")
def repeat_axis_dx(dy, x_shape, repeats, axis):
    groups = grouped(dy, axis)
    out = np.zeros((groups.shape[0], x_shape[axis], groups.shape[2]), dy.dtype)
    for i in range(groups.shape[0]):
        for k in range(out.shape[1]):
            for r in range(repeats):
                for j in range(groups.shape[2]):
                    out[i, k, j] += groups[i, k * repeats + r, j]
    return out.reshape(x_shape)


@primitive(static=("axis",))
def tile_axis(x, repeats, axis):
    """The whole array repeated along an axis: 1, 2, 1, 2."""
    groups = grouped(x, axis)
    n = groups.shape[1]
    out = np.empty((groups.shape[0], n * repeats, groups.shape[2]), x.dtype)
    for i in range(groups.shape[0]):
        for r in range(repeats):
            for k in range(n):
                for j in range(groups.shape[2]):
                    out[i, r * n + k, j] = groups[i, k, j]
    return out.reshape(longer(x.shape, axis, repeats))


@tile_axis.adjoint("x")
def tile_axis_dx(dy, x_shape, repeats, axis):
    groups = grouped(dy, axis)
    n = x_shape[axis]
    out = np.zeros((groups.shape[0], n, groups.shape[2]), dy.dtype)
    for i in range(groups.shape[0]):
        for r in range(repeats):
            for k in range(n):
                for j in range(groups.shape[2]):
                    out[i, k, j] += groups[i, r * n + k, j]
    return out.reshape(x_shape)


def repeated_result(x, repeats, axis):
    if x.ndim > 4:
        refuse("arrays of more than four dimensions cannot be repeated here: reshape first")
    if repeats.ndim != 0:
        refuse("repeating each element its own number of times: use np.take with the places, x[indices]")
    return Array(x.dtype, x.ndim, "C", x.labels)


for _repeated in (repeat_axis, tile_axis):
    _repeated.zero("repeats")
    _repeated.linear("x")
    _repeated.result(repeated_result)
    _repeated.samples(
        sample(real(3), 2, axis=0), sample(real(2, 3), 3, axis=0), sample(real(3, 2).T, 2, axis=1),
        sample(real(2, 3, 2), 2, axis=1), sample(real(2, 1, 3, 2), 2, axis=3), sample(real(3), 0, axis=0),
    )


@composite(np.repeat, methods=("repeat",))
def repeat(x, repeats, axis=None):
    """The elements repeated along an axis, or of the raveled array."""
    if axis is None:
        return repeat_axis(np.ravel(x), repeats, 0)
    return repeat_axis(x, repeats, axis_of(axis, x.ndim))


@composite(np.tile)
def tile(x, reps):
    """The array repeated as a whole, along the last axes or along each."""
    if isinstance(reps, (tuple, list)):
        counts = tuple(reps)
    else:
        counts = (reps,)
    y = np.atleast_1d(x)
    for _ in range(len(counts) - y.ndim):
        y = y[np.newaxis]
    axis = y.ndim - len(counts)
    for times in counts:
        y = tile_axis(y, times, axis)
        axis = axis + 1
    return y


repeat.samples(sample(real(3), 2), sample(real(2, 3), 2), sample(real(2, 3), 2, axis=-1))
tile.samples(sample(real(3), 2), sample(real(3), (2, 3)), sample(real(2, 3), 2), sample(real(2, 3), (2, 1)))


@primitive(static=("axis",))
def roll_axis(x, shift, axis):
    """The array shifted along an axis; what leaves at the end comes in at the start."""
    groups = grouped(x, axis)
    n = groups.shape[1]
    out = np.empty(groups.shape, x.dtype)
    for i in range(groups.shape[0]):
        for k in range(n):
            source = (k - shift) % n
            for j in range(groups.shape[2]):
                out[i, k, j] = groups[i, source, j]
    return out.reshape(x.shape)


@roll_axis.result
def roll_axis_result(x, shift, axis):
    return Array(x.dtype, x.ndim, "C", x.labels)


@roll_axis.adjoint("x")
def roll_axis_dx(dy, shift, axis):
    groups = grouped(dy, axis)
    n = groups.shape[1]
    out = np.empty(groups.shape, dy.dtype)
    for i in range(groups.shape[0]):
        for k in range(n):
            source = (k + shift) % n
            for j in range(groups.shape[2]):
                out[i, k, j] = groups[i, source, j]
    return out.reshape(dy.shape)


roll_axis.zero("shift")
roll_axis.linear("x")
roll_axis.samples(
    sample(real(5), 2, axis=0), sample(real(5), -7, axis=0), sample(real(3, 4), 1, axis=1),
    sample(real(4, 3).T, -1, axis=0), sample(real(2, 3, 4), 1, axis=1), sample(real(0), 1, axis=0),
)


@composite(np.roll)
def roll(x, shift, axis=None):
    """The array shifted around along axes, or as a whole in C order."""
    if axis is None:
        return np.reshape(roll_axis(np.ravel(x), shift, 0), x.shape)
    axes = known(axis)
    if isinstance(axes, (tuple, list)):
        if not isinstance(shift, (tuple, list)) or len(shift) != len(axes):
            refuse("roll along several axes needs as many shifts")
        for s, a in zip(shift, axes, strict=True):
            x = roll_axis(x, s, axis_of(a, x.ndim))
        return x
    return roll_axis(x, shift, axis_of(axis, x.ndim))


roll.samples(
    sample(real(5), 2), sample(real(3, 4), 1), sample(real(3, 4), -1, axis=1), sample(real(3, 4), (1, 2),
    axis=(0, 1))
)


@composite(np.flip)
def flip(x, axis=None):
    """A view of the array in reverse order along axes, or along all."""
    for a in axes_of(axis, x.ndim):
        if a == 0:
            x = x[::-1]
        elif a == 1:
            x = x[:, ::-1]
        elif a == 2:
            x = x[:, :, ::-1]
        else:
            x = x[:, :, :, ::-1]
    return x


@composite(np.fliplr)
def fliplr(x):
    """A view of the array in reverse order along its second axis."""
    return x[:, ::-1]


@composite(np.flipud)
def flipud(x):
    """A view of the array in reverse order along its first axis."""
    return x[::-1]


flip.samples(sample(real(3)), sample(real(2, 3)), sample(real(2, 3), 1), sample(real(2, 3, 4), (0, 2)))
fliplr.samples(sample(real(2, 3)))
flipud.samples(sample(real(2, 3)))


@composite(np.fft.fftshift)
def fftshift(x, axes=None):
    """The array with its middle brought to the start of each axis: zero frequency in the middle."""
    for axis in shifted_axes(known(axes), x.ndim):
        x = roll_axis(x, x.shape[axis] // 2, axis)
    return x


@composite(np.fft.ifftshift)
def ifftshift(x, axes=None):
    """What undoes ``fftshift``."""
    for axis in shifted_axes(known(axes), x.ndim):
        x = roll_axis(x, -(x.shape[axis] // 2), axis)
    return x


@folded
def shifted_axes(axes, ndim):
    """The axes that are meant, all of them for None."""
    if axes is None:
        return tuple(range(ndim))
    return tuple(axis_of(a, ndim) for a in (axes if isinstance(axes, tuple | list) else (axes,)))


for shift_of in (fftshift, ifftshift):
    shift_of.samples(
        sample(real(5)), sample(real(2, 3)), sample(real(3, 4), axes=1), sample(real(4, 3).T, axes=(0,)),
    )
