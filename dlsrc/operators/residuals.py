"""Residuals and models with their Jacobians, in the forms that SciPy's fits take.

    fun, jac = residual_and_jacobian(f)          scipy.optimize.least_squares(fun, x0, jac=jac)
    model, jac = model_and_jacobian(f)           scipy.optimize.curve_fit(model, xdata, ydata, p0, jac=jac)

SciPy asks for the value and for the Jacobian in two calls.  Both come from one evaluation: that of the value
computes the Jacobian with it, and a call for the Jacobian at the same place takes it.
"""

import contextlib
import inspect
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..structure import flatten
from .jacobians import Jacobian

__all__ = ["Shared", "model_and_jacobian", "residual_and_jacobian"]


def residual_and_jacobian(fun: Callable) -> tuple[Callable, Callable]:
    """A residual and its Jacobian for ``scipy.optimize.least_squares``, from one evaluation.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args, **kwargs)`` of a vector x of length n, that returns a vector of m residuals (or a
        number).

    Returns
    -------
    fun, jac : callable
        With the arguments of the function.  ``jac`` gives an array of shape (m, n).  Both pickle, and threads
        may share them.

    Notes
    -----
    ``fun(x)`` evaluates the Jacobian with the value and keeps it for the call ``jac(x)`` that follows, for
    each thread its own.  Another call of ``fun`` always evaluates anew; ``jac`` alone works too.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.optimize import least_squares
    >>> from dlsrc import residual_and_jacobian
    >>> def residual(x):
    ...     return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])
    >>> fun, jac = residual_and_jacobian(residual)
    >>> least_squares(fun, np.array([-1.0, 2.0]), jac=jac).x.round(6)
    array([1., 1.])
    """
    shared = Shared(fun, False)
    return shared.value, shared.jacobian


def model_and_jacobian(fun: Callable) -> tuple[Callable, Callable]:
    """A model and its Jacobian for ``scipy.optimize.curve_fit``, from one evaluation.

    Parameters
    ----------
    fun : callable
        ``fun(xdata, *p)`` of the independent variable and n numbers, that returns m values.

    Returns
    -------
    model, jac : callable
        With the arguments of the function.  ``jac(xdata, *p)`` gives an array of shape (m, n).

    Notes
    -----
    As for `residual_and_jacobian`.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.optimize import curve_fit
    >>> from dlsrc import model_and_jacobian
    >>> def decay(t, a, b):
    ...     return a * np.exp(-b * t)
    >>> model, jac = model_and_jacobian(decay)
    >>> t = np.linspace(0.0, 4.0, 50)
    >>> popt, pcov = curve_fit(model, t, decay(t, 2.5, 1.3), jac=jac)
    >>> popt.round(6)
    array([2.5, 1.3])
    """
    shared = Shared(fun, True)
    return shared.value, shared.jacobian


class Shared:
    """A function and its Jacobian, of which one evaluation gives both.

    Attributes
    ----------
    fun : callable
    model : bool
        Whether it is a function of data and numbers, for ``curve_fit``, or of a vector.
    evaluations : int
        How often the function was evaluated, for tests and the curious.
    """

    def __init__(self, fun: Callable, model: bool):
        self.fun = fun
        self.model = model
        self.evaluations = 0
        self.value = Part(self, False)
        self.jacobian = Part(self, True)
        self._kept = threading.local()
        self._by_count: dict[int, Jacobian] = {}

    def derivative(self, count: int = 1) -> Jacobian:
        """The function that gives both, for this many positional arguments."""
        found = self._by_count.get(count)
        if found is None:
            argnums = tuple(range(1, count)) if self.model else 0
            found = self._by_count[count] = Jacobian(self.fun, argnums, False, "jacfwd", True)
        return found

    def of_value(self, args: tuple, kwargs: dict) -> Any:
        value, jacobian = self._evaluated(args, kwargs)
        # What SciPy is given it may change: it scales both in place.
        self._kept.last = _places(args, kwargs), jacobian
        return value

    def of_jacobian(self, args: tuple, kwargs: dict) -> np.ndarray:
        last = getattr(self._kept, "last", None)
        self._kept.last = None
        if last is not None and _alike(last[0], _places(args, kwargs)):
            return last[1]
        return self._evaluated(args, kwargs)[1]

    def _evaluated(self, args: tuple, kwargs: dict) -> tuple[Any, np.ndarray]:
        self.evaluations += 1
        if not self.model:
            value, jacobian = self.derivative()(*args, **kwargs)
            return value, np.atleast_2d(jacobian)
        if len(args) < 2:
            raise TypeError("a model for curve_fit takes the data and at least one number: model(xdata, *p)")
        value, columns = self.derivative(len(args))(*args, **kwargs)
        columns = [np.asarray(c) for c in columns]
        return value, np.stack([np.ravel(c) for c in columns], axis=1)

    def __reduce__(self) -> tuple:
        return Shared, (self.fun, self.model)


def _places(args: tuple, kwargs: dict) -> list:
    """Copies of all numbers and arrays of a call."""
    leaves, structure = flatten((args, kwargs))
    return [structure, *(np.array(leaf) for leaf in leaves)]


def _alike(a: list, b: list) -> bool:
    return a[0] == b[0] and all(
        x.dtype == y.dtype and np.array_equal(x, y, equal_nan=True) for x, y in zip(a[1:], b[1:], strict=True)
    )


class Part:
    """The value, or the Jacobian, of a `Shared` evaluation."""

    __dlsrc_special__ = "derivative"

    def __init__(self, shared: Shared, is_jacobian: bool):
        self.shared = shared
        self.is_jacobian = is_jacobian
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(self, name, getattr(shared.fun, name, None))
        with contextlib.suppress(TypeError, ValueError):
            self.__signature__ = inspect.signature(shared.fun)  # curve_fit counts the parameters by it

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        ask = self.shared.of_jacobian if self.is_jacobian else self.shared.of_value
        return ask(args, kwargs)

    def warm(self, *args: Any, **kwargs: Any) -> None:
        """Compile for arguments like these, without running anything."""
        self.shared.derivative(len(args)).warm(*args, **kwargs)

    @property
    def source(self) -> str:
        """The generated source of the program that was used last."""
        used = next(reversed(self.shared._by_count.values()), None) or self.shared.derivative()
        return used.source

    def __dlsrc_reading__(self, args: tuple, kwargs: dict) -> tuple[Jacobian, tuple, dict]:
        return self.shared.derivative(len(args)), args, kwargs

    def __repr__(self) -> str:
        name = getattr(self.shared.fun, "__qualname__", self.shared.fun)
        made = "model_and_jacobian" if self.shared.model else "residual_and_jacobian"
        return f"{made}({name})[{int(self.is_jacobian)}]"

    def __reduce__(self) -> tuple:
        return _part, (self.shared, self.is_jacobian)


def _part(shared: Shared, is_jacobian: bool) -> Part:
    return shared.jacobian if is_jacobian else shared.value
