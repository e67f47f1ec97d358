"""The gate: which of Python's syntax may stand in a differentiated function, and what is said of the rest.

Every node class of Python's ``ast`` is in exactly one of the tables below; a class in none of them is one
that a newer Python brought, and is refused by its name.  A table per kind of answer:

>>> tree = ast.parse("def f(x):\\n    global n\\n    return (yield x)").body[0]
>>> for node, message in problems(tree):
...     print(node.lineno, message)
2 assigning a global name cannot be differentiated; return the new value, and assign it outside
3 a generator cannot be differentiated; collect the values in a list or an array and return it
"""

import ast
import sys
from collections.abc import Callable, Iterator

__all__ = ["ABSENT", "ALLOWED", "CONDITIONAL", "PARTS", "REFUSED", "problems"]

ALLOWED = frozenset({
    # statements
    "FunctionDef", "Return", "Assign", "AugAssign", "AnnAssign", "For", "If", "Raise", "Assert",
    "Nonlocal", "Expr", "Pass", "Break", "Continue", "Import", "ImportFrom", "Match", "With",
    # expressions
    "BoolOp", "NamedExpr", "BinOp", "UnaryOp", "Lambda", "IfExp", "Dict", "ListComp", "DictComp",
    "GeneratorExp", "Compare", "Call", "FormattedValue", "Attribute", "Subscript", "Name", "List", "Tuple",
    "Slice", "Starred", "Set", "SetComp", "JoinedStr", "arguments", "arg", "keyword", "alias", "withitem",
    # cases of match
    "match_case", "MatchValue", "MatchSingleton", "MatchAs",
    # operators and contexts
    "And", "Or", "Add", "Sub", "Mult", "MatMult", "Div", "Mod", "Pow", "LShift", "RShift", "BitOr", "BitXor",
    "BitAnd", "FloorDiv", "Invert", "Not", "UAdd", "USub", "Eq", "NotEq", "Lt", "LtE", "Gt", "GtE", "Is",
    "IsNot", "In", "NotIn", "Load", "Store", "Del",
})

_GENERATOR = "a generator cannot be differentiated; collect the values in a list or an array and return it"
_ASYNC = "asynchronous code cannot be differentiated; await outside, and pass in what was awaited"
_TRY = (
    "try cannot be differentiated: where it leaves the block is not known; test with if before the operation "
    "that could fail (raise and assert are allowed)"
)
_MATCHED = "match on the parts of a value is not supported; write if and elif, and take the parts by index"

REFUSED = {
    "AsyncFunctionDef": _ASYNC,
    "AsyncFor": _ASYNC,
    "AsyncWith": _ASYNC,
    "Await": _ASYNC,
    "Yield": _GENERATOR,
    "YieldFrom": _GENERATOR,
    "Try": _TRY,
    "TryStar": _TRY,
    "ClassDef": "a class cannot be defined inside the function; define it outside, and make its objects here",
    "Global": "assigning a global name cannot be differentiated; return the new value, and assign it outside",
    "MatchSequence": _MATCHED,
    "MatchMapping": _MATCHED,
    "MatchStar": _MATCHED,
    "TypeAlias": "a type alias inside the function means nothing to its derivative; put it outside",
    "TemplateStr": "a template string cannot be differentiated; make the text outside the function",
}

# Pieces of what is refused as a whole, so nothing is said of them.
PARTS = frozenset({
    "ExceptHandler", "Interpolation", "TypeVar", "ParamSpec", "TypeVarTuple",
})

# Abstract bases, whole files, classes that Python keeps only for old programs: never in a function's tree.
ABSENT = frozenset({
    "AST", "mod", "stmt", "expr", "expr_context", "boolop", "operator", "unaryop", "cmpop", "excepthandler",
    "pattern", "type_ignore", "type_param", "slice", "Module", "Interactive", "Expression", "FunctionType",
    "TypeIgnore", "Suite", "Param", "AugLoad", "AugStore", "Index", "ExtSlice", "Num", "Str", "Bytes",
    "NameConstant", "Ellipsis",
})


def _delete(node: ast.Delete, printed: bool) -> str | None:
    if all(isinstance(target, ast.Name | ast.Subscript) for target in node.targets):
        return None
    return "only a name can be deleted; to drop elements, make a shorter list or array"


def _constant(node: ast.Constant, printed: bool) -> str | None:
    if isinstance(node.value, complex):
        return "complex numbers are not supported yet; compute with the real and the imaginary part"
    if isinstance(node.value, bytes) and not printed:
        return "bytes cannot be differentiated; use a string or an array of numbers"
    return None


def _matched(node: ast.MatchClass, printed: bool) -> str | None:
    return _MATCHED if node.patterns or node.kwd_patterns else None


def _while(node: ast.While, printed: bool) -> str | None:
    if node.orelse and any(isinstance(n, ast.NamedExpr) for n in ast.walk(node.test)):
        return "a while loop with else whose condition binds a name is not supported; bind it in the body"
    return None


def _alternatives(node: ast.MatchOr, printed: bool) -> str | None:
    if any(isinstance(n, ast.MatchAs) and n.name is not None for n in ast.walk(node)):
        return "a name bound in one of several alternatives is not supported; write if and elif"
    return None


def _comprehension(node: ast.comprehension, printed: bool) -> str | None:
    return _ASYNC if node.is_async else None


# Refused in some places: the answer for a node, and whether it stands where text is made to be shown.
CONDITIONAL: dict[str, Callable[..., str | None]] = {
    "Delete": _delete,
    "Constant": _constant,
    "MatchClass": _matched,
    "MatchOr": _alternatives,
    "While": _while,
    "comprehension": _comprehension,
}

_OPEN = frozenset({"Try", "TryStar"})   # refused, but what is inside is looked at as well


def problems(tree: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[tuple[ast.AST, str]]:
    """Everything in a function that cannot be differentiated, in the order of the text.

    The function's own decorators, defaults and annotations are not looked at: they ran already.
    """
    if isinstance(tree, ast.AsyncFunctionDef):
        return [(tree, _ASYNC)]
    found: dict[tuple[int, int, str], ast.AST] = {}
    body = tree.body if isinstance(tree.body, list) else [tree.body]
    stack: list[tuple[ast.AST, ast.AST, bool]] = [(node, node, False) for node in body]
    while stack:
        node, around, printed = stack.pop()
        where = node if hasattr(node, "lineno") else around
        kind = type(node).__name__
        message = _message(node, kind, printed)
        if message is not None:
            found[where.lineno, where.col_offset, message] = where  # type: ignore[attr-defined]
        if message is None or kind in _OPEN:
            printed = printed or _shows_text(node)
            stack += [(child, where, printed) for child in _children(node)]
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            where = node.decorator_list[0]
            found[where.lineno, where.col_offset, _DECORATED] = where
    return [(found[key], key[-1]) for key in sorted(found)]


_DECORATED = "a decorated inner function cannot be differentiated; decorate it outside, or call it without"


def _message(node: ast.AST, kind: str, printed: bool) -> str | None:
    if kind in ALLOWED or kind in PARTS:
        return None
    if kind in CONDITIONAL:
        return CONDITIONAL[kind](node, printed)
    if kind in REFUSED:
        return REFUSED[kind]
    return f"Python {sys.version_info[0]}.{sys.version_info[1]} syntax {kind} is not supported yet"


def _shows_text(node: ast.AST) -> bool:
    match node:
        case ast.Raise() | ast.Assert() | ast.Call(func=ast.Name(id="print" | "refuse")):
            return True
    return False


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes inside that are run: annotations and type parameters are not."""
    match node:
        case ast.FunctionDef(args=args, body=body):
            yield args
            yield from body
        case ast.arguments(defaults=defaults, kw_defaults=kw_defaults):
            yield from defaults
            yield from (d for d in kw_defaults if d is not None)
        case ast.AnnAssign(target=target, value=value):
            yield target
            if value is not None:
                yield value
        case _:
            yield from ast.iter_child_nodes(node)
