"""numba's first compilation, without SciPy's linear algebra where no program asks for it.

Before numba compiles anything it imports all that it can compile.  One of these modules looks whether there
is a BLAS, by importing ``scipy.linalg``, which imports a hundred modules more: a fifth of the time that the
first gradient of a short program takes.  What it finds has no use but a word in a message of its own, and
dlsrc cannot be installed without SciPy::

    numba.np.arraymath                            _HAVE_BLAS = …    import scipy.linalg.cython_blas, 0.13 s
    numba.np.linalg, at the first np.dot of a program               the same import, when it is needed

And each of 250 declarations of attributes looks through all registries for new ones, while these are being
looked through: 10 ms, for what one look afterwards finds as well.  Where several declarations fit a call,
numba takes them in the order in which it met them, so nothing here changes that order.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from ..lazy import numba
from .garbage import lasting

__all__ = ["without_linear_algebra"]

_LOOKS = "numba.np.arraymath"


@cache
def without_linear_algebra() -> None:
    """Let numba import what it compiles, in its own order, without the looks; nothing where it has."""
    if "scipy.linalg" in sys.modules:
        return
    numba("core.entrypoints").init_all()  # extensions of numba's, which may compile something of their own
    if _LOOKS in sys.modules:
        return
    target = numba("core.registry").cpu_target
    with lasting(), numba("core.compiler_lock").global_compiler_lock:
        with _unasked(), _once(target.target_context):
            target.typing_context.refresh()
            target.target_context.refresh()
        target.target_context.refresh()


class _Unasked:
    """A finder of modules that finds none: it takes away the look before what looks is imported."""

    look: Any = None

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == _LOOKS:
            # Nothing may be imported here, where Python holds the lock of all imports.
            linalg: Any = sys.modules.get("numba.np.linalg")
            look = getattr(linalg, "ensure_blas", None)  # another version may have none
            if look is not None and self.look is None:
                self.look, linalg.ensure_blas = look, lambda: None


@contextmanager
def _unasked() -> Iterator[None]:
    finder = _Unasked()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        if finder.look is not None:
            linalg: Any = numba("np.linalg")
            linalg.ensure_blas = finder.look


@contextmanager
def _once(context: Any) -> Iterator[None]:
    """Let a look through the registries that is within another one do nothing."""
    within = False

    def refresh() -> None:
        nonlocal within
        if not within:
            within = True
            try:
                type(context).refresh(context)
            finally:
                within = False

    context.refresh = refresh
    try:
        yield
    finally:
        del context.refresh
