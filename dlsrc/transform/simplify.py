"""The program without what is known, repeated or not needed.

>>> from dlsrc.transform.ir import Program
>>> simplify(Program("f", (), (), (), {})).body
()
"""

from .dead import without_dead
from .fold import fold
from .ir import Program

__all__ = ["simplify"]

# Dropping what is dead leaves values with one use, which folds again; two rounds do nearly all there is.
_ROUNDS = 4


def simplify(program: Program) -> Program:
    """Fold, share and drop until nothing changes, a bounded number of times.

    The numbers are those of the program that is given: nothing is folded that IEEE arithmetic tells apart.
    """
    for _ in range(_ROUNDS):
        before = program
        program = without_dead(fold(program))
        if program.body == before.body and program.returns == before.returns:
            break
    return program
