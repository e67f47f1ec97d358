"""Functions that run element by element: numba's ``@vectorize``, ``np.vectorize``; other objects of numba's.

    gated(x, 2.0)    →    for k in range(x.size): out[k] = gated(x[k], 2.0)
"""

import ast
from typing import Any

import numpy as np

from ...kernels.types import Array
from ..building.atoms import as_atom
from ..building.binding import Binding, Container, Partial, Static
from ..building.context import Context, Frame
from ..building.items import static_items
from ..constructs.optional import is_none
from ..constructs.statements import lower_block
from ..ir import Value
from .calls import closure_of
from .specials import SPECIALS, special

__all__: list[str] = []

OF_THE_FIRST = "the dtype of the first element"  # what np.vectorize takes for all

REFUSED = {
    "GUFunc": "a @guvectorize function writes its result into an argument; write it as a function that "
    "returns its result, or call it outside and pass the result in",
    "StencilFunc": "a @stencil function has no body that can be read; write the loop over its neighbours",
    "CFunc": "a cfunc is a pointer for other languages; call the Python function that it was made of",
    "JitClassType": "objects of a jitclass cannot be made inside the function; write a NamedTuple or "
    "a dataclass",
}  # fmt: skip


@special("numba object")
def numba_object(ctx: Context, value: Any, args: tuple, kwargs: dict) -> Binding:
    """A call of an object of numba's that is no dispatcher."""
    kind = type(value).__name__
    if kind in REFUSED:
        raise ctx.refuse(f"`{getattr(value, '__name__', kind)}`: {REFUSED[kind]}")
    if kind == "DUFunc":
        return _each(ctx, closure_of(ctx, value._dispatcher.py_func), args, kwargs)
    if getattr(value, "__name__", "") == "List":
        return SPECIALS["list"](ctx, args, kwargs)
    raise ctx.refuse(f"numba's {getattr(value, '__name__', kind)} is not supported; use a list or a dict")


@special("vectorize", np.vectorize)
def vectorize(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``np.vectorize(f)``: what gives f of each element when it is called."""
    unknown = kwargs.keys() - {"pyfunc", "otypes", "doc", "cache"}
    if unknown or len(args) > 2:
        raise ctx.refuse("np.vectorize with signature or excluded is not supported; write the loop")
    function = args[0] if args else kwargs.get("pyfunc")
    otypes = args[1] if len(args) > 1 else kwargs.get("otypes", Static(None))
    if function is None:
        raise ctx.refuse("np.vectorize needs the function here; write np.vectorize(f)")
    return Partial(Static(each), (function, otypes))


def each(function: Any, otypes: Any, *args: Any) -> Any:
    """What `vectorize` makes: its call stands for that of the object that NumPy makes."""
    return np.vectorize(function, otypes)(*args)


@special("vectorized", each)
def vectorized(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    function, otypes, *rest = args
    inner = ctx.contents(otypes)
    dtype = OF_THE_FIRST if is_none(inner) else _dtype_of(ctx, inner)
    return _each(ctx, function, tuple(rest), kwargs, dtype)


@special("numpy vectorized")
def numpy_vectorized(ctx: Context, value: Any, args: tuple, kwargs: dict) -> Binding:
    """A call of an object that ``np.vectorize`` made outside."""
    if value.excluded or value.signature is not None:
        raise ctx.refuse("np.vectorize with signature or excluded is not supported; write the loop")
    dtype = None if value.otypes is None else np.dtype(value.otypes).name
    return _each(ctx, closure_of(ctx, value.pyfunc), args, kwargs, dtype or OF_THE_FIRST)


def _dtype_of(ctx: Context, otypes: Binding) -> str:
    """The dtype that ``otypes`` asks for: "d", [float]."""
    found = ctx.static(otypes, "otypes")
    if isinstance(found, list | tuple) and len(found) != 1:
        raise ctx.refuse("np.vectorize of a function with several results is not supported; write the loop")
    return np.dtype(found if isinstance(found, str) else found[0]).name


def _each(
    ctx: Context, closure: Any, args: tuple, kwargs: dict, dtype: str | None = None
) -> Binding:
    """A function of numbers, element by element; ``dtype`` is that of the result, if it is asked for."""
    name = getattr(closure, "name", "the function")
    if kwargs:
        raise ctx.refuse(f"{name}() takes no options here; give its arguments by position")
    atoms = [as_atom(ctx, a, f"an argument of {name}") for a in args]
    arrays = [a for a in atoms if isinstance(a, Value) and isinstance(ctx.type_of(a), Array)]
    if not arrays:
        return ctx.call(closure, args)
    shapes = arrays[0]
    if len(arrays) > 1:
        whole = static_items(ctx, ctx.call(ctx.known("broadcast_arrays"), tuple(arrays)))
        matched = dict(zip(arrays, whole, strict=True))
        atoms = [matched.get(a, a) for a in atoms]  # type: ignore[misc,call-overload]
        shapes = as_atom(ctx, whole[0])  # type: ignore[assignment]
    env: dict[str, Binding] = {"one": closure}
    words = []
    for k, atom in enumerate(atoms):
        is_array = isinstance(ctx.type_of(atom), Array)
        env[f"a{k}"] = ctx.call(ctx.known("ravel"), (atom,)) if is_array else atom
        words.append(f"a{k}[k]" if is_array else f"a{k}")
    first = next(w for w in words if w.endswith("[k]")).removesuffix("[k]")
    call = f"one({', '.join(words)})"
    widened = ctx.widened
    found = _result(ctx, env, call)
    if dtype == OF_THE_FIRST and ctx.widened > widened:
        raise ctx.refuse(
            f"{name} gives numbers of two types, and np.vectorize takes that of the first element for all; "
            "write 0.0 for 0, or np.vectorize(f, otypes=[float])"
        )
    if dtype not in (None, OF_THE_FIRST, found) and dtype != "float64":
        raise ctx.refuse(
            f"np.vectorize with otypes of {dtype} is not supported; write np.astype of the result"
        )
    made = found if dtype in (None, OF_THE_FIRST) else dtype
    env["out"] = ctx.op("empty_vector", ctx.dim(env[first], 0), dtype=made)  # type: ignore[arg-type]
    text = ""
    if dtype == OF_THE_FIRST:
        text = "if len(out) == 0:\n    raise ValueError('np.vectorize of no elements needs otypes')\n"
    _run(ctx, env, f"{text}for k in range(len(out)):\n    out[k] = {call}")
    dims = tuple(ctx.dim(shapes, k) for k in range(ctx.type_of(shapes).ndim))
    return ctx.call(ctx.known("reshape"), (env["out"], Container("tuple", dims)))


def _result(ctx: Context, env: dict, call: str) -> str:
    """The dtype of what the function gives for one element: built, and thrown away."""
    before = ctx.snapshot()
    with ctx.collecting():
        frame = _run(ctx, dict(env), f"for k in range(1):\n    made = {call}")
        found = frame.env["made"]
        found = getattr(found, "binding", found)
        dtype = ctx.type_of(as_atom(ctx, found, "the result of a vectorized function")).dtype
    ctx.restore(before)
    return dtype


def _run(ctx: Context, env: dict, text: str) -> Frame:
    outer = ctx.frames[-1]
    names = frozenset({*env, "k", "made", "out"})
    frame = Frame(outer.parsed, env, outer, ctx.loc, own_locals=names)
    ctx.frames.append(frame)
    try:
        lower_block(ctx, frame, ast.parse(text).body)
    finally:
        ctx.frames.remove(frame)
    return frame
