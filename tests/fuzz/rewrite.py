"""Programs written differently, with one meaning: the gradient must not change.

    y[i] += e                   y[i] = y[i] + e
    y[i] = y[i] + e             y[i] += e
    for i in range(2): …        i = 0; …; i = 1; …
    s = f(x); v = y[1:]         v = y[1:]; s = f(x)
    def f(x): …                 def g(x): …    def f(x): return g(x)
    s, y, v1                    ds, dx, v1_kept: names that generated text would like to use
"""

import ast
import copy
from collections.abc import Callable

__all__ = ["REWRITES", "rewritten"]


def rewritten(source: str, name: str) -> str | None:
    """The program in another spelling; None where there is nothing to change."""
    tree = ast.parse(source)
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "f")
    before = ast.unparse(tree)
    REWRITES[name](tree, function)
    after = ast.unparse(ast.fix_missing_locations(tree))
    return None if after == before else after


class _Spelled(ast.NodeTransformer):
    """``y[i] += e`` as ``y[i] = y[i] + e``; only of elements and slices, where the array stays the same one."""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        if not isinstance(node.target, ast.Subscript):
            return node
        read = copy.deepcopy(node.target)
        read.ctx = ast.Load()
        return ast.Assign([node.target], ast.BinOp(read, node.op, node.value))


class _Augmented(ast.NodeTransformer):
    """``y[i] = y[i] + e`` as ``y[i] += e``."""

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        target, value = node.targets[0], node.value
        same = len(node.targets) == 1 and isinstance(value, ast.BinOp) and ast.unparse(value.left) == ast.unparse(target)
        if not same or not isinstance(target, ast.Subscript):
            return node
        return ast.AugAssign(target, value.op, value.right)


class _Unrolled(ast.NodeTransformer):
    """A loop over a few literals as its trips, one after the other."""

    def visit_For(self, node: ast.For) -> ast.stmt | list[ast.stmt]:
        self.generic_visit(node)
        counted = isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name)
        if not counted or node.iter.func.id != "range" or not isinstance(node.target, ast.Name):
            return node
        try:
            numbers = [ast.literal_eval(a) for a in node.iter.args]
        except ValueError:
            return node
        leaves = any(isinstance(n, ast.Break | ast.Continue) for n in ast.walk(node))
        trips = range(*numbers)
        # A function of the body would be defined once a trip, which is refused where it is used later.
        if leaves or node.orelse or len(trips) > 4 or any(isinstance(n, ast.FunctionDef) for n in ast.walk(node)):
            return node
        made: list[ast.stmt] = [ast.Pass()]
        for k in trips:
            made.append(ast.Assign([ast.Name(node.target.id, ast.Store())], ast.Constant(k)))
            made += copy.deepcopy(node.body)
        return made


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.Nonlocal:
        node.names = [self.names.get(n, n) for n in node.names]
        return node


def _rename(tree: ast.Module, function: ast.FunctionDef) -> None:
    wanted = ["dx", "ds", "dv1", "v1_kept", "x_shape", "dy", "trips", "count", "v2", "dA", "k", "s_kept", "df"]
    inner = [n for n in ast.walk(function) if isinstance(n, ast.FunctionDef | ast.Lambda) and n is not function]
    own = {a.arg for n in inner for a in n.args.args} | {n.id for f in inner for n in ast.walk(f) if isinstance(n, ast.Name)}
    stored = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    known = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | {a.arg for a in function.args.args}
    free = [w for w in wanted if w not in known]
    names = dict(zip([n for n in dict.fromkeys(stored) if n not in own and n not in {a.arg for a in function.args.args}], free, strict=False))
    _Renamed(names).visit(function)


def _swap(tree: ast.Module, function: ast.FunctionDef) -> None:
    """Neighbours that are independent, the other way round: both only bind names, to what they compute."""
    for owner in ast.walk(function):
        for field in ("body", "orelse"):
            block = getattr(owner, field, None)
            if not isinstance(block, list):
                continue
            for k in range(0, len(block) - 1, 2):
                one, other = block[k : k + 2]
                if _only_binds(one) and _only_binds(other):
                    if not _bound(one) & _names(other) and not _bound(other) & _names(one):
                        block[k], block[k + 1] = other, one


def _only_binds(node: ast.stmt) -> bool:
    """Whether a statement binds a name and calls nothing of the program's own."""
    calls = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and all(
        isinstance(c, ast.Attribute) and isinstance(c.value, ast.Name) and c.value.id in ("np", "math") for c in calls
    )


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _bound(node: ast.stmt) -> set[str]:
    return {t.id for t in node.targets}  # type: ignore[attr-defined]


def _call(tree: ast.Module, function: ast.FunctionDef) -> None:
    inner = copy.deepcopy(function)
    inner.name = "body_of_f"
    tree.body.insert(tree.body.index(function), inner)
    given = [ast.Name(a.arg, ast.Load()) for a in function.args.args]
    function.body = [ast.Return(ast.Call(ast.Name("body_of_f", ast.Load()), given, []))]


REWRITES: dict[str, Callable[[ast.Module, ast.FunctionDef], object]] = {
    "spelled out": lambda tree, function: _Spelled().visit(tree),
    "augmented": lambda tree, function: _Augmented().visit(tree),
    "unrolled": lambda tree, function: _Unrolled().visit(function),
    "called": _call,
    "renamed": _rename,
    "swapped": _swap,
}
