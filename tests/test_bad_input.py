"""Whatever is passed, to whichever entry point: the right result, or an error that names the argument.

Every input of the table goes through every entry point.  An error has at most 15 lines, names the argument,
and is none of dlsrc's own faults.  ``python -m tests.test_bad_input`` does it compiled; nothing may end it.
"""

import array
import datetime
import decimal
import fractions
import importlib.util
import subprocess
import sys
import traceback
import warnings

import numpy as np
import pytest
import scipy.sparse

import dlsrc
from dlsrc import (
    adjoint_source, check, dlaccelerate, dlarray, dlfeval, dlgradient, explain, grad, hessian, hvp, jacfwd,
    jacobian, jacrev, jvp, residual_and_jacobian, stages, value_and_grad, vjp,
)
from dlsrc.errors import DlsrcError, InternalError, SourceError, UnsupportedSyntax

LONGEST = 15


def squares(x):
    return np.sum(x**2)


def squares_in_a_loop(x):
    s = 0.0
    for i in range(x.shape[0]):
        s += x[i] ** 2
    return s


def evaluation(x):
    y = np.sum(x**2)
    return y, dlgradient(y, x)


class Subclass(np.ndarray):
    pass


class ArrayLike:
    """As a pandas Series, a torch tensor or an xarray: no array, but it can be made one."""

    def __init__(self, data):
        self.data = data

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.data, dtype)

    def __len__(self):
        return len(self.data)


class Thing:
    pass


class Unhashable:
    __hash__ = None


class RaisesWhenHashed:
    def __hash__(self):
        raise ValueError("no hash")


def read_only():
    x = np.ones(3)
    x.flags.writeable = False
    return x


def unaligned():
    x = np.zeros(25, np.uint8)[1:].view(np.float64)[:3]
    x[:] = 1.0
    return x


def contains_itself():
    x = []
    x.append(x)
    return x


def nested(depth):
    x = 1.0
    for _ in range(depth):
        x = [x]
    return x


# What is a point to differentiate at: the gradient must be right.
POINTS = {
    "vector": np.array([0.5, -1.0, 2.0]), "matrix": np.ones((2, 3)), "0-d": np.array(2.0), "float": 2.0,
    "float64": np.float64(2.0), "float32": np.float32(2.0), "single": np.ones(3, np.float32),
    "nan": np.array([np.nan, 1.0]), "inf": np.array([np.inf, -np.inf, 1.0]), "nan alone": float("nan"),
    "empty": np.zeros(0), "no rows": np.zeros((0, 3)), "no columns": np.zeros((3, 0)), "read-only": read_only(),
    "reversed": np.arange(6.0)[::-2], "unaligned": unaligned(), "broadcast": np.broadcast_to(1.5, (3,)),
    "Fortran": np.asfortranarray(np.ones((2, 3))), "strided": np.ones((4, 4))[::2, 1:],
    "memory map": np.ones(3).view(np.memmap),
}
# What has no gradient, or is no data.
OTHERS = {
    "ragged": [[1.0, 2.0], [3.0]], "object": np.array([1.0, None], object), "0-d object": np.array(Thing(), object),
    "strings": np.array(["a", "b"]), "bytes array": np.array([b"a"]), "chararray": np.char.array(["a"]),
    "structured": np.array([(1.0, 2)], [("a", "f8"), ("b", "i4")]), "void": np.zeros(1, "V8")[0],
    "recarray": np.rec.array([(1.0, 2)], dtype=[("a", "f8"), ("b", "i4")]),
    "complex": np.ones(3, complex), "complex number": 1j, "complex scalar": np.complex128(1.0),
    "int": np.arange(3), "an int": 3, "uint64": np.arange(3, dtype=np.uint64), "truth values": np.array([True]),
    "True": True, "large int": 10**30, "big-endian": np.ones(3, ">f8"), "float16": np.ones(3, np.float16),
    "longdouble": np.ones(3, np.longdouble), "a float16": np.float16(1.0), "a longdouble": np.longdouble(1.0),
    "masked": np.ma.masked_array([1.0, 2.0], [False, True]), "masked constant": np.ma.masked,
    "np.matrix": np.matrix([[1.0]]), "subclass": np.ones(3).view(Subclass), "array-like": ArrayLike([1.0, 2.0]),
    "dates": np.array(["2020-01-01"], "M8[D]"), "durations": np.array([1], "m8[s]"),
    "a date": datetime.datetime(2020, 1, 1), "sparse matrix": scipy.sparse.csr_matrix(np.eye(3)),
    "sparse array": scipy.sparse.coo_array(np.eye(3)), "memoryview": memoryview(np.ones(3)),
    "bytearray": bytearray(b"abc"), "array.array": array.array("d", [1.0]), "bytes": b"abc", "string": "abc",
    "long string": "a" * 10_000, "None": None, "set": {1.0}, "frozenset": frozenset([1.0]), "range": range(3),
    "iterator": iter([1.0]), "zip": zip([1.0], strict=False), "Decimal": decimal.Decimal(1),
    "Fraction": fractions.Fraction(1, 2), "empty list": [], "empty dict": {}, "empty tuple": (),
    "list of strings": ["a", "b"], "set in a dict": {"a": {1.0}}, "list of floats": [1.0, 2.0],
    "contains itself": contains_itself(), "deep list": nested(5000), "function": squares, "module": np,
    "class": Thing, "builtin class": float, "instance": Thing(), "unhashable": Unhashable(),
    "raises when hashed": RaisesWhenHashed(), "ufunc": np.sin, "dtype": np.dtype(float), "Ellipsis": ...,
    "slice": slice(0, 2), "exception": ValueError("x"),
}  # fmt: skip
if importlib.util.find_spec("pandas"):
    import pandas

    OTHERS |= {"Series": pandas.Series([1.0, 2.0]), "DataFrame": pandas.DataFrame({"a": [1.0]})}
INPUTS = {**POINTS, **OTHERS}


def generator():
    yield 1.0


def cube(x):
    return x**3


def dlfeval_of_a_dlarray(x):
    return dlfeval(evaluation, dlarray(x))[1]


def along_the_input(x):
    ones = np.ones_like(x) if isinstance(x, np.ndarray) else type(x)(1.0) if isinstance(x, float) else x
    return jvp(squares, (x,), (ones,))[1]


GRADIENTS = {
    "grad": lambda x: grad(squares)(x),
    "value_and_grad": lambda x: value_and_grad(squares)(x)[1],
    "accelerated": lambda x: grad(dlaccelerate(squares))(x),
    "dlfeval": dlfeval_of_a_dlarray,
    "pullback": lambda x: vjp(squares, x)[1](1.0)[0],
    "jacrev": lambda x: jacrev(squares)(x),
    "jacfwd": lambda x: jacfwd(squares)(x),
    "jacobian": lambda x: jacobian(squares)(x),
}
ENTRIES = {
    **GRADIENTS,
    "by keyword": lambda x: grad(lambda a, b: np.sum(a * np.sum(b**2)))(1.0, b=x),
    "in a loop": lambda x: grad(squares_in_a_loop)(x),
    "plain dlfeval": lambda x: dlfeval(squares, x),
    "untraced": lambda x: dlfeval(evaluation, x),
    "jvp": along_the_input,
    "tangent": lambda x: jvp(squares, (np.ones(3),), (x,)),
    "cotangent": lambda x: vjp(cube, np.ones(3))[1](x),
    "hessian": lambda x: hessian(squares)(x),
    "hvp": lambda x: hvp(squares)(x, x),
    "direction": lambda x: hvp(squares)(np.ones(3), x),
    "residual": lambda x: residual_and_jacobian(cube)[1](x),
    "warm": lambda x: grad(squares).warm(x),
    "compile": lambda x: grad(squares).compile(x),
    "adjoint_source": lambda x: adjoint_source(squares, x),
    "stages": lambda x: stages(squares, x),
    "explain": lambda x: explain(squares, x),
    "check": lambda x: check(squares, x),
    "dlarray": dlarray,
    "flatten": lambda x: dlsrc.structure.flatten(x, "x"),
    "ravel": dlsrc.ravel,
    "accelerated call": lambda x: dlaccelerate(squares)(x),
    "second argument": lambda x: grad(lambda a, b: np.sum(a))(np.ones(3), x),
    "the function": lambda x: grad(x)(np.ones(3)),
    "the function of dlfeval": lambda x: dlfeval(x, np.ones(3)),
    "the function of jvp": lambda x: jvp(x, (1.0,), (1.0,)),
    "argnums": lambda x: grad(squares, argnums=x)(np.ones(3)),
}

# How an error says which argument it is about.
NAMED = {
    "dlarray": "dlarray", "dlfeval": "dlarray", "ravel": "tree", "argnums": "argnums", "untraced": "x", "the function": "function",
    "the function of dlfeval": "function", "the function of jvp": "function", "cotangent": "dy",
    "direction": "x", "tangent": "x", "second argument": "b", "by keyword": "b",
}
# Errors of Python's own: what the user's function does with such an argument in plain Python.
PLAIN = {"check"}


def examine(entry, name, x):
    """Run it; None if there was a result, else the error, whose form is tested."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            ENTRIES[entry](x)
    except Exception as error:
        form(error, entry, name)
        return error
    return None


def form(error, entry, name=""):
    text = "".join(traceback.format_exception_only(error))
    assert not isinstance(error, InternalError), f"{entry}, {name}: {text}"
    assert len(text.splitlines()) <= LONGEST, f"{entry}, {name}: {len(text.splitlines())} lines"
    assert max(map(len, text.splitlines())) < 400, f"{entry}, {name}: {text[:1000]}"
    assert isinstance(error, TypeError | ValueError | DlsrcError | NotImplementedError), f"{entry}, {name}: {text}"
    word = NAMED.get(entry, "x")
    assert f"`{word}" in text or f"{word}:" in text or f"{word}[" in text or word in text and word != "x" or (
        isinstance(error, UnsupportedSyntax) and "x" in error.text  # the user's line, with carets under the place
    ) or entry in PLAIN, f"{entry}, {name} is not named: {text}"


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_error_names_the_argument(entry):
    for name, x in [*INPUTS.items(), ("generator", generator())]:
        examine(entry, name, x)


@pytest.mark.parametrize("entry", GRADIENTS)
def test_points_have_the_right_gradient(entry):
    for name, x in POINTS.items():
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = GRADIENTS[entry](x)
        found = np.asarray(dlsrc.extractdata(found))
        x = np.asarray(x)
        if entry == "jacfwd" and not np.all(np.isfinite(x)):
            continue  # 0 times nan is nan: each column sees all elements
        assert found.shape == x.shape, f"{name}: {found.shape}"
        assert np.array_equal(found, 2 * x, equal_nan=True), f"{name}: {found}"


@pytest.mark.parametrize("entry", ["grad", "pullback", "hessian", "jacrev", "jacfwd", "warm", "adjoint_source", "hvp"])
def test_nothing_else_has_a_gradient(entry):
    for name, x in [*OTHERS.items(), ("generator", generator())]:
        assert examine(entry, name, x) is not None, f"{name} was taken"


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.arange(3), r"`x` does not exist, it is of type int64 array; pass x.astype\(float\)"),
        (None, "`x` is None and holds no numbers"),
        ("abc", "`x` is the string 'abc' and holds no numbers"),
        (generator(), "`x` is a generator and holds no numbers"),
        ([], "`x` is an empty container"),
        (ArrayLike([1.0]), r"x: ArrayLike is not an array of NumPy's; pass np.asarray\(x\)"),
        (np.ones(3, ">f8"), "x: a big-endian array"),
        (scipy.sparse.csr_array(np.eye(2)), "x: csr_array: sparse"),
        (memoryview(np.ones(2)), r"x: memoryview .*pass np.asarray"),
        ({"a": {1.0}}, r'x\["a"\]: set'),
        (np.array([(1.0, 2)], [("a", "f8"), ("b", "i4")]), "x: a structured array.*a, b"),
        (10**30, "x: this int does not fit 64 bits"),
    ],
)
def test_what_is_said(x, words):
    with pytest.raises(TypeError, match=words):
        grad(squares)(x)


def test_a_large_int_on_the_short_way():
    """The short way of a call does not look whether an int fits: the error names it all the same."""
    def power(x, n):
        return x**n

    g = grad(power)
    assert g(2.0, 3) == 12.0
    with pytest.raises(TypeError, match="n: this int does not fit 64 bits"):
        g(2.0, 2**70)
    assert g(2.0, 3) == 12.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: jvp(squares, (np.ones(3),), (1.0,)), "tangent of `x` is a float, and `x` is a 1-d array of float64"),
        (lambda: jvp(squares, (np.ones(3),), (np.ones((3, 1)),)), "tangent of `x` is a 2-d array"),
        (lambda: jvp(squares, (np.ones(3),), (None,)), "tangent of `x` is None and not built like it"),
        (lambda: hvp(squares)(np.ones(3), [1.0, 2.0, 3.0]), "tangent of `x` is a container of 3"),
        (lambda: jvp(squares, (np.ones(3),), (np.ones(2),)), "tangent of `x` must have the shape of `x`"),
        (lambda: vjp(cube, np.ones(3))[1](np.ones(2)), "cotangent `dy` must have the shape of what the function returns"),
        (lambda: grad(np.sin)(1.0), r"write lambda x: np.sin\(x\)"),
        (lambda: grad(np.ones(3)), "the first argument is the function to differentiate, and this is a ndarray"),
        (lambda: grad(squares, argnums="x"), "argnums is an int or a tuple of ints, not 'x'"),
        (lambda: grad(squares, argnums=None), "argnums is an int or a tuple of ints, not NoneType"),
        (lambda: check(squares, "abc"), r"no argument holds real numbers to differentiate by \(given: str\)"),
    ],
)  # fmt: skip
def test_what_is_said_of_other_arguments(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


# ---------------------------------------------------------------------------------- captured objects

CAPTURED = None


def with_captured(x):
    return np.sum(x * CAPTURED)


def test_captured_objects_are_refused_by_name():
    """An array of another class means something else by its operators, also where an array was before."""
    global CAPTURED
    g = grad(with_captured)
    fitting = {
        "int": np.arange(3), "single": np.ones(3, np.float32), "read-only": read_only(), "reversed": np.ones(6)[::-2],
        "unaligned": unaligned(), "truth values": np.array([True, False, True]), "0-d": np.array(2.0), "float": 2.5,
        "dlarray": dlarray([1.0, 2.0, 3.0]), "True": True, "an int": 3, "memory map": np.ones(3).view(np.memmap),
        "uint64": np.arange(3, dtype=np.uint64),
    }  # fmt: skip
    refused = {k: v for k, v in INPUTS.items() if k not in fitting and k not in POINTS and k != "large int"}
    refused["masked"] = np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False])
    for _ in range(2):  # the second time each meets the programs that were built for the others
        for name, CAPTURED in fitting.items():
            expected = np.ones(3) * np.asarray(dlsrc.extractdata(CAPTURED))
            assert np.array_equal(g(np.ones(3)), expected), name
        for name, CAPTURED in refused.items():
            with pytest.raises(UnsupportedSyntax) as caught:
                g(np.ones(3))
            form(caught.value, "CAPTURED", name)
            assert "`CAPTURED`" in str(caught.value), f"{name}: {caught.value}"


@pytest.mark.compiled
def test_a_captured_int_that_does_not_fit():
    n = 2**70

    def scaled(x):
        return np.sum(x * n)

    with pytest.raises(UnsupportedSyntax, match="`n` is an int that does not fit 64 bits"):
        grad(scaled)(np.ones(2))
    n = 3
    assert grad(scaled)(np.ones(2)).tolist() == [3.0, 3.0]
    n = 2**70
    try:
        assert grad(scaled)(np.ones(2))[0] == 2.0**70  # plain Python computes with any int
    except OverflowError as error:
        assert "a captured int does not fit 64 bits" in str(error)


# ---------------------------------------------------------------------------------- sizes and depths


def outer_sum(x):
    return np.sum(x[:, None] * x[None, :])


def kept_for_each_trip(x, n):
    s = x[0]
    for _ in range(n):
        s = np.sin(s * x[1])
    return s


def allocated(x, n):
    z = np.zeros(n)
    z[0] = x[0]
    return np.sum(z)


@pytest.mark.compiled
def test_what_does_not_fit_the_memory_is_a_memory_error():
    """And the function is not run again, in Python, to find the line: that could take for ever."""
    for f, args in ((outer_sum, (np.ones(10**7),)), (kept_for_each_trip, (np.ones(2), 10**13)), (allocated, (np.ones(1), 10**15))):
        with pytest.raises(MemoryError, match=rf"{f.__name__}\(\): .*dlsrc.explain"):
            grad(f)(*args)


@pytest.mark.compiled
def test_negative_sizes():
    for n in (-1, -(2**40)):
        with pytest.raises(ValueError, match="negative dimensions"):
            grad(allocated)(np.ones(1), n)


EMPTY = [
    np.sum, np.prod, np.linalg.norm, lambda x: np.sum(np.sort(x)), lambda x: np.sum(np.cumsum(x)), lambda x: x @ x,
    lambda x: np.sum(np.diff(x)), lambda x: np.sum(np.max(x.reshape(0, 3), axis=1)), np.std,
]  # fmt: skip
WITHOUT_IDENTITY = [np.max, np.min, np.ptp, dlsrc.logsumexp, lambda x: x[np.argmax(x)], lambda x: max(x)]


@pytest.mark.parametrize("f", EMPTY)
def test_reductions_of_nothing(f):
    def objective(x):
        return f(x)

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, (value, gradient) = f(np.zeros(0)), value_and_grad(objective)(np.zeros(0))
    assert np.array_equal(value, expected, equal_nan=True) and gradient.shape == (0,)


@pytest.mark.parametrize("f", WITHOUT_IDENTITY)
def test_reductions_of_nothing_that_are_not_defined(f):
    def objective(x):
        return f(x)

    with pytest.raises(ValueError):
        value_and_grad(objective)(np.zeros(0))


def written(tmp_path, name, text):
    """A function of a file."""
    path = tmp_path / f"{name}.py"
    path.write_text(f"import numpy as np\n{text}\n")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


@pytest.mark.parametrize("terms", [200, 900, 2000])
def test_expressions_that_are_nested_deeply(tmp_path, terms):
    text = "def deep(x):\n    y = x[0] * 2.0\n    return y + " + " + ".join(["x[0]"] * terms)
    try:
        f = written(tmp_path, "deep", text)
    except RecursionError:
        pytest.skip("Python cannot compile it either")
    for run in (lambda: grad(f)(np.ones(1))[0], lambda: adjoint_source(f, np.ones(1)) and terms + 2.0):
        try:
            assert run() == terms + 2.0
        except UnsupportedSyntax as error:
            assert terms > 250 and "nested too deeply" in error.msg
            assert error.lineno in (2, 4)


def endless(x):
    return endless(x * 0.5) + 1.0


def without_an_end_in_sight(x):
    return x[0] if x[0] > 10.0 else without_an_end_in_sight(x * 1.0) * 2.0


def powers(x, n):
    return x[0] if n == 0 else powers(x, n - 1) * x[1]


@pytest.mark.compiled
def test_deep_recursion():
    assert grad(powers)(np.ones(2), 5000).tolist() == [1.0, 5000.0]
    for f in (endless, without_an_end_in_sight):
        with pytest.raises((UnsupportedSyntax, RecursionError), match=f.__name__) as caught:
            grad(f)(np.ones(2))
        assert len(str(caught.value).splitlines()) <= LONGEST


def test_source_that_is_missing():
    space = {"np": np}
    exec("def made(x):\n    return np.sum(x)\n", space)
    made = space["made"]
    for run in (
        lambda: grad(made)(np.ones(2)), lambda: dlfeval(made, dlarray(1.0)), lambda: adjoint_source(made, 1.0),
        lambda: check(made, 1.0), lambda: grad(made).warm(1.0), lambda: hessian(made)(1.0), lambda: stages(made, 1.0),
        lambda: jvp(made, (1.0,), (1.0,)), lambda: jacobian(made)(np.ones(2)),
    ):  # fmt: skip
        with pytest.raises(SourceError, match="source of made") as caught:
            run()
        assert len(str(caught.value).splitlines()) <= LONGEST


# ---------------------------------------------------------------------------------- compiled


def main():
    """Everything once, compiled; prints how many calls were made."""
    calls = 0
    for entry in ("grad", "accelerated", "jvp", "hvp", "tangent", "dlfeval", "jacobian", "warm", "the function"):
        for name, x in [*INPUTS.items(), ("generator", generator())]:
            if entry in ("hvp", "tangent", "jacobian") and name in POINTS and name not in ("vector", "empty", "nan"):
                continue  # each kind of point is compiled once for each entry
            examine(entry, name, x)
            calls += 1
    print(f"{calls} calls")


@pytest.mark.compiled
def test_nothing_ends_the_interpreter():
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-m", __name__], capture_output=True, text=True)
    assert done.returncode == 0, f"exit {done.returncode}:\n{done.stderr[-3000:]}"
    assert int(done.stdout.split()[-2]) > 500


if __name__ == "__main__":
    main()
