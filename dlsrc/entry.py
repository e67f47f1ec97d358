"""One built program: how it is built for a call, and how it is run.

The program's own arguments are the leaves of a call, then the captured numbers and arrays.  Its results
are the leaves of what the user gets.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from .cache import Flags, Mode
from .capture import Binding, Recipe, recipe_of
from .dlarray import dlarray, wrap
from .failure import building, failed
from .garbage import collected_seldom
from .lazy import engine, jit_enabled, numba
from .signature import Call, arguments_of, canonical, has_overlap, names_of, positions_of, type_of_kind
from .structure import unflatten
from .target import Target

__all__ = ["Entry", "build"]


@dataclass(frozen=True, eq=False)
class Entry:
    """One built program.

    Attributes
    ----------
    generated : transform.Generated
        Its text, where each line comes from, what it keeps.
    function : callable
        The compiled function; a plain Python function under ``NUMBA_DISABLE_JIT=1``.
    recipe : Recipe
        The captured variables that it relies on.
    static : tuple of (int, object)
        Positions and values of the leaves that were known while it was built.
    convert : tuple of callable or None
        For each of its results, what makes of it what the user gets.
    written : tuple of int
        Positions, among the program's parameters, of arrays that the function writes to.
    copied : tuple of int
        Those of them that are traced: the program writes to copies.
    mode : Mode
        What was asked of the function.
    pure : bool
        Whether running the user's own function again changes nothing.
    shims : dict
        What `fastpath` has written for it.
    """

    generated: Any
    function: Callable
    recipe: Recipe
    static: tuple[tuple[int, Any], ...]
    convert: tuple[Callable | None, ...]
    written: tuple[int, ...]
    copied: tuple[int, ...]
    mode: Mode
    pure: bool
    shims: dict = field(default_factory=dict)

    def fits(self, call: Call) -> bool:
        """Whether the arguments that were known while it was built have the values they had then."""
        # By their text, since 0.0 equals -0.0 and NaN does not equal itself.
        return all(repr(call.leaves[k]) == repr(v) for k, v in self.static)

    def arguments(self, call: Call, target: Target) -> list:
        """The arguments of the program for a call: leaves, then what was captured, as it is now."""
        binding = self.recipe.bind(target.function, target.owner, call.functions)
        if binding is None:
            name = target.function.__name__
            raise ValueError(f"what {name} captured has changed; ask for its program again")
        leaves = [call.leaves[k] for k in self.generated.normalized.leaves]
        return leaves + [canonical(value) for value in binding.hidden(target.owner)]

    def run(self, call: Call, binding: Binding, owner: Any, again: tuple) -> Any:
        """The result of a call, as the user gets it; ``again`` are its arguments as they came."""
        normalized = self.generated.normalized
        given = [call.given[k] for k in normalized.leaves] + binding.hidden(owner)
        values = [call.leaves[k] for k in normalized.leaves]
        values += map(canonical, given[len(values) :])
        if self.written:
            _check_written(self, values, given)
        try:
            results = self.function(*values)
        except Exception as error:
            raise failed(error, self, binding.origins[0], owner, *again) from None
        if len(self.convert) == 1:
            results = (results,)
        elif not self.convert:
            results = ()
        results = [r if c is None else c(r) for c, r in zip(self.convert, results, strict=True)]
        return unflatten(normalized.outputs, results)


def _check_written(entry: Entry, values: list, given: list) -> None:
    """Refuse to write to memory that is read-only or that another argument shares."""
    names = [repr(v) for v in entry.generated.normalized.program.params]
    for k in set(entry.written) - set(entry.copied):
        name, array = names[k], given[k]
        if isinstance(array, np.ndarray) and not array.flags.writeable:
            raise ValueError(f"the function writes to `{name}`, which is read-only; pass {name}.copy()")
    written = [values[k] for k in entry.written]
    others = [a for k, a in enumerate(values) if k not in entry.written]
    if has_overlap(written, others):
        which = ", ".join(f"`{names[k]}`" for k in entry.written)
        raise ValueError(
            f"the function writes to {which}, and another argument shares its memory: the result would "
            "depend on the order of writes; pass a copy of one of them"
        )


# ---------------------------------------------------------------------------------- building


def build(
    function: FunctionType, owner: Any, call: Call, args: tuple, kwargs: dict, mode: Mode, flags: Flags,
    *, has_owner: bool = False, jit: bool = True,
) -> Entry:  # fmt: skip
    """The program of a function for a call, compiled for its types.

    Raises
    ------
    TypeError
        If the arguments do not fit the function, or no derivative by them exists.
    UnsupportedSyntax, DifferentiationError, UntracedError, SourceError
        If the function cannot be differentiated or compiled.
    InternalError
        If dlsrc fails.
    """
    target = MethodType(function, owner) if has_owner else function
    try:
        inspect.signature(target).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{function.__name__}(): {error}") from None
    names = names_of(function, call.structure, int(has_owner))
    argnums = _argnums(function, call, mode)
    traced = _traced(function, call, argnums, names)
    jit = jit and jit_enabled()
    with collected_seldom(), building(function, call, names) as stage:
        types, transform, compiler = engine("kernels.types"), engine(), engine("transform.compile")
        request = transform.Request(
            function=target, structure=call.structure,
            types=tuple(type_of_kind(k, types) for k in call.kinds), names=names, values=call.leaves,
            traced=traced, argnums=argnums, single=mode.single, has_aux=mode.has_aux,
        )  # fmt: skip
        generated = transform.transform(request, boundscheck=flags.boundscheck)
        stage.emitted = generated.emitted
        compiled = compiler.compile_text(generated.emitted, jit=jit, flags=flags.for_numba)
        normalized = generated.normalized
        if jit:
            values = [call.leaves[k] for k in normalized.leaves]
            values += [canonical(getter()) for getter, _ in normalized.hidden]
            compiled.compile(tuple(numba().typeof(v) for v in values))
        written = _written(normalized.program)
        copied = tuple(k for k in written if normalized.program.params[k] in normalized.traced)
        recipe, described = recipe_of(normalized, function, owner, call.functions)
        return Entry(
            generated=replace(generated, normalized=described), function=compiled, recipe=recipe,
            static=tuple((key[1], call.leaves[key[1]]) for key in normalized.static if key[0] == "leaf"),
            convert=_converters(generated, call, argnums, jit), written=written, copied=copied, mode=mode,
            pure=written == copied,
        )  # fmt: skip


def _argnums(function: FunctionType, call: Call, mode: Mode) -> tuple[int, ...] | None:
    """The positions to differentiate by, counted from the start."""
    if mode.argnums is None:
        return None
    name, count = function.__name__, len(arguments_of(call.structure)[0])
    for k in mode.argnums:
        if not -count <= k < count:
            raise TypeError(
                f"{name}(): argnums says to differentiate by argument {k}, and {count} were given by position"
            )
    found = tuple(k % count for k in mode.argnums)
    if len(set(found)) < len(found):
        raise TypeError(f"{name}(): argnums {mode.argnums} names one argument twice")
    return found


def _traced(
    function: FunctionType, call: Call, argnums: tuple[int, ...] | None, names: tuple[str, ...]
) -> tuple[bool, ...]:
    """Which leaves a derivative may be taken by: those at argnums, or all dlarrays.

    Raises
    ------
    TypeError
        If one of argnums is no real number.
    """
    if argnums is None:
        return tuple(kind.labels is not None for kind in call.kinds)
    positions = positions_of(call.structure)
    wanted = {k for n in argnums for k in positions[n]}
    for n in argnums:
        if not positions[n]:
            raise TypeError(f"{function.__name__}(): argument {n} holds no numbers to differentiate by")
    for k in sorted(wanted):
        kind, name = call.kinds[k], names[k]
        if not kind.dtype.startswith("float"):
            what = f"{kind.dtype} array" if kind.ndim else kind.cls.__name__
            remedy = f"{name}.astype(float)" if kind.ndim else f"float({name})"
            raise TypeError(
                f"{function.__name__}(): the gradient by `{name}` does not exist, it is of type {what}; "
                f"pass {remedy}, or leave it out of argnums"
            )
    return tuple(k in wanted for k in range(len(call.kinds)))


def _written(program: Any) -> tuple[int, ...]:
    """Which parameters a program writes to."""
    memory = engine("transform.memory").analyze(program, engine("transform.outline").Outline(program))
    roots = {memory.root[v]: k for k, v in enumerate(program.params) if v in memory.root}
    written = {r for root in memory.stores for r in memory.roots_shared_with(root)}
    return tuple(sorted(roots[r] for r in written if r in roots))


# ---------------------------------------------------------------------------------- results


def _converters(generated: Any, call: Call, argnums: tuple | None, jit: bool) -> tuple[Callable | None, ...]:
    """What makes of each result of the program what the user gets."""
    program = generated.stages[-1].program
    types = [program.type_of(atom) for atom in program.returns]
    found = [_converter(t, label, jit) for t, label in zip(types, generated.normalized.labels, strict=True)]
    if argnums is not None:
        # The gradients come last; each is of the class of its argument.
        positions = positions_of(call.structure)
        by = [k for n in argnums for k in positions[n]]
        for place, k in zip(range(len(found) - len(by), len(found)), by, strict=True):
            found[place] = _gradient_converter(call.given[k], types[place], found[place])
    return tuple(found)


def _converter(type_: Any, label: str | None, jit: bool) -> Callable | None:
    """What makes of a result of this type what the user gets; None if it is that already."""
    dtype = np.dtype(type_.dtype)
    if label is not None:
        if type_.ndim:
            return wrap
        # Compiled code gives numbers as Python floats: the dtype says what they were.
        return lambda v: wrap(np.array(v, dtype))
    if type_.ndim:
        return None
    if type_.dtype in ("float64", "int64", "bool"):
        return None if jit else {"float64": float, "int64": int, "bool": bool}[type_.dtype]
    return dtype.type


def _gradient_converter(argument: Any, type_: Any, plain: Callable | None) -> Callable | None:
    """What makes of the gradient by an argument a value of the argument's class."""
    cls = type(argument)
    if cls is dlarray:
        return plain
    if type_.ndim:
        return np.ascontiguousarray if type_.layout != "C" else None
    if isinstance(argument, np.ndarray):
        dtype = argument.dtype
        return lambda v: np.array(v, dtype)
    return plain if cls is float else cls
