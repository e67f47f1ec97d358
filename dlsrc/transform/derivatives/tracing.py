"""dlsrc's own functions while the program is built: what begins a trace, cuts it, and takes the gradient.

    g = dlgradient(loss, x)    →    a `Gradient` statement, which later stages replace by the sweep
    y = stop_gradient(x)       →    y = detach(x), through which no derivative passes
"""

from ...kernels.types import Array, Scalar
from ...records import replace
from ..building.atoms import as_atom
from ..building.binding import Binding, Container, Live, Maybe, Packed, Static
from ..building.context import Context, describe
from ..calling.casts import array_of
from ..calling.specials import given, special
from ..columns.packed import column_of, with_columns
from ..ir import Atom, Const, Gradient, Value
from .labels import as_dlarray, laid, target_of

__all__ = ["gradient"]


@special("dlarray")
def dlarray_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0] if args else kwargs["X"])
    fmt = given(ctx, "dlarray", args, kwargs, "X", "fmt")[1]
    atom = as_atom(
        ctx, array_of(ctx, inner) if not isinstance(inner, Value | Const) else inner, "the data of a dlarray"
    )
    return as_dlarray(ctx, atom, fmt)


@special("extractdata")
def extractdata_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return ctx.op("detach", as_atom(ctx, args[0]), keep_labels=False)


@special("stop_gradient")
def stop_gradient_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    if isinstance(inner, Packed):
        return with_columns(ctx, inner, lambda vector: ctx.op("detach", vector, keep_labels=True))
    if isinstance(inner, Container):
        return inner.with_items(stop_gradient_(ctx, (item,), {}) for item in inner.items)
    return ctx.op("detach", as_atom(ctx, inner), keep_labels=True)


@special("isdlarray")
def isdlarray_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    return Const(isinstance(inner, Value) and ctx.type_of(inner).labels is not None)


@special("dlgradient")
def dlgradient_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``dlgradient(y, *xs)``: a `Gradient` statement, its results in the structure of the targets."""
    options = {"retain_data", "enable_higher_derivatives"}
    matlab = {
        "RetainData": "retain_data",
        "EnableHigherDerivatives": "enable_higher_derivatives",
        "AllowComplex": None,
    }
    for name in kwargs:
        if name in matlab:
            better = matlab[name]
            raise ctx.refuse(
                f"dlgradient has no option {name}" + (f"; in Python it is {better}" if better else "")
            )
        if name not in options:
            raise ctx.refuse(
                f"dlgradient has no option {name}; it has retain_data and enable_higher_derivatives"
            )
    higher = kwargs.get("enable_higher_derivatives", Const(False))
    if len(args) < 2:
        raise ctx.refuse("dlgradient(y, x) takes the value to differentiate and at least one variable")
    for target in args[1:]:
        inner = ctx.contents(target)
        if isinstance(inner, Live):
            ctx.kinds.add("differentiation")
            raise ctx.refuse(
                f"`{inner.getter}` is kept outside the function, and a constant to it; pass it as an "
                "argument, and take the gradient by that"
            )
        if not isinstance(inner, Value | Const | Container | Packed | Maybe):
            ctx.kinds.add("differentiation")
            raise ctx.refuse(
                f"the gradient by {describe(inner, ctx)} does not exist; pass the variable itself"
            )
    return gradient(
        ctx, args[0], args[1:], higher=bool(ctx.static(higher, "enable_higher_derivatives"))
    )


def gradient(
    ctx: Context, loss: Binding, targets: tuple[Binding, ...], *, higher: bool = False, own: bool = False
) -> Binding:
    """The `Gradient` statement of a loss by these targets.

    ``higher`` says that it may be differentiated again, ``own`` that the targets were made for it.
    """
    y = as_atom(ctx, loss, "the value to differentiate")
    type_ = ctx.type_of(y)
    if isinstance(type_, Array):
        ctx.kinds.add("differentiation")
        shape = "(n,)" if type_.ndim == 1 else "(" + ", ".join("nmkl"[: type_.ndim]) + ")"
        raise ctx.refuse(
            f"the value to differentiate must be a real scalar; it is {describe(y, ctx)} of shape {shape}: "
            "sum it, or index one element (y[0], y.item())"
        )
    if type_.dtype not in ("float64", "float32"):
        ctx.kinds.add("differentiation")
        raise ctx.refuse(f"the value to differentiate must be a real scalar, not {describe(y, ctx)}")
    results: list[Value] = []
    atoms: list[Atom] = []
    with ctx.collecting() as parts:
        structured = tuple(_targets(ctx, t, atoms, results) for t in targets)
    ctx.add(Gradient(tuple(results), y, tuple(atoms), ctx.loc, higher, own))
    for made in results:
        ctx.origin[made] = ctx.block[-1]
    ctx.block.extend(parts)
    return structured[0] if len(structured) == 1 else Container("tuple", structured)


def _targets(ctx: Context, target: Binding, atoms: list, results: list) -> Binding:
    inner = ctx.contents(target)
    if isinstance(inner, Packed):
        return with_columns(ctx, inner, lambda vector: _targets(ctx, vector, atoms, results))
    found = column_of(ctx, inner)
    if found is not None:
        # An item is made anew wherever it is asked for: the gradient by it is a part of the column's.
        vector, part = found
        return part(_targets(ctx, vector, atoms, results))
    if isinstance(inner, Container):
        if hasattr(inner.cls, "__dlsrc_network__"):
            ctx.kinds.add("differentiation")
            raise ctx.refuse(
                "a network has layers and a state beside what it learns; take the gradient by that: "
                "dlgradient(loss, net.learnables), in a function that dlfeval runs"
            )
        return ctx.make(
            inner.kind, [_targets(ctx, item, atoms, results) for item in inner.items], inner.keys, inner.cls
        )
    if isinstance(inner, Maybe):
        ctx.kinds.add("differentiation")
        raise ctx.refuse(
            f"`{inner.name}` is traced on one way only; take its gradient in the branch that assigns it"
        )
    if isinstance(inner, Static):
        return inner
    atom = as_atom(ctx, inner, "a variable to differentiate by")
    type_ = ctx.type_of(atom)
    if atom in ctx.one_way:
        ctx.kinds.add("differentiation")
        name = ctx.hints.get(atom, "it")
        raise ctx.refuse(
            f"`{name}` has a value on one way only; take its gradient in the branch that assigns it"
        )
    if type_.dtype not in ("float64", "float32") and isinstance(atom, Value):
        ctx.kinds.add("differentiation")
        raise ctx.refuse(
            f"the gradient by {describe(atom, ctx)} does not exist: only real (floating-point) variables "
            "have one; convert it with .astype(float)"
        )
    base: Atom = atom
    places: tuple[int | None, ...] | None = None
    if isinstance(atom, Value):
        base, places = target_of(ctx, atom)
    of_base = ctx.type_of(base)
    if places is not None:
        of_base = replace(of_base, labels="")
    if isinstance(of_base, Array):
        of_base = replace(of_base, layout="C", sure=True)  # as every gradient is, whatever the variable
    made = ctx.value(Scalar(type_.dtype, False, type_.labels) if isinstance(type_, Scalar) else of_base)
    atoms.append(base)
    results.append(made)
    if places is None or isinstance(type_, Scalar):
        return made
    shaped = laid(ctx, made, places)
    assert isinstance(shaped, Value)
    ctx.types[shaped] = replace(ctx.types[shaped], labels=type_.labels)  # type: ignore[arg-type]
    return shaped
