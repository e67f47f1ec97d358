"""The program without labels: what relabelling made is the array itself, or a copy where one is written to.

    y = relabel(x)      →    nothing: y is x
    y[0] = 1.0

    y = relabel(x)      →    y = x.copy()            a dlarray has values of its own
    y[0] = 1.0               y[0] = 1.0
"""

from collections.abc import Callable, Mapping

from ...errors import DifferentiationError
from ...kernels.primitive import registry
from ...kernels.types import Array, Scalar, Type
from ...records import replace
from ..building.context import Context
from ..building.rename import renamed
from ..facts.memory import analyze
from ..facts.outline import Outline
from ..ir import Assign, Atom, Block, Program, Statement, Value, blocks_of, walk, with_blocks

__all__ = ["without_labels"]


def without_labels(ctx: Context, program: Program) -> Program:
    """The program in which no type has labels, and no array is relabelled.

    Raises
    ------
    DifferentiationError
        If the gradient by a relabelled array is asked for that is written to, or is the copy of one that is.
    """
    types = {v: _plain(t) for v, t in program.types.items()}
    program = replace(program, types=types)
    found = [s for s in walk(program.body) if isinstance(s, Assign) and s.op.name == "relabel"]
    if not found:
        return program
    outline = Outline(program)
    memory = analyze(program, outline)
    written = {r for root in memory.stores for r in memory.roots_shared_with(root)}
    change: dict[Value, Atom] = {}
    copied: set[int] = set()
    problems = []
    for statement in found:
        made, (source,) = statement.target, statement.args
        assert isinstance(made, Value)
        own = isinstance(types[made], Array)
        roots = {memory.root.get(made), memory.root.get(source)} if isinstance(source, Value) else set()
        if own and dict(statement.static)["copies"] and roots & written:
            copied.add(id(statement))
            if made in ctx.same_used:
                problems.append((statement.loc, (
                    f"`{made!r}` is `{source!r}` with other labels, and one of the two is written to: which "
                    "of them the gradient is by is not known; take it by an array that is not written to"
                )))  # fmt: skip
        elif isinstance(source, Value) and ctx.types.get(source, types[source]).labels is not None:
            change[made] = source
    if problems:
        raise DifferentiationError(problems)

    def final(atom: Atom) -> Atom:
        while isinstance(atom, Value) and atom in change:
            atom = change[atom]
        return atom

    change = {made: final(source) for made, source in change.items()}

    def block(statements: Block) -> Block:
        kept = (s for s in statements if getattr(s, "target", None) not in change)
        return tuple(one(s) for s in kept)

    def one(statement: Statement) -> Statement:
        if id(statement) in copied:
            assert isinstance(statement, Assign)
            return Assign(statement.target, registry["copy"], statement.args, (), statement.loc)
        inner = blocks_of(statement)
        return with_blocks(statement, [block(b) for b in inner]) if inner else statement

    body = renamed(block(program.body), change)
    returns, copies = _own_results(ctx, program, found, final, memory.root)
    return replace(program, body=(*body, *copies), returns=returns, types={**types, **_new(ctx, copies)})


def _plain(type_: Type) -> Type:
    """A type without what only matters while a program is built."""
    if isinstance(type_, Scalar) and type_.cell:
        type_ = replace(type_, cell=0)
    return replace(type_, labels="") if type_.labels else type_  # type: ignore[arg-type]


def _own_results(
    ctx: Context, program: Program, found: list[Assign], final: Callable, root: Mapping[Value, Value]
) -> tuple[tuple[Atom, ...], list[Statement]]:
    """What is returned; a relabelled array that the caller has, or gets, under another name is copied."""
    made = [s.target for s in found if s.target is not None and dict(s.static)["copies"]]
    own = {value for value in made if isinstance(program.types[value], Array)}
    roots = [root.get(final(a)) for a in program.returns]  # type: ignore[arg-type]
    returns: list[Atom] = []
    copies: list[Statement] = []
    for k, atom in enumerate(program.returns):
        at = final(atom)
        shared = roots[k] in program.params or roots.count(roots[k]) > 1
        if atom in own and at != atom and shared:
            loc = next(s.loc for s in found if s.target == atom)
            at = ctx.op("copy", at)
            copies.append(replace(ctx.block[-1], loc=loc))  # type: ignore[type-var]
        returns.append(at)
    return tuple(returns), copies


def _new(ctx: Context, copies: list[Statement]) -> dict[Value, Type]:
    return {s.target: ctx.types[s.target] for s in copies if isinstance(s, Assign) and s.target}
