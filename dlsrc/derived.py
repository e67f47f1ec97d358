"""What the objects of `grad`, `jacfwd` and the like have in common: a function made of another one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .ahead import Ahead
from .cache import Mode
from .fastpath import MISS
from .lazy import engine
from .runner import Runner, runner_of
from .target import Target, target_of

__all__ = ["Derived", "shifted"]


def shifted(mode: Mode, target: Target) -> Mode:
    """The mode with positions counted among all arguments, those that ``functools.partial`` gave included."""
    shift = len(target.first)
    if not shift or not mode.argnums:
        return mode
    return replace(mode, argnums=tuple(k + shift if k >= 0 else k for k in mode.argnums))


class Derived(Ahead):
    """A function that runs another one in some mode; it pickles, and threads may share it.

    Attributes
    ----------
    fun : callable
        The function that is differentiated.
    """

    __dlsrc_special__ = "derivative"

    def __init__(self, fun: Callable, mode: Mode):
        self.fun = fun
        self.target: Target = target_of(fun)
        self._mode = shifted(mode, self.target)
        self.owner = self.target.owner
        self._native: Any = None
        self.is_bound = bool(self.target.first or self.target.named)
        self.runner: Runner = runner_of(self.target, self._mode)
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            # Not __wrapped__: this is no other spelling of the function.
            setattr(self, name, getattr(fun, name, None))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.is_bound:
            args, kwargs = self.target.first + args, {**self.target.named, **kwargs}
        result = self.runner.fast(self.owner, args, kwargs)
        return self.runner.slow(self.owner, args, kwargs) if result is MISS else result

    @property
    def _numba_type_(self) -> Any:
        """What numba asks an object that compiled code uses for."""
        if self._native is None:
            self._native = engine("native").numba_type(self)
        return self._native

    @property
    def __dlsrc_derivative__(self) -> tuple:
        return self.target, self._mode
