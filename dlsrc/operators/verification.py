"""``check``: is the derivative of a function of the user's right, and can it be relied on."""

import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..calls.target import target_of
from ..derivatives import value_and_grad
from ..dlarray import dlarray, extractdata, wrap
from ..errors import UnsupportedSyntax
from ..evaluate import dlfeval
from ..failures.failure import plain_value
from ..lazy import engine
from ..records import record, replace
from ..report import asks_for_gradient
from ..signature import read_call
from ..structure import LEAF, flatten, unflatten
from ..updates import is_network
from .directional import jvp, vjp

__all__ = ["Verdict", "check"]

# Relative to the larger of the slope, the sum of its terms and the value: what differences can resolve.
TOLERANCE = 1e-8

# Forward and reverse mode compute the same products in another order.
TOLERANCE_MODES = 1e-11

# float32 carries 24 bits: a few hundred roundings.  The plain function is then run in float64.
TOLERANCE_FLOAT32 = 3e-5

# Steps of the differences start here, relative to the numbers that are moved.
FIRST_STEP = 2.0**-5


@dataclass(frozen=True)
class Verdict:
    """What `check` found; true if nothing is wrong.

    Attributes
    ----------
    name : str
        The function's.
    problems : tuple of str
        What is wrong, one sentence each; empty if nothing is.
    worst : float
        The largest difference between a derivative and the differences it was compared with, relative.
    compared : int
        How many directional derivatives were compared.
    modes : float or None
        The largest relative difference between forward and reverse mode; None if they were not compared.
    """

    name: str
    problems: tuple[str, ...]
    worst: float
    compared: int
    modes: float | None = None

    def __bool__(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        if self.problems:
            more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
            return f"{self.name}: FAILED: {self.problems[0]}{more}"
        modes = "" if self.modes is None else f"forward and reverse mode to {self.modes:.0e}; "
        return (
            f"{self.name}: passed: {self.compared} directional derivatives agree with differences to "
            f"{self.worst:.0e}; {modes}repeatable; arguments unchanged"
        )

    __repr__ = __str__


def check(
    f: Callable, /, *args: Any, argnums: int | tuple[int, ...] | None = None, has_aux: bool = False,
    directions: int = 2, seed: int = 0, **kwargs: Any,
) -> Verdict:  # fmt: skip
    """Compare the derivative of a function with differences of the function run as plain Python.

    Parameters
    ----------
    f : callable
        A function of numbers, arrays and containers that returns numbers, arrays or containers of them (of
        several, a random combination is checked); an objective for `dlfeval`, which returns its value, then
        the gradients by its dlarray arguments in their order (of a `dlnetwork` by its ``learnables``), then
        anything else; or what `grad`, `value_and_grad` or
        `dlaccelerate` gave.
    *args, **kwargs
        The arguments of a call, at a point where the function is smooth.
    argnums : int or tuple of int, optional
        Positions to differentiate by; all that hold real numbers if not given.
    has_aux : bool
        Whether the function returns a pair (value, something else).
    directions : int
        Random directions for each argument.
    seed : int
        Of the directions.

    Returns
    -------
    Verdict
        True if all holds; printed, it is one line:

        * the value is the plain function's, unless that is made of derivatives itself;
        * along random directions, the gradient gives what extrapolated central differences of the plain
          function give (relative 1e-8; 3e-5 if an argument is float32, whose differences are of float64);
        * forward mode gives the same along them (relative 1e-11), where it takes the function;
        * called again, value and gradient are the same bit for bit;
        * no argument is changed.

    Notes
    -----
    At a kink differences do not converge, and the check fails: move the point a little.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import check
    >>> def energy(x):
    ...     return np.sum(x**2) / x[0]
    >>> bool(check(energy, np.array([1.0, 2.0])))
    True
    """
    subject = _subject(f, args, kwargs, argnums, has_aux)
    run = subject.run
    problems: list[str] = []
    value, gradients = subject.derivative(args, kwargs, problems)
    expected = subject.plain(args, kwargs)
    if np.isnan(expected) and subject.along is None:
        # Made of derivatives it has no value in plain Python: differences are of its program.
        subject = replace(subject, plain=lambda a, k: run(*copy.deepcopy((a, k)))[0])
        expected = subject.plain(args, kwargs)
    tolerance = TOLERANCE_FLOAT32 if _is_single(args, kwargs) else TOLERANCE
    if not np.isclose(value, expected, rtol=tolerance, atol=0.0, equal_nan=True):
        problems.append(f"the value is {value!r}, plain Python gives {expected!r}")
    rng = np.random.default_rng(seed)
    worst, compared, modes = 0.0, 0, None
    for k, gradient in gradients:
        where = f"argument {k}" if subject.names is None else f"`{subject.names[k]}`"
        for direction in _directions(_moves(args[k]), rng, directions):
            slope = _slope(subject, args, kwargs, k, direction)
            found, terms = _inner(gradient, direction)
            size = max(abs(slope), terms, abs(expected)) or 1.0
            compared += 1
            if not abs(found - slope) <= tolerance * size:
                problems.append(f"along {where} the derivative is {found!r}, differences give {slope!r}")
                break
            worst = max(worst, abs(found - slope) / size)
            forward = subject.forward(args, kwargs, k, direction)
            if forward is None:
                continue
            if not abs(found - forward) <= max(TOLERANCE_MODES, tolerance * (tolerance > TOLERANCE)) * size:
                problems.append(f"along {where} forward mode gives {forward!r}, reverse mode {found!r}")
                break
            modes = max(modes or 0.0, abs(found - forward) / size)
    return Verdict(subject.name, tuple(problems), worst, compared, modes)


# ---------------------------------------------------------------------------------- what is checked


@record(frozen=True)
class _Subject:
    """A function to check: how it is run plainly, and how its derivative is."""

    name: str
    names: tuple[str, ...] | None
    plain: Callable[[tuple, dict], float]
    run: Callable[[tuple, dict], tuple[float, list[tuple[int, Any]]]]
    along: Callable[[tuple, dict, int, list], float] | None = None

    def forward(self, args: tuple, kwargs: dict, k: int, direction: list) -> float | None:
        """The derivative along a direction of argument ``k`` by forward mode, where it takes the function."""
        if self.along is None:
            return None
        try:
            return self.along(args, kwargs, k, direction)
        except UnsupportedSyntax:
            return None

    def derivative(self, args: tuple, kwargs: dict, problems: list[str]) -> tuple[float, list]:
        """Value and gradients by position; what two runs on the same arguments show is noted."""
        given, named = copy.deepcopy((args, kwargs))
        value, gradients = self.run(given, named)
        first = (value, copy.deepcopy(gradients))
        if not _same((given, named), (args, kwargs)):
            problems.append("computing the derivative changed an argument")
        again = self.run(*copy.deepcopy((args, kwargs)))
        if not _same(first[0], again[0]):
            problems.append(f"called again, the value is {again[0]!r} instead of {first[0]!r}")
        elif not _same([g for _, g in first[1]], [g for _, g in again[1]]):
            problems.append("called again, the gradient is another")
        return first


def _subject(f: Callable, args: tuple, kwargs: dict, argnums: Any, has_aux: bool) -> _Subject:
    derivative = getattr(f, "__dlsrc_derivative__", None)
    if derivative is not None:
        argnums = f.argnums if argnums is None else argnums  # type: ignore[attr-defined]
        has_aux = has_aux or f.has_aux  # type: ignore[attr-defined]
        f = f.fun  # type: ignore[attr-defined]
    plainly = f.fun if hasattr(f, "__dlsrc_accelerated__") else f  # type: ignore[attr-defined]
    target = target_of(f)
    name = target.function.__name__
    names = target.function.__code__.co_varnames[int(target.has_owner) : target.function.__code__.co_argcount]
    known = names if len(names) >= len(args) and not target.first else None
    read_call(target.first + args, {**target.named, **kwargs}, target.names)  # what no call can take is named
    traced = any(type(leaf) is dlarray for leaf in flatten((args, kwargs))[0])
    if derivative is None and argnums is None and (traced or asks_for_gradient(target.function)):
        return _Subject(name, known, *_of_evaluation(f, plainly))
    numbers = _numbers(args, argnums)
    result = plain_value(plainly, args, kwargs)
    leaves, structure = flatten(result[0] if has_aux else result, "the result")
    rng = np.random.default_rng(11)
    weights = [rng.standard_normal(np.shape(leaf)) for leaf in leaves]
    if len(leaves) == 1 and structure is LEAF and not np.ndim(leaves[0]):
        weights = [np.float64(1.0)]
    vg = value_and_grad(f, numbers, has_aux)
    # Together where they stand in a row, else one at a time: what is between is held by its name.
    in_a_row = numbers == tuple(range(numbers[0], numbers[0] + len(numbers)))
    groups = [numbers] if in_a_row else [(k,) for k in numbers]

    def weighted(tree: Any) -> float:
        return float(sum(np.sum(w * extractdata(x)) for w, x in zip(weights, flatten(tree)[0], strict=True)))

    def plain(args: tuple, kwargs: dict) -> float:
        result = plain_value(plainly, args, kwargs)
        return weighted(result[0] if has_aux else result)

    def run(args: tuple, kwargs: dict) -> tuple[float, list]:
        if structure is LEAF and not np.ndim(leaves[0]):
            value, gradients = vg(*args, **kwargs)
            value = float(value[0] if has_aux else value)
        else:
            gradients = []
            for group in groups:
                held = _held(f, known, group, args, kwargs)
                y, pullback, *_ = vjp(held, *(args[k] for k in group), has_aux=has_aux)
                pairs = zip(weights, flatten(y)[0], strict=True)
                dy = [np.asarray(w, np.asarray(x).dtype)[()] for w, x in pairs]
                gradients += pullback(unflatten(structure, dy))
            value = weighted(y)
        return value, list(zip(numbers, gradients, strict=True))

    def along(args: tuple, kwargs: dict, k: int, direction: list) -> float:
        group = next(group for group in groups if k in group)
        held = _held(f, known, group, args, kwargs)
        primals = tuple(args[n] for n in group)
        tangents = tuple(_tangent(args[n], direction if n == k else None) for n in group)
        return weighted(jvp(held, primals, tangents, has_aux=has_aux)[1])

    can_hold = known is not None or len(groups) == 1 and numbers[-1] == len(args) - 1
    return _Subject(name, known, plain, run, along if can_hold else None)


def _held(f: Callable, names: Any, numbers: tuple[int, ...], args: tuple, kwargs: dict) -> Callable:
    """The function of the arguments at these positions, which stand in a row, the others as they are."""
    first, last = numbers[0], numbers[-1]
    others = {names[k]: args[k] for k in range(last + 1, len(args))} | kwargs
    return functools.partial(f, *args[:first], **others) if first or others else f


def _tangent(arg: Any, direction: list | None) -> Any:
    """A tangent of an argument: along a direction, or zero."""
    leaves, structure = flatten(arg)
    parts = direction or [np.zeros(np.shape(leaf)) for leaf in leaves]
    return unflatten(structure, [_like(leaf, part) for leaf, part in zip(leaves, parts, strict=True)])


def _like(leaf: Any, part: Any) -> Any:
    return np.asarray(part, leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(part)


def _is_single(args: tuple, kwargs: dict) -> bool:
    return any(np.asarray(extractdata(leaf)).dtype == np.float32 for leaf in flatten((args, kwargs))[0])


def _numbers(args: tuple, argnums: Any) -> tuple[int, ...]:
    """The positions to differentiate by: those given, or all that hold nothing but real numbers."""
    if argnums is not None:
        return tuple(k % len(args) for k in (argnums if isinstance(argnums, tuple | list) else (argnums,)))
    found = []
    for k, arg in enumerate(args):
        leaves = flatten(arg)[0]
        if leaves and all(np.asarray(extractdata(leaf)).dtype.kind == "f" for leaf in leaves):
            found.append(k)
    if not found:
        kinds = ", ".join(type(arg).__name__ for arg in args) or "none"
        raise TypeError(
            f"check: no argument holds real numbers to differentiate by (given: {kinds}); pass floats, or "
            "arrays of them"
        )
    return tuple(found)


def _of_evaluation(f: Callable, plainly: Callable) -> tuple[Callable, Callable]:
    """How an objective is run that calls ``dlgradient`` itself; ``plainly`` is its Python function."""

    def plain(args: tuple, kwargs: dict) -> float:
        return float(extractdata(flatten(plain_value(plainly, args, kwargs))[0][0]))

    def run(args: tuple, kwargs: dict) -> tuple[float, list]:
        results = dlfeval(f, *args, **kwargs)
        if not isinstance(results, tuple) or len(results) < 2:
            raise TypeError("check: the objective must return its value, then its gradients")
        gradients, rest = [], list(results[1:])
        for k, arg in enumerate(args):
            leaves, structure = flatten(_moves(arg))
            if not rest or not leaves or any(type(leaf) is not dlarray for leaf in leaves):
                continue
            found, other = flatten(rest[0])
            if other == structure and [np.shape(x) for x in found] == [np.shape(x) for x in leaves]:
                gradients.append((k, rest.pop(0)))
        if not gradients:
            raise TypeError(
                "check: none of the results has the form of a dlarray argument; return the value, then the "
                "gradients in the order of the arguments"
            )
        return float(extractdata(results[0])), gradients

    return plain, run


# ---------------------------------------------------------------------------------- directions


def _moves(arg: Any) -> Any:
    """What of an argument a gradient is by: of a network, what it learns."""
    return arg.learnables if is_network(arg) else arg


def _directions(arg: Any, rng: Any, count: int) -> Iterator[list]:
    """Random directions of an argument, one array a leaf, of the size of its numbers."""
    leaves = [np.asarray(extractdata(leaf), float) for leaf in flatten(arg)[0]]
    for _ in range(count):
        yield [rng.choice([-1.0, 1.0], x.shape) * rng.uniform(0.5, 1.0, x.shape) * _size(x) for x in leaves]


def _size(x: np.ndarray) -> np.ndarray:
    """How far each number may be moved: by its own size, a zero by that of the others."""
    typical = np.mean(np.abs(x)) if x.size else 0.0
    return np.where(x == 0.0, typical or 1.0, np.abs(x))


def _slope(subject: _Subject, args: tuple, kwargs: dict, k: int, direction: list) -> float:
    leaves, structure = flatten(_moves(args[k]))

    def curve(h: float) -> float:
        moved = unflatten(structure, [_moved(leaf, h * d) for leaf, d in zip(leaves, direction, strict=True)])
        arg = args[k].replace(learnables=moved) if is_network(args[k]) else moved
        try:
            return subject.plain((*args[:k], arg, *args[k + 1 :]), kwargs)
        except (ArithmeticError, ValueError):
            return np.nan  # out of the function's domain: a shorter step will do

    with np.errstate(all="ignore"):
        return float(engine("kernels.declaring.differences").derivative(curve, FIRST_STEP))


def _moved(leaf: Any, step: np.ndarray) -> Any:
    if type(leaf) is dlarray:
        return wrap(leaf.data + step, leaf.labels)
    moved = np.asarray(leaf) + step  # float64, also of float32
    return moved if isinstance(leaf, np.ndarray) else float(moved)


def _inner(gradient: Any, direction: list) -> tuple[float, float]:
    """The derivative along a direction, and the sum of the sizes of its terms."""
    terms = [np.asarray(extractdata(g)) * d for g, d in zip(flatten(gradient)[0], direction, strict=True)]
    return float(sum(np.sum(t) for t in terms)), float(sum(np.sum(np.abs(t)) for t in terms))


def _same(a: Any, b: Any) -> bool:
    """Whether two nests hold the same numbers bit for bit."""
    ones, others = ([np.asarray(extractdata(x)) for x in flatten(nest)[0]] for nest in (a, b))
    same = functools.partial(np.array_equal, equal_nan=True)
    return len(ones) == len(others) and all(map(same, ones, others))
