"""How a program is built for a call: transformed, compiled, and described so that it can be called."""

import inspect
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from ..cache import Flags, Mode
from ..containers.packing import Column, packable, with_packed
from ..dlarray import dlarray, wrap
from ..failures.failure import building
from ..failures.faults import faults_of
from ..lazy import engine, jit_enabled, numba
from ..operators.wanted import call_names, check_directions, leaves_wanted, positions_wanted
from ..process.garbage import collected_seldom
from ..process.registries import without_linear_algebra
from ..records import replace
from ..signature import Call, canonical, positions_of, type_of_kind
from .capture import recipe_of
from .entry import Entry, Interface, parameters_of

__all__ = ["build"]


def build(
    function: FunctionType, owner: Any, call: Call, args: tuple, kwargs: dict, mode: Mode, flags: Flags,
    *, has_owner: bool = False, jit: bool = True, packs: bool = True,
) -> Entry:  # fmt: skip
    """The program of a function for a call, compiled for its types.

    ``packs`` says whether lists of equal items may be taken as columns.

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
    own = args[: len(args) - mode.all_extra]
    try:
        inspect.signature(target).bind(*own, **kwargs)
    except TypeError as error:
        raise TypeError(f"{function.__name__}(): {error}") from None
    names = call_names(function, call, mode, int(has_owner))
    argnums = positions_wanted(function, call, mode)
    traced = leaves_wanted(function, call, argnums, names)
    check_directions(function, call, mode, names)
    jit = jit and jit_enabled()
    if jit:
        without_linear_algebra()
    types, transform, compiler = engine("kernels.types"), engine(), engine("transform.compile")
    with collected_seldom(), building(function, call, names) as stage:
        request = transform.Request(
            function=target, structure=call.structure,
            types=tuple(type_of_kind(k, types) for k in call.kinds), names=names, values=call.leaves,
            traced=traced, argnums=argnums, single=mode.single, has_aux=mode.has_aux, kind=mode.kind,
            extra=mode.extra, value=mode.value,
            inner=tuple(engine("transform.building.parameters").Asked(*m.asked) for m in mode.inner),
            packable=packable(call), inside=not packs or mode.kind != "gradient" or bool(mode.inner),
        )  # fmt: skip
        limit = None if flags.memory_limit is None else transform.Limit(flags.memory_limit)
        generated = transform.transform(
            request, boundscheck=flags.boundscheck, checkpoint=flags.checkpoint or limit
        )
        engine("kernels.programs.showing").shown_as_dlarray(wrap)
        stage.emitted = generated.emitted
        if jit:
            compiler.warn_of_length(generated.emitted)
        compiled = compiler.compile_text(generated.emitted, jit=jit, flags=flags.for_numba)
        normalized = generated.normalized
        call = with_packed(call, normalized.packing)
        if jit:
            values = parameters_of(call, normalized.leaves)[0]
            values += [canonical(getter()) for getter, _ in normalized.hidden]
            compiled.compile(tuple(numba().typeof(v) for v in values))
        by = argnums if mode.kind in ("gradient", "vjp") else None
        recipe, described = recipe_of(normalized, function, owner, call.functions)
        return Entry(
            interface=_interface(generated, _conversions(generated, call, by, jit)), function=compiled,
            recipe=recipe,
            static=tuple((key[1], call.leaves[key[1]]) for key in normalized.static if key[0] == "leaf"),
            shape=(call.key or call.structure, call.kinds), mode=mode,
            generated=replace(generated, normalized=described),
        )  # fmt: skip


def _interface(generated: Any, conversions: tuple[tuple | None, ...]) -> Interface:
    normalized, program = generated.normalized, generated.normalized.program
    written = _written(program)
    return Interface(
        name=generated.emitted.name, text=generated.emitted.text,
        parameters=tuple(map(repr, program.params)), leaves=normalized.leaves, packing=normalized.packing,
        outputs=normalized.outputs, columns=normalized.columns, conversions=conversions, written=written,
        copied=tuple(k for k in written if program.params[k] in normalized.traced),
        faults=faults_of(generated),
    )  # fmt: skip


def _written(program: Any) -> tuple[int, ...]:
    """Which parameters a program writes to."""
    outline = engine("transform.facts.outline").Outline(program)
    memory = engine("transform.facts.memory").analyze(program, outline)
    roots = {memory.root[v]: k for k, v in enumerate(program.params) if v in memory.root}
    written = {r for root in memory.stores for r in memory.roots_shared_with(root)}
    return tuple(sorted(roots[r] for r in written if r in roots))


# ---------------------------------------------------------------------------------- results


def _conversions(generated: Any, call: Call, argnums: tuple | None, jit: bool) -> tuple[tuple | None, ...]:
    """For each result of the program, what makes of it what the user gets."""
    program = generated.stages[-1].program
    types = [program.type_of(atom) for atom in program.returns]
    for n, k in enumerate(generated.normalized.columns):
        if k is not None:
            types[n] = replace(types[n], ndim=call.kinds[k].ndim)  # each is one item's
    found = [
        _conversion(t, label, jit or k is not None)
        for t, label, k in zip(types, generated.normalized.labels, generated.normalized.columns, strict=True)
    ]
    if argnums is not None:
        # The gradients come last; each is of the class of its argument.
        positions = positions_of(call.structure)
        by = [k for n in argnums for k in positions[n]]
        for place, k in zip(range(len(found) - len(by), len(found)), by, strict=True):
            argument = call.given[k]
            argument = argument[0] if type(argument) is Column else argument
            found[place] = _of_gradient(argument, types[place], found[place])
    return tuple(found)


def _conversion(type_: Any, label: str | None, jit: bool) -> tuple | None:
    """What makes of a result of this type what the user gets; None if it is that already."""
    if label is not None:
        if not type_.ndim:
            return ("labelled", type_.dtype)
        return ("formatted", label) if label else ("wrapped",)
    if type_.ndim:
        return None
    if type_.dtype in ("float64", "int64", "bool"):
        return None if jit else ("python", type_.dtype.removesuffix("64"))
    return ("number", type_.dtype)


def _of_gradient(argument: Any, type_: Any, plain: tuple | None) -> tuple | None:
    """What makes of the gradient by an argument a value of the argument's class."""
    cls = type(argument)
    if cls is dlarray:
        return plain
    if type_.ndim:
        return ("contiguous",) if type_.layout != "C" else None
    if isinstance(argument, np.ndarray):
        return ("array", argument.dtype.name)
    return plain if cls is float else ("number", argument.dtype.name)
