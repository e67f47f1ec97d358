"""Joining arrays and splitting them: composites that write, or read, slices."""

import numpy as np

from ..declaring.axes import axis_of, common_dtype, is_number, known
from ..primitive import Refusal, composite, primitive, real, refuse, rejects, sample
from ..types import Scalar

__all__ = [
    "agreed", "append_to", "array_split", "block", "column_stack", "concatenate", "dsplit", "dstack",
    "hsplit", "hstack", "meshgrid", "part", "split", "stack", "vsplit", "vstack", "write_part",
]


@primitive()
def agreed(n, m):
    """``n``, which must be equal to ``m``: the size of arrays that are joined along another axis."""
    if n != m:
        raise ValueError("the arrays must have equal sizes, except along the axis on which they are joined")
    return n


@agreed.result
def agreed_result(n, m):
    return Scalar("int64", weak=True)


agreed.zero("n", "m")
agreed.samples(sample(3, 3), rejects(3, 4, error=ValueError))


@composite()
def part(x, axis, start, stop):
    """The view of a range of places along an axis."""
    if axis == 0:
        return x[start:stop]
    if axis == 1:
        return x[:, start:stop]
    if axis == 2:
        return x[:, :, start:stop]
    if axis == 3:
        return x[:, :, :, start:stop]
    return x[:, :, :, :, start:stop]


@composite()
def write_part(out, axis, start, stop, value):
    """Write a range of places along an axis."""
    if axis == 0:
        out[start:stop] = value
    elif axis == 1:
        out[:, start:stop] = value
    elif axis == 2:
        out[:, :, start:stop] = value
    elif axis == 3:
        out[:, :, :, start:stop] = value
    else:
        out[:, :, :, :, start:stop] = value


@composite()
def write_place(out, axis, k, value):
    """Write one place along an axis."""
    if axis == 0:
        out[k] = value
    elif axis == 1:
        out[:, k] = value
    elif axis == 2:
        out[:, :, k] = value
    else:
        out[:, :, :, k] = value


@composite()
def joint_dtype(parts):
    """The dtype that all parts are promoted to."""
    dtype = parts[0].dtype
    for x in parts:
        dtype = common_dtype(dtype, x.dtype)
    return dtype


@composite(np.concatenate)
def concatenate(arrays, axis=0):
    """Arrays joined along an axis that they have."""
    if isinstance(arrays, np.ndarray) and axis == 0 and arrays.ndim > 1:
        return np.reshape(arrays, (arrays.shape[0] * arrays.shape[1], *arrays.shape[2:])).copy()
    parts = tuple([np.asarray(x) for x in arrays])
    if len(parts) == 0:
        refuse("concatenate needs at least one array")
    if axis is None:
        parts = tuple([np.ravel(x) for x in parts])
        along = 0
    else:
        if parts[0].ndim == 0:
            refuse("numbers cannot be concatenated: write np.array([…]) or np.stack")
        along = axis_of(axis, parts[0].ndim)
    n = 0
    for x in parts:
        if x.ndim != parts[0].ndim:
            refuse(f"arrays of {parts[0].ndim} and {x.ndim} dimensions cannot be concatenated")
        n = n + x.shape[along]
    dims = ()
    for k in range(parts[0].ndim):
        if k == along:
            dims = (*dims, n)
        else:
            size = parts[0].shape[k]
            for x in parts[1:]:
                size = agreed(size, x.shape[k])
            dims = (*dims, size)
    out = np.empty(dims, joint_dtype(parts))
    at = 0
    for x in parts:
        write_part(out, along, at, at + x.shape[along], x)
        at = at + x.shape[along]
    return out


@composite(np.stack)
def stack(arrays, axis=0):
    """Arrays (or numbers) of equal shapes joined along a new axis."""
    if isinstance(arrays, np.ndarray):
        return np.moveaxis(arrays, 0, axis).copy()
    parts = tuple([np.asarray(x) for x in arrays])
    if len(parts) == 0:
        refuse("stack needs at least one array")
    ndim = parts[0].ndim
    along = axis_of(axis, ndim + 1)
    old = ()
    for k in range(ndim):
        size = parts[0].shape[k]
        for x in parts[1:]:
            size = agreed(size, x.shape[k])
        old = (*old, size)
    out = np.empty((*old[:along], len(parts), *old[along:]), joint_dtype(parts))
    k = 0
    for x in parts:
        write_place(out, along, k, x)
        k = k + 1
    return out


@composite(np.vstack)
def vstack(arrays):
    """Arrays joined along the first axis; vectors are rows."""
    if isinstance(arrays, np.ndarray):
        return concatenate(arrays, 0) if arrays.ndim > 2 else np.atleast_2d(arrays).copy()
    return concatenate(tuple([np.atleast_2d(np.asarray(x)) for x in arrays]), 0)


@composite(np.hstack)
def hstack(arrays):
    """Arrays joined along the second axis, vectors along the first."""
    if isinstance(arrays, np.ndarray) and arrays.ndim == 2:
        return np.ravel(arrays).copy()
    parts = tuple([np.atleast_1d(np.asarray(x)) for x in arrays])
    if parts[0].ndim == 1:
        return concatenate(parts, 0)
    return concatenate(parts, 1)


@composite()
def as_column(x):
    """A vector as a matrix of one column; a matrix as it is."""
    if x.ndim == 1:
        return x[:, np.newaxis]
    return x


@composite(np.column_stack)
def column_stack(arrays):
    """Vectors and matrices joined as columns of a matrix."""
    if isinstance(arrays, np.ndarray) and arrays.ndim == 2:
        return arrays.T.copy()
    return concatenate(tuple([as_column(np.asarray(x)) for x in arrays]), 1)


@composite(np.append)
def append_to(arr, values, axis=None):
    """An array with values joined to its end."""
    if axis is None:
        return concatenate((np.ravel(arr), np.ravel(values)), 0)
    return concatenate((arr, values), axis)


concatenate.samples(
    sample((real(3), real(2))), sample((real(2, 3), real(1, 3))), sample((real(2, 3), real(2, 1)), axis=1),
    sample((real(2, 3), real(2)), axis=None), sample((real(2, 3, 2), real(2, 1, 2), real(2, 2, 2)), axis=1),
    sample((real(3), np.arange(2))), rejects((real(2, 3), real(2, 2)), error=ValueError),
)
stack.samples(
    sample((real(3), real(3))), sample((real(3), real(3)), axis=-1), sample((real(2, 3), real(2, 3)), axis=1),
    sample((np.float64(2.0), np.float64(3.0))), rejects((real(3), real(2)), error=ValueError),
)
vstack.samples(sample((real(3), real(3))), sample((real(2, 3), real(3))))
hstack.samples(
    sample((real(3), real(2))), sample((real(2, 3), real(2, 1))), sample((np.float64(1.0), real(2))),
)
column_stack.samples(sample((real(3), real(3))), sample((real(3, 2), real(3))))
append_to.samples(
    sample(real(3), np.float64(2.0)), sample(real(2, 3), real(2)), sample(real(2, 3), real(1, 3), axis=0)
)


@composite(np.split)
def split(ary, indices_or_sections, axis=0):
    """Views of the array in equal sections, or between given places, along an axis."""
    along = axis_of(axis, ary.ndim)
    where = known(indices_or_sections)
    parts = ()
    if is_number(where):
        # Every part depends on the test that the sections are equal: it is made whichever of them is used.
        whole = agreed(ary.shape[along] // where * where, ary.shape[along])
        size = whole // where
        at = 0
        for k in range(where):
            after = at + size
            if k == where - 1:
                after = whole
            parts = (*parts, part(ary, along, at, after))
            at = after
        return parts
    at = 0
    for place in where:
        parts = (*parts, part(ary, along, at, place))
        at = place
    return (*parts, part(ary, along, at, ary.shape[along]))


split.samples(
    sample(real(6), 3), sample(real(6), (2, 3)), sample(real(4, 6), 2, axis=1), sample(real(6), [1, 4]),
)


@composite(np.array_split)
def array_split(ary, indices_or_sections, axis=0):
    """Views of the array in sections as equal as can be, or between given places, along an axis."""
    where = known(indices_or_sections)
    if not is_number(where):
        return split(ary, where, axis)
    along = axis_of(axis, ary.ndim)
    n = ary.shape[along]
    parts = ()
    at = 0
    for k in range(where):
        after = at + (n + where - 1 - k) // where
        parts = (*parts, part(ary, along, at, after))
        at = after
    return parts


@composite(np.vsplit)
def vsplit(ary, indices_or_sections):
    """Views of the array in sections along its first axis."""
    if ary.ndim < 2:
        refuse("vsplit of a vector: write np.split")
    return split(ary, indices_or_sections, 0)


@composite(np.hsplit)
def hsplit(ary, indices_or_sections):
    """Views of the array in sections along its second axis, of a vector along its only one."""
    return split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@composite(np.dsplit)
def dsplit(ary, indices_or_sections):
    """Views of the array in sections along its third axis."""
    if ary.ndim < 3:
        refuse("dsplit needs three dimensions: write np.split with the axis")
    return split(ary, indices_or_sections, 2)


@composite()
def with_depth(x):
    """An array of three dimensions: a vector is a row, a matrix has depth one."""
    if x.ndim == 0:
        return np.full((1, 1, 1), x)
    if x.ndim == 1:
        return x[np.newaxis, :, np.newaxis]
    if x.ndim == 2:
        return x[:, :, np.newaxis]
    return x


@composite(np.dstack)
def dstack(arrays):
    """Arrays joined along the third axis."""
    return concatenate(tuple([with_depth(np.asarray(x)) for x in arrays]), 2)


@composite(np.block)
def block(arrays):
    """An array made of blocks: a list of arrays is joined along the last axis, a list of lists along two."""
    if not isinstance(arrays, list):
        refuse("block takes a list, or a list of lists, of arrays")
    rows = ()
    for row in arrays:
        if isinstance(row, list):
            rows = (*rows, concatenate(tuple([np.atleast_2d(np.asarray(x)) for x in row]), -1))
    if len(rows) == 0:
        return concatenate(tuple([np.atleast_1d(np.asarray(x)) for x in arrays]), -1)
    if len(rows) != len(arrays):
        refuse("block takes lists of one depth: put single arrays in lists, too")
    return concatenate(rows, -2)


array_split.samples(
    sample(real(7), 3), sample(real(2, 5), 2, axis=1), sample(real(6), [1, 4]), sample(real(2), 3),
)
vsplit.samples(sample(real(4, 3), 2), rejects(real(4), 2, error=Refusal))
hsplit.samples(sample(real(2, 4), 2), sample(real(6), 3), sample(real(2, 4), [1]))
dsplit.samples(sample(real(2, 3, 4), 2))
dstack.samples(
    sample((real(3), real(3))), sample((real(2, 3), real(2, 3))), sample((real(2, 3, 1), real(2, 3, 2))),
)
block.samples(
    sample([real(2), real(3)]), sample([[real(2, 2), real(2, 1)], [real(1, 2), real(1, 1)]]),
    sample([[real(3)], [real(3)]]),
)


@composite(np.meshgrid)
def meshgrid(*xi, indexing="xy", sparse=False, copy=True):
    """The coordinates of a grid, an array for each vector; with ``sparse`` of one row or column."""
    if indexing != "xy" and indexing != "ij":
        refuse(f"meshgrid(indexing={indexing!r}): use 'xy' or 'ij'")
    axes = tuple([np.ravel(np.asarray(x)) for x in xi])
    dims = tuple([x.shape[0] for x in axes])
    if indexing == "xy" and len(axes) > 1:
        dims = (dims[1], dims[0], *dims[2:])
    grids = ()
    place = 0
    for x in axes:
        along = place
        if indexing == "xy" and len(axes) > 1 and place < 2:
            along = 1 - place
        for k in range(len(axes)):
            if k != along:
                x = np.expand_dims(x, k)
        grids = (*grids, x if sparse else np.broadcast_to(x, dims))
        place = place + 1
    return grids


meshgrid.samples(
    sample(real(3), real(2)), sample(real(3), real(2), indexing="ij"), sample(real(3), real(2), real(4)),
    sample(real(2), real(3), sparse=True), sample(real(3)), sample(real(2), real(3), real(2), indexing="ij"),
)
