"""Built programs by what they were built for, least recently used first.

A cache belongs to one function (its code); a key says everything else that the text of the program
depends on.  Several entries may have one key: they rely on different values of captured variables, and
each says itself whether it holds.  The key is made of plain values in one place, `key_of`, so that a
cache on disk needs nothing else.
"""

import re
from array import array
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

from .containers.nodes import Structure
from .records import record
from .signature import Kind

__all__ = ["Cache", "Flags", "Mode", "key_of"]

CACHE_SIZE = 50


@record(frozen=True)
class Mode:
    """What is asked of a function: its value, or its value and gradient.

    ``argnums`` are the positions to differentiate by, None where the function itself calls `dlgradient`;
    ``single`` says that one number was asked for and not a tuple; ``has_aux`` that the function returns
    a pair (value, something else).  ``kind`` is what is asked for: "gradient" (with the value), "jvp", "vjp",
    "jacfwd" or "jacrev"; ``extra`` are the last positional arguments that are not the function's, and
    ``value`` says that a Jacobian comes with the value (and a gradient, where it is a part of something).
    ``inner`` are the modes of the derivatives that are differentiated, from the inside out.
    """

    argnums: tuple[int, ...] | None = None
    single: bool = True
    has_aux: bool = False
    kind: str = "gradient"
    extra: int = 0
    value: bool = False
    inner: tuple["Mode", ...] = ()

    @property
    def asked(self) -> tuple:
        """What the transformation is asked for, without the inner modes."""
        return self.argnums, self.single, self.has_aux, self.kind, self.extra, self.value

    @property
    def all_extra(self) -> int:
        """How many of the last positional arguments are not the function's own."""
        return self.extra + sum(mode.extra for mode in self.inner)


@record(frozen=True)
class Flags:
    """How a program is compiled and kept, by numba's names; what results are looked at for (``debug``);
    whether the way back starts from checkpoints ("sqrt", or how many trips a segment of a loop has), and how
    many bytes it may take for what loops keep, which ``"16 MB"`` says too."""

    fastmath: Any = False
    boundscheck: bool = True
    nogil: bool = False
    debug: str | None = None
    cache: bool = True
    checkpoint: str | int | None = None
    memory_limit: Any = None

    def __post_init__(self) -> None:
        asked = self.checkpoint
        whole = isinstance(asked, int) and not isinstance(asked, bool) and asked > 0
        if not (asked is None or asked == "sqrt" or whole):
            raise ValueError(f'checkpoint is "sqrt", the number of trips of a segment or None, not {asked!r}')
        if asked is not None and self.memory_limit is not None:
            raise ValueError("give checkpoint or memory_limit, not both: the limit chooses the checkpoints")
        object.__setattr__(self, "memory_limit", _bytes_of(self.memory_limit))
        if isinstance(self.fastmath, set):
            object.__setattr__(self, "fastmath", frozenset(self.fastmath))
        if self.debug not in (None, "nan"):
            raise ValueError(f"debug is \"nan\" or None, not {self.debug!r}")

    @property
    def for_numba(self) -> dict[str, Any]:
        """The options that numba takes; bounds are tested by the generated text, not by numba."""
        chosen: dict[str, Any] = {"nogil": self.nogil} if self.nogil else {}
        if self.fastmath:
            chosen["fastmath"] = set(self.fastmath) if isinstance(self.fastmath, frozenset) else True
        return chosen


_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def _bytes_of(limit: Any) -> int | None:
    """A number of bytes, which may be given with a unit.

    >>> _bytes_of("16 MB"), _bytes_of("1.5 GiB"), _bytes_of(4096)
    (16000000, 1610612736, 4096)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", limit) if isinstance(limit, str) else None
    if found is not None and found[2].upper() in _UNITS:
        limit = int(float(found[1]) * _UNITS[found[2].upper()])
    if limit is None or isinstance(limit, int) and not isinstance(limit, bool) and limit > 0:
        return limit
    raise ValueError(f'memory_limit is a number of bytes, or a text like "16 MB", not {limit!r}')


def key_of(structure: Structure, kinds: tuple[Kind, ...], mode: Mode, flags: Flags, compiled: bool) -> tuple:
    """What a program depends on besides the code and captured values of its functions."""
    return (structure, kinds, mode, flags, compiled)


class Cache:
    """The entries of one function, and how often they were found.

    Parameters
    ----------
    size : int
        How many are kept; the least recently used is dropped.
    """

    def __init__(self, size: int = CACHE_SIZE):
        self.hits = self.misses = 0
        self.entered = array("q", [0])  # hits that machine code counts
        self._size = size
        self._entries: OrderedDict[Any, tuple] = OrderedDict()  # entry → its key
        # Whoever keeps an entry for its next call is told to forget it.
        self.users: WeakSet = WeakSet()

    @property
    def size(self) -> int:
        """The number of entries that are kept."""
        return self._size

    @size.setter
    def size(self, size: int) -> None:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"the cache size is a positive number of entries, not {size!r}")
        self._size = size
        self._shrink()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Any]:
        return reversed(tuple(self._entries))

    def find(self, key: tuple) -> list:
        """The entries with this key, the most recently used first."""
        return [entry for entry, own in reversed(tuple(self._entries.items())) if own == key]

    def latest(self, mode: Mode, flags: Flags, compiled: bool) -> Any:
        """The most recently used entry of this kind, whatever its arguments; None if there is none."""
        for entry, key in reversed(self._entries.items()):
            if key[2:] == (mode, flags, compiled):
                return entry
        return None

    def add(self, key: tuple, entry: Any) -> None:
        """Keep an entry."""
        self._entries[entry] = key
        self._shrink()

    def touch(self, entry: Any) -> None:
        """Say that an entry was used."""
        if entry in self._entries:
            self._entries.move_to_end(entry)

    def clear(self) -> None:
        """Drop every entry and start counting anew."""
        self._entries.clear()
        self.hits = self.misses = self.entered[0] = 0
        self._tell()

    def _shrink(self) -> None:
        if len(self._entries) > self._size:
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
            self._tell()

    def _tell(self) -> None:
        for user in tuple(self.users):
            user.forget()
