"""Calls of classes: a NamedTuple or dataclass is known by its fields, and leaves no operation.

    p = Point(x[0], y=2.0)    →    nothing: p.x and p.y are bound to the values
"""

import dataclasses
import inspect
import sys
from typing import Any

from ..building.binding import Binding, Getter
from ..building.context import Context
from .specials import SPECIALS

__all__ = ["construct"]


def construct(ctx: Context, cls: type, args: tuple, kwargs: dict[str, Binding]) -> Binding:
    """A call of a class: NamedTuples and dataclasses become containers."""
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        kind, fields, factories = "namedtuple", cls._fields, {}  # type: ignore[attr-defined]
        maker: Any = cls.__new__
    elif hasattr(cls, "__dataclass_fields__"):
        declared = dataclasses.fields(cls)  # without the variables of the class
        kind, fields = "dataclass", tuple(f.name for f in declared)
        factories = {f.name: f.default_factory for f in declared if callable(f.default_factory)}
        maker = cls.__init__  # type: ignore[misc]
    elif cls.__module__.split(".")[0] not in (*sys.stdlib_module_names, "numpy", "scipy", "numba"):
        return plain_object(ctx, cls, args, kwargs)
    else:
        return SPECIALS["opaque"](ctx, cls, Getter(("object", cls, cls.__name__)), args, kwargs)
    code = getattr(maker, "__code__", None)
    own = code is None or not code.co_filename.startswith("<")  # else it is generated from the fields
    parameters, items = inspect.signature(cls).parameters, []
    if own or not all(field in parameters for field in fields):
        raise ctx.refuse(
            f"making a {cls.__name__} runs code of its own (__init__ or a field with init=False); make it "
            "outside, or compute its fields in a function that returns it"
        )
    try:
        given = inspect.signature(cls).bind(*args, **kwargs)
    except TypeError as error:
        raise ctx.refuse(f"{cls.__name__}(): {error}") from None
    for field in fields:
        if field in given.arguments:
            items.append(given.arguments[field])
        elif field in factories:
            getter = Getter(("object", cls, cls.__name__)).then("attribute", "__dataclass_fields__")
            getter = getter.then("item", field).then("attribute", "default_factory")
            items.append(ctx.call(ctx.captured(factories[field], getter)))
        else:
            default = parameters[field].default
            items.append(ctx.captured(default, Getter(("object", default, field))))
    made = ctx.make(kind, items, fields, cls)
    if hasattr(cls, "__post_init__"):
        _run(ctx, cls, "__post_init__", (made,), {})
    return made


def plain_object(ctx: Context, cls: Any, args: tuple, kwargs: dict[str, Binding]) -> Binding:
    """An object of a class of the user's own: what its ``__init__`` assigns."""
    makers = (cls.__new__ is object.__new__, cls.__setattr__ is object.__setattr__, type(cls) is type)
    bases = [base for base in cls.__mro__ if base is not object]
    if not all(makers) or any(base.__module__.split(".")[0] in sys.stdlib_module_names for base in bases):
        raise ctx.refuse(
            f"objects of the class {cls.__name__} cannot be made inside the function; write a NamedTuple or "
            "a dataclass, or make them outside"
        )
    made = ctx.make("object", (), (), cls)
    if cls.__init__ is not object.__init__:
        _run(ctx, cls, "__init__", (made, *args), kwargs)
    return made


def _run(ctx: Context, cls: Any, name: str, args: tuple, kwargs: dict[str, Binding]) -> None:
    """Run a method of a class."""
    getter = Getter(("object", cls, cls.__name__)).then("attribute", name)
    ctx.call(ctx.captured(getattr(cls, name), getter), args, kwargs)
