"""Which index tests are needed: proven ones go, those of a loop move in front of it.

    for i in range(1, x.shape[0]):          for i in range(1, x.shape[0]):
        check(i - 1, x.shape[0])       →        (nothing: 0 ≤ i - 1 < x.shape[0])

    for i in range(n):                      if 0 < n: check(n, x.shape[0])
        check(i + 1, x.shape[0])       →    for i in range(n): …

    at = d                                  if 0 < n: check(d, d + n - 1, x.shape[0])
    for i in range(n):                 →    at = d
        check(at, x.shape[0]); at += 1      for i in range(n): at += 1

A test moves in front of its loop only if every trip makes it: the loop has no flag that ends it, and the
test stands in no branch.  A test that an earlier one implies is dropped.
"""

from types import SimpleNamespace

from ..kernels.primitive import registry
from ..kernels.types import Scalar
from ..records import replace
from .facts.outline import Outline, visible
from .facts.shapes import Shapes
from .facts.trips import induction
from .ir import (
    Assign, Atom, Block, Check, Const, For, If, Program, Raise, Read, Show, Statement, Value, While, walk,
)

__all__ = ["Prover", "prove"]

Affine = tuple[dict[Value, int], int]


def prove(program: Program, *, check: bool = True) -> Program:
    """The program with the tests that are needed; with none at all if ``check`` is false."""
    if not check:
        return program.with_body(_dropped(program.body))
    prover = Prover(program)
    body = prover.block(program.body, {}, set())
    return program.with_body(tuple(body), prover.types)


def _dropped(block: Block) -> Block:
    return tuple(_map_blocks(s, _dropped) for s in block if not isinstance(s, Check))


def _map_blocks(statement: Statement, change) -> Statement:
    match statement:
        case If():
            return replace(statement, then=change(statement.then), orelse=change(statement.orelse))
        case For():
            return replace(statement, body=change(statement.body))
        case While():
            return replace(statement, test=change(statement.test), body=change(statement.body))
    return statement


class Prover:
    """What is known of indices and sizes: sums of counters, sizes and literals, and the ends of loops."""

    def __init__(self, program: Program):
        self.types = dict(program.types)
        self.next = max((v.number for v in self.types), default=0) + 1
        self.made: dict[Value, Assign] = {}
        outline = Outline(program)
        for value, statement in outline.defined.items():
            if isinstance(statement, Assign):
                self.made[value] = statement
        self.outline = outline
        self.shapes = Shapes(SimpleNamespace(types=self.types, origin=self.made))
        self.shapes.block(program.body)
        self.sizes: dict[tuple, Value] = {}
        self.is_size: dict[Value, tuple] = {}     # each size's one name, and its key
        self.sized: dict[tuple, dict[tuple, None]] = {}    # by key: the arrays and axes that have that size

    # ------------------------------------------------------------------ forms

    def affine(self, atom: Atom, depth: int = 0) -> Affine | None:
        """The atom as a sum of values and a number; sizes of one array are one value."""
        if isinstance(atom, Const):
            return ({}, atom.value) if isinstance(atom.value, int) else None
        if not isinstance(atom, Value):
            return None
        made = self.made.get(atom)
        # Narrower numbers wrap around: 255 + 1 is 0 for a uint8.
        if made is not None and depth < 12 and getattr(self.types[atom], "dtype", None) == "int64":
            if made.op.name in ("add", "subtract"):
                a, b = (self.affine(x, depth + 1) for x in made.args)
                if a is not None and b is not None:
                    return _plus(a, b, 1 if made.op.name == "add" else -1)
            if made.op.name == "negative":
                a = self.affine(made.args[0], depth + 1)
                return None if a is None else _plus(({}, 0), a, -1)
            if made.op.name == "multiply":
                a, b = (self.affine(x, depth + 1) for x in made.args)
                for one, other in ((a, b), (b, a)):
                    if one is not None and other is not None and not one[0]:
                        return ({v: c * one[1] for v, c in other[0].items() if c * one[1]}, other[1] * one[1])
            array = made.args[0] if made.args else None
            if made.op.name == "dim" and isinstance(array, Value):
                axis = dict(made.static)["axis"]
                key = self.shapes.key(array)[axis]
                if key[0] == "dim":
                    self.sized.setdefault(key, {key[1:]: None})[array, axis] = None
                return self.size(key, atom, depth)
            if made.op.name == "size" and isinstance(array, Value) and self.types[array].ndim == 1:
                return self.size(self.shapes.key(array)[0], atom, depth)
        return ({atom: 1}, 0)

    def size(self, key: tuple, atom: Value, depth: int) -> Affine:
        """The size that a key of `Shapes` stands for; every size has one name here."""
        if key[0] == "const":
            return {}, key[1]
        if key[0] == "value":
            return self.affine(key[1], depth + 1) or ({key[1]: 1}, 0)
        named = self.sizes.setdefault(key, atom)
        self.is_size[named] = key
        return {named: 1}, 0

    # ------------------------------------------------------------------ blocks

    def block(self, block: Block, ranges: dict[Value, For], known: set) -> list[Statement]:
        """The block with needed tests only; ``ranges`` are the counters around, ``known`` the tests made."""
        out: list[Statement] = []
        for statement in block:
            match statement:
                case Check():
                    key = (_key(self.affine(statement.low)), _key(self.affine(statement.size)))
                    if key in known or self.proven(statement, ranges) or self.covered(statement, known):
                        continue
                    if None not in key:
                        known.add(key)
                    if isinstance(statement.low, Const) and key[1] is not None:
                        known.add(("least", key[1], _need(statement.low.value)))
                    if not self._strengthened(out, statement):
                        out.append(statement)
                case If():
                    then, orelse = (
                        tuple(self.block(b, ranges, set(known))) for b in (statement.then, statement.orelse)
                    )
                    out.append(replace(statement, then=then, orelse=orelse))
                case For():
                    out += self.loop(statement, ranges, known)
                case While():
                    test = tuple(self.block(statement.test, ranges, set(known)))
                    body = tuple(self.block(statement.body, ranges, set(known)))
                    out.append(replace(statement, test=test, body=body))
                case _:
                    out.append(statement)
        return out

    def covered(self, check: Check, known: set) -> bool:
        """Whether an earlier test of a literal index has shown the size to be large enough."""
        size = _key(self.affine(check.size))
        if not isinstance(check.low, Const) or size is None:
            return False
        need = _need(check.low.value)
        form = self.affine(check.size)
        if form is not None and not form[0]:
            return form[1] >= need
        return any(k[0] == "least" and k[1] == size and k[2] >= need for k in known)

    def _strengthened(self, out: list[Statement], new: Check) -> bool:
        """Whether an earlier test with a literal index could take the new one over: it covers both then."""
        if not isinstance(new.low, Const) or new.when is not None:
            return False
        index, size = new.low.value, self.affine(new.size)
        for k in range(len(out) - 1, -1, -1):
            old = out[k]
            if isinstance(old, Check):
                if isinstance(old.low, Const) and old.when is None and self.affine(old.size) == size:
                    if _need(old.low.value) <= _need(index):
                        out[k] = replace(old, low=new.low, high=new.high)
                    return True
            elif not (isinstance(old, Read) or isinstance(old, Assign) and not old.op.effect):
                return False
        return False

    def loop(self, s: For, ranges: dict[Value, For], known: set) -> list[Statement]:
        body = self.block(s.body, {**ranges, s.index: s}, set(known))
        before: list[Statement] = []
        if s.stop_flag is None:
            kept: list[Statement] = []
            # A test for a later trip must not be made before a trip prints or raises.
            may_leave = any(isinstance(one, Raise | Show) for one in walk(tuple(body)))
            for statement in body:
                if isinstance(statement, Check) and not may_leave:
                    moved = self.hoisted(statement, s)
                    if moved is not None:
                        before += moved
                        continue
                if isinstance(statement, Show | If | While | For) and _may_raise(statement):
                    may_leave = True
                kept.append(statement)
            body = kept
        return [*before, replace(s, body=tuple(body))]

    # ------------------------------------------------------------------ proofs

    def proven(self, check: Check, ranges: dict[Value, For]) -> bool:
        """Whether ``0 <= index < size`` in every trip of the loops around; or -size <= literal < 0."""
        return self._lies_within(self.affine(check.low), self.affine(check.size), ranges)

    def within(self, index: Atom, array: Value, axis: int, ranges: dict[Value, For]) -> bool:
        """Whether an index of an array is proven to be in range with the loops ``ranges`` around."""
        key = self.shapes.key(array)[axis]
        if key not in self.sizes:
            self.next += 1
        return self._lies_within(self.affine(index), self.size(key, Value(self.next), 0), ranges)

    def _lies_within(self, index: Affine | None, size: Affine | None, ranges: dict[Value, For]) -> bool:
        if index is None or size is None:
            return False
        high = self.extreme(index, ranges, 1)
        low = self.extreme(index, ranges, -1)
        if high is None or low is None:
            return False
        margin = _plus(size, high, -1)
        return self.at_least(low, 0) and self.at_least(margin, 1)

    def at_least(self, form: Affine, bound: int) -> bool:
        """Whether a form is certainly not below a number: its values are sizes, with positive factors."""
        return form[1] >= bound and all(c > 0 and self.is_a_size(v) for v, c in form[0].items())

    def is_a_size(self, value: Value) -> bool:
        made = self.made.get(value)
        return value in self.is_size or made is not None and made.op.name in ("dim", "size")

    def extreme(self, form: Affine, ranges: dict[Value, For], sign: int) -> Affine | None:
        """The largest (smallest) value that a form takes over the loops around."""
        for _ in range(8):
            inner = [v for v in form[0] if v in ranges]
            if not inner:
                return form
            value = max(inner, key=lambda v: list(ranges).index(v))
            loop, factor = ranges[value], form[0][value]
            ends = self.ends(loop)
            if ends is None:
                return None
            rest = ({v: c for v, c in form[0].items() if v != value}, form[1])
            chosen = ends[1] if factor * sign > 0 else ends[0]
            form = _plus(rest, ({v: c * factor for v, c in chosen[0].items()}, chosen[1] * factor), 1)
        return None

    def ends(self, loop: For) -> tuple[Affine, Affine] | None:
        """The least and the greatest counter of a loop that makes a trip."""
        start, stop = self.affine(loop.start), self.affine(loop.stop)
        if start is None or stop is None or not isinstance(loop.step, Const):
            return None
        step = loop.step.value
        if step > 0:
            return start, _plus(stop, ({}, 1), -1)  # for steps over 1 the last counter may be less
        return _plus(stop, ({}, 1), 1), start

    # ------------------------------------------------------------------ moving out

    def hoisted(self, check: Check, loop: For) -> list[Statement] | None:
        """The test of the extremes before the loop; None if it cannot be moved."""
        if check.when is not None or not isinstance(loop.step, Const) or abs(loop.step.value) != 1:
            return None
        index, size = self.affine(check.low), self.affine(check.size)
        if index is None or size is None or not self._outside(check.size, loop):
            return None
        index = self.by_trips(index, loop)
        # The size may go by the name of an equal one that was first asked for inside the loop.
        if any(v != loop.index and not self._outside(v, loop) for v in (*index[0], *size[0])):
            return None
        ends = self.ends(loop)
        if ends is None:
            return None
        factor = index[0].get(loop.index, 0)
        rest = ({v: c for v, c in index[0].items() if v != loop.index}, index[1])
        low, high = (_plus(rest, ({v: c * factor for v, c in e[0].items()}, e[1] * factor), 1) for e in ends)
        if factor < 0:
            low, high = high, low
        if self.at_least(low, 0) and self.at_least(_plus(size, high, -1), 1):
            return []
        made: list[Statement] = []
        loc = check.loc
        low_atom, high_atom = self.build(low, made, loop, loc), self.build(high, made, loop, loc)
        compare = "less" if loop.step.value > 0 else "greater"
        when = self._op(compare, (loop.start, loop.stop), "bool", made, loc)
        size_atom = self.build(size, made, loop, loc)
        if self.at_least(low, 0):
            low_atom = high_atom  # one end says it all
        made.append(Check(low_atom, high_atom, size_atom, loc, when))
        return made

    def by_trips(self, form: Affine, loop: For) -> Affine:
        """A form with the counter of the loop for numbers that every trip changes by a literal."""
        assert isinstance(loop.step, Const)
        for carry in loop.carries:
            factor = form[0].get(carry.header, 0)
            counted = induction(carry.header, self.outline, self.types) if factor else None
            init, start = self.affine(loop.start), None if counted is None else self.affine(counted[0])
            if counted is None or init is None or start is None:
                continue
            trip = _plus(({loop.index: 1}, 0), init, -1)
            steps = counted[1] * int(loop.step.value)  # of which trip is the number, up or down
            now = _plus(start, ({v: c * steps for v, c in trip[0].items()}, trip[1] * steps), 1)
            form = _plus(form, ({carry.header: factor}, 0), -1)
            form = _plus(form, ({v: c * factor for v, c in now[0].items()}, now[1] * factor), 1)
        return form

    def _outside(self, atom: Atom, loop: For) -> bool:
        """Whether an atom has its value before the loop (sizes of arrays from before it do)."""
        if not isinstance(atom, Value):
            return True
        key = self.is_size.get(atom)
        if key is not None and key[0] == "dim":
            return self._array_outside(key, loop) is not None
        if self._known_before(atom, loop):
            return True
        made = self.made.get(atom) if key is None else None
        return made is not None and made.op.name == "dim" and all(self._outside(a, loop) for a in made.args)

    def _known_before(self, value: Value, loop: For) -> bool:
        """Whether a value can be named in front of a loop: not one of a loop or branch that ended."""
        home, made = self.outline.home.get(value, ()), self.outline.defined.get(value)
        if not visible(home, self.outline.scope[id(loop)]):
            return False
        return made is None or self.outline.position[id(made)] < self.outline.position[id(loop)]

    def _array_outside(self, key: tuple, loop: For) -> tuple[Value, int] | None:
        """An array from before the loop, and its axis of this size: any of equal ones may be first."""
        pairs = self.sized.get(key, {key[1:]: None})
        return next((p for p in pairs if self._known_before(p[0], loop)), None)

    def build(self, form: Affine, made: list[Statement], loop: For, loc) -> Atom:
        """Statements that compute a form."""
        total: Atom | None = None
        for value, factor in form[0].items():
            term: Atom = self._outer(value, made, loop, loc)
            if abs(factor) != 1:
                term = self._op("multiply", (term, Const(abs(factor))), "int64", made, loc)
            if total is None:
                total = term if factor > 0 else self._op("negative", (term,), "int64", made, loc)
            else:
                total = self._op("add" if factor > 0 else "subtract", (total, term), "int64", made, loc)
        if total is None:
            return Const(form[1])
        if form[1]:
            total = self._op(
                "add" if form[1] > 0 else "subtract", (total, Const(abs(form[1]))), "int64", made, loc
            )
        return total

    def _outer(self, value: Value, made: list[Statement], loop: For, loc) -> Atom:
        """A value, computed again if it is a size that was asked for only inside the loop."""
        key = self.is_size.get(value)
        if key is not None and key[0] == "dim":
            place = self._array_outside(key, loop)
            assert place is not None
            return self._op("dim", place[:1], "int64", made, loc, (("axis", place[1]),))
        found = self.made.get(value)
        if found is None or found.op.name != "dim":
            return value
        return self._op("dim", found.args, "int64", made, loc, found.static)

    def _op(
        self, name: str, args: tuple[Atom, ...], dtype: str, made: list[Statement], loc, static=()
    ) -> Atom:
        target = Value(self.next)
        self.next += 1
        self.types[target] = Scalar(dtype, dtype == "int64")
        statement = Assign(target, registry[name], args, static, loc)
        self.made[target] = statement
        made.append(statement)
        return target


def _need(index: int) -> int:
    """The size that a literal index needs."""
    return index + 1 if index >= 0 else -index


def _may_raise(statement: Statement) -> bool:
    """Whether a statement may end the call or print, so that tests after it must not be made before it."""
    return any(isinstance(s, Raise | Show | While) for s in walk((statement,)))


def _plus(a: Affine, b: Affine, sign: int) -> Affine:
    out = dict(a[0])
    for value, factor in b[0].items():
        out[value] = out.get(value, 0) + sign * factor
        if not out[value]:
            del out[value]
    return out, a[1] + sign * b[1]


def _key(form: Affine | None):
    return None if form is None else (tuple(sorted((v.number, c) for v, c in form[0].items())), form[1])
