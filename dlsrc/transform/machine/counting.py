"""Arrays are counted, made and given back without locks and calls.

    lock xadd [meminfo], …    →    dec [meminfo]

numba counts the holders of each array by atomic operations, as its arrays may be shared by threads.  An
array of a program of dlsrc's is not: what comes from Python gets a record of its own in every call, and what
is made inside is known to this call alone until it is given back.  In a loop over small arrays (a Kalman
filter) the locks were a quarter of all time, and the calls of the counting functions a fifth of the rest.

numba takes away counts that cancel by the names of its two functions, so that these are given other bodies
when that is done, in the module that becomes machine code.  Another module that links the program gets it as
it was before.  A module in which somebody's compiled function starts threads keeps the locks.
"""

from functools import cache
from typing import Any

from ...lazy import numba
from ...process.spare import there_are
from . import spare
from .inlining import written_in_always
from .pages import from_spare


__all__ = ["without_locks"]

COUNTS = ("NRT_incref", "NRT_decref")
THREADS = ("numba_parallel_for", "numba_launch_threads", "do_scheduling", "launch_threads")

DEFINITION = """
declare void @NRT_MemInfo_call_dtor(i8*)
{declared}

define internal void @dlsrc_released(i8* %info) noinline {{
entry:
  {give}
  call void @NRT_MemInfo_call_dtor(i8* %info)
  ret void
}}

define void @NRT_incref(i8* %info) alwaysinline nounwind {{
  %none = icmp eq i8* %info, null
  br i1 %none, label %done, label %count
count:
  %place = bitcast i8* %info to i64*
  %old = load i64, i64* %place
  %new = add i64 %old, 1
  store i64 %new, i64* %place
  br label %done
done:
  ret void
}}

define void @NRT_decref(i8* %info) alwaysinline {{
  %none = icmp eq i8* %info, null
  br i1 %none, label %done, label %count
count:
  %place = bitcast i8* %info to i64*
  %old = load i64, i64* %place
  %new = sub i64 %old, 1
  store i64 %new, i64* %place
  %last = icmp eq i64 %old, 1
  br i1 %last, label %free, label %done
free:
  call void @dlsrc_released(i8* %info)
  br label %done
done:
  ret void
}}
"""


def without_locks(library: Any, module: Any) -> None:
    """Have an optimized LLVM module of a library's, which no other links, count its arrays by additions."""
    if any(f.name.startswith(THREADS) for f in module.functions):
        return
    found = from_spare(module)
    counted = any(f.name in COUNTS and not f.is_declaration for f in module.functions)
    if counted:
        # A definition that is the module's own takes the place of one that any module may have.
        module.link_in(_parsed(), preserve=True)
        for name in COUNTS:
            module.get_function(name).linkage = "internal"
    if found or counted:
        written_in_always(library, module, leave_out=True)


@cache
def _parsed() -> Any:
    there = there_are()
    text = DEFINITION.format(declared=spare.declared() if there else "", give=spare.GIVE if there else "")
    return numba("core.codegen").ll.parse_assembly(text)
