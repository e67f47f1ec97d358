"""An adjoint rule turned round: the tangent of an operation from the adjoint of the same operation.

A rule ``dx = rule(dy, ...)`` is linear in ``dy``: it multiplies by the transposed matrix of derivatives.
Hence the product with the matrix itself, which a tangent asks for, is the gradient by ``dy`` of
``sum(rule(dy, ...) * tx)``, and the reverse stage finds it.

    def solve_db(dy, a):                          ty = gradient of sum(solve(a.T, dy) * tb) by dy
        return solve(a.T, dy)                        = solve(a, tb)
"""

import inspect
from typing import Any

from ...kernels.types import Array, Scalar
from ..assemble import assemble
from ..building.binding import Shape, Static
from ..building.context import Context
from ..calling.calls import closure_of, splice
from ..differentiate import differentiate
from ..ir import Assign, Const, Gradient, Program, Value
from ..location import Location
from ..normalize import complete
from ..simplify import simplify
from ..sweep.edits import Edits

__all__ = ["transposed"]

_made: dict[tuple, Program] = {}


def transposed(rule: Any, s: Assign, argument: str, ctx: Context) -> Program:
    """The program ``(dy, tangent, *what the rule reads) -> tangent of the result``, made once for its types.

    ``dy`` is only read for its shape: any array of the shape of the result will do.  Where the rule reads
    the shape of an argument, the program takes the argument.
    """
    static = dict(s.static)
    types = {n: _plain(ctx.type_of(a)) for n, a in zip(s.op.arguments, s.args, strict=True)}
    types["y"] = _plain(ctx.types[s.target])  # type: ignore[index]
    names = list(inspect.signature(rule).parameters)[1:]
    key = (rule, argument, tuple(sorted(types.items())), repr(sorted(static.items())))
    found = _made.get(key)
    if found is None:
        found = _made[key] = _transposed(rule, argument, names, types, static)
    return found


def _plain(type_: Any) -> Any:
    """The type without what only matters elsewhere."""
    if isinstance(type_, Array):
        return Array(type_.dtype, type_.ndim, type_.layout)
    return Scalar(type_.dtype)


def _transposed(rule: Any, argument: str, names: list[str], types: dict, static: dict) -> Program:
    ctx = Context()
    complete(ctx)
    with ctx.at(Location("rule", 1, function=rule.__name__)):
        y, x = types["y"], types[argument]
        dy = ctx.value(Array(y.dtype, y.ndim) if isinstance(y, Array) else y, "dy")
        tangent = ctx.value(x, f"t{argument}")
        params = [dy, tangent]
        given: dict[str, Any] = {"dy": dy}
        for name in names:
            if name in static:
                value = static[name]
                given[name] = Const(value) if isinstance(value, bool | int | float) else Static(value)
            elif name == "y" or name in types:
                params.append(ctx.value(types[name], name))
                given[name] = params[-1]
            else:
                shaped = name.removesuffix("_shape")
                params.append(ctx.value(types[shaped], shaped))
                given[name] = Shape(params[-1], types[shaped].ndim)
        ctx.params.update(params)
        rewritten = splice(ctx, closure_of(ctx, rule), (), given, composite=True)
        assert isinstance(rewritten, Value | Const)
        loss = ctx.op("multiply", rewritten, tangent)
        if isinstance(ctx.type_of(loss), Array):
            loss = ctx.op("sum_all", loss)
        result = ctx.value(ctx.types[dy])
        ctx.add(Gradient((result,), loss, (dy,), ctx.loc))
    plain = assemble(
        Program(rule.__name__, tuple(params), tuple(ctx.block), (result,), ctx.types), ctx, Edits()
    )
    return simplify(differentiate(plain, frozenset((dy,))).program)
