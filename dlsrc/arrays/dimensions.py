"""The labels of a dlarray's dimensions: asking for them, finding one, taking them away."""

from typing import Any

from ..dlarray import dlarray, wrap
from ..formats import checked, find, stripped
from .labelling import Values

__all__ = ["dims", "finddim", "stripdims"]


def dims(X: Any) -> str:
    """The format of a dlarray, "" where it has none.

    Parameters
    ----------
    X : dlarray

    Returns
    -------
    str

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import dims, dlarray
    >>> dims(dlarray(np.zeros((3, 4)), "TS"))
    'ST'
    """
    return X.labels if isinstance(X, dlarray) else ""


def finddim(X: Any, label: str) -> tuple[int, ...]:
    """Which dimensions have a label; they can be given as an ``axis``.

    Parameters
    ----------
    X : dlarray
    label : str
        One of S, C, B, T and U.

    Returns
    -------
    tuple of int
        Counted from 0; empty where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import dlarray, finddim
    >>> X = dlarray(np.ones((2, 5, 5, 3)), "BSSC")
    >>> finddim(X, "S"), finddim(X, "T")
    ((0, 1), ())
    >>> X.sum(axis=finddim(X, "S")).shape
    (1, 1, 3, 2)
    """
    if len(checked(label, "finddim: the label")) != 1:
        raise ValueError(f"finddim(X, {label!r}) looks for one label: S, C, B, T or U")
    return find(dims(X), label)


def stripdims(X: Any, fmt: str = "") -> Any:
    """A dlarray without labels; the values, and the identity for `dlgradient`, stay.

    Parameters
    ----------
    X : dlarray
        Without labels it is given back as it is.
    fmt : str, optional
        The order in which the dimensions are wanted.  It names all labels of X; what it has beside them
        becomes a dimension of length one.

    Returns
    -------
    dlarray
        With memory of its own.

    Raises
    ------
    ValueError
        If ``fmt`` lacks a label of X.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import dlarray, stripdims
    >>> X = dlarray(np.zeros((2, 3, 4)), "TCB")
    >>> X.shape, stripdims(X).shape, stripdims(X, "TBC").shape
    ((3, 4, 2), (3, 4, 2), (2, 4, 3))
    """
    if not isinstance(X, dlarray) or not X.labels:
        return X
    if not fmt:
        return wrap(X.data.copy())
    places = stripped(X.labels, checked(fmt, "stripdims: the format"))[1]
    return wrap(Values(dlarray, wrap, stripdims).laid(X, places).copy())


# The transformation recognizes them by these marks.
dims.__dlsrc_special__ = "dims"  # type: ignore[attr-defined]
finddim.__dlsrc_special__ = "finddim"  # type: ignore[attr-defined]
stripdims.__dlsrc_special__ = "stripdims"  # type: ignore[attr-defined]
