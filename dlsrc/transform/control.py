"""Blocks and branches, backwards; and where a gradient stands inside of them.

    if x > 0:                       if x > 0:
        y = 2 * x            →          dx = dy * 2
    else:                           else:
        y = -x                          dx = -dy
"""

from functools import partial
from typing import Any

from ..kernels.types import Array, Scalar
from .adjoint import Sweep
from .facts.outline import is_loop, slots
from .facts.regions import may_share
from .facts.written import undecided
from .ir import Assign, Atom, Block, For, If, Merge, Read, Statement, Store, Value, While, literal
from .sweep.crossing import materialize, merged_cotangent, prepare, relevant, zero_cotangent
from .sweep.fetch import Mirror
from .sweep.reverse_loops import earlier_trips, reverse_loop

__all__ = ["sweep_from"]


def sweep_from(*facts: Any) -> tuple[Sweep, list[Statement]]:
    """The whole reverse sweep of a gradient, from where it stands back to the start of the function."""
    sweep = Sweep(*facts)
    sweep.reverse_block = partial(reverse_block, sweep)
    ctx, gradient = sweep.ctx, sweep.gradient
    for target in sweep.targets:
        write = undecided(target, gradient, sweep.outline, sweep.memory, sweep.active)
        if write is not None:
            sweep.problems.append((gradient.loc, (
                f"whether the write on line {write.loc.line} comes after a use of `{target!r}` depends on "
                "the run, and so what the gradient by it is; take it by a .copy() that is made after the "
                "writes and used instead"
            )))  # fmt: skip
    with ctx.collecting() as code:
        with ctx.at(gradient.loc):
            if gradient.loss in sweep.active:
                sweep.cot[gradient.loss] = literal(1.0, ctx.type_of(gradient.loss).dtype)
        scope = sweep.here
        place: Statement = gradient
        for depth in range(len(scope), -1, -1):
            around = scope[:depth]
            block = _block_of(sweep, around)
            reverse_block(sweep, block[: _position(block, place)])
            if depth:
                place = around[-1][0]
                capture_headers(sweep, place)
                if sweep.targets <= set(sweep.captured):
                    break
                if is_loop(place):
                    earlier_trips(sweep, place, around[-1][1])
        for by in sweep.gradient.targets:
            if by not in sweep.captured:
                _note(sweep, by, True)
        results = finish(sweep)
    code.extend(results)
    return sweep, code


def _block_of(sweep: Sweep, scope: Any) -> Block:
    """The block that a place is in; what was run before it in a trip of a while loop begins with the test."""
    if not scope:
        return sweep.outline.program.body
    statement, slot = scope[-1]
    if isinstance(statement, While):
        return (*statement.test, *statement.body)
    return dict(slots(statement))[slot]


def _position(block: Block, statement: Statement) -> int:
    return next(k for k, s in enumerate(block) if s is statement)


def finish(sweep: Sweep) -> list[Statement]:
    """Bind the results to the cotangents of the targets."""
    ctx = sweep.ctx
    made: list[Statement] = []
    given: set[Any] = set()
    for result, target in zip(sweep.gradient.results, sweep.gradient.targets, strict=True):
        with ctx.at(sweep.gradient.loc), ctx.collecting() as block:
            found = sweep.whole(target, sweep.captured[target])
            if isinstance(ctx.types[result], Array):
                if found in given or not _fresh(sweep, found):
                    found = ctx.op("copy", found)
                if ctx.type_of(found).layout != "C":
                    found = ctx.op("contiguous", found)
                given.add(found)
            ctx.replaced[result] = found
        made.extend(block)
    return made


def _fresh(sweep: Sweep, atom: Atom) -> bool:
    """Whether the array is memory that only this sweep has: made by it, and not a view."""
    if atom in sweep.own:
        return True
    made = sweep.ctx.origin.get(atom)  # type: ignore[call-overload]
    if isinstance(made, If):
        sides = next((m.then, m.orelse) for m in made.merges if m.target == atom)
        return all(_fresh(sweep, side) for side in sides)
    return isinstance(made, Assign) and atom not in sweep.outline.home and not may_share(made.op)


# ---------------------------------------------------------------------------------- blocks


def reverse_block(sweep: Sweep, block: Block) -> None:
    """The statements of a block, last first."""
    for statement in reversed(block):
        capture(sweep, statement)
        if sweep.finished:
            return
        match statement:
            case If():
                reverse_if(sweep, statement)
            case For() | While():
                if relevant(sweep, statement):
                    reverse_loop(sweep, statement)
            case Assign() | Read() | Store():
                sweep.reverse(statement)


def capture(sweep: Sweep, statement: Statement) -> None:
    """The gradient by an intermediate value is its cotangent when the sweep reaches what made it; by an
    array that was written to later, its cotangent when the sweep reaches the last write.

    With the last of them the sweep is finished: what was before cannot add to any.
    """
    left = [t for t in sweep.targets if t not in sweep.captured]
    here = [
        t for t in left
        if sweep.outline.defined.get(t) is statement
        or any(
            s is statement or any(i is statement for i, _ in sweep.outline.scope[id(s)])
            for s in sweep.memory.stores.get(sweep.memory.root.get(t, t), ())
        )
    ]  # fmt: skip
    last = bool(left) and len(here) == len(left)
    for target in here:
        _note(sweep, target, last)
    sweep.finished = last


def capture_headers(sweep: Sweep, place: Statement) -> None:
    """The gradient by what the loop around carries is its cotangent at the start of this trip."""
    if isinstance(place, For | While):
        left = sweep.targets - set(sweep.captured)
        for carry in place.carries:
            if carry.header in left:
                _note(sweep, carry.header, False)


def _note(sweep: Sweep, target: Atom, last: bool) -> None:
    """Keep the cotangent as it is now; a copy, where the sweep goes on and may change it."""
    ctx = sweep.ctx
    found, type_ = sweep.cot.get(target), ctx.type_of(target)
    with ctx.at(sweep.gradient.loc):
        if found is None and isinstance(type_, Scalar):
            found = literal(0.0, type_.dtype)
        elif found is None:
            found = ctx.op("zeros_like", sweep.saver.export(target, sweep.here))  # type: ignore[arg-type]
        elif isinstance(ctx.type_of(found), Array) and not last:
            found = ctx.op("copy", found)
    sweep.captured[target] = found


# ---------------------------------------------------------------------------------- branches


def _once(sweep: Sweep, s: If, merge: Merge, dy: Atom) -> Atom:
    """A cotangent that is the same everywhere, written out where a way only hands on an array from before, as
    it may be added to another one there.  Where each way makes its own, none may need an array."""
    homes = [sweep.outline.home[a] for a in (merge.then, merge.orelse) if isinstance(a, Value)]
    made = all(any(around is s for around, _ in home) for home in homes)
    return dy if made else sweep.whole(merge.target, dy)


def reverse_if(sweep: Sweep, s: If) -> None:
    """The branch that was taken, backwards."""
    ctx = sweep.ctx
    with ctx.at(s.loc.backward(ctx.order)):
        prepare(sweep, s)
        handed = [m for m in s.merges if m.target not in sweep.twins]
        merged = [(m, _once(sweep, s, m, dy)) for m in handed if (dy := sweep.take(m.target)) is not None]
        materialize(sweep, s)
        base, zeroed = sweep.cot, sweep.masks.zeroed
        keys = {dy: sweep.shapes.key(dy) for _, dy in merged if isinstance(dy, Value)}
        ways = []
        for slot, block in slots(s):
            sweep.cot = dict(base)
            sweep.masks.zeroed = {k: dict(v) for k, v in zeroed.items()}
            mirror = Mirror(s, slot)
            sweep.mirrors.append(mirror)
            with ctx.collecting() as code:
                for merge, cotangent in merged:
                    atom = merge.then if slot == "then" else merge.orelse
                    if isinstance(atom, Value):
                        sweep.shapes.equate(cotangent, atom)
                        sweep.contribute(atom, cotangent, owned=merge.target in sweep.in_memory)
                reverse_block(sweep, block)
            sweep.mirrors.pop()
            sweep.shapes.keys.update(keys)  # the cotangent of a merge has had the shape of this way's value
            ways.append((code, sweep.cot, mirror, sweep.masks.zeroed))
        (then, then_cot, then_mirror, emptied), (orelse, else_cot, else_mirror, _) = ways
        for shadow, places in emptied.items():
            sweep.masks.zeroed.setdefault(shadow, {}).update(places)
        merges: list[Merge] = []
        sweep.cot = {}
        for key in dict.fromkeys([*then_cot, *else_cot]):
            if then_cot.get(key) == else_cot.get(key):
                sweep.cot[key] = then_cot[key]
                continue
            sides = []
            for found, code in ((then_cot, then), (else_cot, orelse)):
                with ctx.collecting() as extra:
                    side = sweep.whole(key, found[key]) if key in found else zero_cotangent(sweep, key)
                code.extend(extra)
                sides.append(side)
            target = merged_cotangent(sweep, key)
            sweep.masks.note(target, any(side in sweep.masks for side in sides))
            merges.append(Merge(target, *sides))
            sweep.cot[key] = target
        then[:0], orelse[:0] = then_mirror.prelude, else_mirror.prelude
        if then or orelse or merges:
            ctx.add(If(sweep.fetch(s.cond, s), tuple(then), tuple(orelse), tuple(merges), ctx.loc))
            ctx.origin.update((m.target, ctx.block[-1]) for m in merges)
