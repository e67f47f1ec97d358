"""What a callable comes down to: a Python function, and what is bound to it already."""

from collections.abc import Callable
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from ..cache import Cache, Flags, Mode
from ..lazy import engine
from ..records import record, replace

__all__ = ["Target", "shifted", "target_of"]


@record(frozen=True, eq=False)
class Target:
    """What a callable comes down to: a Python function, and what is bound to it already.

    ``owner`` is the object whose method it is; ``first`` and ``named`` come from ``functools.partial``;
    ``inner`` says of which derivative of the function the callable is, if it is one.
    """

    function: FunctionType
    has_owner: bool
    owner: Any
    first: tuple
    named: dict[str, Any]
    flags: Flags | None
    cache: Cache | None
    inner: tuple[Mode, ...] = ()

    @property
    def callable(self) -> Callable:
        """The function, as a method of its owner if it has one."""
        return MethodType(self.function, self.owner) if self.has_owner else self.function

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the positional parameters, without ``self``."""
        code = self.function.__code__
        return code.co_varnames[int(self.has_owner) : code.co_argcount]


def shifted(mode: Mode, count: int) -> Mode:
    """The mode with positions counted among all arguments, those that ``functools.partial`` gave included."""
    if not count or not mode.argnums:
        return mode
    argnums = tuple(k + count if k >= 0 else k for k in mode.argnums)
    return replace(mode, argnums=argnums, inner=tuple(shifted(m, count) for m in mode.inner))


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
        return replace(inner, first=inner.first + fun.args, named=merged)
    accelerated = getattr(fun, "__dlsrc_accelerated__", None)
    if accelerated is not None:
        inner = target_of(fun.fun)
        flags, cache = accelerated
        return replace(inner, flags=flags, cache=cache)
    if getattr(fun, "composes", False) and hasattr(type(fun), "__dlsrc_asked__"):
        return replace(fun.target, inner=fun.modes)
    if getattr(fun, "__dlsrc_special__", None) is not None:
        name = getattr(fun, "__name__", type(fun).__name__)
        raise TypeError(
            f"{name} is dlsrc's own and no objective; call it in a function of yours, and differentiate that"
        )
    if isinstance(fun, MethodType):
        inner = target_of(fun.__func__)
        return replace(inner, has_owner=True, owner=fun.__self__)
    if isinstance(fun, FunctionType) or hasattr(fun, "py_func"):
        function = engine("transform.source").read(fun).function
        return Target(function, False, None, (), {}, None, None)
    call = next((vars(c)["__call__"] for c in type(fun).__mro__ if "__call__" in vars(c)), None)
    if isinstance(call, FunctionType) and not isinstance(fun, type):
        return Target(call, True, fun, (), {}, None, None)
    if not callable(fun):
        kind = type(fun).__name__
        raise TypeError(
            f"the first argument is the function to differentiate, and this is {_article(kind)} {kind}; "
            "write grad(f)(x), dlfeval(f, x), jvp(f, (x,), (tx,))"
        )
    name = getattr(fun, "__name__", None) or type(fun).__name__
    what = f"{name} is a class" if isinstance(fun, type) else f"{name} is not written in Python"
    spelled = f"np.{name}" if isinstance(fun, np.ufunc) and getattr(np, name, None) is fun else name
    raise TypeError(f"dlsrc differentiates Python functions, and {what}; write lambda x: {spelled}(x)")


def _article(noun: str) -> str:
    return "an" if noun[:1].lower() in "aeio" else "a"
