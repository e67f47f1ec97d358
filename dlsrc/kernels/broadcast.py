"""Broadcasting as a copy, and its undoing as a sum.

Both walk the large array in C order, one row of its last axis at a time, and know for every axis how far
the small array moves with it: not at all along an axis that it is broadcast on.
"""

import numpy as np

from .primitive import composite, kernel, primitive, real, refuse, rejects, sample
from .types import Array, Shape

__all__ = [
    "broadcast_to", "expand", "make_shape", "shape1", "shape2", "shape3", "shape4", "shape5", "spread",
    "sum_to",
]


@primitive(inline=True)
def shape1(n0):
    """The shape of a vector."""
    return (n0,)


@primitive(inline=True)
def shape2(n0, n1):
    """The shape of a matrix."""
    return (n0, n1)


@primitive(inline=True)
def shape3(n0, n1, n2):
    """The shape of an array of three dimensions."""
    return (n0, n1, n2)


@primitive(inline=True)
def shape4(n0, n1, n2, n3):
    """The shape of an array of four dimensions."""
    return (n0, n1, n2, n3)


@primitive(inline=True)
def shape5(n0, n1, n2, n3, n4):
    """The shape of an array of five dimensions."""
    return (n0, n1, n2, n3, n4)


for _ndim, _made in enumerate((shape1, shape2, shape3, shape4, shape5), 1):
    _made.zero(*_made.arguments)
    _made.result(lambda _ndim=_ndim, **sizes: Shape(_ndim))
    _made.samples(sample(*range(2, 2 + _ndim)))


@composite()
def make_shape(dims):
    """The shape value of a tuple of one to five integers."""
    if len(dims) == 1:
        return shape1(dims[0])
    if len(dims) == 2:
        return shape2(dims[0], dims[1])
    if len(dims) == 3:
        return shape3(dims[0], dims[1], dims[2])
    if len(dims) == 4:
        return shape4(dims[0], dims[1], dims[2], dims[3])
    if len(dims) == 5:
        return shape5(dims[0], dims[1], dims[2], dims[3], dims[4])
    refuse(f"arrays of {len(dims)} dimensions cannot be made here: use one to five")


@kernel
def broadcast_steps(x_shape, shape):
    """How far a C-ordered array of shape ``x_shape`` moves with each axis of ``shape``.

    For (3, 1) against (2, 3, 4) it is 0, 1, 0.
    """
    missing = len(shape) - len(x_shape)
    steps = np.zeros(len(shape), np.int64)
    step = 1
    for k in range(len(x_shape) - 1, -1, -1):
        if x_shape[k] != 1:
            if x_shape[k] != shape[missing + k]:
                raise ValueError("operands could not be broadcast together: an axis has two sizes")
            steps[missing + k] = step
        step *= x_shape[k]
    return steps


@kernel
def last_block(steps, shape):
    """The end of a large array's axes as one matrix, of which the small one has the rows or the columns.

    Gives the axis before that block, and the block's rows and columns.  A vector (10,) is all columns of
    (20, 30, 10), seen as 600 by 10; a (20, 1, 1) all rows of it, seen as 20 by 300: none is before these.
    """
    k = len(shape) - 1
    columns, rows = 1, 1
    repeated = steps[k] == 0
    while k >= 0 and (steps[k] == 0) == repeated:
        columns *= shape[k]
        k -= 1
    while k >= 0 and (steps[k] == 0) != repeated:
        rows *= shape[k]
        k -= 1
    return k, rows, columns


@kernel
def advance(at, counter, steps, shape, k):
    """The position in the small array after the large one went on to its next index of the axes up to ``k``,
    of which ``counter`` is the present one."""
    while k >= 0:
        counter[k] += 1
        at += steps[k]
        if counter[k] < shape[k]:
            break
        at -= steps[k] * shape[k]
        counter[k] = 0
        k -= 1
    return at


@primitive()
def expand(x, shape):
    """A copy of the array, broadcast to a shape."""
    out = np.empty(shape, x.dtype)
    steps = broadcast_steps(x.shape, shape)
    source = x.ravel()
    into = out.ravel()
    before, rows, columns = last_block(steps, shape)
    counter = np.zeros(len(shape), np.int64)
    at = 0
    start = 0
    while start < into.size:
        block = into[start:start + rows * columns].reshape((rows, columns))
        if steps[-1] == 0:
            part = source[at:at + rows]
            for i in range(rows):
                for j in range(columns):
                    block[i, j] = part[i]
        else:
            part = source[at:at + columns]
            for i in range(rows):
                for j in range(columns):
                    block[i, j] = part[j]
        start += rows * columns
        at = advance(at, counter, steps, shape, before)
    return out


@expand.result
def expand_result(x, shape):
    return Array(x.dtype, shape.ndim, "C", x.labels)


@expand.adjoint("x")
def expand_dx(dy, x_shape):
    return sum_rows_to(dy, x_shape)


expand.zero("shape")
expand.linear("x")
expand.samples(
    sample(real(3), (2, 3)),
    sample(real(3, 1), (3, 4)),
    sample(real(3, 1), (2, 3, 4)),
    sample(real(1, 2, 1), (2, 2, 3)),
    sample(real(4, 3).T, (2, 3, 4)),
    sample(real(2, 2), (2, 2)),
    sample(real(0), (2, 0)),
    rejects(real(3), (2, 4), error=ValueError),
)


@kernel(fastmath=("reassoc", "contract"))
def sum_rows_to(x, shape):
    """``x`` summed over the axes that ``shape`` lacks or has as 1."""
    out = np.zeros(shape, x.dtype)
    steps = broadcast_steps(shape, x.shape)
    source = x.ravel()
    into = out.ravel()
    before, rows, columns = last_block(steps, x.shape)
    counter = np.zeros(x.ndim, np.int64)
    at = 0
    start = 0
    while start < source.size:
        block = source[start:start + rows * columns].reshape((rows, columns))
        if steps[-1] == 0:
            part = into[at:at + rows]
            for i in range(rows):
                total = x.dtype.type(0)
                for j in range(columns):
                    total += block[i, j]
                part[i] += total
        else:
            part = into[at:at + columns]
            for i in range(rows):
                for j in range(columns):
                    part[j] += block[i, j]
        start += rows * columns
        at = advance(at, counter, steps, x.shape, before)
    return out


@kernel(fastmath=("reassoc", "contract"))
def sum_vector_to(x, n):
    """``x`` summed to a vector of one element, where ``n`` is 1."""
    if n != 1:
        raise ValueError("operands could not be broadcast together: an axis has two sizes")
    total = x.dtype.type(0)
    for i in range(x.shape[0]):
        total += x[i]
    out = np.empty(1, x.dtype)
    out[0] = total
    return out


@kernel(fastmath=("reassoc", "contract"))
def sum_matrix_to(x, rows, columns):
    """``x`` summed to a matrix of so many rows and columns: its own number of them, or one."""
    if (rows != 1 and rows != x.shape[0]) or (columns != 1 and columns != x.shape[1]):
        raise ValueError("operands could not be broadcast together: an axis has two sizes")
    out = np.zeros((rows, columns), x.dtype)
    if columns != 1:
        for i in range(x.shape[0]):
            row = out[0 if rows == 1 else i]
            for j in range(columns):
                row[j] += x[i, j]
        return out
    for i in range(x.shape[0]):
        total = x.dtype.type(0)
        for j in range(x.shape[1]):
            total += x[i, j]
        out[0 if rows == 1 else i, 0] += total
    return out


@kernel
def as_rows(x):
    """``x`` as a matrix whose rows are what stands along its last axis, in order of C."""
    columns = x.shape[x.ndim - 1]
    rows = 1  # counted: where there are no columns, the size does not say
    for axis in range(x.ndim - 1):
        rows *= x.shape[axis]
    return x.ravel().reshape((rows, columns))


@primitive(view=True)  # or a copy
def sum_to(x, shape):
    """The array summed to a shape that broadcasts to its own; the array itself if it has that shape.

    Most that are summed are matrices, or summed to a vector: the general way takes numba a second.
    """
    if x.ndim == len(shape):
        if x.shape == shape:
            return x
        if x.ndim == 1:
            return sum_vector_to(x, shape[0])
        if x.ndim == 2:
            return sum_matrix_to(as_rows(x), shape[0], shape[1])
    if len(shape) == 1:
        one = np.int64(1)  # a literal would have a kernel of its own
        return sum_matrix_to(as_rows(x), one, shape[0])[0]
    return sum_rows_to(x, shape)


@sum_to.result
def sum_to_result(x, shape):
    if shape.ndim == 0:
        refuse("sum_to gives an array: sum_all gives the scalar")
    # Either x itself or a new array in C order: numba joins the two layouts.
    return Array(x.dtype, shape.ndim, "C" if shape.ndim != x.ndim or x.layout == "C" else "A", x.labels)


@sum_to.adjoint("x")
def sum_to_dx(dy, x_shape):
    return expand(dy, x_shape)


sum_to.zero("shape")
sum_to.linear("x")
sum_to.samples(
    sample(real(2, 3), (3,)),
    sample(real(2, 3), (2, 1)),
    sample(real(2, 3), (1, 3)),
    sample(real(2, 3), (1, 1)),
    sample(real(2, 3), (2, 3)),
    sample(real(4), (1,)),
    sample(real(2, 3, 4), (3, 1)),
    sample(real(4, 3, 2).T, (3, 1)),
    sample(real(0, 3), (3,)),
    sample(real(5, 0), (5, 1)),
    sample(real(2, 3, 0), (0,)),
)


@primitive()
def spread(x, shape):
    """A copy of the array, broadcast to a shape, where the user asked for NumPy's read-only view."""
    return expand(x, shape)


spread.result(expand_result)
spread.adjoint("x")(expand_dx)
spread.zero("shape")
spread.linear("x")
spread.samples(sample(real(3), (2, 3)), sample(real(3, 1), (3, 4)))


@composite(np.broadcast_to)
def broadcast_to(x, shape):
    """The array repeated to a shape; a copy, where NumPy gives a read-only view."""
    if isinstance(shape, (int, np.integer)):
        dims = (shape,)
    else:
        dims = shape
    if x.ndim == 0:
        return np.full(dims, x)
    return spread(x, make_shape(dims))


broadcast_to.samples(sample(real(3), (2, 3)), sample(real(3, 1), (3, 4)), sample(np.float64(2.5), (2, 2)))
