"""Arrays of a program are counted without locks; where somebody's code starts threads, with them."""

import numpy as np
import pytest

from dlsrc import evaluate, value_and_grad
from dlsrc.lazy import numba
from dlsrc.transform.machine.counting import with_locks, without_locks
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
    without_locks(module)
    module.verify()
    return module


def test_counts_are_plain_and_the_modules_own():
    module = changed()
    assert "atomicrmw" not in str(module)
    internal = numba("core.codegen").ll.Linkage.internal
    assert all(module.get_function(name).linkage == internal for name in ("NRT_incref", "NRT_decref"))


def test_what_is_linked_into_other_code_has_locks():
    module = changed()
    with_locks(module)
    module.verify()
    assert str(module).count("atomicrmw") == 2
    odr = numba("core.codegen").ll.Linkage.linkonce_odr
    assert all(module.get_function(name).linkage == odr for name in ("NRT_incref", "NRT_decref"))


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
    numba("core.runtime._nrt_python").memsys_enable_stats()
    statistics = numba("core.runtime").rtsys.get_allocation_stats
    try:
        before = statistics()
        for _ in range(50):
            value, slope = g(a, h, 5)
        assert value == first[0] and np.array_equal(slope, first[1])
        del slope
        after = statistics()
    finally:
        numba("core.runtime._nrt_python").memsys_disable_stats()
    assert after.mi_alloc > before.mi_alloc
    assert after.alloc - before.alloc == after.free - before.free
    assert after.mi_alloc - before.mi_alloc == after.mi_free - before.mi_free
    run = evaluate.prepared(g, (a, h, 5), {}).function
    assert all("atomicrmw" not in text for text in run.inspect_llvm().values())

    @numba().njit
    def caller(a, h, n):
        return g(a, h, n)[1]

    assert np.array_equal(caller(a, h, 5), first[1])
    assert all("atomicrmw" in text for text in caller.inspect_llvm().values())
