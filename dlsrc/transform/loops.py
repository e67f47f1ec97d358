"""Loops of the user's → `For` and `While`, with everything that they carry listed.

    s = 0.0                     For(i, 0, n, 1,
    for i in range(n):      →       carries (s: header s', init 0.0, out s'', result s),
        s += x[i]                   body (v1 = x[i]; s'' = s' + v1))

The body is built with a header value for every name that it assigns.  If a type turns out to be wider
after the body than it was before (an int that becomes a float), the body is built again with the wider
one.  Loops over static containers are written out, one trip after the other.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..kernels.types import Array, Scalar, Type
from .binding import Binding, Container, Iterator, Maybe, Poison, Range, Static, Unbound
from .context import Context, Frame, describe
from .expressions import evaluate, truth
from .ir import UNBOUND, Atom, Carry, Const, For, Value, While
from .items import has_static_items, item_of, static_items
from .statements import assign, assigned_names, lower_block, statement
from .subscripts import NeedUnroll, read_array

__all__: list[str] = []

LONGEST_UNROLLED = 400
ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Built:
    """A loop's body as it came out: statements, carries, the flag that ends the loop."""

    test: tuple
    cond: Atom
    body: tuple
    carries: tuple[Carry, ...]
    stop_flag: Atom | None
    after: dict


@statement(ast.For)
def for_(ctx: Context, frame: Frame, node: ast.For) -> None:
    iterable = ctx.contents(evaluate(ctx, frame, node.iter))
    if isinstance(iterable, Range) and frame.composite is not None and _literal(iterable):
        unroll(ctx, frame, node, static_items(ctx, iterable))
        return
    if not isinstance(iterable, Range) and has_static_items(ctx, iterable):
        unroll(ctx, frame, node, static_items(ctx, iterable))
        return
    before, block_length = ctx.snapshot(), len(ctx.block)
    try:
        counted(ctx, frame, node, iterable)
    except NeedUnroll:
        ctx.restore(before)
        del ctx.block[block_length:]
        if not isinstance(iterable, Range) or not _literal(iterable):
            raise ctx.refuse(
                "the counter of this loop indexes a container of unlike items, so the number of trips must be known: "
                "loop over the container itself"
            ) from None
        unroll(ctx, frame, node, static_items(ctx, iterable))


def _literal(iterable: Range) -> bool:
    return all(isinstance(a, Const) for a in (iterable.start, iterable.stop, iterable.step))


def unroll(ctx: Context, frame: Frame, node: ast.For, items: list[Binding]) -> None:
    """One trip after the other."""
    if len(items) > LONGEST_UNROLLED:
        raise ctx.refuse(f"a loop over {len(items)} unlike items would be written out; put the items into one array")
    body, flag = _split_flag(node)
    if flag is not None:
        raise ctx.refuse("break and return out of a loop over a container are not supported yet; loop over a range")
    for item in items:
        assign(ctx, frame, node.target, item)
        lower_block(ctx, frame, body)


def counted(ctx: Context, frame: Frame, node: ast.For, iterable: Binding) -> None:
    """A loop with a counter."""
    if isinstance(iterable, Range):
        start, stop, step = iterable.start, iterable.stop, iterable.step
    else:
        start, stop, step = Const(0), trips_of(ctx, iterable), Const(1)
    if not isinstance(step, Const):
        raise ctx.refuse("the step of a range must be a literal or a static argument; loop over range(n) and compute the index")
    index = ctx.value(Scalar("int64", weak=True))
    body, flag = _split_flag(node)

    def head() -> Atom:
        item = index if isinstance(iterable, Range) else loop_item(ctx, iterable, index)
        assign(ctx, frame, node.target, item)
        if isinstance(node.target, ast.Name) and item is index:
            ctx.hints[index] = node.target.id
        elif isinstance(iterable, Iterator) and isinstance(node.target, ast.Tuple) and isinstance(node.target.elts[0], ast.Name):
            if ctx.contents(frame.env.get(node.target.elts[0].id, Static(None))) is index:
                ctx.hints[index] = node.target.elts[0].id
        return Const(True)

    built = build(ctx, frame, assigned_names([node]), head, body, flag, in_test=False)
    runs = ctx.op("less" if step.value > 0 else "greater", start, stop)
    ctx.add(For(index, start, stop, step, built.carries, (*built.test, *built.body), built.stop_flag, None, ctx.loc))
    settle_after(ctx, built, runs)


def trips_of(ctx: Context, iterable: Binding) -> Atom:
    """How many items a loop over this takes."""
    inner = ctx.contents(iterable)
    if isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array):
        return ctx.dim(inner, 0)
    if isinstance(inner, Iterator) and inner.kind in ("zip", "enumerate"):
        counts = [trips_of(ctx, item) for item in inner.items]
        total = counts[0]
        for other in counts[1:]:
            total = ctx.op("minimum", total, other)
        return total
    if isinstance(inner, Range) and inner.step in (Const(1), Const(-1)):
        ends = (inner.stop, inner.start) if inner.step == Const(1) else (inner.start, inner.stop)
        return ctx.op("maximum", ctx.op("subtract", *ends), Const(0))
    raise ctx.refuse(f"a loop cannot run over {describe(inner, ctx)}; loop over range(n)")


def loop_item(ctx: Context, iterable: Binding, k: Atom) -> Binding:
    """The item of trip ``k``."""
    inner = ctx.contents(iterable)
    if isinstance(inner, Value):
        block = len(ctx.block)
        item = read_array(ctx, inner, [k])
        ctx.block[block:] = [s for s in ctx.block[block:] if type(s).__name__ != "Check"]  # k < len by construction
        return item
    if isinstance(inner, Iterator) and inner.kind == "zip":
        return Container("tuple", tuple(loop_item(ctx, item, k) for item in inner.items))
    if isinstance(inner, Iterator) and inner.kind == "enumerate":
        number = k if inner.start in (None, Const(0)) else ctx.op("add", k, inner.start)
        return Container("tuple", (number, loop_item(ctx, inner.items[0], k)))
    return item_of(ctx, inner, k)


@statement(ast.While)
def while_(ctx: Context, frame: Frame, node: ast.While) -> None:
    body, flag = _split_flag(node)
    walrus = any(isinstance(n, ast.NamedExpr) for n in ast.walk(node.test))
    if walrus:
        raise ctx.refuse("an assignment inside the condition of a while loop is not supported; assign before the loop and at its end")

    def head() -> Atom:
        return truth(ctx, evaluate(ctx, frame, node.test))

    built = build(ctx, frame, assigned_names([node]), head, body, flag, in_test=True)
    ctx.add(While(built.carries, built.test, built.cond, built.body, built.stop_flag, None, ctx.loc))
    settle_after(ctx, built, None)


def _split_flag(node: ast.For | ast.While) -> tuple[list, str | None]:
    """The body without its last ``if flag: break``, and the flag's name."""
    last = node.body[-1]
    if isinstance(last, ast.If) and len(last.body) == 1 and isinstance(last.body[0], ast.Break):
        assert isinstance(last.test, ast.Name)
        return node.body[:-1], last.test.id
    return node.body, None


# ---------------------------------------------------------------------------------- the fixed point


def build(ctx: Context, frame: Frame, names: set[str], head: Callable[[], Atom], body: list, flag: str | None, *, in_test: bool) -> Built:
    """Build the body until the types and the places that it changes are stable."""
    before = ctx.snapshot()
    start_state = ctx.state()
    problems = len(ctx.problems)
    places = {p for p in start_state if p[0] is not None and p[1] in names and (p[0] is frame or _sees(frame, p[0]))}
    wider: dict[tuple, Type] = {}
    late: dict[tuple, Type] = {}                 # names that get their first value on some way through the body
    for _ in range(ROUNDS):
        ctx.restore(before)
        del ctx.problems[problems:]
        ctx.unbound_reads.clear()
        headers: dict[tuple, Value] = {}
        for place, type_ in late.items():
            ctx.put(place, _late_header(ctx, place, type_, headers, wider))
        for place in places:
            ctx.put(place, header_of(ctx, start_state[place], place, (), headers, wider))
        inside_state = ctx.state()
        with ctx.collecting() as test:
            cond = head()
        with ctx.collecting() as block:
            lower_block(ctx, frame, body)
            stop = truth(ctx, frame.env[flag]) if flag is not None else None
        died, ctx.dead = ctx.dead, before[2]
        end_state = ctx.state()
        changed = {p for p in start_state if p not in places and end_state.get(p) is not inside_state.get(p) and end_state.get(p) != inside_state.get(p)}
        if changed and not died:
            places |= changed
            continue
        found = _assigned_late(ctx, frame, names, start_state, end_state, late)
        if found:
            late |= found
            continue
        if not widen(ctx, start_state, end_state, places, headers, wider, died):
            break
    else:
        raise ctx.refuse("the types in this loop do not settle; give its variables one type before the loop")
    carries: list[Carry] = []
    after: dict = {}
    firsts = {place: _nothing(ctx, ctx.type_of(headers[(place, ())])) for place in late}
    with ctx.collecting() as tail:
        for place in sorted(end_state, key=lambda p: (p[0] is frame, str(p[1]))):
            binding = end_state[place]
            if place in places:
                after[place] = carried(ctx, start_state[place], binding, place, (), headers, carries, died)
            elif place in late:
                after[place] = _late_carried(ctx, place, binding, headers, carries, firsts)
            elif place not in start_state and place[0] is frame:
                after[place] = first_assigned(ctx, binding, str(place[1]), carries, frame)
    ctx.restore(before)
    return Built(tuple(test), cond, (*block, *tail), tuple(carries), stop, after)


def _assigned_late(ctx: Context, frame: Frame, names: set[str], start: dict, end: dict, late: dict) -> dict[tuple, Type]:
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


def _nothing(ctx: Context, type_: Type) -> Atom:
    """What stands in a name before its first value; nothing reads it, but it is kept like the values."""
    if isinstance(type_, Array):
        op = "empty_vector" if type_.ndim == 1 else f"empty{type_.ndim}"
        return ctx.op(op, *(Const(0),) * type_.ndim, dtype=type_.dtype)
    return Const(False) if type_.dtype == "bool" else ctx.cast(Const(0), type_)


def _late_header(ctx: Context, place: tuple, type_: Type, headers: dict, wider: dict) -> Binding:
    header, bound = ctx.value(wider.get((place, ()), type_)), ctx.value(Scalar("bool"))
    ctx.hints[header] = str(place[1])
    headers[(place, ())] = header
    headers[(place, ("bound",))] = bound
    return Maybe(header, bound, str(place[1]))


def _late_carried(ctx: Context, place: tuple, out: Binding, headers: dict, carries: list, firsts: dict) -> Binding:
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


def _sees(frame: Frame, owner: Any) -> bool:
    where: Frame | None = frame.parent
    while where is not None:
        if where is owner:
            return True
        where = where.parent
    return False


def header_of(ctx: Context, binding: Binding, place: tuple, path: tuple, headers: dict, wider: dict) -> Binding:
    """The binding at the start of a trip: fresh values for atoms, the same for what is static."""
    if isinstance(binding, Value | Const):
        type_ = wider.get((place, path), ctx.type_of(binding))
        header = ctx.value(type_)
        ctx.hints[header] = str(place[1])
        headers[(place, path)] = header
        return header
    if isinstance(binding, Container):
        return binding.with_items(
            header_of(ctx, item, place, (*path, k), headers, wider) for k, item in enumerate(binding.items)
        )
    if isinstance(binding, Maybe):
        return Maybe(
            header_of(ctx, binding.binding, place, (*path, "value"), headers, wider),
            header_of(ctx, binding.bound, place, (*path, "bound"), headers, wider), binding.name,
        )  # fmt: skip
    return binding


def widen(ctx: Context, start: dict, end: dict, places: set, headers: dict, wider: dict, died: bool) -> bool:
    """Note the types that the body's end asks for; true if one of them is new."""
    again = False
    if died:
        return False
    for (place, path), header in headers.items():
        out = _at(end.get(place), path)
        if not isinstance(out, Value | Const):
            continue
        joined = ctx.join(ctx.type_of(header), ctx.type_of(out))
        if joined is None:
            continue  # reported by carried
        if joined != ctx.type_of(header):
            wider[(place, path)] = joined
            again = True
    return again


def _at(binding: Any, path: tuple) -> Any:
    if isinstance(binding, Maybe) and path in ((), ("bound",)):
        return binding.bound if path else binding.binding
    for step in path:
        if isinstance(binding, Maybe):
            binding = binding.binding if step == "value" else binding.bound
        elif isinstance(binding, Container) and step not in ("value", "bound") and step < len(binding.items):
            binding = binding.items[step]
        elif step == "value":
            continue  # was bound on some ways only, is bound on all of them now
        else:
            return Const(True) if step == "bound" else None
    return binding


def carried(ctx, init, out, place, path, headers, carries, died) -> Binding:
    """The binding after the loop of a place that the body changes."""
    name = str(place[1])
    header = headers.get((place, path))
    if header is not None:
        start = init
        if died:
            out = header
        if out is header and ctx.type_of(header) == ctx.type_of(start):
            ctx.replaced[header] = start
            return start
        if isinstance(out, Poison):
            return out
        if isinstance(out, Maybe):
            return Poison(f"`{name}` may lose its value in this loop; assign it on every way", ctx.loc)
        if not isinstance(out, Value | Const):
            return Poison(f"`{name}` is a number before this loop and {describe(out, ctx)} at its end; give it one type", ctx.loc)
        if ctx.join(ctx.type_of(header), ctx.type_of(out)) is None:
            return Poison(
                f"`{name}` is {describe(header, ctx)} before this loop and {describe(out, ctx)} at its end; give it one type",
                ctx.loc,
            )
        type_ = ctx.type_of(header)
        result = ctx.value(type_)
        ctx.hints[result] = name
        carries.append(Carry(header, start, ctx.cast(out, type_), result))
        return result
    if isinstance(init, Container) and init.same_structure(out):
        return init.with_items(
            carried(ctx, a, b, place, (*path, k), headers, carries, died)
            for k, (a, b) in enumerate(zip(init.items, out.items, strict=True))
        )
    if isinstance(init, Maybe):
        inner = out if isinstance(out, Maybe) else Maybe(out, Const(True), init.name)
        return Maybe(
            carried(ctx, init.binding, inner.binding, place, (*path, "value"), headers, carries, died),
            carried(ctx, init.bound, inner.bound, place, (*path, "bound"), headers, carries, died), init.name,
        )  # fmt: skip
    if init is out or init == out or died:
        return init
    if isinstance(init, Unbound):
        return first_assigned(ctx, out, name, carries, place[0])
    if isinstance(out, Poison):
        return out
    what = "this list" if place[0] == "heap" else f"`{name}`"
    return Poison(
        f"{what} is {describe(init, ctx)} before this loop and {describe(out, ctx)} at its end; what it is must not "
        "depend on the number of trips: allocate an array before the loop and write its elements",
        ctx.grown_at.get(place[1], ctx.loc) if place[0] == "heap" else ctx.loc,
    )


def first_assigned(ctx: Context, binding: Binding, name: str, carries: list, frame: Any) -> Binding:
    """A name that the body binds first: its last value, if there was a trip."""
    if isinstance(binding, Value):
        header, result = (ctx.value(ctx.type_of(binding)) for _ in range(2))
        ctx.hints[header] = ctx.hints[result] = name
        carries.append(Carry(header, UNBOUND, binding, result))
        return Maybe(result, UNBOUND, name)  # the test is put in by settle_after
    if isinstance(binding, Container):
        inner = binding.with_items(first_assigned(ctx, item, name, carries, frame) for item in binding.items)
        stripped = inner.with_items(i.binding if isinstance(i, Maybe) else i for i in inner.items)
        return Maybe(stripped, UNBOUND, name)
    if isinstance(binding, Maybe):
        return Poison(f"`{name}` may have no value after this loop; assign it before the loop")
    return Maybe(binding, UNBOUND, name) if isinstance(binding, Const | Static) else binding


def settle_after(ctx: Context, built: Built, runs: Atom | None) -> None:
    """Bind what the loop leaves behind."""
    loop: Any = ctx.block[-1]
    for carry in loop.carries:
        ctx.origin[carry.result] = ctx.origin[carry.header] = loop
    for place, binding in built.after.items():
        generated = getattr(getattr(place[0], "parsed", None), "generated", ())
        if isinstance(binding, Maybe) and binding.bound is UNBOUND:
            if place[1] in generated:
                binding = binding.binding
            elif runs is None or built.stop_flag is not None:
                binding = Poison(f"`{binding.name}` may have no value after this loop; assign it before the loop") if runs is None else Maybe(binding.binding, runs, binding.name)
            else:
                binding = Maybe(binding.binding, runs, binding.name)
        ctx.put(place, binding)
