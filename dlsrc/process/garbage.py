"""Python's garbage collector during a compilation.

A compilation makes millions of small objects that live until its end.  Python's collector walks over all
of them again and again, and over the caller's own objects too: a fifth of the time that compiling a long
function takes.  What is imported before the first compilation lives as long as the process: a walk over it
finds nothing, and takes a tenth of the time to the first gradient of a short function.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .forks import guarded

__all__ = ["collected_seldom", "lasting"]

# A collection of the youngest after so many new objects (Python's own: 700), so that what becomes garbage
# meanwhile stays below some tens of megabytes.
_SELDOM = (100_000, 20, 100)

# No collection at all, while modules are imported.
_NEVER = (100_000_000, 20, 100)

_lock = guarded(threading.Lock(), order=3)
_inside: list[tuple[int, int, int]] = []  # what is wanted, by each that is inside
_before: tuple[int, int, int] = gc.get_threshold()


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Let the collector run less often inside; also while several threads are inside.

    A collector that the user turned off, or made rarer still, is left as it is.

    >>> before = gc.get_threshold()
    >>> with collected_seldom():
    ...     gc.get_threshold()[0]
    100000
    >>> gc.get_threshold() == before
    True
    """
    with _thresholds(_SELDOM):
        yield


@contextmanager
def lasting() -> Iterator[None]:
    """Let what is made inside pass for old at once, so that only full collections walk over it.

    >>> with lasting():
    ...     import colorsys
    """
    with _thresholds(_NEVER):
        yield
        if not gc.get_freeze_count():  # or what the user has frozen would thaw
            gc.freeze()
            gc.unfreeze()


@contextmanager
def _thresholds(wanted: tuple[int, int, int]) -> Iterator[None]:
    global _before
    with _lock:
        if not _inside:
            _before = gc.get_threshold()
        _inside.append(wanted)
        _set()
    try:
        yield
    finally:
        with _lock:
            _inside.remove(wanted)
            _set()


def _set() -> None:
    """The highest of what is wanted and of the user's own; nothing where he turned it off, or set others."""
    if _before[0] > 0 and gc.get_threshold() in (_before, _SELDOM, _NEVER):
        gc.set_threshold(*max([_before, *_inside]))
