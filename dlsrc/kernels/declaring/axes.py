"""Which axes and dtypes a call means, and arrays seen as (before, along, after) an axis."""

import numpy as np

from ..primitive import folded, kernel, refuse

__all__ = [
    "axes_from_last", "axes_of", "axis_of", "common_dtype", "dtype_name", "group_shape", "grouped",
    "is_number", "kind_of", "known", "ones_shape", "weighted", "without_axis",
]


@folded
def axis_of(axis, ndim):
    """The axis counted from the front.

    >>> axis_of(-1, 3)
    2
    """
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer):
        refuse(f"an axis must be an integer, not {axis!r}")
    if not -ndim <= axis < ndim:
        refuse(
            f"axis {axis} is out of range for an array of {ndim} dimension{'s' if ndim != 1 else ''}; "
            f"use an axis from {-ndim} to {ndim - 1}"
        )
    return int(axis) % ndim


@folded
def axes_of(axis, ndim):
    """All axes that ``axis`` means (None: every one), counted from the front and sorted.

    >>> axes_of((-1, 0), 3)
    (0, 2)
    """
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(axis_of(a, ndim) for a in (axis if isinstance(axis, tuple | list) else (axis,)))
    if len(set(axes)) < len(axes):
        refuse(f"axis {axis} names one axis twice")
    return tuple(sorted(axes))


@folded
def axes_from_last(axis, ndim):
    """The axes in the order in which they can be removed one by one.

    >>> axes_from_last((0, 2), 3)
    (2, 0)
    """
    return axes_of(axis, ndim)[::-1]


@folded
def ones_shape(ndim):
    """The shape of ``ndim`` ones.

    >>> ones_shape(2)
    (1, 1)
    """
    return (1,) * ndim


@folded
def known(value):
    """The value, which must be known while the program is built: what is tested on it is decided then."""
    return value


@folded
def is_number(value):
    """Whether an argument that must be known is a number (an axis, an order of a norm)."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


@folded
def dtype_name(dtype):
    """The name of a dtype however it is spelled.

    >>> dtype_name(float), dtype_name("f4"), dtype_name(np.int64)
    ('float64', 'float32', 'int64')
    """
    try:
        name = np.dtype(dtype).name
    except TypeError:
        refuse(f"{dtype!r} is not a dtype")
    if np.dtype(dtype).kind not in "biuf" or np.dtype(dtype).itemsize > 8:
        refuse(f"arrays of dtype {name} cannot be computed with here: use float64, float32, int64 or bool")
    return name


@folded
def common_dtype(*dtypes):
    """The dtype that arrays of these dtypes are promoted to.

    >>> common_dtype("int64", "float32")
    'float64'
    """
    return np.result_type(*(np.dtype(d) for d in dtypes)).name


@folded
def kind_of(dtype):
    """ "b" for truth values, "i" for integers, "f" for floats.

    >>> kind_of("uint8"), kind_of(np.float32)
    ('i', 'f')
    """
    kind = np.dtype(dtype).kind
    return "i" if kind == "u" else kind


@kernel
def group_shape(shape, axis):
    """The sizes before, along and after an axis: (4, 5, 6, 7) by axis 2 is (20, 6, 7)."""
    before = 1
    after = 1
    for k in range(axis):
        before *= shape[k]
    for k in range(axis + 1, len(shape)):
        after *= shape[k]
    return before, shape[axis], after


@kernel
def grouped(x, axis):
    """``x`` as three dimensions with ``axis`` in the middle; shares memory where ``x`` is in C order."""
    return np.ascontiguousarray(x).reshape(group_shape(x.shape, axis))


@kernel
def without_axis(shape, axis):
    """The shape without one of its two to five axes."""
    # Comparisons, not slices of the tuple: numba slices tuples by literals only.
    if len(shape) == 2:
        return (shape[0 + (axis <= 0)],)
    elif len(shape) == 3:
        return shape[0 + (axis <= 0)], shape[1 + (axis <= 1)]
    elif len(shape) == 4:
        return shape[0 + (axis <= 0)], shape[1 + (axis <= 1)], shape[2 + (axis <= 2)]
    else:
        return shape[0 + (axis <= 0)], shape[1 + (axis <= 1)], shape[2 + (axis <= 2)], shape[3 + (axis <= 3)]


@kernel
def weighted(weights, x, axis):
    """The sums of ``weights * x`` along an axis: the tangent of a reduction whose derivatives are known."""
    factors = grouped(weights, axis)
    groups = grouped(x, axis)
    out = np.zeros((groups.shape[0], groups.shape[2]), x.dtype)
    for i in range(groups.shape[0]):
        for k in range(groups.shape[1]):
            for j in range(groups.shape[2]):
                # A zero weight is no influence, also of an element that is infinite.
                if factors[i, k, j] != 0:
                    out[i, j] += factors[i, k, j] * groups[i, k, j]
    return out.reshape(without_axis(x.shape, axis))
