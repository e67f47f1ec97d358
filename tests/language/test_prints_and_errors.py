"""What an objective prints and raises: once, in order, formatted by Python, at the user's line."""

# ruff: noqa: UP031, UP032

import sys
import traceback
import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import dlsrc
from dlsrc import dlarray, dlfeval, dlgradient, grad, value_and_grad
from tests.oracle import Programs, vector

programs = Programs()


class Diverged(Exception):
    """An exception of the user's, with arguments of its own."""

    def __init__(self, message, value=None):
        super().__init__(message)
        self.value = value


class Pair(NamedTuple):
    a: float
    b: float


@dataclass
class Point:
    x: float
    y: float


def numbers(x):
    s, k = 0.0, 2
    for i in range(k):
        s += x[i] ** 2
        print("step", i, s, sep=": ", end=";\n")
    print(f"{s:.3f}|{s!r}|{k}|{k!r:>4}|{x[0]:10.4e}|{s > 1.0}|{True}|{None}|{3.5:g}")
    print("%d|%i|%5.2f|%-8s|%s|%r|%+.1e|%06.2f|%%|%3d|%x" % (s, k, s, "ab", x.shape, s, s, s, k, k))
    print("{0} {1:>8.2f} {n} {1!r}".format(k, s, n="name"), str(s) + "!", ", ".join([f"{s:.1f}", "z"]))
    print(f"{s=:.2f} {k=} {{braces}}")
    return s


def containers(x):
    s = x[0] * 2.0
    print((s, 1), [s, x[1]], {"a": s, 2: (1,)}, Pair(s, 1.0), Point(x[0], 2.0), (s,), x.shape, (), [])
    print(f"{(s, 'text')} {[1, 2.5]} {Pair(1.0, s)}")
    return s


def arrays(x):
    y = x.astype(np.float32)
    text = f"before {x}"
    z = x * 2.0
    other = f"z is {z}"
    z[0] = 100.0
    print(text, other, z, x > 1.0, y[0], y, sep="\n")
    return z.sum()


def in_helpers_and_branches(x):
    def told(v, name):
        print(f"{name} has {v:.2f}")
        return v * v

    s = 0.0
    for k, name in enumerate(("a", "b")):
        s += told(x[k], name)
        if s > 1.0:
            print("large")
        else:
            print("small", file=sys.stdout, flush=True)
    while s < 5.0:
        s = s * 2.0
        print(s)
    return s


@pytest.mark.parametrize("f", [numbers, containers, arrays, in_helpers_and_branches])
def test_printed_as_the_plain_function_prints(f, capsys):
    x = vector(3)
    f(x)
    expected = capsys.readouterr().out
    for _ in range(2):
        value_and_grad(f)(x)
        assert capsys.readouterr().out == expected


@pytest.mark.compiled
def test_printed_by_compiled_code(capsys):
    x = vector(3)
    for f in (numbers, arrays):
        f(x)
        expected = capsys.readouterr().out
        value_and_grad(f)(x)
        assert capsys.readouterr().out == expected


def test_to_standard_error(capsys):
    def f(x):
        print("value", x[0], file=sys.stderr)
        return x[0]

    grad(f)(vector(2))
    assert capsys.readouterr() == ("", f"value {vector(2)[0]}\n")


def test_a_dlarray_is_printed_as_one(capsys):
    def f(x):
        y = 2.0 * x
        print("y =", y)
        return dlgradient(y.sum(), x)

    dlfeval(f, dlarray([1.0, 2.0]))
    assert capsys.readouterr().out == f"y = {dlarray([2.0, 4.0])}\n"


def test_printed_before_an_error_and_not_again(capsys):
    def f(x):
        for i in range(3):
            print("trip", i)
            if x[i] < 0.0:
                raise ValueError("negative")
        return x[0]

    with pytest.raises(ValueError, match="negative"):
        grad(f)(np.array([1.0, -1.0, 2.0]))
    assert capsys.readouterr().out == "trip 0\ntrip 1\n"


def test_an_index_out_of_range_comes_after_what_was_printed(capsys):
    def f(x):
        s = 0.0
        for i in range(3):
            s += x[i]
            print(i)
        return s

    with pytest.raises(IndexError, match="index 2 is out of range"):
        grad(f)(np.ones(2))
    assert capsys.readouterr().out == "0\n1\n"


def test_a_rerun_prints_nothing(capsys):
    """An error of NumPy's is found again by running the function in Python."""

    def f(x):
        print("once")
        return x[0] * np.linalg.inv(np.zeros((2, 2)))[0, 0]

    with pytest.raises(np.linalg.LinAlgError):
        grad(f)(np.ones(2))
    assert capsys.readouterr().out == "once\n"


def test_a_format_that_does_not_fit_is_pythons_error():
    def f(x):
        print(f"{x:.3f}")
        return x[0]

    with pytest.raises(TypeError, match="format"):
        grad(f)(np.ones(2))


# ------------------------------------------------------------------------------ exceptions


def fails(x, kind):
    s = x[0] * 2.0
    if kind == 0:
        raise ValueError(f"s is {s:.2f} of {x}")
    if kind == 1:
        raise Diverged("diverged at %.3f" % s, s)
    if kind == 2:
        raise Diverged("known", 3)
    if kind == 3:
        raise KeyError
    if kind == 4:
        assert s < 0.0, f"s = {s}"
    if kind == 5:
        raise ValueError(s, "and", kind)
    if kind == 6:
        raise Diverged("{braces}") from None
    return s


def error_of(f, *args):
    with pytest.raises(Exception) as caught:
        f(*args)
    return caught.value


def check_errors(kinds):
    x = np.array([1.25, 2.0])
    derivative = value_and_grad(fails)
    for kind in kinds:
        expected, found = error_of(fails, x, kind), error_of(derivative, x, kind)
        args = expected.args
        if kind == 4:
            args = (args[0].splitlines()[0],)  # pytest adds the comparison to the message
        assert type(found) is type(expected) and found.args == args
        assert getattr(found, "value", None) == getattr(expected, "value", None)
        there, here = (traceback.extract_tb(e.__traceback__)[-1] for e in (expected, found))
        assert (here.filename, here.lineno, here.name) == (there.filename, there.lineno, there.name)


def test_exceptions_are_the_users():
    check_errors(range(7))


@pytest.mark.compiled
def test_exceptions_of_compiled_code():
    check_errors((0, 1, 4, 5))


def test_exceptions_where_arguments_are_written():
    """Such a function is not run again: the exception is made of what the compiled code knew."""

    def f(x, out):
        out[0] = x[0] * 3.0
        if out[0] > 1.0:
            raise Diverged(f"out is {out[0]:.1f}", out[0])
        return out[0]

    out = np.zeros(1)
    error = error_of(grad(f), np.array([2.0]), out)
    assert type(error) is Diverged and error.args == ("out is 6.0",) and error.value == 6.0 and out[0] == 6.0


def test_an_option_that_is_refused_by_the_function():
    def f(x, mode):
        if mode == "sum":
            return x.sum()
        raise ValueError(f"unknown mode {mode!r}")

    with pytest.raises(ValueError, match="unknown mode 'mean'"):
        grad(f)(np.ones(2), "mean")
    assert grad(f)(np.ones(2), "sum").tolist() == [1.0, 1.0]


@programs(vector(3), compiled=True)
def checks_that_pass(x):
    if x[0] > 100.0:
        raise Diverged(f"too large: {x[0]}", x[0])
    assert np.all(x > 0.0), f"negative: {x}"
    return np.sum(x**2)


@programs(vector(3))
def text_that_is_not_shown(x):
    text = f"x[0] is {x[0]:.3f}" + " and more"
    if x[0] > 100.0:
        print(text)
    return x[0] ** 2


def test_the_generated_text_says_what_is_printed():
    text = dlsrc.adjoint_source(checks_that_pass, vector(3))
    assert 'raise Exception("too large: {} {}", v1, v1)' in text
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 'show("{} {:.2f}\\n", k, s)' in dlsrc.adjoint_source(shown, 2.0, 3)


def shown(a, k):
    s = a * a
    print(k, f"{s:.2f}")
    return s


test_prints_and_errors = programs.test()
