"""Comprehensions and the generators that ``sum``, ``min`` and ``max`` take.

    [2 * w for w in (a, b)]          →    v1 = 2 * a; v2 = 2 * b; a list of the two
    sum(x[i] for i in range(n))      →    total = 0; for i in range(n): total += x[i]
"""

import ast
from typing import Any

from .atoms import settle
from .binding import Binding, Poison, Range, Static
from .conditions import condition
from .context import Context, Frame, Refused
from .expressions import evaluate, expression
from .ir import Const
from .items import has_static_items, static_items
from .packed import pack_for
from .specials import SPECIALS
from .statements import assign, lower_block

__all__: list[str] = []


def generator(
    ctx: Context, frame: Frame, function: Binding, node: ast.GeneratorExp, node_function: ast.expr
) -> Binding:
    """``sum(e for k in range(n))``: an accumulating loop; over static containers, a list."""
    value = getattr(ctx.contents(function), "value", None)
    if len(node.generators) == 1 and not node.generators[0].ifs:
        iterable = ctx.contents(evaluate(ctx, frame, node.generators[0].iter))
        if (
            not isinstance(iterable, Range) and has_static_items(ctx, iterable)
            or isinstance(iterable, Range)
            and frame.composite
        ):
            if value in (sum, min, max):
                pack_for(ctx, frame, iterable)
            return ctx.call(function, (ctx.make("list", comprehension(ctx, frame, node)),))
    if value not in (sum, min, max):
        raise ctx.refuse(
            "only sum(), min() and max() take a generator over a range; for another function write a loop"
        )
    total = "the result"  # no name of the user's can clash with it
    inner = Frame(frame.parsed, {total: Const(0)}, frame, frame.composite, own_locals=frozenset({total}))
    inner_body: ast.stmt = ast.AugAssign(ast.Name(total, ast.Store()), ast.Add(), node.elt)
    if value is not sum:
        inner.env = {"any seen": Const(False)}
        choice = ast.Call(node_function, [ast.Name(total, ast.Load()), ast.Name("this one", ast.Load())], [])
        inner_body = ast.If(
            ast.Name("any seen", ast.Load()), [ast.Assign([ast.Name(total, ast.Store())], choice)],
            [ast.Assign([ast.Name(total, ast.Store())], ast.Name("this one", ast.Load())),
             ast.Assign([ast.Name("any seen", ast.Store())], ast.Constant(True))],
        )  # fmt: skip
        inner.own_locals = frozenset({total, "any seen", "this one"})
        inner_body = ast.If(
            ast.Constant(True), [ast.Assign([ast.Name("this one", ast.Store())], node.elt), inner_body], []
        )
    for part in reversed(node.generators):
        for test in reversed(part.ifs):
            inner_body = ast.If(test, [inner_body], [])
        inner_body = ast.For(part.target, part.iter, [inner_body], [])
    for new in ast.walk(inner_body):
        ast.copy_location(new, node) if not hasattr(new, "lineno") else None
    ctx.frames.append(inner)
    try:
        lower_block(ctx, inner, [ast.fix_missing_locations(inner_body)])
    finally:
        ctx.frames.remove(inner)
    result = settle(ctx, inner.env[total])
    if isinstance(result, Poison):
        raise Refused(ctx.loc, result.message)
    return result


def comprehension(ctx: Context, frame: Frame, node: Any) -> list[Binding]:
    """The items of a comprehension over static containers."""
    (part,) = node.generators if len(node.generators) == 1 else (None,)
    if part is None:
        raise ctx.refuse("a comprehension with several for parts is not supported; write loops")
    inner = Frame(frame.parsed, {}, frame, frame.composite, own_locals=frozenset())
    ctx.frames.append(inner)
    found: list[Binding] = []
    try:
        for item in static_items(ctx, evaluate(ctx, frame, part.iter)):
            assign(ctx, inner, part.target, item)
            keep = [condition(ctx, inner, test) for test in part.ifs]
            if any(not isinstance(k, Const) for k in keep):
                raise ctx.refuse(
                    "the condition of a comprehension must be known while the gradient is built; write a "
                    "loop"
                )
            if all(k.value for k in keep):
                found.append(evaluate(ctx, inner, node.elt))
    finally:
        ctx.frames.remove(inner)
    return found


@expression(ast.ListComp)
def list_comprehension(ctx: Context, frame: Frame, node: ast.ListComp) -> Binding:
    return ctx.make("list", comprehension(ctx, frame, node))


@expression(ast.DictComp)
def dict_comprehension(ctx: Context, frame: Frame, node: ast.DictComp) -> Binding:
    pairs = ast.copy_location(ast.Tuple([node.key, node.value], ast.Load()), node)
    found = comprehension(ctx, frame, ast.copy_location(ast.ListComp(pairs, node.generators), node))
    merged = {ctx.static(pair.items[0], "a key"): pair.items[1] for pair in found}
    return ctx.make("dict", merged.values(), tuple(merged))


@expression(ast.SetComp)
def set_comprehension(ctx: Context, frame: Frame, node: ast.SetComp) -> Binding:
    found = comprehension(ctx, frame, ast.copy_location(ast.ListComp(node.elt, node.generators), node))
    return Static(frozenset(ctx.static(item, "an item of a set") for item in found))


SPECIALS["generator"] = generator
