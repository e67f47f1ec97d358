"""The value class ``dlarray``: an array whose type says "trace me"."""

import operator
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

__all__ = ["dlarray", "extractdata", "isdlarray"]

FLOAT64 = np.dtype("float64")
KEPT = {np.dtype("float64"), np.dtype("float32"), np.dtype("bool")}

# Results of these are positions and counts, used as indices and sizes, so they stay plain NumPy.
POSITIONS = {
    "argmax", "argmin", "argpartition", "argsort", "argwhere", "bincount", "count_nonzero", "digitize",
    "flatnonzero", "lexsort", "nanargmax", "nanargmin", "nonzero", "searchsorted", "unravel_index",
}  # fmt: skip


def as_data(x: Any, name: str = "dlarray") -> np.ndarray:
    """``x`` as an array of a type that a dlarray may hold; a copy only where one is needed.

    Integers become float64, as MATLAB's are never valid dlarray data; float64, float32 and bool stay.

    >>> as_data([1, 2]).dtype
    dtype('float64')
    """
    if isinstance(x, np.ma.MaskedArray | np.matrix):
        raise TypeError(
            f"{name}: {type(x).__name__} is not supported, since its operators mean something else than an "
            "array's; pass np.asarray(x), or x.filled(value) for a masked array"
        )
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise TypeError(f"{name}: sparse arrays are not supported; pass x.toarray()")
    try:
        data = np.asarray(x)
    except (ValueError, RecursionError) as error:
        if not isinstance(x, list | tuple):
            raise
        raise ValueError(
            f"{name}: the rows of a nested list must have one length and hold numbers ({_short(error)}); "
            "make one dlarray of each row"
        ) from None
    if not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    dtype = data.dtype
    if dtype in KEPT:
        return data
    if dtype.kind in "iu":
        return data.astype(np.float64)
    kind = dtype.name if isinstance(x, np.ndarray | np.generic) else type(x).__name__
    raise TypeError(f"{name} holds float64, float32 or bool data, not {kind}; {_remedy(x, dtype)}")


def _short(error: Exception) -> str:
    return str(error).partition(". ")[0] or type(error).__name__


def _remedy(x: Any, dtype: np.dtype) -> str:
    if dtype.kind == "c":
        return "complex numbers are not supported: pass x.real and x.imag as two real arrays"
    if dtype.kind == "f":
        return "convert it: x.astype(np.float32) or x.astype(np.float64)"
    if dtype.names:
        return f"make one dlarray of each field: x[{dtype.names[0]!r}], …"
    if dtype.kind in "mM":
        return "convert it: differences in days are (x - x[0]) / np.timedelta64(1, 'D')"
    if isinstance(x, dict):
        return "make one dlarray of each value"
    if isinstance(x, set | frozenset) or hasattr(x, "__next__"):
        return "make a list of it, list(x), or an array"
    if isinstance(x, list | tuple):
        return "the rows of a nested list must have one length and hold numbers"
    if callable(x):
        return "pass what it returns"
    return "convert it to numbers first: x.astype(float), float(x)"


def wrap(data: np.ndarray) -> "dlarray":
    """A dlarray around ``data`` itself, neither copied nor checked."""
    x = object.__new__(dlarray)
    x.data = data
    x.labels = ""
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


def _is_operand(x: Any) -> bool:
    """Whether an operator may be applied to it; if not, Python asks the other operand."""
    if isinstance(x, dlarray | np.ndarray | np.generic | bool | int | float | complex | list | tuple):
        return True
    return hasattr(x, "__array__") and not hasattr(x, "__array_ufunc__")


def _binary(ufunc: np.ufunc) -> Callable[["dlarray", Any], "dlarray"]:
    def forward(self: "dlarray", other: Any) -> "dlarray":
        if not _is_operand(other):
            return NotImplemented
        return _result(ufunc(self.data, _raw(other)))

    forward.__doc__ = f"``np.{ufunc.__name__}(self, other)``."
    return forward


def _reflected(ufunc: np.ufunc) -> Callable[["dlarray", Any], "dlarray"]:
    def backward(self: "dlarray", other: Any) -> "dlarray":
        if not _is_operand(other):
            return NotImplemented
        return _result(ufunc(_raw(other), self.data))

    backward.__doc__ = f"``np.{ufunc.__name__}(other, self)``."
    return backward


def _unary(ufunc: np.ufunc) -> Callable[["dlarray"], "dlarray"]:
    def operate(self: "dlarray") -> "dlarray":
        return _result(ufunc(self.data))

    operate.__doc__ = f"``np.{ufunc.__name__}(self)``."
    return operate


def _method(name: str) -> Callable[..., Any]:
    """The method of that name of the array inside, with its result as a dlarray."""
    method = getattr(np.ndarray, name)

    def call(self: "dlarray", *args: Any, **kwargs: Any) -> Any:
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
        The labels of the dimensions.  This version has unformatted dlarrays only.

    Examples
    --------
    >>> dlarray([-1, 2])
    1x2 dlarray
       -1.  2.
    >>> dlarray([-1, 2]) ** 2 + 0.5
    1x2 dlarray
       1.5 4.5
    """

    __slots__ = ("data", "labels")

    data: np.ndarray
    labels: str

    # Above every ndarray subclass and pandas (1000): an operation with a dlarray gives a dlarray.
    __array_priority__ = 2000.0

    __hash__: ClassVar[None]  # type: ignore[assignment]

    __dlsrc_special__: ClassVar = _OnTheClass()

    def __dlsrc_array__(self) -> np.ndarray:
        """The array inside, for a function that captured this dlarray; at every call it is read anew."""
        return self.data

    def __init__(self, X: npt.ArrayLike, fmt: str | None = None):
        if fmt:
            raise ValueError(
                f"dlarray(X, {fmt!r}): dimension labels arrive with a later version of dlsrc; "
                "write dlarray(X) and refer to dimensions by number"
            )
        # One memory order, so that dlarrays of one dtype and number of dimensions share one compiled program.
        self.data = np.array(as_data(X.data if isinstance(X, dlarray) else X), order="C")
        self.labels = ""

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
        return wrap(self.data.T)

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        shape = self.shape
        sizes = (1,) * (2 - len(shape)) + shape
        kind = "" if self.dtype == np.float64 else f"{self.dtype.name} "
        head = f"{'x'.join(map(str, sizes))} {kind}dlarray"
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
        return wrap(np.asarray(self.data[_raw(index)]))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.data[_raw(index)] = _raw(value)

    def __iter__(self) -> Iterator["dlarray"]:
        return (wrap(np.asarray(item)) for item in self.data)

    def __contains__(self, value: Any) -> bool:
        return _raw(value) in self.data

    # ------------------------------------------------------------------ copies

    def copy(self) -> "dlarray":
        """A dlarray with the same values in memory of its own."""
        return wrap(self.data.copy())

    def __copy__(self) -> "dlarray":
        return self.copy()

    def __deepcopy__(self, memo: dict) -> "dlarray":
        return self.copy()

    def __reduce__(self) -> tuple:
        return dlarray, (self.data,)

    # ------------------------------------------------------------------ NumPy's protocols

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        # None means "if needed"; it is needed, since writing into the result must not change this value.
        if copy is False:
            return np.asarray(self.data, dtype=dtype, copy=False)
        return np.array(self.data, dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out", ())
        if not all(_is_operand(x) for x in inputs):
            return NotImplemented
        value = getattr(ufunc, method)(*map(_raw, inputs), **_raw(kwargs))
        if out:
            return out[0] if len(out) == 1 else out
        return _result(value)

    def __array_function__(self, func: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
        if not all(issubclass(t, dlarray | np.ndarray) for t in types):
            return NotImplemented
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
        return _result(operator.pow(self.data, _raw(exponent)))

    def __rpow__(self, base: Any) -> "dlarray":
        if not _is_operand(base):
            return NotImplemented
        return _result(operator.pow(np.asarray(base) if type(base) in (list, tuple) else base, self.data))

    # ------------------------------------------------------------------ methods

    def astype(self, dtype: npt.DTypeLike) -> "dlarray":
        """The values as float64, float32 or bool."""
        return wrap(np.array(as_data(self.data.astype(dtype))))

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


# The transformation recognizes them by these marks.
extractdata.__dlsrc_special__ = "extractdata"  # type: ignore[attr-defined]
isdlarray.__dlsrc_special__ = "isdlarray"  # type: ignore[attr-defined]
