"""The table of ratios, for a terminal, as Markdown, as a picture; and what was stored of an earlier run."""

import json
import math
import statistics
from pathlib import Path
from typing import Any

__all__ = ["Results", "gate", "markdown", "middle", "plot", "ratios", "stored", "table"]

Results = dict[str, dict[str, Any]]  # task to what `run` gave

STORED = Path(__file__).with_name("stored.json")
COLUMNS = (
    ("by hand", "dlsrc", "by hand"), ("fastmath", "dlsrc, fastmath", "by hand, fastmath"),
    ("primal", "dlsrc", "primal"), ("hand/primal", "by hand", "primal"),
    ("jax", "dlsrc", "jax"), ("torch", "dlsrc", "torch"), ("autograd", "dlsrc", "autograd"),
    ("casadi", "dlsrc", "casadi"),
)  # fmt: skip


def ratios(result: dict[str, Any]) -> dict[str, float]:
    """Time of the second over that of the third, for each column both are there for."""
    call = result["call"]
    return {title: call[ours] / call[theirs] for title, ours, theirs in COLUMNS if ours in call and theirs in call}


def span(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def middle(runs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The medians of what several runs of a task gave, for each contender; None of no runs."""
    if not runs:
        return None
    return {
        what: {name: statistics.median(run[what][name] for run in runs) for name in runs[0][what]}
        for what in runs[0]
    }


def rows(results: Results) -> list[list[str]]:
    found = [["task", "dlsrc", *(title for title, _, _ in COLUMNS), "compile", "compile/primal", "new machine"]]
    for name, result in results.items():
        quotients, first = ratios(result), result["first"]
        cells = [f"{quotients[t]:.2f}" if t in quotients else "" for t, _, _ in COLUMNS]
        beside = f"{first['dlsrc'] / first['primal']:.1f}" if "primal" in first else ""
        new = first["dlsrc, new machine"]
        found.append([name, span(result["call"]["dlsrc"]), *cells, f"{first['dlsrc']:.2f} s", beside, f"{new:.2f} s"])
    return found


def table(results: Results) -> str:
    """Aligned columns; a ratio is dlsrc's time over the other's, so below 1 dlsrc is ahead."""
    lines = rows(results)
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    )


def markdown(results: Results) -> str:
    head, *body = rows(results)
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plot(results: Results, path: Path) -> None:
    """A dot for each contender, a row a task that has one, on a logarithmic axis of adjoints by hand."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    results = {name: result for name, result in results.items() if "by hand" in result["call"]}
    figure, axes = plt.subplots(figsize=(8, 0.36 * len(results) + 1.4), layout="constrained")
    names = ("dlsrc", "jax", "torch", "autograd", "casadi")
    for name, marker in zip(names, "o^sDv", strict=True):
        points = [
            (result["call"][name] / result["call"]["by hand"], row)
            for row, result in enumerate(results.values()) if name in result["call"]
        ]  # fmt: skip
        if points:
            size = 60 if name == "dlsrc" else 28
            axes.scatter(*zip(*points, strict=True), marker=marker, s=size, label=name, zorder=3 if name == "dlsrc" else 2)
    axes.axvline(1.0, color="0.6", linewidth=1)
    axes.set(xscale="log", xlabel="time of value and gradient, in adjoints written by hand", yticks=range(len(results)))
    axes.set_yticklabels(list(results))
    axes.invert_yaxis()
    axes.grid(axis="x", color="0.9")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(names), frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=150)


def geometric(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def store(results: Results) -> None:
    """Keep what was measured, beside what is stored of other tasks."""
    STORED.write_text(json.dumps({**stored(), **results}, indent=1, ensure_ascii=False) + "\n")


def stored() -> Results:
    return json.loads(STORED.read_text()) if STORED.exists() else {}


def gate(results: Results, slack: float = 0.2) -> list[str]:
    """Which ratios to the adjoint by hand and to the primal are worse than the stored ones by more than ``slack``."""
    before, found = stored(), []
    if not before:
        return [f"nothing is stored: run with --store first ({STORED})"]
    for name, result in results.items():
        now, then = ratios(result), ratios(before[name]) if name in before else {}
        for title in ("by hand", "primal"):
            if title in then and title in now and now[title] > then[title] * (1 + slack):
                found.append(f"{name}: {title} {now[title]:.2f}, stored {then[title]:.2f}")
    return found
