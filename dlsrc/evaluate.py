"""From a call to its result: read the call, find or build the program, run it, put the result together."""

import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from .cache import Cache, Flags, Mode, key_of
from .capture import Binding, Recipe, recipe_of
from .dlarray import dlarray, wrap
from .errors import DifferentiationError, SourceError, UnsupportedSyntax
from .fastpath import MISS, shim_of
from .failure import Replayed, building, failed, here, replaying
from .lazy import engine, jit_enabled, numba
from .signature import Call, has_overlap, names_of, positions_of, read_call, type_of_kind
from .structure import unflatten

__all__ = ["Entry", "Runner", "Target", "dlfeval", "dlgradient", "prepared", "runner_of", "target_of"]

# Building changes tables of numba and of the engine; two threads that ask for one program build it once.
_lock = threading.RLock()


@contextmanager
def _alone() -> Iterator[None]:
    """No other thread builds meanwhile.

    numba's lock is taken first: where compiled code uses a derivative, numba holds it and asks for ours.
    """
    with numba("core.compiler_lock").global_compiler_lock if jit_enabled() else nullcontext(), _lock:
        yield


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
    mode: Mode
    pure: bool
    shims: dict = field(default_factory=dict)

    def fits(self, call: Call) -> bool:
        """Whether the arguments that were known while it was built have the values they had then."""
        leaves = call.leaves
        return all(type(leaves[k]) is type(v) and leaves[k] == v for k, v in self.static)

    def run(self, call: Call, binding: Binding, owner: Any, again: tuple) -> Any:
        """The result of a call, as the user gets it; ``again`` are its arguments as they came."""
        normalized = self.generated.normalized
        values = [call.leaves[k] for k in normalized.leaves]
        hidden = binding.hidden(owner)
        if self.written:
            given = [call.given[k] for k in normalized.leaves]
            _check_written(self, values, given, hidden)
        try:
            results = self.function(*values, *hidden)
        except Exception as error:
            raise failed(error, self, binding.origins[0], owner, *again) from None
        if len(self.convert) == 1:
            results = (results,)
        elif not self.convert:
            results = ()
        results = [r if c is None else c(r) for c, r in zip(self.convert, results, strict=True)]
        return unflatten(normalized.outputs, results)


def _check_written(entry: Entry, values: list, given: list, hidden: list) -> None:
    """Refuse what writing to an argument cannot do: read-only memory, and memory that another argument shares."""
    names = [repr(v) for v in entry.generated.normalized.program.params]
    arrays = values + hidden
    for k in entry.written:
        if k < len(given) and isinstance(given[k], np.ndarray) and not given[k].flags.writeable:
            raise ValueError(f"the function writes to `{names[k]}`, which is read-only; pass a copy, {names[k]}.copy()")
    written = [arrays[k] for k in entry.written]
    others = [a for k, a in enumerate(arrays) if k not in entry.written]
    if has_overlap(written, others):
        which = ", ".join(f"`{names[k]}`" for k in entry.written)
        raise ValueError(
            f"the function writes to {which}, and another argument shares its memory: the result would depend on "
            "the order of writes; pass a copy of one of them"
        )


# ---------------------------------------------------------------------------------- what is called


@dataclass(frozen=True, eq=False)
class Target:
    """What a callable comes down to: a Python function, and what is bound to it already.

    ``owner`` is the object whose method it is; ``first`` and ``named`` come from ``functools.partial``.
    """

    function: FunctionType
    has_owner: bool
    owner: Any
    first: tuple
    named: dict[str, Any]
    flags: Flags | None
    cache: Cache | None

    @property
    def callable(self) -> Callable:
        """The function, as a method of its owner if it has one."""
        return MethodType(self.function, self.owner) if self.has_owner else self.function


def target_of(fun: Any) -> Target:
    """The Python function behind a function, method, partial object, dispatcher or accelerated function.

    Raises
    ------
    TypeError
        If there is none.
    """
    if type(fun) is FunctionType and "__wrapped__" not in fun.__dict__:
        return Target(fun, False, None, (), {}, None, None)
    if isinstance(fun, partial):
        inner = target_of(fun.func)
        merged = {**inner.named, **fun.keywords}
        return Target(inner.function, inner.has_owner, inner.owner, inner.first + fun.args, merged, inner.flags, inner.cache)
    accelerated = getattr(fun, "__dlsrc_accelerated__", None)
    if accelerated is not None:
        inner = target_of(fun.fun)
        return Target(inner.function, inner.has_owner, inner.owner, inner.first, inner.named, *accelerated)
    if getattr(fun, "__dlsrc_special__", None) is not None:
        name = getattr(fun, "__name__", type(fun).__name__)
        raise TypeError(f"{name} is dlsrc's own and no objective; a derivative of a derivative is not supported yet")
    if isinstance(fun, MethodType):
        inner = target_of(fun.__func__)
        return Target(inner.function, True, fun.__self__, inner.first, inner.named, inner.flags, inner.cache)
    if isinstance(fun, FunctionType) or hasattr(fun, "py_func"):
        function = engine("transform.source").read(fun).function
        return Target(function, False, None, (), {}, None, None)
    call = getattr(type(fun), "__call__", None)
    if isinstance(call, FunctionType) and not isinstance(fun, type):
        return Target(call, True, fun, (), {}, None, None)
    name = getattr(fun, "__name__", None) or type(fun).__name__
    what = f"{name} is a class" if isinstance(fun, type) else f"{name} is not written in Python"
    raise TypeError(f"dlsrc differentiates Python functions, and {what}; write lambda x: {name}(x)")


class Table(dict):
    """The runners of one function object, which keeps them; they are not copied or pickled with it."""

    __slots__ = ("evaluation", "of")

    def __init__(self, of: Any = None):
        super().__init__()
        self.of = of
        self.evaluation: Runner | None = None  # the one that dlfeval asks for, found without a key

    def __reduce__(self) -> tuple:
        return Table, ()


_RUNNERS = "__dlsrc_runners__"
_caches: dict[Any, Cache] = {}
MOST_CODES = 500


def _cache_of(function: FunctionType) -> Cache:
    """The cache of a function's code: a lambda that is made anew finds what was built for the one before."""
    code = function.__code__
    key = (code, code.co_filename)
    found = _caches.get(key)
    if found is None:
        with _lock:
            while len(_caches) >= MOST_CODES:
                del _caches[next(iter(_caches))]
            found = _caches.setdefault(key, Cache())
    return found


def runner_of(target: Target, mode: Mode, flags: Flags | None = None, cache: Cache | None = None) -> "Runner":
    """The runner of a target; one for each function object, mode and set of flags."""
    flags = flags or target.flags or Flags()
    counted = cache is not None or target.cache is not None
    if cache is None:
        cache = target.cache if target.cache is not None else _cache_of(target.function)
    table = target.function.__dict__.get(_RUNNERS)
    if type(table) is not Table or table.of is not target.function:
        # functools.wraps copies a function's attributes to its wrapper: the table says whose it is.
        table = target.function.__dict__[_RUNNERS] = Table(target.function)
    key = (mode, flags, id(cache), target.has_owner)
    found = table.get(key)
    if found is None or found.cache is not cache:
        found = table[key] = Runner(target.function, target.has_owner, mode, flags, cache, counted)
    return found


def _missed(owner: Any, args: tuple, kwargs: dict) -> Any:
    return MISS


MOST_SHIMS = 8


class Runner:
    """Runs one function object in one mode: keeps what the last calls were run with."""

    def __init__(
        self, function: FunctionType, has_owner: bool, mode: Mode, flags: Flags, cache: Cache, counted: bool = False
    ):  # fmt: skip
        self.function = function
        self.has_owner = has_owner
        self.mode = mode
        self.flags = flags
        self.cache = cache

        self.counted = counted
        self.fast: Callable = _missed
        self.shims: list[tuple[Entry, Callable]] = []
        cache.users.add(self)

    def forget(self) -> None:
        """Keep no program for the next call."""
        self.fast = _missed
        self.shims = []

    def __call__(self, owner: Any, args: tuple, kwargs: dict) -> Any:
        result = self.fast(owner, args, kwargs)
        return self.slow(owner, args, kwargs) if result is MISS else result

    def slow(self, owner: Any, args: tuple, kwargs: dict) -> Any:
        """The result of a call that the program of the last call does not fit."""
        for entry, shim in self.shims:
            if shim is not self.fast:
                result = shim(owner, args, kwargs)
                if result is not MISS:
                    self.fast = shim
                    self.cache.touch(entry)
                    return result
        call = read_call(args, kwargs)
        try:
            entry, binding = self.prepared(call, owner, args, kwargs)
        except (UnsupportedSyntax, SourceError) as error:
            # It is about the user's lines: a dozen frames of dlsrc's own would hide them.
            raise error.with_traceback(None) from None
        made = shim_of(entry, call, binding, self.cache if self.counted else None)
        if made is not None:
            self.fast = made
            self.shims = [(entry, made), *(pair for pair in self.shims if pair[0] is not entry)][:MOST_SHIMS]
        return entry.run(call, binding, owner, (args, kwargs))

    def fresh(self, owner: Any, args: tuple, kwargs: dict) -> Any:
        """The result of a program that is made for this call alone and run as plain Python."""
        call = read_call(args, kwargs)
        entry = self._built(call, owner, args, kwargs, jit=False)
        binding = entry.recipe.bind(self.function, owner)
        assert binding is not None, "a program does not fit the function it was built for"
        return entry.run(call, binding, owner, (args, kwargs))

    def prepared(self, call: Call, owner: Any, args: tuple, kwargs: dict) -> tuple[Entry, Binding]:
        """The entry of a call and what it is bound to; built if there is none."""
        key = key_of(call.structure, call.kinds, self.mode, self.flags, jit_enabled())
        found = self._found(key, call, owner)
        if found is None:
            with _alone():
                found = self._found(key, call, owner)
                if found is None:
                    self.cache.misses += 1
                    entry = self._built(call, owner, args, kwargs)
                    self.cache.add(key, entry)
                    bound = entry.recipe.bind(self.function, owner)
                    assert bound is not None, "a program does not fit the function it was built for"
                    return entry, bound
        self.cache.hits += 1
        self.cache.touch(found[0])
        return found

    def _found(self, key: tuple, call: Call, owner: Any) -> tuple[Entry, Binding] | None:
        for entry in self.cache.find(key):
            if entry.fits(call):
                binding = entry.recipe.bind(self.function, owner)
                if binding is not None:
                    return entry, binding
        return None

    def _built(self, call: Call, owner: Any, args: tuple, kwargs: dict, jit: bool = True) -> Entry:
        skip = int(self.has_owner)
        target = MethodType(self.function, owner) if self.has_owner else self.function
        try:
            inspect.signature(target).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.function.__name__}(): {error}") from None
        names = names_of(self.function, call.structure, skip)
        traced = self._traced(call, names)
        jit = jit and jit_enabled()
        with building(self.function, call, names) as stage:
            types = engine("kernels.types")
            transform = engine()
            request = transform.Request(
                function=target, structure=call.structure, types=tuple(type_of_kind(k, types) for k in call.kinds),
                names=names, values=call.leaves, traced=traced, argnums=self._argnums(call), single=self.mode.single,
                has_aux=self.mode.has_aux,
            )  # fmt: skip
            generated = transform.transform(request, boundscheck=self.flags.boundscheck)
            stage.emitted = generated.emitted
            compiler = engine("transform.compile")
            function = compiler.compile_text(generated.emitted, jit=jit, flags=self.flags.for_numba)
            normalized = generated.normalized
            if jit:
                values = [call.leaves[k] for k in normalized.leaves] + [_canonical(g()) for g, _ in normalized.hidden]
                function.compile(tuple(numba().typeof(v) for v in values))
            written, pure = _effects(normalized.program)
            return Entry(
                generated=generated, function=function, recipe=recipe_of(normalized, self.function, owner),
                static=tuple((key[1], call.leaves[key[1]]) for key in normalized.static if key[0] == "leaf"),
                convert=self._converters(generated, call, jit), written=written, mode=self.mode, pure=pure,
            )  # fmt: skip

    def _argnums(self, call: Call) -> tuple[int, ...] | None:
        """The positions to differentiate by, counted from the start."""
        if self.mode.argnums is None:
            return None
        count = len(call.structure.children[0].children)  # type: ignore[union-attr]
        found = []
        for k in self.mode.argnums:
            if not -count <= k < count:
                raise TypeError(
                    f"{self.function.__name__}(): argnums says to differentiate by argument {k}, and {count} were "
                    "given by position"
                )
            found.append(k % count)
        if len(set(found)) < len(found):
            raise TypeError(f"{self.function.__name__}(): argnums {self.mode.argnums} names one argument twice")
        return tuple(found)

    def _traced(self, call: Call, names: tuple[str, ...]) -> tuple[bool, ...]:
        """Which leaves a derivative may be taken by.

        Raises
        ------
        TypeError
            If one of them is no real number.
        """
        argnums = self._argnums(call)
        if argnums is None:
            return tuple(kind.labels is not None for kind in call.kinds)
        positions = positions_of(call.structure)
        wanted = {k for n in argnums for k in positions[n]}
        for n in argnums:
            if not positions[n]:
                raise TypeError(f"{self.function.__name__}(): argument {n} holds no numbers to differentiate by")
        for k in sorted(wanted):
            kind = call.kinds[k]
            if not kind.dtype.startswith("float"):
                what = f"{kind.cls.__name__}" if not kind.ndim else f"{kind.dtype} array"
                remedy = f"{names[k]}.astype(float)" if kind.ndim else f"float({names[k]})"
                raise TypeError(
                    f"{self.function.__name__}(): the gradient by `{names[k]}` does not exist, it is of type {what}; "
                    f"pass {remedy}, or leave it out of argnums"
                )
        return tuple(k in wanted for k in range(len(call.kinds)))

    def _converters(self, generated: Any, call: Call, jit: bool) -> tuple[Callable | None, ...]:
        """What makes of each result of the program what the user gets."""
        program = generated.stages[-1].program
        types = [program.type_of(atom) for atom in program.returns]
        found = [_converter(t, label, jit) for t, label in zip(types, generated.normalized.labels, strict=True)]
        argnums = self._argnums(call)
        if argnums is not None:
            # The gradients come last; each is of the class of its argument.
            positions = positions_of(call.structure)
            by = [k for n in argnums for k in positions[n]]
            for place, k in zip(range(len(found) - len(by), len(found)), by, strict=True):
                found[place] = _gradient_converter(call.given[k], types[place], found[place])
        return tuple(found)


def _canonical(value: Any) -> Any:
    return value[()] if isinstance(value, np.ndarray) and not value.ndim else value


def _effects(program: Any) -> tuple[tuple[int, ...], bool]:
    """Which parameters a program writes to, and whether running the function again changes nothing."""
    outline = engine("transform.outline").Outline(program)
    memory = engine("transform.memory").analyze(program, outline)
    roots = {memory.root.get(v): k for k, v in enumerate(program.params) if v in memory.root}
    written = sorted({k for root in memory.stores for r in memory.roots_shared_with(root) if (k := roots.get(r)) is not None})
    return tuple(written), not written


# ---------------------------------------------------------------------------------- results


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
    if type(argument) is dlarray:
        return plain
    if type_.ndim:
        return np.ascontiguousarray if type_.layout != "C" else None
    if isinstance(argument, np.ndarray):
        return lambda v: np.array(v, argument.dtype)
    return plain if type(argument) is float else type(argument)


# ---------------------------------------------------------------------------------- the surface


EVALUATION = Mode()


def dlfeval(fun: Callable, *args: Any, **kwargs: Any) -> Any:
    """The result of ``fun(*args, **kwargs)``, in which `dlgradient` may be called.

    Parameters
    ----------
    fun : callable
        A Python function, method, lambda, numba dispatcher or accelerated function.  Its source is read,
        differentiated and compiled for arguments of these types once; later calls run what was compiled.
    *args, **kwargs
        Arrays, numbers and nested containers of them.  Every dlarray in them is traced: derivatives can be
        taken by it.  Everything else is a constant.

    Returns
    -------
    object
        What the function returns, in its containers.

    Examples
    --------
    >>> from dlsrc import dlarray, dlfeval, dlgradient
    >>> def rosenbrock(x):
    ...     f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    ...     return f, dlgradient(f, x)
    >>> f, g = dlfeval(rosenbrock, dlarray([-1, 2]))
    >>> g
    1x2 dlarray
       396. 200.
    """
    if type(fun) is FunctionType:
        table = fun.__dict__.get(_RUNNERS)
        if table is not None and table.of is fun and table.evaluation is not None:
            runner = table.evaluation
            result = runner.fast(None, args, kwargs)
            return runner.slow(None, args, kwargs) if result is MISS else result
    elif hasattr(fun, "__dlsrc_accelerated__"):
        return fun(*args, **kwargs)
    target = target_of(fun)
    runner = runner_of(target, EVALUATION)
    if target.function is fun:
        fun.__dict__[_RUNNERS].evaluation = runner
    if target.first or target.named:
        args, kwargs = target.first + args, {**target.named, **kwargs}
    return runner(target.owner, args, kwargs)


def prepared(
    function: Callable, args: tuple, kwargs: dict[str, Any], *, argnums: int | tuple[int, ...] | None = None,
    has_aux: bool = False, flags: Flags | None = None,
) -> Entry:  # fmt: skip
    """The program of a call, found or built, without running it.

    Parameters
    ----------
    function : callable
        What `dlfeval` takes, or an object that `grad` or `value_and_grad` gave.
    args, kwargs
        The arguments of the call.
    argnums : int or tuple of int, optional
        Positions to differentiate by; None for a function that calls `dlgradient` itself.
    has_aux : bool
        Whether the function returns (value, something else).
    flags : Flags, optional
        How it is compiled.
    """
    derivative = getattr(function, "__dlsrc_derivative__", None)
    if derivative is not None:
        target, mode = derivative
    else:
        target, mode = target_of(function), mode_of(argnums, has_aux)
    runner = runner_of(target, mode, flags)
    args, kwargs = target.first + args, {**target.named, **kwargs}
    entry, _ = runner.prepared(read_call(args, kwargs), target.owner, args, kwargs)
    return entry


def mode_of(argnums: Any, has_aux: bool = False) -> Mode:
    """The mode for these argnums; None stands for a function that calls `dlgradient` itself."""
    if argnums is None:
        return EVALUATION
    single = not isinstance(argnums, tuple | list)
    numbers = (argnums,) if single else tuple(argnums)
    for k in numbers:
        if isinstance(k, bool) or not hasattr(k, "__index__"):
            raise TypeError(f"argnums is an int or a tuple of ints, not {argnums!r}")
    if not numbers or len({int(k) for k in numbers}) < len(numbers):
        raise ValueError(f"argnums names each argument once, and at least one; {argnums!r} does not")
    return Mode(tuple(int(k) for k in numbers), single, bool(has_aux))


def dlgradient(y: Any, *xs: Any, retain_data: bool = False, enable_higher_derivatives: bool = False) -> Any:
    """The gradient of ``y`` by each of ``xs``, in a function that `dlfeval` runs.

    Parameters
    ----------
    y : dlarray
        A real scalar that was computed from traced arguments.
    *xs : dlarray or container of dlarrays
        Traced arguments, or values computed from them; containers may be nested.
    retain_data : bool
        Whether several gradients share one forward sweep.  It never changes a number, and here never a
        speed: all gradients of a function are generated together.
    enable_higher_derivatives : bool
        Whether the gradient will itself be differentiated.  This version does not support it.

    Returns
    -------
    dlarray or container, or tuple of them
        For each of ``xs``, its gradient in the same containers, shapes and dtypes.
    """
    if replaying():
        raise Replayed
    raise here(DifferentiationError, "dlgradient works in a function that dlfeval runs: write dlfeval(f, x)", sys._getframe(1))


dlgradient.__dlsrc_special__ = "dlgradient"  # type: ignore[attr-defined]
