"""What a call asks a derivative of: the names of its leaves, which of them are meant, whether they have one.

What is wrong with an argument is said before anything is built, as a TypeError that names it::

    grad(f)(np.arange(3))    f(): the gradient by `x` does not exist, it is of type int64 array; pass …
    grad(f)("abc")           f(): `x` is the string 'abc' and holds no numbers to differentiate by; pass …
"""

from types import FunctionType
from typing import Any

from ..cache import Mode
from ..containers.nodes import LEAF, Static, Structure
from ..signature import Call, Kind, arguments_of, names_of, positions_of

__all__ = ["argument_names", "call_names", "check_directions", "leaves_wanted", "positions_wanted"]


def call_names(function: FunctionType, call: Call, mode: Mode, skip: int) -> tuple[str, ...]:
    """How the user would write each leaf; tangents and cotangents are named after what they belong to."""
    names = list(names_of(function, call.structure, skip))
    positions = positions_of(call.structure)
    count = len(positions) - mode.extra
    for k, where in enumerate(positions[count:]):
        of = [names[j] for j in positions[count - mode.extra + k]] if mode.kind in ("jvp", "hvp") else []
        for n, j in enumerate(where):
            names[j] = f"t{of[n]}" if n < len(of) else "dy" if len(where) == 1 else f"dy[{n}]"
    return tuple(names)


def argument_names(names: tuple[str, ...], mode: Mode, count: int) -> tuple[str, ...]:
    """What each of ``count`` positional arguments is called in messages, before they are taken apart."""
    own = count - mode.extra
    if not mode.extra or own < 0:
        return names
    found = [names[k] if k < len(names) else f"argument {k}" for k in range(own)]
    if mode.kind == "vjp":
        return (*found, *("dy",) * mode.extra)
    by = [found[k % own] if own else "" for k in mode.argnums or ()]
    return (*found, *(f"the tangent of {name}" for name in by))


def positions_wanted(function: FunctionType, call: Call, mode: Mode) -> tuple[int, ...] | None:
    """The positions to differentiate by, counted from the start."""
    if mode.argnums is None:
        return None
    name, count = function.__name__, len(arguments_of(call.structure)[0]) - mode.extra
    for k in mode.argnums:
        if not -count <= k < count:
            raise TypeError(
                f"{name}(): argnums says to differentiate by argument {k}, and {count} were given by position"
            )
    found = tuple(k % count for k in mode.argnums)
    if len(set(found)) < len(found):
        raise TypeError(f"{name}(): argnums {mode.argnums} names one argument twice")
    return found


def leaves_wanted(
    function: FunctionType, call: Call, argnums: tuple[int, ...] | None, names: tuple[str, ...]
) -> tuple[bool, ...]:
    """Which leaves a derivative may be taken by: those at argnums, or all dlarrays.

    Raises
    ------
    TypeError
        If one of argnums is no real number.
    """
    if argnums is None:
        return tuple(kind.labels is not None for kind in call.kinds)
    positions = positions_of(call.structure)
    wanted = {k for n in argnums for k in positions[n]}
    for n in argnums:
        if not positions[n]:
            what = _held(arguments_of(call.structure)[0][n])
            raise TypeError(
                f"{function.__name__}(): {_argument(function, n)} is {what} and holds no numbers to "
                "differentiate by; pass a float, an array of floats or a container of them, or leave it out "
                "of argnums"
            )
    for k in sorted(wanted):
        kind, name = call.kinds[k], names[k]
        if not kind.dtype.startswith("float"):
            what = f"{kind.dtype} array" if kind.ndim else kind.cls.__name__
            remedy = f"{name}.astype(float)" if kind.ndim else f"float({name})"
            raise TypeError(
                f"{function.__name__}(): the gradient by `{name}` does not exist, it is of type {what}; "
                f"pass {remedy}, or leave it out of argnums"
            )
    return tuple(k in wanted for k in range(len(call.kinds)))


def _argument(function: FunctionType, n: int) -> str:
    """An argument by its name, where a parameter has one for it."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return f"`{names[n]}`" if n < len(names) else f"argument {n}"


def _held(node: Structure) -> str:
    """What an argument without numbers is."""
    if not isinstance(node, Static):
        return "an empty container"
    value = node.value
    if value is None or value is ...:
        return str(value)
    if isinstance(value, str | bytes):
        text = repr(value) if len(value) < 40 else f"{value[:30]!r}…"
        return f"the {'string' if isinstance(value, str) else 'bytes'} {text}"
    name = getattr(value, "__name__", None)
    kind = type(value).__name__
    if isinstance(name, str) and kind != "generator":
        return f"the {'class' if isinstance(value, type) else kind} {name}"
    return f"{'an' if kind[:1] in 'aeiouAEIO' else 'a'} {kind}"


def check_directions(function: FunctionType, call: Call, mode: Mode, names: tuple[str, ...]) -> None:
    """Each tangent is built like its argument, and has its number of dimensions.

    Raises
    ------
    TypeError
        If one is not.
    """
    if mode.kind not in ("jvp", "hvp") or not mode.extra:
        return
    arguments, positions = arguments_of(call.structure)[0], positions_of(call.structure)
    count = len(arguments) - mode.extra
    by = [n % count for n in mode.argnums or ()]
    for n, k in zip(by, range(count, len(arguments)), strict=False):
        named = _argument(function, n)
        if not _alike(arguments[n], arguments[k]):
            raise TypeError(
                f"{function.__name__}(): the tangent of {named} is {_built(call, k)} and not built like it; "
                "pass the same keys, lengths and classes, with a number or array for each"
            )
        for j, t in zip(positions[n], positions[k], strict=True):
            x, tx = call.kinds[j], call.kinds[t]
            if x.ndim != tx.ndim:
                raise TypeError(
                    f"{function.__name__}(): the tangent of `{names[j]}` is {_shown(tx)}, and `{names[j]}` "
                    f"is {_shown(x)}; pass a tangent of its shape"
                )


def _alike(one: Any, other: Any) -> bool:
    """Whether two structures have their leaves at the same places; what is no data may differ."""
    if one is LEAF or other is LEAF or isinstance(one, Static) or isinstance(other, Static):
        return one is other or isinstance(one, Static) and isinstance(other, Static)
    same = one._replace(children=()) == other._replace(children=()) if type(one) is type(other) else False
    return (
        same and len(one.children) == len(other.children)
        and all(map(_alike, one.children, other.children))
    )  # fmt: skip


def _built(call: Call, k: int) -> str:
    node = arguments_of(call.structure)[0][k]
    if node is LEAF:
        return _shown(call.kinds[positions_of(call.structure)[k][0]])
    held = len(positions_of(call.structure)[k])
    return f"a container of {held}" if held else _held(node)


def _shown(kind: Kind) -> str:
    if not kind.ndim:
        if kind.labels is not None or kind.cls.__name__ == "ndarray":
            return f"one {kind.dtype}"
        return f"{'an' if kind.cls.__name__[0] in 'aeiou' else 'a'} {kind.cls.__name__}"
    return f"a {kind.ndim}-d array of {kind.dtype}"
