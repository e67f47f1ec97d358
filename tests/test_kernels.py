"""Every primitive of the registry, judged at its own samples; and what must hold of the registry as a whole."""

import copy
import functools
import inspect
import math

import numpy as np
import pytest
import scipy.special

from dlsrc import kernels
from dlsrc.kernels.declaring.differences import typed
from dlsrc.kernels.declaring.gradcheck import check
from dlsrc.kernels.primitive import Kink, Primitive, Sample, lookup, lookup_method, registry
from dlsrc.lazy import jit_enabled, numba
from dlsrc.transform.machine.link import compiled, plain
from tests.conftest import FULL

PRIMITIVES = {name: p for name, p in registry.items() if isinstance(p, Primitive)}
RULES = [(name, argument) for name, p in PRIMITIVES.items() for argument in p.adjoints]


@pytest.mark.parametrize("name", registry)
def test_the_declaration_is_true(name):
    assert check(registry[name]) == []


@pytest.mark.parametrize("name", registry)
def test_the_declaration_is_complete(name):
    declared = registry[name]
    assert (declared.__doc__ or "").strip(), "no docstring"
    assert declared.__doc__.partition("\n\n")[0].strip().endswith("."), "the docstring begins with no sentence"
    if isinstance(declared, Primitive):
        assert any(isinstance(case, Sample) for case in declared.cases), "no sample"
        if not declared.generated:
            for argument in declared.arguments:
                stated = [argument in place for place in (declared.adjoints, declared.zeros, declared.unknowns)]
                assert stated.count(True) == 1, f"no derivative by {argument}"
    elif declared.functions or declared.methods or declared.attributes:
        assert declared.cases, "no sample"


@pytest.mark.parametrize(("name", "argument"), RULES)
def test_a_rule_a_thousandth_off_is_caught(name, argument):
    wrong = copy.copy(PRIMITIVES[name])
    rule = wrong.adjoints[argument]

    @functools.wraps(rule)
    def off(*args, **given):
        dx = rule(*args, **given)
        return type(dx)(part * 1.001 for part in dx) if isinstance(dx, tuple | list) else dx * 1.001

    wrong.adjoints = {argument: off}
    wrong.zeros = set(wrong.arguments) - {argument}
    words = (f"derivative by {argument} is", f"cotangent of {argument}")
    assert any(any(word in failure for word in words) for failure in check(wrong))


TANGENTS = [(name, argument) for name, p in PRIMITIVES.items() for argument in p.tangents]


@pytest.mark.parametrize(("name", "argument"), TANGENTS)
def test_a_tangent_a_thousandth_off_is_caught(name, argument):
    wrong = copy.copy(PRIMITIVES[name])
    rule = wrong.tangents[argument]

    @functools.wraps(rule)
    def off(*args, **given):
        return rule(*args, **given) * 1.001

    wrong.tangents = {argument: off}
    assert any(f"tangent by {argument} gives" in failure for failure in check(wrong))


@pytest.mark.parametrize("name", [n for n, p in PRIMITIVES.items() if p.adjoints and p.linear_in | p.multilinear_in])
def test_a_wrong_word_about_linearity_is_caught(name):
    """Of an operation that is only said to be linear, the tangent is not the transpose of the adjoint."""
    wrong = copy.copy(PRIMITIVES[name])
    said = wrong.linear_in | wrong.multilinear_in
    wrong.linear_in, wrong.multilinear_in = said, frozenset()
    body = wrong.body

    @functools.wraps(body)
    def off(*args, **given):
        return body(*args, **given) * 1.001

    wrong.body = off
    assert any("tangent by" in failure or "raised" in failure for failure in check(wrong))


def test_no_function_is_claimed_twice():
    claimed: dict = {}
    for declared in registry.values():
        for function in declared.functions:
            key = function if isinstance(function, str) else id(function)
            assert key not in claimed, f"{function} is claimed by {declared} and {claimed[key]}"
            claimed[key] = declared


def test_every_function_is_found():
    for declared in registry.values():
        for function in declared.functions:
            if not isinstance(function, str):
                assert lookup(function) is declared
        for method in declared.methods:
            assert lookup_method(method) is declared


def test_everything_is_exported_by_name():
    for name, declared in registry.items():
        assert getattr(kernels, name) is declared
    for p in PRIMITIVES.values():
        for rule in p.adjoints.values():
            assert getattr(kernels, rule.__name__) is rule, f"two rules are called {rule.__name__}"
    with pytest.raises(AttributeError, match="no primitive, rule or kernel named nothing"):
        kernels.nothing


def test_rules_are_named_after_what_they_are():
    for name, argument in RULES:
        assert PRIMITIVES[name].adjoints[argument].__name__.endswith(f"_d{argument}")


def test_elementwise_bodies_take_arrays_too():
    where = registry["where"]
    found = where(np.array([True, False]), np.array([1, 2], "f4"), 0.5)
    assert found.dtype == np.float32 and found.tolist() == [1.0, 0.5]


# ---------------------------------------------------------------------------------- compiled


def linked(found, static):
    """A primitive or rule as generated code calls it; compiled if numba is enabled."""
    names = list(inspect.signature(found.body if isinstance(found, Primitive) else found).parameters)
    if not jit_enabled():
        return lambda *args: plain(found)(*in_order(names, iter(args), static))
    target = compiled(found, tuple(sorted((name, x) for name, x in static.items() if name in names)))
    words = ", ".join(name for name in names if name not in static)
    namespace = {"target": target}
    exec(f"def call({words}):\n    return target({words})\n", namespace)
    return numba().njit(error_model="numpy")(namespace["call"])


def in_order(names, args, static):
    return [static[name] if name in static else next(args) for name in names]


@pytest.mark.compiled
@pytest.mark.parametrize("name", PRIMITIVES)
def test_generated_code_gets_the_same(name):
    """All samples where that is plain Python, one where numba compiles it; with DLSRC_FULL one of each type."""
    declared = copy.copy(PRIMITIVES[name])
    if jit_enabled():
        declared.cases = one_of_each_type(declared) if FULL else declared.cases[:1]
    assert check(declared, jit=linked) == []


def one_of_each_type(declared):
    """The first sample of each combination of argument types and static arguments: numba compiles each anew."""
    found = {}
    for case in declared.cases:
        if isinstance(case, Sample):
            found.setdefault((*map(typed, case.args), *map(str, case.static.items())), case)
    return tuple(found.values())


# ---------------------------------------------------------------------------------- closer looks

ANALYTIC = {
    np.exp: 0.3, np.expm1: 0.3, np.exp2: 0.3, np.log: 0.3, np.log1p: 0.3, np.log2: 0.3, np.log10: 0.3, np.sqrt: 0.3,
    np.sin: 0.3, np.cos: 0.3, np.tan: 0.3, np.arcsin: 0.3, np.arccos: 0.3, np.arctan: 0.3, np.sinh: 0.3,
    np.cosh: 0.3, np.tanh: 0.3, np.arcsinh: 0.3, np.arccosh: 1.3, np.arctanh: 0.3, np.reciprocal: 0.3,
    np.square: 0.3,
}


@pytest.mark.parametrize("function", ANALYTIC, ids=lambda f: f.__name__)
def test_the_complex_step(function):
    """The second oracle, to rounding: the imaginary part of f(x + ih), over h."""
    p, x = lookup(function), ANALYTIC[function]
    rule = p.adjoints["x"]
    given = {"dy": 1.0, "x": x, "y": p(x)}
    found = rule(**{name: given[name] for name in inspect.signature(rule).parameters})
    assert found == pytest.approx(function(x + 1e-30j).imag / 1e-30, rel=1e-14)


@pytest.mark.parametrize("name", ["digamma", "gammaln", "gamma", "log_ndtr", "ndtr", "erf", "erfc", "log_expit", "softplus"])
def test_special_functions_to_the_last_digits(name):
    x = np.array([-9.7, -3.3, -1.5, -0.7, -1e-3, 1e-3, 0.1, 0.5, 1.3, 2.6, 7.9, 10.1, 31.0, 150.0])
    np.testing.assert_allclose(registry[name](x), getattr(scipy.special, name)(x), rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_polygamma_to_the_last_digits(n):
    x = np.array([1e-3, 0.1, 0.5, 1.3, 2.6, 7.9, 10.1, 31.0, 1e3, 1e6])
    np.testing.assert_allclose(registry["polygamma"](n, x), scipy.special.polygamma(n, x), rtol=1e-12)


@pytest.mark.parametrize("x", [0.0, 1e-9, 1e-4, 0.0999, 0.1001, 0.5])
def test_sinc_near_zero(x):
    """Against the power series, in which nothing cancels."""
    t = math.pi * x
    series = math.pi * sum((-1) ** k * 2 * k * t ** (2 * k - 1) / math.factorial(2 * k + 1) for k in range(1, 15))
    assert kernels.sinc_dx(1.0, x, registry["sinc"](x)) == pytest.approx(series, rel=1e-13, abs=1e-300)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("digamma", (np.array([0.0, -0.0, -1.0, np.inf, np.nan]),)),
        ("gammaln", (np.array([0.0, -1.0, np.inf, np.nan]),)),
        ("gamma", (np.array([0.0, -0.0, 171.0, 180.0, np.inf, np.nan]),)),
        ("log_ndtr", (np.array([-np.inf, np.inf, np.nan, -1e5]),)),
        ("entr", (np.array([0.0, -1.0, np.nan]),)),
        ("xlogy", (np.array([0.0, 0.0, np.nan]), np.array([0.0, np.nan, 0.0]))),
    ],
)
def test_special_functions_at_special_values(name, args):
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(registry[name](*args), getattr(scipy.special, name)(*args), rtol=1e-12)


def test_clip_is_one_on_its_closed_interval():
    """maximum and minimum give ties to their first argument, which is the clipped number."""
    for x, slope in ((-1.0, 1.0), (1.0, 1.0), (0.3, 1.0), (-1.1, 0.0), (1.1, 0.0)):
        inside = registry["maximum"](x, -1.0)
        by_min = kernels.minimum_da(1.0, inside, 1.0)
        assert kernels.maximum_da(by_min, x, -1.0) == slope


def test_zero_times_infinity_does_not_happen():
    """Where a value is not chosen its infinite cotangent is dropped, not multiplied by zero."""
    for rule, args in (
        (kernels.where_da, (np.inf, False)),
        (kernels.where_db, (np.inf, True)),
        (kernels.maximum_da, (np.inf, 1.0, 2.0)),
        (kernels.relu_dx, (np.inf, -1.0)),
    ):
        assert rule(*args) == 0.0


@pytest.mark.parametrize("name", registry)
def test_kinks_are_of_known_arguments(name):
    for case in registry[name].cases:
        if isinstance(case, Kink):
            assert set(case.expect) <= set(registry[name].arguments)
