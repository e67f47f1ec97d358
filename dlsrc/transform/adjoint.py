"""The reverse sweep: each statement of the forward program, last first, gives its cotangents.

    forward           y = sin(x)              backward      dx += dy * cos(x)
                      y[i] = e                              de += dy[i]; dy[i] = 0
                      v = x[1:]                             dv is dx[1:]

The cotangent of a value that is only ever computed with is a value itself; that of an array which is
indexed, viewed, written or used inside a loop is a *shadow*: memory of the same shape, into which
cotangents are added.  A view's shadow is the same view of its base's shadow.

Rules come from the primitives: see `rules`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..kernels.declaring.coverage import reason_of
from ..kernels.primitive import Primitive
from ..kernels.types import Array, Scalar
from .derivatives.custom import CustomRule
from .ir import (
    NEWAXIS, Assign, Atom, Block, Const, For, Gradient, Index, Read, Statement, Store, Value, literal,
)
from .sweep.shadows import full_index, shows_all
from .sweep.taped import Taped

__all__ = ["Sweep", "no_derivative"]


def no_derivative(op: Primitive, argument: str) -> str:
    """The message where a derivative by an argument is asked for that is not known."""
    called = getattr(op, "opaque", op.name)
    instead = reason_of(getattr(op, "numba_knows", None))
    instead = f" ({instead})" if instead else ""
    return op.unknowns.get(argument) or (
        f"no derivative is known for `{called}`{instead}: write it with functions that have one, or cut the "
        "trace with stop_gradient"
    )


class Sweep(Taped):
    """One reverse sweep: the state that the statements before have left."""

    reverse_block: Callable[[Block], None]  # set by `control`, which walks the blocks
    finished: bool                          # whether every target is captured; set there, too

    def __init__(self, *facts: Any):
        super().__init__(*facts)
        self.captured: dict[Atom, Atom] = {}
        self.problems: list[tuple[Any, str]] = []
        self.chains: dict[Any, list[Statement]] = {}  # the loops around each trip counter
        self.alone = sum(isinstance(s, Gradient) for s in self.outline.statements) == 1
        self.early: dict[Value, tuple[Statement, list[Statement]]] = {}  # shadows made before a forward loop

    def reverse(self, statement: Assign | Read | Store) -> None:
        """The cotangents of one plain statement."""
        with self.ctx.at(statement.loc.backward(self.ctx.order)):
            match statement:
                case Assign():
                    self._assign(statement)
                case Read():
                    self._read(statement)
                case Store():
                    self._store(statement)

    def _assign(self, s: Assign) -> None:
        dy = None if self.taped(s) else self.take(s.target)
        if dy is None:
            return
        if self.masks.of_whole(dy):
            self.masks.note(dy, True)
        if not s.op.elementwise:
            dy = self.whole(s.target, dy)
        if isinstance(s.op, CustomRule):
            self._custom(s, s.op, dy)
            return
        active = sum(a in self.active for a in s.args)
        for name, arg in zip(s.op.arguments, s.args, strict=True):
            if arg not in self.active or name in s.op.zeros:
                continue
            assert isinstance(arg, Value)
            if s.op.name == "sum_all":
                self.contribute(arg, dy)
                continue
            rule = s.op.adjoints.get(name)
            if rule is None:
                self.problems.append((s.loc, no_derivative(s.op, name)))
                continue
            # Once written out as an array, the cotangent is that array for the other operands too.
            given, dy = (dy, dy) if s.op.name == "copy" else self._spread(s, rule, dy, arg)
            alone = active == 1 and (s.target in self.in_memory or dy in self.own)
            owned = self.is_own(given, dy, alone)
            self.own.discard(dy)  # what was only this result's may now be an operand's too
            self.contribute(arg, given, owned=owned)

    def _custom(self, s: Assign, op: CustomRule, dy: Atom) -> None:
        """A rule of the user's own: its statements, with fresh values, give the cotangents."""
        arguments, residuals = s.args[1 : op.count + 1], s.args[op.count + 1 :]
        if op.refusals and any(residuals[k] in self.active for k in op.watched):
            self.problems.append((s.loc, op.refusals[0]))
        given: dict[Value, Atom] = {op.pullback.dy: dy}
        for placeholder, residual in zip(op.pullback.free, residuals, strict=True):
            # The result among the residuals is the one that has this rule.
            given[placeholder] = self.fetch(s.target if residual == s.args[0] else residual, s)
        block, results = op.pullback.instance(self.ctx, given)
        for statement in block:
            self.ctx.add(statement)
            self.shapes.visit(statement)
        for argument, result in zip(arguments, results, strict=True):
            self.contribute(argument, result)

    def _spread(self, s: Assign, rule: Any, dy: Atom, arg: Value) -> tuple[Atom, Atom]:
        """What a rule gives, an entry for every element that the operand was spread over; and ``dy`` as used.

        A cotangent that is the same for every element is one number; where the operand was broadcast and
        nothing else in the rule has the shape of the result, that number stands for a sum over all of them.
        """
        made = self.apply_rule(s, rule, dy)
        target = s.target
        assert target is not None
        if type(self.ctx.types[target]) is type(self.ctx.type_of(dy)):
            return made, dy
        if isinstance(self.ctx.type_of(made), Array):
            if self.same_shape(made, target):
                return made, dy
        elif self.same_shape(arg, target):
            return made, dy
        elif isinstance(self.ctx.types[arg], Scalar) and (like := self.visible_like(target)) is not None:
            return self.ctx.op("multiply", made, self.ctx.op("size", like)), dy
        dy = self.whole(target, dy)
        return self.apply_rule(s, rule, dy), dy

    def _read(self, s: Read) -> None:
        dy = self.take(s.target)
        if dy is None:
            return
        holder = self.holder(s.base)
        new = holder not in self.cot
        shadow = self.shadow(s.base)
        index = s.index.replaced(lambda a: self.fetch(a, s))
        if isinstance(self.ctx.types[s.target], Scalar):
            self._add_element(shadow, index, dy)
            return
        self.ctx.store(shadow, index, dy, "add")
        if holder not in self.twins and (self.masks.of_whole(dy) or not shows_all(index)):
            # A mask or a slice: the rest was not picked.
            self.masks.pick(self.cot[holder], new)

    def _add_element(self, shadow: Value, index: Index, dy: Atom) -> None:
        """Add to an element of a shadow, in one statement with what was put there or added before.

            dx[i] = 0.0
            dx[i - 1] += a       →      dx[i - 1] += a
            dx[i] += b                  dx[i] = b
        """
        block = self.ctx.block
        mode = "add"
        for k in reversed(range(len(block))):
            old = block[k]
            if isinstance(old, Store) and old.base == shadow:
                if old.index == index:
                    del block[k]
                    mode = old.mode
                    dy = self.ctx.op("add", dy, old.value)  # and this place is not apart: it ends here
                if not self._apart(old.index, index):
                    break
            elif not self._is_of_numbers(old):
                break
        self.ctx.store(shadow, index, dy, mode)

    def _is_of_numbers(self, s: Statement) -> bool:
        """Whether a statement computes a number from numbers: it reads and writes no shadow."""
        if not isinstance(s, Assign):
            return False
        types = self.ctx.types
        for atom in (s.target, *s.args):
            if type(atom) is not Const and type(types.get(atom)) is not Scalar:  # type: ignore[arg-type]
                return False
        return True

    def _apart(self, a: Index, b: Index, every_trip: bool = False) -> bool:
        """Whether two indices certainly name two places: 0 and 1; in one trip i - 1 and i, with i from 1."""
        axes = [[self._offset(e) for e in index.entries if e is not NEWAXIS] for index in (a, b)]
        return any(
            x == y and self._differ(x, i, j) and (x is None or not every_trip)
            for (x, i), (y, j) in zip(*axes, strict=False)
        )

    def _differ(self, counter: Any, i: int, j: int) -> bool:
        """Whether a counter plus i and plus j are two places; negative ones count from the end."""
        least = self._least(counter)
        from_start = least is not None and least + min(i, j) >= 0
        return i != j and (from_start or counter is None and max(i, j) < 0)

    def _offset(self, entry: Any) -> tuple[Any, int]:
        """An index as what a literal is added to, and the literal."""
        if isinstance(entry, Const):
            return None, int(entry.value)
        match self.ctx.origin.get(entry):
            case Assign(op=op, args=(Value() as counter, Const(value=int(far)))):
                if op.name in ("add", "subtract"):
                    return counter, far if op.name == "add" else -far
        return entry, 0

    def _counters(self, index: Index) -> Index:
        """An index without the literals that are added: what it may be in any trip."""
        return Index(tuple(self._offset(entry)[0] or entry for entry in index.entries))

    def _least(self, counter: Any) -> int | None:
        """The least value of the counter of a loop that starts at a literal; None of any other."""
        if counter is None:
            return 0
        for mirror in self.mirrors:
            match mirror.statement:
                case For(start=Const(value=int(start)), step=Const(1)) if mirror.index == counter:
                    return start
        return None

    def _store(self, s: Store) -> None:
        ctx = self.ctx
        holder = self.holder(s.base)
        if holder not in self.cot and holder not in self.twins:
            return  # nothing after this store has read the memory
        shadow = self.shadow(s.base)
        index = s.index.replaced(lambda a: self.fetch(a, s))
        known = index if s.base is holder else None
        apart = partial(self._apart, every_trip=True)  # what other trips have emptied counts, too
        masked = holder in self.twins or self.masks.of_part(self.cot[holder], known, apart, self._counters)
        taken: Atom | None = None
        if index.kind(ctx.types[s.base].ndim) == "gather" and s.mode == "set":
            taken = ctx.op("withdraw", shadow, index.entries[0].array)
            self.shapes.derive(taken, index, s.base)
        else:
            if s.value in self.active:
                taken = self._part(s, shadow, index)
            if s.mode == "set":
                ctx.store(shadow, index, literal(0.0, ctx.types[s.base].dtype), "set")
        if s.mode == "set" and holder not in self.twins:
            self.masks.zeroed.setdefault(self.cot[holder], {})[known] = None
        if taken is not None:
            if s.mode == "sub":
                taken = ctx.op("negative", taken)
            self.masks.note(taken, masked)
            self.contribute(s.value, taken, owned=True)

    def _part(self, s: Store, shadow: Value, index: Index) -> Atom:
        """The cotangent of what a store has put or added; of an array a copy, as the shadow changes later."""
        ctx = self.ctx
        part: Atom = shadow if index == full_index(ctx.types[shadow]) else ctx.read(shadow, index)
        if index.kind(ctx.types[s.base].ndim) == "view":
            part = ctx.op("sum_all" if isinstance(ctx.type_of(s.value), Scalar) else "copy", part)
        self.shapes.derive(part, index, s.base)
        return part
