"""Mutants that no test can notice, each with why: the text of a mutant's key, and a proof in one line.

An entry whose mutant is gone, because the text of its function has changed, fails `tests/test_mutation.py`.
"""

from tests.mutation.operators import Mutant

__all__ = ["EQUIVALENT", "reason_for"]

EQUIVALENT: dict[str, str] = {
    "adjoint: Sweep._store: taken: Atom | None = None → pass":
        "it is read only where `useful` is true, and both ways that are then taken assign it",
}


def reason_for(mutant: Mutant) -> str:
    """Why a mutant cannot be noticed; nothing where it can."""
    return EQUIVALENT.get(mutant.key, "")
