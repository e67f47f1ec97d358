"""The grammar of random programs, and the writer that follows it; see ``tests/fuzz.py``."""

import ast
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager

HELPERS = """
def mix(a, b=0.5):
    if a > b:
        return a * np.tanh(b)
    c = a + 0.3 * b
    return np.sin(c)

def push(y, s, k=0):
    for i in range(k, len(y)):
        y[i] += s * np.tanh(y[i - 1])
    return y[k]

def scan(u, decay):
    out = np.zeros(len(u))
    c = 0.1
    for i, e in enumerate(u):
        c = decay * c + np.sin(e)
        if c > 1.5:
            break
        out[i] = c
    return out
"""
CLOSURES = """
    total = p * 0.5
    def bump(a):
        nonlocal total
        total = np.sin(total) + a * 0.3
        if total > 0.9:
            total = 0.5 * total
        return total * np.tanh(a)
    local = lambda a: np.sin(a) * s
"""
# Holes of expressions: f a scalar, leaf a simple one, c a condition, i an integer; V, W, M a vector of five,
# one of three and a matrix of 3 x 4; same the shape of X; k, step and edge literals.  Holes of names that are
# written to: X any array, Y a V, N an M, F a scalar, At an element; each is the same throughout.  ``=V`` at
# the end is the kind of <new>.
SCALARS = """np.sin(<f>) | np.tanh(<f> - <f>) | <f> * np.tanh(<f>) | np.sin(<f> * <f>)
0.6 * <f> - 0.4 * <f> | <f> / (1.0 + <leaf> ** 2) | np.exp(-(<f> ** 2)) | np.log(2.0 + np.cos(<f>))
math.cos(<f>) ** 3 | -<f> | math.sqrt(1.0 + np.sin(<f>) ** 2) | <f> if <c> else <f>
np.sin(np.sum(<V>)) | np.mean(<M>) | np.tanh(<W> @ <W>) | np.sum(<M>, axis=0)[<i> % 4]
np.mean(<M>, axis=-1)[<i> % 3] | 0.5 * np.max(<W>) | np.prod(np.tanh(<W>)) | mix(<f>)
0.3 * max(<f>, <f>) | 0.2 * sum(<leaf> * x[j] for j in range(<k>)) | mix(<f>, b=<f>)
scan(<V>, 0.6)[<i> % 5] | np.sin(np.dot(<V>, <V>)) | np.sin(sum([<f>, <f>]))"""
ARRAYS = """np.sin(<same>) | np.tanh(<same>) | <same> * np.tanh(<same>) | (<same> - 0.5 * <same>) * 0.6
-<same> | np.tanh(<f>) * <same> | <same> / (1.0 + <same> ** 2)
np.where(<same> > 0.213, <same>, <leaf>) | np.where(<same> < <leaf>, <same>, <same>)
np.exp(-<same> ** 2) | np.sin(<same> + <leaf>) | 0.5 * np.maximum(<same>, <same>)"""
SHAPED = {
    (5,): """<V>[::-1] | 0.3 * np.cumsum(<V>) | scan(<V>, 0.4) | <V>[np.array([2, 0, 0, 4, 1])]
        np.full(5, <leaf>) | np.array([<leaf>, <leaf>, <leaf>, 0.5, <leaf>])
        np.concatenate((<W>, np.array([<leaf>, <leaf>])))""",
    (3,): """<V>[1:4] | <V>[::2] | <V>[3:0:-1] | <M>[:, <i> % 4] | <M>[<i> % 3, 1:]
        np.array([<leaf>, 0.3, <leaf>]) | 0.3 * (<M>[:, 1:] @ <W>) | <M>.mean(axis=1) | scan(<W>, 0.4)
        np.zeros(3)""",
    (3, 4): """<M> * np.tanh(<M>[1]) | 0.6 * (<M> - <W>[:, None]) | np.sin(np.outer(<W>, <M>[0]))
        0.3 * (<M>[:, :3] @ <M>) | <M> - <M>.mean(axis=1, keepdims=True) | <M>[::-1] | (0.4 * <M>.T).T""",
}
CONDITIONS = """<f> < <edge> | <f> >= <edge> | <leaf> < <leaf> | <i> == <k> | <i> > <k> | <i> % 2 == 0
not <c> | <c> and <c> | <c> or <c> | <flag>"""
INTEGERS = "<int> | <int> | <int> | <k> | <int> + 1 | 2 * <int> - 1 | <int> // 2 | -<k> | len(<name:V>)"
STATEMENTS = """<F> = <f> | <F> += <f> | <F> -= <f> | <F> *= np.tanh(<f>) | <F> = <F> * 0.5 + <f>
<F> /= 1.5 + np.sin(<f>) | <new> = <f> =f | <new> = <c> =c | <new> = <i> % 7 =i | <F>, <F2> = <F2>, <F>
<F>, <F2> = <F2>, <f> | <At> = <f> | <At> += <f> | <At> = <At> + <f> | <At> = <f> + <At>
<At> *= np.tanh(<f>) | <At> -= <f> | <At> = np.sin(<At>) * <leaf> | <At> /= 1.5 + np.cos(<f>)
<At> = 0.0 | <At> = <At> | <X>[:] = <same> | <X>[:] += <same> | <X>[::-1] = <same> | <X>[...] -= <same>
<X>[1:] = <f> | <X>[1:] *= 0.5 | <X>[1:] += <X>[:-1] | <X>[:-1] = <X>[1:] * 0.5
<X>[:] = np.sin(<X>) * <leaf> | <X> += <f> | <X> *= np.tanh(<same>) | <X> -= 0.5 * <same>
<X> /= 1.2 + np.cos(<same>) | <X> = 0.9 * <same> | <X> = 0.9 * <same> | <X> = np.sin(<X>)
<Y>[np.array([0, 4])] = <f> | <Y>[np.array([1, 0])] = <Y>[np.array([0, 1])] * <leaf>
<Y>[<Y> > 0.213] = <f> | <Y>[<Y> > 0.61] *= <leaf>
<Y>[1:-1] = <Y>[1:-1] + 0.2 * (<Y>[2:] - 2.0 * <Y>[1:-1] + <Y>[:-2]) | <N>[<i> % 3] = <M>[0]
<N>[:, <i> % 4] += <W> | <N>[<i> % 3, :] = <f> | <N>[1:, 1] = <N>[:-1, 2] | <N>[:, ::-1] = <M>
<new> = <V> * 1.0 =V | <new> = <W> * 1.0 =W | <new> = <M> * 1.0 =M | <new> = np.zeros(5) =V
<new> = <Y>.copy() =V | <new> = <Y>[1:4] =W | <new> = <Y>[::-1] =V | <new> = <Y>[::2] =W
<new> = <N>[:, <i> % 4] =W | <new> = <N>[::-1] =M | <new> = <N>.T[<i> % 4] =W | <new> = <Y> =V
<Y>, <Y2> = <Y2>, <Y> | <Y>, <Y2> = <Y2>, 0.8 * <V> | <new> = push(<Y>, <leaf>, 1) =f
<new> = [<f>, <f>] =L | <List>[0] = <f> | <List>[1] += <f> | <List> = [<List>[1], <f>]
<new> = (<f>, <f>) =T | <new> = {"u": <f>, "w": <W> * 1.0} =D | <Dict>["u"] += <f>
<Dict>["w"][<i> % 3] = <f> | <Dict>["w"] = np.sin(<Dict>["w"])"""
LOOPS = """for <new> in range(<k>): =i | for <new> in range(1, <k>): =i
for <new> in range(4, -1, -<step>): =i | for <new> in range(<k>, 0, -1): =i | for <new> in range(n): =i
for <new> in range(-2, n): =i | for <new> in range(0, 5, 2): =i
for <new> in range(<i> % 3, <i> % 5): =i | for <new> in range(len(x)): =i | for <new> in <name:V>: =f
for _, <new> in enumerate(<name:V>): =f | for <new>, _ in zip(<name:W>, range(2)): =f
for <new> in <name:M>[:, :3]: =W"""


def _split(table: str) -> list[str]:
    return [entry.strip() for line in table.splitlines() for entry in line.split(" | ")]


ALWAYS = {"V": "x", "W": "x[1:4]", "M": "A"}
TARGETS = {"X": "VWM", "Y": "V", "Y2": "V", "N": "M", "F": "f", "F2": "f", "List": "L", "Dict": "D"}
SHAPES = {"V": (5,), "W": (3,), "M": (3, 4)}
TABLES = {"f": _split(SCALARS), "c": _split(CONDITIONS), "i": _split(INTEGERS)}
STATEMENT_TABLE, LOOP_TABLE = _split(STATEMENTS), _split(LOOPS)
ARRAY_TABLE = {kind: [*_split(ARRAYS), *_split(SHAPED[shape])] for kind, shape in SHAPES.items()}


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
        self.new = ""

    # ------------------------------------------------------------------ names and lines

    def emit(self, line: str) -> None:
        self.lines.append("    " * self.level + line)

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
            if name in TARGETS or name in ("new", "At"):
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
        return self.place(writable=True) if name == "At" else self.named(TARGETS[name], writable=True)

    def place(self, *, writable: bool = False) -> str:
        name = self.named("VWM", writable=writable)
        at = []
        for n in SHAPES[self.kinds[name]]:
            literal = self.rng.random() >= 0.5
            at.append(str(self.rng.randint(-n, n - 1)) if literal else f"{self.expression('i', 1)} % {n}")
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
            case "leaf":
                return self.leaf()
            case "f" if depth <= 0 or rng.random() < 0.15:
                return self.leaf()
            case "c" | "i" | "f":
                table = TABLES[kind] if depth > 0 else TABLES[kind][:4]
                return grouped(self.fill(rng.choice(table), depth - 1))
        if depth <= 0 or rng.random() < 0.3:
            return self.named(kind) if kind in self.kinds.values() else ALWAYS[kind]
        return grouped(self.fill(rng.choice(ARRAY_TABLE[kind]), depth - 1, kind))

    def leaf(self) -> str:
        choice = self.rng.random()
        containers = [n for n, k in self.kinds.items() if k in "LTD"]
        if choice < 0.45:
            return self.named("f")
        if choice < 0.8 or not containers:
            return self.place()
        if choice < 0.9:
            name = self.rng.choice(containers)
            return f'{name}["u"]' if self.kinds[name] == "D" else f"{name}[{self.rng.randint(0, 1)}]"
        if choice < 0.95:
            return self.rng.choice(["0.3", "-0.45", "1.2"])
        return f"0.1 * {self.expression('i', 1)}"

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
        else:
            self.plain()

    def line_of(self, table: list[str]) -> tuple[str, str, str]:
        """A line of a table, the name that it gives a value to, and that value's kind."""
        while True:
            template, kind = re.fullmatch(r"(.*?)(?: =(\w))?", self.rng.choice(table)).groups()
            try:
                line = self.fill(template, 2)
            except Missing:
                continue
            return line, self.new, kind

    def plain(self) -> None:
        line, name, kind = self.line_of(STATEMENT_TABLE)
        self.emit(line)
        if kind:
            self.kinds[name] = kind

    def branch(self) -> None:
        with self.block(f"if {self.expression('c', 2)}:"):
            self.statements(3)
        if self.rng.random() < 0.3:
            with self.block(f"elif {self.expression('c', 2)}:"):
                self.statements(2)
        if self.rng.random() < 0.6:
            with self.block("else:"):
                self.statements(3)

    def jump(self) -> None:
        with self.block(f"if {self.expression('c', 1)}:"):
            if self.rng.random() < 0.4:
                self.plain()
            self.emit(self.rng.choice(["break", "break", "continue", "continue", f"return {self.result()}"]))

    def loop(self) -> None:
        if self.rng.random() < 0.3:
            self.count += 1
            name, kind, count = f"k{self.count}", "i", self.rng.randint(0, 4)
            self.emit(f"{name} = 0")
            more = f" and {self.expression('c', 1)}" if self.rng.random() < 0.5 else ""
            head, first = f"while {name} < {count}{more}:", f"{name} += 1"
        else:
            (head, name, kind), first = self.line_of(LOOP_TABLE), ""
        self.kinds[name] = kind
        self.fixed.add(name)
        self.loops += 1
        with self.block(head):
            if first:
                self.emit(first)
            self.statements(4)
        self.loops -= 1
        if not first:
            del self.kinds[name]
        if self.rng.random() < 0.12:
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
        self.kinds[loss] = "f"

    # ------------------------------------------------------------------ the whole

    def result(self) -> str:
        everything = "(loss_x, loss_A, loss_t), (by_x, by_A, by_t)"
        return everything if self.gradients else self.expression("f", 2)

    def program(self) -> str:
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
        imports = "import math\nimport numpy as np\n" + "from dlsrc import dlgradient\n" * self.gradients
        return f"{imports}{HELPERS}\ndef f(x, A, p, n, z):\n" + "\n".join(self.lines) + "\n"


def program(seed: int, *, gradients: bool = False) -> str:
    """The program of a seed."""
    return Writer(seed, 4 + seed % 14, gradients).program()
