"""Where gradients are asked for, and whether they may be.

Before anything is generated: targets must be traced, a gradient that the loss contains must have been
made to be differentiated, and arguments that the function writes to are copied first, because traced
arguments have value semantics.
"""

from ..errors import DifferentiationError, UnsupportedSyntax, UntracedError
from ..kernels.primitive import registry
from ..kernels.types import Array
from ..records import replace
from .building.rename import renamed
from .facts.levels import Levels
from .facts.memory import Memory
from .facts.memory import analyze as analyze_memory
from .facts.outline import Outline
from .ir import Assign, Const, For, Gradient, If, Program, Value, While

__all__ = ["check", "first", "privatized"]


def first(program: Program, outline: Outline, memory: Memory) -> list[Gradient]:
    """The gradients to compute first, in order: those whose losses contain no other gradient.

    Raises
    ------
    DifferentiationError
        If there is none: the order of the derivatives would grow from trip to trip.
    """
    levels = Levels(program, outline, memory)
    found = levels.first()
    if not found and levels.gradients:
        raise DifferentiationError([
            (g.loc, (
                "this gradient contains itself: what it gives in one trip of a loop it differentiates in the "
                "next, so that the order of the derivative grows with every trip; cut the trace of what is "
                "carried on with stop_gradient"
            ))
            for g in levels.gradients
        ])  # fmt: skip
    return found


def privatized(program: Program, traced: frozenset[Value], keep: bool) -> tuple[Program, frozenset[Value]]:
    """The program with its own copy of every traced array that it writes to, and what is traced now.

    With ``keep`` (for ``grad``) the derivative is by the argument as it came, else by the copy, which is
    what the user's name means after the write.
    """
    outline = Outline(program)
    memory = analyze_memory(program, outline)
    written = [
        v for v in program.params if v in traced and v in memory.root and memory.written(memory.root[v])
    ]
    if not written:
        return program, traced
    types = dict(program.types)
    number = max(v.number for v in types) + 1
    copies: dict[Value, Value] = {}
    first = []
    loc = outline.statements[0].loc
    for value in written:
        made = Value(number, value.hint)
        number += 1
        type_ = types[value]
        types[made] = Array(type_.dtype, type_.ndim, "C", type_.labels)
        copies[value] = made
        first.append(Assign(made, registry["copy"], (value,), (), loc))
    body = renamed(program.body, copies)
    if keep:
        body = tuple(_by_originals(s, {b: a for a, b in copies.items()}) for s in body)
    returns = tuple(copies.get(a, a) if isinstance(a, Value) else a for a in program.returns)
    made_program = Program(program.name, program.params, (*first, *body), returns, types)
    now = traced if keep else frozenset(copies.get(v, v) for v in traced)
    return made_program, now


def _by_originals(statement, originals):
    """The statement with the arguments as they came as the targets of gradients, inside loops too."""

    def block(inner):
        return tuple(_by_originals(s, originals) for s in inner)

    match statement:
        case Gradient(targets=targets):
            changed = tuple(originals.get(t, t) if isinstance(t, Value) else t for t in targets)
            return replace(statement, targets=changed)
        case If(then=then, orelse=orelse):
            return replace(statement, then=block(then), orelse=block(orelse))
        case For(body=body):
            return replace(statement, body=block(body))
        case While(test=test, body=body):
            return replace(statement, test=block(test), body=block(body))
    return statement


def check(program: Program, outline: Outline, memory: Memory, traced: frozenset[Value]) -> None:
    """Refuse what cannot have a derivative.

    Raises
    ------
    UntracedError
        If a target does not come from a traced argument.
    DifferentiationError
        If the loss contains a gradient that was not made to be differentiated.
    """
    levels = Levels(program, outline, memory)
    if not levels.gradients:
        return
    if memory.problems:
        raise UnsupportedSyntax(memory.problems)
    from_traced = levels.traced(traced)
    untraced: list = []
    for gradient in levels.gradients:
        if gradient.own:
            continue
        if not traced:
            untraced.append(
                (
                    gradient.loc,
                    "nothing is traced: no argument of dlfeval is a dlarray; wrap the input, dlfeval(f, "
                    "dlarray(x))",
                )
            )
            continue
        for target in gradient.targets:
            if isinstance(target, Const) or target not in from_traced:
                untraced.append((gradient.loc, _untraced(outline, target)))
    if untraced:
        raise UntracedError(untraced)
    second = [
        (outer.loc, (
            f"this is the derivative of the derivative in line {inner.loc.line}, which was not made to be "
            "differentiated: write dlgradient(..., enable_higher_derivatives=True) there"
        ))
        for inner, outer in levels.refused()
    ]  # fmt: skip
    if second:
        raise DifferentiationError(list(dict.fromkeys(second)))


def _untraced(outline: Outline, target: object) -> str:
    name = f"`{target!r}`" if isinstance(target, Value) and target.hint else "this"
    made = outline.defined.get(target) if isinstance(target, Value) else None
    where = f" (line {made.loc.line}: {made.loc.text})" if made is not None else ""
    if isinstance(target, Value) and made is None and target in outline.program.params:
        return (
            f"{name} is not traced: it is not a dlarray argument of dlfeval; pass it as dlarray({target!r})"
        )
    return (
        f"{name} is not traced{where}: it was made inside the function, or its trace was cut, so no gradient "
        "by it exists; "
        "pass it to dlfeval as an argument"
    )
