"""``jacfwd`` = ``jacrev`` to 1e-12, over the programs of ``tests/language`` and ``tests/corpus``.

Of each program, by everything that it is differentiated by; and of vectors: of its gradient, by a part of the
programs, where one side is forward over reverse and the other reverse over reverse.  Without ``DLSRC_FULL=1``
only every third program of the language: `test_tangents` compares ``jacfwd`` with the gradient of all of them.
"""

import copy
import importlib
import pkgutil

import numpy as np
import pytest

import dlsrc
import tests.corpus
import tests.language
from tests.conftest import FULL
from tests.oracle import Program, Programs, leaves, real

TOLERANCE, TOLERANCE_FLOAT32 = 1e-12, 3e-5


def collected(*packages):
    """Every program of the tests, with a name of its own; those of the language come first."""
    for package in packages or (tests.language, tests.corpus):
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("test_"):
                continue
            found = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
            for programs in (p for p in found.values() if isinstance(p, Programs)):
                for k, parameter in enumerate(programs.collected):
                    yield pytest.param(parameter.values[0], id=f"{module.name[5:]}-{parameter.id}-{k}")
            if package is tests.corpus:
                for parameter in found.get("PROGRAMS", []):
                    f, args = parameter.values[:2]
                    yield pytest.param(Program(f, args, {}), id=f"{module.name[5:]}-{parameter.id}")


def numbers_of(tree):
    return [np.asarray(leaf) for leaf in leaves(tree) if real(leaf)]


def assert_equal(by_columns, by_rows, single):
    """Both Jacobians to 1e-12 of the largest entry; nan and infinities in the same places."""
    tolerance = TOLERANCE_FLOAT32 if single else TOLERANCE
    for a, b in zip(numbers_of(by_columns), numbers_of(by_rows), strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        largest = np.max(np.abs(b), initial=1.0, where=np.isfinite(b))
        np.testing.assert_allclose(a, b, rtol=0.0, atol=tolerance * largest)


def is_single(tree):
    return any(a.dtype == np.float32 for a in numbers_of(tree))


def scalars():
    every = list(collected())
    count = sum(1 for p in collected(tests.language))
    return every if FULL else every[:count:3] + every[count:]


@pytest.mark.parametrize("program", scalars())
def test_forward_and_reverse(program):
    f, args, by = program.function, program.args, program.options.get("argnums", 0)
    by_columns = dlsrc.jacfwd(f, by)(*copy.deepcopy(args))
    by_rows = dlsrc.jacrev(f, by)(*copy.deepcopy(args))
    assert_equal(by_columns, by_rows, is_single((args, by_rows)))


# Rules that divide by what is zero here: the first derivative is finite, the second is not.
SINGULAR = {
    "symmetric_in_equal_eigenvalues", "determinant_of_a_singular_matrix", "determinant_of_a_matrix_of_rank_one",
}


def vectors():
    """Every fifth program of a vector or matrix of up to 30 numbers."""
    suitable = []
    for parameter in collected():
        program = parameter.values[0]
        number = program.options.get("argnums", 0)
        number = number if isinstance(number, int) else number[0]
        x = program.args[number]
        small = isinstance(x, np.ndarray) and x.dtype == np.float64 and x.ndim < 3 and 1 < x.size <= 30
        if small and getattr(program.function, "__name__", "") not in SINGULAR:
            suitable.append(pytest.param(program, number, id=parameter.id))
    # masked_set returns a vector itself; the second derivatives of entangled arrays are refused
    # in the latter two a branch entangles a view with its view
    others = ("masked_set", "reversed_view_goes_on", "shadows_of_columns_go_with_them")
    suitable = [p for p in suitable if not any(name in p.id for name in others)]
    return [p for p in suitable if not p.id.startswith("entangled")][::5]


@pytest.mark.parametrize(("program", "number"), vectors())
def test_vectors(program, number):
    """The gradient is a function with as many results as arguments: its Jacobian by columns and by rows."""
    slope = dlsrc.grad(program.function, number)

    def gradient(*args):
        return slope(*args)

    by_columns = dlsrc.jacfwd(gradient, number)(*copy.deepcopy(program.args))
    by_rows = dlsrc.jacrev(gradient, number)(*copy.deepcopy(program.args))
    assert_equal(by_columns, by_rows, is_single((program.args, by_rows)))


def values(x):
    return np.cumsum(np.sin(x)) * x[::-1]


def matrix_of(x):
    return np.outer(x, np.tanh(x)) @ np.diag(x)


def several(x):
    return {"a": x**2, "b": (np.sum(x), np.sort(x)[:2])}


def marched(x):
    u = x.copy()
    for _ in range(3):
        for i in range(1, len(u) - 1):
            u[i] = u[i] + 0.1 * (u[i - 1] - 2.0 * u[i] + u[i + 1]) * x[0]
    return u


@pytest.mark.compiled
@pytest.mark.parametrize("f", [values, matrix_of, several, marched])
def test_functions_of_several_results(f):
    x = np.random.default_rng(3).uniform(0.5, 1.5, 5)
    assert_equal(dlsrc.jacfwd(f)(x), dlsrc.jacrev(f)(x), False)
