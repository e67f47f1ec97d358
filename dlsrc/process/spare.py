"""Where compiled code keeps the memory of small arrays for the next ones: see ``transform.machine.spare``.

The words are: the thread whose the lists are, the first piece of each list, and how many there are in each.
"""

import ctypes
import threading
from functools import cache

from ..lazy import numba

__all__ = ["MOST", "PIECE", "SIZES", "SYMBOL", "WORDS", "lists", "there_are"]

SYMBOL = "dlsrc_spare"
PIECE, SIZES, MOST = 64, 16, 32  # bytes, of which a size is a multiple; how many sizes; pieces of each
WORDS = 1 + 2 * SIZES


@cache
def lists() -> ctypes.Array:
    """The lists of this process, for its main thread."""
    return (ctypes.c_int64 * WORDS)(threading.main_thread().ident or 0)


@cache
def there_are() -> bool:
    """Whether compiled code can find the lists, by a symbol that is made known here, and tell its thread."""
    try:
        this = ctypes.CDLL(None).pthread_self
    except (AttributeError, OSError, TypeError):
        return False
    this.restype = ctypes.c_int64
    if ctypes.sizeof(ctypes.c_void_p) != 8 or this() != ctypes.c_int64(threading.get_ident()).value:
        return False
    binding = numba("core.codegen").ll
    binding.add_symbol("pthread_self", ctypes.cast(this, ctypes.c_void_p).value)
    binding.add_symbol(SYMBOL, ctypes.addressof(lists()))
    return True
