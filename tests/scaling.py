"""How memory and compile time grow; ``python -m tests.scaling`` measures and prints.

Memory is the difference of the peak resident memory of two fresh processes, for N and 2N steps, so that
what numba itself needs cancels.  Times of compiling are processor seconds of first calls in fresh
processes, of one thread: other work on the machine counts little.  Times of loops are by the clock.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

__all__ = ["equal_layers_source", "layered_source", "long_source", "recurrence"]

STEPS = 14_000_000  # so that what is kept exceeds 100 MB
MEGABYTE = 2.0**20


# ---------------------------------------------------------------------------------- the programs


def recurrence(x, n):
    """``n`` steps of x[i] = f(x[i-1]); each step's value is kept for the way back."""
    s = x[0]
    for _ in range(n):
        s = s * s * x[1] + x[2]
    return s


RECURRENCE_IN_AN_ARRAY = """
import numpy as np

def recurrence(a, n):
    x = np.zeros(n + 1)
    x[0] = a[0]
    for i in range(1, n + 1):
        x[i] = np.sin(x[i - 1]) * a[1] + a[2]
    return x[n]
"""

RECURRENCE_OF_A_NUMBER = """
import numpy as np

def recurrence(a, n):
    s = a[0]
    for _ in range(n):
        s = np.sin(s) * a[1] + a[2]
    return s
"""


def long_source(lines: int) -> str:
    """A function of about that many lines: blocks of ten, each with a loop and using what the last one left."""
    blocks = []
    for k in range(lines // 10):
        blocks.append(f"""
            for i in range(x.size):
                t = x[i] * s + {k % 7}.5
                s = np.tanh(t * 0.1)
                s += x[i] ** 2
            a{k} = np.sin(s) * x[{k % 3}]
            b{k} = np.exp(-a{k} * s) + x[{(k + 1) % 3}] * {k % 5 + 2}.0
            if b{k} > 1.5:
                b{k} = b{k} - a{k} ** 2
            c{k} = a{k} / (1.0 + b{k} ** 2)
            s = s * 0.5 + c{k}
        """)
    body = "".join(textwrap.dedent(block).lstrip("\n") for block in ["s = x[0]\n", *blocks, "return s\n"])
    return "import numpy as np\n\n\ndef objective(x):\n" + textwrap.indent(body, "    ")


def equal_layers_source() -> str:
    """A network of equal layers in a list, as many as the argument holds."""
    return textwrap.dedent("""
        import numpy as np

        def objective(layers, x):
            h = x
            for layer in layers:
                h = np.tanh(layer["W"] @ h + layer["b"])
            return np.sum(h**2)
    """)


def layered_source(layers: int) -> str:
    """The same network, each layer written out."""
    lines = [f"h = np.tanh(layers[{k}]['W'] @ h + layers[{k}]['b'])" for k in range(layers)]
    body = "\n".join(["h = x", *lines, "return np.sum(h**2)"])
    return "import numpy as np\n\n\ndef objective(layers, x):\n" + textwrap.indent(body, "    ") + "\n"


# ---------------------------------------------------------------------------------- running them


# Compiled first: what the first compilation of a process costs is not what is asked for.
WARM = """

def warm(x):
    return x[0] * 2.0
"""

RUN = """
import json, resource, sys, time
sys.path.insert(0, {folder!r})
import numpy as np
import dlsrc
import {module} as m
{prepare}
start = time.process_time()
{first}
first = time.process_time() - start
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
{second}
second = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("RESULT" + json.dumps(dict(first=first, second=second, peak=peak * 1024, before=before * 1024, extra={extra})))
"""


def fresh_process(source: str, prepare: str, first: str, second: str = "pass", extra: str = "None") -> dict:
    """Seconds of a first and a second statement, and peak memory, in a process that does nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "program.py").write_text(source + WARM)
        script = RUN.format(folder=folder, module="program", prepare=prepare, first=first, second=second, extra=extra)
        result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{source}\n{result.stderr}")
    return json.loads(result.stdout.rpartition("RESULT")[2])


def memory() -> None:
    print(f"memory of a recurrence, {STEPS:,} and {2 * STEPS:,} steps, in fresh processes")
    for title, source in (("number", RECURRENCE_OF_A_NUMBER), ("array", RECURRENCE_IN_AN_ARRAY)):
        peaks, times, predicted = [], [], []
        for n in (STEPS, 2 * STEPS):
            out = fresh_process(
                source,
                f"vg = dlsrc.value_and_grad(m.recurrence); a = np.array([0.3, 0.9, 0.2])\nn = {n}",
                "vg(a, 10)", "vg(a, n)", "dlsrc.explain(m.recurrence, a, n).predicted_bytes",
            )
            peaks.append(out["peak"])
            times.append(out["second"])
            predicted.append(out["extra"])
        grown = (peaks[1] - peaks[0]) / MEGABYTE
        said = (predicted[1] - predicted[0]) / MEGABYTE
        print(
            f"  {title:7} grows by {grown:7.1f} MB, explain predicts {said:7.1f} MB ({said / grown:.2f});"
            f" time {times[0]:.3f} s and {times[1]:.3f} s ({times[1] / times[0]:.2f} x)"
        )


def source_length() -> None:
    print("first call by length of the source, in processor seconds, and numba's compilation of the source alone")
    last = None
    prepare = (
        "import numba\nx = np.array([0.3, 0.5, 0.2])\ndlsrc.value_and_grad(m.warm)(x)\n"
        "primal = numba.njit(m.objective, error_model='numpy'); vg = dlsrc.value_and_grad(m.objective)"
    )
    for lines in (100, 200, 400):
        out = fresh_process(long_source(lines), prepare, "vg(x)")["first"]
        alone = fresh_process(long_source(lines), prepare, "primal(x)")["first"]
        ratio = "" if last is None else f" ({out / last:.2f} x)"
        print(f"  {lines:4} lines: {out:6.2f} s{ratio}, {out / alone:.2f} x {alone:.2f} s")
        last = out


def layers() -> None:
    print("first call by number of equal layers in a list, seconds of processor time; later calls by the clock")
    calls = 1000
    for title, sizes in (("of one shape", "[4] * (n + 1)"), ("of unequal shapes", "[4 + k % 3 for k in range(n + 1)]")):
        for count in (3, 30):
            out = fresh_process(
                equal_layers_source(),
                f"vg = dlsrc.value_and_grad(m.objective); x = np.ones(4); n = {count}; sizes = {sizes}\n"
                "net = [dict(W=np.eye(b, a) * 0.5, b=np.zeros(b)) for a, b in zip(sizes, sizes[1:])]\n"
                "dlsrc.value_and_grad(m.warm)(x)", "vg(net, x)", f"for _ in range({calls}): vg(net, x)",
            )
            a_call = out["second"] / calls * 1e6
            print(f"  {count:4} layers {title:18} {out['first']:6.2f} s, then {a_call:.0f} µs a call")


PARTS = {"memory": memory, "source": source_length, "layers": layers}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scaling", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all if none is given")
    for name in parser.parse_args().parts or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
