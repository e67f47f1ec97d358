"""Ten bugs planted in dlsrc, one at a time: the fuzzer must find each. ``python -m tests.fuzz --planted``.

Each is a patch of one method, of the kind that other tools had: something not kept, not emptied, not added,
run the wrong way round, or read too late.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from dlsrc.kernels.types import Array
from dlsrc.transform import control
from dlsrc.transform.facts import memory
from dlsrc.transform.sweep import reverse_loops
from dlsrc.transform.adjoint import Sweep
from dlsrc.transform.sweep.fetch import Fetching
from dlsrc.transform.ir import Const, While
from dlsrc.transform.sweep.shadows import Cotangents

__all__ = ["BUGS", "first_seen", "found"]


def a_copy_is_not_kept(program: Any, outline: Any) -> Any:
    """What was overwritten is read as if it had not been."""
    facts = RIGHT[memory, "analyze"](program, outline)
    facts.stores_after = lambda value, at: False
    return facts


def an_overwritten_shadow_is_not_emptied(self: Any, s: Any) -> None:
    if s.mode == "set" and isinstance(self.ctx.type_of(s.value), Array):
        store = self.ctx.store

        def not_zero(base: Any, index: Any, value: Any, mode: str = "set") -> None:
            if value not in (Const(0.0), Const(0.0, "float32")) or mode != "set":
                store(base, index, value, mode)

        with mock.patch.object(self.ctx, "store", not_zero):
            return RIGHT[Sweep, "_store"](self, s)
    return RIGHT[Sweep, "_store"](self, s)


def an_element_is_assigned_not_added(self: Any, shadow: Any, index: Any, dy: Any) -> None:
    self.ctx.store(shadow, index, dy, "set")


def a_second_use_replaces_the_first(self: Any, atom: Any, cotangent: Any, *, owned: bool = False) -> None:
    if atom in self.cot and atom not in self.in_memory and not isinstance(self.ctx.types[atom], Array):
        self.cot.pop(atom)
    RIGHT[Cotangents, "contribute"](self, atom, cotangent, owned=owned)


def a_loop_is_swept_forwards(sweep: Any, s: Any, trips: Any, counted: bool, mirror: Any) -> Any:
    index, start, stop, step = RIGHT[reverse_loops, "trip_range"](sweep, s, trips, counted, mirror)
    if isinstance(s, While) or not isinstance(step, Const) or step.value != -1:
        return index, start, stop, step
    ctx = sweep.ctx
    return index, ctx.op("add", stop, Const(1)), ctx.op("add", start, Const(1)), Const(1)


def a_branch_without_an_else_is_forgotten(sweep: Any, s: Any) -> None:
    if s.merges and not s.orelse:
        return
    RIGHT[control, "reverse_if"](sweep, s)


def a_number_from_outside_a_loop_is_forgotten(sweep: Any, s: Any) -> list:
    return RIGHT[reverse_loops, "outer_scalars"](sweep, s)[1:]


def a_changed_array_is_read_again(self: Any, value: Any, loops: list, at: Any) -> Any:
    """In a loop the contents that an array had then are those that it has now."""
    if at is not None and not self._mirrored(self.outline.home[value]):
        return self.saver.export(value, self.here)
    return RIGHT[Fetching, "_from_tape"](self, value, loops, at)


def a_tape_is_read_one_trip_too_late(self: Any, loops: list) -> Any:
    found = RIGHT[Fetching, "position"](self, loops)
    return self.ctx.op("maximum", self.ctx.op("subtract", found, Const(1)), Const(0))


def a_difference_is_taken_for_a_sum(self: Any, s: Any) -> None:
    """What ``y[i] -= v`` hands to ``v`` keeps its sign."""
    op = self.ctx.op

    def unsigned(name: Any, *args: Any, **options: Any) -> Any:
        return args[0] if name == "negative" else op(name, *args, **options)

    with mock.patch.object(self.ctx, "op", unsigned):
        RIGHT[Sweep, "_store"](self, s)


# Where each is planted.
BUGS: dict[Callable, tuple[Any, str]] = {
    a_copy_is_not_kept: (memory, "analyze"),
    an_overwritten_shadow_is_not_emptied: (Sweep, "_store"),
    an_element_is_assigned_not_added: (Sweep, "_add_element"),
    a_second_use_replaces_the_first: (Cotangents, "contribute"),
    a_loop_is_swept_forwards: (reverse_loops, "trip_range"),
    a_branch_without_an_else_is_forgotten: (control, "reverse_if"),
    a_number_from_outside_a_loop_is_forgotten: (reverse_loops, "outer_scalars"),
    a_changed_array_is_read_again: (Fetching, "_from_tape"),
    a_tape_is_read_one_trip_too_late: (Fetching, "position"),
    a_difference_is_taken_for_a_sum: (Sweep, "_store"),
}
RIGHT = {place: getattr(*place) for place in BUGS.values()}


@contextmanager
def planted(bug: Callable) -> Iterator[None]:
    """dlsrc with a bug."""
    owner, name = BUGS[bug]
    with mock.patch.object(owner, name, bug):
        yield


def first_seen(bug: Callable, programs: int, seed: int = 0) -> tuple[int, str] | None:
    """After how many programs the fuzzer finds the bug, and what it says."""
    from tests.fuzz.judge import verdict
    from tests.fuzz.writer import program

    with planted(bug), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for count in range(1, programs + 1):
            # Another program for each bug: equal code would be differentiated once.
            head = "def f(x, A, p, n, z):\n"
            source = program(seed + count - 1).replace(head, f"{head}    bug = {bug.__name__!r}\n")
            state, why = verdict(source, seed + count - 1, rewrites=False)
            if state == "fail":
                return count, why
    return None


def found(programs: int, seed: int) -> int:
    """Print for each bug after how many programs it is found; 1 if one is not."""
    missed = 0
    for bug in BUGS:
        seen = first_seen(bug, programs, seed)
        name = bug.__name__.replace("_", " ")
        missed += seen is None
        print(f"{name}: " + (f"not in {programs} programs" if seen is None else f"program {seen[0]}: {seen[1][:90]}"), flush=True)
    return 1 if missed else 0
