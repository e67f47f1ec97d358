"""What a loop carries: a header for each value that a trip finds, its init, out and result.

    s = 0; loop: s = s + x[i]    →    carry s: header s', init 0, out s' + x[i], result s
    w bound in the loop only     →    carry w: no init; bound afterwards if there was a trip
"""

from typing import Any

from ...kernels.types import Array, Scalar, Type
from ...records import record
from ..building.binding import Binding, Container, Grown, Maybe, Perhaps, Poison, Ref, Static, Unbound
from ..building.cells import met
from ..building.context import Context, Frame, describe
from ..ir import UNBOUND, Atom, Carry, Const, Value
from .rebinding import Rebinding

__all__ = [
    "Trip", "assigned_late", "carried", "first_assigned", "header_of", "late_carried", "late_header",
    "nothing", "widen",
]


def assigned_late(
    ctx: Context, frame: Frame, names: set[str], start: dict, end: dict, late: dict
) -> dict[tuple, Type]:
    """Names without a value before the loop that the body assigns on some ways only, or reads first."""
    found: dict[tuple, Type] = {}
    generated = frame.parsed.generated
    for name in names:
        place = (frame, name)
        binding = end.get(place)
        inner = binding.binding if isinstance(binding, Maybe) else binding
        if place in start or place in late or name in generated or not isinstance(inner, Value):
            continue
        if isinstance(binding, Maybe) or (frame, name) in ctx.unbound_reads:
            found[place] = ctx.type_of(inner)
    return found


def nothing(ctx: Context, type_: Type) -> Atom:
    """What stands in a name before its first value; nothing reads it, but it is kept like the values."""
    if isinstance(type_, Array):
        op = "empty_vector" if type_.ndim == 1 else f"empty{type_.ndim}"
        return ctx.op(op, *(Const(0),) * type_.ndim, dtype=type_.dtype)
    return Const(False) if type_.dtype == "bool" else ctx.cast(Const(0), type_)


def late_header(ctx: Context, place: tuple, type_: Type, headers: dict, wider: dict) -> Binding:
    """The headers of a name without a value before the loop: its value, and whether it has one."""
    header, bound = ctx.value(wider.get((place, ()), type_)), ctx.value(Scalar("bool"))
    ctx.hints[header] = str(place[1])
    headers[(place, ())] = header
    headers[(place, ("bound",))] = bound
    return Maybe(header, bound, str(place[1]))


def late_carried(
    ctx: Context, place: tuple, out: Binding, headers: dict, carries: list, firsts: dict
) -> Binding:
    """The binding after the loop of such a name."""
    header, bound = headers[(place, ())], headers[(place, ("bound",))]
    value, known = (out.binding, out.bound) if isinstance(out, Maybe) else (out, Const(True))
    name = str(place[1])
    if not isinstance(value, Value | Const) or ctx.join(ctx.type_of(header), ctx.type_of(value)) is None:
        return Poison(f"`{name}` is not of one type in this loop; assign it before the loop")
    result, result_bound = ctx.value(ctx.type_of(header)), ctx.value(Scalar("bool"))
    ctx.hints[result] = name
    carries.append(Carry(header, firsts[place], ctx.cast(value, ctx.type_of(header)), result))
    carries.append(Carry(bound, Const(False), known, result_bound))
    return Maybe(result, result_bound, name)


def header_of(
    ctx: Context, binding: Binding, place: tuple, path: tuple, headers: dict, wider: dict, rebound: Rebinding
) -> Binding:
    """The binding at the start of a trip: fresh values for atoms, the same for what is static."""
    if isinstance(binding, Ref) and rebound.asked(binding, place, path):
        known = rebound.known(binding, place, path)
        if known is not None:
            return known
        made, contents = rebound.enter(binding, place, path)
        inside = header_of(ctx, contents, place, path, headers, wider, rebound)
        rebound.fill(made, inside)  # type: ignore[arg-type]
        return made
    if isinstance(binding, Value | Const):
        met(ctx, binding, rebound.start)
        type_ = wider.get((place, path), ctx.type_of(binding))
        header = ctx.value(type_)
        ctx.hints[header] = str(place[1])
        headers[(place, path)] = header
        return header
    if isinstance(binding, Container | Grown):
        items = [
            header_of(ctx, item, place, (*path, k), headers, wider, rebound)
            for k, item in enumerate(binding.items)
        ]
        for key, item in zip(binding.keys if isinstance(binding, Container) else (), items, strict=False):
            if isinstance(item, Value) and item in headers.values():
                ctx.hints[item] = f"{ctx.hints[item]}_{key}"
        return binding.with_items(items)
    if isinstance(binding, Perhaps):
        return Perhaps(
            header_of(ctx, binding.binding, place, (*path, "value"), headers, wider, rebound),
            header_of(ctx, binding.given, place, (*path, "bound"), headers, wider, rebound), binding.name,
        )  # type: ignore[arg-type]  # fmt: skip
    if isinstance(binding, Maybe):
        return Maybe(
            header_of(ctx, binding.binding, place, (*path, "value"), headers, wider, rebound),
            header_of(ctx, binding.bound, place, (*path, "bound"), headers, wider, rebound), binding.name,
        )  # fmt: skip
    return binding


def widen(ctx: Context, end: dict, headers: dict, wider: dict, died: bool) -> bool:
    """Note the types that the body's end asks for; true if one of them is new."""
    again = False
    if died:
        return False
    for (place, path), header in headers.items():
        out = _at(end.get(place), path, end)
        if not isinstance(out, Value | Const):
            continue
        met(ctx, out, end)
        joined = ctx.join(ctx.type_of(header), ctx.type_of(out))
        if joined is None:
            continue  # reported by carried
        if joined != ctx.type_of(header):
            wider[(place, path)] = joined
            again = True
    return again


def _at(binding: Any, path: tuple, state: dict) -> Any:
    if isinstance(binding, Maybe) and path in ((), ("bound",)):
        return binding.bound if path else binding.binding
    for step in path:
        if isinstance(binding, Ref):
            binding = state.get(("heap", binding.number))
        if isinstance(binding, Maybe):
            binding = binding.binding if step == "value" else binding.bound
        elif isinstance(binding, Perhaps):
            binding = binding.binding if step == "value" else binding.given
        elif isinstance(binding, Container | Grown) and isinstance(step, int) and step < len(binding.items):
            binding = binding.items[step]
        elif step == "value":
            continue  # was bound on some ways only, is bound on all of them now
        else:
            return Const(True) if step == "bound" else None
    return binding


@record(frozen=True)
class Trip:
    """How a body came out: what its values are at the start and at the end, and what is carried so far."""

    headers: dict[tuple, Value]
    carries: list[Carry]
    died: bool
    rebound: Rebinding
    end: dict


def carried(ctx, init, out, place, path, trip) -> Binding:
    """The binding after the loop of a place that the body changes."""
    name = str(place[1])
    header = trip.headers.get((place, path))
    if header is not None:
        start = init
        if trip.died:
            out = header
        if out is header and ctx.type_of(header) == ctx.type_of(start):
            ctx.replaced[header] = start
            return start
        if isinstance(out, Poison):
            return out
        if isinstance(out, Maybe):
            return Poison(f"`{name}` may lose its value in this loop; assign it on every way", ctx.loc)
        if not isinstance(out, Value | Const):
            return Poison(
                f"`{name}` is a number before this loop and {describe(out, ctx)} at its end; give it one "
                "type",
                ctx.loc,
            )
        if ctx.join(ctx.type_of(header), ctx.type_of(out)) is None:
            return Poison(
                f"`{name}` is {describe(header, ctx)} before this loop and {describe(out, ctx)} at its end; "
                "give it one type",
                ctx.loc,
            )
        type_ = ctx.type_of(header)
        result = ctx.value(type_)
        ctx.hints[result] = ctx.hints[header]
        trip.carries.append(Carry(header, start, ctx.cast(out, type_), result))
        return result
    if isinstance(init, Container | Grown) and init.same_structure(out):
        return init.with_items(
            carried(ctx, a, b, place, (*path, k), trip)
            for k, (a, b) in enumerate(zip(init.items, out.items, strict=True))
        )
    if isinstance(init, Perhaps):
        given: Any
        value, given = (out.binding, out.given) if isinstance(out, Perhaps) else (out, Const(True))
        if isinstance(out, Static) and out.value is None:
            value, given = _headers_in(init.binding, place, (*path, "value"), trip), Const(False)
        value = carried(ctx, init.binding, value, place, (*path, "value"), trip)
        given = carried(ctx, init.given, given, place, (*path, "bound"), trip)
        return value if isinstance(value, Poison) else Perhaps(value, given, init.name)
    if isinstance(init, Maybe):
        inner = out if isinstance(out, Maybe) else Maybe(out, Const(True), init.name)
        return Maybe(
            carried(ctx, init.binding, inner.binding, place, (*path, "value"), trip),
            carried(ctx, init.bound, inner.bound, place, (*path, "bound"), trip), init.name,
        )  # fmt: skip
    if init is out or init == out or trip.died:
        return init
    if (place, path) in trip.rebound.headers and isinstance(out, Ref):
        before, after = trip.rebound.start["heap", init.number], trip.end["heap", out.number]
        again = trip.rebound.left(place, path, out)
        if again is not None:
            return again
        if before.same_structure(after) and not trip.rebound.met(place, path):
            made = trip.rebound.leave(place, path, out, trip.end)
            found = carried(ctx, before, after, place, path, trip)
            trip.rebound.put(made, found)
            return made
    if isinstance(init, Unbound):
        return first_assigned(ctx, out, name, trip.carries, place[0])
    for side in (init, out):
        if isinstance(side, Poison):
            return side  # what is to be said of it has a reason of its own
    what = f"`{name}`"
    if isinstance(init, Ref) and isinstance(out, Ref) and describe(init, ctx) == describe(out, ctx):
        return Poison(
            f"{what} stands for another list (or dict) at the end of this loop than before it; change the "
            "items instead",
            ctx.loc,
        )
    if place[0] == "heap":
        what = "this object" if isinstance(init, Container) and init.cls is not None else "this list"
    advice = "allocate an array before the loop and write its elements"
    if place[0] != "heap" and not isinstance(init, Container | Ref):
        advice = "let a number or a truth value tell the trips apart, or write the first trip before the loop"
    return Poison(
        f"{what} is {describe(init, ctx)} before this loop and {describe(out, ctx)} at its end; what it is "
        f"must not depend on the number of trips: {advice}",
        ctx.lists.grown_at.get(place[1], ctx.loc) if place[0] == "heap" else ctx.loc,
    )


def _headers_in(binding: Binding, place: tuple, path: tuple, trip: Trip) -> Binding:
    """The binding that `header_of` made."""
    if isinstance(binding, Ref):
        return trip.rebound.of_trip(place, path) or binding
    if isinstance(binding, Value | Const):
        return trip.headers[(place, path)]
    if isinstance(binding, Container):
        return binding.with_items(
            _headers_in(item, place, (*path, k), trip) for k, item in enumerate(binding.items)
        )
    if isinstance(binding, Perhaps):
        return Perhaps(
            _headers_in(binding.binding, place, (*path, "value"), trip),
            trip.headers[(place, (*path, "bound"))], binding.name,
        )  # fmt: skip
    return binding


def first_assigned(ctx: Context, binding: Binding, name: str, carries: list, frame: Any) -> Binding:
    """A name that the body binds first: its last value, if there was a trip."""
    if isinstance(binding, Value):
        header, result = (ctx.value(ctx.type_of(binding)) for _ in range(2))
        ctx.hints[header] = ctx.hints[result] = name
        carries.append(Carry(header, UNBOUND, binding, result))
        return Maybe(result, UNBOUND, name)  # the test is put in by settle_after
    if isinstance(binding, Container | Grown):
        inner = binding.with_items(first_assigned(ctx, item, name, carries, frame) for item in binding.items)
        stripped = inner.with_items(i.binding if isinstance(i, Maybe) else i for i in inner.items)
        return Maybe(stripped, UNBOUND, name)
    if isinstance(binding, Maybe):
        return Poison(f"`{name}` may have no value after this loop; assign it before the loop")
    return Maybe(binding, UNBOUND, name) if isinstance(binding, Const | Static | Ref) else binding
