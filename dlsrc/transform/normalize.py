"""The user's function → the program: one operation a statement, every value assigned once and typed.

Syntax is read, names are resolved, calls are spliced and types are inferred in one walk, because each
needs the others: whether ``a + b`` joins two lists or adds two arrays, which function ``layers[k].act``
is, and how many dimensions ``x`` has are decided by what was built before.  The walk is a partial
evaluation: whatever does not depend on the numbers in the arguments (containers, functions, strings,
``x.ndim``) is evaluated now and leaves no trace in the program.

    def f(x, opts):                        f(x):
        s = 0.0                                For(i, 0, x.shape[0]; s: 0.0 → s2)
        for i in range(len(x)):      →             v1 = x[i]
            if opts["square"]:                     v2 = power_const(v1, n=2)
                s += x[i] ** 2                     s2 = add(s, v2)
        return s                               return s
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..containers.nodes import (
    LEAF, CustomNode, DataclassNode, DictNode, ListNode, NamedTupleNode, PackedNode, Path,
    Static as StaticNode, Structure, TupleNode,
)
from ..errors import DifferentiationError, UnsupportedSyntax
from ..kernels.types import Type
from ..records import record, replace
from .assemble import assemble
from .building.atoms import as_atom
from .building.binding import (
    Binding, Closure, Column, Container, Getter, Live, Maybe, Packed, Partial, Poison, Range, Shape, Static,
    Unbound,
)
from .building.cells import refuse_overwritten
from .building.context import Context, Guard, NeedStatic, Refused
from .building.items import static_items
from .building.parameters import Parameters, Request
from .calling import logs, index_tricks, layers, objects, opaque, vectorized
from .calling.calls import apply, closure_of, splice, unwrapped
from .calling.casts import array_of
from .columns.grown import refuse_changed
from .columns.packed import NeedPacked, NeedUnpacked, refuse_written
from .columns.stacking import stacked
from .constructs import comprehensions, conditions, containers, iteration, loops, scattering, texts
from .constructs.attributes import NeedMutable
from .constructs.statements import lower_block
from .constructs.subscripts import NeedUnroll
from .derivatives import custom, custom_forward, fields, floats, nested
from .derivatives.nested import OPERATORS, derived
from .derivatives.relabelled import without_labels
from .derivatives.tracing import gradient
from .ir import Atom, Const, Program, Value
from .location import Location
from .recursive.recursion import NeedLoop
from .save import Edits
from .source import location

__all__ = ["OPERATORS", "Normalized", "Request", "complete", "normalize"]

REGISTERING = (
    comprehensions, conditions, containers, custom, custom_forward, fields, floats, iteration, logs, loops,
    index_tricks, layers, nested, objects, opaque, scattering, texts, vectorized,
)


@record(frozen=True)
class Normalized:
    """The program and what calling it needs to know.

    ``outputs`` is the structure of the result; its leaves are the program's returns in order, ``labels``
    says for each whether it is a dlarray, ``columns`` for a column which leaf of the call has its shapes.
    ``leaves`` are the positions of the call's leaves that are parameters (two of them for a column of
    arrays); after them come the ``hidden`` ones.  ``packing`` are the lists that the call is packed by:
    positions are those of the packed call; ``notes`` is what the header of the text says of columns.
    """

    program: Program
    traced: frozenset[Value]
    outputs: Structure
    labels: tuple[str | None, ...]
    columns: tuple[int | None, ...]
    leaves: tuple[int, ...]
    hidden: tuple[tuple[Getter, Type], ...]
    guards: tuple[Guard, ...]
    functions: tuple[Any, ...]
    static: frozenset
    packing: frozenset[Path]
    notes: Mapping[Value, str]
    location: Location


def normalize(request: Request) -> Normalized:
    """The program of a function for arguments of these types.

    Raises
    ------
    UnsupportedSyntax
        With every problem of the function.
    SourceError
        If its source is not available.
    """
    while True:
        try:
            return _attempt(request)
        except NeedStatic as need:
            request = replace(request, static=request.static | {need.key})
        except NeedMutable as need:
            request = replace(request, mutable=request.mutable | {need.cls})
        except NeedLoop as need:
            request = replace(request, recursive=request.recursive | need.functions)
        except NeedPacked as need:
            request = _repacked(request, request.packing | need.paths, request.packable)
        except NeedUnpacked as need:
            request = _repacked(request, request.packing - need.paths, request.packable - need.paths)
        except (UnsupportedSyntax, DifferentiationError):
            # Written out it may be supported; if not, that is what the message is about.
            if not request.packing:
                raise
            request = _repacked(request, frozenset(), request.packable - request.packing)


def _repacked(request: Request, packing: frozenset[Path], packable: frozenset[Path]) -> Request:
    """The request with other lists packed; its leaves have other positions then."""
    static = frozenset(key for key in request.static if key[0] != "leaf")
    return replace(request, packing=packing, packable=packable, static=static)


def complete(ctx: Context) -> None:
    """Give a context the parts that stand above it: how bodies are built and calls applied."""
    ctx.lower_body = lambda frame: lower_block(ctx, frame, frame.parsed.body)
    ctx.call_with, ctx.array_of = apply, array_of


def _attempt(request: Request) -> Normalized:
    ctx = Context(request.static)
    complete(ctx)
    function, closure, extra = _entry(ctx, request.function)
    where = _definition(closure)
    ctx.packable, ctx.recursive, ctx.mutable = request.packable, request.recursive, request.mutable
    ctx.packed_here = request.packing if request.inside else None
    with ctx.at(where):
        arguments = Parameters(ctx, request)
        args, kwargs = arguments.bindings().items
        named = ctx.contents(kwargs)
        given = tuple(_as_given(ctx, item) for item in args.items)
        try:
            keywords = dict(zip(named.keys, named.items, strict=True))
            returned = _returned(ctx, request, closure, extra, args.items, given, keywords)
            atoms: list[Atom] = []
            labels: list[str | None] = []
            columns: list[int | None] = []
            outputs = _output(ctx, returned, atoms, labels, columns)
        except Refused as refused:
            if refused.message:
                ctx.problems.append((refused.location, refused.message))
            outputs = LEAF
        except NeedUnroll as need:
            if need.path is not None:
                raise NeedPacked(frozenset({need.path})) from None
            ctx.problems.append(
                (where, "a container of unlike items is indexed by a computed number; index it by literals")
            )
    if ctx.problems:
        raise (DifferentiationError if "differentiation" in ctx.kinds else UnsupportedSyntax)(ctx.problems)
    hidden = tuple(ctx.hidden.values())
    for part, called in ctx.part_names.items():
        ctx.hints.setdefault(part, called)
    for value, hint in ctx.hints.items():
        ctx.renamed[value] = Value(value.number, value.hint or (hint if hint.isidentifier() else ""))
    name = getattr(function, "__name__", "function").replace("<lambda>", "objective") + "_1"
    everything = (*arguments.params, *(v for _, v in hidden))
    program = assemble(Program(name, everything, tuple(ctx.block), tuple(atoms), ctx.types), ctx, Edits())
    refuse_overwritten(program)
    program = without_labels(ctx, program)
    if request.packing:
        refuse_written(ctx, program)
    if ctx.lists.stored:
        refuse_changed(ctx, program)
    return Normalized(
        program=program, traced=frozenset(arguments.traced), outputs=outputs, labels=tuple(labels),
        columns=tuple(columns), leaves=tuple(arguments.leaves),
        hidden=tuple((getter, program.types[v]) for getter, v in hidden),
        guards=tuple(ctx.guards.values()), functions=tuple(dict.fromkeys([function, *ctx.calls])),
        static=request.static, packing=frozenset() if request.inside else request.packing,
        notes=arguments.notes, location=where,
    )  # fmt: skip


def _returned(
    ctx: Context, request: Request, closure: Closure, extra: tuple, args: tuple, given: tuple, named: dict
) -> Binding:
    """The function's body, and what is asked of it; ``given`` are its arguments as they came."""
    end = location(closure.parsed.parsed.source, closure.parsed.body[-1])

    def plain(positional: tuple[Binding, ...]) -> Binding:
        keywords = {name: stacked(ctx, item) for name, item in named.items()}
        return splice(ctx, closure, extra + tuple(stacked(ctx, item) for item in positional), keywords)

    function: Callable[[tuple[Binding, ...]], Binding] = plain
    for asked in request.inner:
        function = derived(ctx, asked, function, end)

    def run() -> Binding:
        return function(args[: len(args) - request.extra])

    if request.kind == "gradient":
        result = run()
        with ctx.at(end):
            return _finish(ctx, request, given, result)
    return OPERATORS[request.kind](ctx, request, run, given, end)


def _entry(ctx: Context, function: Any) -> tuple[Any, Closure, tuple]:
    """The plain function of a callable, its closure, and arguments that come first (self)."""
    bound = getattr(function, "__self__", None)
    if bound is not None and hasattr(function, "__func__"):
        inner = unwrapped(function.__func__)
        return inner, closure_of(ctx, inner), (Live(bound, Getter(("object", bound, "self"))),)
    inner = unwrapped(function)
    if inner is None:
        inner = unwrapped(type(function).__call__)
        if inner is not None:
            return inner, closure_of(ctx, inner), (Live(function, Getter(("object", function, "self"))),)
    if inner is None:
        raise TypeError(f"dlsrc differentiates Python functions, not {type(function).__name__}")
    return inner, closure_of(ctx, inner), ()


def _definition(closure: Closure) -> Location:
    from_source = closure.parsed.parsed.source
    node = from_source.tree
    text = from_source.lines[node.lineno - 1].strip() if node.lineno <= len(from_source.lines) else ""
    return Location(from_source.file, node.lineno, 0, node.lineno, 0, text, from_source.qualname)


# ---------------------------------------------------------------------------------- results


def _as_given(ctx: Context, binding: Binding) -> Binding:
    """An argument as it came, whatever the function puts into its lists and dicts."""
    inner = ctx.contents(binding)
    if not isinstance(inner, Container):
        return inner
    return inner.with_items(_as_given(ctx, item) for item in inner.items)


def _finish(ctx: Context, request: Request, args: tuple, result: Binding) -> Binding:
    """For ``grad``: the gradient of what the function returned, beside it."""
    if request.argnums is None:
        return result
    aux: Binding | None = None
    if ctx.dead:  # every way raises; what would be returned is never seen
        pair = (Const(0.0), Static(None))
        result = Container("tuple", pair) if request.has_aux else pair[0]
    inner = ctx.contents(result)
    if request.has_aux:
        if not isinstance(inner, Container) or len(inner.items) != 2:
            raise ctx.refuse("with has_aux=True the function must return a pair (value, something else)")
        inner, aux = inner.items
    if isinstance(ctx.contents(inner), Container | Static):
        if ctx.problems:
            raise ctx.refuse("")  # what it returns was refused
        raise ctx.refuse(
            "the function must return one real number to take its gradient; "
            "for a pair (value, something else) say has_aux=True"
        )
    value = as_atom(ctx, inner, "what the function returns")
    grads = gradient(ctx, value, tuple(args[k] for k in request.argnums))
    value_pair: Binding = value if aux is None else Container("tuple", (value, aux))
    if len(request.argnums) == 1 and not request.single:
        grads = Container("tuple", (grads,))
    return Container("tuple", (value_pair, grads))


def _output(ctx: Context, binding: Binding, atoms: list, labels: list, columns: list) -> Structure:
    """The structure of what is returned; its leaves are appended to the lists."""
    inner = ctx.contents(binding)
    match inner:
        case Value() | Const():
            atoms.append(inner)
            labels.append(ctx.type_of(inner).labels)
            columns.append(None)
            return LEAF
        case Column(vector=vector, leaf=leaf, type=type_):
            atoms.append(vector)
            labels.append(type_.labels)
            columns.append(leaf)
            return LEAF
        case Packed(kind=kind, cls=cls, item=item, is_whole=True):
            outer = cls if kind == "list" else tuple
            return PackedNode(outer, (_output(ctx, item, atoms, labels, columns),))
        case Container(items=items, kind=kind, keys=keys, cls=cls):
            children = tuple(_output(ctx, item, atoms, labels, columns) for item in items)
            if kind == "list":
                return ListNode(children, cls=cls or list)
            if kind == "dict":
                return DictNode(keys, children, cls or dict)
            if kind == "namedtuple":
                return NamedTupleNode(cls, children)
            if kind == "object":
                raise ctx.refuse(f"the function returns a {cls.__name__}; return its numbers and arrays")
            if kind == "dataclass":
                return DataclassNode(cls, keys, children)
            if kind == "custom":
                return CustomNode(cls[0], cls[2], children, cls[1])
            return TupleNode(children)
        case Shape():
            made = Container("tuple", tuple(static_items(ctx, inner)))
            return _output(ctx, made, atoms, labels, columns)
        case Static(value=value) | Live(value=value):
            return StaticNode(value, type(value))
        case Unbound() | Maybe() | Poison():
            return _output(ctx, as_atom(ctx, inner), atoms, labels, columns)
        case Closure() | Partial() | Range():
            raise ctx.refuse("the function returns a function or an iterator; return numbers and arrays")
    raise ctx.refuse(
        f"the function returns {type(inner).__name__}, which has no value outside; return numbers and arrays"
    )
