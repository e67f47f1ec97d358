"""``dlaccelerate``: a function with a cache of its own that can be looked at and set."""

import functools
import warnings
from collections.abc import Callable
from types import MethodType
from typing import Any

import numpy as np

from ..cache import Cache, Flags
from ..dlarray import extractdata
from ..evaluate import EVALUATION
from ..failures.failure import plain_result
from ..operators.pickled import reduced
from ..structure import flatten
from .ahead import Ahead
from .runner import Runner, runner_of
from .target import target_of

__all__ = ["AcceleratedFunction", "dlaccelerate"]

CHECK_MODES = ("none", "tolerance")


class Settings:
    """What a function and the methods made of it share."""

    def __init__(self, flags: Flags):
        self.flags = flags
        self.cache = Cache()
        self.enabled = True
        self.check_mode = "none"
        self.check_tolerance = 1e-4


class AcceleratedFunction(Ahead):
    """A function whose compiled programs are kept in a cache of its own; called as `dlfeval` calls it.

    Parameters
    ----------
    fun : callable
        The underlying function.
    flags : Flags
        How its programs are compiled.

    Attributes
    ----------
    fun : callable
        The underlying function.
    """

    def __init__(self, fun: Callable, flags: Flags):
        self._set(fun, Settings(flags))

    def _set(self, fun: Callable, settings: Settings) -> None:
        self.fun = fun
        self._settings = settings
        self.target = target_of(fun)
        self.runner: Runner = runner_of(self.target, EVALUATION, settings.flags, settings.cache)
        functools.update_wrapper(self, fun, updated=())  # sets __wrapped__: helpers are looked through

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        settings, target = self._settings, self.target
        if target.first or target.named:
            args, kwargs = target.first + args, {**target.named, **kwargs}
        if not settings.enabled:
            return self.runner.fresh(target.owner, args, kwargs)
        if settings.check_mode == "none":
            return self.runner(target.owner, args, kwargs)
        return self._checked(target.owner, args, kwargs)

    def _checked(self, owner: Any, args: tuple, kwargs: dict) -> Any:
        """The result, compared with that of the underlying function."""
        plain, expected = plain_result(self.target.callable, args, kwargs)
        if not plain:  # it calls dlgradient: only the generated program can be run, here without compiling it
            expected = self.runner.fresh(owner, args, kwargs)
        result = self.runner(owner, args, kwargs)
        if not _close(result, expected, self._settings.check_tolerance):
            warnings.warn("Accelerated outputs differ from underlying function outputs.", stacklevel=3)
        return result

    def __get__(self, owner: Any, cls: type | None = None) -> "AcceleratedFunction":
        if owner is None:
            return self
        bound = object.__new__(AcceleratedFunction)
        bound._set(MethodType(self.fun, owner), self._settings)
        return bound

    def __reduce__(self) -> str | tuple:
        return reduced(self, _restored, self.fun, self._settings.flags)

    # ------------------------------------------------------------------ the cache

    @property
    def enabled(self) -> bool:
        """Whether programs are kept; if not, one is made for every call and run as plain Python."""
        return self._settings.enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        self._settings.enabled = bool(value)

    @property
    def cache_size(self) -> int:
        """How many programs are kept; the least recently used is dropped."""
        return self._settings.cache.size

    @cache_size.setter
    def cache_size(self, size: int) -> None:
        self._settings.cache.size = size

    @property
    def hit_rate(self) -> float:
        """Percentage of calls that found their program in the cache."""
        cache = self._settings.cache
        hits = cache.hits + cache.entered[0]
        calls = hits + cache.misses
        return 100.0 * hits / calls if calls else 0.0

    @property
    def occupancy(self) -> float:
        """Percentage of the cache that is in use."""
        cache = self._settings.cache
        return 100.0 * len(cache) / cache.size

    @property
    def check_mode(self) -> str:
        """"none", or "tolerance": every result is compared with that of the underlying function."""
        return self._settings.check_mode

    @check_mode.setter
    def check_mode(self, mode: str) -> None:
        if mode not in CHECK_MODES:
            raise ValueError(f"check_mode is one of {', '.join(map(repr, CHECK_MODES))}, not {mode!r}")
        self._settings.check_mode = mode

    @property
    def check_tolerance(self) -> float:
        """The difference, relative and absolute, beyond which `check_mode` warns."""
        return self._settings.check_tolerance

    @check_tolerance.setter
    def check_tolerance(self, tolerance: float) -> None:
        if not tolerance >= 0:
            raise ValueError(f"check_tolerance is a number of at least 0, not {tolerance!r}")
        self._settings.check_tolerance = float(tolerance)

    def clear_cache(self) -> None:
        """Drop every program of this process and start counting anew; what is kept on disk stays there."""
        self._settings.cache.clear()

    # ------------------------------------------------------------------ for the rest of dlsrc

    @property
    def __dlsrc_accelerated__(self) -> tuple[Flags, Cache]:
        return self._settings.flags, self._settings.cache

    def __repr__(self) -> str:
        name = getattr(self.fun, "__qualname__", None) or repr(self.fun)
        lines = [
            ("Function", f"@{name}"), ("Enabled", int(self.enabled)), ("CacheSize", self.cache_size),
            ("HitRate", f"{self.hit_rate:g}"), ("Occupancy", f"{self.occupancy:g}"),
            ("CheckMode", repr(self.check_mode)), ("CheckTolerance", f"{self.check_tolerance:.4e}"),
        ]  # fmt: skip
        shown = (f"{key:>18}: {value}" for key, value in lines)
        return "\n".join(["AcceleratedFunction with properties:", "", *shown])


def _restored(fun: Callable, flags: Flags) -> AcceleratedFunction:
    return AcceleratedFunction(fun, flags)


def _close(result: Any, expected: Any, tolerance: float) -> bool:
    (a, built), (b, other) = flatten(result, "result"), flatten(expected, "result")
    if built != other or len(a) != len(b):
        return False
    pairs = [(np.asarray(extractdata(x)), np.asarray(extractdata(y))) for x, y in zip(a, b, strict=True)]
    t = tolerance
    return all(x.shape == y.shape and np.allclose(x, y, rtol=t, atol=t, equal_nan=True) for x, y in pairs)


def dlaccelerate(fun: Callable | None = None, **options: Any) -> Any:
    """A function that is compiled once for each kind of arguments, with a cache that can be looked at.

    Parameters
    ----------
    fun : callable, optional
        What `dlfeval` takes.  Left out where options are given to a decorator.
    fastmath : bool or set of str
        Whether the compiler may change the order of floating-point operations and ignore NaN; numba's
        option of that name.
    boundscheck : bool
        Whether indices that are not proven to be in range are tested; True if left out.
    nogil : bool
        Whether other threads run meanwhile.
    debug : "nan" or None
        Whether results are looked at for nan.  If one holds nan, a FloatingPointError names the line of yours
        and the value, or its adjoint, that turned nan first.  Applies to everything that is made of the
        function: ``grad(f)``, ``hessian(f)``.  Without nan a call costs a few microseconds more; with one,
        the program runs once more as plain Python.
    cache : bool
        Whether its programs are kept on disk for the next process; True if left out.
    checkpoint : "sqrt" or int
        Whether the way back through its loops starts from checkpoints, and after how many trips each is made:
        see `grad`.  A loop for itself: `checkpointed`.
    memory_limit : int or str
        How many bytes the way back may take for what its loops keep, as a number or as ``"16 MB"``.  Where
        a call needs more, its loops are run again from checkpoints, as many as fit; where it does not,
        nothing is.

    Returns
    -------
    AcceleratedFunction
        Called directly it does what `dlfeval` does with it.

    Examples
    --------
    >>> from dlsrc import dlaccelerate, dlarray, dlgradient
    >>> @dlaccelerate
    ... def f(x):
    ...     y = (x**3).sum()
    ...     return dlgradient(y, x)
    >>> f(dlarray([1, 2]))
    1x2 dlarray
       3. 12.
    """
    known = ("fastmath", "boundscheck", "nogil", "debug", "cache", "checkpoint", "memory_limit")
    for name in options:
        if name not in known:
            raise TypeError(f"dlaccelerate has no option {name!r}; it has {', '.join(known)}")
    flags = Flags(**options)
    if fun is None:
        return lambda function: dlaccelerate(function, **options)
    if isinstance(fun, AcceleratedFunction):
        fun = fun.fun
    return AcceleratedFunction(fun, flags)
