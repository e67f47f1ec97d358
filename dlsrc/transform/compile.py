"""Generated text → function: plain Python, or compiled by numba.

The text is registered where tracebacks, pdb and ``inspect`` look for source.  numba's internals are
touched here, in ``link``, in what ``pipeline`` puts together and, for code on disk, in ``object_code`` only.
"""

import ast
import builtins
import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import kernels as kernels_package
from ..errors import InternalError
from ..lazy import jit_enabled, numba
from ..reading.listing import file_of, register_source
from .emit import Emitted
from .ir import Value
from .location import Location
from .machine.joints import joint_kernel
from .machine.link import kernels_table, linked, plain
from .machine.pipeline import pipeline_class
from .machine.together import taken_together
from .machine.unwrapped import unwrapped

__all__ = ["compile_text", "explain_failure", "kernels_table", "unmade", "warn_of_length"]

_PACKAGE = "dlsrc.kernels"

LONG = 2000  # lines of a text: numba needs minutes for them, and more than twice that for twice as many


def compile_text(
    emitted: Emitted, name: str = "", filename: str = "", *, jit: bool = True,
    flags: Mapping[str, Any] | None = None, together: bool | None = None,
) -> Callable:
    """The function that a text defines.

    Parameters
    ----------
    emitted : Emitted
    name : str
        The function; by default the one that the text was emitted for.
    filename : str
        What tracebacks show; by default made from the name.  A number is added if it is taken.
    jit : bool
        Whether numba compiles it at its first call; never with ``NUMBA_DISABLE_JIT=1``.
    flags : mapping, optional
        For ``numba.njit``: fastmath, boundscheck, nogil, …
    together : bool, optional
        Whether lines about elements become joint loops; by default where numba compiles them.
    """
    name = name or emitted.name
    filename = register_source(emitted.text, filename or file_of(name, emitted.text))
    tree = ast.parse(emitted.text, filename)
    jit = jit and jit_enabled()
    namespace: dict[str, Any] = {"__name__": f"dlsrc.generated.{name}", "__file__": filename}
    kernels = _imports(tree, emitted, namespace)
    if jit if together is None else together:
        joints = taken_together(tree, emitted.sites, kernels.get, emitted.text, namespace)
        namespace.update((j.name, joint_kernel(j, kernels.get, flags or {}, jit=jit)) for j in joints)
    if jit:
        tree, converting = unwrapped(tree, emitted.text, emitted.unsigned)
        tree, found = linked(tree, kernels.get)
        namespace.update(found | converting)
    else:
        namespace.update((alias, plain(kernel)) for alias, kernel in kernels.items())
    exec(compile(ast.fix_missing_locations(tree), filename, "exec"), namespace)
    function = namespace[name]
    if not jit:
        return function
    # No C function calls it: what numba would make for that is a tenth of a short compilation.
    options = {
        "error_model": "numpy", "pipeline_class": pipeline_class(), "no_cfunc_wrapper": True, **(flags or {}),
    }  # fmt: skip
    return numba().njit(**options)(function)


def _imports(tree: ast.Module, emitted: Emitted, namespace: dict[str, Any]) -> dict[str, Any]:
    """Take the imports out of the tree: modules and builtins into the namespace, kernels as a table."""
    kernels: dict[str, Any] = {}
    table: dict[str, Any] = {}
    for node in [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]:
        tree.body.remove(node)
        for alias in node.names:
            printed = alias.asname or alias.name
            if isinstance(node, ast.Import):
                namespace[printed] = {"numpy": np, "math": math}[alias.name]
            elif node.module == "builtins":
                namespace[printed] = getattr(builtins, alias.name)
            elif node.module == _PACKAGE:
                found = emitted.kernels.get(alias.name)
                if found is None:
                    table = table or kernels_table()
                    found = table.get(alias.name) or getattr(kernels_package, alias.name, None)
                if found is None:
                    raise InternalError(f"the generated text calls {alias.name}, which no kernel is called")
                kernels[printed] = found
    return kernels


def unmade(emitted: Emitted) -> frozenset[Value]:
    """The arrays of a text that compiled code does not make: numbers in the trips of a loop."""
    tree = ast.parse(emitted.text)
    namespace: dict[str, Any] = {}
    kernels = _imports(tree, emitted, namespace)
    joints = taken_together(tree, emitted.sites, kernels.get, emitted.text, namespace)
    return frozenset[Value]().union(*(j.unmade for j in joints))


def warn_of_length(emitted: Emitted) -> None:
    """Warn, at the user's line that most of a long text stands for, that numba will need minutes."""
    lines = emitted.text.count("\n")
    if lines < LONG:
        return
    spans = sorted(emitted.line_map)
    standing: Counter[tuple[str, int, str]] = Counter()
    for first, last in zip(spans, [*spans[1:], lines + 1], strict=True):
        at = emitted.line_map[first]
        standing[at.file, at.line, f"{at.place}:{at.line}"] += last - first
    [((file, line, place), count)] = standing.most_common(1) or [(("", 1, emitted.name), lines)]
    warnings.warn_explicit(
        f"the derivative has {lines:,} lines, and numba may need minutes to compile them.  {count:,} of them "
        f"stand for {place}: loops over lists, tuples and dicts are written out, trip after trip.  Put their "
        "items into one array, or loop over a range.",
        RuntimeWarning, file or "<dlsrc>", line,
    )


# ---------------------------------------------------------------------------------- failures


def explain_failure(error: Exception, emitted: Emitted) -> tuple[Location | None, str]:
    """The user's line at which numba refused the text, and why in one sentence.

    None where numba names no line of the text.
    """
    message = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    lines = [
        int(line) for file, line in re.findall(r'File "([^"]*)", line (\d+)', message) if "<dlsrc" in file
    ]
    loc = getattr(error, "loc", None)
    if loc is not None and "<dlsrc" in str(getattr(loc, "filename", "")):
        lines.append(loc.line)
    located = next((found for line in reversed(lines) if (found := _nearest(emitted, line))), None)
    return located, _reason(message)


def _nearest(emitted: Emitted, line: int) -> Location | None:
    """The location of a line, or of the one before it that has one."""
    below = [k for k in emitted.line_map if k <= line]
    return emitted.line_map[max(below)] if below else None


def _reason(message: str) -> str:
    """The sentence of numba's report that says what is wrong."""
    wanted = (
        "No implementation of function", "Cannot unify", "Unknown attribute", "No conversion from",
        "Invalid use of", "unsupported", "not supported", "cannot determine",
    )
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    noise = re.compile(r"-?\s*Resolution failure|Failed in \w+ mode pipeline")
    lines = [line for line in lines if not noise.match(line)]
    for words in wanted:
        for line in reversed(lines):
            if words.lower() in line.lower():
                return line.lstrip("- ").rstrip(":")
    return lines[0] if lines else "numba cannot compile it"


