"""Random programs of the language: ``python -m tests.random_programs 0 1000`` checks the seeds 0 to 999.

A program takes a vector of four, a number and an integer, and does to them what the grammar below says:
nested loops, early exits, reads and writes of elements and slices, views, swaps, helpers.  Its gradient is
compared with differences of the plain function; a refusal is counted, a wrong number or a crash printed.
"""

import importlib.util
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

import dlsrc
from dlsrc.errors import DlsrcError, InternalError
from tests.oracle import assert_close, gradient

__all__ = ["POINT", "Writer", "functions", "verdict"]

POINT = ([0.41, -0.63, 0.87, 0.22], 0.57, 2)

# Programs are not chosen to be tame: differences of some reach eight digits, of all that converge seven.
TOLERANCE = 3e-7
LARGEST = 1e4

RANGES = ("3", "2", "n", "1, 4", "3, 0, -1", "n", "0", "0, 6, 2")
SLICES = (":2", "1:3", "2:", "::2")


class Writer:
    """One random program, the same for the same seed."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.made = 0
        self.budget = self.random.randint(5, 14)
        self.scalars, self.arrays, self.integers = ["a"], ["x"], []

    def source(self, name: str) -> str:
        """The text of the function."""
        self.write(0, f"def {name}(x, a, n):")
        while self.budget > 0:
            self.budget -= 1
            self.statement(1)
        terms = [f"{s} * {self.pick(('0.5', '1.1'))}" for s in self.scalars[:6]]
        terms += [f"np.sum({v} * {v})" for v in self.arrays[:6]]
        self.write(1, f"return {' + '.join(terms)}")
        return "\n".join(self.lines) + "\n"

    def write(self, indent: int, line: str) -> None:
        self.lines.append("    " * indent + line)

    def pick(self, options):
        return self.random.choice(options)

    def name(self, letter: str) -> str:
        self.made += 1
        return f"{letter}{self.made}"

    # ------------------------------------------------------------------ expressions

    def index(self) -> str:
        options = [str(self.random.randint(0, 3)), str(self.random.randint(-4, -1))]
        if self.integers:
            options += [f"({self.pick(self.integers)} + {self.random.randint(0, 3)}) % 4"] * 2
            options.append(f"{self.pick(self.integers)} % 4")
        return self.pick(options)

    def atom(self) -> str:
        chance = self.random.random()
        if chance < 0.45:
            return self.pick(self.scalars)
        if chance < 0.9:
            return f"{self.pick(self.arrays)}[{self.index()}]"
        return self.pick(("0.5", "1.5", "-0.7"))

    def number(self, depth: int = 0) -> str:
        """An expression that is a number."""
        if depth > 2:
            return self.atom()

        def inner() -> str:
            return self.number(depth + 1)

        return self.choose(
            (25, self.atom),
            (20, lambda: f"({inner()} + {inner()})"),
            (15, lambda: f"({inner()} - {inner()})"),
            (18, lambda: f"({inner()} * {inner()}) * 0.6"),
            (10, lambda: f"{self.pick(('np.sin', 'np.tanh', 'math.cos', 'np.arctan'))}({inner()})"),
            (4, lambda: f"({inner()}) / (1.3 + ({inner()})**2)"),
            (4, lambda: f"np.sum({self.array(1)}) * 0.2"),
            (4, lambda: f"({inner()})**2 * 0.5"),
        )

    def array(self, depth: int = 0) -> str:
        """An expression that is an array of four."""
        if depth > 1:
            return self.pick(self.arrays)

        def inner() -> str:
            return self.array(depth + 1)

        def joined() -> str:
            return f"np.concatenate(({self.pick(self.arrays)}[:2], {self.pick(self.arrays)}[2:]))"

        return self.choose(
            (30, lambda: self.pick(self.arrays)),
            (20, lambda: f"({inner()} {self.pick('+-*')} {inner()})"),
            (15, lambda: f"({inner()} * {self.atom()})"),
            (10, lambda: f"np.sin({inner()})"),
            (7, lambda: f"{self.pick(self.arrays)}[::-1]"),
            (6, lambda: f"{self.pick(self.arrays)}.copy()"),
            (5, lambda: f"np.where({self.pick(self.arrays)} > 0.3, {inner()}, {inner()})"),
            (7, joined),
        )

    def condition(self) -> str:
        if self.integers and self.random.random() < 0.4:
            return f"{self.pick(self.integers)} % 2 == {self.random.randint(0, 1)}"
        return f"{self.number(1)} > {self.pick(('0.31', '-0.17', '0.77'))}"

    def choose(self, *options: tuple[int, Callable]):
        weights = [weight for weight, _ in options]
        return self.random.choices([make for _, make in options], weights)[0]()

    # ------------------------------------------------------------------ statements

    def block(self, indent: int, count: int) -> None:
        """Up to ``count`` statements; the names they make are not used after the block."""
        names = list(self.scalars), list(self.arrays), list(self.integers)
        count = min(count, self.budget)
        for _ in range(count):
            self.budget -= 1
            self.statement(indent)
        if count <= 0:
            self.write(indent, "pass")
        self.scalars, self.arrays, self.integers = names

    def statement(self, indent: int) -> None:
        compound = [(11, self.for_loop), (5, self.while_loop), (9, self.branch)] if indent < 4 else []
        self.choose(*(
            (weight, lambda make=make: make(indent)) for weight, make in (
                (14, self.assignment), (8, self.augmented), (12, self.element), (8, self.element_augmented),
                (6, self.new_array), (5, self.array_assignment), (5, self.slice), (3, self.array_augmented),
                (4, self.swap), (3, self.element_swap), (3, self.view), (2, self.early_return), (2, self.helper),
                *compound,
            )
        ))  # fmt: skip

    def assignment(self, indent: int) -> None:
        value = self.number()
        target = self.pick(self.scalars) if self.random.random() < 0.5 else self.name("s")
        self.write(indent, f"{target} = {value}")
        if target not in self.scalars:
            self.scalars.append(target)

    def augmented(self, indent: int) -> None:
        self.write(indent, f"{self.pick(self.scalars)} {self.pick(('+=', '-=', '*='))} {self.number()}")

    def element(self, indent: int) -> None:
        self.write(indent, f"{self.pick(self.arrays)}[{self.index()}] = {self.number()}")

    def element_augmented(self, indent: int) -> None:
        operator = self.pick(("+=", "-=", "*="))
        self.write(indent, f"{self.pick(self.arrays)}[{self.index()}] {operator} {self.number()}")

    def new_array(self, indent: int) -> None:
        value = self.array()
        self.arrays.append(self.name("v"))
        self.write(indent, f"{self.arrays[-1]} = {value}")

    def array_assignment(self, indent: int) -> None:
        self.write(indent, f"{self.pick(self.arrays)} = {self.array()}")

    def slice(self, indent: int) -> None:
        target = f"{self.pick(self.arrays)}[{self.pick((*SLICES, '1::2'))}]"
        source = f"{self.pick(self.arrays)}[{self.pick(SLICES)}]"
        self.write(indent, f"{target} {self.pick(('=', '+=', '*='))} {source}{self.pick((f' * {self.atom()}', '', ' + 0.1'))}")

    def array_augmented(self, indent: int) -> None:
        self.write(indent, f"{self.pick(self.arrays)} {self.pick(('+=', '*=', '-='))} {self.array(1)}")

    def swap(self, indent: int) -> None:
        p, q = self.pick(self.arrays), self.pick(self.arrays)
        self.write(indent, f"{p}, {q} = {q}, {p}")

    def element_swap(self, indent: int) -> None:
        p, i, j = self.pick(self.arrays), self.index(), self.index()
        self.write(indent, f"{p}[{i}], {p}[{j}] = {p}[{j}], {p}[{i}]")

    def view(self, indent: int) -> None:
        base = self.pick(self.arrays)
        self.arrays.append(self.name("w"))
        self.write(indent, f"{self.arrays[-1]} = {base}[::-1]")

    def early_return(self, indent: int) -> None:
        self.write(indent, f"if {self.condition()}:")
        self.write(indent + 1, f"return {self.number()}")

    def helper(self, indent: int) -> None:
        name = self.name("f")
        body = self.pick((f"return p * q + {self.pick(self.scalars)}", "return np.sin(p) * q", "p = p + q; return p * p"))
        self.write(indent, f"def {name}(p, q):")
        for line in body.split("; "):
            self.write(indent + 1, line)
        value = f"{name}({self.number(1)}, {self.number(1)})"
        self.scalars.append(self.name("s"))
        self.write(indent, f"{self.scalars[-1]} = {value}")

    def for_loop(self, indent: int) -> None:
        counter = self.name("i")
        self.write(indent, f"for {counter} in range({self.pick(RANGES)}):")
        self.integers.append(counter)
        self.block(indent + 1, self.random.randint(1, 4))
        if self.random.random() < 0.2:
            self.write(indent + 1, f"if {self.condition()}:")
            self.write(indent + 2, self.pick(("break", "continue")))
        if self.random.random() < 0.3:
            self.block(indent + 1, 1)
        self.integers.remove(counter)

    def while_loop(self, indent: int) -> None:
        counter = self.name("c")
        self.write(indent, f"{counter} = 0")
        self.write(indent, f"while {counter} < {self.random.randint(1, 4)} and {self.condition()}:")
        self.write(indent + 1, f"{counter} += 1")
        self.integers.append(counter)
        self.block(indent + 1, self.random.randint(1, 3))
        self.integers.remove(counter)

    def branch(self, indent: int) -> None:
        self.write(indent, f"if {self.condition()}:")
        self.block(indent + 1, self.random.randint(1, 3))
        if self.random.random() < 0.6:
            self.write(indent, "else:")
            self.block(indent + 1, self.random.randint(1, 3))


# ---------------------------------------------------------------------------------- running them


def functions(seeds: range, folder: Path) -> list[Callable]:
    """The programs of these seeds, written to a file and imported from it."""
    path = folder / f"programs_{seeds.start}.py"
    texts = [Writer(seed).source(f"program_{seed}") for seed in seeds]
    path.write_text("\n\n".join(["import math\n\nimport numpy as np\n", *texts]))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return [getattr(module, f"program_{seed}") for seed in seeds]


def verdict(f: Callable) -> str:
    """"right", "refused", or "skipped" where the plain function has no gradient to compare with.

    Raises
    ------
    AssertionError
        If value or gradient are wrong, or an argument was written to.
    """
    values, a, n = POINT
    try:
        value = float(f(np.array(values), a, n))
        if not abs(value) < LARGEST:
            return "skipped"
        expected = gradient(f, np.array(values), a, n, argnums=(0, 1))
    except (ArithmeticError, ValueError, IndexError):
        return "skipped"
    x = np.array(values)
    try:
        found, (dx, da) = dlsrc.value_and_grad(f, (0, 1))(x, a, n)
    except InternalError:
        raise
    except DlsrcError:
        return "refused"
    assert_close(found, value, TOLERANCE)
    assert_close(dx, expected[0], TOLERANCE)
    assert_close(da, expected[1], TOLERANCE)
    assert np.array_equal(x, values), "the argument was written to"
    return "right"


def main(first: int, last: int, chunk: int = 50) -> int:
    counts: Counter = Counter()
    folder = Path(tempfile.mkdtemp(prefix="dlsrc_programs_"))
    np.seterr(all="ignore")
    for start in range(first, last, chunk):
        for f in functions(range(start, min(start + chunk, last)), folder):
            try:
                counts[verdict(f)] += 1
            except Exception as error:  # each is reported, and the search goes on
                counts["WRONG"] += 1
                print(f"{f.__code__.co_filename}:{f.__code__.co_firstlineno} {f.__name__}: {type(error).__name__}: "
                      f"{' '.join(str(error).split())[:200]}", flush=True)
    print(dict(counts))
    return 1 if counts["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:3] or ("0", "200"))))
