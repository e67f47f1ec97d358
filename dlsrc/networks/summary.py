"""The table that `summary` gives."""

from typing import Any

from ..formats import shown
from .parameters import as_table

__all__ = ["summary_of"]


def summary_of(net: Any) -> str:
    """Layers in the order in which they are computed: class, inputs, size of the output, learnables."""
    layouts = dict(net.plan.layouts or ())
    rows, total = [], 0
    for step in net.plan.steps:
        learned = sum(x.size for x in net.learnables.get(step.name, {}).values())
        total += learned
        size = shown(*layouts[step.name]) if step.name in layouts else "not initialized"
        kind = type(step.layer).__name__
        rows.append((step.name, kind, ", ".join(step.inputs), size, f"{learned}"))
    head = ("Layer", "Kind", "Inputs", "Output", "Learnables")
    return as_table(head, [*rows, ("total", "", "", "", f"{total}")])
