"""Second derivatives of functions that return one real number: ``hessian``, and ``hvp`` for its products.

Both are forward over reverse: tangents are pushed through the program that computes the gradient.
"""

from collections.abc import Callable
from typing import Any

from ..evaluate import mode_of
from ..records import replace
from .derived import Derived

__all__ = ["Curvature", "hessian", "hvp"]


class Curvature(Derived):
    """What `hessian` and `hvp` give: a function that pickles and that threads may share.

    Attributes
    ----------
    fun : callable
        The function that is differentiated twice.
    argnums : int or tuple of int
        The positions to differentiate by.
    has_aux : bool
        Whether it returns a pair (value, something else).
    """

    def __init__(self, fun: Callable, argnums: int | tuple[int, ...], has_aux: bool, name: str):
        self.argnums = argnums
        self.has_aux = has_aux
        self.name = name
        slope = mode_of(argnums, has_aux)
        kind, extra = ("jacfwd", 0) if name == "hessian" else ("hvp", len(slope.argnums or ()))
        super().__init__(fun, replace(slope, kind=kind, extra=extra, inner=(slope,)))

    def __repr__(self) -> str:
        options = f", argnums={self.argnums!r}" if self.argnums != 0 else ""
        options += ", has_aux=True" if self.has_aux else ""
        return f"{self.name}({getattr(self.fun, '__qualname__', self.fun)}{options})"

    def __reduce__(self) -> tuple:
        return Curvature, (self.fun, self.argnums, self.has_aux, self.name)


def hessian(fun: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The Hessian of a function of real numbers and arrays that returns one real number.

    Parameters
    ----------
    fun : callable
        A Python function, method, lambda, numba dispatcher or accelerated function.
    argnums : int or tuple of int
        Positions of the arguments to differentiate by.
    has_aux : bool
        Whether the function returns a pair (value, something else).

    Returns
    -------
    callable
        With the function's arguments.  It returns an array of shape ``x.shape + x.shape`` and of the dtype of
        ``x`` for an array ``x``, a float for a float; for containers and several argnums blocks of second
        derivatives, nested: in the structure of the arguments, and inside of each block in it again.  A pair
        (Hessian, something else) with ``has_aux``.

    Raises
    ------
    DifferentiationError, UnsupportedSyntax
        For what has no second derivative, with its lines.

    Notes
    -----
    Four columns at a time, each as the derivative of the gradient in one direction.  At kinks it is the
    derivative of the gradient that dlsrc gives there: that of ``relu`` is 0 at 0.  The mathematics is in
    Griewank and Walther, Evaluating Derivatives, 2nd edition, chapter 5.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import hessian
    >>> hessian(lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)(np.array([-1.0, 2.0]))
    array([[402., 400.],
           [400., 200.]])
    """
    return Curvature(fun, argnums, has_aux, "hessian")


def hvp(fun: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Products of a function's Hessian with a vector; the Hessian itself is never formed.

    Parameters
    ----------
    fun, argnums, has_aux
        As for `hessian`.

    Returns
    -------
    callable
        With the function's arguments and, after them, the vector: for each of ``argnums`` one of its
        structure, shapes and dtypes.  It returns the product, built like the vector; a tuple for a tuple of
        argnums; a pair (product, something else) with ``has_aux``.

    Notes
    -----
    The time and memory of a few gradients, whatever the number of variables.  ``hvp(f)`` is what SciPy's
    ``minimize`` takes as ``hessp``.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import hvp
    >>> hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, -1.0]))
    array([  6., -12.])
    """
    return Curvature(fun, argnums, has_aux, "hvp")


for _maker in (hessian, hvp):
    _maker.__dlsrc_special__ = _maker.__name__  # type: ignore[attr-defined]
