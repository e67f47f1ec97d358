"""Where gradients are asked for, and whether they may be.

Before anything is generated: targets must be traced, the loss must not contain an earlier gradient, and
arguments that the function writes to are copied first, because traced arguments have value semantics.
"""

from ..errors import DifferentiationError, UnsupportedSyntax, UntracedError
from ..kernels.primitive import registry
from ..kernels.types import Array
from . import activity
from .ir import Assign, Const, Gradient, Program, Value
from .memory import Memory
from .memory import analyze as analyze_memory
from .outline import Outline
from .rename import renamed

__all__ = ["check", "found", "privatized"]


def found(outline: Outline) -> list[Gradient]:
    """The `Gradient` statements of a program, in order."""
    return [s for s in outline.statements if isinstance(s, Gradient)]


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
    if isinstance(statement, Gradient):
        targets = tuple(originals.get(t, t) if isinstance(t, Value) else t for t in statement.targets)
        return Gradient(statement.results, statement.loss, targets, statement.loc)
    return statement


def check(program: Program, outline: Outline, memory: Memory, traced: frozenset[Value]) -> None:
    """Refuse what cannot have a derivative.

    Raises
    ------
    UntracedError
        If a target does not come from a traced argument.
    DifferentiationError
        If the loss contains a gradient.
    """
    gradients = found(outline)
    if not gradients:
        return
    if memory.problems:
        raise UnsupportedSyntax(memory.problems)
    from_traced = activity.dependent(program, outline, memory, set(traced))
    results = {r for g in gradients for r in g.results}
    untraced: list = []
    second: list = []
    for gradient in gradients:
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
        if gradient.loss in activity.dependent(
            program, outline, memory, results, frozenset(gradient.targets)
        ):
            second.append((gradient.loc, (
                "this is the derivative of a derivative: ask for the first one with "
                "enable_higher_derivatives=True "
                "(which this version does not support yet)"
            )))  # fmt: skip
    if untraced:
        raise UntracedError(untraced)
    if second:
        raise DifferentiationError(second)


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
