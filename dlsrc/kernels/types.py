"""The types that a differentiated program computes with: scalars, arrays, shapes.

Containers have no type here: their structure is known before the program is built, and only their
leaves become values.  A type is a frozen value; two equal types are the same type.

NumPy 2's promotion needs one bit more than a dtype: a Python number is *weak*, it takes the
precision of what it meets (``2.0 * x`` stays float32), while ``np.float64(2.0) * x`` does not.
"""

import numpy as np

from ..records import field, record, replace

__all__ = [
    "IN_A_LIST", "Array", "Scalar", "Sequence", "Shape", "Tape", "Type", "broadcast", "is_float", "promote",
    "strong", "type_of", "unlabelled",
]


@record(frozen=True)
class Scalar:
    """A number or truth value.

    ``labels`` is None for a plain number and a string for a dlarray ("" where it has no format).
    ``cell`` is set while a program is built, where NumPy has an array without dimensions: 1 if that has one
    name, 2 if it may have more, 3 if it is a view of an array with dimensions.
    """

    dtype: str
    weak: bool = False
    labels: str | None = None
    cell: int = field(default=0, repr=False)

    ndim = 0

    def __str__(self) -> str:
        return self.dtype


@record(frozen=True)
class Array:
    """An array of at least one dimension; ``layout`` is "C", "F" or "A" (any), as numba says it.

    ``sure`` says that NumPy's array certainly has this layout too; of "A", that its axes are in C order
    (``x[:, ::2]`` for an ``x`` in C order).
    """

    dtype: str
    ndim: int
    layout: str = "C"
    labels: str | None = None
    sure: bool = field(default=True, repr=False)

    weak = False

    def __str__(self) -> str:
        words = {1: "vector", 2: "matrix"}
        kind = f"{self.dtype} {words.get(self.ndim, f'{self.ndim}-d array')}"
        return f"{kind} of format {self.labels!r}" if self.labels else kind


@record(frozen=True)
class Shape:
    """The shape of an array of ``ndim`` dimensions, as a tuple of ints."""

    ndim: int
    labels = None

    def __str__(self) -> str:
        return "shape"


@record(frozen=True)
class Sequence:
    """A tuple of ``length`` equally typed arrays or scalars, indexed at run time."""

    item: Scalar | Array
    length: int
    labels = None

    def __str__(self) -> str:
        return f"tuple of {self.length} ({self.item})"


# What a vector in a list takes beside its numbers: numba's head of its memory, malloc's, the list's entry.
# Measured with two lists of 10**6 vectors of 16 numbers.
IN_A_LIST = 184


@record(frozen=True)
class Tape:
    """Storage of the reverse sweep that only generated code touches: a list of arrays or shapes."""

    item: Array | Shape
    labels = None

    def __str__(self) -> str:
        return f"list of {self.item}"


Type = Scalar | Array | Shape | Sequence | Tape


def is_float(type_: Type) -> bool:
    """Whether values of this type can carry a derivative (of a Sequence or Tape: its items)."""
    if isinstance(type_, Sequence | Tape):
        return is_float(type_.item)
    return isinstance(type_, Scalar | Array) and type_.dtype in ("float64", "float32")


def unlabelled(*types: Type) -> str | None:
    """The labels of a result whose dimensions are new: "" if any of these is a dlarray, else None."""
    return "" if any(t.labels is not None for t in types) else None


def strong(type_: Type) -> Type:
    """The same type, no longer a Python number."""
    return replace(type_, weak=False) if isinstance(type_, Scalar) else type_


def promote(*types: Scalar | Array) -> tuple[str, bool]:
    """The dtype that NumPy 2 gives an operation on these types, and whether it is still weak.

    >>> promote(Scalar("float64", weak=True), Array("float32", 1))
    ('float32', False)
    >>> promote(Scalar("float64"), Array("float32", 1))
    ('float64', False)
    >>> promote(Scalar("int64", weak=True), Scalar("float64", weak=True))
    ('float64', True)
    """
    strongs = [t.dtype for t in types if not t.weak]
    weak = [t.dtype for t in types if t.weak]
    if not strongs:
        return np.result_type(*weak).name, True
    examples: list = [np.dtype(name) for name in strongs]
    python = {"int64": 1, "float64": 1.0, "bool": False, "complex128": 1j}
    examples += [python[name] for name in weak]
    return np.result_type(*examples).name, False


def broadcast(*types: Scalar | Array, dtype: str | None = None, weak: bool | None = None) -> Scalar | Array:
    """The type of an element-wise operation on values of these types.

    >>> str(broadcast(Array("float64", 2), Array("float64", 1), Scalar("int64", weak=True)))
    'float64 matrix'
    """
    promoted, is_weak = promote(*types)
    labels = next((t.labels for t in types if t.labels), None)
    if labels is None and any(t.labels is not None for t in types):
        labels = ""
    arrays = [t for t in types if isinstance(t, Array)]
    if not arrays:
        return Scalar(dtype or promoted, is_weak if weak is None else weak, labels)
    ndim = max(t.ndim for t in arrays)
    if all(t.layout == "C" or t.ndim < ndim and t.ndim <= 1 for t in arrays):
        layout = "C"
    else:
        layout = "F" if all(t.layout == "F" and t.ndim == ndim for t in arrays) else "A"
    return Array(dtype or promoted, ndim, layout, labels)


def type_of(x: object) -> Scalar | Array:
    """The type of a live Python number, NumPy scalar or array.

    >>> type_of(2.0), type_of(np.zeros((2, 3), "f4"))
    (Scalar(dtype='float64', weak=True, labels=None), Array(dtype='float32', ndim=2, layout='C', labels=None))
    """
    if isinstance(x, bool):
        return Scalar("bool", weak=True)
    if isinstance(x, int):
        return Scalar("int64", weak=True)
    if isinstance(x, np.floating | np.integer | np.bool_):
        return Scalar(x.dtype.name)  # before float: np.float64 is a float, but not a weak one
    if isinstance(x, float):
        return Scalar("float64", weak=True)
    if isinstance(x, np.ndarray):
        if x.ndim == 0:
            return Scalar(x.dtype.name)
        flags = x.flags
        layout = "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"
        return Array(x.dtype.name, x.ndim, layout, sure=layout != "A")
    raise TypeError(f"{type(x).__name__} is neither a number nor an array")
