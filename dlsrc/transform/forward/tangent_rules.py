"""How the tangent of a primitive's result follows from the tangents of its arguments.

In this order:

    z = x * y          tz = tx * y + x * ty           element-wise: the adjoint rule is the local derivative
    z = a @ b          tz = ta @ b + a @ tb           linear in each argument: the operation itself
    z = softmax(x)     tz = softmax_tx(tx, z)         a tangent that the primitive declares
    z = max(x)         tz = sum(max_dx(1, x, z) * tx) a number: the adjoint rule gives all derivatives
    z = solve(a, b)    see `transposed`               else the adjoint rule, transposed by the reverse stage

What has none of these is refused by name: it is never taken to be zero.
"""

import ast
import inspect
from typing import Any

from ...kernels.types import Array, Scalar
from ..building.binding import Static
from ..building.context import Context
from ..building.instance import instance
from ..calling.calls import body_of, closure_of, splice
from ..facts.shapes import Shapes
from ..ir import Assign, Atom, Const, Value
from ..sweep.masks import CHOICES
from ..sweep.rules import is_expression, rule_primitive, times_one
from .transposition import transposed

__all__ = ["contribution"]

_written_out: dict[Any, bool] = {}


def contribution(ctx: Context, shapes: Shapes, s: Assign, name: str, tangent: Atom) -> Atom | None:
    """What the tangent of one argument adds to that of the result; None where no derivative is known.

    It may be of a lower dimension than the result where the argument was broadcast.
    """
    op = s.op
    if name in op.multilinear_in:
        args = tuple(tangent if n == name else a for n, a in zip(op.arguments, s.args, strict=True))
        made = ctx.op(op, *args, **dict(s.static))
        if isinstance(s.target, Value):
            shapes.equate(made, s.target)
        return made
    if hasattr(op, "rule") and name == op.arguments[0] and isinstance(s.target, Value):
        # A rule, called by its name, is linear in the cotangent or tangent that it is given.
        target = ctx.value(ctx.types[s.target])
        ctx.add(Assign(target, op, (tangent, *s.args[1:]), s.static, ctx.loc))
        shapes.equate(target, s.target)
        return target
    rule = op.adjoints.get(name)
    if op.elementwise and rule is not None:
        return _applied(ctx, shapes, s, rule, tangent)
    declared = op.tangents.get(name)
    if declared is not None:
        return _applied(ctx, shapes, s, declared, tangent)
    if rule is None or not isinstance(s.target, Value):
        return None
    type_ = ctx.types[s.target]
    if isinstance(type_, Scalar):
        one = Const(1.0, None if type_.dtype == "float64" else type_.dtype)
        slopes = _applied(ctx, shapes, s, rule, one, of=name)
        product = ctx.op("multiply", slopes, tangent)
        if s.op.name in CHOICES and isinstance(ctx.type_of(product), Array):
            # What was not chosen may move infinitely fast: nothing of it arrives.
            product = ctx.op("zero_if_masked", product, slopes)
        return ctx.op("sum_all", product) if isinstance(ctx.type_of(product), Array) else product
    program = transposed(rule, s, name, ctx)
    return instance(ctx, program, _given(ctx, s, rule, s.target, tangent))[0]


def _given(ctx: Context, s: Assign, rule: Any, dy: Atom, tangent: Atom) -> tuple[Atom, ...]:
    """The arguments of a transposed rule: ``dy``, the tangent, then what the rule reads."""
    by_name: dict[str, Any] = {"y": s.target} | dict(zip(s.op.arguments, s.args, strict=True))
    names = [n for n in list(inspect.signature(rule).parameters)[1:] if n not in dict(s.static)]
    return (dy, tangent, *(by_name[n] if n in by_name else by_name[n.removesuffix("_shape")] for n in names))


def _parameters(ctx: Context, s: Assign, rule: Any, first: Atom) -> dict[str, Any]:
    """What stands for each parameter of a rule: atoms of the program, or static values."""
    static = dict(s.static)
    by_name = dict(zip(s.op.arguments, s.args, strict=True))
    found: dict[str, Any] = {}
    for k, parameter in enumerate(inspect.signature(rule).parameters):
        if k == 0:
            found[parameter] = first
        elif parameter == "y":
            found[parameter] = s.target
        elif parameter in static:
            value = static[parameter]
            found[parameter] = Const(value) if isinstance(value, bool | int | float) else Static(value)
        elif parameter in by_name:
            found[parameter] = by_name[parameter]
        else:
            found[parameter] = ctx.op("shape", by_name[parameter.removesuffix("_shape")])
    return found


def _applied(
    ctx: Context, shapes: Shapes, s: Assign, rule: Any, first: Atom, of: str | None = None
) -> Atom:
    """A rule with this first argument: written out where it is one expression, else called by name.

    ``of`` says that the result has the shape of that argument, and not that of the operation's result.
    """
    given = _parameters(ctx, s, rule, first)
    static = dict(s.static)
    types = {n: ctx.types[v] for n, v in given.items() if isinstance(v, Value)}
    arrays = any(isinstance(t, Array) for t in types.values())
    start = len(ctx.block)
    plain = all(isinstance(t, Array | Scalar) for t in types.values())
    if plain and is_expression(rule, frozenset(static), arrays) and not _calls_rules(rule):
        made = splice(ctx, closure_of(ctx, rule), (), given, composite=True)
        assert isinstance(made, Value | Const)
        made = _copied(ctx, made)
        for statement in ctx.block[start:]:
            shapes.visit(statement)
        return made
    atoms = [v for n, v in given.items() if n not in static]
    like = s.target if of is None else dict(zip(s.op.arguments, s.args, strict=True))[of]
    assert isinstance(like, Value)
    type_ = ctx.types[like]
    if s.op.elementwise:
        numbers = [t for t in types.values() if isinstance(t, Array)]
        type_ = Array(type_.dtype, max(t.ndim for t in numbers)) if numbers else Scalar(type_.dtype)
    else:
        type_ = Array(type_.dtype, type_.ndim) if isinstance(type_, Array) else Scalar(type_.dtype)
    target = ctx.value(type_)
    chosen = tuple(sorted((n, static[n]) for n in given if n in static))
    ctx.add(Assign(target, rule_primitive(s.op, rule), tuple(atoms), chosen, ctx.loc))
    if s.op.elementwise:
        shapes.elementwise(target, atoms)
    else:
        shapes.equate(target, like)
    return target


def _copied(ctx: Context, made: Atom) -> Atom:
    """``1.0 * x`` of an array as a copy."""
    last = ctx.block[-1] if ctx.block else None
    other = times_one(last) if last is not None and getattr(last, "target", None) == made else None
    if not isinstance(other, Value) or not isinstance(ctx.types[other], Array):
        return made
    if ctx.types[other].dtype != ctx.type_of(made).dtype:
        return made
    ctx.block.pop()
    return ctx.op("copy", other)


def _calls_rules(rule: Any) -> bool:
    """Whether a rule calls another rule or a plain kernel, which stays a call."""
    if rule not in _written_out:
        tree = body_of(rule).parsed.source.tree
        calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
        called = {f.id for f in calls if isinstance(f, ast.Name)}
        _written_out[rule] = any(inspect.isfunction(rule.__globals__.get(name)) for name in called)
    return _written_out[rule]
