"""The adjoints written by hand, which dlsrc is measured against, are right themselves."""

import numpy as np
import pytest

from tests.benchmarks.tasks.garch import garch, garch_by_hand
from tests.benchmarks.tasks.heat import heat, heat_by_hand
from tests.benchmarks.tasks.newton import newton, newton_by_hand

NUMBERS = np.random.default_rng(1)
CASES = (
    ("GARCH", garch, garch_by_hand, (np.array([0.05, 0.1, 0.85]), NUMBERS.standard_normal(50))),
    ("Newton", newton, newton_by_hand, (np.array([0.4, 1.5]), NUMBERS.uniform(0, 6, 50))),
    ("heat", heat, heat_by_hand, (NUMBERS.standard_normal(40), 5)),
)


@pytest.mark.parametrize(("name", "objective", "by_hand", "args"), CASES, ids=lambda x: x if isinstance(x, str) else "")
def test_an_adjoint_written_by_hand(name, objective, by_hand, args):
    x, *rest = args
    value, gradient = by_hand(x, *rest)
    assert value == pytest.approx(objective(x, *rest), rel=1e-12)
    direction = np.random.default_rng(0).standard_normal(x.size)
    h = 1e-4 * min(abs(x))
    d = [(objective(x + k * h * direction, *rest) - objective(x - k * h * direction, *rest)) / (2 * k * h) for k in (1, 2)]
    assert gradient @ direction == pytest.approx((4 * d[0] - d[1]) / 3, rel=1e-6)
