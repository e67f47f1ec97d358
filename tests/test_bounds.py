"""Index tests: those that are needed are made, once; `explain` says how many there were and what became of them."""

import numpy as np
import pytest

from dlsrc import adjoint_source, dlaccelerate, explain, grad, value_and_grad


def differences(x):
    s = 0.0
    for i in range(1, x.shape[0]):
        s += (x[i] - x[i - 1]) ** 2
    return s


def shifted(x, k):
    s = 0.0
    for i in range(x.shape[0]):
        s += x[i] * x[i + k]
    return s


def picked(x, places):
    s = 0.0
    for k in places:
        s += x[k] ** 2
    return s


def three(x):
    return x[0] * x[1] + x[2] + x[0]


def stencil(A):
    s = 0.0
    for i in range(1, A.shape[0] - 1):
        for j in range(1, A.shape[1] - 1):
            s += (A[i + 1, j] + A[i - 1, j] + A[i, j + 1] + A[i, j - 1] - 4.0 * A[i, j]) ** 2
    return s


CASES = [
    (differences, (np.ones(5),), (2, 2, 0, 0)),
    (shifted, (np.ones(5), 0), (2, 1, 1, 0)),
    (picked, (np.ones(5), np.array([1, 4])), (1, 0, 0, 1)),
    (three, (np.ones(5),), (4, 3, 0, 1)),
    (stencil, (np.ones((4, 5)),), (10, 10, 0, 0)),
]


@pytest.mark.parametrize(("f", "args", "expected"), CASES, ids=[case[0].__name__ for case in CASES])
def test_explain_counts_them(f, args, expected):
    report = explain(value_and_grad(f), *args)
    assert tuple(report.index_tests) == expected
    told = next(text for head, text in report.entries() if head == "index tests")
    assert told.startswith(f"{expected[0]}: ") and "the way back repeats none" in told
    text = adjoint_source(f, *args)
    # As many as explain says are in the text, and so none on the way back.
    calls = text.count("check_index(") + text.count("check_indices(")
    assert calls == sum(expected[2:]), text


def test_none_are_needed_for_whole_arrays():
    assert "none needed" in str(explain(grad(lambda x: np.sum(x * x)), np.ones(3)))


def test_none_are_made_where_the_user_says_so():
    f = dlaccelerate(three, boundscheck=False)
    report = explain(grad(f), np.ones(3))
    assert report.index_tests is None and "boundscheck=False" in str(report)
    assert "check_ind" not in adjoint_source(grad(f), np.ones(3))


@pytest.mark.compiled
def test_an_index_out_of_range_is_an_error_with_the_line():
    g = grad(shifted)
    for x, k in ((np.ones(5), 1), (np.ones(5), -6), (np.ones(1), 7)):
        with pytest.raises(IndexError, match=r"test_bounds.py:19: index -?\d+ is out of range for an axis of \d element"):
            g(x, k)
    assert np.array_equal(g(np.ones(3), 0), [2.0, 2.0, 2.0])
    assert g(np.ones(0), 7).shape == (0,)  # a loop without trips tests nothing
    with pytest.raises(IndexError, match="index 5 is out of range for an axis of 5 elements"):
        grad(picked)(np.ones(5), np.array([1, 5]))
    assert grad(picked)(np.ones(5), np.array([1, -5])).tolist() == [2.0, 2.0, 0.0, 0.0, 0.0]
