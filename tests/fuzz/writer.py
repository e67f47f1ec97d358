"""One random program for each seed, by the grammar in ``tables``: always the same text for the same seed."""

import ast
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fuzz.tables import (
    ALWAYS, ARRAY_TABLE, BLOCKS, CLOSURES, HELPERS, LOOP_TABLE, SHAPES, STATEMENT_TABLE, TABLES, TARGETS,
)

__all__ = ["PRODUCTIONS", "Writer", "program", "productions"]

CONTROL = [
    "if", "elif", "else", "while", "else of a loop", "counter of the loop around", "break", "continue",
    "early return", "raise", "function inside", "closures", "out of range",
]
EXPRESSIONS = [t for table in (*TABLES.values(), *ARRAY_TABLE.values()) for t in table]
PRODUCTIONS = list(dict.fromkeys([*CONTROL, *STATEMENT_TABLE, *BLOCKS, *LOOP_TABLE, *EXPRESSIONS]))
# The entries for arrays of one kind only.
SHAPED = {kind: sum("<same>" not in t for t in table) for kind, table in ARRAY_TABLE.items()}
# They need a name of their own kind: a program that prefers one begins with such a name.
RARE = [t for t in (*STATEMENT_TABLE, *BLOCKS, *LOOP_TABLE) if re.search("<(List|Dict|Both|Same|Z|Y2|F2|name:[EGKW])>", t)]
# Another list under one name is refused at the end of a branch or loop: seldom there.
REBOUND = "<List> = [<List>[1], <f>]"
FIRST = {"W": "A[:, 2]", "L": "[p, 0.3]", "D": '{"u": p, "w": x[1:4] * 1.0}', "K": '{"a": x * 1.0, "b": A[:, 1] * 1.0}',
         "E": "[x * 1.0, y, np.sin(x)]", "G": "[p * j for j in range(5)]"}
NEEDS = {"Z": "W", "name:W": "W", "List": "L", "Dict": "D", "Both": "K", "Same": "E", "name:E": "E", "name:G": "G", "name:K": "K"}


class Missing(Exception):
    """There is no name of the kind that a statement needs."""


def grouped(expression: str) -> str:
    """The expression in parentheses, unless it binds tightly."""
    tree = ast.parse(expression, mode="eval").body
    tight = isinstance(tree, ast.Name | ast.Constant | ast.Call | ast.Subscript)
    return expression if tight else f"({expression})"


class Writer:
    """Writes one program; the same for the same seed."""

    def __init__(self, seed: int, size: int, gradients: bool):
        self.rng = random.Random(seed)
        self.gradients = gradients
        self.kinds = {"x": "V", "A": "M", "p": "f", "n": "i"}
        self.fixed = {"n", "x", "A", "t"} if gradients else {"n"}
        self.budget = size
        self.lines: list[str] = []
        self.level = 1
        self.loops = 0
        self.count = 0
        self.asked = 0
        self.counters: list[str] = []
        self.new = ""
        self.used: set[str] = set()
        # Rare productions that this program prefers, so that all pairs come up.
        self.wanted = [*self.rng.sample(RARE, 5), *self.rng.sample(LOOP_TABLE, 3)]

    # ------------------------------------------------------------------ names and lines

    def emit(self, text: str) -> None:
        self.lines += ["    " * self.level + line for line in text.split("\n")]

    def named(self, kinds: str, *, writable: bool = False) -> str:
        found = [n for n, k in self.kinds.items() if k in kinds and not (writable and n in self.fixed)]
        if not found:
            raise Missing
        return self.rng.choice(found)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Names born inside are mostly forgotten after it."""
        self.emit(head)
        self.level += 1
        start, before = len(self.lines), set(self.kinds)
        yield
        if len(self.lines) == start:
            self.emit("pass")
        self.level -= 1
        for name in [n for n in self.kinds if n not in before]:
            if self.rng.random() < 0.9:
                del self.kinds[name]

    # ------------------------------------------------------------------ expressions

    def fill(self, template: str, depth: int, shape: str = "") -> str:
        """A template with its holes filled; ``new`` is then the name that it gives its first value."""
        kept: dict[str, str] = {}

        def bound(name: str) -> str:
            if name not in kept:
                kept[name] = self.target(name)
                if list(kept.values()).count(kept[name]) > 1:
                    raise Missing
            return kept[name]

        def hole(match: re.Match) -> str:
            name = match.group(1)
            if name in TARGETS or name in ("new", "At", "At2"):
                return bound(name)
            if name == "same":
                return self.expression(shape or self.kinds[bound("X")], depth)
            return self.expression(name, depth)

        made = re.sub(r"<([\w:]+)>", hole, template)
        self.new = kept.get("new", "")
        return made

    def target(self, name: str) -> str:
        if name == "new":
            self.count += 1
            return f"v{self.count}"
        return self.place(writable=True) if name in ("At", "At2") else self.named(TARGETS[name], writable=True)

    def place(self, *, writable: bool = False) -> str:
        name = self.named("VWM", writable=writable)
        at = []
        for n in SHAPES[self.kinds[name]]:
            literal = self.rng.random() >= 0.5
            wild = self.rng.random() < 0.02  # now and then it is out of range
            rest = "" if wild else f" % {n}"
            if wild and not literal:
                self.used.add("out of range")
            at.append(str(self.rng.randint(-n, n - 1)) if literal else f"{self.expression('i', 1)}{rest}")
        return f"{name}[{', '.join(at)}]"

    def expression(self, kind: str, depth: int) -> str:
        rng = self.rng
        if kind.startswith("name:"):
            return self.named(kind[5:])
        match kind:
            case "k":
                return str(rng.randint(0, 4))
            case "step":
                return str(rng.randint(1, 3))
            case "edge":
                return rng.choice(["-0.31", "0.113", "0.377", "0.77"])
            case "int":
                return self.named("i")
            case "flag":
                return self.named("c") if "c" in self.kinds.values() else "p > 0.5"
            case "mask" | "order":
                found = kind[0]
                return self.named(found) if found in self.kinds.values() else ALWAYS[found]
            case "leaf":
                return self.leaf()
            case "f" if depth <= 0 or rng.random() < 0.15:
                return self.leaf()
            case "c" | "i" | "f":
                table = TABLES[kind] if depth > 0 else TABLES[kind][:4]
                return grouped(self.fill(self.picked(table), depth - 1))
        if depth <= 0 or rng.random() < 0.3:
            return self.named(kind) if kind in self.kinds.values() else ALWAYS[kind]
        return grouped(self.fill(self.picked(ARRAY_TABLE[kind]), depth - 1, kind))

    def picked(self, table: list[str]) -> str:
        """An entry of a table, noted as used."""
        found = self.rng.choice(table)
        self.used.add(found)
        return found

    def leaf(self) -> str:
        choice = self.rng.random()
        containers = [n for n, k in self.kinds.items() if k in "LTDPGHEK"]
        if choice < 0.45:
            return self.named("f")
        if choice < 0.8 or not containers:
            return self.place()
        if choice < 0.9:
            name = self.rng.choice(containers)
            match self.kinds[name]:
                case "P":
                    return f"{name}.u"
                case "D":
                    return f'{name}["u"]'
                case "K":
                    return f'{name}["a"][{self.rng.randint(-5, 4)}]'
                case "G":
                    return f"{name}[{self.item(5)}]"
                case "H":
                    return f"(0.3 * sum({name}))"
                case "E":
                    return f"np.mean({name}[{self.item(3)}])"
            return f"{name}[{self.rng.randint(0, 1)}]"
        if choice < 0.95:
            return self.rng.choice(["0.3", "-0.45", "1.2"])
        return f"0.1 * {self.expression('i', 1)}"

    def item(self, count: int) -> str:
        """The number of an item of a list: a literal, or computed."""
        if self.rng.random() < 0.6:
            return str(self.rng.randint(-count, count - 1))
        return f"{self.expression('i', 1)} % {count}"

    # ------------------------------------------------------------------ statements

    def statements(self, most: int) -> None:
        for _ in range(self.rng.randint(1, most)):
            self.statement()

    def statement(self) -> None:
        self.budget -= 1
        choice = self.rng.random() if self.budget > 0 else 1.0
        if self.gradients and self.rng.random() < 0.16:
            self.gradient()
        elif choice < 0.16 and self.level < 5:
            self.branch()
        elif choice < 0.34 and self.loops < 3 and self.level < 5:
            self.loop()
        elif choice < 0.42 and self.loops:
            self.jump()
        elif choice < 0.45:
            self.function()
        else:
            self.plain()

    def line_of(self, table: list[str], tries: int = 10**6) -> tuple[str, str, str]:
        """A line of a table, the name that it gives a value to, and that value's kind."""
        for _ in range(tries):
            entry = self.rng.choice(table)
            if entry == REBOUND and self.level > 1 and self.rng.random() < 0.9:
                continue
            template, kind = re.fullmatch(r"(.*?)(?: =(\w))?", entry, re.DOTALL).groups()
            try:
                line = self.fill(template, 2)
            except Missing:
                continue
            self.used.add(entry)
            return line, self.new, kind
        raise Missing

    def plain(self) -> None:
        choice = self.rng.random()
        wanted = [t for t in self.wanted if t not in LOOP_TABLE]
        table = wanted if wanted and choice < 0.3 else BLOCKS if choice > 0.88 else STATEMENT_TABLE
        try:
            line, name, kind = self.line_of(table, 20)
        except Missing:
            line, name, kind = self.line_of(STATEMENT_TABLE)
        self.emit(line)
        if kind:
            self.kinds[name] = kind

    def branch(self) -> None:
        self.used.add("if")
        with self.block(f"if {self.expression('c', 2)}:"):
            self.statements(3)
        if self.rng.random() < 0.3:
            self.used.add("elif")
            with self.block(f"elif {self.expression('c', 2)}:"):
                self.statements(2)
        if self.rng.random() < 0.6:
            self.used.add("else")
            with self.block("else:"):
                self.statements(3)

    def jump(self) -> None:
        with self.block(f"if {self.expression('c', 1)}:"):
            if self.rng.random() < 0.4:
                self.plain()
            ways = ["break", "break", "break", "continue", "continue", "continue", f"return {self.result()}"]
            way = self.rng.choice([*ways, f"return {self.result()}", 'raise ValueError("stop")'])
            self.used.add({"r": "early return" if way[2] == "t" else "raise"}.get(way[0], way))
            self.emit(way)

    def function(self) -> None:
        """A function of the user's own inside the function, which sees its names, and a call of it."""
        self.count += 1
        self.used.add("function inside")
        name, seen = f"g{self.count}", self.named("f")
        bodies = (
            [f"return np.sin(p) * q + {seen}"], ["p = p + q", "return p * np.tanh(p)"],
            ["if p > q:", "    return 0.5 * p", f"return np.sin(q * {seen})"],
            ["for s in range(2):", "    p = 0.6 * p + q", "return p"], [f"x = q + {seen}", "return 0.3 * x"],
        )
        self.emit(f"def {name}(p, q=0.4):")
        for line in self.rng.choice(bodies):
            self.emit(f"    {line}")
        given = ", ".join(self.expression("f", 1) for _ in range(self.rng.randint(1, 2)))
        self.count += 1
        self.emit(f"v{self.count} = {name}({given})")
        self.kinds[f"v{self.count}"] = "f"

    def loop(self) -> None:
        if self.rng.random() < 0.3:
            self.count += 1
            self.used.add("while")
            name, kind, count = f"k{self.count}", "i", self.rng.randint(0, 4)
            self.emit(f"{name} = 0")
            more = f" and {self.expression('c', 1)}" if self.rng.random() < 0.5 else ""
            head, first = f"while {name} < {count}{more}:", f"{name} += 1"
        else:
            wanted = [t for t in self.wanted if t in LOOP_TABLE]
            try:
                (head, name, kind), first = self.line_of(wanted if self.rng.random() < 0.7 else [], 20), ""
            except (Missing, IndexError):
                (head, name, kind), first = self.line_of(LOOP_TABLE), ""
            counters = [c for c in self.counters if self.kinds.get(c) == kind]
            if counters and self.rng.random() < 0.4:  # the counter of the loop around, once more
                other = self.rng.choice(counters)
                self.used.add("counter of the loop around")
                head, name = re.sub(rf"\b{name}\b", other, head), other
            self.counters.append(name)
        outer = self.kinds.get(name)
        self.kinds[name] = kind
        self.fixed.add(name)
        self.loops += 1
        with self.block(head):
            if first:
                self.emit(first)
            self.statements(4)
        self.loops -= 1
        if not first:
            self.counters.remove(name)
            if outer is None:
                self.kinds.pop(name, None)
        if self.rng.random() < 0.12:
            self.used.add("else of a loop")
            with self.block("else:"):
                self.statements(2)

    def gradient(self) -> None:
        """A loss of its own; losses and gradients add up under names that nothing else reads."""
        self.count += 1
        self.asked += 1
        loss, weight = f"v{self.count}", self.rng.choice(["0.5", "0.7", "-1.3"])
        self.emit(f"{loss} = {self.expression('f', 2)} + {self.named('f')}")
        targets = self.rng.sample("xAt", self.rng.randint(1, 3))
        self.emit(f"{', '.join('d' + t for t in targets)} = dlgradient({loss}, {', '.join(targets)})")
        for t in targets:
            self.emit(f"loss_{t}, by_{t} = loss_{t} + {weight} * {loss}, by_{t} + {weight} * d{t}")
        if self.rng.random() < 0.3:
            # By an array that was written to, or a view: nothing to compare with, but it must not fail.
            self.emit(f"by_other = dlgradient({loss}, {self.named('VWM')})")
        self.kinds[loss] = "f"

    # ------------------------------------------------------------------ the whole

    def result(self) -> str:
        everything = "(loss_x, loss_A, loss_t), (by_x, by_A, by_t)"
        return everything if self.gradients else self.expression("f", 2)

    def program(self) -> str:
        """The text of the program."""
        self.emit("s = 0.2")
        self.emit(self.rng.choice(["y = x.copy()", "y = np.sin(x)", "y = x * p", "y = np.zeros(5)"]))
        self.emit("B = A * 0.5")
        self.kinds |= {"s": "f", "y": "V", "B": "M"}
        if self.gradients:
            self.emit("loss_x = loss_A = loss_t = 0.0")
            self.emit("by_x, by_A, by_t = np.zeros(5), np.zeros((3, 4)), np.zeros(5)")
            self.emit("t = np.tanh(y) + x + z")
            self.kinds["t"] = "V"
        if self.rng.random() < 0.25:
            self.lines += CLOSURES.strip("\n").splitlines()
            self.emit("s = local(s) + bump(p)")
            self.kinds["total"] = "f"
            self.used.add("closures")
        for template in self.wanted:
            needed = {NEEDS[h] for h in re.findall(r"<([\w:]+)>", template) if h in NEEDS}
            for kind in sorted(needed - set(self.kinds.values())):
                self.count += 1
                self.emit(f"v{self.count} = {FIRST[kind]}")
                self.kinds[f"v{self.count}"] = kind
        if REBOUND in self.wanted:
            line, _, _ = self.line_of([REBOUND])
            self.emit(line)
        for kind in self.rng.sample("VWM", 2):
            self.count += 1
            self.emit(f"v{self.count} = {self.fill(self.picked(ARRAY_TABLE[kind][-SHAPED[kind] :]), 1, kind)}")
            self.kinds[f"v{self.count}"] = kind
        while self.budget > 0:
            self.statement()
        while self.gradients and self.asked < 2:
            self.gradient()
        if self.gradients:
            self.emit(f"return {self.result()}")
        else:
            parts = [n if k == "f" else f"np.sin(np.sum({n}))" for n, k in self.kinds.items() if k in "fVWM"]
            parts = [*self.rng.sample(parts, min(len(parts), 6)), "s", "np.sum(y * y)"]
            self.emit(f"return {' + '.join(parts)}")
        imports = "import math\nfrom typing import NamedTuple\nimport numpy as np\n" + "from dlsrc import dlgradient\n" * self.gradients
        return f"{imports}{HELPERS}\ndef f(x, A, p, n, z):\n" + "\n".join(self.lines) + "\n"


def size(seed: int, gradients: bool) -> int:
    """How many statements a program has, about."""
    return 4 + seed % 14 if gradients else 10 + seed % 12


def program(seed: int, *, gradients: bool = False) -> str:
    """The program of a seed."""
    return Writer(seed, size(seed, gradients), gradients).program()


def productions(seed: int, *, gradients: bool = False) -> set[str]:
    """The entries of the grammar that the program of a seed is made of."""
    writer = Writer(seed, size(seed, gradients), gradients)
    writer.program()
    return writer.used
