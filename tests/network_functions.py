"""The README's table of functions of networks: ``python -m tests.network_functions --update``.

MATLAB's name, dlsrc's call and the axes are written by hand.  By which arguments there is a derivative, and
whether the second one is more than zero, follows from the samples of each function: `tests.layers` compares
the first and the second derivative by all these arguments with differences.
"""

import inspect
import re
import sys

import numpy as np

import dlsrc
from dlsrc.kernels.declaring.differences import copied
from dlsrc.kernels.primitive import Sample, registry
from tests.coverage import README
from tests.printed import shown_in
from tests.test_composites import is_traced

__all__ = ["by_arguments", "is_curved", "updated"]

HEAD = "| MATLAB | dlsrc | axes | derivative by | second derivative |\n|---|---|---|---|---|\n"
TABLE = re.compile(r"\| MATLAB \| dlsrc \| axes \|.*?\n(?=\n)", re.DOTALL)


def samples(name: str) -> list[Sample]:
    """The samples of a function of dlsrc's by which some derivative is asked for."""
    declared = registry[dlsrc._KERNELS[name]]
    return [case for case in declared.cases if isinstance(case, Sample) and any(map(is_traced, case.args))]


def by_arguments(name: str) -> list[str]:
    """The arguments by which there is a derivative, in the order of the signature."""
    names = list(inspect.signature(registry[dlsrc._KERNELS[name]].body).parameters)
    found = {names[k] for case in samples(name) for k, x in enumerate(case.args) if is_traced(x)}
    return [name for name in names if name in found]


def flat(y) -> np.ndarray:
    """All numbers of a result."""
    parts = y if isinstance(y, tuple | list) else [y]
    return np.concatenate([np.ravel(np.asarray(part, float)) for part in parts])


def moved(x, h: float, place: int):
    """The argument a step on, in a direction of its own."""
    if isinstance(x, tuple | list):
        return type(x)(moved(item, h, place) for item in x)
    return x + h * np.cos((1 + place) * np.arange(np.size(x)) + 0.5 + place).reshape(np.shape(x))


def is_curved(name: str) -> bool:
    """Whether the results are not linear in all these arguments together, near some sample."""
    function = registry[dlsrc._KERNELS[name]]
    call = getattr(dlsrc, name)
    for case in samples(name):
        if "float32" in str([getattr(x, "dtype", "") for x in case.args]):
            continue
        h = 1e-4

        def at(step, case=case):
            args = [moved(x, step, k) if is_traced(x) else x for k, x in enumerate(copied(case.args))]
            return flat(call(*args, **case.static))

        bend = np.abs(at(h) - 2 * at(0.0) + at(-h)).max(initial=0.0) / h**2
        if bend > 1e-5 * (1 + np.abs(at(0.0)).max(initial=0.0)):
            return True
    return False


def cells(names: list[str]) -> tuple[str, str]:
    """The two columns of functions that share a row."""
    firsts = [", ".join(f"`{argument}`" for argument in by_arguments(name)) for name in names]
    seconds = ["yes" if is_curved(name) else "zero" for name in names]
    return tuple(
        column[0] if len(set(column)) == 1 else "; ".join(f"{name}: {cell}" for name, cell in zip(names, column))
        for column in (firsts, seconds)
    )


def updated(text: str) -> str:
    """The README with today's columns."""

    def rows(match: re.Match) -> str:
        made = [HEAD]
        for line in match[0].splitlines()[2:]:
            hand = line.strip("| ").split(" | ")[:3]
            names = re.findall(r"`(\w+)\(", hand[1])
            made.append(f"| {' | '.join([*hand, *cells(names)])} |\n")
        return "".join(made)

    return TABLE.sub(rows, text, count=1)


if __name__ == "__main__":
    sys.exit(shown_in(README, updated, "another table", "tests.network_functions"))
