"""Derivatives of solutions of equations, by the implicit function theorem.

Where ``F(x, *args) = 0``, the solution x depends on args with the derivative ``-(dF/dx)^-1 dF/dargs``
(Griewank & Walther, *Evaluating Derivatives*, 2008, section 15.1; Blondel et al., *Efficient and Modular
Implicit Differentiation*, NeurIPS 2022).  How x was found does not matter, and none of the solver's steps
is kept.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..derivatives import grad
from ..structure import flatten, unflatten
from .custom import custom_vjp

__all__ = ["implicit_fixed_point", "implicit_root"]


class implicit_root:
    """Give a solver of ``F(x, *args) = 0`` the derivative of the solution; a decorator with an argument.

    Parameters
    ----------
    F : callable
        ``F(x, *args)`` of the form of x, zero at the solution: a number for a number x, an array of its
        shape for an array x.  Its derivative by x must not be singular there.

    Returns
    -------
    callable
        Makes of a solver ``solve(x0, *args) -> x`` a `custom_vjp`.  The derivative by the start ``x0`` is
        zero, that by real numbers and arrays in ``args`` is exact if x is.

    Notes
    -----
    The reverse sweep takes n gradients of F by x, solves one linear system, and takes one gradient of F by
    args.  Higher derivatives are right too.

    Examples
    --------
    The side of a cube of a given volume, by bisection:

    >>> from dlsrc import grad, implicit_root
    >>> @implicit_root(lambda x, volume: x**3 - volume)
    ... def side(x, volume):
    ...     low, high = 0.0, x
    ...     while high - low > 1e-15 * x:
    ...         x = 0.5 * (low + high)
    ...         if x**3 > volume:
    ...             high = x
    ...         else:
    ...             low = x
    ...     return x
    >>> round(grad(lambda volume: side(10.0, volume))(8.0), 12) == round(1 / 12, 12)
    True
    """

    def __init__(self, F: Callable):
        self.F = F

    def __call__(self, solver: Callable) -> custom_vjp:
        F = self.F

        def fwd(x0, *args):
            x = solver(x0, *args)
            return x, (x, args)

        def bwd(residuals, dx):
            x, args = residuals
            weights = _weights(F, x, args, dx)
            slopes = grad(lambda p: _product(weights, F(x, *_with_floats(args, p))))(_floats_of(args))
            return (None, *_only_floats(args, slopes))

        made = custom_vjp(solver)
        made.defvjp(fwd, bwd)
        return made


class implicit_fixed_point:
    """Give an iteration that solves ``x = T(x, *args)`` the derivative of the fixed point.

    Parameters
    ----------
    T : callable
        ``T(x, *args)`` of the form of x; see `implicit_root`, with ``F = T(x, *args) - x``.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import grad, implicit_fixed_point
    >>> @implicit_fixed_point(lambda x, a: 0.5 * (x + a / x))
    ... def root(x, a):
    ...     for _ in range(50):
    ...         x = 0.5 * (x + a / x)
    ...     return x
    >>> grad(lambda a: root(1.0, a))(4.0)
    0.25
    """

    def __init__(self, T: Callable):
        self.T = T

    def __call__(self, solver: Callable) -> custom_vjp:
        T = self.T
        return implicit_root(lambda x, *args: T(x, *args) - x)(solver)


# ---------------------------------------------------------------------------------- parts of the rule


def _weights(F, x, args, dx):
    """The solution w of ``(dF/dx)^T w = -dx``."""
    if np.ndim(x) == 0:
        return -dx / grad(F)(x, *args)
    if np.shape(F(x, *args)) != np.shape(x):
        raise ValueError("implicit_root: F(x, *args) must have the shape of the solution x")
    n = np.size(x)
    jacobian = np.empty((n, n))
    for i in range(n):
        jacobian[i] = np.ravel(grad(lambda z, i=i: np.ravel(F(z, *args))[i])(x))
    return np.reshape(np.linalg.solve(jacobian.T, -np.ravel(dx)), np.shape(x))


def _product(weights, residual):
    return np.sum(weights * residual)


def _floats_of(tree: Any) -> tuple:
    """The real numbers and arrays in a nest of containers."""
    return tuple(leaf for leaf in flatten(tree)[0] if _is_float(leaf))


def _with_floats(tree: Any, numbers: Any) -> Any:
    """The nest with other real numbers and arrays."""
    leaves, structure = flatten(tree)
    remaining: Iterator = iter(numbers)
    return unflatten(structure, [next(remaining) if _is_float(leaf) else leaf for leaf in leaves])


def _only_floats(tree: Any, numbers: Any) -> Any:
    """The nest with these in the place of real numbers and arrays, and None in the place of others."""
    leaves, structure = flatten(tree)
    remaining: Iterator = iter(numbers)
    return unflatten(structure, [next(remaining) if _is_float(leaf) else None for leaf in leaves])


def _is_float(leaf: Any) -> bool:
    return np.asarray(leaf).dtype.kind == "f"


# While a program is built the structure of containers is known, and these leave no operation.
_floats_of.__dlsrc_special__ = "floats_of"  # type: ignore[attr-defined]
_with_floats.__dlsrc_special__ = "with_floats"  # type: ignore[attr-defined]
_only_floats.__dlsrc_special__ = "only_floats"  # type: ignore[attr-defined]
