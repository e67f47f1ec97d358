"""Kernels that stand apart are handed what they read, and nothing else."""

import numpy as np
import pytest

from dlsrc.disk import object_file
from dlsrc.kernels.linalg import matmat
from dlsrc.lazy import numba
from dlsrc.transform.machine import link, pipeline
from dlsrc.transform.machine.narrow import narrowed
from tests.conftest import PLAIN

BODY = """
define i32 @kernel(double* %out, i64 %unused, i64 %n, double* %"other word", i8* %n.1) {
  %x = uitofp i64 %n to double
  store double %x, double* %out
  ret i32 0
}
define i32 @all(i64 %n) {
  %m = trunc i64 %n to i32
  ret i32 %m
}
define i32 @unnamed(i64, i64) {
  %m = trunc i64 %0 to i32
  ret i32 %m
}
"""


def parts():
    library = numba("core.registry").cpu_target.target_context.codegen().create_library("any")
    return library, numba("core.codegen").ll.parse_assembly(BODY)


def test_what_is_read_is_handed_on():
    library, module = parts()
    found = narrowed(library, module, "kernel")
    module.verify()
    assert found.name == "kernel.narrow"
    names = {f.name for f in module.functions}
    assert "kernel" not in names and "kernel.narrow" in names
    assert len(list(module.get_function("kernel.narrow").arguments)) == 2
    callers = numba("core.codegen").ll.parse_assembly(found.callers)
    callers.verify()
    assert len(list(callers.get_function("kernel").arguments)) == 5


@pytest.mark.parametrize("name", ["all", "unnamed"])
def test_what_cannot_be_narrower_stays(name):
    library, module = parts()
    before = str(module)
    assert narrowed(library, module, name) is None
    assert str(module) == before



@pytest.mark.compiled
@pytest.mark.skipif(PLAIN, reason="looks at what numba compiled")
def test_a_program_calls_the_narrow_one():
    called = link.compiled(matmat)

    def squared(a):
        return called(called(a, a), a)

    f = numba().njit(error_model="numpy", pipeline_class=pipeline.pipeline_class())(squared)
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert np.array_equal(f(a), a @ a @ a)
    assert np.array_equal(f(a.T), a.T @ a.T @ a.T)
    with pytest.raises(ValueError, match="as many columns"):
        f(np.ones((2, 3)))
    narrow = [name for name in object_file.defining if name.endswith(".narrow")]
    functions = {f.name for o in f.overloads.values() for f in o.library._final_module.functions}
    assert functions & set(narrow)
    assert not functions & {name.removesuffix(".narrow") for name in narrow}
