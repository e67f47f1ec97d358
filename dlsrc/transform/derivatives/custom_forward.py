"""Rules of the user's own that are written forwards: tangents of arguments to the tangent of the result.

    y = f(x)    with f.defjvp(rule)    →    y' = …                        the statements of f
                                            y = custom_rule(y', x, r)     see `custom`

The reverse sweep asks for the transposed rule.  It is linear in the tangents, so its transpose is the
gradient of ``sum(ty * dy)`` by them, at zero: the block that the operation holds contains that `Gradient`,
which is computed once the sweep around it is there, like any derivative of a derivative.
"""

from typing import Any

from ...kernels.types import Array, is_float
from ..building.atoms import as_atom
from ..building.binding import Binding, Container, Live, Static
from ..building.context import Context, Refused, describe
from ..building.items import attribute_of
from ..calling.specials import special
from ..columns.packed import unpacked
from ..ir import Atom, Const, Gradient, Value
from .custom import end_of, leaves_of, link, replaced_leaves, spliced_rule, same_shape

__all__: list[str] = []


@special("custom_jvp")
def custom_jvp(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """A call of a function with a rule for tangents."""
    return spliced_rule(ctx, args, kwargs, "jvp", "defjvp(jvp)", _with_tangents)


def _with_tangents(ctx: Context, rule: Live, name: str, given: tuple) -> Binding:
    y = ctx.call(attribute_of(ctx, rule, "fun"), given)
    unpacked(ctx, y)
    jvp = attribute_of(ctx, rule, "jvp")
    found: dict[Value, Atom] = {}
    for leaf in leaves_of(ctx, y):

        def pairs(dy: Value, leaf: Value = leaf) -> list[tuple[Value, Atom]]:
            return _transposed(ctx, name, jvp, y, leaf, dy, given)

        found[leaf] = link(ctx, name, leaf, pairs)
    return replaced_leaves(ctx, y, found)


def _transposed(
    ctx: Context, name: str, jvp: Binding, y: Binding, leaf: Value, dy: Value, given: tuple
) -> list[tuple[Value, Atom]]:
    """The arguments and their cotangents: the gradient of ``sum(ty * dy)`` by tangents that are zero."""
    tangents: dict[Value, Value] = {}
    zeros = tuple(_zero(ctx, argument, tangents) for argument in given)
    pair = ctx.contents(ctx.call(jvp, (Container("tuple", given), Container("tuple", zeros))))
    unpacked(ctx, pair)
    if not isinstance(pair, Container) or len(pair.items) != 2:
        raise ctx.refuse(f"the rule of `{name}` must return a pair (result, tangent of the result)")
    ty = _matching(ctx, name, y, pair.items[1], leaf)
    if isinstance(ty, Const) and ty.value == 0 or not tangents:
        return []
    with ctx.at(end_of(ctx, jvp)):
        if ctx.type_of(ty).ndim != ctx.type_of(leaf).ndim:
            raise _unlike(ctx, name, ty, leaf)
        same_shape(ctx, ty, leaf, f"the rule of `{name}` gives a tangent of another shape than its result's")
    loss = ctx.op("multiply", ty, dy)
    if isinstance(ctx.type_of(loss), Array):
        loss = ctx.op("sum_all", loss)
    results = tuple(ctx.value(ctx.types[t]) for t in tangents.values())
    ctx.add(Gradient(results, loss, tuple(tangents.values()), ctx.loc, higher=True, own=True))
    return list(zip(tangents, results, strict=True))


def _zero(ctx: Context, binding: Binding, tangents: dict[Value, Value]) -> Binding:
    """A tangent of zero for every leaf; those of real numbers are values, and noted."""
    inner = ctx.contents(binding)
    if isinstance(inner, Container):
        return inner.with_items(_zero(ctx, item, tangents) for item in inner.items)
    if isinstance(inner, Value) and is_float(ctx.type_of(inner)):
        if inner not in tangents:
            zero: Any
            if isinstance(ctx.type_of(inner), Array):
                zero = ctx.op("zeros_like", inner)
            else:
                dtype = ctx.type_of(inner).dtype
                zero = ctx.op("detach", Const(0.0, None if dtype == "float64" else dtype), keep_labels=True)
            tangents[inner] = zero
        return tangents[inner]
    return Const(0.0) if isinstance(inner, Value | Const) else Static(None)


def _matching(ctx: Context, name: str, y: Binding, ty: Binding, leaf: Value) -> Atom:
    """The tangent that stands where a leaf stands in the result."""
    y, ty = ctx.contents(y), ctx.contents(ty)
    if isinstance(y, Container):
        if not isinstance(ty, Container) or len(ty.items) != len(y.items):
            raise _unlike(ctx, name, ty, y)
        found = [_matching(ctx, name, a, b, leaf) for a, b in zip(y.items, ty.items, strict=True)]
        return next((f for f in found if f != Const(0)), Const(0))
    return as_atom(ctx, ty, f"the tangent that the rule of `{name}` gives") if y == leaf else Const(0)


def _unlike(ctx: Context, name: str, ty: Binding, y: Binding) -> Refused:
    return ctx.refuse(f"the rule of `{name}` gives {describe(ty, ctx)} as tangent of {describe(y, ctx)}")
