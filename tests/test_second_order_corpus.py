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

# A name of a loop's last array, which the first derivative keeps: to the second it may be an alias.
# Lists of equal items are one loop only for the arguments of the function that is called.
REFUSED = {
    "named_in_a_loop_and_used_after_it", "named_in_a_loop_that_may_make_no_trip", "in_a_while_loop",
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
        if parameter.id in REFUSED:
            marks = (pytest.mark.xfail(raises=UnsupportedSyntax, strict=True, reason="refused"),)
        if isinstance(x, float) or isinstance(x, np.ndarray) and x.dtype == np.float64 and 0 < x.size <= 60:
            yield pytest.param(program, number, id=f"{family}-{parameter.id}-{number}", marks=marks)


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
