"""The mutation harness: its mutants are changes, its equivalents exist, and a hole that it found stays closed."""

import ast
import subprocess
import sys

from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.killset import FILES, MODULES
from tests.mutation.operators import mutants_of, parsed, path_of
from tests.mutation.pool import collected

MUTANTS = {module: mutants_of(f"transform.{module}") for module in MODULES}


def test_names_are_unique_and_every_mutant_is_a_change():
    for module in ("facts.trips", "save"):
        names = [m.key for m in MUTANTS[module]]
        assert len(set(names)) == len(names)
        right = ast.dump(parsed(f"transform.{module}")[0])
        for mutant in MUTANTS[module][::7]:
            assert mutant.code() is not None
        assert ast.dump(parsed(f"transform.{module}")[0]) == right, "a mutant changed the tree that others start from"


def test_no_equivalent_mutant_is_stale():
    names = {m.key for mutants in MUTANTS.values() for m in mutants}
    assert not [key for key in EQUIVALENT if key not in names]
    assert all(reason and "\n" not in reason for reason in EQUIVALENT.values())


def test_the_kill_set_can_be_run():
    assert all(path_of(f"transform.{module}").exists() for module in MODULES)
    assert all(FILES.values()), "each file says why it is in the set"
    for file in FILES:
        assert collected(file), file


def test_a_hole_stays_closed():
    """No test had two operands share a cotangent's memory: one program does, and is enough to notice this."""
    text = "self.own.discard(dy) → pass"
    assert any(text in m.key for m in MUTANTS["adjoint"])
    command = [sys.executable, "-m", "tests.mutation", "--modules", "adjoint", "--match", text, "--files", "corpus.test_mutants"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
