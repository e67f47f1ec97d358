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
from typing import Any

from ..kernels.declaring.coverage import reason_of
from ..kernels.primitive import Primitive
from ..kernels.types import Array, Scalar
from .derivatives.custom import CustomRule
from .ir import (
    Assign, Atom, Block, Const, For, Gradient, Index, Read, Statement, Store, Value, atoms_read, blocks_of,
    literal,
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

    def __init__(self, *facts: Any):
        super().__init__(*facts)
        self.captured: dict[Atom, Atom] = {}
        self.finished = False                      # whether every target is captured
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
        if self.taped(s):
            return
        dy = self.take(s.target)
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
            if not owned:
                self.own.discard(dy)  # what was only this result's may now be an operand's too
            self.contribute(arg, given, owned=owned)

    def _custom(self, s: Assign, op: CustomRule, dy: Atom) -> None:
        """A rule of the user's own: its statements, with fresh values, give the cotangents."""
        arguments, residuals = s.args[1 : op.count + 1], s.args[op.count + 1 :]
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
        dy = self.take(s.target)
        if dy is None:
            return
        holder = self.holder(s.base)
        new = holder not in self.cot
        shadow = self.shadow(s.base)
        index = s.index.replaced(lambda a: self.fetch(a, s))
        masked = self.masks.of_whole(dy)
        dy = self.fit(s.target, dy)
        self._add_element(shadow, index, dy)
        if isinstance(self.ctx.types[s.target], Array):
            if holder not in self.twins and (masked or not shows_all(index)):
                # A mask or a slice: the rest was not picked.
                self.masks.pick(self.cot[holder], new)

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
            scalar = isinstance(old, Assign | Read) and isinstance(self.ctx.types.get(old.target), Scalar)
            if (
                not scalar or isinstance(old, Read)
                and self._of_sweep(old.base)
                or isinstance(old, Assign)
                and (old.op.effect or any(self._of_sweep(a) for a in old.args))
            ):
                break
        if mode == "set" and sign < 0:
            dy = self.ctx.op("negative", dy)
        self.ctx.store(shadow, index, dy, mode if mode == "set" or sign > 0 else "sub")

    def _of_sweep(self, atom: Atom) -> bool:
        """Whether this is an array that the sweep made: perhaps the shadow, or a view of it."""
        return (
            isinstance(atom, Value) and isinstance(self.ctx.types[atom], Array)
            and (atom not in self.outline.home or atom in self.twins.values())
        )

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
            if (
                isinstance(x, Const) and isinstance(y, Const) and x.value != y.value
                and (x.value < 0) == (y.value < 0)
            ):
                return True
            for one, other in ((x, y), (y, x)):
                made = self.ctx.origin.get(one) if isinstance(one, Value) else None
                if isinstance(made, Assign) and made.op.name in ("add", "subtract") and made.args[0] == other:
                    if isinstance(made.args[1], Const) and 0 < abs(made.args[1].value) <= self._least(other):
                        return True
        return False

    def _least(self, atom: Atom) -> int:
        """The least value of a counter that starts at a literal, else -1; below it an index would wrap."""
        for mirror in self.mirrors:
            loop = mirror.statement
            if (
                mirror.index == atom and isinstance(loop, For) and isinstance(loop.start, Const)
                and loop.step == Const(1)
            ):
                return loop.start.value  # type: ignore[return-value]
        return -1

    def _store(self, s: Store) -> None:
        ctx = self.ctx
        if s.base not in self.active:
            return
        holder = self.holder(s.base)
        if holder not in self.cot and holder not in self.twins:
            return  # nothing after this store has read the memory
        shadow = self.shadow(s.base)
        index = s.index.replaced(lambda a: self.fetch(a, s))
        kind = index.kind(ctx.types[s.base].ndim)
        useful = isinstance(s.value, Value) and s.value in self.active
        value_type = ctx.type_of(s.value)
        taken: Atom | None = None
        known = index if s.base is holder else None
        masked = holder in self.twins or self.masks.of_part(self.cot[holder], known, self._apart)
        if kind == "gather" and s.mode == "set":
            where = index.entries[0].array
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
                ctx.store(shadow, index, literal(0.0, ctx.types[s.base].dtype), "set")
        if s.mode == "set" and holder not in self.twins:
            self.masks.zeroed.setdefault(self.cot[holder], {})[known] = None
        if useful and taken is not None:
            if s.mode == "sub":
                taken = ctx.op("negative", taken)
            self.masks.note(taken, masked and taken is not shadow)
            self.contribute(s.value, taken, owned=True)
