"""Syntax that is short for other syntax, written out before jumps are removed.

A loop whose condition binds a name tests at the start of its body; ``match`` is a chain of ``if``; what
``with`` encloses stands after it:

>>> print(_shown('''
... while (t := step(t)) > 0.1:
...     s += t
... match kind:
...     case "a" | "b": y = 1
...     case float(): y = 2
...     case other: y = other
... '''))
while True:
    if not (t := step(t)) > 0.1:
        break
    s += t
subject = kind
if subject == 'a' or subject == 'b':
    y = 1
elif isinstance(subject, float):
    y = 2
else:
    other = subject
    y = other
"""

import ast
from collections.abc import Callable

__all__ = ["desugared"]


def desugared(body: list[ast.stmt], new: Callable[[str], str]) -> list[ast.stmt]:
    """The statements with loops, ``match`` and ``with`` in their simple forms; ``new`` makes names."""
    done: list[ast.stmt] = []
    for statement in body:
        match statement:
            case ast.While(test=test, body=inside, orelse=orelse):
                statement.body = desugared(inside, new)
                statement.orelse = desugared(orelse, new)
                if any(isinstance(n, ast.NamedExpr) for n in ast.walk(test)):
                    statement = _tested_inside(statement)
                done.append(statement)
            case ast.For() | ast.If():
                statement.body = desugared(statement.body, new)
                statement.orelse = desugared(statement.orelse, new)
                done.append(statement)
            case ast.With(body=inside):
                statement.body = [_at(statement, ast.Pass())]
                done += [statement, *desugared(inside, new)]
            case ast.Match(subject=subject, cases=cases):
                name = new("subject")
                done.append(_at(statement, ast.Assign([_name(name, ast.Store(), subject)], subject)))
                done += _chain(cases, name, new)
            case _:
                done.append(statement)
    return done


def _tested_inside(loop: ast.While) -> ast.While:
    """The same loop with its test as the first statement of the body.

    What stands after ``else`` runs when the test fails, and a ``break`` in it leaves the outer loop: such a
    loop is refused before.
    """
    leave = _at(loop.test, ast.If(_not(loop.test), [*loop.orelse, _at(loop.test, ast.Break())], []))
    return _at(loop, ast.While(_at(loop.test, ast.Constant(True)), [leave, *loop.body], []))


def _chain(cases: list[ast.match_case], subject: str, new: Callable[[str], str]) -> list[ast.stmt]:
    """The cases of a ``match`` as branches, the first of them outermost."""
    rest: list[ast.stmt] = []
    for case in reversed(cases):
        test, names = _pattern(case.pattern, subject)
        body = [
            _at(case.pattern, ast.Assign([_name(n, ast.Store(), case.pattern)],
                                         _name(subject, ast.Load(), case.pattern)))
            for n in names
        ] + desugared(case.body, new)  # fmt: skip
        if case.guard is not None:
            guard = _Renamed(dict.fromkeys(names, subject)).visit(case.guard)
            test = guard if test is None else _at(guard, ast.BoolOp(ast.And(), [test, guard]))
        rest = body if test is None else [_at(case.pattern, ast.If(test, body, rest))]
    return rest


def _pattern(pattern: ast.pattern, subject: str) -> tuple[ast.expr | None, list[str]]:
    """The test that a pattern makes, None if it fits everything, and the names that it binds."""
    loaded = _name(subject, ast.Load(), pattern)
    match pattern:
        case ast.MatchValue(value=value):
            return _at(pattern, ast.Compare(loaded, [ast.Eq()], [value])), []
        case ast.MatchSingleton(value=value):
            constant = _at(pattern, ast.Constant(value))
            return _at(pattern, ast.Compare(loaded, [ast.Is()], [constant])), []
        case ast.MatchClass(cls=cls):
            function = _name("isinstance", ast.Load(), pattern)
            return _at(pattern, ast.Call(function, [loaded, cls], [])), []
        case ast.MatchOr(patterns=patterns):
            tests = [_pattern(p, subject)[0] for p in patterns]
            known = [t for t in tests if t is not None]
            return (_at(pattern, ast.BoolOp(ast.Or(), known)) if len(known) == len(tests) else None), []
        case ast.MatchAs(pattern=inner, name=name):
            test, names = (None, []) if inner is None else _pattern(inner, subject)
            return test, names + ([] if name is None else [name])
    raise AssertionError(pattern)  # refused before


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return _name(self.names.get(node.id, node.id), node.ctx, node)


def _at(origin: ast.AST, node):
    return ast.copy_location(node, origin)


def _name(name: str, ctx: ast.expr_context, at: ast.AST) -> ast.Name:
    return _at(at, ast.Name(id=name, ctx=ctx))


def _not(test: ast.expr) -> ast.expr:
    return _at(test, ast.UnaryOp(op=ast.Not(), operand=test))


def _shown(text: str) -> str:
    body = desugared(ast.parse(text).body, lambda word: word)
    return "\n".join(ast.unparse(ast.fix_missing_locations(statement)) for statement in body)
