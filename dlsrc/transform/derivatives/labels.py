"""Formats while a program is built: the labels of an array are a fact of its type, and of nothing else.

    y = x + b                 →    v1 = b[:, None]          x of format 'CB', b of 'C'
                                   y = x + v1               y of format 'CB'
    y = stripdims(x)          →    y = relabel(x)           which `relabelled` takes out again
    dims(x)                   →    'CB'

The rules are those of values (`label_rules`).  While a rule builds its statements, the operands have no
labels: every operation is one on plain arrays, and only the type of the result gets its labels.  An array
with labels that comes to an operation in another way is refused by `Context.op`.  When the program is built,
the labels of all types are dropped: no later stage knows of them, and they cost nothing when it runs.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ...arrays.label_rules import PLAIN, fits, indexed, rule_of
from ...formats import arranged, checked, find, given, stripped
from ...kernels.types import Array, Scalar
from ...records import replace
from ..building.atoms import as_atom
from ..building.binding import Binding, Container, Grown, Perhaps, Ref, Static
from ..building.context import Context
from ..calling.specials import special
from ..ir import NEWAXIS, Atom, Const, Index, Span, Value

__all__ = ["bare", "by_labels", "elementwise", "has_labels", "read_labelled", "stored"]


def _peek(ctx: Context, binding: Any) -> Any:
    """A binding's contents, without a test or a note that they were looked at."""
    while isinstance(binding, Perhaps | Ref):
        binding = binding.binding if isinstance(binding, Perhaps) else ctx.heap[binding.number]
    return binding


def _with_labels(ctx: Context, bindings: Iterable[Any]) -> Iterator[Value]:
    for binding in bindings:
        inner = _peek(ctx, binding)
        if isinstance(inner, Container) and inner.kind in ("tuple", "list"):
            yield from _with_labels(ctx, inner.items)
        elif isinstance(inner, Value) and ctx.types[inner].labels:
            yield inner


def has_labels(ctx: Context, bindings: Iterable[Any]) -> bool:
    """Whether one of them, or an item of a list or tuple, is an array with labels."""
    return any(True for _ in _with_labels(ctx, bindings))


class Traced:
    """Arrays as the rules see them, for one call of a function."""

    def __init__(self, ctx: Context, function: Callable, operands: Iterable[Any]):
        self.ctx = ctx
        self.function = function
        self.formats = {value: ctx.types[value].labels or "" for value in _with_labels(ctx, operands)}
        self.first = ctx.next_number

    @contextmanager
    def bare(self) -> Iterator[None]:
        """Inside, the operands have no labels."""
        types = {value: self.ctx.types[value] for value in self.formats}
        for value, type_ in types.items():
            self.ctx.types[value] = replace(type_, labels="")  # type: ignore[arg-type]
        try:
            yield
        finally:
            self.ctx.types.update(types)

    def labels_of(self, x: Any) -> str:
        inner = _peek(self.ctx, x)
        return self.formats.get(inner, "") if isinstance(inner, Value) else ""

    def ndim_of(self, x: Any) -> int:
        inner = _peek(self.ctx, x)
        if isinstance(inner, Container) and inner.kind in ("tuple", "list") and inner.items:
            return 1 + self.ndim_of(inner.items[0])
        if isinstance(inner, Grown):
            return 1
        return self.ctx.types[inner].ndim if isinstance(inner, Value) else 0  # type: ignore[union-attr]

    def items_of(self, x: Any) -> list:
        inner = _peek(self.ctx, x)
        return list(inner.items) if isinstance(inner, Container) and inner.kind in ("tuple", "list") else []

    def sequence(self, items: list) -> Binding:
        return Container("tuple", tuple(items))

    def singletons(self, x: Any) -> tuple[int, ...]:
        raise self.ctx.refuse(
            "which dimensions have the length one is known only when the function runs; name them: "
            "np.squeeze(X, axis=…)"
        )

    def laid(self, x: Any, places: tuple[int | None, ...]) -> Atom:
        return laid(self.ctx, as_atom(self.ctx, x), places)

    def labelled(self, x: Any, labels: str) -> Any:
        inner = _peek(self.ctx, x)
        if isinstance(inner, Container):
            return inner.with_items(self.labelled(item, labels) for item in inner.items)
        if not isinstance(inner, Value):
            return x
        type_ = self.ctx.types[inner]
        if not isinstance(type_, Array):
            self.ctx.types[inner] = replace(type_, labels="") if isinstance(type_, Scalar) else type_
            return x
        if labels and type_.ndim != len(labels):
            raise self.refuse(
                f"{type_.ndim} dimensions cannot have the format {labels!r}; strip the labels first"
            )
        if inner in self.formats and self.formats[inner] == labels:
            return inner
        if inner.number < self.first:  # an operand that came out as it went in
            made = self.ctx.op("relabel", inner, labels=labels, copies=False)
            self.ctx.same[made] = (inner, tuple(range(type_.ndim)))  # type: ignore[index, assignment]
            return made
        self.ctx.types[inner] = replace(type_, labels=labels)
        return inner

    def static(self, x: Any, what: str) -> Any:
        return None if x is None else self.ctx.static(x, what)

    def given(self, value: Any) -> Binding:
        if isinstance(value, tuple | list):
            return Container("tuple", tuple(map(self.given, value)))
        return Static(value) if value is None or isinstance(value, str) else Const(value)

    def call(self, args: tuple, kwargs: dict) -> Any:
        return self.function(args, kwargs)

    def refuse(self, message: str) -> Exception:
        return self.ctx.refuse(message)


def laid(ctx: Context, x: Atom, places: tuple[int | None, ...]) -> Atom:
    """An array with these of its dimensions, and new ones of length one where there is None."""
    order = tuple(k for k in places if k is not None)
    if order != tuple(range(len(order))):
        axes = Container("tuple", tuple(map(Const, order)))
        x = as_atom(ctx, ctx.call(ctx.known("transpose"), (x, axes)))
    if None not in places:
        return x
    assert isinstance(x, Value)
    made = ctx.read(x, Index(tuple(NEWAXIS if k is None else Span() for k in places)))
    ctx.roots[made] = ctx.roots.get(x, x)
    return made


def bare(ctx: Context, atom: Atom) -> Atom:
    """The array without its labels; to a gradient it is the same."""
    if not getattr(ctx.type_of(atom), "labels", None):
        return atom
    return ctx.op("relabel", atom, labels="", copies=False)


def by_labels(
    ctx: Context, name: str, function: Callable[[tuple, dict], Any], args: tuple, kwargs: dict,
    like_ufunc: bool = False,
) -> Binding:  # fmt: skip
    """A function of arguments of which one has labels; ``function`` builds it for those without."""
    traced = Traced(ctx, function, (*args, *kwargs.values()))
    with traced.bare():
        found = rule_of(name, like_ufunc)(traced, name, args, kwargs)
    inner = _peek(ctx, found)
    if isinstance(inner, Value) and name in PLAIN and not ctx.types[inner].labels:
        ctx.types[inner] = replace(ctx.types[inner], labels=None)  # type: ignore[arg-type]
    return found


def elementwise(ctx: Context, name: str, function: Callable[..., Any], *operands: Binding) -> Any:
    """An operator on operands of which one has labels."""
    return by_labels(ctx, name, lambda args, kwargs: function(*args), operands, {}, True)


# ---------------------------------------------------------------------------------- elements


def _entries(ctx: Context, entries: list, ndim: int) -> list[str]:
    """What stands between the brackets, as `label_rules.indexed` wants it."""
    kinds: list[str] = []
    named = 0
    for entry in entries:
        if isinstance(entry, tuple):
            kind, count = ":", 1
        elif isinstance(entry, Static) and entry.value in (None, Ellipsis):
            kind, count = ("n" if entry.value is None else "..."), 0
        elif isinstance(entry, Container):
            kind, count = "a", 1
        elif isinstance(entry, Value) and isinstance(ctx.types[entry], Array):
            type_ = ctx.types[entry]
            mask = type_.dtype == "bool"  # type: ignore[union-attr]
            kind = "a" if type_.ndim == 1 else f"a{type_.ndim}"  # type: ignore[union-attr]
            count = type_.ndim if mask else 1  # type: ignore[union-attr]
        else:
            kind, count = "i", 1
        kinds.append(kind)
        named += count
    full = [":"] * (ndim - named)
    if "..." in kinds:
        at = kinds.index("...")
        return [*kinds[:at], *full, *kinds[at + 1 :]]
    return [*kinds, *full]


def read_labelled(ctx: Context, base: Value, entries: list, read: Callable) -> Binding:
    """``base[entries]``, where an array has labels."""
    traced = Traced(ctx, read, (base, *(e for e in entries if not isinstance(e, tuple))))
    labels = traced.labels_of(base)
    after = indexed(traced, labels, _entries(ctx, entries, len(labels))) if labels else ""
    with traced.bare():
        found = read(ctx, base, entries)
        if isinstance(found, Value) and not isinstance(ctx.types[found], Array):
            return found
        return traced.labelled(found, after)


@contextmanager
def stored(ctx: Context, base: Value, entries: list, binding: Binding) -> Iterator[None]:
    """Inside, ``base[entries] = binding`` is a store of plain arrays; the labels were compared."""
    traced = Traced(ctx, stored, (base, binding, *(e for e in entries if not isinstance(e, tuple))))
    labels, value = traced.labels_of(base), traced.labels_of(binding)
    if value:
        fits(traced, indexed(traced, labels, _entries(ctx, entries, len(labels))) if labels else "", value)
    with traced.bare():
        yield


# ---------------------------------------------------------------------------------- dlsrc's functions


def _relabelled(ctx: Context, atom: Atom, places: tuple[int | None, ...], labels: str) -> Value:
    """A dlarray of this format; for a gradient it is the same as the dlarray that it was made of."""
    traced = Traced(ctx, _relabelled, (atom,))
    known = ctx.type_of(atom).labels is not None
    with traced.bare():
        made = ctx.op("relabel", laid(ctx, atom, places), labels=labels, copies=True)
    assert isinstance(made, Value)
    if known and isinstance(atom, Value):
        ctx.same[made] = (atom, places)
    return made


def as_dlarray(ctx: Context, atom: Atom, fmt: Binding | None) -> Value:
    """``dlarray(x, fmt)`` of a number or array."""
    type_ = ctx.type_of(atom)
    if type_.dtype not in ("float64", "float32", "bool"):
        if isinstance(atom, Const):
            atom = Const(float(atom.value))
        else:
            traced = Traced(ctx, as_dlarray, (atom,))
            with traced.bare():
                atom = ctx.op("cast", atom, dtype="float64")
    labels = None if fmt is None else ctx.static(fmt, "the format of a dlarray")
    if labels is None:
        return _relabelled(ctx, atom, tuple(range(type_.ndim)), type_.labels or "")
    try:
        checked(labels, "dlarray: the format")
        if labels and not type_.ndim:
            raise ctx.refuse(f"a number has no dimensions that {labels!r} could label; leave the format out")
        labels = given(labels, type_.ndim)[0] if labels else ""
    except (ValueError, TypeError) as error:
        raise ctx.refuse(str(error)) from None
    labels, order = arranged(labels) if labels else ("", tuple(range(type_.ndim)))
    return _relabelled(ctx, atom, tuple(k if k < type_.ndim else None for k in order), labels)


@special("stripdims")
def stripdims_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    fmt = ctx.static(args[1] if len(args) > 1 else kwargs.get("fmt", Static("")), "the format")
    inner = ctx.contents(args[0] if args else kwargs["X"])
    labels = ctx.type_of(inner).labels if isinstance(inner, Value) else ""
    if not labels:
        return inner
    assert isinstance(inner, Value)
    try:
        places: tuple[int | None, ...] = tuple(range(len(labels)))
        if fmt:
            places = stripped(labels, checked(fmt, "stripdims: the format"))[1]
    except (ValueError, TypeError) as error:
        raise ctx.refuse(str(error)) from None
    return _relabelled(ctx, inner, places, "")


@special("dims")
def dims_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    return Static((ctx.type_of(inner).labels if isinstance(inner, Value) else None) or "")


@special("finddim")
def finddim_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    label = ctx.static(args[1] if len(args) > 1 else kwargs["label"], "the label")
    try:
        if len(checked(label, "finddim: the label")) != 1:
            raise ctx.refuse(f"finddim(X, {label!r}) looks for one label: S, C, B, T or U")
    except (ValueError, TypeError) as error:
        raise ctx.refuse(str(error)) from None
    labels = dims_(ctx, args[:1], {})
    assert isinstance(labels, Static)
    return Container("tuple", tuple(map(Const, find(labels.value, label))))


def target_of(ctx: Context, atom: Value) -> tuple[Value, tuple[int | None, ...] | None]:
    """The dlarray that a target of a gradient is another name of, and how its dimensions are laid out."""
    places: tuple[int | None, ...] | None = None
    while atom in ctx.same:
        ctx.same_used.add(atom)
        atom, inner = ctx.same[atom]
        places = inner if places is None else tuple(None if k is None else inner[k] for k in places)
    return atom, places
