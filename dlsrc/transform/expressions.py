"""Expressions of the user's → bindings: operations on atoms are added to the program, the rest is evaluated now.

    y = 3 * x[i] ** 2    →    v1 = x[i]; v2 = v1 ** 2; y = 3 * v2
    axis = x.ndim - 1    →    nothing: ``axis`` is bound to the literal

One function a kind of node, in one table; calls, subscripts and lambdas have files of their own that
add to it.
"""

import ast
import builtins
import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..kernels.primitive import Refusal, lookup_attribute, lookup_method
from ..kernels.types import Array, Scalar
from .binding import (
    Binding, BoundMethod, Closure, Container, Getter, Iterator, Live, Maybe, Partial, Poison, Range, Shape,
    Static, Unbound,
)
from .context import Context, Frame, describe
from .ir import UNBOUND, Atom, Const, If, Merge, Raise, Value
from .location import Location
from .source import location

__all__ = ["EXPRESSIONS", "as_atom", "evaluate", "item_of", "length_of", "read_name", "truth"]

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
    ast.GtE: ("greater_equal", operator.ge), ast.Eq: ("equal", operator.eq), ast.NotEq: ("not_equal", operator.ne),
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
            what = {"GeneratorExp": "a generator that is not the argument of sum, min or max", "SetComp": "a set"}.get(
                type(node).__name__, f"{type(node).__name__} in an expression"
            )
            raise ctx.refuse(f"{what} cannot be differentiated; write a list or a loop")
        try:
            return handler(ctx, frame, node)
        except Refusal as refusal:
            raise ctx.refuse(str(refusal)) from None


# ---------------------------------------------------------------------------------- atoms and truth


def as_atom(ctx: Context, binding: Binding, what: str = "this") -> Atom:
    """The binding as a number or array of the program."""
    binding = ctx.contents(binding)
    if isinstance(binding, Value | Const):
        return binding
    if isinstance(binding, Maybe):
        return as_atom(ctx, settle(ctx, binding), what)
    if isinstance(binding, Static) and isinstance(binding.value, bool | int | float):
        return Const(binding.value)
    if isinstance(binding, Live) and isinstance(binding.value, bool | int | float):
        return Const(binding.value)
    if isinstance(binding, Poison):
        raise ctx.poisoned(binding)
    if isinstance(binding, Unbound):
        raise ctx.refuse(f"`{binding.name}` may be read here before it has a value; assign it first")
    raise ctx.refuse(f"{what} must be a number or an array, not {describe(binding, ctx)}")


def settle(ctx: Context, binding: Binding) -> Binding:
    """A name that is bound only on some ways: tested here, bound afterwards."""
    if not isinstance(binding, Maybe):
        return binding
    with ctx.collecting() as block:
        ctx.add(Raise("UnboundLocalError", f"{ctx.loc}: `{binding.name}` has no value on this way", ctx.loc))
    ctx.add(If(ctx.op("logical_not", binding.bound), tuple(block), (), (), ctx.loc))
    if isinstance(binding.binding, Value):
        ctx.one_way.add(binding.binding)
    return binding.binding


def truth(ctx: Context, binding: Binding) -> Atom:
    """The truth value of a binding, as a condition."""
    binding = ctx.contents(binding)
    match binding:
        case Const(value=value):
            return Const(bool(value))
        case Value():
            type_ = ctx.type_of(binding)
            if isinstance(type_, Array):
                raise ctx.refuse("the truth of a whole array is ambiguous; compare one element, or use np.any or np.all")
            return binding if type_.dtype == "bool" else ctx.op("not_equal", binding, Const(0))
        case Container(items=items):
            return Const(bool(items))
        case Live(value=value, getter=getter) if hasattr(value, "__len__"):
            ctx.guard(getter, "length", len(value))
            return Const(len(value) > 0)
        case Live():
            return Const(bool(ctx.relied(binding)))
        case Static(value=value):
            return Const(bool(value))
        case Closure() | Partial():
            return Const(True)
    return truth(ctx, as_atom(ctx, binding, "a condition"))


# ---------------------------------------------------------------------------------- names and literals


@expression(ast.Constant)
def constant(ctx: Context, frame: Frame, node: ast.Constant) -> Binding:
    if isinstance(node.value, bool | int | float):
        return Const(node.value)
    if isinstance(node.value, complex):
        raise ctx.refuse("complex numbers cannot be differentiated yet; split the value into real and imaginary parts")
    return Static(node.value)


@expression(ast.Name)
def name(ctx: Context, frame: Frame, node: ast.Name) -> Binding:
    return read_name(ctx, frame, node.id)


def read_name(ctx: Context, frame: Frame, identifier: str) -> Binding:
    """What a name stands for, looked up as Python does: function, closure, module, builtins."""
    owner = frame.owner(identifier)
    if owner is not None:
        binding = owner.env[identifier]
        if isinstance(binding, Maybe):
            binding = settle(ctx, binding)
            owner.env[identifier] = binding
        if isinstance(binding, Poison):
            raise ctx.poisoned(binding)
        if isinstance(binding, Unbound):
            raise ctx.refuse(f"`{identifier}` may be read here before it has a value; assign it before the loop or branch")
        return binding
    where = frame
    while True:
        if identifier in where.locals:
            ctx.unbound_reads.add((where, identifier))
            raise ctx.refuse(f"`{identifier}` may be read here before it has a value; assign it before the loop or branch")
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
    keys, values = [], []
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
                raise ctx.refuse("a computed value inside a string cannot be formatted here; format it outside the objective")
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
        if isinstance(count, Const | Value) and (not isinstance(count, Value) or not isinstance(ctx.type_of(count), Array)):
            return ctx.make(items.kind, items.items * ctx.static(count, "the number of repetitions"))  # type: ignore[union-attr]
    if isinstance(a, Static | Live) and isinstance(b, Static | Live | Const) and isinstance(a.value, str | type):
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
    if symbol in ("floor_divide", "remainder") and integers and scalars and not (isinstance(b, Const) and b.value != 0):
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
        exponent = int(b.value) if isinstance(b.value, float) and b.value.is_integer() and not integers else b.value
        if not (integers and b.value < 0):
            return ctx.op("power_const", a, n=exponent)
        a = ctx.op("cast", a, dtype="float64")  # Python: 2 ** -1 is 0.5
        return ctx.op("power_const", a, n=exponent)
    if integers and scalars and ctx.type_of(b).dtype != "bool":
        with ctx.collecting() as block:
            ctx.add(Raise("ValueError", f"{ctx.loc}: an integer to a negative integer power; make the base a float", ctx.loc))
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
        for side in (a, b):
            if isinstance(side, Live):
                ctx.guard(side.getter, "is", side.value)
        same = a is b or (isinstance(a, Static | Live | Const) and isinstance(b, Static | Live | Const) and a.value is b.value)
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
    if isinstance(a, Shape | Container) and isinstance(b, Shape | Container) and symbol in ("equal", "not_equal"):
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
        if bool(truth(ctx, first).value) != is_and:  # type: ignore[union-attr]
            return first
        return _boolean(ctx, frame, nodes[1:], is_and)
    cond = truth(ctx, first)
    if ctx.type_of(decided).dtype != "bool":
        raise ctx.refuse("`and`/`or` of numbers gives one of the numbers; write a comparison or a conditional expression")
    with ctx.collecting() as block:
        rest = truth(ctx, _boolean(ctx, frame, nodes[1:], is_and))
    if all(not isinstance(s, If | Raise) and type(s).__name__ == "Assign" for s in block):
        ctx.block.extend(block)  # nothing that could fail or cost: no need for a branch
        return ctx.op("logical_and" if is_and else "logical_or", cond, rest)
    target = ctx.value(Scalar("bool"))
    then, orelse = (tuple(block), ()) if is_and else ((), tuple(block))
    merge = Merge(target, rest, Const(False)) if is_and else Merge(target, Const(True), rest)
    ctx.add(If(cond, then, orelse, (merge,), ctx.loc))
    return target


@expression(ast.IfExp)
def conditional(ctx: Context, frame: Frame, node: ast.IfExp) -> Binding:
    test = evaluate(ctx, frame, node.test)
    decided = ctx.contents(test)
    if isinstance(decided, Value) and isinstance(ctx.type_of(decided), Array) and frame.composite is not None:
        # A rule written for one element, applied to arrays.
        return ctx.op("where", decided, *(as_atom(ctx, evaluate(ctx, frame, n)) for n in (node.body, node.orelse)))
    cond = truth(ctx, test)
    if isinstance(cond, Const):
        return evaluate(ctx, frame, node.body if cond.value else node.orelse)
    return branch(ctx, cond, lambda: evaluate(ctx, frame, node.body), lambda: evaluate(ctx, frame, node.orelse))


def branch(ctx: Context, cond: Atom, then: Callable[[], Binding], orelse: Callable[[], Binding]) -> Binding:
    """Two ways to one binding, decided at run time."""
    before = ctx.snapshot()
    with ctx.collecting() as then_block:
        first = then()
    after_then, state_then = ctx.snapshot(), ctx.state()
    ctx.restore(before)
    with ctx.collecting() as else_block:
        second = orelse()
    state_else = ctx.state()
    dead_then, dead_else = after_then[2], ctx.dead
    merges: list[Merge] = []
    ctx.dead = before[2] or (dead_then and dead_else)
    joined: dict = {}
    for place in state_then | state_else:
        a, b = state_then.get(place, Unbound(str(place[1]))), state_else.get(place, Unbound(str(place[1])))
        joined[place] = merge(ctx, cond, a, b, merges, then_block, else_block, dead_then, dead_else, place)
    result = merge(ctx, cond, first, second, merges, then_block, else_block, dead_then, dead_else, (None, "the result"))
    for place, binding in joined.items():
        ctx.put(place, binding)
    ctx.add(If(cond, tuple(then_block), tuple(else_block), tuple(merges), ctx.loc))
    for one in merges:
        ctx.origin[one.target] = ctx.block[-1]
    return result


def merge(ctx, cond, a, b, merges, then_block, else_block, dead_then, dead_else, place) -> Binding:
    """One binding for what is ``a`` after the first way and ``b`` after the second."""
    if a is b or a == b:
        return a
    name = str(place[1])
    if dead_then or dead_else:
        if dead_then and dead_else:
            return a
        alive = b if dead_then else a
        return only(ctx, alive, merges, dead_then)
    if isinstance(a, Poison) or isinstance(b, Poison):
        reported, other = (a, b) if isinstance(a, Poison) else (b, a)
        if not reported.message and isinstance(other, Value):
            return only(ctx, other, merges, other is b)  # the loop around may yet give the name a value
        return reported
    if isinstance(a, Container) and a.same_structure(b):
        parts = [
            merge(ctx, cond, x, y, merges, then_block, else_block, False, False, (place[0], f"{name}[{k}]"))
            for k, (x, y) in enumerate(zip(a.items, b.items, strict=True))
        ]
        return a.with_items(parts)
    if isinstance(a, Unbound | Maybe) or isinstance(b, Unbound | Maybe):
        return partly(ctx, cond, a, b, merges, then_block, else_block, place)
    if isinstance(a, Value | Const) and isinstance(b, Value | Const):
        type_ = ctx.join(ctx.type_of(a), ctx.type_of(b))
        if type_ is None:
            return Poison(
                f"`{name}` is {describe(a, ctx)} on one way and {describe(b, ctx)} on the other; give it one type on both"
            )
        return merged_value(ctx, a, b, type_, name, merges, then_block, else_block)
    return Poison(
        f"`{name}` is {describe(a, ctx)} on one way and {describe(b, ctx)} on the other; which one is only known at run time: "
        "write the branch around its uses"
    )


def merged_value(ctx, a, b, type_, name, merges, then_block, else_block) -> Value:
    sides = []
    for atom, block in ((a, then_block), (b, else_block)):
        with ctx.collecting() as extra:
            sides.append(ctx.cast(atom, type_))
        block.extend(extra)
    target = ctx.value(type_)
    if name.isidentifier():
        ctx.hints[target] = name
    merges.append(Merge(target, *sides))
    return target


def only(ctx: Context, binding: Binding, merges: list[Merge], second: bool) -> Binding:
    """A binding from the one way that goes on (the other raised), brought out of its block."""
    if isinstance(binding, Value):
        target = ctx.value(ctx.type_of(binding))
        if binding in ctx.hints or binding.hint:
            ctx.hints[target] = ctx.hints.get(binding, binding.hint)
        merges.append(Merge(target, UNBOUND, binding) if second else Merge(target, binding, UNBOUND))
        return target
    if isinstance(binding, Container):
        return binding.with_items(only(ctx, item, merges, second) for item in binding.items)
    if isinstance(binding, Maybe):
        return Maybe(only(ctx, binding.binding, merges, second), only(ctx, binding.bound, merges, second), binding.name)
    return binding


def partly(ctx, cond, a, b, merges, then_block, else_block, place) -> Binding:
    """A name that one of the two ways does not bind."""
    name = str(place[1])
    sides = []
    for side in (a, b):
        if isinstance(side, Maybe):
            sides.append((side.binding, side.bound))
        else:
            sides.append((side, Const(not isinstance(side, Unbound))))
    (x, x_bound), (y, y_bound) = sides
    if isinstance(x, Unbound) and isinstance(y, Unbound):
        return x
    if isinstance(x, Unbound) or isinstance(y, Unbound):
        binding = only(ctx, y if isinstance(x, Unbound) else x, merges, isinstance(x, Unbound))
    else:
        binding = merge(ctx, cond, x, y, merges, then_block, else_block, False, False, place)
    owner = place[0]
    generated = getattr(getattr(owner, "parsed", None), "generated", ())
    if name in generated:
        return binding  # jump removal reads its own names only where they are bound
    if (x_bound, y_bound) == (Const(True), Const(False)):
        bound = cond
    else:
        bound = merged_value(ctx, x_bound, y_bound, Scalar("bool"), "", merges, then_block, else_block)
    return Maybe(binding, bound, name)


# ---------------------------------------------------------------------------------- attributes


@expression(ast.Attribute)
def attribute(ctx: Context, frame: Frame, node: ast.Attribute) -> Binding:
    owner = ctx.contents(evaluate(ctx, frame, node.value))
    return attribute_of(ctx, owner, node.attr)


def attribute_of(ctx: Context, owner: Binding, attr: str) -> Binding:
    """``owner.attr``."""
    match owner:
        case Live(value=value, getter=getter):
            try:
                found = getattr(value, attr)
            except AttributeError:
                raise ctx.refuse(f"`{getter}` has no attribute `{attr}`") from None
            return ctx.captured(found, getter.then("attribute", attr))
        case Container(cls=cls, keys=keys, items=items) if cls is not None:
            if attr == "_replace":
                return BoundMethod(owner, attr)
            if attr in keys:
                return items[keys.index(attr)]
            method = getattr(cls, attr, None)
            if callable(method):
                return Partial(Live(method, Getter(("object", cls, cls.__name__), (("attribute", attr),))), (owner,))
            raise ctx.refuse(f"a {cls.__name__} has no field `{attr}`")
        case Static(value=np.dtype() | np.finfo() | np.iinfo() | SimpleNamespace() as value) if attr != "type":
            found = getattr(value, attr)
            return Const(found if isinstance(found, bool | int) else float(found)) if isinstance(found, bool | int | np.number) else Static(found)
        case Static(value=np.dtype() as value):
            return Static(value.type)
        case Container() | Range() | Static():
            return BoundMethod(owner, attr)
        case Value() | Const():
            return array_attribute(ctx, owner, attr)
    raise ctx.refuse(f"{describe(owner, ctx)} has no attribute `{attr}` that can be used here")


def array_attribute(ctx: Context, owner: Atom, attr: str) -> Binding:
    type_ = ctx.type_of(owner)
    if attr == "ndim":
        return Const(type_.ndim)
    if attr == "dtype":
        return Static(np.dtype(type_.dtype))
    if attr == "flags":
        return Static(SimpleNamespace(c_contiguous=type_.layout == "C", f_contiguous=type_.layout == "F"))
    if attr == "shape":
        return Shape(owner, type_.ndim) if isinstance(type_, Array) else Container("tuple", ())  # type: ignore[arg-type]
    if attr == "size":
        return ctx.op("size", owner) if isinstance(type_, Array) else Const(1)
    if attr == "real":
        return owner
    declared = lookup_attribute(attr)
    if declared is not None:
        return ctx.call(declared, (owner,))
    if lookup_method(attr) is not None or attr in ("astype", "tolist"):
        return BoundMethod(owner, attr)
    raise ctx.refuse(f"`.{attr}` of an array is not supported; write it with NumPy functions (np.sum, np.reshape, …)")


# ---------------------------------------------------------------------------------- items of anything


def length_of(ctx: Context, binding: Binding) -> Atom:
    """``len(binding)``."""
    binding = ctx.contents(binding)
    match binding:
        case Container(items=items):
            return Const(len(items))
        case Shape(ndim=ndim):
            return Const(ndim)
        case Value() if isinstance(ctx.type_of(binding), Array):
            return ctx.dim(binding, 0)
        case Static(value=str() as value):
            return Const(len(value))
        case Live(value=value, getter=getter) if hasattr(value, "__len__"):
            ctx.guard(getter, "length", len(value))
            return Const(len(value))
        case Range(start=start, stop=stop, step=Const(value=1)):
            return ctx.op("maximum", ctx.op("subtract", stop, start), Const(0))
        case Iterator(items=items):
            return length_of(ctx, items[0])
    raise ctx.refuse(f"{describe(binding, ctx)} has no length")


def static_items(ctx: Context, binding: Binding) -> list[Binding]:
    """The items of something whose length is known while building."""
    binding = ctx.contents(binding)
    match binding:
        case Container(kind="dict", keys=keys):
            return [Const(k) if isinstance(k, int | float) else Static(k) for k in keys]
        case Container(items=items):
            return list(items)
        case Shape(array=array, ndim=ndim):
            return [ctx.dim(array, k) for k in range(ndim)]
        case Static(value=tuple() | list() | str() as value):
            return [Const(v) if isinstance(v, int | float) else Static(v) for v in value]
        case Live(value=value, getter=getter) if isinstance(value, tuple | list):
            ctx.guard(getter, "length", len(value))
            return [ctx.captured(v, getter.then("item", k)) for k, v in enumerate(value)]
        case Live(value=dict() as value, getter=getter):
            ctx.guard(getter, "keys", tuple(value))
            return [Static(k) if not isinstance(k, int | float) else Const(k) for k in value]
        case Range(start=Const(value=a), stop=Const(value=b), step=Const(value=c)):
            return [Const(k) for k in range(a, b, c)]
        case Iterator(kind="zip", items=items):
            columns = [static_items(ctx, item) for item in items]
            return [Container("tuple", row) for row in zip(*columns, strict=False)]
        case Iterator(kind="enumerate", items=(inner,), start=start):
            first = start.value if isinstance(start, Const) else 0
            return [Container("tuple", (Const(k), item)) for k, item in enumerate(static_items(ctx, inner), first)]
        case Iterator(kind="reversed", items=(inner,)):
            return static_items(ctx, inner)[::-1]
    raise ctx.refuse(f"the number of items of {describe(binding, ctx)} must be known while the gradient is built")


def has_static_items(ctx: Context, binding: Binding) -> bool:
    """Whether ``static_items`` knows them."""
    binding = ctx.contents(binding)
    match binding:
        case Container() | Shape() | Static(value=tuple() | list()):
            return True
        case Live(value=value):
            return isinstance(value, tuple | list | dict)
        case Iterator(items=items):
            return any(has_static_items(ctx, item) for item in items)
    return False


def item_of(ctx: Context, binding: Binding, k: Atom) -> Binding:
    """The ``k``-th item of something that a loop runs over."""
    binding = ctx.contents(binding)
    match binding:
        case Range(start=start, step=step):
            if step == Const(1) and start == Const(0):
                return k
            return ctx.op("add", start, ctx.op("multiply", k, step))
        case Iterator(kind="zip", items=items):
            return Container("tuple", tuple(item_of(ctx, item, k) for item in items))
        case Iterator(kind="enumerate", items=(inner,), start=start):
            number = k if start in (None, Const(0)) else ctx.op("add", k, start)
            return Container("tuple", (number, item_of(ctx, inner, k)))
    raise ctx.refuse(f"a loop cannot run over {describe(binding, ctx)}")


