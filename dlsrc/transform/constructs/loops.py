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
from typing import Any

from ...kernels.types import Scalar, Type
from ...records import record
from ..building.atoms import truth
from ..building.binding import Binding, Container, Grown, Iterator, Maybe, Perhaps, Poison, Range, Ref, Static
from ..building.context import Context, Frame, Refused
from ..building.items import has_static_items, static_items
from ..building.merging import branch
from ..checkpointing.heads import in_head
from ..columns.growth import Growth, Room
from ..columns.packed import NeedPacked, pack_for
from ..ir import UNBOUND, Atom, Carry, Const, For, Value, While, atoms_read, walk
from .carrying import (
    Trip, assigned_late, carried, first_assigned, header_of, late_carried, late_header, nothing, widen,
)
from .conditions import condition
from .expressions import evaluate
from .iteration import fewest_items, loop_item, trips_of
from .optional import assuming, perhaps_of
from .rebinding import Rebinding
from .statements import assign, assigned_names, lower_block, statement
from .subscripts import NeedUnroll
from .unbound import on_this_way

__all__: list[str] = []

LONGEST_UNROLLED = 400
ROUNDS = 12


@record(frozen=True)
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
    with in_head(ctx) as head:
        iterable = ctx.contents(evaluate(ctx, frame, node.iter))
    if isinstance(iterable, Range) and frame.composite is not None and _literal(iterable):
        unroll(ctx, frame, node, static_items(ctx, iterable))
        return
    if not isinstance(iterable, Range) and has_static_items(ctx, iterable):
        if head.asked is not None:
            raise ctx.refuse(
                "a loop over the items of a list or tuple is written out, and has no checkpoints; leave out "
                "`checkpointed`"
            )
        pack_for(ctx, frame, iterable)
        count = fewest_items(ctx, iterable)
        if count is None:
            unroll(ctx, frame, node, static_items(ctx, iterable))
        else:  # beside an array, whose length is known at run time only
            unroll(ctx, frame, node, list(range(count)), iterable)
        return
    before, block_length = ctx.snapshot(), len(ctx.block)
    try:
        counted(ctx, frame, node, iterable, head.asked)
    except NeedUnroll as need:
        ctx.restore(before)
        del ctx.block[block_length:]
        if isinstance(iterable, Range):
            ctx.known_bounds(iterable.start, iterable.stop, iterable.step)
        if not isinstance(iterable, Range) or not _literal(iterable):
            if need.path is not None:
                raise NeedPacked(frozenset({need.path})) from None
            raise ctx.refuse(
                "the counter of this loop indexes a container of unlike items, so the number of trips must "
                "be known: "
                "loop over the container itself"
            ) from None
        unroll(ctx, frame, node, static_items(ctx, iterable))


def _literal(iterable: Range) -> bool:
    return all(isinstance(a, Const) for a in (iterable.start, iterable.stop, iterable.step))


def unroll(
    ctx: Context, frame: Frame, node: ast.For, items: list, iterable: Binding | None = None
) -> None:
    """One trip after the other; the items of ``iterable``, if it is given, are numbered by ``items``."""
    if len(items) > LONGEST_UNROLLED:
        raise ctx.refuse(
            f"a loop over {len(items)} unlike items would be written out; put the items into one array"
        )
    body, flag = _split_flag(node)

    def trip(item: Any) -> Callable[[], Binding]:
        def run() -> Binding:
            given = item if iterable is None else loop_item(ctx, iterable, Const(item))
            assign(ctx, frame, node.target, given)
            lower_block(ctx, frame, body)
            return Static(None)

        return run

    size = None if iterable is None else trips_of(ctx, iterable)
    for number, item in enumerate(items):
        left = Const(False) if flag is None or not number else truth(ctx, frame.env[flag])
        runs = ctx.op("logical_not", left)
        if size is not None:
            runs = ctx.op("logical_and", runs, ctx.op("less", Const(number), size))
        if runs == Const(False):
            return
        if runs == Const(True):
            trip(item)()
        else:
            branch(ctx, runs, trip(item), lambda: Static(None))
        if ctx.dead:
            return


def counted(
    ctx: Context, frame: Frame, node: ast.For, iterable: Binding, checkpoint: str | int | None = None
) -> None:
    """A loop with a counter."""
    direct = isinstance(iterable, Range) and isinstance(iterable.step, Const)
    if direct:
        start, stop, step = iterable.start, iterable.stop, iterable.step
    else:
        start, stop, step = Const(0), trips_of(ctx, iterable), Const(1)
    index = ctx.value(Scalar("int64", weak=True))
    ctx.hints[index] = _counter_name(ctx)
    ctx.lists.counters.add(index)
    body, flag = _split_flag(node)

    def head() -> Atom:
        item = index if direct else loop_item(ctx, iterable, index)
        assign(ctx, frame, node.target, item)
        if isinstance(node.target, ast.Name) and item is index:
            ctx.hints[index] = node.target.id
        elif (
            isinstance(iterable, Iterator) and isinstance(node.target, ast.Tuple)
            and isinstance(node.target.elts[0], ast.Name)
        ):
            if ctx.contents(frame.env.get(node.target.elts[0].id, Static(None))) is index:
                ctx.hints[index] = node.target.elts[0].id
        return Const(True)

    def trip() -> Atom:
        past = index if start == Const(0) else ctx.op("subtract", index, start)
        return past if step == Const(1) else ctx.op("floor_divide", past, step)

    room = None if flag is not None else Room(lambda: trips_of(ctx, Range(start, stop, step)), trip)
    built = build(ctx, frame, assigned_names([node]), head, body, flag, in_test=False, room=room)
    runs = ctx.op("less" if step.value > 0 else "greater", start, stop)
    ctx.add(
        For(
            index, start, stop, step, built.carries, (*built.test, *built.body), built.stop_flag, None,
            ctx.loc, checkpoint,
        )
    )
    settle_after(ctx, built, runs)


def _counter_name(ctx: Context) -> str:
    """What to call a counter that the user has no name for; none that is a name of the user's here."""
    taken = {name for frame in ctx.frames for name in (*frame.locals, *frame.env)}
    return next((name for name in "kijmn" if name not in taken), "")


@statement(ast.While)
def while_(ctx: Context, frame: Frame, node: ast.While) -> None:
    body, flag = _split_flag(node)

    def head() -> Atom:
        return condition(ctx, frame, node.test)

    built = build(ctx, frame, assigned_names([node]), head, body, flag, in_test=True)
    ctx.add(While(built.carries, built.test, built.cond, built.body, built.stop_flag, None, ctx.loc))
    settle_after(ctx, built, built.cond if built.cond == Const(True) else None)


def _split_flag(node: ast.For | ast.While) -> tuple[list, str | None]:
    """The body without its last ``if flag: break``, and the flag's name."""
    last = node.body[-1]
    if isinstance(last, ast.If) and len(last.body) == 1 and isinstance(last.body[0], ast.Break):
        assert isinstance(last.test, ast.Name)
        return node.body[:-1], last.test.id
    return node.body, None


# ---------------------------------------------------------------------------------- the fixed point


def build(
    ctx: Context, frame: Frame, names: set[str], head: Callable[[], Atom], body: list, flag: str | None, *,
    in_test: bool, room: Room | None = None,
) -> Built:
    """Build the body until the types and the places that it changes are stable."""
    before = ctx.snapshot()
    start_state = ctx.state()
    problems = len(ctx.problems)
    places = {
        p for p in start_state if p[0] is not None and p[1] in names and (p[0] is frame or _sees(frame, p[0]))
    }
    wider: dict[tuple, Type] = {}
    late: dict[tuple, Type] = {}  # names that get their first value on some way through the body
    around, assumed, looked_at = set(ctx.unbound_reads), ctx.assumed, ctx.looked_at
    growth, rebound = Growth(ctx, frame, body, room), Rebinding(ctx)
    # What is in a list may be known only once that of another is, so there is a round for each more.
    for _ in range(ROUNDS + 2 * len(growth.named())):
        ctx.restore(before)
        del ctx.problems[problems:]
        ctx.unbound_reads.clear()
        ctx.assumed, ctx.looked_at = assumed, {}
        headers: dict[tuple, Value] = {}
        rebound.begin(start_state)
        for place, type_ in late.items():
            ctx.put(place, late_header(ctx, place, type_, headers, wider))
        for place in places:
            ctx.put(place, header_of(ctx, start_state[place], place, (), headers, wider, rebound))
        try:
            with ctx.collecting() as test, growth.building(), on_this_way(ctx, None):
                growth.begin()
                inside_state = ctx.state()
                cond = head()
            if in_test:
                _refuse_changes(ctx, inside_state)
            with ctx.collecting() as block, growth.building(), on_this_way(ctx, block):
                ctx.assumed = assuming(ctx, cond, True)
                lower_block(ctx, frame, body)
                stop = truth(ctx, frame.env[flag]) if flag is not None else None
            died, ctx.dead = ctx.dead, before[2]
            end_state = ctx.state()
            again = not died and growth.again(start_state, end_state)
        except NeedUnroll:
            if not growth.indexed(start_state):
                raise
            again, died = True, True
        absent = {} if died else _absent(ctx, start_state, end_state, before)
        if again or absent:
            ctx.restore(before)
            for place, binding in absent.items():
                ctx.put(place, binding)
            if again:
                growth.convert()
            before, start_state = ctx.snapshot(), ctx.state()
            places |= set(absent)
            places = (places | growth.carried) - growth.followed
            continue
        changed = {
            p
            for p in start_state
            if p not in places and p not in growth.followed
            and end_state.get(p) is not inside_state.get(p) and end_state.get(p) != inside_state.get(p)
        }
        if changed and not died:
            places |= changed
            continue
        found = assigned_late(ctx, frame, names, start_state, end_state, late)
        if found:
            late |= found
            continue
        if not died and rebound.again(end_state):
            places |= {place for place, _ in rebound.wanted}
            continue
        if not widen(ctx, end_state, headers, wider, died):
            break
    else:
        raise ctx.refuse("the types in this loop do not settle; give its variables one type before the loop")
    carries: list[Carry] = []
    after: dict = {}
    firsts = {place: nothing(ctx, ctx.type_of(headers[(place, ())])) for place in late}
    trip = Trip(headers, carries, died, rebound, end_state)
    unused = rebound.unused(end_state)
    with ctx.collecting() as tail:
        for place in sorted(end_state.keys() - unused, key=lambda p: (p[0] is frame, str(p[1]))):
            binding = end_state[place]
            if place in places:
                after[place] = carried(ctx, start_state[place], binding, place, (), trip)
            elif place in late:
                after[place] = late_carried(ctx, place, binding, headers, carries, firsts)
            elif place not in start_state and place[0] is frame:
                after[place] = first_assigned(ctx, binding, str(place[1]), carries, frame)
            elif place not in start_state and place[0] == "heap":
                made = first_assigned(ctx, binding, "", carries, frame)
                after[place] = made.binding if isinstance(made, Maybe) else made
    after |= rebound.made
    _refuse_lost(ctx, (*test, *block, *tail), (cond, stop), headers, carries, after)
    _refuse_stale(ctx, places, inside_state, after)
    ctx.assumed = assumed
    for place, read in looked_at.items():
        ctx.looked_at.setdefault(place, {}).update(read)
    ctx.restore(before)
    growth.finish(after)
    ctx.unbound_reads |= around
    return Built(tuple(test), cond, (*block, *tail), tuple(carries), stop, after)


def _absent(ctx: Context, start: dict, end: dict, before: tuple) -> dict:
    """The names that are None before the loop, or have None in them, and get a value in it."""
    now = ctx.snapshot()
    ctx.restore(before)
    found = {
        place: made for place, binding in start.items()
        if (made := perhaps_of(ctx, binding, end.get(place, binding), str(place[1]), end)) is not None
    }  # fmt: skip
    if found:
        found |= {("heap", n): made for n, made in ctx.heap.items() if n not in before[1]}
    ctx.restore(now)
    return found


def _refuse_lost(
    ctx: Context, body: tuple, ends: tuple, headers: dict, carries: list[Carry], after: dict
) -> None:
    """Refuse a body that reads what the trip before left, where that has no one type: it is not carried."""
    handed_on = {c.header for c in carries}
    lost = {
        header: found for (place, _), header in headers.items()
        if header not in handed_on and header not in ctx.replaced
        and (found := _poison_in(after.get(place), after)) is not None and found.message
    }
    if not lost:
        return
    read = [(a, s.loc) for s in walk(body) for a in atoms_read(s)]
    for atom, loc in (*read, *((a, ctx.loc) for a in (*ends, *(c.out for c in carries)))):
        if isinstance(atom, Value) and atom in lost:
            raise Refused(lost[atom].location or loc, lost[atom].message)


def _refuse_stale(ctx: Context, places: set, start: dict, after: dict) -> None:
    """Refuse a body that decides by what a name is at the start of a trip, where that is another thing in the
    next trip: of what is no number only one thing is known."""
    for place in places:
        poison = _poison_in(after.get(place), after)
        if poison is None or not poison.message:
            continue
        if id(start.get(place)) in ctx.looked_at.get(place, {}):
            raise Refused(poison.location or ctx.loc, poison.message)


def _poison_in(binding: Any, after: dict) -> Poison | None:
    """The refused part of a binding, if there is one, also in a list that the loop made."""
    if isinstance(binding, Poison):
        return binding
    if isinstance(binding, Perhaps):
        return _poison_in(binding.binding, after)
    if isinstance(binding, Ref) and ("heap", binding.number) in after:
        rest = {place: b for place, b in after.items() if place != ("heap", binding.number)}
        return _poison_in(after["heap", binding.number], rest)
    parts = binding.items if isinstance(binding, Container | Grown) else ()
    if isinstance(binding, Maybe):
        parts = (binding.binding, binding.bound)
    return next((found for part in parts if (found := _poison_in(part, after)) is not None), None)


def _refuse_changes(ctx: Context, before: dict) -> None:
    """Refuse a condition that changes a name: it is run once more than the body, which hides the change."""
    for place, binding in ctx.state().items():
        if place in before and binding is not before[place] and binding != before[place]:
            what = "a list" if place[0] == "heap" else f"`{place[1]}`"
            raise ctx.refuse(
                f"the condition of this while loop changes {what}; compute it in the body and before the loop"
            )


def _sees(frame: Frame, owner: Any) -> bool:
    where: Frame | None = frame.parent
    while where is not None:
        if where is owner:
            return True
        where = where.parent
    return False


def settle_after(ctx: Context, built: Built, runs: Atom | None) -> None:
    """Bind what the loop leaves behind."""
    loop: Any = ctx.block[-1]
    for carry in loop.carries:
        ctx.origin[carry.result] = ctx.origin[carry.header] = loop
    for place, binding in built.after.items():
        generated = getattr(getattr(place[0], "parsed", None), "generated", ())
        if isinstance(binding, Maybe) and binding.bound is UNBOUND:
            if place[1] in generated or runs == Const(True):
                binding = binding.binding
            elif runs is None:
                binding = Poison(
                    f"`{binding.name}` may have no value after this loop; assign it before the loop"
                )
            else:
                binding = Maybe(binding.binding, runs, binding.name)
        ctx.put(place, binding)
