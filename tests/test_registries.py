"""What numba can compile, loaded by dlsrc, is what it loads itself, and in the same order."""

import json
import os
import subprocess
import sys

LOOK = """
import json, re, sys
import numba
from numba.core.registry import cpu_target
from dlsrc.process.registries import without_linear_algebra

typing, target = cpu_target.typing_context, cpu_target.target_context
if {ours}:
    without_linear_algebra()
typing.refresh()  # as a compilation does
target.refresh()
target.refresh()  # what the last declarations declare

def name(thing):
    words = re.sub(" at 0x[0-9a-fA-F]+", "", repr(thing))
    return f"{{getattr(thing, '__module__', '')}}.{{getattr(thing, '__qualname__', '')}} {{words}}"

def versions(found):
    # Sorted: numba itself goes through sets of ufuncs.
    return sorted([name(key), sorted([name(a), name(b)] for a, b in each.versions)] for key, each in found.items())

print(json.dumps([
    "scipy.linalg" in sys.modules, "refresh" in vars(target),
    sorted([name(key), [name(type(t)) + getattr(t, "_attr", "") for t in found]]
           for key, found in typing._attributes.items()),
    sorted([name(key), [name(t) for t in found]] for key, found in typing._functions.items()),
    versions(target._defns), versions(target._getattrs), versions(target._setattrs),
]))
"""


def looked(ours: bool) -> list:
    """In a process of its own; nothing is compiled there, but numba loads what it can compile only if it may."""
    compiles = {**os.environ, "NUMBA_DISABLE_JIT": "0"}
    told = subprocess.run(
        [sys.executable, "-c", LOOK.format(ours=ours)], capture_output=True, text=True, check=True, env=compiles
    )
    return json.loads(told.stdout)


def test_the_same_in_the_same_order_without_scipys_linear_algebra():
    ours, theirs = looked(True), looked(False)
    assert (ours.pop(0), theirs.pop(0)) == (False, True)
    assert (ours.pop(0), theirs.pop(0)) == (False, False)
    assert len(theirs[0]) > 20 and len(theirs[1]) > 500 and len(theirs[2]) > 300
    assert ours == theirs
