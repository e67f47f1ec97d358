"""How many arrays compiled code asks numba's runtime for, and gives back or keeps for the next."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dlsrc.lazy import numba
from dlsrc.process.spare import SIZES, lists

__all__ = ["Arrays", "counted"]


@dataclass
class Arrays:
    """Attributes: what was asked for, given back, and is kept now that was not before."""

    made: int = 0
    freed: int = 0
    kept: int = 0

    @property
    def lost(self) -> int:
        return self.made - self.freed - self.kept


@contextmanager
def counted() -> Iterator[Arrays]:
    """Count what happens inside; the numbers are there at its end."""
    memory, found = numba("core.runtime._nrt_python"), Arrays()
    counting = memory.memsys_stats_enabled()
    memory.memsys_enable_stats()
    before = _now()
    try:
        yield found
        found.made, found.freed, found.kept = (b - a for a, b in zip(before, _now(), strict=True))
    finally:
        if not counting:
            memory.memsys_disable_stats()


def _now() -> tuple[int, int, int]:
    known = numba("core.runtime").rtsys.get_allocation_stats()
    return known.mi_alloc, known.mi_free, sum(lists()[1 + SIZES :])
