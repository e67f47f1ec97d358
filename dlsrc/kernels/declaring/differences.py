"""Numerical derivatives, and the arguments of a call handled alike whatever their form.

An argument is a number, an array, or a tuple or list of these: its *leaves* are the parts.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..types import Array, Scalar, Sequence, Shape, Tape, Type, type_of

__all__ = [
    "SINGLE", "TOLERANCE", "as_float", "copied", "derivative", "difference", "directions_of", "dtype_of",
    "fits", "inner", "is_float", "is_number", "kind_of", "leaves", "ones_like", "same", "shapes",
    "shares_memory", "shifted", "typed", "unboxed", "waves_like", "zeros_like",
]

# The one tolerance of every comparison, relative to the largest of what is compared.
TOLERANCE = 1e-8
SINGLE = 1e-6  # of float32, where sums are taken in another order

# Central differences at first / 2**k, k < STEPS, each extrapolated with up to ORDER earlier ones.
FIRST_STEP, STEPS, ORDER = 0.25, 13, 5

# Up to this size an argument is moved in every direction, and not in a random one only.
SMALL = 12


def derivative(curve: Callable[[float], Any], first: float = FIRST_STEP) -> np.ndarray:
    """The derivative at zero of a function of one number: central differences, extrapolated.

    ``first`` is the longest step.

    Of all estimates (Ridders, *Advances in Engineering Software* 4, 1982) each element takes the one
    that agrees best with those it was made from, so a step too long, over a kink or out of the
    domain, or too short, all rounding, does no harm.

    >>> abs(derivative(lambda h: np.exp(h)) - 1) < 1e-12
    np.True_
    """
    best: Any = None
    error: Any = np.inf
    earlier: list = []
    for k in range(STEPS):
        h = first / 2**k
        ahead, behind = np.asarray(curve(h), float), np.asarray(curve(-h), float)
        if ahead.shape != behind.shape or (earlier and ahead.shape != earlier[0].shape):
            best, error, earlier = None, np.inf, []
            continue  # the step changes how many elements there are
        row = [(ahead - behind) / (2 * h)]
        if best is None:
            best, error = np.full(row[0].shape, np.nan), np.full(row[0].shape, np.inf)
        for j, old in enumerate(earlier[:ORDER]):
            row.append(row[j] + (row[j] - old) / (4 ** (j + 1) - 1))
            distance = np.maximum(abs(row[j + 1] - row[j]), abs(row[j + 1] - old))
            better = distance < error
            best, error = np.where(better, row[j + 1], best), np.where(better, distance, error)
        earlier = row
    return best


def directions_of(x: Any) -> list:
    """A random direction of an argument, and for a small one every axis; each in its form."""
    parts = leaves(x)
    rng = np.random.default_rng([13, *np.shape(parts[0])])
    found = [like(x, [rng.standard_normal(np.shape(part)) for part in parts])]
    if 1 < sum(np.size(part) for part in parts) <= SMALL:
        for k, part in enumerate(parts):
            for place in np.ndindex(np.shape(part)):
                unit = [np.zeros(np.shape(other)) for other in parts]
                unit[k][place] = 1.0
                found.append(like(x, unit))
    return found


def shifted(x: Any, direction: Any, h: float) -> Any:
    """The argument moved by ``h`` along a direction."""
    return like(x, [part + h * along for part, along in zip(leaves(x), leaves(direction), strict=True)])


# ---------------------------------------------------------------------------------- arguments of any form


def typed(x: Any) -> Type:
    """The type of an argument or a result, tuples and lists included."""
    if isinstance(x, tuple) and all(isinstance(n, int | np.integer) for n in x):
        return Shape(len(x))
    if isinstance(x, tuple):
        return Sequence(typed(x[0]), len(x))  # type: ignore[arg-type]
    if isinstance(x, list):
        # an empty tape is of nothing yet: any item will do
        return Tape(typed(x[0]) if x else Array("float64", 1))  # type: ignore[arg-type]
    return type_of(x)


def dtype_of(x: Any) -> str:
    """The dtype of a number or an array."""
    return getattr(typed(x), "dtype", "")


def kind_of(type_: Type) -> str:
    """What is compared of two types: the dtype and the number of dimensions."""
    if isinstance(type_, Sequence):
        return f"tuple of {type_.length} {kind_of(type_.item)}"
    if isinstance(type_, Tape):
        return f"list of {kind_of(type_.item)}"
    if isinstance(type_, Shape):
        return f"shape of {type_.ndim}"
    return f"{type_.dtype} of {type_.ndim} dimensions"


def fits(x: Any, declared: Type) -> bool:
    """Whether a value is what was declared; a Python float may be of either precision."""
    if isinstance(x, float) and not isinstance(x, np.generic):
        return isinstance(declared, Scalar) and declared.dtype[:5] == "float"
    return kind_of(typed(x)) == kind_of(declared)


def is_number(x: Any) -> bool:
    """Whether it is a number or an array."""
    return isinstance(typed(x), Scalar | Array)


def is_float(x: Any) -> bool:
    """Whether all of it can carry a derivative."""
    return all(is_number(part) and dtype_of(part) in ("float64", "float32") for part in leaves(x))


def leaves(x: Any) -> list:
    """The arrays and numbers in an argument: itself, or the items of a tuple."""
    return list(x) if isinstance(x, tuple | list) and x else [x]


def like(x: Any, parts: list) -> Any:
    """Parts put together in the form of an argument."""
    return type(x)(parts) if isinstance(x, tuple | list) else parts[0]


def copied(x: Any) -> Any:
    """A copy of the same memory layout, through tuples and lists."""
    if isinstance(x, tuple | list):
        return type(x)(copied(part) for part in x)
    return x.copy(order="K") if isinstance(x, np.ndarray) else x


def as_float(x: Any, dtype: str) -> Any:
    """An argument with its floats, Python's too, of this precision."""
    if isinstance(x, tuple | list):
        return type(x)(as_float(part, dtype) for part in x)
    return np.asarray(x, dtype)[()] if is_float(x) else x


def zeros_like(x: Any) -> Any:
    """Zeros in the form of an argument."""
    return like(x, [np.zeros_like(part) for part in leaves(x)])


def ones_like(x: Any) -> Any:
    """Ones in the form of an argument."""
    return like(x, [np.ones_like(part)[()] for part in leaves(x)])


def waves_like(x: Any) -> Any:
    """Unequal numbers in the form of an argument: what ones make zero (of a softmax) they do not.

    >>> waves_like(np.zeros(3)).round(3)
    array([ 1.   ,  0.54 , -0.416])
    """
    parts = [np.cos(np.arange(np.size(part))).reshape(np.shape(part)) for part in leaves(x)]
    own = zip(parts, leaves(x), strict=True)
    return like(x, [part.astype(np.asarray(given).dtype)[()] for part, given in own])


def unboxed(found: Any, expected: Any) -> Any:
    """A compiled result as compiled code has it: numba hands a float32 to Python as a float."""
    pairs = zip(leaves(found), leaves(expected), strict=False)
    parts = [np.float32(part) if isinstance(y, np.float32) else part for part, y in pairs]
    return like(found, parts)


def inner(a: Any, b: Any) -> tuple[float, float]:
    """The inner product of two arguments, and the sum of the sizes of its terms."""
    terms = [u * v for u, v in zip(leaves(a), leaves(b), strict=True)]
    return float(sum(map(np.sum, terms))), float(sum(np.sum(np.abs(term)) for term in terms))


def shapes(x: Any) -> Any:
    """The shape of every leaf."""
    return [np.shape(part) for part in leaves(x)]


def same(a: Any, b: Any) -> bool:
    """Whether two arguments hold the same numbers, nan being equal to itself."""
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray | float | np.floating):
        return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
    return a == b


def shares_memory(result: Any, others: Any) -> bool:
    """Whether a result shares memory with one of the others."""
    arrays = [part for part in leaves(result) if isinstance(part, np.ndarray)]
    if isinstance(others, tuple | list):
        return any(shares_memory(result, other) for other in others)
    return isinstance(others, np.ndarray) and any(np.shares_memory(array, others) for array in arrays)


def difference(what: str, found: Any, expected: Any, single: float = TOLERANCE) -> Iterator[str]:
    """How a result differs from the expected one, if it does; ``single`` is the tolerance of float32."""
    if shapes(found) != shapes(expected):
        yield f"{what} has shape {shapes(found)}, expected is {shapes(expected)}"
        return
    for left, right in zip(leaves(found), leaves(expected), strict=True):
        left, right = np.asarray(left), np.asarray(right)
        finite = np.isfinite(right)
        scale = np.max(np.abs(right[finite].astype(float)), initial=0.0)
        off = np.abs(left[finite].astype(float) - right[finite].astype(float))
        if not np.array_equal(left[~finite], right[~finite], equal_nan=right.dtype.kind == "f") or not np.all(
            off <= (single if right.dtype == np.float32 else TOLERANCE) * scale
        ):
            yield f"{what} is {left}, expected is {right}"
