"""Mutants that no test can notice, each with why: the text of a mutant's key, and a proof in one line.

An entry whose mutant is gone, because the text of its function has changed, fails `tests/test_mutation.py`.
"""

from tests.mutation.operators import Mutant

__all__ = ["EQUIVALENT", "reason_for"]

_OUTERMOST = "for k = 0 `loops[k - 1]` is the innermost loop, whose scope is no shorter: `scope[depth:]` is empty"

EQUIVALENT: dict[str, str] = {
    "save: Saver.thread: k > 0 → True": _OUTERMOST,
    "save: Saver.thread: k > 0 → k >= 0": _OUTERMOST,
    "adjoint: Sweep._custom: op.refusals and any((residuals[k] in self.active for k in op.watched)) → "
    "any((residuals[k] in self.active for k in op.watched))":
        "a rule without refusals has nothing that is watched (`link`): any of nothing is false",
    "control: reverse_if: isinstance(atom, Value) → True":
        "`contribute` does nothing for what is no value; the shape of a cotangent that was handed on is not asked for",
}


def reason_for(mutant: Mutant) -> str:
    """Why a mutant cannot be noticed; nothing where it can."""
    return EQUIVALENT.get(mutant.key, "")
