"""Builtins and functions of dlsrc that have a meaning while the program is built.

``range``, ``len``, ``zip`` decide loops; ``dlgradient`` becomes a `Gradient` statement; ``extractdata``
cuts the trace; ``float`` and ``int`` are casts.  One function each, in one table by name.
"""

import builtins
import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels.primitive import Primitive
from ..kernels.types import Array, Scalar, promote
from .binding import Binding, Container, Iterator, Maybe, Partial, Range, Shape, Static
from .context import Context, describe
from .expressions import as_atom, has_static_items, length_of, static_items, truth
from .infer import inferred
from .ir import Atom, Const, Gradient, Index, Span, Value

__all__ = ["SPECIALS", "array_of", "special_name"]

SPECIALS: dict[str, Callable] = {}
_BY_IDENTITY: dict[int, str] = {}
_TYPES = {float: "float64", int: "int64", bool: "bool"} | {
    getattr(np, name): name for name in ("float64", "float32", "int64", "int32", "bool_")
}


def special(name: str, *functions: Any) -> Callable:
    """Register the handler of these functions (live objects), under a name."""

    def register(handler: Callable) -> Callable:
        SPECIALS[name] = handler
        for function in functions:
            _BY_IDENTITY[id(function)] = name
        return handler

    return register


def special_name(value: Any) -> str | None:
    """The name under which a live object is special, if it is."""
    marked = getattr(value, "__dlsrc_special__", None)
    if isinstance(marked, str):
        return marked
    return _BY_IDENTITY.get(id(value))


def given(ctx: Context, name: str, args: tuple, kwargs: dict, *names: str, required: int = 1) -> list[Binding | None]:
    """Arguments by position or keyword, None where not given."""
    unknown = set(kwargs) - set(names)
    if unknown:
        raise ctx.refuse(f"{name}() has no argument `{sorted(unknown)[0]}` that dlsrc knows; it has {', '.join(names)}")
    if len(args) > len(names) or len(args) + len(kwargs) < required:
        raise ctx.refuse(f"{name}() takes {required} to {len(names)} arguments, {len(args) + len(kwargs)} were given")
    found = dict(zip(names, args, strict=False)) | kwargs
    return [found.get(n) for n in names]


# ---------------------------------------------------------------------------------- iteration


@special("range", range)
def range_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    atoms = [as_atom(ctx, a, "a bound of range") for a in args]
    for atom in atoms:
        if "int" not in ctx.type_of(atom).dtype:
            raise ctx.refuse(f"range() takes integers, not {describe(atom, ctx)}")
    start, stop, step = (Const(0), *atoms, Const(1)) if len(atoms) == 1 else (*atoms, Const(1))[:3]
    if step == Const(0):
        raise ctx.refuse("the step of a range must not be zero")
    return Range(start, stop, step)


@special("len", len)
def len_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return length_of(ctx, given(ctx, "len", args, kwargs, "x")[0])  # type: ignore[arg-type]


@special("enumerate", enumerate)
def enumerate_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner, start = given(ctx, "enumerate", args, kwargs, "iterable", "start")
    return Iterator("enumerate", (inner,), Const(0) if start is None else as_atom(ctx, start))  # type: ignore[arg-type]


@special("zip", zip)
def zip_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    kwargs.pop("strict", None)
    return Iterator("zip", args)


@special("reversed", reversed)
def reversed_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    if isinstance(inner, Range) and inner.step in (Const(1), Const(-1)):
        step = inner.step.value  # type: ignore[union-attr]
        return Range(ctx.op("subtract", inner.stop, Const(step)), ctx.op("subtract", inner.start, Const(step)), Const(-step))
    if isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array):
        return ctx.call(ctx.known("flip"), (inner, Const(0)))
    return Iterator("reversed", (inner,))


# ---------------------------------------------------------------------------------- containers


@special("tuple", tuple)
def tuple_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return ctx.make("tuple", static_items(ctx, args[0]) if args else ())


@special("list", list)
def list_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return ctx.make("list", static_items(ctx, args[0]) if args else ())


@special("dict", dict)
def dict_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    items = dict(kwargs)
    if args:
        inner = ctx.contents(args[0])
        if not isinstance(inner, Container) or inner.kind != "dict":
            raise ctx.refuse("dict() of anything but a dict is not supported; write {key: value}")
        items = dict(zip(inner.keys, inner.items, strict=True)) | items
    return ctx.make("dict", items.values(), tuple(items))


def container_method(name: str) -> Callable:
    return special(f"container {name}")


@container_method("append")
def append(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner, item = args
    number = next((n for n, c in ctx.heap.items() if c is owner), None)
    if number is None:
        raise ctx.refuse(f"{describe(owner, ctx)} cannot be appended to")
    ctx.heap[number] = owner.with_items((*owner.items, item))
    ctx.grown_at[number] = ctx.loc
    return Static(None)


def _need_dict(ctx: Context, owner: Binding, name: str) -> Container:
    if not isinstance(owner, Container) or owner.kind != "dict":
        raise ctx.refuse(f"{describe(owner, ctx)} has no method `{name}`")
    return owner


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
    owner = args[0]
    fields = dict(zip(owner.keys, owner.items, strict=True)) | kwargs
    return ctx.make(owner.kind, fields.values(), owner.keys, owner.cls)


# ---------------------------------------------------------------------------------- numbers


def _register_casts() -> None:
    for function, dtype in _TYPES.items():
        python = function in (float, int, bool)

        def cast(ctx: Context, args: tuple, kwargs: dict, dtype: str = dtype, python: bool = python) -> Binding:
            return _cast(ctx, args[0] if args else Const(0), dtype.rstrip("_"), python)

        special(f"cast to {function.__module__}.{function.__name__}", function)(cast)


def _cast(ctx: Context, binding: Binding, dtype: str, python: bool) -> Binding:
    if dtype == "bool":
        return truth(ctx, binding)
    inner = ctx.contents(binding)
    if isinstance(inner, Static) and isinstance(inner.value, str) and dtype.startswith("float"):
        return Const(float(inner.value))
    atom = as_atom(ctx, binding, "what is converted")
    type_ = ctx.type_of(atom)
    if isinstance(atom, Const) and python and atom.dtype is None:
        return Const(float(atom.value) if dtype == "float64" else int(atom.value))
    if isinstance(type_, Array):
        if python:
            raise ctx.refuse("only one element converts to a Python number; write .item() or an index")
        return ctx.op("cast", atom, dtype=dtype)
    if type_.dtype == dtype and type_.weak == python:
        return atom
    made = ctx.op("cast", atom, dtype=dtype)
    assert isinstance(made, Value)
    ctx.types[made] = Scalar(dtype, python, type_.labels)
    return made


_register_casts()


@special("method astype")
def astype(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return ctx.op("cast", args[0], dtype=np.dtype(ctx.static(args[1], "the dtype")).name)


@special("method tolist")
def tolist(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    raise ctx.refuse("`.tolist()` cannot be compiled; index the array instead")


@special("min", min)
def min_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _extreme(ctx, "minimum", "min", args)


@special("max", max)
def max_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return _extreme(ctx, "maximum", "max", args)


def _extreme(ctx: Context, pair: str, whole: str, args: tuple) -> Binding:
    """Python's min and max: of several numbers, of a container, of a vector; ties go to the first."""
    if len(args) == 1:
        inner = ctx.contents(args[0])
        if isinstance(inner, Value):
            if ctx.type_of(inner).ndim != 1:
                raise ctx.refuse(f"{whole}() of a matrix compares rows; write np.{whole}")
            return ctx.call(ctx.known(whole), (inner,))
        args = tuple(static_items(ctx, inner))
    best = as_atom(ctx, args[0])
    for other in args[1:]:
        atom = as_atom(ctx, other)
        if isinstance(ctx.type_of(atom), Array) or isinstance(ctx.type_of(best), Array):
            raise ctx.refuse(f"{whole}() of arrays is ambiguous; write np.{pair}")
        best = ctx.op(pair, best, atom)
    return best


@special("sum", sum)
def sum_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    start = as_atom(ctx, args[1] if len(args) > 1 else kwargs.get("start", Const(0)))
    if isinstance(inner, Value):
        if ctx.type_of(inner).ndim != 1:
            raise ctx.refuse("sum() of a matrix adds rows; write np.sum(x, axis=0)")
        total = as_atom(ctx, ctx.call(ctx.known("sum"), (inner,)))
        return total if start == Const(0) else ctx.op("add", start, total)
    for part in static_items(ctx, inner):
        atom = as_atom(ctx, part, "a summand")
        start = atom if start == Const(0) else ctx.op("add", start, atom)
    return start


@special("round", round)
def round_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    if len(args) > 1:
        raise ctx.refuse("round() to digits is not supported; write np.round(x * 10) / 10")
    return _cast(ctx, ctx.op("rint", as_atom(ctx, args[0])), "int64", True)


@special("divmod", divmod)
def divmod_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    a, b = (as_atom(ctx, x) for x in args)
    return Container("tuple", (ctx.op("floor_divide", a, b), ctx.op("remainder", a, b)))


@special("isinstance", isinstance)
def isinstance_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    binding = ctx.contents(args[0])
    classes = ctx.static(args[1], "the class")
    classes = tuple(classes) if isinstance(classes, tuple | list) else (classes,)
    return Const(any(_is_a(ctx, binding, c) for c in classes))


def _is_a(ctx: Context, binding: Binding, cls: Any) -> bool:
    if isinstance(binding, Value | Const):
        type_ = ctx.type_of(binding)
        if isinstance(type_, Array):
            return cls is np.ndarray
        python = {"float64": float, "int64": int, "bool": bool}.get(type_.dtype, object)
        return issubclass(python if type_.weak else getattr(np, type_.dtype if type_.dtype != "bool" else "bool_"), cls)
    if isinstance(binding, Shape):
        return issubclass(tuple, cls)
    if isinstance(binding, Container):
        return issubclass(binding.cls or getattr(builtins, binding.kind), cls)
    return isinstance(getattr(binding, "value", None), cls)


@special("partial", functools.partial)
def partial(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return Partial(args[0], tuple(args[1:]), tuple(kwargs.items()))


@special("dataclasses.replace", dataclasses.replace)
def replaced(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    owner = ctx.contents(args[0])
    if not isinstance(owner, Container):
        raise ctx.refuse(f"dataclasses.replace takes a dataclass, not {describe(owner, ctx)}")
    return replace_(ctx, (owner,), kwargs)


@special("getattr", getattr)
def getattr_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    raise ctx.refuse("getattr() is not supported; write the attribute")


@special("print", print)
def print_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    raise ctx.refuse("print() inside the objective is not supported yet; return the value and print it outside")


# ---------------------------------------------------------------------------------- arrays of items


@special("array", np.array, np.asarray, np.ascontiguousarray)
def array(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    x, dtype = given(ctx, "np.array", args, kwargs, "object", "dtype")
    made = array_of(ctx, x)  # type: ignore[arg-type]
    if dtype is None or (isinstance(dtype, Static) and dtype.value is None):
        return made
    name = np.dtype(ctx.static(dtype, "the dtype")).name
    return made if ctx.type_of(made).dtype == name else ctx.op("cast", made, dtype=name)  # type: ignore[arg-type]


def array_of(ctx: Context, binding: Binding) -> Binding:
    """The array that NumPy makes of a number, an array (copied) or nested lists of them."""
    inner = ctx.contents(binding)
    if isinstance(inner, Value | Const):
        return ctx.op("copy", inner) if isinstance(ctx.type_of(inner), Array) else inner
    if not has_static_items(ctx, inner):
        return as_atom(ctx, inner, "what becomes an array")
    shape: list[int] = []
    leaves = _leaves(ctx, inner, shape, 0)
    types = [ctx.type_of(leaf) for leaf in leaves]
    dtype = promote(*types)[0] if types else "float64"
    ranks = {t.ndim for t in types}
    if len(ranks) > 1:
        raise ctx.refuse("an array cannot be made of numbers and arrays together; give them one shape")
    rank = ranks.pop() if ranks else 0
    dims = (*(Const(n) for n in shape), *(ctx.dim(leaves[0], k) for k in range(rank)))
    empty = ctx.call(ctx.known("empty"), (Container("tuple", dims),), {"dtype": Static(dtype)})
    for place, leaf in zip(np.ndindex(*shape), leaves, strict=True):
        ctx.store(empty, Index((*(Const(int(k)) for k in place), *(Span(),) * rank)), leaf)
    return empty


def _leaves(ctx: Context, binding: Binding, shape: list[int], depth: int) -> list[Atom]:
    inner = ctx.contents(binding)
    if not has_static_items(ctx, inner):
        return [as_atom(ctx, inner, "an element of an array")]
    parts = static_items(ctx, inner)
    if len(shape) == depth:
        shape.append(len(parts))
    elif shape[depth] != len(parts):
        raise ctx.refuse(f"the list is ragged: rows of {shape[depth]} and {len(parts)} items do not make an array")
    return [leaf for part in parts for leaf in _leaves(ctx, part, shape, depth + 1)]


# ---------------------------------------------------------------------------------- dlsrc's own


@special("dlarray")
def dlarray_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    if len(args) > 1 or kwargs:
        raise ctx.refuse("dlarray with a format is not supported yet; leave the format out")
    atom = as_atom(ctx, array_of(ctx, inner) if not isinstance(inner, Value | Const) else inner, "the data of a dlarray")
    return ctx.op("relabel", atom, labels="")


@special("extractdata")
def extractdata_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return ctx.op("detach", as_atom(ctx, args[0]), keep_labels=False)


@special("stop_gradient")
def stop_gradient_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    if isinstance(inner, Container):
        return inner.with_items(stop_gradient_(ctx, (item,), {}) for item in inner.items)
    return ctx.op("detach", as_atom(ctx, inner), keep_labels=True)


@special("isdlarray")
def isdlarray_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    inner = ctx.contents(args[0])
    return Const(isinstance(inner, Value) and ctx.type_of(inner).labels is not None)


@special("dlgradient")
def dlgradient_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``dlgradient(y, *xs)``: a `Gradient` statement, its results in the structure of the targets."""
    options = {"retain_data", "enable_higher_derivatives"}
    matlab = {"RetainData": "retain_data", "EnableHigherDerivatives": "enable_higher_derivatives", "AllowComplex": None}
    for name in kwargs:
        if name in matlab:
            better = matlab[name]
            raise ctx.refuse(f"dlgradient has no option {name}" + (f"; in Python it is {better}" if better else ""))
        if name not in options:
            raise ctx.refuse(f"dlgradient has no option {name}; it has retain_data and enable_higher_derivatives")
    if "enable_higher_derivatives" in kwargs and ctx.static(kwargs["enable_higher_derivatives"], "enable_higher_derivatives"):
        raise ctx.refuse("enable_higher_derivatives=True is not supported yet; this version gives first derivatives")
    if len(args) < 2:
        raise ctx.refuse("dlgradient(y, x) takes the value to differentiate and at least one variable")
    for target in args[1:]:
        inner = ctx.contents(target)
        if not isinstance(inner, Value | Const | Container | Maybe):
            ctx.kinds.add("differentiation")
            raise ctx.refuse(f"the gradient by {describe(inner, ctx)} does not exist; pass the variable itself")
    return gradient(ctx, args[0], args[1:])


@special("derivative")
def derivative(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    raise ctx.refuse(
        "grad(...) and value_and_grad(...) cannot be called inside a function that is differentiated or evaluated by "
        "dlfeval; call dlgradient there, or take the gradient outside"
    )


def gradient(ctx: Context, loss: Binding, targets: tuple[Binding, ...]) -> Binding:
    """The `Gradient` statement of a loss by these targets."""
    y = as_atom(ctx, loss, "the value to differentiate")
    type_ = ctx.type_of(y)
    if isinstance(type_, Array):
        ctx.kinds.add("differentiation")
        shape = "(n,)" if type_.ndim == 1 else "(" + ", ".join("nmkl"[: type_.ndim]) + ")"
        raise ctx.refuse(
            f"the value to differentiate must be a real scalar; it is {describe(y, ctx)} of shape {shape}: "
            "sum it, or index one element (y[0], y.item())"
        )
    if type_.dtype not in ("float64", "float32"):
        ctx.kinds.add("differentiation")
        raise ctx.refuse(f"the value to differentiate must be a real scalar, not {describe(y, ctx)}")
    results: list[Value] = []
    atoms: list[Atom] = []
    structured = tuple(_targets(ctx, t, atoms, results) for t in targets)
    ctx.add(Gradient(tuple(results), y, tuple(atoms), ctx.loc))
    for made in results:
        ctx.origin[made] = ctx.block[-1]
    return structured[0] if len(structured) == 1 else Container("tuple", structured)


def _targets(ctx: Context, target: Binding, atoms: list, results: list) -> Binding:
    inner = ctx.contents(target)
    if isinstance(inner, Container):
        return ctx.make(inner.kind, [_targets(ctx, item, atoms, results) for item in inner.items], inner.keys, inner.cls)
    if isinstance(inner, Maybe):
        ctx.kinds.add("differentiation")
        raise ctx.refuse(f"`{inner.name}` is traced on one way only; take its gradient in the branch that assigns it")
    if isinstance(inner, Static):
        return inner
    atom = as_atom(ctx, inner, "a variable to differentiate by")
    type_ = ctx.type_of(atom)
    if atom in ctx.one_way:
        ctx.kinds.add("differentiation")
        name = ctx.hints.get(atom, "it")  # type: ignore[arg-type]
        raise ctx.refuse(f"`{name}` has a value on one way only; take its gradient in the branch that assigns it")
    if type_.dtype not in ("float64", "float32") and isinstance(atom, Value):
        ctx.kinds.add("differentiation")
        raise ctx.refuse(f"the gradient by {describe(atom, ctx)} does not exist: only real (floating-point) variables have one; convert it with .astype(float)")
    made = ctx.value(Scalar(type_.dtype, False, type_.labels) if isinstance(type_, Scalar) else type_)
    atoms.append(atom)
    results.append(made)
    return made


# ---------------------------------------------------------------------------------- anything numba knows


@special("opaque")
def opaque(ctx: Context, value: Any, getter: Any, args: tuple, kwargs: dict) -> Binding:
    """A function without a rule: allowed where no derivative passes, if numba can compile it."""
    name = _path(value, getter)
    unknown = f"`{name}` is not a function that dlsrc can differentiate or compile; write it with NumPy functions that it knows"
    if kwargs:
        raise ctx.refuse(unknown)
    atoms = []
    for arg in args:
        inner = ctx.contents(arg)
        if not isinstance(inner, Value | Const):
            raise ctx.refuse(unknown)
        atoms.append(inner)
    result = inferred(value, [ctx.type_of(a) for a in atoms])
    if result is None:
        raise ctx.refuse(unknown)
    return ctx.op(_opaque_primitive(value, name, len(atoms), result), *atoms)


_opaque: dict[tuple, Primitive] = {}


def _path(value: Any, getter: Any) -> str:
    module = getattr(value, "__module__", None) or ""
    name = getattr(value, "__name__", str(getter))
    if module.startswith("numpy"):
        return f"np.{module[6:]}.{name}" if module[6:] and not module[6:].startswith("_") else f"np.{name}"
    return f"{module}.{name}" if module and module != "builtins" else name


def _opaque_primitive(value: Any, name: str, count: int, result: Any) -> Primitive:
    key = (id(value), count, result)
    if key not in _opaque:
        names = ", ".join("abcdefgh"[k] for k in range(count))
        identifier = name.replace("np.", "").replace(".", "_")
        namespace: dict[str, Any] = {"function": value}
        exec(f"def {identifier}({names}):\n    return function({names})", namespace)
        body = namespace[identifier]
        body.__doc__ = f"{name}, without a derivative."
        made = Primitive(body, (value,), static=(), elementwise=False, floats=False, boolean=False, view=False,
                         effect=".random." in name, methods=(), attributes=())  # fmt: skip
        made.opaque = name  # type: ignore[attr-defined]
        made.numba_knows = body.numba_knows = value  # type: ignore[attr-defined]
        made.result(lambda **_: result)
        _opaque[key] = made
    return _opaque[key]
