"""Mutants that no test can notice, each with why: the text of a mutant's key, and a proof in one line."""

from tests.mutation.operators import Mutant

__all__ = ["EQUIVALENT", "reason_for"]

EQUIVALENT: dict[str, str] = {
}


def reason_for(mutant: Mutant) -> str:
    """Why a mutant cannot be noticed; nothing where it can."""
    return EQUIVALENT.get(mutant.key, "")
