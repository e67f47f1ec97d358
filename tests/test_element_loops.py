"""Loops over arrays that broadcast: values and shapes are NumPy's, whatever is repeated along whatever axis."""

from itertools import product

import numpy as np
import pytest

from dlsrc.lazy import numba
from dlsrc.transform.machine.element_loops import element_loops
from tests.conftest import PLAIN


def made(ndims, compiled=False):
    """The loops of ``a - 2 b + 4 c``, of as many of these as there are numbers of dimensions."""
    names = ["a", "b", "c"][: len(ndims)]
    namespace = {
        "_np": np, "_result": np.float64, "_element": lambda *v: sum(x * (-2) ** k for k, x in enumerate(v)),
    }  # fmt: skip
    if compiled:
        exec(f"def element({', '.join(names)}): return {' + '.join(f'{n} * {(-2) ** k}' for k, n in enumerate(names))}",
             namespace)  # fmt: skip
        namespace["_element"] = numba().njit(namespace["element"])
    exec(element_loops("f", names, ndims), namespace)
    return numba().njit(namespace["f"]) if compiled else namespace["f"]


def given(shapes):
    rng = np.random.default_rng(3)
    return [float(rng.normal()) if s is None else rng.normal(size=s) for s in shapes]


def expected(args):
    return sum(x * (-2) ** k for k, x in enumerate(args))


SIZES = (1, 2, 0)
SHAPES = [
    *product([(n,) for n in SIZES], repeat=2),
    *product([(n,) for n in SIZES], repeat=3),
    *product([*product((1, 3), (1, 2)), (2,), (1,), None, ()], repeat=3),
    *product([*product((1, 2), (1, 3), (1, 2)), (3, 1)], repeat=2),
]  # fmt: skip


def test_every_way_to_broadcast():
    tried, raised = 0, 0
    for shapes in SHAPES:
        if not any(shapes):
            continue
        args = given(shapes)
        loops = made([None if s is None else len(s) for s in shapes])
        try:
            wanted = expected(args)
        except ValueError:
            raised += 1
            with pytest.raises(ValueError, match="could not be broadcast"):
                loops(*args)
        else:
            tried += 1
            got = loops(*args)
            assert got.shape == wanted.shape and np.array_equal(got, wanted), shapes
    assert tried > 500 and raised > 10


@pytest.mark.skipif(PLAIN, reason="compiles")
@pytest.mark.compiled
def test_compiled():
    loops = made([2, 1, 2], compiled=True)
    for shapes in [((2, 3), (3,), (2, 3)), ((2, 1), (3,), (1, 3)), ((1, 3), (1,), (2, 1)), ((2, 1), (1,), (2, 1))]:
        args = given(shapes)
        assert np.array_equal(loops(*args), expected(args))
        assert np.array_equal(loops(args[0].T.copy().T, args[1][::-1], args[2]), expected([args[0], args[1][::-1], args[2]]))
    with pytest.raises(ValueError, match="broadcast"):
        loops(np.ones((2, 3)), np.ones(2), np.ones((2, 3)))


def test_relu_of_a_number():
    assert element_loops("relu", ["x"], [None]) == "def relu(x):\n    return _result(_element(x))"
