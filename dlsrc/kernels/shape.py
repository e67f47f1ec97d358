"""The same elements in another shape: reshape, transpose, new and dropped axes.

A reshaped or raveled array in C order shares memory with the original, any other is copied, decided by
its type; ``x.flags`` is known while a program is built.  A transposed array always shares.
"""

import numpy as np

from .declaring.axes import axes_of, axis_of
from .primitive import composite, folded, kernel, primitive, real, refuse, rejects, sample
from .programs.memory import as_scalar, straightened
from .types import Array, unlabelled

__all__ = [
    "atleast_1d", "atleast_2d", "expand_dims", "flatten", "flattened", "moveaxis", "permute", "ravel",
    "raveled", "reshape", "squeeze", "swapaxes", "transpose", "transposed",
]

# ---------------------------------------------------------------------------------- reshape


@primitive(inline=True, view=True)
def view1(x, n0):
    """The elements of an array in C order as a vector, in the same memory."""
    return x.reshape((n0,))


@primitive(inline=True, view=True)
def view2(x, n0, n1):
    """The elements of an array in C order as a matrix, in the same memory."""
    return x.reshape((n0, n1))


@primitive(inline=True, view=True)
def view3(x, n0, n1, n2):
    """The elements of an array in C order as an array of three dimensions, in the same memory."""
    return x.reshape((n0, n1, n2))


@primitive(inline=True, view=True)
def view4(x, n0, n1, n2, n3):
    """The elements of an array in C order as an array of four dimensions, in the same memory."""
    return x.reshape((n0, n1, n2, n3))


@primitive(inline=True, view=True)
def view5(x, n0, n1, n2, n3, n4):
    """The elements of an array in C order as an array of five dimensions, in the same memory."""
    return x.reshape((n0, n1, n2, n3, n4))


@primitive(inline=True)
def reshaped1(x, n0):
    """The elements of an array in another order as a vector, copied."""
    return x.copy().reshape((n0,))


@primitive(inline=True)
def reshaped2(x, n0, n1):
    """The elements of an array in another order as a matrix, copied."""
    return x.copy().reshape((n0, n1))


@primitive(inline=True)
def reshaped3(x, n0, n1, n2):
    """The elements of an array in another order as an array of three dimensions, copied."""
    return x.copy().reshape((n0, n1, n2))


@primitive(inline=True)
def reshaped4(x, n0, n1, n2, n3):
    """The elements of an array in another order as an array of four dimensions, copied."""
    return x.copy().reshape((n0, n1, n2, n3))


@primitive(inline=True)
def reshaped5(x, n0, n1, n2, n3, n4):
    """The elements of an array in another order as an array of five dimensions, copied."""
    return x.copy().reshape((n0, n1, n2, n3, n4))


def view_dx(dy, x_shape):
    return np.ascontiguousarray(dy).reshape(x_shape)


def reshaped_dx(dy, x_shape):
    return dy.copy().reshape(x_shape)


def reshape_result(ndim):
    """The result rule of a reshape to ``ndim`` dimensions."""
    return lambda x, **sizes: Array(x.dtype, ndim, "C", unlabelled(x))


for _ndim, _made in enumerate((view1, view2, view3, view4, view5), 1):
    _made.samples(sample(real(2, 1, 4), *(1,) * (_ndim - 1), 8), sample(real(8), *(1,) * (_ndim - 1), -1))
for _ndim, _made in enumerate((reshaped1, reshaped2, reshaped3, reshaped4, reshaped5), 1):
    _made.samples(
        sample(real(2, 4).T, *(1,) * (_ndim - 1), 8), sample(real(16)[::2], *(1,) * (_ndim - 1), -1),
    )
for _made in (view1, view2, view3, view4, view5, reshaped1, reshaped2, reshaped3, reshaped4, reshaped5):
    _made.adjoint("x")(view_dx if _made.view else reshaped_dx)
    _made.linear("x")
    _made.zero(*(name for name in _made.arguments if name != "x"))
    _made.result(reshape_result(len(_made.arguments) - 1))
view2.samples(sample(real(2, 6), 3, 4), sample(real(0, 3), 3, 0), rejects(real(6), 4, 2, error=ValueError))
view3.samples(sample(real(4, 6), 2, 2, 6))


@primitive(inline=True, view=True)
def raveled(x):
    """The elements of an array in C order as a vector, in the same memory."""
    return x.ravel()


@primitive(inline=True)
def flattened(x):
    """The elements in C order as a new vector."""
    return x.flatten()


@raveled.adjoint("x")
def raveled_dx(dy, x_shape):
    return np.ascontiguousarray(dy).reshape(x_shape)


@flattened.adjoint("x")
def flattened_dx(dy, x_shape):
    return dy.copy().reshape(x_shape)


for _made in (raveled, flattened):
    _made.result(lambda x: Array(x.dtype, 1, "C", unlabelled(x)))
    _made.linear("x")
    _made.samples(sample(real(2, 3)), sample(real(2, 3, 2)), sample(real(3)), sample(real(0, 3)))
flattened.samples(sample(real(2, 3).T), sample(real(8)[::2]))


@composite(np.reshape, methods=("reshape",))
def reshape(x, *shape, order="C"):
    """The elements in C order in another shape; one size may be -1."""
    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)):
        dims = shape[0]
    else:
        dims = shape
    if order == "F":
        return np.transpose(np.reshape(np.transpose(x), dims[::-1]))
    if order != "C" and order != "A":
        refuse(f"reshape(order={order!r}): use 'C' or 'F'")
    if x.ndim == 0:
        return x if len(dims) == 0 else np.reshape(np.full((1,), x), dims)
    if len(dims) == 0:
        return as_scalar(x)
    if len(dims) > 5:
        refuse(f"arrays of {len(dims)} dimensions are not known here: use at most five")
    if x.flags.c_contiguous:
        if len(dims) == 1:
            return view1(x, dims[0])
        if len(dims) == 2:
            return view2(x, dims[0], dims[1])
        if len(dims) == 3:
            return view3(x, dims[0], dims[1], dims[2])
        if len(dims) == 4:
            return view4(x, dims[0], dims[1], dims[2], dims[3])
        return view5(x, dims[0], dims[1], dims[2], dims[3], dims[4])
    if len(dims) == 1:
        return reshaped1(x, dims[0])
    if len(dims) == 2:
        return reshaped2(x, dims[0], dims[1])
    if len(dims) == 3:
        return reshaped3(x, dims[0], dims[1], dims[2])
    if len(dims) == 4:
        return reshaped4(x, dims[0], dims[1], dims[2], dims[3])
    return reshaped5(x, dims[0], dims[1], dims[2], dims[3], dims[4])


@composite(np.ravel, methods=("ravel",))
def ravel(x, order="C"):
    """The elements as a vector; shares memory where the array is in C order."""
    if x.ndim == 0:
        return np.full((1,), x)
    if order == "F":
        return np.ravel(np.transpose(x))
    if not x.flags.c_contiguous:
        return straightened(x)
    if x.ndim == 1:
        return x
    return raveled(x)


@composite(methods=("flatten",))
def flatten(x, order="C"):
    """The elements as a new vector."""
    if order == "F":
        return flattened(np.transpose(x))
    return flattened(x)


reshape.samples(
    sample(real(6), (2, 3)), sample(real(2, 6), (3, -1)), sample(real(4, 6).T, (3, 8)),
    sample(real(2, 3, 4), -1), sample(real(2, 6), (3, 4), order="F"), sample(np.float64(2.5), ()),
    sample(real(1), ()), sample(np.float64(2.5), (1, -1)), rejects(np.float64(2.5), 3, error=ValueError),
)
ravel.samples(sample(real(3)), sample(real(2, 3)), sample(real(2, 3).T), sample(real(2, 3), order="F"))
flatten.samples(sample(real(2, 3)), sample(real(3)))

# ---------------------------------------------------------------------------------- transpose


@primitive(attributes=("T",), inline=True, view=True)
def transposed(x):
    """The array with its axes in reverse order, in the same memory."""
    return x.T


@transposed.result
def transposed_result(x):
    if x.ndim < 2:
        return x
    turned = {"C": "F", "F": "C", "A": "A"}
    return Array(x.dtype, x.ndim, turned[x.layout], x.labels and x.labels[::-1])


@transposed.adjoint("x")
def transposed_dx(dy):
    return dy.T


transposed.linear("x")
transposed.samples(sample(real(2, 3)), sample(real(2, 3, 4)), sample(real(3)), sample(real(4, 6)[::2, ::2]))


@kernel
def place_of(axes, k):
    """The place at which ``k`` stands in a permutation."""
    for i in range(len(axes)):
        if axes[i] == k:
            return i
    return -1


@kernel
def turned(x, axes):
    """The view with its axes in another order, from three to five of them."""
    # By strides: numba takes ten times as long to compile np.transpose with axes.
    s = x.shape
    t = x.strides
    if x.ndim == 3:
        sizes = (s[axes[0]], s[axes[1]], s[axes[2]])
        strides = (t[axes[0]], t[axes[1]], t[axes[2]])
        return np.lib.stride_tricks.as_strided(x, sizes, strides)
    elif x.ndim == 4:
        sizes4 = (s[axes[0]], s[axes[1]], s[axes[2]], s[axes[3]])
        strides4 = (t[axes[0]], t[axes[1]], t[axes[2]], t[axes[3]])
        return np.lib.stride_tricks.as_strided(x, sizes4, strides4)
    else:
        sizes5 = (s[axes[0]], s[axes[1]], s[axes[2]], s[axes[3]], s[axes[4]])
        strides5 = (t[axes[0]], t[axes[1]], t[axes[2]], t[axes[3]], t[axes[4]])
        return np.lib.stride_tricks.as_strided(x, sizes5, strides5)


@primitive(static=("axes",), view=True)
def permute(x, axes):
    """The array of three to five dimensions with its axes in another order, in the same memory."""
    return turned(x, axes)


@permute.result
def permute_result(x, axes):
    return Array(x.dtype, x.ndim, "A", x.labels and "".join(x.labels[a] for a in axes))


@permute.adjoint("x")
def permute_dx(dy, axes):
    if dy.ndim == 3:
        return turned(dy, (place_of(axes, 0), place_of(axes, 1), place_of(axes, 2)))
    elif dy.ndim == 4:
        return turned(dy, (place_of(axes, 0), place_of(axes, 1), place_of(axes, 2), place_of(axes, 3)))
    else:
        back = (place_of(axes, 0), place_of(axes, 1), place_of(axes, 2), place_of(axes, 3), place_of(axes, 4))
        return turned(dy, back)


permute.linear("x")
permute.samples(
    sample(real(2, 3, 4), axes=(1, 2, 0)), sample(real(2, 3, 4), axes=(0, 2, 1)),
    sample(real(4, 3, 2).T, axes=(1, 0, 2)),
    sample(real(2, 3, 4, 2), axes=(3, 0, 2, 1)), sample(real(2, 1, 3, 2, 2), axes=(4, 0, 2, 1, 3)),
)


@folded
def permutation(axes, ndim):
    """The order of the axes that a call of transpose asks for.

    >>> permutation(((1, -1, 0),), 3), permutation((), 2)
    ((1, 2, 0), (1, 0))
    """
    if len(axes) == 1 and isinstance(axes[0], tuple | list):
        axes = tuple(axes[0])
    if axes in ((), (None,)):
        return tuple(range(ndim))[::-1]
    order = tuple(axis_of(a, ndim) for a in axes)
    if sorted(order) != list(range(ndim)):
        refuse(f"transpose with axes {order}: name each of the {ndim} axes once")
    return order


@folded
def swapped(a, b, ndim):
    """The order of axes with two of them exchanged."""
    order = list(range(ndim))
    a, b = axis_of(a, ndim), axis_of(b, ndim)
    order[a], order[b] = order[b], order[a]
    return tuple(order)


@folded
def moved(source, destination, ndim):
    """The order of axes after some are moved.

    >>> moved(0, -1, 3)
    (1, 2, 0)
    """
    sources = [axis_of(a, ndim) for a in (source if isinstance(source, tuple | list) else (source,))]
    places = [axis_of(a, ndim) for a in (destination if isinstance(destination,
    tuple | list) else (destination,))]
    if len(sources) != len(places):
        refuse("moveaxis takes as many destinations as sources")
    order = [a for a in range(ndim) if a not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return tuple(order)


@folded
def is_identity(order):
    """Whether a permutation changes nothing."""
    return tuple(order) == tuple(range(len(order)))


@folded
def is_reversal(order):
    """Whether a permutation reverses the order."""
    return tuple(order) == tuple(range(len(order)))[::-1]


@composite(np.transpose, methods=("transpose",))
def transpose(x, *axes):
    """The array with its axes reversed, or in a given order."""
    if x.ndim < 2:
        return x
    order = permutation(axes, x.ndim)
    if is_identity(order):
        return x
    if is_reversal(order):
        return transposed(x)
    return permute(x, order)


@composite(np.swapaxes, methods=("swapaxes",))
def swapaxes(x, axis1, axis2):
    """The array with two axes exchanged."""
    return transpose(x, swapped(axis1, axis2, x.ndim))


@composite(np.moveaxis)
def moveaxis(x, source, destination):
    """The array with axes moved to other places."""
    return transpose(x, moved(source, destination, x.ndim))


transpose.samples(
    sample(real(2, 3)), sample(real(2, 3, 4), (1, 0, 2)), sample(real(3)), sample(real(2, 3), (0, 1)),
    sample(real(2, 3, 4), (2, 1, 0)),
)
swapaxes.samples(sample(real(2, 3), 0, 1), sample(real(2, 3, 4), 0, -1), sample(real(2, 3, 4), 0, 1))
moveaxis.samples(sample(real(2, 3, 4), 0, -1), sample(real(2, 3, 4), (0, 1), (2, 0)))

# ---------------------------------------------------------------------------------- axes of size one


@folded
def new_axes(axis, ndim):
    """The places, in the result, of the axes that expand_dims adds.

    >>> new_axes((0, -1), 1)
    (0, 2)
    """
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    return axes_of(tuple(axes), ndim + len(axes))


@composite(np.expand_dims)
def expand_dims(x, axis):
    """The array with axes of size one added; a view."""
    if x.ndim == 0:
        return np.full((1,), x)
    for a in new_axes(axis, x.ndim):
        if a == 0:
            x = x[np.newaxis]
        elif a == 1:
            x = x[:, np.newaxis]
        elif a == 2:
            x = x[:, :, np.newaxis]
        elif a == 3:
            x = x[:, :, :, np.newaxis]
        else:
            x = x[:, :, :, :, np.newaxis]
    return x


@composite(np.squeeze, methods=("squeeze",))
def squeeze(x, axis=None):
    """The array without the given axes, which must have size one."""
    if axis is None:
        refuse("squeeze without an axis: sizes may change from call to call; write np.squeeze(x, axis=…)")
    gone = axes_of(axis, x.ndim)
    dims = ()
    for k in range(x.ndim):
        if k not in gone:
            dims = (*dims, x.shape[k])
    return reshape(x, dims)


@composite(np.atleast_1d)
def atleast_1d(x):
    """The array, or a vector of one number."""
    if x.ndim == 0:
        return np.full((1,), x)
    return x


@composite(np.atleast_2d)
def atleast_2d(x):
    """The array, with a first axis if it has only one."""
    if x.ndim == 0:
        return np.full((1, 1), x)
    if x.ndim == 1:
        return x[np.newaxis]
    return x


expand_dims.samples(
    sample(real(3), 0), sample(real(3), -1), sample(real(2, 3), 1), sample(real(2, 3), (0, -1)),
    sample(real(2, 3, 4), 2), sample(real(2, 3).T, 1),
)
squeeze.samples(sample(real(1, 3), 0), sample(real(2, 1, 3, 1), axis=(1, -1)), sample(real(1), axis=0))
atleast_1d.samples(sample(np.float64(2.0)), sample(real(3)))
atleast_2d.samples(sample(np.float64(2.0)), sample(real(3)), sample(real(2, 3)))
