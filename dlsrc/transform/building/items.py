"""What a binding holds: its length, its items, its attributes.

    len(x)         →    v1 = dim(x, 0)
    a, b = pair    →    nothing: the names are bound to the items
    x.T            →    v1 = transpose(x)
"""

import inspect
import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...kernels.declaring.coverage import reason_of_method
from ...kernels.primitive import lookup_attribute, lookup_method
from ...kernels.types import Array
from ..columns.packed import NeedUnpacked, count_of, packed_item
from ..constructs.opened import attribute, method_of
from ..ir import Atom, Const, Value
from .binding import (
    Binding, BoundMethod, Container, Getter, Grown, Iterator, Live, Packed, Partial, Range, Shape, Static,
)
from .context import Context, describe

__all__ = ["attribute_of", "has_static_items", "item_of", "length_of", "static_items"]


def attribute_of(ctx: Context, owner: Binding, attr: str, reference: Binding | None = None) -> Binding:
    """``owner.attr``; ``reference`` is what the owner is known by, if it may be changed."""
    match owner:
        case Live(value=value, getter=getter):
            try:
                found = getattr(value, attr)
            except AttributeError:
                named = f"a {type(value).__name__}" if "__self__" in str(getter) else f"`{getter}`"
                raise ctx.refuse(f"{named} has no attribute `{attr}`; look at its spelling") from None
            return method_of(ctx, owner, found) or attribute(ctx, owner, attr, found)
        case Container(cls=cls, keys=keys, items=items) if (
            cls is not None and owner.kind not in ("dict", "list")
        ):
            if attr == "_replace":
                return BoundMethod(owner, attr)
            if attr in keys:
                return items[keys.index(attr)]
            return _of_class(ctx, cls, attr, owner if reference is None else reference)
        case Static(value=np.dtype() | np.finfo() | np.iinfo() | SimpleNamespace() as value) if (
            attr != "type"
        ):
            found = getattr(value, attr)
            return (
                Const(found if isinstance(found, bool | int) else float(found))
                if isinstance(found, bool | int | np.number)
                else Static(found)
            )
        case Static(value=np.dtype() as value):
            return Static(value.type)
        case Container() | Range() | Static() | Grown():
            if hasattr(np.ndarray, attr) and not hasattr(_class_of(owner), attr):
                raise ctx.refuse(
                    f"{describe(owner, ctx)} has no attribute `{attr}`, which arrays have; write np.array(…) "
                    "of it first"
                )
            return BoundMethod(owner, attr)
        case Value() | Const():
            return array_attribute(ctx, owner, attr)
    raise ctx.refuse(f"{describe(owner, ctx)} has no attribute `{attr}` that can be used here")


def _class_of(owner: Binding) -> object:
    """What Python looks an attribute up in."""
    match owner:
        case Static(value=value):
            return value
        case Container(kind=kind):
            return {"tuple": tuple, "dict": dict}.get(kind, list)
        case Range():
            return range
    return list


def _of_class(ctx: Context, cls: Any, attr: str, owner: Binding) -> Binding:
    """What an object has from its class: a method, a property's value, a constant."""
    found = getattr(cls, attr, None)
    getter = Getter(("object", cls, cls.__name__), (("attribute", attr),))
    if isinstance(found, property):
        return ctx.call(ctx.captured(found.fget, getter.then("attribute", "fget")), (owner,))
    if isinstance(inspect.getattr_static(cls, attr, None), staticmethod | classmethod):
        return ctx.captured(found, getter)
    if callable(found):
        return Partial(ctx.captured(found, getter), (owner,))
    if found is None:
        fields = ", ".join(_fields(cls)) or "none"
        raise ctx.refuse(f"a {cls.__name__} has no field `{attr}`; it has {fields}")
    return ctx.captured(found, getter)


def _fields(cls: Any) -> tuple[str, ...]:
    return tuple(getattr(cls, "__dataclass_fields__", None) or getattr(cls, "_fields", ()))


def array_attribute(ctx: Context, owner: Atom, attr: str) -> Binding:
    type_ = ctx.type_of(owner)
    if attr == "ndim":
        return Const(type_.ndim)
    if attr == "dtype":
        return Static(np.dtype(type_.dtype))
    if attr == "flags":
        if type_.ndim > 1 and not type_.sure and type_.layout != "A" and ctx.frames[-1].composite is None:
            raise ctx.refuse("whether this array is contiguous is not known here; write x.copy(), which is")
        in_order = type_.layout == "C" and getattr(type_, "sure", True)
        return Static(SimpleNamespace(c_contiguous=in_order, f_contiguous=type_.layout == "F"))
    if attr == "shape":
        return Shape(owner, type_.ndim) if isinstance(type_, Array) else Container("tuple", ())
    if attr == "size":
        return ctx.op("size", owner) if isinstance(type_, Array) else Const(1)
    if attr == "real" or (attr == "T" and not type_.ndim):
        return owner
    declared = lookup_attribute(attr)
    if declared is not None:
        return ctx.call(declared, (owner,))
    if lookup_method(attr) is not None or attr in ("astype", "tolist"):
        return BoundMethod(owner, attr)
    instead = reason_of_method(attr) or "write it with NumPy functions (np.sum, np.reshape, …)"
    raise ctx.refuse(f"`.{attr}` of an array is not supported; {instead}")


def length_of(ctx: Context, binding: Binding) -> Atom:
    """``len(binding)``."""
    binding = ctx.contents(binding)
    match binding:
        case Container(items=items):
            return Const(len(items))
        case Packed():
            return count_of(ctx, binding)
        case Grown(items=items):
            return items[-1]  # type: ignore[return-value]
        case Shape(ndim=ndim):
            return Const(ndim)
        case Value() if isinstance(ctx.type_of(binding), Array):
            return ctx.dim(binding, 0)
        case Static(value=str() | tuple() | list() | set() | frozenset() as value):
            return Const(len(value))
        case Live(value=value, getter=getter) if hasattr(value, "__len__"):
            ctx.guard(getter, "length", len(value))
            return Const(len(value))
    raise ctx.refuse(f"{describe(binding, ctx)} has no length here; compute it outside, or give a number")


def _known(value: Any) -> Binding:
    """A value that is known while building; a member of an IntEnum stays one."""
    return Const(value) if type(value) in (bool, int, float) else Static(value)


def static_items(ctx: Context, binding: Binding) -> list[Binding]:
    """The items of something whose length is known while building."""
    binding = ctx.contents(binding)
    match binding:
        case Container(kind="dict", keys=keys):
            return [_known(k) for k in keys]
        case Container(items=items):
            return list(items)
        case Packed(path=path):
            raise NeedUnpacked(frozenset({path}))
        case Shape(array=array, ndim=ndim):
            return [ctx.dim(array, k) for k in range(ndim)]
        case Static(value=tuple() | list() | str() as value):
            return [_known(v) for v in value]
        case Static(value=set() | frozenset() as value):
            if not all(isinstance(v, int) for v in value):
                raise ctx.refuse("the order of a set changes from run to run; write sorted(...) or a tuple")
            return [_known(v) for v in value]
        case Live(value=value, getter=getter) if is_sequence(value):
            ctx.guard(getter, "length", len(value))
            return [ctx.captured(v, getter.then("item", k)) for k, v in enumerate(value)]
        case Live(value=dict() as value, getter=getter):
            ctx.guard(getter, "keys", tuple(value))
            return [_known(k) for k in value]
        case Range(start=Const(value=a), stop=Const(value=b), step=Const(value=c)):
            return [Const(k) for k in range(a, b, c)]
        case Iterator(kind="zip", items=items):
            columns = [static_items(ctx, item) for item in items]
            return [Container("tuple", row) for row in zip(*columns, strict=False)]
        case Iterator(kind="enumerate", items=(inner,), start=start):
            first = start.value if isinstance(start, Const) else 0
            return [
                Container("tuple", (Const(k), item)) for k, item in enumerate(static_items(ctx, inner), first)
            ]
        case Iterator(kind="reversed", items=(inner,)):
            return static_items(ctx, inner)[::-1]
        case Iterator(kind="map", items=(function, *items)):
            columns = [static_items(ctx, item) for item in items]
            return [ctx.call(function, row) for row in zip(*columns, strict=False)]
        case Iterator(kind="product", items=items):
            columns = [static_items(ctx, item) for item in items]
            return [Container("tuple", row) for row in itertools.product(*columns)]
    if isinstance(binding, Value | Const) and not isinstance(ctx.type_of(binding), Array):
        raise ctx.refuse(f"{describe(binding, ctx)} has no items to be taken apart; use the number itself")
    raise ctx.refuse(
        f"the number of items of {describe(binding, ctx)} must be known while the gradient is built: "
        "write the items that are meant, x[0], x[1], …, or a loop"
    )


def is_sequence(value: object) -> bool:
    """Whether an object is a list or tuple of Python's, or one of numba's typed lists."""
    return isinstance(value, tuple | list) or type(value).__module__ == "numba.typed.typedlist"


def has_static_items(ctx: Context, binding: Binding) -> bool:
    """Whether ``static_items`` knows them."""
    binding = ctx.contents(binding)
    match binding:
        case Container() | Shape() | Static(value=tuple() | list() | set() | frozenset() | str()):
            return True
        case Live(value=value):
            return is_sequence(value) or isinstance(value, dict)
        case Iterator(kind="map", items=(_, *items)):
            return all(has_static_items(ctx, item) for item in items)
        case Iterator(kind="product", items=items):
            return all(has_static_items(ctx, item) for item in items)
        case Iterator(items=items):
            return any(has_static_items(ctx, item) for item in items)
    return False


def item_of(ctx: Context, binding: Binding, k: Atom) -> Binding:
    """The ``k``-th item of something that a loop runs over."""
    binding = ctx.contents(binding)
    match binding:
        case Packed():
            return packed_item(ctx, binding, k)
        case Range(start=start, step=step):
            if step == Const(1) and start == Const(0):
                return k
            return ctx.op("add", start, ctx.op("multiply", k, step))
    raise ctx.refuse(
        f"a loop cannot run over {describe(binding, ctx)}; loop over range(n), or a list or tuple"
    )
