"""Calls that recur, each taken out of its expression into a statement of its own.

    return f(n - 1) + f(n - 2)               value = f(n - 1)
                                     →       value_2 = f(n - 2)
                                             return value + value_2

    s += sum(f(c) for c in kids[n])          total = 0
                                     →       for c in kids[n]:
                                                 value = f(c)
                                                 total = total + value
                                             s += total
"""

import ast
from collections.abc import Callable
from typing import Any

__all__ = ["Hoisting", "Unhoistable", "at"]


class Unhoistable(Exception):
    """A call that recurs stands where it cannot be taken out; the message says what to write instead."""

    def __init__(self, node: ast.AST, message: str):
        super().__init__(message)
        self.node = node


class Hoisting:
    """The statements of a function, every call that recurs as ``name = f(…)``, ``return f(…)`` or ``f(…)``.

    ``calls`` are the calls that recur, and what they call; ``new`` makes names; ``in_order`` says that what
    is evaluated before such a call must stay before it, since the function writes to arrays.
    """

    def __init__(self, calls: dict[ast.Call, Any], new: Callable[[str], str], in_order: bool):
        self.calls = calls
        self.new = new
        self.in_order = in_order

    def found(self, node: ast.AST) -> bool:
        """Whether a call that recurs stands in a node."""
        return any(n in self.calls for n in ast.walk(node))

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The statements, in the same order."""
        return [made for statement in body for made in self.statement(statement)]

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        if not self.found(node):
            return [node]
        match node:
            case ast.Return(value=ast.IfExp(test=test, body=a, orelse=b)):
                ways = [self.statement(at(e, ast.Return(value=e))) for e in (a, b)]
                before, test = self.expression(test)
                return [*before, at(node, ast.If(test=test, body=ways[0], orelse=ways[1]))]
            case ast.Assign(targets=[ast.Name()] as targets, value=ast.IfExp(test=test, body=a, orelse=b)):
                ways = [self.statement(at(e, ast.Assign(targets=targets, value=e))) for e in (a, b)]
                before, test = self.expression(test)
                return [*before, at(node, ast.If(test=test, body=ways[0], orelse=ways[1]))]
            case ast.Return(value=ast.Call() as call) | ast.Expr(value=ast.Call() as call) if (
                call in self.calls
            ):
                before, call = self.arguments(call)
                return [*before, at(node, type(node)(value=call))]
            case ast.Assign(targets=[target], value=ast.Call() as call) if call in self.calls:
                before, call = self.arguments(call)
                return [*before, at(node, ast.Assign(targets=[target], value=call))]
            case ast.AugAssign(target=ast.Subscript()) if self.in_order:
                raise Unhoistable(
                    node, "an element cannot be added to by the result of the function itself, which writes "
                    "to arrays; give the result a name before"
                )
            case ast.Return() | ast.Expr() | ast.Assign() | ast.AugAssign():
                before, value = self.expression(node.value)  # type: ignore[arg-type]
                made = type(node)(**{**dict(ast.iter_fields(node)), "value": value})
                return [*before, at(node, made)]
            case ast.If(test=test, body=body, orelse=orelse):
                before, test = self.expression(test)
                branches = {"body": self.block(body), "orelse": self.block(orelse)}
                return [*before, at(node, ast.If(test=test, **branches))]
            case ast.While(test=test, body=body, orelse=[]):
                before, test = self.expression(test)
                if before:
                    leave = at(node, ast.If(test=_not(test), body=[at(node, ast.Break())], orelse=[]))
                    before, test = [*before, leave], at(node, ast.Constant(value=True))
                return [at(node, ast.While(test=test, body=[*before, *self.block(body)], orelse=[]))]
            case ast.For(target=target, iter=iterable, body=body, orelse=[]):
                before, iterable = self.expression(iterable)
                loop = ast.For(target=target, iter=iterable, body=self.block(body), orelse=[])
                return [*before, at(node, loop)]
        raise Unhoistable(
            node, "a function cannot call itself in this statement; give the result a name before"
        )

    # ------------------------------------------------------------------ expressions

    def expression(self, node: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
        """Statements that go before, and the expression with names for the results of the calls."""
        if not self.found(node):
            return [], node
        match node:
            case ast.Call(func=ast.Name(id="sum"), args=[ast.GeneratorExp() as generator], keywords=[]):
                return self.summed(generator)
            case ast.IfExp():
                name = self.new("value")
                target = at(node, ast.Name(id=name, ctx=ast.Store()))
                made = self.statement(at(node, ast.Assign(targets=[target], value=node)))
                return made, _load(name, node)
            case ast.BoolOp(op=op, values=[first, *rest]):
                return self.joined(node, op, first, rest)
            case (
                ast.Lambda() | ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp()
                | ast.NamedExpr()
            ):
                raise Unhoistable(
                    node, "a function that calls itself inside a comprehension, a lambda or `:=` is not "
                    "supported; write the loop out"
                )
            case ast.Call() if node in self.calls:
                before, call = self.arguments(node)
                return [*before, _assign(name := self.new("value"), call, node)], _load(name, node)
        return self.parts(node)

    def arguments(self, call: ast.Call) -> tuple[list[ast.stmt], ast.Call]:
        """A call that recurs with arguments in which none does."""
        before: list[ast.stmt] = []
        if any(self.found(a) for a in (*call.args, *(k.value for k in call.keywords))):
            before, made = self.parts(call)
            assert isinstance(made, ast.Call)
            self.calls[made] = self.calls[call]
            call = made
        return before, call

    def parts(self, node: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
        """An expression whose parts are evaluated one after the other."""
        before: list[ast.stmt] = []
        last = max(k for k, child in enumerate(_children(node)) if self.found(child))
        number = 0

        def part(child):
            nonlocal number
            number += 1
            if self.found(child):
                made, value = self.expression(child)
                before.extend(made)
                return value
            if self.in_order and number <= last and _may_change(child):
                before.append(_assign(name := self.new("value"), child, child))
                return _load(name, child)
            return child

        fields = {}
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                fields[name] = [
                    at(v, ast.keyword(arg=v.arg, value=part(v.value))) if isinstance(v, ast.keyword)
                    else part(v) if isinstance(v, ast.expr) else v
                    for v in value
                ]  # fmt: skip
            else:
                fields[name] = part(value) if isinstance(value, ast.expr) else value
        return before, at(node, type(node)(**fields))

    def joined(
        self, node: ast.BoolOp, op: ast.boolop, first: ast.expr, rest: list[ast.expr]
    ) -> tuple[list[ast.stmt], ast.expr]:
        """``a and f(b)``: the second is asked for only where the first does not decide."""
        before, value = self.expression(first)
        name = self.new("value")
        before.append(_assign(name, value, node))
        inner = before
        for operand in rest:
            made, value = self.expression(operand)
            test = _load(name, operand) if isinstance(op, ast.And) else _not(_load(name, operand))
            body = [*made, _assign(name, value, operand)]
            inner.append(at(operand, ast.If(test=test, body=body, orelse=[])))
            inner = body
        return before, _load(name, node)

    def summed(self, node: ast.GeneratorExp) -> tuple[list[ast.stmt], ast.expr]:
        """``sum(f(c) for c in kids)``, as a loop."""
        if len(node.generators) != 1 or not isinstance(node.generators[0].target, ast.Name):
            raise Unhoistable(
                node, "this sum of results of the function itself is not supported; write the loop out"
            )
        (generator,) = node.generators
        total = self.new("total")
        sums = at(node, ast.BinOp(left=_load(total, node), op=ast.Add(), right=node.elt))
        body: list[ast.stmt] = [_assign(total, sums, node)]
        for test in reversed(generator.ifs):
            body = [at(test, ast.If(test=test, body=body, orelse=[]))]
        loop = at(node, ast.For(target=generator.target, iter=generator.iter, body=body, orelse=[]))
        start = _assign(total, at(node, ast.Constant(value=0)), node)
        return [start, *self.statement(loop)], _load(total, node)


def _children(node: ast.expr) -> list[ast.expr]:
    """The parts of an expression in the order in which they are evaluated."""
    found: list[ast.expr] = []
    for _, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.keyword):
                child = child.value
            if isinstance(child, ast.expr):
                found.append(child)
    return found


def _may_change(node: ast.expr) -> bool:
    """Whether the value of an expression may be another one after something wrote to an array."""
    return any(isinstance(n, ast.Subscript | ast.Call) for n in ast.walk(node))


def at(origin: ast.AST, node):
    """The new node at the place of another."""
    return ast.copy_location(node, origin)


def _load(name: str, origin: ast.AST) -> ast.Name:
    return at(origin, ast.Name(id=name, ctx=ast.Load()))


def _not(test: ast.expr) -> ast.expr:
    return at(test, ast.UnaryOp(op=ast.Not(), operand=test))


def _assign(name: str, value: ast.expr, origin: ast.AST) -> ast.stmt:
    return at(origin, ast.Assign(targets=[at(origin, ast.Name(id=name, ctx=ast.Store()))], value=value))
