"""The same program with fewer operations: literals, equal values, copies, tests that are decided.

One walk forward.  An operation that is equal to a value or literal is replaced by it, one that was
already computed in a surrounding block is not computed again, a loop no longer carries what it does not
change, a branch whose condition is known becomes its side.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ...kernels.primitive import registry
from ...kernels.types import Array, Scalar
from ...records import replace
from ..facts.regions import Regions, written_by
from ..ir import (
    UNBOUND, Assign, Atom, Block, Carry, Check, Const, For, Gradient, If, Merge, Program,
    Raise, Read, Show, Statement, Store, Value, While, atoms_read, walk,
)
from .algebra import folded, simpler
from .alike import alike, as_key, changed
from .never import is_never_true, may_be_unbound

__all__ = ["fold"]


def fold(program: Program, *, to_sweep: bool = False) -> Program:
    """One pass over a program; values that are no longer needed stay, see ``dead``, and `simplify`."""
    folder = _Folder(program, to_sweep)
    body = folder.block(program.body)
    returns = tuple(folder.now(a) for a in program.returns)
    return replace(program, body=body, returns=returns, types=folder.types)


class _Folder:
    def __init__(self, program: Program, to_sweep: bool):
        self.program = program
        self.to_sweep = to_sweep
        self.branch_scopes = [0]                 # how many scopes are around the innermost branch
        self.types = dict(program.types)
        self.known: dict[Value, Atom] = {}       # values that are another value or a literal
        self.made: dict[Value, Assign] = {}
        self.uses = Counter(a for s in walk(program.body) for a in atoms_read(s) if isinstance(a, Value))
        self.uses.update(a for a in program.returns if isinstance(a, Value))
        self.seen: list[dict[tuple, Value | bool]] = [{}]
        self.regions = Regions(program, self.types)
        self.returned = {a for a in program.returns if isinstance(a, Value)}
        self.written = {v for s in walk(program.body) for v in written_by(s)}
        self.written_regions: set[Value] = set()
        self.as_of = -1
        self.version: dict[Value, int] = {}
        self.clock = 0
        self.kept: list[Statement] = []          # the block at hand, as far as it is done
        self.number = max((v.number for v in program.types), default=0)

    # ------------------------------------------------------------------ values

    def now(self, atom: Atom) -> Any:
        while isinstance(atom, Value) and atom in self.known:
            atom = self.known[atom]
        return atom

    def type_of(self, atom: Atom) -> Any:
        return self.types[atom] if isinstance(atom, Value) else self.program.type_of(atom)

    def made_by(self, atom: Atom) -> Assign | None:
        """The operation that gave an atom; none where it, or what it was made of, is written to."""
        if not isinstance(atom, Value):
            return None
        made = self.made.get(atom)
        if made is not None and any(
            self.is_written(a) for a in (atom, *made.args) if self.regions.is_memory(a)
        ):
            return None
        return made

    def is_written(self, array: Any) -> bool:
        if self.regions.joins != self.as_of:
            self.written_regions = {self.regions.find(v) for v in self.written}
            self.as_of = self.regions.joins
        return self.regions.find(array) in self.written_regions

    def may_share(self, source: Atom, target: Value, statement: Assign) -> bool:
        """Whether an array may be the other's memory instead of a copy: nobody writes to either.

        A sweep that is still to come writes to their shadows, though: for it, only what is one anyway is one.
        """
        if not isinstance(self.types[target], Array):
            return True
        if not isinstance(source, Value) or (self.to_sweep and not statement.op.view):
            return False
        both = {self.regions.find(source), self.regions.find(target)}
        if any(self.regions.find(v) in both for v in (*self.written, *self.returned)):
            return False
        self.regions.join(source, target)
        return True

    def fresh(self, like: Value) -> Value:
        self.number += 1
        made = Value(self.number, base=like.base, form=like.form)
        self.types[made] = self.types[like]
        return made

    # ------------------------------------------------------------------ what is already computed

    def find(self, key: tuple, outermost: int = 0) -> Any:
        for scope in reversed(self.seen[outermost:]):
            if key in scope:
                return scope[key]
        return None

    def moment(self, array: Value) -> tuple:
        """The memory of an array, and when it was last written to."""
        region = self.regions.find(array)
        return region, self.version.get(region, 0)

    def write(self, arrays: Iterable[Value]) -> None:
        for array in arrays:
            self.clock += 1
            self.version[self.regions.find(self.now(array))] = self.clock

    def written_in(self, *blocks: Block) -> list[Value]:
        return [v for block in blocks for s in walk(block) for v in written_by(s)]

    # ------------------------------------------------------------------ blocks

    def inner(self, block: Block) -> Block:
        self.seen.append({})
        try:
            return self.block(block)
        finally:
            self.seen.pop()

    def block(self, block: Block) -> Block:
        outer = self.kept
        kept: list[Statement] = []
        for statement in block:
            self.kept = kept
            kept += self.statement(statement)
        self.kept = outer
        if len(kept) == len(block) and all(a is b for a, b in zip(kept, block, strict=True)):
            return block
        return tuple(kept)

    def statement(self, statement: Statement) -> list[Statement]:
        match statement:
            case Assign():
                return self.assign(statement)
            case Read():
                return self.read(statement)
            case Store():
                return self.store(statement)
            case Check():
                return self.check(statement)
            case If():
                return self.branch(statement)
            case For():
                return self.for_(statement)
            case While():
                return self.while_(statement)
            case Gradient():
                targets = tuple(self.now(t) for t in statement.targets)
                return [replace(statement, loss=self.now(statement.loss), targets=targets)]
            case Raise() | Show() if statement.values:
                return [replace(statement, values=tuple(map(self.now, statement.values)))]
        return [statement]

    def assign(self, statement: Assign) -> list[Statement]:
        statement = changed(statement, args=tuple(self.now(a) for a in statement.args))
        target = statement.target
        if target is None or statement.op.effect:
            self.write(written_by(statement))
            return [statement]
        literal = folded(statement.op, statement.args, self.types[target])
        if literal is not None:
            self.known[target] = literal
            return []
        found = simpler(statement, self.type_of, self.made_by)
        if isinstance(found, tuple):
            name, args = found
            statement = replace(statement, op=registry[name], args=args, static=())
            self.uses.update(a for a in args if isinstance(a, Value))
        elif found is not None and (isinstance(found, Const) or not target.hint or statement.loc.derived):
            if self.may_share(found, target, statement):
                self.become(target, found, statement.args)
                return []
        before = self.pulled(statement)
        if before:
            statement = before[-1]
        if self.repeated(statement, target):
            return []
        self.made[target] = statement
        return [*before[:-1], statement]

    def become(self, target: Value, found: Atom, operands: tuple[Atom, ...] = ()) -> None:
        """Read another value or a literal wherever ``target`` is read."""
        if found in operands and target.base is not None and self.uses[found] == 1:  # type: ignore[index]
            # A temporary that only leads to a value with a name takes that name.
            made = self.made_by(found)
            if made is not None and not found.hint and found.base is None:
                for k in range(len(self.kept) - 1, -1, -1):
                    if self.kept[k] is made:
                        self.kept[k] = self.made[target] = replace(made, target=target)
                        self.known[found] = target  # type: ignore[index]
                        return
        self.known[target] = found
        if isinstance(found, Value):
            self.uses[found] += self.uses[target]

    def pulled(self, statement: Assign) -> list[Assign]:
        """``-a * b`` as ``-(a * b)``, ``-a - b`` as ``-(a + b)``: a sum or a store may take the sign."""
        target, name = statement.target, statement.op.name
        inside = {"multiply": "multiply", "divide": "divide", "subtract": "add"}.get(name)
        if inside is None or not statement.loc.derived or target is None:
            return []
        if statement.op is not registry.get(name):
            return []
        for k, atom in enumerate(statement.args):
            made = self.made_by(atom)
            if made is None or made.op.name != "negative" or self.uses[atom] != 1:  # type: ignore[index]
                continue
            if name == "subtract" and (k == 1 or not self.fits(atom, target)):
                continue
            args = tuple(made.args[0] if j == k else a for j, a in enumerate(statement.args))
            positive = self.fresh(target)
            first = replace(statement, target=positive, op=registry[inside], args=args)
            self.made[positive] = first
            self.uses[positive] += 1
            return [first, replace(statement, op=registry["negative"], args=(positive,), static=())]
        return []

    def repeated(self, statement: Assign, target: Value) -> bool:
        """Whether a scalar, or the array that a kernel gives, was already computed; it is the earlier one."""
        op = statement.op
        kernel = isinstance(self.types[target], Array) and not (op.elementwise or op.view or op.inline)
        if not kernel and not isinstance(self.types[target], Scalar):
            return False
        moments = tuple(self.moment(a) for a in statement.args if self.regions.is_memory(a))
        key = (statement.op.name, id(statement.op), as_key(statement.args), statement.static, moments)
        earlier = self.find(key)
        if earlier is None:
            self.seen[-1][key] = target
            return False
        if target.hint or self.types[earlier] != self.types[target]:
            return False
        if kernel and not self.may_be_one(earlier, target):
            return False
        self.become(target, earlier)
        return True

    def may_be_one(self, earlier: Value, target: Value) -> bool:
        """Whether two equal arrays may be one: nobody writes to either, and not both are returned."""
        both = {self.regions.find(earlier), self.regions.find(target)}
        if any(self.regions.find(v) in both for v in self.written):
            return False
        given = {self.regions.find(v) for v in self.returned}
        if both <= given:
            return False
        self.regions.join(earlier, target)
        return True

    def read(self, statement: Read) -> list[Statement]:
        index = statement.index.replaced(self.now)
        statement = changed(statement, base=self.now(statement.base), index=index)
        target = statement.target
        if isinstance(self.types[target], Scalar):
            moment = self.moment(statement.base)
            key = ("read", statement.base, as_key(statement.index.atoms), statement.index, moment)
            earlier = self.find(key, self.branch_scopes[-1] if self.to_sweep else 0)
            if earlier is None:
                self.seen[-1][key] = target
            elif not target.hint and self.types[earlier] == self.types[target]:
                self.become(target, earlier)
                return []
        return [statement]

    def store(self, statement: Store) -> list[Statement]:
        value, mode = self.now(statement.value), statement.mode
        made = self.made_by(value)
        if made is not None and made.op.name == "negative" and mode != "set":
            inner = made.args[0]
            if isinstance(inner, Value) and self.types[inner] == self.types[value]:
                value, mode = inner, {"add": "sub", "sub": "add"}[mode]
                self.uses[inner] += 1
        index = statement.index.replaced(self.now)
        statement = changed(statement, base=self.now(statement.base), index=index, value=value, mode=mode)
        self.write((statement.base,))
        return [statement]

    def check(self, statement: Check) -> list[Statement]:
        when = None if statement.when is None else self.now(statement.when)
        if isinstance(when, Const):
            if not when.value:
                return []
            when = None
        low, high, size = (self.now(a) for a in (statement.low, statement.high, statement.size))
        known = all(isinstance(a, Const) for a in (low, high, size))
        if known and -size.value <= low.value <= high.value < size.value:
            return []
        key = ("check", low, high, size)
        if self.find(key):
            return []
        if when is None:
            self.seen[-1][key] = True
        return [changed(statement, low=low, high=high, size=size, when=when)]

    # ------------------------------------------------------------------ branches and loops

    def branch(self, statement: If) -> list[Statement]:
        cond = self.now(statement.cond)
        taken = [(m.target, m.then if getattr(cond, "value", False) else m.orelse) for m in statement.merges]
        if isinstance(cond, Const) and all(source is not UNBOUND for _, source in taken):
            side = statement.then if cond.value else statement.orelse
            kept = list(self.block(side))
            for target, source in taken:
                self.known[target] = self.fitted(self.now(source), target)
            return kept
        self.branch_scopes.append(len(self.seen))
        then, orelse = self.inner(statement.then), self.inner(statement.orelse)
        self.branch_scopes.pop()
        self.write(self.written_in(then, orelse))
        merges = []
        for m in statement.merges:
            merge = Merge(m.target, self.now(m.then), self.now(m.orelse))
            same = alike(merge.then, merge.orelse)
            if same and merge.then is not UNBOUND and self.fits(merge.then, m.target):
                self.known[m.target] = self.fitted(merge.then, m.target)
            else:
                merges.append(merge)
        return [changed(statement, cond=cond, then=then, orelse=orelse, merges=tuple(merges))]

    def fits(self, source: Atom, target: Value) -> bool:
        have, want = self.type_of(source), self.types[target]
        return isinstance(source, Const) or getattr(have, "dtype", None) == getattr(want, "dtype", None)

    def fitted(self, source: Atom, target: Value) -> Atom:
        """A literal in the type of the value that it stands for."""
        want = self.types[target]
        if not isinstance(source, Const) or not isinstance(want, Scalar) or want.dtype == "bool":
            return source
        value = float(source.value) if want.dtype.startswith("float") else source.value
        return Const(value, None if want.weak else want.dtype)

    def unchanged(self, carry: Carry) -> bool:
        """Whether a loop hands a value on as it found it."""
        return (
            self.now(carry.out) in (carry.header, self.now(carry.init))
            and carry.init is not UNBOUND and self.fits(self.now(carry.init), carry.header)
        )  # fmt: skip

    def enter(self, loop: For | While) -> list[Carry]:
        carries = []
        for c in loop.carries:
            if isinstance(c.out, Value) and self.unchanged(c):
                self.known[c.header] = self.known[c.result] = self.fitted(self.now(c.init), c.header)
            else:
                carries.append(c)
        return carries

    def leave(self, carries: list[Carry], inits: list[Atom]) -> tuple[Carry, ...]:
        outs = [c.header if self.now(c.out) is UNBOUND else self.now(c.out) for c in carries]
        return tuple(
            Carry(c.header, init, out, c.result) for c, init, out in zip(carries, inits, outs, strict=True)
        )

    def for_(self, loop: For) -> list[Statement]:
        start, stop, step = (self.now(a) for a in (loop.start, loop.stop, loop.step))
        carries = self.enter(loop)
        inits = [self.now(c.init) for c in carries]
        bounds = [a.value for a in (start, stop, step) if isinstance(a, Const)]
        never = len(bounds) == 3 and not range(*bounds) and loop.trips is None
        if never and may_be_unbound(self.program, carries, inits):
            self.passed_by(carries, inits)
            return []
        if self.is_made_once(start, stop, step) and self.may_be_unrolled(loop, start, carries, inits):
            self.known[loop.index] = start
            for c, init in zip(carries, inits, strict=True):
                self.known[c.header] = self.fitted(init, c.header)
            once = list(self.block(loop.body))
            self.passed_by(carries, [self.now(c.out) for c in carries])
            return once
        written = self.written_in(loop.body)
        self.write(written)
        body = self.inner(loop.body)
        self.write(written)
        flag = None if loop.stop_flag is None else self.now(loop.stop_flag)
        flag = None if isinstance(flag, Const) and not flag.value else flag
        left = self.leave(carries, inits)
        return [changed(loop, start=start, stop=stop, step=step, body=body, stop_flag=flag, carries=left)]

    def is_made_once(self, start: Atom, stop: Atom, step: Atom) -> bool:
        """Whether a loop certainly makes one trip: ``range(k, k + 1)``."""
        if isinstance(start, Const) and isinstance(stop, Const) and isinstance(step, Const):
            return len(range(start.value, stop.value, step.value)) == 1
        made = self.made_by(stop)
        return made is not None and made.op.name == "add" and made.args == (start, step)

    def may_be_unrolled(self, loop: For, start: Atom, carries: list[Carry], inits: list[Atom]) -> bool:
        """Whether what a trip finds and leaves may be read by the names it has outside of the loop."""
        pairs = [(start, loop.index), *((c.out, c.result) for c in carries)]
        pairs += [(init, c.header) for c, init in zip(carries, inits, strict=True)]
        return loop.stop_flag is None and loop.trips is None and not loop.replayed and all(
            a is not UNBOUND and (isinstance(a, Const) or self.type_of(a) == self.types[v]) for a, v in pairs
        )  # fmt: skip

    def while_(self, loop: While) -> list[Statement]:
        carries = self.enter(loop)
        inits = [self.now(c.init) for c in carries]
        shown = dict(zip((c.header for c in carries), inits, strict=True))
        if is_never_true(loop, self.types, shown, self.now) and may_be_unbound(self.program, carries, inits):
            self.passed_by(carries, inits)
            if loop.trips is not None:
                self.known[loop.trips] = Const(0)
            return list(self.block(loop.test))
        written = self.written_in(loop.test, loop.body)
        self.write(written)
        self.seen.append({})
        test = self.block(loop.test)
        body = self.inner(loop.body)
        self.seen.pop()
        self.write(written)
        flag = None if loop.stop_flag is None else self.now(loop.stop_flag)
        flag = None if isinstance(flag, Const) and not flag.value else flag
        cond, left = self.now(loop.cond), self.leave(carries, inits)
        return [changed(loop, test=test, cond=cond, body=body, stop_flag=flag, carries=left)]

    def passed_by(self, carries: Iterable[Carry], inits: Iterable[Atom]) -> None:
        """Read after a loop without trips, and in its test, what it was given."""
        for c, init in zip(carries, inits, strict=True):
            self.known[c.result] = self.known[c.header] = self.fitted(init, c.result)
