"""`minibatchqueue`: data in pieces, in another order at every pass."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..dlarray import dlarray
from ..formats import checked

__all__ = ["minibatchqueue"]


class minibatchqueue:
    """Goes through arrays, some observations at a time.

    Parameters
    ----------
    data : array, or tuple, list or dict of arrays
        Of several each has the same number of observations.
    mini_batch_size : int
        How many observations are given at a time.
    partial_mini_batch : "return" or "discard"
        What becomes of those that are left at the end, fewer than ``mini_batch_size``.
    mini_batch_fcn : callable, optional
        Makes of the pieces of all arrays what is given: ``fun(X, T)``, or ``fun(batch)`` where the data is a
        dict.  It gives an array, a tuple or a dict.
    mini_batch_format : str, or tuple or dict of str, optional
        The format of each that is given, in the order of its axes: ``("SSCB", "CB")``.  ``""``, and left out:
        without labels.
    output_as_dlarray : bool, or tuple or dict of bool
        Whether each is given as a dlarray, or as an array of NumPy's.
    output_cast : dtype, or tuple or dict of dtypes, optional
        What each is converted to; left out, nothing is (in MATLAB it is single precision).
    iteration_dimension : int, or tuple or dict of int, optional
        Along which axis the observations are.  Left out, that of B in the format, where there is one and no
        ``mini_batch_fcn``; else the first.
    rng : Generator or int
        By which `shuffle` puts the observations in another order.

    Raises
    ------
    TypeError
        For options of another kind.
    ValueError
        If the arrays have different numbers of observations.

    See Also
    --------
    dlfeval, dlnetwork

    Examples
    --------
    >>> from dlsrc import dims, minibatchqueue
    >>> X, T = np.arange(14.0).reshape(2, 7), np.arange(7)
    >>> mbq = minibatchqueue((X, T), mini_batch_size=3, mini_batch_format=("CB", "B"))
    >>> for x, t in mbq:  # begins anew each time
    ...     print(x.shape, dims(x), t.data.ravel())
    (2, 3) CB [0. 1. 2.]
    (2, 3) CB [3. 4. 5.]
    (2, 1) CB [6.]

    As MATLAB has it, with what is given made of pieces of pictures and digits:

    >>> def one_hot(X, digits):
    ...     return X / 255, np.eye(10)[:, digits]
    >>> mbq = minibatchqueue(
    ...     (np.ones((8, 8, 1, 5)), np.array([3, 1, 4, 1, 5])), mini_batch_size=2, mini_batch_fcn=one_hot,
    ...     mini_batch_format=("SSCB", "CB"), iteration_dimension=(3, 0), partial_mini_batch="discard",
    ... )
    >>> mbq.shuffle()
    >>> while mbq.hasdata():
    ...     X, T = mbq.next()
    ...     print(X.shape, T.shape)
    (8, 8, 1, 2) (10, 2)
    (8, 8, 1, 2) (10, 2)
    """

    def __init__(
        self, data: Any, *, mini_batch_size: int = 128, partial_mini_batch: str = "return",
        mini_batch_fcn: Callable | None = None, mini_batch_format: Any = "", output_as_dlarray: Any = True,
        output_cast: Any = None, iteration_dimension: Any = None, rng: np.random.Generator | int = 0,
    ):  # fmt: skip
        if isinstance(mini_batch_size, bool) or not isinstance(mini_batch_size, int | np.integer):
            raise TypeError(f"minibatchqueue: mini_batch_size is a whole number, not {mini_batch_size!r}")
        if mini_batch_size < 1:
            raise ValueError(f"minibatchqueue: mini_batch_size is {mini_batch_size}; it is at least 1")
        if partial_mini_batch not in ("return", "discard"):
            raise ValueError(
                f'minibatchqueue: partial_mini_batch is "return" or "discard", not {partial_mini_batch!r}'
            )
        self.mini_batch_size = int(mini_batch_size)
        self.partial_mini_batch = partial_mini_batch
        self.mini_batch_fcn = mini_batch_fcn
        self.mini_batch_format = mini_batch_format
        self.output_as_dlarray = output_as_dlarray
        self.output_cast = output_cast
        self._rng = rng if isinstance(rng, np.random.Generator) else np.random.default_rng(rng)
        self._names = tuple(data) if isinstance(data, dict) else None
        self._one = not isinstance(data, tuple | list | dict)
        given = [data] if self._one else list(data.values() if isinstance(data, dict) else data)
        if not given:
            raise ValueError("minibatchqueue: there is no data")
        self._labels = [x.labels if isinstance(x, dlarray) else "" for x in given]
        self._data = [x.data if isinstance(x, dlarray) else np.asarray(x) for x in given]
        formats = mini_batch_format if isinstance(mini_batch_format, tuple | list) else [mini_batch_format]
        for fmt in mini_batch_format.values() if isinstance(mini_batch_format, dict) else formats:
            checked(fmt, "minibatchqueue: mini_batch_format")
        self._axes = self._found_axes(iteration_dimension)
        counts = [x.shape[axis] for x, axis in zip(self._data, self._axes, strict=True)]
        if len(set(counts)) > 1:
            places = ", ".join(
                f"{self._place(k)} has {n} along axis {axis}"
                for k, (n, axis) in enumerate(zip(counts, self._axes, strict=True))
            )
            raise ValueError(
                f"minibatchqueue: {places}; each has the same number of observations, along the axis that "
                "iteration_dimension says"
            )
        self._count = counts[0]
        self._order = np.arange(self._count)
        self._at = 0

    # ------------------------------------------------------------------ the passes

    def hasdata(self) -> bool:
        """Whether `next` gives something before a `reset` or a `shuffle`."""
        left = self._count - self._at
        return left >= (self.mini_batch_size if self.partial_mini_batch == "discard" else 1)

    def next(self) -> Any:
        """The next observations.

        Raises
        ------
        StopIteration
            If the pass is over.
        """
        return next(self)

    def reset(self) -> None:
        """Begin anew, in the order of the last pass."""
        self._at = 0

    def shuffle(self) -> None:
        """Begin anew, in another order."""
        self._order = self._rng.permutation(self._count)
        self._at = 0

    def __iter__(self) -> Iterator:
        self.reset()
        return self

    def __next__(self) -> Any:
        if not self.hasdata():
            raise StopIteration
        chosen = self._order[self._at : self._at + self.mini_batch_size]
        self._at += len(chosen)
        pieces = [np.take(x, chosen, axis) for x, axis in zip(self._data, self._axes, strict=True)]
        if self.mini_batch_fcn is None:
            return self._given(pieces, self._names, self._labels)
        batch = pieces if self._names is None else [dict(zip(self._names, pieces, strict=True))]
        made = self.mini_batch_fcn(*batch)
        if isinstance(made, dict):
            return self._given(list(made.values()), tuple(made), [""] * len(made))
        if isinstance(made, tuple):
            return self._given(list(made), None, [""] * len(made))
        return self._given([made], None, [""])[0]

    def __len__(self) -> int:
        """How many times `next` gives something in one pass."""
        whole, left = divmod(self._count, self.mini_batch_size)
        return whole + (left > 0 and self.partial_mini_batch == "return")

    def __repr__(self) -> str:
        size = self.mini_batch_size
        return f"minibatchqueue: {self._count} observations in {len(self)} minibatches of {size}"

    # ------------------------------------------------------------------ what is given

    def _place(self, k: int) -> str:
        if self._one:
            return "data"
        return f"data[{self._names[k]!r}]" if self._names else f"data[{k}]"

    def _found_axes(self, given: Any) -> list[int]:
        axes = _each("iteration_dimension", given, self._names, len(self._data))
        formats = [""] * len(self._data)
        if self.mini_batch_fcn is None:
            formats = _each("mini_batch_format", self.mini_batch_format, self._names, len(self._data))
        found = []
        for k, (x, axis, fmt) in enumerate(zip(self._data, axes, formats, strict=True)):
            labels = fmt or self._labels[k]
            if axis is None:
                axis = labels.index("B") if "B" in labels else 0
            if not isinstance(axis, int | np.integer) or not -x.ndim <= axis < x.ndim:
                raise ValueError(
                    f"minibatchqueue: {self._place(k)} has {x.ndim} axes, and its observations cannot be "
                    f"along axis {axis!r}"
                )
            found.append(int(axis) % x.ndim)
        return found

    def _given(self, pieces: list, names: tuple | None, labels: list[str]) -> Any:
        count = len(pieces)
        formats = _each("mini_batch_format", self.mini_batch_format, names, count)
        casts = _each("output_cast", self.output_cast, names, count)
        wanted = _each("output_as_dlarray", self.output_as_dlarray, names, count)
        made = []
        for x, fmt, own, cast, as_dlarray in zip(pieces, formats, labels, casts, wanted, strict=True):
            numbers = x.data if isinstance(x, dlarray) else np.asarray(x)
            fmt = fmt or (x.labels if isinstance(x, dlarray) else own)
            if cast is not None:
                numbers = numbers.astype(cast)
            made.append(dlarray(numbers, fmt or None) if as_dlarray else numbers)
        if names is not None:
            return dict(zip(names, made, strict=True))
        return made[0] if self._one and self.mini_batch_fcn is None else tuple(made)


def _each(what: str, given: Any, names: tuple | None, count: int) -> list:
    """An option for each array, from one for all of them or one for each.

    >>> _each("output_cast", {"x": float}, ("x", "t"), 2)
    [<class 'float'>, None]
    """
    missing = "" if what == "mini_batch_format" else True if what == "output_as_dlarray" else None
    if isinstance(given, dict):
        if names is None:
            raise TypeError(f"minibatchqueue: {what} is a dict, and the arrays have no names")
        other = [name for name in given if name not in names]
        if other:
            raise ValueError(f"minibatchqueue: {what} names {other[0]!r}; there are {', '.join(names)}")
        return [given.get(name, missing) for name in names]
    if isinstance(given, tuple | list):
        if len(given) != count:
            raise ValueError(f"minibatchqueue: {what} has {len(given)} items, and there are {count} arrays")
        return list(given)
    return [given] * count
