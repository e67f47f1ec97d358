"""Times of callables that take turns, on one core.

Processor time of the process with all its threads: what other work on the machine takes is not counted.
"""

import os
import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["RETURNED", "SINGLE", "interleaved", "pin", "seconds_of"]

# Set for every process before it imports anything.
SINGLE = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1", "JAX_PLATFORMS": "cpu",
}  # fmt: skip
# Where the peak of the memory is what is looked at: an array that is freed is given back at once.
RETURNED = {"MALLOC_MMAP_THRESHOLD_": "65536"}


def pin() -> None:
    """This process, with all its threads, on one core: no contender may hide work on another."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def seconds_of(call: Callable[[], object], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - start) / calls


def calls_for(call: Callable[[], object], seconds: float) -> int:
    """How many calls take about ``seconds``."""
    calls = 1
    while True:
        spent = seconds_of(call, calls) * calls
        if spent >= seconds / 2 or calls >= 1_000_000:
            return calls
        calls *= 2


def interleaved(
    contenders: Mapping[str, Callable[[], object]], rounds: int, seconds: float = 0.01,
    of_rounds: Callable[[list[float]], float] = statistics.median,
) -> dict[str, float]:
    """Seconds per call of each contender; they take turns, so that what disturbs one disturbs all.

    A contender whose call takes over a second takes part in the first three rounds only.
    """
    calls = {name: calls_for(call, seconds) for name, call in contenders.items()}
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name, call in contenders.items():
            if turn < 3 or found[name][0] < 1.0:
                found[name].append(seconds_of(call, calls[name]))
    return {name: of_rounds(times) for name, times in found.items()}
