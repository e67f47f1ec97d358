"""A plain function with its static parameters replaced by literals, as a syntax tree.

Both what is written out in the text and what is compiled come from here: with ``n`` known,
``power_const_dx(dy, x, n)`` is the single expression ``dy * (2 * x)``.
"""

import ast
import copy
import inspect
import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ...errors import SourceError
from ..tree.locate import find

__all__ = ["specialized"]

_COMPUTE: dict[Any, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.Eq: operator.eq,
    ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not, ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b, ast.USub: operator.neg, ast.Not: operator.not_,
}


@cache
def _tree(body: Callable) -> ast.FunctionDef | None:
    if not inspect.isfunction(body):
        return None
    try:
        _, found = find(body)
    except SourceError:
        return None
    if not isinstance(found, ast.FunctionDef):
        return None
    function = copy.copy(found)
    function.decorator_list = []
    return function


def specialized(body: Callable, static: Mapping[str, Any]) -> ast.FunctionDef | None:
    """The definition of ``body`` without its static parameters, branches on them decided.

    None if the source of the function cannot be read.
    """
    tree = _tree(body)
    if tree is None:
        return None
    function = copy.deepcopy(tree)
    if not static:
        return function
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    arguments = function.args
    defaults = dict(zip([a.arg for a in arguments.args][::-1], arguments.defaults[::-1], strict=False))
    arguments.args = [a for a in arguments.args if a.arg not in static]
    arguments.defaults = [defaults[a.arg] for a in arguments.args if a.arg in defaults]
    known = {name: value for name, value in static.items() if name not in stored}
    function = _Substitute(known).visit(function)
    # A parameter that the body assigns anew cannot be replaced: it becomes a variable.
    function.body[:0] = [
        ast.parse(f"{name} = {value!r}").body[0] for name, value in static.items() if name in stored
    ]
    return ast.fix_missing_locations(function)


class _Substitute(ast.NodeTransformer):
    """Replaces names by literals and decides what then has a known value."""

    def __init__(self, known: Mapping[str, Any]):
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.known:
            return ast.copy_location(ast.parse(repr(self.known[node.id]), mode="eval").body, node)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return self.computed(node, node.op, node.left, node.right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return self.computed(node, node.op, node.operand)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) == 1:
            return self.computed(node, node.ops[0], node.left, node.comparators[0])
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        conjunction = isinstance(node.op, ast.And)
        values: list[ast.expr] = []
        for value in node.values:
            if isinstance(value, ast.Constant) and isinstance(value.value, bool):
                if value.value is conjunction:
                    continue
                values.append(value)
                break
            values.append(value)
        if not values:
            return ast.copy_location(ast.Constant(conjunction), node)
        node.values = values
        return values[0] if len(values) == 1 else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node

    def visit_If(self, node: ast.If) -> Any:
        node.test = self.visit(node.test)
        if isinstance(node.test, ast.Constant):
            return self.block(node.body if node.test.value else node.orelse)
        node.body = self.block(node.body) or [ast.copy_location(ast.Pass(), node)]
        node.orelse = self.block(node.orelse)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = self.block(node.body)
        return node

    def visit_For(self, node: ast.For) -> ast.For:
        node.iter = self.visit(node.iter)
        node.body = self.block(node.body) or [ast.copy_location(ast.Pass(), node)]
        return node

    def visit_While(self, node: ast.While) -> ast.While:
        node.test = self.visit(node.test)
        node.body = self.block(node.body) or [ast.copy_location(ast.Pass(), node)]
        return node

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """The statements up to the first that certainly returns."""
        kept: list[ast.stmt] = []
        for statement in statements:
            found = self.visit(statement)
            kept += found if isinstance(found, list) else [found]
            if kept and isinstance(kept[-1], ast.Return | ast.Raise):
                break
        return kept

    def computed(self, node: ast.expr, op: ast.AST, *operands: ast.expr) -> ast.expr:
        compute = _COMPUTE.get(type(op))
        try:
            values = [ast.literal_eval(operand) for operand in operands]
            if compute is None:
                return node
            value = compute(*values)
        except (ValueError, TypeError, ArithmeticError):
            return node
        return ast.copy_location(ast.parse(repr(value), mode="eval").body, node)
