"""What goes wrong while a derivative is computed arrives as plain Python's exception, with the user's line.

Compiled code knows no lines: what it raises is found again by the user's function, or by the generated text,
run as Python.
"""

import sys
import traceback
import warnings

import numpy as np
import pytest
import scipy.linalg

from dlsrc import (
    custom_vjp, dlaccelerate, dlarray, dlfeval, grad, hessian, hvp, jacfwd, jacobian, jvp, value_and_grad,
    vjp,
)
from tests import neighbour_of_exceptions as neighbour
from tests.endurance import resident

x3, singular = np.ones(3), np.zeros((3, 3))


def local_callee(x, k):
    def pick(v, j):
        return v[j] ** 2

    return pick(x, k)


def callee_elsewhere(x, k):
    return neighbour.at(x, k) ** 2


def callee_that_raises(x):
    return neighbour.checked(x)


def callee_with_inverse(A):
    return np.sum(neighbour.inverse(A))


def inverse(A):
    B = A * 1.0
    return np.sum(np.linalg.inv(B))


def solve(A, b):
    return np.sum(np.linalg.solve(A, b))


def cholesky(A):
    return np.sum(np.linalg.cholesky(A))


def cho_solve(A, b):
    return np.sum(scipy.linalg.cho_solve(scipy.linalg.cho_factor(A), b))


def eigenvalues(A):
    return np.sum(np.linalg.eigh(A)[0])


def broadcast(x, y):
    z = x * 2.0
    return np.sum(z + y)


def matmul(A, b):
    return np.sum(A @ b)


def dot(x, y):
    return np.dot(x, y)


def reshape(x, n):
    return np.sum(x.reshape(n, 2) ** 2)


def concatenate(A, B):
    return np.sum(np.concatenate((A, B), axis=0) ** 2)


def stack(x, y):
    return np.sum(np.stack((x, y)) ** 2)


def squeeze(A):
    return np.sum(np.squeeze(A, axis=0) ** 2)


def split(x, n):
    return np.sum(np.split(x, 2)[0]) + n


def store(x, y):
    z = np.zeros(4)
    z[:2] = x * y[0]
    return np.sum(z)


def masked(x, m):
    return np.sum(x[m] ** 2)


def picked(x, k):
    return np.sum(x[k] ** 2)


def stored(x, k):
    z = np.zeros(3)
    z[k] = x[0]
    return np.sum(z**2)


def integer_division(x, n):
    return x[0] * (7 // n)


def integer_remainder(x, n):
    return x[0] * (7 % n)


def asserts(x):
    assert x[0] < 0.0
    return x[0]


def asserts_with_a_message(x):
    assert x[0] < 0.0, f"x is {x[0]}"
    return x[0]


def step_of_a_range(x, n):
    s = 0.0
    for i in range(0, 3, n):
        s += x[i]
    return s


def without_a_value(x):
    if x[0] < 0.0:
        y = x[1]
    return y * 2.0


def in_a_loop(x, n):
    s = 0.0
    for i in range(n):
        t = x * s
        s += np.sum(t) + x[i]
    return s


def in_a_while_loop(x, n):
    i, s = n, 0.0
    while s < 100.0:
        s += x[i] ** 2
        i += 1
    return s


def of_a_list(x, k):
    out = []
    for i in range(3):
        out.append(x[i] * 2.0)
    return out[k] ** 2


def popped(x, n):
    out = []
    for i in range(n):
        out.append(x[i])
    return out.pop()


def filled(x, n):
    return np.sum(np.full((n, 2), x[0]))


def repeated(x, n):
    return np.sum(np.repeat(x, n))


def after_a_slice(x, n):
    return np.sum(x[:n] ** 2) + x[n]


def largest_of_nothing(x):
    return np.max(x[3:])


CASES = [
    (local_callee, x3, 5), (callee_elsewhere, x3, 5), (callee_that_raises, x3), (callee_with_inverse, singular),
    (inverse, singular), (solve, singular, x3), (solve, np.eye(3), np.ones(4)), (cholesky, -np.eye(3)),
    (cho_solve, -np.eye(3), x3), (eigenvalues, np.full((3, 3), np.nan)), (broadcast, x3, np.ones(4)),
    (broadcast, x3, np.ones((2, 4))), (matmul, singular, np.ones(4)), (matmul, singular, np.ones((4, 2))),
    (dot, x3, np.ones(4)), (reshape, x3, 2), (concatenate, singular, np.ones((2, 2))), (stack, x3, np.ones(4)),
    (squeeze, np.ones((2, 3))), (split, x3, 2), (store, x3, x3), (masked, x3, np.array([True] * 4)),
    (picked, x3, np.array([0, 7])), (stored, x3, np.array([0, 7])), (integer_division, x3, 0),
    (integer_remainder, x3, 0), (asserts, x3), (asserts_with_a_message, x3), (step_of_a_range, x3, 0),
    (without_a_value, x3), (in_a_loop, x3, 7), (in_a_while_loop, x3, 0), (of_a_list, x3, 3), (popped, x3, 0),
    (filled, x3, -1), (repeated, x3, -1), (after_a_slice, x3, 5), (largest_of_nothing, x3),
]  # fmt: skip
COMPILED = {
    callee_elsewhere, callee_that_raises, callee_with_inverse, solve, broadcast, integer_division, asserts_with_a_message,
    in_a_loop, filled, picked,
}  # fmt: skip


def raised_by(f, *args):
    """What the plain function raises, and the line of this repository that does."""
    with pytest.raises(Exception) as caught:
        f(*args)
    frame = [t for t in traceback.extract_tb(caught.value.__traceback__) if "tests" in t.filename][-1]
    return caught.value, frame.filename, frame.lineno


def compare(f, args, run):
    expected, file, line = raised_by(f, *args)
    with warnings.catch_warnings(), pytest.raises(Exception) as caught:
        warnings.simplefilter("ignore")
        run(*(np.array(a) if isinstance(a, np.ndarray) else a for a in args))
    error = caught.value
    assert type(error) is type(expected), f"{error!r} instead of {expected!r}"
    place = f"{file.rpartition('/')[2]}:{line}"
    frames = traceback.extract_tb(error.__traceback__)
    assert place in str(error) or any((t.filename, t.lineno) == (file, line) for t in frames), (
        f"{place} is not in {error!r}, {[(t.filename, t.lineno) for t in frames]}"
    )
    assert len(str(error).splitlines()) <= 15


@pytest.mark.parametrize("case", CASES, ids=[case[0].__name__ for case in CASES])
def test_exceptions_are_plain_pythons(case):
    f, *args = case
    compare(f, args, value_and_grad(f))


@pytest.mark.compiled
def test_exceptions_of_compiled_code():
    for f, *args in CASES:
        if f in COMPILED:
            compare(f, args, value_and_grad(f))


OPERATORS = [
    (callee_with_inverse, (singular,), lambda A: jvp(callee_with_inverse, (A,), (A,))),
    (callee_with_inverse, (singular,), lambda A: hessian(callee_with_inverse)(A)),
    (callee_with_inverse, (singular,), lambda A: dlfeval(callee_with_inverse, dlarray(A))),
    (callee_elsewhere, (x3, 5), lambda x, k: vjp(callee_elsewhere, x, k)),
    (callee_elsewhere, (x3, 5), lambda x, k: jacobian(callee_elsewhere)(x, k)),
    (asserts_with_a_message, (x3,), lambda x: hvp(asserts_with_a_message)(x, x)),
    (broadcast, (x3, np.ones(4)), lambda x, y: jacfwd(broadcast)(x, y)),
    (callee_that_raises, (x3,), lambda x: dlaccelerate(callee_that_raises)(x)),
    (after_a_slice, (x3, 5), lambda x, n: grad(lambda x: grad(after_a_slice)(x, n)[0])(x)),
]


@pytest.mark.parametrize("case", range(len(OPERATORS)))
def test_exceptions_through_other_operators(case):
    f, args, run = OPERATORS[case]
    compare(f, args, run)


# ---------------------------------------------------------------------------------- in the reverse sweep


def ruled(backward):
    @custom_vjp
    def cubes(x):
        return x**3

    def forward(x):
        return x**3, x

    cubes.defvjp(forward, backward)

    def objective(x):
        return np.sum(cubes(x))

    return objective


def raises_backwards(x, dy):
    if x[0] > 0.5:
        raise ValueError(f"no way back from {x[0]}")
    return (3 * x**2 * dy,)


def indexes_backwards(x, dy):
    return (x * x[5] * dy,)


def inverts_backwards(x, dy):
    A = np.outer(x, x) * 0.0
    return (np.linalg.inv(A) @ dy,)


def mismatches_backwards(x, dy):
    return (np.concatenate((x, x)) * dy,)


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("backward", "kind", "line"),
    [
        (raises_backwards, ValueError, 2), (indexes_backwards, IndexError, 1),
        (inverts_backwards, np.linalg.LinAlgError, 2), (mismatches_backwards, ValueError, 1),
    ],
)  # fmt: skip
def test_exceptions_in_the_reverse_sweep(backward, kind, line):
    with pytest.raises(kind) as caught:
        grad(ruled(backward))(np.ones(3))
    number = backward.__code__.co_firstlineno + line
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert f"test_exceptions.py:{number}" in str(caught.value) or any(t.lineno == number for t in frames)
    if kind is ValueError and line == 2:
        assert str(caught.value) == "no way back from 1.0"


# ---------------------------------------------------------------------------------- where arguments are written


def writes_and_inverts(x, out):
    out[0] = x[0]
    A = np.outer(x, x) * 0.0
    return np.sum(np.linalg.inv(A))


def writes_and_mismatches(x, out):
    out[0] = x[0]
    return np.sum(x * np.concatenate((x, x)))


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("f", "kind", "line"), [(writes_and_inverts, np.linalg.LinAlgError, 3), (writes_and_mismatches, ValueError, 2)]
)
def test_exceptions_of_functions_that_write_to_their_arguments(f, kind, line):
    """The user's function is not run again, it would write again: the generated text is, on copies."""
    out = np.zeros(1)
    with pytest.raises(kind) as caught:
        grad(f)(np.full(3, 2.0), out)
    assert out[0] == 2.0
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[-1].lineno == f.__code__.co_firstlineno + line, frames


@pytest.mark.compiled
def test_everything_is_usable_afterwards():
    g = value_and_grad(in_a_loop)
    value, gradient = g(np.array([1.0, 2.0, 3.0]), 2)
    for _ in range(20):
        with pytest.raises(IndexError):
            g(np.ones(3), 7)
        again = g(np.array([1.0, 2.0, 3.0]), 2)
        assert again[0] == value and np.array_equal(again[1], gradient)


def raises_late(x):
    s = 1.0
    for i in range(x.size):
        s = s * np.sin(x[i])  # kept for the way back: 8 kB are alive at the raise
        if i == 998:
            raise ValueError("late")
    return s


def indexes_late(x):
    y = x * 2.0
    z = np.exp(y)
    s = 0.0
    for i in range(x.size):
        if z[i] > 0.0:
            s += z[i + 1] * y[i]
    return s


@pytest.mark.compiled
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(("f", "kind"), [(raises_late, ValueError), (indexes_late, IndexError)])
def test_arrays_are_given_back_where_something_is_raised(f, kind):
    g, x = grad(f), np.ones(1000)

    def often(times):
        for _ in range(times):
            try:
                g(x)
            except kind:
                continue
            raise AssertionError("nothing was raised")

    often(500)
    before = resident()
    often(5000)  # 8 kB at each would be 40 MB
    assert resident() - before < 8e6
