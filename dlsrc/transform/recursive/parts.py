"""Parts of an array that a function calls itself with, as the whole array and the bounds of the part.

    def total(x):                          def total(x):                     first = 0; last = len(x)
        if len(x) == 1:                        if len(x[first:last]) == 1:
            return x[0] ** 2           →           return x[first:last][0] ** 2
        m = len(x) // 2                        m = len(x[first:last]) // 2
        return total(x[:m]) + total(x[m:])     return total(x; first, first + m) + total(x; first + m, last)

So the array is one that every call hands on unchanged, and only numbers go on the stack.
"""

import ast
from collections.abc import Callable
from typing import Any

from ...records import field, record
from .hoist import Unhoistable, at
from .pieces import assign, length, load, number

__all__ = ["Part", "is_slice", "parts_of"]


PLAIN = (
    ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Attribute, ast.Subscript, ast.operator, ast.unaryop,
    ast.expr_context,
)


@record(eq=False)
class Part:
    """A parameter of which calls get parts: the names of its bounds and step, and those of each call."""

    param: str
    first: str
    last: str
    step: str | None
    values: dict[ast.Call, dict[str, ast.expr]] = field(default_factory=dict)

    def begun(self, node: ast.AST) -> list[ast.stmt]:
        """Before the first call: the part is the whole array."""
        made = [assign(self.first, number(0, node), node)]
        made.append(assign(self.last, length(load(self.param, node)), node))
        return made if self.step is None else [*made, assign(self.step, number(1, node), node)]


def parts_of(
    body: list[ast.stmt], calls: dict[ast.Call, Any], params: list[str | None], bound: set[str],
    new: Callable[[str], str],
) -> tuple[list[ast.stmt], list[Part]]:
    """The body with bounds in the place of parts, and the parameters of which there are parts.

    ``calls`` are the calls of the function itself, which become the new ones; ``params`` are its parameters,
    None for one that is no array.
    """
    parts: list[Part] = []
    for place, param in enumerate(params):
        if param is None:
            continue
        given = {call: _argument(call, place, param) for call in calls}
        if not any(isinstance(v, ast.Subscript) and is_slice(v) for v in given.values()):
            continue
        slices = {call: _slice(v, param) for call, v in given.items()}
        sliced = next(v for v in given.values() if isinstance(v, ast.Subscript))
        if param in bound or None in slices.values():
            raise Unhoistable(
                sliced, f"this call hands on a part of an array that is not a slice of `{param}` along its "
                "first axis in every call; hand on the whole array and the bounds of the part"
            )
        steps = any(s.step is not None for s in slices.values() if isinstance(s, ast.Slice))
        part = Part(param, new("first"), new("last"), new("step") if steps else None)
        for call, found in slices.items():
            part.values[call] = _bounds(part, found, call)  # type: ignore[arg-type]
        parts.append(part)
    if not parts:
        return body, []
    shown = _Shown(parts, calls)
    body = [shown.statement(s) for s in body]
    for part in parts:
        part.values = {
            shown.made.get(call, call): {name: shown.expression(v) for name, v in values.items()}
            for call, values in part.values.items()
        }  # fmt: skip
    return body, parts


def is_slice(node: ast.expr) -> bool:
    """Whether an expression is a part of an array: ``x[1:]``."""
    return isinstance(node, ast.Subscript) and any(isinstance(n, ast.Slice) for n in ast.walk(node.slice))


def _argument(call: ast.Call, place: int, param: str) -> ast.expr | None:
    if isinstance(call.func, ast.Attribute):
        return None  # a method, whose first parameter is the object
    named = next((k.value for k in call.keywords if k.arg == param), None)
    return call.args[place] if named is None and place < len(call.args) else named


def _slice(node: ast.expr | None, param: str) -> ast.Slice | None:
    """The slice of the parameter that an argument is; all of it, if it is the parameter itself."""
    match node:
        case ast.Name(id=name) if name == param:
            return ast.Slice()
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Slice(lower=a, upper=b, step=c) as found) if (
            name == param
        ):
            whole = c is None or isinstance(c, ast.Constant) and type(c.value) is int and c.value > 0
            return found if whole and all(e is None or _is_plain(e) for e in (a, b)) else None
    return None


def _is_plain(node: ast.AST) -> bool:
    """Whether an expression may be evaluated twice."""
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in ("len", "int")
        return known and all(map(_is_plain, node.args))
    return isinstance(node, PLAIN) and all(map(_is_plain, ast.iter_child_nodes(node)))


# ---------------------------------------------------------------------------------- bounds


def _bounds(part: Part, found: ast.Slice, call: ast.Call) -> dict[str, ast.expr]:
    """The bounds and step of a part of the part at hand, as Python's ``slice.indices`` has them."""

    def name(text: str) -> ast.expr:
        return load(text, call)

    def binary(a: ast.expr, op: ast.operator, b: ast.expr) -> ast.expr:
        return at(call, ast.BinOp(left=a, op=op, right=b))

    def either(a: ast.expr, op: ast.cmpop, b: ast.expr, yes: ast.expr, no: ast.expr) -> ast.expr:
        test = at(call, ast.Compare(left=a, ops=[op], comparators=[b]))
        return at(call, ast.IfExp(test=test, body=yes, orelse=no))

    size = binary(name(part.last), ast.Sub(), name(part.first))
    if part.step is not None:
        size = binary(size, ast.FloorDiv(), name(part.step))

    def clipped(bound: ast.expr) -> ast.expr:
        zero = number(0, call)
        from_end = binary(size, ast.Add(), bound)
        inside = either(bound, ast.Lt(), size, bound, size)
        counted = either(from_end, ast.Gt(), zero, from_end, zero)
        match bound:
            case ast.Constant():
                return inside
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
                return counted
        return either(bound, ast.GtE(), zero, inside, counted)

    def placed(count: ast.expr) -> ast.expr:
        steps = count if part.step is None else binary(count, ast.Mult(), name(part.step))
        return binary(name(part.first), ast.Add(), steps)

    start = None if found.lower is None else clipped(found.lower)
    stop = None if found.upper is None else clipped(found.upper)
    values: dict[str, ast.expr] = {}
    values[part.first] = name(part.first) if start is None else placed(start)
    if found.step is not None:
        assert part.step is not None
        span = binary(size if stop is None else stop, ast.Sub(), start or number(0, call))
        up = binary(binary(span, ast.Add(), found.step), ast.Sub(), number(1, call))
        count = binary(up, ast.FloorDiv(), found.step)
        count = either(span, ast.Gt(), number(0, call), count, number(0, call))
        values[part.step] = step = binary(name(part.step), ast.Mult(), found.step)
        values[part.last] = binary(values[part.first], ast.Add(), binary(count, ast.Mult(), step))
        return values
    if part.step is not None:
        values[part.step] = name(part.step)
    last = name(part.last) if stop is None else placed(stop)
    if start is None or stop is None:
        values[part.last] = last
    else:  # a part that would end before it begins is empty
        values[part.last] = either(stop, ast.Gt(), start, last, values[part.first])
    return values


class _Shown:
    """Statements with ``x[first:last]`` in the place of ``x``, as new nodes; `calls` gets the new calls."""

    def __init__(self, parts: list[Part], calls: dict[ast.Call, Any]):
        self.parts = {part.param: part for part in parts}
        self.calls = calls
        self.made: dict[ast.Call, ast.Call] = {}

    def statement(self, node: ast.stmt) -> ast.stmt:
        return self._node(node)

    def expression(self, node: ast.expr) -> ast.expr:
        return self._node(node)

    def _node(self, node):
        if not any(isinstance(n, ast.Name) and n.id in self.parts for n in ast.walk(node)):
            return node
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            raise Unhoistable(
                node, "a function that calls itself with a part of an array cannot use that array in an "
                "inner function; hand it on as an argument"
            )
        if isinstance(node, ast.Name):
            part = self.parts[node.id]
            step = None if part.step is None else load(part.step, node)
            bounds = at(node, ast.Slice(lower=load(part.first, node), upper=load(part.last, node), step=step))
            return at(node, ast.Subscript(value=node, slice=bounds, ctx=ast.Load()))
        fields = {}
        for name, value in ast.iter_fields(node):
            if name == "args" and node in self.calls:
                fields[name] = [self._handed_on(v) for v in value]
            elif isinstance(value, list):
                fields[name] = [self._node(v) if isinstance(v, ast.AST) else v for v in value]
            else:
                fields[name] = self._node(value) if isinstance(value, ast.AST) else value
        if node in self.calls:
            fields["keywords"] = [
                at(k.value, ast.keyword(arg=k.arg, value=self._handed_on(k.value))) for k in node.keywords
            ]
        made = at(node, type(node)(**fields))
        if node in self.calls:
            self.calls[made] = self.calls.pop(node)
            self.made[node] = made
        return made

    def _handed_on(self, node: ast.expr) -> ast.expr:
        """An argument of a call of the function itself: of a part the whole array, its bounds go with it."""
        for param in self.parts:
            if _slice(node, param) is not None:
                return load(param, node)
        return self._node(node)
