"""Every adjoint of a primitive is itself a function that can be differentiated: second order stands on it."""

import inspect

import numpy as np
import pytest

import dlsrc
import dlsrc.kernels  # noqa: F401  fills the registry
from dlsrc.kernels.declaring.again import AGAIN
from dlsrc.kernels.primitive import Primitive, Sample, registry


def rules():
    for name, declared in sorted(registry.items()):
        if isinstance(declared, Primitive):
            for argument in declared.adjoints:
                yield pytest.param(declared, argument, id=f"{name}-{argument}")


def arguments_of(declared, rule):
    """The arguments of a rule at the first sample (of numbers, for one that is written for one element)."""
    samples = [c for c in declared.cases if isinstance(c, Sample)]
    if declared.elementwise:
        samples.sort(key=lambda c: max((np.ndim(a) for a in c.args), default=0))
    values = dict(zip(declared.arguments, samples[0].args, strict=False)) | dict(samples[0].static)
    for name, parameter in inspect.signature(declared.body).parameters.items():
        values.setdefault(name, parameter.default)
    if declared.elementwise and any(np.ndim(values[a]) for a in declared.arguments):
        values |= {a: values[a].flat[0] for a in declared.arguments if np.ndim(values[a])}
    y = declared(*(values[name] for name in declared.parameters))
    known = {"dy": np.ones_like(np.asarray(y, dtype=float)) if np.ndim(y) else 1.0, "y": y}
    given = []
    for name in inspect.signature(rule).parameters:
        if name.endswith("_shape") and name not in values:
            given.append(np.shape(values[name.removesuffix("_shape")]))
        else:
            given.append(known[name] if name in known else values[name])
    return given


@pytest.mark.parametrize(("declared", "argument"), list(rules()))
def test_the_rule_is_accepted(declared, argument):
    rule = AGAIN.get(declared.adjoints[argument], declared.adjoints[argument])
    given = arguments_of(declared, rule)

    def total(*args):
        return np.sum(rule(*args))

    by_dy = dlsrc.grad(total)(*given)
    assert np.shape(by_dy) == np.shape(given[0])
    # A rule is linear in dy, so that its gradient by dy does not depend on dy.
    again = dlsrc.grad(total)(2.5 * given[0], *given[1:])
    np.testing.assert_allclose(again, by_dy, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", AGAIN, ids=lambda rule: rule.__name__)
def test_the_other_spelling_is_the_same(rule):
    declared = next(p for p in registry.values() if isinstance(p, Primitive) and rule in p.adjoints.values())
    given = arguments_of(declared, rule)
    np.testing.assert_allclose(AGAIN[rule](*given), rule(*given), rtol=1e-15)
