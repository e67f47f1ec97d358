"""Two ways to one binding: an `If` whose merges join what the ways leave behind.

    if c:                      If(c, (v1 = 2 * x;), (v2 = 0 - x;),
        y = 2 * x       →         merge y: v1 or v2)
    else:
        y = -x
"""

from collections.abc import Callable

from ...kernels.types import Scalar
from ...records import field, record
from ..columns.grown import alike
from ..constructs.optional import assuming, can_be_given, given_part, is_none, narrowed, nothing_like
from ..constructs.rebinding import held, share
from ..constructs.unbound import way
from ..ir import UNBOUND, Atom, Const, If, Merge, Value
from .binding import Binding, Container, Grown, Maybe, Perhaps, Poison, Ref, Static, Unbound
from .cells import met
from .context import Context, describe

__all__ = ["branch"]


def branch(ctx: Context, cond: Atom, then: Callable[[], Binding], orelse: Callable[[], Binding]) -> Binding:
    """Two ways to one binding, decided at run time."""
    before, around = ctx.snapshot(), ctx.assumed
    ctx.assumed = assuming(ctx, cond, True)
    with ctx.collecting() as then_block:
        first = way(ctx, then, then_block)
    known_then, ctx.assumed = ctx.assumed, around
    ctx.assumed = assuming(ctx, cond, False)
    after_then, state_then = ctx.snapshot(), ctx.state()
    ctx.restore(before)
    with ctx.collecting() as else_block:
        second = way(ctx, orelse, else_block)
    state_else = ctx.state()
    known_else, ctx.assumed = ctx.assumed, around
    dead_then, dead_else = after_then[2], ctx.dead
    if dead_then != dead_else:
        ctx.assumed = assuming(ctx, cond, dead_else)
    merges: list[Merge] = []
    ctx.dead = before[2] or (dead_then and dead_else)
    joined: dict = {}
    # Lists that were made on one way come out only with the names that stand for them.
    ctx.sides.append(Sides(frozenset(before[1]), state_then, state_else))
    for place in state_then | state_else:
        if place[0] == "heap" and place[1] not in before[1]:
            continue
        a, b = state_then.get(place, Unbound(str(place[1]))), state_else.get(place, Unbound(str(place[1])))
        if a is not b and a != b:
            a, b = narrowed(a, known_then), narrowed(b, known_else)
        joined[place] = merge(ctx, cond, a, b, merges, then_block, else_block, dead_then, dead_else, place)
    result = merge(
        ctx, cond, first, second, merges, then_block, else_block, dead_then, dead_else, (None, "the result")
    )
    for place, binding in joined.items():
        ctx.put(place, binding)
    made = ctx.sides.pop().made
    ctx.heap = {n: c for n, c in ctx.heap.items() if n in before[1]} | made
    ctx.add(If(cond, tuple(then_block), tuple(else_block), tuple(merges), ctx.loc))
    for one in merges:
        ctx.origin[one.target] = ctx.block[-1]
    return result


@record
class Sides:
    """The lists and dicts of two ways: known before, as each way left them, and what comes of new ones."""

    known: frozenset[int]
    then: dict
    orelse: dict
    made: dict[int, Binding] = field(default_factory=dict)
    pairs: dict[int, int] = field(default_factory=dict)
    joined: dict[tuple[int, int], Ref | None] = field(default_factory=dict)


def bring_out(ctx: Context, ref: Ref, merges: list[Merge], second: bool) -> Ref:
    """A list that was made on one way, with its items visible after the branch."""
    sides = ctx.sides[-1]
    if ref.number not in sides.known and ref.number not in sides.made:
        container = (sides.orelse if second else sides.then)[("heap", ref.number)]
        sides.made[ref.number] = container  # before its items: it may contain itself
        sides.made[ref.number] = only(ctx, container, merges, second)
    return ref


def merge_lists(ctx, cond, a, b, merges, then_block, else_block, place) -> Binding:
    """One list for a list made on each way; a name for two lists of which one is older is refused."""
    sides, name = ctx.sides[-1], str(place[1])
    refused = Poison(
        f"`{name}` stands for different lists (or dicts) on the two ways of this branch; change the items "
        "instead, or write the branch around its uses", ctx.loc,
    )  # fmt: skip
    if not isinstance(a, Ref) or not isinstance(b, Ref):
        return refused
    key = (a.number, b.number)
    if key in sides.joined:
        return sides.joined[key] or refused
    sides.joined[key] = None
    one, other = sides.then["heap", a.number], sides.orelse["heap", b.number]
    found = merge(ctx, cond, one, other, merges, then_block, else_block, False, False, place)
    if not isinstance(found, Container | Grown):
        return found if isinstance(found, Poison) else refused
    made = ctx.new_ref(found.with_items(found.items))
    sides.joined[key], sides.made[made.number] = made, ctx.heap[made.number]
    _note_copy(ctx, sides, key, made, place)
    return made


def _note_copy(ctx: Context, sides: "Sides", key: tuple[int, int], made: Ref, place: tuple) -> None:
    """Note that a merged list is a copy of one of two that may have other names."""
    (one, other), name = key, str(place[1])
    apart = all(sides.pairs.setdefault(x, y) == y for x, y in (key, key[::-1]))
    if apart and not sides.known & {one, other}:
        if {one, other} & ctx.lists.shared.keys():
            share(ctx, name, made.number, one, other)
        return  # each is new, and has no other partner: names for one of them stay names for one
    ctx.lists.copies.add(made.number)
    names = 0 if place[0] is None else 1  # a result has no name yet
    shared = held(sides.then, sides.then)[one] > names or held(sides.orelse, sides.orelse)[other] > names
    if shared or {one, other} & ctx.lists.shared.keys():
        share(ctx, name, one, other)
        for pair, ref in sides.joined.items():
            if ref is not None and {one, other} & set(pair):
                share(ctx, name, ref.number)


def merge(ctx, cond, a, b, merges, then_block, else_block, dead_then, dead_else, place) -> Binding:
    """One binding for what is ``a`` after the first way and ``b`` after the second."""
    if a is b or a == b:
        return a
    name, more = str(place[1]), int(place[0] is None)  # a result has no name yet
    for side, state in ((a, ctx.sides[-1].then), (b, ctx.sides[-1].orelse)):
        met(ctx, side, state, more)
    if dead_then or dead_else:
        if dead_then and dead_else:
            return a
        alive = b if dead_then else a
        return only(ctx, alive, merges, dead_then)
    if isinstance(a, Poison) or isinstance(b, Poison):
        reported, other = (a, b) if isinstance(a, Poison) else (b, a)
        if not reported.message and isinstance(other, Value):
            return only(ctx, other, merges, other is b)  # the loop around may yet give the name a value
        return reported
    if (is_none(a) or isinstance(a, Perhaps) or is_none(b) or isinstance(b, Perhaps)) and (
        can_be_given(a, ctx.sides[-1].then) or is_none(a)
    ) and (can_be_given(b, ctx.sides[-1].orelse) or is_none(b)):
        return perhaps(ctx, cond, a, b, merges, then_block, else_block, place)
    if isinstance(a, Ref) and isinstance(b, Ref | Value | Const | Container | Static):
        return merge_lists(ctx, cond, a, b, merges, then_block, else_block, place)
    if isinstance(b, Ref) and isinstance(a, Value | Const | Container | Static):
        return merge_lists(ctx, cond, a, b, merges, then_block, else_block, place)
    if place[0] == "heap" and isinstance(a, Container | Grown) and not a.same_structure(b):
        a, b = alike(ctx, a, b, then_block, else_block)
    if isinstance(a, Container | Grown) and a.same_structure(b):
        parts = [
            merge(ctx, cond, x, y, merges, then_block, else_block, False, False, (place[0], f"{name}[{k}]"))
            for k, (x, y) in enumerate(zip(a.items, b.items, strict=True))
        ]
        return a.with_items(parts)
    if isinstance(a, Unbound | Maybe) or isinstance(b, Unbound | Maybe):
        return partly(ctx, cond, a, b, merges, then_block, else_block, place)
    if isinstance(a, Value | Const) and isinstance(b, Value | Const):
        type_ = ctx.join(ctx.type_of(a), ctx.type_of(b))
        if type_ is None:
            return Poison(
                f"`{name}` is {describe(a, ctx)} on one way and {describe(b, ctx)} on the other; give it one "
                "type on both"
            )
        return merged_value(ctx, a, b, type_, name, merges, then_block, else_block)
    return Poison(
        f"`{name}` is {describe(a, ctx)} on one way and {describe(b, ctx)} on the other; which one is only "
        "known at run time: "
        "write the branch around its uses"
    )


def merged_value(ctx, a, b, type_, name, merges, then_block, else_block) -> Value:
    sides = []
    ctx.widened += ctx.type_of(a).dtype != ctx.type_of(b).dtype
    for atom, block in ((a, then_block), (b, else_block)):
        with ctx.collecting() as extra:
            sides.append(ctx.cast(atom, type_))
        block.extend(extra)
    target = ctx.value(type_)
    if name.isidentifier():
        ctx.hints[target] = name
    merges.append(Merge(target, *sides))
    return target


def only(ctx: Context, binding: Binding, merges: list[Merge], second: bool) -> Binding:
    """A binding from the one way that goes on (the other raised), brought out of its block."""
    if isinstance(binding, Value):
        target = ctx.value(ctx.type_of(binding))
        if binding in ctx.hints or binding.hint:
            ctx.hints[target] = ctx.hints.get(binding, binding.hint)
        merges.append(Merge(target, UNBOUND, binding) if second else Merge(target, binding, UNBOUND))
        return target
    if isinstance(binding, Ref):
        return bring_out(ctx, binding, merges, second)
    if isinstance(binding, Container | Grown):
        return binding.with_items(only(ctx, item, merges, second) for item in binding.items)
    if isinstance(binding, Perhaps):
        value, given = only(ctx, binding.binding, merges, second), only(ctx, binding.given, merges, second)
        return Perhaps(value, given, binding.name)  # type: ignore[arg-type]
    if isinstance(binding, Maybe):
        return Maybe(
            only(ctx, binding.binding, merges, second), only(ctx, binding.bound, merges, second), binding.name
        )
    return binding


def perhaps(ctx, cond, a, b, merges, then_block, else_block, place) -> Binding:
    """A name that is None on one way, or may be."""
    (x, x_given), (y, y_given) = given_part(a), given_part(b)
    if x is None or y is None:
        value = y if x is None else x
        assert value is not None
        if not isinstance(value, Const):
            there, absent = ctx.sides[-1].then, ctx.sides[-1].orelse
            if x is None:
                there, absent = absent, there
            with ctx.collecting() as extra:  # not unbound: a condition may look at it before it is asked for
                other = nothing_like(ctx, value, there)
            absent.update({("heap", n): c for n, c in ctx.heap.items() if ("heap", n) not in absent})
            (then_block if x is None else else_block).extend(extra)
            x, y = (other, value) if x is None else (value, other)
            value = merge(ctx, cond, x, y, merges, then_block, else_block, False, False, place)
    else:
        value = merge(ctx, cond, x, y, merges, then_block, else_block, False, False, place)
    if isinstance(value, Poison):
        return value
    if (x_given, y_given) == (Const(True), Const(False)):
        given = cond
    elif (x_given, y_given) == (Const(False), Const(True)):
        given = ctx.op("logical_not", cond)
    elif x_given == y_given:
        given = x_given
    else:
        given = merged_value(ctx, x_given, y_given, Scalar("bool"), "", merges, then_block, else_block)
    return value if given == Const(True) else Perhaps(value, given, str(place[1]))


def partly(ctx, cond, a, b, merges, then_block, else_block, place) -> Binding:
    """A name that one of the two ways does not bind."""
    name = str(place[1])
    sides = []
    for side in (a, b):
        if isinstance(side, Maybe):
            sides.append((side.binding, side.bound))
        else:
            sides.append((side, Const(not isinstance(side, Unbound))))
    (x, x_bound), (y, y_bound) = sides
    if isinstance(x, Unbound) and isinstance(y, Unbound):
        return x
    if isinstance(x, Unbound) or isinstance(y, Unbound):
        binding = only(ctx, y if isinstance(x, Unbound) else x, merges, isinstance(x, Unbound))
    else:
        binding = merge(ctx, cond, x, y, merges, then_block, else_block, False, False, place)
    owner = place[0]
    generated = getattr(getattr(owner, "parsed", None), "generated", ())
    if name in generated:
        return binding  # jump removal reads its own names only where they are bound
    if (x_bound, y_bound) == (Const(True), Const(False)):
        bound = cond
    else:
        bound = merged_value(ctx, x_bound, y_bound, Scalar("bool"), "", merges, then_block, else_block)
    return Maybe(binding, bound, name)
