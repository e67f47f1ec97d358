"""The most memory that one call takes, beside what `explain` predicts for its arguments.

Two measures.  *Asked for*: the bytes of all arrays and Python objects that are there at once, as `tracemalloc` counts
them, of compiled code, too, which then asks Python for its memory; this is what `explain` predicts, to the byte.
*Resident*: the memory that the process then has more of; for all contenders, but in pages, and the kernel counts them
in lots: under a megabyte it says little.
"""

import ctypes
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.run import with_dlsrc
from tests.benchmarks.task import Task

__all__ = ["predicted_and_found"]

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident(name: str) -> int:
    for line in STATUS.read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{STATUS} has no {name}; peak memory is measured on Linux only")


def predicted_and_found(task: Task, contender: str) -> dict[str, float]:
    """Bytes: `explain`'s, and the peak of a call of dlsrc or a peer above what the process holds before it;
    where the call is more than that, the peak of the gradient, too; and of dlsrc's what is asked for.

    The environment sets malloc's threshold, so that arrays are returned to the system when they are freed, and
    smaller pieces are returned before the call: a call after the first shows what it needs.
    """
    from dlsrc import dlfeval, explain, value_and_grad

    arguments = task.arguments()
    call, _ = with_dlsrc(task, arguments, {}) if contender == "dlsrc" else task.peers[contender](arguments)
    found = {"found": peak(call)}
    if contender != "dlsrc":
        return found
    gradient, explained = call, getattr(call, "explained", None)
    if explained is None:
        explained = value_and_grad(task.objective, task.wrt, **task.options), *arguments
    elif task.by_hand is None:  # the gradient of a step, without the update
        gradient = lambda: dlfeval(*explained)  # noqa: E731
        found["gradient"] = peak(gradient)
    found["predicted"] = explain(*explained).predicted_bytes
    found["asked"] = asked_for(gradient)
    return found


def asked_for(call: Callable[[], object]) -> int:
    """The most bytes that are allocated at once; from now on compiled code asks Python for its memory."""
    from numba.core.runtime import _nrt_python

    _nrt_python.memsys_use_cpython_allocator()
    call()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        result = call()
        found = tracemalloc.get_traced_memory()[1] - before
        del result
    finally:
        tracemalloc.stop()
    return found


def peak(call: Callable[[], object]) -> int:
    call()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # it is glibc's
        trim(0)
    CLEAR.write_text("5")
    before = resident("VmRSS")
    result = call()
    found = resident("VmHWM") - before
    del result
    return found
