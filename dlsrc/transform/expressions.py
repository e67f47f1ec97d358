"""Expressions of the user's → bindings: operations are added to the program, the rest is evaluated now.

    y = 3 * x[i] ** 2    →    v1 = x[i]; v2 = v1 ** 2; y = 3 * v2
    axis = x.ndim - 1    →    nothing: ``axis`` is bound to the literal

One function a kind of node, in one table; calls, subscripts and lambdas have files of their own that
add to it.
"""

import ast
import builtins
import operator
from collections.abc import Callable
from typing import Any

from ..kernels.primitive import Refusal
from ..kernels.types import Array, Scalar
from .atoms import as_atom, settle, truth
from .binding import Binding, Container, Getter, Live, Maybe, Poison, Shape, Static, Unbound
from .context import Context, Frame, describe
from .ir import Assign, Atom, Const, If, Raise, Value
from .items import attribute_of, static_items
from .location import Location
from .merging import branch
from .source import location
from .weakness import refuse_missing

__all__ = ["EXPRESSIONS", "evaluate", "read_name"]

EXPRESSIONS: dict[type, Callable[[Context, Frame, Any], Binding]] = {}

BINARY = {
    ast.Add: ("add", operator.add), ast.Sub: ("subtract", operator.sub), ast.Mult: ("multiply", operator.mul),
    ast.Div: ("divide", operator.truediv), ast.FloorDiv: ("floor_divide", operator.floordiv),
    ast.Mod: ("remainder", operator.mod), ast.Pow: ("power", operator.pow),
    ast.BitAnd: ("bitwise_and", operator.and_), ast.BitOr: ("bitwise_or", operator.or_),
    ast.BitXor: ("bitwise_xor", operator.xor), ast.LShift: ("left_shift", operator.lshift),
    ast.RShift: ("right_shift", operator.rshift),
}  # fmt: skip
COMPARED = {
    ast.Lt: ("less", operator.lt), ast.LtE: ("less_equal", operator.le), ast.Gt: ("greater", operator.gt),
    ast.GtE: ("greater_equal", operator.ge), ast.Eq: ("equal", operator.eq),
    ast.NotEq: ("not_equal", operator.ne),
}  # fmt: skip


def expression(*kinds: type) -> Callable:
    """Register the function for these kinds of node."""

    def register(function: Callable) -> Callable:
        for kind in kinds:
            EXPRESSIONS[kind] = function
        return function

    return register


def locate(frame: Frame, node: ast.AST) -> Location:
    """Where a node is; in a composite, where the composite was called."""
    if frame.composite is not None:
        return frame.composite
    return location(frame.parsed.parsed.source, node)


def evaluate(ctx: Context, frame: Frame, node: ast.expr) -> Binding:
    """The binding of an expression."""
    handler = EXPRESSIONS.get(type(node))
    with ctx.at(locate(frame, node)):
        if handler is None:
            what = {
                "GeneratorExp": "a generator that is not the argument of sum, min or max",
                "SetComp": "a set",
            }.get(type(node).__name__, f"{type(node).__name__} in an expression")
            raise ctx.refuse(f"{what} cannot be differentiated; write a list or a loop")
        try:
            return handler(ctx, frame, node)
        except Refusal as refusal:
            raise ctx.refuse(str(refusal)) from None


# ---------------------------------------------------------------------------------- names and literals


@expression(ast.Constant)
def constant(ctx: Context, frame: Frame, node: ast.Constant) -> Binding:
    if isinstance(node.value, bool | int | float):
        return Const(node.value)
    if isinstance(node.value, complex):
        raise ctx.refuse(
            "complex numbers cannot be differentiated yet; split the value into real and imaginary parts"
        )
    return Static(node.value)


@expression(ast.Name)
def name(ctx: Context, frame: Frame, node: ast.Name) -> Binding:
    return read_name(ctx, frame, node.id)


def read_name(ctx: Context, frame: Frame, identifier: str) -> Binding:
    """What a name stands for, looked up as Python does: function, closure, module, builtins."""
    owner = frame.owner(identifier)
    if owner is not None:
        binding = owner.env[identifier]
        if isinstance(binding, Maybe | Unbound):
            ctx.unbound_reads.add((owner, identifier))  # a loop may carry the trip before
        if isinstance(binding, Maybe):
            binding = settle(ctx, binding)
            owner.env[identifier] = binding
        if isinstance(binding, Poison):
            raise ctx.poisoned(binding)
        if isinstance(binding, Unbound):
            raise ctx.refuse(
                f"`{identifier}` may be read here before it has a value; assign it before the loop or branch"
            )
        return binding
    where = frame
    while True:
        if identifier in where.locals:
            ctx.unbound_reads.add((where, identifier))
            raise ctx.refuse(
                f"`{identifier}` may be read here before it has a value; assign it before the loop or branch"
            )
        if where.parent is None:
            break
        where = where.parent
    function = where.parsed.function
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    if identifier in cells:
        try:
            value = cells[identifier].cell_contents
        except ValueError:
            raise ctx.refuse(f"`{identifier}` of the enclosing function has no value yet") from None
        return ctx.captured(value, Getter(("cell", cells[identifier], identifier)))
    namespace = function.__globals__
    if identifier in namespace:
        return ctx.captured(namespace[identifier], Getter(("global", namespace, identifier)))
    if not hasattr(builtins, identifier):
        raise ctx.refuse(f"the name `{identifier}` is not defined")
    found = getattr(builtins, identifier)
    return Live(found, Getter(("object", found, identifier)))


@expression(ast.Tuple)
def tuple_(ctx: Context, frame: Frame, node: ast.Tuple) -> Binding:
    return ctx.make("tuple", elements(ctx, frame, node.elts))


@expression(ast.List)
def list_(ctx: Context, frame: Frame, node: ast.List) -> Binding:
    return ctx.make("list", elements(ctx, frame, node.elts))


@expression(ast.Dict)
def dict_(ctx: Context, frame: Frame, node: ast.Dict) -> Binding:
    keys: list[Any] = []
    values: list[Binding] = []
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            inner = ctx.contents(evaluate(ctx, frame, value))
            if not isinstance(inner, Container) or inner.kind != "dict":
                raise ctx.refuse(f"** needs a dict, not {describe(inner, ctx)}")
            keys += inner.keys
            values += inner.items
        else:
            keys.append(ctx.static(evaluate(ctx, frame, key), "a key of a dict"))
            values.append(evaluate(ctx, frame, value))
    merged = dict(zip(keys, values, strict=True))
    return ctx.make("dict", merged.values(), tuple(merged))


def elements(ctx: Context, frame: Frame, nodes: list) -> list[Binding]:
    """The items of a display or the arguments of a call, starred ones spread."""
    found: list[Binding] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            found += static_items(ctx, evaluate(ctx, frame, node.value))
        else:
            found.append(evaluate(ctx, frame, node))
    return found


@expression(ast.JoinedStr)
def joined(ctx: Context, frame: Frame, node: ast.JoinedStr) -> Binding:
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            assert isinstance(part, ast.FormattedValue)
            binding = ctx.contents(evaluate(ctx, frame, part.value))
            if not ctx.is_static(binding):
                raise ctx.refuse(
                    "a computed value inside a string cannot be formatted here; format it outside the "
                    "objective"
                )
            parts.append(str(ctx.static(binding, "a formatted value")))
    return Static("".join(parts))


# ---------------------------------------------------------------------------------- operators


@expression(ast.BinOp)
def binary(ctx: Context, frame: Frame, node: ast.BinOp) -> Binding:
    return operate(ctx, node.op, evaluate(ctx, frame, node.left), evaluate(ctx, frame, node.right))


def operate(ctx: Context, op: ast.operator, left: Binding, right: Binding) -> Binding:
    """A binary operator on two bindings."""
    if isinstance(op, ast.MatMult):
        return ctx.call(ctx.known("matmul"), (left, right))
    symbol, compute = BINARY[type(op)]
    a, b = ctx.contents(left), ctx.contents(right)
    if isinstance(a, Shape):
        a = Container("tuple", tuple(static_items(ctx, a)))
    if isinstance(b, Shape):
        b = Container("tuple", tuple(static_items(ctx, b)))
    if isinstance(a, Container) and isinstance(b, Container) and symbol == "add" and a.kind == b.kind:
        return ctx.make(a.kind, a.items + b.items)
    if symbol == "multiply" and (isinstance(a, Container) or isinstance(b, Container)):
        items, count = (a, b) if isinstance(a, Container) else (b, a)
        if isinstance(count, Const | Value) and (
            not isinstance(count, Value) or not isinstance(ctx.type_of(count), Array)
        ):
            return ctx.make(items.kind, items.items * ctx.static(count, "the number of repetitions"))
    if (
        isinstance(a, Static | Live) and isinstance(b, Static | Live | Const)
        and isinstance(a.value, str | type)
    ):
        return Static(compute(a.value, b.value))
    a, b = (as_operand(ctx, x, y) for x, y in ((a, b), (b, a)))
    return arithmetic(ctx, symbol, a, b)


def as_operand(ctx: Context, binding: Binding, other: Binding) -> Atom:
    """An operand of arithmetic; a list beside an array is an array, as in NumPy."""
    if isinstance(binding, Container) and isinstance(other, Value) and isinstance(ctx.type_of(other), Array):
        return as_atom(ctx, ctx.array(binding))
    return as_atom(ctx, binding, "an operand")


def arithmetic(ctx: Context, symbol: str, a: Atom, b: Atom) -> Atom:
    """An arithmetic operation, with the tests that Python makes and compiled code does not."""
    types = [ctx.type_of(a), ctx.type_of(b)]
    integers = all(t.dtype in ("int64", "int32", "bool") for t in types)
    scalars = all(isinstance(t, Scalar) for t in types)
    if symbol in ("bitwise_and", "bitwise_or") and all(t.dtype == "bool" for t in types) and scalars:
        symbol = {"bitwise_and": "logical_and", "bitwise_or": "logical_or"}[symbol]
    if (
        symbol in ("floor_divide", "remainder") and integers and scalars
        and not (isinstance(b, Const) and b.value != 0)
    ):
        with ctx.collecting() as block:
            ctx.add(Raise("ZeroDivisionError", f"{ctx.loc}: integer division or modulo by zero", ctx.loc))
        ctx.add(If(ctx.op("equal", b, Const(0)), tuple(block), (), (), ctx.loc))
    if symbol == "power":
        return power(ctx, a, b, integers, scalars)
    return ctx.op(symbol, a, b)


def power(ctx: Context, a: Atom, b: Atom, integers: bool, scalars: bool) -> Atom:
    """``a ** b``; a literal exponent has a rule of its own."""
    if isinstance(b, Const) and b.dtype is None and not isinstance(b.value, bool):
        if isinstance(a, Const) and a.dtype is None and not (a.value == 0 and b.value < 0):
            folded = a.value**b.value
            if not isinstance(folded, complex):
                return Const(folded)
        exponent = (
            int(b.value) if isinstance(b.value, float) and b.value.is_integer() and not integers else b.value
        )
        if not (integers and b.value < 0):
            return ctx.op("power_const", a, n=exponent)
        a = ctx.op("cast", a, dtype="float64")  # Python: 2 ** -1 is 0.5
        return ctx.op("power_const", a, n=exponent)
    if integers and scalars and ctx.type_of(b).dtype != "bool":
        with ctx.collecting() as block:
            ctx.add(
                Raise(
                    "ValueError",
                    f"{ctx.loc}: an integer to a negative integer power; make the base a float",
                    ctx.loc,
                )
            )
        ctx.add(If(ctx.op("less", b, Const(0)), tuple(block), (), (), ctx.loc))
    return ctx.op("power", a, b)


@expression(ast.UnaryOp)
def unary(ctx: Context, frame: Frame, node: ast.UnaryOp) -> Binding:
    operand = evaluate(ctx, frame, node.operand)
    if isinstance(node.op, ast.Not):
        return ctx.op("logical_not", truth(ctx, operand))
    atom = as_atom(ctx, operand, "an operand")
    symbol = {ast.USub: "negative", ast.UAdd: "positive", ast.Invert: "invert"}[type(node.op)]
    if symbol == "positive":
        return atom
    if symbol == "invert" and ctx.type_of(atom).dtype == "bool":
        symbol = "logical_not"
    return ctx.op(symbol, atom)


@expression(ast.Compare)
def compare(ctx: Context, frame: Frame, node: ast.Compare) -> Binding:
    left = evaluate(ctx, frame, node.left)
    result: Atom | None = None
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = evaluate(ctx, frame, right_node)
        one = compare_two(ctx, op, left, right)
        result = one if result is None else ctx.op("logical_and", result, one)
        left = right
    assert result is not None
    return result


def compare_two(ctx: Context, op: ast.cmpop, left: Binding, right: Binding) -> Atom:
    a, b = ctx.contents(left), ctx.contents(right)
    if isinstance(op, ast.Is | ast.IsNot):
        if isinstance(a, Live) and isinstance(b, Live):
            for side in (a, b):
                ctx.guard(side.getter, "identity", side.value)
        same = a is b or (
            isinstance(a, Static | Live | Const) and isinstance(b, Static | Live | Const)
            and a.value is b.value
        )
        return Const(same == isinstance(op, ast.Is))
    if isinstance(op, ast.In | ast.NotIn):
        items = ctx.static(b, "the right side of `in`")
        return Const((ctx.static(a, "the left side of `in`") in items) == isinstance(op, ast.In))
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
    return ctx.op(symbol, as_operand(ctx, a, b), as_operand(ctx, b, a))


def compare_items(ctx: Context, symbol: str, left: list, right: list) -> Atom:
    """Equality of two tuples, item by item (``x.shape == y.shape``)."""
    if len(left) != len(right):
        return Const(symbol == "not_equal")
    equal: Atom = Const(True)
    for a, b in zip(left, right, strict=True):
        one = compare_two(ctx, ast.Eq(), a, b)
        equal = one if equal == Const(True) else ctx.op("logical_and", equal, one)
    return equal if symbol == "equal" else ctx.op("logical_not", equal)


@expression(ast.BoolOp)
def boolean(ctx: Context, frame: Frame, node: ast.BoolOp) -> Binding:
    is_and = isinstance(node.op, ast.And)
    return _boolean(ctx, frame, node.values, is_and)


def _boolean(ctx: Context, frame: Frame, nodes: list, is_and: bool) -> Binding:
    first = evaluate(ctx, frame, nodes[0])
    if len(nodes) == 1:
        return first
    decided = ctx.contents(first)
    if not isinstance(decided, Value):
        if bool(truth(ctx, first).value) != is_and:
            return first
        return _boolean(ctx, frame, nodes[1:], is_and)
    cond = truth(ctx, first)
    if ctx.type_of(decided).dtype != "bool":
        raise ctx.refuse(
            "`and`/`or` of numbers gives one of the numbers; write a comparison or a conditional expression"
        )
    before, names = ctx.snapshot(), {p: b for p, b in ctx.state().items() if p[0] != "heap"}
    with ctx.collecting() as block:
        rest = truth(ctx, _boolean(ctx, frame, nodes[1:], is_and))
    unchanged = all(ctx.state().get(p) is b for p, b in names.items())
    if unchanged and all(isinstance(s, Assign) and not s.op.effect for s in block):
        ctx.block.extend(block)  # nothing that could fail or cost: no need for a branch
        return ctx.op("logical_and" if is_and else "logical_or", cond, rest)
    ctx.restore(before)

    def others() -> Binding:
        return truth(ctx, _boolean(ctx, frame, nodes[1:], is_and))

    def decided_already() -> Binding:
        return Const(not is_and)

    return branch(ctx, cond, others if is_and else decided_already, decided_already if is_and else others)


@expression(ast.IfExp)
def conditional(ctx: Context, frame: Frame, node: ast.IfExp) -> Binding:
    test = evaluate(ctx, frame, node.test)
    decided = ctx.contents(test)
    if isinstance(decided, Value) and isinstance(ctx.type_of(decided), Array) and frame.composite is not None:
        # A rule written for one element, applied to arrays.
        return ctx.op(
            "where", decided, *(as_atom(ctx, evaluate(ctx, frame, n)) for n in (node.body, node.orelse))
        )
    cond = truth(ctx, test)
    if isinstance(cond, Const):
        return evaluate(ctx, frame, node.body if cond.value else node.orelse)
    return branch(
        ctx, cond, lambda: evaluate(ctx, frame, node.body), lambda: evaluate(ctx, frame, node.orelse)
    )


# ---------------------------------------------------------------------------------- attributes


@expression(ast.Attribute)
def attribute(ctx: Context, frame: Frame, node: ast.Attribute) -> Binding:
    owner = ctx.contents(evaluate(ctx, frame, node.value))
    if frame.composite is None and isinstance(owner, Value | Const):
        refuse_missing(ctx, ctx.type_of(owner), node.attr)
    return attribute_of(ctx, owner, node.attr)
