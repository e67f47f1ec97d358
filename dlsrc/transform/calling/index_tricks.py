"""``np.r_``, ``np.c_`` and ``np.s_``: what stands between their brackets is joined, or is an index.

    np.r_[0.0, x, 1:4]    →    concatenate(([0.0], x, arange(1, 4)))
    np.c_[x, y]           →    column_stack((x, y))
    a[np.s_[1:, 0]]       →    a[1:, 0]
"""

import ast
from typing import Any

import numpy as np

from ...kernels.types import Array
from ..building.atoms import as_atom
from ..building.binding import Binding, Container, Static
from ..building.context import Context, Frame
from ..constructs.expressions import evaluate
from ..ir import Const, Value
from .specials import SPECIALS

__all__: list[str] = []


def joined(ctx: Context, frame: Frame, owner: Any, node: ast.Subscript) -> Binding:
    """An expression in the brackets of one of these objects."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if owner is np.s_ or owner is np.index_exp:
        entries = tuple(_entry(ctx, frame, part) for part in parts)
        single = not isinstance(node.slice, ast.Tuple) and owner is np.s_
        return entries[0] if single else Container("tuple", entries)
    name = "np.r_" if owner is np.r_ else "np.c_"
    arrays = [_array(ctx, frame, name, part) for part in parts]
    dims = [ctx.type_of(a).ndim for a in arrays]
    if owner is np.c_:
        if max(dims) > 2:
            raise ctx.refuse(
                "np.c_ of arrays of more than two dimensions is not supported; write np.concatenate"
            )
        return ctx.call(ctx.known("column_stack"), (Container("tuple", tuple(arrays)),))
    if min(dims) < max(dims):
        raise ctx.refuse(
            "np.r_ of arrays of unlike dimensions is not supported; write np.concatenate or np.vstack"
        )
    return ctx.call(ctx.known("concatenate"), (Container("tuple", tuple(arrays)), Const(0)))


def _entry(ctx: Context, frame: Frame, part: ast.expr) -> Binding:
    if not isinstance(part, ast.Slice):
        return evaluate(ctx, frame, part)
    bounds = (part.lower, part.upper, part.step)
    what = "a bound of a slice in np.s_"
    return Static(slice(*(None if b is None else ctx.static(evaluate(ctx, frame, b), what) for b in bounds)))


def _array(ctx: Context, frame: Frame, name: str, part: ast.expr) -> Value:
    """One part, an array of at least one dimension."""
    if isinstance(part, ast.Slice):
        return _range(ctx, frame, name, part)
    inner = ctx.contents(evaluate(ctx, frame, part))
    if isinstance(inner, Static) and isinstance(inner.value, str):
        raise ctx.refuse(f"{name} with a text is not supported; write np.concatenate(…, axis=…)")
    if isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array):
        return inner
    if isinstance(inner, Value | Const):
        inner = Container("list", (inner,))
    return as_atom(ctx, ctx.array(inner), f"a part of {name}")  # type: ignore[return-value]


def _range(ctx: Context, frame: Frame, name: str, part: ast.Slice) -> Value:
    if isinstance(part.step, ast.Constant) and isinstance(part.step.value, complex):
        raise ctx.refuse(f"{name} with a number of points is not supported; write np.linspace")
    if part.upper is None:
        raise ctx.refuse(f"a slice in {name} needs an end; write {name}[0:n]")
    bounds = (part.lower, part.upper, part.step)
    usual = (Const(0), Const(0), Const(1))
    found = tuple(u if b is None else evaluate(ctx, frame, b) for b, u in zip(bounds, usual, strict=True))
    return as_atom(ctx, ctx.call(ctx.known("arange"), found), f"a part of {name}")  # type: ignore[return-value]


SPECIALS["index trick"] = joined
