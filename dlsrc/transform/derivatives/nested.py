"""``grad`` and ``value_and_grad`` inside of a function that is differentiated itself.

    g = grad(f)(x)      →      y = itself(x)              a variable of its own, of the same value
                               v = …                      the statements of f(y)
                               g, = dlgradient(v, (y,))   which may be differentiated again

The derivative is by what ``f`` is given and by nothing else: in ``grad(lambda x: x * grad(lambda y: x +
y)(x))`` the inner one is 1, although ``y`` has the value of ``x``.  An array is copied for this, and copied
again for ``f``, which may write to it; copies that nobody writes to are dropped at the end.
"""

from collections.abc import Callable
from typing import Any

from ...kernels.types import Array, is_float
from ...records import replace
from ..building.binding import Binding, Container, Live, Packed, Partial, Static
from ..building.context import Context, describe
from ..building.items import attribute_of
from ..building.parameters import Asked
from ..calling.specials import SPECIALS, special
from ..columns.packed import with_columns
from ..ir import Const, Value
from ..location import Location
from .tracing import gradient

__all__ = ["OPERATORS", "derived", "own_variables"]

Run = Callable[[tuple[Binding, ...]], Binding]


# What other kinds of requests make of a function: (ctx, what is asked, run, given, end) -> what is returned,
# where run() builds the function's body, given are its arguments and end is the location of its last
# statement.  See `operators`.
OPERATORS: dict[str, Callable[..., Binding]] = {}


def derived(ctx: Context, asked: Asked, function: Run, end: Location | None = None) -> Run:
    """What is asked of a function, as a function of the same arguments (and of its tangents after them)."""

    def call(args: tuple[Binding, ...]) -> Binding:
        count = len(args) - asked.extra
        for k in asked.argnums:
            if not -count <= k < count:
                raise ctx.refuse(
                    f"argnums says to differentiate by argument {k}, and {count} were given by position"
                )
        here = replace(asked, argnums=tuple(k % count for k in asked.argnums))
        if asked.kind == "gradient":
            return differential(ctx, here, function, args, end)
        own: list[Value] = []
        given = tuple(own_variables(ctx, a, own) if k in here.argnums else a for k, a in enumerate(args))

        def run() -> Binding:
            passed = given[:count]
            if asked.kind in ("jacrev", "vjp"):
                # The function may write to what it gets; the gradient is by what it got.
                mine = enumerate(passed)
                passed = tuple(own_variables(ctx, a, own) if k in here.argnums else a for k, a in mine)
            result = function(passed)
            for value in own:
                ctx.hints.pop(value, None)
            return result

        return OPERATORS[asked.kind](ctx, here, run, given, end or ctx.loc)

    return call


def _marker(*args: Any) -> None:
    """Stands for a derivative of a function that is known while the program is built."""


_marker.__dlsrc_special__ = "differential"  # type: ignore[attr-defined]


def _maker(name: str, kind: str, extra: int = 0, value: bool = False, of_gradient: bool = False) -> None:
    """Register a function of dlsrc's that makes a derivative of a function."""

    @special(name)
    def made(ctx: Context, args: tuple, kwargs: dict) -> Binding:
        given = dict(zip(("fun", "argnums", "has_aux"), args, strict=False)) | kwargs
        if "fun" not in given or set(given) - {"fun", "argnums", "has_aux"} or len(args) > 3:
            raise ctx.refuse(f"{name} takes a function, argnums and has_aux")
        argnums = ctx.static(given.get("argnums", Const(0)), "argnums")
        has_aux = bool(ctx.static(given.get("has_aux", Const(False)), "has_aux"))
        single = not isinstance(argnums, tuple | list)
        numbers = (argnums,) if single else tuple(argnums)
        if not numbers or not all(isinstance(k, int) and not isinstance(k, bool) for k in numbers):
            raise ctx.refuse(f"argnums is an int or a tuple of ints, not {argnums!r}")
        chain = [Asked(numbers, single, has_aux)] if of_gradient else []
        chain.append(Asked(numbers, single, has_aux, kind, extra and len(numbers), value))
        return Partial(Static(_marker), (given["fun"], Static(tuple(chain))))


_maker("grad", "gradient")
_maker("value_and_grad", "gradient", value=True)
_maker("hessian", "jacfwd", of_gradient=True)
_maker("hvp", "hvp", extra=1, of_gradient=True)


@special("derivative")
def derivative(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """A call of an object that `grad`, `jacfwd`, … gave."""
    made = args[0]
    assert isinstance(made, Live)
    chain = getattr(made.value, "__dlsrc_asked__", None)
    if chain is None:
        other = SPECIALS.get(f"object {type(made.value).__name__}")
        if other is not None:
            return other(ctx, args, kwargs)
        raise ctx.refuse(
            f"{made.value!r} cannot be called inside a function that is differentiated; call grad, jacfwd or "
            "dlgradient there"
        )
    ctx.guard(made.getter.then("attribute", "__dlsrc_asked__"), "equal", chain)
    asked = tuple(Asked(*one) for one in chain)
    return called(ctx, (attribute_of(ctx, made, "fun"), Static(asked), *args[1:]), kwargs)


@special("differential")
def called(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    function, asked, *rest = args

    def plain(given: tuple[Binding, ...]) -> Binding:
        return ctx.call(function, given, kwargs)

    run: Run = plain
    for one in asked.value:
        run = derived(ctx, one, run)
    return run(tuple(rest))


def differential(
    ctx: Context, asked: Asked, function: Run, args: tuple[Binding, ...], end: Location | None = None
) -> Binding:
    """The gradient of a function at these arguments."""
    own: list[Value] = []
    private: list[Value] = []
    given = tuple(own_variables(ctx, a, own) if k in asked.argnums else a for k, a in enumerate(args))
    passed = tuple(own_variables(ctx, a, private) if k in asked.argnums else a for k, a in enumerate(given))
    result = ctx.contents(function(passed))
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
    with ctx.at(end or ctx.loc):
        found = gradient(ctx, result, tuple(given[k] for k in asked.argnums), higher=True, own=True)
    if len(asked.argnums) == 1 and not asked.single:
        found = Container("tuple", (found,))
    if asked.value:
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
