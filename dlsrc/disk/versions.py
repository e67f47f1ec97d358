"""What a compiled program depends on besides the user's code: libraries, compiler options, the processor.

dlsrc itself counts by the contents of its files, so that a changed rule is noticed where the version is
the same.  Reading them takes as long as loading a program, so their digest is kept for files of this
identity, size and times; it is not where one of them was changed just now, as clocks of file systems
tick in steps.
"""

import hashlib
import os
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np

from ..lazy import numba, scipy
from . import storage

__all__ = ["environment", "is_settled"]

STARTED = time.time_ns()

FORMAT = 1  # of the files on disk
SETTLED = 10e9  # nanoseconds
# Options of numba's that change no code, or only where it is kept.
IDLE = ("CACHE_DIR", "NUM_THREADS", "NUMBA_NUM_THREADS", "NUMBA_DEFAULT_NUM_THREADS", "DEBUG_CACHE",
        "SHOW_HELP", "COLOR_SCHEME", "DEVELOPER_MODE", "FULL_TRACEBACKS", "CACHE_LOCATOR_CLASSES",
        "THREADING_LAYER", "THREADING_LAYER_PRIORITY", "DISABLE_PERFORMANCE_WARNINGS")  # fmt: skip


@cache
def environment() -> str | None:
    """A digest of all of it; None if it cannot be known, and then nothing is kept."""
    own = _own_digest()
    if own is None:
        return None
    config, target = numba("core.config"), numba("core.registry").cpu_target.target_context
    options = {
        name: repr(value) for name, value in vars(config).items()
        if name.isupper() and name not in IDLE and not name.startswith("CUDA_")
        and isinstance(value, int | float | str | tuple | None)
    }  # fmt: skip
    parts = (
        FORMAT, own, numba().__version__, sys.modules["llvmlite"].__version__, np.__version__,
        scipy().__version__, sys.version, sys.implementation.cache_tag, getattr(sys, "abiflags", ""),
        sys.flags.optimize, sys.platform, target.codegen().magic_tuple(), sorted(options.items()),
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()


_looked_at = -1e9  # when the files were last found unchanged


def is_settled(within: float = 0.0) -> bool:
    """Whether dlsrc's files are those that this process has imported: no file was changed since.

    A look that is not older than ``within`` seconds will do: forty kernels one after the other would look
    at all the files forty times.
    """
    global _looked_at
    now = time.monotonic()
    if now - _looked_at < within:
        return True
    try:
        settled = max(changed for *_, changed in _stats(Path(__file__).parent.parent)) < STARTED
    except (OSError, ValueError):
        return False
    if settled:
        _looked_at = now
    return settled


def _own_digest() -> str | None:
    """The digest of dlsrc's own files."""
    here = Path(__file__).parent.parent
    try:
        found = sorted(_stats(here))
        place = storage.directory()
        settled = time.time_ns() - max(s[4] for s in found) > SETTLED
        if place is None or not settled:
            return _contents(here)
        known = hashlib.sha256(repr((str(here), found)).encode()).hexdigest()
        path = place / "versions" / f"{known}.digest"
        kept = storage.read(path)
        if kept is not None:
            return kept.decode()
        made = _contents(here)
        storage.write(path, made.encode())
        return made
    except (OSError, ValueError):  # in a zip, say
        return None


def _stats(folder: Path) -> list[tuple]:
    found: list[tuple] = []
    for entry in os.scandir(folder):
        if entry.is_dir():
            if entry.name != "__pycache__":
                found += _stats(Path(entry.path))
        elif entry.name.endswith(".py"):
            s = entry.stat()
            # On Windows the last is when it was made.
            found.append((entry.path, s.st_ino, s.st_size, s.st_mtime_ns, max(s.st_ctime_ns, _mtime(s))))
    return found


def _mtime(found: os.stat_result) -> int:
    return found.st_mtime_ns if sys.platform == "win32" else 0


def _contents(folder: Path) -> str:
    made = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        data = path.read_bytes()
        made.update(repr((path.relative_to(folder).as_posix(), len(data))).encode() + data)
    return made.hexdigest()
