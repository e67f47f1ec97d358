"""The adjoints written by hand, which dlsrc is measured against, are right themselves."""

import numpy as np
import pytest

from tests.handwritten import cases


@pytest.mark.parametrize(("name", "objective", "by_hand", "args"), cases(), ids=lambda x: x if isinstance(x, str) else "")
def test_an_adjoint_written_by_hand(name, objective, by_hand, args):
    x, *rest = args
    x, rest = x[:40], [r[:50] if isinstance(r, np.ndarray) else 5 for r in rest]
    value, gradient = by_hand(x, *rest)
    assert value == pytest.approx(objective(x, *rest), rel=1e-12)
    direction = np.random.default_rng(0).standard_normal(x.size)
    h = 1e-4 * min(abs(x))
    d = [(objective(x + k * h * direction, *rest) - objective(x - k * h * direction, *rest)) / (2 * k * h) for k in (1, 2)]
    assert gradient @ direction == pytest.approx((4 * d[0] - d[1]) / 3, rel=1e-6)
