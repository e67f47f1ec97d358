"""``python -m tests.benchmarks [names] [--peers jax torch …]``: times, agreement, ratios.

Names may be parts of names.  Each task is compiled twice: on a machine that has none of dlsrc's kernels yet, and
on one that has them.  ``--cold`` measures the first gradient of fresh processes, imports included;
``--overhead`` what a call costs beside the compiled code; ``--memory`` the peak of a call, JAX's and PyTorch's, too,
beside what `explain` predicts; ``--gate`` compares ratios with the stored ones, and
``--store`` keeps what was measured; ``--stored`` shows what is kept.  ``--markdown`` and ``--plot FILE`` give the
table and a picture for the README.
"""

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import report
from tests.benchmarks.cold import MARK, digits_in
from tests.benchmarks.measure import RETURNED, SINGLE, pin
from tests.benchmarks.task import PEERS


def child(order: dict) -> None:
    """In a fresh process: one task, its result as a line of JSON."""
    os.environ["DLSRC_CACHE"] = "kernels"  # programs are made anew; the task's directory is empty at first
    if order["kernels"] is not None:  # importing the tests has set it to that of the tests
        os.environ["DLSRC_CACHE_DIR"] = order["kernels"]
    pin()
    from tests.benchmarks import run
    from tests.benchmarks.memory import predicted_and_found
    from tests.benchmarks.tasks import TASKS

    task = TASKS[order["task"]]
    if order["what"] == "memory":
        result = predicted_and_found(task, order["contender"])
    elif order["what"] == "first":
        result = run.first(task)
    else:
        result = run.run(task, order["peers"], order["rounds"], order["fast"])
    print(MARK + json.dumps(result), flush=True)


@cache
def as_installed() -> None:
    """Write dlsrc's byte code, as pip does: a first call is not one of a copy that was never imported."""
    import dlsrc

    compileall.compile_dir(Path(dlsrc.__file__).parent, quiet=1)
    compileall.compile_dir(Path(__file__).parent, quiet=1)


def in_process(order: dict, kernels: str | None = None, variables: dict[str, str] | None = None):
    """What a fresh process gives; ``kernels`` is the directory that dlsrc's kernels are kept in."""
    as_installed()
    order = {**order, "kernels": kernels, "started": time.time()}
    module = ["tests.benchmarks.cold"] if order["what"] == "cold" else ["tests.benchmarks", "--child"]
    done = subprocess.run(
        [sys.executable, "-m", *module, json.dumps(order)],
        env={**os.environ, **SINGLE, **(variables or {})}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        if line.startswith(MARK):
            return json.loads(line.removeprefix(MARK))
    print(f"{order['task']}: no result\n{done.stderr[-3000:]}", file=sys.stderr)
    return None


def installed(names: list[str]) -> list[str]:
    from importlib.util import find_spec

    missing = [name for name in names if find_spec(name) is None]
    if missing:
        print(f"not installed, left out: {', '.join(missing)} (pip install -e '.[bench]')", file=sys.stderr)
    return [name for name in names if name not in missing]


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names of tasks; all if none")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--runs", type=int, default=1, help="processes a task, of which medians are taken")
    parser.add_argument("--no-fastmath", action="store_true", help="leave out the second column")
    for flag in ("list", "cold", "overhead", "memory", "gate", "store", "stored", "markdown"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def chosen(names: list[str]) -> list[str]:
    from tests.benchmarks.tasks import TASKS

    found = [task for task in TASKS if not names or any(name in task for name in names)]
    if not found:
        sys.exit(f"no task has one of {names} in its name; there are: {', '.join(TASKS)}")
    return found


def measure_cold(tasks: list[str], peers: list[str], runs: int) -> None:
    """Medians of ``runs`` processes; those with dlsrc's kernels follow one without, in a directory of its own."""
    from tests.benchmarks.tasks import TASKS

    ratios: dict[str, list[float]] = {}
    for task in tasks:
        by_hand = ["by hand"] if TASKS[task].by_hand is not None else []
        seconds: dict[str, list[float]] = {}
        for _ in range(runs):
            with TemporaryDirectory() as kernels:
                data = digits_in(kernels)
                for name in ("dlsrc, new machine", "dlsrc", *by_hand, *peers):
                    order = {"what": "cold", "task": task, "contender": name.split(",")[0]}
                    if (taken := in_process(order, kernels, data)) is not None:
                        seconds.setdefault(name, []).append(taken)
        found = {name: statistics.median(all_) for name, all_ in seconds.items()}
        print(f"{task:22}" + "".join(f"  {n} {s:.2f} s" for n, s in found.items()), flush=True)
        for name in ("dlsrc, new machine", "dlsrc"):
            if "jax" in found and name in found:
                ratios.setdefault(name, []).append(found[name] / found["jax"])
    for name, all_ in ratios.items():
        print(f"{name} over jax: geometric mean {report.geometric(all_):.2f}, most {max(all_):.2f}")


def measure_memory(tasks: list[str], peers: list[str]) -> None:
    for task in tasks:
        orders = {name: {"what": "memory", "task": task, "contender": name} for name in ("dlsrc", *peers)}
        found = {name: in_process(order, None, RETURNED) for name, order in orders.items()}
        line = f"{task:18}"
        for name, one in found.items():
            if one is not None:
                line += f"  {name} {one['found'] / 2**20:.2f} MB"
                if "gradient" in one:
                    line += f" (of which the gradient {one['gradient'] / 2**20:.2f})"
                if "asked" in one:
                    line += f", asked for {one['asked'] / 1024:.1f} kB, predicted {one['predicted'] / 1024:.1f};"
        print(line, flush=True)


def measure_overhead() -> None:
    pin()
    from tests.benchmarks.overhead import overheads

    for what, (found, budget) in overheads().items():
        print(f"{what:50} {found:6.2f} µs, budget {budget} µs")


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    if options.child:
        child(json.loads(options.child))
        return 0
    tasks, peers = chosen(options.names), installed(options.peers)
    if options.stored:
        show({name: result for name, result in report.stored().items() if name in tasks}, options)
    elif options.list:
        print("\n".join(tasks))
    elif options.cold:
        measure_cold(tasks, [p for p in peers if p == "jax"], options.runs)
    elif options.overhead:
        measure_overhead()
    elif options.memory:
        measure_memory(tasks, [p for p in peers if p in ("jax", "torch")])
    else:
        return measure(tasks, [] if options.gate else peers, options)
    return 0


def show(results: report.Results, options: argparse.Namespace) -> None:
    if results:
        print("\nRatios of times, dlsrc's over the other's: below 1, dlsrc is ahead.\n")
        print(report.markdown(results) if options.markdown else report.table(results))
    if options.plot:
        report.plot(results, options.plot)


def measure(tasks: list[str], peers: list[str], options: argparse.Namespace) -> int:
    results: report.Results = {}
    for task in tasks:
        order = {"what": "run", "task": task, "peers": peers, "rounds": options.rounds, "fast": not options.no_fastmath}
        with TemporaryDirectory() as kernels:
            new = in_process({"what": "first", "task": task}, kernels)
            runs = [in_process(order, kernels) for _ in range(options.runs)]
        result = report.middle([run for run in runs if run is not None])
        if result is not None and new is not None:
            result["first"]["dlsrc, new machine"] = new
            results[task] = result
            print(f"{task:18}" + "".join(f"  {n} {s * 1e6:.1f}" for n, s in result["call"].items()) + " µs")
            print(f"{'its first call':18}" + "".join(f"  {n} {s:.2f}" for n, s in result["first"].items()) + " s", flush=True)
            if options.store:
                report.store({task: result})
    show(results, options)
    complaints = report.gate(results) if options.gate else []
    if options.gate:
        print("", *complaints or ["no ratio is more than 20% worse than the one stored"], sep="\n")
    return 1 if complaints or len(results) < len(tasks) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
