"""What is folded, what IEEE arithmetic forbids to fold, and that the numbers never change."""

import numpy as np
import pytest

import dlsrc
from dlsrc.kernels.types import Array, Scalar
from dlsrc.transform.emit import emit
from dlsrc.transform.ir import ELLIPSIS, UNBOUND, Const, Store
from dlsrc.transform.simplify import simplify
from dlsrc.transform.verify import verify
from tests.handmade import INT, MATRIX, VECTOR, Notes, _Out, index, random_program, run


def lines(program):
    """The simplified program as text, without imports and comments."""
    program = simplify(program)
    verify(program)
    text = emit(program).text
    body = text[text.index("def ") :].splitlines()[1:]
    return [line.strip() for line in body if not line.strip().startswith("#")]


def back():
    return Notes().at(2, "y = f(x)", back=True)


@pytest.mark.parametrize("build, expected", [
    (lambda n, x: n.op("multiply", x, 1.0), "x"),
    (lambda n, x: n.op("multiply", 1, x), "x"),
    (lambda n, x: n.op("divide", x, 1.0), "x"),
    (lambda n, x: n.op("add", 0.0, x), "x"),
    (lambda n, x: n.op("subtract", x, 0.0), "x"),
    (lambda n, x: n.op("subtract", 0.0, x), "-x"),
    (lambda n, x: n.op("multiply", x, -1.0), "-x"),
    (lambda n, x: n.op("negative", n.op("negative", x)), "x"),
    (lambda n, x: n.op("multiply", 100, n.op("multiply", 2, x)), "200 * x"),
    (lambda n, x: n.op("multiply", n.op("multiply", x, 0.5), 3.0), "1.5 * x"),
    (lambda n, x: n.op("add", x, n.op("negative", n.op("sin", x))), "x - np.sin(x)"),
    (lambda n, x: n.op("subtract", x, n.op("negative", n.op("sin", x))), "x + np.sin(x)"),
    (lambda n, x: n.op("power_const", x, n=1), "x"),
    (lambda n, x: n.op("add", x, n.op("add", 1.0, 2.0)), "x + 3.0"),
])  # fmt: skip
def test_folded(build, expected):
    n = back()
    x = n.param(hint="x")
    assert lines(n.program(build(n, x)))[-1] == f"return {expected}"


@pytest.mark.parametrize("build, expected", [
    (lambda n, x: n.op("multiply", x, 0.0), "x * 0.0"),
    (lambda n, x: n.op("subtract", x, x), "x - x"),
    (lambda n, x: n.op("divide", x, x), "x / x"),
    (lambda n, x: n.op("multiply", 0.1, n.op("multiply", 0.7, x)), "0.1 * (0.7 * x)"),
    (lambda n, x: n.op("divide", 1.0, 0.0), "1.0 / 0.0"),
    (lambda n, x: n.op("equal", x, x), "x == x"),
])  # fmt: skip
def test_not_folded(build, expected):
    n = back()
    x = n.param(hint="x")
    assert lines(n.program(build(n, x)))[-1] == f"return {expected}"


def test_forward_code_keeps_the_sign_of_zero_and_the_rounding():
    n = Notes()
    x = n.param(hint="x")
    y = n.op("add", x, 0.0)
    z = n.op("multiply", 3, n.op("multiply", 7, x))
    assert lines(n.program(y, z)) == ["return x + 0.0, 3 * (7 * x)"]


def test_integers():
    n = Notes()
    k = n.param(INT, "k")
    same = n.op("add", n.op("subtract", k, 1), 1)
    two = n.op("subtract", n.op("subtract", k, 1), 1)
    assert lines(n.program(same, two)) == ["return k, k - 2"]


def test_a_product_that_changes_the_dtype_stays():
    n = back()
    k = n.param(Array("int64", 1), "k")
    assert lines(n.program(n.op("multiply", k, 1.0))) == ["return k * 1.0"]


def test_a_new_array_does_not_become_its_operand_where_that_can_be_seen():
    n = back()
    x = n.param(VECTOR, "x")
    assert lines(n.program(n.op("multiply", x, 1.0))) == ["return x * 1.0"], "the result would be the argument"
    n = back()
    x = n.param(VECTOR, "x")
    y = n.op("multiply", x, 1.0)
    n.store(x, 0, 5.0)
    assert "x * 1.0" in "".join(lines(n.program(n.read(y, 0))))
    n = back()
    x = n.param(VECTOR, "x")
    y = n.op("multiply", x, 1.0)
    assert lines(n.program(n.read(y, 0))) == ["return x[0]"], "nobody can tell"


def test_a_sign_moves_into_the_accumulation():
    n = back()
    x, w = n.param(VECTOR, "x"), n.param(hint="w")
    n.store(x, 0, n.op("multiply", n.op("negative", w), n.op("sin", w)), "add")
    assert lines(n.program(x)) == ["x[0] -= w * np.sin(w)", "return x"]


def test_a_common_subexpression_is_computed_once():
    n = Notes()
    x = n.param(hint="x")
    y = n.op("multiply", n.op("sin", x), n.op("sin", x))
    assert lines(n.program(y)) == ["v1 = np.sin(x)", "return v1 * v1"]


def test_literals_that_are_equal_but_not_the_same():
    n = Notes()
    x = n.param(hint="x")
    a, b = n.op("divide", x, 0.0), n.op("divide", x, -0.0)
    assert lines(n.program(a, b)) == ["return x / 0.0, x / -0.0"]


def test_an_element_is_read_again_after_a_store():
    n = Notes()
    x = n.param(VECTOR, "x")
    y = n.op("multiply", n.read(x, 0), n.read(x, 0))
    n.store(x, 0, y)
    z = n.read(x, 0)
    assert lines(n.program(y, z)) == ["v1 = x[0]", "v2 = v1 * v1", "x[0] = v2", "return v2, x[0]"]


def test_an_element_is_read_again_in_a_loop_that_stores():
    n = Notes()
    x, h, r = n.param(VECTOR, "x"), n.value(hint="s"), n.value(hint="s")
    first = n.read(x, 0, hint="a")
    with n.inside() as body:
        again = n.read(x, 0)
        n.store(x, 0, n.op("add", again, 1.0))
        out = n.op("add", h, again)
    n.loop(n.value(INT, "i"), 3, body, (h, first, out, r))
    program = n.program(r)
    assert run(simplify(program), np.array([1.0])) == run(program, np.array([1.0])) == (7.0,)


def test_a_store_to_another_array_does_not_matter():
    n = Notes()
    x = n.param(VECTOR, "x")
    y = n.op("zeros_like", x, hint="y")
    a = n.read(x, 0)
    n.store(y, 0, a)
    n.store(y, 1, n.read(x, 0))
    assert lines(n.program(y)) == ["y = np.zeros_like(x)", "v1 = x[0]", "y[0] = v1", "y[1] = v1", "return y"]


def test_dead_code():
    n = Notes()
    x = n.param(VECTOR, "x")
    shadow = n.op("zeros_like", x, base=x, form="d{}")
    n.store(shadow, 0, 1.0, "add")
    view = n.read(shadow, ELLIPSIS, type_=VECTOR)
    n.store(view, 1, 1.0, "add")
    dead = n.op("sin", n.read(x, 0), hint="dead")
    with n.inside() as body:
        n.op("sin", dead)
        n.store(shadow, 2, dead)
    n.loop(n.value(INT, "i"), 3, body)
    n.branch(True, [], [])
    assert lines(n.program(x)) == ["return x"]


def test_a_shadow_that_is_read_stays():
    n = Notes()
    x = n.param(VECTOR, "x")
    shadow = n.op("zeros_like", x, base=x, form="d{}")
    n.store(shadow, 0, 1.0, "add")
    assert lines(n.program(n.read(shadow, 0)))[1] == "dx[0] += 1.0"


def test_an_argument_that_is_written_stays_written():
    n = Notes()
    x = n.param(VECTOR, "x")
    n.store(x, 0, 1.0)
    assert lines(n.program())[0] == "x[0] = 1.0"


def test_checks_and_raises_stay():
    n = Notes()
    x, k = n.param(VECTOR, "x"), n.param(INT, "k")
    size = n.op("dim", x, axis=0)
    n.check(k, k, size)
    n.check(k, k, size)
    n.check(0, 1, 2)
    with n.inside() as then:
        n.raises("ValueError", "k is negative")
    n.branch(n.op("less", k, 0), then, [])
    assert lines(n.program(k)) == [
        "check_index(k, x.shape[0], 1)", "if k < 0:", 'raise ValueError("k is negative")', "return k",
    ]  # fmt: skip


def test_what_a_loop_does_not_change_is_not_carried():
    n = Notes()
    x, h, r = n.param(hint="x"), n.value(hint="a"), n.value(hint="a")
    s, after = n.value(hint="s"), n.value(hint="s")
    with n.inside() as body:
        out = n.op("add", s, h)
    n.loop(n.value(INT, "i"), 3, body, (h, x, h, r), (s, 0.0, out, after))
    assert lines(n.program(after, r)) == ["s = 0.0", "for i in range(3):", "s = s + x", "return s, x"]


def test_a_decided_branch():
    n = Notes()
    x = n.param(hint="x")
    with n.inside() as then:
        y = n.op("sin", x)
    m = n.value()
    n.branch(n.op("less", 1.0, 2.0), then, [], (m, y, x))
    assert lines(n.program(m)) == ["return np.sin(x)"]


def test_a_decided_branch_without_a_value_stays():
    n = Notes()
    x, m = n.param(hint="x"), n.value(hint="m")
    n.branch(True, [], [], (m, UNBOUND, x))
    verify(simplify(n.program(x)))


def test_float32_literals_keep_their_type():
    n = back()
    x = n.param(Scalar("float32"), "x")
    y = n.op("multiply", Const(2.0, "float32"), n.op("multiply", Const(4.0, "float32"), x))
    assert lines(n.program(y)) == ["return np.float32(8.0) * x"]


def test_whole_rows():
    n = Notes()
    x, w = n.param(VECTOR, "x"), n.param(MATRIX, "w")
    # Not -x itself: the caller may pass a row of w as x, which the store would change.
    n.block.append(Store(w, index(0), n.op("negative", n.op("add", x, x)), "add", n.loc))
    assert lines(n.program(w))[0] == "deduct(w[0], x + x)"


def test_the_numbers_never_change():
    compared = 0
    for seed in range(400):
        program = random_program(seed)
        x = np.array([0.3, -0.7, 1.1])
        try:
            expected = run(program, x.copy(), np.float64(0.4), 3)
        except _Out:
            continue
        simple = simplify(program)
        verify(simple)
        for want, got in zip(expected, run(simple, x.copy(), np.float64(0.4), 3), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=0)
        compared += 1
    assert compared > 350


def test_simplifying_twice_gives_the_same():
    for seed in range(50):
        once = simplify(random_program(seed))
        assert emit(simplify(once)).text == emit(once).text




# ---------------------------------------------------------------------------------- arrays that are filled alike


def code_of(text):
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def filled_alike(x):
    a, b = np.empty(len(x)), np.empty(len(x))
    for i in range(len(x)):
        a[i] = x[i]
        b[i] = x[i]
    return a[0] * b[1] + a[2]


def one_is_written_again(x):
    a, b = np.empty(len(x)), np.empty(len(x))
    for i in range(len(x)):
        a[i] = x[i]
        b[i] = x[i]
    b[0] = 5.0
    return a[0] * b[0] + a[2]


def one_is_added_to(x):
    a, b = np.empty(len(x)), np.empty(len(x))
    for i in range(len(x)):
        a[i] = x[i]
        b[i] = x[i]
        b[i] += 1.0
    return a[0] * b[1]


def one_has_a_view(x):
    a, b = np.empty(len(x)), np.empty(len(x))
    v = b[1:]
    for i in range(len(x)):
        a[i] = x[i]
        b[i] = x[i]
    v[0] = 7.0
    return a[1] * b[1]


def both_are_returned(x):
    a, b = np.empty(len(x)), np.empty(len(x))
    for i in range(len(x)):
        a[i] = x[i]
        b[i] = x[i]
    return a, b


def one_is_filled_backwards(x):
    a, b = np.empty(len(x)), np.empty(len(x))
    for i in range(len(x)):
        a[i] = x[i]
        b[len(x) - 1 - i] = x[i]
    return a[0] * b[0]


@pytest.mark.parametrize("f, number", [
    (filled_alike, 1), (one_is_written_again, 2), (one_is_added_to, 2), (one_has_a_view, 2), (both_are_returned, 2),
    (one_is_filled_backwards, 2),
])  # fmt: skip
def test_arrays_filled_alike_are_one_where_nothing_tells_them_apart(f, number):
    x = np.array([2.0, 3.0, 4.0])
    entry = dlsrc.evaluate.prepared(f, (x,), {})
    assert code_of(entry.generated.emitted.text).count("np.empty(") == number
    found = dlsrc.dlfeval(f, x)
    np.testing.assert_array_equal(found, f(x))
    if number > 1 and isinstance(found, tuple):
        assert not np.shares_memory(*found)


def test_a_jacobian_without_the_value_does_not_compute_it():
    def f(x):
        y = np.empty(len(x))
        for i in range(len(x)):
            y[i] = np.exp(x[i]) + np.cosh(3.0 * x[0])
        return y

    x = np.array([0.3, 0.5])
    assert "np.cosh" not in code_of(str(dlsrc.adjoint_source(dlsrc.jacrev(f), x)))
    np.testing.assert_allclose(dlsrc.jacrev(f)(x), dlsrc.jacfwd(f)(x), rtol=1e-14)
