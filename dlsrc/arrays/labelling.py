"""Formats of values: the rules of `label_rules` on dlarrays that are computed with outside a trace.

>>> from dlsrc import dlarray
>>> x, bias = dlarray([[1.0, 2.0], [3.0, 4.0]], "CB"), dlarray([10.0, 20.0], "C")
>>> x + bias
2(C) x 2(B) dlarray
   11. 12.
   23. 24.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..formats import arranged, checked, given, shown
from .data import as_data
from .label_rules import PLAIN, fits, indexed, rule_of

__all__ = ["Values", "applied", "arranged_data", "check_store", "labels_at"]


class Values:
    """Arrays as the rules see them, for one call of a function.

    ``cls`` is the class `dlarray`, ``wrap`` makes one of an array and its labels.
    """

    def __init__(self, cls: Any, wrap: Callable, function: Callable):
        self.cls = cls
        self.wrap = wrap
        self.function = function
        self.formats = ""

    def labels_of(self, x: Any) -> str:
        return x.labels if type(x) is self.cls else ""

    def ndim_of(self, x: Any) -> int:
        return np.ndim(x.data if type(x) is self.cls else x)

    def items_of(self, x: Any) -> list:
        return list(x) if type(x) in (list, tuple) else []

    def sequence(self, items: list) -> tuple:
        return tuple(items)

    def singletons(self, x: Any) -> tuple[int, ...]:
        return tuple(k for k, size in enumerate(x.shape) if size == 1)

    def laid(self, x: Any, places: tuple[int | None, ...]) -> np.ndarray:
        data = x.data if type(x) is self.cls else np.asarray(x)
        order = tuple(k for k in places if k is not None)
        if order != tuple(range(len(order))):
            data = data.transpose(order)
        if None not in places:
            return data
        return data[tuple(None if k is None else slice(None) for k in places)]

    def labelled(self, x: Any, labels: str) -> Any:
        if isinstance(x, tuple | list):
            return type(x)(self.labelled(item, labels) for item in x)
        if not isinstance(x, np.ndarray | np.generic) or not labels and x.dtype.kind in "iu":
            return x  # whole numbers are positions: plain, as of arrays without labels
        if labels and np.ndim(x) != len(labels):
            raise ValueError(
                f"{np.ndim(x)} dimensions cannot have the format {labels!r}; strip the labels first"
            )
        return self.wrap(as_data(x, "the result: dlarray"), labels if np.ndim(x) else "")

    def static(self, x: Any, what: str) -> Any:
        return x

    def given(self, value: Any) -> Any:
        return value

    def call(self, args: tuple, kwargs: dict) -> Any:
        try:
            return self.function(*self._bare(args), **self._bare(kwargs))
        except ValueError as error:
            raise ValueError(f"{error} (of {self.formats})") from None

    def _bare(self, x: Any) -> Any:
        if type(x) is self.cls:
            return x.data
        if type(x) in (list, tuple):
            return type(x)(map(self._bare, x))
        return {key: self._bare(item) for key, item in x.items()} if type(x) is dict else x

    def refuse(self, message: str) -> Exception:
        return ValueError(message)


def applied(values: Values, name: str, args: tuple, kwargs: dict, like_ufunc: bool) -> Any:
    """A function of arguments of which one has labels.

    Raises
    ------
    ValueError
        If the labels do not fit, or there is no rule for the function.
    """
    if name == "transpose" and len(args) > 2:  # x.transpose(1, 0)
        args = (args[0], args[1:])
    elif name == "reshape" and len(args) > 2:
        args = (args[0], args[1:])
    seen = [item for x in (*args, *kwargs.values()) for item in (x, *values.items_of(x))]
    values.formats = " and ".join(shown(x.shape, x.labels) for x in seen if type(x) is values.cls)
    found = rule_of(name, like_ufunc)(values, name, args, kwargs)
    if name in PLAIN or not isinstance(found, np.ndarray | np.generic):
        return found
    return values.labelled(found, "")


def arranged_data(data: np.ndarray, fmt: str) -> tuple[np.ndarray, str]:
    """Data with the dimensions in the order of its labels, and the labels."""
    labels = checked(fmt, "dlarray: the format")
    if not labels:
        return data, ""
    if not data.ndim:
        raise ValueError(
            f"dlarray(X, {fmt!r}): X is a number and has no dimensions to label; give it some, or leave the "
            "format out"
        )
    labels, more = given(labels, data.ndim)
    labels, order = arranged(labels)
    return data.reshape(data.shape + (1,) * more).transpose(order), labels


def labels_at(x: Any, index: Any) -> str:
    """The labels of ``x[index]``."""
    cls = type(x)
    entries = list(index) if isinstance(index, tuple) else [index]
    kinds: list[str] = []
    for entry in entries:
        if entry is None:
            kinds.append("n")
        elif entry is Ellipsis:
            kinds.append("...")
        elif isinstance(entry, slice):
            kinds.append(":")
        elif np.ndim(entry.data if type(entry) is cls else entry) == 0:
            kinds.append("i")
        else:
            array = np.asarray(entry.data if type(entry) is cls else entry)
            kinds.append("a" if array.ndim == 1 else f"a{array.ndim}{'m' if array.dtype == bool else ''}")
    named = sum(int(k[1:-1]) if k.endswith("m") else 1 for k in kinds if k not in ("n", "..."))
    full = [":"] * (x.ndim - named)
    if "..." in kinds:
        at = kinds.index("...")
        kinds[at : at + 1] = full
    else:
        kinds += full
    return indexed(Values(cls, cls, labels_at), x.labels, kinds)


def check_store(x: Any, index: Any, value: Any) -> None:
    """Refuse ``x[index] = value`` where the value has other labels than the place."""
    cls = type(x)
    labels = value.labels if type(value) is cls else ""
    if labels:
        fits(Values(cls, cls, check_store), labels_at(x, index) if x.labels else "", labels)
