"""Functions of SciPy's that are called by their addresses: special functions, LAPACK and BLAS.

As plain Python they are called through ``ctypes``; where numba compiles, ``transform.foreign`` calls the
same address as an external symbol.

>>> bessel_j0 = special("j0", 1)
>>> bessel_j0(0.0)
1.0
"""

import ctypes
from collections.abc import Callable

import numpy as np

from ...lazy import scipy
from ...process.symbols import Foreign

__all__ = ["Foreign", "blas", "lapack", "special"]


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
        dtypes = {x.dtype for x in given if isinstance(x, np.ndarray) and x.dtype.kind == "f"}
        if len(dtypes) > 1:
            raise TypeError(f"{foreign.name} takes arrays of one precision, not of {dtypes}")
        single = np.dtype("float32") in dtypes
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
