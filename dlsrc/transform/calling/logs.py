"""Logging and warnings: what the user's code tells about itself is told from compiled code too.

    log.warning("loss %s", s)      →    a message for the logger, made by Python where it is enabled
    warnings.warn("large step")    →    the warning, once it gets there
"""

import logging
import warnings
from typing import Any

from ..building.binding import Binding, Container, Static
from ..building.context import Context
from ..constructs.texts import escaped, text_of
from ..ir import Show
from .specials import SPECIALS, given, special

__all__: list[str] = []

_LEVELS = {
    "debug": 10, "info": 20, "warning": 30, "warn": 30, "error": 40, "critical": 50, "fatal": 50,
}  # fmt: skip


def _logged(ctx: Context, name: str, level: int, args: tuple, kwargs: dict) -> Binding:
    for option in kwargs:
        raise ctx.refuse(f"logging with {option}=… is not supported here; log a text and its values")
    message, *values = args
    if values:
        message = SPECIALS["text percent"](ctx, (message, Container("tuple", tuple(values))), {})
    text = text_of(ctx, message, "s")
    ctx.add(Show(escaped(f"{level}:{name}:") + text.template, text.values, ctx.loc, "log"))
    return Static(None)


@special("log method")
def method(ctx: Context, value: Any, args: tuple, kwargs: dict) -> Binding:
    """``log.info(...)`` of a logger, and what else may be asked of one."""
    logger, name = value.__self__, value.__name__
    if name == "log":
        return _logged(ctx, logger.name, ctx.static(args[0], "the level"), args[1:], kwargs)
    if name in _LEVELS:
        return _logged(ctx, logger.name, _LEVELS[name], args, kwargs)
    raise ctx.refuse(f"`{name}` of a logger cannot be called inside the objective; call it outside")


def _module_function(name: str) -> None:
    def handler(ctx: Context, args: tuple, kwargs: dict) -> Binding:
        return _logged(ctx, "root", _LEVELS[name], args, kwargs)

    special(f"logging.{name}", getattr(logging, name))(handler)


for _name in ("debug", "info", "warning", "error", "critical"):
    _module_function(_name)


@special("warnings.warn", warnings.warn)
def warn(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    message, category, _ = given(ctx, "warn", args, kwargs, "message", "category", "stacklevel")
    kind = UserWarning if category is None else ctx.static(category, "the category of a warning")
    if not (isinstance(kind, type) and issubclass(kind, Warning) and kind.__module__ == "builtins"):
        raise ctx.refuse("a warning must be of a built-in class here: UserWarning, RuntimeWarning, …")
    text = text_of(ctx, message, "s")  # type: ignore[arg-type]
    ctx.add(Show(escaped(f"{kind.__name__}:") + text.template, text.values, ctx.loc, "warning"))
    return Static(None)
