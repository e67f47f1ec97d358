"""The one module through which numba, SciPy, the engine and optional packages are imported at first use.

numba takes half a second to import and its first compilation half a second more, which a program that
only reads a derivative, or runs it with ``NUMBA_DISABLE_JIT=1``, should not pay.  The transformation and
the primitives take 150 ms, which a program that has not called a derivative yet should not pay either.
"""

import importlib
import os
from functools import cache
from types import ModuleType

from .process.forks import held_at_forks, importing
from .process.garbage import lasting

__all__ = ["engine", "installed", "jit_enabled", "numba", "optional", "scipy"]


@cache
def numba(submodule: str = "") -> ModuleType:
    """numba, or one of its submodules: ``numba("core.errors")``."""
    held_at_forks()
    # First the package: two threads of which one begins with a module in it wait for each other.
    package = _imported("numba")
    return _imported(f"numba.{submodule}") if submodule else package


@cache
def scipy(submodule: str = "") -> ModuleType:
    """SciPy, or one of its submodules: ``scipy("special")``."""
    return _imported(f"scipy.{submodule}" if submodule else "scipy")


@cache
def engine(submodule: str = "transform") -> ModuleType:
    """``dlsrc.transform``, or another part of dlsrc that is heavy to import: ``engine("kernels.types")``."""
    held_at_forks()
    return _imported(f"{__package__}.{submodule}")


def _imported(module: str) -> ModuleType:
    with lasting(), importing:
        return importlib.import_module(module)


def installed(module: str) -> ModuleType | None:
    """An optional package, or None where it is not there: ``installed("tqdm")``."""
    try:
        return _imported(module)
    except ImportError:
        return None


def optional(module: str, purpose: str) -> ModuleType:
    """An optional package, or one of its submodules.

    Raises
    ------
    ImportError
        If it is not installed, saying what for it is needed and how it is installed.
    """
    found = installed(module)
    if found is None:
        package = module.partition(".")[0]
        raise ImportError(f"{purpose} needs {package}, which is not installed: pip install {package}")
    return found


def jit_enabled() -> bool:
    """Whether generated code is compiled; ``NUMBA_DISABLE_JIT=1`` runs it as plain Python."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
