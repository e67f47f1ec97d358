"""Lines that are calculated in one loop: which, what is made of them, and that no number depends on it."""

import numpy as np
import pytest

from dlsrc import dlarray, dlgradient, stages, value_and_grad
from dlsrc.lazy import jit_enabled
from dlsrc.transform.compile import compile_text
from dlsrc.transform.emit import emit
from dlsrc.transform.machine import joints
from dlsrc.transform.machine.joint_loops import Loop, joint_loops
from tests.fuzz.judge import verdict
from tests.fuzz.writer import program

MODES = [False, True] if jit_enabled() else [False]
RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=7), RNG.normal(size=7)
M, N = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))


def flat(results):
    return [np.asarray(r) for r in (results if isinstance(results, tuple) else (results,))]


@pytest.fixture
def loops(monkeypatch):
    """The texts of the joint loops that are made."""
    found = []
    original = joints.joint_kernel

    def noted(joint, *args, **options):
        found.append(joint.text)
        return original(joint, *args, **options)

    monkeypatch.setattr("dlsrc.transform.compile.joint_kernel", noted)
    return found


def derived(f, *args, wrt=0):
    """The generated program of value and gradient."""
    return emit([*stages(value_and_grad(f, wrt), *args).values()][-1].program)


def the_same(emitted, *args):
    """What the text gives, which joint loops must not change: arrays bit for bit, numbers but for their sums."""
    expected = flat(compile_text(emitted, jit=False, together=False)(*args))
    for jit in MODES:
        given = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
        got = flat(compile_text(emitted, jit=jit, together=True)(*given))
        for new, old in zip(got, expected, strict=True):
            assert new.shape == old.shape, emitted.text
            if new.ndim:
                assert new.dtype == old.dtype, emitted.text
                if not jit:
                    np.testing.assert_array_equal(new, old, err_msg=emitted.text)
            close = 3e-5 if old.dtype == np.float32 else 1e-12
            np.testing.assert_allclose(new, old, rtol=close, atol=close, err_msg=emitted.text)
    return expected


def check(f, *args, wrt=0):
    return the_same(derived(f, *args, wrt=wrt), *args)


# ---------------------------------------------------------------------------------- what is taken together


def chain(x):
    return np.sum(np.tanh(np.log(1.0 + np.exp(x))) / (1.0 + np.exp(-x)))


@pytest.mark.compiled
def test_a_chain_makes_its_gradient_and_nothing_else(loops):
    check(chain, X)
    assert len(set(loops)) == 1 and loops[0].count("_np.empty") == 1
    assert "return _s0, _k0" in loops[0]


def mean_of_squares(x, y):
    return np.mean((x - y) ** 2)


def test_the_size_of_an_array_that_is_not_made_is_that_of_another(loops):
    check(mean_of_squares, M, 2.0)
    assert len(set(loops)) == 1 and loops[0].count("_np.empty") == 1


@pytest.mark.compiled
def test_arrays_in_order_of_c_are_gone_through_as_vectors(loops):
    check(mean_of_squares, M, 2.0)
    check(mean_of_squares, M.T, 2.0)
    check(mean_of_squares, np.ones((6, 8))[::2, ::2], 2.0)
    in_order, others = dict.fromkeys(loops)
    assert "_i1" not in in_order and "_i1" in others


def weighed(x, w):
    column = x[:, :1] * 2.0
    return np.sum(np.exp(column * np.ones((3, 4)) + w) * 2.0)


def test_a_single_column_is_one_for_all(loops):
    check(weighed, M, 0.5)
    assert any("_x" in text for text in loops)


def of_any_shape(x, y):
    return np.sum(np.exp(x + y) * 2.0)


@pytest.mark.parametrize("shapes", [((7,), (1,)), ((1,), (7,)), ((3, 4), (4,)), ((3, 1), (1, 4)), ((0,), (1,))])
def test_what_may_be_repeated_is_repeated(shapes):
    check(of_any_shape, *(RNG.normal(size=s) for s in shapes), wrt=(0, 1))


def smaller_beside(x, y):
    row = np.exp(y)
    return np.sum(row) + np.sum(np.tanh(x * row) * 2.0) + np.sum(row * 3.0)


def test_a_sum_is_one_of_its_own_shape():
    check(smaller_beside, M, RNG.normal(size=4), wrt=(0, 1))


def chosen(x):
    y = np.where(x > 0.1, x * x, np.sin(x))
    return np.sum(np.maximum(y, 0.2) * np.abs(x))


@pytest.mark.compiled
def test_choices():
    check(chosen, X)


def narrow(x):
    y = np.exp(x) * np.float32(0.1)
    return np.sum(y * y + 1) + np.mean(np.tanh(y) ** 2)


@pytest.mark.compiled
def test_float32_is_rounded_at_each_line():
    found = check(narrow, X.astype(np.float32))
    assert found[1].dtype == np.float32


# ---------------------------------------------------------------------------------- what must not change


def read_between(x):
    y = np.exp(x)
    first = y[0]
    z = y * first
    return np.sum(z * np.sin(z))


def written_between(x):
    y = np.exp(x)
    y[0] = 2.0
    z = y * y
    y[1] = 3.0
    return np.sum(np.sin(z) * y)


def rebound(x):
    x = x * 2.0
    n = x.size
    x = np.exp(x) / n
    total = np.sum(x)
    x = x * x
    n = 3.0
    return total * np.sum(x) * n


def sum_goes_on(x):
    s = np.sum(np.exp(x))
    p = np.exp(x) / s
    return np.sum(p * np.log(p))


def numbers_change(x, k):
    y = x * k
    first = y[0]
    k = k + first
    z = x * k
    k = 2.0
    return np.sum(np.sin(y) * np.cos(z)) * k


def through_a_view(x):
    y = np.exp(x)
    v = y[1:]
    z = np.sin(y)
    v[0] = 5.0
    return np.sum(z * y)


def in_a_loop(x):
    y = x * 1.0
    s = 0.0
    for k in range(3):
        z = np.sin(y) * k
        y = np.exp(-z * z) + y
        s = s + np.sum(y * z)
    return s


def swapped(x):
    a = np.sin(x)
    b = np.cos(x)
    for _ in range(3):
        a, b = b * 0.5, a + b
    return np.sum(a * b)


def in_a_branch(x):
    y = np.exp(x)
    if y[0] > 1.0:
        z = np.log(1.0 + y)
        y = z * z
    else:
        y = y * 2.0
    return np.sum(y * np.sin(y))


def printed(x):
    y = np.exp(x)
    total = np.sum(y * y)
    print("so far", total)
    return total + np.sum(np.sin(y) * y)


def returned_twice(x):
    return np.sum(np.sin(x) * x)


@pytest.mark.parametrize("f", [
    read_between, written_between, rebound, sum_goes_on, through_a_view, in_a_loop, swapped, in_a_branch,
    printed, returned_twice,
])  # fmt: skip
@pytest.mark.parametrize("x", [X, np.zeros(2), X[::2]], ids=["vector", "two", "strided"])
def test_nothing_changes(f, x):
    check(f, x)


def handed_on(x):
    u, total = x, 0.0
    for k in range(3):
        g = dlgradient(np.sum(u**2) * (k + 1), x)
        total += np.sum(g)
        u = u + 1.0
    return total, g


@pytest.mark.compiled
def test_what_a_trip_reads_before_it_makes_it_is_made():
    the_same(emit([*stages(handed_on, dlarray(X)).values()][-1].program), X)


@pytest.mark.compiled
def test_numbers_are_those_of_their_line():
    check(numbers_change, X, 0.3, wrt=(0, 1))


def test_other_sizes_than_were_proven_raise():
    loop = Loop((("_x0", (("from", 0),)), ("_x1", (("one", 0),))), (), 1, (("_e0", "_float64(_x0 * _x1)"),),
                (("_e0", "float64"),), ())  # fmt: skip
    namespace = {"_np": np, "_float64": np.float64, "_plus": lambda a, b: a + b}
    exec(joint_loops(loop), namespace)
    assert namespace["joint"](np.arange(3.0), np.array([2.0])) == 6.0
    with pytest.raises(ValueError, match="could not be broadcast"):
        namespace["joint"](np.arange(3.0), np.ones(3))


@pytest.mark.skipif(jit_enabled(), reason="plain Python runs many programs")
def test_no_program_of_the_fuzzers_changes(monkeypatch, loops):
    def together(emitted, name="", filename="", **options):
        return compile_text(emitted, name, filename, **{**options, "jit": False, "together": True})

    monkeypatch.setattr("dlsrc.transform.compile.compile_text", together)
    for seed in range(700200, 700225):
        state, why = verdict(program(seed), seed)
        assert state != "fail", (seed, why)
    assert len(loops) > 20


@pytest.mark.compiled
@pytest.mark.skipif(not jit_enabled(), reason="about machine code")
def test_another_call_of_a_chain_asks_for_no_new_pages():
    resource = pytest.importorskip("resource")
    x = RNG.normal(size=100_000)
    f = value_and_grad(chain)
    for _ in range(20):
        f(x)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        f(x)
    # Eight arrays of 200 pages a call, as it was, are 1,100 faults.
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 20 < 250
