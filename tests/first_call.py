"""The first call of a gradient that another process has compiled: ``python -m tests.scaling first_call``.

Beside it the first call of a function of one line that numba's own cache holds.  Both are the medians of
fresh processes, which have imported NumPy, numba and dlsrc before; and the seconds from the start of a
process to the result, imports included.

Then the first call of a gradient that nobody has compiled: without anything on disk, and with the kernels of
an earlier one, as after an edit.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["first_call"]

ROOT = Path(__file__).parent.parent
PROGRAM = """
import numba
import numpy as np


@numba.njit(cache=True)
def trivial(x):
    return 2.0 * x[0]


def trivial_gradient(x):
    return 2.0 * x[0]


def rosenbrock(x):
    s = 0.0
    for i in range(x.size - 1):
        s += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return s


def model(params, X, y):
    h = np.tanh(X @ params["W"] + params["b"])
    return ((h @ params["v"] - y) ** 2).mean()


def likelihood(w, x, y):
    kernel = np.exp(-0.5 * (x[:, None] - x[None, :]) ** 2 / w[0] ** 2) + w[1] ** 2 * np.eye(len(x))
    lower = np.linalg.cholesky(kernel)
    return 0.5 * y @ np.linalg.solve(kernel, y) + np.sum(np.log(np.diag(lower)))



rng = np.random.default_rng(0)
arguments = {
    "trivial_gradient": (np.ones(3),),
    "rosenbrock": (np.ones(3) * 0.5,),
    "model": ({"W": rng.normal(size=(3, 4)), "b": np.zeros(4), "v": np.ones(4)}, rng.normal(size=(9, 3)), np.ones(9)),
    "likelihood": (np.array([0.5, 0.3]), np.linspace(0.0, 1.0, 9), rng.normal(size=9)),
}
"""
RUN = """
import sys, time
started = time.perf_counter()
sys.path.insert(0, sys.argv[1])
import numpy as np
import numba
import program
if sys.argv[2] == "numba":
    f, arguments = program.trivial, (np.ones(3),)
else:
    import dlsrc
    f, arguments = dlsrc.value_and_grad(getattr(program, sys.argv[2])), program.arguments[sys.argv[2]]
before, cpu = time.perf_counter(), time.process_time()
f(*arguments)
after, spent = time.perf_counter(), time.process_time()
if sys.argv[2] != "numba" and sys.argv[3] == "warm":
    assert next(iter(f.runner.cache)).generated is None, "the program was not loaded"
    heavy = [m for m in sys.modules if m.startswith(("dlsrc.transform", "dlsrc.kernels"))]
    assert not heavy, heavy
import json
print(json.dumps([after - before, spent - cpu, after - started]))
"""


def first_call(runs: int = 9) -> None:
    print(f"first call in a fresh process, milliseconds, medians of {runs}: by the clock, of the processor; all of the")
    print("process with its imports, by the clock")
    with tempfile.TemporaryDirectory() as made:
        (Path(made) / "program.py").write_text(PROGRAM)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DLSRC_", "NUMBA_", "PYTHONDONT"))}
        environment = kept | {
            "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": f"{made}/pyc", "DLSRC_CACHE_DIR": f"{made}/kept",
            "DLSRC_CACHE": "strict", "NUMBA_CACHE_DIR": f"{made}/numba",
        }  # fmt: skip

        def run(name: str, how: str, **more: str) -> list[float]:
            command = [sys.executable, "-c", RUN, made, name, how]
            done = subprocess.run(command, env=environment | more, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(done.stderr)
            return json.loads(done.stdout)

        names = ("numba", "trivial_gradient", "rosenbrock", "model", "likelihood")
        for name in names:
            run(name, "cold")
        found = {name: [] for name in names}
        for _ in range(runs):
            for name in names:
                found[name].append(run(name, "warm"))
        medians = {n: [1e3 * statistics.median(column) for column in zip(*rows, strict=True)] for n, rows in found.items()}
        for name, (clock, cpu, whole) in medians.items():
            more = clock - medians["numba"][0]
            against = "" if name == "numba" else f"   {more:+8.1f} against numba's own"
            print(f"  {name:18} {clock:8.1f} {cpu:8.1f} {whole:9.1f}{against}")
        print("first call of what is compiled in it, seconds of the processor, least of 3: nothing on disk, the kernels on disk")
        for name in names[2:]:
            nothing, kernels = (min(run(name, "cold", DLSRC_CACHE=c)[1] for _ in range(3)) for c in ("0", "kernels"))
            print(f"  {name:18} {nothing:8.2f} {kernels:8.2f}")
