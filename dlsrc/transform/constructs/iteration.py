"""What a loop can run over: ranges, arrays, ``zip``, ``enumerate``, ``map``, products of ranges.

    for k in range(len(x))          →    a loop up to dim(x, 0): ``range`` and ``len`` leave no operation
    for i, j in np.ndindex(n, m)    →    a loop up to n * m, with i = k // m and j = k % m
    for k, w in enumerate((a, b))   →    two trips, written out
"""

import functools
import itertools
from typing import Any

import numpy as np

from ...kernels.types import Array, Scalar
from ..building.atoms import as_atom, truth
from ..building.binding import Binding, Container, Grown, Iterator, Packed, Range, Shape, Static
from ..building.context import Context, describe
from ..building.items import has_static_items, item_of, length_of, static_items
from ..calling.specials import SPECIALS, given, special
from ..columns.grown import item_at
from ..columns.packed import count_of, reversed_of
from ..ir import Atom, Check, Const, If, Raise, Value
from .subscripts import read_array

__all__ = ["fewest_items", "loop_item", "trips_of"]

@special("range", range)
def range_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    atoms = [as_atom(ctx, a, "a bound of range") for a in args]
    for atom in atoms:
        if "int" not in ctx.type_of(atom).dtype:
            instead = "range(len(x)) for an array" if ctx.type_of(atom).ndim else "int(...)"
            raise ctx.refuse(f"range() takes integers, not {describe(atom, ctx)}; write {instead}")
    if not 1 <= len(atoms) <= 3:
        raise ctx.refuse(f"range() takes one to three integers, {len(atoms)} were given")
    atoms = [_as_counter(ctx, atom) for atom in atoms]
    start, stop, step = (Const(0), *atoms, Const(1)) if len(atoms) == 1 else (*atoms, Const(1))[:3]
    if step == Const(0):
        raise ctx.refuse("the step of a range must not be zero")
    if isinstance(step, Value):
        with ctx.collecting() as block:
            ctx.add(Raise("ValueError", f"{ctx.loc}: the step of a range must not be zero", ctx.loc))
        ctx.add(If(ctx.op("equal", step, Const(0)), tuple(block), (), (), ctx.loc))
    return Range(start, stop, step)


def _as_counter(ctx: Context, atom: Atom) -> Atom:
    """A number that a loop counts from or to, in 64 bits: a narrower one, or one without a sign, may wrap."""
    type_ = ctx.type_of(atom)
    if not isinstance(type_, Scalar) or type_.dtype == "int64" or "int" not in type_.dtype:
        return atom
    made = ctx.op("cast", atom, dtype="int64")
    if isinstance(made, Value):
        ctx.types[made] = Scalar("int64", weak=True)
    return made


@special("len", len)
def len_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    binding = given(ctx, "len", args, kwargs, "x")[0]
    inner = ctx.contents(binding)
    return trips_of(ctx, inner) if isinstance(inner, Range | Iterator) else length_of(ctx, inner)


@special("enumerate", enumerate)
def enumerate_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner, start = given(ctx, "enumerate", args, kwargs, "iterable", "start")
    first = Const(0) if start is None else _as_counter(ctx, as_atom(ctx, start))
    return Iterator("enumerate", (inner,), first)


@special("zip", zip)
def zip_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    if len(args) == 1 and isinstance(args[0], Iterator) and args[0].kind == "identity":
        return args[0].items[0]
    if "strict" in kwargs and ctx.static(kwargs["strict"], "strict"):
        counts = [trips_of(ctx, a) for a in args]
        for other in counts[1:]:
            with ctx.collecting() as block:
                ctx.add(Raise("ValueError", f"{ctx.loc}: zip() arguments of unequal lengths", ctx.loc))
            unlike = ctx.op("not_equal", counts[0], other)
            if unlike != Const(False):
                ctx.add(If(unlike, tuple(block), (), (), ctx.loc))
    return Iterator("zip", args)


@special("map", map)
def map_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return Iterator("map", args)


@special("filter", filter)
def filter_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    kept = []
    for item in static_items(ctx, args[1]):
        none = isinstance(args[0], Static) and args[0].value is None
        cond = truth(ctx, item if none else ctx.call(args[0], (item,)))
        if not isinstance(cond, Const):
            raise ctx.refuse("filter() by computed numbers is not supported; test with if in a loop")
        if cond.value:
            kept.append(item)
    return Container("tuple", tuple(kept))


@special("reversed", reversed)
def reversed_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    if isinstance(inner, Range):
        last = ctx.op("subtract", trips_of(ctx, inner), Const(1))
        first = item_of(ctx, inner, last)
        beyond = ctx.op("subtract", inner.start, inner.step)
        return Range(first, beyond, ctx.op("negative", inner.step))
    if isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array):
        return ctx.call(ctx.known("flip"), (inner, Const(0)))
    if isinstance(inner, Packed):
        return reversed_of(ctx, inner)
    return Iterator("reversed", (inner,))


# ---------------------------------------------------------------------------------- products and the like


@special("ndindex", np.ndindex)
def ndindex_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    if len(args) == 1 and isinstance(ctx.contents(args[0]), Container | Shape):
        args = tuple(static_items(ctx, args[0]))
    return Iterator("product", tuple(range_(ctx, (a,), {}) for a in args))


@special("ndenumerate", np.ndenumerate)
def ndenumerate_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    array = as_atom(ctx, args[0], "what is enumerated")
    places = ndindex_(ctx, (Shape(array, ctx.type_of(array).ndim),), {})  # type: ignore[arg-type]
    return Iterator("zip", (places, ctx.call(ctx.known("ravel"), (array,))))


@special("product", itertools.product)
def product_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    times = ctx.static(kwargs["repeat"], "repeat") if "repeat" in kwargs else 1
    return Iterator("product", args * times)


# Of items whose number is computed these are loops; the others need to know them.
COUNTED = ("combinations", "combinations_with_replacement", "pairwise", "permutations")


def _picked(name: str, function: Any) -> None:
    """Combinations and permutations: of items that are known, in Python's order."""

    def handler(ctx: Context, args: tuple, kwargs: dict) -> Binding:
        inner = ctx.contents(args[0])
        if name in COUNTED and not has_static_items(ctx, inner):
            if name != "pairwise" and (len(args) < 2 or ctx.static(args[1], f"the length for {name}") != 2):
                raise ctx.refuse(
                    f"itertools.{name} of more than two of items whose number is computed is not supported; "
                    "write nested loops over ranges"
                )
            return Iterator(name, (inner,))
        items = static_items(ctx, inner)
        numbers = [ctx.static(a, f"the length for {name}") for a in args[1:]]
        options = {k: ctx.static(a, f"the argument `{k}` of {name}") for k, a in kwargs.items()}
        rows = [Container("tuple", row) for row in function(items, *numbers, **options)]
        return Container("tuple", tuple(rows))

    special(f"itertools.{name}", function)(handler)


_picked("combinations", itertools.combinations)
_picked("permutations", itertools.permutations)
_picked("combinations_with_replacement", itertools.combinations_with_replacement)
_picked("pairwise", itertools.pairwise)


@special("chain", itertools.chain)
def chain_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return Container("tuple", tuple(item for a in args for item in static_items(ctx, a)))


@special("repeat", itertools.repeat)
def repeat_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    if len(args) < 2:
        raise ctx.refuse("itertools.repeat() without a number has no end; give it one")
    return Container("tuple", (args[0],) * ctx.static(args[1], "the number of repetitions"))


@special("accumulate", itertools.accumulate)
def accumulate_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    function = args[1] if len(args) > 1 else ctx.known("add")
    inner = ctx.contents(args[0])
    if isinstance(inner, Value) and len(args) == 1 and not kwargs:
        return ctx.call(ctx.known("cumsum"), (inner,))
    found: list[Binding] = []
    for item in static_items(ctx, inner):
        found.append(ctx.call(function, (found[-1], item)) if found else item)  # type: ignore[arg-type]
    return Container("tuple", tuple(found))


@special("reduce", functools.reduce)
def reduce_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[1])
    if not has_static_items(ctx, inner) and isinstance(inner, Value | Grown):
        if len(args) > 2:
            return SPECIALS["reduced"](ctx, args[0], inner, args[2])
        first, rest = SPECIALS["starred items"](ctx, inner)
        return SPECIALS["reduced"](ctx, args[0], rest, first)
    items = [*args[2:], *static_items(ctx, inner)]
    if not items:
        raise ctx.refuse("functools.reduce() of nothing has no value; give it a first value")
    total = items[0]
    for item in items[1:]:
        total = ctx.call(args[0], (total, item))
    return total


# ---------------------------------------------------------------------------------- counted loops


def trips_of(ctx: Context, iterable: Binding) -> Atom:
    """How many items a loop over this takes."""
    inner = ctx.contents(iterable)
    match inner:
        case Value() if isinstance(ctx.type_of(inner), Array):
            return ctx.dim(inner, 0)
        case Packed():
            return count_of(ctx, inner)
        case Grown():
            return inner.count
        case Range(start=start, stop=stop, step=step):
            return _length_of_range(ctx, start, stop, step)
        case Iterator(kind="product", items=items):
            total: Atom = Const(1)
            for item in items:
                total = ctx.op("multiply", total, trips_of(ctx, item))
            return total
        case Iterator(kind="enumerate" | "reversed", items=(item,)):
            return trips_of(ctx, item)
        case Iterator(kind="pairwise", items=(item,)):
            return ctx.op("maximum", ctx.op("subtract", trips_of(ctx, item), Const(1)), Const(0))
        case Iterator(kind=kind, items=(item,)) if kind in COUNTED:
            size = trips_of(ctx, item)
            other = ctx.op("add" if "replacement" in kind else "subtract", size, Const(1))
            pairs = ctx.op("multiply", size, other)
            return pairs if kind == "permutations" else ctx.op("floor_divide", pairs, Const(2))
        case Iterator(kind=kind, items=items):
            counts = [trips_of(ctx, item) for item in (items[1:] if kind == "map" else items)]
            if not counts:
                return Const(0)
            total = counts[0]
            for other in counts[1:]:
                total = ctx.op("minimum", total, other)
            return total
    if has_static_items(ctx, inner):
        return Const(len(static_items(ctx, inner)))
    raise ctx.refuse(f"a loop cannot run over {describe(inner, ctx)}; loop over range(n), or a list or tuple")


def _length_of_range(ctx: Context, start: Atom, stop: Atom, step: Atom) -> Atom:
    if step == Const(1):
        return ctx.op("maximum", ctx.op("subtract", stop, start), Const(0))
    if step == Const(-1):
        return ctx.op("maximum", ctx.op("subtract", start, stop), Const(0))
    # Rounded up: -((a - b) // c), whatever the sign of c.
    down = ctx.op("floor_divide", ctx.op("subtract", start, stop), step)
    return ctx.op("maximum", ctx.op("negative", down), Const(0))


def fewest_items(ctx: Context, iterable: Binding) -> int | None:
    """How many items the static parts of a ``zip`` give at most; None if no array stands beside them."""
    inner = ctx.contents(iterable)
    if not isinstance(inner, Iterator) or inner.kind == "product":
        return None
    parts = inner.items[1:] if inner.kind == "map" else inner.items
    counts: list[int] = []
    mixed = False
    for part in parts:
        found = fewest_items(ctx, part)
        mixed |= found is not None or not has_static_items(ctx, part)
        if found is not None:
            counts.append(found)
        elif has_static_items(ctx, part):
            counts.append(len(static_items(ctx, part)))
    return min(counts) if mixed and counts else None


def loop_item(ctx: Context, iterable: Binding, k: Atom) -> Binding:
    """The item of trip ``k``."""
    inner = ctx.contents(iterable)
    match inner:
        case Value():
            block = len(ctx.block)
            item = read_array(ctx, inner, [k])
            # k < len by construction
            ctx.block[block:] = [s for s in ctx.block[block:] if not isinstance(s, Check)]
            return item
        case Grown():
            return item_at(ctx, inner, k)
        case Iterator(kind="zip", items=items):
            return Container("tuple", tuple(loop_item(ctx, item, k) for item in items))
        case Iterator(kind="map", items=(function, *items)):
            return ctx.call(function, tuple(loop_item(ctx, item, k) for item in items))
        case Iterator(kind="enumerate", items=(item,), start=start):
            number = k if start in (None, Const(0)) else ctx.op("add", k, start)
            return Container("tuple", (number, loop_item(ctx, item, k)))
        case Iterator(kind="product", items=items):
            places: list[Atom] = []
            for item in reversed(items[1:]):
                size = trips_of(ctx, item)
                places.insert(0, ctx.op("remainder", k, size))
                k = ctx.op("floor_divide", k, size)
            pairs = zip(items, [k, *places], strict=True)
            return Container("tuple", tuple(loop_item(ctx, item, place) for item, place in pairs))
        case Iterator(kind=kind, items=(item,)) if kind in COUNTED:
            return Container("tuple", tuple(loop_item(ctx, item, p) for p in _pair(ctx, kind, item, k)))
    if isinstance(k, Const) and has_static_items(ctx, inner):
        return static_items(ctx, inner)[int(k.value)]
    return item_of(ctx, inner, k)


def _pair(ctx: Context, kind: str, item: Binding, k: Atom) -> tuple[Atom, Atom]:
    """The places of the two items of pair ``k``."""
    if kind == "pairwise":
        return k, ctx.op("add", k, Const(1))
    size = trips_of(ctx, item)
    if kind == "permutations":
        others = ctx.op("subtract", size, Const(1))
        i, j = ctx.op("floor_divide", k, others), ctx.op("remainder", k, others)
        return i, ctx.op("add", j, ctx.cast(ctx.op("greater_equal", j, i), ctx.type_of(j)))
    again = kind == "combinations_with_replacement"
    rows = ctx.op("add", size, Const(1)) if again else size
    i = ctx.op("pair_first", k, rows)
    j = ctx.op("pair_second", k, rows, i)
    return i, ctx.op("subtract", j, Const(1)) if again else j
