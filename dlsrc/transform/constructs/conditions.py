"""Truth: comparisons, ``and``, ``or``, ``not``, conditional expressions, and what an ``if`` asks.

    if n and x[0] > 0     →    as a condition: two truth values, joined
    v = a or b            →    as a value: a where it is true, else b, decided by a branch
    while (t := f(x)) > 0 →    the name is bound where the expression stands
"""

import ast
import operator
from collections.abc import Callable

from ...kernels.types import Array
from ..building.atoms import as_atom, truth
from ..building.binding import Binding, Container, Grown, Live, Packed, Perhaps, Ref, Shape, Static
from ..building.context import Context, Frame
from ..building.items import static_items
from ..building.merging import branch
from ..columns.grown import as_array
from ..columns.packed import NeedUnpacked
from ..derivatives.labels import elementwise, has_labels
from ..ir import Assign, Atom, Const, Value
from .expressions import as_operand, evaluate, expression, locate, operate_unary
from .opened import as_dict
from .optional import assuming, is_none

__all__ = ["condition"]

COMPARED = {
    ast.Lt: ("less", operator.lt), ast.LtE: ("less_equal", operator.le), ast.Gt: ("greater", operator.gt),
    ast.GtE: ("greater_equal", operator.ge), ast.Eq: ("equal", operator.eq),
    ast.NotEq: ("not_equal", operator.ne),
}  # fmt: skip


def condition(ctx: Context, frame: Frame, node: ast.expr) -> Atom:
    """The truth value that an ``if``, ``while`` or ``assert`` asks for.

    Of ``a and b`` only the truth of both is needed, so they may be of unlike types.
    """
    if isinstance(node, ast.BoolOp):
        with ctx.at(locate(frame, node)):
            return _joined(ctx, [_truth_of(ctx, frame, n) for n in node.values], isinstance(node.op, ast.And))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ctx.op("logical_not", condition(ctx, frame, node.operand))
    return truth(ctx, evaluate(ctx, frame, node))


def _truth_of(ctx: Context, frame: Frame, node: ast.expr) -> Callable[[], Atom]:
    return lambda: condition(ctx, frame, node)


def _joined(ctx: Context, parts: list[Callable[[], Atom]], is_and: bool) -> Atom:
    """The truth of parts joined by ``and`` or ``or``: one is looked at only if those before do not decide."""
    cond = parts[0]()
    rest = parts[1:]
    if not rest:
        return cond
    if isinstance(cond, Const):
        return _joined(ctx, rest, is_and) if bool(cond.value) is is_and else cond
    before, names = ctx.snapshot(), {p: b for p, b in ctx.state().items() if p[0] != "heap"}
    around, ctx.assumed = ctx.assumed, assuming(ctx, cond, is_and)
    with ctx.collecting() as block:
        others = _joined(ctx, rest, is_and)
    ctx.assumed = around
    after = ctx.state()
    unchanged = all(after.get(p) is b for p, b in names.items())
    if unchanged and not ctx.dead and all(isinstance(s, Assign) and not s.op.effect for s in block):
        ctx.block.extend(block)  # nothing that could fail or cost: no need for a branch
        return ctx.op("logical_and" if is_and else "logical_or", cond, others)
    ctx.restore(before)

    def look() -> Binding:
        return _joined(ctx, rest, is_and)

    def decided() -> Binding:
        return Const(not is_and)

    found = branch(ctx, cond, look if is_and else decided, decided if is_and else look)
    return as_atom(ctx, found, "a condition")


@expression(ast.BoolOp)
def boolean(ctx: Context, frame: Frame, node: ast.BoolOp) -> Binding:
    """``a or b`` as a value: one of the two."""
    is_and = isinstance(node.op, ast.And)
    rest = node.values[1:]
    match node.values[0]:
        case ast.BoolOp(op=ast.And(), values=[*tests, value]) as joined if not is_and:
            # c and a or b: a falsy c is never the result.
            way = ast.IfExp(_with(joined, tests), _with(node, [value, *rest]), _with(node, rest))
            return evaluate(ctx, frame, ast.copy_location(way, node))
    first = evaluate(ctx, frame, node.values[0])

    def others() -> Binding:
        return evaluate(ctx, frame, _with(node, rest))

    decided = ctx.contents(first)
    if not isinstance(decided, Value):
        return others() if bool(as_known(ctx, first)) is is_and else first
    cond = truth(ctx, first)
    if ctx.type_of(decided).dtype == "bool":
        parts: list[Callable[[], Atom]] = [lambda: cond]
        with ctx.collecting():
            before = ctx.snapshot()
            known = all(_is_truth(ctx, evaluate(ctx, frame, n)) for n in rest)
            ctx.restore(before)
        if known:
            return _joined(ctx, parts + [_truth_of(ctx, frame, n) for n in rest], is_and)
    return branch(ctx, cond, others if is_and else lambda: first, lambda: first if is_and else others())


def as_known(ctx: Context, binding: Binding) -> bool:
    """The truth of what is no computed number."""
    found = truth(ctx, binding)
    return bool(found.value) if isinstance(found, Const) else True


def _with(node: ast.BoolOp, values: list[ast.expr]) -> ast.expr:
    return values[0] if len(values) == 1 else ast.copy_location(ast.BoolOp(node.op, values), node)


def _is_truth(ctx: Context, binding: Binding) -> bool:
    inner = ctx.contents(binding)
    return isinstance(inner, Value | Const) and ctx.type_of(inner).dtype == "bool"


@expression(ast.NamedExpr)
def named(ctx: Context, frame: Frame, node: ast.NamedExpr) -> Binding:
    """``(name := value)``: bound in the function, also from within a comprehension."""
    binding = evaluate(ctx, frame, node.value)
    owner = frame
    while owner.own_locals is not None and owner.parent is not None:
        owner = owner.parent
    ctx.bind(owner, node.target.id, binding)
    return binding


@expression(ast.UnaryOp)
def unary(ctx: Context, frame: Frame, node: ast.UnaryOp) -> Binding:
    if isinstance(node.op, ast.Not):
        return ctx.op("logical_not", condition(ctx, frame, node.operand))
    return operate_unary(ctx, node.op, evaluate(ctx, frame, node.operand))


@expression(ast.Compare)
def compare(ctx: Context, frame: Frame, node: ast.Compare) -> Binding:
    """``a < b < c``: the third is looked at only if the first two are in order."""
    operands = [evaluate(ctx, frame, node.left), evaluate(ctx, frame, node.comparators[0])]
    if len(node.ops) == 1:
        return compare_two(ctx, node.ops[0], *operands)

    def pair(k: int) -> Callable[[], Atom]:
        def look() -> Atom:
            if k:
                operands[k + 1 :] = [evaluate(ctx, frame, node.comparators[k])]
            return compare_two(ctx, node.ops[k], operands[k], operands[k + 1])

        return look

    return _joined(ctx, [pair(k) for k in range(len(node.ops))], True)


def compare_two(ctx: Context, op: ast.cmpop, left: Binding, right: Binding) -> Atom:
    if isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
        for side, other in ((left, right), (right, left)):
            if isinstance(side, Perhaps) and is_none(other):
                absent = ctx.op("logical_not", side.given)
                return absent if isinstance(op, ast.Is | ast.Eq) else side.given
    a, b = ctx.contents(left), ctx.contents(right)
    if isinstance(op, ast.Is | ast.IsNot):
        if ctx.columns and all(isinstance(x, Value | Container | Packed) for x in (a, b)):
            raise NeedUnpacked(frozenset(ctx.columns.values()))  # which item is which is not known
        if isinstance(a, Live) and isinstance(b, Live):
            for side in (a, b):
                ctx.guard(side.getter, "identity", side.value)
        if isinstance(left, Ref) and isinstance(right, Ref) and left != right and (
            {left.number, right.number} & ctx.lists.copies
        ):
            raise ctx.refuse(
                "whether these are one object depends on the run; compare their items, or keep a truth value "
                "that tells them apart"
            )
        same = a is b or (
            isinstance(a, Static | Live | Const) and isinstance(b, Static | Live | Const)
            and a.value is b.value
        )
        if not same and isinstance(a, Value) and isinstance(b, Value):
            raise ctx.refuse("whether two computed values are one object is not known; compare with ==")
        return Const(same == isinstance(op, ast.Is))
    if isinstance(op, ast.In | ast.NotIn):
        inside = _is_in(ctx, a, b)
        return inside if isinstance(op, ast.In) else ctx.op("logical_not", inside)
    symbol, compute = COMPARED[type(op)]
    numbers = isinstance(a, Value | Const) and isinstance(b, Value | Const)
    if not numbers and ctx.is_static(a) and ctx.is_static(b):
        return Const(bool(compute(ctx.static(a, "a side"), ctx.static(b, "a side"))))
    if isinstance(a, Static) and a.value is None or isinstance(b, Static) and b.value is None:
        return Const(symbol == "not_equal")
    if (
        isinstance(a, Shape | Container) and isinstance(b, Shape | Container)
        and symbol in ("equal", "not_equal")
    ):
        return compare_items(ctx, symbol, static_items(ctx, a), static_items(ctx, b))
    left, right = as_operand(ctx, a, b), as_operand(ctx, b, a)
    if has_labels(ctx, (left, right)):
        return elementwise(ctx, symbol, lambda x, y: ctx.op(symbol, x, y), left, right)
    return ctx.op(symbol, left, right)


def _is_in(ctx: Context, a: Binding, b: Binding) -> Atom:
    """``a in b``: of a dict its keys, of computed numbers whether one of them is equal."""
    if (known := as_dict(ctx, b)) is not None:
        return Const(ctx.static(a, "what is looked for among the keys of a dict") in known.keys)
    if isinstance(b, Container) and b.cls is None and not (ctx.is_static(a) and ctx.is_static(b)):
        found: Atom = Const(False)
        for item in b.items:
            found = ctx.op("logical_or", found, compare_two(ctx, ast.Eq(), a, item))
        return found
    if isinstance(b, Grown) or isinstance(b, Value) and isinstance(ctx.type_of(b), Array):
        array = as_array(ctx, b) if isinstance(b, Grown) else b
        equal = ctx.op("equal", array, as_atom(ctx, a, "what is looked for in an array"))
        return as_atom(ctx, ctx.call(ctx.known("any"), (equal,)))
    return Const(ctx.static(a, "the left side of `in`") in ctx.static(b, "the right side of `in`"))


def compare_items(ctx: Context, symbol: str, left: list, right: list) -> Atom:
    """Equality of two tuples, item by item (``x.shape == y.shape``)."""
    if len(left) != len(right):
        return Const(symbol == "not_equal")
    equal: Atom = Const(True)
    for a, b in zip(left, right, strict=True):
        one = compare_two(ctx, ast.Eq(), a, b)
        equal = one if equal == Const(True) else ctx.op("logical_and", equal, one)
    return equal if symbol == "equal" else ctx.op("logical_not", equal)


@expression(ast.IfExp)
def conditional(ctx: Context, frame: Frame, node: ast.IfExp) -> Binding:
    if frame.composite is not None:
        decided = ctx.contents(evaluate(ctx, frame, node.test))
        if isinstance(decided, Value) and isinstance(ctx.type_of(decided), Array):
            # A rule written for one element, applied to arrays.
            ways = (as_atom(ctx, evaluate(ctx, frame, n)) for n in (node.body, node.orelse))
            return ctx.op("where", decided, *ways)
        cond = truth(ctx, decided)
    else:
        cond = condition(ctx, frame, node.test)
    if isinstance(cond, Const):
        return evaluate(ctx, frame, node.body if cond.value else node.orelse)
    return branch(
        ctx, cond, lambda: evaluate(ctx, frame, node.body), lambda: evaluate(ctx, frame, node.orelse)
    )
