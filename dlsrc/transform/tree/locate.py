"""The text and the node of a live function: the file is compiled and searched for the function's code.

So a lambda, a nested function or a function of a notebook cell is found in one way.  If no code of the
text is the function's own, the text is not what runs (an edited file, a bytecode tool): refused.  What
stands at the function's line is compiled first: if it is that, the rest of the file takes no time.
"""

import __future__

import ast
import linecache
import os
import sys
import warnings
from collections.abc import Iterator
from functools import cached_property
from types import CodeType, FunctionType

from ...errors import SourceError

__all__ = ["Node", "find", "same_code"]

Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class _File:
    """The text of a file: parsed, and compiled to every code object in it, as far as that is needed."""

    def __init__(self, lines: tuple[str, ...], name: str, flags: int):
        self.lines, self.name, self.flags = lines, name, flags
        self.codes: dict[object, tuple[CodeType, ...]] = {}  # by optimization level
        self.found: dict[CodeType, Node] = {}                # the functions already located

    @cached_property
    def tree(self) -> ast.Module:
        return _parse_file("".join(self.lines), self.name, self.flags)


_files: dict[tuple[str, int], tuple[object, _File]] = {}
_FILES_KEPT = 64
_FUTURE_FLAGS = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


def find(function: FunctionType) -> tuple[tuple[str, ...], Node]:
    """The lines of the function's file and the node that defines it.

    The node has the line numbers and byte columns of the file.  It is shared: it must not be changed.
    A second call for the same function costs one look at the file's time and size.

    Raises
    ------
    SourceError
        If there is no text, or the text is not that of the function.
    """
    code = function.__code__
    failure: SyntaxError | None = None
    # Twice: a file written again within the clock's resolution has the time and size of the one kept.
    for fresh in (False, True):
        try:
            file = _parsed(function, fresh)
            node = file.found[code] if code in file.found else _match(file, function)
        except SyntaxError as error:
            failure = error
            continue
        if node is not None:
            file.found[code] = node
            return file.lines, node
    raise SourceError(
        f"the text of {code.co_filename} is not that of the function {code.co_qualname} that runs (line "
        f"{code.co_firstlineno}): the file was edited after it was imported, or a tool rewrote the compiled "
        "code. Import the module again (importlib.reload) or start Python again."
    ) from failure


def _parsed(function: FunctionType, fresh: bool) -> _File:
    code = function.__code__
    name = code.co_filename
    flags = code.co_flags & _FUTURE_FLAGS
    stamp = _stamp(name)
    kept = _files.get((name, flags))
    if kept is not None and stamp is not None and not fresh:
        if kept[0] == stamp:
            return kept[1]
    if fresh and os.path.exists(name):
        linecache.cache.pop(name, None)
    else:
        linecache.checkcache(name)
    lines = tuple(linecache.getlines(name, function.__globals__))
    if not lines:
        raise SourceError(_unavailable(code))
    file = _File(lines, name, flags)
    while len(_files) >= _FILES_KEPT:
        _files.pop(next(iter(_files)), None)
    _files[name, flags] = (_stamp(name), file)
    return file


def _stamp(name: str) -> object:
    """What changes when the text does; None if that cannot be told."""
    try:
        status = os.stat(name)
    except (OSError, ValueError):
        entry = linecache.cache.get(name)
        # The list itself: the same one as long as the cell was not run again.
        return _Same(entry[2]) if entry is not None and len(entry) == 4 else None
    return (status.st_mtime_ns, status.st_size)


class _Same:
    """Equal to another if both hold the same object."""

    def __init__(self, held: object):
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.held is other.held

    __hash__ = None  # type: ignore[assignment]


def _parse_file(text: str, name: str, flags: int) -> ast.Module:
    # A notebook's cell may await at its top level.
    flags |= ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return _quietly(text, name, flags)


def _quietly(text: object, name: str, flags: int, optimize: int = -1):
    """Compile without repeating the warnings that the user saw at import (or that are errors in tests)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(text, name, "exec", flags=flags, dont_inherit=True, optimize=optimize)  # type: ignore[call-overload]


def _unavailable(code: CodeType) -> str:
    what = f"the source of {code.co_qualname} is not available: "
    name = code.co_filename
    if name == "<stdin>":
        why = "it was typed at the interactive prompt, which keeps no text. "
    elif name.startswith("<"):
        why = f"it was made by exec or eval ({name}), which keep no text. "
    else:
        why = f"the file {name} cannot be read. "
    return what + why + "Put the function in a file or a notebook and import it from there."


# ---------------------------------------------------------------------------------- matching


def _match(file: _File, function: FunctionType) -> Node | None:
    code = function.__code__
    there = _where_it_stood(file, code)
    if there is not None:
        return there
    # The function may have been compiled under another -O than this process's.
    for optimize in (sys.flags.optimize, 0, 1, 2):
        node = _match_among(file, _compiled(file, code, optimize), code)
        if node is not None:
            return node
    return _match_among(file, _as_pytest_rewrites(file, function), code)


def _where_it_stood(file: _File, code: CodeType) -> Node | None:
    """What the whole file would give, if the function stands where it stood, character for character.

    To parse a file of 400 lines takes as long as to differentiate a short function.
    """
    try:
        tree = _parse_file(_around(file.lines, code.co_firstlineno - 1), file.name, file.flags)
        flags = file.flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        codes = _codes_in(_quietly(tree, file.name, flags, sys.flags.optimize))
    except (SyntaxError, ValueError):
        return None
    positions = tuple(code.co_positions())
    for found in codes:
        if found.co_qualname == code.co_qualname and found.co_firstlineno == code.co_firstlineno:
            if tuple(found.co_positions()) == positions and same_code(found, code):
                return _node_of(tree, found)
    return None


def _around(lines: tuple[str, ...], at: int) -> str:
    """The statement of the module that a line seems to belong to, by what is not indented; the rest is empty.

    But for imports: Python calls what is imported in another way (from 3.11 on).
    """

    def begins(k: int) -> bool:
        return lines[k][:1] not in " \t\r\n#)]}"

    def after(k: int) -> int:
        return next((j for j in range(k + 1, len(lines)) if begins(j)), len(lines))

    start = min(at, len(lines) - 1)
    while start > 0 and not begins(start):
        start -= 1
    header = start
    while header < len(lines) - 1 and lines[header].startswith("@"):
        header = min(after(header), len(lines) - 1)
    text = ["\n"] * start
    for k in range(start):
        if lines[k].startswith(("import ", "from ")):
            end = min(after(k), start)
            text[k:end] = lines[k:end]
    return "".join([*text, *lines[start : after(header)]])


def _compiled(file: _File, code: CodeType, optimize: int) -> tuple[CodeType, ...]:
    if optimize not in file.codes:
        flags = (code.co_flags & _FUTURE_FLAGS) | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        try:
            module = _quietly(file.tree, code.co_filename, flags, optimize)
        except (SyntaxError, ValueError):
            file.codes[optimize] = ()
        else:
            file.codes[optimize] = tuple(_codes_in(module))
    return file.codes[optimize]


def _as_pytest_rewrites(file: _File, function: FunctionType) -> tuple[CodeType, ...]:
    """The code of the file as pytest compiles it, with its asserts rewritten; empty if it did not."""
    rewriter = sys.modules.get("_pytest.assertion.rewrite")
    if rewriter is None or "@pytest_ar" not in function.__globals__:
        return ()
    if "pytest" not in file.codes:
        text = "".join(file.lines)
        name = function.__code__.co_filename
        try:
            tree = _quietly(text, name, ast.PyCF_ONLY_AST)
            rewriter.rewrite_asserts(tree, text.encode(), name, None)
            file.codes["pytest"] = tuple(_codes_in(_quietly(tree, name, 0)))
        except Exception:  # pytest's interface may change: then the function is refused, no crash
            file.codes["pytest"] = ()
    return file.codes["pytest"]


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    stack = [code]
    while stack:
        found = stack.pop()
        yield found
        stack += [c for c in found.co_consts if isinstance(c, CodeType)]


def _match_among(file: _File, codes: tuple[CodeType, ...], code: CodeType) -> Node | None:
    equal = [c for c in codes if c.co_qualname == code.co_qualname and same_code(c, code)]
    if not equal:
        return None
    # Text that only moved is still the function's text; where it stands as it stood is preferred.
    positions = tuple(code.co_positions())
    best = min(
        equal,
        key=lambda c: (abs(c.co_firstlineno - code.co_firstlineno), tuple(c.co_positions()) != positions),
    )
    return _node_of(file.tree, best)


def _node_of(tree: ast.AST, code: CodeType) -> Node | None:
    found = [n for n in ast.walk(tree) if isinstance(n, Node)]
    if code.co_name == "<lambda>":
        nodes = [n for n in found if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno]
        if len(nodes) > 1:
            nodes = [n for n in nodes if _holds(n, code)]
            nodes.sort(key=_extent)
        return nodes[0] if nodes else None
    for node in found:
        if not isinstance(node, ast.Lambda) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    return None


def _holds(node: ast.Lambda, code: CodeType) -> bool:
    """Whether all instructions of the code come from the body of this lambda."""
    start = (node.body.lineno, node.body.col_offset)
    end = (node.body.end_lineno, node.body.end_col_offset)
    seen = False
    for line, end_line, column, end_column in code.co_positions():
        if line is None or column is None or (line, column) == (end_line, end_column):
            continue  # an instruction of no text: the start of a function, a return
        if (line, column) < start or (end_line, end_column) > end:
            return False
        seen = True
    return seen


def _extent(node: ast.Lambda) -> tuple[int, int]:
    body = node.body
    lines = (body.end_lineno or body.lineno) - body.lineno
    return lines, (body.end_col_offset or 0) - body.col_offset


_ATTRIBUTES = (
    "co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_argcount", "co_posonlyargcount",
    "co_kwonlyargcount", "co_name", "co_exceptiontable",
)


def same_code(one: CodeType, other: CodeType) -> bool:
    """Whether two code objects do the same, nested functions included; where they stand does not matter."""
    if any(getattr(one, name) != getattr(other, name) for name in _ATTRIBUTES):
        return False
    if (one.co_flags ^ other.co_flags) & ~_FUTURE_FLAGS:
        return False
    return _same_constant(one.co_consts, other.co_consts)


def _same_constant(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, CodeType):
        return same_code(one, other)
    if isinstance(one, tuple):
        assert isinstance(other, tuple)
        return len(one) == len(other) and all(map(_same_constant, one, other))
    if isinstance(one, float | complex):
        return repr(one) == repr(other)  # tells -0.0 from 0.0, and finds nan equal to itself
    if isinstance(one, frozenset):
        return one == other and sorted(map(repr, one)) == sorted(map(repr, other))
    return one == other
