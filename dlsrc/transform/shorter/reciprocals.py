"""Cotangents that are divided by one number are multiplied by its reciprocal: one division, not several.

    dc = dw / theta                  r = 1.0 / theta
    db = dv / theta           →      dc = dw * r
    da = du / theta                  db = dv * r
                                     da = du * r

A division takes as long as five products and more, and one cannot begin while another one is on its way.
Only what a sweep itself has divided is changed, by one rounding: what the user's function computes stays bit
for bit, also where it is run again from a checkpoint (it may decide a branch).  Where the number is so small
that its reciprocal is infinite (below 6e-309), so is the slope, and a cotangent that was finite only because
what came back was small, or zero, is inf or nan then.
"""

from ...kernels.primitive import registry
from ...kernels.types import Scalar
from ...records import replace
from ..ir import Assign, Block, Program, Statement, Value, blocks_of, literal, with_blocks

__all__ = ["with_reciprocals"]


def with_reciprocals(program: Program) -> Program:
    """The program whose derivatives divide once by a number, in each block."""
    return _Reciprocals(program).program()


class _Reciprocals:
    def __init__(self, program: Program):
        self.source = program
        self.types = dict(program.types)
        self.next = max((v.number for v in self.types), default=0) + 1

    def program(self) -> Program:
        body = self.block(self.source.body)
        return self.source if body == self.source.body else self.source.with_body(body, self.types)

    def block(self, block: Block) -> Block:
        often = self._often(block)
        made: dict[Value, Value] = {}
        out: list[Statement] = []
        for s in block:
            s = with_blocks(s, map(self.block, blocks_of(s)))
            if isinstance(s, Assign) and (by := self._divisor(s)) in often:
                if by not in made:
                    made[by] = self._value(by)
                    one = literal(1.0, self.types[by].dtype)
                    out.append(replace(s, target=made[by], args=(one, by)))
                s = replace(s, op=registry["multiply"], args=(s.args[0], made[by]))
            out.append(s)
        return tuple(out)

    def _often(self, block: Block) -> set[Value]:
        """The numbers by which more than one cotangent is divided."""
        once: set[Value] = set()
        often: set[Value] = set()
        for s in block:
            by = self._divisor(s) if isinstance(s, Assign) else None
            if by is not None:
                (often if by in once else once).add(by)
        return often

    def _divisor(self, s: Assign) -> Value | None:
        """The number by which a statement of a sweep divides another one of its type."""
        if s.op is not registry["divide"] or not s.loc.derived or s.loc.again:
            return None
        by, types = s.args[1], [self.source.type_of(a) for a in (s.target, *s.args)]  # type: ignore[arg-type]
        alike = all(isinstance(t, Scalar) and t.dtype == types[0].dtype for t in types)
        return by if alike and isinstance(by, Value) else None

    def _value(self, by: Value) -> Value:
        value = Value(self.next)
        self.types[value] = self.types[by]
        self.next += 1
        return value
