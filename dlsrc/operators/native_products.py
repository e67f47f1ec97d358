"""``jvp`` and ``vjp`` in the user's own ``@njit`` functions.

    y, ty = jvp(f, (x,), (tx,))         is typed as      derivative(x, tx)
    y, pullback = vjp(f, x)             is typed as      f(x), bound((x.copy(),))
    dx, = pullback(dy)                                   derivative(x, dy)

where ``derivative`` is an object as in `native`, made when numba types the call.  A pullback is a value that
holds copies of the arguments.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from ..cache import Mode
from ..lazy import numba
from .derived import Derived
from .native import callable_type, signature_of

__all__ = ["numba_type"]


def numba_type(name: str) -> Any:
    """The numba type of the function ``jvp`` or ``vjp``."""
    return _types()[name]


@cache
def _types() -> dict[str, Any]:
    """These types, made and registered when numba first asks for one."""
    errors, extending = numba("core.errors"), numba("extending")

    class ProductType(callable_type()):  # type: ignore[misc]
        """The type of ``jvp`` or of ``vjp``."""

        def __init__(self, name: str, make: Callable):
            self.make = make
            self.called = f"dlsrc {name}"
            super().__init__(self.called)

        def dispatcher_for(self, args: tuple) -> Any:
            if not args:
                raise errors.TypingError(f"{self.called} takes its arguments by position in compiled code")
            return self.make(_function_of(args[0]), args[1:])

    extending.register_model(ProductType)(extending.models.OpaqueModel)
    return {"jvp": ProductType("jvp", _jvp), "vjp": ProductType("vjp", _vjp)}


def _function_of(type_: Any) -> Any:
    """The function that a value of this type is: what is differentiated."""
    types, errors = numba("core.types"), numba("core.errors")
    if isinstance(type_, types.Dispatcher):
        return type_.dispatcher
    found = getattr(type_, "_get_object", None)
    if found is None or not isinstance(found(), Derived):
        raise errors.TypingError(
            f"in compiled code jvp and vjp take an @njit function, or what grad or hvp gave, not {type_}"
        )
    return found()


def _written(text: str, namespace: dict[str, Any], name: str) -> Any:
    exec(compile(text, "<dlsrc derivative>", "exec"), namespace)
    return numba().njit(error_model="numpy")(namespace[name])


def _items(name: str, count: int) -> str:
    return ", ".join(f"{name}[{k}]" for k in range(count))


# ---------------------------------------------------------------------------------- forward


def _jvp(function: Any, args: tuple) -> Any:
    """What a call ``jvp(f, primals, tangents)`` runs."""
    types, errors = numba("core.types"), numba("core.errors")
    if len(args) != 2 or not all(isinstance(a, types.BaseTuple) and len(a) for a in args):
        raise errors.TypingError("jvp takes a function, a tuple of arguments and a tuple of tangents")
    primals, tangents = map(len, args)
    if primals != tangents:
        raise errors.TypingError(
            f"jvp takes a tangent for each argument: {primals} arguments and {tangents} tangents were given"
        )
    derivative = Derived(function, Mode(tuple(range(primals)), False, False, "jvp", primals))
    text = f"def jvp(f, x, tx):\n    return derivative({_items('x', primals)}, {_items('tx', primals)})\n"
    return _written(text, {"derivative": derivative}, "jvp")


# ---------------------------------------------------------------------------------- reverse


def _vjp(function: Any, args: tuple) -> Any:
    """What a call ``vjp(f, *primals)`` runs."""
    errors = numba("core.errors")
    if not args:
        raise errors.TypingError("vjp takes the function and at least one argument: vjp(f, x)")
    derivative = Derived(function, Mode(tuple(range(len(args))), False, False, "vjp", 1))
    words = [f"a{k}" for k in range(len(args))]
    kept = "".join(f"{_copied(word, type_)}, " for word, type_ in zip(words, args, strict=True))
    text = "\n".join([
        f"def vjp(f, {', '.join(words)}):",
        f"    pullback = bound(({kept}))",
        f"    return f({', '.join(words)}), pullback",
    ])  # fmt: skip
    return _written(text, {"bound": _bound(derivative)}, "vjp")


def _copied(word: str, type_: Any) -> str:
    """The expression of a copy: arrays are copied, in tuples too."""
    types = numba("core.types")
    if isinstance(type_, types.Array):
        return f"{word}.copy()"
    if isinstance(type_, types.BaseTuple) and not isinstance(type_, types.BaseNamedTuple):
        return "(" + "".join(f"{_copied(f'{word}[{k}]', t)}, " for k, t in enumerate(type_)) + ")"
    return word


@cache
def _pullback_class() -> Any:
    """The class of the types of pullbacks."""
    types, extending = numba("core.types"), numba("extending")
    typing = numba("core.typing")

    class PullbackType(types.Callable):  # type: ignore[name-defined]
        """The type of a pullback: of which function, and what its arguments are."""

        def __init__(self, derivative: Any, primals: Any):
            self.primals = primals
            self.pull = _pull(derivative, len(primals))
            super().__init__(f"pullback of {derivative.fun!r} at {id(derivative):#x} ({primals})")

        def get_call_type(self, context: Any, args: tuple, kws: dict) -> Any:
            if kws or len(args) != 1:
                raise numba("core.errors").TypingError("a pullback takes one cotangent, by position")
            args = tuple(types.unliteral(a) for a in args)
            found = signature_of(context, self.pull, (self, *args))
            return typing.signature(found.return_type, *args, recvr=self) if found else None

        def get_call_signatures(self) -> tuple:
            return list(self.pull.nopython_signatures), True

        def get_impl_key(self, signature: Any) -> Any:
            return self.pull.get_overload(signature.args)

    @extending.register_model(PullbackType)
    class PullbackModel(extending.models.StructModel):  # type: ignore[name-defined]
        def __init__(self, manager: Any, type_: Any):
            super().__init__(manager, type_, [("primals", type_.primals)])

    return PullbackType


def _bound(derivative: Any) -> Any:
    """The function that makes a pullback of a tuple of arguments."""
    extending, cgutils = numba("extending"), numba("core.cgutils")
    made: dict[Any, Any] = {}

    @extending.intrinsic
    def bound(context: Any, primals: Any) -> Any:
        type_ = made.get(primals)
        if type_ is None:
            type_ = made[primals] = _pullback_class()(derivative, primals)

        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pullback = cgutils.create_struct_proxy(signature.return_type)(context, builder)
            pullback.primals = args[0]
            context.nrt.incref(builder, signature.args[0], args[0])
            return pullback._getvalue()

        return type_(primals), lower

    return bound


def _pull(derivative: Any, count: int) -> Any:
    """What a call of a pullback runs."""
    extending, cgutils = numba("extending"), numba("core.cgutils")

    @extending.intrinsic
    def unbound(context: Any, pullback: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            held = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=args[0])
            context.nrt.incref(builder, signature.return_type, held.primals)
            return held.primals

        return pullback.primals(pullback), lower

    text = "\n".join([
        "def pull(pullback, dy):",
        "    x = unbound(pullback)",
        f"    return derivative({_items('x', count)}, dy)",
    ])
    return _written(text, {"derivative": derivative, "unbound": unbound}, "pull")
