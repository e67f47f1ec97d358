"""Second derivatives of the programs of ``tests/language``: along a direction, against differences of the first.

The second derivative is ``grad`` of a function that calls ``grad``, and then ``hvp``; the differences are of dlsrc's own first
gradient, which the tests of the language compare with the plain function.  One of the arguments that each
program is differentiated by is taken: all that are numbers or arrays of float64.
"""

import copy
import importlib
from pathlib import Path

import numpy as np
import pytest

import dlsrc
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, assert_close
from tests.test_second_order import slope_of

# Rules of linear algebra that divide by what is zero here: the first derivative is finite, the second is not.
SINGULAR = {
    "linalg-symmetric_in_equal_eigenvalues", "linalg-determinant_of_a_singular_matrix",
    "linalg-determinant_of_a_matrix_of_rank_one",
}

# Shadows that go with their arrays on the way forward, since only the run decides which are one: a sweep of
# such a sweep is refused.
ENTANGLED = {
    "entangled-swapped_or_made_one_in_a_loop", "entangled-a_view_or_a_new_array_in_a_while_loop",
    "entangled-a_reversed_view_goes_on", "entangled-what_the_next_trip_reads_again",
    "entangled-rows_of_the_array_as_it_was", "entangled-bound_on_a_later_trip",
}

FOLDER = Path(__file__).parent / "language"


def collected():
    """Every program, once for each argument that is differentiated by."""
    for path in sorted(FOLDER.glob("test_*.py")):
        module = importlib.import_module(f"tests.language.{path.stem}")
        for programs in vars(module).values():
            if isinstance(programs, Programs):
                for parameter in programs.collected:
                    yield from cases(path.stem.removeprefix("test_"), parameter)


def cases(family, parameter):
    (program,) = parameter.values
    numbers = program.options.get("argnums", 0)
    for number in (numbers,) if isinstance(numbers, int) else numbers:
        x = program.args[number]
        marks = ()
        name = f"{family}-{parameter.id}"
        if name in SINGULAR:
            marks = (pytest.mark.xfail(raises=(AssertionError, np.linalg.LinAlgError), strict=True, reason="singular"),)
        if name in ENTANGLED:
            marks = (pytest.mark.xfail(raises=UnsupportedSyntax, strict=True, reason="refused: which arrays are one"),)
        if isinstance(x, float) or isinstance(x, np.ndarray) and x.dtype == np.float64 and 0 < x.size <= 60:
            yield pytest.param(program, number, id=f"{name}-{number}", marks=marks)


def along(f, number):
    slope = dlsrc.grad(f, number)

    def objective(v, *args):
        return np.sum(slope(*args) * v)

    return dlsrc.grad(objective, number + 1)


@pytest.mark.parametrize(("program", "number"), list(collected()))
def test_along_a_direction(program, number):
    f, args = program.function, copy.deepcopy(program.args)
    x = args[number]
    v = np.random.default_rng([13, np.size(x)]).standard_normal(np.shape(x))
    v = float(v) if isinstance(x, float) else v
    got = along(f, number)(v, *copy.deepcopy(args))
    first = dlsrc.grad(f, number)

    def gradient(moved):
        mine = list(copy.deepcopy(args))
        mine[number] = moved
        return np.asarray(first(*mine))

    assert_close(got, slope_of(gradient, x, v))
    # Tangents pushed through the gradient give the same, by quite another way.
    pushed = dlsrc.hvp(f, number)(*copy.deepcopy(args), v)
    assert_close(pushed, got, 1e-11 * max(1.0, np.max(np.abs(got))))
