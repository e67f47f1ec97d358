"""Turning arrays, moving axes, and arrays of places: rot90, rollaxis, tri, tril_indices, indices."""

import numpy as np

from ..declaring.axes import axis_of, dtype_name, known
from ..indexing import nonzero
from ..primitive import composite, folded, primitive, real, refuse, sample
from ..shape import swapaxes, transpose
from ..types import Array
from .repetition import flip

__all__ = [
    "atleast_3d", "broadcast_arrays", "diag_indices", "diag_indices_from", "flat", "indices", "joint_shape",
    "lower_ones", "matrix_transpose", "ndim_of", "ravel_multi_index", "rollaxis", "rot90", "shape_of",
    "size_of", "tri", "tril_indices", "tril_indices_from", "triu_indices", "triu_indices_from",
    "unravel_index",
]


@composite(np.rot90)
def rot90(m, k=1, axes=(0, 1)):
    """The array turned by quarters in the plane of two axes; a view."""
    first, second = axis_of(axes[0], m.ndim), axis_of(axes[1], m.ndim)
    quarters = known(k) % 4
    if quarters == 0:
        return m
    if quarters == 2:
        return flip(flip(m, first), second)
    if quarters == 1:
        return swapaxes(flip(m, second), first, second)
    return flip(swapaxes(m, first, second), second)


@folded
def rolled(axis, start, ndim):
    """The order of axes after one is rolled back to before ``start``."""
    axis = axis_of(axis, ndim)
    start = start + ndim if start < 0 else start
    if not 0 <= start <= ndim:
        refuse(f"rollaxis(start={start}): use 0 to {ndim}")
    order = [k for k in range(ndim) if k != axis]
    order.insert(start - 1 if axis < start else start, axis)
    return tuple(order)


@composite(np.rollaxis)
def rollaxis(a, axis, start=0):
    """The array with an axis moved back to before another."""
    return transpose(a, rolled(axis, start, a.ndim))


@composite(np.matrix_transpose, np.linalg.matrix_transpose, attributes=("mT",))
def matrix_transpose(x):
    """The array with its last two axes exchanged."""
    if x.ndim < 2:
        refuse("a vector has no matrix transpose: write x[:, np.newaxis] for a column")
    return swapaxes(x, x.ndim - 2, x.ndim - 1)


@composite(attributes=("flat",))
def flat(x):
    """The elements one after the other: ``ravel``, through which a write reaches the array or is refused."""
    return np.ravel(x)


flat.samples(sample(real(2, 3)), sample(real(3)), sample(real(4, 3).T))


@composite(np.atleast_3d)
def atleast_3d(x):
    """The array with axes of size one added, up to three."""
    if x.ndim == 0:
        return np.full((1, 1, 1), x)
    if x.ndim == 1:
        return x[np.newaxis, :, np.newaxis]
    if x.ndim == 2:
        return x[:, :, np.newaxis]
    return x


rot90.samples(
    sample(real(2, 3)), sample(real(2, 3), k=2), sample(real(2, 3), k=-1), sample(real(2, 3), k=4),
    sample(real(2, 3, 4), axes=(1, 2)), sample(real(2, 3), axes=(1, 0)),
)
rollaxis.samples(sample(real(2, 3, 4), 2), sample(real(2, 3, 4), 0, 3), sample(real(2, 3, 4), 1, 1))
matrix_transpose.samples(sample(real(2, 3)), sample(real(2, 3, 4)))
atleast_3d.samples(sample(np.float64(2.0)), sample(real(3)), sample(real(2, 3)), sample(real(2, 3, 4)))

# ---------------------------------------------------------------------------------- common shapes


@primitive()
def joint_size(n, m):
    """The size of an axis on which sizes ``n`` and ``m`` are broadcast."""
    if n != m and n != 1 and m != 1:
        raise ValueError("operands could not be broadcast together: an axis has two sizes")
    return m if n == 1 else n


joint_size.result(lambda n, m: n)
joint_size.zero("n", "m")
joint_size.samples(sample(3, 3), sample(1, 3), sample(3, 1), sample(0, 1))


@composite()
def joint_shape(shapes):
    """The shape to which arrays of these shapes are broadcast."""
    dims = ()
    for shape in shapes:
        wide, short = (dims, shape) if len(dims) >= len(shape) else (shape, dims)
        lead = len(wide) - len(short)
        dims = tuple(wide[:lead]) + tuple([joint_size(n, m) for n, m in zip(wide[lead:], short, strict=True)])
    return dims


@composite(np.broadcast_arrays)
def broadcast_arrays(*args):
    """The arrays repeated to their common shape; copies, where NumPy gives views."""
    arrays = tuple([np.asarray(x) for x in args])
    dims = joint_shape(tuple([x.shape for x in arrays]))
    if len(dims) == 0:
        return arrays
    return tuple([np.broadcast_to(x, dims) for x in arrays])


@composite(np.broadcast_shapes)
def broadcast_shapes(*args):
    """The shape to which arrays of these shapes are broadcast."""
    return joint_shape(args)


@composite(np.shape)
def shape_of(a):
    """All sizes of an array; of a number, none."""
    return a.shape


@composite(np.ndim)
def ndim_of(a):
    """The number of axes."""
    return a.ndim


@composite(np.size)
def size_of(a, axis=None):
    """The number of elements, in all or along an axis."""
    if axis is None:
        return a.size
    return a.shape[axis_of(axis, a.ndim)]


broadcast_arrays.samples(sample(real(3), real(2, 1)), sample(real(3), np.float64(2.0)), sample(real(2, 3)))
broadcast_shapes.samples(sample((3,), (2, 1)), sample((1, 4), (5, 1, 1)))
shape_of.samples(sample(real(2, 3)))
ndim_of.samples(sample(real(2, 3)))
size_of.samples(sample(real(2, 3)), sample(real(2, 3), axis=1))

# ---------------------------------------------------------------------------------- triangles and places


@primitive(static=("dtype",))
def lower_ones(n, m, k, dtype):
    """Ones at and below the ``k``-th diagonal of a matrix, zeros above."""
    out = np.zeros((n, m), dtype)
    for i in range(n):
        for j in range(min(max(i + k + 1, 0), m)):
            out[i, j] = 1
    return out


lower_ones.result(lambda n, m, k, dtype: Array(dtype, 2))
lower_ones.zero("n", "m", "k")
lower_ones.samples(
    sample(3, 3, 0, dtype="float64"), sample(2, 4, 1, dtype="float64"), sample(3, 2, -1, dtype="int64"),
    sample(2, 2, 5, dtype="bool"),
)


@composite(np.tri)
def tri(N, M=None, k=0, dtype="float64"):
    """Ones at and below a diagonal."""
    return lower_ones(N, N if M is None else M, k, dtype_name(dtype))


@composite(np.tril_indices)
def tril_indices(n, k=0, m=None):
    """The places of the lower triangle of a matrix of ``n`` rows."""
    return nonzero(lower_ones(n, n if m is None else m, k, "bool"))


@composite(np.triu_indices)
def triu_indices(n, k=0, m=None):
    """The places of the upper triangle of a matrix of ``n`` rows."""
    return nonzero(~lower_ones(n, n if m is None else m, k - 1, "bool"))


@composite(np.tril_indices_from)
def tril_indices_from(arr, k=0):
    """The places of the lower triangle of a matrix."""
    return tril_indices(arr.shape[0], k, arr.shape[1])


@composite(np.triu_indices_from)
def triu_indices_from(arr, k=0):
    """The places of the upper triangle of a matrix."""
    return triu_indices(arr.shape[0], k, arr.shape[1])


@composite(np.diag_indices)
def diag_indices(n, ndim=2):
    """The places of the diagonal of a square matrix."""
    return (np.arange(n),) * known(ndim)


@composite(np.diag_indices_from)
def diag_indices_from(arr):
    """The places of the diagonal of a square matrix."""
    return (np.arange(arr.shape[0]),) * arr.ndim


@composite(np.indices)
def indices(dimensions):
    """The places of all elements of an array of this shape, an array for each axis."""
    if len(dimensions) > 3:
        refuse("indices of an array of more than three dimensions: use np.arange and broadcasting")
    grids: tuple = ()
    axis = 0
    for n in dimensions:
        g = np.arange(n)
        for k in range(len(dimensions)):
            if k != axis:
                g = np.expand_dims(g, k)
        grids = (*grids, np.broadcast_to(g, tuple(dimensions)))
        axis = axis + 1
    return np.stack(grids)


@composite(np.ravel_multi_index)
def ravel_multi_index(multi_index, dims):
    """The places in C order of elements of an array of this shape; they are not tested against it."""
    flat = 0
    for i, n in zip(multi_index, dims, strict=True):
        flat = flat * n + i
    return flat


@composite(np.unravel_index)
def unravel_index(indices, shape):
    """The indices of elements that are counted in C order, one array for each axis."""
    found: tuple = ()
    rest = indices
    for n in tuple(shape)[::-1]:
        found = (rest % n, *found)
        rest = rest // n
    return found


tri.samples(sample(3), sample(2, 4, 1), sample(3, k=-1, dtype=int))
tril_indices.samples(sample(3), sample(3, -1), sample(3, 1, 2))
triu_indices.samples(sample(3), sample(3, 1), sample(2, 0, 4))
tril_indices_from.samples(sample(real(3, 3)), sample(real(3, 2), k=-1))
triu_indices_from.samples(sample(real(3, 3)), sample(real(2, 3), k=1))
diag_indices.samples(sample(3))
diag_indices_from.samples(sample(real(3, 3)))
indices.samples(sample((2, 3)), sample((2,)))
ravel_multi_index.samples(sample((np.array([0, 1]), np.array([2, 1])), (2, 3)))
unravel_index.samples(sample(np.array([0, 4, 5]), (2, 3)))
