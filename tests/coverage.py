"""The README's table of functions, generated from the registry: ``python -m tests.coverage --update``.

One row a family of functions with the same state and note; the families with a rule are the files of
``dlsrc/kernels/``.
"""

import re
import sys
from pathlib import Path

import scipy.linalg  # noqa: F401  modules that are walked
import scipy.special  # noqa: F401
import scipy.stats  # noqa: F401

from dlsrc import kernels
from dlsrc.kernels.declaring.coverage import MODULES, STATES, declared_for, note_of, public, state_of
from tests.printed import shown_in

__all__ = ["README", "rows", "table", "updated"]

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- functions: python -m tests.coverage --update -->\n).*?(<!-- end -->)", re.DOTALL)
SHORT = {"numpy": "np.", "numpy.linalg": "np.linalg.", "numpy.fft": "np.fft.", "scipy.linalg": "linalg.", "scipy.special": "special.", "scipy.stats": "stats.",
         "ndarray": "."}  # fmt: skip
FAMILIES = {family.__name__.rpartition(".")[2]: family for family in kernels.families}


def rows() -> list[tuple[str, str, str]]:
    """(function, state, note) of every public function: ``("numpy.sin", "rule", "trigonometry")``."""
    found = []
    for module in MODULES:
        for name in public(module):
            path = f"{module}.{name}"
            declared = declared_for(path)
            note = note_of(path) if declared is None else declared.body.__module__.rpartition(".")[2]
            found.append((path, state_of(path), note))
    return found


def table() -> str:
    """The rows in Markdown, functions with the same state and note in one line."""
    groups: dict[tuple[int, str], list[str]] = {}
    for path, state, note in rows():
        groups.setdefault((STATES.index(state), note), []).append(path)
    lines = ["| functions | | note |", "|---|---|---|"]
    for (state, note), paths in sorted(groups.items(), key=lambda item: item[0]):
        title = note.replace("_", " ") if note in FAMILIES else note
        lines.append(f"| {names(paths)} | {STATES[state]} | {title} |")
    return "\n".join(lines) + "\n"


def module_of(path: str) -> str:
    """The module of a row: ``"scipy.stats"`` of ``"scipy.stats.norm.pdf"``."""
    return "scipy.stats" if path.startswith("scipy.stats.") else path.rpartition(".")[0]


def names(paths: list[str]) -> str:
    """Functions by module: ``np.`` `sin` `cos`, then the methods of arrays."""
    parts = []
    for module in MODULES:
        of = [path.removeprefix(f"{module}.") for path in paths if module_of(path) == module]
        if of:
            parts.append(f"{SHORT[module]} " + " ".join(f"`{name}`" for name in of))
    return "; ".join(parts)


def updated(text: str) -> str:
    """The README with today's table."""
    made = table()
    return BLOCK.sub(lambda match: f"{match[1]}{made}{match[2]}", text)


if __name__ == "__main__":
    sys.exit(shown_in(README, updated, "another table of functions", "tests.coverage"))
