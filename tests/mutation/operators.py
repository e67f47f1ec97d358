"""What is broken: one place of a module's syntax tree at a time, inside of its functions.

    if a and b: stop()        if not (a and b): …      if True: …     if False: …     if a: …     if b: …     if a or b: …
                              if a and b: pass
    x = y + 1                 x = y - 1      x = y      x = 1      x = y + 2      pass
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Mutant", "instrumented", "mutants_of", "path_of"]

PACKAGE = Path(__file__).parent.parent.parent / "dlsrc"

Make = Callable[[ast.AST], ast.AST | None]  # the node, changed (a copy is given); None deletes a statement

BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
OPPOSITE = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}
OTHER = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult}
CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
THROUGH = {"reversed", "dict", "set", "sorted"}      # called with one name: the copy, or the order, is left out
TEXTS = {"InternalError", "DifferentiationError", "UnsupportedSyntax", "AssertionError"}


@dataclass(frozen=True)
class Mutant:
    """One change: node ``node`` of the module's tree (in the order of a walk), changed in the way ``way``."""

    module: str          # "transform.save"
    function: str        # "Saver.export"
    before: str
    after: str
    node: int
    way: int
    line: int
    condition: bool = False
    copy: int = 1        # which of several that read alike

    @property
    def kind(self) -> str:
        """What is broken: a statement that is left out, a condition, or a value."""
        if self.after == "pass":
            return "statement"
        return "condition" if self.condition else "value"

    @property
    def key(self) -> str:
        """What names it, as long as the text of the function stays: no line numbers."""
        again = f" #{self.copy}" if self.copy > 1 else ""
        return f"{self.module.rpartition('.')[2]}: {self.function}: {self.before} → {self.after}{again}"

    def code(self):
        """The code of the function with the change."""
        tree, text = parsed(self.module)
        old, parent, field, _ = list(walked(tree))[self.node]
        make = list(ways(old, parent, field, tree))[self.way][1]
        fresh = ast.parse(text)
        node, parent, field, place = list(walked(fresh))[self.node]
        put(parent, field, place, make(node))
        outer, _, inner = self.function.partition(".")
        top = next(s for s in fresh.body if getattr(s, "name", "") == outer)
        if inner:
            top.body = [s for s in top.body if getattr(s, "name", "") == inner]
        alone = ast.fix_missing_locations(ast.Module([top], []))
        return code_named(compile(alone, str(path_of(self.module)), "exec"), self.function)


def path_of(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")).with_suffix(".py")


def code_named(code, name: str):
    for constant in code.co_consts:
        if hasattr(constant, "co_qualname"):
            if constant.co_qualname == name:
                return constant
            if name.startswith(constant.co_qualname + "."):
                return code_named(constant, name)
    raise LookupError(name)


@cache
def parsed(module: str) -> tuple[ast.Module, str]:
    text = path_of(module).read_text()
    return ast.parse(text), text


def walked(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST | None, str, int | None]]:
    """Every node with where it hangs."""
    todo: list = [(tree, None, "", None)]
    while todo:
        node, parent, field, place = todo.pop()
        yield node, parent, field, place
        below = []
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                below.append((value, node, name, None))
            elif isinstance(value, list):
                below += [(item, node, name, k) for k, item in enumerate(value) if isinstance(item, ast.AST)]
        todo += reversed(below)


def put(parent: ast.AST, field: str, place: int | None, new: ast.AST | None) -> None:
    if new is None:
        new = ast.Pass()
    if place is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[place] = new


def mutants_of(module: str) -> list[Mutant]:
    """All mutants of a module, in the order of its text."""
    tree, _ = parsed(module)
    found: list[Mutant] = []
    counted: dict[str, int] = {}
    for function, first, last in functions(tree):
        for number, (node, parent, field, _) in enumerate(walked(tree)):
            if not inside(node, first, last):
                continue
            for way, (label, make) in enumerate(ways(node, parent, field, tree)):
                before = shown(node)
                if isinstance(node, ast.stmt) and isinstance(parent, ast.If) and field != "test":
                    # What is left out says where: a proof about it is one about the condition.
                    before = f"{'if' if field == 'body' else 'else of'} {ast.unparse(parent.test)}: {before}"
                if not label:
                    label = shown(make(copy.deepcopy(node)))
                if label == before:
                    continue
                mutant = Mutant(module, function, before, label, number, way, line_of(node, tree),
                                of_condition(node, parent, field))
                counted[mutant.key] = counted.get(mutant.key, 0) + 1
                found.append(Mutant(*list(vars(mutant).values())[:-1], copy=counted[mutant.key]))
    return found


def functions(tree: ast.Module) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
    """The functions and methods: name, where the body begins and where it ends."""
    found = []
    for node in tree.body:
        below = node.body if isinstance(node, ast.ClassDef) else [node]
        for f in below:
            if isinstance(f, ast.FunctionDef):
                name = f.name if f is node else f"{node.name}.{f.name}"
                found.append((name, (f.body[0].lineno, f.body[0].col_offset), (f.end_lineno, f.end_col_offset)))
    return found


def inside(node: ast.AST, first: tuple[int, int], last: tuple[int, int]) -> bool:
    return hasattr(node, "lineno") and first <= (node.lineno, node.col_offset) < last


def shown(node: ast.AST | None) -> str:
    if node is None:
        return "pass"
    return ast.unparse(ast.fix_missing_locations(node)).partition("\n")[0]


@cache
def statements_of(tree: ast.Module) -> list[ast.stmt]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.stmt)]


def line_of(node: ast.AST, tree: ast.Module) -> int:
    """The first line of the statement that the node belongs to."""
    best = node
    for s in statements_of(tree):
        if s.lineno <= node.lineno and node.end_lineno <= s.end_lineno:
            if best is node or s.lineno >= best.lineno:
                best = s
    return best.lineno


def instrumented(module: str) -> list[tuple[str, object]]:
    """The functions of a module with a note of the line, ``__seen__(line)``, in front of each statement."""
    tree = copy.deepcopy(parsed(module)[0])
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            for inner in list(ast.walk(node)):
                for field in ("body", "orelse", "finalbody"):
                    block = getattr(inner, field, None)
                    if isinstance(block, list) and not any(getattr(s, "probe", False) for s in block):
                        setattr(inner, field, [t for s in block for t in (probe(s.lineno), s)])
    code = compile(ast.fix_missing_locations(tree), str(path_of(module)), "exec")
    return [(name, code_named(code, name)) for name, *_ in functions(parsed(module)[0])]


def probe(line: int) -> ast.stmt:
    call = ast.Call(ast.Name("__seen__", ast.Load()), [ast.Constant(line)], [])
    made = ast.Expr(call)
    made.probe = True
    return made


# ---------------------------------------------------------------------------------- the ways


def ways(node: ast.AST, parent: ast.AST | None, field: str, tree: ast.Module) -> Iterator[tuple[str, Make]]:
    """The changes of one node, each with what it is called; an empty name is the text of what comes out."""
    if id(node) in annotations(tree):
        return
    if is_condition(node, parent, field) or field == "value" and isinstance(parent, ast.Return) and is_truth(node):
        # Not also negated: what notices neither of these two does not exist, or cannot be noticed.
        if not isinstance(parent, ast.While):
            yield "True", lambda n: ast.Constant(True)
        yield "False", lambda n: ast.Constant(False)
    match node:
        case ast.BoolOp():
            for k in range(len(node.values)):
                yield "", lambda n, k=k: without(n, k)
        case ast.Compare(ops=[op]):
            if type(op) in BOUNDARY:
                yield "", lambda n: ast.Compare(n.left, [BOUNDARY[type(n.ops[0])]()], n.comparators)
            if not is_condition(node, parent, field) and not isinstance(parent, ast.Return):
                yield "", negated
        case ast.Compare(ops=[_, *_]):
            for k in range(len(node.ops)):
                if type(node.ops[k]) in BOUNDARY:
                    yield "", lambda n, k=k: boundary(n, k)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            if not is_condition(node, parent, field):
                yield "", lambda n: n.operand
        case ast.BinOp():
            if type(node.op) in OTHER:
                yield "", lambda n: ast.BinOp(n.left, OTHER[type(n.op)](), n.right)
            else:
                yield "", lambda n: n.right
            yield "", lambda n: n.left
        case ast.Constant(value=bool()) if not (isinstance(parent, ast.keyword) and parent.arg == "strict"):
            if not is_condition(node, parent, field) and not isinstance(parent, ast.Return):
                yield "", lambda n: ast.Constant(not n.value)
        case ast.Constant(value=int()) if not isinstance(node.value, bool):
            yield "", lambda n: ast.Constant(n.value + 1)
        case ast.Constant(value=float()):
            yield "", lambda n: ast.Constant(n.value + 1.0)
        case ast.Call(func=ast.Name(id=name), args=[argument]) if name in THROUGH and not node.keywords:
            if isinstance(argument, ast.Name | ast.Attribute | ast.Call):
                yield "", lambda n: n.args[0]
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            yield "", lambda n: ast.Call(ast.Name(CALLS[n.func.id], ast.Load()), n.args, n.keywords)
        case ast.Subscript(slice=ast.Slice(), ctx=ast.Load()):
            yield "", lambda n: n.value
        case ast.IfExp():
            pass
        case ast.Expr() if not isinstance(node.value, ast.Constant):
            yield "pass", lambda n: None
        case ast.Assign() | ast.AnnAssign(value=ast.AST()) if id(node) not in first_bindings(tree):
            yield "pass", lambda n: None
        case ast.AugAssign():
            yield "pass", lambda n: None
            if type(node.op) in OTHER:
                yield "", lambda n: ast.AugAssign(n.target, OTHER[type(n.op)](), n.value)
            yield "", lambda n: ast.Assign([n.target], n.value, lineno=n.lineno)
        case ast.Return() if id(node) not in last_statements(tree):
            yield "pass", lambda n: None
        case ast.Continue() | ast.Break() | ast.Raise() | ast.For() | ast.Delete():
            yield "pass", lambda n: None
    if isinstance(node, ast.Call) and not is_text(node):
        for k, keyword in enumerate(node.keywords):
            if keyword.arg not in (None, "strict"):
                yield f"without {keyword.arg}=", lambda n, k=k: ast.Call(n.func, n.args, [*n.keywords[:k], *n.keywords[k + 1:]])
    if isinstance(node, ast.Set | ast.Tuple | ast.List) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        if field != "slice" and len(node.elts) > 1 and all(isinstance(e, ast.Constant | ast.Name | ast.Starred) for e in node.elts):
            for k in range(len(node.elts)):
                yield "", lambda n, k=k: fewer(n, k)
    if isinstance(node, ast.MatchOr):
        for k in range(len(node.patterns)):
            yield f"without {ast.unparse(node.patterns[k])}", lambda n, k=k: less(n, k)


@cache
def annotations(tree: ast.Module) -> set[int]:
    """What stands in the place of a type: nothing runs it."""
    found = [s.annotation for s in ast.walk(tree) if isinstance(s, ast.AnnAssign | ast.arg) and s.annotation]
    return {id(n) for one in found for n in ast.walk(one)}


@cache
def last_statements(tree: ast.Module) -> set[int]:
    """The last statements of functions: without their return they give None, which nobody takes for an answer."""
    return {id(f.body[-1]) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)}


@cache
def first_bindings(tree: ast.Module) -> set[int]:
    """The assignments that give a name its only value: without them the next line is a NameError."""
    found = set()
    for f in ast.walk(tree):
        if isinstance(f, ast.FunctionDef):
            stored = [n.id for n in ast.walk(f) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
            stored += [a.arg for a in ast.walk(f) if isinstance(a, ast.arg)]
            for s in ast.walk(f):
                if isinstance(s, ast.Assign | ast.AnnAssign):
                    targets = s.targets if isinstance(s, ast.Assign) else [s.target]
                    names = [n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name | ast.Attribute | ast.Subscript)]
                    if all(isinstance(n, ast.Name) and stored.count(n.id) == 1 for n in names):
                        found.add(id(s))
    return found


def of_condition(node: ast.AST, parent: ast.AST | None, field: str) -> bool:
    """Whether a truth value is changed."""
    return is_condition(node, parent, field) or isinstance(node, ast.BoolOp | ast.MatchOr) or is_truth(node)


def is_condition(node: ast.AST, parent: ast.AST | None, field: str) -> bool:
    return (
        field == "test" and isinstance(parent, ast.If | ast.While | ast.IfExp)
        or field == "ifs" and isinstance(parent, ast.comprehension)
        or field == "guard"
        or field == "elt" and isinstance(parent, ast.GeneratorExp) and isinstance(node, ast.Compare | ast.BoolOp | ast.Call)
        and is_truth(node)
    )


def is_truth(node: ast.AST) -> bool:
    """Whether an expression is seen to be a truth value."""
    match node:
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()) | ast.Constant(value=bool()):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in ("any", "all", "isinstance", "bool") or name.startswith(("is_", "has_", "_is_", "_has_"))
    return False


def is_text(node: ast.Call) -> bool:
    return ast.unparse(node.func) in TEXTS


def negated(node: ast.AST) -> ast.AST:
    match node:
        case ast.UnaryOp(op=ast.Not()):
            return node.operand
        case ast.Compare(ops=[op]):
            return ast.Compare(node.left, [OPPOSITE[type(op)]()], node.comparators)
        case ast.Constant(value=bool(value)):
            return ast.Constant(not value)
    return ast.UnaryOp(ast.Not(), node)


def without(node: ast.BoolOp, k: int) -> ast.AST:
    rest = [*node.values[:k], *node.values[k + 1:]]
    return rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def boundary(node: ast.Compare, k: int) -> ast.AST:
    ops = [BOUNDARY[type(op)]() if j == k else op for j, op in enumerate(node.ops)]
    return ast.Compare(node.left, ops, node.comparators)


def fewer(node, k: int) -> ast.AST:
    rest = [*node.elts[:k], *node.elts[k + 1:]]
    return ast.Set(rest) if isinstance(node, ast.Set) else type(node)(rest, node.ctx)


def less(node: ast.MatchOr, k: int) -> ast.AST:
    rest = [*node.patterns[:k], *node.patterns[k + 1:]]
    return rest[0] if len(rest) == 1 else ast.MatchOr(rest)
