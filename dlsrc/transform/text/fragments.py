"""Python expressions as text with a precedence, so that parentheses stand only where they are needed.

The expressions that primitives are written out as come from the primitives' own source, read once.
"""

import ast
import builtins
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ...records import field, record
from ..machine.specialize import specialized

__all__ = [
    "ATOM", "COMPARISON", "CONDITIONAL", "CONJUNCTION", "DISJUNCTION", "NEGATION", "SIGN", "Fragment",
    "Template", "literal", "show", "template_of",
]

CONDITIONAL, DISJUNCTION, CONJUNCTION, NEGATION, COMPARISON = 1, 2, 3, 4, 5
SUM, PRODUCT, SIGN, POWER, ATOM = 10, 11, 12, 13, 15

_BINARY = {
    ast.Add: ("+", SUM), ast.Sub: ("-", SUM), ast.Mult: ("*", PRODUCT), ast.Div: ("/", PRODUCT),
    ast.FloorDiv: ("//", PRODUCT), ast.Mod: ("%", PRODUCT), ast.MatMult: ("@", PRODUCT),
    ast.LShift: ("<<", 9), ast.RShift: (">>", 9), ast.BitAnd: ("&", 8), ast.BitXor: ("^", 7),
    ast.BitOr: ("|", 6),
}
_COMPARE = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}
_UNARY = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}


@record(frozen=True)
class Fragment:
    """The text of an expression and how tightly it binds; ``simple`` is a name or number without brackets."""

    text: str
    level: int = ATOM
    simple: bool = False

    def at(self, level: int) -> str:
        """The text as an operand that must bind at least this tightly."""
        return self.text if self.level >= level else f"({self.text})"


def literal(value: Any) -> Fragment:
    """A Python literal; a negative number binds as the sign that it is written with.

    >>> literal(-2.0).at(POWER)
    '(-2.0)'
    """
    negative = isinstance(value, int | float) and not isinstance(value, bool) and repr(value).startswith("-")
    number = isinstance(value, int | float)
    return Fragment(repr(value), SIGN if negative else ATOM, simple=number)


def show(
    node: ast.expr, names: Callable[[str], Fragment], number: Callable[[Any], Fragment] = literal
) -> Fragment:
    """An expression as text; ``names`` says what each name in it stands for, ``number`` how literals are."""

    def sub(inner: ast.expr, level: int) -> str:
        return show(inner, names, number).at(level)

    match node:
        case ast.Name():
            return names(node.id)
        case ast.Constant():
            return number(node.value)
        case ast.BinOp(op=ast.Pow()):
            # A whole exponent changes no dtype.
            whole = isinstance(node.right, ast.Constant) and isinstance(node.right.value, int)
            base = show(node.left, names, number)
            exponent = show(node.right, names, literal if whole else number)
            # `x**-y` needs no parentheses, `x**y**z` gets them for the reader's sake.
            right = exponent.text if exponent.level == SIGN else exponent.at(ATOM)
            space = "" if base.simple and base.level == ATOM and exponent.simple else " "
            return Fragment(f"{base.at(ATOM)}{space}**{space}{right}", POWER)
        case ast.BinOp():
            sign, level = _BINARY[type(node.op)]
            return Fragment(f"{sub(node.left, level)} {sign} {sub(node.right, level + 1)}", level)
        case ast.UnaryOp(op=ast.Not()):
            return Fragment(f"not {sub(node.operand, NEGATION)}", NEGATION)
        case ast.UnaryOp():
            return Fragment(f"{_UNARY[type(node.op)]}{sub(node.operand, POWER)}", SIGN)
        case ast.Compare():
            words = [sub(node.left, COMPARISON + 1)]
            for op, operand in zip(node.ops, node.comparators, strict=True):
                words += [_COMPARE[type(op)], sub(operand, COMPARISON + 1)]
            return Fragment(" ".join(words), COMPARISON)
        case ast.BoolOp():
            conjunction = isinstance(node.op, ast.And)
            level = CONJUNCTION if conjunction else DISJUNCTION
            word = " and " if conjunction else " or "
            return Fragment(word.join(sub(v, level) for v in node.values), level)
        case ast.IfExp():
            return Fragment(
                f"{sub(node.body, DISJUNCTION)} if {sub(node.test, DISJUNCTION)} else "
                f"{sub(node.orelse, CONDITIONAL)}", CONDITIONAL,
            )
        case ast.Call():
            words = [sub(a, CONDITIONAL) for a in node.args]
            words += [f"{k.arg}={sub(k.value, CONDITIONAL)}" for k in node.keywords]
            return Fragment(f"{sub(node.func, ATOM)}({', '.join(words)})")
        case ast.Attribute():
            value = show(node.value, names, number)
            return Fragment(f"{value.at(ATOM)}.{node.attr}", simple=value.simple)
        case ast.Subscript():
            return Fragment(f"{sub(node.value, ATOM)}[{_subscript(node.slice, sub)}]")
        case ast.Tuple():
            words = [sub(e, CONDITIONAL) for e in node.elts]
            return Fragment(f"({words[0]},)" if len(words) == 1 else f"({', '.join(words)})")
        case ast.List():
            return Fragment(f"[{', '.join(sub(e, CONDITIONAL) for e in node.elts)}]")
    raise TypeError(f"{type(node).__name__} cannot be written out: {ast.unparse(node)}")


def _subscript(node: ast.expr, sub: Callable[[ast.expr, int], str]) -> str:
    if isinstance(node, ast.Tuple) and node.elts:
        return ", ".join(_subscript(e, sub) for e in node.elts)
    if isinstance(node, ast.Slice):
        first, last = ("" if e is None else sub(e, CONDITIONAL) for e in (node.lower, node.upper))
        return f"{first}:{last}" + ("" if node.step is None else f":{sub(node.step, CONDITIONAL)}")
    return sub(node, CONDITIONAL)


# ---------------------------------------------------------------------------------- templates


@record(frozen=True)
class Template:
    """The single expression that a function returns.

    Attributes
    ----------
    count : how often each parameter occurs
    arrays : whether it means the same on arrays as on each element
    modules : the global names of modules and builtins it uses (``np``)
    functions : the kernels it calls, by the name they have in the expression
    branches : whether it holds a conditional
    """

    node: ast.expr
    count: Mapping[str, int]
    arrays: bool
    modules: frozenset[str]
    functions: Mapping[str, Any] = field(default_factory=dict)
    branches: bool = False


_WRITABLE = (
    ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Call,
    ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.expr_context, ast.operator,
    ast.unaryop, ast.cmpop, ast.boolop, ast.keyword,
)


@cache
def template_of(body: Callable, static: tuple[tuple[str, Any], ...] = ()) -> Template | None:
    """The expression that a function is, read from its source; None if it is more than one ``return``.

    With its static parameters known, a function that branches on them may be one expression too.
    """
    function = specialized(body, dict(static))
    if function is None:
        return None
    is_text = [isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in function.body]
    statements = [s for s, text in zip(function.body, is_text, strict=True) if not text]
    if len(statements) != 1 or not isinstance(statements[0], ast.Return) or statements[0].value is None:
        return None
    node = statements[0].value
    inside = list(ast.walk(node))
    if not all(isinstance(n, _WRITABLE) for n in inside):
        return None
    parameters = [a.arg for a in function.args.args]
    names = [n.id for n in inside if isinstance(n, ast.Name)]
    free = {name for name in names if name not in parameters}
    captured = inspect.getclosurevars(body)
    modules, functions = set(), {}
    for name in free:
        found = captured.globals.get(name, captured.nonlocals.get(name))
        if found is None and hasattr(builtins, name):
            modules.add(name)
        elif inspect.ismodule(found) and (name, found.__name__) in (("np", "numpy"), ("math", "math")):
            modules.add(name)
        elif callable(found) and not hasattr(found, "foreign"):  # that is called by the primitive's name
            functions[name] = found
        else:
            return None
    scalar_only = any(isinstance(n, ast.BoolOp | ast.IfExp | ast.Not) for n in inside) or bool(
        (free - {"np"}) & modules  # numba knows abs of a number only
    )
    chained = any(isinstance(n, ast.Compare) and len(n.ops) > 1 for n in inside)
    return Template(
        node=node,
        count={parameter: names.count(parameter) for parameter in parameters},
        arrays=not scalar_only and not chained and not functions,
        modules=frozenset(modules),
        functions=functions,
        branches=any(isinstance(n, ast.IfExp) for n in inside),
    )
