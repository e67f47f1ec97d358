"""Functions of SciPy's that are called by their addresses: special functions, LAPACK and BLAS.

SciPy publishes the C functions behind ``scipy.special`` and ``scipy.linalg`` in the modules
``cython_special``, ``cython_lapack`` and ``cython_blas``.  As plain Python they are called through
``ctypes``; where numba compiles, ``transform.foreign`` calls the same address as an external symbol.

>>> bessel_j0 = special("j0", 1)
>>> bessel_j0(0.0)
1.0
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..lazy import scipy

__all__ = ["Foreign", "blas", "lapack", "special"]


@dataclass(frozen=True)
class Foreign:
    """A C function that SciPy publishes.

    Attributes
    ----------
    module : str
        Below ``scipy``, where its address is.
    name : str
        As it is published; of LAPACK without the letter that says the precision.
    arguments : str
        One letter an argument: ``r`` a real number by value; by address ``c`` a character (given as its
        code), ``i`` an integer, ``n`` a real number, ``a`` an array (integers of an array are int32); and
        ``o``, an integer that is the result, given by nobody.
    """

    module: str
    name: str
    arguments: str

    @property
    def by_value(self) -> bool:
        return "r" in self.arguments

    def address(self, precision: str = "") -> int:
        """Where the function is; of LAPACK the one for this precision, ``d`` or ``s``."""
        published = scipy(self.module).__pyx_capi__
        signature = f"double ({'double, ' * len(self.arguments)}int __pyx_skip_dispatch)".encode()
        for name in (precision + self.name, *(f"__pyx_fuse_{k}{self.name}" for k in range(3))):
            capsule = published.get(name)
            if capsule is None:
                continue
            kind = _name_of(capsule)
            if not self.by_value or kind == signature:
                return _pointer_of(capsule, kind)
        raise LookupError(f"scipy.{self.module} publishes no {self.name} of {len(self.arguments)} numbers")

    def symbol(self, precision: str = "") -> str:
        """The name under which compiled code knows it."""
        return f"dlsrc.{self.module}.{precision}{self.name}"


def _name_of(capsule) -> bytes:
    function = ctypes.pythonapi.PyCapsule_GetName
    function.restype, function.argtypes = ctypes.c_char_p, [ctypes.py_object]
    return function(capsule)


def _pointer_of(capsule, kind: bytes) -> int:
    function = ctypes.pythonapi.PyCapsule_GetPointer
    function.restype, function.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return function(capsule, kind)


def _declared(foreign: Foreign, call: Callable) -> Callable:
    # as it is called in the families: the name alone is that of the primitive
    call.__name__ = f"{foreign.name}_of" if foreign.by_value else foreign.name
    call.is_kernel = True  # type: ignore[attr-defined]
    call.foreign = foreign  # type: ignore[attr-defined]
    return call


def special(name: str, count: int) -> Callable:
    """A function of ``scipy.special`` of ``count`` numbers, which gives a number."""
    foreign = Foreign("special.cython_special", name, "r" * count)

    def call(*numbers):
        return float(getattr(scipy(foreign.module), name)(*map(float, numbers)))

    return _declared(foreign, call)


def lapack(name: str, arguments: str) -> Callable:
    """A subroutine of LAPACK that works on arrays in place and gives its ``info``."""
    return _routine(Foreign("linalg.cython_lapack", name, arguments))


def blas(name: str, arguments: str) -> Callable:
    """A subroutine of BLAS, which works on arrays in place."""
    return _routine(Foreign("linalg.cython_blas", name, arguments))


def _routine(foreign: Foreign) -> Callable:
    functions: dict[str, Callable] = {}

    def call(*given):
        single = any(isinstance(x, np.ndarray) and x.dtype == np.float32 for x in given)
        precision = "s" if single else "d"
        if precision not in functions:
            prototype = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(foreign.arguments))
            functions[precision] = prototype(foreign.address(precision))
        info = ctypes.c_int(0)
        numbers = iter(given)
        cells = [info if kind == "o" else _cell(kind, next(numbers), single) for kind in foreign.arguments]
        functions[precision](
            *(c.ctypes.data if isinstance(c, np.ndarray) else ctypes.addressof(c) for c in cells)
        )
        return info.value

    return _declared(foreign, call)


def _cell(kind: str, x, single: bool):
    """What the address of an argument is taken of."""
    if kind == "a":
        return x
    if kind == "n":
        return (ctypes.c_float if single else ctypes.c_double)(x)
    return ctypes.c_int(x) if kind == "i" else ctypes.c_char(x)
