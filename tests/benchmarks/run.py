"""One task in a process of its own: all contenders agree first, then take turns.  Seconds are of the processor."""

import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks.measure import interleaved
from tests.benchmarks.task import Task

__all__ = ["compiled", "contenders", "first", "run", "with_dlsrc", "with_hand"]

FAST = {"fastmath": True}


def compiled(f: Callable, flags: dict) -> Callable:
    """``f`` by numba, and the plain functions of the benchmark that it calls with the same flags."""
    import numba

    jit = numba.njit(error_model="numpy", **flags)
    own = {
        name: jit(value)
        for name in f.__code__.co_names
        if isinstance(value := f.__globals__.get(name), types.FunctionType) and value.__module__.startswith("tests.")
    }
    return jit(types.FunctionType(f.__code__, {**f.__globals__, **own}, f.__name__, f.__defaults__))


def pair(result: tuple) -> tuple[float, tuple[np.ndarray, ...]]:
    value, gradients = result
    return float(value), tuple(map(np.asarray, gradients)) if isinstance(gradients, tuple) else (np.asarray(gradients),)


def with_dlsrc(task: Task, arguments: tuple, flags: dict) -> tuple[Callable, Callable]:
    from dlsrc import dlaccelerate, value_and_grad

    if task.derive is not None:
        return task.derive(arguments, flags)
    objective = dlaccelerate(task.objective, **flags) if flags else task.objective
    derived = value_and_grad(objective, task.wrt, **task.options)
    return (lambda: derived(*arguments)), pair


def with_hand(task: Task, arguments: tuple, flags: dict) -> tuple[Callable, Callable]:
    assert task.by_hand is not None, task.name
    f = compiled(task.by_hand, flags)
    return (lambda: f(*arguments)), pair


def contenders(task: Task, arguments: tuple, names: list[str], fast: bool) -> dict[str, tuple[Callable, Callable]]:
    """Name to a call and a reader of its result.  Building compiles nothing yet."""
    found = {} if task.by_hand is None else {"by hand": with_hand(task, arguments, {})}
    found["dlsrc"] = with_dlsrc(task, arguments, {})
    if fast and task.by_hand is not None:
        found["by hand, fastmath"] = with_hand(task, arguments, FAST)
        found["dlsrc, fastmath"] = with_dlsrc(task, arguments, FAST)
    found |= {name: task.peers[name](arguments) for name in names if name in task.peers}
    return found


def difference(found: tuple, expected: tuple) -> float:
    """The greatest difference of two pairs, relative to the greatest number of each part."""
    worst = abs(found[0] - expected[0]) / max(1.0, abs(expected[0]))
    for ours, theirs in zip(found[1], expected[1], strict=True):
        scale = max(float(np.max(np.abs(theirs), initial=0.0)), 1e-300)
        worst = max(worst, float(np.max(np.abs(ours.reshape(theirs.shape) - theirs), initial=0.0)) / scale)
    return worst


def start_numba() -> None:
    """numba's own start, 0.5 s, which belongs to no contender's compile time."""
    import numba

    numba.njit(lambda x: x + 1.0)(1.0)


def with_primal(task: Task, arguments: tuple) -> tuple[dict[str, float], dict[str, Callable]]:
    """The objective under numba alone, which has not every function that dlsrc compiles; then nothing."""
    from numba.core.errors import NumbaError

    if task.by_hand is None:  # nor has it a primal of its own
        return {}, {}
    primal = compiled(task.objective, {})
    start = time.process_time()
    try:
        primal(*arguments)
    except NumbaError:
        return {}, {}
    return {"primal": time.process_time() - start}, {"primal": lambda: primal(*arguments)}


def run(task: Task, peers: list[str], rounds: int, fast: bool) -> dict[str, Any]:
    """Seconds of the first call and of a call of each contender, and how far it is from the adjoint by hand, or dlsrc."""
    arguments = task.arguments()
    start_numba()
    first, calls = with_primal(task, arguments)
    apart, expected = {}, None
    for name, (call, read) in contenders(task, arguments, peers, fast).items():
        start = time.process_time()
        result = call()
        first[name] = time.process_time() - start
        found = read(result)
        expected = expected or found
        apart[name] = difference(found, expected)
        if not apart[name] <= task.tolerance:
            raise AssertionError(f"{task.name}: {name} differs from {next(iter(apart))} by {apart[name]:.1e}")
        calls[name] = call
    return {"first": first, "call": interleaved(calls, rounds), "apart": apart}


def first(task: Task) -> float:
    """Seconds of dlsrc's first call."""
    call, _ = with_dlsrc(task, task.arguments(), {})
    start_numba()
    start = time.process_time()
    call()
    return time.process_time() - start
