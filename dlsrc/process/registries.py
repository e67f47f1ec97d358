"""numba's first compilation, without SciPy's linear algebra where no program asks for it.

Before numba compiles anything it imports all that it can compile.  One of these modules looks whether there
is a BLAS, by importing ``scipy.linalg``, which imports a hundred modules more: a fifth of the time that the
first gradient of a short program takes.  What it finds has no use but a word in a message of its own, and
dlsrc cannot be installed without SciPy::

    numba.np.arraymath                            _HAVE_BLAS = …    import scipy.linalg.cython_blas, 0.13 s
    numba.np.linalg, at the first np.dot of a program               the same import, when it is needed
"""

import sys
from functools import cache
from typing import Any

from ..lazy import numba

__all__ = ["without_linear_algebra"]


@cache
def without_linear_algebra() -> None:
    """Let numba import what it compiles, in its own order, without the look; nothing where it has done so."""
    linalg: Any = numba("np.linalg")
    target = numba("core.registry").cpu_target
    with numba("core.compiler_lock").global_compiler_lock:
        look = getattr(linalg, "ensure_blas", None)  # numba's own names: another version may have none
        if look is None or "scipy.linalg" in sys.modules or "numba.np.arraymath" in sys.modules:
            return
        linalg.ensure_blas = lambda: None
        try:
            target.typing_context.refresh()
            target.target_context.refresh()
        finally:
            linalg.ensure_blas = look
