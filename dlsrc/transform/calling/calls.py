"""Calls: primitives become operations, composites and the user's own functions are spliced in.

    s = helper(x, k=2)     →   the statements of helper's body, its names in a frame of their own
    np.mean(x, axis=1)     →   the statements of the composite ``mean``, at the user's line
    np.sin(x)              →   v1 = sin(x)
    np.linalg.eigvals(x)   →   refused, or (where no derivative passes) an operation that numba types
"""

import ast
import functools
import inspect
import logging
import sys
from typing import Any

import numpy as np

from ...arrays.label_rules import OWN_LABELS
from ...kernels.primitive import Composite, Primitive, lookup, lookup_method, refuse
from ...records import record, replace
from ..building.atoms import as_atom, check_members
from ..building.binding import (
    Binding, BoundMethod, Closure, Container, Getter, Grown, Live, Partial, Perhaps, Static,
)
from ..building.context import Context, Frame, describe
from ..building.items import attribute_of
from ..building.cells import MAY_BE_CELLS, of_method, of_numpy
from ..building.weakness import as_python_float
from ..constructs.expressions import elements, evaluate, expression
from ..constructs.indices import root_of
from ..constructs.opened import need_dict
from ..constructs.subscripts import store_whole
from ..constructs.unpacking import spread
from ..derivatives.labels import by_labels, has_labels
from ..facts.regions import WRITERS
from ..ir import Const, Fancy, Index, Span, Value
from ..parse import Parsed, parse
from ..recursive.recursion import NeedLoop, as_loop
from ..source import read
from .arguments import (
    array_or_number, bound_arguments, lists_as_arrays, shape_or_array, ufunc_options,
)
from .classes import construct
from .composites import settle_orders
from .signatures import arity, bind_parameters
from .specials import SPECIALS, special_name

__all__ = ["apply", "closure_of", "splice"]

DEEPEST = 60
MOST_RECURSIONS = 200


@expression(ast.Call)
def call(ctx: Context, frame: Frame, node: ast.Call) -> Binding:
    function = evaluate(ctx, frame, node.func)
    if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
        return SPECIALS["generator"](ctx, frame, function, node.args[0], node.func)
    if any(isinstance(a, ast.Starred) for a in node.args):
        args = spread(ctx, frame, node.args, function, lambda: arity(ctx, function, _closure_of_callable))
    else:
        args = elements(ctx, frame, node.args)
    kwargs: dict[str, Binding] = {}
    for keyword in node.keywords:
        value = evaluate(ctx, frame, keyword.value)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
            continue
        named = need_dict(ctx, value)
        kwargs.update(dict(zip(named.keys, named.items, strict=True)))
    return apply(ctx, function, tuple(args), kwargs)


@expression(ast.Lambda)
def lambda_(ctx: Context, frame: Frame, node: ast.Lambda) -> Binding:
    return define(ctx, frame, node, "<lambda>")


def define(ctx: Context, frame: Frame, node: Any, name: str) -> Closure:
    """The closure that a ``def`` or ``lambda`` makes here: its defaults are evaluated now."""
    arguments = node.args
    defaults = tuple(evaluate(ctx, frame, d) for d in arguments.defaults)
    kwdefaults = tuple(
        (a.arg, evaluate(ctx, frame, d))
        for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if d is not None
    )
    return Closure(name, Body(frame.parsed.parsed.nested[node]), frame, defaults, kwdefaults)


@record(frozen=True, eq=False)
class Body:
    """What splicing needs of a function: its parsed form, and the live function (None for an inner one)."""

    parsed: Parsed
    function: Any = None

    @property
    def args(self) -> ast.arguments:
        return self.parsed.args

    @property
    def body(self) -> list[ast.stmt]:
        return self.parsed.body

    @property
    def nonlocals(self) -> frozenset[str]:
        return self.parsed.nonlocals

    @property
    def generated(self) -> frozenset[str]:
        return self.parsed.generated


# ---------------------------------------------------------------------------------- application


def apply(
    ctx: Context, function: Binding, args: tuple = (), kwargs: dict[str, Binding] | None = None
) -> Binding:
    """The result of calling a binding."""
    kwargs = kwargs or {}
    reference = ctx.reference(function) if isinstance(function, Perhaps) else function
    function = ctx.contents(function) if not isinstance(function, Primitive | Composite) else function
    match function:
        case Primitive() | Composite():
            plain = apply_primitive if isinstance(function, Primitive) else apply_composite
            if function.name not in OWN_LABELS and has_labels(ctx, (*args, *kwargs.values())):
                like_ufunc = bool(getattr(function, "elementwise", False))
                name, declared = function.name, function
                return by_labels(ctx, name, lambda a, k: plain(ctx, declared, a, k), args, kwargs, like_ufunc)
            return plain(ctx, function, args, kwargs)
        case Closure():
            return splice(ctx, function, args, kwargs)
        case Partial(function=inner, args=first, kwargs=named):
            return apply(ctx, inner, first + args, dict(named) | kwargs)
        case BoundMethod(owner=owner, name=name):
            return apply_method(ctx, owner, name, args, kwargs)
        case Live(value=value, getter=getter):
            return apply_object(ctx, value, getter, args, kwargs)
        case Container(cls=type() as cls) if any("__call__" in vars(base) for base in cls.__mro__):
            return apply(ctx, attribute_of(ctx, function, "__call__", reference), args, kwargs)
        case Static(value=value) if callable(value):
            return apply_object(
                ctx, value, Getter(("object", value, getattr(value, "__name__", "function"))), args, kwargs
            )
    raise ctx.refuse(f"{describe(function, ctx)} cannot be called; write * if a product was meant")


def apply_object(
    ctx: Context, value: Any, getter: Getter, args: tuple, kwargs: dict[str, Binding]
) -> Binding:
    """A call of a live Python object."""
    if value is np.where and len(args) == 1 and not kwargs:
        value = np.nonzero
    declared = lookup(value)
    if declared is not None:
        # math.sin gives a Python float, np.sin a NumPy one: they promote differently.
        before = ctx.next_number
        made = apply(ctx, declared, args, kwargs)
        if getattr(value, "__module__", None) == "math":
            return as_python_float(ctx, made)
        return of_numpy(ctx, value, made, before, args)
    name = special_name(value)
    if name == "derivative":
        args = (Live(value, getter), *args)
    if name is not None:
        before, found = ctx.next_number, SPECIALS[name](ctx, args, kwargs)
        return of_numpy(ctx, value, found, before, args) if name in MAY_BE_CELLS else found
    if isinstance(getattr(value, "__self__", None), logging.Logger):
        return SPECIALS["log method"](ctx, value, args, kwargs)
    rule = getattr(type(value), "__dlsrc_rule__", None)
    if rule is not None:  # a function with something of the user's own to say about its derivative
        return SPECIALS[rule](ctx, (Live(value, getter), *args), kwargs)
    if value in EVALUATED or getattr(value, "is_folded", False):
        return evaluated(ctx, value, args, kwargs)
    if _is_numbas(value):
        return SPECIALS["numba object"](ctx, value, args, kwargs)
    if isinstance(value, np.vectorize):
        before = ctx.next_number
        return of_numpy(ctx, value, SPECIALS["numpy vectorized"](ctx, value, args, kwargs), before)
    if isinstance(value, type):
        return construct(ctx, value, args, kwargs)
    if isinstance(value, functools.partial):
        inner = ctx.captured(value.func, getter.then("attribute", "func"))
        first = tuple(
            ctx.captured(a, getter.then("attribute", "args").then("item", k))
            for k, a in enumerate(value.args)
        )
        named = {
            k: ctx.captured(a, getter.then("attribute", "keywords").then("item", k))
            for k, a in value.keywords.items()
        }
        return apply(ctx, inner, first + args, named | kwargs)
    if inspect.ismethod(value) and inspect.isfunction(value.__func__):
        owner = Live(value.__self__, getter.then("attribute", "__self__"))
        return apply_object(ctx, value.__func__, getter.then("attribute", "__func__"), (owner, *args), kwargs)
    plain = unwrapped(value)
    if plain is not None and not _is_library(plain):
        return splice(ctx, closure_of(ctx, plain), args, kwargs)
    cls = type(value)
    if inspect.isfunction(cls.__call__) and not _is_library(cls.__call__):
        way = Getter(("object", cls, cls.__name__), (("attribute", "__call__"),))
        return apply(ctx, ctx.captured(cls.__call__, way), (Live(value, getter), *args), kwargs)
    return SPECIALS["opaque"](ctx, value, getter, args, kwargs)


EVALUATED = (refuse, np.dtype, np.result_type, np.promote_types, np.issubdtype, np.finfo, np.iinfo)


def evaluated(ctx: Context, value: Any, args: tuple, kwargs: dict[str, Binding]) -> Binding:
    """A call of a function of build-time values, made now."""
    name = getattr(value, "__name__", "this")
    if name == "refuse":
        raise ctx.refuse(str(ctx.static(args[0], "a message")))
    what = f"an argument of {name}" if value in EVALUATED else "an axis, size or dtype"
    found = value(*(ctx.static(a, what) for a in args), **{k: ctx.static(a, what) for k, a in kwargs.items()})
    return from_python(ctx, found)


def from_python(ctx: Context, found: Any) -> Binding:
    """A Python object as a binding."""
    if isinstance(found, bool | int | float):
        return Const(found)
    if isinstance(found, tuple | list):
        return ctx.make(type(found).__name__, tuple(from_python(ctx, f) for f in found))
    return Static(found)


def _is_numbas(value: Any) -> bool:
    """Whether an object is one that numba makes, and no dispatcher."""
    kind, name = type(value), getattr(value, "__module__", None)
    made = kind.__module__.partition(".")[0] == "numba" and not hasattr(value, "py_func")
    return (made or kind.__name__ == "DUFunc") or name in ("numba.typed.typedlist", "numba.typed.typeddict")


def unwrapped(value: Any) -> Any:
    """The Python function that a callable runs: a dispatcher's ``py_func``, or what a decorator wraps."""
    if not inspect.isfunction(value) and not hasattr(value, "py_func") and not hasattr(value, "__wrapped__"):
        return None
    if _is_library(value):
        return None
    return read(value).function


def _is_library(function: Any) -> bool:
    module = (getattr(function, "__module__", None) or "").split(".")[0]
    return module in ("numpy", "scipy", "numba") or module in sys.stdlib_module_names


def apply_method(ctx: Context, owner: Binding, name: str, args: tuple, kwargs: dict[str, Binding]) -> Binding:
    """``owner.name(...)`` of an array, a number or a container."""
    if isinstance(owner, Value | Const):
        if name in ("astype", "tolist"):
            if has_labels(ctx, (owner,)):
                plain = SPECIALS[f"method {name}"]
                return by_labels(ctx, name, lambda a, k: plain(ctx, a, k), (owner, *args), kwargs)
            return SPECIALS[f"method {name}"](ctx, (owner, *args), kwargs)
        declared = lookup_method(name)
        assert declared is not None
        if name in ("reshape", "transpose") and len(args) > 1:
            args = (Container("tuple", args),)
        before, made = ctx.next_number, apply(ctx, declared, (owner, *args), kwargs)
        return as_python_float(ctx, made) if name == "item" else of_method(ctx, name, owner, made, before)
    if isinstance(owner, Static):
        if name in ("format", "join") and isinstance(owner.value, str):
            return SPECIALS[f"text {name}"](ctx, (owner, *args), kwargs)
        found = getattr(owner.value, name, None)
        if not callable(found) or not all(ctx.is_static(a) for a in (*args, *kwargs.values())):
            raise ctx.refuse(f"{describe(owner, ctx)} has no method `{name}` for computed values")
        what = f"an argument of {name}()"
        values = {k: ctx.static(a, what) for k, a in kwargs.items()}
        return from_python(ctx, found(*(ctx.static(a, what) for a in args), **values))
    handler = SPECIALS.get(f"container {name}") if isinstance(owner, Container | Grown) else None
    if handler is None:
        raise ctx.refuse(f"{describe(owner, ctx)} has no method `{name}` that can be used here")
    return handler(ctx, (owner, *args), kwargs)


# ---------------------------------------------------------------------------------- primitives


_MODES = {
    "assign": "set", "fill": "set", "accumulate": "add", "deduct": "sub", "put": "set", "put_add": "add",
    "put_subtract": "sub",
}  # fmt: skip


def apply_primitive(ctx: Context, primitive: Primitive, args: tuple, kwargs: dict) -> Binding:
    count = len(primitive.parameters)
    if primitive.elementwise and ("out" in kwargs or len(args) == count + 1 and not primitive.static):
        # np.add(a, b, out): the result is computed first, as NumPy does where operands overlap.
        out = kwargs.get("out", args[-1] if len(args) > count else None)
        rest = {k: v for k, v in kwargs.items() if k != "out"}
        store_whole(ctx, as_atom(ctx, out, "out"), apply_primitive(ctx, primitive, args[:count], rest), "set")
        return out  # type: ignore[return-value]
    if primitive.elementwise:
        args, kwargs = ufunc_options(ctx, primitive, args, kwargs)
    by_name = bound_arguments(ctx, primitive, args, kwargs)
    signature = inspect.signature(primitive.body)
    atoms, static = [], {}
    for name in primitive.parameters:
        default = signature.parameters[name].default
        given = by_name.get(name, default)
        if name in primitive.static:
            static[name] = (
                given if given is default else ctx.static(given, f"the argument `{name}` of {primitive.name}")
            )
            continue
        if given is default and not isinstance(given, Value | Const):
            given = Const(default)
        as_argument = shape_or_array if name == "shape" else array_or_number
        atoms.append(as_argument(ctx, given, f"the argument `{name}` of {primitive.name}"))
    if primitive.elementwise:
        check_members(ctx, by_name.values(), atoms)
    if primitive.name in WRITERS and isinstance(atoms[0], Value):
        where, mode = Index((Span(),) * ctx.type_of(atoms[0]).ndim), _MODES[primitive.name]
        if len(atoms) == 3:
            where = Index((Fancy(atoms[1]),))  # type: ignore[arg-type]
        ctx.store(atoms[0], where, atoms[-1], mode)
        return Static(None)
    if primitive.effect and primitive.result_rule is None:
        ctx.effect(primitive, *atoms, **static)
        return Static(None)
    result = ctx.op(primitive, *atoms, **static)
    if primitive.view and isinstance(result, Value):
        ctx.roots[result] = root_of(ctx, atoms[0])
    return result


def apply_composite(ctx: Context, composite: Composite, args: tuple, kwargs: dict) -> Binding:
    args, kwargs = lists_as_arrays(ctx, composite, args, kwargs)
    before = ctx.next_number
    made = splice(ctx, closure_of(ctx, composite.body), args, kwargs, composite=True)
    settle_orders(ctx, composite, (*args, *kwargs.values()), made, before)
    return made


# ---------------------------------------------------------------------------------- splicing


_bodies: dict[int, tuple[Any, Body]] = {}


def body_of(function: Any) -> Body:
    """The body of a live function; parsed once for each code object."""
    code = function.__code__
    found = _bodies.get(id(code))
    if found is None or found[0] is not code:
        # Kept for other functions with this code: what this one captured must not be kept with it.
        source = replace(read(function), function=None, globals={}, closure={}, defaults=(), kwdefaults={})
        found = (code, Body(parse(source)))
        _bodies[id(code)] = found
    return replace(found[1], function=function)


def closure_of(ctx: Context, function: Any) -> Closure:
    """A live Python function as something to splice; its defaults are read at every call."""
    root = Getter(("object", function, function.__name__))
    defaults = tuple(
        ctx.captured(value, root.then("attribute", "__defaults__").then("item", k))
        for k, value in enumerate(function.__defaults__ or ())
    )
    kwdefaults = tuple(
        (name, ctx.captured(value, root.then("attribute", "__kwdefaults__").then("item", name)))
        for name, value in (function.__kwdefaults__ or {}).items()
    )
    return Closure(function.__name__, body_of(function), None, defaults, kwdefaults, function)


def splice(
    ctx: Context, closure: Closure, args: tuple, kwargs: dict[str, Binding], *, composite: bool = False
) -> Binding:
    """The body of a function, built here with these arguments; its result."""
    known = tuple(_known_part(ctx, a) for a in (*args, *kwargs.values()))
    key = (closure.parsed.body, closure.frame, known, closure)
    around = [k for k, other in enumerate(ctx.stack) if other[0] is key[0] and other[1] is key[1]]
    recurring = frozenset(other[3].parsed.parsed for other in (ctx.stack[around[-1] :] if around else ()))
    if around and not composite:
        # Where what is known of the arguments changes, a recursion may end while it is written out.
        ctx.recursions += 1
        deep = ctx.recursions > MOST_RECURSIONS or len(ctx.stack) >= DEEPEST
        if deep or any(ctx.stack[k][2] == known for k in around):
            if recurring <= ctx.recursive:
                raise ctx.refuse(
                    f"`{closure.name}` calls itself to a depth that is computed; write the recursion as a "
                    "loop with a list of what is left to do: while len(todo) > 0: a, b = todo.pop()"
                )
            raise NeedLoop(recurring)
    if len(ctx.stack) >= DEEPEST:
        raise ctx.refuse(f"calls are nested more than {DEEPEST} deep; write a loop")
    outer = ctx.frames[-1] if ctx.frames else None
    at = None
    if composite or (outer is not None and outer.composite is not None):
        at = ctx.loc
    own = outer is not None and _is_dlsrcs(closure) and (outer.seen_at or not _is_dlsrcs(outer.parsed))
    frame = Frame(
        closure.parsed, parent=closure.frame, composite=at, seen_at=ctx.loc if own else None,
        nonlocals=closure.parsed.nonlocals,
    )  # fmt: skip
    bind_parameters(ctx, frame, closure, args, kwargs)
    if closure.parsed.parsed in ctx.recursive:
        frame.parsed = replace(closure.parsed, parsed=as_loop(ctx, frame, closure, _closure_of_callable))
    if closure.function is not None and at is None:
        ctx.calls.append(closure.function)
    ctx.stack.append(key)
    ctx.frames.append(frame)
    try:
        with ctx.at(ctx.loc):
            ctx.lower_body(frame)
    except RecursionError:
        if not recurring or composite:
            raise
        raise NeedLoop(recurring) from None  # written out it is too deep for Python itself
    finally:
        ctx.stack.pop()
        # A closure made in this frame still reads its names; the frame stays for snapshots.
        ctx.frames = [f for f in ctx.frames if f is not frame or frame_is_captured(ctx, frame)]
    return frame.result


def _is_dlsrcs(called: Closure | Body) -> bool:
    """Whether this is a function of dlsrc's, or one that was made in such a one."""
    frame = getattr(called, "frame", None)
    module = getattr(called.function, "__module__", None) or ""
    return module.startswith(f"{__package__.partition('.')[0]}.") or frame is not None and bool(frame.seen_at)


def _closure_of_callable(ctx: Context, value: Any) -> Closure | None:
    """The user's function that a live object is, if it is one."""
    plain = unwrapped(value) if lookup(value) is None and special_name(value) is None else None
    return None if plain is None or _is_library(plain) else closure_of(ctx, plain)


def _known_part(ctx: Context, binding: Binding) -> Any:
    """What is known of an argument while the program is built, to be compared."""
    if isinstance(binding, Perhaps):
        return ("perhaps", _known_part(ctx, binding.binding))
    inner = ctx.contents(binding)
    if isinstance(inner, Value):
        return str(ctx.type_of(inner))
    if isinstance(inner, Container):
        return (inner.kind, inner.keys, tuple(_known_part(ctx, item) for item in inner.items))
    return repr(inner)


def frame_is_captured(ctx: Context, frame: Frame) -> bool:
    """Whether a function defined in the frame may outlive it."""
    return any(isinstance(b, Closure) and b.frame is frame for b in frame.env.values())
