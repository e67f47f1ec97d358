"""Derivatives of fields, observation by observation: ``dljacobian``, ``dllaplacian``, ``dldivergence``.

They are called like `dlgradient`, in a function that `dlfeval` or `grad` runs, on values of a whole batch: an
observation of ``u`` depends on the same observation of ``x`` and on no other.
"""

import sys
from typing import Any

import numpy as np

from ..dlarray import extractdata
from ..errors import DifferentiationError
from ..failures.failure import Replayed, here, replaying, valuing

__all__ = ["dldivergence", "dljacobian", "dllaplacian"]


def dljacobian(u: Any, x: Any, dim: int, *, enable_higher_derivatives: bool = True) -> Any:
    """The Jacobian of ``u`` by ``x``, for each observation.

    Parameters
    ----------
    u : dlarray, a matrix
        Components along the axis ``dim``, observations along the other one.  A vector is one component.
    x : dlarray
        What to differentiate by; its last axis usually counts the observations.
    dim : int
        The axis of ``u`` that the components are on.
    enable_higher_derivatives : bool
        Whether the Jacobian may itself be differentiated.

    Returns
    -------
    dlarray
        Of shape ``(u.shape[dim], *x.shape)``: entry ``c`` is the gradient of ``u``'s component ``c``, summed
        over the observations, by ``x``.  For a vector ``u`` it has the shape of ``x``.

    Notes
    -----
    One reverse sweep for each component.  The number of dimensions never depends on a size: unlike in MATLAB
    a matrix of one component keeps its leading axis of length one.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import dlarray, dlfeval, dljacobian
    >>> def f(x):
    ...     u = np.stack((x[0] * x[1], x[0] ** 2))
    ...     return dljacobian(u, x, 0)
    >>> dlfeval(f, dlarray([[1.0, 2.0], [3.0, 4.0]])).data.tolist()
    [[[3.0, 4.0], [1.0, 2.0]], [[2.0, 4.0], [0.0, 0.0]]]
    """
    return _outside("dljacobian", x, () if np.ndim(extractdata(u)) < 2 else (extractdata(u).shape[dim],))


def dllaplacian(u: Any, x: Any, dim: int, *, enable_higher_derivatives: bool = True) -> Any:
    """The Laplacian of ``u``: the sum of its second derivatives by the coordinates, for each observation.

    Parameters
    ----------
    u : dlarray
        One number for each observation: a vector, a matrix of length one along ``dim``, or their sum.
    x : dlarray
        Coordinates along the axis ``dim``, observations along the others.
    dim : int
        The axis of ``x`` that the coordinates are on.
    enable_higher_derivatives : bool
        Whether the Laplacian may itself be differentiated.

    Returns
    -------
    dlarray
        Of the shape of ``x`` without the axis ``dim``; with it, of length one, where ``u`` has as many
        dimensions as ``x``.

    Notes
    -----
    One reverse sweep for the gradient and one for each coordinate.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import dlarray, dlfeval, dllaplacian
    >>> def f(x):
    ...     return dllaplacian(x[0] ** 2 * x[1], x, 0)
    >>> dlfeval(f, dlarray([[1.0, 2.0], [3.0, 4.0]])).data
    array([6., 8.])
    """
    return _outside("dllaplacian", _one(x, dim, np.ndim(extractdata(u)) == np.ndim(extractdata(x))))


def dldivergence(u: Any, x: Any, dim: int, *, enable_higher_derivatives: bool = True) -> Any:
    """The divergence of ``u``: the sum of the derivatives of each component by its coordinate.

    Parameters
    ----------
    u, x : dlarray
        Components and coordinates along the axis ``dim``, as many of one as of the other; observations along
        the other axes.
    dim : int
        The axis that components and coordinates are on.
    enable_higher_derivatives : bool
        Whether the divergence may itself be differentiated.

    Returns
    -------
    dlarray
        Of the shape of ``x`` with length one along ``dim``; a number for vectors.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import dlarray, dlfeval, dldivergence
    >>> def f(x):
    ...     return dldivergence(x**2, x, 0)
    >>> dlfeval(f, dlarray([[1.0, 2.0], [3.0, 4.0]])).data
    array([[ 8., 12.]])
    """
    return _outside("dldivergence", _one(x, dim, True))


def _one(x: Any, dim: int, keep: bool) -> Any:
    """One coordinate of each observation."""
    data = np.take(extractdata(x), 0, dim)
    return np.expand_dims(data, dim) if keep and data.ndim else data


def _outside(name: str, like: Any, before: tuple[int, ...] = ()) -> Any:
    """Outside of a trace: an error, or a placeholder where only a value is asked for."""
    if replaying():
        raise Replayed
    if valuing():
        return np.full((*before, *np.shape(extractdata(like))), np.nan)
    message = f"{name} works in a function that dlfeval runs: write dlfeval(f, x)"
    raise here(DifferentiationError, message, sys._getframe(2))


for _declared in (dljacobian, dllaplacian, dldivergence):
    _declared.__dlsrc_special__ = _declared.__name__  # type: ignore[attr-defined]
