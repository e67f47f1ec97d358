"""What numba can compile, loaded by dlsrc, is what it loads itself, and in the same order."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dlsrc

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


# Two threads, one of which takes a process's first gradient.
BESIDE = """
import faulthandler, sys, threading, time
faulthandler.dump_traceback_later(60, exit=True)
import numpy as np
import dlsrc
from dlsrc.lazy import engine, numba, scipy

def first_compilation():
    import numba
    print(numba.njit(lambda x: x + 1)(4.0))

def imports():
    while "numba.cpython.builtins" not in sys.modules:
        time.sleep(0)
    time.sleep(0.02)
    print(scipy("optimize").root is not None)

{ready}
other = threading.Thread(target={other})
other.start()
print(dlsrc.grad(lambda x: (x * x).sum())(np.ones(2)))
other.join()
"""

FIRST = """
import numpy as np
import dlsrc

print(dlsrc.grad(lambda x: (x * x).sum())(np.ones(2)))
"""

# An extension of numba's, as a package declares it.
EXTENSION = """
import numba
import numpy as np

def init():
    print(numba.njit(lambda x: x.sum() + np.sqrt(x[0]))(np.ones(2)))
"""


def printed(directory: Path, code: str) -> list[str]:
    """The lines by a process of its own, where numba compiles; it may import from the directory."""
    file = directory / "program.py"
    file.write_text(code)
    places = [str(directory), str(Path(dlsrc.__file__).parent.parent)]
    env = {**os.environ, "NUMBA_DISABLE_JIT": "0", "PYTHONPATH": os.pathsep.join(places)}
    told = subprocess.run([sys.executable, "-W", "error", str(file)], capture_output=True, text=True, env=env)
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()


def looked(directory: Path, ours: bool) -> list:
    return json.loads(printed(directory, LOOK.format(ours=ours))[0])


def test_the_same_in_the_same_order_without_scipys_linear_algebra(tmp_path):
    ours, theirs = looked(tmp_path, True), looked(tmp_path, False)
    assert (ours.pop(0), theirs.pop(0)) == (False, True)
    assert (ours.pop(0), theirs.pop(0)) == (False, False)
    assert len(theirs[0]) > 20 and len(theirs[1]) > 500 and len(theirs[2]) > 300
    assert ours == theirs


@pytest.mark.parametrize("other, ready, expected", [
    ("first_compilation", "", "5.0"), ("imports", "numba()", "True"),
    ("first_compilation", "engine(), engine('transform.compile'), engine('kernels.types')", "5.0"),
])  # fmt: skip
def test_another_thread_compiles_or_imports_meanwhile(tmp_path, other, ready, expected):
    told = printed(tmp_path, BESIDE.format(other=other, ready=ready))
    assert sorted(told) == sorted(["[2. 2.]", expected])


def test_extensions_of_numba_may_compile(tmp_path):
    (tmp_path / "extends.py").write_text(EXTENSION)
    about = tmp_path / "extends-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: extends\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[numba_extensions]\ninit = extends:init\n")
    told = printed(tmp_path, FIRST)
    assert told == ["3.0", "[2. 2.]"]
