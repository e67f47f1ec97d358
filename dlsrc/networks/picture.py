"""The picture that `plot` draws: layers from top to bottom, each below those it is computed from.

A way that goes past layers has a place of its own beside each of them (Sugiyama, Tagawa and Toda, *IEEE
Transactions on Systems, Man and Cybernetics* 11, 1981), so that no line runs through a box.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from ..formats import shown
from ..lazy import optional
from .plan import Plan, short_name

__all__ = ["drawn", "places"]

WIDTH, HEIGHT, GAP, ROW = 4.2, 0.86, 0.5, 1.46  # of a box, between boxes side by side, from row to row

# The fill and the edge of a box, by the file in which the class of the layer is.
COLOURS = {
    "inputs": ("#eceff4", "#7b8496"),
    "weighted": ("#dbe9fb", "#2f6fc4"),
    "normalizing": ("#e8e0f7", "#7a52c7"),
    "activating": ("#fdeccf", "#d08a1c"),
    "windows": ("#d9f0e3", "#2e9463"),
    "joining": ("#d6eff2", "#23899a"),
    "remembering": ("#fbdcdc", "#cc4646"),
    "attending": ("#fadcec", "#c3468a"),
    "dropping": ("#f3f0e6", "#9a9176"),
}
OWN = ("#ffffff", "#333333")

Node = tuple[str, int]  # a layer and its row; or ("source>target", row), where a way goes past a row


def _rows(plan: Plan) -> tuple[list[list[Node]], list[tuple[Node, Node]]]:
    """What stands in each row, and the pieces of ways from one row to the next."""
    depth = {"input": 0} if plan.begins_openly else {}
    for step in plan.steps:
        depth[step.name] = max((depth[name] + 1 for name in step.inputs), default=0)
    rows: list[list[Node]] = [[] for _ in range(max(depth.values()) + 1)]
    for name, row in depth.items():
        rows[row].append((name, row))
    pieces = []
    for step in plan.steps:
        for k, source in enumerate(step.inputs):
            way = f"{source}>{step.name}>{k}"
            chain = [(source, depth[source])]
            chain += [(way, row) for row in range(depth[source] + 1, depth[step.name])]
            for node in chain[1:]:
                rows[node[1]].append(node)
            chain.append((step.name, depth[step.name]))
            pieces += list(pairwise(chain))
    return rows, pieces


def _apart(wanted: list[float], widths: list[float]) -> list[float]:
    """The places nearest to those wanted, in the same order, at which nothing overlaps.

    >>> _apart([0.0, 0.0], [1.0, 1.0]), _apart([0.0, 9.0], [1.0, 1.0])
    ([-0.75, 0.75], [0.0, 9.0])
    """
    offsets = [0.0]
    for a, b in pairwise(widths):
        offsets.append(offsets[-1] + (a + b) / 2 + GAP)
    blocks: list[list[float]] = []  # mean, count: what stands as close as it may
    for x, offset in zip(wanted, offsets, strict=True):
        blocks.append([x - offset, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    starts = [mean for mean, count in blocks for _ in range(int(count))]
    return [float(start + offset) for start, offset in zip(starts, offsets, strict=True)]


def places(plan: Plan) -> tuple[dict[Node, float], list[tuple[Node, Node]]]:
    """The place of everything in its row, and the pieces of ways."""
    rows, pieces = _rows(plan)
    above: dict[Node, list[Node]] = {node: [] for row in rows for node in row}
    below: dict[Node, list[Node]] = {node: [] for row in rows for node in row}
    for source, target in pieces:
        above[target].append(source)
        below[source].append(target)
    names = {step.name for step in plan.steps} | {"input"}
    width = {node: WIDTH if node[0] in names else 0.2 for node in above}
    x: dict[Node, float] = {}
    for row in rows:  # ways that go past stand to the right of the layers of their row at first
        row.sort(key=lambda node: width[node] < WIDTH)
        wanted = _apart([0.0] * len(row), [width[node] for node in row])
        x.update({node: place for node, place in zip(row, wanted, strict=True)})
    for sweep in range(24):
        near, order = (above, rows) if sweep % 2 == 0 else (below, rows[::-1])
        for row in order:
            means = {node: float(np.mean([x[other] for other in near[node]] or [x[node]])) for node in row}
            row.sort(key=lambda node: (means[node], x[node]))
            placed = _apart([means[node] for node in row], [width[node] for node in row])
            x.update({node: place for node, place in zip(row, placed, strict=True)})
    return x, pieces


def drawn(net: Any, path: Any, ax: Any) -> Any:
    """The Axes that a network was drawn into; written to a file where one is named."""
    x, pieces = places(net.plan)
    steps = {step.name: step for step in net.plan.steps}
    left, right = min(x.values()) - WIDTH / 2, max(x.values()) + WIDTH / 2
    rows = 1 + max(row for _, row in x)
    size = (0.62 * (right - left) + 0.4, 0.62 * ROW * rows + 0.2)
    if ax is None and path is not None:
        figure = optional("matplotlib.figure", "plot").Figure(figsize=size, layout="constrained")
        ax = figure.subplots()
    elif ax is None:
        ax = optional("matplotlib.pyplot", "plot").subplots(figsize=size, layout="constrained")[1]
    _draw_ways(ax, pieces, x, {*steps, "input"}, 0.22 if net.plan.begins_openly else HEIGHT / 2)
    layouts = dict(net.plan.layouts or ())
    for node, place in x.items():
        if node[0] in steps:
            learned = sum(np.size(p) for p in net.learnables.get(node[0], {}).values())
            _draw_layer(ax, steps[node[0]], place, -ROW * node[1], layouts.get(node[0]), learned)
        elif node[0] == "input":
            words = _size(layouts.get("input")) or "input"
            ax.text(place, -ROW * node[1], words, ha="center", va="center", fontsize=8, color="#5c6370")
    ax.set(xlim=(left - 0.2, right + 0.2), ylim=(-ROW * (rows - 1) - HEIGHT / 2 - 0.2, HEIGHT / 2 + 0.2))
    ax.set_aspect("equal")
    ax.axis("off")
    if path is not None:
        ax.figure.savefig(path, dpi=160, facecolor="white")
    return ax


def _draw_ways(
    ax: Any, pieces: list[tuple[Node, Node]], x: dict[Node, float], names: set[str], first: float
) -> None:
    """The lines, upright where they pass a row and bent between rows; arrows that meet stand apart."""
    patches, paths = optional("matplotlib.patches", "plot"), optional("matplotlib.path", "plot")
    arriving: dict[Node, list[int]] = {}
    for k in sorted(range(len(pieces)), key=lambda k: x[pieces[k][0]]):
        arriving.setdefault(pieces[k][1], []).append(k)
    for k, (source, target) in enumerate(pieces):
        beside = arriving[target]
        arrives = target[0] in names
        top = -ROW * source[1] - (first if source[0] == "input" else HEIGHT / 2)
        foot = -ROW * target[1] + HEIGHT / 2
        apart = min(0.5, WIDTH / 2 / len(beside)) if arrives else 0.0
        end = x[target] + apart * (beside.index(k) - (len(beside) - 1) / 2)
        line = [(x[source], top), (x[source], (top + foot) / 2), (end, (top + foot) / 2), (end, foot)]
        if not arrives:
            line.append((end, foot - HEIGHT))
        ax.add_patch(
            patches.FancyArrowPatch(
                path=paths.Path(line, [1, 4, 4, 4, 2][: len(line)]), arrowstyle="-|>" if arrives else "-",
                mutation_scale=9, color="#8a93a3", linewidth=1.1, shrinkA=0, shrinkB=0, joinstyle="round",
                capstyle="round",
            )
        )  # fmt: skip


def _size(layout: Any) -> str:
    return shown(*layout).replace(" x ", " \N{MULTIPLICATION SIGN} ") if layout else ""


def _draw_layer(ax: Any, step: Any, x: float, y: float, layout: Any, learned: int) -> None:
    """A box: the name, the kind if the name does not say it, the size of the output, how much is learned."""
    patches = optional("matplotlib.patches", "plot")
    package, _, module = type(step.layer).__module__.rpartition(".")
    fill, edge = COLOURS.get(module, OWN) if package == __package__ else OWN
    ax.add_patch(
        patches.FancyBboxPatch(
            (x - WIDTH / 2 + 0.12, y - HEIGHT / 2 + 0.12), WIDTH - 0.24, HEIGHT - 0.24,
            boxstyle="round,pad=0.12,rounding_size=0.16", facecolor=fill, edgecolor=edge, linewidth=1.1,
        )
    )  # fmt: skip
    kind = short_name(type(step.layer).__name__)
    words = "" if step.name.startswith(kind) else kind.replace("_", " ")
    start, end = x - WIDTH / 2 + 0.2, x + WIDTH / 2 - 0.2
    upper, lower = y + 0.17, y - 0.19
    ax.text(start, upper, step.name, ha="left", va="center", fontsize=9, weight="bold", color="#20242c")
    ax.text(end, upper, words, ha="right", va="center", fontsize=7.5, color=edge)
    ax.text(start, lower, _size(layout), ha="left", va="center", fontsize=7.5, color="#5c6370")
    if learned:
        ax.text(end, lower, f"{learned:,}", ha="right", va="center", fontsize=7.5, color="#5c6370")
