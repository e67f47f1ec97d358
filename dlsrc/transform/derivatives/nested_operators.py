"""`jvp`, `vjp` and the Jacobians inside of a function that is differentiated or evaluated itself.

    y, dy = jvp(f, (x,), (v,))      →      z = itself(x); the statements of f(z), with tangents beside them
    J = jacfwd(f)(x)                →      the loop that `operators` makes, here

As with ``grad`` (see `nested`), the derivative is by what ``f`` is given and by nothing else.
"""

from collections.abc import Callable
from typing import Any

from ...records import record
from ..building.binding import Binding, Container, Partial, Static
from ..building.context import Context
from ..building.items import attribute_of, static_items
from ..calling.specials import given, special
from ..forward.pushing import paired, push
from ..ir import Atom, Const, Value
from ..normalize import OPERATORS
from .nested import own_variables
from .operators import inner_product, like
from .tracing import gradient

__all__: list[str] = []


@record(frozen=True)
class Asked:
    """What a Jacobian was asked for; to `operators` it is a request like any other."""

    kind: str
    argnums: tuple[int, ...]
    single: bool
    has_aux: bool
    value: bool = False
    nested: bool = True


def _marker(kind: str) -> Callable[..., None]:
    def marker(*args: Any) -> None:
        """Stands for a function that is known while the program is built."""

    marker.__dlsrc_special__ = kind  # type: ignore[attr-defined]
    return marker


_jacobian, _pullback = _marker("nested jacobian"), _marker("nested pullback")


@special("jvp")
def jvp(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    function, primals, tangents, aux = given(
        ctx, "jvp", args, kwargs, "fun", "primals", "tangents", "has_aux", required=3
    )
    has_aux = aux is not None and bool(ctx.static(aux, "has_aux"))
    own, passed = _own(ctx, tuple(static_items(ctx, primals)))
    seed: dict[Value, Atom] = {}
    given_tangents = Container("tuple", tuple(static_items(ctx, tangents)))
    pairs = paired(ctx, Container("tuple", passed), given_tangents, "the tangent", "the argument")
    with ctx.without_watch():
        for x, tx in pairs:
            if isinstance(x, Value):
                seed[x] = like(ctx, tx, x, f"the tangent of `{x!r}`", f"`{x!r}`")
    pushed = push(ctx, lambda: ctx.call(function, passed), [seed], has_aux=has_aux)
    _unnamed(ctx, own)
    results = (pushed.value, pushed.tangents[0])
    return Container("tuple", results if pushed.aux is None else (*results, pushed.aux))


@special("vjp")
def vjp(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    if not args or kwargs:
        raise ctx.refuse("inside of a function vjp takes the function and its arguments, by position")
    own, passed = _own(ctx, args[1:])
    private, inner = _own(ctx, passed)
    y = ctx.call(args[0], inner)
    _unnamed(ctx, own + private)
    return Container("tuple", (y, Partial(Static(_pullback), (args[0], Container("tuple", passed)))))


@special("nested pullback")
def pullback(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """The function is run again, on variables of its own: ``dy`` may have been computed from its value."""
    found = value_and_pullback(ctx, args, kwargs)
    assert isinstance(found, Container)
    return found.items[1]


@special("value and pullback")
def value_and_pullback(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``f, (x, p), dy``: the value of ``f(x, p)``, and the cotangents of x and p."""
    function, primals, dy = args
    primals = ctx.contents(primals)
    assert isinstance(primals, Container)
    own, passed = _own(ctx, primals.items)
    private, inner = _own(ctx, passed)
    ys = ctx.call(function, inner)
    _unnamed(ctx, own + private)
    total: Atom = Const(0.0)
    pairs = paired(ctx, ys, dy, "the cotangent `dy`", "what the function returns")
    with ctx.without_watch():
        for one, weight in pairs:
            part = inner_product(
                ctx, one, like(ctx, weight, one, "the cotangent `dy`", "what the function returns")
            )
            total = part if total == Const(0.0) else ctx.op("add", total, part)
    found = gradient(ctx, total, passed, higher=True, own=True)
    return Container("tuple", (ys, found if len(passed) > 1 else Container("tuple", (found,))))


# ---------------------------------------------------------------------------------- Jacobians


def _made(kind: str) -> Callable[[Context, tuple, dict], Binding]:
    def make(ctx: Context, args: tuple, kwargs: dict) -> Binding:
        """The function that ``jacfwd(f)`` gives."""
        function, argnums, aux = given(ctx, kind, args, kwargs, "fun", "argnums", "has_aux")
        numbers = 0 if argnums is None else ctx.static(argnums, "argnums")
        has_aux = aux is not None and bool(ctx.static(aux, "has_aux"))
        assert function is not None
        return Partial(Static(_jacobian), (function, Static(_asked(ctx, kind, numbers, has_aux))))

    return make


for _kind, _does in (("jacfwd", "jacfwd"), ("jacrev", "jacrev"), ("jacobian", "jacfwd")):
    special(_kind)(_made(_does))


def _asked(ctx: Context, kind: str, argnums: Any, has_aux: bool) -> Asked:
    single = not isinstance(argnums, tuple | list)
    numbers = (argnums,) if single else tuple(argnums)
    if not numbers or not all(isinstance(k, int) and not isinstance(k, bool) for k in numbers):
        raise ctx.refuse(f"argnums is an int or a tuple of ints, not {argnums!r}")
    return Asked(kind, numbers, single, has_aux)


@special("object Jacobian")
def of_object(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """A call of what `jacfwd`, `jacrev` or `jacobian` gave outside."""
    made, *rest = args
    ctx.guard(made.getter.then("attribute", "argnums"), "equal", made.value.argnums)
    kind = getattr(made.value, "kind", "jacfwd")
    asked = _asked(ctx, kind, made.value.argnums, made.value.has_aux)
    return called(ctx, (attribute_of(ctx, made, "fun"), Static(asked), *rest), kwargs)


special("object ChosenJacobian")(of_object)


@special("nested jacobian")
def called(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    function, static, *rest = args
    asked = static.value
    positions = []
    for k in asked.argnums:
        if not -len(rest) <= k < len(rest):
            raise ctx.refuse(
                f"argnums says to differentiate by argument {k}, and {len(rest)} were given by position"
            )
        positions.append(k % len(rest))
    own: list[Value] = []
    mine = tuple(own_variables(ctx, a, own) if k in positions else a for k, a in enumerate(rest))
    private: list[Value] = []
    passed = mine
    if asked.kind == "jacrev":  # the function may write to what it gets; the gradient is by what it got
        passed = tuple(own_variables(ctx, a, private) if k in positions else a for k, a in enumerate(mine))
    request = Asked(asked.kind, tuple(positions), asked.single, asked.has_aux)
    found = OPERATORS[asked.kind](ctx, request, lambda: ctx.call(function, passed, kwargs), mine, ctx.loc)
    _unnamed(ctx, own + private)
    return found


def _own(ctx: Context, bindings: tuple[Binding, ...]) -> tuple[list[Value], tuple[Binding, ...]]:
    own: list[Value] = []
    return own, tuple(own_variables(ctx, b, own) for b in bindings)


def _unnamed(ctx: Context, own: list[Value]) -> None:
    """A variable's name in the function is not needed: what it stands for has a name already."""
    for value in own:
        ctx.hints.pop(value, None)
