"""The README's table of conventions at kinks: each row is run, backwards, forwards and a second time."""

import importlib.util
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from dlsrc import grad, hessian, jacfwd

README = Path(__file__).parent.parent / "README.md"
HEAD = """import math
import numpy as np
from scipy.special import entr, xlogy
from dlsrc import logsumexp, relu
"""
ROW = re.compile(r"\| `(?P<expression>[^`]+)` \| `(?P<at>[^`]+)` \| `(?P<first>[^`]+)` \| (`(?P<second>[^`]+)`)? ?\|")


def rows():
    text = README.read_text()
    table = text[text.index("## Conventions at kinks"): text.index("## Speed")]
    found = [m.groupdict() for line in table.splitlines() if (m := ROW.fullmatch(line))]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    assert len(found) == len(lines), "a row that is not read"
    return found


def numbers(text):
    """``1.0, [0.0, inf]`` → what is written, NumPy scalars and arrays."""
    parts = eval(f"({text},)", {"inf": np.inf, "nan": np.nan})
    return tuple(np.array(p) if isinstance(p, list) else np.float64(p) for p in parts)


ROWS = rows()
IDS = [f"{row['expression']} at {row['at']}" for row in ROWS]


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """Each row's function, in a file: a derivative is made of source."""
    path = tmp_path_factory.mktemp("kinks") / "rows_of_kinks.py"
    text = HEAD
    for k, row in enumerate(ROWS):
        names = "xy"[: len(numbers(row["at"]))]
        text += f"\n\ndef row_{k}({', '.join(names)}):\n    return {row['expression']}\n"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("rows_of_kinks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [getattr(module, f"row_{k}") for k in range(len(ROWS))]


def examine(f, row, second=True):
    at, first = numbers(row["at"]), numbers(row["first"])
    by = tuple(range(len(at)))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for derivative in (grad, jacfwd):
            for found, expected in zip(derivative(f, by)(*at), first, strict=True):
                assert np.array_equal(found, expected, equal_nan=True), f"{derivative.__name__}: {found}, not {expected}"
        if row["second"] and second:
            expected = numbers(row["second"])[0]
            for blocks in hessian(f, by)(*at):
                for block in blocks:
                    full = np.full(np.shape(block), expected)
                    assert np.array_equal(block, full, equal_nan=True), f"second: {block}, not {expected}"


@pytest.mark.parametrize("k", range(len(ROWS)), ids=IDS)
def test_each_row_of_the_table(k, functions):
    examine(functions[k], ROWS[k])


COMPILED = ["np.abs(x)", "np.max(x)", "np.linalg.norm(x)", "x**y", "np.where(x > 0, np.log(x), 0.0)", "np.std(x)"]


@pytest.mark.compiled
def test_rows_compiled(functions):
    for f, row in zip(functions, ROWS, strict=True):
        if row["expression"] in COMPILED:
            examine(f, row, second=row["expression"] == "np.linalg.norm(x)")


def test_the_table_has_what_users_ask_for():
    """The points at which other tools were wrong, or silent (TRAPS, T7)."""
    told = " ".join(row["expression"] for row in ROWS)
    for name in (
        "abs", "relu", "sign", "maximum", "max(", "sort", "median", "clip", "norm", "hypot", "sqrt", "log", "**0", "x**y",
        "arccos", "xlogy", "logaddexp", "logsumexp", "where", "if x > 0", "nansum", "round", "interp", "std",
    ):  # fmt: skip
        assert name in told, name
    assert len(ROWS) >= 50
