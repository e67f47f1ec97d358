"""What generated source must never contain, found by script in golden files and examples.

At most six statements for each of the user's, at most a hundred columns, no value computed and not used,
no ``* 1.0`` and no ``+ 0``, no name that nothing reads.
"""

import ast
from collections.abc import Iterator

__all__ = ["MOST_STATEMENTS", "complaints", "statements_of"]

MOST_STATEMENTS = 6
MOST_COLUMNS = 100


def complaints(generated: str, user: str) -> list[str]:
    """What is wrong with a generated source, one sentence each; ``user`` is the source it was generated from.

    >>> complaints("def f_1(x):\\n    y = x * 1.0\\n    return x\\n", "def f(x):\\n    return x\\n")
    ['line 2: x * 1.0', 'line 2: y is never used']
    """
    tree = ast.parse(generated)
    theirs = list(ast.walk(ast.parse(user)))
    found = too_long(generated) + too_many(tree, theirs)
    found += [f"line {node.lineno}: {ast.unparse(node)}" for node in idle_arithmetic(tree) if not written_by(node, theirs)]
    for function in functions(tree):
        found += unused(function) + dead_stores(function)
    return found


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def too_long(text: str) -> list[str]:
    return [
        f"line {number} has {len(line)} columns"
        for number, line in enumerate(text.splitlines(), 1) if len(line) > MOST_COLUMNS
    ]


# ---------------------------------------------------------------------------------- counting


def statements(nodes: list[ast.AST]) -> int:
    """Statements, without the lines that only name: function headers, imports, docstrings, global names."""
    return sum(
        isinstance(node, ast.stmt)
        and not isinstance(node, ast.FunctionDef | ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in nodes
    )


def statements_of(source: str) -> int:
    """Statements of a source.

    >>> statements_of("def f(x):\\n    y = x\\n    return y\\n")
    2
    """
    return statements(list(ast.walk(ast.parse(source))))


def too_many(tree: ast.AST, theirs: list[ast.AST]) -> list[str]:
    mine, given = statements(list(ast.walk(tree))), statements(theirs)
    if mine > MOST_STATEMENTS * given:
        return [f"{mine} statements for the user's {given}: more than {MOST_STATEMENTS} each"]
    return []


# ---------------------------------------------------------------------------------- idle arithmetic


def idle_arithmetic(tree: ast.AST) -> Iterator[ast.expr]:
    """Operations that change nothing: ``a * 1``, ``a + 0``, ``a ** 1``, ``a / 1``, ``- -a``."""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=ast.Mult()) if is_number(node.left, 1) or is_number(node.right, 1):
                yield node
            case ast.BinOp(op=ast.Add()) if is_number(node.left, 0) or is_number(node.right, 0):
                yield node
            case ast.BinOp(op=ast.Sub()) if is_number(node.right, 0):
                yield node
            case ast.BinOp(op=ast.Div() | ast.Pow()) if is_number(node.right, 1):
                yield node
            case ast.BinOp(op=ast.Mult()) if is_number(node.left, 0) or is_number(node.right, 0):
                yield node
            case ast.UnaryOp(op=ast.USub(), operand=ast.UnaryOp(op=ast.USub())):
                yield node


def is_number(node: ast.expr, number: int) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == number


def written_by(node: ast.expr, theirs: list[ast.AST]) -> bool:
    """Whether the user wrote this very operation."""
    text = ast.unparse(node)
    return any(isinstance(other, ast.expr) and ast.unparse(other) == text for other in theirs)


# ---------------------------------------------------------------------------------- names


def unused(function: ast.FunctionDef) -> list[str]:
    """Names assigned and never read.  Storing into an array is no use of it, unless it came from elsewhere.

    A loop needs its variable whether or not the trips read it.
    """
    loads, stores, fresh = set(), {}, set()
    loops = {id(n) for f in ast.walk(function) if isinstance(f, ast.For) for n in ast.walk(f.target)}
    stored_into = {
        id(target.value)
        for node in ast.walk(function) if isinstance(node, ast.Assign | ast.AugAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Subscript)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store) and id(node) not in loops:
                stores.setdefault(node.id, node.lineno)
            elif isinstance(node.ctx, ast.Load) and id(node) not in stored_into:
                loads.add(node.id)
        if isinstance(node, ast.Assign) and is_allocation(node.value):
            fresh |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    only_stored_into = {
        node.id for node in ast.walk(function) if id(node) in stored_into and isinstance(node, ast.Name)
    } - loads - fresh
    return [
        f"line {line}: {name} is never used"
        for name, line in stores.items()
        if name not in loads and name not in only_stored_into and name != "_"
    ]


def is_allocation(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in {
        "zeros", "empty", "ones", "full", "zeros_like", "empty_like", "ones_like", "full_like", "copy",
    }


# ---------------------------------------------------------------------------------- dead stores


def dead_stores(function: ast.FunctionDef) -> list[str]:
    """Assignments whose value is overwritten, or left at the end, without being read on any way.

    Names that nothing reads at all are the business of ``unused``.
    """
    read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    found: dict[int, str] = {}
    Liveness(read, found).block(function.body, frozenset(), Jumps(frozenset(), frozenset()))
    return [found[line] for line in sorted(found)]


class Jumps:
    """What is live where ``break`` and ``continue`` lead."""

    def __init__(self, after: frozenset, again: frozenset):
        self.after = after
        self.again = again


class Liveness:
    """Which names are still going to be read, going backwards through the statements."""

    def __init__(self, read: set[str], found: dict[int, str]):
        self.read = read
        self.found = found
        self.report = True

    def block(self, body: list[ast.stmt], live: frozenset, jumps: Jumps) -> frozenset:
        for statement in reversed(body):
            live = self.statement(statement, live, jumps)
        return live

    def statement(self, node: ast.stmt, live: frozenset, jumps: Jumps) -> frozenset:
        match node:
            case ast.Return() | ast.Raise():
                return names(node)
            case ast.Break():
                return jumps.after
            case ast.Continue():
                return jumps.again
            case ast.If(test=test, body=body, orelse=orelse):
                return names(test) | self.block(body, live, jumps) | self.block(orelse, live, jumps)
            case ast.For(target=target, iter=source, body=body, orelse=orelse):
                after = self.block(orelse, live, jumps)
                return names(source) | self.loop(body, after, live, frozenset(), stored(target))
            case ast.While(test=test, body=body, orelse=orelse):
                after = self.block(orelse, live, jumps)
                return self.loop(body, after, live, names(test), frozenset()) | names(test)
            case ast.Assign(targets=targets, value=value):
                killed = frozenset().union(*(stored(t) for t in targets))
                self.check(node, killed, live, value)
                used = names(value).union(*(names(t) for t in targets if not isinstance(t, ast.Name)))
                return (live - killed) | used
            case ast.AugAssign(target=ast.Name(id=name)):
                self.check(node, frozenset([name]), live, node.value)
                return live | names(node.value) | {name}
            case ast.AugAssign():
                return live | names(node.target) | names(node.value)
            case ast.FunctionDef():
                return live | names(node)
        return live | names(node)

    def loop(self, body, after: frozenset, out: frozenset, test: frozenset, bound: frozenset) -> frozenset:
        """What is live before a loop: the least set that contains what a trip and the end need."""
        live = after | test
        report, self.report = self.report, False
        while True:
            grown = live | (self.block(body, live, Jumps(out, live)) - bound)
            if grown == live:
                break
            live = grown
        self.report = report
        self.block(body, live, Jumps(out, live))
        return live

    def check(self, node: ast.stmt, killed: frozenset, live: frozenset, value: ast.expr) -> None:
        dead = [name for name in killed if name not in live and name in self.read and name != "_"]
        if self.report and dead and len(dead) == len(killed):
            self.found[node.lineno] = f"line {node.lineno}: the value stored in {dead[0]} is not used"


def names(node: ast.AST) -> frozenset:
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def stored(target: ast.expr) -> frozenset:
    return frozenset(n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
