"""What must not grow: generated text per line of source, text for equal layers, what a loop keeps.

No test here looks at a clock; ``python -m tests.scaling`` does.
"""

import importlib.util
import sys

import numpy as np
import pytest

import dlsrc
from tests import scaling
from tests.conftest import PLAIN
from tests.oracle import assert_close, assert_gradient
from tests.quality import MOST_STATEMENTS, statements_of


def load(tmp_path, source, name):
    path = tmp_path / f"{name}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


X = np.array([0.3, 0.5, 0.2])


@pytest.mark.parametrize("lines", [100, 200, 400])
def test_text_is_linear_in_the_source(tmp_path, lines):
    source = scaling.long_source(lines)
    assert abs(statements_of(source) - lines) <= 2
    module = load(tmp_path, source, f"long_{lines}")
    text = dlsrc.adjoint_source(module.objective, X)
    assert statements_of(text) <= MOST_STATEMENTS * statements_of(source)


def test_a_long_source_is_right(tmp_path):
    module = load(tmp_path, scaling.long_source(100), "long_right")
    assert_gradient(module.objective, X)


def network(*sizes):
    return [
        {"W": 0.5 * np.eye(b, a) + 0.1, "b": np.full(b, 0.1 * k)}
        for k, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False))
    ]


def test_the_number_of_equal_layers_does_not_change_the_text(tmp_path):
    module = load(tmp_path, scaling.equal_layers_source(), "equal_layers_text")
    few, many, unequal = (
        str(dlsrc.adjoint_source(module.objective, network(*sizes), np.ones(4)))
        for sizes in ((4,) * 4, (4,) * 31, (4, 5, 6, 2))
    )
    assert few == many == unequal


@pytest.mark.compiled
def test_equal_layers_are_right(tmp_path):
    module = load(tmp_path, scaling.equal_layers_source(), "equal_layers_right")
    assert_gradient(module.objective, network(4, 4, 4, 4), np.ones(4), argnums=(0, 1))


@pytest.mark.parametrize("part", [
    "    if s > 0.{k}1:\n        s = s * 0.9 + y[0]\n        y[1] = np.sin(s)\n",
    "    for i in range(2):\n        y, z = z, y * 0.5\n        y[0] = y[0] * s\n",
])  # fmt: skip
def test_the_work_is_not_exponential_in_branches_and_swaps(tmp_path, part):
    """Thirty branches that write, or loops that swap, one after the other: each doubled the work of the others."""
    lines = "".join(part.format(k=k) for k in range(30))
    source = f"import numpy as np\n\n\ndef f(x):\n    y, z, s = x * 1.0, x * 2.0, 0.1\n{lines}    return s + np.sum(y * z)\n"
    module = load(tmp_path, source, "branches_and_swaps")
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        dlsrc.adjoint_source(module.f, X)
    finally:
        sys.setprofile(None)
    assert calls < 3_000_000


def test_trip_counts_do_not_change_the_text():
    def text(n):
        return dlsrc.adjoint_source(scaling.recurrence, X, n)

    assert text(10) == text(10**6)


def test_sizes_do_not_change_the_text():
    def f(x):
        return np.sum(x**2)

    assert dlsrc.adjoint_source(f, np.ones(2)) == dlsrc.adjoint_source(f, np.ones(2000))


@pytest.mark.compiled
def test_a_million_steps():
    """A loop may be long: no recursion, no list of objects.  (Fewer steps in plain Python, which is slow.)"""
    steps = 10**3 if PLAIN else 10**6
    value, g = dlsrc.value_and_grad(scaling.recurrence)(np.array([0.3, 0.5, 0.2]), steps)
    assert_close(value, scaling.recurrence(X, 100))
    # The fixed point s = s**2 b + c: by the implicit function theorem.
    slope = 1.0 - 2.0 * value * X[1]
    assert_close(g, [0.0, value**2 / slope, 1.0 / slope])
