"""Large arrays of compiled code lie in large pages: the system says so of the memory that they are in."""

import sys
from pathlib import Path

import numpy as np
import pytest

from dlsrc.lazy import numba
from dlsrc.transform.machine import pages, pipeline
from tests.conftest import PLAIN

PAGES = Path("/sys/kernel/mm/transparent_hugepage")


def flags_at(address: int) -> list[str]:
    """What Linux knows of the piece of this process's memory that an address is in."""
    here = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            start, end = (int(word, 16) for word in first.split("-"))
            here = start <= address < end
        elif here and first == "VmFlags:":
            return rest
    raise AssertionError(f"no memory at {address:x}")


def test_a_module_that_has_been_here_before_does_not_call_itself():
    binding = numba("core.codegen").ll
    module = binding.parse_assembly(f"""
declare noalias i8* @{pages.ALLOCATE}(i64, i32)
define i8* @program(i64 %size) {{
  %made = call noalias i8* @{pages.ALLOCATE}(i64 %size, i32 32)
  ret i8* %made
}}
""")
    for _ in range(2):
        pages.in_large_pages(module)
    module.verify()
    made = [f for f in module.functions if not f.is_declaration and "madvise" in str(f)]
    assert len(made) == (2 if pages.SUPPORTED else 0)
    assert all(str(f).count(f.name) == 1 for f in made)
    assert (f"@{pages.ALLOCATE}(" in str(module.get_function("program"))) != pages.SUPPORTED


@pytest.mark.compiled
@pytest.mark.skipif(PLAIN or not (sys.platform == "linux" and PAGES.exists()), reason="no large pages")
def test_a_large_array_is_asked_to_lie_in_large_pages():
    flags = {"pipeline_class": pipeline.pipeline_class()}
    made = numba().njit(**flags)(lambda size: np.empty(size))(1 << 20)
    assert "hg" in flags_at(made.ctypes.data + made.nbytes // 2)
