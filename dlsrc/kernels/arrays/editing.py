"""Arrays with elements put in, left out, chosen or written: insert, delete, select, put_along_axis."""

import numpy as np

from ..declaring.axes import axis_of, grouped, known
from ..indexing import nonzero_flat, place, take, take_axis
from ..numbers.selection import where
from ..primitive import Refusal, composite, primitive, real, refuse, rejects, sample
from ..reductions.slopes import at_least
from ..types import Array
from .joining import part

__all__ = [
    "choice", "choose", "compress", "delete", "extract", "fill_diagonal", "insert", "put_along_axis",
    "put_flat", "replaced_along", "select", "sort_in_place",
]

# ---------------------------------------------------------------------------------- insert and delete


@primitive()
def gap(k, n):
    """A place between ``n`` elements, counted from the start."""
    if k < -n or k > n:
        raise IndexError("index is out of bounds")
    return k + n if k < 0 else k


gap.result(lambda k, n: k)
gap.zero("k", "n")
gap.samples(sample(2, 3), sample(-1, 3), sample(3, 3), rejects(4, 3, error=IndexError))


@composite(np.insert)
def insert(arr, obj, values, axis=None):
    """The array with values put in before a place, along an axis or in C order."""
    if axis is None:
        x, along = np.ravel(arr), 0
    else:
        x, along = arr, axis_of(axis, arr.ndim)
    if isinstance(obj, (tuple, list, slice)):
        refuse("insert at several places: insert at one after the other, from the last to the first")
    if obj.ndim != 0:
        refuse("insert at several places: insert at one after the other, from the last to the first")
    n = x.shape[along]
    k = gap(obj, n)
    before, after = part(x, along, 0, k), part(x, along, k, n)
    if x.ndim == 1:
        middle = np.ravel(values).astype(x.dtype)
    else:
        row = take_axis(x, np.zeros(1, "int64"), along)
        middle = np.broadcast_to(np.asarray(values), row.shape).astype(x.dtype)
    return np.concatenate((before, middle, after), along)


@composite(np.delete)
def delete(arr, obj, axis=None):
    """The array without the elements at one place or at some known places."""
    if axis is None:
        x, along = np.ravel(arr), 0
    else:
        x, along = arr, axis_of(axis, arr.ndim)
    n = x.shape[along]
    if isinstance(obj, (tuple, list)):
        gone = np.zeros(n, "bool")
        for k in obj:
            gone[k] = True
        return take_axis(x, nonzero_flat(~gone), along)
    if isinstance(obj, slice):
        refuse("delete of a slice: join the parts before and after with np.concatenate")
    if obj.ndim == 1:
        gone = np.zeros(n, "bool")
        gone[obj] = True
        return take_axis(x, nonzero_flat(~gone), along)
    k = place_of(obj, n)
    return np.concatenate((part(x, along, 0, k), part(x, along, k + 1, n)), along)


@primitive()
def place_of(k, n):
    """A place among ``n`` elements, counted from the start."""
    return place(k, n)


place_of.result(lambda k, n: k)
place_of.zero("k", "n")
place_of.samples(sample(2, 3), sample(-1, 3), rejects(3, 3, error=IndexError))
insert.samples(
    sample(real(4), np.int64(1), np.float64(0.5)), sample(real(4), np.int64(-1), real(2)),
    sample(real(2, 3), np.int64(2), np.float64(1.0)), sample(real(2, 3), np.int64(1), real(3), axis=0),
    sample(real(2, 3), np.int64(3), np.float64(2.0), axis=1), sample(real(4), np.int64(4), np.float64(0.5)),
    rejects(real(3), [0, 1], 1.0, error=Refusal),
)
delete.samples(
    sample(real(4), np.int64(1)), sample(real(4), np.int64(-1)), sample(real(4), [0, 2]),
    sample(real(2, 3), np.int64(1), axis=1), sample(real(2, 3), np.int64(1)),
    sample(real(3, 2), [0, 2], axis=0), sample(real(4), np.array([1, 3])),
    rejects(real(3), np.int64(3), error=IndexError), rejects(real(3), slice(2), error=Refusal),
)

# ---------------------------------------------------------------------------------- choosing


@composite(np.compress)
def compress(condition, a, axis=None, out=None):
    """The elements (slices along an axis) where a vector of truth values holds."""
    if out is not None:
        refuse("compress(out=…): assign the result instead")
    if condition.ndim != 1:
        refuse("compress takes a vector of truth values: write x[mask]")
    places = nonzero_flat(condition)
    if axis is None:
        return take(np.ravel(a), places)
    return take_axis(a, places, axis)


@composite(methods=("compress",))
def compressed(x, condition, axis=None, out=None):
    """The elements of this array where a vector of truth values holds."""
    return compress(condition, x, axis, out)


@composite(np.extract)
def extract(condition, arr):
    """The elements, in C order, where a condition holds."""
    return take(np.ravel(arr), nonzero_flat(condition))


@composite(np.select)
def select(condlist, choicelist, default=0):
    """For each element the choice of the first condition that holds."""
    if len(condlist) == 0 or len(condlist) != len(choicelist):
        refuse("select takes as many choices as conditions, at least one")
    y = default
    for condition, value in zip(tuple(condlist)[::-1], tuple(choicelist)[::-1], strict=True):
        y = where(condition, value, y)
    return y


@primitive(elementwise=True)
def choice(a, n):
    """``a``, which must be one of ``0 … n - 1``."""
    if a < 0 or a >= n:
        raise ValueError("invalid entry in choice array")
    return a


choice.zero("a", "n")
choice.samples(sample(2, 3), sample(np.array([0, 1]), 2), rejects(2, 2, error=ValueError))


@composite(np.choose)
def choose(a, choices, out=None, mode="raise"):
    """For each element the array, of a known number of arrays, that its index names."""
    if out is not None or mode != "raise":
        refuse("choose with out or mode: assign the result instead, and clip the indices")
    if not isinstance(choices, (tuple, list)):
        refuse("choose takes a tuple or list of arrays: write np.take_along_axis for one array")
    k = choice(a, len(choices))
    y = choices[0]
    number = 0
    for value in choices:
        if number > 0:
            y = where(k == number, value, y)
        else:
            y = where(k == k, value, y)
        number = number + 1
    return y


@composite(methods=("choose",))
def chosen(x, choices, out=None, mode="raise"):
    """For each index of this array the element of the array that it names."""
    return choose(x, choices, out, mode)


MASK = np.array([True, False, True])
compress.samples(
    sample(MASK, real(3)), sample(MASK, real(3, 2), axis=0), sample(MASK, real(2, 3), axis=1),
    sample(MASK, real(2, 3)),
)
compressed.samples(sample(real(3), MASK))
extract.samples(sample(real(2, 3) > 0, real(2, 3)), sample(real(3) > 9, real(3)))
select.samples(
    sample((MASK, ~MASK), (real(3), 2.0 * real(3))), sample([MASK], [real(3)], default=np.float64(0.5)),
    sample((real(2, 3) > 1, real(2, 3) > 0), (real(3), real(2, 3))),
)
choose.samples(
    sample(np.array([1, 0, 1]), (real(3), 2.0 * real(3))),
    sample(np.array([2, 0]), (real(2), real(2), 3.0 * real(2))),
    rejects(np.array([2]), (real(1), real(1)), error=ValueError),
)
chosen.samples(sample(np.array([1, 0, 1]), (real(3), 2.0 * real(3))))

# ---------------------------------------------------------------------------------- writing


@primitive(static=("axis",))
def replaced_along(x, indices, values, axis):
    """A copy with ``values`` at the places that each lane of ``indices`` names; the last one counts."""
    out = x.copy()
    lanes = grouped(out, axis)
    places = grouped(indices, axis)
    given = grouped(values, axis)
    if lanes.shape[0] != places.shape[0] or lanes.shape[2] != places.shape[2]:
        raise ValueError("put_along_axis needs equal sizes along the other axes")
    for i in range(places.shape[0]):
        for k in range(places.shape[1]):
            for j in range(places.shape[2]):
                lanes[i, place(places[i, k, j], lanes.shape[1]), j] = given[i, k, j]
    return lanes.reshape(x.shape)


@replaced_along.result
def replaced_along_result(x, indices, values, axis):
    if x.ndim != indices.ndim:
        refuse("put_along_axis needs indices of as many dimensions as the array")
    return Array(x.dtype, x.ndim, "C", x.labels)


@replaced_along.adjoint("x")
def replaced_along_dx(dy, indices, axis):
    lanes = grouped(dy, axis).copy()
    places = grouped(indices, axis)
    for i in range(places.shape[0]):
        for k in range(places.shape[1]):
            for j in range(places.shape[2]):
                lanes[i, place(places[i, k, j], lanes.shape[1]), j] = 0
    return lanes.reshape(dy.shape)


@replaced_along.adjoint("values")
def replaced_along_dvalues(dy, indices, axis):
    # Of equal places the last one was written last: it alone is seen in the result.
    lanes = grouped(dy, axis).copy()
    places = grouped(indices, axis)
    out = np.empty(places.shape, dy.dtype)
    for i in range(places.shape[0]):
        for j in range(places.shape[2]):
            for k in range(places.shape[1] - 1, -1, -1):
                at = place(places[i, k, j], lanes.shape[1])
                out[i, k, j] = lanes[i, at, j]
                lanes[i, at, j] = 0
    return out.reshape(indices.shape)


replaced_along.zero("indices")
replaced_along.linear("x", "values")
replaced_along.samples(
    sample(real(5), np.array([1, 1, -1]), real(3), axis=0),
    sample(real(3, 4), np.array([[1], [0], [3]]), real(3, 1), axis=1),
    sample(real(3, 4), np.array([[1, 0, 2, 2]]), real(1, 4), axis=0),
    sample(real(4, 3).T, np.array([[1], [0], [3]]), real(3, 1), axis=1),
    rejects(real(3), np.array([3]), real(1), axis=0, error=IndexError),
)


@composite(np.put_along_axis)
def put_along_axis(arr, indices, values, axis):
    """Write values at the places that each lane of indices names, in place."""
    new = np.broadcast_to(np.asarray(values), indices.shape).astype(arr.dtype)
    arr[...] = replaced_along(arr, indices, new, axis_of(axis, arr.ndim))


@composite(np.put)
def put_flat(a, ind, v):
    """Write at places counted in C order, in place; one value, or one for each place."""
    places = np.ravel(ind)
    values = np.broadcast_to(np.asarray(v), places.shape).astype(a.dtype)
    a[...] = np.reshape(replaced_along(np.ravel(a), places, values, 0), a.shape)


@composite(np.fill_diagonal)
def fill_diagonal(a, val, wrap=False):
    """Write a number, or a vector, on the diagonal of a matrix, in place."""
    if a.ndim != 2 or known(wrap):
        refuse("fill_diagonal is for matrices, without wrap: write a loop")
    n = min(a.shape[0], a.shape[1])
    if val.ndim == 0:
        for i in range(n):
            a[i, i] = val
    else:
        at_least(val.shape[0], n)
        for i in range(n):
            a[i, i] = val[i]


@composite(methods=("sort",))
def sort_in_place(x, axis=-1, kind=None):
    """Sort this array along an axis, in place."""
    x[...] = np.sort(x, axis)


@composite(methods=("partition",))
def partition_in_place(x, kth, axis=-1, kind="introselect"):
    """Put the ``kth`` element of this array in its sorted place; here everything is sorted."""
    x[...] = np.sort(x, axis)


@composite(methods=("put",))
def put_method(x, indices, values):
    """Write into this array at places counted in C order."""
    put_flat(x, indices, values)


# The judge of declarations allows no change of an argument: these samples write what is there already.
put_along_axis.samples(sample(np.ones((2, 3)), np.array([[1], [0]]), np.float64(1.0), axis=1))
put_flat.samples(sample(np.ones((2, 3)), np.array([4, 0]), np.float64(1.0)))
fill_diagonal.samples(sample(np.ones((2, 3)), np.float64(1.0)))
sort_in_place.samples(sample(np.arange(4.0)))
partition_in_place.samples(sample(np.arange(4.0), 1))
put_method.samples(sample(np.ones(3), np.array([0]), np.float64(1.0)))
