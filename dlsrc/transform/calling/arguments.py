"""The arguments of primitives and composites: by name, with what NumPy makes of lists and of ufunc options.

    np.median([a, b, c])           →    np.median(np.array([a, b, c]))
    np.add(x, y, dtype="f4")       →    np.add(x.astype("f4"), y.astype("f4"))
"""

import ast
import functools
import inspect
import textwrap
from typing import Any

import numpy as np

from ...kernels.primitive import Composite, Primitive
from ..building.atoms import as_atom
from ..building.binding import Binding, Container, Grown, Shape
from ..building.context import Context
from ..building.items import has_static_items
from ..columns.grown import as_array
from ..ir import Assign, Atom, Value

__all__ = ["array_or_number", "bound_arguments", "lists_as_arrays", "shape_or_array", "ufunc_options"]


def bound_arguments(
    ctx: Context, declared: Primitive | Composite, args: tuple, kwargs: dict
) -> dict[str, Any]:
    """Arguments by parameter name; the ones not given are left out."""
    signature = inspect.signature(declared.body)
    try:
        return dict(signature.bind(*args, **kwargs).arguments)
    except TypeError as error:
        options = ", ".join(signature.parameters)
        raise ctx.refuse(
            f"{declared.name}: {error}; write the call with the arguments that dlsrc knows: ({options})"
        ) from None


def array_or_number(ctx: Context, binding: Binding, what: str):
    """An atom; lists and tuples of numbers become arrays, as NumPy makes of them."""
    inner = ctx.contents(binding)
    if isinstance(inner, Grown):
        return as_array(ctx, inner)
    if isinstance(inner, Container | Shape) and not (isinstance(inner, Container) and inner.kind == "dict"):
        return as_atom(ctx, ctx.array(inner), what)
    return as_atom(ctx, inner, what)


def shape_or_array(ctx: Context, binding: Binding, what: str) -> Atom:
    """The shape that the sizes in a tuple were taken of, where they are all of one; else as any argument."""
    inner = ctx.contents(binding)
    if isinstance(inner, Shape):
        return ctx.op("shape", inner.array)
    items = inner.items if isinstance(inner, Container) and inner.kind == "tuple" else ()
    made = [ctx.origin.get(item) if isinstance(item, Value) else None for item in items]
    if items and all(
        isinstance(m, Assign) and m.op.name == "extent" and m.args == made[0].args  # type: ignore[union-attr]
        and m.static == (("axis", k),)
        for k, m in enumerate(made)
    ):
        shape = made[0].args[0]  # type: ignore[union-attr]
        if ctx.type_of(shape).ndim == len(items):
            return shape
    return array_or_number(ctx, binding, what)


def ufunc_options(
    ctx: Context, primitive: Primitive, args: tuple, kwargs: dict[str, Binding]
) -> tuple[tuple, dict[str, Binding]]:
    """Arguments of an element-wise primitive without the options that every ufunc has."""
    if "where" in kwargs and "where" not in primitive.parameters:
        raise ctx.refuse(
            f"{primitive.name}(where=…) leaves the other elements as they are: write y[mask] = "
            f"np.{primitive.name}(x[mask]), or a loop with an `if`"
        )
    if "dtype" in kwargs and "dtype" not in primitive.parameters:
        dtype = np.dtype(ctx.static(kwargs["dtype"], "the dtype")).name
        kwargs = {name: given for name, given in kwargs.items() if name != "dtype"}
        args = tuple(ctx.op("cast", array_or_number(ctx, a, "an operand"), dtype=dtype) for a in args)
    return args, kwargs


def lists_as_arrays(
    ctx: Context, composite: Composite, args: tuple, kwargs: dict[str, Binding]
) -> tuple[tuple, dict[str, Binding]]:
    """Arguments of a composite; a list or tuple where it takes an array is the array NumPy makes of it."""
    args = tuple(as_array(ctx, g) if isinstance(g := ctx.contents(a), Grown) else a for a in args)
    arrays = {
        name: as_atom(ctx, ctx.array(given), f"the argument `{name}` of {composite.name}")
        for name, given in bound_arguments(ctx, composite, args, kwargs).items()
        if name in array_parameters(composite) and is_list(ctx, given)
    }
    names = list(inspect.signature(composite.body).parameters)
    converted = tuple(arrays.get(name, a) for name, a in zip(names, args, strict=False)) + args[len(names):]
    return converted, {name: arrays.get(name, a) for name, a in kwargs.items()}


def is_list(ctx: Context, binding: Any) -> bool:
    """Whether an argument is a list or a tuple, of which NumPy makes an array."""
    inner = ctx.contents(binding)
    return has_static_items(ctx, inner) and not (isinstance(inner, Container) and inner.kind == "dict")


@functools.cache
def array_parameters(composite: Composite) -> frozenset[str]:
    """The parameters of a composite that are arrays: those whose ``ndim``, ``shape`` or ``dtype`` it reads.

    A parameter whose class or length is asked for may be a tuple on purpose.
    """
    read, asked = set(), set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(composite.body)))):
        if isinstance(node, ast.Attribute) and node.attr in ("ndim", "shape", "dtype", "size"):
            read.add(getattr(node.value, "id", ""))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "len", "tuple"):
            asked.add(getattr(node.args[0], "id", ""))
    return frozenset(inspect.signature(composite.body).parameters) & (read - asked)
