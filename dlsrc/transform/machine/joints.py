"""Joint loops as kernels, each compiled once a process for all programs that say the same."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...kernels.reduction import FREE_ORDER
from ...lazy import numba
from .link import linked, plain
from .pipeline import kernel_pipeline
from .together import Joint

__all__ = ["joint_kernel"]

FILE = "<dlsrc loop over arrays>"
TYPES = {"_float64": np.float64, "_float32": np.float32, "_bool": np.bool_}

# By what they say; two threads that make the same one keep the first.
_kernels: dict[tuple, Any] = {}
_sums: dict[frozenset | bool, Any] = {}


def joint_kernel(
    joint: Joint, lookup: Callable[[str], Any], flags: Mapping[str, Any], *, jit: bool = True
) -> Any:
    """A joint loop as a dispatcher or in plain Python; ``lookup`` knows the kernels in its text."""
    if not jit:
        return _defined(ast.parse(joint.text), {"_plus": operator.add, **_plain(joint, lookup)})
    fastmath = flags.get("fastmath", False)
    tree, called = linked(ast.parse(joint.text), lookup)
    functions = tuple(sorted((name, id(f)) for name, f in called.items()))
    fast = frozenset(fastmath) if isinstance(fastmath, set | frozenset) else bool(fastmath)
    key = joint.text, fast, functions
    found = _kernels.get(key)
    if found is None:
        options = {"error_model": "numpy", **kernel_pipeline()}
        function = _defined(tree, {"_plus": _plus(fast, options), **called})
        function.element_by_element = "_plus(" not in joint.text
        found = _kernels.setdefault(key, numba().njit(fastmath=fastmath, **options)(function))
    return found


def _defined(tree: ast.Module, known: Mapping[str, Any]) -> Any:
    namespace = {"__name__": "dlsrc.kernels", "_np": np, **TYPES, **known}
    exec(compile(ast.fix_missing_locations(tree), FILE, "exec"), namespace)
    return namespace["joint"]


def _plain(joint: Joint, lookup: Callable[[str], Any]) -> dict[str, Any]:
    names = {n.id for n in ast.walk(ast.parse(joint.text)) if isinstance(n, ast.Name)}
    return {name: plain(kernel) for name in names if (kernel := lookup(name)) is not None}


def _plus(fast: frozenset | bool, options: Mapping[str, Any]) -> Any:
    """The addition of a sum, in any order, as `sum_all` adds."""
    if fast not in _sums:
        free = True if fast is True else FREE_ORDER | (fast or frozenset())
        namespace = {"__name__": "dlsrc.kernels"}
        exec(compile("def plus(a, b):\n    return a + b\n", FILE, "exec"), namespace)
        made = numba().njit(fastmath=free, forceinline=True, **options)(namespace["plus"])
        _sums.setdefault(fast, made)
    return _sums[fast]
