"""The one module through which numba and SciPy are imported: at first use, never at ``import dlsrc``.

numba takes half a second to import and its first compilation half a second more, which a program that
only reads a derivative, or runs it with ``NUMBA_DISABLE_JIT=1``, should not pay.
"""

import importlib
import os
from functools import cache
from types import ModuleType

__all__ = ["jit_enabled", "numba", "scipy"]


@cache
def numba(submodule: str = "") -> ModuleType:
    """numba, or one of its submodules: ``numba("core.errors")``."""
    return importlib.import_module(f"numba.{submodule}" if submodule else "numba")


@cache
def scipy(submodule: str = "") -> ModuleType:
    """SciPy, or one of its submodules: ``scipy("special")``."""
    return importlib.import_module(f"scipy.{submodule}" if submodule else "scipy")


def jit_enabled() -> bool:
    """Whether generated code is compiled; ``NUMBA_DISABLE_JIT=1`` runs it as plain Python."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
