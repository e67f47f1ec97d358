"""Loops that only add up: each trip is swept backwards at its own end, within the forward loop.

    for k in range(n):                for k in range(n):
        v = np.exp(a * t[k])              v = np.exp(a * t[k])
        total += v              →         total = total + v
                                          da = da + v * t[k]        the cotangent of total is known: 1
    (loss total)

What a trip hands to the next is nothing but a sum, so the sum's cotangent is the same in every trip, and it
is known before the loop.  No value of one trip is needed in another: nothing is kept, and what a trip has
computed is still in the processor's cache.

Conditions: the loop runs to its end and stands where the gradient stands; of what it carries, only sums
take part; it writes to no memory but its own, and nothing writes to what it reads until the gradient; the
shadows of arrays it reads begin here, so that nothing has been done to them that would come later.
"""

from typing import Any

from ...errors import InternalError
from ...kernels.types import Array, Scalar, is_float
from ..adjoint import Sweep
from ..facts.outline import is_loop, visible
from ..ir import (
    Assign, Atom, Block, Carry, For, If, Read, Store, Value, While, atoms_read,
    walk,
)
from .crossing import merged_cotangent, outer_arrays, zero_cotangent

__all__ = ["adds_only", "reverse_at_once"]

_ADDING = frozenset({"accumulate", "deduct"})


def reverse_at_once(sweep: Sweep, s: For | While, outer_scalars: list[Value]) -> bool:
    """Sweep each trip backwards at its end, where that is right; whether it is."""
    if not isinstance(s, For) or not _stands_free(sweep, s) or not _keeps_to_itself(sweep, s):
        return False
    arrays = outer_arrays(sweep, s)
    if not all(holder not in sweep.cot or _can_be_early(sweep, s, holder) for holder in arrays):
        return False
    read = _read_in(s)
    sums = [
        c for c in s.carries
        if any(a in sweep.active for a in (c.header, c.out, c.result))
        and (c.header in read or c.result in sweep.cot)  # else only the name is handed on
    ]
    if not all(_is_sum(sweep, s, carry) for carry in sums):
        return False
    if not any(is_loop(t) for t in s.body) and _reads_neighbours(s):
        return False
    ctx = sweep.ctx
    with ctx.at(s.loc.backward(ctx.order)), ctx.collecting() as before:
        seeds = [_early(sweep, sweep.cot.get(carry.result), s) for carry in sums]
    if any(seed is None and carry.result in sweep.cot for seed, carry in zip(seeds, sums, strict=True)):
        return False
    sweep.saver.edits.before.setdefault(id(s), []).extend(before)
    for carry in sums:
        sweep.take(carry.result)
    shadows = {holder: _early_shadow(sweep, s, holder) for holder in arrays}
    headers = {value: merged_cotangent(sweep, value) for value in outer_scalars}
    outer, here = sweep.cot, sweep.here
    sweep.cot = {**shadows, **headers}
    sweep.here = (*here, (s, "body"))
    sweep.saver.at_once.append(s)
    with ctx.at(s.loc.backward(ctx.order)), ctx.collecting() as code:
        for carry, seed in zip(sums, seeds, strict=True):
            if seed is not None:
                sweep.contribute(carry.out, seed)
        sweep.reverse_block(s.body)
        outs = {value: sweep.cot[value] for value in headers}
        _nothing_is_left(sweep, s, {**shadows, **headers})
    sweep.saver.at_once.pop()
    sweep.here = here
    sweep.cot = {**outer, **shadows}
    sweep.saver.edits.end.setdefault((id(s), "body"), []).extend(code)
    with ctx.at(s.loc.backward(ctx.order)):
        for value, header in headers.items():
            result = merged_cotangent(sweep, value)
            carry = Carry(header, zero_cotangent(sweep, value), outs[value], result)
            sweep.saver.edits.carries.setdefault(id(s), []).append(carry)
            sweep.contribute(value, result)
        for carry, seed in zip(sums, seeds, strict=True):
            if seed is not None:
                sweep.contribute(carry.init, seed)
    return True


def _nothing_is_left(sweep: Sweep, s: For, known: dict) -> None:
    """A cotangent of something from outside that no sum and no shadow takes up would be lost."""
    for key in sweep.cot:
        if isinstance(key, Value) and key not in known:
            if not any(t is s for t, _ in sweep.outline.home[key]):
                raise InternalError(f"the cotangent of {key!r} is lost in the loop at {s.loc}")


# ---------------------------------------------------------------------------------- conditions


def _stands_free(sweep: Sweep, s: For) -> bool:
    """Whether the loop runs to its end in the very block of the only gradient, and is not swept over."""
    outline = sweep.outline
    scope = outline.scope[id(s)]
    same = len(scope) == len(sweep.here) and visible(scope, sweep.here)
    alone = sweep.alone and not sweep.twins
    return same and alone and not sweep.mirrors and s.stop_flag is None and s.trips is None


def _keeps_to_itself(sweep: Sweep, s: For) -> bool:
    """Whether the loop writes only to memory of a trip, and nothing writes to what it reads from outside."""
    memory = sweep.memory

    def own(array: Value) -> bool:
        return any(t is s for t, _ in memory.born(memory.root[array]))

    for inner in walk(s.body):
        written = inner.base if isinstance(inner, Store) else None
        if isinstance(inner, Assign) and inner.op.writes and inner.args and isinstance(inner.args[0], Value):
            written = inner.args[0]
        if written is not None and written in memory.root and not own(written):
            return False
        for atom in atoms_read(inner):
            if isinstance(atom, Value) and atom in memory.root and not own(atom):
                is_array = isinstance(sweep.ctx.types[atom], Array)  # a list's cotangents are no shadow
                if memory.stores_after(atom, s) or atom in sweep.active and not is_array:
                    return False
    return True


def _read_in(s: For) -> set[Atom]:
    """What a trip reads, and what it leaves under another name than it found it."""
    read = {a for inner in walk(s.body) for a in atoms_read(inner)}
    inner_loops = [t for t in walk(s.body) if isinstance(t, For | While)]
    read |= {a for t in inner_loops for c in t.carries for a in (c.init, c.out)}
    return read | {c.out for c in s.carries if c.out != c.header}


def _is_sum(sweep: Sweep, s: For, carry: Carry) -> bool:
    """Whether a trip leaves what it found plus something that does not depend on it."""
    type_ = sweep.ctx.types[carry.header]
    if not isinstance(type_, Scalar) or not is_float(type_):
        return False
    sums: set[Atom] = {carry.header}
    return (
        adds_only(s.body, sums) and carry.out in sums
        and not any(other.out in sums for other in s.carries if other is not carry)
    )


def adds_only(block: Block, sums: set[Atom]) -> bool:
    """Whether the statements do nothing with these sums but add to them; what is a sum after is added."""
    for statement in block:
        match statement:
            case Assign(target=Value() as target, op=op, args=args) if any(a in sums for a in args):
                first, *others = args
                added = op.name == "add" and sum(a in sums for a in args) == 1
                taken = op.name == "subtract" and first in sums and not any(a in sums for a in others)
                if not (added or taken):
                    return False
                sums.add(target)
            case If(cond=cond):
                if cond in sums or not all(adds_only(b, sums) for b in (statement.then, statement.orelse)):
                    return False
                for merge in statement.merges:
                    if (merge.then in sums) != (merge.orelse in sums):
                        return False
                    if merge.then in sums:
                        sums.add(merge.target)
            case For() | While():
                bounds: tuple[Atom | None, ...] = (statement.stop_flag,)
                if isinstance(statement, For):
                    bounds = (*bounds, statement.start, statement.stop, statement.step)
                carried = [c for c in statement.carries if c.init in sums]
                sums.update(c.header for c in carried)
                inside = [statement.body] if isinstance(statement, For) else [statement.test, statement.body]
                if any(b in sums for b in bounds) or not all(adds_only(b, sums) for b in inside):
                    return False
                if isinstance(statement, While) and statement.cond in sums:
                    return False
                if any((c.out in sums) != (c.init in sums) for c in statement.carries):
                    return False
                sums.update(c.result for c in carried)
            case _:
                if any(a in sums for a in atoms_read(statement)):
                    return False
    return True


def _reads_neighbours(s: For) -> bool:
    """Whether an array is read at several places: the reverse loop alone can be taken apart by place."""
    places: dict[Value, set] = {}
    for inner in walk(s.body):
        if isinstance(inner, Read):
            places.setdefault(inner.base, set()).add(inner.index.entries)
    depends = {s.index}
    for inner in walk(s.body):
        if isinstance(inner, Assign) and inner.target is not None and any(a in depends for a in inner.args):
            depends.add(inner.target)
    return any(
        sum(any(e in depends for e in entries if isinstance(e, Value)) for entries in found) > 1
        for found in places.values()
    )


# ---------------------------------------------------------------------------------- before the loop


def _early(sweep: Sweep, atom: Atom | None, s: For, depth: int = 0) -> Atom | None:
    """A number that is computed after the loop, computed in front of it; None where that is not possible."""
    outline, ctx = sweep.outline, sweep.ctx
    if not isinstance(atom, Value):
        return atom
    forward = atom in outline.home
    made = outline.defined[atom] if forward else ctx.origin.get(atom)
    if forward and not visible(outline.home[atom], sweep.here):
        return None
    if forward and (made is None or 0 <= outline.position.get(id(made), -1) < outline.position[id(s)]):
        return atom
    if not isinstance(made, Assign) or made.op.effect or depth > 4:
        return None
    arrays = any(not isinstance(ctx.type_of(a), Scalar) for a in (atom, *made.args))
    if arrays and made.op.name not in ("dim", "size"):
        return None
    args = []
    for arg in made.args:
        found = _early(sweep, arg, s, depth + 1)
        if found is None:
            return None
        args.append(found)
    again = ctx.value(ctx.types[atom], atom.hint, atom.base, atom.form)
    ctx.add(Assign(again, made.op, tuple(args), made.static, made.loc))
    return again


def _can_be_early(sweep: Sweep, s: For, holder: Value) -> bool:
    """Whether a shadow that the sweep has begun may as well begin in front of the loop: all that is ever
    done to it is adding."""
    if sweep.memory.stores_after(holder, s):
        return False  # what was written after the loop has emptied its places of the shadow
    if holder in sweep.early:
        return True
    shadow, outline = sweep.cot[holder], sweep.outline
    made = sweep.ctx.origin.get(shadow) if isinstance(shadow, Value) else None
    # The last question looks at the whole sweep.
    return (
        isinstance(made, Assign) and made.op.name == "zeros_like" and made.args[0] in outline.home
        and any(made is t for t in sweep.ctx.block) and _early(sweep, made.args[0], s) is not None
        and _only_added_to(tuple(sweep.ctx.block), shadow)
    )


def _only_added_to(code: Block, shadow: Atom) -> bool:
    """Whether no statement of the sweep sets a part of a shadow, as where it began as one number everywhere
    or as the result of a rule."""
    names = {shadow}
    for t in walk(code):
        if isinstance(t, Store) and t.base in names and t.mode == "set":
            return False
        if isinstance(t, Assign) and any(a in names for a in t.args):
            if t.op.effect and (t.op.name not in _ADDING or any(a in names for a in t.args[1:])):
                return False
            if t.target is not None and (t.op.view or t.op.name in ("relabel", "detach")):
                names.add(t.target)
        elif isinstance(t, Read) and t.base in names:
            names.add(t.target)
    return True


def _early_shadow(sweep: Sweep, s: For, holder: Value) -> Atom:
    """The shadow of an array, made in front of the first loop that adds to it."""
    before = sweep.saver.edits.before
    if holder in sweep.early:
        later, code = sweep.early[holder]
        if any(around is later for around, _ in sweep.here):
            return sweep.cot[holder]
        before[id(later)] = [t for t in before[id(later)] if not any(t is c for c in code)]
    elif holder in sweep.cot:
        begun: Any = sweep.cot[holder]
        code = [t for t in sweep.ctx.block if t is sweep.ctx.origin[begun]]
        sweep.ctx.block[:] = [t for t in sweep.ctx.block if t is not code[0]]
    else:
        with sweep.ctx.at(sweep.gradient.loc), sweep.ctx.collecting() as code:
            sweep.shadow(holder)
    before.setdefault(id(s), []).extend(code)
    sweep.early[holder] = (s, code)
    return sweep.cot[holder]
