"""Which indices are said to be never negative, and that none of them is: not in any program that the fuzzer writes."""

import ast

import numpy as np
import pytest

from dlsrc import stages, value_and_grad
from dlsrc.lazy import jit_enabled
from dlsrc.transform.compile import compile_text
from dlsrc.transform.emit import emit
from dlsrc.transform.machine.unwrapped import unwrapped
from dlsrc.transform.signs import never_negative
from tests.fuzz.judge import verdict
from tests.fuzz.writer import program


def text_of(f, *args):
    form = [*stages(f, *args).values()][-1].program
    return emit(form, unsigned=never_negative(form))


def told(f, *args):
    """The places that are told of, as text."""
    return {f"{array}[{index}]" for array, index in text_of(f, *args).unsigned}


def packed_triangle(icf, x):
    n = len(x)
    y = np.zeros(n)
    at = n
    for column in range(n):
        for row in range(column + 1, n):
            y[row] += icf[at] * x[column]
            at += 1
    return np.sum(y * y)


def test_a_place_that_moves_on_and_the_counter_beside_it():
    found = told(packed_triangle, np.ones(9), np.ones(3))
    assert found == {"icf[at]", "y[row]", "dicf[at + (row - v1)]", "v4[row]"}


def from_the_end(x):
    s = 0.0
    at = len(x) - 1
    for i in range(len(x)):
        s += x[i - 1] * x[at]
        at -= 1
    return s


def by_a_number(x, k):
    s = 0.0
    for i in range(k, 3):
        s += x[i] * x[k]
    return s


def by_a_remainder(x, k):
    s = 0.0
    for i in range(3):
        at = (k - i) % 5
        s += x[at] * x[(i - 4) // 2]
    return s


def down_to_below_zero(x):
    s = 0.0
    for i in range(1, -3, -1):
        s += x[i] ** 2
    return s


def by_one_of_two(x, k):
    s = 0.0
    at = 0
    for i in range(3):
        if x[i] > 0.5:
            at = k
        s += x[at] * x[i]
    return s


def by_an_array(x, k):
    places = np.zeros(3, np.int64)
    for i in range(3):
        places[i] = i + k
    s = 0.0
    for i in range(3):
        s += x[places[i]] * x[i]
    return s


def by_what_wraps_around(x):
    s, seed = 0.0, 12345
    for i in range(9):
        seed = seed * 1103515245 + 12345
        s += x[seed // 2**61] * x[i % 3]
    return s


def by_a_sum_of_two_that_grow(x):
    s, a, b = 0.0, 1, 1
    for _ in range(95):
        a, b = b, a + b
        s += x[a // 2**61] * 1e-3
    return s


def by_a_number_that_doubles(x):
    s, a = 0.0, 1
    for _ in range(95):
        a = max(a + a, 1)
        s += x[a // 2**61] * 1e-3
    return s


def by_what_is_not_written(x):
    places = np.empty(3, np.int64)
    s = 0.0
    for i in range(2):
        s += x[places[i]] ** 2
    return s


UNTOLD = (by_what_wraps_around, by_a_sum_of_two_that_grow, by_a_number_that_doubles, by_what_is_not_written)


@pytest.mark.parametrize("f", UNTOLD, ids=lambda f: f.__name__)
def test_what_may_wrap_around_or_was_never_written_is_not_told_of(f):
    """An int64 that wrapped is negative; so may be what a new array happens to hold."""
    assert not told(f, np.arange(9.0))


CAUTIOUS = [
    (from_the_end, (), {"x[i - 1]", "x[at]"}),
    (by_a_number, (-2,), {"x[i]", "x[k]"}),
    (by_a_remainder, (-7,), {"x[(i - 4) // 2]"}),
    (down_to_below_zero, (), {"x[i]"}),
    (by_one_of_two, (-1,), {"x[at]"}),
    (by_an_array, (-3,), {"x[places[i]]", "x[v1]"}),
]


@pytest.mark.parametrize(("f", "more", "not_told"), CAUTIOUS, ids=[f.__name__ for f, _, _ in CAUTIOUS])
def test_what_may_be_negative_is_not_told_of(f, more, not_told):
    assert not told(f, np.arange(5.0), *more) & not_told


@pytest.mark.compiled
@pytest.mark.parametrize(("f", "more"), [(f, more) for f, more, _ in CAUTIOUS], ids=[f.__name__ for f, _, _ in CAUTIOUS])
def test_indices_from_the_end_are_read_and_written_where_they_were(f, more):
    x = np.array([0.3, 0.9, -1.2, 0.7, 2.0])
    value, dx = value_and_grad(f)(x, *more)
    assert abs(value - f(x, *more)) < 1e-14
    for k in range(len(x)):
        step = x.astype(complex)
        step[k] += 1e-30j
        if f is not by_one_of_two:  # it compares
            assert abs(dx[k] - f(step, *more).imag / 1e-30) < 1e-13


@pytest.mark.compiled
@pytest.mark.skipif(not jit_enabled(), reason="NUMBA_DISABLE_JIT is set")
def test_the_text_says_nothing_of_it_and_the_numbers_are_those_of_plain_python():
    rng = np.random.default_rng(0)
    icf, x = rng.normal(size=9), rng.normal(size=3)
    emitted = text_of(packed_triangle, icf, x)
    assert emitted.unsigned and "unsigned" not in emitted.text
    value, dicf = value_and_grad(packed_triangle)(icf, x)
    plain_value, plain_dicf = compile_text(emitted, jit=False)(icf, x)
    assert value == plain_value
    np.testing.assert_array_equal(dicf, plain_dicf)


def test_a_name_that_the_text_has_is_not_taken():
    tree, names = unwrapped(ast.parse("unsigned = y[i]"), "unsigned = y[i]", frozenset({("y", "i")}))
    assert ast.unparse(tree) == "unsigned = y[unsigned_(i)]" and names == {"unsigned_": np.uint64}


@pytest.mark.skipif(jit_enabled(), reason="plain Python tests every index itself")
def test_no_program_of_the_fuzzers_has_a_negative_one_where_none_is_said_to_be(monkeypatch):
    made = 0

    def tested(index):
        nonlocal made
        made += 1
        assert index >= 0, f"an index is {index}"
        return index

    def testing(emitted, name="", filename="", **options):
        function = compile_text(emitted, name, filename, **options)
        if not emitted.unsigned:
            return function
        tree, names = unwrapped(ast.parse(emitted.text), emitted.text, emitted.unsigned)
        namespace = {**function.__globals__, **dict.fromkeys(names, tested)}
        body = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
        module = ast.fix_missing_locations(ast.Module(body, []))
        exec(compile(module, function.__code__.co_filename, "exec"), namespace)
        return namespace[emitted.name]

    monkeypatch.setattr("dlsrc.transform.compile.compile_text", testing)
    for seed in range(700100, 700125):
        state, why = verdict(program(seed), seed)
        assert state != "fail", (seed, why)
    assert made > 500
