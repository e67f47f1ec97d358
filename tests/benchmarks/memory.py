"""The most memory that one call takes, beside what `explain` predicts for its arguments."""

import ctypes
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
    """Bytes: `explain`'s, and the peak of a call of dlsrc or a peer above what the process holds before it.

    The environment sets malloc's threshold, so that arrays are returned to the system when they are freed, and
    smaller pieces are returned before the call: a call after the first shows what it needs.
    """
    from dlsrc import explain, value_and_grad

    arguments = task.arguments()
    call, _ = with_dlsrc(task, arguments, {}) if contender == "dlsrc" else task.peers[contender](arguments)
    call()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # it is glibc's
        trim(0)
    CLEAR.write_text("5")
    before = resident("VmRSS")
    result = call()
    found = resident("VmHWM") - before
    del result
    predicted = 0
    if task.derive is None and contender == "dlsrc":
        predicted = explain(value_and_grad(task.objective, task.wrt, **task.options), *arguments).predicted_bytes
    return {"predicted": predicted, "found": found}
