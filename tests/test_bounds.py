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


def packed(x, n):
    """The strict lower triangle, by columns."""
    s, at = 0.0, n
    for j in range(n):
        for i in range(j + 1, n):
            s += x[at] * x[i]
            at += 1
    return s


def two_at_a_time(x, n):
    s, at = 0.0, 2 * n
    for i in range(n, 0, -1):
        at -= 2
        s += x[at] * x[at + 1] * i
    return s


def now_and_then(x, n):
    s, at = 0.0, 1
    for i in range(n):
        if i % 2:
            at += 1
        s += x[at]
    return s


def twice(x, n):
    s, at = 0.0, 0
    for _ in range(n):
        at += 1
        at += 2
        s += x[at - 3]
    return s


CASES = [
    (packed, (np.ones(9), 3), (2, 0, 2, 0)),
    (two_at_a_time, (np.ones(6), 3), (2, 0, 2, 0)),
    (now_and_then, (np.ones(6), 3), (1, 0, 0, 1)),
    (twice, (np.ones(9), 3), (1, 0, 0, 1)),
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


@pytest.mark.parametrize("f", [packed, two_at_a_time, now_and_then, twice])
def test_a_place_that_moves_on_with_the_trips(f):
    """It is in range where Python finds it in range, and an IndexError where Python does."""
    seen = set()
    for n in range(5):
        for size in range(n, 12):
            x = np.linspace(0.5, 1.5, size)
            try:
                expected = f(x, n)
            except IndexError:
                seen.add("outside")
                with pytest.raises(IndexError):
                    value_and_grad(f)(x, n)
            else:
                seen.add("inside")
                assert value_and_grad(f)(x, n)[0] == pytest.approx(expected, rel=1e-14)
    assert seen == {"inside", "outside"}


def a_size_that_may_wrap_around(x, numbers):
    n = numbers[0]
    k, s = np.zeros(n + 1), 0.0
    for i in range(n):
        k[i] = x[i] * 2.0
        s += k[i] * x[0]
    return s


def test_a_narrow_number_proves_nothing():
    """`n + 1` is 0 where `n` is the uint8 255, and an int64 does not come so far."""
    x = np.ones(9)
    for dtype, tests in ((np.uint8, 4), (np.int64, 3)):
        text = adjoint_source(grad(a_size_that_may_wrap_around), x, np.array([7], dtype))
        assert text.count("check_index(") == tests


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
