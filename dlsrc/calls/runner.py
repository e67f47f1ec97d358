"""Runs a function in one mode: finds the program of a call, or has it built, and keeps it for the next."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FunctionType
from typing import Any

from ..cache import Cache, Flags, Mode, key_of
from ..containers.nodes import Path
from ..containers.packing import packable, with_packed
from ..errors import InternalError, SourceError, UnsupportedSyntax
from ..failures.nans import watched
from ..lazy import engine, jit_enabled, numba
from ..operators.wanted import argument_names
from ..process.forks import guarded
from ..records import replace
from ..signature import Call, read_call
from .build import build
from .capture import Binding
from .direct import pays, plan_of
from .entry import Entry
from .fastpath import MISS
from .shims import shim_of, shims_known
from .target import Target

__all__ = ["RUNNERS", "Runner", "runner_of"]

# Building changes tables of numba and of the engine; two threads that ask for one program build it once.
_lock = guarded(threading.RLock(), order=1)


@contextmanager
def _alone() -> Iterator[None]:
    """No other thread builds meanwhile.

    numba's lock is taken first: where compiled code uses a derivative, numba holds it and asks for ours.
    What numba makes for its first compilation is made before: its lock is one that numba takes before that.
    """
    numbas: Any = nullcontext()
    if jit_enabled():
        _ = numba("core.registry").cpu_target.target_context
        numbas = numba("core.compiler_lock").global_compiler_lock
    with numbas, _lock:
        yield


class Table(dict):
    """The runners of one function object, which keeps them; they are not copied or pickled with it."""

    __slots__ = ("evaluation", "of")

    def __init__(self, of: Any = None):
        super().__init__()
        self.of = of
        self.evaluation: Runner | None = None  # the one that dlfeval asks for, found without a key

    def __reduce__(self) -> tuple:
        return Table, ()


RUNNERS = "__dlsrc_runners__"
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
    table = target.function.__dict__.get(RUNNERS)
    if type(table) is not Table or table.of is not target.function:
        # functools.wraps copies a function's attributes to its wrapper: the table says whose it is.
        table = target.function.__dict__[RUNNERS] = Table(target.function)
    key = (mode, flags, id(cache), target.has_owner)
    found = table.get(key)
    if found is None or found.cache is not cache:
        found = table[key] = Runner(target.function, target.has_owner, mode, flags, cache, counted)
    return found


def _missed(owner: Any, args: tuple, kwargs: dict) -> Any:
    return MISS


MOST_SHIMS = 8
CALLS = 1000  # by one short way, after which machine code may take the calls


class Runner:
    """Runs one function object in one mode: keeps what the last calls were run with.

    ``fast`` is the short way of the last call, ``plan`` is the same for machine code (`direct`), None if
    there is none.
    """

    __slots__ = (
        "__weakref__", "cache", "counted", "fast", "flags", "function", "has_owner", "mode", "names", "plan",
        "plans", "shims",
    )  # fmt: skip

    def __init__(
        self, function: FunctionType, has_owner: bool, mode: Mode, flags: Flags, cache: Cache,
        counted: bool = False,
    ):  # fmt: skip
        self.function = function
        self.has_owner = has_owner
        self.names = function.__code__.co_varnames[int(has_owner) : function.__code__.co_argcount]
        self.mode = mode
        self.flags = flags
        self.cache = cache

        self.counted = counted
        self.fast: Callable = _missed
        self.shims: list[tuple[Entry, Callable]] = []
        self.plan: Any = None
        self.plans: dict[Callable, Any] = {}  # for short ways; None for those that have none
        cache.users.add(self)

    def forget(self) -> None:
        """Keep no program for the next call."""
        self.plan = None
        self.plans = {}
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
                    self._use(entry, shim)
                    self.cache.touch(entry)
                    return result
        if not self.shims and not self.flags.debug:
            result = self._as_one_before(owner, args, kwargs)
            if result is not MISS:
                return result
        call = read_call(args, kwargs, argument_names(self.names, self.mode, len(args)))
        try:
            entry, binding = self.prepared(call, owner, args, kwargs)
        except (UnsupportedSyntax, SourceError) as error:
            # It is about the user's lines: a dozen frames of dlsrc's own would hide them.
            raise error.with_traceback(None) from None
        call = with_packed(call, entry.packing)
        if self.flags.debug:
            return watched(entry, call, binding, owner, (args, kwargs))
        made = shim_of(entry, call, binding, self.cache if self.counted else None)
        if made is not None:
            self.shims = [(entry, made), *(pair for pair in self.shims if pair[0] is not entry)][:MOST_SHIMS]
            self._use(entry, made)
        return entry.run(call, binding, owner, (args, kwargs))

    def _as_one_before(self, owner: Any, args: tuple, kwargs: dict) -> Any:
        """The result by the way of the function before: lambdas are made anew for each call."""
        entry = self.cache.latest(self.mode, self.flags, jit_enabled())
        binding = None if entry is None else entry.recipe.bind(self.function, owner)
        if binding is None:
            return MISS
        for shim in shims_known(entry, binding, self.cache if self.counted else None):
            result = shim(owner, args, kwargs)
            if result is not MISS:
                self.shims = [(entry, shim)]
                self._use(entry, shim)
                self.cache.touch(entry)
                return result
        return MISS

    def _use(self, entry: Entry, shim: Callable) -> None:
        """Take a short way from now on, and machine code in its place where it is gone often."""
        self.plan = self.plans.get(shim)
        if shim in self.plans or not hasattr(entry.function, "overloads"):
            self.fast = shim
            return
        left = CALLS

        def counting(owner: Any, args: tuple, kwargs: dict) -> Any:
            nonlocal left
            result = shim(owner, args, kwargs)
            if result is not MISS:
                left -= 1
                if left <= 0 and self.fast is counting:
                    left = CALLS
                    if pays(CALLS):
                        self._plan(entry, shim, owner, args, kwargs)
            return result

        self.fast = counting

    def _plan(self, entry: Entry, shim: Callable, owner: Any, args: tuple, kwargs: dict) -> None:
        """Make the plan for calls like this one, which went a short way."""
        call = read_call(args, kwargs, argument_names(self.names, self.mode, len(args)))
        fitted = entry.fitted(call, packable(call))
        binding = None if fitted is None else entry.recipe.bind(self.function, owner, call.functions)
        plan = None
        if fitted is not None and binding is not None:
            plan = plan_of(entry, fitted, binding, owner, self.cache.entered)
        known = [one for _, one in self.shims]
        self.plans = {one: made for one, made in self.plans.items() if one in known}
        if shim in known:
            self.plans[shim] = plan
            self.fast, self.plan = shim, plan

    def fresh(self, owner: Any, args: tuple, kwargs: dict) -> Any:
        """The result of a program that is made for this call alone and run as plain Python."""
        call = read_call(args, kwargs, argument_names(self.names, self.mode, len(args)))
        entry = self._built(call, owner, args, kwargs, jit=False)
        call = with_packed(call, entry.packing)
        return entry.run(call, self._bound(entry, owner, call), owner, (args, kwargs))

    def prepared(
        self, call: Call, owner: Any, args: tuple, kwargs: dict, packs: bool = True
    ) -> tuple[Entry, Binding]:
        """The entry of a call and what it is bound to; built if there is none.

        ``packs`` says whether its program may take lists of equal items as columns; where it does not,
        numba is to compile a call of it, which it does of programs that were built in this process.
        """
        may_pack = packable(call) if packs else frozenset()
        whole = with_packed(call, may_pack)
        key = key_of(whole.key or whole.structure, whole.kinds, self.mode, self.flags, jit_enabled())
        found = self._found(key, call, may_pack, owner, packs)
        if found is None:
            with _alone():
                found = self._found(key, call, may_pack, owner, packs)
                if found is None:
                    self.cache.misses += 1
                    entry = self._obtained(call, whole, may_pack, owner, args, kwargs, packs)
                    self.cache.add(key, entry)
                    return entry, self._bound(entry, owner, call)
        self.cache.hits += 1
        self.cache.touch(found[0])
        return found

    def _bound(self, entry: Entry, owner: Any, call: Call) -> Binding:
        """What an entry that was just built is bound to."""
        binding = entry.recipe.bind(self.function, owner, call.functions)
        if binding is None:
            raise InternalError(
                f"{self.function.__qualname__}: what the function captures changed while its program was "
                "built, or dlsrc cannot find it again; if nothing else changes it, please report the "
                "function's source"
            )
        return binding

    def _found(
        self, key: tuple, call: Call, may_pack: frozenset[Path], owner: Any, packs: bool
    ) -> tuple[Entry, Binding] | None:
        for entry in self.cache.find(key):
            if entry.fitted(call, may_pack) is not None and (packs or entry.generated is not None):
                binding = entry.recipe.bind(self.function, owner, call.functions)
                if binding is not None:
                    return entry, binding
        return None

    def _obtained(
        self, call: Call, whole: Call, may_pack: frozenset[Path], owner: Any, args: tuple, kwargs: dict,
        packs: bool,
    ) -> Entry:  # fmt: skip
        """The program of a call from disk; built, and kept there, if there is none."""
        if not (packs and jit_enabled() and self.flags.cache):
            return self._built(call, owner, args, kwargs, packs=packs)
        disk = engine("disk.persist")
        key = disk.key_of_call(self.function, owner if self.has_owner else None, whole, self.mode, self.flags)
        found = disk.load(key, self.function, owner, call, self.mode, may_pack)
        if found is None:
            found = self._built(call, owner, args, kwargs)
            disk.save(key, found, self.function, owner, call)
        return found

    def told(self, call: Call, owner: Any, args: tuple, kwargs: dict) -> Entry:
        """The entry of a call with the forms of its program, also where it was loaded from disk."""
        entry = self.prepared(call, owner, args, kwargs)[0]
        if entry.generated is None:
            made = self._built(call, owner, args, kwargs, jit=False)
            entry = replace(entry, generated=made.generated, shims={})
        return entry

    def _built(
        self, call: Call, owner: Any, args: tuple, kwargs: dict, jit: bool = True, packs: bool = True
    ) -> Entry:
        return build(
            self.function, owner, call, args, kwargs, self.mode, self.flags, has_owner=self.has_owner,
            jit=jit, packs=packs,
        )  # fmt: skip
