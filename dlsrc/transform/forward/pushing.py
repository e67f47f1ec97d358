"""A function's body with the tangents of its arguments pushed through it, at the place at hand.

    y = f(x)      pushed with tx      →      the statements of f, its tangents beside them; y and ty

What is pushed is a piece of a program that is being built: `jvp` pushes the whole function, `jacfwd` the
function inside a loop over directions.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ...kernels.types import Array, is_float
from ...records import record, replace
from ..assemble import assemble
from ..building.atoms import as_atom
from ..building.binding import Binding, Container, Live, Shape, Static
from ..building.context import Context, describe
from ..building.items import static_items
from ..building.rename import renamed
from ..differentiate import differentiate
from ..ir import Atom, Block, Gradient, Program, Statement, Value, atoms_read, values_defined, walk
from ..sweep.edits import Edits
from ..tangent import Tangents

__all__ = ["Pushed", "leaves_of", "loop_body", "mapped", "paired", "push"]


@record(frozen=True)
class Pushed:
    """What a function gives, and its tangents: a binding of the same structure for each direction."""

    value: Binding
    tangents: tuple[Binding, ...]
    aux: Binding | None


def mapped(ctx: Context, binding: Binding, change: Callable[[Binding], Binding]) -> Binding:
    """A nest of containers with every number and array changed; what is static stays."""
    inner = ctx.contents(binding)
    if isinstance(inner, Container):
        items = [mapped(ctx, item, change) for item in inner.items]
        return ctx.make(inner.kind, items, inner.keys, inner.cls)
    if isinstance(inner, Shape):
        return mapped(ctx, Container("tuple", tuple(static_items(ctx, inner))), change)
    if isinstance(inner, Static | Live):
        return inner
    return change(inner)


def leaves_of(ctx: Context, binding: Binding) -> list[Atom]:
    """The numbers and arrays in a nest of containers, in order."""
    found: list[Atom] = []

    def note(leaf: Binding) -> Binding:
        found.append(as_atom(ctx, leaf))
        return leaf

    mapped(ctx, binding, note)
    return found


def paired(ctx: Context, model: Binding, given: Binding, what: str, whose: str) -> list[tuple[Atom, Atom]]:
    """The numbers and arrays of two nests that are built alike, dicts by their keys."""
    a, b = ctx.contents(model), ctx.contents(given)
    if isinstance(a, Shape):
        a = Container("tuple", tuple(static_items(ctx, a)))
    if isinstance(a, Static | Live):
        return []
    if not isinstance(a, Container):
        if isinstance(b, Container):
            raise ctx.refuse(
                f"{what} is {describe(b, ctx)}, and {whose} {describe(a, ctx)}; give it the same form"
            )
        return [(as_atom(ctx, a), as_atom(ctx, b, what))]
    alike = isinstance(b, Container) and len(a.items) == len(b.items) and set(a.keys) == set(b.keys)
    if not isinstance(b, Container) or not alike:
        keys = f" with the keys {', '.join(map(repr, a.keys))}" if a.keys else ""
        raise ctx.refuse(
            f"{what} is not built like {whose}, which is {describe(a, ctx)}{keys}: give it the same keys and "
            f"lengths, with a number or array for each; it is {describe(b, ctx)}"
        )
    others = [b.items[b.keys.index(key)] for key in a.keys] if a.keys else b.items
    pairs = (paired(ctx, x, y, what, whose) for x, y in zip(a.items, others, strict=True))
    return [pair for part in pairs for pair in part]


@contextmanager
def loop_body(ctx: Context) -> Iterator[list[Statement]]:
    """Statements of a loop that the user did not write: no loop around it carries the lists made in it."""
    heap = set(ctx.heap)
    with ctx.collecting() as body:
        yield body
    for number in set(ctx.heap) - heap:
        del ctx.heap[number]


def push(
    ctx: Context, run: Callable[[], Binding], seeds: Sequence[dict[Value, Atom]], *, has_aux: bool = False,
    repeated: bool = False,
) -> Pushed:  # fmt: skip
    """Build the body of a function here, with a tangent for everything that depends on the seeds.

    Parameters
    ----------
    run : callable
        Builds the function's body, and gives what it returns.
    seeds : sequence of dict
        For each direction, the tangents of some of the numbers and arrays that the function reads.
    has_aux : bool
        Whether the function returns a pair, of whose second part no tangent is asked.
    repeated : bool
        Whether this is done several times over: the function then writes to copies of whatever it writes to.
    """
    heap = dict(ctx.heap)
    with ctx.collecting() as block:
        result = run()
        if ctx.problems or ctx.dead:
            raise ctx.refuse("" if ctx.problems else "the function raises on every way: it has no derivative")
        value, aux = _parts(ctx, result, has_aux)
        numbers: list[Atom] = []
        value = mapped(ctx, value, lambda leaf: _real(ctx, leaf, numbers))
        others = [] if aux is None else leaves_of(ctx, aux)
    if repeated:
        ctx.heap |= heap  # lists of the caller's are as they were
    with ctx.without_watch():
        return _pushed(ctx, block, seeds, repeated, (value, numbers), (aux, others))


def _pushed(
    ctx: Context, block: Sequence[Statement], seeds: Sequence[dict[Value, Atom]], repeated: bool,
    result: tuple[Binding, list[Atom]], beside: tuple[Binding | None, list[Atom]],
) -> Pushed:  # fmt: skip
    """The statements of a function and their tangents, added to the block at hand."""
    (value, numbers), (aux, others) = result, beside
    program = _program(ctx, block, tuple(numbers), tuple(others))
    labels = [ctx.type_of(a).labels for a in numbers]
    if any(isinstance(s, Gradient) for s in walk(program.body)):
        program = _without_gradients(ctx, program)
    sweep = Tangents(ctx, program, seeds)
    program = sweep.program
    if sweep.memory.unclear:
        ctx.problems += sweep.memory.unclear
        raise ctx.refuse("")
    own: dict[Value, Atom] = {}
    for array in program.params:
        is_seed = any(array in seed for seed in seeds)
        if array in sweep.memory.root and sweep.memory.written(array) and (is_seed or repeated):
            own[array] = ctx.op("copy", array)
            for d, seed in enumerate(seeds):
                if array in seed:
                    sweep.found[d][array] = ctx.op("copy", seed[array])
    with ctx.collecting() as made:
        sweep.run()
        tangents = [
            [_of_its_own(ctx, sweep.whole(a, d), seed) for a in program.returns[: len(numbers)]]
            for d, seed in enumerate(seeds)
        ]
    if sweep.problems:
        ctx.problems += dict.fromkeys(sweep.problems)
        ctx.kinds.add("differentiation")
        raise ctx.refuse("")
    for statement in renamed(tuple(made), own):
        ctx.add(statement)
    atoms = [own.get(a, a) if isinstance(a, Value) else a for a in program.returns]
    atoms[: len(numbers)] = _labelled(ctx, atoms[: len(numbers)], labels)
    tangents = [_labelled(ctx, found, labels) for found in tangents]
    return Pushed(
        _refilled(ctx, value, atoms[: len(numbers)]),
        tuple(_refilled(ctx, value, of) for of in tangents),
        None if aux is None else _refilled(ctx, aux, atoms[len(numbers) :]),
    )


def _labelled(ctx: Context, atoms: Sequence[Atom], labels: Sequence[str | None]) -> list[Atom]:
    """Results with the formats of the function's: a tangent has that of its value."""
    made: list[Atom] = []
    for atom, wanted in zip(atoms, labels, strict=True):
        if isinstance(atom, Value) and (ctx.types[atom].labels or "") != (wanted or ""):
            if atom in ctx.params or atom in made:  # a value of another format
                atom = ctx.op("relabel", atom, labels=wanted or "", copies=False)
            else:
                ctx.types[atom] = replace(ctx.types[atom], labels=wanted)  # type: ignore[arg-type]
        made.append(atom)
    return made


def _parts(ctx: Context, result: Binding, has_aux: bool) -> tuple[Binding, Binding | None]:
    inner = ctx.contents(result)
    if not has_aux:
        return result, None
    if not isinstance(inner, Container) or len(inner.items) != 2:
        raise ctx.refuse("with has_aux=True the function must return a pair (value, something else)")
    return inner.items[0], inner.items[1]


def _real(ctx: Context, leaf: Binding, numbers: list[Atom]) -> Binding:
    atom = as_atom(ctx, leaf, "what the function returns")
    if not is_float(ctx.type_of(atom)):
        ctx.kinds.add("differentiation")
        raise ctx.refuse(
            f"the function returns {describe(atom, ctx)}, which has no derivative: return it as the second "
            "part of a pair, with has_aux=True"
        )
    numbers.append(atom)
    return atom


def _refilled(ctx: Context, binding: Binding, atoms: list[Atom]) -> Binding:
    """The structure of a binding with these atoms in order."""
    rest = iter(atoms)
    return mapped(ctx, binding, lambda leaf: next(rest))


def _of_its_own(ctx: Context, tangent: Atom, seed: dict[Value, Atom]) -> Atom:
    """A tangent that is no argument of the caller's."""
    if isinstance(tangent, Value) and tangent in seed.values() and isinstance(ctx.types[tangent], Array):
        return ctx.op("copy", tangent)
    return tangent


def _program(ctx: Context, block: Sequence[Statement], numbers: tuple, others: tuple) -> Program:
    """A piece of the program that is being built as one of its own: what it reads are its parameters."""
    program = Program("pushed", (), tuple(block), (*numbers, *others), ctx.types)
    settled = assemble(program, ctx, Edits())
    defined: set[Value] = set()
    read: dict[Value, None] = {}

    def visit(inner: Block) -> None:
        for statement in walk(inner):
            defined.update(values_defined(statement))
            read.update((a, None) for a in atoms_read(statement) if isinstance(a, Value))

    visit(settled.body)
    read.update((a, None) for a in settled.returns if isinstance(a, Value))
    params = tuple(v for v in read if v not in defined)
    return Program("pushed", params, settled.body, settled.returns, settled.types)


def _without_gradients(ctx: Context, program: Program) -> Program:
    """The piece with its own gradients computed, so that tangents can be pushed through them."""
    traced = frozenset(v for v in program.params if is_float(program.types[v]))
    types = {v: replace(t, labels="") if getattr(t, "labels", None) else t for v, t in program.types.items()}
    made = differentiate(replace(program, types=types), traced).program
    for value, type_ in made.types.items():
        ctx.types.setdefault(value, type_)
        ctx.next_number = max(ctx.next_number, value.number + 1)
    return made
