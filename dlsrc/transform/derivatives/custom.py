"""Rules of the user's own, on their way through the stages.

    y = f(x)    with f.defvjp(fwd, bwd)    →    y', r = …                 the statements of fwd
                                                y = custom_rule(y', x, r)

`custom_rule` is the identity of its first operand, and passes derivatives to none but the arguments of
the call: its operation holds what ``bwd`` does to a cotangent ``dy`` as a block of statements, built here
(so that what it captures is known), with placeholders for ``dy`` and for the residuals.  The reverse sweep
puts the block in with fresh values; when no gradient is left, the operation is taken out.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ...kernels.primitive import Primitive, registry
from ...kernels.types import Array, Scalar, is_float
from ...records import record, replace
from ..building.binding import Binding, Closure, Container, Live, Static
from ..building.context import Context, Refused, describe
from ..building.items import attribute_of
from ..building.rename import refreshed, renamed
from ..calling.calls import closure_of, splice, unwrapped
from ..calling.specials import SPECIALS, special
from ..columns.packed import unpacked
from ..constructs.indices import root_of
from ..ir import (
    Assign, Atom, Block, Const, If, Program, Raise, Store, Value, atoms_read, blocks_of, values_defined,
    walk, with_blocks,
)
from ..location import Location
from ..source import location

__all__ = [
    "CustomRule", "Pullback", "end_of", "leaves_of", "link", "replaced_leaves", "spliced_rule", "same_shape",
    "unruled",
]


@record(frozen=True)
class Pullback:
    """What a rule does: statements that compute ``results`` (one for each argument) from ``dy``.

    ``free`` are the values from outside that they read, in the order of the operation's last operands.
    """

    dy: Value
    block: Block
    results: tuple[Atom, ...]
    free: tuple[Value, ...]

    def instance(self, ctx: Context, given: Mapping[Value, Atom]) -> tuple[Block, tuple[Atom, ...]]:
        """The statements with fresh values, reading ``given`` for ``dy`` and the free ones."""
        return refreshed(self.block, self.results, given, ctx)


def custom_rule(y, *others):
    """The result of a function with a rule of the user's own."""
    return y


class CustomRule(Primitive):
    """The identity of its first operand, with a rule of the user's own for the next ``count``."""

    def __init__(
        self, pullback: Pullback, count: int, name: str, watched: frozenset[int] = frozenset(),
        refusals: tuple[str, str] | None = None,
    ):  # fmt: skip
        super().__init__(
            custom_rule, (), static=(), elementwise=False, floats=False, boolean=False, view=False,
            effect=False, methods=(), attributes=(),
        )  # fmt: skip
        self.name = "custom_rule"
        self.pullback = pullback
        self.count = count
        self.of = name
        residuals = tuple(f"r{k}" for k in range(len(pullback.free)))
        self.parameters = ("y", *(f"x{k}" for k in range(count)), *residuals)
        self.refusals = refusals
        self.watched = watched  # the residuals by which a derivative is refused
        self.zeros = {"y", *(r for k, r in enumerate(residuals) if k not in watched)}

    def result_type(self, *args: Any, **static: Any) -> Any:
        y = args[0]
        return replace(y, layout="C") if isinstance(y, Array) else y

    def changed(self, block: Callable[[Block], Block], atom: Callable[[Atom], Atom]) -> "CustomRule":
        """The same rule with its own statements and atoms changed."""
        old = self.pullback
        placeholders = tuple(a for a in map(atom, old.free))
        assert all(isinstance(p, Value) for p in placeholders)
        made = Pullback(
            atom(old.dy), block(old.block), tuple(map(atom, old.results)), placeholders,  # type: ignore[arg-type]
        )  # fmt: skip
        return CustomRule(made, self.count, self.of, self.watched, self.refusals)


# ---------------------------------------------------------------------------------- building


def spliced_rule(
    ctx: Context, args: tuple, kwargs: dict, part: str, call: str, splice: Callable[..., Binding]
) -> Binding:
    """A call of a function with a rule; ``part`` of the rule object must be there.

    In its own rule the function is the plain function.
    """
    rule, given = args[0], tuple(args[1:])
    assert isinstance(rule, Live)
    name = getattr(rule.value, "__name__", None) or "the function"
    if getattr(rule.value, part) is None:
        raise ctx.refuse(f"`{name}` has no rule yet; call {name}.{call} before its derivative")
    if kwargs:
        raise ctx.refuse(f"`{name}` has a rule of its own: give its arguments by position")
    if any(r is rule.value for r in ctx.ruled):
        return ctx.call(attribute_of(ctx, rule, "fun"), given)
    unpacked(ctx, *given)
    ctx.ruled.append(rule.value)
    try:
        return splice(ctx, rule, name, given)
    finally:
        ctx.ruled.pop()


@special("custom_vjp")
def custom_vjp(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """A call of a function with a rule: ``fwd`` is spliced in, ``bwd`` is built for the reverse sweep."""
    return spliced_rule(ctx, args, kwargs, "fwd", "defvjp(fwd, bwd)", _with_residuals)


@special("nondifferentiable")
def nondifferentiable(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """A call of a function whose result is a constant."""
    inner = attribute_of(ctx, args[0], "fun")
    return SPECIALS["stop_gradient"](ctx, (ctx.call(inner, tuple(args[1:]), kwargs),), {})


def _with_residuals(ctx: Context, rule: Live, name: str, given: tuple) -> Binding:
    pair = ctx.contents(ctx.call(attribute_of(ctx, rule, "fwd"), given))
    if not isinstance(pair, Container) or len(pair.items) != 2:
        raise ctx.refuse(f"the first part of the rule of `{name}` must return a pair (result, residuals)")
    unpacked(ctx, pair)
    y, residuals = pair.items
    bwd = attribute_of(ctx, rule, "bwd")

    def back(dy: Binding) -> Binding:
        return ctx.call(bwd, (residuals, dy))

    return _with_rule(ctx, name, given, y, back, end_of(ctx, bwd))


@special("ruled")
def ruled(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """A part of a composite with a rule: see `kernels.programs.rules`."""
    rule, given = args[0].value, tuple(args[1:])
    unpacked(ctx, *given)
    y = splice(ctx, closure_of(ctx, rule.function), given, {}, composite=True)
    rest = closure_of(ctx, rule.rule)

    def back(dy: Binding) -> Binding:
        return splice(ctx, rest, (dy, y, *given), {}, composite=True)

    return _with_rule(ctx, rule.__name__, given, y, back, ctx.loc, rule.refusals)


def _with_rule(
    ctx: Context, name: str, given: tuple, y: Binding, back: Callable[[Binding], Binding], end: Location,
    refusals: tuple[str, str] | None = None,
) -> Binding:  # fmt: skip
    """The result ``y`` of a function of the arguments ``given``, where ``back`` gives their cotangents."""
    found: dict[Value, Atom] = {}
    for leaf in leaves_of(ctx, y):

        def pairs(dy: Value, leaf: Value = leaf) -> list[tuple[Value, Atom]]:
            result = ctx.contents(back(_cotangents(ctx, y, leaf, dy)))
            if not isinstance(result, Container) or len(result.items) != len(given):
                raise ctx.refuse(
                    f"the second part of the rule of `{name}` must return a tuple with one cotangent for "
                    f"each of the {len(given)} arguments, not {describe(result, ctx)}"
                )
            made: list[tuple[Value, Atom]] = []
            with ctx.at(end):
                for argument, cotangent in zip(given, result.items, strict=True):
                    _pair(ctx, name, argument, cotangent, made)
            return made

        found[leaf] = link(ctx, name, leaf, pairs, refusals)
    return replaced_leaves(ctx, y, found)


def link(
    ctx: Context, name: str, leaf: Value, pairs: Callable[[Value], list[tuple[Value, Atom]]],
    refusals: tuple[str, str] | None = None,
) -> Value:  # fmt: skip
    """The result ``leaf`` with its rule; ``pairs(dy)`` builds it: the arguments and their cotangents.

    With ``refusals`` a derivative by anything else that the rule reads is refused: see `ruled`.
    """
    type_ = ctx.type_of(leaf)
    cotangent = replace(type_, layout="A", labels=None) if isinstance(type_, Array) else Scalar(type_.dtype)
    dy = ctx.value(cotangent, base=leaf, form="d{}")
    ctx.params.add(dy)
    frames, lists = list(ctx.frames), set(ctx.heap)
    with ctx.collecting() as collected:
        found = pairs(dy)
    # No function and no list that the rule made outlives it, and no loop around may carry what is in them.
    ctx.frames = frames
    for number in set(ctx.heap) - lists:
        del ctx.heap[number]
    block, results = tuple(collected), tuple(cotangent for _, cotangent in found)
    _refuse_writes(ctx, name, block)
    free = _free(block, results, dy)
    others = {leaf, *(x for x, _ in found)}
    watched = frozenset(k for k, v in enumerate(free) if refusals and v not in others)
    op = CustomRule(Pullback(dy, block, results, free), len(found), name, watched, refusals)
    # The result among the residuals is the result with its rule: its place is filled by the reverse sweep.
    atoms = (leaf, *(x for x, _ in found), *free)
    made = ctx.value(op.result_type(type_))
    ctx.add(Assign(made, op, atoms, (), ctx.loc))
    return made


def _cotangents(ctx: Context, y: Binding, leaf: Value, dy: Value) -> Binding:
    """The cotangent of the whole result where that of one leaf is ``dy`` and the others are zero."""
    y = ctx.contents(y)
    if isinstance(y, Container):
        return ctx.make(y.kind, (_cotangents(ctx, item, leaf, dy) for item in y.items), y.keys, y.cls)
    if y is leaf or y == leaf:
        return dy
    if isinstance(y, Value) and isinstance(ctx.type_of(y), Array):
        return ctx.op("zeros_like", y)
    return Const(0.0) if isinstance(y, Value | Const) else Static(None)


def _pair(ctx: Context, name: str, argument: Binding, found: Binding, pairs: list) -> None:
    """Each leaf of an argument with its cotangent."""
    argument, found = ctx.contents(argument), ctx.contents(found)
    if isinstance(found, Static) and found.value is None:
        return
    if isinstance(argument, Container):
        if not isinstance(found, Container) or len(found.items) != len(argument.items):
            raise ctx.refuse(
                f"the rule of `{name}` gives {describe(found, ctx)} for an argument that is "
                f"{describe(argument, ctx)}; return a cotangent of its structure, or None"
            )
        for a, b in zip(argument.items, found.items, strict=True):
            _pair(ctx, name, a, b, pairs)
        return
    if not isinstance(argument, Value) or not is_float(ctx.type_of(argument)):
        return
    if not isinstance(found, Value | Const):
        raise ctx.refuse(f"the rule of `{name}` gives {describe(found, ctx)} for a number or an array")
    have, want = ctx.type_of(found), ctx.type_of(argument)
    if have.ndim != want.ndim and not isinstance(found, Const):
        raise ctx.refuse(f"the rule of `{name}` gives {describe(found, ctx)} for {describe(argument, ctx)}")
    message = f"the rule of `{name}` gives a cotangent of another shape than its argument's"
    same_shape(ctx, found, argument, message)
    pairs.append((argument, found))


def same_shape(ctx: Context, found: Atom, like: Value, message: str) -> None:
    """Have the shape of what a rule gives tested when it runs: a wrong one would be broadcast."""
    if not isinstance(found, Value):
        return
    for axis in range(ctx.types[like].ndim):
        differ = ctx.op("not_equal", ctx.dim(found, axis), ctx.dim(like, axis))
        ctx.add(If(differ, (Raise("ValueError", f"{ctx.loc}: {message}", ctx.loc),), (), (), ctx.loc))


def end_of(ctx: Context, function: Binding) -> Location:
    """Where the last statement of a function stands."""
    inner = ctx.contents(function)
    closure = closure_of(ctx, unwrapped(inner.value)) if isinstance(inner, Live) else inner
    if not isinstance(closure, Closure):
        return ctx.loc
    return location(closure.parsed.parsed.source, closure.parsed.body[-1])


def _refuse_writes(ctx: Context, name: str, block: Block) -> None:
    """A rule may write to what it made itself, and to nothing that it was given."""
    made = {v for s in walk(block) for v in values_defined(s)}
    for statement in walk(block):
        written: Atom | None = None
        if isinstance(statement, Store):
            written = statement.base
        elif isinstance(statement, Assign) and statement.target is None and statement.args:
            written = statement.args[0]
        if isinstance(written, Value) and root_of(ctx, written) not in made:
            raise Refused(
                statement.loc, f"the rule of `{name}` writes to what it is given; write to a copy: dy.copy()"
            )


def _free(block: Block, results: tuple[Atom, ...], dy: Value) -> tuple[Value, ...]:
    """The values from outside that a block and its results read."""
    defined: set[Atom] = {dy}
    read: dict[Value, None] = {}
    for statement in walk(block):
        defined.update(values_defined(statement))
        read.update((a, None) for a in atoms_read(statement) if isinstance(a, Value))
    read.update((a, None) for a in results if isinstance(a, Value))
    return tuple(v for v in read if v not in defined)


def leaves_of(ctx: Context, binding: Binding) -> list[Value]:
    """The real numbers and arrays in a result, each once."""
    binding = ctx.contents(binding)
    if isinstance(binding, Container):
        return list(dict.fromkeys(v for item in binding.items for v in leaves_of(ctx, item)))
    return [binding] if isinstance(binding, Value) and is_float(ctx.type_of(binding)) else []


def replaced_leaves(ctx: Context, binding: Binding, found: dict[Value, Atom]) -> Binding:
    """A result with other leaves."""
    inner = ctx.contents(binding)
    if isinstance(inner, Container):
        items = tuple(replaced_leaves(ctx, item, found) for item in inner.items)
        return ctx.make(inner.kind, items, inner.keys, inner.cls)
    return found.get(inner, inner) if isinstance(inner, Value) else inner


# ---------------------------------------------------------------------------------- taking it out


def unruled(program: Program) -> Program:
    """The program without rules of the user's own, which have done their work."""
    if not any(isinstance(s, Assign) and isinstance(s.op, CustomRule) for s in walk(program.body)):
        return program
    same: dict[Value, Atom] = {}

    def visit(block: Block) -> Block:
        out = []
        for s in block:
            if isinstance(s, Assign) and isinstance(s.op, CustomRule):
                assert s.target is not None
                if isinstance(program.types[s.target], Array):
                    out.append(replace(s, op=registry["copy"], args=s.args[:1]))
                else:
                    same[s.target] = s.args[0]
                continue
            inner = blocks_of(s)
            out.append(with_blocks(s, map(visit, inner)) if inner else s)
        return tuple(out)

    body = visit(program.body)
    while any(a in same for a in same.values()):
        same = {v: same.get(a, a) if isinstance(a, Value) else a for v, a in same.items()}
    returns = tuple(same.get(a, a) if isinstance(a, Value) else a for a in program.returns)
    return Program(program.name, program.params, renamed(body, same), returns, program.types)
