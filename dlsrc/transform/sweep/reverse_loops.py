"""Loops, backwards.

    for i in range(n):              ds = 1.0
        s = s * x[i]         →      for i in range(n - 1, -1, -1):
    (loss s)                            s = s_kept[i]
                                        dx[i] += ds * s
                                        ds = ds * x[i]

What a loop carries forward, its cotangent carries backward: at the start of a backward trip it is the
cotangent of what the trip left behind, at its end that of what the trip found.  Scalars from outside the
loop accumulate in carried sums, arrays in their shadows.
"""

from collections.abc import Iterator
from typing import Any

from ...kernels.types import Array, Scalar, is_float
from ..adjoint import Sweep
from ..facts.outline import is_loop
from ..facts.trips import trip_number
from ..ir import (
    UNBOUND, Atom, Carry, Const, For, Statement, Store, Value, While, atoms_read, blocks_of, literal, walk,
)

from ..checkpointing.replay import replay
from .crossing import given, materialize, merged_cotangent, prepare, relevant, zero_cotangent
from .fetch import Mirror
from .sums import reverse_at_once

__all__ = ["earlier_trips", "reverse_loop"]


def reverse_loop(sweep: Sweep, s: For | While) -> None:
    """All trips of a loop, last first."""
    replayed = isinstance(s, For) and s.replayed
    if not replayed and reverse_at_once(sweep, s, outer_scalars(sweep, s)):
        return
    _refuse_writes_of_the_test(sweep, s)
    ctx = sweep.ctx
    with ctx.at(s.loc.backward(ctx.order)):
        carried: dict[Value, Atom] = {}
        for carry in s.carries:
            if carry.header in sweep.active and carry.header not in sweep.twins:
                found = sweep.take(carry.result)
                if found is not None:
                    carried[carry.header] = sweep.whole(carry.result, found)
        materialize(sweep, s)
        prepare(sweep, s)
        trips = sweep.fetch(sweep.saver.trips(s), s)
        _backward(sweep, s, trips, carried, s.stop_flag is not None)


def _refuse_writes_of_the_test(sweep: Sweep, s: For | While) -> None:
    """Refuse a condition that writes to what a derivative passes through: the last test is no part of a trip,
    so nothing is kept for it and no trip of the reverse loop undoes its write."""
    for inner in walk(s.test if isinstance(s, While) else ()):
        if isinstance(inner, Store) and inner.base in sweep.active:
            born = sweep.memory.born(sweep.memory.root[inner.base])
            if not any(around is s and slot == "test" for around, slot in born):
                sweep.problems.append((inner.loc, (
                    "the condition of a while loop writes to an array that a derivative passes through, and "
                    "it is run once more than the body: move it into a `while True`, as `if not ...: break`"
                )))  # fmt: skip


def earlier_trips(sweep: Sweep, s: Statement, slot: str) -> None:
    """The trips before the one that a gradient stands in."""
    assert isinstance(s, For | While)
    ctx = sweep.ctx
    carried: dict[Value, Atom] = {}
    for carry in s.carries:
        if carry.header in sweep.active:
            found = sweep.take(carry.header)
            if found is not None:
                carried[carry.header] = sweep.whole(carry.header, found)
    outer_use = relevant(sweep, s)
    if not carried and not outer_use:
        return
    with ctx.at(s.loc.backward(ctx.order)):
        if isinstance(s, For):
            trips = _trips_before(sweep, s)
        else:
            trips, _ = sweep.saver.counter([s])
        prepare(sweep, s)
        _backward(sweep, s, trips, carried, True)


def _trips_before(sweep: Sweep, s: For) -> Atom:
    step = s.step.value
    ctx = sweep.ctx
    if step == 1:
        return ctx.op("subtract", s.index, s.start)
    past = ctx.op("subtract", s.index, s.start) if step > 0 else ctx.op("subtract", s.start, s.index)
    return past if abs(step) == 1 else ctx.op("floor_divide", past, Const(abs(step)))


def _backward(sweep: Sweep, s: For | While, trips: Atom, carried: dict[Value, Atom], counted: bool) -> None:
    ctx = sweep.ctx
    outer_cot = dict(sweep.cot)
    mirror = Mirror(s, "body")
    # Headers of the reverse loop: cotangents of what the loop carries, sums for outer scalars, trip counters.
    headers: dict[Any, tuple[Value, Atom]] = {}
    for carry in s.carries:
        if carry.header not in sweep.active or not is_float(ctx.types[carry.header]):
            continue
        if carry.header in sweep.twins:
            continue  # its shadow is handed on with it
        start = carried.get(carry.header)
        if start is None:
            start = zero_result(sweep, s, carry)
        elif (
            isinstance(ctx.types[carry.header], Array) and carry.header in sweep.in_memory
            and not given(sweep, start, carry.result) and start not in sweep.own
        ):
            start = ctx.op("copy", start)
            sweep.shapes.equate(start, carry.result)
        header = merged_cotangent(sweep, carry.header)
        sweep.masks.note(header, isinstance(start, Value) and start in sweep.masks)
        sweep.shapes.equate(header, carry.result)
        headers[carry.header] = (header, start)
    body_cot: dict[Any, Atom] = {k: v for k, v in outer_cot.items()}
    for value in outer_scalars(sweep, s):
        header = merged_cotangent(sweep, value)
        headers[value] = (header, outer_cot.get(value, zero_cotangent(sweep, value)))
        body_cot[value] = header
    for key in stack_counters(sweep, s):
        init = outer_cot.get(key)
        if init is None:
            chain = sweep.chains[key]
            init = sweep.saver.reached(sweep.saver.counter(chain)[1], chain, sweep.here)
        header = merged_cotangent(sweep, key)
        headers[key] = (header, init)
        body_cot[key] = header
    index, start, stop, step = trip_range(sweep, s, trips, counted, mirror)
    sweep.cot = body_cot
    sweep.mirrors.append(mirror)
    own = ("count", id(s))
    with ctx.collecting() as code:
        if own in headers:
            outer, ctx.block = ctx.block, mirror.prelude
            position = ctx.op("subtract", headers[own][0], Const(1))
            ctx.block = outer
            sweep.cot[own] = position
        if isinstance(s, For) and s.replayed:
            replay(sweep, s, {c.header: headers[c.header][0] for c in s.carries if c.header in headers})
        else:
            _leave(sweep, s, headers)
            sweep.reverse_block(s.body)
        if isinstance(s, While):
            mirror.slot = "body"
            sweep.reverse_block(s.test)
        outs: dict[Any, Atom] = {}
        for key in headers:
            if _is_carried(s, key):
                found = sweep.take(key)
                if found is None:
                    found = zero_header(sweep, key, headers[key][0])
                outs[key] = sweep.whole(key, found)
            else:
                outs[key] = sweep.cot[key]
        left = [sweep.fetch(carry.header, s) for carry, _ in mirror.handed]
    sweep.mirrors.pop()
    carries = []
    for (carry, header), out in zip(mirror.handed, left, strict=True):
        init = sweep.fetch(carry.result, s)
        carries.append(Carry(header, init, out, ctx.value(ctx.types[header], base=carry.header)))
    after = {k: v for k, v in outer_cot.items()}
    results: dict[Any, Value] = {}
    for key, (header, init) in headers.items():
        result = merged_cotangent(sweep, key)
        carries.append(Carry(header, init, outs[key], result))
        results[key] = result
    ctx.add(For(index, start, stop, step, tuple(carries), (*mirror.prelude, *code), None, None, ctx.loc))
    sweep.cot = after
    # Sums for outer scalars first: what a carry started from may be such a scalar, and is added to its sum.
    for key, result in results.items():
        ctx.origin[result] = ctx.block[-1]
        if not isinstance(key, Value) and not any(is_loop(m.statement) for m in sweep.mirrors):
            sweep.cot.pop(key, None)  # swept to its end: the loop around has a counter of its own
        elif not _is_carried(s, key):
            sweep.cot[key] = result
    for carry in s.carries:
        if carry.header in results:
            result = results[carry.header]
            sweep.shapes.equate(result, carry.header)
            if carry.init is not UNBOUND:
                if isinstance(carry.init, Value) and isinstance(ctx.types[carry.header], Array):
                    sweep.shapes.equate(result, carry.init)
                sweep.contribute(carry.init, result, owned=True)


def _leave(sweep: Sweep, s: For | While, headers: dict[Any, tuple[Value, Atom]]) -> None:
    """The cotangents of what a trip leaves, which the trip after it has handed back."""
    for carry in s.carries:
        if carry.header in headers:
            if isinstance(carry.out, Value):
                sweep.shapes.equate(headers[carry.header][0], carry.out)
            # Of any other, the first trip finds what may be someone else's too.
            sweep.contribute(carry.out, headers[carry.header][0], owned=carry.header in sweep.in_memory)


def _is_carried(s: For | While, key: Any) -> bool:
    """Whether a header of the reverse loop is the cotangent of something that the loop carries."""
    return isinstance(key, Value) and any(carry.header == key for carry in s.carries)


def zero_result(sweep: Sweep, s: For | While, carry: Carry) -> Atom:
    """The cotangent, which nothing uses, of a loop's result; in a trip, of what the trip before left."""
    type_ = sweep.ctx.types[carry.header]
    if isinstance(type_, Array):
        if not any(around is s for around, _ in sweep.here):
            return sweep.zeros(carry.result)
        sweep.saver.bind_first(carry.header)
        made = sweep.ctx.op("zeros_like", carry.header)
        sweep.shapes.equate(made, carry.header)
        return made
    return literal(0.0, type_.dtype)


def zero_header(sweep: Sweep, header: Value, like: Value) -> Atom:
    """The cotangent of what a trip found and did not use."""
    type_ = sweep.ctx.types[header]
    if not isinstance(type_, Array):
        return literal(0.0, type_.dtype)
    if sweep.same_shape(header, like):
        made = sweep.ctx.op("zeros_like", like)
        sweep.shapes.equate(made, header)
        return made
    return sweep.zeros(header)


def outer_scalars(sweep: Sweep, s: For | While) -> list[Value]:
    """Active scalars from outside that the loop's blocks read: their cotangents add up over the trips."""
    found: dict[Value, None] = {}
    for inner in walk(tuple(i for block in blocks_of(s) for i in block)):
        atoms = list(atoms_read(inner))
        for atom in atoms:
            if isinstance(atom, Value) and isinstance(sweep.ctx.types[atom], Scalar) and atom in sweep.active:
                if (
                    not any(t is s for t, _ in sweep.outline.home[atom])
                    and sweep.outline.defined.get(atom) is not s
                ):
                    found[atom] = None
    for carry in s.carries:
        if (
            isinstance(carry.out, Value) and carry.out in sweep.active
            and isinstance(sweep.ctx.types[carry.out], Scalar)
        ):
            if not any(t is s for t, _ in sweep.outline.home[carry.out]):
                found[carry.out] = None
    return list(found)


def stack_counters(sweep: Sweep, s: Statement) -> list[tuple[str, int]]:
    """The nested loops, from this one inwards, whose tapes count all trips."""
    found = []
    around = [m.statement for m in sweep.mirrors if is_loop(m.statement)]
    for inner in [i for i in _swept(s) if is_loop(i)]:
        chain = [
            *around,
            *(
                t
                for t, _ in sweep.outline.scope[id(inner)]
                if is_loop(t)
                and t not in around and (t is s or any(u is s for u, _ in sweep.outline.scope[id(t)]))
            ),
            inner,
        ]
        chain = _unique(chain)
        if len(chain) > 1 and relevant(sweep, inner):
            key = ("count", id(inner))
            sweep.chains[key] = chain
            found.append(key)
    return found


def _swept(s: Statement) -> Iterator[Statement]:
    """A statement and those inside it that this sweep goes through itself: not those of a replayed loop."""
    yield s
    if not (isinstance(s, For) and s.replayed):
        for inner in (i for block in blocks_of(s) for i in block):
            yield from _swept(inner)


def _unique(items: list[Statement]) -> list[Statement]:
    found: list[Statement] = []
    for one in items:
        if not any(one is other for other in found):
            found.append(one)
    return found


def trip_range(
    sweep: Sweep, s: For | While, trips: Atom, counted: bool, mirror: Mirror
) -> tuple[Value, Atom, Atom, Atom]:
    """The range of the reverse loop, and (in the mirror) the trip's number and counter."""
    ctx = sweep.ctx
    if isinstance(s, While):
        index = ctx.value(Scalar("int64", True), "k")
        mirror.number = index
        return index, ctx.op("subtract", trips, Const(1)), Const(-1), Const(-1)
    step = s.step.value
    start, stop = sweep.fetch(s.start, s), sweep.fetch(s.stop, s)
    index = ctx.value(Scalar("int64", True), base=s.index)
    if abs(step) == 1:
        if counted:
            last = ctx.op("add" if step == 1 else "subtract", start, ctx.op("subtract", trips, Const(1)))
        else:
            last = ctx.op("subtract" if step == 1 else "add", stop, Const(1))
        end = ctx.op("subtract" if step == 1 else "add", start, Const(1))
        mirror.index = index
        with ctx.collecting() as block:
            mirror.number = trip_number(
                ctx, For(index, start, stop, s.step, (), (), None, None, s.loc), index
            )
        mirror.prelude.extend(block)
        return index, last, end, Const(-step)
    number = ctx.value(Scalar("int64", True), "k")
    with ctx.collecting() as block:
        mirror.index = ctx.op("add", start, ctx.op("multiply", number, s.step), target=index)
    mirror.prelude.extend(block)
    mirror.number = number
    return number, ctx.op("subtract", trips, Const(1)), Const(-1), Const(-1)
