"""What replaces passes of numba: the same answers as numba's, no array lost or released twice, and numba's own
where it is not one that was tried."""

import numpy as np
import pytest

from dlsrc.lazy import numba
from dlsrc.disk.object_file import ObjectFile
from dlsrc.transform.machine import link, pipeline
from dlsrc.transform.machine.dominance import dominance
from dlsrc.transform.machine.lifetimes import postprocessor
from dlsrc.transform.machine.resolution import Remembering
from dlsrc.transform.machine.slots import plain_values, without_zeros
from tests import oracle
from tests.arrays_counted import counted
from tests.conftest import PLAIN
from tests.test_ssa import FUNCTIONS, jumps, loops, straight


def branches(x, n):
    """Arrays that one way uses for the last time and another not at all."""
    a = x * 2.0
    b = a + 1.0
    if n > 3:
        c = b * a
        s = c.sum()
    else:
        s = a.sum()
    for i in range(n):
        d = b * i
        if i == 2:
            continue
        s += d[0] + a[i % a.size]
        if i == 5:
            break
    return s, b


def rebound(x, n):
    """Arrays that a loop assigns again, swaps and leaves unassigned."""
    y, z = x + 1.0, x * 2.0
    for i in range(n):
        y, z = z, y * 0.5
        if i > 1:
            last = y + z
    return (last if n > 2 else z), y


def returned_early(x, n):
    kept = np.zeros(n + 1)
    t = x * 3.0
    for i in range(n):
        kept[i] = t[0]
        if kept[i] > 100.0:
            return kept, t
        t = t * 2.0
    other = kept[: n // 2]
    if n == 4:
        return other, x
    return kept, other


only_compiled = pytest.mark.skipif(PLAIN, reason="looks at what numba compiled")
ARRAYS = (branches, rebound, returned_early)


@pytest.mark.parametrize("function", [*FUNCTIONS, *ARRAYS], ids=lambda f: f.__name__)
def test_variables_are_released_where_numba_releases_them(function):
    frontend, ir = numba("core.compiler").run_frontend, numba("core.ir")
    bodies = []
    for processor in (numba("core.postproc").PostProcessor, postprocessor()):
        func_ir = frontend(function)
        processor(func_ir).run(emit_dels=True)
        bodies.append({
            label: [s.value if isinstance(s, ir.Del) else type(s).__name__ for s in block.body]
            for label, block in func_ir.blocks.items()
        })  # fmt: skip
    assert bodies[0] == bodies[1]
    assert any(s == "x" for body in bodies[0].values() for s in body)


def plain(function, arrays=()):
    func_ir = numba("core.compiler").run_frontend(function)
    postprocessor()(func_ir).run(emit_dels=True)
    return plain_values(func_ir.blocks, lambda name: name not in arrays)


def test_values_without_a_place():
    assert plain(straight) >= {"a", "b", "x"}
    assert plain(loops) & {"i", "s", "t"} == {"i"}  # the others are assigned in the loop and before it
    assert plain(jumps) & {"a", "last", "n", "x"} == {"x"}
    assert plain(branches) & {"a", "b", "c", "d", "s"} == {"a", "b", "c", "d"}
    # `a` is released at two places, one of which comes after the other where n is greater than 3.
    assert plain(branches, arrays=("a", "b", "c", "d")) & {"a", "b", "c", "d"} == {"b", "c", "d"}
    assert plain(returned_early, arrays=("kept", "t", "other")) & {"kept", "t", "other"} == {"kept", "other"}


def released_where_ways_meet(x, n):
    a = x * 2.0
    if n:
        n = a.size
    return n


def test_what_is_released_on_two_ways_keeps_its_place():
    assert "a" not in plain(released_where_ways_meet, arrays=("a",))
    assert "a" in plain(released_where_ways_meet)


@only_compiled
@pytest.mark.compiled
@pytest.mark.parametrize("function", ARRAYS, ids=lambda f: f.__name__)
def test_every_array_is_released_once(function):
    compiled = numba().njit(pipeline_class=pipeline.pipeline_class())(function)
    x = np.arange(1.0, 6.0)
    compiled(x, 3)
    with counted() as arrays:
        for n in range(3, 12):
            for got, wanted in zip(compiled(x, n), function(x, n), strict=True):
                assert np.array_equal(got, wanted)
            del got, wanted
    assert arrays.lost == 0 and arrays.freed > 0


@only_compiled
@pytest.mark.compiled
def test_functions_of_one_number_are_numbas():
    def function(x, single, n):
        return np.sin(x), np.power(x, n), np.arctan2(single, single), np.exp(n), np.sqrt(-x), np.isnan(x), np.abs(n)

    ours = numba().njit(error_model="numpy", pipeline_class=pipeline.pipeline_class())(function)
    theirs = numba().njit(error_model="numpy")(function)
    for x in (0.3, 2.0, np.inf, np.nan):
        for single in (np.float32(1.5), 0.0):
            got, wanted = ours(x, single, 3), theirs(x, single, 3)
            np.testing.assert_array_equal(got, wanted)
            assert [type(v) for v in got] == [type(v) for v in wanted]


@only_compiled
@pytest.mark.compiled
def test_functions_of_one_number_are_no_loops(monkeypatch):
    def refuse(*args):
        raise AssertionError("a loop over an array of one number")

    monkeypatch.setattr(numba("np.npyimpl"), "numpy_ufunc_kernel", refuse)

    @numba().njit(pipeline_class=pipeline.pipeline_class())
    def compiled(x):
        return np.tanh(x) + np.power(x, 2.5)

    assert compiled(0.5) == np.tanh(0.5) + 0.5**2.5


def test_zeros_that_something_reads_are_left():
    llvm = numba("core.cgutils").ir
    number = llvm.DoubleType()
    function = llvm.Function(llvm.Module(), llvm.FunctionType(number, [llvm.IntType(1), number]), "f")
    entry, way, meet = (function.append_basic_block(name) for name in ("entry", "way", "meet"))
    condition, value = function.args
    builder = llvm.IRBuilder(entry)
    always, sometimes, never = (builder.alloca(number, name=name) for name in ("always", "sometimes", "never"))
    for place in (always, sometimes, never):
        builder.store(number(None), place)
    builder.store(value, always)
    builder.cbranch(condition, way, meet)
    builder.position_at_end(way)
    builder.store(value, sometimes)
    builder.branch(meet)
    builder.position_at_end(meet)
    builder.ret(builder.fadd(builder.load(always), builder.fadd(builder.load(sometimes), builder.load(never))))
    without_zeros(function)
    left = [i.operands[1].name for i in entry.instructions if isinstance(i, llvm.StoreInstr)]
    assert left == ["sometimes", "never", "always"]  # the last one is the value


def test_types_of_numbers_are_asked_once():
    types, asked = numba("types"), []

    class Context:
        known = 3

        def resolve_function_type(self, func, args, kws):
            asked.append((func, args))
            return None if args == (types.boolean,) else ("signature", *args)

    remembering = Remembering(Context())
    sine, vector = types.Function(numba("core.typing.templates").make_concrete_template("sine", np.sin, [])), types.float64[:]
    for args in [(types.float64,), (types.int64,), (types.boolean,), (vector,)]:
        said = [remembering.resolve_function_type(sine, args, {}) for _ in range(2)]
        assert said[0] == said[1] == (None if args == (types.boolean,) else ("signature", *args))
    assert [args[0] for _, args in asked] == [types.float64, types.int64, types.boolean, vector, vector]
    # Not what may compile something, nor what may be called by name.
    for _ in range(2):
        remembering.resolve_function_type("another", (types.float64,), {})
        remembering.resolve_function_type(sine, (types.float64,), {"out": vector})
    assert len(asked) == 9 and remembering.known == 3


def test_ways():
    #      0 → 1 → 2 → 1, 2 → 3, 0 → 3
    passes = dominance({0: 0, 1: 0, 2: 1, 3: 0})
    assert [(a, b) for a in range(4) for b in range(4) if passes(a, b)] == [
        (0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (2, 2), (3, 3),
    ]  # fmt: skip
    assert not passes(0, "unreachable")


# ---------------------------------------------------------------------------------- another numba


def test_the_installed_numba_was_tried():
    """An upgrade is noticed here: run the suite, then widen ``pipeline.TRIED``."""
    assert pipeline.fits(numba().version_info.short, pipeline.TOUCHED, numba)
    assert pipeline.pipeline_class() is not numba("core.compiler").Compiler


@pytest.mark.parametrize("version", [(0, 40), (0, 99), (1, 0)])
def test_a_version_that_was_not_tried_does_not_fit(version):
    assert not pipeline.fits(version, pipeline.TOUCHED, numba)


@pytest.mark.parametrize("touched", [{"core.ir": "Var.of_another_version"}, {"core.no_such_module": "f"}])
def test_what_is_missing_does_not_fit(touched):
    assert not pipeline.fits(pipeline.TRIED[1], pipeline.TOUCHED | touched, numba)


@pytest.fixture
def another_numba(monkeypatch):
    """A numba that was not tried, in a process that has compiled no kernels yet."""
    chosen = pipeline.pipeline_class, pipeline.kernel_pipeline
    for each in chosen:
        each.cache_clear()
    monkeypatch.setattr(pipeline, "TRIED", ((0, 1), (0, 2)))
    monkeypatch.setattr(link, "_compiled", {})
    yield
    for each in chosen:
        each.cache_clear()


@pytest.mark.compiled
def test_another_numba_compiles_with_its_own_passes(another_numba, monkeypatch):
    import dlsrc

    def refuse(*args, **options):
        raise AssertionError("a file of machine code")

    def f(x):
        s = np.sum(x.reshape(2, 1) @ x.reshape(1, 2))
        for i in range(x.size):
            s += np.sin(x[i]) * s + 1.0
        return s

    assert pipeline.pipeline_class() is numba("core.compiler").Compiler
    assert pipeline.kernel_pipeline() == {}
    x = np.array([0.3, 0.4])
    with monkeypatch.context() as without:
        without.setattr(ObjectFile, "link", refuse)
        value, gradient = dlsrc.value_and_grad(f)(x)
    assert value == pytest.approx(f(x), rel=1e-12)
    oracle.assert_close(gradient, oracle.gradient(f, x))
