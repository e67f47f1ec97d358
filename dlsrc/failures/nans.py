"""``debug="nan"``: which line of the user's turned a number into nan, on the way forward or back.

The program runs as ever.  Only where a result holds nan is the generated text run again, as plain Python in
which every value that is assigned is looked at::

    dx[i] += dy * (0.5 / y)      →      dx[i] += dy * (0.5 / y)
                                        seen(17, "dx", dx[i])

So nothing is slower that has no nan, and the first value that is one is found wherever it is hidden later.
"""

import ast
import copy
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..dlarray import extractdata
from ..signature import canonical
from ..structure import flatten
from .failure import at_line, silent
from .faults import Place
from .rerun import place_in, plain_function

__all__ = ["watched"]

TEMPORARY = re.compile(r"v\d+")
WIDTH = 100
MOST = 4


class _Found(Exception):
    """Ends the second run: what was looked for was seen."""


class _Sight:
    """One value that is nan: the line of the text, what it is called, its statement, what was read there."""

    def __init__(self, line: int, name: str, value: Any, statement: ast.stmt, scope: dict):
        self.line, self.name, self.value = line, name, value
        self.statement = ast.unparse(statement)
        self.read = _read_by(statement, scope, value)


def watched(entry: Any, call: Any, binding: Any, owner: Any, again: tuple) -> Any:
    """The result of a packed call, like ``entry.run``; looked at for nan.

    Raises
    ------
    FloatingPointError
        If the result holds nan: at the user's line where the first value turned nan.
    """
    values = entry.parameters(call)[0] + [canonical(value) for value in binding.hidden(owner)]
    values = [copy.copy(value) for value in values]  # the program may write to its arguments
    result = entry.run(call, binding, owner, again)
    if not _holds_nan(result):
        return result
    mode = entry.mode
    back_first = mode.argnums is not None and mode.kind == "gradient" and not _holds_nan(result[0])
    raise _blamed(entry, values, binding.origins[0].__name__, back_first)


def _holds_nan(tree: Any) -> bool:
    return any(_is_nan(extractdata(leaf)) for leaf in flatten(tree, "the result")[0])


def _is_nan(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and bool(np.isnan(value).any())
    return isinstance(value, float | np.floating) and bool(value != value)


def _blamed(entry: Any, values: list, name: str, back_first: bool) -> Exception:
    """The error that says where the nan comes from.

    ``back_first`` says that the value of the function is no nan: one on the way forward is meant to be there.
    """
    given = [
        f"`{printed}` holds nan already"
        for printed, value in zip(entry.interface.parameters, values, strict=False) if _is_nan(value)
    ]  # fmt: skip
    if given and not back_first:
        return FloatingPointError(f"{name}(): the argument {given[0]}")
    text = entry.interface.text
    forward: list[_Sight] = []
    backward: list[_Sight] = []

    def seen(line: int, printed: str, value: Any, number: int) -> Any:
        if _is_nan(value):
            back = _is_back(text, line)
            found = backward if back else forward
            if not found:
                frame = sys._getframe(1)
                scope = {**frame.f_globals, **frame.f_locals}
                found.append(_Sight(line, printed, value, statements[number], scope))
            if back or not back_first:
                raise _Found
        return value

    plain = plain_function(entry)
    looking, statements = _looking(text, plain, seen)
    # 1.0 / 0.0 is inf, as in compiled code
    values = [np.float64(v) if type(v) is float else v for v in values]
    try:
        with silent(), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            looking(*values)
    except _Found:
        pass
    except Exception as error:  # plain Python refuses what compiled code makes a nan of
        place = place_in(error, looking, entry)
        if place is not None and not forward and not backward:
            return at_line(FloatingPointError(f"{place.shown}: {error}, in `{place.text}`"), place)
    sights = (backward or forward) if back_first else (forward or backward)
    sight = sights[0] if sights else None
    if sight is None:
        return FloatingPointError(f"{name}(): the result holds nan, and no line of it was found to make one")
    place = entry.interface.faults.place_of(sight.line)
    message = _message(sight, place, _is_back(text, sight.line), text)
    if given:
        message += f"\n  the argument {given[0]}"
    made = FloatingPointError(message)
    return made if place is None else at_line(made, place)


def _message(sight: _Sight, place: Place | None, back: bool, text: str) -> str:
    where = "" if place is None else f"{place.shown}: "
    what = f"`{sight.name}`"
    user = sight.name.removeprefix("d")
    if back and user != sight.name and _is_named(text, user):
        what = f"an adjoint, {what}," if TEMPORARY.fullmatch(user) else f"the adjoint of `{user}`"
    way = "on the way back through" if back else "in"
    line = sight.statement if len(sight.statement) <= WIDTH else f"{sight.statement[:WIDTH]}…"
    source = "" if place is None else place.text
    lines = [f"{where}{what} turned nan {way} `{source}`", f"  generated: {line}"]
    if sight.read:
        lines.append(f"  with {', '.join(sight.read)}")
    return "\n".join(lines)


def _is_named(text: str, name: str) -> bool:
    nodes = ast.walk(ast.parse(text))
    return any(name == getattr(n, "id" if isinstance(n, ast.Name) else "arg", None) for n in nodes)


def _is_back(text: str, line: int) -> bool:
    """Whether a line of the text is a part of the way back: the comment above it says so."""
    for above in reversed(text.splitlines()[: line - 1]):
        comment = above.strip()
        if comment.startswith("#"):
            return comment.startswith("#   back through")
    return False


def _read_by(statement: ast.stmt, scope: dict, result: Any) -> list[str]:
    """The numbers that a statement reads, as ``name = value``; of arrays, the element where the nan is."""
    place: tuple | None = None
    if isinstance(result, np.ndarray) and result.ndim:
        place = tuple(int(k) for k in np.argwhere(np.isnan(result))[0])
    value = getattr(statement, "value", None)
    changed = {ast.unparse(target) for target in getattr(statement, "targets", ())}
    found: dict[str, str] = {}
    nodes = list(ast.walk(value)) if value is not None else []
    subscripts = [node for node in nodes if isinstance(node, ast.Subscript)]
    inside = {id(n) for node in subscripts for n in ast.walk(node) if n is not node}
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if id(node) in inside or id(node) in called or not isinstance(node, ast.Name | ast.Subscript):
            continue
        name = ast.unparse(node)
        if name in changed:
            continue
        try:
            read = eval(compile(ast.Expression(node), "<read>", "eval"), scope)
        except Exception:  # something that the statement has changed
            continue
        if isinstance(read, np.ndarray) and place is not None and read.shape == np.shape(result):
            name, read = f"{name}[{', '.join(map(str, place))}]", read[place]
        if isinstance(read, float | np.floating):
            found[name] = f"{name} = {float(read):.6g}"
    return list(found.values())[:MOST]


# ---------------------------------------------------------------------------------- the text that looks


class _Looking(ast.NodeTransformer):
    """Calls ``seen`` after every statement with what it assigned; memory is zeros where it was left empty."""

    def __init__(self) -> None:
        self.statements: list[ast.stmt] = []

    def _seen(self, name: str, value: ast.expr, statement: ast.stmt) -> ast.expr:
        number = len(self.statements)
        self.statements.append(copy.deepcopy(statement))
        call = ast.Call(
            ast.Name("seen", ast.Load()),
            [ast.Constant(statement.lineno), ast.Constant(name), value, ast.Constant(number)], [],
        )  # fmt: skip
        return ast.copy_location(call, statement)

    def _after(self, statement: ast.stmt, targets: list[ast.expr]) -> list[ast.stmt]:
        made: list[ast.stmt] = [statement]
        for target in targets:
            for one in target.elts if isinstance(target, ast.Tuple) else [target]:
                base: ast.expr = one
                while isinstance(base, ast.Subscript | ast.Attribute):
                    base = base.value
                if isinstance(base, ast.Name):
                    value = ast.parse(ast.unparse(one), mode="eval").body
                    call = ast.Expr(self._seen(base.id, value, statement))
                    made.append(ast.copy_location(call, statement))
        return made

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        after = self._after(node, node.targets)
        self.generic_visit(node)
        return after

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        return self._after(node, [node.target])

    def visit_Expr(self, node: ast.Expr) -> list[ast.stmt]:
        if not isinstance(node.value, ast.Call):
            return [node]
        return self._after(node, [arg for arg in node.value.args if isinstance(arg, ast.Name)])

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        if node.value is None:
            return node
        if isinstance(node.value, ast.Tuple):
            node.value.elts = [self._seen(_called(e), e, node) for e in node.value.elts]
        else:
            node.value = self._seen(_called(node.value), node.value, node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if ast.unparse(node) in ("np.empty", "np.empty_like"):
            node.attr = node.attr.replace("empty", "zeros")
        return node


def _called(value: ast.expr) -> str:
    return value.id if isinstance(value, ast.Name) else "the result"


def _looking(text: str, plain: Callable, seen: Callable) -> tuple[Callable, list[ast.stmt]]:
    """The function of a text, with calls of ``seen`` in it, and the statements that they belong to."""
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    looking = _Looking()
    tree = ast.fix_missing_locations(looking.visit(tree))
    space: dict[str, Any] = {**plain.__globals__, "seen": seen}
    for name, kernel in plain.__globals__.items():
        if name.startswith(("room", "growing", "empty_vector")) and callable(kernel):
            space[name] = _cleared(kernel)
    exec(compile(tree, plain.__code__.co_filename, "exec"), space)
    return space[plain.__name__], looking.statements


def _cleared(kernel: Callable) -> Callable:
    """A kernel that makes room, with zeros in the new part."""

    def make(*args: Any) -> Any:
        made = kernel(*args)
        old = args[0] if args and isinstance(args[0], np.ndarray) else None
        if isinstance(made, np.ndarray) and made is not old:
            made[0 if old is None else len(old) :] = 0
        return made

    return make
