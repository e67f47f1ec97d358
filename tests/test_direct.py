"""Calls that machine code takes: what it tests is what the short way tests, and all else goes the long way."""

import cProfile
import copy
import gc
import os
import pickle
import pstats
import subprocess
import sys
import threading
import weakref
from functools import partial

import numpy as np
import pytest

import dlsrc
from dlsrc import dlaccelerate, dlarray, grad, value_and_grad
from dlsrc.calls import direct, runner
from dlsrc.process.layout import layout
from dlsrc.process.vectorcall import Entered, enter, may_enter, offset_of
from tests.conftest import PLAIN

compiled = pytest.mark.compiled
pytestmark = [compiled, pytest.mark.skipif(PLAIN, reason="plain Python has no machine code")]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Machine code takes the calls after the third."""
    monkeypatch.setattr(direct, "WORTH", 0)
    monkeypatch.setattr(runner, "CALLS", 2)
    yield
    assert not direct._failures


def warmed(made, *args):
    """The derivative after so many calls that machine code takes the next; it did if it can."""
    for _ in range(5):
        made(*args)
    return made


def entered(made, *args):
    """Whether a call comes back without a frame of Python's: what is called by it sees none of dlsrc's."""
    hits = made.runner.cache.entered[0]
    made(*args)
    return made.runner.cache.entered[0] == hits + 1


def bowl(x):
    return np.sum(x * x)


def line(x, k):
    return np.sum(x) * k


def test_the_places_are_found_in_this_python():
    assert layout() is not None
    assert may_enter(dlsrc.derivatives.Derivative)


def test_the_value_and_the_gradient():
    both, slope = value_and_grad(bowl), grad(bowl)
    x = np.array([1.0, 2.0])
    warmed(both, x), warmed(slope, x)
    for made in (both, slope):
        assert entered(made, x)
    value, g = both(x)
    assert type(value) is float and value == 5.0 and g.tolist() == [2.0, 4.0]
    assert slope(x).tolist() == [2.0, 4.0] and slope(x) is not slope(x)
    assert slope(np.arange(5.0)).tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]


@pytest.mark.parametrize("argnums", [0, 1, (0, 1), (1,)])
def test_several_arguments(argnums):
    made = value_and_grad(line, argnums)
    args = np.ones(3), 2.0
    before = made(*args)
    warmed(made, *args)
    assert entered(made, *args)
    np.testing.assert_equal(made(*args), before)
    assert [type(part) for part in made(*args)] == [type(part) for part in before]


def test_has_aux():
    def f(x):
        return np.sum(x * x), {"twice": 2.0 * x}

    both, slope = value_and_grad(f, has_aux=True), grad(f, has_aux=True)
    warmed(both, np.ones(2)), warmed(slope, np.ones(2))
    assert entered(both, np.ones(2))
    (value, aux), g = both(np.ones(2))
    assert value == 2.0 and aux["twice"].tolist() == [2.0, 2.0] and g.tolist() == [2.0, 2.0]
    g, aux = slope(np.ones(2))
    assert g.tolist() == [2.0, 2.0] and aux["twice"].tolist() == [2.0, 2.0]


def cubes(x):
    return np.sum(x**3)


@pytest.mark.parametrize("name", ["hessian", "hvp", "jacfwd", "jacrev"])
def test_other_derivatives(name):
    made = getattr(dlsrc, name)(cubes if name[0] == "h" else np_squares)
    args = (np.arange(3.0), np.ones(3))[: 2 if name == "hvp" else 1]
    expected = made(*args)
    warmed(made, *args)
    assert entered(made, *args)
    np.testing.assert_array_equal(made(*args), expected)
    if name != "hvp":
        np.testing.assert_array_equal(made(np.arange(4.0)), getattr(dlsrc, name)(made.fun)(np.arange(4.0)))


def np_squares(x):
    return x * x


def test_what_is_bound_already_keeps_the_short_way():
    made = warmed(value_and_grad(partial(line, k=3.0)), np.ones(2))
    assert not entered(made, np.ones(2)) and made(np.ones(2))[0] == 6.0
    first = warmed(value_and_grad(partial(line, np.ones(2))), 3.0)
    assert not entered(first, 3.0) and first(3.0) == (6.0, 2.0)
    _, pull = dlsrc.vjp(np_squares, np.ones(2))
    assert warmed(pull, np.ones(2))(np.ones(2))[0].tolist() == [2.0, 2.0]


def unlike():
    """Arguments that are none of those that the program is for, with what comes of each."""
    whole = np.arange(1.0, 7.0)
    fixed = whole[:2].copy()
    fixed.flags.writeable = False
    askew = np.frombuffer(bytearray(17), np.uint8)[1:].view(np.float64)
    askew[:] = whole[:2]
    return {
        "strided": whole[::3], "reversed": whole[1::-1], "read-only": fixed, "unaligned": askew,
        "swapped": whole[:2].astype(">f8"), "narrow": whole[:2].astype(np.float32), "two": whole.reshape(2, 3),
        "fortran": np.asfortranarray(whole.reshape(2, 3)), "none": np.array(3.0), "number": 2.0,
        "numpy's": np.float64(2.0), "dlarray": dlarray(whole), "subclass": whole[:2].view(np.recarray),
        "integers": np.array([1, 2]), "list": [1.0, 2.0], "text": "x", "nothing": None,
        "unpickled": pickle.loads(pickle.dumps(whole)), "memmap": whole[:2].view(np.memmap),
    }  # fmt: skip


def outcome(made, *args, **kwargs):
    """What a call gives, or the error that it raises."""
    try:
        value, g = made(*args, **kwargs)
    except Exception as error:
        return type(error), str(error)
    return type(value), value, type(g), str(getattr(g, "dtype", "")), np.asarray(dlsrc.extractdata(g)).tolist()


@pytest.mark.parametrize("name", list(unlike()))
def test_what_is_unlike_goes_as_ever(name):
    made, x = value_and_grad(bowl), np.array([1.0, 2.0])
    expected = outcome(value_and_grad(lambda x: np.sum(x * x)), unlike()[name])
    warmed(made, x)
    assert entered(made, x) or entered(made, x)
    for _ in range(8):
        found = outcome(made, unlike()[name])
        assert found == expected or found[0] is expected[0] and issubclass(found[0], Exception)
        assert outcome(made, x)[1] == 5.0


@pytest.mark.parametrize("unlike", [2, True, np.float64(2.0), np.float32(2.0), np.int64(2), 2**70, "2", None])
def test_numbers_are_told_apart(unlike):
    made = value_and_grad(line)
    expected = outcome(value_and_grad(lambda x, k: np.sum(x) * k), np.ones(2), unlike)
    warmed(made, np.ones(2), 2.0)
    assert entered(made, np.ones(2), 3.0) and made(np.ones(2), 3.0)[0] == 6.0
    found = outcome(made, np.ones(2), unlike)
    assert found == expected or found[0] is expected[0] and issubclass(found[0], Exception)


def test_integers_that_are_too_large_are_refused_as_ever():
    made = value_and_grad(line)
    expected = outcome(made, np.ones(2), 2**70)
    warmed(made, np.ones(2), 2)
    assert entered(made, np.ones(2), 3)
    assert outcome(made, np.ones(2), 2**70) == expected
    assert outcome(made, np.ones(2), 2**63) == outcome(value_and_grad(line), np.ones(2), 2**63)


def test_wrong_numbers_of_arguments_and_keywords():
    made = warmed(value_and_grad(line), np.ones(2), 2.0)
    assert made(np.ones(2), k=3.0)[0] == 6.0
    assert made(*[np.ones(2)], **{"k": 3.0})[0] == 6.0 and warmed(made, np.ones(2), 2.0) and entered(made, np.ones(2), 2.0)
    for args, kwargs in (((), {}), ((np.ones(2),), {}), ((np.ones(2), 1.0, 1.0), {}), ((np.ones(2), 1.0), {"z": 1})):
        with pytest.raises(TypeError):
            made(*args, **kwargs)


def test_more_arguments_than_the_stack_has_room_for():
    made = warmed(value_and_grad(bowl), np.ones(2))
    assert entered(made, np.ones(2))
    with pytest.raises(TypeError):
        made(*[1.0] * 3_000_000)
    with pytest.raises(TypeError):
        made(**{f"a{k}": 1.0 for k in range(3_000_000)})


# ---------------------------------------------------------------------------------- what was captured


SCALE = 2.0
helper = np.exp


def outside(x):
    return np.sum(scaled(x)) * SCALE


def scaled(x):
    return 3.0 * x


def test_captured_values_are_read_at_every_call(monkeypatch):
    made = warmed(value_and_grad(outside), np.ones(2))
    assert entered(made, np.ones(2)) and made(np.ones(2))[0] == 12.0
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 5.0)
    assert entered(made, np.ones(2)) and made(np.ones(2))[0] == 30.0
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 5)
    assert made(np.ones(2))[0] == 30.0
    monkeypatch.setattr(sys.modules[__name__], "scaled", lambda x: 4.0 * x)
    assert made(np.ones(2))[0] == 40.0
    monkeypatch.delattr(sys.modules[__name__], "SCALE")
    with pytest.raises(dlsrc.errors.UnsupportedSyntax):
        made(np.ones(2))


def test_cells_are_read_at_every_call():
    k, data = 2.0, np.ones(2)

    def f(x):
        return k * np.sum(x * data)  # noqa: F821

    made = warmed(value_and_grad(f), np.ones(2))
    assert entered(made, np.ones(2)) and made(np.ones(2))[0] == 4.0
    k, data = 3.0, np.full(2, 10.0)
    assert entered(made, np.ones(2)) and made(np.ones(2))[0] == 60.0
    data = np.ones(4)[::2]
    assert made(np.ones(2))[0] == 6.0
    del k
    with pytest.raises(dlsrc.errors.UnsupportedSyntax):
        made(np.ones(2))


def test_a_function_whose_code_is_exchanged():
    def f(x):
        return np.sum(x * x)

    def g(x):
        return np.sum(x * x * x)

    made = warmed(value_and_grad(f), np.ones(2))
    assert entered(made, np.ones(2))
    f.__code__ = g.__code__
    assert made(np.full(2, 2.0))[0] == 16.0


class Model:
    def __init__(self, k):
        self.k = k
        self.w = np.array([1.0, 2.0])

    def loss(self, x):
        return np.sum(self.w * x) * self.k


class Watched(Model):
    """What it reads of itself runs Python code."""

    def __init__(self, k):
        self.w = np.array([1.0, 2.0])
        self.of_k = k
        self.then = lambda: None

    @property
    def k(self):
        self.then()
        return self.of_k


def test_methods_of_two_objects():
    one, two = Model(2.0), Model(3.0)
    first, second = value_and_grad(one.loss), value_and_grad(two.loss)
    warmed(first, np.ones(2)), warmed(second, np.ones(2))
    assert entered(first, np.ones(2)) and entered(second, np.ones(2))
    assert first(np.ones(2))[0] == 6.0 and second(np.ones(2))[0] == 9.0
    two.k = 4.0
    assert entered(second, np.ones(2)) and second(np.ones(2))[0] == 12.0
    two.__class__ = Watched
    two.of_k, two.then = 5.0, lambda: None
    assert second(np.ones(2))[0] == 15.0


def test_what_a_property_raises():
    def stop():
        raise KeyboardInterrupt

    def miss():
        raise ValueError("not now")

    model = Watched(2.0)
    made = warmed(value_and_grad(model.loss), np.ones(2))
    assert made(np.ones(2))[0] == 6.0
    model.then = stop
    with pytest.raises(KeyboardInterrupt):
        made(np.ones(2))
    model.then = miss
    with pytest.raises(Exception, match="not now"):
        made(np.ones(2))
    model.then = lambda: None
    assert made(np.ones(2))[0] == 6.0


def test_errors_that_the_short_way_raises_are_raised_at_once():
    model, asked = Watched(2.0), []
    made = warmed(value_and_grad(model.loss), np.ones(2))

    def fail_once():
        asked.append(1)
        if len(asked) == 1:
            raise RuntimeError("lost")

    model.then = fail_once
    with pytest.raises(RuntimeError, match="lost"):
        made(np.ones(2))
    assert len(asked) == 1
    asked.clear()

    def without_end():
        asked.append(1)
        if len(asked) > 10_000:
            pytest.fail("each error is met twice, one level above another")
        made(np.ones(2))

    model.then = without_end
    with pytest.raises(RecursionError):
        made(np.ones(2))
    model.then = lambda: None
    assert made(np.ones(2))[0] == 6.0


def test_a_property_that_changes_everything_meanwhile():
    """The cache is emptied, the argument becomes another array, and the derivative calls itself."""
    model, x = Watched(2.0), np.ones(2)
    made = warmed(value_and_grad(model.loss), x)

    def clear():
        model.then = lambda: None
        made.runner.cache.clear()
        gc.collect()
        assert made(np.ones(2))[0] == 6.0

    model.then = clear
    assert made(x)[0] == 6.0
    warmed(made, x)

    def reshape():
        model.then = lambda: None
        x.shape = (1, 2)

    model.then = reshape
    assert outcome(made, x)[0] in (float, ValueError)
    assert made(np.ones(2))[0] == 6.0


def test_functions_texts_and_containers_among_the_arguments():
    def f(p, mode, other=None):
        return np.sum(p[0] * p[1][0]) if mode == "product" else np.sum(p[0] + p[1][0])

    made = value_and_grad(f)
    p = (np.ones(2), [np.full(2, 3.0)])
    warmed(made, p, "product", None)
    assert entered(made, p, "product", None)
    value, g = made(p, "product", None)
    assert value == 6.0 and type(g) is tuple and type(g[1]) is list and g[0].tolist() == [3.0, 3.0]
    assert made(p, "sum", None)[0] == 8.0
    assert made((*p, np.ones(1)), "product", None)[0] == 6.0
    assert made(p, "product", None)[0] == 6.0


# ---------------------------------------------------------------------------------- errors


def test_errors_of_the_program_name_the_line():
    def f(x, n):
        total = 0.0
        for i in range(n):
            total += x[i] ** 2
        if total > 100.0:
            raise ValueError(f"{total} is too much")
        return total

    made = value_and_grad(f)
    expected = outcome(made, np.ones(2), 5), outcome(made, np.full(2, 9.0), 2)
    warmed(made, np.ones(2), 2)
    assert entered(made, np.ones(2), 2)
    assert expected == (outcome(made, np.ones(2), 5), outcome(made, np.full(2, 9.0), 2))
    assert expected[0][0] is IndexError and expected[1][0] is ValueError and "too much" in expected[1][1]
    with pytest.raises(ValueError) as caught:
        made(np.full(2, 9.0), 2)
    assert caught.traceback[-1].path.name == "test_direct.py" and caught.value.__suppress_context__
    assert made(np.ones(2), 2)[0] == 2.0


def interrupted(address, bytedata, hashed):
    raise KeyboardInterrupt


def refused(address, bytedata, hashed):
    raise MemoryError


@pytest.mark.parametrize("often", [True, False])
@pytest.mark.parametrize("stopped, error", [(interrupted, KeyboardInterrupt), (refused, MemoryError)])
def test_what_stops_numba_while_it_makes_a_result_is_raised(often, stopped, error, monkeypatch):
    made, x = value_and_grad(bowl), np.ones(2)
    if often:
        assert entered(warmed(made, x), x)
    else:
        made(x)
    with monkeypatch.context() as patch:
        # It is Python, so whoever presses Ctrl-C stops it as often as not.
        patch.setattr("numba.core.serialize._numba_unpickle.__code__", stopped.__code__)
        with pytest.raises(error):
            made(x)
    assert made(x)[0] == 2.0


def test_what_an_effect_did_before_an_error_is_done_once(capfd):
    def f(x):
        print("seen", x[0])
        if x[0] > 5.0:
            raise ValueError("too much")
        return x[0] ** 2

    made = warmed(value_and_grad(f), np.ones(2))
    assert entered(made, np.ones(2))
    capfd.readouterr()
    with pytest.raises(ValueError, match="too much"):
        made(np.full(2, 9.0))
    assert capfd.readouterr().out.count("seen") == 1


# ---------------------------------------------------------------------------------- the object


def test_it_stays_what_it_was():
    made = warmed(value_and_grad(bowl), np.ones(2))
    assert entered(made, np.ones(2))
    assert repr(made) == "value_and_grad(bowl)" and made.__name__ == "bowl" and made.fun is bowl
    for again in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
        assert again is not made and again(np.ones(2))[0] == 2.0 and again.argnums == 0
    assert made.__call__(np.ones(2))[0] == type(made).__call__(made, np.ones(2))[0] == 2.0
    assert callable(made) and weakref.ref(made)() is made
    assert list(map(made, [np.ones(2), np.zeros(2)]))[1][0] == 0.0


def test_what_it_is_made_of_may_be_exchanged():
    made, x = warmed(value_and_grad(bowl), np.ones(2)), np.ones(2)
    assert entered(made, x)
    plan, other = made.runner.plan, value_and_grad(cubes)
    warmed(other, x)
    for wrong in (5, (1, 2), object(), b"", [plan]):
        made.runner.plan = wrong
        assert made(x)[0] == 2.0
    made.runner.plan = plan
    assert entered(made, x)
    made.runner = other.runner
    assert made(x)[0] == 2.0 and made(x)[1].tolist() == [3.0, 3.0]
    for wrong in (None, object(), [made], np.ones(100)):
        made.runner = wrong
        with pytest.raises(AttributeError):
            made(x)
    del made.runner
    with pytest.raises(AttributeError):
        made(x)


def test_a_class_that_is_made_of_it():
    class Louder(type(value_and_grad(bowl))):
        def __call__(self, *args):
            return "heard", super().__call__(*args)

    made = Louder(bowl, 0, False, True)
    warmed(made, np.ones(2))
    assert made(np.ones(2))[0] == "heard" and made(np.ones(2))[1][0] == 2.0

    class Same(type(value_and_grad(bowl))):
        pass

    same = Same(bowl, 0, False, True)
    assert warmed(same, np.ones(2))(np.ones(2))[0] == 2.0


def test_accelerated_functions_are_counted():
    quick = dlaccelerate(lambda x: np.sum(x * x))
    made = value_and_grad(quick)
    for _ in range(20):
        made(np.ones(2))
    assert entered(made, np.ones(2)) and quick.hit_rate == 100.0 * 20 / 21
    quick.clear_cache()
    assert quick.hit_rate == 0.0 and made(np.ones(2))[0] == 2.0 and quick.hit_rate == 0.0
    assert not entered(made, np.ones(2)) and quick.hit_rate == 50.0


def test_an_entry_that_is_dropped_is_not_run(monkeypatch):
    quick = dlaccelerate(lambda x: np.sum(x * x))
    made = value_and_grad(quick)
    warmed(made, np.ones(2))
    quick.cache_size = 1
    made(np.ones((2, 2)))
    assert made.runner.plan is None
    assert made(np.ones(2))[0] == 2.0


def test_two_kinds_of_call_take_turns():
    made = value_and_grad(bowl)
    for _ in range(5):
        for x in (np.ones(2), np.ones((2, 2)), np.ones(3, np.float32)):
            assert made(x)[0] == x.size and made(x)[1].dtype == x.dtype
    warmed(made, np.ones((2, 2)))
    assert entered(made, np.ones((2, 2))) and made(np.ones(2))[0] == 2.0
    warmed(made, np.ones(2))
    assert entered(made, np.ones(2)) and made(np.ones((2, 2)))[0] == 4.0


def test_the_function_dies_while_it_runs():
    def made_inside():
        def f(x):
            return np.sum(x * x)

        return warmed(value_and_grad(f), np.ones(2))

    made = [made_inside()]
    gone = weakref.ref(made[0].fun)
    assert made[0](np.ones(2))[0] == 2.0
    assert made.pop()(np.full(2, 2.0))[0] == 8.0
    gc.collect()
    assert gone() is None


def test_nothing_is_kept_of_a_call():
    made = warmed(value_and_grad(line), np.ones(2), 2.0)
    x, k, plan = np.ones(2), 2.5, made.runner.plan

    def references():
        gc.collect()
        things = (x, k, made, plan, None, made.runner, plan[2][1], np.dtype("float64"))
        return [sys.getrefcount(thing) for thing in things], len(gc.get_objects())

    def many(calls):
        for i in range(calls):
            made(x, k)
            made(x, k=k)
            if i % 100 == 0:
                made(x[::-1], k)
        return references()

    many(300)
    (before, objects), (after, more) = many(300), many(3000)
    assert all(abs(a - b) < 500 for a, b in zip(before, after, strict=True)), f"{before} {after}"
    assert more - objects < 200


def test_failed_calls_keep_nothing():
    def f(x, n):
        total = 0.0
        for i in range(n):
            total += x[i] ** 2
        return total

    made, x = value_and_grad(f), np.ones(2)
    warmed(made, x, 2)
    plan = made.runner.plan

    def failing():
        for _ in range(100):
            with pytest.raises(IndexError):
                made(x, 5)
        gc.collect()
        return sys.getrefcount(plan), sys.getrefcount(x), sys.getrefcount(made)

    assert failing() == failing()


def test_who_watches_sees_the_call():
    made = warmed(value_and_grad(bowl), np.ones(2))
    assert entered(made, np.ones(2))
    if sys.version_info < (3, 12):
        watch = cProfile.Profile()
        watch.runcall(made, np.ones(2))
        assert any(name == "__call__" for _, _, name in pstats.Stats(watch).stats)
    seen = []
    before = sys.gettrace()
    sys.settrace(lambda frame, event, arg: seen.append(frame.f_code.co_name))
    try:
        made(np.ones(2))
    finally:
        sys.settrace(before)
    assert "__call__" in seen
    assert entered(made, np.ones(2))


def test_threads_without_the_lock():
    def long(x, n):
        total = 0.0
        for i in range(n):
            total += np.sin(x[0] + i)
        return total

    made = value_and_grad(long, nogil=True)
    expected = made(np.ones(1), 1000)
    warmed(made, np.ones(1), 1000)
    wrong = []

    def many(k):
        for _ in range(300):
            if made(np.ones(1), 1000)[0] != expected[0]:
                wrong.append(k)
            if k == 0:
                made.runner.cache.clear()

    threads = [threading.Thread(target=many, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


CHILD = """
import os
import numpy as np
from dlsrc import value_and_grad
from dlsrc.calls import direct, runner
direct.WORTH, runner.CALLS = 0, 2
{}
"""


def in_child(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(code)], capture_output=True, text=True, env={**os.environ, **environment}
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_fork_calls_it_too():
    code = """
from tests.test_direct import bowl, warmed, entered
made = warmed(value_and_grad(bowl), np.ones(2))
assert entered(made, np.ones(2))
child = os.fork()
if not child:
    os._exit(0 if made(np.ones(3))[0] == 3.0 and entered(made, np.ones(3)) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert in_child(code) == ["0"]


def test_an_entrance_is_kept_for_the_next_process(tmp_path):
    code = """
from dlsrc.process import entrance
made_here, make = [], entrance._made
entrance._made = lambda *args: made_here.append(1) or make(*args)
from tests.test_direct import bowl, warmed, entered
os.environ.update(DLSRC_CACHE_DIR=os.environ["KEPT"], DLSRC_CACHE=os.environ["KEEPS"])
made = warmed(value_and_grad(bowl), np.ones(2))
assert entered(made, np.ones(2)) and made(np.ones(3))[0] == 3.0
print(len(made_here))
"""
    around = {"KEPT": str(tmp_path / "kept"), "KEEPS": "kernels"}
    assert in_child(code, **around) == ["1"] and in_child(code, **around) == ["0"]
    for path in (tmp_path / "kept").rglob("*.kernel"):
        path.write_bytes(path.read_bytes()[:-1])
    assert in_child(code, **around) == ["1"]
    assert in_child(code, **around | {"KEEPS": "0"}) == ["1"]


def test_plain_python_has_no_entrance():
    code = """
from tests.test_direct import bowl, warmed
made = warmed(value_and_grad(bowl), np.ones(2))
print(made.runner.plan, made(np.ones(2))[0])
"""
    assert in_child(code, NUMBA_DISABLE_JIT="1") == ["None", "2.0"]


def test_where_no_thread_can_be_started_calls_go_as_ever(monkeypatch):
    def refused(*args):
        raise RuntimeError("can't start new thread")

    layout.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr("_thread.start_new_thread", refused)
        made = warmed(value_and_grad(lambda x: np.sum(x * x)), np.ones(2))
    assert made.runner.plan is None and made(np.ones(2))[0] == 2.0
    assert layout() is not None


def test_where_nothing_can_be_entered_calls_go_as_ever(monkeypatch):
    monkeypatch.setattr(direct, "_failures", [])
    monkeypatch.setattr(direct, "_places", lambda *kinds: 1 / 0)
    made = warmed(value_and_grad(lambda x: np.sum(x * x)), np.ones(2))
    assert not entered(made, np.ones(2)) and made(np.ones(2))[0] == 2.0 and len(direct._failures) == 1
    monkeypatch.undo()


# ---------------------------------------------------------------------------------- objects that may be entered


def test_a_class_of_ones_own():
    class Asked(Entered):
        __slots__ = ("a", "b")

        def __call__(self, x):
            return x + 1

    one = Asked()
    assert one(1) == 2 and may_enter(Asked) and one(1) == 2
    assert {offset_of(one, "a"), offset_of(one, "b")} == {24, 32}
    enter(one, 0)
    assert one(1) == 2
    assert not may_enter(dict)
