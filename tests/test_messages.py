"""Refusals: what a message says and where it points.

Each function of ``tests/messages/`` must be refused on the line that ends in ``# refused: <text>``, with the
text in the message.  A function that names ``dlgradient`` is run by ``dlfeval`` with dlarrays, any other
by ``grad``; the arguments follow from the names of the parameters.
"""

import importlib
import inspect
import linecache
import re
import traceback
from pathlib import Path

import numpy as np
import pytest

import dlsrc
from dlsrc import dlarray, dlfeval, dlgradient, grad, value_and_grad
from dlsrc.errors import DifferentiationError, DlsrcError, UnsupportedSyntax, UntracedError

FOLDER = Path(__file__).parent / "messages"
REFUSED = re.compile(r"# refused: (.+)$")
ARGUMENTS = {
    "x": np.array([0.5, -1.25, 2.0]), "A": np.array([[2.0, 0.5], [0.25, 1.0]]), "a": 0.75, "n": 2,
    "x1": 0.5, "v": 0.5,
}

# What to do instead is an instruction: one of these words, or code to copy.
ADVICE = re.compile(
    r"\b(add|allowed|assign|ask|bring|call|cast|compare|compute|convert|copy|declare|define|divide|enter|format|give|import|index|keep|"
    r"leave|make|move|name|name it|pass|put|read|rename|repeat|replace|return|say|select|set|split|start|store|"
    r"take|takes|unpack|use|wrap|write|must|only|has|holds|instead)\b"
)
LONGEST = 15


def expectations():
    """Each refused function: the module, the function, the line and the text."""
    found = []
    for path in sorted(FOLDER.glob("[a-z]*.py")):
        module = importlib.import_module(f"tests.messages.{path.stem}")
        for name, function in vars(module).items():
            if not inspect.isfunction(function) or function.__module__ != module.__name__:
                continue
            lines, first = inspect.getsourcelines(function)
            for number, line in enumerate(lines, first):
                match = REFUSED.search(line)
                if match:
                    found.append(pytest.param(function, number, match[1], id=f"{path.stem}-{name}"))
    return found


EXPECTATIONS = expectations()


def run(function):
    arguments = [ARGUMENTS[name] for name in inspect.signature(function).parameters]
    if "dlgradient" in function.__code__.co_names:
        return dlfeval(function, *(dlarray(a) for a in arguments))
    return grad(function)(*arguments)


def check_form(error):
    """Class, caret columns and length; the message names a remedy."""
    assert isinstance(error, UnsupportedSyntax) and isinstance(error, SyntaxError)
    assert error.offset is not None and error.offset >= 1
    assert error.end_offset is not None and error.end_lineno is not None
    assert (error.end_lineno, error.end_offset) > (error.lineno, error.offset), "the carets span nothing"
    printed = "".join(traceback.format_exception_only(error))
    assert len(printed.splitlines()) <= LONGEST, f"{len(printed.splitlines())} lines:\n{printed}"
    assert "^" in printed, f"no carets:\n{printed}"
    assert ADVICE.search(error.msg), f"no remedy: {error.msg}"


@pytest.mark.parametrize("function, line, text", EXPECTATIONS)
def test_refusal(function, line, text):
    with pytest.raises(DlsrcError) as caught:
        run(function)
    error = caught.value
    check_form(error)
    assert Path(error.filename) == Path(inspect.getsourcefile(function))
    assert text in error.msg, f"{text!r} is not in: {error.msg}"
    assert error.lineno == line, (
        f"points at line {error.lineno}, {linecache.getline(error.filename, error.lineno).strip()!r}: {error.msg}"
    )
    shown = linecache.getline(error.filename, line).strip()
    assert error.text.strip() in shown or shown in error.text.strip()


def test_there_are_enough():
    assert len(EXPECTATIONS) >= 60
    modules = {p.values[0].__module__ for p in EXPECTATIONS}
    for path in FOLDER.glob("[a-z]*.py"):
        assert f"tests.messages.{path.stem}" in modules


# ---------------------------------------------------------------------------------- several at once


def three_problems(x):
    y = np.fft.fft(x)
    try:
        z = x[0]
    except ValueError:
        z = x[1]
    w = open("file")
    return z * x[2]


def test_all_problems_are_reported_at_once():
    with pytest.raises(UnsupportedSyntax) as caught:
        grad(three_problems)(np.ones(3))
    first = three_problems.__code__.co_firstlineno
    lines = {location.line for location, _ in caught.value.problems}
    # A construct that cannot be parsed may hide what is inside it, nothing else.
    assert {first + 2} <= lines
    printed = "".join(traceback.format_exception_only(caught.value))
    assert len(printed.splitlines()) <= LONGEST


def two_problems_after_parsing(x):
    y = np.fft.fft(x)
    w = np.fft.ifft(x)
    return y[0].real * w[0] + np.interp_missing(x)


def test_problems_found_by_the_analysis_are_reported_at_once():
    with pytest.raises(UnsupportedSyntax) as caught:
        grad(two_problems_after_parsing)(np.ones(3))
    first = two_problems_after_parsing.__code__.co_firstlineno
    assert {first + 1, first + 2} <= {location.line for location, _ in caught.value.problems}
    assert "np.fft.fft" in str(caught.value) and "np.fft.ifft" in str(caught.value)


# ---------------------------------------------------------------------------------- inside helpers


def helper_with_a_problem(v):
    return np.sum(np.fft.fft(v))


def calls_a_helper_with_a_problem(x):
    return helper_with_a_problem(x)


def test_a_problem_in_a_helper_points_into_the_helper():
    with pytest.raises(UnsupportedSyntax, match="fft") as caught:
        grad(calls_a_helper_with_a_problem)(np.ones(3))
    assert caught.value.lineno == helper_with_a_problem.__code__.co_firstlineno + 1


# ---------------------------------------------------------------------------------- what a call is given


def squares(x):
    return np.sum(x**2)


def first_written(x, y):
    x[0] = y[0] ** 2
    return np.sum(x * y)


def located(error):
    assert isinstance(error, SyntaxError) and error.filename and error.lineno
    assert len("".join(traceback.format_exception_only(error)).splitlines()) <= LONGEST
    assert ADVICE.search(error.msg)


# An argument is no place in a file: what is wrong with one is a TypeError or ValueError that names it.


@pytest.mark.parametrize("x", [np.array([1, 2, 3]), np.array([True, False]), 3], ids=["array", "bool", "int"])
def test_integer_argument(x):
    with pytest.raises(TypeError, match=r"squares.*`x`.*float"):
        grad(squares)(x)


def test_complex_argument():
    with pytest.raises(TypeError, match="complex.*pass"):
        grad(squares)(np.array([1.0 + 2.0j]))


def test_matrix_argument():
    with pytest.raises(TypeError, match="matrix.*pass"):
        grad(squares)(np.ones((1, 2)).view(np.matrix))


def test_masked_array_argument():
    with pytest.raises(TypeError, match="masked.*pass"):
        grad(squares)(np.ma.masked_array([1.0, 2.0], [False, True]))


def test_string_argument():
    with pytest.raises(TypeError, match="squares"):
        grad(squares)("abc")


def test_object_argument():
    with pytest.raises(TypeError, match="object.*pass"):
        grad(squares)(np.array([1.0, None]))


def test_overlapping_arguments_of_a_function_that_writes():
    memory = np.ones(6)
    with pytest.raises(ValueError, match=r"`x`.*share.*copy"):
        grad(first_written)(memory[:4], memory[2:])
    with pytest.raises(ValueError, match=r"`x`.*share.*copy"):
        grad(first_written)(memory, memory)
    assert np.array_equal(memory, np.ones(6))
    grad(first_written)(memory[:3], memory[3:])
    grad(lambda x, y: np.sum(x * y))(memory[:4], memory[2:])


def test_argnums_out_of_range():
    with pytest.raises((DlsrcError, TypeError, ValueError), match="argnum|argument"):
        grad(squares, argnums=3)(np.ones(3))


def test_wrong_number_of_arguments():
    with pytest.raises((DlsrcError, TypeError), match="squares"):
        grad(squares)(np.ones(3), np.ones(3))


def test_dlgradient_outside_dlfeval():
    with pytest.raises(DifferentiationError, match="dlfeval"):
        dlgradient(dlarray(1.0), dlarray(1.0))


def asks_for_a_gradient(x):
    return dlgradient(np.sum(x**2), x)


def test_dlgradient_of_plain_arrays():
    with pytest.raises(DifferentiationError, match="dlarray") as caught:
        dlfeval(asks_for_a_gradient, np.ones(3))
    assert caught.value.lineno == asks_for_a_gradient.__code__.co_firstlineno + 1
    located(caught.value)


def test_not_a_function():
    with pytest.raises(TypeError, match="function"):
        grad(3)(np.ones(3))
    with pytest.raises((DlsrcError, TypeError), match="fft"):
        grad(np.fft.fft)(np.ones(3))


def test_source_that_is_not_there():
    space = {"np": np}
    exec("def made(x):\n    return np.sum(x)\n", space)
    with pytest.raises(dlsrc.errors.SourceError, match="source"):
        grad(space["made"])(np.ones(3))


def test_untraced_names_are_a_class_of_their_own():
    def f(x):
        z = dlarray(1.0)
        return dlgradient(np.sum(x) * z, z)

    with pytest.raises(UntracedError, match="z"):
        dlfeval(f, dlarray([1.0]))


# ---------------------------------------------------------------------------------- what the user's code raises


def checks_its_argument(x):
    if x[0] < 0.0:
        raise ValueError("x must be positive")
    assert x[1] < 10.0, "too large"
    return np.sum(np.sqrt(x))


@pytest.mark.compiled
def test_the_users_own_exceptions_are_raised():
    g = grad(checks_its_argument)
    g(np.ones(2))
    with pytest.raises(ValueError, match="x must be positive"):
        g(np.array([-1.0, 1.0]))
    with pytest.raises(AssertionError, match="too large"):
        g(np.array([1.0, 20.0]))


def mismatched(x, y):
    return np.sum(x * y)


@pytest.mark.compiled
def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError):
        value_and_grad(mismatched)(np.ones(3), np.ones(4))


def beyond_the_end(x):
    s = 0.0
    for i in range(x.size):
        s += x[i + 1]
    return s


@pytest.mark.compiled
def test_an_index_out_of_range_names_the_line():
    with pytest.raises(IndexError) as caught:
        grad(beyond_the_end)(np.ones(3))
    text = str(caught.value) + "".join(getattr(caught.value, "__notes__", []))
    trace = "".join(traceback.format_exception(caught.value))
    assert str(beyond_the_end.__code__.co_firstlineno + 3) in text + trace
    assert grad(lambda x: x[-1] ** 2)(np.ones(2))[1] == 2.0


def divides_integers(x, n):
    return x[0] * (7 // n)


def set_on_one_path(x):
    if x[0] > 0.0:
        y = x[1]
    return y * x[0]


@pytest.mark.compiled
def test_a_name_without_a_value_on_the_path_taken():
    """Refused, or right where it has a value and an error where it has none; never a number."""
    with pytest.raises((UnboundLocalError, UnsupportedSyntax), match="y"):
        grad(set_on_one_path)(np.array([-1.0, 2.0]))
    try:
        assert np.array_equal(grad(set_on_one_path)(np.array([1.0, 2.0])), [2.0, 1.0])
    except UnsupportedSyntax:
        pass


@pytest.mark.compiled
def test_integer_division_by_zero():
    assert grad(divides_integers)(np.ones(2), 2)[0] == 3.0
    with pytest.raises(ZeroDivisionError):
        grad(divides_integers)(np.ones(2), 0)
    with np.errstate(all="ignore"):
        assert value_and_grad(lambda x: 1.0 / x[0])(np.zeros(1))[0] == np.inf
