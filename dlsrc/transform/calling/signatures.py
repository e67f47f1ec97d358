"""What a function takes: arguments bound to parameters by Python's rules, and how many there must be.

    f(1, b=2, *rest)     →    a = 1, b = 2 in the function's own frame
"""

from collections.abc import Callable
from typing import Any

from ...kernels.primitive import Composite, Primitive, lookup
from ..building.binding import Binding, Closure, Container, Live, Partial, Static
from ..building.context import Context, Frame

__all__ = ["arity", "bind_parameters"]


def arity(
    ctx: Context, function: Binding, closure_of: Callable[[Context, Any], Closure | None]
) -> int | None:
    """How many positional arguments a function takes, if that is a fixed number."""
    if isinstance(function, Partial):
        inner = arity(ctx, function.function, closure_of)
        return None if inner is None or function.kwargs else inner - len(function.args)
    if isinstance(function, Live | Static) and callable(function.value):
        declared = lookup(function.value)
        if isinstance(declared, Primitive):
            return len(declared.parameters) - len(declared.static)
        if isinstance(declared, Composite):
            return None
        function = closure_of(ctx, function.value)  # type: ignore[assignment]
    if not isinstance(function, Closure):
        return None
    spec = function.parsed.args
    fixed = spec.vararg is None and not function.defaults
    return len(spec.posonlyargs) + len(spec.args) if fixed else None


def bind_parameters(
    ctx: Context, frame: Frame, closure: Closure, args: tuple, kwargs: dict[str, Binding]
) -> None:
    """Python's rules for positional, keyword, default and starred arguments."""
    spec = closure.parsed.args
    positional = [a.arg for a in (*spec.posonlyargs, *spec.args)]
    given = dict(zip(positional, args, strict=False))
    rest = args[len(positional) :]
    if rest and spec.vararg is None:
        raise ctx.refuse(
            f"{closure.name}() takes {len(positional)} positional arguments, {len(args)} were given"
        )
    named = dict(kwargs)
    for name in (*positional, *(a.arg for a in spec.kwonlyargs)):
        if name in named:
            if name in given:
                raise ctx.refuse(f"{closure.name}() got two values for the argument `{name}`")
            given[name] = named.pop(name)
    if named and spec.kwarg is None:
        raise ctx.refuse(f"{closure.name}() has no argument `{next(iter(named))}`")
    offset = len(positional) - len(closure.defaults)
    for k, default in enumerate(closure.defaults):
        given.setdefault(positional[offset + k], default)
    for name, default in closure.kwdefaults:
        given.setdefault(name, default)
    for name in (*positional, *(a.arg for a in spec.kwonlyargs)):
        if name not in given:
            raise ctx.refuse(f"{closure.name}() is missing the argument `{name}`")
        frame.env[name] = given[name]
    if spec.vararg is not None:
        frame.env[spec.vararg.arg] = Container("tuple", tuple(rest))
    if spec.kwarg is not None:
        frame.env[spec.kwarg.arg] = ctx.make("dict", named.values(), tuple(named))
