"""``grad`` and ``value_and_grad`` inside of a function that is differentiated itself.

    g = grad(f)(x)      →      y = itself(x)              a variable of its own, of the same value
                               v = …                      the statements of f(y)
                               g, = dlgradient(v, (y,))   which may be differentiated again

The derivative is by what ``f`` is given and by nothing else: in ``grad(lambda x: x * grad(lambda y: x +
y)(x))`` the inner one is 1, although ``y`` has the value of ``x``.  An array is copied for this, and copied
again for ``f``, which may write to it; copies that nobody writes to are dropped at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..kernels.types import Array, is_float
from .binding import Binding, Container, Live, Packed, Partial, Static
from .context import Context, describe
from .ir import Const, Value
from .items import attribute_of
from .packed import with_columns
from .specials import SPECIALS, special
from .tracing import gradient

__all__ = ["Differential", "differential", "own_variables"]

Run = Callable[[tuple[Binding, ...]], Binding]


@dataclass(frozen=True, slots=True)
class Differential:
    """What `grad` was asked for: positions, whether it was one number, a second result, the value too."""

    argnums: tuple[int, ...]
    single: bool
    has_aux: bool
    with_value: bool


def _marker(*args: Any) -> None:
    """Stands for a derivative of a function that is known while the program is built."""


_marker.__dlsrc_special__ = "differential"  # type: ignore[attr-defined]


@special("grad")
def grad(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _made(ctx, args, kwargs, False)


@special("value_and_grad")
def value_and_grad(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _made(ctx, args, kwargs, True)


def _made(ctx: Context, args: tuple, kwargs: dict, with_value: bool) -> Binding:
    """The function that `grad` gives."""
    given = dict(zip(("fun", "argnums", "has_aux"), args, strict=False)) | kwargs
    if "fun" not in given or set(given) - {"fun", "argnums", "has_aux"} or len(args) > 3:
        raise ctx.refuse("grad and value_and_grad take a function, argnums and has_aux")
    argnums = ctx.static(given.get("argnums", Const(0)), "argnums")
    has_aux = bool(ctx.static(given.get("has_aux", Const(False)), "has_aux"))
    return Partial(Static(_marker), (given["fun"], Static(_asked(ctx, argnums, has_aux, with_value))))


def _asked(ctx: Context, argnums: Any, has_aux: bool, with_value: bool) -> Differential:
    single = not isinstance(argnums, tuple | list)
    numbers = (argnums,) if single else tuple(argnums)
    if not numbers or not all(isinstance(k, int) and not isinstance(k, bool) for k in numbers):
        raise ctx.refuse(f"argnums is an int or a tuple of ints, not {argnums!r}")
    return Differential(numbers, single, has_aux, with_value)


@special("derivative")
def derivative(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """A call of an object that `grad` or `value_and_grad` gave."""
    made = args[0]
    assert isinstance(made, Live)
    value = made.value
    if not hasattr(value, "with_value"):
        other = SPECIALS.get(f"object {type(value).__name__}")
        if other is not None:
            return other(ctx, args, kwargs)
        raise ctx.refuse(
            f"{value!r} cannot be called inside a function that is differentiated; call grad or dlgradient "
            "there"
        )
    ctx.guard(made.getter.then("attribute", "argnums"), "equal", value.argnums)
    asked = _asked(ctx, value.argnums, value.has_aux, value.with_value)
    return called(ctx, (attribute_of(ctx, made, "fun"), Static(asked), *args[1:]), kwargs)


@special("differential")
def called(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    function, asked, *rest = args
    return differential(ctx, asked.value, lambda given: ctx.call(function, given, kwargs), tuple(rest))


def differential(ctx: Context, asked: Differential, run: Run, args: tuple[Binding, ...]) -> Binding:
    """The derivative of the function that ``run`` builds, at these arguments."""
    positions = []
    for k in asked.argnums:
        if not -len(args) <= k < len(args):
            raise ctx.refuse(
                f"argnums says to differentiate by argument {k}, and {len(args)} were given by position"
            )
        positions.append(k % len(args))
    own: list[Value] = []
    given = tuple(own_variables(ctx, a, own) if k in positions else a for k, a in enumerate(args))
    private: list[Value] = []
    passed = tuple(own_variables(ctx, a, private) if k in positions else a for k, a in enumerate(given))
    result = ctx.contents(run(passed))
    for value in (*own, *private):
        ctx.hints.pop(value, None)  # its name in the function; what it stands for has a name already
    aux: Binding | None = None
    if asked.has_aux:
        if not isinstance(result, Container) or len(result.items) != 2:
            raise ctx.refuse("with has_aux=True the function must return a pair (value, something else)")
        result, aux = result.items
        result = ctx.contents(result)
    if isinstance(result, Container | Static):
        raise ctx.refuse(
            "the function must return one real number to take its gradient; for a pair (value, something "
            "else) say has_aux=True"
        )
    found = gradient(ctx, result, tuple(given[k] for k in positions), higher=True, own=True)
    if len(positions) == 1 and not asked.single:
        found = Container("tuple", (found,))
    if asked.with_value:
        return Container("tuple", (result if aux is None else Container("tuple", (result, aux)), found))
    return found if aux is None else Container("tuple", (found, aux))


def own_variables(ctx: Context, binding: Binding, own: list[Value]) -> Binding:
    """The argument as variables of its own."""
    inner = ctx.contents(binding)
    if isinstance(inner, Container):
        whole = replace(inner, items=tuple(own_variables(ctx, item, own) for item in inner.items))
        return ctx.new_ref(whole) if inner.kind in ("list", "dict") else whole
    if isinstance(inner, Packed):
        return with_columns(ctx, inner, lambda vector: own_variables(ctx, vector, own))
    if isinstance(inner, Value | Const):
        if not is_float(ctx.type_of(inner)):
            ctx.kinds.add("differentiation")
            raise ctx.refuse(f"the gradient by {describe(inner, ctx)} does not exist; pass a float")
        op = ctx.known("copy" if isinstance(ctx.type_of(inner), Array) else "itself")
        type_ = op.result_type(ctx.type_of(inner))  # type: ignore[union-attr]
        made = ctx.value(type_, base=inner if isinstance(inner, Value) else None)
        ctx.op(op, inner, target=made)  # type: ignore[arg-type]
        own.append(made)
        return made
    return binding
