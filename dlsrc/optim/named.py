"""Residuals for optimizers whose parameters have names."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..operators.jacobians import jacobian

__all__ = ["for_lmfit"]


class LmfitPart:
    """The residual or its Jacobian as lmfit calls it, with a ``Parameters`` object first."""

    def __init__(self, f: Callable, is_jacobian: bool):
        self.f = f
        self.is_jacobian = is_jacobian
        self._jacobian = jacobian(f) if is_jacobian else None
        self.__name__ = getattr(f, "__name__", "residual")

    def __call__(self, params: Any, *args: Any, **kwargs: Any) -> np.ndarray:
        values = {name: float(p.value) for name, p in params.items()}
        if self._jacobian is None:
            return self.f(values, *args, **kwargs)
        tied = [name for name, p in params.items() if p.expr]
        if tied:
            raise ValueError(
                f"for_lmfit: the parameter {tied[0]!r} is tied to others by an expression, which only lmfit "
                "can differentiate; compute it in the function, from the free parameters"
            )
        columns = self._jacobian(values, *args, **kwargs)
        return np.column_stack([columns[name] for name, p in params.items() if p.vary])

    def __reduce__(self) -> tuple:
        return LmfitPart, (self.f, self.is_jacobian)


def for_lmfit(f: Callable) -> tuple[LmfitPart, LmfitPart]:
    """A residual and its Jacobian for lmfit: ``fcn`` and ``Dfun`` of ``lmfit.minimize(method="leastsq")``.

    Parameters
    ----------
    f : callable
        ``f(values, *args)`` of a dict from names to floats, which returns the residuals, of shape (m,).

    Returns
    -------
    fcn, Dfun : callable
        ``Dfun`` gives the columns of the parameters that vary, in their order: shape (m, n).

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc.optim import for_lmfit
    >>> def residual(p, t, y):
    ...     return p["a"] * np.exp(-p["k"] * t) - y
    >>> fcn, Dfun = for_lmfit(residual)
    >>> # lmfit.minimize(fcn, params, args=(t, y), method="leastsq", Dfun=Dfun)
    """
    return LmfitPart(f, False), LmfitPart(f, True)
