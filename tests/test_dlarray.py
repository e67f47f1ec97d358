"""The value class: what it holds, what its operators give, and what it prints."""

import copy
import operator
import pickle

import numpy as np
import pytest
from scipy import sparse, special

from dlsrc.dlarray import dlarray, extractdata, isdlarray

X = np.array([[-1.5, 0.0, 2.0], [0.25, 3.0, -4.0]])
BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
]  # fmt: skip


def same(x, expected):
    """``x`` is a dlarray with exactly these values and this dtype."""
    assert type(x) is dlarray
    assert x.dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(extractdata(x), expected, strict=False)
    assert x.shape == np.shape(expected)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, "float64"), (True, "bool"), (2.5, "float64"), ([1, 2], "float64"), ([True, False], "bool"),
        (np.arange(3), "float64"), (np.arange(3, dtype="u1"), "float64"), (np.float32(1), "float32"),
        (np.zeros((2, 3), "f4"), "float32"), (np.zeros(3, ">f8"), "float64"), (np.int64(3), "float64"),
        ([[]], "float64"), (range(3), "float64"), ([dlarray(1), dlarray(2)], "float64"),
    ],
)  # fmt: skip
def test_integers_become_float64_and_the_rest_stays(value, dtype):
    x = dlarray(value)
    assert x.dtype == np.dtype(dtype)
    assert x.dtype.isnative
    np.testing.assert_array_equal(extractdata(x), value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1j, "complex numbers are not supported: pass x.real and x.imag"),
        (np.ones(2, "c8"), "complex64"),
        ("abc", "convert it to numbers"),
        (None, "not NoneType; convert it to numbers"),
        ([object()], "must have one length and hold numbers"),
        ([[1.0, 2.0], [3.0]], "must have one length and hold numbers"),
        ({"a": 1.0}, "one dlarray of each value"),
        (np.ones(2, "f2"), "convert it: x.astype(np.float32)"),
        (np.array(["2020"], "M8[D]"), "datetime64"),
        (np.matrix([[1.0]]), "matrix is not supported"),
        (np.ma.masked_array([1.0], [True]), "x.filled(value)"),
        (sparse.csr_array(np.eye(2)), "pass x.toarray()"),
        (np.zeros(2, [("a", "f8")]), "one dlarray of each field"),
    ],
)
def test_other_types_are_refused_by_name(value, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        dlarray(value)
    assert words in str(caught.value)


def test_no_format_keeps_that_of_a_dlarray():
    same(dlarray(X, None), X)
    assert dlarray(dlarray(X, "SC")).labels == "SC" == dlarray(dlarray(X, "CB"), "SC").labels
    assert dlarray(dlarray(X, "SC"), "").labels == ""


def test_it_holds_a_copy():
    a = X.copy()
    x, y = dlarray(a), dlarray(dlarray(a))
    a[:] = 0
    same(x, X)
    same(y, X)
    extractdata(x)[:] = 0
    np.asarray(x)[:] = 0
    same(x, X)


def test_extractdata_and_isdlarray():
    assert type(extractdata(dlarray(2))) is np.float64
    assert type(extractdata(dlarray([2]))) is np.ndarray
    assert extractdata(2.5) == 2.5
    assert isdlarray(dlarray(0))
    assert not isdlarray(np.zeros(1))


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("other", [2, -1.5, True, np.float64(3), np.float32(3), np.arange(3.0), X[::-1], [1, 2, 3]])
def test_operators_are_numpys_both_ways(op, other):
    number = np.asarray(other) if isinstance(other, list) else other
    same(op(dlarray(X), other), op(X, number))
    same(op(other, dlarray(X)), op(number, X))
    same(op(dlarray(X), dlarray(other)), op(X, np.asarray(number, None if number is True else float)))


def test_the_remaining_operators():
    x, mask = dlarray(X), dlarray(X > 0)
    same(-x, -X)
    same(+x, X)
    same(abs(x), abs(X))
    same(x @ x.T, X @ X.T)
    same(X @ x.T, X @ X.T)
    same(x @ X.T, X @ X.T)
    same(~mask, X <= 0)
    same(mask & True, X > 0)
    same(False | mask, X > 0)
    same(mask ^ mask, np.zeros((2, 3), bool))
    quotient, rest = divmod(x, 2)
    same(quotient, X // 2)
    same(rest, X % 2)
    same(mask + 1, (X > 0) + 1.0)


def test_a_python_number_does_not_widen_float32():
    x = dlarray(np.float32([1, 2]))
    assert (2.0 * x + 1).dtype == np.float32
    assert (x * np.float64(2)).dtype == np.float64
    assert (dlarray(np.float32(2)) * 0.5).dtype == np.float32


def test_operators_with_what_is_no_number():
    x = dlarray([1.0])
    assert (x == None) is False
    assert (x != "a") is True
    with pytest.raises(TypeError):
        x + None
    with pytest.raises(TypeError, match="complex"):
        x * 1j


def test_augmented_assignment_binds_a_new_value():
    x = y = dlarray(X)
    x += 1
    x *= 2
    same(x, (X + 1) * 2)
    same(y, X)
    a = X.copy()
    a += dlarray(1)
    np.testing.assert_array_equal(a, X + 1)


def test_elements():
    x = dlarray(X)
    same(x[0], X[0])
    same(x[1, 2], X[1, 2])
    same(x[..., 1:], X[..., 1:])
    same(x[x > 0], X[X > 0])
    same(x[:, [2, 0]], X[:, [2, 0]])
    same(x[None], X[None])
    assert len(x) == 2
    assert [row.shape for row in x] == [(3,), (3,)]
    first, *_ = x[0]
    same(first, X[0, 0])
    assert 3.0 in x
    x[0, 0] = 7
    x[1] += dlarray([1, 2, 3])
    expected = X.copy()
    expected[0, 0] = 7
    expected[1] += [1, 2, 3]
    same(x, expected)
    with pytest.raises(TypeError):
        len(dlarray(1))


def test_attributes():
    x = dlarray(X)
    assert (x.shape, x.ndim, x.size, x.dtype, x.nbytes) == ((2, 3), 2, 6, np.float64, 48)
    same(x.T, X.T)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.sum(), lambda x: x.sum(axis=0), lambda x: x.mean(1, keepdims=True), lambda x: x.max(),
        lambda x: x.min(axis=1), lambda x: x.prod(), lambda x: x.std(), lambda x: x.var(axis=0),
        lambda x: x.reshape(3, 2), lambda x: x.reshape((6,)), lambda x: x.ravel(), lambda x: x.flatten(),
        lambda x: x.dot(x.T), lambda x: x.copy(), lambda x: x.cumsum(), lambda x: x.clip(-1, 1),
        lambda x: x.transpose(), lambda x: x.swapaxes(0, 1), lambda x: x.repeat(2), lambda x: x.trace(),
        lambda x: x.round(1), lambda x: x.squeeze(), lambda x: x.astype("f4"), lambda x: (x > 0).all(),
        lambda x: np.sin(x), lambda x: np.maximum(x, 0), lambda x: np.sum(x, axis=0), lambda x: np.where(x > 0, x, 0.0),
        lambda x: np.concatenate([x, x]), lambda x: np.stack((x, x), axis=1), lambda x: np.dot(x, x.T),
        lambda x: np.linalg.norm(x), lambda x: np.zeros_like(x), lambda x: np.add.reduce(x), lambda x: np.outer(x, x),
        lambda x: np.multiply.outer(x, x), lambda x: special.expit(x), lambda x: np.linalg.solve(x[:, :2], x[:, 0]),
        lambda x: np.clip(x, a_min=-1.0, a_max=None), lambda x: np.where(x > 0, x, 0.0).sum() / np.size(x),
    ],
)  # fmt: skip
def test_methods_and_numpy_functions_give_dlarrays(call):
    same(call(dlarray(X)), call(X))


def test_positions_and_sizes_stay_plain():
    x = dlarray(X)
    assert type(x.argmax()) is np.int64
    assert type(np.argmin(x, axis=0)) is np.ndarray
    assert type(np.nonzero(x > 0)[0]) is np.ndarray
    assert type(np.where(x > 0)[0]) is np.ndarray
    assert np.shape(x) == (2, 3)
    assert np.allclose(x, X) is True


def test_containers_of_results():
    values, vectors = np.linalg.eigh(dlarray(np.eye(2)))
    same(values, np.ones(2))
    assert isdlarray(vectors)
    parts = np.split(dlarray(X), 3, axis=1)
    assert all(isdlarray(part) for part in parts)


def test_out_is_written_and_given_back():
    x, a = dlarray(X), np.empty((2, 3))
    assert np.multiply(x, 2, out=a) is a
    np.testing.assert_array_equal(a, 2 * X)
    y = dlarray(np.zeros((2, 3)))
    assert np.add(x, 1, out=y) is y
    same(y, X + 1)
    total = dlarray(np.zeros(3))
    assert np.sum(x, axis=0, out=total) is total
    assert x.sum(axis=0, out=total) is total
    same(total, X.sum(axis=0))


def test_one_element_is_a_python_number():
    assert float(dlarray([[2.5]])) == 2.5
    assert int(dlarray(3)) == 3
    assert dlarray(2.5).item() == 2.5
    assert dlarray(X).item(1, 2) == -4.0
    assert bool(dlarray(X)[0, 0] < 0)
    assert f"{dlarray(2.5):.3f}" == "2.500"
    assert dlarray(X).tolist() == X.tolist()
    with pytest.raises(TypeError, match=r"one element, not of shape \(2, 3\); write x.any\(\) or x.all\(\)"):
        bool(dlarray(X) > 0)
    with pytest.raises(TypeError, match="index it first"):
        float(dlarray(X))
    with pytest.raises(TypeError, match="one element"):
        f"{dlarray(X):.3f}"


def test_the_array_protocol():
    x = dlarray(X)
    assert np.asarray(x).dtype == np.float64
    assert np.asarray(x, dtype="f4").dtype == np.float32
    assert np.shares_memory(np.array(x, copy=False), np.array(x, copy=False))
    assert not np.shares_memory(np.array(x), np.array(x, copy=False))


def test_copies_and_pickles():
    x = dlarray(X)
    for y in (copy.copy(x), copy.deepcopy(x), x.copy(), pickle.loads(pickle.dumps(x)), copy.deepcopy([x, x])[1]):
        same(y, X)
        assert not np.shares_memory(np.array(x, copy=False), np.array(y, copy=False))


def test_it_has_no_hash():
    with pytest.raises(TypeError, match="unhashable"):
        hash(dlarray(1))


class FrameLike:
    """What pandas offers: an array on request."""

    def __array__(self, dtype=None, copy=None):
        return np.array([1, 2], dtype)


def test_what_can_be_made_an_array_is_accepted():
    same(dlarray(FrameLike()), np.array([1.0, 2.0]))
    same(dlarray([1.0, 2.0]) + FrameLike(), np.array([2.0, 4.0]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (104, "1x1 dlarray\n   104."),
        ([396, 200], "1x2 dlarray\n   396. 200."),
        ([[1, 2.5], [-3, 4]], "2x2 dlarray\n    1.   2.5\n   -3.   4."),
        (True, "1x1 bool dlarray\n   True"),
        (np.float32([1, 2]), "1x2 float32 dlarray\n   1. 2."),
        (np.zeros((0, 3)), "0x3 dlarray"),
        ([], "1x0 dlarray"),
        (np.zeros((1, 2, 2)), "1x2x2 dlarray\n   [[[0. 0.]\n     [0. 0.]]]"),
        (
            np.arange(20) * 1.25,
            "1x20 dlarray\n    0.    1.25  2.5   3.75  5.    6.25  7.5   8.75 10.   11.25 12.5  13.75"
            + "\n   15.   16.25 17.5  18.75 20.   21.25 22.5  23.75",
        ),
    ],
)  # fmt: skip
def test_display(value, text):
    assert repr(dlarray(value)) == text
    assert str(dlarray(value)) == text
    assert f"{dlarray(value)}" == text
