"""The function that a callable stands for, with its text, its tree and what it captured."""

import ast
import functools
import linecache
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

from ..errors import SourceError
from ..records import field, record
from .location import Location
from .tree.locate import Node, find

__all__ = ["Source", "deepest", "location", "read"]


@record(frozen=True, eq=False)
class Source:
    """A function with its text.

    ``tree`` has the line numbers and byte columns of the file; it is shared between readers and must not
    be changed.  ``closure`` gives, for each captured name, a function that reads the cell as it is now.
    """

    function: FunctionType
    file: str
    lines: tuple[str, ...] = field(repr=False)
    tree: Node = field(repr=False)
    qualname: str
    globals: dict[str, Any] = field(repr=False)
    closure: Mapping[str, Callable[[], Any]] = field(repr=False)
    defaults: tuple[Any, ...] = field(repr=False)
    kwdefaults: Mapping[str, Any] = field(repr=False)


def read(function: Callable[..., Any]) -> Source:
    """The source of a function, lambda, method, numba dispatcher, or of what such a thing wraps.

    A decorator that returns the function's own result for its own arguments (a timer, a cache, a logger)
    is looked through.  Any other wrapper is the function that runs, so the wrapper is what is read.

    Raises
    ------
    SourceError
        If it is not written in Python, there is no text, or the text is not that of the function.
    """
    return _located(_unwrapped(function))


def location(source: Source, node: ast.AST) -> Location:
    """Where a node of the source's tree stands; columns count characters, not ast's bytes."""
    line: int = getattr(node, "lineno", 0) or source.tree.lineno
    end_line: int = getattr(node, "end_lineno", None) or line
    text, end_text = (source.lines[n - 1] if n <= len(source.lines) else "" for n in (line, end_line))
    return Location(
        file=source.file,
        line=line,
        column=_characters(text, getattr(node, "col_offset", 0)),
        end_line=end_line,
        end_column=_characters(end_text, getattr(node, "end_col_offset", None) or 0),
        text=text.strip(),
        function=source.qualname,
        source_line=text.rstrip("\n"),
    )


def _characters(line: str, column: int) -> int:
    return column if line.isascii() else len(line.encode()[:column].decode(errors="ignore"))


def _located(function: FunctionType) -> Source:
    code = function.__code__
    lines, tree = find(function)
    return Source(
        function=function,
        file=code.co_filename,
        lines=lines,
        tree=tree,
        qualname=code.co_qualname,
        globals=function.__globals__,
        closure={
            name: _reader(name, cell)
            for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True)
        },
        defaults=function.__defaults__ or (),
        kwdefaults=dict(function.__kwdefaults__ or {}),
    )


def _reader(name: str, cell) -> Callable[[], Any]:
    def contents():
        try:
            return cell.cell_contents
        except ValueError:
            message = "cannot access free variable {!r} where it is not associated with a value"
            raise NameError(message.format(name)) from None

    return contents


# ---------------------------------------------------------------------------------- wrappers


def _unwrapped(function: object) -> FunctionType:
    seen: list[object] = []
    while True:
        inner = _looked_through(function)
        if inner is None or any(inner is s for s in seen):
            break
        seen.append(function)
        function = inner
    if not isinstance(function, FunctionType):
        raise SourceError(_not_a_function(function))
    return function


def _looked_through(function: object) -> object | None:
    """What the callable only passes its arguments to; None if it does something itself."""
    if isinstance(function, FunctionType):
        inner = getattr(function, "__wrapped__", None)
        return inner if inner is not None and _passes_through(function, inner) else None
    kind = type(function)
    package = kind.__module__.partition(".")[0]
    if hasattr(function, "__func__"):  # a bound method, staticmethod, classmethod
        return function.__func__
    if package == "numba":
        return getattr(function, "py_func", None)
    if package == "dlsrc" or kind is functools._lru_cache_wrapper:
        return getattr(function, "__wrapped__", None)
    return None


def _not_a_function(function: object) -> str:
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    if isinstance(function, type):
        return f"{name} is a class: pass a function, for example lambda x: {name}(x)…"
    if isinstance(function, functools.partial):
        return "a functools.partial object has no source of its own: read its .func"
    if hasattr(function, "__wrapped__"):
        kind = f"{type(function).__module__}.{type(function).__qualname__}"
        return f"{name} is wrapped by a {kind}, which may change its results: pass {name}.__wrapped__"
    if isinstance(vars(type(function)).get("__call__"), FunctionType):
        return f"an object of class {name} is not a function: pass its __call__ method"
    if callable(function):
        return f"{name} is not written in Python, so it has no source: call it from a Python function"
    return f"an object of class {name} is not a function"


def _passes_through(wrapper: FunctionType, inner: object) -> bool:
    """Whether a ``functools.wraps`` wrapper returns, always, what ``inner`` gives for its own arguments.

    Only the pattern of the decorators that measure or log is known: ``*args, **kwargs`` handed on as they
    came and the result handed back as it came, neither of them used for more than printing.
    """
    tree = _located(wrapper).tree
    if not isinstance(tree, ast.FunctionDef):
        return False
    given = tree.args
    if given.posonlyargs or given.args or given.kwonlyargs or given.vararg is None:
        return False
    names = [n for n, c in zip(wrapper.__code__.co_freevars, wrapper.__closure__ or (), strict=True)
             if _contents(c) is inner]
    args, kwargs = given.vararg.arg, given.kwarg.arg if given.kwarg else None
    nodes = list(_inside(tree.body))
    calls = [n for n in nodes if isinstance(n, ast.Call) and _is_call(n, names, args, kwargs)]
    results = set()
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if value in calls:
                results.add(name)
    for node in nodes:
        match node:
            case ast.Return(value=ast.Name(id=name)) if name in results:
                pass
            case ast.Return(value=given_back) if given_back not in calls:
                return False
            case ast.Nonlocal() | ast.Raise() | ast.Assert() | ast.Yield() | ast.YieldFrom() | ast.Await():
                return False
    watched = {args, kwargs, *names, *results}
    plain = {id(n) for n in _plain_uses(nodes, calls, names)}
    if any(isinstance(n, ast.Name) and n.id in watched and id(n) not in plain for n in nodes):
        return False
    return bool(calls) and _ends_in_return(tree.body)


def _contents(cell) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _is_call(node: ast.Call, names: list[str], args: str, kwargs: str | None) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.Starred(value=ast.Name(id=star))], keywords=keywords):
            handed = [(k.arg, k.value.id) for k in keywords if isinstance(k.value, ast.Name)]
            same = len(handed) == len(keywords) and handed == ([] if kwargs is None else [(None, kwargs)])
            return name in names and star == args and same
    return False


def _plain_uses(nodes: list[ast.AST], calls: list[ast.Call], names: list[str]) -> Iterator[ast.AST]:
    """The names that stand where nothing can be done to them: handed on, handed back, printed."""
    for node in nodes:
        match node:
            case ast.Call() if node in calls:
                yield node.func
                yield from (a.value for a in node.args if isinstance(a, ast.Starred))
                yield from (k.value for k in node.keywords)
            case ast.Call(func=ast.Name(id="print")):
                yield from node.args
            case ast.FormattedValue(value=shown) | ast.Return(value=ast.Name() as shown):
                yield shown
            case ast.Attribute(value=ast.Name(id=name) as inner, ctx=ast.Load()) if name in names:
                yield inner  # function.__name__
            case ast.Assign(value=ast.Call() as call, targets=[target]) if call in calls:
                yield target


def _inside(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in body:
        yield from ast.walk(statement)


def _ends_in_return(body: list[ast.stmt]) -> bool:
    match body[-1]:
        case ast.Return():
            return True
        case ast.With(body=inner) | ast.Try(body=inner, handlers=[]):
            return _ends_in_return(inner)
    return False


# From this depth on, an expression that could not be read is blamed for it.
DEEP = 60


def deepest(function: Callable) -> Location | None:
    """Where the statement stands whose expression is nested most; None if none is nested deeply.

    Parameters
    ----------
    function : function
        One that could not be read because Python's stack ran out.
    """
    try:
        source = read(function)
    except RecursionError:  # not even Python's own parser gets to the bottom of it
        code = function.__code__
        line = linecache.getline(code.co_filename, code.co_firstlineno).rstrip("\n")
        return Location(
            code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, len(line), line.strip(),
            code.co_qualname, source_line=line,
        )  # fmt: skip
    best, where = DEEP, None
    waiting: list[tuple[ast.AST, int, ast.AST]] = [(source.tree, 0, source.tree)]
    while waiting:
        node, depth, owner = waiting.pop()
        if isinstance(node, ast.stmt):
            depth, owner = 0, node
        if depth > best:
            best, where = depth, owner
        waiting += [(child, depth + 1, owner) for child in ast.iter_child_nodes(node)]
    return None if where is None else location(source, where)
