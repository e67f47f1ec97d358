"""The one module through which numba, SciPy and dlsrc's own engine are imported at first use.

numba takes half a second to import and its first compilation half a second more, which a program that
only reads a derivative, or runs it with ``NUMBA_DISABLE_JIT=1``, should not pay.  The transformation and
the primitives take 150 ms, which a program that has not called a derivative yet should not pay either.
"""

import importlib
import os
from functools import cache
from types import ModuleType

from .forks import held_at_forks, importing

__all__ = ["engine", "jit_enabled", "numba", "scipy"]


@cache
def numba(submodule: str = "") -> ModuleType:
    """numba, or one of its submodules: ``numba("core.errors")``."""
    held_at_forks()
    with importing:
        return importlib.import_module(f"numba.{submodule}" if submodule else "numba")


@cache
def scipy(submodule: str = "") -> ModuleType:
    """SciPy, or one of its submodules: ``scipy("special")``."""
    with importing:
        return importlib.import_module(f"scipy.{submodule}" if submodule else "scipy")


@cache
def engine(submodule: str = "transform") -> ModuleType:
    """``dlsrc.transform``, or another part of dlsrc that is heavy to import: ``engine("kernels.types")``."""
    held_at_forks()
    with importing:
        return importlib.import_module(f"{__package__}.{submodule}")


def jit_enabled() -> bool:
    """Whether generated code is compiled; ``NUMBA_DISABLE_JIT=1`` runs it as plain Python."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
