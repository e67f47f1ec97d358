"""The most memory that one call takes, beside what `explain` predicts for its arguments."""

import ctypes
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
    where the call is more than that, the peak of the gradient, too.

    The environment sets malloc's threshold, so that arrays are returned to the system when they are freed, and
    smaller pieces are returned before the call: a call after the first shows what it needs.
    """
    from dlsrc import dlfeval, explain, value_and_grad

    arguments = task.arguments()
    call, _ = with_dlsrc(task, arguments, {}) if contender == "dlsrc" else task.peers[contender](arguments)
    found = {"predicted": 0, "found": peak(call)}
    if task.derive is None and contender == "dlsrc":
        report = explain(value_and_grad(task.objective, task.wrt, **task.options), *arguments)
        found["predicted"] = report.predicted_bytes
    elif hasattr(call, "explained"):  # the gradient of a step, without the update
        found["predicted"] = explain(*call.explained).predicted_bytes
        found["gradient"] = peak(lambda: dlfeval(*call.explained))
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
