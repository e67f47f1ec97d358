"""Builtins that have a meaning while the program is built.

    max(a, b)                 →    v1 = maximum(a, b)
    isinstance(x, float)      →    True: its type is known

One function each, in one table by name; `iteration`, `containers`, `objects`, `casts`, `tracing` and
`opaque` add to it.
"""

import builtins
import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kernels.types import Array
from ..building.atoms import as_atom, truth
from ..building.binding import Binding, Container, Grown, Iterator, Packed, Partial, Perhaps, Range, Shape
from ..building.context import Context, describe
from ..building.items import has_static_items, static_items
from ..columns.grown import as_array
from ..ir import Atom, Const, Value

__all__ = ["SPECIALS", "given", "special", "special_name", "vector"]

SPECIALS: dict[str, Callable] = {}
_BY_IDENTITY: dict[int, str] = {}
_OF_NUMBA = {"prange": "range", "literal_unroll": "identity"}


def special(name: str, *functions: Any) -> Callable:
    """Register the handler of these functions (live objects), under a name."""

    def register(handler: Callable) -> Callable:
        SPECIALS[name] = handler
        for function in functions:
            _BY_IDENTITY[id(function)] = name
        return handler

    return register


def special_name(value: Any) -> str | None:
    """The name under which a live object is special, if it is."""
    marked = getattr(value, "__dlsrc_special__", None)
    if isinstance(marked, str):
        return marked
    found = _BY_IDENTITY.get(id(value))
    if found is None and getattr(value, "__module__", None) == "numba.misc.special":
        return _OF_NUMBA.get(getattr(value, "__name__", ""))  # numba is not imported for its own names
    return found


def given(
    ctx: Context, name: str, args: tuple, kwargs: dict, *names: str, required: int = 1
) -> list[Binding | None]:
    """Arguments by position or keyword, None where not given."""
    unknown = set(kwargs) - set(names)
    if unknown:
        raise ctx.refuse(
            f"{name}() has no argument `{sorted(unknown)[0]}` that dlsrc knows; it has {', '.join(names)}"
        )
    if len(args) > len(names) or len(args) + len(kwargs) < required:
        raise ctx.refuse(
            f"{name}() takes {required} to {len(names)} arguments, {len(args) + len(kwargs)} were given"
        )
    found = dict(zip(names, args, strict=False)) | kwargs
    return [found.get(n) for n in names]


# ---------------------------------------------------------------------------------- numbers and objects


@special("min", min)
def min_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _extreme(ctx, "minimum", "min", args, kwargs)


@special("max", max)
def max_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _extreme(ctx, "maximum", "max", args, kwargs)


def _extreme(ctx: Context, pair: str, whole: str, args: tuple, kwargs: dict) -> Binding:
    """Python's min and max: of several numbers, of a container, of a vector; ties go to the first."""
    default = kwargs.get("default")
    for name in kwargs:
        if name not in ("default", "key"):
            raise ctx.refuse(f"{whole}() has no argument `{name}`; it has key and default")
    key = ctx.contents(kwargs["key"]) if "key" in kwargs else None
    if key is not None and getattr(key, "value", key) is not None:
        if default is not None:
            raise ctx.refuse(f"{whole}() with a key and a default is not supported; ask for its length")
        return SPECIALS["by key"](ctx, whole, args, kwargs["key"])
    if len(args) == 1:
        inner = vector(ctx, args[0])
        if isinstance(inner, Value):
            if ctx.type_of(inner).ndim != 1:
                raise ctx.refuse(f"{whole}() of a matrix compares rows; write np.{whole}")
            if default is not None:
                raise ctx.refuse(f"{whole}() of an array with a default is not supported; test its length")
            return ctx.call(ctx.known(whole), (inner,))
        args = tuple(static_items(ctx, inner))
        if not args and default is not None:
            return default
    if not args:
        raise ctx.refuse(f"{whole}() of nothing has no value; give it a default=")
    best = as_atom(ctx, args[0])
    for other in args[1:]:
        atom = as_atom(ctx, other)
        if isinstance(ctx.type_of(atom), Array) or isinstance(ctx.type_of(best), Array):
            raise ctx.refuse(f"{whole}() of arrays is ambiguous; write np.{pair}")
        best = ctx.op(pair, best, atom)
    return best


def vector(ctx: Context, binding: Binding) -> Binding:
    """What is summed or compared: of a list whose length is computed, the array of its items."""
    inner = ctx.contents(binding)
    computed = isinstance(inner, Range) or isinstance(inner, Iterator) and inner.kind in ("map", "reversed")
    if computed and not has_static_items(ctx, inner):
        inner = ctx.contents(SPECIALS["listed"](ctx, inner))
    return as_array(ctx, inner) if isinstance(inner, Grown) else inner


@special("sum", sum)
def sum_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = vector(ctx, args[0])
    start = as_atom(ctx, args[1] if len(args) > 1 else kwargs.get("start", Const(0)))
    if isinstance(inner, Value):
        rows = {} if ctx.type_of(inner).ndim == 1 else {"axis": Const(0), "keepdims": Const(False)}
        total = as_atom(ctx, ctx.call(ctx.known("sum"), (inner,), rows))
        return total if start == Const(0) else ctx.op("add", start, total)
    for part in static_items(ctx, inner):
        atom = as_atom(ctx, part, "a summand")
        start = _alone(ctx, atom) if start == Const(0) else ctx.op("add", start, atom)
    return start


def _alone(ctx: Context, atom: Atom) -> Atom:
    """``0 + atom`` or ``1 * atom``: of an array, another one."""
    return ctx.op("positive", atom) if isinstance(ctx.type_of(atom), Array) else atom


@special("prod", math.prod)
def prod_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = vector(ctx, args[0])
    start = as_atom(ctx, kwargs.get("start", Const(1)))
    if isinstance(inner, Value):
        if ctx.type_of(inner).ndim != 1:
            raise ctx.refuse("math.prod() of a matrix multiplies rows; write np.prod with an axis")
        total = as_atom(ctx, ctx.call(ctx.known("prod"), (inner,)))
        return total if start == Const(1) else ctx.op("multiply", start, total)
    for part in static_items(ctx, inner):
        atom = as_atom(ctx, part, "a factor")
        start = _alone(ctx, atom) if start == Const(1) else ctx.op("multiply", start, atom)
    return start


@special("fsum", math.fsum)
def fsum_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """A sum of floats; summed by pairs, not exactly, which differs in the last digits."""
    return ctx.op("multiply", Const(1.0), as_atom(ctx, sum_(ctx, args, kwargs)))


@special("any", any)
def any_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _whether(ctx, "any", args[0])


@special("all", all)
def all_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _whether(ctx, "all", args[0])


def _whether(ctx: Context, name: str, binding: Binding) -> Binding:
    """Python's any and all: of a vector, or of items, which are all there already."""
    inner = vector(ctx, binding)
    if isinstance(inner, Value):
        if ctx.type_of(inner).ndim != 1:
            raise ctx.refuse(f"{name}() of a matrix asks for the truth of rows; write np.{name}")
        return ctx.call(ctx.known(name), (inner,))
    found: Binding = Const(name == "all")
    for part in static_items(ctx, inner):
        found = ctx.op("logical_and" if name == "all" else "logical_or", found, truth(ctx, part))
    return found


@special("pow", pow)
def pow_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    if len(args) == 3:
        raise ctx.refuse("pow() with a modulus is not supported; write (a ** b) % c")
    return ctx.call(ctx.known("power"), args)


@special("divmod", divmod)
def divmod_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    a, b = (as_atom(ctx, x) for x in args)
    return Container("tuple", (ctx.op("floor_divide", a, b), ctx.op("remainder", a, b)))


@special("isinstance", isinstance)
def isinstance_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    classes = ctx.static(args[1], "the class")
    classes = tuple(classes) if isinstance(classes, tuple | list) else (classes,)
    if isinstance(args[0], Perhaps):
        is_one = any(_is_a(ctx, args[0].binding, c) for c in classes)
        if type(None) in classes:
            return Const(True) if is_one else ctx.op("logical_not", args[0].given)
        return args[0].given if is_one else Const(False)
    binding = ctx.contents(args[0])
    return Const(any(_is_a(ctx, binding, c) for c in classes))


def _is_a(ctx: Context, binding: Binding, cls: Any) -> bool:
    if isinstance(binding, Value | Const):
        type_ = ctx.type_of(binding)
        if isinstance(type_, Array):
            return cls is np.ndarray
        python = {"float64": float, "int64": int, "bool": bool}.get(type_.dtype, object)
        return issubclass(
            python if type_.weak else getattr(np, type_.dtype if type_.dtype != "bool" else "bool_"), cls
        )
    if isinstance(binding, Shape):
        return issubclass(tuple, cls)
    if isinstance(binding, Packed):
        return issubclass(getattr(builtins, binding.kind), cls)
    if isinstance(binding, Container):
        return issubclass(binding.cls or getattr(builtins, binding.kind), cls)
    return isinstance(getattr(binding, "value", None), cls)


@special("partial", functools.partial)
def partial(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return Partial(args[0], tuple(args[1:]), tuple(kwargs.items()))


@special("dataclasses.replace", dataclasses.replace)
def replaced(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = ctx.contents(args[0])
    if not isinstance(owner, Container):
        raise ctx.refuse(f"dataclasses.replace takes a dataclass, not {describe(owner, ctx)}")
    return SPECIALS["container _replace"](ctx, (owner,), kwargs)
