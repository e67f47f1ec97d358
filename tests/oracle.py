"""What a gradient is compared with: differences of the plain function, taken without dlsrc.

The oracle knows nothing of dlsrc: it calls the user's function in plain NumPy on deep copies of its
arguments.  Two ways to differentiate it: Richardson-extrapolated central differences (everywhere), and
the complex step (exact to rounding, for code that accepts complex numbers).

    programs = Programs()

    @programs(vector(5), compiled=True)
    def sum_of_squares(x):
        ...

    test_loops = programs.test()
"""

import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dlsrc

__all__ = [
    "TOLERANCE", "Programs", "assert_close", "assert_gradient", "complex_step", "gradient", "matrix", "vector",
]

# Relative to max(1, |expected|), for values and gradients; the only tolerance of these tests.
TOLERANCE = 1e-8

# float32 carries 24 bits: a few hundred roundings.  Its oracle is the same program run in float64.
TOLERANCE_FLOAT32 = 3e-5

# First steps of the extrapolation; each is halved eight times.  The best of them is taken, as large steps
# are more accurate for smooth functions and only small ones stay on one side of a branch.
FIRST_STEPS = (0.125, 1e-2, 1e-3)
HALVINGS = 8


# ---------------------------------------------------------------------------------- arguments


def vector(*shape: int, low: float = 0.5, high: float = 1.5) -> np.ndarray:
    """Numbers between ``low`` and ``high`` in no order, the same on every run: ``vector(3, 4)`` is a matrix."""
    generator = np.random.default_rng([11, *shape])
    return generator.uniform(low, high, shape)


def matrix(rows: int, columns: int) -> np.ndarray:
    """A matrix with entries of both signs, none near zero."""
    signs = np.where(np.indices((rows, columns)).sum(0) % 3 == 0, -1.0, 1.0)
    return vector(rows, columns) * signs


# ---------------------------------------------------------------------------------- differentiating


def gradient(f: Callable, *args: Any, argnums: int | tuple[int, ...] = 0, double: bool = False) -> Any:
    """The gradient of ``f`` by the arguments ``argnums``, in their structure, by extrapolated differences.

    With ``double`` the function runs on float64 copies of its float32 arguments.
    """
    single = isinstance(argnums, int)
    numbers = (argnums,) if single else argnums
    if double:
        args = tuple(map_leaves(widened, a) for a in args)
    results = []
    for number in numbers:
        slopes = [differences(f, args, number, place) for place in places(args[number])]
        results.append(rebuilt(args[number], slopes))
    return results[0] if single else tuple(results)


def differences(f: Callable, args: tuple, number: int, place: tuple) -> float:
    """One partial derivative: the extrapolation with the smallest error estimate."""

    def at(step: float) -> float:
        moved = list(copy.deepcopy(args))
        moved[number] = shifted(moved[number], place, step)
        return float(f(*moved))

    best, smallest = np.nan, np.inf
    for first in FIRST_STEPS:
        value, error = extrapolated(at, first)
        if error < smallest:
            best, smallest = value, error
    if not smallest <= TOLERANCE / 4 * max(1.0, abs(best)):
        raise ArithmeticError(f"the differences of {f} do not converge (error {smallest:.1e}): test elsewhere")
    return best


def extrapolated(at: Callable[[float], float], step: float) -> tuple[float, float]:
    """Richardson's table of central differences: its best entry and how far the entry's neighbours are."""
    row: list[float] = []
    best, smallest = np.nan, np.inf
    for _ in range(HALVINGS):
        new = [(at(step) - at(-step)) / (2 * step)]
        for k, coarser in enumerate(row):
            new.append(new[k] + (new[k] - coarser) / (4.0 ** (k + 1) - 1))
            error = max(abs(new[k + 1] - new[k]), abs(new[k + 1] - coarser))
            if error < smallest:
                best, smallest = new[k + 1], error
        row, step = new, step / 2
    return best, smallest


def complex_step(f: Callable, x: np.ndarray) -> np.ndarray:
    """The gradient of an analytic ``f`` at the array ``x``, exact to rounding; ``f`` must accept complex numbers."""
    step = 1e-30
    result = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[index] += 1j * step
        result[index] = f(moved).imag / step
    return result


# ---------------------------------------------------------------------------------- structures


def is_leaf(tree: Any) -> bool:
    return not isinstance(tree, dict | list | tuple) and not dataclasses.is_dataclass(tree)


def children(tree: Any) -> list[tuple[Any, Any]]:
    """The parts of a container, each with what leads to it."""
    if isinstance(tree, dict):
        return list(tree.items())
    if isinstance(tree, list | tuple):
        return list(enumerate(tree))
    return [(field.name, getattr(tree, field.name)) for field in dataclasses.fields(tree)]


def remade(tree: Any, parts: list) -> Any:
    """A container like ``tree`` of other parts."""
    if isinstance(tree, dict):
        return dict(zip(tree, parts, strict=True))
    if hasattr(tree, "_fields"):
        return type(tree)(*parts)
    if isinstance(tree, list | tuple):
        return type(tree)(parts)
    names = [field.name for field in dataclasses.fields(tree)]
    return dataclasses.replace(tree, **dict(zip(names, parts, strict=True)))


def map_leaves(change: Callable, tree: Any) -> Any:
    return change(tree) if is_leaf(tree) else remade(tree, [map_leaves(change, part) for _, part in children(tree)])


def leaves(tree: Any) -> list:
    return [tree] if is_leaf(tree) else [leaf for _, part in children(tree) for leaf in leaves(part)]


def widened(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray | np.floating) and leaf.dtype == np.float32:
        return leaf.astype(np.float64)
    return leaf


def real(leaf: Any) -> bool:
    return isinstance(leaf, float | np.floating) or isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"


def places(tree: Any, path: tuple = ()) -> Iterator[tuple]:
    """Where the real numbers of an argument are: a path to a leaf, and the index of an element of it."""
    if not is_leaf(tree):
        for step, part in children(tree):
            yield from places(part, (*path, step))
    elif isinstance(tree, np.ndarray) and real(tree):
        for index in np.ndindex(tree.shape):
            yield path, index
    elif real(tree):
        yield path, None


def shifted(tree: Any, place: tuple, step: float) -> Any:
    """The argument with one of its numbers moved by ``step``."""
    path, index = place
    if path:
        parts = [shifted(part, (path[1:], index), step) if name == path[0] else part for name, part in children(tree)]
        return remade(tree, parts)
    if index is None:
        return type(tree)(tree + step)
    tree[index] += step
    return tree


def rebuilt(tree: Any, slopes: list[float]) -> Any:
    """The numbers in the structure of the argument; what is not real has no gradient and becomes None."""
    remaining = iter(slopes)

    def fill(leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray) and real(leaf):
            return np.array([next(remaining) for _ in range(leaf.size)]).reshape(leaf.shape)
        return next(remaining) if real(leaf) else None

    return map_leaves(fill, tree)


# ---------------------------------------------------------------------------------- comparing


def assert_close(actual: Any, expected: Any, tolerance: float = TOLERANCE) -> None:
    """The numbers are equal to ``tolerance``, relative to max(1, |expected|), in shape too; NaN equals nothing."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    allowed = tolerance * np.maximum(1.0, np.abs(expected))
    if not np.all(np.abs(actual - expected) <= allowed):
        raise AssertionError(f"got\n{actual!r}\nexpected\n{expected!r}")


def assert_gradient(
    f: Callable, *args: Any, argnums: int | tuple[int, ...] = 0, oracle: str = "richardson",
) -> None:
    """Compare ``value_and_grad(f, argnums)(*args)`` with the plain function and with the oracle.

    Also: the arguments are left as they were, and a gradient is fresh memory, no other gradient's either,
    contiguous, and of the dtype of its argument, and a second call gives the same numbers in other memory.

    Parameters
    ----------
    oracle : "richardson", "complex" (analytic functions of one float64 array) or "float32" (the same program
        in float64, compared to float32's precision)
    """
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    kept = copy.deepcopy(args)
    value = f(*copy.deepcopy(args))
    if oracle == "complex":
        expected = complex_step(f, *copy.deepcopy(args))
    else:
        expected = gradient(f, *copy.deepcopy(args), argnums=argnums, double=oracle == "float32")
    tolerance = TOLERANCE_FLOAT32 if oracle == "float32" else TOLERANCE

    derivative = dlsrc.value_and_grad(f, argnums)
    first = derivative(*args)
    assert_same_arguments(args, kept, numbers)
    # What is not differentiated may be a buffer that the function writes, as it would without dlsrc.
    again = [a if n in numbers else b for n, (a, b) in enumerate(zip(args, copy.deepcopy(kept), strict=True))]
    second = derivative(*again)
    assert_same_arguments(args, kept, numbers)

    for got_value, got in (first, second):
        # np.float64 is a float; a function of float32 numbers keeps its float32.
        allowed = float | np.float32 if oracle == "float32" else float
        assert isinstance(got_value, allowed), f"the value is a {type(got_value).__name__}, not a float"
        assert_close(got_value, float(value), tolerance)
        tuples = [(got, expected)] if isinstance(argnums, int) else list(zip(got, expected, strict=True))
        for number, (mine, right) in zip(numbers, tuples, strict=True):
            assert_same_structure(mine, args[number])
            for actual, leaf, correct in zip(leaves(mine), leaves(args[number]), leaves(right), strict=True):
                if correct is not None:
                    assert_leaf(actual, leaf, correct, tolerance)
        assert_fresh(got, args)
        assert_apart(got)
    assert_fresh(second[1], first[1])
    for one, other in zip(leaves(first[1]), leaves(second[1]), strict=True):
        assert np.array_equal(one, other), "a second call gives another gradient"


def assert_leaf(actual: Any, argument: Any, expected: Any, tolerance: float) -> None:
    assert_close(actual, expected, tolerance)
    if isinstance(argument, np.ndarray):
        assert isinstance(actual, np.ndarray), f"the gradient by an array is a {type(actual).__name__}"
        assert actual.dtype == argument.dtype, f"the gradient is {actual.dtype}, its argument {argument.dtype}"
        assert actual.flags.c_contiguous, "the gradient is not contiguous"
        assert actual.flags.writeable, "the gradient is read-only"
    else:
        assert isinstance(actual, float | np.floating), f"the gradient by a float is a {type(actual).__name__}"


def assert_same_structure(actual: Any, argument: Any) -> None:
    if is_leaf(argument):
        return
    assert type(actual) is type(argument), f"the gradient by a {type(argument).__name__} is a {type(actual).__name__}"
    assert [name for name, _ in children(actual)] == [name for name, _ in children(argument)]
    for (_, mine), (_, theirs) in zip(children(actual), children(argument), strict=True):
        assert_same_structure(mine, theirs)


def assert_same_arguments(args: tuple, kept: tuple, numbers: tuple[int, ...]) -> None:
    for number in numbers:
        for now, before in zip(leaves(args[number]), leaves(kept[number]), strict=True):
            if isinstance(now, np.ndarray):
                assert np.array_equal(now, before), f"argument {number} was written to"


def assert_fresh(got: Any, others: Any) -> None:
    for mine in leaves(got):
        for other in leaves(others):
            if isinstance(mine, np.ndarray) and isinstance(other, np.ndarray):
                assert not np.shares_memory(mine, other), "the gradient shares memory with something older"


def assert_apart(got: Any) -> None:
    arrays = [leaf for leaf in leaves(got) if isinstance(leaf, np.ndarray)]
    for k, one in enumerate(arrays):
        for other in arrays[:k]:
            assert not np.shares_memory(one, other), "two gradients share memory"


# ---------------------------------------------------------------------------------- collecting programs


@dataclasses.dataclass(frozen=True)
class Program:
    """A function under test, its arguments, and how it is checked."""

    function: Callable
    args: tuple
    options: dict

    def check(self) -> None:
        assert_gradient(self.function, *self.args, **self.options)


class Programs:
    """The programs of one test file: a decorator that leaves the function as it is, and the test of them all.

    A program decorated twice is tested with both sets of arguments.
    """

    def __init__(self) -> None:
        self.collected: list = []

    def __call__(self, *args: Any, compiled: bool = False, **options: Any) -> Callable[[Callable], Callable]:
        marks = (pytest.mark.compiled,) if compiled else ()

        def collect(f: Callable) -> Callable:
            self.collected.append(pytest.param(Program(f, args, options), id=getattr(f, "__name__", "partial"), marks=marks))
            return f

        return collect

    def test(self) -> Callable:
        """The test function of the file."""

        @pytest.mark.parametrize("program", self.collected)
        def test_program(program: Program) -> None:
            program.check()

        return test_program
