"""The value class ``dlarray``: an array whose type says "trace me"."""

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .arrays import labelling
from .arrays.data import FLOAT64, as_data
from .arrays.label_rules import OWN_LABELS
from .formats import CLASSES, shown

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["dlarray", "extractdata", "isdlarray"]

# Results of these are positions and counts, used as indices and sizes, so they stay plain NumPy.
POSITIONS = {
    "argmax", "argmin", "argpartition", "argsort", "argwhere", "bincount", "count_nonzero", "digitize",
    "flatnonzero", "lexsort", "nanargmax", "nanargmin", "nonzero", "searchsorted", "unravel_index",
}  # fmt: skip


def wrap(data: np.ndarray, labels: str = "") -> "dlarray":
    """A dlarray around ``data`` itself, neither copied nor checked."""
    x = object.__new__(dlarray)
    x.data = data
    x.labels = labels
    return x


def _result(x: Any) -> Any:
    """What NumPy returned, with arrays and NumPy scalars as dlarrays; anything else as it is."""
    if type(x) is np.ndarray and x.dtype is FLOAT64:  # the most frequent; the checks below cost 1 µs
        return wrap(x)
    if isinstance(x, np.ndarray | np.generic):
        return wrap(as_data(x, "the result: dlarray"))
    if isinstance(x, tuple):
        items = [_result(item) for item in x]
        return type(x)._make(items) if hasattr(x, "_make") else tuple(items)
    if isinstance(x, list):
        return [_result(item) for item in x]
    return x


def _raw(x: Any) -> Any:
    """``x`` with every dlarray in it, containers included, replaced by its array."""
    if isinstance(x, dlarray):
        return x.data
    if type(x) in (list, tuple):
        return type(x)([_raw(item) for item in x])
    if type(x) is dict:
        return {key: _raw(value) for key, value in x.items()}
    return x


def _by_labels(name: str, function: Callable, args: tuple, kwargs: dict, like_ufunc: bool = False) -> Any:
    """What a function gives where an argument has labels."""
    return labelling.applied(labelling.Values(dlarray, wrap, function), name, args, kwargs, like_ufunc)


def _has_labels(x: Any) -> bool:
    """Whether it is a dlarray with labels, or a list or tuple with one."""
    if type(x) is dlarray:
        return x.labels != ""
    return type(x) in (list, tuple) and any(map(_has_labels, x))


def _is_operand(x: Any) -> bool:
    """Whether an operator may be applied to it; if not, Python asks the other operand."""
    if isinstance(x, dlarray | np.ndarray | np.generic | bool | int | float | complex | list | tuple):
        return True
    return hasattr(x, "__array__") and not hasattr(x, "__array_ufunc__")


def _binary(ufunc: np.ufunc) -> Callable[["dlarray", Any], "dlarray"]:
    def forward(self: "dlarray", other: Any) -> "dlarray":
        if not _is_operand(other):
            return NotImplemented
        if self.labels or _has_labels(other):
            return _by_labels(ufunc.__name__, ufunc, (self, other), {}, ufunc.signature is None)
        return _result(ufunc(self.data, _raw(other)))

    forward.__doc__ = f"``np.{ufunc.__name__}(self, other)``."
    return forward


def _reflected(ufunc: np.ufunc) -> Callable[["dlarray", Any], "dlarray"]:
    def backward(self: "dlarray", other: Any) -> "dlarray":
        if not _is_operand(other):
            return NotImplemented
        if self.labels:
            return _by_labels(ufunc.__name__, ufunc, (other, self), {}, ufunc.signature is None)
        return _result(ufunc(_raw(other), self.data))

    backward.__doc__ = f"``np.{ufunc.__name__}(other, self)``."
    return backward


def _unary(ufunc: np.ufunc) -> Callable[["dlarray"], "dlarray"]:
    def operate(self: "dlarray") -> "dlarray":
        return wrap(as_data(ufunc(self.data)), self.labels)

    operate.__doc__ = f"``np.{ufunc.__name__}(self)``."
    return operate


def _method(name: str) -> Callable[..., Any]:
    """The method of that name of the array inside, with its result as a dlarray."""
    method = getattr(np.ndarray, name)

    def call(self: "dlarray", *args: Any, **kwargs: Any) -> Any:
        if self.labels or any(map(_has_labels, args)):
            return _by_labels(name, method, (self, *args), kwargs)
        out = kwargs.get("out")
        value = method(self.data, *_raw(args), **_raw(kwargs))
        if out is not None:
            return out
        return value if name in POSITIONS else _result(value)

    call.__name__ = name
    call.__qualname__ = f"dlarray.{name}"
    call.__doc__ = f"As ``numpy.ndarray.{name}``; the result is a dlarray."
    if name in POSITIONS:
        call.__doc__ = f"As ``numpy.ndarray.{name}``; the result is a plain integer array."
    return call


class _OnTheClass:
    """An attribute of the class alone: the transformation asks a callee for it, and an array is no callee."""

    def __get__(self, instance: object, owner: type) -> str:
        if instance is None:
            return "dlarray"
        raise AttributeError("__dlsrc_special__")


class dlarray:
    """An array of float64, float32 or bool values that `dlfeval` traces.

    Arithmetic, indexing, methods and NumPy functions work as on the array inside and give dlarrays;
    ``x += y`` binds ``x`` to a new value, so that another name for the old one keeps it.

    Parameters
    ----------
    X : array_like
        The values; they are copied.  Integers become float64.
    fmt : str, optional
        The labels of the dimensions: S spatial, C channel, B batch, T time, U unspecified.  The dimensions
        are put into this order.  Labels beyond the last dimension are of dimensions of length one.  None
        keeps those of X, if it is a dlarray.

    Examples
    --------
    >>> dlarray([-1, 2])
    1x2 dlarray
       -1.  2.
    >>> dlarray([-1, 2]) ** 2 + 0.5
    1x2 dlarray
       1.5 4.5
    >>> dlarray([[1, 2], [3, 4], [5, 6]], "BC")
    2(C) x 3(B) dlarray
       1. 3. 5.
       2. 4. 6.
    """

    __slots__ = ("data", "labels")

    data: np.ndarray
    labels: str

    # Above every ndarray subclass and pandas (1000): an operation with a dlarray gives a dlarray.
    __array_priority__ = 2000.0

    __hash__: ClassVar[None]  # type: ignore[assignment]

    __dlsrc_special__: ClassVar = _OnTheClass()

    def __dlsrc_call__(self, function: Any, args: tuple, kwargs: dict) -> Any:
        """What a primitive or composite gives outside a trace, where this is an argument."""
        if any(map(_has_labels, args)):
            if function.name in OWN_LABELS:
                return function.body(*args, **kwargs)
            like_ufunc = getattr(function, "elementwise", False)
            plain = function if like_ufunc else function.body
            return _by_labels(function.name, plain, args, kwargs, like_ufunc)
        return dlarray(function.body(*_raw(args), **kwargs))

    def __dlsrc_array__(self) -> np.ndarray:
        """The array inside, for a function that captured this dlarray; at every call it is read anew."""
        return self.data

    def __init__(self, X: "npt.ArrayLike", fmt: str | None = None):
        data, labels = as_data(X.data if isinstance(X, dlarray) else X), getattr(X, "labels", "")
        if fmt is not None:
            data, labels = labelling.arranged_data(data, fmt)
        # One memory order, so that dlarrays of one dtype and number of dimensions share one compiled program.
        self.data = np.array(data, order="C")
        self.labels = labels if isinstance(X, dlarray) or fmt else ""

    # ------------------------------------------------------------------ what it is

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each dimension."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size

    @property
    def dtype(self) -> np.dtype:
        """The type of the elements: float64, float32 or bool."""
        return self.data.dtype

    @property
    def nbytes(self) -> int:
        """The bytes that the elements take."""
        return self.data.nbytes

    @property
    def T(self) -> "dlarray":
        """The array with its dimensions in reverse order."""
        return self.transpose() if self.labels else wrap(self.data.T)

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        shape = self.shape
        kind = "" if self.dtype == np.float64 else f"{self.dtype.name} "
        head = f"{shown(shape, self.labels)} {kind}dlarray"
        if not self.size:
            return head
        values = np.array2string(np.atleast_1d(self.data))
        if len(shape) < 3:
            # One line a row needs no brackets; with more dimensions they say where a slice ends.
            lines = values.replace("[", " ").replace("]", "").split("\n")
            common = min(len(line) - len(line.lstrip()) for line in lines)
            values = "\n".join(line[common:].rstrip() for line in lines)
        return head + "\n" + "\n".join(f"   {line}".rstrip() for line in values.split("\n"))

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        if self.size != 1:
            raise TypeError(f"format {spec!r} is for one element; this dlarray has {self.size}")
        return format(self.data.item(), spec)

    # ------------------------------------------------------------------ one element as a Python number

    def item(self, *index: Any) -> Any:
        """One element as a Python number."""
        return self.data.item(*index)

    def __float__(self) -> float:
        return float(self._only("float"))

    def __int__(self) -> int:
        return int(self._only("int"))

    def __bool__(self) -> bool:
        return bool(self._only("bool"))

    def _only(self, wanted: str) -> Any:
        if self.data.size != 1:
            hint = "; write x.any() or x.all()" if wanted == "bool" else "; index it first"
            raise TypeError(f"{wanted}() takes a dlarray of one element, not of shape {self.shape}{hint}")
        return self.data.item()

    def tolist(self) -> Any:
        """The elements as (nested) lists of Python numbers."""
        return self.data.tolist()

    # ------------------------------------------------------------------ elements

    def __getitem__(self, index: Any) -> "dlarray":
        found = np.asarray(self.data[_raw(index)])
        return wrap(found, labelling.labels_at(self, index) if self.labels and found.ndim else "")

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.labels or _has_labels(value):
            labelling.check_store(self, index, value)
        self.data[_raw(index)] = _raw(value)

    def __iter__(self) -> Iterator["dlarray"]:
        return (wrap(np.asarray(item), self.labels[1:]) for item in self.data)

    def __contains__(self, value: Any) -> bool:
        return _raw(value) in self.data

    # ------------------------------------------------------------------ copies

    def copy(self) -> "dlarray":
        """A dlarray with the same values in memory of its own."""
        return wrap(self.data.copy(), self.labels)

    def __copy__(self) -> "dlarray":
        return self.copy()

    def __deepcopy__(self, memo: dict) -> "dlarray":
        return self.copy()

    def __reduce__(self) -> tuple:
        return dlarray, (self.data, self.labels or None)

    # ------------------------------------------------------------------ NumPy's protocols

    def __array__(self, dtype: "npt.DTypeLike | None" = None, copy: bool | None = None) -> np.ndarray:
        # None means "if needed"; it is needed, since writing into the result must not change this value.
        if copy is False:
            return np.asarray(self.data, dtype=dtype, copy=False)
        return np.array(self.data, dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out", ())
        if not all(_is_operand(x) for x in inputs):
            return NotImplemented
        if any(map(_has_labels, (*inputs, *kwargs.values()))):
            name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            like_ufunc = method == "__call__" and ufunc.signature is None
            return _by_labels(name, getattr(ufunc, method), inputs, kwargs, like_ufunc)
        value = getattr(ufunc, method)(*map(_raw, inputs), **_raw(kwargs))
        if out:
            return out[0] if len(out) == 1 else out
        return _result(value)

    def __array_function__(self, func: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
        if not all(issubclass(t, dlarray | np.ndarray) for t in types):
            return NotImplemented
        if any(map(_has_labels, (*args, *kwargs.values()))):
            name = "nonzero" if func is np.where and len(args) == 1 else func.__name__
            return _by_labels(name, func, args, kwargs)
        value = func(*_raw(args), **_raw(kwargs))
        out = kwargs.get("out")
        if out is not None:
            return out
        if func.__name__ in POSITIONS or (func is np.where and len(args) == 1):
            return value
        return _result(value)

    # ------------------------------------------------------------------ operators

    __add__, __radd__ = _binary(np.add), _reflected(np.add)
    __sub__, __rsub__ = _binary(np.subtract), _reflected(np.subtract)
    __mul__, __rmul__ = _binary(np.multiply), _reflected(np.multiply)
    __truediv__, __rtruediv__ = _binary(np.true_divide), _reflected(np.true_divide)
    __floordiv__, __rfloordiv__ = _binary(np.floor_divide), _reflected(np.floor_divide)
    __mod__, __rmod__ = _binary(np.remainder), _reflected(np.remainder)
    __divmod__, __rdivmod__ = _binary(np.divmod), _reflected(np.divmod)
    __matmul__, __rmatmul__ = _binary(np.matmul), _reflected(np.matmul)
    __and__, __rand__ = _binary(np.bitwise_and), _reflected(np.bitwise_and)
    __or__, __ror__ = _binary(np.bitwise_or), _reflected(np.bitwise_or)
    __xor__, __rxor__ = _binary(np.bitwise_xor), _reflected(np.bitwise_xor)
    __neg__, __pos__, __invert__ = _unary(np.negative), _unary(np.positive), _unary(np.invert)
    __abs__ = _unary(np.absolute)
    __lt__, __le__, __gt__, __ge__ = map(_binary, (np.less, np.less_equal, np.greater, np.greater_equal))
    __eq__, __ne__ = _binary(np.equal), _binary(np.not_equal)  # type: ignore[assignment]

    def __pow__(self, exponent: Any) -> "dlarray":
        # The array's operator and not np.power: x ** 2 is a square there, x ** 0.5 a root.
        if not _is_operand(exponent):
            return NotImplemented
        if self.labels or _has_labels(exponent):
            return _by_labels("power", operator.pow, (self, exponent), {}, True)
        return _result(operator.pow(self.data, _raw(exponent)))

    def __rpow__(self, base: Any) -> "dlarray":
        if not _is_operand(base):
            return NotImplemented
        if self.labels:
            return _by_labels("power", operator.pow, (base, self), {}, True)
        return _result(operator.pow(np.asarray(base) if type(base) in (list, tuple) else base, self.data))

    # ------------------------------------------------------------------ methods

    def astype(self, dtype: "npt.DTypeLike") -> "dlarray":
        """The values as float64, float32 or bool."""
        return wrap(np.array(as_data(self.data.astype(dtype))), self.labels)

    sum, prod, mean, std, var = map(_method, ("sum", "prod", "mean", "std", "var"))
    max, min, all, any = map(_method, ("max", "min", "all", "any"))
    argmax, argmin, argsort = map(_method, ("argmax", "argmin", "argsort"))
    nonzero, searchsorted = map(_method, ("nonzero", "searchsorted"))
    cumsum, cumprod, round, clip = map(_method, ("cumsum", "cumprod", "round", "clip"))
    dot, trace, diagonal = map(_method, ("dot", "trace", "diagonal"))
    reshape, ravel, flatten, squeeze = map(_method, ("reshape", "ravel", "flatten", "squeeze"))
    transpose, swapaxes, repeat, take = map(_method, ("transpose", "swapaxes", "repeat", "take"))


def isdlarray(x: object) -> bool:
    """Whether ``x`` is a dlarray.

    >>> isdlarray(dlarray(0)), isdlarray(0.0)
    (True, False)
    """
    return isinstance(x, dlarray)


def extractdata(x: Any) -> Any:
    """The values of a dlarray as a new NumPy array, a NumPy scalar if it has no dimensions.

    In a function that `dlfeval` runs, no derivative passes through it.  A value that is no dlarray is
    given back as it is.

    >>> extractdata(dlarray([1, 2]))
    array([1., 2.])
    """
    if isinstance(x, dlarray):
        return x.data.copy()[()]  # [()] makes a scalar of an array without dimensions
    return x


CLASSES["dlarray"] = dlarray

# The transformation recognizes them by these marks.
extractdata.__dlsrc_special__ = "extractdata"  # type: ignore[attr-defined]
isdlarray.__dlsrc_special__ = "isdlarray"  # type: ignore[attr-defined]
