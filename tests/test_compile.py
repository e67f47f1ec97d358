"""Generated text as a function: plain and compiled give the same numbers, dtypes and errors."""

import inspect
import linecache
import traceback
import warnings

import numpy as np
import pytest

import dlsrc.kernels.reduction
import dlsrc.kernels.special  # noqa: F401
from dlsrc import stages
from dlsrc.errors import InternalError
from dlsrc.kernels.programs.checks import readable
from dlsrc.kernels.primitive import Primitive, kernel
from dlsrc.kernels.types import Array
from dlsrc.lazy import jit_enabled, numba
from dlsrc.reading.listing import register_source
from dlsrc.transform.compile import compile_text, explain_failure, kernels_table, warn_of_length
from dlsrc.transform.emit import Emitted, emit
from dlsrc.transform.ir import ELLIPSIS, Const, Span, Store
from dlsrc.transform.machine.link import compiled, plain
from dlsrc.transform.simplify import simplify
from tests.handmade import FLOAT, INT, MATRIX, VECTOR, Notes, _Out, index, random_program, run

FLOAT32 = Array("float32", 1)

pytestmark = pytest.mark.compiled
MODES = [False, True] if jit_enabled() else [False]
needs_jit = pytest.mark.skipif(not jit_enabled(), reason="NUMBA_DISABLE_JIT is set")


def primitive(body, static=(), **flags):
    """A primitive that is not registered."""
    given = {"elementwise": False, "floats": False, "boolean": False, "view": False, "effect": False, **flags}
    return Primitive(body, (), static=static, methods=(), attributes=(), **given)


@kernel
def scaled_total(x, by):
    total = 0.0
    for k in range(x.shape[0]):
        total += by * x[k]
    return total


def total_along_(x, axis):
    if axis == 0:
        out = np.zeros(x.shape[1:], x.dtype)
        for k in range(x.shape[0]):
            out += scaled_total(np.ones(2), 0.5) * x[k]
        return out
    out = np.zeros(x.shape[:axis], x.dtype)
    for k in range(x.shape[0]):
        out[k] = scaled_total(x[k], 1.0)
    return out


def bent(a, b):
    if a > b:
        return a
    return 0.0


def twice_bent(a):
    return 2.0 * bent_(a, 0.0) + sum_first_(np.full((2, 2), a), 0)


bent_ = primitive(bent, elementwise=True)
total_along = primitive(total_along_, static=("axis",))


def sum_first(x, axis):
    return total_along(x, axis)[0]


sum_first_ = primitive(sum_first, static=("axis",))


def both(program, *args):
    """The results in every mode, which must agree."""
    emitted = emit(program)
    found = []
    for jit in MODES:
        given = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
        result = compile_text(emitted, jit=jit)(*given)
        found.append(result if isinstance(result, tuple) else (result,))
    for got in found[1:]:
        for a, b in zip(found[0], got, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-14, err_msg=emitted.text)
            if isinstance(a, np.ndarray):
                assert a.dtype == b.dtype, emitted.text
    return found[0]


def test_static_arguments_select_the_body():
    n = Notes()
    x = n.param(MATRIX, "x")
    rows = n.op(total_along, x, type_=VECTOR, axis=0)
    columns = n.op(total_along, x, type_=VECTOR, axis=1)
    program = n.program(rows, columns)
    assert "return total_along(x, 0), total_along(x, 1)" in emit(program).text
    a = np.arange(6.0).reshape(2, 3)
    got = both(program, a)
    np.testing.assert_allclose(got[0], a.sum(0))
    np.testing.assert_allclose(got[1], a.sum(1))


def test_kernels_call_primitives_and_kernels():
    n = Notes()
    x = n.param(hint="x")
    program = n.program(n.op(primitive(twice_bent), x, type_=FLOAT))
    assert both(program, 1.5) == (3.0 + 3.0,)


def test_element_by_element_on_any_mixture():
    n = Notes()
    x, m, s = n.param(VECTOR, "x"), n.param(MATRIX, "m"), n.param(hint="s")
    results = [
        n.op(bent_, x, s, type_=VECTOR), n.op(bent_, s, x, type_=VECTOR), n.op(bent_, m, x, type_=MATRIX),
        n.op(bent_, x, m, type_=MATRIX), n.op(bent_, s, s, type_=FLOAT), n.op(bent_, m, m, type_=MATRIX),
    ]  # fmt: skip
    a, b = np.array([1.0, -2.0, 0.5]), np.arange(6.0).reshape(2, 3) - 2
    got = both(n.program(*results), a, b, 0.25)
    np.testing.assert_array_equal(got[0], np.where(a > 0.25, a, 0))
    np.testing.assert_array_equal(got[2], np.where(b > a, b, 0))
    np.testing.assert_array_equal(got[3], np.where(a > b, a, 0))
    assert got[5].shape == (2, 3) and got[4] == 0.0


def test_element_by_element_broadcasts_axes_of_one():
    n = Notes()
    p, q = n.param(MATRIX, "p"), n.param(MATRIX, "q")
    a, b = np.arange(3.0)[:, None], np.arange(4.0)[None, :]
    got = both(n.program(n.op(bent_, p, q, type_=MATRIX)), a, b)
    np.testing.assert_array_equal(got[0], np.where(a > b, a, 0))
    for jit in MODES:
        with pytest.raises(ValueError):
            compile_text(emit(n.program(n.op(bent_, p, q, type_=MATRIX))), jit=jit)(np.ones((2, 3)), np.ones((3, 2)))


def test_float32_stays_float32():
    n = Notes()
    x = n.param(FLOAT32, "x")
    one = Const(1.0, "float32")
    results = [n.op(bent_, x, one, type_=FLOAT32), n.op("multiply", x, one), n.op("maximum", x, one)]
    for found in both(n.program(*results), np.array([1.5, -2.0], "f4")):
        assert found.dtype == np.float32


def test_stores_and_views():
    n = Notes()
    x, w = n.param(VECTOR, "x"), n.param(MATRIX, "w")
    inner = Span(Const(1), Const(-1))
    n.store(w, 0, x, "add")
    n.store(w, (Span(), inner), 2.0)
    n.store(w, ELLIPSIS, n.op("sin", w, type_=MATRIX), "sub")
    n.block.append(Store(x, index(inner), n.read(w, 0, inner, type_=VECTOR), "set", n.loc))
    a, b = np.arange(4.0), np.ones((2, 4))
    expected = run(n.program(w, x), a.copy(), b.copy())
    for got, want in zip(both(n.program(w, x), a, b), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14)


@pytest.mark.parametrize("jit", MODES)
def test_an_index_out_of_range(jit):
    n = Notes().at(7, "y = x[k]")
    x, k = n.param(VECTOR, "x"), n.param(INT, "k")
    size = n.op("dim", x, axis=0)
    n.check(k, k, size)
    n.check(0, n.op("add", k, 1), size, when=n.op("greater", k, 1))
    function = compile_text(emit(n.program(n.read(x, k))), jit=jit)
    assert function(np.arange(3.0), -3) == 0.0
    for bad, reported in ((3, 3), (-4, -4), (2, 3)):
        with pytest.raises(IndexError) as caught:
            function(np.arange(3.0), bad)
        message = str(readable(caught.value, "user.py"))
        assert message == f"user.py:7: index {reported} is out of range for an axis of 3 elements"


def test_another_index_error_is_left_alone():
    error = IndexError("mine")
    assert readable(error, "user.py") is error


@pytest.mark.parametrize("jit", MODES)
def test_raise_and_division(jit):
    n = Notes()
    x = n.param(hint="x")
    with n.inside() as then:
        n.raises("ValueError", "x is negative")
    n.branch(n.op("less", x, 0.0), then, [])
    function = compile_text(emit(n.program(n.op("divide", 1.0, x))), jit=jit)
    with pytest.raises(ValueError, match="^x is negative$"):
        function(-1.0)
    with np.errstate(divide="ignore"):
        assert function(np.float64(0.0)) == np.inf


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed):
    program = random_program(1000 + seed)
    x = np.array([0.3, -0.7, 1.1])
    try:
        expected = run(program, x.copy(), np.float64(0.4), 3)
    except _Out:
        pytest.skip("runs too long")
    for form in (program, simplify(program)):
        for want, got in zip(expected, both(form, x, np.float64(0.4), 3), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12)


# ---------------------------------------------------------------------------------- source


def test_the_text_is_where_inspect_and_tracebacks_look():
    n = Notes()
    x = n.param(VECTOR, "x")
    emitted = emit(n.program(n.read(x, 5), name="reads_too_far"))
    function = compile_text(emitted, jit=False)
    assert inspect.getsource(function) in emitted.text
    try:
        function(np.ones(2))
    except IndexError as error:
        shown = "".join(traceback.format_exception(error))
    assert "return x[5]" in shown and "<dlsrc reads_too_far" in shown


def test_two_texts_of_one_name():
    first = register_source("a = 1\n", "<dlsrc same>")
    second = register_source("a = 2\n", "<dlsrc same>")
    assert first != second and register_source("a = 1\n", "<dlsrc same>") == first
    assert linecache.getline(second, 1) == "a = 2\n"


def test_every_kernel_has_one_name():
    table = kernels_table()
    assert {"check_index", "check_indices", "power_da", "softmax_axis_dx", "assign"} <= set(table)
    assert plain(table["power_da"])(2.0, 3.0, 2.0) == 12.0


def test_an_unknown_kernel():
    with pytest.raises(InternalError, match="nonsense"):
        compile_text(Emitted("f", "from dlsrc.kernels import nonsense\n\n\ndef f():\n    return nonsense()\n"), jit=False)


@needs_jit
def test_kernels_are_compiled_once():
    assert compiled(total_along, (("axis", 0),)) is compiled(total_along, (("axis", 0),))
    assert compiled(total_along, (("axis", 0),)) is not compiled(total_along, (("axis", 1),))
    assert compiled(bent_) is compiled(bent_)


@needs_jit
def test_a_static_argument_must_be_a_literal():
    text = "from dlsrc.kernels import total_along\n\n\ndef f(x, k):\n    return total_along(x, k)\n"
    with pytest.raises(InternalError, match="literal"):
        compile_text(Emitted("f", text, {}, {"total_along": total_along}))


@needs_jit
def test_a_failure_names_the_users_line():
    n = Notes().at(5, "y = x.T")
    x = n.param(hint="x")
    y = n.op(primitive(lambda_free), x, type_=FLOAT, hint="y")
    n.at(6, "return y + 1")
    emitted = emit(n.program(n.op("add", y, 1.0)))
    with pytest.raises(numba("core.errors").TypingError) as caught:
        compile_text(emitted)(1.5)
    location, message = explain_failure(caught.value, emitted)
    assert location is not None and location.line == 5
    assert "\n" not in message and len(message) < 300


def lambda_free(x):
    return x.no_such_attribute + 1.0


@needs_jit
def test_flags():
    n = Notes()
    function = compile_text(emit(n.program(n.op("add", n.param(hint="x"), 1.0))), flags={"fastmath": True})
    assert function.targetoptions["fastmath"] is True and function.targetoptions["error_model"] == "numpy"



def test_a_text_that_is_long_by_a_loop_that_is_written_out_is_warned_of_at_its_line(monkeypatch):
    def f(x):
        items = [x * 1.0, np.sin(x), x * x]
        total = 0.0
        for a in items:
            for b in items:
                total += np.sum(a * np.tanh(b))
        return total

    emitted = emit([*stages(f, np.arange(3.0)).values()][-1].program)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_length(emitted)
    monkeypatch.setattr("dlsrc.transform.compile.LONG", 20)
    line = f.__code__.co_firstlineno + 5
    with pytest.warns(RuntimeWarning, match=rf"stand for test_compile.py:{line}: loops over lists") as found:
        warn_of_length(emitted)
    assert (found[0].filename, found[0].lineno) == (__file__, line)
