"""Kernels on disk: found by what they are, linked by the next process, passed over where anything is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlsrc.disk import kernels
from dlsrc.disk.fingerprint import Unknown
from tests.cache_matrix import ROOT

IS_COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")

CHILD = """
import sys
import numpy as np
from dlsrc import value_and_grad
from dlsrc.disk import kernels

looked, found = 0, 0
loaded = kernels.loaded

def counted(*args):
    global looked, found
    looked, found = looked + 1, found + ((kernel := loaded(*args)) is not None)
    return kernel

kernels.loaded = counted

# A long kernel, short ones that are written into their caller, SciPy's code, an expression of arrays, a function of
# numbers, an exception in a kernel.
def objective(w, x, c):
    kernel = np.exp(-(x[:, None] - w * x[None, :]) ** 2) + c * np.eye(len(x))
    lower = np.linalg.cholesky(kernel)
    return np.sum(np.log(np.diag(lower))) + np.sum(np.tanh(np.linalg.solve(kernel, x)))

x = np.linspace(0.0, 1.0, 4)
value, slope = value_and_grad(objective)(np.full(1, 0.7), x, 0.5)
try:
    value_and_grad(objective)(np.full(1, 0.7), x, -5.0)
except Exception as error:
    print(type(error).__name__)
print(looked, found, value.hex(), slope[0].hex())
"""


def in_a_factory(axis, dtype):
    def kernel(x):
        return np.sum(x, axis).astype(dtype)

    kernel.__globals__["__name__"], name = "dlsrc.kernels", kernel.__globals__["__name__"]
    try:
        return kernels._function(kernel)
    finally:
        kernel.__globals__["__name__"] = name


def test_a_kernel_is_the_literals_and_types_that_it_refers_to():
    made = [in_a_factory(axis, dtype) for axis in (0, 1, 0.0, True) for dtype in (np.float32, np.float64)]
    assert len({repr(m) for m in made}) == len(made)
    assert in_a_factory(1, np.float32) == in_a_factory(1, np.float32)


def test_what_is_not_dlsrcs_or_may_change_is_no_part_of_one():
    def mine(x):
        return x

    for thing in (mine, np.zeros(3), [mine], {"a": 1}, object()):
        with pytest.raises(Unknown):
            kernels._words(thing)


def test_a_name_that_is_only_an_attribute_is_no_global():
    def kernel(x):
        return x.IS_COMPILED + ROOT

    assert kernels._globals(kernel.__code__) == {"ROOT"}


@pytest.mark.compiled
@pytest.mark.skipif(not IS_COMPILED, reason="nothing is kept of what is not compiled")
def test_the_next_process_compiles_none_of_them(tmp_path):
    place, script = tmp_path / "kept", tmp_path / "child.py"
    script.write_text(CHILD)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DLSRC_CACHE": "kernels", "DLSRC_CACHE_DIR": str(place)}

    def child():
        done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        raised, told = done.stdout.splitlines()
        looked, found, *numbers = told.split()
        return int(looked), int(found), raised, numbers

    first, second = child(), child()
    assert first[2] == "LinAlgError"
    assert first[0] > second[0] == second[1] > 5
    assert first[2:] == second[2:]
    assert [p.name for p in place.iterdir() if p.name != "versions"] == ["kernels"]

    # One that is damaged is compiled and written again.
    files = sorted(place.glob("kernels/*.kernel"))
    for file in files:
        file.write_bytes(file.read_bytes()[:-1])
    again = child()
    assert again[1] == 0 and again[2:] == second[2:]
    assert child()[:2] == second[:2]
    assert sorted(place.glob("kernels/*.kernel")) == files
    assert isinstance(files[0], Path)
