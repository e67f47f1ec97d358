"""The addresses of functions that SciPy publishes, for ``ctypes`` and for compiled code.

SciPy publishes the C functions behind ``scipy.special`` and ``scipy.linalg`` in the modules
``cython_special``, ``cython_lapack`` and ``cython_blas``.  The last two are read without ``scipy.linalg``,
whose hundred modules take longer to import than a short function to compile::

    import scipy.linalg.cython_blas     0.13 s
    published("linalg.cython_blas")     0.002 s
"""

import ctypes
import os
import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

from ..lazy import numba, scipy
from ..records import record
from .forks import importing

__all__ = ["Foreign", "published", "registered"]

# By the symbol that stands for it, what compiled code may call.
registered: dict[str, tuple["Foreign", str]] = {}


@record(frozen=True)
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
        found = published(self.module)
        signature = f"double ({'double, ' * len(self.arguments)}int __pyx_skip_dispatch)".encode()
        for name in (precision + self.name, *(f"__pyx_fuse_{k}{self.name}" for k in range(3))):
            capsule = found.get(name)
            if capsule is None:
                continue
            kind = _name_of(capsule)
            if not self.by_value or kind == signature:
                return _pointer_of(capsule, kind)
        raise LookupError(f"scipy.{self.module} publishes no {self.name} of {len(self.arguments)} numbers")

    def symbol(self, precision: str = "") -> str:
        """The name under which compiled code knows it."""
        return f"dlsrc.{self.module}.{precision}{self.name}"

    def register(self, precision: str = "") -> str:
        """Make its address known to LLVM; the symbol that stands for it."""
        symbol = self.symbol(precision)
        if symbol not in registered:
            numba("core.codegen").ll.add_symbol(symbol, self.address(precision))
            registered[symbol] = self, precision
        return symbol


@cache
def published(module: str) -> dict[str, Any]:
    """The capsules of the C functions of a module below ``scipy``."""
    return (_alone(module) or scipy(module)).__pyx_capi__


def _alone(module: str) -> Any:
    """A module of compiled code without its package; None where it is imported already, or needs the package.

    Whoever imports it later gets this very one from Cython, as a part of its package.
    """
    package, _, _ = module.rpartition(".")
    full = f"scipy.{module}"
    with importing:
        if package != "linalg" or "scipy.linalg" in sys.modules or full in sys.modules:
            return None
        try:
            spec: Any = PathFinder.find_spec(full, [os.path.join(path, package) for path in scipy().__path__])
            made = module_from_spec(spec)
            spec.loader.exec_module(made)
            return made if hasattr(made, "__pyx_capi__") else None
        except (AttributeError, ImportError):
            return None
        finally:
            if "scipy.linalg" not in sys.modules:
                sys.modules.pop(full, None)  # Cython has put it there


def _name_of(capsule: Any) -> bytes:
    function = ctypes.pythonapi.PyCapsule_GetName
    function.restype, function.argtypes = ctypes.c_char_p, [ctypes.py_object]
    return function(capsule)


def _pointer_of(capsule: Any, kind: bytes) -> int:
    function = ctypes.pythonapi.PyCapsule_GetPointer
    function.restype, function.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return function(capsule, kind)
