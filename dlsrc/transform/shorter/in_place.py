"""Products that are added to an array that ends there → added in that array.

    dv = matmat_tn(c, dy)                            dv = matmat_tn(c, dy)
    dw = dv + matmat_nt(s, dz)               →       accumulate_nt(dv, s, dz)
    dx = lu_solve_t(s, lu, dw)                       dx = lu_solve_t(s, lu, dv)

    for t in range(n - 1, -1, -1):                   for t in range(n - 1, -1, -1):
        dP = dP + matmat_tn(H, dB)           →           accumulate_tn(dP, H, dB)
        dP = matmat_tn(F, dP)                            dP = matmat_tn(F, dP)

No array is made for the product, none for the sum, and BLAS adds while it multiplies.

Conditions: the sum and both its parts have one shape, which is known of cotangents, or is proved.  The array
is memory that was made for it and that nothing else shows; all that reads it stands before the sum, in the
block in which it is made or further inside.  What is only written inside of the sum's own expression stays
there.  Of what a loop hands on, the same has to be true of what the
first trip finds and of what each trip leaves.
"""

import sys
from collections.abc import Set
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from ...kernels.primitive import Primitive, registry
from ...kernels.types import Array, is_float
from ...records import field, record, replace
from ..building.rename import renamed
from ..facts.products import ADDED
from ..facts.regions import Regions, may_share
from ..facts.shapes import Shapes
from ..ir import (
    Assign, Atom, Block, Carry, For, If, Index, Program, Span, Statement, Store, Value, While, atoms_read,
    blocks_of, values_defined, walk, with_blocks,
)

__all__ = ["added_in_place"]

MAKING = {
    *ADDED, "copy", "lu_inverse", "lu_solve", "lu_solve_t", "lu_vector", "lu_vector_t", "sum_axis",
    "zeros_like", "zeros_of",
}  # fmt: skip
MODES = {"add": "add", "subtract": "sub"}


def added_in_place(program: Program, sums: Set[Value]) -> Program:
    """The program with products added to what ends there; ``sums`` are known to have parts of one shape."""
    if not any(isinstance(s, Assign) and s.op.name in ADDED for s in walk(program.body)):
        return program
    return _InPlace(program, sums).changed()


@record
class _Life:
    """An array's: where it is made, and what reads it.

    Attributes
    ----------
    block : tuple
        The statements around, each with which of its blocks.
    made : Assign, or (For, Carry) of what a loop hands on, or None
    last : int
        The position, in that block, of the last statement that reads it, also inside of a statement.
    reads : int
        How often it is read.
    handed : list of (int, int, str)
        The loops and their carries that it is the first ("init") or the last value of ("out").
    shown : bool
        Whether something else shows its memory.
    """

    block: tuple
    made: Any
    last: int = -1
    reads: int = 0
    handed: list = field(default_factory=list)
    shown: bool = False


class _InPlace:
    def __init__(self, program: Program, sums: Set[Value]):
        self.program = program
        self.types = program.types
        self.sums = sums
        self.regions = Regions(program)
        made = (s for s in walk(program.body) if isinstance(s, Assign))
        self.origin = {s.target: s for s in made if s.target is not None}
        self.lives: dict[Value, _Life] = {}
        self.positions: dict[int, int] = {}  # of each loop, in its block
        self.live(program.body, (), ())
        for atom in program.returns:
            if isinstance(atom, Value) and atom in self.lives:
                self.lives[atom].shown = True
        self.instead: dict[Value, Value] = {}  # for a sum, the array that it is in
        self.names: dict[Value, Value] = {}    # for an array without a name, the sum's

    @cached_property
    def shapes(self) -> Shapes:
        shapes = Shapes(SimpleNamespace(types=self.types, origin=self.origin))  # type: ignore[arg-type]
        shapes.block(self.program.body)
        return shapes

    # ------------------------------------------------------------------ what happens to each array

    def live(self, block: Block, place: tuple, around: tuple[int, ...]) -> None:
        for position, s in enumerate(block):
            here = (*around, position)
            inside = [(*place, (id(s), name)) for name in _slots(s)]
            if isinstance(s, For | While):
                self.positions[id(s)] = position
                for carry in s.carries:
                    self.born(carry.result, place, None)
                    self.born(carry.header, inside[-1], (s, carry))
                    self.handed(carry.init, (id(s), id(carry), "init"))
            else:
                for value in values_defined(s):
                    self.born(value, place, s if isinstance(s, Assign) else None)
            self.read(s, place, here)
            for inner, at in zip(blocks_of(s), inside, strict=True):
                self.live(inner, at, here)
            if isinstance(s, For | While):
                for carry in s.carries:
                    self.handed(carry.out, (id(s), id(carry), "out"))

    def born(self, value: Value, place: tuple, made: Any) -> None:
        if isinstance(self.types[value], Array):
            self.lives[value] = _Life(place, made)

    def handed(self, atom: Atom, how: tuple[int, int, str]) -> None:
        if isinstance(atom, Value) and atom in self.lives:
            self.lives[atom].handed.append(how)

    def read(self, s: Statement, place: tuple, here: tuple[int, ...]) -> None:
        if isinstance(s, For | While):
            return  # the numbers that it counts by, and what it hands on
        for atom in atoms_read(s):
            if isinstance(atom, Value) and atom in self.lives:
                life = self.lives[atom]
                life.reads += 1
                # The test of a loop and its body are two blocks.
                within = place[: len(life.block)] == life.block
                life.last = max(life.last, here[len(life.block)] if within else sys.maxsize)
        pairs = [pair for pair in self.regions.shared(s) if all(map(self.regions.is_memory, pair))]
        if isinstance(s, Assign) and not _is_ours(s):
            pairs.append(s.args)  # what somebody else's function does with them is not known
        for value in {a for pair in pairs for a in pair if isinstance(a, Value)} & self.lives.keys():
            self.lives[value].shown = True

    # ------------------------------------------------------------------ the sums

    def changed(self) -> Program:
        body = self.block(self.program.body, ())
        if not self.instead:
            return self.program
        change: dict[Value, Atom] = {v: self.names.get(v, v) for v in self.names}
        change |= {v: self.names.get(array := self.array(v), array) for v in self.instead}
        returns = tuple(change.get(a, a) if isinstance(a, Value) else a for a in self.program.returns)
        return replace(self.program, body=self.named(renamed(body, change)), returns=returns)

    def named(self, block: Block) -> Block:
        """The block with the names of sums where their arrays are made."""

        def one(s: Statement) -> Statement:
            if isinstance(s, Assign) and s.target in self.names:
                return replace(s, target=self.names[s.target])
            return with_blocks(s, [self.named(inner) for inner in blocks_of(s)])

        return tuple(map(one, block))

    def array(self, value: Value) -> Value:
        """What holds a value: the array that it was added in, or itself."""
        while value in self.instead:
            value = self.instead[value]
        return value

    def block(self, block: Block, place: tuple) -> Block:
        out: list[Statement] = []
        for position, s in enumerate(block):
            if isinstance(s, Assign):
                out.append(self.added(s, place, position) or s)
                continue
            inside = [(*place, (id(s), name)) for name in _slots(s)]
            out.append(with_blocks(s, list(map(self.block, blocks_of(s), inside))))
        return tuple(out)

    def added(self, s: Assign, place: tuple, position: int) -> Store | None:
        """The statement that adds in place what this one adds."""
        if s.op.name not in MODES or not isinstance(s.target, Value) or s.target not in self.lives:
            return None
        for into, product in (s.args, s.args[::-1]) if s.op.name == "add" else (s.args,):
            if not (isinstance(into, Value) and isinstance(product, Value)):
                continue
            array = self.array(into)
            if array in self.lives and self.is_product(product, place) and self.are_alike(array, product, s):
                if self.ends(array, place, position, s.target):
                    self.takes_in(array, s.target)
                    whole = Index((Span(),) * self.types[array].ndim)
                    return Store(array, whole, product, MODES[s.op.name], s.loc)
        return None

    def takes_in(self, array: Value, total: Value) -> None:
        """Note that an array is the sum, too, from here on."""
        self.instead[total] = array
        life, other = self.lives[array], self.lives[total]
        life.last, life.reads = max(life.last, other.last), life.reads + other.reads
        life.handed, life.shown = life.handed + other.handed, life.shown or other.shown
        named = self.names.get(array, array)
        if isinstance(life.made, Assign) and not (named.hint or named.base) and (total.hint or total.base):
            self.names[array] = Value(array.number, total.hint, total.base, total.form)

    # ------------------------------------------------------------------ conditions

    def is_product(self, value: Value, place: tuple) -> bool:
        """Whether a value is a product of this block that only the sum reads."""
        life = self.lives.get(value)
        return (
            life is not None and isinstance(life.made, Assign) and life.made.op.name in ADDED
            and life.block == place and life.reads == 1 and not life.handed and not life.shown
        )

    def are_alike(self, array: Value, product: Value, s: Assign) -> bool:
        """Whether an array, a product and their sum have one shape, precision and order, and no two names.

        What the user has named stays what he made it.
        """
        assert s.target is not None
        kinds = [self.types[a] for a in (array, product, s.target)]
        if len(set(kinds)) != 1 or kinds[0].layout != "C" or not is_float(kinds[0]):
            return False
        one, other = self.names.get(array, array), s.target
        bases = one.base and other.base and one.base != other.base
        if array == product or bases or (one.hint or other.hint) != other.hint:
            return False
        return s.target in self.sums or self.shapes.same(array, product)

    def ends(self, array: Value, place: tuple, position: int, total: Value) -> bool:
        """Whether an array is memory of its own, made in this block, that nothing reads any more."""
        life = self.lives[array]
        if life.shown or life.handed or life.block != place or life.last > position:
            return False
        if isinstance(life.made, Assign):
            # What is calculated element by element for the sum alone is done with it, in one loop.
            return _is_new(life) and not (life.made.op.elementwise and life.reads == 1)
        if life.made is None:
            return False
        loop, carry = life.made
        if not isinstance(loop, For) or loop.stop_flag is not None or loop.trips is not None:
            return False
        before = self.given(loop, carry, "init", place[:-1])
        after = self.given(loop, carry, "out", place)
        return (
            before is not None and before.last < self.positions[id(loop)]
            and after is not None and carry.out != total
        )

    def given(self, loop: For, carry: Carry, role: str, place: tuple) -> _Life | None:
        """What a loop is given for a carry, if it is memory made for that in this block."""
        atom = carry.init if role == "init" else carry.out
        life = self.lives.get(self.array(atom)) if isinstance(atom, Value) else None
        if life is None or life.shown or life.block != place or not _is_new(life):
            return None
        return life if life.handed == [(id(loop), id(carry), role)] else None


def _is_new(life: _Life) -> bool:
    """Whether an array is made by an operation whose result is memory of its own."""
    if not isinstance(life.made, Assign) or not _is_ours(life.made) or may_share(life.made.op):
        return False
    return life.made.op.elementwise or life.made.op.name in MAKING


def _is_ours(s: Assign) -> bool:
    return isinstance(s.op, Primitive) and registry.get(s.op.name) is s.op


def _slots(s: Statement) -> tuple[str, ...]:
    """The names of a statement's blocks."""
    if isinstance(s, If):
        return "then", "orelse"
    return ("test", "body") if isinstance(s, While) else ("body",) if isinstance(s, For) else ()
