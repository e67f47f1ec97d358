"""Random programs: the gradient is right or the program is refused, and few are refused."""

from collections import Counter

import numpy as np
import pytest

from tests.random_programs import functions, verdict


def check(seeds: range, folder) -> Counter:
    with np.errstate(all="ignore"):
        return Counter(verdict(f) for f in functions(seeds, folder))


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_random_programs(start, tmp_path):
    counts = check(range(start, start + 50), tmp_path)
    assert counts["right"] >= 40, counts


@pytest.mark.compiled
def test_random_programs_compiled(tmp_path):
    counts = check(range(1000, 1008), tmp_path)
    assert counts["right"] >= 6, counts
