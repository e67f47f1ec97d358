"""Builtins that have a meaning while the program is built.

    for k in range(len(x))    →    a loop up to dim(x, 0): ``range`` and ``len`` leave no operation
    max(a, b)                 →    v1 = maximum(a, b)

One function each, in one table by name; `casts`, `tracing` and `opaque` add to it.
"""

import builtins
import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels.types import Array
from .atoms import as_atom
from .binding import Binding, Container, Iterator, Partial, Range, Shape, Static
from .context import Context, describe
from .ir import Const, Value
from .items import length_of, static_items

__all__ = ["SPECIALS", "given", "special", "special_name"]

SPECIALS: dict[str, Callable] = {}
_BY_IDENTITY: dict[int, str] = {}


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
    return _BY_IDENTITY.get(id(value))


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


# ---------------------------------------------------------------------------------- iteration


@special("range", range)
def range_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    atoms = [as_atom(ctx, a, "a bound of range") for a in args]
    for atom in atoms:
        if "int" not in ctx.type_of(atom).dtype:
            raise ctx.refuse(f"range() takes integers, not {describe(atom, ctx)}")
    start, stop, step = (Const(0), *atoms, Const(1)) if len(atoms) == 1 else (*atoms, Const(1))[:3]
    if step == Const(0):
        raise ctx.refuse("the step of a range must not be zero")
    return Range(start, stop, step)


@special("len", len)
def len_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return length_of(ctx, given(ctx, "len", args, kwargs, "x")[0])


@special("enumerate", enumerate)
def enumerate_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner, start = given(ctx, "enumerate", args, kwargs, "iterable", "start")
    return Iterator("enumerate", (inner,), Const(0) if start is None else as_atom(ctx, start))


@special("zip", zip)
def zip_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    kwargs.pop("strict", None)
    return Iterator("zip", args)


@special("reversed", reversed)
def reversed_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    if isinstance(inner, Range) and inner.step in (Const(1), Const(-1)):
        step = inner.step.value
        return Range(
            ctx.op("subtract", inner.stop, Const(step)), ctx.op("subtract", inner.start, Const(step)),
            Const(-step),
        )
    if isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array):
        return ctx.call(ctx.known("flip"), (inner, Const(0)))
    return Iterator("reversed", (inner,))


# ---------------------------------------------------------------------------------- containers


@special("tuple", tuple)
def tuple_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return ctx.make("tuple", static_items(ctx, args[0]) if args else ())


@special("list", list)
def list_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return ctx.make("list", static_items(ctx, args[0]) if args else ())


@special("dict", dict)
def dict_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    items = dict(kwargs)
    if args:
        inner = ctx.contents(args[0])
        if not isinstance(inner, Container) or inner.kind != "dict":
            raise ctx.refuse("dict() of anything but a dict is not supported; write {key: value}")
        items = dict(zip(inner.keys, inner.items, strict=True)) | items
    return ctx.make("dict", items.values(), tuple(items))


def container_method(name: str) -> Callable:
    return special(f"container {name}")


@container_method("append")
def append(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner, item = args
    number = next((n for n, c in ctx.heap.items() if c is owner), None)
    if number is None:
        raise ctx.refuse(f"{describe(owner, ctx)} cannot be appended to")
    ctx.heap[number] = owner.with_items((*owner.items, item))
    ctx.grown_at[number] = ctx.loc
    return Static(None)


def _need_dict(ctx: Context, owner: Binding, name: str) -> Container:
    if not isinstance(owner, Container) or owner.kind != "dict":
        raise ctx.refuse(f"{describe(owner, ctx)} has no method `{name}`")
    return owner


@container_method("items")
def items(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = _need_dict(ctx, args[0], "items")
    pairs = zip(static_items(ctx, owner), owner.items, strict=True)
    return Container("tuple", tuple(Container("tuple", pair) for pair in pairs))


@container_method("keys")
def keys(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return Container("tuple", tuple(static_items(ctx, _need_dict(ctx, args[0], "keys"))))


@container_method("values")
def values(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return Container("tuple", _need_dict(ctx, args[0], "values").items)


@container_method("get")
def get(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = _need_dict(ctx, args[0], "get")
    key = ctx.static(args[1], "a key")
    if key in owner.keys:
        return owner.items[owner.keys.index(key)]
    return args[2] if len(args) > 2 else Static(None)


@container_method("copy")
def copy(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = args[0]
    return ctx.make(owner.kind, owner.items, owner.keys, owner.cls)


@container_method("_replace")
def replace_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = args[0]
    fields = dict(zip(owner.keys, owner.items, strict=True)) | kwargs
    return ctx.make(owner.kind, fields.values(), owner.keys, owner.cls)


# ---------------------------------------------------------------------------------- numbers and objects


@special("min", min)
def min_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _extreme(ctx, "minimum", "min", args)


@special("max", max)
def max_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _extreme(ctx, "maximum", "max", args)


def _extreme(ctx: Context, pair: str, whole: str, args: tuple) -> Binding:
    """Python's min and max: of several numbers, of a container, of a vector; ties go to the first."""
    if len(args) == 1:
        inner = ctx.contents(args[0])
        if isinstance(inner, Value):
            if ctx.type_of(inner).ndim != 1:
                raise ctx.refuse(f"{whole}() of a matrix compares rows; write np.{whole}")
            return ctx.call(ctx.known(whole), (inner,))
        args = tuple(static_items(ctx, inner))
    best = as_atom(ctx, args[0])
    for other in args[1:]:
        atom = as_atom(ctx, other)
        if isinstance(ctx.type_of(atom), Array) or isinstance(ctx.type_of(best), Array):
            raise ctx.refuse(f"{whole}() of arrays is ambiguous; write np.{pair}")
        best = ctx.op(pair, best, atom)
    return best


@special("sum", sum)
def sum_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    start = as_atom(ctx, args[1] if len(args) > 1 else kwargs.get("start", Const(0)))
    if isinstance(inner, Value):
        if ctx.type_of(inner).ndim != 1:
            raise ctx.refuse("sum() of a matrix adds rows; write np.sum(x, axis=0)")
        total = as_atom(ctx, ctx.call(ctx.known("sum"), (inner,)))
        return total if start == Const(0) else ctx.op("add", start, total)
    for part in static_items(ctx, inner):
        atom = as_atom(ctx, part, "a summand")
        start = atom if start == Const(0) else ctx.op("add", start, atom)
    return start


@special("divmod", divmod)
def divmod_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    a, b = (as_atom(ctx, x) for x in args)
    return Container("tuple", (ctx.op("floor_divide", a, b), ctx.op("remainder", a, b)))


@special("isinstance", isinstance)
def isinstance_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    binding = ctx.contents(args[0])
    classes = ctx.static(args[1], "the class")
    classes = tuple(classes) if isinstance(classes, tuple | list) else (classes,)
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
    return replace_(ctx, (owner,), kwargs)


@special("getattr", getattr)
def getattr_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    raise ctx.refuse("getattr() is not supported; write the attribute")


@special("print", print)
def print_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    raise ctx.refuse(
        "print() inside the objective is not supported yet; return the value and print it outside"
    )
