"""A process that is forked while another thread builds a program can build programs too.

A fork copies the locks of the process but only the thread that forks: a lock that another thread holds is
never released in the child, whose first build would wait for ever.  So a fork waits until no thread builds::

    thread 1   slope(x)  # compiles for a second
    thread 2                 os.fork()  # waits for thread 1; the child compiles as any process does

A thread that forks takes the locks in the order in which a build takes them: numba's, which is held by all
that compiles, with dlsrc or without, then dlsrc's own.
"""

import importlib
import os
import sys
import threading
from functools import cache
from typing import Any

__all__ = ["guarded", "held_at_forks", "importing"]

_guarded: list[tuple[int, Any]] = []
_of_thread = threading.local()


def guarded(lock: Any, order: int) -> Any:
    """The lock itself, which from now on a thread that forks holds, after those of a lower ``order``.

    >>> import threading
    >>> lock = guarded(threading.RLock(), order=8)
    >>> lock.acquire()
    True
    >>> lock.release()
    """
    _guarded.append((order, lock))
    _guarded.sort(key=lambda pair: pair[0])
    return lock


# Held by imports that dlsrc puts off: a module that another thread has half imported stays so in a child.
importing = guarded(threading.RLock(), order=9)


def _locks() -> list[Any]:
    numbas = getattr(sys.modules.get("numba.core.compiler_lock"), "global_compiler_lock", None)
    return [*([] if numbas is None else [numbas]), *(lock for _, lock in _guarded)]


def _take() -> None:
    """Hold them all; begin again if there is one more when the last is held: numba was being imported."""
    held = _of_thread.held = []
    while True:
        wanted = _locks()
        for lock in wanted:
            lock.acquire()
            held.append(lock)
        if _locks() == wanted:
            return
        _give_back()


def _give_back() -> None:
    """In the parent, and in the child, whose only thread is the one that holds them."""
    held = _of_thread.held
    while held:
        held.pop().release()


@cache
def held_at_forks() -> None:
    """From now on a thread that forks holds the locks; called before numba or the engine is imported.

    What is registered last is run first: ``logging`` has a lock too, which compilers ask for, and a thread
    must not hold that one while it waits for a compiler to end.
    """
    with importing:
        importlib.import_module("logging")
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=_take, after_in_parent=_give_back, after_in_child=_give_back)
