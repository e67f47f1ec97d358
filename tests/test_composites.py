"""Every function of the registry as a user calls it: through the whole transformation, beside NumPy and differences."""

import functools

import numpy as np
import pytest

import dlsrc
from dlsrc.kernels.declaring.differences import (
    copied, derivative, directions_of, is_float, leaves, like, shifted,
)
from dlsrc.kernels.declaring.gradcheck import describe, reference_of
from dlsrc.kernels.primitive import Composite, Sample, registry


# How many samples of each function; the values of all are compared in test_kernels.
EACH = 4

# Steps have slope zero, which differences do not find; densities on a simplex have no differences by its points.
STEPS = {"round", "dirichlet_logpdf", "dirichlet_pdf"}

# A derivative by these arguments is refused, which tests/messages knows.
FIXED = {
    ("zeta", 0), ("chdtr", 0), ("chdtrc", 0), ("gamma_cdf", 1), ("gamma_sf", 1), ("chi2_cdf", 1), ("chi2_sf", 1),
    ("beta_cdf", 1), ("beta_cdf", 2), ("t_cdf", 1), ("t_logcdf", 1),
}  # fmt: skip


def total(y):
    """One number of a result of any form, in which every element counts differently from its neighbours."""
    if isinstance(y, tuple | list):
        s = 0.0
        for part in y:
            s = s + total_of(part)
        return s
    return total_of(y)


def total_of(part):
    flat = np.ravel(part)
    return np.sum(np.arctan(flat + 0.1 * np.arange(len(flat))))


def cases():
    """(reference function, sample) of every composite that gives a value."""
    for name, declared in sorted(registry.items()):
        reference = reference_of(declared) if isinstance(declared, Composite) else None
        if reference is None or not declared.functions or name in STEPS:
            continue
        samples = [case for case in declared.cases if isinstance(case, Sample)]
        for case in samples[:EACH]:
            if declared.body(*copied(case.args), **case.static) is not None:
                yield pytest.param(name, reference, case, id=describe(declared, case)[:70])


def numbers(x):
    """Whether an argument is numbers at all, and not an option."""
    return not any(part is None or isinstance(part, str | slice | type) for part in leaves(x))


def is_traced(x):
    """Whether a gradient by this argument may be asked for."""
    if not numbers(x):
        return False
    if isinstance(x, tuple | list):
        return bool(x) and all(isinstance(part, np.ndarray | np.float64) and is_float(part) for part in x)
    return isinstance(x, np.ndarray | np.float64) and is_float(x)


def kinds(y):
    """The dtypes in a result."""
    return [kind for part in y for kind in kinds(part)] if isinstance(y, tuple | list) else [np.asarray(y).dtype.name]


def off_kinks(x, k):
    """An argument a little away from round numbers, its elements in the same order."""
    if not is_traced(x):
        return copied(x)
    return like(x, [part - 0.01 * (k + 1 - np.arange(np.size(part)).reshape(np.shape(part)) / 99) for part in leaves(x)])


@pytest.mark.parametrize(("name", "function", "case"), list(cases()))
def test_a_call_of_it_has_the_value_and_the_gradient(name, function, case):
    function = functools.partial(function, **case.static)

    def objective(*args):
        return total(function(*args))

    given = tuple(off_kinks(x, k) for k, x in enumerate(case.args))
    argnums = tuple(k for k, x in enumerate(case.args) if is_traced(x) and (name, k) not in FIXED)
    expected = objective(*copied(given))
    if not argnums:
        def with_a_trace(t, *args):
            return t * total(function(*args))

        value, slope = dlsrc.value_and_grad(with_a_trace)(1.0, *copied(given))
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-12) and slope == pytest.approx(value)
        return
    digits = 1e-12 if all(dtype == "float64" for dtype in kinds(function(*copied(given)))) else 1e-6
    value, gradient = dlsrc.value_and_grad(objective, argnums=argnums)(*copied(given))
    assert value == pytest.approx(expected, rel=digits, abs=digits)
    if digits > 1e-12:
        return  # differences of whole numbers are zero or infinite, those of float32 too coarse
    for k, found in zip(argnums, gradient, strict=True):
        for direction in directions_of(given[k]):

            def curve(h, k=k, direction=direction):
                args = list(copied(given))
                args[k] = shifted(args[k], direction, h)
                try:
                    return objective(*args)
                except ValueError:
                    return np.nan  # the step was too long for its domain

            by_rule = sum(np.sum(g * d) for g, d in zip(leaves(found), leaves(direction), strict=True))
            size = sum(np.sum(abs(g * d)) for g, d in zip(leaves(found), leaves(direction), strict=True))
            assert float(derivative(curve)) == pytest.approx(float(by_rule), abs=1e-8 * max(1.0, size))
