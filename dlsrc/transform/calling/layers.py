"""The layers of a network: each belongs to the line that calls `forward` or `predict`, and is named there.

    Y = forward(net, X)    →    # model.py:14, layer 'fc'  Y = forward(net, X)
"""

from ...records import replace
from ..building.binding import Binding, Poison
from ..building.context import Context, Refused
from .specials import special

__all__ = ["of_layer"]


@special("layer")
def of_layer(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``of_layer(name, layer.forward, *inputs)``: a call; what is refused in it says in which layer."""
    name = ctx.static(args[0], "the name of a layer")
    before = len(ctx.problems)
    found: Binding = Poison("")
    with ctx.at(replace(ctx.loc, within=f"layer {name!r}")):
        try:
            found = ctx.call(args[1], args[2:])
        except Refused as refused:
            if refused.message:
                ctx.problems.append((refused.location, refused.message))
    told = [(location, f"in layer {name!r}: {message}") for location, message in ctx.problems[before:]]
    ctx.problems[before:] = told
    # What comes after it would be refused for want of its result.
    return Poison("") if told else found
