"""Objects that numba makes: ``@vectorize`` functions run element by element, others are refused by name.

    gated(x, 2.0)    →    for k in range(x.size): out[k] = gated(x[k], 2.0)
"""

import ast
from typing import Any

from ..kernels.types import Array
from .atoms import as_atom
from .binding import Binding, Container
from .calls import closure_of
from .context import Context, Frame
from .ir import Value
from .specials import SPECIALS, special
from .statements import lower_block

__all__: list[str] = []

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
        return _each(ctx, value, args, kwargs)
    if getattr(value, "__name__", "") == "List":
        return SPECIALS["list"](ctx, args, kwargs)
    raise ctx.refuse(f"numba's {getattr(value, '__name__', kind)} is not supported; use a list or a dict")


def _each(ctx: Context, value: Any, args: tuple, kwargs: dict) -> Binding:
    """A ``@vectorize`` function: its Python function, element by element."""
    closure = closure_of(ctx, value._dispatcher.py_func)
    if kwargs:
        raise ctx.refuse(f"{closure.name}() takes no options here; give its arguments by position")
    atoms = [as_atom(ctx, a, f"an argument of {closure.name}") for a in args]
    arrays = [a for a in atoms if isinstance(a, Value) and isinstance(ctx.type_of(a), Array)]
    if not arrays:
        return ctx.call(closure, args)
    if len({ctx.type_of(a).ndim for a in arrays}) > 1:
        raise ctx.refuse(f"{closure.name}() needs arrays of one number of dimensions; reshape them first")
    env: dict[str, Binding] = {"one": closure}
    words = []
    for k, atom in enumerate(atoms):
        is_array = atom in arrays
        env[f"a{k}"] = ctx.call(ctx.known("ravel"), (atom,)) if is_array else atom
        words.append(f"a{k}[k]" if is_array else f"a{k}")
    first = f"a{atoms.index(arrays[0])}"
    same = [w.removesuffix("[k]") for w in words if w.endswith("[k]") and w != f"{first}[k]"]
    text = "".join(
        f"if len({w}) != len({first}):\n    raise ValueError('the arrays need one shape')\n" for w in same
    )
    dtype = _result(ctx, env, f"one({', '.join(words)})")
    env["out"] = ctx.op("empty_vector", ctx.dim(env[first], 0), dtype=dtype)  # type: ignore[arg-type]
    _run(ctx, env, f"{text}for k in range(len(out)):\n    out[k] = one({', '.join(words)})")
    dims = tuple(ctx.dim(arrays[0], k) for k in range(ctx.type_of(arrays[0]).ndim))
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
