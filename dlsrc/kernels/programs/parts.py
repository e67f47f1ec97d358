"""Arrays that stand one after the other in a vector, and are taken from it as views.

``where`` has a row for each of them: where it starts, then its shape.

    part2(layers, where, k)        the matrix number k: layers[start : start + n * m].reshape((n, m))
"""

import numpy as np

from ..primitive import primitive, real, sample
from ..types import Array

__all__ = ["part1", "part2", "part3", "part4"]


@primitive(view=True, part=True)
def part1(x, where, k):
    """The ``k``-th of the vectors that stand one after the other in a vector; a view."""
    return x[where[k, 0] : where[k, 0] + where[k, 1]]


@primitive(view=True, part=True)
def part2(x, where, k):
    """The ``k``-th of the matrices that stand one after the other in a vector; a view."""
    n, m = where[k, 1], where[k, 2]
    return x[where[k, 0] : where[k, 0] + n * m].reshape((n, m))


@primitive(view=True, part=True)
def part3(x, where, k):
    """The ``k``-th of the three-dimensional arrays that stand one after the other in a vector; a view."""
    n, m, p = where[k, 1], where[k, 2], where[k, 3]
    return x[where[k, 0] : where[k, 0] + n * m * p].reshape((n, m, p))


@primitive(view=True, part=True)
def part4(x, where, k):
    """The ``k``-th of the four-dimensional arrays that stand one after the other in a vector; a view."""
    n, m, p, q = where[k, 1], where[k, 2], where[k, 3], where[k, 4]
    return x[where[k, 0] : where[k, 0] + n * m * p * q].reshape((n, m, p, q))


def part_dx(dy, x_shape, where, k):
    made = np.zeros(x_shape, dy.dtype)
    elements = np.ascontiguousarray(dy).ravel()
    start = where[k, 0]
    for i in range(len(elements)):
        made[start + i] = elements[i]
    return made


_SHAPES = ((5, 2), ((2, 3), (1, 2)), ((2, 1, 3), (1, 2, 1)), ((2, 1, 2, 1), (1, 3, 1, 2)))

for _ndim, _made in enumerate((part1, part2, part3, part4), 1):
    _made.adjoint("x")(part_dx)
    _made.zero("where", "k")
    _made.result(lambda x, where, k, ndim=_ndim: Array(x.dtype, ndim, "C", x.labels))
    _sizes = [(s,) if isinstance(s, int) else s for s in _SHAPES[_ndim - 1]]
    _first, _second = (int(np.prod(s)) for s in _sizes)
    _table = np.array([(0, *_sizes[0]), (_first, *_sizes[1])])
    _made.samples(*(sample(real(_first + _second), _table, k) for k in (0, 1, -1)))
