"""Random programs of the whole language: a gradient is right, or the program is refused with a reason."""

import warnings

import pytest

from tests.fuzz import program, verdict


def outcome(seed: int, *, gradients: bool = False) -> tuple[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return verdict(program(seed, gradients=gradients), seed)


def test_a_program_is_the_same_every_time():
    assert program(11) == program(11) != program(12)


@pytest.mark.parametrize("start", range(0, 100, 10))
def test_the_gradient_of_random_programs(start):
    ends = {seed: outcome(seed) for seed in range(start, start + 10)}
    assert not {seed: why for seed, (state, why) in ends.items() if state == "fail"}
    assert sum(state == "ok" for state, _ in ends.values()) >= 5


@pytest.mark.parametrize("start", range(1000, 1050, 10))
def test_several_gradients_in_random_programs(start):
    ends = {seed: outcome(seed, gradients=True) for seed in range(start, start + 10)}
    assert not {seed: why for seed, (state, why) in ends.items() if state == "fail"}
    assert sum(state == "ok" for state, _ in ends.values()) >= 5


@pytest.mark.compiled
@pytest.mark.parametrize(("seed", "gradients"), [(28, False), (1004, True)])
def test_random_programs_compiled(seed, gradients):
    assert outcome(seed, gradients=gradients) == ("ok", "")
