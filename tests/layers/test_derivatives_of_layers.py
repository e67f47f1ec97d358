"""Every function of networks at all its samples: value, gradient, second derivative and forward mode through the transformation."""

import doctest
import functools

import numpy as np
import pytest

import dlsrc
from dlsrc.kernels.declaring.differences import copied, derivative, directions_of, leaves, shifted
from dlsrc.kernels.declaring.gradcheck import describe
from dlsrc.kernels.primitive import Composite, Rejection, Sample, registry
from dlsrc.lazy import jit_enabled
from tests.test_composites import is_traced, kinds, total

NAMES = {name: registry[kernel] for name, kernel in dlsrc._KERNELS.items() if kernel not in ("logsumexp", "relu", "sigmoid")}

# A second derivative that is not continuous at the samples, or that costs minutes by differences.
CASES = [
    pytest.param(declared, case, id=describe(declared, case)[:90])
    for declared in NAMES.values() if isinstance(declared, Composite)
    for case in declared.cases if isinstance(case, Sample) and any(map(is_traced, case.args))
]
pytestmark = pytest.mark.skipif(jit_enabled(), reason="each sample would be compiled: one of each is, in test_compiled_layers")


def objective_of(declared, case):
    function = functools.partial(declared.body, **case.static)

    def objective(*args):
        return total(function(*args))

    traced = tuple(k for k, x in enumerate(case.args) if is_traced(x))
    return objective, copied(case.args), traced


@pytest.mark.parametrize(("declared", "case"), CASES)
def test_value_and_gradient(declared, case):
    objective, given, traced = objective_of(declared, case)
    value, gradient = dlsrc.value_and_grad(objective, argnums=traced)(*copied(given))
    digits = 1e-13 if kinds(given[traced[0]]) == ["float64"] else 1e-6
    assert value == pytest.approx(objective(*copied(given)), rel=digits, abs=digits)
    for k, found in zip(traced, gradient, strict=True):
        assert np.shape(found) == np.shape(given[k])
        for direction in directions_of(given[k]):

            def curve(h, k=k, direction=direction):
                args = list(copied(given))
                args[k] = shifted(args[k], direction, h)
                return objective(*args)

            by_rule = sum(np.sum(g * d) for g, d in zip(leaves(found), leaves(direction), strict=True))
            size = sum(np.sum(abs(g * d)) for g, d in zip(leaves(found), leaves(direction), strict=True))
            assert float(derivative(curve)) == pytest.approx(float(by_rule), abs=1e-8 * max(1.0, size))


FIRST = [pytest.param(p.values[0], p.values[1], id=p.values[0].name) for k, p in enumerate(CASES)
         if k == 0 or CASES[k - 1].values[0] is not p.values[0]]


@pytest.mark.parametrize(("declared", "case"), FIRST)
def test_second_derivative_and_forward_mode(declared, case):
    """The gradient's derivative in a direction of all arguments, by tangents through it and by differences of it."""
    objective, given, traced = objective_of(declared, case)
    last = next((k for k in range(traced[0], len(given)) if k not in traced), len(given))
    before, xs, after = given[: traced[0]], given[traced[0]: last], given[last:]

    def by_floats(xs):
        return objective(*before, *xs, *after)

    v = tuple(np.cos(np.arange(np.size(x))).reshape(np.shape(x)) for x in xs)
    gradient = dlsrc.grad(by_floats)
    _, slope = dlsrc.jvp(by_floats, (xs,), (v,))
    assert slope == pytest.approx(sum(np.sum(g * t) for g, t in zip(gradient(xs), v, strict=True)), rel=1e-11, abs=1e-12)
    w = tuple(np.sin(1.0 + np.arange(np.size(x))).reshape(np.shape(x)) for x in xs)
    found = sum(np.sum(h * t) for h, t in zip(dlsrc.hvp(by_floats)(xs, v), w, strict=True))

    def curve(h):
        slopes = gradient(tuple(x + h * t for x, t in zip(xs, v, strict=True)))
        return sum(np.sum(g * t) for g, t in zip(slopes, w, strict=True))

    expected = float(derivative(curve))
    assert found == pytest.approx(expected, abs=1e-7 * max(1.0, abs(expected)))


REJECTIONS = [
    pytest.param(declared, case, id=describe(declared, case)[:90])
    for declared in NAMES.values() if isinstance(declared, Composite)
    for case in declared.cases if isinstance(case, Rejection)
]


@pytest.mark.parametrize(("declared", "case"), REJECTIONS)
def test_what_is_refused(declared, case):
    """A refusal reaches the user with his line."""
    objective, given, _ = objective_of(declared, case)
    expected = dlsrc.errors.UnsupportedSyntax if case.error.__name__ == "Refusal" else case.error
    with pytest.raises(expected):
        dlsrc.grad(lambda t, *args: t * objective(*args))(1.0, *given)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_in_the_docstring(name):
    declared = NAMES[name]
    text = declared.__doc__
    assert ">>>" in text or name == "softmax", "no example"
    test = doctest.DocTestParser().get_doctest(text, dict(declared.body.__globals__), name, None, None)
    assert doctest.DocTestRunner().run(test).failed == 0
