"""numba's typed lists: as arguments, captured, made inside; their gradients are typed lists too."""

import numba
import numpy as np
import pytest
from numba.typed import Dict, List

from dlsrc import grad, value_and_grad

KEPT = List([2.0, 5.0])


def of_numbers(values):
    s = 0.0
    for v in values:
        s += v * v
    return s * values[0]


def of_arrays(rows):
    return sum(np.sum(a * a) for a in rows) * rows[0][1]


def made_inside(x):
    squares = List()
    for v in x:
        squares.append(v * v)
    return squares[0] * squares[1]


def captured(x):
    return x[0] * KEPT[1] + x[1] * sum(KEPT)


@pytest.mark.compiled
@pytest.mark.parametrize("count", [2, 3, 12])
def test_a_typed_list_of_numbers(count):
    values = [float(k + 1) for k in range(count)]
    expected = value_and_grad(of_numbers)(values)
    value, gradient = value_and_grad(of_numbers)(List(values))
    assert value == expected[0] and type(gradient) is type(List([1.0])) and list(gradient) == expected[1]


@pytest.mark.compiled
def test_a_typed_list_of_arrays():
    rows = [np.arange(3.0), np.ones(3), np.full(3, 0.5)]
    expected = grad(of_arrays)(rows)
    for _ in range(2):  # the second call goes the short way
        gradient = grad(of_arrays)(List(rows))
        assert type(gradient) is type(List(rows))
        for found, row in zip(gradient, expected, strict=True):
            np.testing.assert_array_equal(found, row)


@pytest.mark.compiled
def test_a_typed_list_that_is_made_inside_or_captured():
    x = np.array([1.5, 2.0])
    np.testing.assert_allclose(grad(made_inside)(x), [2 * 1.5 * 4.0, 2 * 2.0 * 2.25])
    np.testing.assert_allclose(grad(captured)(x), [5.0, 7.0])


@pytest.mark.compiled
def test_a_typed_dict_is_refused():
    table = Dict.empty(numba.types.unicode_type, numba.types.float64)
    table["a"] = 2.0
    if type(table) is dict:
        pytest.skip("without compilation numba's typed dict is Python's")
    with pytest.raises(TypeError, match=r"typed dict is not supported; pass dict\(d\)"):
        grad(lambda d: d["a"] ** 2)(table)
