"""Functions of NumPy that call a function of the user's on parts of an array."""

import numpy as np

from ..declaring.axes import axis_of
from ..primitive import composite, real, refuse, sample

__all__ = ["apply_along_axis", "apply_over_axes", "fromfunction", "piecewise"]


@composite(np.apply_along_axis)
def apply_along_axis(func1d, axis, arr):
    """What a function gives for each vector along an axis, put together."""
    a = axis_of(axis, arr.ndim)
    moved = np.moveaxis(arr, a, -1)
    lanes = np.reshape(moved, (-1, arr.shape[a]))
    first = func1d(lanes[0])
    if first.ndim > 1:
        refuse("apply_along_axis of a function that gives matrices: write the loop")
    around = moved.shape[:-1]
    if first.ndim == 0:
        numbers = np.empty(lanes.shape[0], first.dtype)
        for k in range(lanes.shape[0]):
            numbers[k] = func1d(lanes[k])
        if arr.ndim == 1:
            return numbers[0]
        return np.reshape(numbers, around)
    rows = np.empty((lanes.shape[0], first.shape[0]), first.dtype)
    for k in range(lanes.shape[0]):
        rows[k] = func1d(lanes[k])
    if arr.ndim == 1:
        return rows[0]
    return np.moveaxis(np.reshape(rows, (*around, rows.shape[1])), -1, a)


@composite(np.apply_over_axes)
def apply_over_axes(func, a, axes):
    """A reduction along one axis after the other, each of which stays with size one."""
    if isinstance(axes, int):
        axes = (axes,)
    for axis in axes:
        found = func(a, axis)
        a = found if found.ndim == a.ndim else np.expand_dims(found, axis)
    return a


@composite(np.piecewise)
def piecewise(x, condlist, funclist):
    """A function or number for each condition, the last that holds counts; else the one more, or 0."""
    if not isinstance(condlist, list) and not isinstance(condlist, tuple):
        condlist = [condlist]
    if len(funclist) != len(condlist) and len(funclist) != len(condlist) + 1:
        refuse("piecewise needs as many functions as conditions, or one more")
    if x.ndim == 0:
        refuse("piecewise of a number: write if and else")
    out = np.zeros_like(x)
    if len(funclist) == len(condlist) + 1:
        rest = condlist[0]
        for cond in condlist[1:]:
            rest = rest | cond
        condlist = [~rest, *condlist]
        funclist = [funclist[-1], *funclist[:-1]]
    for cond, function in zip(condlist, funclist):  # noqa: B905  both are lists of the same length here
        if callable(function):
            out[cond] = function(x[cond])
        else:
            out[cond] = function
    return out


@composite(np.fromfunction)
def fromfunction(function, shape, dtype=float):
    """What a function gives for the arrays of the indices along each axis."""
    if len(shape) == 1:
        return function(np.arange(shape[0]).astype(dtype))
    if len(shape) == 2:
        i, j = np.indices(shape)
        return function(i.astype(dtype), j.astype(dtype))
    if len(shape) != 3:
        refuse("fromfunction of more than three dimensions: write np.indices, and call the function")
    i, j, k = np.indices(shape)
    return function(i.astype(dtype), j.astype(dtype), k.astype(dtype))


def _normalized(v):
    return v / np.sum(v)


def _range(v):
    return np.max(v) - np.min(v)


apply_along_axis.samples(
    sample(_range, 0, real(3, 4)), sample(_range, 1, real(3, 4)), sample(_normalized, 0, real(3, 4)),
    sample(_normalized, -1, real(2, 3, 4)), sample(_range, 1, real(2, 3, 4)), sample(_normalized, 0, real(4)),
)
apply_over_axes.samples(sample(np.sum, real(2, 3, 4), (0, 2)), sample(np.mean, real(3, 4), 1))
piecewise.samples(
    sample(real(5), [real(5) < 0, real(5) >= 0], [np.sin, np.cos]),
    sample(real(5), [real(5) < 0], [2.0, np.exp]),
    sample(real(5), [real(5) < 0.3, real(5) < 0], [np.sin, 1.0]),
)
fromfunction.samples(
    sample(np.sin, (4,)), sample(np.hypot, (3, 4)), sample(np.add, (3, 4), dtype=int),
)
