"""Reading and writing with arrays of indices: gathers, scatters, places that fulfil a condition.

Negative indices count from the end; an index out of range raises IndexError.
"""

import numpy as np

from .declaring.axes import axis_of, grouped, kind_of
from .primitive import composite, folded, kernel, primitive, real, refuse, rejects, sample
from .programs.stores import accumulate, assign, deduct
from .types import Array, broadcast

__all__ = [
    "argwhere", "flatnonzero", "ix", "nonzero", "nonzero_flat", "place", "put", "put_add", "put_subtract",
    "ravel_index2", "ravel_index3", "ravel_index4", "ravel_index5", "take", "take_along",
    "take_along_axis", "take_axis",
]


@kernel
def place(index, n):
    """An index counted from the start, tested."""
    if index < -n or index >= n:
        raise IndexError("index is out of bounds")
    return index + n if index < 0 else index


# ---------------------------------------------------------------------------------- gathers


@primitive()
def take(x, indices):
    """The elements, or rows, at these places of the first axis: ``x[indices]``."""
    n = x.shape[0]
    if x.ndim == 1:
        out = np.empty(indices.shape[0], x.dtype)
        for k in range(indices.shape[0]):
            out[k] = x[place(indices[k], n)]
        return out
    elif x.ndim == 2:
        picked = np.empty((indices.shape[0], x.shape[1]), x.dtype)
        for k in range(indices.shape[0]):
            row = x[place(indices[k], n)]  # of a matrix in any order: columns are rows of x.T
            for j in range(x.shape[1]):
                picked[k, j] = row[j]
        return picked
    else:
        rows = grouped(x, 0)
        taken = np.empty((indices.shape[0], rows.shape[2]), x.dtype)
        for k in range(indices.shape[0]):
            i = place(indices[k], n)
            for j in range(rows.shape[2]):
                taken[k, j] = rows[0, i, j]
        return taken.reshape((indices.shape[0],) + x.shape[1:])


@take.result
def take_result(x, indices):
    if indices.ndim != 1:
        refuse("an index array of more than one dimension: ravel it and reshape the result")
    return Array(x.dtype, x.ndim, "C", x.labels)


@take.adjoint("x")
def take_dx(dy, x_shape, indices):
    out = np.zeros(x_shape, dy.dtype)
    put_add(out, indices, dy)
    return out


take.zero("indices")
take.linear("x")
take.samples(
    sample(real(5), np.array([3, 0, 3, -1])), sample(real(4, 3), np.array([1, 1, -4])),
    sample(real(3, 4).T, np.array([2, 0])), sample(real(3, 2, 2), np.array([2, 0, 2, 1])),
    sample(real(8)[::2], np.array([1, 2])), sample(real(3), np.zeros(0, int)),
    rejects(real(3), np.array([3]), error=IndexError), rejects(real(3), np.array([-4]), error=IndexError),
)


@primitive(static=("axis",))
def take_along(x, indices, axis):
    """For every lane along an axis, the elements at the places that the lane of ``indices`` names."""
    groups = grouped(x, axis)
    places = grouped(indices, axis)
    if groups.shape[0] != places.shape[0] or groups.shape[2] != places.shape[2]:
        raise ValueError("take_along_axis needs equal sizes along the other axes")
    out = np.empty(places.shape, x.dtype)
    for i in range(places.shape[0]):
        for k in range(places.shape[1]):
            for j in range(places.shape[2]):
                out[i, k, j] = groups[i, place(places[i, k, j], groups.shape[1]), j]
    return out.reshape(indices.shape)


@take_along.result
def take_along_result(x, indices, axis):
    if x.ndim != indices.ndim:
        refuse("take_along_axis needs indices of as many dimensions as the array")
    return Array(x.dtype, x.ndim, "C", x.labels)


@take_along.adjoint("x")
def take_along_dx(dy, x_shape, indices, axis):
    places = grouped(indices, axis)
    cotangents = grouped(dy, axis)
    n = x_shape[axis]
    out = np.zeros((places.shape[0], n, places.shape[2]), dy.dtype)
    for i in range(places.shape[0]):
        for k in range(places.shape[1]):
            for j in range(places.shape[2]):
                out[i, place(places[i, k, j], n), j] += cotangents[i, k, j]
    return out.reshape(x_shape)


take_along.zero("indices")
take_along.linear("x")
take_along.samples(
    sample(real(5), np.array([1, 1, -1]), axis=0), sample(real(3, 4), np.array([[1], [0], [3]]), axis=1),
    sample(real(3, 4), np.array([[1, 0, 2, 2]]), axis=0), sample(real(2, 3, 2), np.ones((2, 1, 2), int),
    axis=1),
)


@folded
def leading(first, count):
    """``count`` axes from ``first`` on."""
    return tuple(range(first, first + count))


@composite(np.take, methods=("take",))
def take_axis(x, indices, axis=None):
    """The elements at these places: of the raveled array, or along an axis."""
    if axis is None:
        base = np.ravel(x)
        along = 0
    else:
        base = x
        along = axis_of(axis, x.ndim)
    if indices.ndim == 0:
        if along == 0:
            return np.copy(base[indices])
        return np.copy(np.moveaxis(base, along, 0)[indices])
    if indices.ndim == 1:
        if along == 0:
            return take(base, indices)
        return np.moveaxis(take(np.moveaxis(base, along, 0), indices), 0, along)
    first = np.moveaxis(base, along, 0)
    taken = np.reshape(take(first, np.ravel(indices)), (*indices.shape, *first.shape[1:]))
    if along == 0:
        return taken
    return np.moveaxis(taken, leading(0, indices.ndim), leading(along, indices.ndim))


@composite(np.take_along_axis)
def take_along_axis(arr, indices, axis=-1):
    """For every lane along an axis, the elements at the places that the lane of ``indices`` names."""
    return take_along(arr, indices, axis_of(axis, arr.ndim))


take_axis.samples(
    sample(real(5), np.array([1, 3])), sample(real(2, 3), np.array([1, 4])), sample(real(2, 3),
    np.array([2, 0]), axis=1),
    sample(real(2, 3), np.array([[1, 0], [0, 0]]), axis=0), sample(real(2, 3, 2), np.array([2, 0]), axis=1),
    sample(real(2, 3), np.int64(1), axis=1), sample(real(2, 3), np.array([[1, 0], [2, 2]]), axis=1),
    sample(real(2, 3, 2), np.array([[1, 0, 2]]), axis=1),
)
take_along_axis.samples(sample(real(3, 4), np.array([[1], [0], [3]]), axis=1))

# ---------------------------------------------------------------------------------- scatters

# ``isinstance`` lists scalar types for the reason given in ``stores``.


@primitive(effect=True, generated=True)
def put(x, indices, value):
    """``x[indices] = value`` on the first axis; of repeated indices the last one counts."""
    n = x.shape[0]
    if isinstance(value, (int, float, bool, np.float32, np.float64, np.int64, np.int32, np.bool_)):
        if x.ndim == 1:
            for k in range(indices.shape[0]):
                x[place(indices[k], n)] = value
        else:
            for k in range(indices.shape[0]):
                assign(x[place(indices[k], n)], value)
    elif x.ndim == 1:
        if value.shape[0] != indices.shape[0] and value.shape[0] != 1:
            raise ValueError("x[indices] = value needs as many values as indices, or one")
        step = 0 if value.shape[0] == 1 else 1
        for k in range(indices.shape[0]):
            x[place(indices[k], n)] = value[k * step]
    elif value.ndim == x.ndim:
        if value.shape[0] != indices.shape[0] and value.shape[0] != 1:
            raise ValueError("x[indices] = value needs as many rows of values as indices, or one")
        step = 0 if value.shape[0] == 1 else 1
        for k in range(indices.shape[0]):
            assign(x[place(indices[k], n)], value[k * step])
    else:
        for k in range(indices.shape[0]):
            assign(x[place(indices[k], n)], value)


@primitive(effect=True, generated=True)
def put_add(x, indices, value):
    """Add to ``x[indices]`` on the first axis; repeated indices accumulate."""
    n = x.shape[0]
    if isinstance(value, (int, float, bool, np.float32, np.float64, np.int64, np.int32, np.bool_)):
        if x.ndim == 1:
            for k in range(indices.shape[0]):
                x[place(indices[k], n)] += value
        else:
            for k in range(indices.shape[0]):
                accumulate(x[place(indices[k], n)], value)
    elif x.ndim == 1:
        if value.shape[0] != indices.shape[0] and value.shape[0] != 1:
            raise ValueError("x[indices] += value needs as many values as indices, or one")
        step = 0 if value.shape[0] == 1 else 1
        for k in range(indices.shape[0]):
            x[place(indices[k], n)] += value[k * step]
    elif value.ndim == x.ndim:
        if value.shape[0] != indices.shape[0] and value.shape[0] != 1:
            raise ValueError("x[indices] += value needs as many rows of values as indices, or one")
        step = 0 if value.shape[0] == 1 else 1
        for k in range(indices.shape[0]):
            accumulate(x[place(indices[k], n)], value[k * step])
    else:
        for k in range(indices.shape[0]):
            accumulate(x[place(indices[k], n)], value)


@primitive(effect=True, generated=True)
def put_subtract(x, indices, value):
    """Subtract from ``x[indices]`` on the first axis; repeated indices accumulate."""
    n = x.shape[0]
    if isinstance(value, (int, float, bool, np.float32, np.float64, np.int64, np.int32, np.bool_)):
        if x.ndim == 1:
            for k in range(indices.shape[0]):
                x[place(indices[k], n)] -= value
        else:
            for k in range(indices.shape[0]):
                deduct(x[place(indices[k], n)], value)
    elif x.ndim == 1:
        if value.shape[0] != indices.shape[0] and value.shape[0] != 1:
            raise ValueError("x[indices] -= value needs as many values as indices, or one")
        step = 0 if value.shape[0] == 1 else 1
        for k in range(indices.shape[0]):
            x[place(indices[k], n)] -= value[k * step]
    elif value.ndim == x.ndim:
        if value.shape[0] != indices.shape[0] and value.shape[0] != 1:
            raise ValueError("x[indices] -= value needs as many rows of values as indices, or one")
        step = 0 if value.shape[0] == 1 else 1
        for k in range(indices.shape[0]):
            deduct(x[place(indices[k], n)], value[k * step])
    else:
        for k in range(indices.shape[0]):
            deduct(x[place(indices[k], n)], value)


for _put in (put, put_add, put_subtract):
    _put.result(lambda x, indices, value: x)
    _put.linear("x", "value")
    _put.samples(
        sample(real(5), np.array([3, 0, -1]), 2.0), sample(real(5), np.array([3, 0, -1]), real(3)),
        sample(real(5), np.array([3, 0, 3]), real(1)), sample(real(4, 3), np.array([1, 1]), real(2, 3)),
        sample(real(4, 3), np.array([1, 2]), real(3)), sample(real(4, 3), np.array([1, 2]), 1.5),
        sample(real(3, 4).T, np.array([1, 2]), real(1, 3)), sample(real(3, 2, 2), np.array([2, 0]),
        real(2, 2, 2)),
        rejects(real(3), np.array([3]), 1.0, error=IndexError),
        rejects(real(3), np.array([1, 2]), real(3), error=ValueError),
    )

# ---------------------------------------------------------------------------------- places


@primitive()
def nonzero_flat(mask):
    """The places of the elements that are not zero, counted in C order."""
    flat = mask.ravel()
    n = 0
    for i in range(flat.shape[0]):
        if flat[i]:
            n += 1
    out = np.empty(n, np.int64)
    k = 0
    for i in range(flat.shape[0]):
        if flat[i]:
            out[k] = i
            k += 1
    return out


@nonzero_flat.result
def nonzero_flat_result(mask):
    return Array("int64", 1)


nonzero_flat.zero("mask")
nonzero_flat.samples(
    sample(real(5) > 0), sample(real(3, 4) > 0), sample(real(4, 3).T > 9), sample(real(0) > 0),
)


@primitive(elementwise=True)
def ravel_index2(i, j, n0, n1):
    """The place in C order of element ``[i, j]`` of a matrix of ``n0`` rows and ``n1`` columns."""
    if i < -n0 or i >= n0 or j < -n1 or j >= n1:
        raise IndexError("index is out of bounds")
    return (i + n0 if i < 0 else i) * n1 + (j + n1 if j < 0 else j)


@primitive(elementwise=True)
def ravel_index3(i, j, k, n0, n1, n2):
    """The place in C order of element ``[i, j, k]`` of an array of ``n0`` by ``n1`` by ``n2``."""
    if i < -n0 or i >= n0 or j < -n1 or j >= n1 or k < -n2 or k >= n2:
        raise IndexError("index is out of bounds")
    return ((i + n0 if i < 0 else i) * n1 + (j + n1 if j < 0 else j)) * n2 + (k + n2 if k < 0 else k)


@primitive(elementwise=True)
def ravel_index4(i, j, k, m, n0, n1, n2, n3):
    """The place in C order of element ``[i, j, k, m]`` of an array of four dimensions."""
    if i < -n0 or i >= n0 or j < -n1 or j >= n1 or k < -n2 or k >= n2 or m < -n3 or m >= n3:
        raise IndexError("index is out of bounds")
    row = (i + n0 if i < 0 else i) * n1 + (j + n1 if j < 0 else j)
    return (row * n2 + (k + n2 if k < 0 else k)) * n3 + (m + n3 if m < 0 else m)


@primitive(elementwise=True)
def ravel_index5(i, j, k, m, p, n0, n1, n2, n3, n4):
    """The place in C order of an element of an array of five dimensions."""
    low = i < -n0 or j < -n1 or k < -n2 or m < -n3 or p < -n4
    if low or i >= n0 or j >= n1 or k >= n2 or m >= n3 or p >= n4:
        raise IndexError("index is out of bounds")
    row = ((i + n0 if i < 0 else i) * n1 + (j + n1 if j < 0 else j)) * n2 + (k + n2 if k < 0 else k)
    return (row * n3 + (m + n3 if m < 0 else m)) * n4 + (p + n4 if p < 0 else p)


for _ravel in (ravel_index2, ravel_index3, ravel_index4, ravel_index5):
    _ravel.zero(*_ravel.arguments)
    # of int32 indices too: a place may be larger than any of the indices
    _ravel.result(lambda **indices: broadcast(*indices.values(), dtype="int64", weak=False))
ravel_index2.samples(
    sample(np.array([[1], [-3]]), np.array([-1, 0, -4]), 3, 4), sample(1, 2, 3, 4), sample(-1, -4, 3, 4),
    rejects(3, 0, 3, 4, error=IndexError),
)
ravel_index4.samples(
    sample(1, 2, 0, 1, 3, 4, 2, 2), sample(-1, -4, -2, -1, 3, 4, 2, 2),
    rejects(0, 0, 2, 0, 3, 4, 2, 2, error=IndexError),
)
ravel_index5.samples(
    sample(1, 2, 0, 1, 2, 3, 4, 2, 2, 3), sample(-1, -4, -2, -1, -3, 3, 4, 2, 2, 3),
    rejects(0, 0, 0, 0, 3, 3, 4, 2, 2, 3, error=IndexError),
)
ravel_index3.samples(
    sample(1, 2, 0, 3, 4, 2), sample(-1, -4, -2, 3, 4, 2), rejects(0, 0, 2, 3, 4, 2, error=IndexError),
)


@folded
def open_shape(k, n):
    """The shape of the ``k``-th of ``n`` vectors that span a grid.

    >>> open_shape(1, 3)
    (1, -1, 1)
    """
    return (1,) * k + (-1,) + (1,) * (n - k - 1)


@composite(np.ix_)
def ix(*args):
    """Index arrays for the grid that vectors of indices, or masks, span: ``x[np.ix_(rows, columns)]``."""
    if len(args) > 5:
        refuse("np.ix_ of more than five vectors: arrays have at most five dimensions here")
    grid: tuple = ()
    for k in range(len(args)):
        indices = np.asarray(args[k])
        if kind_of(indices.dtype) == "b":
            indices = nonzero_flat(indices)
        grid = (*grid, np.reshape(indices, open_shape(k, len(args))))
    return grid


@composite(np.flatnonzero)
def flatnonzero(a):
    """The places of the elements that are not zero, counted in C order."""
    return nonzero_flat(a)


@composite(np.nonzero, methods=("nonzero",))
def nonzero(a):
    """The indices of the elements that are not zero, one vector for each axis."""
    flat = nonzero_flat(a)
    if a.ndim == 1:
        return (flat,)
    found: tuple = ()
    rest = flat
    for k in range(a.ndim - 1):
        inside = 1
        for m in range(k + 1, a.ndim):
            inside = inside * a.shape[m]
        found = (*found, rest // inside)
        rest = rest % inside
    return (*found, rest)


@composite(np.argwhere)
def argwhere(a):
    """The indices of the elements that are not zero, one row for each."""
    return np.stack(nonzero(a), axis=1)


flatnonzero.samples(sample(real(5) > 0), sample(real(2, 3) > 0))
nonzero.samples(
    sample(real(5) > 0), sample(real(2, 3) > 0), sample(real(2, 3, 2) > 0), sample(real(2, 1, 3, 2) > 0),
)
argwhere.samples(sample(real(5) > 0), sample(real(2, 3) > 0), sample(real(3, 4).T > 0))
ix.samples(
    sample(np.array([1, 0]), np.array([2, 0, 0])), sample(real(4) > 0, np.array([1]), np.array([0, 2])),
)
