"""One built program: how it is built for a call, and how it is run.

The program's own arguments are the leaves of a call, then the captured numbers and arrays.  Its results
are the leaves of what the user gets.
"""

import inspect
from collections.abc import Callable, Sequence
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
from .nodes import Path
from .packing import Column, Places, pack, packable, split, with_packed
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
    shape : tuple
        Structure and kinds of the calls that it fits, with the lists packed that its program packs.
    convert : tuple of callable or None
        For each of its results, what makes of it what the user gets; of a column, for each item.
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
    shape: tuple
    convert: tuple[Callable | None, ...]
    written: tuple[int, ...]
    copied: tuple[int, ...]
    mode: Mode
    pure: bool
    shims: dict = field(default_factory=dict)

    @property
    def packing(self) -> frozenset[Path]:
        """The lists of a call that the program takes as columns."""
        return self.generated.normalized.packing

    def fitted(self, call: Call, may_pack: frozenset[Path]) -> Call | None:
        """The call with its lists packed as the program takes them; None if it is built for other calls."""
        if not self.packing <= may_pack:
            return None
        call = with_packed(call, self.packing)
        if (call.key or call.structure, call.kinds) != self.shape:
            return None
        # By their text, since 0.0 equals -0.0 and NaN does not equal itself.
        return call if all(repr(call.leaves[k]) == repr(v) for k, v in self.static) else None

    def arguments(self, call: Call, target: Target) -> list:
        """The arguments of the program for a packed call: leaves, then what was captured, as it is now."""
        binding = self.recipe.bind(target.function, target.owner, call.functions)
        if binding is None:
            name = target.function.__name__
            raise ValueError(f"what {name} captured has changed; ask for its program again")
        values = self.parameters(call)[0]
        return values + [canonical(value) for value in binding.hidden(target.owner)]

    def parameters(self, call: Call) -> tuple[list, dict[int, Places | int]]:
        """What the program takes for the leaves of a packed call; where the items of each column stand."""
        return _parameters(call, self.generated.normalized.leaves)

    def run(self, call: Call, binding: Binding, owner: Any, again: tuple) -> Any:
        """The result of a packed call, as the user gets it; ``again`` are its arguments as they came."""
        normalized = self.generated.normalized
        hidden = binding.hidden(owner)
        values, places = _parameters(call, normalized.leaves)
        values += map(canonical, hidden)
        if self.written:
            _check_written(self, call, values, hidden)
        try:
            results = self.function(*values)
        except Exception as error:
            raise failed(error, self, binding.origins[0], owner, *again) from None
        if len(self.convert) == 1:
            results = (results,)
        elif not self.convert:
            results = ()
        return unflatten(normalized.outputs, self.converted(results, places))

    def converted(self, results: Sequence, places: dict[int, Places | int]) -> list:
        """The results of the program as the user gets them, a column as the items of a list; None is kept."""
        made: list = []
        for result, convert, leaf in zip(
            results, self.convert, self.generated.normalized.columns, strict=True
        ):
            if leaf is not None:
                items = split(result, places[leaf])
                made.append(items if convert is None or result is None else list(map(convert, items)))
            else:
                made.append(result if convert is None or result is None else convert(result))
        return made


def _parameters(call: Call, leaves: tuple[int, ...]) -> tuple[list, dict[int, Places | int]]:
    """What a program takes for the leaves of a packed call, and where the arrays of each column stand."""
    values: list = []
    places: dict[int, Places | int] = {}
    for k in leaves:
        leaf = call.leaves[k]
        if type(leaf) is Column:
            taken, places[k] = pack(leaf, call.kinds[k])
            values += taken
        else:
            values.append(leaf)
    return values, places


def _check_written(entry: Entry, call: Call, values: list, hidden: list) -> None:
    """Refuse to write to memory that is read-only or that another argument shares."""
    normalized = entry.generated.normalized
    names = [repr(v) for v in normalized.program.params]
    given: list = []
    columns: list = []
    for k in normalized.leaves:
        leaf = call.given[k]
        if type(leaf) is Column:
            # What the program takes is a copy; what it was copied from must not be written to either.
            columns += call.leaves[k]
            given += [None] * len(pack(call.leaves[k], call.kinds[k])[0])
        else:
            given.append(leaf)
    given += hidden
    for k in set(entry.written) - set(entry.copied):
        name, array = names[k], given[k]
        if isinstance(array, np.ndarray) and not array.flags.writeable:
            raise ValueError(f"the function writes to `{name}`, which is read-only; pass {name}.copy()")
    written = [values[k] for k in entry.written]
    others = [a for k, a in enumerate(values) if k not in entry.written] + columns
    if has_overlap(written, others):
        which = ", ".join(f"`{names[k]}`" for k in entry.written)
        raise ValueError(
            f"the function writes to {which}, and another argument shares its memory: the result would "
            "depend on the order of writes; pass a copy of one of them"
        )


# ---------------------------------------------------------------------------------- building


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
    names = _names(function, call, mode, int(has_owner))
    argnums = _argnums(function, call, mode)
    traced = _traced(function, call, argnums, names)
    jit = jit and jit_enabled()
    with collected_seldom(), building(function, call, names) as stage:
        types, transform, compiler = engine("kernels.types"), engine(), engine("transform.compile")
        request = transform.Request(
            function=target, structure=call.structure,
            types=tuple(type_of_kind(k, types) for k in call.kinds), names=names, values=call.leaves,
            traced=traced, argnums=argnums, single=mode.single, has_aux=mode.has_aux, kind=mode.kind,
            extra=mode.extra, value=mode.value,
            inner=tuple(engine("transform.parameters").Asked(*m.asked) for m in mode.inner),
            packable=packable(call) if packs and mode.kind == "gradient" and not mode.inner else frozenset(),
        )  # fmt: skip
        generated = transform.transform(request, boundscheck=flags.boundscheck)
        engine("kernels.showing").shown_as_dlarray(wrap)
        stage.emitted = generated.emitted
        compiled = compiler.compile_text(generated.emitted, jit=jit, flags=flags.for_numba)
        normalized = generated.normalized
        call = with_packed(call, normalized.packing)
        if jit:
            values = _parameters(call, normalized.leaves)[0]
            values += [canonical(getter()) for getter, _ in normalized.hidden]
            compiled.compile(tuple(numba().typeof(v) for v in values))
        written = _written(normalized.program)
        copied = tuple(k for k in written if normalized.program.params[k] in normalized.traced)
        recipe, described = recipe_of(normalized, function, owner, call.functions)
        return Entry(
            generated=replace(generated, normalized=described), function=compiled, recipe=recipe,
            static=tuple((key[1], call.leaves[key[1]]) for key in normalized.static if key[0] == "leaf"),
            shape=(call.key or call.structure, call.kinds),
            convert=_converters(generated, call, argnums if mode.kind in ("gradient", "vjp") else None, jit),
            written=written, copied=copied, mode=mode, pure=written == copied,
        )  # fmt: skip


def _names(function: FunctionType, call: Call, mode: Mode, skip: int) -> tuple[str, ...]:
    """How the user would write each leaf; tangents and cotangents are named after what they belong to."""
    names = list(names_of(function, call.structure, skip))
    positions = positions_of(call.structure)
    count = len(positions) - mode.extra
    for k, where in enumerate(positions[count:]):
        of = [names[j] for j in positions[count - mode.extra + k]] if mode.kind in ("jvp", "hvp") else []
        for n, j in enumerate(where):
            names[j] = f"t{of[n]}" if n < len(of) else "dy" if len(where) == 1 else f"dy[{n}]"
    return tuple(names)


def _argnums(function: FunctionType, call: Call, mode: Mode) -> tuple[int, ...] | None:
    """The positions to differentiate by, counted from the start."""
    if mode.argnums is None:
        return None
    name, count = function.__name__, len(arguments_of(call.structure)[0]) - mode.extra
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
    for n, k in enumerate(generated.normalized.columns):
        if k is not None:
            types[n] = replace(types[n], ndim=call.kinds[k].ndim)  # each is one item's
    found = [
        _converter(t, label, jit or k is not None)
        for t, label, k in zip(types, generated.normalized.labels, generated.normalized.columns, strict=True)
    ]
    if argnums is not None:
        # The gradients come last; each is of the class of its argument.
        positions = positions_of(call.structure)
        by = [k for n in argnums for k in positions[n]]
        for place, k in zip(range(len(found) - len(by), len(found)), by, strict=True):
            argument = call.given[k]
            argument = argument[0] if type(argument) is Column else argument
            found[place] = _gradient_converter(argument, types[place], found[place])
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
