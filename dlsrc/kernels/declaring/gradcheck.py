"""The judge of a declaration: is the value NumPy's, are the adjoints its derivatives, is the rest true.

Everything is derived from the declaration and its samples, and compared with the *NumPy function* that
the primitive stands for, never with the primitive's own body (unless it stands for none).

>>> from ..elementwise import exp
>>> check(exp)
[]
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pydoc import locate
from typing import Any

import numpy as np

from ..primitive import Composite, Kink, Primitive, Refusal, Rejection, Sample, elements
from ..types import Type, is_float as is_float_type
from .differences import (
    SINGLE, TOLERANCE, as_float, copied, derivative, difference, directions_of, dtype_of, fits, inner,
    is_float, is_number, kind_of, leaves, like, ones_like, same, shapes, shares_memory, shifted, typed,
    unboxed, waves_like, zeros_like,
)

__all__ = ["check"]

# Compiles a primitive or a rule for given static arguments: a function of the others, by position.
Jit = Callable[[Any, Mapping[str, Any]], Callable]

# A derivative is compared as if no value of the function were smaller: rounding is not relative to zero.
FLOOR = 1e-6

# A tangent and an adjoint are two ways to one number: they differ by roundings only.
TANGENT = 1e-12

# These are their argument: its memory is shared on purpose, and a zero derivative of one is not its slope.
IDENTITIES = ("detach", "itself", "relabel")


def check(
    declared: Primitive | Composite,
    *,
    jit: Jit | None = None,
    cases: int | None = None,
) -> list[str]:
    """What is wrong with a declaration, as sentences; an empty list if nothing is.

    Parameters
    ----------
    declared : primitive or composite
        Of a composite only the value is compared: it has no rule of its own.
    jit : function, optional
        ``jit(primitive_or_rule, static)`` gives it compiled, as a function of the arguments that are not
        static, by position.  If given, compiled code is compared with plain Python and nothing else is done.
    cases : int, optional
        Only so many of the samples, the first ones.
    """
    failures = []
    for case in declared.cases[:cases]:
        if jit is not None:
            judge = compiled_failures(declared, case, jit)
        elif isinstance(declared, Composite):
            judge = composite_failures(declared, case)
        elif isinstance(case, Kink):
            judge = kink_failures(declared, case)
        elif isinstance(case, Rejection):
            judge = rejection_failures(declared, case)
        else:
            judge = sample_failures(declared, case)
        try:
            # infinities and nan are compared, not warned about
            with np.errstate(all="ignore"):
                found = list(judge)
        except Exception as error:
            found = [f"raised {type(error).__name__}: {error}"]
        failures += [f"{describe(declared, case)}: {what}" for what in found]
    return failures


def describe(declared: Primitive | Composite, case: Sample | Kink | Rejection) -> str:
    """The call that a case stands for: ``sum(array(3, 4), axis=0)``."""

    def text(x):
        if isinstance(x, np.ndarray):
            dtype = "" if x.dtype == np.float64 else f" {x.dtype}"
            return f"array{x.shape}{dtype}"
        return getattr(x, "__name__", repr(x))  # a function by its name, not by its address

    words = [text(x) for x in case.args] + [f"{name}={text(x)}" for name, x in case.static.items()]
    return f"{declared.name}({', '.join(words)})"


# ---------------------------------------------------------------------------------- one kind of case each


def sample_failures(p: Primitive, case: Sample) -> Iterator[str]:
    """Everything that a sample of a primitive can show."""
    reference = reference_of(p)
    args = copied(case.args)
    y = value(p, args, case.static)
    declared = p.result_type(*map(typed, case.args), **case.static)
    if p.effect or p.generated:
        return  # it changes its arguments, or is plumbing between the sweeps: tested with the framework
    yield from value_failures(p, case, args, y, declared, reference)
    if not is_number(y) or not any(map(is_float, case.args)):
        return
    if is_float_type(declared) and not p.detached:
        yield from adjoint_failures(p, Sample(as_float(case.args, "float64"), case.static), reference)
        yield from tangent_failures(p, Sample(as_float(case.args, "float64"), case.static))
    if p.adjoints:
        yield from float32_failures(p, as_float(case.args, "float32"), case.static, reference)


def kink_failures(p: Primitive, case: Kink) -> Iterator[str]:
    """The value at a kink, and the promised derivative exactly."""
    args = as_float(case.args, "float64")
    y = value(p, args, case.static)
    reference = reference_of(p)
    if reference is not None:
        yield from difference("the value", y, numpy_call(p, reference, args, case.static))
    given = dict(zip(p.arguments, args, strict=True))
    for argument, expected in case.expect.items():
        if argument in p.zeros:
            found = zeros_like(given[argument])
        else:
            found = cotangent(p, argument, ones_like(y), y, args, case.static)
        if not np.array_equal(found, np.broadcast_to(expected, np.shape(found)), equal_nan=True):
            yield f"the derivative by {argument} is {found}, promised is {expected}"


def rejection_failures(p: Primitive, case: Rejection) -> Iterator[str]:
    """The refusal of a call that must be refused."""
    try:
        p.result_type(*map(typed, case.args), **case.static)
        value(p, copied(case.args), case.static)
    except case.error:
        return
    except Exception as error:
        yield f"raised {type(error).__name__} and not {case.error.__name__}: {error}"
    else:
        yield f"did not raise {case.error.__name__}"


def composite_failures(declared: Composite, case: Sample | Kink | Rejection) -> Iterator[str]:
    """The value of a composite, beside NumPy's; its derivative follows from the primitives in it."""
    if isinstance(case, Kink):
        return
    if isinstance(case, Rejection):
        try:
            declared.body(*copied(case.args), **case.static)
        except case.error:
            return
        yield f"did not raise {case.error.__name__}"
        return
    args = copied(case.args)
    found = declared.body(*args, **case.static)
    if not same(args, case.args):
        yield "an argument was changed"
    if found is None:
        return  # it writes: its samples write what is there already
    reference = reference_of(declared)
    if reference is not None:
        yield from difference("the value", found, reference(*copied(case.args), **case.static))


def compiled_failures(
    declared: Primitive | Composite, case: Sample | Kink | Rejection, jit: Jit
) -> Iterator[str]:
    """Body and adjoints compiled, beside the same in plain Python."""
    if not isinstance(declared, Primitive) or not isinstance(case, Sample):
        return
    if declared.effect or declared.generated:
        return
    y = value(declared, copied(case.args), case.static)
    found = unboxed(jit(declared, case.static)(*copied(case.args)), y)
    yield from difference("the compiled value", found, y, SINGLE)
    if kind_of(typed(found)) != kind_of(typed(y)):
        yield f"the compiled value is {kind_of(typed(found))}, the plain one {kind_of(typed(y))}"
    given = dict(zip(declared.arguments, case.args, strict=True))
    for argument, rule in declared.adjoints.items():
        if is_float(given[argument]):
            plain, fast = (
                cotangent(declared, argument, waves_like(y), y, copied(case.args), case.static, compiled)
                for compiled in (None, jit(rule, case.static))
            )
            yield from difference(f"the compiled adjoint of {argument}", fast, plain, SINGLE)
    for argument, rule in declared.tangents.items():
        if is_float(given[argument]):
            tx = waves_like(given[argument])
            plain, fast = (
                pushed(declared, argument, tx, y, copied(case.args), case.static, compiled)
                for compiled in (None, jit(rule, case.static))
            )
            yield from difference(f"the compiled tangent of {argument}", fast, plain, SINGLE)


# ---------------------------------------------------------------------------------- what a sample shows


def value_failures(
    p: Primitive, case: Sample, args: tuple, y: Any, declared: Type, reference: Callable | None
) -> Iterator[str]:
    """The value is NumPy's and of the declared type; arguments are neither changed nor shared."""
    if not same(args, case.args):
        yield "an argument was changed"
    if not p.view and p.name not in IDENTITIES and shares_memory(y, args):
        yield "the value shares memory with an argument"
    if not fits(y, declared):
        yield f"the result rule promises {kind_of(declared)}, the value is {kind_of(typed(y))}"
    if reference is not None:
        expected = numpy_call(p, reference, copied(case.args), case.static)
        yield from difference("the value", y, expected)
        if kind_of(declared) != kind_of(typed(expected)):
            yield f"the result rule promises {kind_of(declared)}, NumPy gives {kind_of(typed(expected))}"


def adjoint_failures(p: Primitive, case: Sample, reference: Callable | None) -> Iterator[str]:
    """Each adjoint is the derivative, linear in ``dy``, of its argument's form, and leaves all else alone."""
    y = value(p, copied(case.args), case.static)
    rng = np.random.default_rng([11, *np.shape(y)])
    # where the value is not finite there is no slope to compare with
    dy, other = (np.where(np.isfinite(y), rng.standard_normal(np.shape(y)), 0.0)[()] for _ in range(2))
    given = dict(zip(p.arguments, case.args, strict=True))
    for argument in p.arguments:
        x = given[argument]
        if not is_float(x) or argument in p.unknowns:
            continue
        dx = zeros_like(x)
        if argument in p.adjoints:
            args, before = copied(case.args), dy.copy()
            dx = cotangent(p, argument, dy, y, args, case.static)
            if not same(args, case.args) or not same(dy, before):
                yield f"the adjoint of {argument} changed an argument or dy"
            if not p.view and p.name not in IDENTITIES and shares_memory(dx, (args, dy)):
                yield f"the adjoint of {argument} shares memory with an argument or dy"
            if kind_of(typed(dx)) != kind_of(typed(x)) or shapes(dx) != shapes(x):
                yield (
                    f"the cotangent of {argument} is {kind_of(typed(dx))} of shape {shapes(dx)}, "
                    f"{argument} is {kind_of(typed(x))} of shape {shapes(x)}"
                )
                continue
            yield from linearity_failures(p, argument, dy, other, y, case)
        size = max(FLOOR, np.sum(np.abs(dy * np.where(np.isfinite(y), y, 0.0))))
        for direction, slope in slopes(p, reference, case, argument, dy):
            found, terms = inner(dx, direction)
            scale = max(abs(slope), terms, size)
            if not abs(found - slope) <= TOLERANCE * scale:
                yield f"the derivative by {argument} is {found!r}, differences give {slope!r}"
                break


def linearity_failures(
    p: Primitive, argument: str, dy: Any, other: Any, y: Any, case: Sample
) -> Iterator[str]:
    """An adjoint is linear in ``dy``, and zero for zero."""

    def rule(weight):
        return leaves(cotangent(p, argument, weight, y, copied(case.args), case.static))

    for left, first, second in zip(rule(2 * dy - 3 * other), rule(dy), rule(other), strict=True):
        scale = 2 * np.abs(first) + 3 * np.abs(second)
        if not np.all(np.abs(left - (2 * first - 3 * second)) <= TOLERANCE * np.max(scale, initial=0.0)):
            yield f"the adjoint of {argument} is not linear in dy"
    if any(np.any(part != 0) for part in rule(0 * dy)):
        yield f"the adjoint of {argument} is not zero for dy = 0"


def tangent_failures(p: Primitive, case: Sample) -> Iterator[str]:
    """What is said about tangents is the transpose of the adjoint: ``sum(dy * ty) = sum(dx * tx)``."""
    y = value(p, copied(case.args), case.static)
    rng = np.random.default_rng([13, *np.shape(y)])
    dy = np.where(np.isfinite(y), rng.standard_normal(np.shape(y)), 0.0)[()]
    given = dict(zip(p.arguments, case.args, strict=True))
    for argument in p.adjoints:
        x = given[argument]
        said = argument in p.linear_in or argument in p.multilinear_in or argument in p.tangents
        if not said or not is_float(x):
            continue
        tx = like(x, [rng.standard_normal(np.shape(part))[()] for part in leaves(x)])
        ty = pushed(p, argument, tx, y, copied(case.args), case.static)
        if np.shape(ty) != np.shape(y):
            yield f"the tangent by {argument} has the shape {np.shape(ty)}, the value {np.shape(y)}"
            continue
        left, terms = inner(np.where(dy == 0.0, 0.0, ty * dy), np.ones_like(dy))
        right, others = inner(cotangent(p, argument, dy, y, copied(case.args), case.static), tx)
        size = float(np.sum(np.abs(dy * np.where(np.isfinite(y), y, 0.0))))  # as of a slope, see FLOOR
        if not abs(left - right) <= TANGENT * max(terms, others, size, FLOOR):
            yield f"the tangent by {argument} gives {left!r}, the adjoint {right!r}"


def float32_failures(
    p: Primitive, args: tuple, static: Mapping[str, Any], reference: Callable | None
) -> Iterator[str]:
    """float32 arguments give the dtype that NumPy gives, and cotangents of their own dtype."""
    try:
        declared = p.result_type(*map(typed, args), **static)
    except Refusal:
        return
    dtype = getattr(declared, "dtype", "")
    y = value(p, args, static)
    if not fits(y, declared):
        yield f"of float32 the result rule promises {kind_of(declared)}, the value is {kind_of(typed(y))}"
    y = np.asarray(y, dtype)[()]
    if reference is not None:
        expected = typed(numpy_call(p, reference, copied(args), static))
        if kind_of(expected) != kind_of(declared):
            yield f"of float32 NumPy gives {kind_of(expected)}, the result rule promises {kind_of(declared)}"
    given = dict(zip(p.arguments, args, strict=True))
    for argument in p.adjoints:
        x = given[argument]
        # where the value is wider than the argument, the framework narrows the cotangent
        if is_float(x) and dtype == "float32":
            dx = cotangent(p, argument, ones_like(y), y, args, static)
            if not fits(dx, typed(x)):
                yield f"the cotangent of a float32 {argument} is {kind_of(typed(dx))}"


# ---------------------------------------------------------------------------------- calling


def value(p: Primitive, args: tuple, static: Mapping[str, Any]) -> Any:
    """The value of a primitive; of an element-wise one, element by element as the framework does it."""
    given = dict(zip(p.arguments, args, strict=True))
    if not p.elementwise:
        return p.body(**given, **static)
    declared = p.result_type(*map(typed, args), **static)
    return gathered(*elements(p.body, given, static), getattr(declared, "dtype", None))


def cotangent(
    p: Primitive,
    argument: str,
    dy: Any,
    y: Any,
    args: tuple,
    static: Mapping[str, Any],
    compiled: Callable | None = None,
) -> Any:
    """The cotangent of an argument; for element-wise rules broadcasting is undone and the dtype restored."""
    given: dict[str, Any] = {"dy": dy, "y": y, **dict(zip(p.arguments, args, strict=True))}
    x = given[argument]
    given |= {f"{name}_shape": np.shape(given[name]) for name in p.arguments if is_number(given[name])}
    rule = p.adjoints[argument]
    names = list(inspect.signature(rule).parameters)
    numbers = {name: given[name] for name in names if name not in p.static}
    fixed = {name: static[name] for name in names if name in p.static}
    if compiled is not None:
        dx = compiled(*numbers.values())
    elif p.elementwise:
        # computed in the precision of its argument, a rule must not widen it
        alike = all(dtype_of(n) == dtype_of(x) for n in (y, *args) if is_float(n))
        dx = gathered(*elements(rule, numbers, fixed), dtype_of(x) if alike else None)
    else:
        dx = rule(**numbers, **fixed)
    if not p.elementwise:
        return dx
    dx = np.broadcast_to(dx, np.shape(y))
    lead = dx.ndim - np.ndim(x)
    axes = tuple(k for k in range(dx.ndim) if k < lead or np.shape(x)[k - lead] == 1 != dx.shape[k])
    return dx.sum(axis=axes).reshape(np.shape(x)).astype(dtype_of(x))[()]


def pushed(
    p: Primitive, argument: str, tx: Any, y: Any, args: tuple, static: Mapping[str, Any],
    compiled: Callable | None = None,
) -> Any:  # fmt: skip
    """What a tangent of one argument adds to that of the result, by what the declaration says."""
    given: dict[str, Any] = dict(zip(p.arguments, args, strict=True))
    if argument in p.tangents:
        rule = p.tangents[argument]
        known = {f"t{argument}": tx, "y": y, **given, **static}
        known |= {f"{name}_shape": np.shape(given[name]) for name in p.arguments if is_number(given[name])}
        names = list(inspect.signature(rule).parameters)
        if compiled is not None:
            return compiled(*(known[name] for name in names if name not in p.static))
        return rule(**{name: known[name] for name in names})
    if argument in p.linear_in:
        given |= {name: zeros_like(given[name]) for name in p.linear_in}
    return value(p, tuple((given | {argument: tx}).values()), static)


def gathered(shape: tuple, results: list, dtype: str | None) -> Any:
    """The results of a function of one element as an array; each must convert to the dtype without loss.

    A Python number is weak, and so fits any precision; an integer fits among floats (``where(c, 1, 2.5)``).
    """
    if dtype is None:
        return np.array(results).reshape(shape)[()]
    for result in results:
        weak = isinstance(result, bool | int | float) and not isinstance(result, np.generic)
        if not np.can_cast(np.asarray(result).dtype, dtype, "same_kind" if weak else "safe"):
            raise TypeError(f"{result!r} came out as {np.asarray(result).dtype}, promised is {dtype}")
    return np.array(results, dtype).reshape(shape)[()]


# ---------------------------------------------------------------------------------- references


def reference_of(declared: Primitive | Composite) -> Callable | None:
    """What a declaration is compared with: its judge, or what it stands for (the first named)."""
    if getattr(declared, "judge", None) is not None:
        return declared.judge  # type: ignore[union-attr]
    for function in declared.functions:
        if not isinstance(function, str):
            return function
        found: Any = locate(function)
        if found is not None:
            return found
    if declared.methods:
        return lambda x, *args, **static: getattr(x, declared.methods[0])(*args, **static)
    if declared.attributes:
        return lambda x: getattr(x, declared.attributes[0])
    return None


def numpy_call(p: Primitive, reference: Callable, args: tuple, static: Mapping[str, Any]) -> Any:
    """A call of the reference: by position, the static ones by name where they come last."""
    if p.parameters[:len(args)] == p.arguments:
        return reference(*args, **static)
    given = dict(zip(p.arguments, args, strict=True)) | dict(static)
    return reference(*(given[name] for name in p.parameters))


def slopes(
    p: Primitive, reference: Callable | None, case: Sample, argument: str, dy: Any
) -> Iterator[tuple[Any, float]]:
    """Directions of an argument, with the derivative of ``sum(dy * y)`` in each, by differences."""
    at = p.arguments.index(argument)

    def moved(direction: Any, h: float) -> Any:
        args = list(copied(case.args))
        args[at] = shifted(args[at], direction, h)
        if reference is None:
            return value(p, tuple(args), case.static)
        return numpy_call(p, reference, tuple(args), case.static)

    for direction in directions_of(case.args[at]):
        slope = derivative(partial(moved, direction))
        yield direction, float(np.sum(np.where(dy == 0.0, 0.0, dy * slope)))
