"""What `jvp`, `vjp`, `jacfwd` and `jacrev` make of a function: programs like any other.

    jvp       the function with tangents pushed through it
    vjp       y = f(x); gradient of sum(y * dy) by x
    jacrev    y = f(x); for each element of y: row i is the gradient of y[i] by x
    jacfwd    for k in range(0, x.size, 4): f with four unit vectors pushed through it, each gives a column

Two of them only use ``dlgradient``, in the ways in which the user could.
"""

from collections.abc import Callable
from typing import Any

from ...kernels.types import Array, Scalar, is_float
from ...records import replace
from ..building.binding import Binding, Container
from ..building.context import Context, describe
from ..building.parameters import Asked, Request
from ..forward.pushing import leaves_of, loop_body, mapped, paired, push
from ..ir import (
    UNBOUND, Atom, Carry, Const, For, If, Index, Raise, Read, Span, Value, values_defined, walk,
)
from ..location import Location
from .labels import bare
from .nested import OPERATORS
from .tracing import gradient

__all__ = ["CHUNK", "inner_product", "like"]

Run = Callable[[], Binding]

# Directions that one sweep carries; measured: with more, numbers leave the registers of the machine.
CHUNK = 4


def operator(kind: str) -> Callable[[Callable], Callable]:
    """Register what a kind of request makes of a function."""

    def register(make: Callable) -> Callable:
        def unwatched(ctx: Context, request: Any, run: Run, *given: Any) -> Binding:
            """Around the function, whose operations have formats, are operations on whatever types."""

            def watched() -> Binding:
                with ctx.watching(True):
                    return run()

            with ctx.without_watch():
                return make(ctx, request, watched, *given)  # type: ignore[no-any-return]

        OPERATORS[kind] = unwatched
        return unwatched

    return register


# ---------------------------------------------------------------------------------- products


@operator("jvp")
def jvp(
    ctx: Context, request: Asked | Request, run: Run, args: tuple[Binding, ...], end: Location
) -> Binding:
    primals, tangents = args[: -request.extra], args[-request.extra :]
    seed: dict[Value, Atom] = {}
    active = tuple(primals[k] for k in request.argnums or ())
    model, given = Container("tuple", active), Container("tuple", tangents)
    for x, tx in paired(ctx, model, given, "the tangent", "the argument"):
        if isinstance(x, Value):
            seed[x] = like(ctx, tx, x, f"the tangent of `{x!r}`", f"`{x!r}`")
    pushed = push(ctx, run, [seed], has_aux=request.has_aux)
    results = (pushed.value, pushed.tangents[0])
    return Container("tuple", results if pushed.aux is None else (*results, pushed.aux))


@operator("hvp")
def hvp(
    ctx: Context, request: Asked | Request, run: Run, args: tuple[Binding, ...], end: Location
) -> Binding:
    """Of a function that is a gradient: how it changes in a direction."""
    pair = jvp(ctx, request, run, args, end)
    assert isinstance(pair, Container)
    return pair.items[1] if len(pair.items) == 2 else Container("tuple", pair.items[1:])


@operator("vjp")
def vjp(
    ctx: Context, request: Asked | Request, run: Run, args: tuple[Binding, ...], end: Location
) -> Binding:
    primals, weights = args[:-1], args[-1]
    result = run()
    with ctx.at(end):
        return _pulled_back(ctx, request, primals, weights, result)


def _pulled_back(
    ctx: Context, request: Asked | Request, primals: tuple[Binding, ...], weights: Binding, result: Binding
) -> Binding:
    if ctx.problems:
        raise ctx.refuse("")
    value, _ = _value(ctx, request, result)
    total: Atom = Const(0.0)
    for y, dy in paired(ctx, value, weights, "the cotangent `dy`", "what the function returns"):
        _need_float(ctx, y)
        part = inner_product(ctx, y, like(ctx, dy, y, "the cotangent `dy`", "what the function returns"))
        total = part if total == Const(0.0) else ctx.op("add", total, part)
    active = tuple(primals[k] for k in request.argnums or ())
    found = gradient(ctx, total, active, higher=True)
    return found if len(active) > 1 else Container("tuple", (found,))


def inner_product(ctx: Context, y: Atom, dy: Atom) -> Atom:
    """The sum of the products of two values of one shape."""
    if isinstance(ctx.type_of(y), Scalar):
        return ctx.op("multiply", y, dy)
    flat = (leaves_of(ctx, ctx.call(ctx.known("ravel"), (bare(ctx, a),)))[0] for a in (y, dy))
    return ctx.op("vec_dot", *flat)


def _atoms(ctx: Context, bindings: tuple[Binding, ...]) -> list[Atom]:
    return [atom for binding in bindings for atom in leaves_of(ctx, binding)]


def _value(ctx: Context, request: Asked | Request, result: Binding) -> tuple[Binding, Binding | None]:
    inner = ctx.contents(result)
    if not request.has_aux:
        return result, None
    if not isinstance(inner, Container) or len(inner.items) != 2:
        raise ctx.refuse("with has_aux=True the function must return a pair (value, something else)")
    return inner.items[0], inner.items[1]


def _need_float(ctx: Context, y: Atom) -> None:
    if not is_float(ctx.type_of(y)):
        ctx.kinds.add("differentiation")
        raise ctx.refuse(
            f"the function returns {describe(y, ctx)}, which has no derivative: return it as the second "
            "part of a pair, with has_aux=True"
        )


def like(ctx: Context, given: Atom, model: Atom, what: str, whose: str) -> Atom:
    """A tangent or cotangent, of the dtype of its value; that it has its shape is tested when it runs."""
    have, want = ctx.type_of(given), ctx.type_of(model)
    if have.ndim != want.ndim:
        raise ctx.refuse(
            f"{what} is {describe(given, ctx)}, and {whose} {describe(model, ctx)}; give it the same shape"
        )
    if have.labels and have.labels != want.labels:
        raise ctx.refuse(
            f"{what} has the format {have.labels!r}, and {whose} {want.labels or 'none'!r}; give it the same "
            "format, or none: then its dimensions are those of the value, in their order"
        )
    exact = {"float64": ("float64", "float32"), "float32": ("float32",)}.get(want.dtype, ())
    weak = isinstance(have, Scalar) and have.weak
    if not weak and have.dtype not in exact and not have.dtype.startswith(("int", "bool", "uint")):
        raise ctx.refuse(f"{what} is {have.dtype}, and {whose} {want.dtype}; convert it with .astype")
    for axis in range(want.ndim):
        differ = ctx.op("not_equal", ctx.dim(given, axis), ctx.dim(model, axis))  # type: ignore[arg-type]
        message = f"{ctx.loc}: {what} must have the shape of {whose}"
        ctx.add(If(differ, (Raise("ValueError", message, ctx.loc),), (), (), ctx.loc))
    if have.dtype != want.dtype:
        given = ctx.op("cast", given, dtype=want.dtype)
    if isinstance(want, Array) and have.layout != want.layout and want.layout != "A":
        # What is done with the value may ask for its order in memory.
        if want.layout == "C":
            return ctx.op("contiguous", given)
        return ctx.op("transposed", ctx.op("contiguous", ctx.op("transposed", given)))
    return given


# ---------------------------------------------------------------------------------- Jacobians


@operator("jacrev")
def jacrev(
    ctx: Context, request: Asked | Request, run: Run, args: tuple[Binding, ...], end: Location
) -> Binding:
    result = run()
    with ctx.at(end):
        return _by_rows(ctx, request, args, result)


def _by_rows(ctx: Context, request: Asked | Request, args: tuple[Binding, ...], result: Binding) -> Binding:
    wrt = tuple(args[k] for k in request.argnums or ())
    if ctx.problems:
        raise ctx.refuse("")
    value, aux = _value(ctx, request, result)
    xs = _atoms(ctx, wrt)

    def rows(y: Binding) -> Binding:
        atom = leaves_of(ctx, y)[0]
        _need_float(ctx, atom)
        if isinstance(ctx.type_of(atom), Scalar):
            found = _atoms(ctx, (_gradient(ctx, request, atom, wrt),))
            grads = [_cast(ctx, g, ctx.type_of(atom).dtype) for g in found]
            return _by_argument(ctx, request, wrt, grads)
        size = ctx.op("size", atom)
        matrices = [_matrix(ctx, size, x, ctx.type_of(atom).dtype) for x in xs]
        flat = _flat(ctx, atom)
        index = ctx.value(Scalar("int64", weak=True), "i")
        with loop_body(ctx) as body:
            one = ctx.value(Scalar(ctx.type_of(flat).dtype))
            ctx.add(Read(one, flat, Index((index,)), ctx.loc))  # type: ignore[arg-type]
            ctx.origin[one] = ctx.block[-1]
            for matrix, row in zip(matrices, _atoms(ctx, (_gradient(ctx, request, one, wrt),)), strict=True):
                if getattr(request, "nested", False):
                    ctx.store(matrix, Index((index, Span())), _flat(ctx, row))  # type: ignore[arg-type]
                else:
                    ctx.effect("set_row", matrix, index, row)
        ctx.add(For(index, Const(0), size, Const(1), (), tuple(body), None, None, ctx.loc))
        shaped = [_shaped(ctx, m, atom, x) for m, x in zip(matrices, xs, strict=True)]
        return _by_argument(ctx, request, wrt, shaped)

    return _jacobian(request, value, mapped(ctx, value, rows), aux)


@operator("jacfwd")
def jacfwd(
    ctx: Context, request: Asked | Request, run: Run, args: tuple[Binding, ...], end: Location
) -> Binding:
    wrt = tuple(args[k] for k in request.argnums or ())
    xs = _atoms(ctx, wrt)
    if all(isinstance(ctx.type_of(x), Scalar) for x in xs):
        return _by_numbers(ctx, request, run, wrt, xs)
    if getattr(request, "nested", False):
        return _nested_columns(ctx, request, run, wrt, xs)
    sizes = [_size(ctx, x) for x in xs]
    offsets: list[Atom] = [Const(0)]
    for size in sizes:
        offsets.append(ctx.op("add", offsets[-1], size))
    first = ctx.value(Scalar("int64", weak=True), "k")
    headers: list[tuple[Value, Value]] = []

    def places(d: int) -> list[Atom]:
        """Where the unit vector of direction ``d`` has its one, counted in each argument."""
        at = ctx.op("add", first, Const(d)) if d else first
        return [ctx.op("subtract", at, offset) if offset != Const(0) else at for offset in offsets[:-1]]

    with ctx.collecting() as body:
        columns = [places(d) for d in range(CHUNK)]
        seeds = [
            {x: _unit(ctx, x, at, d) for x, at in zip(xs, column, strict=True) if isinstance(x, Value)}
            for d, column in enumerate(columns, 1)
        ]
        pushed = push(ctx, run, seeds, has_aux=request.has_aux, repeated=True)
        start = ctx.loc
        ctx.loc = end
        ys = leaves_of(ctx, pushed.value)
        matrices: list[list[Value]] = []
        for n, y in enumerate(ys):
            matrices.append([])
            for m in range(len(xs)):
                header, joined = (ctx.value(Array(ctx.type_of(y).dtype, 2), "jac") for _ in range(2))
                ctx.op("sized", header, _size(ctx, y), sizes[m], target=joined)
                for column, tangents in zip(columns, pushed.tangents, strict=True):
                    ctx.effect("set_column", joined, column[m], leaves_of(ctx, tangents)[n])
                headers.append((header, joined))
                matrices[-1].append(joined)
        ctx.loc = start
    carries = []
    after: dict[Atom, Value] = {}  # what stands for a value of the body behind the loop
    for empty_at_first, joined in headers:
        nothing = ctx.op("empty2", Const(0), Const(0), dtype=ctx.type_of(joined).dtype)
        after[joined] = ctx.value(ctx.types[joined], "jac")
        carries.append(Carry(empty_at_first, nothing, joined, after[joined]))
    made_inside = {v for s in walk(tuple(body)) for v in values_defined(s)}
    for atom in (*ys, *([] if pushed.aux is None else leaves_of(ctx, pushed.aux))):
        if isinstance(atom, Value) and atom in made_inside and atom not in after:
            hint = ctx.hints.get(atom, atom.hint)
            after[atom] = ctx.value(ctx.types[atom], hint)
            carries.append(Carry(ctx.value(ctx.types[atom], hint), UNBOUND, atom, after[atom]))
    # One trip at least: it finds out what the result looks like.
    stop = ctx.op("maximum", offsets[-1], Const(1))
    ctx.add(For(first, Const(0), stop, Const(CHUNK), tuple(carries), tuple(body), None, None, ctx.loc))
    for carry in carries:
        ctx.origin[carry.result] = ctx.origin[carry.header] = ctx.block[-1]

    def settled(leaf: Binding) -> Binding:
        return after.get(leaf, leaf)  # type: ignore[call-overload]

    value = mapped(ctx, pushed.value, settled)
    aux = None if pushed.aux is None else mapped(ctx, pushed.aux, settled)
    rows = iter(matrices)

    def jacobians(y: Binding) -> Binding:
        of_y = leaves_of(ctx, y)[0]
        shaped = [_shaped(ctx, after[m], of_y, x) for m, x in zip(next(rows), xs, strict=True)]
        return _by_argument(ctx, request, wrt, shaped)

    return _jacobian(request, value, mapped(ctx, value, jacobians), aux)


def _nested_columns(
    ctx: Context, request: Asked | Request, run: Run, wrt: tuple[Binding, ...], xs: list[Atom]
) -> Binding:
    """The columns one by one, as the user would write them: what is written can itself be differentiated."""
    found = push(ctx, run, [], has_aux=request.has_aux, repeated=True)  # tells how large the result is
    value, aux = found.value, found.aux
    ys = leaves_of(ctx, value)
    matrices = [[_matrix(ctx, _size(ctx, y), x, ctx.type_of(y).dtype) for x in xs] for y in ys]
    for m, x in enumerate(xs):
        index = ctx.value(Scalar("int64", weak=True), "k")
        with loop_body(ctx) as body:
            seed = {x: _unit(ctx, x, index, 1)} if isinstance(x, Value) else {}
            pushed = push(ctx, run, [seed], has_aux=request.has_aux, repeated=True)
            for n, ty in enumerate(leaves_of(ctx, pushed.tangents[0])):
                ctx.store(matrices[n][m], Index((Span(), index)), _flat(ctx, ty))  # type: ignore[arg-type]
        ctx.add(For(index, Const(0), _size(ctx, x), Const(1), (), tuple(body), None, None, ctx.loc))
    rows = iter(matrices)

    def jacobians(y: Binding) -> Binding:
        of_y = leaves_of(ctx, y)[0]
        shaped = [_shaped(ctx, m, of_y, x) for m, x in zip(next(rows), xs, strict=True)]
        return _by_argument(ctx, request, wrt, shaped)

    return _jacobian(request, value, mapped(ctx, value, jacobians), aux)


def _flat(ctx: Context, atom: Atom) -> Atom:
    """An array as a vector; a number as it is."""
    atom = bare(ctx, atom)
    if isinstance(ctx.type_of(atom), Scalar) or ctx.type_of(atom).ndim == 1:
        return atom
    return leaves_of(ctx, ctx.call(ctx.known("ravel"), (atom,)))[0]


def _size(ctx: Context, atom: Atom) -> Atom:
    return ctx.op("size", atom) if isinstance(ctx.type_of(atom), Array) else Const(1)


def _by_numbers(
    ctx: Context, request: Asked | Request, run: Run, wrt: tuple, xs: list[Atom]
) -> Binding:
    """The Jacobian by numbers alone: each is a direction of its own, known while the program is built."""
    columns: list[Binding] = []
    value: Binding | None = None
    for start in range(0, len(xs), 2 * CHUNK):
        group = xs[start : start + 2 * CHUNK]
        seeds = [{x: _one(ctx, x)} for x in group if isinstance(x, Value)]
        if len(seeds) < len(group):
            raise ctx.refuse("a number by which a derivative is taken decides how the program is built")
        pushed = push(ctx, run, seeds, has_aux=request.has_aux, repeated=True)
        columns += pushed.tangents
        value = pushed.value if value is None else value
    leaves = [iter(leaves_of(ctx, column)) for column in columns]
    assert value is not None
    made = mapped(ctx, value, lambda y: _by_argument(ctx, request, wrt, [next(c) for c in leaves]))
    return _jacobian(request, value, made, pushed.aux)


def _gradient(ctx: Context, request: Asked | Request, y: Atom, wrt: tuple[Binding, ...]) -> Binding:
    nested = getattr(request, "nested", False)  # by variables of its own, and perhaps to be differentiated
    return gradient(ctx, y, wrt, higher=nested, own=nested)


def _cast(ctx: Context, atom: Atom, dtype: str) -> Atom:
    return atom if ctx.type_of(atom).dtype == dtype else ctx.op("cast", atom, dtype=dtype)


def _one(ctx: Context, x: Value) -> Const:
    dtype = ctx.types[x].dtype
    return Const(1.0, None if dtype == "float64" else dtype)


def _unit(ctx: Context, x: Value, place: Atom, direction: int) -> Atom:
    """The part of a unit vector that belongs to one argument."""
    type_ = ctx.types[x]
    if isinstance(type_, Array):
        target = ctx.value(Array(type_.dtype, type_.ndim), base=x, form=f"t{direction}{{}}")
        return ctx.op("one_hot", x, place, target=target)
    target = ctx.value(Scalar(type_.dtype), base=x, form=f"t{direction}{{}}")
    return ctx.op("cast", ctx.op("equal", place, Const(0)), dtype=type_.dtype, target=target)


def _matrix(ctx: Context, rows: Atom, x: Atom, dtype: str) -> Atom:
    return ctx.op("empty2", rows, _size(ctx, x), dtype=dtype)


def _shaped(ctx: Context, matrix: Atom, y: Atom, x: Atom) -> Atom:
    """A matrix of derivatives in the shape of the result, then that of the argument."""
    dims = [ctx.dim(a, axis) for a in (y, x) for axis in range(ctx.type_of(a).ndim)]  # type: ignore[arg-type]
    if ctx.type_of(y).ndim == ctx.type_of(x).ndim == 1:
        return matrix
    if not dims:
        return ctx.read(matrix, Index((Const(0), Const(0))))  # type: ignore[arg-type]
    if len(dims) > 5:
        raise ctx.refuse(
            f"this Jacobian has {len(dims)} dimensions, and arrays have at most 5 here: ravel the argument "
            "or the result"
        )
    made = ctx.op(f"view{len(dims)}", matrix, *dims)
    if isinstance(made, Value) and 0 in (ctx.type_of(y).ndim, ctx.type_of(x).ndim):
        # Of a number, or by one: what is left is built like the other, and has its format.
        labels = ctx.type_of(x if ctx.type_of(x).ndim else y).labels
        ctx.types[made] = replace(ctx.types[made], labels=labels)  # type: ignore[arg-type]
    return made


def _by_argument(ctx: Context, request: Asked | Request, wrt: tuple, leaves: list[Atom]) -> Binding:
    """Derivatives by each number and array of the arguments, in the structure of the arguments."""
    rest = iter(leaves)
    parts = tuple(mapped(ctx, x, lambda leaf: next(rest)) for x in wrt)
    return parts[0] if request.single else Container("tuple", parts)


def _jacobian(request: Asked | Request, value: Any, jacobian: Binding, aux: Binding | None) -> Binding:
    found = (value, jacobian) if request.value else (jacobian,)
    results = found if aux is None else (*found, aux)
    return results[0] if len(results) == 1 else Container("tuple", results)
