"""``debug="nan"``: the first line of the user's whose value or adjoint turned nan, plain and compiled."""

import traceback
import warnings

import numpy as np
import pytest

from dlsrc import (
    adjoint_source, dlaccelerate, dlarray, dlfeval, dlgradient, grad, hessian, jvp, value_and_grad,
)

watched = dlaccelerate(debug="nan")


@watched
def adjoint_of_arrays(x):
    y = x * x
    z = np.sqrt(y)
    return np.sum(z * 0.0 + z * y)


@watched
def value_in_a_loop(x):
    s = 0.0
    for i in range(x.shape[0]):
        t = x[i] - 1.0
        s += np.log(t) * 2.0
    return s


@watched
def adjoint_in_a_loop(x):
    s = 1.0
    for i in range(x.shape[0]):
        d = x[i] * x[i]
        r = np.sqrt(d)
        s = s * (r + 1.0)
    return s


@watched
def of_numbers(a, b):
    c = np.exp(a) - np.exp(b)
    return (c * 2.0) / (c * 3.0)


@watched
def buffer(x):
    out = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        out[i] = np.arccos(x[i])
    return out.sum()


@watched
def while_loop(x):
    s, k = x[0], 0
    while k < 5:
        s = s * s - x[1]
        s = np.sqrt(s)
        k += 1
    return s


@watched
def meant_to_be_there(x, w):
    good = np.nansum(x * w)
    z = np.sqrt(np.sum(w * w))
    return good + z * 0.0


@watched
def evaluation(x):
    n = (x * x).sum()
    y = np.sqrt(n)
    return y, dlgradient(y * 0.0 + y * n, x)


def in_a_helper(x):
    return helper(x - 2.0)


def helper(v):
    w = v * 1.0
    return np.sum(np.log(w))


CASES = [
    (lambda: grad(adjoint_of_arrays)(np.array([1.0, 0.0])), adjoint_of_arrays, 3, ["the adjoint of `y`", "way back", "z[1] = 0"]),
    (lambda: value_and_grad(value_in_a_loop)(np.array([2.0, 0.5])), value_in_a_loop, 5, ["`s` turned nan", "t = -0.5"]),
    (lambda: value_in_a_loop(np.array([2.0, 0.5])), value_in_a_loop, 5, ["`s` turned nan"]),
    (lambda: grad(adjoint_in_a_loop)(np.array([1.0, 0.0])), adjoint_in_a_loop, 4, ["way back"]),
    (lambda: grad(of_numbers, (0, 1))(1.0, 1.0), of_numbers, 3, ["turned nan", "v4 = 0"]),
    (lambda: grad(buffer)(np.array([0.5, 1.5])), buffer, 4, ["`out` turned nan", "1.5"]),
    (lambda: grad(while_loop)(np.array([0.5, 1.5])), while_loop, 5, ["`s` turned nan"]),
    (lambda: grad(meant_to_be_there, 1)(np.array([np.nan, 1.0]), np.zeros(2)), meant_to_be_there, 3, ["way back", "`x` holds nan"]),
    (lambda: dlfeval(evaluation, dlarray([0.0, 0.0])), evaluation, 3, ["the adjoint of `n`", "way back", "y = 0"]),
    (lambda: grad(dlaccelerate(in_a_helper, debug="nan"))(np.ones(2)), helper, 2, ["turned nan"]),
    (lambda: hessian(adjoint_of_arrays)(np.array([1.0, 0.0])), adjoint_of_arrays, 3, ["turned nan"]),
]  # fmt: skip


def examine(case):
    run, f, line, words = CASES[case]
    with np.errstate(all="ignore"), warnings.catch_warnings(), pytest.raises(FloatingPointError) as caught:
        warnings.simplefilter("ignore")
        run()
    text = str(caught.value)
    number = getattr(f, "fun", f).__code__.co_firstlineno + line - (0 if hasattr(f, "fun") else 1)
    assert text.startswith(f"test_nans.py:{number}: "), text
    assert all(word in text for word in words), text
    assert len(text.splitlines()) <= 15
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.filename == __file__ and last.lineno == number


@pytest.mark.parametrize("case", range(len(CASES)))
def test_the_line_that_turned_nan(case):
    examine(case)


@pytest.mark.compiled
@pytest.mark.parametrize("case", [0, 1, 3, 4, 7, 8])
def test_the_line_that_turned_nan_in_compiled_code(case):
    examine(case)


def test_without_nan_the_result_is_the_same():
    x = np.array([1.0, 0.5])
    plain = grad(adjoint_of_arrays.fun)(x)
    assert np.array_equal(grad(adjoint_of_arrays)(x), plain)
    value, tangent = jvp(adjoint_of_arrays, (x,), (x,))
    assert np.isfinite(value) and np.isfinite(tangent)
    assert grad(dlaccelerate(lambda x: np.sqrt(x), debug="nan"))(0.0) == np.inf  # an infinity is no nan


def test_an_argument_that_is_nan_is_named():
    with pytest.raises(FloatingPointError, match=r"value_in_a_loop\(\): the argument `x` holds nan already"):
        grad(value_in_a_loop)(np.array([2.0, np.nan]))


def test_nothing_is_looked_at_without_it():
    assert np.isnan(grad(adjoint_of_arrays.fun)(np.array([1.0, 0.0]))[1])
    # The text is the same: debugging changes no program.
    texts = [adjoint_source(grad(f), np.ones(2)) for f in (adjoint_of_arrays, adjoint_of_arrays.fun)]
    assert texts[0] == texts[1]


def test_what_it_may_be():
    with pytest.raises(ValueError, match="debug is \"nan\" or None, not 'inf'"):
        dlaccelerate(adjoint_of_arrays.fun, debug="inf")


@watched
def writes(x, out):
    for i in range(2):
        out[i] = x[i] - out[i]
    return np.sum(np.log(out))


@pytest.mark.compiled
def test_an_argument_that_is_written_to_is_as_it_was():
    """The second run gets copies that were made before the first one."""
    out = np.array([0.5, 3.0])
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="turned nan in `return np.sum"):
        value_and_grad(writes)(np.ones(2), out)
    assert out.tolist() == [0.5, -2.0]
