"""New arrays: zeros, ones, a constant, an identity matrix, evenly spaced numbers.

Nothing is differentiated by a size.  A constant and the ends of a grid are differentiated.
"""

import numpy as np

from ..declaring.axes import dtype_name
from ..primitive import composite, primitive, real, refuse, sample
from ..programs.memory import empty_vector, zeros_like, zeros_vector
from ..reduction import sum_all
from ..types import Array, Scalar, promote

__all__ = [
    "arange", "count_to", "empty", "empty_like", "eye", "eye_matrix", "full", "full_like", "grid", "identity",
    "new_zeros_like", "ones", "ones_like", "steps", "zeros",
]

# ---------------------------------------------------------------------------------- one constant


@primitive(inline=True, static=("dtype",))
def zeros2(n0, n1, dtype):
    """A matrix of zeros."""
    return np.zeros((n0, n1), dtype)


@primitive(inline=True, static=("dtype",))
def zeros3(n0, n1, n2, dtype):
    """An array of three dimensions of zeros."""
    return np.zeros((n0, n1, n2), dtype)


@primitive(inline=True, static=("dtype",))
def zeros4(n0, n1, n2, n3, dtype):
    """An array of four dimensions of zeros."""
    return np.zeros((n0, n1, n2, n3), dtype)


@primitive(inline=True, static=("dtype",))
def zeros5(n0, n1, n2, n3, n4, dtype):
    """An array of five dimensions of zeros."""
    return np.zeros((n0, n1, n2, n3, n4), dtype)


@primitive(inline=True, static=("dtype",))
def empty2(n0, n1, dtype):
    """A matrix, not initialized."""
    return np.empty((n0, n1), dtype)


@primitive(inline=True, static=("dtype",))
def empty3(n0, n1, n2, dtype):
    """An array of three dimensions, not initialized."""
    return np.empty((n0, n1, n2), dtype)


@primitive(inline=True, static=("dtype",))
def empty4(n0, n1, n2, n3, dtype):
    """An array of four dimensions, not initialized."""
    return np.empty((n0, n1, n2, n3), dtype)


@primitive(inline=True, static=("dtype",))
def empty5(n0, n1, n2, n3, n4, dtype):
    """An array of five dimensions, not initialized."""
    return np.empty((n0, n1, n2, n3, n4), dtype)


@primitive(inline=True, static=("dtype",))
def full1(n0, value, dtype):
    """A vector of equal elements."""
    return np.full((n0,), value, dtype)


@primitive(inline=True, static=("dtype",))
def full2(n0, n1, value, dtype):
    """A matrix of equal elements."""
    return np.full((n0, n1), value, dtype)


@primitive(inline=True, static=("dtype",))
def full3(n0, n1, n2, value, dtype):
    """An array of three dimensions of equal elements."""
    return np.full((n0, n1, n2), value, dtype)


@primitive(inline=True, static=("dtype",))
def full4(n0, n1, n2, n3, value, dtype):
    """An array of four dimensions of equal elements."""
    return np.full((n0, n1, n2, n3), value, dtype)


@primitive(inline=True, static=("dtype",))
def full5(n0, n1, n2, n3, n4, value, dtype):
    """An array of five dimensions of equal elements."""
    return np.full((n0, n1, n2, n3, n4), value, dtype)


def full_dvalue(dy):
    return sum_all(dy)


for _rank, _made in enumerate((zeros2, zeros3, zeros4, zeros5), 2):
    _made.zero(*_made.arguments)
    _made.result(lambda dtype, _rank=_rank, **sizes: Array(dtype, _rank))
    _made.samples(sample(*range(1, 1 + _rank), dtype="float64"), sample(*(2,) * _rank, dtype="int64"))

for _rank, _made in enumerate((empty2, empty3, empty4, empty5), 2):
    _made.zero(*_made.arguments)
    _made.result(lambda dtype, _rank=_rank, **sizes: Array(dtype, _rank))
    _made.samples(sample(*(0,) * _rank, dtype="float64"))  # with elements, their values are arbitrary

for _rank, _made in enumerate((full1, full2, full3, full4, full5), 1):
    _made.adjoint("value")(full_dvalue)
    _made.linear("value")
    _made.zero(*(name for name in _made.arguments if name != "value"))
    _made.result(lambda dtype, _rank=_rank, **others: Array(dtype, _rank))
    _made.samples(sample(*range(1, 1 + _rank), 2.5, dtype="float64"))


@composite(np.zeros)
def zeros(shape, dtype="float64", order="C"):
    """Zeros of a shape, an integer or a tuple."""
    if isinstance(shape, (int, np.integer)):
        dims = (shape,)
    else:
        dims = shape
    if order != "C":
        refuse("arrays are made in C order: leave order out, or transpose")
    kind = dtype_name(dtype)
    if len(dims) == 1:
        return zeros_vector(dims[0], kind)
    if len(dims) == 2:
        return zeros2(dims[0], dims[1], kind)
    if len(dims) == 3:
        return zeros3(dims[0], dims[1], dims[2], kind)
    if len(dims) == 4:
        return zeros4(dims[0], dims[1], dims[2], dims[3], kind)
    if len(dims) == 5:
        return zeros5(dims[0], dims[1], dims[2], dims[3], dims[4], kind)
    refuse(f"arrays of {len(dims)} dimensions cannot be made here: use one to five")


@composite(np.empty)
def empty(shape, dtype="float64", order="C"):
    """An array of a shape, not initialized."""
    if isinstance(shape, (int, np.integer)):
        dims = (shape,)
    else:
        dims = shape
    if order != "C":
        refuse("arrays are made in C order: leave order out, or transpose")
    kind = dtype_name(dtype)
    if len(dims) == 1:
        return empty_vector(dims[0], kind)
    if len(dims) == 2:
        return empty2(dims[0], dims[1], kind)
    if len(dims) == 3:
        return empty3(dims[0], dims[1], dims[2], kind)
    if len(dims) == 4:
        return empty4(dims[0], dims[1], dims[2], dims[3], kind)
    if len(dims) == 5:
        return empty5(dims[0], dims[1], dims[2], dims[3], dims[4], kind)
    refuse(f"arrays of {len(dims)} dimensions cannot be made here: use one to five")


@composite(np.full)
def full(shape, fill_value, dtype=None, order="C"):
    """An array of a shape with equal elements."""
    if isinstance(shape, (int, np.integer)):
        dims = (shape,)
    else:
        dims = shape
    if order != "C":
        refuse("arrays are made in C order: leave order out, or transpose")
    if dtype is None:
        kind = dtype_name(fill_value.dtype)
    else:
        kind = dtype_name(dtype)
    if fill_value.ndim > 0:
        return np.broadcast_to(fill_value, dims).astype(kind)  # type: ignore[arg-type]
    if len(dims) == 1:
        return full1(dims[0], fill_value, kind)
    if len(dims) == 2:
        return full2(dims[0], dims[1], fill_value, kind)
    if len(dims) == 3:
        return full3(dims[0], dims[1], dims[2], fill_value, kind)
    if len(dims) == 4:
        return full4(dims[0], dims[1], dims[2], dims[3], fill_value, kind)
    if len(dims) == 5:
        return full5(dims[0], dims[1], dims[2], dims[3], dims[4], fill_value, kind)
    refuse(f"arrays of {len(dims)} dimensions cannot be made here: use one to five")


@composite(np.ones)
def ones(shape, dtype="float64", order="C"):
    """Ones of a shape."""
    return np.full(shape, 1.0, dtype, order)


@composite(np.zeros_like)
def new_zeros_like(x, dtype=None):
    """Zeros of an array's shape, and of its dtype if none is given."""
    if x.ndim == 0:
        return 0.0
    if dtype is None:
        return zeros_like(x)
    return np.zeros(x.shape, dtype)


@composite(np.ones_like)
def ones_like(x, dtype=None):
    """Ones of an array's shape, and of its dtype if none is given."""
    if x.ndim == 0:
        return 1.0
    if dtype is None:
        return np.ones(x.shape, x.dtype)
    return np.ones(x.shape, dtype)


@composite(np.empty_like)
def empty_like(x, dtype=None):
    """An array of the same shape, not initialized."""
    if x.ndim == 0:
        return 0.0
    if dtype is None:
        return np.empty(x.shape, x.dtype)
    return np.empty(x.shape, dtype)


@composite(np.full_like)
def full_like(x, fill_value, dtype=None):
    """An array of the same shape with equal elements, of its dtype if none is given."""
    if x.ndim == 0:
        return fill_value
    if dtype is None:
        return np.full(x.shape, fill_value, x.dtype)
    return np.full(x.shape, fill_value, dtype)


zeros.samples(sample(3), sample((2, 3)), sample((2, 1, 3), dtype=np.float32), sample((2, 1, 2, 2)))
ones.samples(sample(3), sample((2, 3)), sample((2, 1, 3), dtype=int))
empty.samples(sample(0), sample((0, 2)))
empty_like.samples(sample(real(0)), sample(real(0, 2)))
full.samples(sample(3, np.float64(2.5)), sample((2, 3), np.float64(2.5), dtype="f4"), sample((2, 3), real(3)))
new_zeros_like.samples(sample(real(3)), sample(real(2, 3), dtype=np.float32), sample(real(2, 3).T))
ones_like.samples(sample(real(3)), sample(real(2, 3), dtype=np.float32))
full_like.samples(sample(real(3), 2.5), sample(real(2, 3), 2, dtype=int))

# ---------------------------------------------------------------------------------- identity


@primitive(static=("dtype",))
def eye_matrix(n, m, k, dtype):
    """Ones on the ``k``-th diagonal, zeros elsewhere."""
    out = np.zeros((n, m), dtype)
    for i in range(n):
        if 0 <= i + k < m:
            out[i, i + k] = 1
    return out


@eye_matrix.result
def eye_matrix_result(n, m, k, dtype):
    return Array(dtype, 2)


eye_matrix.zero("n", "m", "k")
eye_matrix.samples(
    sample(3, 3, 0, dtype="float64"), sample(2, 4, 1, dtype="float64"), sample(3, 2, -1, dtype="int64")
)


@composite(np.eye)
def eye(N, M=None, k=0, dtype="float64", order="C"):
    """Ones on a diagonal of a matrix."""
    if M is None:
        return eye_matrix(N, N, k, dtype_name(dtype))
    return eye_matrix(N, M, k, dtype_name(dtype))


@composite(np.identity)
def identity(n, dtype="float64"):
    """The identity matrix."""
    return eye_matrix(n, n, 0, dtype_name(dtype))


eye.samples(sample(3), sample(2, 3, 1), sample(3, dtype=np.float32))
identity.samples(sample(3))

# ---------------------------------------------------------------------------------- grids


def dtype_of_steps(*ends):
    """The dtype of arange."""
    dtype = promote(*ends)[0]
    if dtype not in ("float64", "int64"):
        refuse(f"arange of {dtype} numbers: convert them with float(...), and the result with .astype")
    return dtype


@primitive(inline=True)
def count_to(stop):
    """0, 1, 2, … below ``stop``."""
    return np.arange(stop)


@count_to.result
def count_to_result(stop):
    return Array(dtype_of_steps(stop), 1)


count_to.zero("stop")
count_to.samples(sample(4), sample(0), sample(2.5))


@primitive(inline=True)
def steps(start, stop, step):
    """``start``, ``start + step``, … up to ``stop``, which is not reached."""
    return np.arange(start, stop, step)


@steps.result
def steps_result(start, stop, step):
    return Array(dtype_of_steps(start, stop, step), 1)


@steps.adjoint("start")
def steps_dstart(dy):
    return sum_all(dy)


@steps.adjoint("step")
def steps_dstep(dy):
    total = 0.0
    for k in range(dy.shape[0]):
        total += k * dy[k]
    return total


steps.zero("stop")
steps.samples(sample(1, 5, 1), sample(5, 0, -2), sample(0.25, 2.1, 0.5))


@composite(np.arange)
def arange(start, stop=None, step=None, dtype=None):
    """Evenly spaced numbers with a given step."""
    if stop is None:
        y = count_to(start)
    elif step is None:
        y = steps(start, stop, 1)
    else:
        y = steps(start, stop, step)
    if dtype is None:
        return y
    return y.astype(dtype)


arange.samples(sample(4), sample(1, 4), sample(0.0, 1.0, 0.25), sample(4, dtype=float))


@primitive(static=("endpoint",))
def grid(start, stop, num, endpoint):
    """``num`` evenly spaced numbers from ``start`` to ``stop``, which is the last or is left out."""
    out = np.empty(num, np.float64)
    parts = num - 1 if endpoint else num
    step = (stop - start) / max(parts, 1)
    for k in range(num):
        out[k] = start + k * step
    if endpoint and num > 1:
        out[num - 1] = stop
    return out


@grid.result
def grid_result(start, stop, num, endpoint):
    if promote(start, stop, Scalar("float64", weak=True))[0] != "float64":
        refuse("linspace between float32 numbers: convert them with float(...), and the result with .astype")
    return Array("float64", 1)


@grid.adjoint("start")
def grid_dstart(dy, endpoint):
    parts = max(dy.shape[0] - 1 if endpoint else dy.shape[0], 1)
    total = 0.0
    for k in range(dy.shape[0]):
        total += dy[k] * (1.0 - k / parts)
    return total


@grid.adjoint("stop")
def grid_dstop(dy, endpoint):
    parts = max(dy.shape[0] - 1 if endpoint else dy.shape[0], 1)
    total = 0.0
    for k in range(dy.shape[0]):
        total += dy[k] * (k / parts)
    return total


grid.zero("num")
grid.linear("start", "stop")
grid.samples(
    sample(0.5, 2.0, 5, endpoint=True), sample(0.5, 2.0, 4, endpoint=False),
    sample(1.0, 3.0, 1, endpoint=True), sample(1.0, 3.0, 0, endpoint=True),
)
