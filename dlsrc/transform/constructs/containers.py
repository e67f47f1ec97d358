"""Tuples, lists and dicts: how they are made, and their methods.

    d = dict(a=x, b=y)    →    nothing: the structure is known
    q.append(v)           →    nothing: the list of bindings is one longer
"""



from collections.abc import Callable

from ...kernels.types import Array
from ..building.binding import Binding, Container, Grown, Iterator, Range, Static
from ..building.context import Context, describe
from ..building.items import has_static_items, static_items
from ..calling.specials import SPECIALS, special
from ..columns.growing import append_to, copied, extended, of_array, pop_from
from ..ir import Const, Value
from .opened import as_dict

__all__: list[str] = []

@special("tuple", tuple)
def tuple_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    if args and (made := _computed(ctx, args[0])) is not None:
        return made
    return ctx.make("tuple", static_items(ctx, args[0]) if args else ())


@special("list", list)
def list_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    if args and (made := _computed(ctx, args[0])) is not None:
        return made
    return ctx.make("list", static_items(ctx, args[0]) if args else ())


def _computed(ctx: Context, binding: Binding) -> Binding | None:
    """The list of something whose length is computed; None of anything else."""
    inner = ctx.contents(binding)
    if isinstance(inner, Grown):
        return copied(ctx, inner)
    if isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array):
        return of_array(ctx, inner, python=False)
    if isinstance(inner, Range | Iterator) and not has_static_items(ctx, inner) and not _literal(inner):
        return SPECIALS["listed"](ctx, inner)
    return None


def _literal(inner: Binding) -> bool:
    bounds = (inner.start, inner.stop, inner.step) if isinstance(inner, Range) else (None,)
    return all(isinstance(a, Const) for a in bounds)


@special("dict", dict)
def dict_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    items = dict(kwargs)
    if args:
        inner = as_dict(ctx, args[0])
        if inner is not None:
            items = dict(zip(inner.keys, inner.items, strict=True)) | items
        else:
            pairs = [static_items(ctx, pair) for pair in static_items(ctx, args[0])]
            items = {ctx.static(key, "a key of a dict"): value for key, value in pairs} | items
    return ctx.make("dict", items.values(), tuple(items))


def container_method(name: str) -> Callable:
    return special(f"container {name}")


@container_method("append")
def append(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner, item = args
    number = _changed(ctx, owner, ("list",), "append")
    ctx.lists.grown_at[number] = ctx.loc
    ctx.lists.appended[number] = ctx.lists.appended.get(number, 0) + 1
    if isinstance(owner, Grown):
        append_to(ctx, number, item)
    else:
        ctx.change(number, owner.with_items((*owner.items, item)))
    return Static(None)


def _need_dict(ctx: Context, owner: Binding, name: str) -> Container:
    found = as_dict(ctx, owner)
    if found is None:
        raise ctx.refuse(f"{describe(ctx.contents(owner), ctx)} has no method `{name}`")
    return found


@container_method("items")
def items(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = _need_dict(ctx, args[0], "items")
    pairs = zip(static_items(ctx, owner), owner.items, strict=True)
    return Container("tuple", tuple(Container("tuple", pair) for pair in pairs))


@container_method("keys")
def keys(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return Container("tuple", tuple(static_items(ctx, _need_dict(ctx, args[0], "keys"))))


@container_method("values")
def values(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return Container("tuple", _need_dict(ctx, args[0], "values").items)


@container_method("get")
def get(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = _need_dict(ctx, args[0], "get")
    key = ctx.static(args[1], "a key")
    if key in owner.keys:
        return owner.items[owner.keys.index(key)]
    return args[2] if len(args) > 2 else Static(None)


@container_method("copy")
def copy(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = args[0]
    return ctx.make(owner.kind, owner.items, owner.keys, owner.cls)


@container_method("_replace")
def replace_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner, *others = args
    if others:
        raise ctx.refuse("give what is replaced by name: replace(name=value)")
    fields = dict(zip(owner.keys, owner.items, strict=True)) | kwargs
    return ctx.make(owner.kind, fields.values(), owner.keys, owner.cls)


@special("replaced network")
def replaced_network(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``net.replace(learnables=tree)``: the layers are the same."""
    owner = ctx.contents(args[0])
    assert isinstance(owner, Container)
    for name, tree in kwargs.items():
        if name not in ("learnables", "state"):
            raise ctx.refuse(f"replace takes learnables and state, not `{name}`")
        old = as_dict(ctx, owner.items[owner.keys.index(name)])
        new = _need_dict(ctx, tree, "keys")
        if old is not None and old.keys and new.keys != old.keys:
            raise ctx.refuse(
                f"`{name}` has the layers {', '.join(old.keys)}; the tree given has "
                f"{', '.join(map(str, new.keys)) or 'none'}"
            )
    return replace_(ctx, (owner, *args[1:]), kwargs)


# ---------------------------------------------------------------------------------- changing lists and dicts


def _changed(ctx: Context, owner: Container, kinds: tuple[str, ...], name: str) -> int:
    """Where a list or dict that a method changes stands in the heap."""
    number = next((n for n, c in ctx.heap.items() if c is owner), None)
    if isinstance(owner, Grown) and name not in ("append", "extend", "pop"):
        raise ctx.refuse(
            f"a list whose length is computed has no `{name}` here; make an array of it with np.array(...)"
        )
    if number is None or not isinstance(owner, Grown) and owner.kind not in kinds:
        raise ctx.refuse(f"{describe(owner, ctx)} has no method `{name}` that can be used here")
    return number


@container_method("extend")
def extend(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner, more = args
    number = _changed(ctx, owner, ("list",), "extend")
    if isinstance(owner, Grown):
        extended(ctx, number, more)
        return Static(None)
    ctx.change(number, owner.with_items((*owner.items, *static_items(ctx, more))))
    ctx.lists.grown_at[number] = ctx.loc
    return Static(None)


@container_method("insert")
def insert(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner, where, item = args
    number = _changed(ctx, owner, ("list",), "insert")
    items = list(owner.items)
    items.insert(ctx.static(where, "the place in a list"), item)
    ctx.change(number, owner.with_items(items))
    ctx.lists.grown_at[number] = ctx.loc
    return Static(None)


@container_method("reverse")
def reverse(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    (owner,) = args
    ctx.change(_changed(ctx, owner, ("list",), "reverse"), owner.with_items(owner.items[::-1]))
    return Static(None)


@container_method("clear")
def clear(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    (owner,) = args
    ctx.change(_changed(ctx, owner, ("list", "dict"), "clear"), Container(owner.kind, (), (), owner.cls))
    return Static(None)


@container_method("sort")
def sort(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = args[0]
    number = _changed(ctx, owner, ("list",), "sort")
    ordered = SPECIALS["sorted"](ctx, (owner,), kwargs)
    ctx.change(number, owner.with_items(static_items(ctx, ordered)))
    return Static(None)


@container_method("pop")
def pop(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = args[0]
    number = _changed(ctx, owner, ("list", "dict"), "pop")
    if isinstance(owner, Grown):
        return pop_from(ctx, number, args[1] if len(args) > 1 else None)
    items = list(owner.items)
    if owner.kind == "dict":
        key = ctx.static(args[1], "a key")
        if key not in owner.keys:
            if len(args) > 2:
                return args[2]
            raise ctx.refuse(f"the dict has no key {key!r}; it has {', '.join(map(repr, owner.keys))}")
        place = owner.keys.index(key)
        found = items.pop(place)
        keys = (*owner.keys[:place], *owner.keys[place + 1 :])
        ctx.change(number, Container("dict", tuple(items), keys, owner.cls))
        return found
    place = ctx.static(args[1], "the place in a list") if len(args) > 1 else -1
    if not -len(items) <= place < len(items):
        raise ctx.refuse(f"pop from a list of {len(items)}: index {place} is out of range")
    found = items.pop(place)
    ctx.change(number, owner.with_items(items))
    return found


@container_method("pop_saved")
def pop_saved(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """What a function that calls itself saved on its stack (`unwind`), whose name is given."""
    owner, name = args
    if not isinstance(owner, Grown):
        raise ctx.refuse(
            f"`{name.value}` calls itself to a depth that is computed, and what it goes on with after that "
            "is not only numbers and arrays of one shape; hand functions, texts, lists and dicts on "
            "unchanged, or write a loop with a list of what is left to do"
        )
    return pop_from(ctx, _changed(ctx, owner, ("list",), "pop"), None, tested=False)


@container_method("index")
def index(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    values = [ctx.static(item, "an item") for item in static_items(ctx, args[0])]
    wanted = ctx.static(args[1], "what is looked for")
    if wanted not in values:
        raise ctx.refuse(f"{wanted!r} is not in this {args[0].kind}; test with `in` first")
    return Const(values.index(wanted))


@container_method("count")
def count(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    values = [ctx.static(item, "an item") for item in static_items(ctx, args[0])]
    return Const(values.count(ctx.static(args[1], "what is counted")))


@container_method("update")
def update(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = args[0]
    number = _changed(ctx, owner, ("dict",), "update")
    merged = dict(zip(owner.keys, owner.items, strict=True))
    for other in args[1:]:
        inner = _need_dict(ctx, other, "update")
        merged |= dict(zip(inner.keys, inner.items, strict=True))
    merged |= kwargs
    ctx.change(number, Container("dict", tuple(merged.values()), tuple(merged), owner.cls))
    return Static(None)


@container_method("setdefault")
def setdefault(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner, key = args[0], ctx.static(args[1], "a key")
    number = _changed(ctx, owner, ("dict",), "setdefault")
    if key not in owner.keys:
        value = args[2] if len(args) > 2 else Static(None)
        ctx.change(number, Container("dict", (*owner.items, value), (*owner.keys, key), owner.cls))
    inner = ctx.heap[number]
    return inner.items[inner.keys.index(key)]
