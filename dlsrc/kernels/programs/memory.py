"""What generated code asks of memory: sizes, new arrays, copies, tapes; writing in place is in ``stores``."""

import numpy as np

from ..primitive import composite, primitive, real, refuse, sample
from ..types import Array, Scalar, Shape, Tape, unlabelled

__all__ = [
    "append", "as_scalar", "copied", "copy", "dim", "empty_vector", "growing", "item", "item_of",
    "room", "same_order", "shape", "size", "straightened", "tape_list", "zeros_like", "zeros_vector",
]

# ---------------------------------------------------------------------------------- facts


@primitive(inline=True, static=("axis",))
def dim(x, axis):
    """The size of the array along one axis."""
    return x.shape[axis]


@dim.result
def dim_result(x, axis):
    return Scalar("int64", weak=True)


dim.zero("x")
dim.samples(sample(real(2, 3), axis=1))


@primitive(inline=True)
def size(x):
    """The number of elements."""
    return x.size


@size.result
def size_result(x):
    return Scalar("int64", weak=True)


size.zero("x")
size.samples(sample(real(2, 3)))


@primitive(inline=True)
def shape(x):
    """All sizes of the array."""
    return x.shape


@shape.result
def shape_result(x):
    return Shape(x.ndim)


shape.zero("x")
shape.samples(sample(real(2, 3)))


@primitive(inline=True)
def as_scalar(x):
    """The only element of an array of size one."""
    return x.item()


@as_scalar.result
def as_scalar_result(x):
    return Scalar(x.dtype, labels=unlabelled(x))


@as_scalar.adjoint("x")
def as_scalar_dx(dy, x_shape):
    return np.full(x_shape, dy)


as_scalar.linear("x")
as_scalar.samples(sample(real(1)), sample(real(1, 1)))


@composite(methods=("item",))
def item_of(x, *index):
    """One element as a number."""
    if x.ndim == 0:
        return x
    if len(index) == 0:
        return as_scalar(x)
    if len(index) == 1:
        if isinstance(index[0], tuple):
            return x[index[0]]
        if x.ndim > 1:
            return x.ravel()[index[0]]
        return x[index[0]]
    return x[index]


item_of.samples(sample(real(1)), sample(real(3), 1), sample(real(2, 3), 4), sample(real(2, 3), 1, 2))

# ---------------------------------------------------------------------------------- allocation


@primitive(inline=True)
def zeros_like(x):
    """Zeros of the array's shape and dtype."""
    return np.zeros_like(x)


@zeros_like.result
def zeros_like_result(x):
    return Array(x.dtype, x.ndim, "F" if x.layout == "F" else "C", x.labels)


zeros_like.zero("x")
zeros_like.samples(sample(real(3)), sample(real(2, 3)), sample(real(2, 3).T))


@primitive(inline=True, static=("dtype",))
def empty_vector(n, dtype):
    """A vector of ``n`` elements, not initialized."""
    return np.empty(n, dtype)


@empty_vector.result
def empty_vector_result(n, dtype):
    return Array(dtype, 1)


empty_vector.zero("n")
empty_vector.samples(sample(0, dtype="float64"))


@primitive(inline=True, static=("dtype",))
def zeros_vector(n, dtype):
    """A vector of ``n`` zeros."""
    return np.zeros(n, dtype)


@zeros_vector.result
def zeros_vector_result(n, dtype):
    return Array(dtype, 1)


zeros_vector.zero("n")
zeros_vector.samples(sample(3, dtype="float64"), sample(2, dtype="int64"))


@primitive(inline=True)
def copy(x):
    """The same elements in new memory, in C order."""
    return x.copy()


@copy.result
def copy_result(x):
    if isinstance(x, Scalar):
        refuse("a number needs no copy: use it as it is")
    return Array(x.dtype, x.ndim, "C", x.labels)


@copy.adjoint("x")
def copy_dx(dy):
    return dy.copy()


copy.linear("x")


@primitive(inline=True)
def same_order(x):
    """The same elements in new memory, in C order, where NumPy keeps an order that is not known."""
    return x.copy()


same_order.result(lambda x: Array(x.dtype, x.ndim, "C", x.labels))
same_order.adjoint("x")(copy_dx)
same_order.linear("x")
same_order.samples(sample(real(2, 3)), sample(real(4, 6)[::2, ::2]))
copy.samples(sample(real(3)), sample(real(2, 3)), sample(real(2, 3).T), sample(real(6)[::2]))


@composite(np.copy)
def copied(a, order="K"):
    """A copy in the same order; a number is its own."""
    if a.ndim == 0:
        return a
    if order == "F" or a.flags.f_contiguous and order != "C":
        return copy(a.T).T
    if order == "K" and not a.flags.c_contiguous:
        return same_order(a)
    return copy(a)


@composite(methods=("copy",))
def copied_in_order(x, order="C"):
    """A copy, in C order if nothing else is asked for."""
    return copied(x, order)


copied.samples(
    sample(real(3)), sample(real(2, 3)), sample(real(2, 3).T), sample(real(4, 6)[::2, ::2]),
    sample(real(2, 3), "F"), sample(real(2, 3).T, "C"),
)
copied_in_order.samples(sample(real(2, 3).T), sample(real(2, 3), "K"))

# ---------------------------------------------------------------------------------- tapes


@primitive(inline=True, generated=True, static=("dtype",))
def growing(dtype):
    """A tape that grows: a vector with places for what is kept, of which more are made by `room`."""
    return np.empty(1024, dtype)


growing.result(lambda dtype: Array(dtype, 1))
growing.samples(sample(dtype="float64"))


@primitive(generated=True)
def room(tape, k):
    """The tape if it has a place ``k``, else a copy twice as long."""
    if k < tape.shape[0]:
        return tape
    longer = np.empty(2 * k + 8, tape.dtype)
    for i in range(tape.shape[0]):
        longer[i] = tape[i]
    return longer


@room.result
def room_result(tape, k):
    return tape


room.linear("tape")
room.samples(sample(real(3), 2), sample(real(3), 3))


@primitive(inline=True, generated=True, static=("kept",))
def tape_list(kept):
    """An empty list for arrays or shapes; numba types it by what is appended."""
    return []


@tape_list.result
def tape_list_result(kept):
    return Tape(kept)


tape_list.samples(sample(kept=Array("float64", 1)))


@primitive(inline=True, effect=True, generated=True)
def append(tape, value):
    """Keep an array or a shape at the end of the list."""
    return tape.append(value)


@append.result
def append_result(tape, value):
    return tape


append.linear("tape", "value")
append.samples(sample([real(2)], real(3)))


@primitive(inline=True, generated=True, view=True)
def item(tape, k):
    """What was kept at place ``k`` of a list."""
    return tape[k]


@item.result
def item_result(tape, k):
    return tape.item


item.linear("tape")
item.samples(sample([real(2)], 0))


# ---------------------------------------------------------------------------------- in order


@primitive(inline=True)
def straightened(x):
    """The elements in C order as a new vector, where NumPy's may be in the same memory."""
    return x.flatten()


@straightened.adjoint("x")
def straightened_dx(dy, x_shape):
    return dy.copy().reshape(x_shape)


straightened.result(lambda x: Array(x.dtype, 1, "C", unlabelled(x)))
straightened.linear("x")
straightened.samples(sample(real(2, 3)), sample(real(2, 3).T), sample(real(0, 3)))
