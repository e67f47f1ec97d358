"""Arrays of a program are counted without locks; where somebody's code starts threads, with them."""

import numpy as np
import pytest

from dlsrc import evaluate, value_and_grad
from dlsrc.lazy import numba
from dlsrc.transform.machine.counting import without_locks
from tests.arrays_counted import counted
from tests.conftest import PLAIN

ATOMIC = """
declare void @NRT_MemInfo_call_dtor(i8*)
%s
define linkonce_odr void @NRT_incref(i8* %%info) noinline {
  %%place = bitcast i8* %%info to i64*
  %%old = atomicrmw add i64* %%place, i64 1 monotonic
  ret void
}
define linkonce_odr void @NRT_decref(i8* %%info) noinline {
  %%place = bitcast i8* %%info to i64*
  %%old = atomicrmw sub i64* %%place, i64 1 monotonic
  %%last = icmp eq i64 %%old, 1
  br i1 %%last, label %%free, label %%done
free:
  call void @NRT_MemInfo_call_dtor(i8* %%info)
  br label %%done
done:
  ret void
}
define void @f(i8* %%info) {
  call void @NRT_incref(i8* %%info)
  call void @NRT_decref(i8* %%info)
  ret void
}
"""


def changed(declared=""):
    module = numba("core.codegen").ll.parse_assembly(ATOMIC % declared)
    without_locks(numba("core.registry").cpu_target.target_context.codegen().create_library("any"), module)
    module.verify()
    return module


def test_counts_are_plain_and_written_where_they_happen():
    module = changed()
    assert "atomicrmw" not in str(module)
    assert not {"NRT_incref", "NRT_decref"} & {f.name for f in module.functions}
    assert "@dlsrc_released(" in str(module.get_function("f"))


@pytest.mark.parametrize("name", ["numba_parallel_for", "do_scheduling_signed"])
def test_where_threads_are_started_the_locks_stay(name):
    assert str(changed(f"declare void @{name}(i8*)")).count("atomicrmw") == 2


def recurrence(a, h, n):
    s = 0.0
    for _ in range(n):
        h = np.tanh(a @ h)
        s += np.sum(h)
    return s


@pytest.mark.compiled
@pytest.mark.skipif(PLAIN, reason="plain Python counts its arrays itself")
def test_a_program_has_none_and_loses_no_array():
    g, (a, h) = value_and_grad(recurrence), (np.full((3, 3), 0.3), np.ones(3))
    first = g(a, h, 5)
    with counted() as arrays:
        for _ in range(50):
            value, slope = g(a, h, 5)
        assert value == first[0] and np.array_equal(slope, first[1])
        del slope
    assert arrays.lost == 0 and arrays.freed > 0
    run = evaluate.prepared(g, (a, h, 5), {}).function
    assert all("atomicrmw" not in text for text in run.inspect_llvm().values())

    @numba().njit
    def caller(a, h, n):
        return g(a, h, n)[1]

    assert np.array_equal(caller(a, h, 5), first[1])
    assert all("atomicrmw" in text for text in caller.inspect_llvm().values())
