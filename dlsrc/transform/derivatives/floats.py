"""The real numbers in a nest of containers, while a program is built: taken out, and put in.

    _floats_of((a, {"b": b, "n": 3}))               →    (a, b)
    _with_floats((a, {"b": b, "n": 3}), (u, v))     →    (u, {"b": v, "n": 3})
"""

from collections.abc import Iterator

from ...kernels.types import is_float
from ..building.binding import Binding, Container, Static
from ..building.context import Context
from ..calling.specials import special
from ..ir import Const, Value

__all__: list[str] = []


@special("floats_of")
def floats_of(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    found: list[Binding] = []
    _collect(ctx, args[0], found)
    return Container("tuple", tuple(found))


@special("with_floats")
def with_floats(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _filled(ctx, args[0], iter(ctx.contents(args[1]).items), keep=True)  # type: ignore[union-attr]


@special("only_floats")
def only_floats(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _filled(ctx, args[0], iter(ctx.contents(args[1]).items), keep=False)  # type: ignore[union-attr]


def _is_float(ctx: Context, binding: Binding) -> bool:
    return isinstance(binding, Value | Const) and is_float(ctx.type_of(binding))


def _collect(ctx: Context, binding: Binding, found: list[Binding]) -> None:
    inner = ctx.contents(binding)
    if isinstance(inner, Container):
        for item in inner.items:
            _collect(ctx, item, found)
    elif _is_float(ctx, inner):
        found.append(inner)


def _filled(ctx: Context, binding: Binding, numbers: Iterator[Binding], *, keep: bool) -> Binding:
    inner = ctx.contents(binding)
    if isinstance(inner, Container):
        items = [_filled(ctx, item, numbers, keep=keep) for item in inner.items]
        return ctx.make(inner.kind, items, inner.keys, inner.cls)
    if _is_float(ctx, inner):
        return next(numbers)
    return binding if keep else Static(None)
