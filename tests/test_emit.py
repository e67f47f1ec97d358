"""The generated text as a user reads it, and that it means what the program means."""

import ast

import numpy as np
import pytest
from numba import types
from numba.core.typing.arraydecl import get_array_index_type

from dlsrc import stages, value_and_grad
from dlsrc.kernels.primitive import Primitive
from dlsrc.kernels.types import Array, Scalar
from dlsrc.transform.building.builder import indexed_type
from dlsrc.transform.compile import compile_text
from dlsrc.transform.emit import emit
from dlsrc.transform.ir import ELLIPSIS, NEWAXIS, UNBOUND, Const, Fancy, Span, Store
from dlsrc.transform.text.names import assign_names
from dlsrc.transform.simplify import simplify
from dlsrc.transform.text.wrapping import LIMIT, wrapped
from tests.handmade import BOOL, FLOAT, INT, MATRIX, VECTOR, Notes, _Out, index, random_program, run


def text(program):
    return emit(program).text


def body(program):
    """The text without imports, comments and indentation of the function."""
    found = text(program)
    lines = found[found.index("def ") :].splitlines()[1:]
    return [line[4:] for line in lines if not line.strip().startswith("#")]


def rosenbrock():
    n = Notes().at(2, "f = 100*(x[1] - x[0]**2)**2 + (1 - x[0])**2")
    x = n.param(VECTOR, "x")
    v1 = n.op("power_const", n.read(x, 0), n=2)
    v2 = n.op("subtract", n.read(x, 1), v1)
    v3 = n.op("subtract", 1, n.read(x, 0))
    f = n.op("add", n.op("multiply", 100, n.op("power_const", v2, n=2)), n.op("power_const", v3, n=2), hint="f")
    n.at(3, "grad = dlgradient(f, x)")
    dx = n.op("zeros_like", x, base=x, form="d{}")
    df = n.op("add", 1.0, 0.0, base=f, form="d{}")
    n.at(2, n.loc.text, back=True)
    dv3 = n.op("multiply", df, n.op("multiply", 2, v3), base=v3, form="d{}")
    dv2 = n.op("multiply", df, n.op("multiply", 100, n.op("multiply", 2, v2)), base=v2, form="d{}")
    n.store(dx, 0, dv3, "sub")
    n.store(dx, 1, dv2, "add")
    dv1 = n.op("negative", dv2, base=v1, form="d{}")
    n.store(dx, 0, n.op("multiply", dv1, n.op("multiply", 2, n.read(x, 0))), "add")
    return n.program(f, dx, name="rosenbrock_1")


def test_rosenbrock():
    emitted = emit(simplify(rosenbrock()), header="rosenbrock(x: float64 vector), from rosenbrock.py:1")
    assert emitted.text == """\
# dlsrc: rosenbrock(x: float64 vector), from rosenbrock.py:1
import numpy as np


def rosenbrock_1(x):
    # user.py:2  f = 100*(x[1] - x[0]**2)**2 + (1 - x[0])**2
    v1 = x[0]
    v2 = x[1] - v1**2
    v3 = 1 - v1
    f = 100 * v2**2 + v3**2
    # user.py:3  grad = dlgradient(f, x)
    dx = np.zeros_like(x)
    #   back through user.py:2
    dv2 = 200 * v2
    dx[0] -= 2 * v3
    dx[1] += dv2
    dx[0] -= dv2 * (2 * v1)
    return f, dx
"""
    assert emitted.line_map[10].line == 2 and not emitted.line_map[10].back
    assert emitted.line_map[12].line == 3
    assert emitted.line_map[14].line == 2 and emitted.line_map[14].back
    value, gradient = compile_text(emitted, jit=False)(np.array([-1.0, 2.0]))
    assert value == 104 and list(gradient) == [396, 200]


def test_the_text_is_the_same_every_time():
    assert text(rosenbrock()) == text(rosenbrock())


# ---------------------------------------------------------------------------------- names


def test_versions_of_a_variable_share_its_name():
    n = Notes()
    x = n.param(hint="x")
    a = n.op("sin", x, hint="a")
    a2 = n.op("cos", a, hint="a")
    assert body(n.program(a2)) == ["a = np.sin(x)", "a = np.cos(a)", "return a"]


def test_versions_that_overlap_do_not():
    n = Notes()
    x = n.param(hint="x")
    a = n.op("sin", x, hint="a")
    a2 = n.op("cos", a, hint="a")
    assert body(n.program(a, a2)) == ["a = np.sin(x)", "a_2 = np.cos(a)", "return a, a_2"]


def test_a_loop_carries_one_name():
    n = Notes()
    x, s, after = n.param(VECTOR, "x"), n.value(hint="s"), n.value(hint="s")
    i = n.value(INT, "i")
    with n.inside() as inside:
        out = n.op("add", s, n.read(x, i), hint="s")
    n.loop(i, n.op("dim", x, axis=0), inside, (s, 0.0, out, after))
    assert body(n.program(after)) == ["s = 0.0", "for i in range(x.shape[0]):", "    s = s + x[i]", "return s"]


def test_a_temporary_takes_the_name_that_it_becomes():
    n = Notes()
    x, h, after = n.param(hint="x"), n.value(hint="s"), n.value()
    with n.inside() as inside:
        out = n.op("add", h, 1.0)
    n.loop(n.value(INT, "i"), 3, inside, (h, n.op("sin", x), out, after))
    assert body(n.program(after)) == ["s = np.sin(x)", "for i in range(3):", "    s = s + 1.0", "return s"]


def test_a_swap_in_a_loop():
    n = Notes()
    x, y = n.param(hint="x"), n.param(hint="y")
    a, b, a2, b2 = (n.value(hint=h) for h in "abab")
    n.loop(n.value(INT, "i"), 3, [], (a, x, b, a2), (b, y, a, b2))
    program = n.program(a2, b2)
    assert body(program) == ["a = x", "b = y", "for i in range(3):", "    a, b = b, a", "return a, b"]
    assert compile_text(emit(program), jit=False)(1.0, 2.0) == (2.0, 1.0)


def test_fibonacci_needs_an_order():
    n = Notes()
    a, b, a2, b2 = (n.value(hint=h) for h in "abab")
    with n.inside() as inside:
        c = n.op("add", a, b)
    n.loop(n.value(INT, "i"), n.param(INT, "n"), inside, (a, 0.0, b, a2), (b, 1.0, c, b2))
    program = n.program(a2)
    assert compile_text(emit(program), jit=False)(10) == 55
    assert body(program)[2:] == ["for i in range(n):", "    v1 = a + b", "    a = b", "    b = v1", "return a"]


def test_a_value_from_before_the_loop_is_not_overwritten_in_it():
    n = Notes()
    x, h, after = n.param(hint="x"), n.value(hint="a"), n.value(hint="a")
    first = n.op("sin", x, hint="a")
    with n.inside() as inside:
        out = n.op("add", h, first)
    n.loop(n.value(INT, "i"), 3, inside, (h, x, out, after))
    program = n.program(after)
    np.testing.assert_allclose(compile_text(emit(program), jit=False)(0.5), 0.5 + 3 * np.sin(0.5))


def test_the_users_names_are_never_taken():
    n = Notes()
    x, v1, dx = n.param(VECTOR, "x"), n.param(hint="v1"), n.param(hint="dx")
    shadow = n.op("zeros_like", x, base=x, form="d{}")
    t = n.op("multiply", v1, dx)
    n.store(shadow, 0, n.op("multiply", t, t), "add")
    np_ = n.op("add", t, 1.0, hint="np")
    range_ = n.op("sin", np_, hint="range")
    with n.inside() as inside:
        n.store(shadow, 0, range_)
    n.loop(n.value(INT, "i"), 3, inside)
    program = n.program(shadow)
    assert body(program) == [
        "dx_2 = np_2.zeros_like(x)", "v2 = v1 * dx", "dx_2[0] += v2 * v2", "np = v2 + 1.0", "range = np_2.sin(np)",
        "for i in range_2(3):", "    dx_2[0] = range", "return dx_2",
    ]  # fmt: skip
    assert "import numpy as np_2\n" in text(program) and "from builtins import range as range_2\n" in text(program)
    np.testing.assert_allclose(compile_text(emit(program), jit=False)(np.ones(2), 2.0, 3.0), [np.sin(7), 0])


def test_a_kernel_gives_way_to_the_users_name():
    n = Notes()
    x = n.param(VECTOR, "assign")
    n.block.append(Store(x, index(Span(Const(1), None)), x, "set", n.loc))
    assert "from dlsrc.kernels import assign as assign_2" in text(n.program())
    assert body(n.program()) == ["assign_2(assign[1:], assign)"]


def test_a_derived_name_follows_its_base():
    n = Notes()
    x = n.param(hint="x")
    a = n.op("sin", x, hint="a")
    a2 = n.op("cos", a, hint="a")
    da = n.op("add", a, a2, base=a2, form="d{}")
    kept = n.op("multiply", da, da, base=a, form="{}_kept")
    assert body(n.program(a, a2, da, kept)) == [
        "a = np.sin(x)", "a_2 = np.cos(a)", "da_2 = a + a_2", "return a, a_2, da_2, da_2 * da_2",
    ]  # fmt: skip
    last = n.op("add", kept, kept)
    assert "a_kept = da_2 * da_2" in body(n.program(a, a2, da, last))


def test_a_temporary_is_printed_where_a_name_is_made_from_it():
    n = Notes()
    x = n.param(hint="x")
    t = n.op("sin", x)
    y = n.op("cos", t, hint="y")
    dt = n.op("negative", y, base=t, form="d{}")
    assert body(n.program(n.op("multiply", dt, dt))) == [
        "v1 = np.sin(x)", "y = np.cos(v1)", "dv1 = -y", "return dv1 * dv1",
    ]  # fmt: skip


def test_names_that_are_no_identifiers():
    n = Notes()
    w = n.param(hint="self.w")
    assert "def f(self_w):" in text(n.program(w))


def test_no_two_names_meet():
    """The promise of ``assign_names``, on programs without the emitter."""
    n = Notes()
    x, y = n.param(hint="x"), n.param(hint="y")
    a, b = n.op("add", x, y, hint="a"), n.op("multiply", x, y, hint="a")
    names = assign_names(n.program(a, b, n.op("add", a, b)))
    assert len({names[a], names[b], names[x], names[y]}) == 4


# ---------------------------------------------------------------------------------- expressions


def test_parentheses_only_where_they_are_needed():
    n = Notes()
    a, b, c = (n.param(hint=h) for h in "abc")
    op = n.op
    cases = {
        "a - (b - c)": op("subtract", a, op("subtract", b, c)),
        "a - b - c": op("subtract", op("subtract", a, b), c),
        "a / (b * c)": op("divide", a, op("multiply", b, c)),
        "(a + b) * c": op("multiply", op("add", a, b), c),
        "-(a + b)": op("negative", op("add", a, b)),
        "-a * b": op("multiply", op("negative", a), b),
        "(-a) ** 2": op("power_const", op("negative", a), n=2),
        "-(a**2)": op("negative", op("power_const", a, n=2)),
        "(a * b) ** -1.5": op("power_const", op("multiply", a, b), n=-1.5),
        "a ** (b + 1.0)": op("power", a, op("add", b, 1.0)),
        "-2.0 * a": op("multiply", -2.0, a),
        "(-2.0) ** a": op("power", -2.0, a),
        "a + np.inf": op("add", a, float("inf")),
        "a * np.nan": op("multiply", a, float("nan")),
        "a - -np.inf": op("subtract", a, float("-inf")),
        "np.sin(a + b)": op("sin", op("add", a, b)),
        "(a < b) == (b < c)": op("equal", op("less", a, b), op("less", b, c)),
        "not a < b": op("logical_not", op("less", a, b)),
        "a < b and (b < c or a == c)": op(
            "logical_and", op("less", a, b), op("logical_or", op("less", b, c), op("equal", a, c))
        ),
    }
    printed = text(n.program(*cases.values()))
    flat = " ".join(printed[printed.index("return") :].split())
    for expected in cases:
        alternative = expected.replace("-(a**2)", "-a**2")
        assert f" {expected}," in f"{flat}," or f" {alternative}," in f"{flat},", (expected, flat)
    found = compile_text(emit(n.program(*cases.values())), jit=False)(1.5, 2.5, 0.5)
    scope = {"np": np, "a": 1.5, "b": 2.5, "c": 0.5}
    for got, expected in zip(found, cases, strict=True):
        np.testing.assert_equal(got, eval(expected, scope))


def test_what_a_store_changes_is_read_before_it():
    n = Notes()
    x = n.param(VECTOR, "x")
    first, second = n.read(x, 0), n.read(x, 1)
    n.store(x, 0, second)
    n.store(x, 1, first)
    assert body(n.program()) == ["v1 = x[0]", "x[0] = x[1]", "x[1] = v1"]


def test_a_store_inside_a_branch_or_loop_counts_too():
    n = Notes()
    x, c = n.param(VECTOR, "x"), n.param(BOOL, "c")
    first = n.read(x, 0)
    with n.inside() as then:
        n.store(x, 0, 5.0)
    n.branch(c, then, [])
    assert body(n.program(first)) == ["v1 = x[0]", "if c:", "    x[0] = 5.0", "return v1"]


def test_an_array_operation_is_not_moved_over_a_store():
    n = Notes()
    x = n.param(VECTOR, "x")
    y = n.op("sin", x)
    n.store(x, 0, 5.0)
    assert body(n.program(y)) == ["v1 = np.sin(x)", "x[0] = 5.0", "return v1"]


def test_a_shape_is():
    n = Notes()
    x = n.param(VECTOR, "x")
    size = n.op("dim", x, axis=0)
    n.store(x, 0, 5.0)
    assert body(n.program(size)) == ["x[0] = 5.0", "return x.shape[0]"]


def test_a_loop_does_not_compute_what_is_known_before_it():
    n = Notes()
    x, h, r = n.param(hint="x"), n.value(hint="s"), n.value(hint="s")
    t = n.op("sin", x)
    with n.inside() as inside:
        out = n.op("add", h, t)
    n.loop(n.value(INT, "i"), 3, inside, (h, 0.0, out, r))
    assert body(n.program(r))[0] == "v1 = np.sin(x)"


def test_indices():
    n = Notes()
    x, k = n.param(MATRIX, "x"), n.param(INT, "k")
    one, last = Span(Const(1), Const(-1)), Span(None, None, Const(-1))
    reads = [n.read(x, *entries, type_=VECTOR) for entries in [
        (k, one), (Span(), Const(0)), (last,), (ELLIPSIS, NEWAXIS), (Span(n.op("add", k, 1), None), Const(-1)),
        (n.op("subtract", k, 1),),
    ]]  # fmt: skip
    assert body(n.program(*reads)) == [
        "return x[k, 1:-1], x[:, 0], x[::-1], x[..., np.newaxis], x[k + 1:, -1], x[k - 1]"
    ]


def test_what_is_contiguous_is_so_for_numba():
    part, every_other, full, k = Span(Const(1), Const(3)), Span(None, None, Const(2)), Span(), Const(2)
    cases = {
        (k, full, full): "x[2]", (part, full, full): "x[1:3]", (k, part, full): "x[2, 1:3]",
        (k, k, full): "x[2, 2, :]", (k, k, part): "x[2, 2, 1:3]", (full, full, full): "x[:]",
        (full, k, full): "x[:, 2, :]", (k, full, part): "x[2, :, 1:3]", (k, every_other, full): "x[2, ::2]",
        (ELLIPSIS, k, full): "x[..., 2, :]", (NEWAXIS, k, full, full): "x[np.newaxis, 2]",
    }  # fmt: skip
    kinds = {ast.Name: types.intp, ast.Constant: types.intp, ast.Attribute: types.none}
    array = types.Array(types.float64, 3, "C")
    for entries, text in cases.items():
        n = Notes()
        x = n.param(Array("float64", 3), "x")
        assert body(n.program(n.read(x, *entries, type_=MATRIX))) == [f"return {text}"]
        at = ast.parse(text.replace("...", "dots"), mode="eval").body.slice
        parts = at.elts if isinstance(at, ast.Tuple) else [at]
        by = [
            types.ellipsis if ast.unparse(e) == "dots" else kinds.get(type(e), types.slice2_type)
            if getattr(e, "step", None) is None else types.slice3_type for e in parts
        ]  # fmt: skip
        found = get_array_index_type(array, types.Tuple(by) if len(by) > 1 else by[0]).result
        assert found.layout == "C" or indexed_type(Array("float64", 3), index(*entries)).layout == "A", text


def test_stores():
    n = Notes()
    x, m, k = n.param(VECTOR, "x"), n.param(MATRIX, "m"), n.param(Array("int64", 1), "k")
    inner = Span(Const(1), Const(-1))
    n.store(x, 0, 1.0, "sub")
    n.store(m, (0, 1), 2.0)
    n.store(x, inner, n.read(m, 0, type_=VECTOR), "add")
    n.store(x, inner, 0.0)
    n.store(x, ELLIPSIS, n.op("sin", x))
    n.store(m, 0, x, "sub")
    n.block.append(Store(x, index(Fancy(k)), x, "add", n.loc))
    taken = n.read(x, Fancy(k), type_=VECTOR)
    assert body(n.program(taken)) == [
        "x[0] -= 1.0", "m[0, 1] = 2.0", "accumulate(x[1:-1], m[0])", "fill(x[1:-1], 0.0)", "assign(x, np.sin(x))",
        "deduct(m[0], x)", "put_add(x, k, x)", "return take(x, k)",
    ]  # fmt: skip
    assert "from dlsrc.kernels import accumulate, assign, deduct, fill, put_add, take\n" in text(n.program(taken))


def test_a_product_is_added_where_it_is_computed():
    n = Notes()
    x, a, b = (n.param(MATRIX, name) for name in "xab")
    y = n.op("zeros_like", x, type_=MATRIX)
    n.store(y, ELLIPSIS, n.op("matmat_nt", a, b, type_=MATRIX), "add")
    n.store(y, ELLIPSIS, n.op("matmat_tn", a, b, type_=MATRIX), "sub")
    n.store(y, ELLIPSIS, n.op("matmat_nt", a, y, type_=MATRIX), "add")
    found = body(n.program(y))
    assert "accumulate_nt(v1, a, b)" in found
    assert "deduct_tn(v1, a, b)" in found
    assert "accumulate(v1, matmat_nt(a, v1))" in found, "BLAS would read what it has written"


def test_typed_literals():
    n = Notes()
    x = n.param(Scalar("float32"), "x")
    h, r = n.value(Scalar("float32"), "s"), n.value(Scalar("float32"), "s")
    with n.inside() as inside:
        out = n.op("multiply", h, Const(2.0, "float32"))
    n.loop(n.value(INT, "i"), 3, inside, (h, 0, out, r))
    y = n.op("add", x, Const(1.0, "float64"), type_=FLOAT)
    assert body(n.program(r, y)) == [
        "s = np.float32(0.0)", "for i in range(3):", "    s = s * np.float32(2.0)", "return s, x + np.float64(1.0)",
    ]  # fmt: skip


def test_an_elementwise_rule_that_gives_its_argument_is_a_copy():
    def passed_dx(dy):
        return dy

    rule = Primitive(
        passed_dx, (), static=(), elementwise=True, floats=False, boolean=False, view=False, effect=False,
        methods=(), attributes=(),
    )  # fmt: skip
    n = Notes()
    x, s = n.param(VECTOR, "x"), n.param(hint="s")
    assert body(n.program(n.op(rule, x, type_=VECTOR), n.op(rule, s, type_=FLOAT))) == ["return x.copy(), s"]


def test_a_static_choice_is_written_out():
    from dlsrc.kernels.arithmetic import power_const_dx

    rule = Primitive(
        power_const_dx, (), static=("n",), elementwise=True, floats=False, boolean=False, view=False, effect=False,
        methods=(), attributes=(),
    )  # fmt: skip
    n = Notes()
    x, dy = n.param(hint="x"), n.param(hint="dy")
    printed = body(n.program(*(n.op(rule, dy, x, type_=FLOAT, n=k) for k in (1, 2, 3, -1, 0.5))))
    assert printed == [
        "return dy, dy * (2 * x), dy * (3 * x**2), -dy / (x * x), dy / (2 * np.sqrt(x))"
    ]


def test_long_expressions_get_lines():
    n = Notes()
    xs = [n.param(hint=f"quite_a_long_name_{k}") for k in range(8)]
    total = xs[0]
    for x in xs:
        total = n.op("add", n.op("sin", total), n.op("multiply", x, x))
    program = n.program(total)
    assert max(map(len, text(program).splitlines())) <= LIMIT
    args = np.arange(8.0)
    assert compile_text(emit(program), jit=False)(*args) == run(program, *args)[0]


def test_wrapped_lines_are_still_python():
    names = ", ".join(f"argument_{k}" for k in range(30))
    for line in (f"def f({names}):", f"y = g({names})", "y = " + " + ".join(f"variable_{k}" for k in range(30))):
        lines = wrapped(line, "    ")
        assert max(map(len, lines)) <= LIMIT
        compile("if 1:\n" + "\n".join(lines) + ("\n        pass" if line.startswith("def") else ""), "", "exec")


# ---------------------------------------------------------------------------------- branches and loops


def test_branches():
    n = Notes()
    x = n.param(hint="x")
    y, z = n.value(hint="y"), n.value(hint="y")
    n.at(2, "if x < 0:")
    with n.inside() as orelse:
        n.at(4, "elif x > 1:")
        with n.inside() as inner:
            n.at(5, "y = sin(x)")
            c = n.op("sin", x, hint="y")
        n.at(4, "elif x > 1:")
        n.branch(n.op("greater", x, 1.0), inner, [], (z, c, x))
    with n.inside() as then:
        n.at(3, "y = -x")
        b = n.op("negative", x, hint="y")
    n.at(2, "if x < 0:")
    n.branch(n.op("less", x, 0.0), then, orelse, (y, b, z))
    found = text(n.program(y))
    assert found[found.index("def ") :].splitlines() == [
        "def f(x):",
        "    # user.py:2  if x < 0:",
        "    if x < 0.0:",
        "        # user.py:3  y = -x",
        "        y = -x",
        "    elif x > 1.0:",
        "        # user.py:5  y = sin(x)",
        "        y = np.sin(x)",
        "    else:",
        "        y = x",
        "    return y",
    ]


def test_only_the_other_side():
    n = Notes()
    x, y = n.param(hint="x"), n.param(VECTOR, "y")
    with n.inside() as orelse:
        n.store(y, 0, x)
    n.branch(n.op("less", x, 0.0), [], orelse)
    n.branch(n.op("less", x, 1.0), [], [])
    assert body(n.program()) == ["if not x < 0.0:", "    y[0] = x"]


def test_connectives():
    n = Notes()
    x, y = n.param(VECTOR, "x"), n.param(INT, "k")
    both, either = n.value(BOOL), n.value(BOOL)
    first = n.op("less", y, n.op("dim", x, axis=0))
    with n.inside() as then:
        second = n.op("less", n.read(x, y), 0.0)
    n.branch(first, then, [], (both, second, first))
    with n.inside() as orelse:
        third = n.op("greater", n.read(x, y), 1.0)
    n.branch(both, [], orelse, (either, True, third))
    assert body(n.program(either)) == ["return k < x.shape[0] and x[k] < 0.0 or x[k] > 1.0"]
    n = Notes()
    x, c, chosen = n.param(VECTOR, "x"), n.param(BOOL, "c"), n.value()
    with n.inside() as then:
        a = n.op("sin", n.read(x, 0))
    n.branch(c, then, [], (chosen, a, 0))
    assert body(n.program(n.op("multiply", chosen, 2.0))) == ["return (np.sin(x[0]) if c else 0.0) * 2.0"]


def test_while():
    n = Notes()
    x, h, r = n.param(hint="x"), n.value(hint="a"), n.value(hint="a")
    trips = n.value(INT, "count")
    with n.inside() as test:
        cond = n.op("less", n.op("multiply", h, h), 100.0)
    with n.inside() as inside:
        out = n.op("multiply", h, 2.0)
    n.while_(test, cond, inside, (h, x, out, r), trips=trips)
    assert body(n.program(r, trips)) == [
        "a = x", "count = 0", "while a * a < 100.0:", "    count += 1", "    a = a * 2.0", "return a, count",
    ]  # fmt: skip


def test_while_with_a_test_of_several_lines():
    n = Notes()
    x, h, r = n.param(hint="x"), n.value(hint="a"), n.value(hint="a")
    with n.inside() as test:
        square = n.op("multiply", h, h, hint="square")
        cond = n.op("less", square, 100.0)
    with n.inside() as inside:
        out = n.op("add", h, square)
        flag = n.op("greater", out, 50.0)
    n.while_(test, cond, inside, (h, x, out, r), stop_flag=flag)
    program = n.program(r)
    assert body(program) == [
        "a = x", "while True:", "    square = a * a", "    if not square < 100.0:", "        break",
        "    a = a + square", "    if a > 50.0:", "        break", "return a",
    ]  # fmt: skip
    assert compile_text(emit(program), jit=False)(2.0) == run(program, 2.0)[0]


def test_trips_of_a_counted_loop_are_computed():
    n = Notes()
    k, trips, more = n.param(INT, "n"), n.value(INT, "a"), n.value(INT, "b")
    x = n.param(VECTOR, "x")
    with n.inside() as inside:
        n.store(x, 0, 1.0, "add")
    n.loop(n.value(INT, "i"), k, inside, trips=trips)
    n.loop(n.value(INT, "i"), k, inside, start=2, step=3, trips=more)
    program = n.program(trips, more)
    assert [line for line in body(program) if line.startswith(("a", "b"))] == [
        "a = max(0, n)", "b = len(range(2, n, 3))",
    ]  # fmt: skip
    for size in (-1, 0, 3, 9):
        assert compile_text(emit(program), jit=False)(size, np.zeros(1)) == run(program, size, np.zeros(1))


def test_a_name_that_is_bound_on_one_way_only():
    n = Notes()
    x, y = n.param(hint="x"), n.value(hint="y")
    z, w = n.value(hint="y"), n.value(hint="w")
    with n.inside() as then:
        a = n.op("sin", x, hint="y")
    n.branch(n.op("less", x, 0.0), then, [], (y, a, UNBOUND))
    with n.inside() as then:
        b = n.op("cos", x, hint="y")
    n.branch(n.op("less", x, 0.0), then, [], (z, y, UNBOUND), (w, b, y))
    program = n.program(w)
    assert "UNBOUND" not in text(program)
    function = compile_text(emit(program), jit=False)
    assert function(-1.0) == np.cos(-1.0)
    function(1.0)  # w is copied from a name that nothing was bound to


def test_check_and_raise():
    n = Notes().at(7, "y = x[k]")
    x, k = n.param(VECTOR, "x"), n.param(INT, "k")
    size = n.op("dim", x, axis=0, hint="size")
    n.check(k, k, size)
    n.check(0, k, size, when=n.op("greater", k, 0))
    with n.inside() as then:
        n.raises("ValueError", "it's bad")
    n.branch(n.op("less", k, 0), then, [])
    assert body(n.program()) == [
        "size = x.shape[0]", "check_index(k, size, 7)", "if k > 0:", "    check_indices(0, k, size, 7)", "if k < 0:",
        '    raise ValueError("it\'s bad")',
    ]  # fmt: skip


def test_nothing_to_do():
    assert body(Notes().program()) == ["pass"]
    n = Notes()
    n.loop(n.value(INT, "i"), 3, [])
    assert body(n.program()) == ["for i in range(3):", "    pass"]


@pytest.mark.parametrize("start", range(0, 600, 100))
def test_the_text_means_what_the_program_means(start):
    compared = 0
    for seed in range(start, start + 100):
        program = random_program(seed)
        x = np.array([0.3, -0.7, 1.1])
        try:
            expected = run(program, x.copy(), np.float64(0.4), 3)
        except _Out:
            continue
        emitted = emit(program)
        assert max(map(len, emitted.text.splitlines())) <= LIMIT
        found = compile_text(emitted, jit=False)(x.copy(), np.float64(0.4), 3)
        for want, got in zip(expected, found, strict=True):
            np.testing.assert_array_equal(got, want, err_msg=f"seed {seed}\n{emitted.text}")
        compared += 1
    assert compared > 80


def test_a_float32_expression_has_float32_numbers():
    n = Notes()
    x, dy = n.param(Scalar("float32"), "x"), n.param(Array("float32", 1), "dy")
    y = n.op("reciprocal", x, type_=Scalar("float32"))
    z = n.op("power_const", dy, type_=Array("float32", 1), n=1.5)
    w = n.op("power_const", dy, type_=Array("float32", 1), n=3)
    assert body(n.program(y, z, w)) == ["return np.float32(1.0) / x, dy ** np.float32(1.5), dy**3"]


def test_an_index_test_has_its_condition_on_each_way():
    """The second branch has as many lines as the first when its test comes: it is no part of the first one's."""

    def f(x, p):
        v = x * 2.0
        if p > 0.5:
            t = 0.0
            for j in range(4):
                t += x[j]
        else:
            v = np.tanh(v)
            w = np.zeros(5)
            for j in range(4):
                w[j] += x[j]
        return np.sum(v)

    x = np.linspace(0.1, 1.0, 5)
    for p in (0.7, 0.3):
        for name, form in stages(value_and_grad(f), x, p).items():
            assert form.run(x, p)[0] == f(x, p), name
    with pytest.raises(IndexError):
        value_and_grad(f)(x[:3], 0.3)
