"""Random programs of the whole language: value, exceptions and gradient are right, or the program is refused."""

import ast
import warnings

import pytest

from tests.fuzz import planted
from tests.fuzz.judge import inputs, load, verdict
from tests.fuzz.rewrite import REWRITES, rewritten
from tests.fuzz.shrink import smaller
from tests.fuzz.watched import written_before
from tests.fuzz.writer import program


def outcome(seed: int, *, gradients: bool = False) -> tuple[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return verdict(program(seed, gradients=gradients), seed)


def test_a_program_is_the_same_every_time():
    assert program(11) == program(11) != program(12)


@pytest.mark.parametrize("start", range(0, 80, 10))
def test_the_gradient_of_random_programs(start):
    ends = {seed: outcome(seed) for seed in range(start, start + 10)}
    assert not {seed: why for seed, (state, why) in ends.items() if state == "fail"}
    assert sum(state == "ok" for state, _ in ends.values()) >= 5


@pytest.mark.parametrize("start", range(1000, 1040, 10))
def test_several_gradients_in_random_programs(start):
    ends = {seed: outcome(seed, gradients=True) for seed in range(start, start + 10)}
    assert not {seed: why for seed, (state, why) in ends.items() if state == "fail"}
    assert sum(state == "ok" for state, _ in ends.values()) >= 5


@pytest.mark.parametrize("checkpoint", [2, "sqrt"])
def test_random_programs_from_checkpoints(checkpoint):
    """Bit for bit the gradient without; more of them: ``python -m tests.fuzz --checkpoint 2``."""
    ends = {seed: verdict(program(seed), seed, checkpoint=checkpoint) for seed in range(20)}
    assert not {seed: why for seed, (state, why) in ends.items() if state == "fail"}
    assert sum(state == "ok" for state, _ in ends.values()) >= 5


@pytest.mark.compiled
@pytest.mark.parametrize(("seed", "gradients"), [(28, False), (1008, True)])
def test_random_programs_compiled(seed, gradients):
    assert outcome(seed, gradients=gradients) == ("ok", "")


# ---------------------------------------------------------------------------------- the fuzzer itself

RIGHT = """
import numpy as np
def f(x, A, p, n, z):
    s = 0.2
    q = np.sin(p)
    for i in range(3):
        x[i] += s * np.tanh(x[i + 1])
        s = s * 0.5 + p
    x[4] = x[4] * np.tanh(x[3])
    return np.sum(x * x) + s * q
"""


def test_a_wrong_gradient_a_wrong_value_and_a_wrong_exception_are_seen(monkeypatch):
    """A factor of 1 + 1e-6 in the gradient, or of 1 + 1e-9 in the value, is a failure; and so is a value where
    the plain function raises."""
    from tests.fuzz import judge

    assert verdict(RIGHT, 1) == ("ok", "")
    right = judge._derived
    wrong = {"gradient": (1.0, 1.0 + 1e-6), "value": (1.0 + 1e-9, 1.0)}
    for what, (a, b) in wrong.items():
        with monkeypatch.context() as patched:
            patched.setattr(judge, "_derived", lambda *k: (lambda v, by: (v * a, tuple(g * b for g in by)))(*right(*k)))
            state, why = verdict(RIGHT, 1)
            assert state == "fail" and why.startswith(what)
    raising = RIGHT.replace("return", "x[5] = s\n    return")
    with monkeypatch.context() as patched:
        patched.setattr(judge, "_derived", lambda f, *k: right(judge.load(RIGHT), *k))
        assert verdict(raising, 1)[0] == "fail"
    assert verdict(raising, 1) == ("ok", "both raise IndexError")


def test_what_magnifies_rounding_is_told_apart():
    """Values that differ since `np.sum` adds in another order, 12 trips later; not those that are wrong."""
    source = """
import numpy as np

def f(x, A, p, n, z):
    k = 0
    while k < 4:
        k += 1
        for row in A:
            x[4:1:-1] -= x[::-1][1:4]
            x[4] -= np.sin(np.sum(np.outer(x, x)))
    return np.sum(x)
"""
    assert verdict(source, 850980) == ("skip", "it magnifies rounding")
    tame = source.replace("k < 4", "k < 1")
    assert verdict(tame, 850980)[0] == "ok"


def test_every_rewriting_changes_the_program_and_keeps_its_value():
    for name in REWRITES:
        other = rewritten(RIGHT, name)
        assert other is not None and ast.dump(ast.parse(other)) != ast.dump(ast.parse(RIGHT))
        assert verdict(other, 1, rewrites=False) == ("ok", "")


def test_a_target_that_was_written_to_is_a_new_value():
    """Through a view, in a helper, or not at all; ``t`` is a copy."""
    text = """
import numpy as np
def change(a):
    a[0] = a[0]
def f(x, A, p, n, z):
    t = x.copy()
    v = A[1:, 2]
    dlgradient(np.sum(x), x, A, t)
    change(x)
    dlgradient(np.sum(x), A)
    v *= {factor}
    dlgradient(np.sum(x), {targets})
"""
    for targets, late in {"x": {0}, "A": {1}, "t": set(), "x, t, A": {0, 1}}.items():
        assert written_before(load, text.format(factor=1.0, targets=targets), inputs(1)) == late


@pytest.mark.parametrize("bug", [
    planted.a_copy_is_not_kept, planted.an_element_is_assigned_not_added, planted.a_second_use_replaces_the_first,
    planted.a_branch_without_an_else_is_forgotten,
])  # fmt: skip
def test_a_planted_bug_is_found_soon(bug):
    """All ten: ``python -m tests.fuzz --planted``."""
    assert planted.first_seen(bug, 20) is not None


def test_a_failure_is_made_small():
    def judge(text: str) -> tuple[str, str]:
        return ("fail", "value: 1") if "np.tanh(x[3])" in text else ("ok", "")

    small = smaller(RIGHT, judge, "value: 1")
    assert "np.tanh(x[3])" in small
    assert "for" not in small and "np.sum" not in small
