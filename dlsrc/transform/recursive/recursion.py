"""Which calls recur, and the function as a loop where they go to a depth that is known only at run time.

    def depth(x, n):                 calls of depth in depth: one, by its name
        if x[n] > 1.0: return 0      x is handed on unchanged; n is not
        return 1 + depth(x, n + 1)

A recursion whose depth is known while the program is built is written out instead, like any other call.
"""

import ast
import copy
import inspect
from typing import Any

from ...kernels.types import Array
from ...records import record, replace
from ..building.binding import Closure, Live, Static
from ..building.context import Context, Frame, Refused
from ..constructs.expressions import evaluate, locate
from ..ir import Value
from ..parse import Parsed, names_in, with_body
from ..tree.jumps import Names
from .hoist import Unhoistable
from .parts import Part, is_slice, parts_of
from .pieces import Call, Member
from .unwind import unwound

__all__ = ["NeedLoop", "as_loop"]


class NeedLoop(Exception):
    """Functions call each other to a depth that is computed; the build starts again with them as a loop."""

    def __init__(self, functions: frozenset[Parsed]):
        super().__init__(functions)
        self.functions = functions


@record(eq=False)
class _Function:
    """One of the functions, and what is known of it before it is a member."""

    closure: Closure
    frame: Frame
    body: list[ast.stmt]
    calls: dict[ast.Call, "_Function"]
    member: Member | None = None

    @property
    def parsed(self) -> Parsed:
        return self.closure.parsed.parsed

    @property
    def params(self) -> list[str]:
        spec = self.parsed.args
        return [a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]


def as_loop(ctx: Context, frame: Frame, closure: Closure, parsed_of: Any) -> Parsed:
    """The parsed form of a function, which calls itself, as a loop; ``parsed_of`` reads a live function."""
    first = _Function(closure, frame, closure.parsed.parsed.with_jumps, {})
    functions = [first]
    try:
        for function in functions:
            _find_calls(ctx, function, functions, parsed_of)
        return _looped(ctx, functions)
    except Unhoistable as refused:
        with ctx.at(locate(frame, refused.node)):
            raise ctx.refuse(str(refused)) from None


def _find_calls(ctx: Context, function: _Function, functions: list[_Function], parsed_of: Any) -> None:
    """Note the calls of functions that are one loop with this one, and add those that are new."""
    names = {p.source.qualname.rpartition(".")[2] for p in ctx.recursive}
    inner = {
        call for s in function.body for n in ast.walk(s) if isinstance(n, ast.FunctionDef | ast.Lambda)
        for call in ast.walk(n)
    }  # fmt: skip
    for node in (n for s in function.body for n in ast.walk(s) if isinstance(n, ast.Call)):
        match node.func:
            case ast.Name(id=name) if name not in function.parsed.assigned and name not in function.params:
                pass
            case ast.Attribute(value=ast.Name(), attr=name) if name in names:
                pass
            case _:
                continue
        closure = _called(ctx, function, node, parsed_of)
        if closure is None or closure.parsed.parsed not in ctx.recursive:
            continue
        if node in inner:
            raise Unhoistable(
                node, "a function that calls itself inside an inner function is not supported; write the "
                "loop out"
            )
        if closure.parsed.nonlocals and closure.parsed.parsed is not functions[0].parsed:
            raise Unhoistable(
                node, "functions that call each other cannot rebind names of the function around; return them"
            )
        known = next((f for f in functions if f.parsed is closure.parsed.parsed), None)
        if known is None:
            if closure.parsed.parsed.source.file != functions[0].parsed.source.file:
                raise Unhoistable(node, "functions of two files call each other; write them as a loop")
            known = _Function(
                closure, Frame(closure.parsed, parent=closure.frame),
                copy.deepcopy(closure.parsed.parsed.with_jumps), {},
            )  # fmt: skip
            functions.append(known)
            if closure.function is not None:
                ctx.calls.append(closure.function)
        function.calls[node] = known


def _called(ctx: Context, function: _Function, node: ast.Call, parsed_of: Any) -> Closure | None:
    """The user's function that a call goes to, if it can be told before the call is built."""
    try:
        found = ctx.contents(evaluate(ctx, function.frame, node.func))
    except Refused:
        return None
    if isinstance(found, Closure):
        return found
    if isinstance(found, Live | Static) and callable(found.value):
        value = found.value
        return parsed_of(ctx, value.__func__ if inspect.ismethod(value) else value)
    return None


def _looped(ctx: Context, functions: list[_Function]) -> Parsed:
    first = functions[0]
    taken = {name for f in functions for name in names_in(f.parsed.source.tree)}
    names = Names(taken | {name for f in functions for name in f.parsed.generated})
    parts: list[Part] = []
    if len(functions) == 1:
        arrays = [p if _is_array(ctx, first.frame.env.get(p)) else None for p in first.params]
        first.body, parts = parts_of(first.body, first.calls, arrays, _bound(first), names.new)
    kept = _kept(functions)
    used = set(first.params) | first.parsed.assigned
    for function in functions:
        spec = function.parsed.args
        if spec.vararg or spec.kwarg:
            raise Unhoistable(
                function.parsed.source.tree, "a function with * or ** arguments cannot call itself to a "
                "depth that is computed; name its arguments"
            )
        own = set(function.params) | function.parsed.assigned
        renamed = {name: name for name in own}
        if function is not first:
            renamed = {
                n: kept[function][n] if n in kept[function] else names.new(n) if n in used else n for n in own
            }
            used |= own
            if any(isinstance(n, ast.FunctionDef | ast.Lambda) for s in function.body for n in ast.walk(s)):
                raise Unhoistable(
                    function.parsed.source.tree, "functions that call each other with functions inside are "
                    "not supported; define the inner ones outside"
                )
            for node in (n for s in function.body for n in ast.walk(s) if isinstance(n, ast.Name)):
                node.id = renamed.get(node.id, node.id)
        values = [n.value for s in function.body for n in _own(s) if isinstance(n, ast.Return)]
        again = {node for node, other in function.calls.items() if other is function}
        gives = [v for v in values if v is not None and not _is_none(v) and v not in again]
        function.member = Member(
            name=function.closure.name,
            node=function.body[0] if function.body else function.parsed.source.tree,
            body=[s for s in function.body if not isinstance(s, ast.Nonlocal)],
            params=[renamed[p] for p in function.params], local=set(renamed.values()),
            kept={renamed[p] for p in kept[function]}, gives=bool(gives),
        )  # fmt: skip
        function.member.local |= {n for part in parts for n in (part.first, part.last, part.step) if n}
    calls: dict[ast.Call, Call] = {}
    for function in functions:
        for called, other in function.calls.items():
            assert other.member is not None
            given = dict(zip(other.member.params, _values(called, other), strict=True))
            bounds = {name: v for part in parts for name, v in part.values[called].items()}
            own_values = {p: v for p, v in given.items() if p not in other.member.kept}
            calls[called] = Call(other.member, own_values | bounds)
    members = [f.member for f in functions if f.member is not None]
    body = unwound(members, calls, names)
    body[:0] = [s for part in parts for s in part.begun(body[0])]
    if first.parsed.nonlocals:
        body.insert(0, ast.copy_location(ast.Nonlocal(names=sorted(first.parsed.nonlocals)), body[0]))
    more = frozenset(n for m in members[1:] for n in m.local)
    parsed = with_body(first.parsed, body, names.made)
    return replace(parsed, assigned=parsed.assigned | more)


def _values(node: ast.Call, function: _Function) -> list[ast.expr]:
    """What a call gives for each parameter, in the order of the parameters."""
    spec = function.parsed.args
    positional = [a.arg for a in (*spec.posonlyargs, *spec.args)]
    given: dict[str, ast.expr] = {}
    args = list(node.args)
    fewer = len(args) + len(node.keywords) < len(function.params)
    if isinstance(node.func, ast.Attribute) and positional and fewer:
        args.insert(0, node.func.value)  # a method: the object itself
    if any(isinstance(a, ast.Starred) for a in args) or any(k.arg is None for k in node.keywords):
        raise Unhoistable(node, "a function cannot call itself with * or **; write the arguments out")
    given.update(zip(positional, args, strict=False))
    given.update({k.arg: k.value for k in node.keywords if k.arg is not None})
    defaults = dict(zip(positional[len(positional) - len(spec.defaults) :], spec.defaults, strict=True))
    defaults.update({
        a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None
    })  # fmt: skip
    for name, value in defaults.items():
        if name not in given:
            if not isinstance(value, ast.Constant):
                raise Unhoistable(node, f"a function that calls itself must be given its argument `{name}`")
            given[name] = value
    missing = [p for p in function.params if p not in given]
    if missing or len(args) > len(positional) or set(given) - set(function.params):
        raise Unhoistable(node, f"{function.closure.name}() is not given the arguments that it takes")
    sliced = next((v for v in given.values() if is_slice(v)), None)
    if sliced is not None:
        raise Unhoistable(
            sliced, f"`{function.closure.name}` calls itself with a part of an array; hand on the whole "
            "array and the two bounds of the part, or write the recursion as a loop"
        )
    return [given[p] for p in function.params]


def _kept(functions: list[_Function]) -> dict[_Function, dict[str, str]]:
    """For each function the parameters that are, in every call, the same parameter of the first."""
    first = functions[0]
    bound = {f: _bound(f) for f in functions}
    every: dict[_Function, dict[str, set[str]]] = {
        f: {p: set(first.params) - bound[first] for p in f.params if p not in bound[f]} for f in functions
    }
    for p in every[first]:
        every[first][p] = {p}
    changed = True
    while changed:
        changed = False
        for function in functions:
            for node, other in function.calls.items():
                values = dict(zip(other.params, _values(node, other), strict=True))
                for p, origins in every[other].items():
                    value = values[p]
                    of = every[function].get(value.id, set()) if isinstance(value, ast.Name) else set()
                    if not origins <= of:
                        every[other][p] = origins & of
                        changed = True
    found = {f: {p: min(o) for p, o in origins.items() if o} for f, origins in every.items()}
    # The first function's own parameter must be one that stays what it is.
    return {f: {p: o for p, o in one.items() if o in found[first]} for f, one in found.items()}


def _is_array(ctx: Context, binding: Any) -> bool:
    """Whether a parameter is an array, of which a slice is a view; that of a list is another list."""
    inner = binding if binding is None else ctx.contents(binding)
    return isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array)


def _bound(function: _Function) -> set[str]:
    """The names that a function assigns."""
    nodes = (n for s in function.body for n in ast.walk(s))
    return {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def _own(node: ast.AST):
    """The nodes of a function's own, without those of functions inside."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from _own(child)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None

