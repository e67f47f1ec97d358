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

from ...kernels.primitive import Refusal
from ...kernels.types import Array, Scalar
from ..building.atoms import as_atom, check_members, settle
from ..building.binding import (
    Binding, Container, Getter, Grown, Live, Maybe, Partial, Poison, Shape, Static, Text, Unbound,
)
from ..building.captures import is_trusted
from ..building.cells import changed_in_place
from ..building.context import Context, Frame, describe
from ..building.items import attribute_of, static_items
from ..building.weakness import refuse_missing
from ..calling.specials import SPECIALS
from ..columns.grown import part_types, repeated
from ..derivatives.labels import elementwise, has_labels
from ..ir import Atom, Const, If, Raise, Value
from ..location import Location
from ..source import location
from .opened import need_dict
from .unbound import without_value

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


def expression(*kinds: type) -> Callable:
    """Register the function for these kinds of node."""

    def register(function: Callable) -> Callable:
        for kind in kinds:
            EXPRESSIONS[kind] = function
        return function

    return register


def locate(frame: Frame, node: ast.AST) -> Location:
    """Where a node is; in a composite, or a function of dlsrc's, where that was called."""
    if frame.composite is not None or frame.seen_at is not None:
        return frame.composite or frame.seen_at  # type: ignore[return-value]
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
            # Python: a free variable without a value is a NameError, a local one an UnboundLocalError.
            binding = settle(ctx, binding, "UnboundLocalError" if owner is frame else "NameError")
            owner.env[identifier] = binding
        ctx.note_read((owner, identifier), binding)
        if isinstance(binding, Poison):
            raise ctx.poisoned(binding)
        if isinstance(binding, Unbound):
            raise without_value(ctx, identifier, "UnboundLocalError" if owner is frame else "NameError")
        return binding
    where = frame
    while True:
        if identifier in where.locals:
            ctx.unbound_reads.add((where, identifier))
            raise without_value(ctx, identifier, "UnboundLocalError" if where is frame else "NameError")
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
    if not is_trusted(namespace.get("__name__")):
        ctx.guard(Getter(("global", namespace, identifier)), "builtin", found)
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
            inner = need_dict(ctx, evaluate(ctx, frame, value))
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


# ---------------------------------------------------------------------------------- operators


@expression(ast.BinOp)
def binary(ctx: Context, frame: Frame, node: ast.BinOp) -> Binding:
    sides = UNNAMED
    if frame.composite is None:
        sides = (_spelled(node.left), _spelled(node.right))
    left, right = evaluate(ctx, frame, node.left), evaluate(ctx, frame, node.right)
    return operate(ctx, node.op, left, right, sides)


def _spelled(node: ast.expr) -> str:
    """An operand as it is called in messages."""
    text = ast.unparse(node)
    return f"`{text}`" if len(text) <= 30 and not isinstance(node, ast.Constant) else "an operand"


UNNAMED = ("an operand", "an operand")


def operate(
    ctx: Context, op: ast.operator, left: Binding, right: Binding, sides: tuple[str, str] = UNNAMED
) -> Binding:
    """A binary operator on two bindings; ``sides`` are their names in messages."""
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
            if isinstance(count, Value) and items.kind == "list" and len(items.items) == 1:
                known = part_types(ctx, items.items)
                if known is not None and all(isinstance(t, Scalar) for t in known[1]):
                    return repeated(ctx, items.items, *known, count)
            if isinstance(count, Value) and ctx.type_of(count).dtype.startswith("float"):
                raise ctx.refuse(
                    f"{describe(items, ctx)} times a float is no product of items; write np.array(…) of it"
                )
            return ctx.make(items.kind, items.items * ctx.static(count, "the number of repetitions"))
    if isinstance(a, Text) or isinstance(b, Text):
        return SPECIALS["text add" if symbol == "add" else "text percent"](ctx, (a, b), {})
    if symbol == "remainder" and isinstance(a, Static) and isinstance(a.value, str):
        return SPECIALS["text percent"](ctx, (a, b), {})
    if (
        isinstance(a, Static | Live) and isinstance(b, Static | Live | Const)
        and isinstance(a.value, str | type | frozenset)
    ):
        try:
            return Static(compute(a.value, b.value))
        except Exception as error:
            raise ctx.refuse(f"Python refuses this: {error}; compute with numbers and arrays") from None
    for x, y, side in ((a, b, sides[0]), (b, a, sides[1])):
        if isinstance(x, Static) and isinstance(x.value, str) and isinstance(y, Value | Const):
            raise ctx.refuse(
                f"{side if side != UNNAMED[0] else 'this'} is a text, and no number; for a text "
                'with the value in it write f"…{value}"'
            )
    atoms = [as_operand(ctx, x, y, side) for x, y, side in ((a, b, sides[0]), (b, a, sides[1]))]
    check_members(ctx, (a, b), atoms)
    return arithmetic(ctx, symbol, *atoms)


def as_operand(ctx: Context, binding: Binding, other: Binding, what: str = "an operand") -> Atom:
    """An operand of arithmetic; a list beside an array is an array, as in NumPy."""
    beside = isinstance(other, Value) and isinstance(ctx.type_of(other), Array)
    if isinstance(binding, Container | Grown) and beside:
        return as_atom(ctx, ctx.array(binding))
    return as_atom(ctx, binding, what)


def arithmetic(ctx: Context, symbol: str, a: Atom, b: Atom) -> Atom:
    """An arithmetic operation, with the tests that Python makes and compiled code does not."""
    if has_labels(ctx, (a, b)):
        return elementwise(ctx, symbol, lambda x, y: arithmetic(ctx, symbol, x, y), a, b)
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


def updated(ctx: Context, op: ast.operator, old: Binding, value: Binding, what: str) -> Binding:
    """What ``what op= value`` binds where that is no array, or one without dimensions."""
    inner = ctx.contents(old)
    if isinstance(inner, Value) and getattr(ctx.type_of(inner), "cell", 0) and not has_labels(ctx, (value,)):
        sign = ast.unparse(ast.BinOp(ast.Name("a"), op, ast.Name("b")))[2:-2]
        return changed_in_place(ctx, inner, lambda: operate(ctx, op, old, value), what, sign)
    return operate(ctx, op, old, value)


def operate_unary(ctx: Context, op: ast.unaryop, operand: Binding) -> Atom:
    """A sign or ``~`` on a binding."""
    atom = as_atom(ctx, operand, "an operand")
    symbol = {ast.USub: "negative", ast.UAdd: "positive", ast.Invert: "invert"}[type(op)]
    if has_labels(ctx, (atom,)):
        return elementwise(ctx, symbol, lambda x: operate_unary(ctx, op, x), atom)
    if symbol == "positive" and not isinstance(ctx.type_of(atom), Array):
        return atom  # of an array it is a new one
    if symbol == "invert" and ctx.type_of(atom).dtype == "bool":
        symbol = "logical_not"
    return ctx.op(symbol, atom)


# ---------------------------------------------------------------------------------- attributes


def above(ctx: Context, frame: Frame, attr: str) -> Binding:
    """``super().attr``, of an object that the function made or got."""
    function = frame.parsed.function
    free = function.__code__.co_freevars if function is not None else ()
    cells = dict(zip(free, getattr(function, "__closure__", None) or (), strict=True))
    names = [a.arg for a in (*frame.parsed.args.posonlyargs, *frame.parsed.args.args)]
    owner = ctx.contents(frame.env[names[0]]) if names and "__class__" in cells else None
    if not isinstance(owner, Container) or not isinstance(owner.cls, type):
        raise ctx.refuse("super() is known for objects that are made inside or passed in; name the class")
    cls = cells["__class__"].cell_contents
    mro = owner.cls.__mro__
    for base in mro[mro.index(cls) + 1 :]:
        if attr in vars(base):
            getter = Getter(("object", base, base.__name__), (("attribute", attr),))
            return Partial(ctx.captured(getattr(base, attr), getter), (frame.env[names[0]],))
    raise ctx.refuse(f"no class above {cls.__name__} has `{attr}`; check the name")


@expression(ast.Attribute)
def attribute(ctx: Context, frame: Frame, node: ast.Attribute) -> Binding:
    match node.value:
        case ast.Call(func=ast.Name(id="super"), args=[], keywords=[]):
            return above(ctx, frame, node.attr)
    reference = ctx.reference(evaluate(ctx, frame, node.value))
    owner = ctx.contents(reference)
    if frame.composite is None and isinstance(owner, Value | Const):
        refuse_missing(ctx, ctx.type_of(owner), node.attr)
    return attribute_of(ctx, owner, node.attr, reference)
