"""Many threads and many calls: ``python -m tests.endurance`` runs, prints, and says what holds.

``threads``   32 threads call functions of their own and of all, with signatures of their own and of all, at
              the same moment: right answers, one compilation for each function and signature, whatever is
              raised between.
``calls``     a million calls, of each way in: the resident memory is the same after as before.
``failures``  calls that raise, of each kind of exception: what each one leaves behind, in bytes.
"""

import argparse
import gc
import random
import sys
import threading
import time

import numpy as np

from dlsrc import dlaccelerate, dlarray, dlfeval, dlgradient, grad, value_and_grad

__all__ = ["call_at_once", "in_threads", "resident"]

ROOM = 4e6  # bytes: what an allocator may keep back, whatever the number of calls


def resident() -> int:
    """The bytes of memory that this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def call_at_once(jobs):
    """Each job in a thread of its own, begun at the same moment; what they returned or raised, in order."""
    barrier, found = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(k):
        barrier.wait()
        try:
            found[k] = jobs[k]()
        except BaseException as error:
            found[k] = error

    workers = [threading.Thread(target=run, args=(k,)) for k in range(len(jobs))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return found


# ------------------------------------------------------------------------------------------------- threads


def functions():
    """Three functions, fresh ones, with the gradients written by hand."""

    @dlaccelerate
    def bowl(x):
        return (x * x).sum()

    @dlaccelerate
    def chain(x):
        s = x.ravel()[0] * 1
        for v in x.ravel()[1:]:
            if v < -100:
                raise ValueError(f"too far: {v}")
            s = s * v
        return s

    @dlaccelerate
    def steps(x):
        y = x.copy()
        n = 0
        while n < 3:
            y += y * x
            n += 1
        return y.sum()

    return [
        (bowl, lambda x: 2 * x),
        (chain, lambda x: np.prod(x, dtype=np.float64) / x),
        (steps, lambda x: (1 + x) ** 3 + 3 * x * (1 + x) ** 2),
    ]


KINDS = [
    lambda numbers: np.array(numbers[:4]),
    lambda numbers: np.array(numbers[:4], np.float32),
    lambda numbers: np.array(numbers[:4]).reshape(2, 2),
]


def in_threads(threads, rounds, seed=0):
    """The number of compilations, of those that were needed, and what was wrong."""
    made = [(f, value_and_grad(f), by_hand) for f, by_hand in functions()]
    wrong = []

    def job(k):
        own = random.Random(f"{seed} {k}")
        pairs = [(j, kind) for j in range(len(made)) for kind in KINDS] * rounds
        own.shuffle(pairs)

        def run():
            for j, kind in pairs:
                f, slope, by_hand = made[j]
                x = kind([own.uniform(0.5, 1.5) for _ in range(4)])
                if own.random() < 0.1:
                    try:
                        slope("no number")
                        wrong.append("a string is no number")
                    except TypeError:
                        pass
                value, gradient = slope(x)
                tolerance = 1e-5 if x.dtype == np.float32 else 1e-12
                if gradient.dtype != x.dtype or gradient.shape != x.shape:
                    wrong.append(f"{f.__name__}: {gradient.dtype} {gradient.shape} of {x.dtype} {x.shape}")
                if not np.allclose(gradient, by_hand(x), rtol=tolerance, atol=0):
                    wrong.append(f"{f.__name__} at {x}: {gradient}")
            bad = np.array([1.0, -200.0])
            try:
                made[1][1](bad)
                wrong.append("nothing was raised")
            except ValueError as error:
                if str(error) != "too far: -200.0":
                    wrong.append(str(error))

        return run

    wrong += [error for error in call_at_once([job(k) for k in range(threads)]) if error is not None]
    return sum(len(slope.runner.cache) for _, slope, _ in made), len(made) * len(KINDS), wrong


# --------------------------------------------------------------------------------------------------- calls


def ways():
    """Ways to call a derivative, by name."""

    def bowl(x):
        return x[0] ** 2 + x[1] ** 2

    def kept(x):
        s = 1.0
        i = 0
        while i < x.size:
            s = np.sin(s) * x[i]
            i += 1
        return s

    def model(p, x):
        return np.sum(np.tanh(p["W"] @ x + p["b"]) ** 2)

    def accelerated(x):
        f = (x**2).sum()
        return f, dlgradient(f, x)

    x, wrapped, rng = np.ones(2), dlarray([1.0, 2.0]), np.random.default_rng(0)
    p, slope, of_kept, of_model = {"W": np.ones((3, 2)), "b": np.ones(3)}, value_and_grad(bowl), grad(kept), grad(model)
    return {
        "value_and_grad, 2 numbers": lambda n: slope(x),
        "a while loop that keeps its values": lambda n: of_kept(x),
        "a tree of parameters": lambda n: of_model(p, x),
        "dlfeval": lambda n: dlfeval(accelerated, wrapped),
        "arrays of ever another size": lambda n: of_kept(rng.random(n % 100 + 1)),
        "a lambda made anew": lambda n: dlfeval(lambda z: dlgradient(z[0] * z[1], z), wrapped),
    }


def growth(call, times):
    """By how much the resident memory grows in so many calls, after a tenth of them."""
    for n in range(times // 10):
        call(n)
    gc.collect()
    before, begun = resident(), time.perf_counter()
    for n in range(times):
        call(n)
    spent = time.perf_counter() - begun
    gc.collect()
    return resident() - before, spent


def failing():
    """Calls that raise, by name."""

    def asserts(x):
        assert x[0] > 1.0, "too small"
        return x[0]

    def raises(x):
        y = np.exp(x)
        if y[0] > 0:
            raise ValueError(f"at {x[0]}")
        return y.sum()

    def indexes(x, k):
        return (x * 2.0)[k]

    def shapes(x, y):
        return np.sum(np.exp(x) * y)

    def singular(x):
        return np.sum(np.linalg.inv(np.outer(x, x)))

    x, y = np.ones(1000), np.ones(7)
    small = np.zeros(3)
    a, b, c, d, e = grad(asserts), grad(raises), grad(indexes), grad(shapes), grad(singular)
    return {
        "a failed assertion": lambda n: a(x),
        "raise with a formatted message": lambda n: b(x),
        "an index out of range": lambda n: c(x, 1000),
        "shapes that do not fit": lambda n: d(x, y),
        "a singular matrix": lambda n: e(small),
        "no number": lambda n: a("text"),
    }


def caught(call):
    def run(n):
        try:
            call(n)
        except (ArithmeticError, AssertionError, IndexError, TypeError, ValueError):
            return
        raise AssertionError("nothing was raised")

    return run


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.endurance", description=__doc__)
    parser.add_argument("what", nargs="*", choices=["threads", "calls", "failures", []], help="all if none is given")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5, help="of threads")
    asked = parser.parse_args()
    what = asked.what or ["threads", "calls", "failures"]
    holds = True
    if "threads" in what:
        for number in range(asked.rounds):
            compiled, needed, wrong = in_threads(32, 20, number)
            good = compiled == needed and not wrong
            holds &= good
            print(f"32 threads, round {number + 1}: {compiled} programs of {needed}, {len(wrong)} wrong", *wrong[:3])
    if "calls" in what:
        for name, call in ways().items():
            grown, spent = growth(call, asked.calls)
            holds &= grown < ROOM
            print(f"{asked.calls:,} calls, {name:36s} {grown / 1e6:6.2f} MB more, {spent / asked.calls * 1e6:6.2f} µs a call")
    if "failures" in what:
        times = max(asked.calls // 100, 100)
        for name, call in failing().items():
            grown, spent = growth(caught(call), times)
            print(f"{times:,} failures, {name:33s} {grown / times:8.1f} bytes each, {spent / times * 1e6:6.0f} µs")
    print("holds" if holds else "MISSES")
    sys.exit(not holds)


if __name__ == "__main__":
    main()
