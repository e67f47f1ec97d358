"""Comprehensions, and the generators that functions take.

    [2 * w for w in (a, b)]          →    v1 = 2 * a; v2 = 2 * b; a list of the two
    [x[i] ** 2 for i in range(n)]    →    out = []; for i in range(n): out.append(x[i] ** 2)
    sum(x[i] for i in range(n))      →    total = 0; for i in range(n): total += x[i]
    any(v > 0 for v in x)            →    found = False; for v in x: if v > 0: found = True; break
"""

import ast
import math
from typing import Any

from ..building.atoms import settle
from ..building.binding import Binding, Iterator, Packed, Poison, Range, Static
from ..building.context import Context, Frame, Refused
from ..building.items import has_static_items, static_items
from ..calling.specials import SPECIALS, special
from ..columns.packed import pack_for
from ..ir import Const
from .conditions import condition
from .expressions import evaluate, expression
from .iteration import fewest_items
from .statements import assign, lower_block

__all__: list[str] = []

TOTAL, ITEM, SEEN, ITEMS = "the result", "this one", "any seen", "the items"  # no name of the user's


def generator(
    ctx: Context, frame: Frame, function: Binding, node: ast.GeneratorExp, node_function: ast.expr
) -> Binding:
    """A function of a generator: an accumulating loop for ``sum`` and the like, else a list."""
    value = getattr(ctx.contents(function), "value", None)
    first = node.generators[0]
    iterable = ctx.contents(evaluate(ctx, frame, first.iter))
    known = (
        not isinstance(iterable, Range) and has_static_items(ctx, iterable)
        or isinstance(iterable, Range) and frame.composite is not None
    )
    if len(node.generators) == 1 and not first.ifs and known and value not in (any, all):
        if value in (sum, min, max):
            pack_for(ctx, frame, iterable)
        return ctx.call(function, (listed(ctx, frame, node),))
    try:
        body = _accumulated(value, node, node_function)
    except KeyError:
        return ctx.call(function, (listed(ctx, frame, node),))
    starts = {sum: 0, math.fsum: 0.0, math.prod: 1, any: False, all: True}
    start = {TOTAL: Const(starts[value])} if value in starts else {SEEN: Const(False)}
    found = _run(ctx, frame, node, start, body)
    result = settle(ctx, found.env[TOTAL])
    if isinstance(result, Poison):
        raise Refused(ctx.loc, result.message)
    return result


def _accumulated(value: Any, node: ast.GeneratorExp, function: ast.expr) -> list[ast.stmt]:
    """The loops that accumulate what a generator gives; KeyError if the function does not accumulate."""
    if value in (sum, math.fsum, math.prod):
        op = ast.Mult() if value is math.prod else ast.Add()
        return _nested(node, [ast.AugAssign(_stored(TOTAL), op, node.elt)])
    if value in (any, all):
        test = node.elt if value is any else ast.UnaryOp(ast.Not(), node.elt)
        found = ast.If(test, [ast.Assign([_stored(TOTAL)], ast.Constant(value is any))], [])
        leave: ast.expr = _loaded(TOTAL) if value is any else ast.UnaryOp(ast.Not(), _loaded(TOTAL))
        flag = ast.Assign([_stored(SEEN)], leave)
        return _nested(node, [found, flag], [flag, ast.If(_loaded(SEEN), [ast.Break()], [])])
    if value in (min, max):
        choice = ast.Call(function, [_loaded(TOTAL), _loaded(ITEM)], [])
        chosen = ast.If(
            _loaded(SEEN), [ast.Assign([_stored(TOTAL)], choice)],
            [ast.Assign([_stored(TOTAL)], _loaded(ITEM)),
             ast.Assign([_stored(SEEN)], ast.Constant(True))],
        )  # fmt: skip
        return _nested(node, [ast.Assign([_stored(ITEM)], node.elt), chosen])
    raise KeyError


def _nested(node: Any, body: list[ast.stmt], end: list[ast.stmt] | None = None) -> list[ast.stmt]:
    """The loops and conditions of a comprehension around a body; ``end`` stands at the end of each loop."""
    for part in reversed(node.generators):
        for test in reversed(part.ifs):
            body = [ast.If(test, body, [])]
        body = [ast.For(part.target, part.iter, [*body, *(end or [])], [])]
    return body


def _loaded(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _stored(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())


def _run(ctx: Context, frame: Frame, node: Any, start: dict, body: list[ast.stmt]) -> Frame:
    """Run statements in a scope of their own, as the loops of a comprehension are."""
    names = frozenset({TOTAL, ITEM, SEEN, ITEMS})
    inner = Frame(frame.parsed, dict(start), frame, frame.composite, frame.seen_at, own_locals=names)
    for statement in body:
        for new in ast.walk(statement):
            ast.copy_location(new, node) if not hasattr(new, "lineno") else None
    ctx.frames.append(inner)
    try:
        lower_block(ctx, inner, [ast.fix_missing_locations(s) for s in body])
    finally:
        ctx.frames.remove(inner)
    return inner


def listed(ctx: Context, frame: Frame, node: Any) -> Binding:
    """The list of a comprehension or generator."""
    found = comprehension(ctx, frame, node) if len(node.generators) == 1 else None
    if found is not None:
        return ctx.make("list", found)
    append = ast.Call(ast.Attribute(_loaded(TOTAL), "append", ast.Load()), [node.elt], [])
    made = _run(ctx, frame, node, {TOTAL: ctx.make("list", ())}, _nested(node, [ast.Expr(append)]))
    result = settle(ctx, made.env[TOTAL])
    ctx.contents(result)  # a list that cannot be made is refused here
    return result


@special("listed")
def listed_items(ctx: Context, iterable: Binding) -> Binding:
    """``list(iterable)``: of a range, zip or map that runs as long as its arguments say."""
    frame = ctx.frames[-1]
    at = ast.copy_location(ast.Constant(None), frame.parsed.body[-1])
    append = ast.Call(ast.Attribute(_loaded(TOTAL), "append", ast.Load()), [_loaded(ITEM)], [])
    loop = ast.For(_stored(ITEM), _loaded(ITEMS), [ast.Expr(append)], [])
    start = {TOTAL: ctx.make("list", ()), ITEMS: iterable}
    return _run(ctx, frame, at, start, [loop]).env[TOTAL]


@special("reduced")
def reduced(ctx: Context, function: Binding, iterable: Binding, start: Binding) -> Binding:
    """``functools.reduce(function, iterable, start)`` for items whose number is computed."""
    frame = ctx.frames[-1]
    at = ast.copy_location(ast.Constant(None), frame.parsed.body[-1])
    call = ast.Call(_loaded(SEEN), [_loaded(TOTAL), _loaded(ITEM)], [])
    loop = ast.For(_stored(ITEM), _loaded(ITEMS), [ast.Assign([_stored(TOTAL)], call)], [])
    return _run(ctx, frame, at, {TOTAL: start, ITEMS: iterable, SEEN: function}, [loop]).env[TOTAL]


def comprehension(ctx: Context, frame: Frame, node: Any) -> list[Binding] | None:
    """The items of a comprehension over static containers; None if their number is computed."""
    part = node.generators[0]
    inner = Frame(frame.parsed, {}, frame, frame.composite, frame.seen_at, own_locals=frozenset())
    iterable = ctx.contents(evaluate(ctx, frame, part.iter))
    literal = isinstance(iterable, Range) and all(
        isinstance(a, Const) for a in (iterable.start, iterable.stop, iterable.step)
    )
    if isinstance(iterable, Packed):
        literal = True
    mixed = isinstance(iterable, Iterator) and fewest_items(ctx, iterable) is not None
    if mixed or not literal and not has_static_items(ctx, iterable):
        return None
    before, length = ctx.snapshot(), len(ctx.block)
    ctx.frames.append(inner)
    found: list[Binding] = []
    try:
        for item in static_items(ctx, iterable):
            assign(ctx, inner, part.target, item)
            keep = [condition(ctx, inner, test) for test in part.ifs]
            if any(not isinstance(k, Const) for k in keep):
                ctx.restore(before)
                del ctx.block[length:]
                return None
            if all(k.value for k in keep):  # type: ignore[union-attr]
                found.append(evaluate(ctx, inner, node.elt))
    finally:
        ctx.frames.remove(inner)
    return found


@expression(ast.ListComp)
def list_comprehension(ctx: Context, frame: Frame, node: ast.ListComp) -> Binding:
    return listed(ctx, frame, node)


def _known_items(ctx: Context, frame: Frame, node: Any, elt: ast.expr) -> list[Binding]:
    whole = ast.copy_location(ast.ListComp(elt, node.generators), node)
    return static_items(ctx, listed(ctx, frame, whole))


@expression(ast.DictComp)
def dict_comprehension(ctx: Context, frame: Frame, node: ast.DictComp) -> Binding:
    pairs = ast.copy_location(ast.Tuple([node.key, node.value], ast.Load()), node)
    found = [static_items(ctx, pair) for pair in _known_items(ctx, frame, node, pairs)]
    merged = {ctx.static(key, "a key"): value for key, value in found}
    return ctx.make("dict", merged.values(), tuple(merged))


@expression(ast.SetComp)
def set_comprehension(ctx: Context, frame: Frame, node: ast.SetComp) -> Binding:
    items = _known_items(ctx, frame, node, node.elt)
    return Static(frozenset(ctx.static(item, "an item of a set") for item in items))


SPECIALS["generator"] = generator
