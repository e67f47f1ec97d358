"""Rules of the user's own: `custom_vjp` and `custom_jvp`, and functions that no derivative passes through.

The transformation knows `_with_rule` and `_constant` by their marks; run as plain Python they call the
function.
"""

from collections.abc import Callable
from typing import Any

from ..lazy import numba
from .pickled import reduced

__all__ = ["custom_jvp", "custom_vjp", "nondifferentiable"]


class _Named:
    """Stands for a function, under its name."""

    def __init__(self, fun: Callable):
        self.fun = fun
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            # Not __wrapped__: the rule must not be looked through.
            setattr(self, name, getattr(fun, name, None))

    @property
    def _numba_type_(self) -> Any:
        """What numba asks: to the user's own compiled code it is the function."""
        compiled = vars(self).get("_compiled")
        if compiled is None:
            fun = self.fun
            compiled = self._compiled = fun if hasattr(fun, "py_func") else numba().njit(fun)
        return numba().typeof(compiled)

    def __reduce__(self) -> str | tuple:
        parts = {name: part for name, part in vars(self).items() if name != "_compiled"}
        return reduced(self, _restored, type(self), parts)


def _restored(cls: type, parts: dict) -> Any:
    made: Any = object.__new__(cls)
    vars(made).update(parts)
    return made


class custom_vjp(_Named):
    """A function with a derivative of the user's own; a decorator that works as ``jax.custom_vjp``.

    Parameters
    ----------
    fun : callable
        A function of numbers, arrays and containers of them, given by position.

    Attributes
    ----------
    fun, fwd, bwd : callable
        The function, and after `defvjp` the two parts of its rule.

    Notes
    -----
    Where a derivative is taken, ``fwd(*args)`` is run in the place of ``fun`` and returns (what ``fun``
    returns, residuals); the reverse sweep runs ``bwd(residuals, dy)``, which returns a tuple with the
    cotangent of each argument, of its structure and shape, or None where it has none.  Both are read,
    spliced in and compiled like all other code, and what they capture is read at every call.
    `dlsrc.check` compares the rule with differences of the function.

    A higher derivative differentiates ``bwd``; what the rule says of the first order holds for the result
    in the residuals too.

    Examples
    --------
    The derivative of ``log(1 + exp(x))`` in a form that does not overflow:

    >>> import numpy as np
    >>> from dlsrc import custom_vjp, grad
    >>> @custom_vjp
    ... def softplus(x):
    ...     return np.log(1.0 + np.exp(x))
    >>> def softplus_fwd(x):
    ...     return softplus(x), x
    >>> def softplus_bwd(x, dy):
    ...     return (dy / (1.0 + np.exp(-x)),)
    >>> softplus.defvjp(softplus_fwd, softplus_bwd)
    >>> grad(softplus)(0.0)
    0.5
    """

    __dlsrc_rule__ = "custom_vjp"

    def __init__(self, fun: Callable):
        super().__init__(fun)
        self.fwd: Callable | None = None
        self.bwd: Callable | None = None

    def defvjp(self, fwd: Callable, bwd: Callable) -> None:
        """Give the rule: ``fwd(*args) -> (y, residuals)`` and ``bwd(residuals, dy) -> (dx, ...)``."""
        self.fwd, self.bwd = fwd, bwd

    def __call__(self, *args: Any) -> Any:
        return _with_rule(self, *args)

    def __repr__(self) -> str:
        return f"custom_vjp({getattr(self.fun, '__qualname__', self.fun)})"


def _with_rule(rule: custom_vjp, *args: Any) -> Any:
    return rule.fun(*args)


class custom_jvp(_Named):
    """A function with a rule for tangents of the user's own; a decorator that works as ``jax.custom_jvp``.

    Parameters
    ----------
    fun : callable
        A function of numbers, arrays and containers of them, given by position.

    Attributes
    ----------
    fun, jvp : callable
        The function, and after `defjvp` its rule.

    Notes
    -----
    ``jvp(primals, tangents)`` takes two tuples with an entry for each argument and returns (result, tangent
    of the result); it must be linear in the tangents.  Reverse mode uses the transposed rule, which dlsrc
    derives from it.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import custom_jvp, grad
    >>> @custom_jvp
    ... def power(x, n):
    ...     return x**n
    >>> def power_jvp(primals, tangents):
    ...     (x, n), (tx, _) = primals, tangents
    ...     return x**n, n * x ** (n - 1.0) * tx
    >>> power.defjvp(power_jvp)
    >>> grad(power)(2.0, 3.0)
    12.0
    """

    __dlsrc_rule__ = "custom_jvp"

    def __init__(self, fun: Callable):
        super().__init__(fun)
        self.jvp: Callable | None = None

    def defjvp(self, jvp: Callable) -> None:
        """Give the rule: ``jvp(primals, tangents) -> (y, ty)``."""
        self.jvp = jvp

    def __call__(self, *args: Any) -> Any:
        return _with_tangents(self, *args)

    def __repr__(self) -> str:
        return f"custom_jvp({getattr(self.fun, '__qualname__', self.fun)})"


def _with_tangents(rule: custom_jvp, *args: Any) -> Any:
    return rule.fun(*args)


class nondifferentiable(_Named):
    """A function whose result is a constant to every derivative; a decorator.

    What the function does with its arguments may then be anything that numba compiles.  Unlike
    `stop_gradient` on its result, it also says so where the function is defined.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import grad, nondifferentiable
    >>> @nondifferentiable
    ... def scale(x):
    ...     return 10.0 ** np.floor(np.log10(x))
    >>> grad(lambda x: x / scale(x))(250.0)
    0.01
    """

    __dlsrc_rule__ = "nondifferentiable"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _constant(self.fun(*args, **kwargs))

    def __repr__(self) -> str:
        return f"nondifferentiable({getattr(self.fun, '__qualname__', self.fun)})"


def _constant(x: Any) -> Any:
    return x


_with_tangents.__dlsrc_special__ = "custom_jvp"  # type: ignore[attr-defined]
_with_rule.__dlsrc_special__ = "custom_vjp"  # type: ignore[attr-defined]
_constant.__dlsrc_special__ = "stop_gradient"  # type: ignore[attr-defined]
