"""Python's garbage collector during a compilation.

A compilation makes millions of small objects that live until its end.  Python's collector walks over all
of them again and again, and over the caller's own objects too: a fifth of the time that compiling a long
function takes.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .forks import guarded

__all__ = ["collected_seldom"]

# A collection of the youngest after so many new objects (Python's own: 700), so that what becomes garbage
# meanwhile stays below some tens of megabytes.
_THRESHOLDS = (100_000, 20, 100)

_lock = guarded(threading.Lock(), order=3)
_inside = 0
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
    global _inside, _before
    with _lock:
        if not _inside:
            _before = gc.get_threshold()
            if 0 < _before[0] < _THRESHOLDS[0]:
                gc.set_threshold(*_THRESHOLDS)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside and gc.get_threshold() == _THRESHOLDS:
                gc.set_threshold(*_before)
