"""Which values are written inside the expression that uses them, and which get a line of their own.

A temporary that is used once, in the block that defines it, moves to its use, unless something in
between changes the memory that it reads.  Before and after::

    v1 = x[0] ** 2                  f = 100 * (x[1] - x[0] ** 2) ** 2
    v2 = x[1] - v1
    f = 100 * v2**2

What the user named stays on its own line, and so does a temporary from whose name another printed name
is made (`dv2` is the cotangent of `v2`).  A branch that only computes one value may be an expression too:
``a and b``, ``a or b``, ``a if c else b``.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import Any

from ...kernels.primitive import Primitive
from ...kernels.types import Array, Scalar, Shape
from ...records import record
from ..facts.products import ADDED
from ..facts.regions import Regions
from ..ir import (
    UNBOUND, Assign, Atom, Block, Check, Const, Fancy, For, If, Program, Read, Show, Statement, Store, Value,
    While, atoms_read, blocks_of, values_defined, walk,
)
from .fragments import Template, template_of

__all__ = ["DTYPES", "Placement", "connective", "expansion", "has_effect", "place", "reads"]

# Wider expressions get a line of their own: beyond this a reader wants a name.
_WIDTH = 58
_LINE = 92
DTYPES = ("dtype",)  # static parameters that are printed as ``np.float64``
_LOOKS_ONLY = ("dim", "size", "shape")  # these read the shape of an array, which nothing changes


@record(frozen=True)
class Placement:
    """Where each value is written.

    Attributes
    ----------
    inlined : the values without a line of their own, with the statement that defines each
    expressions : for the target of a branch that is one expression, the branch
    uses : how often each value is read
    """

    inlined: Mapping[Value, Statement]
    expressions: Mapping[Value, If]
    uses: Mapping[Value, int]

    def leaves(self, atoms: Iterable[Atom]) -> set[Value]:
        """The values with names that are read when these atoms are evaluated."""
        found: set[Value] = set()
        pending = [a for a in atoms if isinstance(a, Value)]
        while pending:
            value = pending.pop()
            if value in self.inlined:
                pending += [a for a in self.operands(self.inlined[value]) if isinstance(a, Value)]
            else:
                found.add(value)
        return found

    def operands(self, statement: Statement) -> tuple[Atom, ...]:
        """What the expression of a statement is made of."""
        if isinstance(statement, If):
            return expression_atoms(statement)
        return reads(statement)


def expansion(statement: Assign, type_of: Callable[[Atom], Any]) -> Template | None:
    """The expression that is written for an operation, or None where its primitive is called by name."""
    op = statement.op
    if not (op.elementwise or op.inline):
        return None
    known = tuple(pair for pair in statement.static if pair[0] not in DTYPES)
    template = template_of(op.body, known)
    if template is None:
        return None
    called = template.functions.values()
    if any(not (isinstance(f, Primitive) or getattr(f, "is_kernel", False)) for f in called):
        return None
    if op.elementwise and not op.inline:
        given = zip(op.arguments, statement.args, strict=False)
        arrays = [p for p, a in given if not isinstance(type_of(a), Scalar)]
        # Without one of the arrays the shape would be wrong; the bare array would share memory.
        whole = template.arrays and all(template.count.get(p) for p in arrays) and not (
            isinstance(template.node, ast.Name)
        )
        if template.branches or (arrays and not whole):
            return None
    return template


def reads(statement: Statement) -> tuple[Atom, ...]:
    """The atoms that a statement prints, each as often as it prints it."""
    if isinstance(statement, Check) and statement.low == statement.high:
        atoms = (statement.low, statement.size)
        return atoms if statement.when is None else (*atoms, statement.when)
    return atoms_read(statement)


def connective(branch: If) -> str:
    """How a branch with one merge reads as an expression: "and", "or" or "if"."""
    merge = branch.merges[0]
    if merge.orelse == branch.cond or _is(merge.orelse, False):
        return "and"
    if merge.then == branch.cond or _is(merge.then, True):
        return "or"
    return "if"


def _is(atom: Atom, truth: bool) -> bool:
    return isinstance(atom, Const) and atom.value is truth  # 0 is equal to False


def expression_atoms(branch: If) -> tuple[Atom, ...]:
    merge = branch.merges[0]
    match connective(branch):
        case "and":
            return (branch.cond, merge.then)
        case "or":
            return (branch.cond, merge.orelse)
    return (branch.cond, merge.then, merge.orelse)


def has_effect(statement: Statement) -> bool:
    """Whether a statement may change memory, print, draw a random number."""
    if isinstance(statement, Store | Show):
        return True
    if isinstance(statement, Assign):
        return statement.op.effect or statement.target is None
    return any(has_effect(inner) for inner in walk_inside(statement))


def walk_inside(statement: Statement) -> Iterable[Statement]:
    for block in blocks_of(statement):
        yield from walk(block)


def place(program: Program) -> Placement:
    """Decide where each value of a program is written."""
    uses: Counter[Value] = Counter(a for a in program.returns if isinstance(a, Value))
    derived: list[Value] = [v for v in program.params if v.base is not None]
    for statement in walk(program.body):
        uses.update(a for a in reads(statement) if isinstance(a, Value))
        if isinstance(statement, For) and statement.trips is not None and statement.stop_flag is None:
            # The count is computed from the bounds after the loop: they are printed twice.
            uses.update(a for a in (statement.start, statement.stop, statement.step) if isinstance(a, Value))
        target = getattr(statement, "target", None)
        if target is not None and target.base is not None:
            derived.append(target)
    pinned = {v.base for v in _carried(program) if v.base is not None}
    while True:
        planner = _Planner(program, uses, pinned)
        planner.block(program.body, program.returns, 1)
        missing = {v.base for v in derived if v not in planner.inlined} & set(planner.inlined)
        if not missing:
            return Placement(planner.inlined, planner.expressions, uses)
        pinned |= missing


def _carried(program: Program) -> Iterable[Value]:
    for statement in walk(program.body):
        if isinstance(statement, For | While):
            for carry in statement.carries:
                yield from (carry.header, carry.result)
        elif isinstance(statement, If):
            yield from (m.target for m in statement.merges)


class _Planner:
    def __init__(self, program: Program, uses: Mapping[Value, int], pinned: set[Value]):
        self.program = program
        self.uses = uses
        self.pinned = pinned
        self.inlined: dict[Value, Statement] = {}
        self.expressions: dict[Value, If] = {}
        self.width: dict[Value, int] = {}
        made = (s for s in walk(program.body) if isinstance(s, Assign) and s.op.name in ADDED)
        self.products: set[Atom | None] = {s.target for s in made}

    @cached_property
    def regions(self) -> Regions:
        return Regions(self.program)

    # ------------------------------------------------------------------ blocks

    def block(self, block: Block, end: tuple[Atom, ...], depth: int) -> None:
        """Plan a block whose last line reads the atoms of ``end``."""
        for statement in block:
            self.compound(statement, depth)
        users = self.users(block, end)
        self.choose(block, users)
        self.shorten(block, depth)

    def compound(self, statement: Statement, depth: int) -> None:
        if isinstance(statement, If):
            if not self.as_expression(statement):
                self.block(statement.then, (), depth + 1)
                self.block(statement.orelse, (), depth + 1)
        elif isinstance(statement, For | While):
            headers = {c.header for c in statement.carries}
            flag = statement.stop_flag
            # The test of the flag is printed after the headers have taken their new values.
            end = () if flag is None or self.reaches(statement.body, flag, headers) else (flag,)
            if isinstance(statement, While):
                self.block(statement.test, (statement.cond,), depth + 1)
            self.block(statement.body, end, depth + 1)

    def reaches(self, block: Block, atom: Atom, headers: set[Value]) -> bool:
        """Whether the expression of ``atom`` could read one of the headers."""
        sources: dict[Value, tuple[Atom, ...]] = {}
        for statement in walk(block):
            sources.update((target, reads(statement)) for target in values_defined(statement))
        pending, seen = [atom], set()
        while pending:
            found = pending.pop()
            if found in headers:
                return True
            if found in sources and found not in seen:
                seen.add(found)
                if not found.hint and self.uses[found] == 1:
                    pending += sources[found]
        return False

    def users(self, block: Block, end: tuple[Atom, ...]) -> dict[Value, int]:
        """For a value, the position of the statement of this block that could take it in."""
        found: dict[Value, int] = {}
        for k, statement in enumerate(block):
            for atom in self.slots(statement):
                if isinstance(atom, Value):
                    found[atom] = k
        for atom in end:
            if isinstance(atom, Value):
                found[atom] = len(block)
        return found

    def slots(self, statement: Statement) -> tuple[Atom, ...]:
        """The atoms of a statement that may be expressions."""
        match statement:
            case Assign(op=op, args=args):
                template = expansion(statement, self.program.type_of)
                if template is None:
                    return args
                given = zip(op.arguments, args, strict=False)
                return tuple(a for p, a in given if template.count.get(p, 1) == 1)
            case If(cond=cond):
                if statement.merges and self.expressions.get(statement.merges[0].target) is statement:
                    return expression_atoms(statement)
                return (cond,)
            case For(start=start, stop=stop, step=step):
                return (start, stop, step)
            case While():
                return ()
        return reads(statement)

    def choose(self, block: Block, users: Mapping[Value, int]) -> None:
        changes = [0]
        for statement in block:
            changes.append(changes[-1] + (has_effect(statement) and not self.adds_product(statement)))
        added = [k for k, statement in enumerate(block) if self.adds_product(statement)]
        final: dict[int, int] = {}
        for k in range(len(block) - 1, -1, -1):
            statement = block[k]
            target = self.candidate(statement)
            if target is None or target not in users:
                continue
            user = users[target]
            at = final.get(user, user)
            if self.uses_of(target, block, user) != 1:
                continue
            if self.reads_memory(statement):
                between = (block[m] for m in added if k < m < at)
                if changes[at] != changes[k + 1] or any(self.spoils(s, statement) for s in between):
                    continue
            self.inlined[target] = statement
            final[k] = at

    def adds_product(self, statement: Statement) -> bool:
        """Whether a statement adds a product to an array: others are read across it."""
        return isinstance(statement, Store) and statement.mode != "set" and statement.value in self.products

    def spoils(self, store: Statement, reader: Statement) -> bool:
        """Whether a store may change what another statement reads."""
        assert isinstance(store, Store)
        find, base = self.regions.find, self.regions.find(store.base)
        # What a branch that is an expression reads stands in its blocks.
        read = (a for s in (reader, *walk_inside(reader)) for a in reads(s))
        return any(find(a) == base for a in read if isinstance(a, Value) and self.regions.is_memory(a))

    def uses_of(self, value: Value, block: Block, user: int) -> int:
        count = self.uses[value]
        if user < len(block) and isinstance(branch := block[user], If) and self.is_expression(branch):
            # `a and b`: the branch reads `a` twice, the expression once.
            count += expression_atoms(branch).count(value) - reads(branch).count(value)
        return count

    def candidate(self, statement: Statement) -> Value | None:
        match statement:
            case Assign(target=target, op=op) if target is not None and not op.effect:
                pass
            case Read(target=target):
                pass
            case If(merges=(merge,)) if self.expressions.get(merge.target) is statement:
                target = merge.target
            case _:
                return None
        return None if target.hint or target in self.pinned else target

    def any_array(self, atoms: Iterable[Atom]) -> bool:
        return any(not isinstance(self.program.type_of(a), Scalar | Shape) for a in atoms)

    def reads_memory(self, statement: Statement) -> bool:
        match statement:
            case Assign(op=op, args=args):
                return not op.view and op.name not in _LOOKS_ONLY and self.any_array(args)
            case Read(target=target, index=index):
                gathers = any(isinstance(e, Fancy) for e in index.entries)
                return gathers or isinstance(self.program.types[target], Scalar)
            case If():
                return any(self.reads_memory(s) for s in walk_inside(statement))
        return True

    # ------------------------------------------------------------------ branches as expressions

    def as_expression(self, branch: If) -> bool:
        """Whether a branch is written as one expression; if so, what is inside it is placed."""
        if len(branch.merges) != 1:
            return False
        merge = branch.merges[0]
        self.expressions.pop(merge.target, None)
        if UNBOUND in (merge.then, merge.orelse):
            return False
        if merge.target.hint and branch.loc.text.startswith(("if ", "elif ", "if(", "else")):
            return False  # the user wrote a statement here
        if merge.target.base is not None and isinstance(self.program.types[merge.target], Array):
            return False  # a tape that grows: nothing happens on the other way
        joined = connective(branch)
        types = [self.program.type_of(a) for a in (branch.cond, merge.then, merge.orelse)]
        if joined != "if" and not all(isinstance(t, Scalar) and t.dtype == "bool" for t in types):
            return False
        before = set(self.inlined)
        for block, atom in ((branch.then, merge.then), (branch.orelse, merge.orelse)):
            if any(not isinstance(s, Assign | Read | If) for s in block):
                return self.undo(before)
            self.block(block, (atom,), 1)
            if any(self.defined_by(s) not in self.inlined for s in block):
                return self.undo(before)
        self.expressions[merge.target] = branch
        if self.total(branch) > _WIDTH:
            del self.expressions[merge.target]
            return self.undo(before)
        return True

    def undo(self, before: set[Value]) -> bool:
        for value in set(self.inlined) - before:
            del self.inlined[value]
        return False

    def defined_by(self, statement: Statement) -> Value | None:
        if isinstance(statement, If):
            return statement.merges[0].target if len(statement.merges) == 1 else None
        return getattr(statement, "target", None)

    # ------------------------------------------------------------------ widths

    def shorten(self, block: Block, depth: int) -> None:
        """Give lines of their own to operands of expressions that would be too wide."""
        for statement in block:
            if isinstance(statement, For | While):
                continue
            if isinstance(statement, If) and not self.is_expression(statement):
                continue
            target = self.defined_by(statement)
            limit = _WIDTH if target in self.inlined else _LINE - 4 * depth
            operands = sorted(
                {a for a in self.operands(statement) if isinstance(a, Value) and a in self.inlined},
                key=lambda v: (-self.width[v], v.number),
            )
            while operands and self.total(statement) > limit and not isinstance(statement, If):
                del self.inlined[operands.pop(0)]
            if target is not None:
                self.width[target] = self.total(statement)

    def is_expression(self, branch: If) -> bool:
        return bool(branch.merges) and self.expressions.get(branch.merges[0].target) is branch

    def operands(self, statement: Statement) -> tuple[Atom, ...]:
        return expression_atoms(statement) if isinstance(statement, If) else reads(statement)

    def total(self, statement: Statement) -> int:
        atoms = self.operands(statement)
        inside = sum(self.atom_width(a) for a in atoms)
        match statement:
            case Assign(op=op) if op.name in ("logical_and", "logical_or", "logical_not"):
                return inside + 5
            case Assign(op=op, args=args):
                template = expansion(statement, self.program.type_of)
                if template is None:
                    static = sum(len(repr(v)) + 2 for _, v in statement.static)
                    return len(op.name) + 2 * len(args) + inside + static
                return _template_width(template, op.arguments) + inside
            case If():
                return inside + 5 * len(atoms)
        return inside + 2 * len(atoms) + 4

    def atom_width(self, atom: Any) -> int:
        if not isinstance(atom, Value):
            return len(repr(atom))
        if atom in self.inlined:
            return self.width.get(atom, 3) + 2
        base, extra = atom, 0
        while base.base is not None and not base.hint:
            extra += len(base.form) - 2
            base = base.base
        return extra + (len(base.hint) or 3)


def _template_width(template: Template, parameters: tuple[str, ...]) -> int:
    return _length(template.node) - sum(template.count.get(p, 0) * len(p) for p in parameters)


@cache
def _length(node: ast.expr) -> int:
    return len(ast.unparse(node))
