"""Python objects that are known while the program is built: strings, sets, modules, types.

    name = "w" + str(k)      →    nothing: the string is known
    import math              →    nothing: the name is bound to the module
    if type(x) is float      →    one of the two ways
"""

import ast
import contextlib
import importlib
import warnings
from types import ModuleType
from typing import Any

import numpy as np

from ...kernels.types import Array
from ..building.binding import Binding, Container, Getter, Grown, Live, Packed, Range, Static
from ..building.context import Context, Frame, describe
from ..building.items import attribute_of, static_items
from ..constructs.expressions import evaluate, expression
from ..constructs.statements import statement
from ..ir import Const, Index, Value
from .by_key import ordered_by_key
from .calls import from_python
from .specials import special, vector

__all__: list[str] = []


# ---------------------------------------------------------------------------------- strings and sets


@special("set", set, frozenset)
def set_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    items = [ctx.static(item, "an item of a set") for item in static_items(ctx, args[0])] if args else []
    return Static(frozenset(items))


@special("sorted", sorted)
def sorted_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """Known items in order, by Python; numbers of a vector or list, by np.sort."""
    inner = ctx.contents(args[0]) if "key" in kwargs else vector(ctx, args[0])
    if isinstance(inner, Grown):
        inner = vector(ctx, inner)
    if "key" in kwargs and (isinstance(inner, Value) or isinstance(inner, Range) and not _literal(inner)):
        return ordered_by_key(ctx, args[0], kwargs["key"], backwards=_reversed(ctx, kwargs))
    if "key" in kwargs:
        keyed = [ctx.contents(ctx.call(kwargs["key"], (item,))) for item in static_items(ctx, inner)]
        if not all(isinstance(k, Const | Static) for k in keyed):
            raise ctx.refuse(
                "sorted() of items that are known one by one, by a computed key, is not supported; use "
                "np.argsort of the keys, and index an array"
            )
        order = sorted(range(len(keyed)), key=lambda k: keyed[k].value)  # type: ignore[union-attr]
        items = static_items(ctx, inner)
        found = [items[k] for k in order]
        return ctx.make("list", found[::-1] if _reversed(ctx, kwargs) else found)
    if isinstance(inner, Value):
        made = ctx.call(ctx.known("sort"), (inner,))
        return ctx.call(ctx.known("flip"), (made,)) if _reversed(ctx, kwargs) else made
    items = static_items(ctx, inner)
    if all(isinstance(ctx.contents(item), Const | Static) for item in items):
        values = sorted((ctx.contents(item).value for item in items), reverse=_reversed(ctx, kwargs))
        return ctx.make("list", [from_python(ctx, value) for value in values])
    names = [_name(ctx, item) for item in items]
    if None not in names and len({*names}) == len(names):  # of the pairs of a dict the names decide
        order = sorted(range(len(items)), key=lambda k: names[k], reverse=_reversed(ctx, kwargs))
        return ctx.make("list", [items[k] for k in order])
    made = ctx.call(ctx.known("sort"), (ctx.array(inner),))
    ordered = [ctx.read(made, _place(k)) for k in range(len(items))]  # type: ignore[arg-type]
    return ctx.make("list", ordered[::-1] if _reversed(ctx, kwargs) else ordered)


def _name(ctx: Context, item: Binding) -> Any:
    """What a tuple begins with, if that is a text or number that is known."""
    inner = ctx.contents(item)
    if not isinstance(inner, Container) or inner.kind != "tuple" or not inner.items:
        return None
    first = ctx.contents(inner.items[0])
    return first.value if isinstance(first, Const | Static) else None


def _literal(inner: Range) -> bool:
    return all(isinstance(a, Const) for a in (inner.start, inner.stop, inner.step))


def _place(k: int) -> Any:
    return Index((Const(k),))


def _reversed(ctx: Context, kwargs: dict) -> bool:
    return "reverse" in kwargs and bool(ctx.static(kwargs["reverse"], "reverse"))


@expression(ast.Set)
def set_display(ctx: Context, frame: Frame, node: ast.Set) -> Binding:
    return Static(frozenset(ctx.static(evaluate(ctx, frame, n), "an item of a set") for n in node.elts))


# ---------------------------------------------------------------------------------- types and attributes


@special("type", type)
def type_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    if len(args) != 1:
        raise ctx.refuse("a class cannot be made inside the function; define it outside")
    inner = ctx.contents(args[0])
    if isinstance(inner, Value | Const):
        known = ctx.type_of(inner)
        if isinstance(known, Array):
            return Static(np.ndarray)
        python = {"float64": float, "int64": int, "bool": bool}.get(known.dtype)
        return Static(python if known.weak and python else np.dtype(known.dtype).type)
    if isinstance(inner, Container):
        return Static(inner.cls or {"tuple": tuple, "list": list, "dict": dict}[inner.kind])
    if isinstance(inner, Static | Live):
        return Static(type(inner.value))
    raise ctx.refuse(f"the type of {describe(inner, ctx)} is not known here; use isinstance")


@special("hasattr", hasattr)
def hasattr_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner, name = ctx.contents(args[0]), ctx.static(args[1], "the name of an attribute")
    if isinstance(owner, Value):
        return Const(hasattr(np.ndarray if isinstance(ctx.type_of(owner), Array) else np.float64, name))
    if isinstance(owner, Const):
        return Const(hasattr(owner.value, name))
    if isinstance(owner, Container):
        cls = owner.cls or {"tuple": tuple, "list": list, "dict": dict}[owner.kind]
        fields = owner.keys if owner.cls is not None and owner.kind != "dict" else ()
        return Const(hasattr(cls, name) or name in fields)
    if isinstance(owner, Live):
        found = hasattr(owner.value, name)
        ctx.guard(owner.getter.then("attribute", name), "has", found)
        return Const(found)
    raise ctx.refuse(f"whether {describe(owner, ctx)} has an attribute is not known; test its type")


@special("getattr", getattr)
def getattr_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    name = ctx.static(args[1], "the name of an attribute")
    if len(args) > 2 and not hasattr_(ctx, args[:2], {}).value:  # type: ignore[union-attr]
        return args[2]
    return attribute_of(ctx, ctx.contents(args[0]), name, args[0])


@special("callable", callable)
def callable_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    if isinstance(inner, Value | Const | Container | Packed):
        return Const(False)
    if isinstance(inner, Live):
        hasattr_(ctx, (inner, Static("__call__")), {})
    return Const(callable(inner.value) if isinstance(inner, Static | Live) else True)


@special("slice", slice)
def slice_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return Static(slice(*(ctx.static(a, "a bound of a slice") for a in args)))


@special("identity", contextlib.nullcontext)
def identity(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return args[0] if args else Static(None)


# ---------------------------------------------------------------------------------- statements


@statement(ast.Import)
def import_(ctx: Context, frame: Frame, node: ast.Import) -> None:
    for alias in node.names:
        found = _imported(ctx, alias.name)
        if alias.asname is None:
            found = _imported(ctx, alias.name.partition(".")[0])
        name = alias.asname or found.__name__
        ctx.bind(frame, name, Live(found, Getter(("object", found, name))))


@statement(ast.ImportFrom)
def import_from(ctx: Context, frame: Frame, node: ast.ImportFrom) -> None:
    name = "." * node.level + (node.module or "")
    function = frame.parsed.function
    package = function.__globals__.get("__package__") if function is not None else None
    module = _imported(ctx, name, package)
    for alias in node.names:
        if not hasattr(module, alias.name) and hasattr(module, "__path__"):
            _imported(ctx, f"{module.__name__}.{alias.name}")
        if not hasattr(module, alias.name):
            raise ctx.refuse(f"`{alias.name}` cannot be imported from {module.__name__}; check the name")
        root = Getter(("object", module, module.__name__), (("attribute", alias.name),))
        ctx.bind(frame, alias.asname or alias.name, ctx.captured(getattr(module, alias.name), root))


def _imported(ctx: Context, name: str, package: str | None = None) -> ModuleType:
    try:
        return importlib.import_module(name, package)
    except ImportError as error:
        raise ctx.refuse(f"{name} cannot be imported ({error}); import what exists") from None


HARMLESS = (np.errstate, warnings.catch_warnings, contextlib.nullcontext)


@statement(ast.With)
def with_(ctx: Context, frame: Frame, node: ast.With) -> None:
    """A context that changes no number: compiled code makes no warnings.  What it encloses comes after it."""
    for item in node.items:
        call = item.context_expr
        function = ctx.contents(evaluate(ctx, frame, call.func)) if isinstance(call, ast.Call) else None
        value = getattr(function, "value", None)
        if value not in HARMLESS or item.optional_vars is not None:
            if "objmode" in f"{type(value).__name__} {value!r}".lower():
                raise ctx.refuse(
                    "objmode cannot be differentiated: what runs there is Python's; write it with NumPy "
                    "functions, or compute it outside and pass it in"
                )
            raise ctx.refuse(
                "with cannot be differentiated (np.errstate and warnings.catch_warnings are allowed); enter "
                "the context around the call of the differentiated function"
            )
