"""What the objects of `grad`, `jacfwd` and the like have in common: a function made of another one."""

from collections.abc import Callable
from typing import Any

from ..cache import Flags, Mode
from ..calls.ahead import Ahead
from ..calls.direct import entered
from ..calls.fastpath import MISS
from ..calls.runner import Runner, runner_of
from ..calls.target import Target, shifted, target_of
from ..lazy import engine
from ..process.vectorcall import Entered
from ..records import replace

__all__ = ["Derived"]


class Derived(Ahead, Entered):
    """A function that runs another one in some mode; it pickles, and threads may share it.

    Attributes
    ----------
    fun : callable
        The function that is differentiated.
    """

    __slots__ = ("owner", "runner")  # which machine code reads, too; there are others in ``__dict__``
    __dlsrc_special__ = "derivative"
    composes = True  # whether it may be differentiated, or called in what is
    with_value: bool | None = None

    def __init__(
        self, fun: Callable, mode: Mode, nogil: bool = False, checkpoint: str | int | None = None
    ):
        self.fun = fun
        self.target: Target = target_of(fun)
        self._asked = mode
        own = shifted(mode, len(self.target.first))
        self._mode = replace(own, inner=self.target.inner + own.inner)
        self.owner = self.target.owner
        self._native: Any = None
        self.is_bound = bool(self.target.first or self.target.named)
        if checkpoint is not None:
            told = replace(self.target.flags or Flags(), checkpoint=checkpoint)
            self.target = replace(self.target, flags=told)
        flags = replace(self.target.flags or Flags(), nogil=True) if nogil else None
        self.runner: Runner = runner_of(self.target, self._mode, flags)
        # Whether machine code that is called in the place of `__call__` would do the same.
        self._may_enter = not self.is_bound and type(self).__call__ is Derived.__call__
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            # Not __wrapped__: this is no other spelling of the function.
            setattr(self, name, getattr(fun, name, None))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.is_bound:
            args, kwargs = self.target.first + args, {**self.target.named, **kwargs}
        runner = self.runner
        result = runner.fast(self.owner, args, kwargs)
        if result is MISS:
            return runner.slow(self.owner, args, kwargs)
        if runner.plan is not None and self._may_enter:
            self._may_enter = not entered(self)
        return result

    @property
    def _numba_type_(self) -> Any:
        """What numba asks an object that compiled code uses for."""
        if self._native is None:
            self._native = engine("operators.native").numba_type(self)
        return self._native

    @property
    def __dlsrc_derivative__(self) -> tuple:
        return self.target, self._mode

    @property
    def __dlsrc_asked__(self) -> tuple | None:
        """What is asked of ``fun``, from the inside out, as `transform.parameters.Asked` takes it."""
        modes = (*self._asked.inner, self._alone(self._asked))
        return tuple(mode.asked for mode in modes) if self.composes else None

    @property
    def modes(self) -> tuple[Mode, ...]:
        """What is asked of the target's function, from the inside out."""
        return (*self._mode.inner, self._alone(self._mode))

    def _alone(self, mode: Mode) -> Mode:
        """The mode as a part of something else: it then says itself whether the value comes too."""
        value = mode.value if self.with_value is None else self.with_value
        return replace(mode, inner=(), value=value)
