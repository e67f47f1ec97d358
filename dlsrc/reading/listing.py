"""Generated text where tracebacks, pdb and ``inspect`` look for source."""

import hashlib
import linecache

__all__ = ["file_of", "register_source"]


def file_of(name: str, text: str) -> str:
    """What tracebacks call the file of a generated function: the same for the same text, in every process."""
    return f"<dlsrc {name} {hashlib.sha256(text.encode()).hexdigest()[:6]}>"


def register_source(text: str, filename: str) -> str:
    """Make the text known to ``linecache`` under this name; the name used, which is its own.

    >>> register_source("x = 1\\n", "<dlsrc doctest>")
    '<dlsrc doctest>'
    """
    name, k = filename, 1
    lines = text.splitlines(keepends=True)
    while name in linecache.cache and linecache.cache[name][2] != lines:  # type: ignore[misc]
        k += 1
        name = f"{filename[:-1]} {k}>" if filename.endswith(">") else f"{filename} {k}"
    # Without a modification time the entry is never checked against a file.
    linecache.cache[name] = (len(text), None, lines, name)
    return name
