"""The reverse sweep: each statement of the forward program, last first, gives its cotangents.

    forward           y = sin(x)              backward      dx += dy * cos(x)
                      y[i] = e                              de += dy[i]; dy[i] = 0
                      v = x[1:]                             dv is dx[1:]

The cotangent of a value that is only ever computed with is a value itself; that of an array which is
indexed, viewed, written or used inside a loop is a *shadow*: memory of the same shape, into which
cotangents are added.  A view's shadow is the same view of its base's shadow.

Rules come from the primitives: one that is a single expression is written out here (it is built like
any other code), a longer one is called.  Broadcasting is undone here, for all rules.
"""

import ast
from typing import Any

from ..errors import InternalError
from ..kernels.primitive import Primitive
from ..kernels.types import Array, Scalar, Shape, is_float
from .activity import Activity
from .binding import Static
from .calls import body_of, closure_of, splice
from .context import Context
from .costs import COSTS
from .ir import (
    Assign, Atom, Const, For, Gradient, If, Index, Read, Span, Statement, Store, Value, While, atoms_read, blocks_of, walk,
)
from .memory import Memory
from .outline import Outline, Scope, is_loop, visible
from .rename import renamed
from .save import Saver
from .shapes import Shapes

__all__ = ["Mirror", "Sweep", "full_index"]


class Mirror:
    """A forward block that is being swept backwards once a trip: its own statements come after a prelude
    that brings back the values it needs."""

    def __init__(self, statement: Statement, slot: str):
        self.statement = statement
        self.slot = slot
        self.prelude: list[Statement] = []
        self.fetched: dict[Value, Atom] = {}
        self.number: Atom | None = None       # the trip, as tapes count it
        self.index: Atom | None = None        # the loop's counter


class Sweep:
    """One reverse sweep: the state that the statements before have left."""

    def __init__(self, ctx: Context, outline: Outline, memory: Memory, activity: Activity, saver: Saver, shapes: Shapes, gradient: Gradient):
        self.ctx = ctx
        self.outline = outline
        self.memory = memory
        self.active = activity
        self.saver = saver
        self.shapes = shapes
        self.gradient = gradient
        self.here: Scope = outline.scope[id(gradient)]
        self.cot: dict[Any, Atom] = {}
        self.own: set[Value] = set()                  # cotangents that are memory which nothing else holds
        self.mirrors: list[Mirror] = []
        self.captured: dict[Value, Atom] = {}
        self.targets = {t for t in gradient.targets if isinstance(t, Value)}
        self.in_memory = self._in_memory()
        self.fetched_from: dict[Atom, Value] = {}     # forward values brought back, and which they are
        self.forward_values = {
            (s.op.name, s.args, s.static): s.target
            for s in outline.statements
            if isinstance(s, Assign) and s.target is not None and s.op.elementwise and isinstance(ctx.types[s.target], Scalar)
        }
        self.problems: list[tuple[Any, str]] = []
        self.chains: dict[Any, list[Statement]] = {}  # the loops around each trip counter

    # ------------------------------------------------------------------ which cotangents are memory

    def _in_memory(self) -> set[Value]:
        """The arrays whose cotangent is a shadow."""
        found: set[Value] = set()
        types = self.ctx.types
        for statement in self.outline.statements:
            if isinstance(statement, Read) and statement.target in self.active and isinstance(types[statement.base], Array):
                found.add(statement.base)
            elif isinstance(statement, Store):
                found.add(statement.base)
            elif isinstance(statement, Assign) and statement.op.effect and statement.args and isinstance(statement.args[0], Value):
                found.add(statement.args[0])
        for statement in self.outline.statements:
            if is_loop(statement):
                # A use inside a loop adds to what is outside: in place.
                for inner in walk((statement,)):
                    for atom in self._operands(inner):
                        if not any(s is statement for s, _ in self.outline.home[atom]):
                            found.add(atom)
        pending = list(found)
        while pending:
            value = pending.pop()
            base = self.memory.base.get(value)
            if base is not None and base not in found:
                found.add(base)
                pending.append(base)
        # What a loop hands on between trips is one memory where any of it is.
        changed = True
        while changed:
            changed = False
            for statement in self.outline.statements:
                if not isinstance(statement, For | While):
                    continue
                for carry in statement.carries:
                    group = [a for a in (carry.header, carry.out) if isinstance(a, Value) and isinstance(types[a], Array)]
                    if any(a in found for a in group) and not all(a in found for a in group):
                        found.update(group)
                        changed = True
        return {v for v in found if isinstance(types[v], Array)}

    def _operands(self, statement: Statement) -> list[Value]:
        """The active arrays that a statement's reversal adds to."""
        atoms: tuple[Atom, ...] = ()
        match statement:
            case Assign(target=target, args=args) if target in self.active:
                atoms = args
            case Store(value=value):
                atoms = (value,)
            case If(merges=merges):
                atoms = tuple(a for m in merges for a in (m.then, m.orelse))
            case For() | While():
                atoms = tuple(c.out for c in statement.carries)
        return [a for a in atoms if isinstance(a, Value) and a in self.active and isinstance(self.ctx.types[a], Array)]

    def is_alias(self, value: Value) -> bool:
        """Whether the value's cotangent is a view of its base's."""
        if value not in self.memory.base or value in self.targets:
            return False
        return value in self.in_memory or self.memory.written(self.memory.root[value])

    def holder(self, value: Value) -> Value:
        while self.is_alias(value):
            value = self.memory.base[value]
        return value

    # ------------------------------------------------------------------ adding cotangents

    def contribute(self, atom: Atom, cotangent: Atom, *, owned: bool = False) -> None:
        """Add to the cotangent of a value; ``owned`` gives up the memory of an array."""
        if not isinstance(atom, Value) or atom not in self.active or not is_float(self.ctx.types[atom]):
            return
        cotangent = self.fit(atom, cotangent)
        holder = self.holder(atom)
        if holder in self.in_memory:
            whole = isinstance(cotangent, Value) and isinstance(self.ctx.types[cotangent], Array)
            if atom is holder and holder not in self.cot and owned and whole:
                self.cot[holder] = cotangent
                self.own.add(cotangent)
                return
            if atom is holder and holder not in self.cot and not whole:
                self.cot[holder] = self.whole(holder, cotangent)
                return
            self._store_into(self.shadow(atom), cotangent)
            return
        if holder is not atom:  # a view of an array that is never indexed: only through rules
            raise InternalError(f"{atom!r} is a view of {holder!r}, which has no shadow")
        old = self.cot.get(atom)
        if old is None:
            self.cot[atom] = self.named(cotangent, atom)
            if owned and isinstance(cotangent, Value):
                self.own.add(cotangent)
            return
        type_ = self._cotangent_type(atom)
        if isinstance(type_, Array) and any(getattr(self.ctx.type_of(c), "layout", "C") != "C" for c in (old, cotangent)):
            type_ = Array(type_.dtype, type_.ndim, "A")
        if isinstance(type_, Array) and all(isinstance(self.ctx.type_of(c), Scalar) for c in (old, cotangent)):
            type_ = Scalar(type_.dtype)
        target = self.ctx.value(type_, base=atom, form="d{}")
        self.cot[atom] = self.ctx.op("add", old, cotangent, target=target)
        if isinstance(type_, Array):
            self.shapes.equate(target, atom)

    def whole(self, value: Value, cotangent: Atom) -> Atom:
        """A cotangent as an array: one that is the same for every element is written out."""
        if not isinstance(self.ctx.types[value], Array) or isinstance(self.ctx.type_of(cotangent), Array):
            return cotangent
        made = self.zeros(value)
        self.ctx.store(made, full_index(self.ctx.types[made]), cotangent)
        return made

    def _cotangent_type(self, value: Value) -> Any:
        type_ = self.ctx.types[value]
        return Scalar(type_.dtype) if isinstance(type_, Scalar) else Array(type_.dtype, type_.ndim, "A" if type_.layout == "A" else "C")

    def named(self, cotangent: Atom, value: Value) -> Atom:
        """The cotangent under its own name, where it has none yet."""
        if isinstance(cotangent, Value) and not cotangent.hint and cotangent.base is None and cotangent not in self.ctx.renamed:
            made = self.ctx.origin.get(cotangent)
            if made is not None and made in self.ctx.block[-1:]:
                self.ctx.renamed[cotangent] = Value(cotangent.number, "", value, "d{}")
        return cotangent

    def fit(self, atom: Value, cotangent: Atom) -> Atom:
        """The cotangent in the shape and precision of the value."""
        type_, have = self.ctx.types[atom], self.ctx.type_of(cotangent)
        if isinstance(type_, Scalar):
            if isinstance(have, Array):
                cotangent = self.ctx.op("sum_all", cotangent)
        elif isinstance(have, Scalar):
            pass  # the same for every element
        elif isinstance(have, Array) and not self.shapes.same(cotangent, atom):
            if have.ndim != type_.ndim or not self.shapes.same(cotangent, atom):
                cotangent = self.ctx.op("sum_to", cotangent, self.fetch_shape(atom))
                self.shapes.equate(cotangent, atom)  # it may be the same memory: see is_own
        have = self.ctx.type_of(cotangent)
        if have.dtype != type_.dtype and is_float(type_):
            if isinstance(cotangent, Const):
                return Const(cotangent.value, type_.dtype) if type_.dtype != "float64" else Const(float(cotangent.value))
            cotangent = self.ctx.op("cast", cotangent, dtype=type_.dtype)
        return cotangent

    def _store_into(self, shadow: Value, cotangent: Atom) -> None:
        # A sum with -c becomes a difference when the whole sweep is known: c may have other uses until then.
        self.ctx.store(shadow, full_index(self.ctx.types[shadow]), cotangent, "add")

    # ------------------------------------------------------------------ shadows

    def shadow(self, value: Value) -> Value:
        """The memory that holds the cotangent of an array."""
        if self.is_alias(value):
            return self._view_of_shadow(value)
        found = self.cot.get(value)
        if found is None:
            found = self.zeros(value)
        elif not isinstance(self.ctx.type_of(found), Array):
            found = self.whole(value, found)
        self.cot[value] = found
        assert isinstance(found, Value)
        return found

    def _view_of_shadow(self, value: Value) -> Value:
        statement = self.outline.defined[value]
        base = self.shadow(self.memory.base[value])
        type_ = self.ctx.types[value]
        target = self.ctx.value(Array(type_.dtype, type_.ndim, type_.layout), base=value, form="d{}")
        if isinstance(statement, Read):
            index = statement.index.replaced(lambda a: self.fetch(a, statement))
            self.ctx.add(Read(target, base, index, self.ctx.loc))
        else:
            assert isinstance(statement, Assign)
            if statement.op.name in ("relabel", "detach"):
                return base
            args = (base, *(self.fetch(a, statement) for a in statement.args[1:]))
            self.ctx.add(Assign(target, statement.op, args, statement.static, self.ctx.loc))
        self.shapes.equate(target, value)
        return target

    def zeros(self, value: Value) -> Value:
        """A fresh shadow."""
        type_ = self.ctx.types[value]
        like = self.visible_like(value)
        target = self.ctx.value(Array(type_.dtype, type_.ndim), base=value, form="d{}")
        if like is not None:
            made = self.ctx.op("zeros_like", like, target=target)
        else:
            made = self.ctx.op("zeros_of", self.fetch_shape(value), dtype=type_.dtype, target=target)
        assert isinstance(made, Value)
        self.shapes.equate(made, value)
        return made

    def visible_like(self, value: Value) -> Value | None:
        """An array of the same shape and dtype that can be named here."""
        if not self._mirrored(self.outline.home[value]):
            return self.saver.export(value, self.here)
        if value in self.targets or value in self.cot and isinstance(self.cot[value], Value):
            return self.cot.get(value)  # type: ignore[return-value]
        for other in self.shapes.like(value):
            if self.ctx.types[other].dtype == self.ctx.types[value].dtype and self._at_hand(other):
                return other
        return None

    def _at_hand(self, value: Value) -> bool:
        """Whether a forward value exists where the gradient stands, in no loop that is swept."""
        home = self.outline.home.get(value)
        if home is None or self._mirrored(home) or not visible(home, self.here):
            return False
        statement = self.outline.defined[value]
        if statement is None:
            return True
        position = self.outline.position
        return id(statement) in position and position[id(statement)] < position[id(self.gradient)]

    # ------------------------------------------------------------------ forward values

    def _mirrored(self, home: Scope) -> list[Mirror]:
        """The loops of a scope that are being swept backwards, outermost first."""
        inside = {id(s) for s, _ in home}
        return [m for m in self.mirrors if is_loop(m.statement) and id(m.statement) in inside]

    def fetch(self, atom: Atom, at: Statement) -> Atom:
        """A forward value (an array with the contents it had at the statement), for use here."""
        if not isinstance(atom, Value):
            return atom
        home = self.outline.home[atom]
        loops = self._mirrored(home)
        changes = isinstance(self.ctx.types[atom], Array) and self.memory.stores_after(atom, at)
        if not loops and changes:
            looped = self._mirrored(self.outline.scope[id(at)])
            if not looped:
                return self.saver.export(self.saver.copy_at(atom, at), self.here)
            return self._from_tape(atom, looped, at)
        if not loops:
            return self.saver.export(atom, self.here)
        mirror = self._mirror_of(home)
        if changes:
            return self._from_tape(atom, self._mirrored(self.outline.scope[id(at)]), at)
        if atom in mirror.fetched:
            return mirror.fetched[atom]
        statement = self.outline.defined[atom]
        if isinstance(statement, For) and atom == statement.index:
            found: Atom = loops[-1].index  # type: ignore[assignment]
        elif self.saver.costs.induction(atom) is not None:
            found = self._counted(atom, loops)
        elif self.saver.costs.worth(atom, self.outline.scope[id(loops[0].statement)], self._has_tape):
            found = self._recompute(atom, statement, mirror)
        else:
            found = self._from_tape(atom, loops, None)
        mirror.fetched[atom] = found
        self.fetched_from[found] = atom
        return found

    def _has_tape(self, value: Value) -> bool:
        home = self.outline.home[value]
        mirror = self._mirror_of(home) if self._mirrored(home) else None
        return mirror is not None and value in mirror.fetched

    def _mirror_of(self, home: Scope) -> Mirror:
        """The innermost block being swept that belongs to a scope."""
        found = None
        for mirror in self.mirrors:
            if any(s is mirror.statement and slot in (mirror.slot, "test") for s, slot in home):
                found = mirror
        assert found is not None
        return found

    def _counted(self, value: Value, loops: list[Mirror]) -> Atom:
        """An integer that every trip changes by the same number, from the number of the trip."""
        ctx = self.ctx
        start, step = self.saver.costs.induction(value)  # type: ignore[misc]
        loop = self.outline.defined[value]
        mirror = next(m for m in self.mirrors if m.statement is loop)
        first = self.fetch(start, loop)  # type: ignore[arg-type]
        outer, ctx.block = ctx.block, mirror.prelude
        made = ctx.value(ctx.types[value], base=value)
        with ctx.at(loop.loc.backward()):  # type: ignore[union-attr]
            ctx.op("add", first, ctx.op("multiply", self._trip(mirror), Const(step)), target=made)
        ctx.block = outer
        return made

    def _trip(self, mirror: Mirror) -> Atom:
        """How many trips came before the one that is being swept."""
        loop = mirror.statement
        assert mirror.number is not None
        if not isinstance(loop, For) or mirror.index is not mirror.number or loop.start == Const(0) and loop.step == Const(1):
            return mirror.number
        sign = loop.step.value  # type: ignore[union-attr]
        start = self.fetch(loop.start, loop)
        return self.ctx.op("subtract", mirror.index, start) if sign > 0 else self.ctx.op("subtract", start, mirror.index)

    def _recompute(self, value: Value, statement: Any, mirror: Mirror) -> Atom:
        ctx = self.ctx
        made = ctx.value(ctx.types[value], base=value)
        if isinstance(statement, Assign):
            args = tuple(self.fetch(a, statement) for a in statement.args)
            mirror.prelude.append(Assign(made, statement.op, args, statement.static, statement.loc.backward()))
        else:
            assert isinstance(statement, Read)
            base = self.fetch(statement.base, statement)
            index = statement.index.replaced(lambda a: self.fetch(a, statement))
            mirror.prelude.append(Read(made, base, index, statement.loc.backward()))  # type: ignore[arg-type]
        ctx.origin[made] = mirror.prelude[-1]
        self.shapes.equate(made, value)
        if value not in self.saver.recomputed:
            self.saver.recomputed.append(value)
        return made

    def _from_tape(self, value: Value, loops: list[Mirror], at: Statement | None) -> Atom:
        """The value as it was kept in this trip."""
        ctx = self.ctx
        statements = [m.statement for m in loops]
        tape = self.saver.tape(value, statements, at, value if at is not None else None)
        mirror = self._mirror_of(self.outline.scope[id(at)] if at is not None else self.outline.home[value])
        key = (value, id(at))
        if at is not None and key in mirror.fetched:
            return mirror.fetched[key]  # type: ignore[index]
        where = self._tape_here(tape)
        made = ctx.value(ctx.types[value], base=value)
        outer, ctx.block = ctx.block, mirror.prelude
        with ctx.at((self.outline.defined[value] or statements[0]).loc.backward()):
            if tape.kind == "block":
                ctx.add(Read(made, where, Index(tuple(m.number for m in loops)), ctx.loc))  # type: ignore[arg-type]
            else:
                position = self.position(loops)
                if tape.kind == "stack":
                    ctx.add(Read(made, where, Index((position,)), ctx.loc))
                else:
                    ctx.op("item", where, position, target=made)
        ctx.block = outer
        self.shapes.equate(made, value)
        if at is not None:
            mirror.fetched[key] = made  # type: ignore[index]
        return made

    def _tape_here(self, tape: Any) -> Value:
        """The name a tape has where the gradient stands: inside the loop, or after it."""
        inside = any(s is tape.loops[-1] for s, _ in self.here)
        return tape.inside if inside else self.saver.export(tape.after, self.here)

    def position(self, loops: list[Mirror]) -> Atom:
        """The place of this trip in a tape that counts all trips of the innermost loop."""
        if len(loops) == 1:
            return self._trip(loops[0])
        found = self.cot[("count", id(loops[-1].statement))]
        return found

    def fetch_shape(self, value: Value) -> Atom:
        """The shape of an array, as a value of type Shape."""
        like = self.visible_like(value)
        if like is not None:
            return self.ctx.op("shape", like)
        statement = self.outline.defined[value]
        assert statement is not None
        made = self.saver.shape_of(value)
        return self.fetch(made, statement)

    # ------------------------------------------------------------------ statements

    def take(self, value: Value | None) -> Atom | None:
        """The finished cotangent of a value, which is not needed any more."""
        if value is None:
            return None
        return self.cot.pop(value, None)

    def reverse(self, statement: Assign | Read | Store) -> None:
        """The cotangents of one plain statement."""
        with self.ctx.at(statement.loc.backward()):
            match statement:
                case Assign():
                    self._assign(statement)
                case Read():
                    self._read(statement)
                case Store():
                    self._store(statement)

    def _assign(self, s: Assign) -> None:
        if s.target is None or s.target not in self.active:
            return
        if self.is_alias(s.target):
            return
        dy = self.take(s.target)
        if dy is None:
            return
        if not s.op.elementwise:
            dy = self.whole(s.target, dy)
        active = sum(1 for a in s.args if isinstance(a, Value) and a in self.active)
        for name, arg in zip(s.op.arguments, s.args, strict=True):
            if not isinstance(arg, Value) or arg not in self.active or name in s.op.zeros:
                continue
            if s.op.name == "sum_all" and isinstance(self.ctx.types[arg], Array):
                self.contribute(arg, dy)
                continue
            rule = s.op.adjoints.get(name)
            if rule is None:
                called = getattr(s.op, "opaque", s.op.name)
                self.problems.append((s.loc, f"no derivative is known for `{called}`: write it with functions that have one, or cut the trace with stop_gradient"))
                continue
            # Once written out as an array, the cotangent is that array for the other operands too.
            given, dy = (dy, dy) if s.op.name == "copy" else self._spread(s, rule, dy, arg)
            alone = active == 1 and (s.target in self.in_memory or dy in self.own)
            owned = self.is_own(given, dy, alone)
            if not owned and isinstance(dy, Value):
                self.own.discard(dy)  # what was only this result's may now be an operand's too
            self.contribute(arg, given, owned=owned)

    def _spread(self, s: Assign, rule: Any, dy: Atom, arg: Value) -> tuple[Atom, Atom]:
        """What a rule gives, with an entry for every element that the operand was spread over; and ``dy`` as used.

        A cotangent that is the same for every element is one number; where the operand was broadcast and
        nothing else in the rule has the shape of the result, that number stands for a sum over all of them.
        """
        start = len(self.ctx.block)
        made = self.apply_rule(s, rule, dy)
        target = s.target
        assert target is not None
        if not isinstance(self.ctx.types[target], Array) or isinstance(self.ctx.type_of(dy), Array):
            return made, dy
        if isinstance(self.ctx.type_of(made), Array):
            if self.shapes.same(made, target):
                return made, dy
        elif self.shapes.same(arg, target):
            return made, dy
        elif isinstance(self.ctx.types[arg], Scalar) and (like := self.visible_like(target)) is not None:
            return self.ctx.op("multiply", made, self.ctx.op("size", like)), dy
        del self.ctx.block[start:]
        dy = self.whole(target, dy)
        return self.apply_rule(s, rule, dy), dy

    def _read(self, s: Read) -> None:
        if s.target not in self.active or self.is_alias(s.target):
            return
        dy = self.take(s.target)
        if dy is None:
            return
        shadow = self.shadow(s.base)
        index = s.index.replaced(lambda a: self.fetch(a, s))
        dy = self.fit(s.target, dy)
        self._add_element(shadow, index, dy)

    def _add_element(self, shadow: Value, index: Index, dy: Atom) -> None:
        """Add to a place of a shadow; together with what was just added to the same place, or instead of
        the zero that was just put there."""
        block = self.ctx.block
        sign, dy = self._signed(dy)
        mode = "add"
        for k in range(len(block) - 1, -1, -1):
            old = block[k]
            if isinstance(old, Store) and old.base == shadow:
                if old.index == index and not isinstance(self.ctx.type_of(old.value), Array):
                    if old.mode == "set":
                        if not isinstance(old.value, Const) or old.value.value != 0:
                            break
                        del block[k]
                        mode = "set"
                        break
                    if (old.mode == "add") == (sign > 0):  # a difference reads better as two lines
                        del block[k]
                        dy = self.ctx.op("add", dy, old.value)
                    break
                if not self._apart(old.index, index):
                    break
                continue
            scalar = isinstance(old, Assign | Read) and isinstance(self.ctx.types.get(old.target), Scalar)  # type: ignore[arg-type]
            if not scalar or isinstance(old, Read) and old.base not in self.outline.home or isinstance(old, Assign) and old.op.effect:
                break
        if mode == "set" and sign < 0:
            dy = self.ctx.op("negative", dy)
        self.ctx.store(shadow, index, dy, mode if mode == "set" or sign > 0 else "sub")

    def _signed(self, dy: Atom) -> tuple[int, Atom]:
        """A cotangent without the sign that was put to it last."""
        made = self.ctx.origin.get(dy) if isinstance(dy, Value) else None
        if isinstance(made, Assign) and made.op.name == "negative" and dy not in self.cot.values():
            block = self.ctx.block
            for k in range(len(block) - 1, -1, -1):
                if block[k] is made:
                    del block[k]
                    return -1, made.args[0]
                if blocks_of(block[k]) or dy in atoms_read(block[k]):
                    break  # something else needs it
        return 1, dy

    def _apart(self, a: Index, b: Index) -> bool:
        """Whether two element indices are certainly different places."""
        for x, y in zip(a.entries, b.entries, strict=False):
            if isinstance(x, Const) and isinstance(y, Const) and x.value != y.value and (x.value < 0) == (y.value < 0):
                return True
            for one, other in ((x, y), (y, x)):
                made = self.ctx.origin.get(one) if isinstance(one, Value) else None
                if isinstance(made, Assign) and made.op.name in ("add", "subtract") and made.args[0] == other:
                    if isinstance(made.args[1], Const) and 0 < abs(made.args[1].value) <= self._least(other):
                        return True
        return False

    def _least(self, atom: Atom) -> int:
        """The least value of a counter that starts at a literal, else -1; below it an index would wrap around."""
        for mirror in self.mirrors:
            loop = mirror.statement
            if mirror.index == atom and isinstance(loop, For) and isinstance(loop.start, Const) and loop.step == Const(1):
                return loop.start.value  # type: ignore[return-value]
        return -1

    def _store(self, s: Store) -> None:
        ctx = self.ctx
        if s.base not in self.active:
            return
        holder = self.holder(s.base)
        if holder not in self.cot:
            return  # nothing after this store has read the memory
        shadow = self.shadow(s.base)
        index = s.index.replaced(lambda a: self.fetch(a, s))
        kind = index.kind(ctx.types[s.base].ndim)
        useful = isinstance(s.value, Value) and s.value in self.active
        value_type = ctx.type_of(s.value)
        taken: Atom | None = None
        if kind == "gather":
            where = index.entries[0].array  # type: ignore[union-attr]
            if useful:
                taken = ctx.op("withdraw", shadow, where)
            else:
                ctx.effect("withdraw", shadow, where)
        else:
            if useful:
                full = index == full_index(ctx.types[shadow])
                taken = shadow if full else ctx.read(shadow, index)
                if kind == "view":
                    self.shapes.derive(taken, index, s.base)
                    if isinstance(value_type, Scalar):
                        taken = ctx.op("sum_all", taken)
                    else:
                        taken = ctx.op("copy", taken)  # the shadow changes below, and later
                        self.shapes.derive(taken, index, s.base)
            if s.mode == "set":
                ctx.store(shadow, index, Const(0.0) if ctx.types[s.base].dtype == "float64" else Const(0.0, "float32"), "set")
        if useful and taken is not None:
            if s.mode == "sub":
                taken = ctx.op("negative", taken)
            self.contribute(s.value, taken, owned=True)

    def is_own(self, cotangent: Atom, dy: Atom, dy_is_own: bool) -> bool:
        """Whether a rule's result is memory that nothing else holds: new, or ``dy`` where only this gets it."""
        while isinstance(cotangent, Value) and cotangent != dy:
            made = self.ctx.origin.get(cotangent)
            if not isinstance(made, Assign):
                return False
            if not made.op.view and made.op.name not in ("relabel", "detach", "sum_to"):
                return True
            cotangent = made.args[0]
        return dy_is_own

    # ------------------------------------------------------------------ rules

    def apply_rule(self, s: Assign, rule: Any, dy: Atom) -> Atom:
        """The cotangent that a rule gives: written out where it is one expression, else called."""
        names = body_of(rule).args.args
        static = dict(s.static)
        by_name = dict(zip(s.op.arguments, s.args, strict=True))
        argument = next(n for n, r in s.op.adjoints.items() if r is rule)
        given: dict[str, Any] = {}
        for parameter in (a.arg for a in names):
            if parameter == "dy":
                given[parameter] = dy
            elif parameter == "y":
                given[parameter] = self.fetch(s.target, s)  # type: ignore[arg-type]
            elif parameter in static:
                given[parameter] = static[parameter]
            elif parameter in by_name:
                given[parameter] = self.fetch(by_name[parameter], s)
            else:
                given[parameter] = self.fetch_shape(by_name[parameter.removesuffix("_shape")])  # type: ignore[arg-type]
        types_given = [self.ctx.types[v] for v in given.values() if isinstance(v, Value)]
        arrays = any(isinstance(t, Array) for t in types_given)
        if is_expression(rule, frozenset(static), arrays) and not any(isinstance(t, Shape) for t in types_given):
            made = self._write_out(rule, given, static)
            if not s.op.elementwise and isinstance(self.ctx.type_of(made), Array):
                self.shapes.equate(made, by_name[argument])  # type: ignore[arg-type]
            return made
        primitive = rule_primitive(s.op, rule)
        atoms = [v for n, v in given.items() if n not in static]
        types = [self.ctx.type_of(a) for a in atoms]
        type_ = self.ctx.types[by_name[argument]]  # type: ignore[index]
        if s.op.elementwise:
            numbers = [t for t in types if isinstance(t, Array)]
            type_ = Array(type_.dtype, max(t.ndim for t in numbers)) if numbers else Scalar(type_.dtype)
        else:
            type_ = Array(type_.dtype, type_.ndim) if isinstance(type_, Array) else Scalar(type_.dtype)
        target = self.ctx.value(type_)
        chosen = tuple(sorted((n, v) for n, v in static.items() if n in given))
        self.ctx.add(Assign(target, primitive, tuple(atoms), chosen, self.ctx.loc))
        if s.op.elementwise:
            self.shapes.elementwise(target, atoms)
        elif isinstance(type_, Array):
            self.shapes.equate(target, by_name[argument])  # type: ignore[arg-type]
        return target

    def _reuse(self, start: int, result: Any) -> Any:
        """The statements of a rule from ``start`` on, with what the forward sweep has computed already.

        The derivative of the cosine is a sine; where the program has that sine of the same value, it is kept
        (or still there) anyway, and cheaper to fetch than to compute.
        """
        found: dict[Value, Atom] = {}
        kept: list[Statement] = []
        for statement in self.ctx.block[start:]:
            other = _times_one(statement)
            if other is not None and isinstance(self.ctx.types.get(statement.target), Array) and self.ctx.type_of(other).dtype == self.ctx.types[statement.target].dtype:
                if any(getattr(s, "target", None) == other for s in kept):
                    found[statement.target] = other  # made by this rule: nothing else has it
                else:
                    kept.append(Assign(statement.target, self.ctx.known("copy"), (other,), (), statement.loc))  # type: ignore[arg-type]
                    self.ctx.origin[statement.target] = kept[-1]
                continue
            if isinstance(statement, Assign) and isinstance(self.ctx.types.get(statement.target), Scalar):
                key = (statement.op.name, tuple(self.fetched_from.get(a, a) for a in statement.args), statement.static)
                forward = self.forward_values.get(key) if statement.op.name not in COSTS else None
                if forward is not None and self._in_reach(forward):
                    found[statement.target] = self.fetch(forward, self.outline.defined[forward])  # type: ignore[index, arg-type]
                    continue
            kept.append(statement)
        self.ctx.block[start:] = renamed(tuple(kept), found)
        for statement in self.ctx.block[start:]:
            if isinstance(statement, Assign | Read) and statement.target is not None:
                self.ctx.origin[statement.target] = statement
        return found.get(result, result)

    def _in_reach(self, value: Value) -> bool:
        """Whether a forward value belongs to the blocks being swept, or to what is around them."""
        swept = {(id(m.statement), m.slot) for m in self.mirrors}
        return all((id(s), slot) in swept or any(s is t and slot == other for t, other in self.here) for s, slot in self.outline.home[value])

    def _write_out(self, rule: Any, given: dict[str, Any], static: dict[str, Any]) -> Atom:
        from_rule = {n: (Const(v) if n in static and isinstance(v, bool | int | float) else Static(v) if n in static else v) for n, v in given.items()}
        start = len(self.ctx.block)
        result = splice(self.ctx, closure_of(self.ctx, rule), (), from_rule, composite=True)
        result = self._reuse(start, result)
        for made in self.ctx.block[start:]:
            self.shapes.visit(made)
        if not isinstance(result, Value | Const):
            raise InternalError(f"the rule {rule.__name__} gave {result!r}")
        return result


def _times_one(statement: Statement) -> Any:
    """The other factor of a product with the literal 1."""
    if not isinstance(statement, Assign) or statement.op.name != "multiply":
        return None
    a, b = statement.args
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Const) and one.value == 1 and isinstance(other, Value):
            return other
    return None


_expression_rules: dict[Any, bool] = {}
_rule_primitives: dict[Any, Primitive] = {}


def is_expression(rule: Any, static: frozenset, arrays: bool) -> bool:
    """Whether a rule is one expression once its static parameters are known; on arrays, one without a choice."""
    key = (rule, static, arrays)
    if key not in _expression_rules:
        tree = body_of(rule).parsed.source.tree
        choices = all(_is_static_choice(s, static) for s in tree.body if not _is_docstring(s))
        by_element = arrays and any(isinstance(n, ast.IfExp | ast.BoolOp | ast.Not) for n in ast.walk(tree))
        _expression_rules[key] = choices and not by_element and not _calls_kernels(rule, tree)
    return _expression_rules[key]


def _calls_kernels(rule: Any, tree: Any) -> bool:
    """Whether a rule calls a plain function of loops, which stays a call."""
    called = (n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
    return any(getattr(rule.__globals__.get(name), "is_kernel", False) for name in called)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_static_choice(node: ast.stmt, static: frozenset) -> bool:
    if isinstance(node, ast.Return):
        return not any(isinstance(n, ast.GeneratorExp | ast.ListComp) for n in ast.walk(node))
    if isinstance(node, ast.If):
        names = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
        return names <= static and all(_is_static_choice(s, static) for s in (*node.body, *node.orelse))
    return False


def rule_primitive(op: Primitive, rule: Any) -> Primitive:
    """A rule as an operation that is called by its name."""
    found = _rule_primitives.get(rule)
    if found is None:
        parameters = [a.arg for a in body_of(rule).args.args]
        found = Primitive(
            rule, (), static=tuple(p for p in parameters if p in op.static), elementwise=op.elementwise, floats=False,
            boolean=False, view=False, effect=False, methods=(), attributes=(),
        )  # fmt: skip
        found.name = rule.__name__
        _rule_primitives[rule] = found
    return found


def full_index(type_: Array) -> Index:
    """All of an array."""
    return Index((Span(),) * type_.ndim)
