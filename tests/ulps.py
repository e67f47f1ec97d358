"""How far the functions that LLVM vectorizes are from the truth, and how fast: ``python -m tests.ulps``.

    python -m tests.ulps [names] [--points 1000000]

For each function and dtype the largest error in units in the last place and where it is, and the time an
element takes in a loop over an array that the cache holds, beside numba's with the C library and NumPy's.
"""

import argparse
import math
import re
import time

import numba
import numpy as np
import scipy.special

from dlsrc.transform.machine.branchless import inlined
from dlsrc.transform.machine.pipeline import pipeline_class
from tests.vector_math import powers
from tests.vector_math.measure import FUNCTIONS, errors, points

NUMPY = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh, "sigmoid": scipy.special.expit,
    "softplus": lambda x, out: np.logaddexp(0, x, out=out), "erf": scipy.special.erf,
    "sin": np.sin, "cos": np.cos, "tan": np.tan,
}  # fmt: skip
LIBRARY = {
    "exp": lambda x: math.exp(x), "expm1": lambda x: math.expm1(x), "log": lambda x: math.log(x),
    "log1p": lambda x: math.log1p(x), "tanh": lambda x: math.tanh(x), "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))), "erf": lambda x: math.erf(x),
    "sin": lambda x: math.sin(x), "cos": lambda x: math.cos(x), "tan": lambda x: math.tan(x),
}  # fmt: skip


def over_arrays(function, *, own=True):
    """A compiled loop of a compiled function: by dlsrc's compiler as programs are, or by numba's."""

    @numba.njit(error_model="numpy", **({"pipeline_class": pipeline_class()} if own else {}))
    def loop(x, out):
        for i in range(x.shape[0]):
            out[i] = function(x[i])

    return loop


def seconds(call, x, out):
    """Of the fastest of some calls, an element."""
    call(x, out)
    best = math.inf
    repeated = max(100_000 // len(x), 1)
    for _ in range(30):
        started = time.process_time()
        for _ in range(repeated):
            call(x, out)
        best = min(best, time.process_time() - started)
    return best / repeated / len(x)


def widest(loop):
    """The widest registers that a compiled loop calculates in."""
    text = "".join(loop.inspect_asm().values())
    used = set(re.findall(r"vf?n?m(?:ul|add)\w*pd[^\n]*%(zmm|ymm|xmm)", text))
    return next((r for r in ("zmm", "ymm", "xmm") if r in used), "none")


def over_pairs(function):
    """The same of two arrays."""

    @numba.njit(error_model="numpy", pipeline_class=pipeline_class())
    def loop(x, y, out):
        for i in range(x.shape[0]):
            out[i] = function(x[i], y[i])

    return loop


def line(name, dtype, found, limit, at, own, libm, numpys, registers):
    worst = int(np.argmax(found))
    print(f"{name:9}{dtype.__name__:9}{found[worst]:8.3f}  {at(worst):>24}{own * 1e9:8.2f}"
          f"{own / libm:8.2f}{own / numpys:8.2f}  {registers}"
          f"{'  TOO FAR' if found[worst] > limit else ''}", flush=True)


def one(name, count, dtype, elements):
    """The line of a function of one number."""
    function = FUNCTIONS[name]
    loop = over_arrays(inlined(*function.kernels))
    x = points(function, count, dtype)
    got = np.empty_like(x)
    loop(x, got)
    near = np.random.default_rng(0).uniform(max(function.low, -20), min(function.high, 20), elements).astype(dtype)
    out = np.empty_like(near)
    line(
        name, dtype, errors(function, x, got), function.limit, lambda k: repr(float(x[k])),
        seconds(loop, near, out),
        seconds(over_arrays(numba.njit(error_model="numpy")(LIBRARY[name]), own=False), near, out),
        seconds(lambda x, out: NUMPY[name](x, out=out), near, out), widest(loop),
    )  # fmt: skip


def two(count, dtype, elements):
    """The line of ``pow``."""
    loop = over_pairs(inlined(*powers.KERNELS))
    x, y = powers.points(count, dtype)
    got = np.empty_like(x)
    loop(x, y, got)
    rng = np.random.default_rng(0)
    near, exponents = rng.uniform(0.1, 3, elements).astype(dtype), rng.uniform(-20, 20, elements).astype(dtype)
    out = np.empty_like(near)
    libm = over_pairs(numba.njit(error_model="numpy")(lambda x, y: x**y))
    line(
        "pow", dtype, powers.errors(x, y, got), powers.LIMIT, lambda k: f"{x[k]:.5g}, {y[k]:.5g}",
        seconds(lambda x, out: loop(x, exponents, out), near, out),
        seconds(lambda x, out: libm(x, exponents, out), near, out),
        seconds(lambda x, out: np.power(x, exponents, out=out), near, out), widest(loop),
    )  # fmt: skip


def several(dtype, elements):
    """The lines of a sine and a cosine of one number, and of sines of numbers that are far from zero."""
    rng = np.random.default_rng(0)
    near, far = (rng.uniform(-size, size, elements).astype(dtype) for size in (20, 1e12))
    few = np.where(np.arange(elements) % 100 == 50, far, near)
    sine, both = (numba.njit(error_model="numpy")(f) for f in (LIBRARY["sin"], lambda x: math.sin(x) * math.cos(x)))
    out = np.empty_like(near)
    for name, function, numpys, x in (
        ("sin*cos", both, lambda x, out: np.multiply(np.sin(x), np.cos(x), out=out), near),
        ("far, all", sine, lambda x, out: np.sin(x, out=out), far),
        ("far, 1 %", sine, lambda x, out: np.sin(x, out=out), few),
    ):
        loop = over_arrays(function)
        loop(x, out)
        line(
            name, dtype, np.array([np.nan]), np.inf, lambda _: "", seconds(loop, x, out),
            seconds(over_arrays(function, own=False), x, out), seconds(numpys, x, out), widest(loop),
        )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.ulps")
    parser.add_argument("names", nargs="*", default=[*FUNCTIONS, "pow", "several"])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--elements", type=int, default=1000)
    given = parser.parse_args()
    print(f"{'':18}{'ulps':>8}  {'at':>24}{'ns':>8}{'/ libm':>8}{'/ NumPy':>8}  registers")
    for name in given.names:
        for dtype in (np.float64, np.float32):
            if name == "pow":
                two(given.points, dtype, given.elements)
            elif name == "several":
                several(dtype, given.elements)
            else:
                one(name, given.points, dtype, given.elements)


if __name__ == "__main__":
    main()
