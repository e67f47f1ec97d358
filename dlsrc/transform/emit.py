"""A program as Python text that looks hand-written, with the user's line for each of its lines.

The text is plain Python: it runs as it stands, and numba compiles it.  It begins with the imports that it
needs.  The user's lines are comments, once going forward and once going back::

    # model.py:3  y = np.sin(x)
    y = np.sin(x)
    #   back through model.py:3
    dx = dy * np.cos(x)
"""

import textwrap
from collections.abc import Mapping
from typing import Any

from ..records import field, record
from .facts.products import ADDED
from .ir import Assign, Program, Value, walk
from .location import Location
from .text.lines import Line, Writer
from .text.names import assign_names
from .text.placement import place
from .text.sites import Site, sites
from .text.spelling import Globals
from .text.wrapping import LIMIT, wrapped

__all__ = ["Emitted", "emit"]

_RESERVED = ("assign", "accumulate", *(f"accumulate_{p}" for p in ADDED.values()),
             "deduct", *(f"deduct_{p}" for p in ADDED.values()), "fill", "put", "put_add", "put_subtract",
             "take", "dlgradient", "check_index", "check_indices", "show", "show_error",
             "show_log", "show_warning")  # fmt: skip


@record(frozen=True)
class Emitted:
    """The text of a program.

    Attributes
    ----------
    name : str
        The function that the text defines.
    text : str
    line_map : dict of int to Location
        For lines of the text (counted from 1), the user's line that each stands for.
    kernels : dict of str to object
        The kernels that the text imports, by their public names: primitives, rules, functions;
        None where only the name is known.
    names : dict of Value to str
        What each value is called in the text; two may share a name.
    unsigned : set of pairs of str
        (array, index), as they are printed, where that index of that array is never negative.
    sites : dict of int to Site
        For lines that assign something or return, what is known of the arrays in them.
    """

    name: str
    text: str
    line_map: Mapping[int, Location] = field(default_factory=dict)
    kernels: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[Value, str] = field(default_factory=dict)
    unsigned: frozenset[tuple[str, str]] = frozenset()
    sites: Mapping[int, Site] = field(default_factory=dict)


def emit(program: Program, *, header: str = "", unsigned: Mapping[Value, bool] | None = None) -> Emitted:
    """Print a program as Python.

    Parameters
    ----------
    program : Program
    header : str
        What the first line says after ``# dlsrc: ``.
    unsigned : dict of Value to bool, optional
        As of `never_negative`: where these indices are printed is told on.
    """
    placement = place(program)
    reserved = {s.op.name for s in walk(program.body) if isinstance(s, Assign)} | set(_RESERVED)
    names = assign_names(program, reserved, placement)
    unbound: frozenset[Value] = frozenset()
    while True:
        writer = Writer(program, placement, names, unbound, unsigned)
        writer.function()
        if writer.unbound <= unbound:
            break
        unbound = frozenset(writer.unbound)
    parameters = ", ".join(names[p] for p in program.params)
    top = _comment(f"dlsrc: {header}") if header else []
    imports = _imports(writer.globals)
    if imports:
        top += [*imports, "", ""]
    top += wrapped(f"def {program.name}({parameters}):", "")
    lines: list[Line] = [(line, None) for line in top] + writer.lines
    located = {k: loc for k, (_, loc) in enumerate(lines, start=1) if loc is not None}
    text = "\n".join(line for line, _ in lines) + "\n"
    numbers = {id(line): k for k, line in enumerate(lines, start=1)}
    printed = [(numbers[id(line)], s) for line, s in writer.printed if id(line) in numbers]
    return Emitted(
        program.name, text, located, dict(writer.globals.kernels), names, writer.speller.unsigned(),
        sites(program, placement, names, printed),
    )


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text, LIMIT, initial_indent="# ", subsequent_indent="#     ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _imports(globals_: Globals) -> list[str]:
    """The lines that bring in what the text takes from elsewhere."""

    def renamed(name: str, printed: str) -> str:
        return name if name == printed else f"{name} as {printed}"

    used = dict(globals_.used)
    found = []
    for short, module in (("math", "math"), ("np", "numpy")):
        if short in used:
            found.append(f"import {renamed(module, used.pop(short))}")
    kernels = [renamed(name, used[name]) for name in sorted(used) if name in globals_.kernels]
    for name in sorted(used):
        if name not in globals_.kernels and used[name] != name:
            found.append(f"from builtins import {renamed(name, used[name])}")
    if kernels:
        if found:
            found.append("")
        line = f"from dlsrc.kernels import {', '.join(kernels)}"
        if len(line) <= LIMIT:
            found.append(line)
        else:
            found += ["from dlsrc.kernels import (", *(f"    {word}," for word in kernels), ")"]
    return found
