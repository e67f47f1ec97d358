"""Objectives for optimizers that hand in a buffer for the gradient."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..derivatives import value_and_grad

__all__ = ["for_nlopt"]


class NloptObjective:
    """``objective(x, grad)``: gives the value, and writes the gradient into ``grad`` if that has room for it.

    It pickles, and threads may share it.
    """

    def __init__(self, f: Callable, args: tuple):
        self.f = f
        self.args = args
        self._derivative = value_and_grad(f)

    def __call__(self, x: np.ndarray, grad: np.ndarray) -> float:
        if not grad.size:  # a method without derivatives: nlopt passes an empty array
            return float(self.f(x, *self.args))
        value, grad[:] = self._derivative(x, *self.args)
        return value

    def __reduce__(self) -> tuple:
        return NloptObjective, (self.f, self.args)


def for_nlopt(f: Callable, *args: Any) -> NloptObjective:
    """An objective or constraint for nlopt, which asks for ``f(x, grad)`` that fills ``grad`` in place.

    Parameters
    ----------
    f : callable
        A function of a vector of shape (n,) that returns one real number.
    *args
        Further arguments, the same at every call.

    Returns
    -------
    callable
        For ``opt.set_min_objective``, ``opt.add_inequality_constraint`` and the like.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc.optim import for_nlopt
    >>> objective = for_nlopt(lambda x: np.sum(x**2))
    >>> slope = np.empty(2)
    >>> objective(np.array([1.0, 2.0]), slope), slope
    (5.0, array([2., 4.]))
    """
    return NloptObjective(f, args)
