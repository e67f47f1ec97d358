"""Derivatives in other processes and in threads: pickled, spawned, called at once, without the interpreter's lock."""

import functools
import multiprocessing
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from scipy.optimize import brute, differential_evolution

import dlsrc
from dlsrc import dlaccelerate, grad, hessian, jacfwd, jvp, value_and_grad, vjp
from tests.conftest import PLAIN
from tests.endurance import call_at_once
from tests.shared_functions import OBJECTS, PICKLED, accelerated, at, bowl, doubled, residual, x0

compiled = pytest.mark.compiled
only_compiled = pytest.mark.skipif(PLAIN, reason="plain Python never lets go of the lock for longer than a line")


def assert_same(found, expected):
    if isinstance(expected, list):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_same(a, b)
    else:
        np.testing.assert_array_equal(found, expected)


# ---------------------------------------------------------------------------------- pickles and processes


@pytest.mark.parametrize("name", PICKLED)
def test_it_pickles(name):
    made, args = PICKLED[name]
    again = pickle.loads(pickle.dumps(made))
    assert repr(again) == repr(made) or not hasattr(made, "fun")
    assert_same(at((again, args)), at((made, args)))


def test_what_a_decorator_made_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(doubled)) is doubled
    assert pickle.loads(pickle.dumps(accelerated)) is accelerated
    quick = pickle.loads(pickle.dumps(dlaccelerate(bowl, nogil=True)))
    assert quick is not bowl and quick.__dlsrc_accelerated__[0].nogil


def test_a_spawned_process_gives_the_same():
    """Nothing is inherited there: everything is imported, built and called anew."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for name, found in zip(PICKLED, pool.map(at, PICKLED.values()), strict=True):
            assert_same(found, at(PICKLED[name]))


@compiled
def test_a_spawned_process_compiles():
    jobs = [PICKLED["value_and_grad"], PICKLED["dlaccelerate"]]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for job, found in zip(jobs, pool.map(at, jobs), strict=True):
            assert_same(found, at(job))


def test_a_forked_process_gives_the_same():
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system has no fork")
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        for name, found in zip(PICKLED, pool.map(at, PICKLED.values()), strict=True):
            assert_same(found, at(PICKLED[name]))


def test_joblib():
    joblib = pytest.importorskip("joblib")
    names = ["value_and_grad", "rules", "dlaccelerate", "hessian", "pullback", "its jacobian"]
    expected = [at(OBJECTS[name]) for name in names]
    for prefer in ("processes", "threads"):
        jobs = (joblib.delayed(at)(OBJECTS[name]) for name in names)
        for found, right in zip(joblib.Parallel(2, prefer=prefer)(jobs), expected, strict=True):
            assert_same(found, right)


SCRIPT = """
import multiprocessing, sys
import numpy as np
from dlsrc import custom_vjp, dlaccelerate, dlarray, dlgradient, grad

@custom_vjp
def doubled(x):
    return 2.0 * x

doubled.defvjp(lambda x: (2.0 * x, None), lambda r, dy: (3.0 * dy,))

@dlaccelerate
def accelerated(x):
    f = (doubled(x) ** 2).sum()
    return dlgradient(f, x)

def call(job):
    return np.asarray(job[0](*job[1]))

jobs = [(grad(doubled), (1.0,)), (doubled, (1.0,)), (accelerated, (dlarray([1.0, 2.0]),))]

if __name__ == "__main__":
    if sys.argv[1] == "joblib":
        import joblib
        found = joblib.Parallel(2)(joblib.delayed(call)(job) for job in jobs)
    else:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.map(call, jobs)
    assert [a.tolist() for a in found] == [3.0, 2.0, [12.0, 24.0]], found
"""


@pytest.mark.parametrize("how", ["spawn", "joblib"])
def test_what_a_script_defines(how, tmp_path):
    """A worker of joblib's does not run the script: it gets the functions themselves."""
    if how == "joblib":
        pytest.importorskip("joblib")
    (tmp_path / "script.py").write_text(SCRIPT)
    subprocess.run([sys.executable, str(tmp_path / "script.py"), how], check=True)


def test_workers_of_scipy():
    # SciPy's workers take the function to other processes, or map it in threads.
    box = [(-1.0, 3.0), (-1.0, 3.0)]
    value = value_and_grad(bowl)
    serial = differential_evolution(_norm, box, seed=1, maxiter=3, updating="deferred", args=(value,))
    parallel = differential_evolution(_norm, box, seed=1, maxiter=3, updating="deferred", args=(value,), workers=2)
    np.testing.assert_array_equal(serial.x, parallel.x)
    with ThreadPoolExecutor(2) as pool:
        found = brute(_norm, box, args=(value,), Ns=4, workers=lambda f, xs: list(pool.map(f, xs)), finish=None)
    np.testing.assert_array_equal(found, brute(_norm, box, args=(value,), Ns=4, finish=None))


def _norm(x, made):
    return float(np.sum(made(np.asarray(x))[1] ** 2))


# ---------------------------------------------------------------------------------- threads


def at_once(call, threads=8):
    """What threads get that call at the same moment."""
    return call_at_once([functools.partial(call, k) for k in range(threads)])


@pytest.mark.parametrize("name", OBJECTS)
def test_threads_share_it(name):
    """The first call of all of them at once, and each then with numbers of its own."""
    made, args = OBJECTS[name]
    fresh = pickle.loads(pickle.dumps(made)) if name in PICKLED else grad(grad(lambda a: a**4))

    def call(k):
        own = tuple(a * (1.0 + 0.125 * k) for a in args)
        return [at((fresh, own)) for _ in range(20)]

    for k, found in enumerate(at_once(call)):
        expected = at((made, tuple(a * (1.0 + 0.125 * k) for a in args)))
        for one in found:
            assert_same(one, expected)


def test_threads_share_jvp_and_vjp():
    def call(k):
        x = x0 * (1.0 + k)
        y, pullback = vjp(residual, x)
        return [np.asarray(jvp(residual, (x,), (x,))[1]), y, pullback(y)[0]]

    for k, found in enumerate(at_once(call)):
        assert_same(found, call(k))


@compiled
@only_compiled
def test_threads_share_what_is_compiled():
    """The first call compiles, once; packed lists use buffers, a different one for each call under way."""

    def network(layers, x):
        for layer in layers:
            x = np.tanh(layer @ x)
        return np.sum(x)

    slope = value_and_grad(network, nogil=True)
    rng = np.random.default_rng(3)
    layers = [rng.standard_normal((40, 40)) for _ in range(4)]
    jobs = [([w * (1.0 + 0.1 * k) for w in layers], rng.standard_normal(40)) for k in range(4)]
    found = at_once(lambda k: [slope(*jobs[k]) for _ in range(50)], threads=4)
    for k, results in enumerate(found):
        value, gradient = slope(*jobs[k])
        for one in results:
            assert one[0] == value
            assert_same(one[1], gradient)


def wait_for(x, flags, seen, told, most):
    """``x**2`` once another thread has set ``flags[seen]``; 0 if it never does."""
    n = 0
    while flags[seen] == 0 and n < most:
        flags[told] = n  # which of the two places is written is not known to the compiler: it looks again
        n += 1
    return x**2 * flags[seen]


@compiled
@only_compiled
@pytest.mark.parametrize("made", [
    value_and_grad(wait_for, nogil=True), value_and_grad(dlaccelerate(wait_for, nogil=True)), value_and_grad(wait_for),
], ids=["nogil", "accelerated", "lock kept"])
def test_two_threads_run_concurrently(made):
    """Compiled code waits for what another thread does meanwhile: without the lock it sees it, else never."""
    flags = np.zeros(2, np.int64)
    made(3.0, flags, 0, 1, 1)  # compiled before
    most = 3_000_000_000 if made.runner.flags.nogil else 1000
    found = []
    waiting = threading.Thread(target=lambda: found.append(made(3.0, flags, 0, 1, most)))
    waiting.start()
    while flags[1] == 0 and waiting.is_alive():
        pass  # it has begun
    flags[0] = 1
    waiting.join()
    assert found == [(9.0, 6.0) if made.runner.flags.nogil else (0.0, 0.0)]


@compiled
@only_compiled
def test_errors_and_prints_take_the_lock(capsys):
    def f(x):
        if x[0] < 0:
            raise ValueError(f"negative: {x[0]}")
        print("at", x[0])
        return x[0] ** 2

    slope = grad(f, nogil=True)
    assert slope(np.ones(1)) == 2.0
    with pytest.raises(ValueError, match="negative: -1"):
        slope(-np.ones(1))

    def call(k):
        try:
            return float(slope(np.array([float(k - 2)]))[0])
        except ValueError:
            return None

    assert at_once(call, threads=4) == [None, None, 0.0, 2.0]
    assert capsys.readouterr().out.count("at ") == 3


def test_the_option_is_kept():
    for made in (grad(bowl, nogil=True), value_and_grad(bowl, nogil=True)):
        assert made.runner.flags.nogil and pickle.loads(pickle.dumps(made)).runner.flags.nogil
        assert "nogil=True" in repr(made)
    fast = grad(dlaccelerate(bowl, fastmath=True), nogil=True)
    assert fast.runner.flags.nogil and fast.runner.flags.fastmath
    assert not hessian(bowl).runner.flags.nogil and jacfwd(dlaccelerate(bowl, nogil=True)).runner.flags.nogil
    with pytest.raises(TypeError):
        dlsrc.grad(bowl, 0, False, True)
