"""A captured dict, list or tuple as a container: its items are captured one by one, as they are asked for.

    CFG = {"w": array, "rate": 0.1}      outside the function
    CFG.get("rate", 1.0)            →    a hidden argument: the number is read at every call
    for name, w in CFG.items():     →    the keys are compared at every call, items are hidden arguments
"""

import inspect
from typing import Any

from ..building.binding import Binding, BoundMethod, Container, Getter, Live, Partial, Poison, Static
from ..building.context import Context, Refused, describe

__all__ = ["as_dict", "attribute", "method_of", "need_dict", "opened"]

CHANGING = {
    "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort",
    "update",
}  # fmt: skip


def opened(ctx: Context, live: Live) -> Container:
    """What a captured dict, list or tuple holds; nothing can change it, as it is in no heap."""
    value, getter = live.value, live.getter
    if isinstance(value, dict):
        ctx.guard(getter, "keys", tuple(value))
        items = tuple(_item(ctx, item, getter.then("item", key)) for key, item in value.items())
        return Container("dict", items, tuple(value))
    ctx.guard(getter, "length", len(value))
    items = tuple(_item(ctx, item, getter.then("item", k)) for k, item in enumerate(value))
    return Container("list" if isinstance(value, list) else "tuple", items)


def _item(ctx: Context, value: Any, getter: Getter) -> Binding:
    """An item; what cannot be computed with is refused where it is used, if it is."""
    try:
        return ctx.captured(value, getter)
    except Refused as refused:
        return Poison(refused.message, refused.location)


def as_dict(ctx: Context, binding: Binding) -> Container | None:
    """A dict that was made inside, passed in or captured; None of anything else."""
    inner = ctx.contents(binding)
    if isinstance(inner, Live) and isinstance(inner.value, dict):
        return opened(ctx, inner)
    return inner if isinstance(inner, Container) and inner.kind == "dict" else None


def need_dict(ctx: Context, binding: Binding) -> Container:
    """The dict behind ``**``."""
    found = as_dict(ctx, binding)
    if found is None:
        raise ctx.refuse(f"** needs a dict, not {describe(ctx.contents(binding), ctx)}")
    return found


def method_of(ctx: Context, live: Live, found: Any) -> BoundMethod | Partial | None:
    """A method of a dict, list or tuple, or the ``replace`` of a network; None of anything else."""
    value = live.value
    if hasattr(type(value), "__dlsrc_network__") and getattr(found, "__dlsrc_special__", None):
        fields = type(value).__dataclass_fields__
        items = tuple(attribute(ctx, live, name, getattr(value, name)) for name in fields)
        whole = Container("dataclass", items, tuple(fields), type(value))
        return Partial(Static(found.__func__), (whole,))
    if not isinstance(value, dict | list | tuple) or not inspect.isbuiltin(found):
        return None
    if found.__self__ is not value:
        return None
    if found.__name__ in CHANGING:
        raise ctx.refuse(
            f"`{live.getter}.{found.__name__}` changes what is kept outside the function, where it would not "
            "be part of its derivative; return the value, or change a list or dict that is made inside"
        )
    return BoundMethod(opened(ctx, live), found.__name__)


def attribute(ctx: Context, live: Live, attr: str, found: Any) -> Binding:
    """An attribute of a captured object; a static field of a dataclass is known, as an argument's is."""
    fields = getattr(type(live.value), "__dataclass_fields__", {})
    if attr not in fields or not fields[attr].metadata.get("static"):
        return ctx.captured(found, live.getter.then("attribute", attr))
    ctx.guard(live.getter.then("attribute", attr), "equal", found)
    return Live(found, Getter(("object", found, attr)))
