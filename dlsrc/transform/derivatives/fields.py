"""``dljacobian``, ``dllaplacian`` and ``dldivergence``: loops of ``dlgradient``, spliced in where they stand.

    lap = dllaplacian(u, x, 0)    →    g = dlgradient(np.sum(u), x)
                                       for c in range(x.shape[0]):
                                           total += dlgradient(np.sum(g[c]), x)[c]

The last sum is over what does not depend on one another (the observations of a batch), so that one gradient
gives the derivatives of all of them.
"""

from typing import Any

import numpy as np

from ...kernels.types import Array
from ..building.binding import Binding
from ..building.context import Context, describe
from ..calling.calls import closure_of, splice
from ..calling.specials import given, special
from ..ir import Const, Value

__all__: list[str] = []


def dlgradient(y: Any, x: Any, enable_higher_derivatives: bool = False) -> Any:
    """The gradient, in the functions below."""


dlgradient.__dlsrc_special__ = "dlgradient"  # type: ignore[attr-defined]


def _jacobian_of_vector(u, x, higher):
    return dlgradient(np.sum(u), x, enable_higher_derivatives=higher)


def _jacobian(u, x, dim, higher):
    n = u.shape[dim]
    jac = np.zeros((n, *x.shape), x.dtype)
    parts = u if dim == 0 else u.T
    for c in range(n):
        jac[c] = dlgradient(np.sum(parts[c]), x, enable_higher_derivatives=higher)
    return jac


def _laplacian(u, x, dim, higher):
    slope = np.moveaxis(dlgradient(np.sum(u), x, enable_higher_derivatives=True), dim, 0)
    total = np.zeros_like(slope[0]) if x.ndim > 1 else 0.0
    for c in range(x.shape[dim]):
        curve = dlgradient(np.sum(slope[c]), x, enable_higher_derivatives=higher)
        total = total + np.moveaxis(curve, dim, 0)[c]
    if u.ndim == x.ndim and x.ndim > 1:
        return np.expand_dims(total, dim)
    return total


def _divergence(u, x, dim, higher):
    if u.shape[dim] != x.shape[dim]:
        raise ValueError("dldivergence: u and x must have one size along dim, a component a coordinate")
    parts = np.moveaxis(u, dim, 0)
    total = np.zeros_like(parts[0]) if x.ndim > 1 else 0.0
    for c in range(x.shape[dim]):
        slope = dlgradient(np.sum(parts[c]), x, enable_higher_derivatives=higher)
        total = total + np.moveaxis(slope, dim, 0)[c]
    return np.expand_dims(total, dim) if x.ndim > 1 else total


@special("dljacobian")
def dljacobian(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    u, x, dim, higher = _read(ctx, "dljacobian", args, kwargs)
    ndim = ctx.type_of(u).ndim
    if ndim == 1:
        _axis(ctx, "dljacobian", dim, 1)
        return _spliced(ctx, _jacobian_of_vector, u, x, higher)
    if ndim != 2:
        raise ctx.refuse(
            f"dljacobian takes a matrix u, components by observations, or a vector of one component; u is "
            f"{describe(u, ctx)}"
        )
    return _spliced(ctx, _jacobian, u, x, Const(_axis(ctx, "dljacobian", dim, 2)), higher)


@special("dllaplacian")
def dllaplacian(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    u, x, dim, higher = _read(ctx, "dllaplacian", args, kwargs)
    axis = _axis(ctx, "dllaplacian", dim, _array(ctx, "dllaplacian", x))
    return _spliced(ctx, _laplacian, u, x, Const(axis), higher)


@special("dldivergence")
def dldivergence(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    u, x, dim, higher = _read(ctx, "dldivergence", args, kwargs)
    ndim = _array(ctx, "dldivergence", x)
    if ctx.type_of(u).ndim != ndim:
        raise ctx.refuse(
            f"dldivergence takes u and x with as many dimensions, not {describe(u, ctx)} and "
            f"{describe(x, ctx)}"
        )
    return _spliced(ctx, _divergence, u, x, Const(_axis(ctx, "dldivergence", dim, ndim)), higher)


def _read(ctx: Context, name: str, args: tuple, kwargs: dict) -> tuple[Value, Value, int, Const]:
    if "EnableHigherDerivatives" in kwargs:
        raise ctx.refuse(
            f"{name} has no option EnableHigherDerivatives; in Python it is enable_higher_derivatives"
        )
    names = ("u", "x", "dim", "enable_higher_derivatives")
    u, x, dim, higher = given(ctx, name, args, kwargs, *names, required=3)
    u, x = (ctx.contents(b) for b in (u, x))  # type: ignore[arg-type]
    for binding, what in ((u, "u"), (x, "x")):
        if not isinstance(binding, Value):
            ctx.kinds.add("differentiation")
            raise ctx.refuse(f"{name}: {what} must be an array that is traced, not {describe(binding, ctx)}")
    axis = ctx.static(dim, "dim")  # type: ignore[arg-type]
    if not isinstance(axis, int) or isinstance(axis, bool):
        raise ctx.refuse(f"{name}: dim is the number of an axis, not {axis!r}")
    flag = True if higher is None else bool(ctx.static(higher, "enable_higher_derivatives"))
    return u, x, axis, Const(flag)  # type: ignore[return-value]


def _array(ctx: Context, name: str, x: Value) -> int:
    type_ = ctx.type_of(x)
    if not isinstance(type_, Array):
        ctx.kinds.add("differentiation")
        raise ctx.refuse(f"{name}: x is an array, coordinates by observations, not {describe(x, ctx)}")
    return type_.ndim


def _axis(ctx: Context, name: str, axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise ctx.refuse(f"{name}: there is no axis {axis} in an array of {ndim} dimensions")
    return axis % ndim


def _spliced(ctx: Context, function: Any, *args: Any) -> Binding:
    return splice(ctx, closure_of(ctx, function), args, {}, composite=True)
