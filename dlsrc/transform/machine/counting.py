"""Arrays are counted without locking the bus.

    lock xadd [meminfo], …    →    dec [meminfo]

numba counts the holders of each array by atomic operations, as its arrays may be shared by threads.  An
array of a program of dlsrc's is not: what comes from Python gets a record of its own in every call, and what
is made inside is known to this call alone until it is given back.  In a loop over small arrays (a Kalman
filter) the locks were a quarter of all time.

numba takes away counts that cancel by the names of its two functions, so that these are given other bodies
when that is done.  A module in which somebody's compiled function starts threads keeps the locks, and what is
written into somebody's own compiled function has them again.
"""

from functools import cache
from typing import Any

from ...lazy import numba

__all__ = ["with_locks", "without_locks"]

COUNTS = ("NRT_incref", "NRT_decref")
THREADS = ("numba_parallel_for", "numba_launch_threads", "do_scheduling", "launch_threads")

DEFINITION = """
declare void @NRT_MemInfo_call_dtor(i8*)

define void @NRT_incref(i8* %info) noinline nounwind {{
  %none = icmp eq i8* %info, null
  br i1 %none, label %done, label %count
count:
  %place = bitcast i8* %info to i64*
  {more}
  br label %done
done:
  ret void
}}

define void @NRT_decref(i8* %info) noinline {{
  %none = icmp eq i8* %info, null
  br i1 %none, label %done, label %count
count:
  %place = bitcast i8* %info to i64*
  {less}
  %last = icmp eq i64 %old, 1
  br i1 %last, label %free, label %done
free:
  call void @NRT_MemInfo_call_dtor(i8* %info)
  br label %done
done:
  ret void
}}
"""
PLAIN = {
    "more": "%old = load i64, i64* %place\n  %new = add i64 %old, 1\n  store i64 %new, i64* %place",
    "less": "%old = load i64, i64* %place\n  %new = sub i64 %old, 1\n  store i64 %new, i64* %place",
}
ATOMIC = {
    "more": "%old = atomicrmw add i64* %place, i64 1 monotonic",
    "less": "%old = atomicrmw sub i64* %place, i64 1 acq_rel",
}


def without_locks(module: Any) -> None:
    """Have an optimized LLVM module count its arrays by plain additions; no other module sees these."""
    defined = [f for f in module.functions if f.name in COUNTS and not f.is_declaration]
    if not defined or any(f.name.startswith(THREADS) for f in module.functions):
        return
    _define(module, "plain", "internal")


def with_locks(module: Any) -> None:
    """Have a module that was without them, and is linked into others, count as numba's modules do."""
    internal = numba("core.codegen").ll.Linkage.internal
    defined = [f for f in module.functions if f.name in COUNTS and f.linkage == internal]
    for function in defined:
        function.linkage = "linkonce_odr"
    if defined:
        _define(module, "atomic", "linkonce_odr")


def _define(module: Any, how: str, linkage: str) -> None:
    # A definition that is the module's own takes the place of one that any module may have.
    module.link_in(_parsed(how), preserve=True)
    for name in COUNTS:
        module.get_function(name).linkage = linkage


@cache
def _parsed(how: str) -> Any:
    text = DEFINITION.format(**(PLAIN if how == "plain" else ATOMIC))
    return numba("core.codegen").ll.parse_assembly(text)
