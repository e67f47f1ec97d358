"""Attributes that are assigned: of objects that the function made or got, which are then known by reference.

    s = State(x=0.0, v=1.0)          nothing: the fields are bound to the values
    s.x += s.v * dt             →    v1 = x + v * dt; the field x of the object is bound to v1

An object that nothing in the function changes is a value, so that a branch may pick one of two.  The first
assignment to an attribute of a class starts the build again with its objects by reference, like lists.
"""

import ast
from typing import Any

from ...kernels.types import Array
from ..building.binding import Binding, Container, Getter, Live, Ref
from ..building.context import Context, Frame, describe
from ..building.items import attribute_of, static_items
from ..calling.calls import apply
from ..ir import Value
from .expressions import evaluate, updated
from .subscripts import aug_assign_array

__all__ = ["NeedMutable", "aug_assign_attribute", "set_attribute"]


class NeedMutable(Exception):
    """Objects of this class are changed; the build starts again with them by reference."""

    def __init__(self, cls: type):
        super().__init__(cls)
        self.cls = cls


def set_attribute(ctx: Context, frame: Frame, node: ast.Attribute, binding: Binding) -> None:
    """``owner.attr = binding``."""
    _set(ctx, evaluate(ctx, frame, node.value), node.attr, binding)


def _set(ctx: Context, reference: Binding, attr: str, binding: Binding) -> None:
    reference = ctx.reference(reference)
    owner = ctx.contents(reference)
    if isinstance(owner, Live):
        raise ctx.refuse(
            f"`{owner.getter}.{attr}` is kept outside the function, where what is assigned would not be part "
            "of its derivative; return the value, or keep it in an object that is made inside or passed in"
        )
    if not isinstance(owner, Container) or owner.kind not in ("dataclass", "object"):
        kind = "a field of a NamedTuple" if isinstance(owner, Container) and owner.kind == "namedtuple" else (
            f"an attribute of {describe(owner, ctx)}"
        )
        raise ctx.refuse(f"{kind} cannot be assigned; make a new one, p = p._replace({attr}=…), or a name")
    cls: Any = owner.cls
    found = getattr(cls, attr, None)
    if isinstance(found, property):
        if found.fset is None:
            raise ctx.refuse(f"`{attr}` of a {cls.__name__} is a property without setter; assign its fields")
        getter = Getter(("object", cls, cls.__name__)).then("attribute", attr).then("attribute", "fset")
        apply(ctx, ctx.captured(found.fset, getter), (reference, binding))
        return
    frozen = getattr(getattr(cls, "__dataclass_params__", None), "frozen", False)
    if frozen or cls.__setattr__ is not object.__setattr__:
        raise ctx.refuse(
            f"`{attr}` of a {cls.__name__} cannot be assigned: it is frozen, or has its own __setattr__; "
            f"write dataclasses.replace(…, {attr}=…)"
        )
    if not isinstance(reference, Ref):
        if cls in ctx.mutable:
            raise ctx.refuse(f"this {cls.__name__} is a copy that cannot be changed; make a new one")
        raise NeedMutable(cls)
    if attr in owner.keys:
        items = [binding if key == attr else item for key, item in zip(owner.keys, owner.items, strict=True)]
        ctx.change(reference.number, owner.with_items(items))
    elif owner.kind == "object":
        keys, items = (*owner.keys, attr), [*owner.items, binding]
        ctx.change(reference.number, Container(owner.kind, tuple(items), keys, cls))
    else:
        raise ctx.refuse(f"a {cls.__name__} has no field `{attr}`; declare it in the class")


def aug_assign_attribute(ctx: Context, frame: Frame, node: ast.AugAssign) -> None:
    """``owner.attr op= value``: an array in place, as NumPy does it, anything else bound anew."""
    target = node.target
    assert isinstance(target, ast.Attribute)
    reference = ctx.reference(evaluate(ctx, frame, target.value))
    owner = ctx.contents(reference)
    if isinstance(owner, Live):
        _set(ctx, reference, target.attr, owner)
    old = attribute_of(ctx, owner, target.attr, reference)
    inner, value = ctx.contents(old), evaluate(ctx, frame, node.value)
    if isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array):
        aug_assign_array(ctx, inner, node.op, value)
    elif isinstance(old, Ref) and isinstance(inner, Container) and inner.kind == "list":
        ctx.change(old.number, inner.with_items((*inner.items, *static_items(ctx, value))))
    else:
        _set(ctx, reference, target.attr, updated(ctx, node.op, old, value, ast.unparse(target)))
