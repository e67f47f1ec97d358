"""Rules in another spelling, for a derivative that passes through them.

A rule is written for speed, with kernels that walk strides or count through shapes.  Where it is itself
differentiated, the same function in terms of primitives is taken instead: what it computes is the same.
"""

from collections.abc import Callable

from ..broadcast import expand_dx, sum_to
from ..primitive import folded
from ..shape import permute, permute_dx

__all__ = ["AGAIN", "again"]

AGAIN: dict[Callable, Callable] = {}


def again(rule: Callable) -> Callable[[Callable], Callable]:
    """Declare a function to be what a rule is, where that is differentiated."""

    def declare(spelling: Callable) -> Callable:
        AGAIN[rule] = spelling
        return spelling

    return declare


@again(expand_dx)
def expand_dx_again(dy, x_shape):
    return sum_to(dy, x_shape)


@folded
def inverse_of(axes):
    """The permutation that undoes another.

    >>> inverse_of((1, 2, 0))
    (2, 0, 1)
    """
    return tuple(axes.index(k) for k in range(len(axes)))


@again(permute_dx)
def permute_dx_again(dy, axes):
    return permute(dy, inverse_of(axes)).copy()
