"""Branches and loops, backwards; and where a gradient stands inside them.

    for i in range(n):              ds = 1.0
        s = s * x[i]         →      for i in range(n - 1, -1, -1):
    (loss s)                            s = s_kept[i]
                                        dx[i] += ds * s
                                        ds = ds * x[i]

What a loop carries forward, its cotangent carries backward: at the start of a backward trip it is the
cotangent of what the trip left behind, at its end that of what the trip found.  Scalars from outside the
loop accumulate in carried sums, arrays in their shadows.
"""

from typing import Any

from ..kernels.types import Array, Scalar, is_float
from .adjoint import Mirror, Sweep
from .ir import UNBOUND, Assign, Atom, Block, Carry, Const, For, If, Merge, Read, Statement, Store, Value, While, atoms_read, blocks_of, walk
from .outline import is_loop, slots
from .trips import trip_number

__all__ = ["sweep_from"]


def sweep_from(*facts: Any) -> tuple[Sweep, list[Statement]]:
    """The whole reverse sweep of a gradient, from where it stands back to the start of the function."""
    sweep = Sweep(*facts)
    ctx, gradient = sweep.ctx, sweep.gradient
    with ctx.collecting() as code:
        with ctx.at(gradient.loc):
            loss_type = ctx.type_of(gradient.loss)
            seed = Const(1.0) if loss_type.dtype == "float64" else Const(1.0, loss_type.dtype)
            if isinstance(gradient.loss, Value) and gradient.loss in sweep.active:
                sweep.cot[gradient.loss] = seed
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
        results = finish(sweep)
    code.extend(results)
    return sweep, code


def _block_of(sweep: Sweep, scope: Any) -> Block:
    if not scope:
        return sweep.outline.program.body
    statement, slot = scope[-1]
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
            found: Atom | None = None
            if isinstance(target, Value):
                found = sweep.captured.get(target)
                if found is None:
                    found = sweep.cot.get(sweep.holder(target) if target not in sweep.targets else target)
            type_ = ctx.types[result]
            if found is not None and isinstance(target, Value):
                found = sweep.whole(target, found)
            if found is None:
                found = _zero(sweep, target, type_)
            elif found in given or (isinstance(type_, Array) and not _fresh(sweep, found, target)):
                found = ctx.op("copy", found) if isinstance(type_, Array) else found
            if isinstance(type_, Array) and ctx.type_of(found).layout != "C":
                found = ctx.op("contiguous", found)
            given.add(found)
            ctx.types[result] = ctx.type_of(found) if isinstance(type_, Array) else type_
            ctx.replaced[result] = found
        made.extend(block)
    return made


def _fresh(sweep: Sweep, atom: Atom, of: Value) -> bool:
    """Whether the array is memory that only this sweep has: made by it, and not a view."""
    if _given(sweep, atom, of) or atom in sweep.own:
        return True
    statement = sweep.ctx.origin.get(atom) if isinstance(atom, Value) else None
    if not isinstance(statement, Assign) or atom in sweep.outline.home:
        return False
    return not statement.op.view and statement.op.name not in ("relabel", "detach", "sum_to")


def _zero(sweep: Sweep, target: Atom, type_: Any) -> Atom:
    if isinstance(type_, Scalar):
        return Const(0.0) if type_.dtype == "float64" else Const(0.0, type_.dtype)
    return sweep.ctx.op("zeros_like", sweep.saver.export(target, sweep.here) if isinstance(target, Value) else target)


# ---------------------------------------------------------------------------------- blocks


def reverse_block(sweep: Sweep, block: Block) -> None:
    """The statements of a block, last first."""
    for statement in reversed(block):
        capture(sweep, statement)
        match statement:
            case If():
                if relevant(sweep, statement):
                    reverse_if(sweep, statement)
            case For() | While():
                if relevant(sweep, statement):
                    reverse_loop(sweep, statement)
            case Assign() | Read() | Store():
                sweep.reverse(statement)


def capture(sweep: Sweep, statement: Statement) -> None:
    """The gradient by an intermediate value is its cotangent when the sweep reaches what made it; by an
    array that was written to later, its cotangent when the sweep reaches the last write."""
    for target in sweep.targets:
        if target in sweep.captured:
            continue
        made_here = sweep.outline.defined.get(target) is statement
        written_here = any(s is statement or any(i is statement for i, _ in sweep.outline.scope[id(s)]) for s in _stores(sweep, target))
        if not (made_here or written_here):
            continue
        _note(sweep, target)


def capture_headers(sweep: Sweep, place: Statement) -> None:
    """The gradient by what the loop around carries is its cotangent at the start of this trip."""
    if not isinstance(place, For | While):
        return
    for carry in place.carries:
        if carry.header in sweep.targets and carry.header not in sweep.captured:
            _note(sweep, carry.header)


def _note(sweep: Sweep, target: Value) -> None:
    found = sweep.cot.get(target)
    with sweep.ctx.at(sweep.gradient.loc):
        if found is None:
            sweep.captured[target] = _zero(sweep, target, sweep.ctx.types[target])
        else:
            found = sweep.whole(target, found)
            is_array = isinstance(sweep.ctx.types[target], Array)
            sweep.captured[target] = sweep.ctx.op("copy", found) if is_array else found


def _stores(sweep: Sweep, target: Value) -> list[Statement]:
    root = sweep.memory.root.get(target)
    if root is None:
        return []
    before = sweep.outline.position[id(sweep.gradient)]
    return [s for s in sweep.memory.stores.get(root, ()) if sweep.outline.position[id(s)] < before]


def relevant(sweep: Sweep, statement: Statement) -> bool:
    """Whether a compound statement has anything to do with the gradient."""
    for inner in walk((statement,)):
        for atom in atoms_read(inner):
            if isinstance(atom, Value) and atom in sweep.active:
                return True
        if isinstance(inner, Store) and inner.base in sweep.active:
            return True
    return False


def materialize(sweep: Sweep, statement: Statement) -> None:
    """Write out the uniform cotangents of arrays before a branch or loop that may add to them."""
    for key, cotangent in list(sweep.cot.items()):
        if isinstance(key, Value) and isinstance(sweep.ctx.types[key], Array):
            sweep.cot[key] = sweep.whole(key, cotangent)


def prepare(sweep: Sweep, statement: Statement) -> None:
    """Shadows of the outer arrays that the statement's blocks add to, made before it is entered."""
    inside = {id(statement)}
    for inner in walk((statement,)):
        used: list[Value] = []
        match inner:
            case Read(target=target, base=base) if target in sweep.active:
                used = [base]
            case Assign(target=target, args=args) if target is not None and target in sweep.active:
                used = [a for a in args if isinstance(a, Value)]
            case If(merges=merges):
                used = [a for m in merges for a in (m.then, m.orelse) if isinstance(a, Value)]
            case For() | While():
                used = [a for c in inner.carries for a in (c.init, c.out) if isinstance(a, Value)]
            case Store(value=Value() as value):
                used = [value]
        for value in used:
            if value not in sweep.active or not isinstance(sweep.ctx.types[value], Array):
                continue
            holder = sweep.holder(value)
            outside = not any(id(s) in inside for s, _ in sweep.outline.home[holder])
            if outside and holder in sweep.in_memory and holder not in sweep.cot and holder is not None:
                if sweep.outline.defined.get(holder) is statement:
                    continue
                with sweep.ctx.at(sweep.gradient.loc):
                    sweep.shadow(holder)


# ---------------------------------------------------------------------------------- branches


def reverse_if(sweep: Sweep, s: If) -> None:
    """The branch that was taken, backwards."""
    ctx = sweep.ctx
    with ctx.at(s.loc.backward()):
        prepare(sweep, s)
        merged = [(m, sweep.take(m.target)) for m in s.merges if m.target in sweep.active]
        materialize(sweep, s)
        base = dict(sweep.cot)
        ways = []
        for slot, block in slots(s):
            sweep.cot = dict(base)
            mirror = Mirror(s, slot)
            sweep.mirrors.append(mirror)
            with ctx.collecting() as code:
                for merge, cotangent in merged:
                    atom = merge.then if slot == "then" else merge.orelse
                    if cotangent is not None and atom is not UNBOUND:
                        cotangent = sweep.whole(merge.target, cotangent)
                        sweep.shapes.equate(cotangent, atom) if isinstance(atom, Value) else None
                        sweep.contribute(atom, cotangent, owned=merge.target in sweep.in_memory)
                reverse_block(sweep, block)
            sweep.mirrors.pop()
            ways.append((code, sweep.cot, mirror))
        (then, then_cot, then_mirror), (orelse, else_cot, else_mirror) = ways
        merges: list[Merge] = []
        sweep.cot = {}
        for key in dict.fromkeys([*base, *then_cot, *else_cot]):
            a, b = then_cot.get(key), else_cot.get(key)
            if a is None and b is None or not _outlives(sweep, key, s):
                continue
            if a is not None and b is not None and a == b:
                sweep.cot[key] = a
                continue
            sides = []
            for side, code in ((a, then), (b, orelse)):
                if side is None:
                    with ctx.collecting() as extra:
                        side = zero_cotangent(sweep, key)
                    code.extend(extra)
                elif isinstance(key, Value):
                    with ctx.collecting() as extra:
                        side = sweep.whole(key, side)
                    code.extend(extra)
                sides.append(side)
            target = merged_cotangent(sweep, key)
            merges.append(Merge(target, *sides))
            sweep.cot[key] = target
        then[:0], orelse[:0] = then_mirror.prelude, else_mirror.prelude
        if then or orelse or merges:
            ctx.add(If(sweep.fetch(s.cond, s), tuple(then), tuple(orelse), tuple(merges), ctx.loc))


def _outlives(sweep: Sweep, key: Any, statement: Statement) -> bool:
    """Whether a cotangent belongs to a value from outside the statement."""
    if not isinstance(key, Value):
        return True
    return not any(s is statement for s, _ in sweep.outline.home[key])


def zero_cotangent(sweep: Sweep, key: Any) -> Atom:
    type_ = sweep.ctx.types[key] if isinstance(key, Value) else Scalar("int64", True)
    if isinstance(type_, Array):
        return sweep.zeros(key)
    return Const(0.0) if type_.dtype == "float64" else Const(0.0, type_.dtype)


def merged_cotangent(sweep: Sweep, key: Any) -> Value:
    """A fresh value for the cotangent (or trip counter) under this key."""
    if not isinstance(key, Value):
        return sweep.ctx.value(Scalar("int64", True), "count")
    type_ = sweep.ctx.types[key]
    made = sweep.ctx.value(Scalar(type_.dtype) if isinstance(type_, Scalar) else Array(type_.dtype, type_.ndim), base=key, form="d{}")
    sweep.shapes.equate(made, key)
    return made


# ---------------------------------------------------------------------------------- loops


def reverse_loop(sweep: Sweep, s: For | While) -> None:
    """All trips of a loop, last first."""
    ctx = sweep.ctx
    with ctx.at(s.loc.backward()):
        carried: dict[Value, Atom] = {}
        for carry in s.carries:
            if carry.header in sweep.active:
                found = sweep.take(carry.result)
                if found is not None:
                    carried[carry.header] = sweep.whole(carry.result, found)
        materialize(sweep, s)
        prepare(sweep, s)
        trips = sweep.fetch(sweep.saver.trips(s), s)
        _backward(sweep, s, trips, carried, s.stop_flag is not None)


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
    with ctx.at(s.loc.backward()):
        if isinstance(s, For):
            trips = _trips_before(sweep, s)
        else:
            trips, _ = sweep.saver.counter([s])
            sweep.here_of_loop = s  # type: ignore[attr-defined]
        prepare(sweep, s)
        _backward(sweep, s, trips, carried, True)


def _trips_before(sweep: Sweep, s: For) -> Atom:
    step = s.step.value  # type: ignore[union-attr]
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
        start = carried.get(carry.header)
        if start is None:
            start = zero_result(sweep, carry)
        elif isinstance(ctx.types[carry.header], Array) and carry.header in sweep.in_memory and not _given(sweep, start, carry.result):
            start = ctx.op("copy", start)
            sweep.shapes.equate(start, carry.result)
        header = merged_cotangent(sweep, carry.header)
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
            init = sweep.saver.export(sweep.saver.counter(sweep.chains[key])[1], sweep.here)
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
        for carry in s.carries:
            if carry.header in headers:
                if isinstance(carry.out, Value):
                    sweep.shapes.equate(headers[carry.header][0], carry.out)
                sweep.contribute(carry.out, headers[carry.header][0], owned=True)
        reverse_block(sweep, s.body)
        if isinstance(s, While):
            mirror.slot = "body"
            reverse_block(sweep, s.test)
        outs: dict[Any, Atom] = {}
        for key in headers:
            if _is_carried(s, key):
                found = sweep.take(key)
                if found is None:
                    found = zero_header(sweep, key, headers[key][0])
                outs[key] = sweep.whole(key, found)
            else:
                outs[key] = sweep.cot[key]
    sweep.mirrors.pop()
    carries = []
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
        if not _is_carried(s, key):
            sweep.cot[key] = result
    for carry in s.carries:
        result = results.get(carry.header)
        if result is not None:
            sweep.shapes.equate(result, carry.header)
            if carry.init is not UNBOUND:
                if isinstance(carry.init, Value) and isinstance(ctx.types[carry.header], Array):
                    sweep.shapes.equate(result, carry.init)
                sweep.contribute(carry.init, result, owned=True)


def _is_carried(s: For | While, key: Any) -> bool:
    """Whether a header of the reverse loop is the cotangent of something that the loop carries."""
    return isinstance(key, Value) and any(carry.header == key for carry in s.carries)


def _given(sweep: Sweep, atom: Atom, of: Value) -> bool:
    """Whether the cotangent of an array is memory that only this sweep holds."""
    statement = sweep.ctx.origin.get(atom) if isinstance(atom, Value) else None
    if isinstance(statement, For | If):
        return of in sweep.in_memory
    return isinstance(statement, Assign) and statement.op.name in ("zeros_like", "zeros_of", "copy")


def zero_result(sweep: Sweep, carry: Carry) -> Atom:
    """The cotangent of a loop's result that nothing uses."""
    type_ = sweep.ctx.types[carry.header]
    if isinstance(type_, Array):
        return sweep.zeros(carry.result)
    return Const(0.0) if type_.dtype == "float64" else Const(0.0, type_.dtype)


def zero_header(sweep: Sweep, header: Value, like: Value) -> Atom:
    """The cotangent of what a trip found and did not use."""
    type_ = sweep.ctx.types[header]
    if not isinstance(type_, Array):
        return Const(0.0) if type_.dtype == "float64" else Const(0.0, type_.dtype)
    if sweep.shapes.same(header, like):
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
                if not any(t is s for t, _ in sweep.outline.home[atom]) and sweep.outline.defined.get(atom) is not s:
                    found[atom] = None
    for carry in s.carries:
        if isinstance(carry.out, Value) and carry.out in sweep.active and isinstance(sweep.ctx.types[carry.out], Scalar):
            if not any(t is s for t, _ in sweep.outline.home[carry.out]):
                found[carry.out] = None
    return list(found)


def stack_counters(sweep: Sweep, s: Statement) -> list[tuple[str, int]]:
    """The nested loops, from this one inwards, whose tapes count all trips."""
    found = []
    around = [m.statement for m in sweep.mirrors if is_loop(m.statement)]
    for inner in [s, *(i for i in walk(tuple(j for b in blocks_of(s) for j in b)) if is_loop(i))]:
        chain = [*around, *(t for t, _ in sweep.outline.scope[id(inner)] if is_loop(t) and t not in around and (t is s or any(u is s for u, _ in sweep.outline.scope[id(t)]))), inner]
        chain = _unique(chain)
        if len(chain) > 1 and relevant(sweep, inner):
            key = ("count", id(inner))
            sweep.chains[key] = chain
            found.append(key)
    return found


def _unique(items: list[Statement]) -> list[Statement]:
    found: list[Statement] = []
    for one in items:
        if not any(one is other for other in found):
            found.append(one)
    return found


def trip_range(sweep: Sweep, s: For | While, trips: Atom, counted: bool, mirror: Mirror) -> tuple[Value, Atom, Atom, Atom]:
    """The range of the reverse loop, and (in the mirror) the trip's number and counter."""
    ctx = sweep.ctx
    if isinstance(s, While):
        index = ctx.value(Scalar("int64", True), "k")
        mirror.number = index
        return index, ctx.op("subtract", trips, Const(1)), Const(-1), Const(-1)
    step = s.step.value  # type: ignore[union-attr]
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
            mirror.number = trip_number(ctx, For(index, start, stop, s.step, (), (), None, None, s.loc), index)
        mirror.prelude.extend(block)
        return index, last, end, Const(-step)
    number = ctx.value(Scalar("int64", True), "k")
    with ctx.collecting() as block:
        mirror.index = ctx.op("add", start, ctx.op("multiply", number, s.step), target=index)
    mirror.prelude.extend(block)
    mirror.number = number
    return number, ctx.op("subtract", trips, Const(1)), Const(-1), Const(-1)
