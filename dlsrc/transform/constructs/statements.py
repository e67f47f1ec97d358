"""Statements of the user's → statements of the program and changes of bindings.

    y = x; y[0] = 2.0      →  no statement for the first (two names, one array); Store(x, (0,), 2.0)
    x += 1 (an array)      →  Store(x, (:,), 1, "add"): in place, as NumPy does it
    if c: a = 1 else: a = 2 →  If(c, …) with the merge a = 1 | 2
"""

import ast
from collections.abc import Callable
from typing import Any

from ...kernels.types import Array
from ..building.binding import Binding, BoundMethod, Container, Poison, Static, Text
from ..building.context import Context, Frame, Refused
from ..building.items import static_items
from ..building.merging import branch
from ..calling.calls import define
from ..derivatives.labels import has_labels
from ..ir import Const, Value
from .attributes import aug_assign_attribute, set_attribute
from .conditions import condition
from .expressions import evaluate, locate, read_name, updated
from .subscripts import aug_assign_array, aug_assign_subscript, store_subscript
from .unbound import Ends, ended
from .unpacking import starred, unpacked

__all__ = ["STATEMENTS", "assign", "assigned_names", "lower_block"]

STATEMENTS: dict[type, Callable[[Context, Frame, Any], None]] = {}


def statement(*kinds: type) -> Callable:
    """Register the function for these kinds of node."""

    def register(function: Callable) -> Callable:
        for kind in kinds:
            STATEMENTS[kind] = function
        return function

    return register


def lower_block(ctx: Context, frame: Frame, nodes: Any) -> None:
    """The statements of a block; one that is refused poisons the names it would have bound."""
    for node in nodes:
        if ctx.dead:
            return
        try:
            with ctx.at(locate(frame, node)):
                STATEMENTS[type(node)](ctx, frame, node)
        except Ends as ends:
            ended(ctx, ends)
            return
        except Refused as refused:
            if frame.composite is not None or frame.seen_at is not None:
                raise
            problem = (refused.location, refused.message)
            if refused.message and problem not in ctx.problems:
                ctx.problems.append(problem)
            for name in assigned_names([node]):
                ctx.bind(frame, name, Poison(""))
            if isinstance(node, ast.Return):
                frame.result = Poison("")


def assigned_names(nodes: Any) -> set[str]:
    """The names that these statements bind (not what functions defined inside them bind)."""
    found: set[str] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Lambda | ast.GeneratorExp | ast.ListComp):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        pending.extend(ast.iter_child_nodes(node))
    return found


# ---------------------------------------------------------------------------------- binding names


@statement(ast.Assign)
def assign_(ctx: Context, frame: Frame, node: ast.Assign) -> None:
    binding = evaluate(ctx, frame, node.value)
    if ctx.dead:  # what it calls raises, always
        return
    for target in node.targets:
        assign(ctx, frame, target, binding)


@statement(ast.AnnAssign)
def annotated(ctx: Context, frame: Frame, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(ctx, frame, node.target, evaluate(ctx, frame, node.value))


def assign(ctx: Context, frame: Frame, target: ast.expr, binding: Binding) -> None:
    """Bind a name, unpack a tuple, or write an element."""
    match target:
        case ast.Name(id=name):
            if isinstance(binding, Text):  # an array in it may change before it is printed
                arrays = [isinstance(v, Value) and isinstance(ctx.type_of(v), Array) for v in binding.values]
                pairs = zip(binding.values, arrays, strict=True)
                binding = Text(binding.template, tuple(ctx.op("copy", v) if a else v for v, a in pairs))
            ctx.bind(frame, name, binding)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            star = next((k for k, part in enumerate(parts) if isinstance(part, ast.Starred)), None)
            if star is not None:
                rows = starred(ctx, binding, star, len(parts) - star - 1)
                parts = [getattr(part, "value", part) if k == star else part for k, part in enumerate(parts)]
            else:
                rows = unpacked(ctx, binding, len(parts))
            for part, item in zip(parts, rows, strict=True):
                assign(ctx, frame, part, item)
        case ast.Subscript():
            store_subscript(ctx, frame, target, binding)
        case ast.Attribute():
            set_attribute(ctx, frame, target, binding)
        case _:
            raise ctx.refuse("this cannot be assigned to; unpack by index instead")


@statement(ast.AugAssign)
def augmented(ctx: Context, frame: Frame, node: ast.AugAssign) -> None:
    if isinstance(node.target, ast.Subscript):
        aug_assign_subscript(ctx, frame, node)
        return
    if isinstance(node.target, ast.Attribute):
        aug_assign_attribute(ctx, frame, node)
        return
    old = read_name(ctx, frame, node.target.id)
    inner = ctx.contents(old)
    value = evaluate(ctx, frame, node.value)
    labelled = has_labels(ctx, (inner, value))  # then `x += y` binds x to a new value, as outside
    if isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array) and not labelled:
        if isinstance(node.op, ast.MatMult):
            raise ctx.refuse("`@=` is not supported; write x = x @ y")
        aug_assign_array(ctx, inner, node.op, value)
        return
    if isinstance(inner, Container) and inner.kind == "list" and isinstance(node.op, ast.Add):
        ctx.change(old.number, inner.with_items((*inner.items, *static_items(ctx, value))))
        return
    ctx.bind(frame, node.target.id, updated(ctx, node.op, old, value, node.target.id))


@statement(ast.Delete)
def delete(ctx: Context, frame: Frame, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            frame.env.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            owner = ctx.contents(evaluate(ctx, frame, target.value))
            if not isinstance(owner, Container) or owner.kind not in ("list", "dict"):
                raise ctx.refuse("an element cannot be deleted (del) from an array; make a shorter one")
            ctx.call(BoundMethod(owner, "pop"), (evaluate(ctx, frame, target.slice),))


@statement(ast.FunctionDef)
def function(ctx: Context, frame: Frame, node: ast.FunctionDef) -> None:
    ctx.bind(frame, node.name, define(ctx, frame, node, node.name))


@statement(ast.Return)
def return_(ctx: Context, frame: Frame, node: ast.Return) -> None:
    frame.result = Static(None) if node.value is None else evaluate(ctx, frame, node.value)


@statement(ast.Expr)
def expression_statement(ctx: Context, frame: Frame, node: ast.Expr) -> None:
    if not isinstance(node.value, ast.Constant):
        evaluate(ctx, frame, node.value)


@statement(ast.Pass, ast.Nonlocal)
def nothing(ctx: Context, frame: Frame, node: ast.stmt) -> None:
    pass


# ---------------------------------------------------------------------------------- branches and exits


@statement(ast.If)
def if_(ctx: Context, frame: Frame, node: ast.If) -> None:
    cond = condition(ctx, frame, node.test)
    if isinstance(cond, Const):
        lower_block(ctx, frame, node.body if cond.value else node.orelse)
        return

    def way(nodes: list) -> Callable[[], Binding]:
        def run() -> Binding:
            lower_block(ctx, frame, nodes)
            return Static(None)

        return run

    branch(ctx, cond, way(node.body), way(node.orelse))
