"""Files that only their owner could have written: the directory of the cache on disk.

What is loaded from there is run, so nothing is read before it is known whose it is: the directory and all
that it stands in belong to the user (or to root) and nobody else may write there; a file is opened without
following links, and its owner and permissions are those of the open file.  Anything else is not loaded.

A file is written under a name of its own and then renamed, so that a reader finds all of it or nothing,
and begins with a checksum of the rest: a truncated or foreign file is the same as none.
"""

import hashlib
import os
import stat
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = [
    "KERNEL", "SUFFIX", "Unsafe", "directory", "files", "is_enabled", "keeps_kernels", "location", "read",
    "remove", "touch", "trim", "warn_once", "write",
]  # fmt: skip

MAGIC = b"dlsrc program 1\n"
SUFFIX, KERNEL = ".program", ".kernel"
LARGEST = 512 * 2**20  # bytes that are kept; beyond it the oldest files go
MOST_LINKS = 20
NOTHING = ("0", "", "false", "no", "off")

_warned: set[str] = set()


class Unsafe(Exception):
    """A place that another user could have written to; the message says which and what to do."""


def is_enabled() -> bool:
    """Whether programs are kept on disk; ``DLSRC_CACHE=0`` turns it off."""
    return _chosen() not in (*NOTHING, "kernels")


def _chosen() -> str:
    return os.environ.get("DLSRC_CACHE", "1").lower()


def keeps_kernels() -> bool:
    """Whether dlsrc's own kernels are kept on disk, too; ``DLSRC_CACHE=kernels`` keeps nothing else."""
    return _chosen() not in NOTHING


def location() -> Path:
    """Where programs are kept: ``DLSRC_CACHE_DIR``, or below ``NUMBA_CACHE_DIR`` or the user's caches."""
    return _locations()[0]


def _locations() -> list[Path]:
    """The places that may be used, the first that nobody else can write to."""
    given, numbas = os.environ.get("DLSRC_CACHE_DIR"), os.environ.get("NUMBA_CACHE_DIR")
    if given:
        return [Path(os.path.abspath(os.path.expanduser(given)))]
    found = [Path(os.path.abspath(os.path.join(os.path.expanduser(numbas), "dlsrc")))] if numbas else []
    return [*found, _of_user()]


def _of_user() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or ""
        if not os.path.isabs(base):  # as its specification says
            base = os.path.expanduser("~/.cache")
    return Path(os.path.abspath(os.path.join(base, "dlsrc")))


def directory(create: bool = False) -> Path | None:
    """The directory, if there is one and only its owner may write to it; else None, with one warning."""
    if not keeps_kernels():
        return None
    for place in _locations():
        try:
            if create:
                for step in reversed([p for p in (place, *place.parents) if not p.exists()]):
                    with suppress(FileExistsError):
                        step.mkdir(mode=0o700)
            _check_directory(place)
        except Unsafe as error:
            warn_once(f"dlsrc keeps no programs in {place}: {error}")
        except (OSError, RuntimeError):  # not there, not readable, no home
            continue
        else:
            return place
    return None


def warn_once(message: str) -> None:
    """Say it the first time."""
    if message not in _warned:
        _warned.add(message)
        warnings.warn(message, RuntimeWarning, stacklevel=2)


# ---------------------------------------------------------------------------------- whose it is


def _check_directory(place: Path) -> None:
    """Raise unless nobody but the user, or root, can put anything into a directory."""
    if not hasattr(os, "geteuid"):  # Windows: a folder of the user's profile is the user's
        if not place.is_dir():
            raise FileNotFoundError(place)
        return
    found = os.lstat(place)
    if stat.S_ISLNK(found.st_mode):
        raise Unsafe(f"{place} is a link; set DLSRC_CACHE_DIR to the directory itself")
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(place)
    if found.st_uid != os.geteuid():
        raise Unsafe(f"{place} belongs to another user; set DLSRC_CACHE_DIR to a directory of yours")
    if found.st_mode & 0o022:
        raise Unsafe(f"other users may write to {place}; run chmod 700 {place}")
    _check_above(place.parent, MOST_LINKS)


def _check_above(place: Path, links: int) -> None:
    """Raise if another user could exchange something on the way to a directory."""
    if not links:
        raise Unsafe(f"the way to {place} goes through too many links")
    mine = (0, os.geteuid())
    for step in (place, *place.parents):
        found = os.lstat(step)
        if found.st_uid not in mine:
            raise Unsafe(f"{step} belongs to another user; set DLSRC_CACHE_DIR to a directory of yours")
        if stat.S_ISLNK(found.st_mode):
            _check_above(Path(os.path.abspath(os.path.join(step.parent, os.readlink(step)))), links - 1)
        elif found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
            # In a sticky directory (/tmp) nobody can rename what belongs to somebody else.
            raise Unsafe(f"other users may write to {step}, where {place} is; run chmod go-w {step}")


# ---------------------------------------------------------------------------------- reading


def read(path: Path) -> bytes | None:
    """What was written under this name; None if that is not sure, or if there is nothing."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        with open(handle, "rb") as file:
            if not _is_mine(path, os.fstat(handle)):
                return None
            data = file.read()
    except OSError:
        return None
    start = len(MAGIC) + hashlib.sha256().digest_size
    if not data.startswith(MAGIC) or hashlib.sha256(data[start:]).digest() != data[len(MAGIC) : start]:
        return None
    return data[start:]


def _is_mine(path: Path, found: os.stat_result) -> bool:
    if not stat.S_ISREG(found.st_mode):
        return False
    if hasattr(os, "geteuid") and (found.st_uid != os.geteuid() or found.st_mode & 0o022):
        warn_once(
            f"dlsrc does not load {path}: another user owns it or may write to it; run python -m dlsrc cache "
            "clear"
        )
        return False
    return True


# ---------------------------------------------------------------------------------- writing


def write(path: Path, data: bytes) -> bool:
    """Put a file in place, all of it or nothing; whether it was done."""
    whole = MAGIC + hashlib.sha256(data).digest() + data
    made = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            with open(handle, "wb") as file:
                file.write(whole)
            os.replace(made, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(made)
            raise
    except OSError:  # no room, read-only, gone: then it is not kept
        return False
    return True


# ---------------------------------------------------------------------------------- all of them


def files(place: Path, others: bool = False) -> Iterator[tuple[Path, os.stat_result]]:
    """The programs that are kept; ``others`` adds what else is dlsrc's, and what stopped writers left."""
    with suppress(OSError):
        for folder in os.scandir(place):
            if not folder.is_dir(follow_symlinks=False):
                continue
            with suppress(OSError):
                for entry in os.scandir(folder.path):
                    other = entry.name.endswith((".digest", KERNEL)) or entry.name.startswith(".")
                    if entry.name.endswith(SUFFIX) or (other and others):
                        with suppress(OSError):
                            yield Path(entry.path), entry.stat(follow_symlinks=False)


def remove(place: Path) -> int:
    """Remove every program; how many there were.  Other files are left alone."""
    removed = 0
    for path, _ in [*files(place, others=True)]:
        with suppress(OSError):
            path.unlink()
            removed += path.name.endswith(SUFFIX)
        with suppress(OSError):
            path.parent.rmdir()
    return removed


def trim(place: Path, most: int = LARGEST) -> None:
    """Remove what writers left that were stopped; then, if all take more than ``most`` bytes, the oldest."""
    found = sorted(files(place, others=True), key=lambda item: item[1].st_mtime)
    size = sum(info.st_size for _, info in found)
    for path, info in found:
        is_left = path.name.startswith(".") and time.time() - info.st_mtime > 3600
        if size > most or is_left:
            with suppress(OSError):
                path.unlink()
            with suppress(OSError):
                path.parent.rmdir()
            size -= info.st_size


def touch(path: Path) -> None:
    """Say that a program was used, once a day."""
    with suppress(OSError):
        if time.time() - os.lstat(path).st_mtime > 86400:
            os.utime(path, follow_symlinks=False)
