"""The program without what is known, repeated or not needed.

>>> from dlsrc.transform.ir import Program
>>> simplify(Program("f", (), (), (), {})).body
()
"""

from .ir import Program
from .shorter.dead import without_dead
from .shorter.doubles import without_doubles
from .shorter.fold import fold

__all__ = ["simplify"]

# Dropping what is dead leaves values with one use, which folds again; a sign wanders one operation a round.
_ROUNDS = 5


def simplify(program: Program, *, to_sweep: bool = False) -> Program:
    """Fold, share, drop and keep once until nothing changes, a bounded number of times.

    The numbers are those of the program that is given: nothing is folded that IEEE arithmetic tells apart.
    With ``to_sweep`` the program is one that is still to be swept backwards: what is shared then is kept
    once, but an element that a branch reads again is its own, or its cotangent would have to leave it.
    """
    for _ in range(_ROUNDS):
        before = program
        program = without_dead(without_doubles(fold(program, to_sweep=to_sweep)))
        if program.body == before.body:
            break
    return program
