"""New arrays, written where they are made.

    y = np.zeros_like(x)    →    %y = call ptr @NRT_MemInfo_alloc_aligned(…)
                                 call void @llvm.memset(…)
    z = y.copy()            →    %z = call ptr @NRT_MemInfo_alloc_aligned(…)
                                 call void @llvm.memcpy(…)

numba has a function for each way to ask for an array and each number of dimensions, and compiles it with
those that it calls: 0.15 s for ``np.zeros_like`` of a vector and ``np.empty`` of a number, half of what the
derivative of Rosenbrock's function takes, and 0.8 s for the kernels of a regression.  The code is the same;
what is asked for in another way is left to numba.
"""

from functools import cache
from typing import Any

import numpy as np

from ...lazy import numba
from .views import viewing

__all__ = ["allocated", "allocating"]

BY_SHAPE, LIKE = {np.empty, np.zeros}, {np.empty_like, np.zeros_like}
ZEROED = {np.zeros, np.zeros_like}

TOO_LARGE = "array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum possible size."


def allocated(function: Any, args: tuple) -> Any:
    """The signature of a call that makes an array here; None if it is any other."""
    types: Any = numba("core.types")
    asked = getattr(function, "typing_key", None)
    given = [types.unliteral(a) for a in args]
    made = None
    match given:
        case [types.Array() as like] if asked in LIKE:
            layout = like.layout if like.layout != "A" else "C"
            made = like.copy(layout=layout, readonly=False)
        case [shape] | [shape, types.DType() | types.NumberClass()] if asked in BY_SHAPE:
            dtype = types.float64 if len(given) == 1 else given[1].dtype
            made = _array(shape, dtype, types)
        case [shape, _] if asked in BY_SHAPE and isinstance(args[1], types.StringLiteral):
            given[1] = args[1]  # "float64": what a kernel is told of its static arguments
            made = _array(shape, numba("np.numpy_support").from_dtype(np.dtype(args[1].literal_value)), types)
    if made is None or not isinstance(made.dtype, types.Number | types.Boolean):
        return None
    return numba("core.typing").signature(made, *given)


def _array(shape: Any, dtype: Any, types: Any) -> Any:
    """The array of a shape; None if that is none, or none of numbers."""
    ndim = 1 if isinstance(shape, types.Integer) else 0
    if isinstance(shape, types.UniTuple) and isinstance(shape.dtype, types.Integer):
        ndim = shape.count
    return types.Array(dtype, ndim, "C") if ndim else None


@cache
def allocating() -> Any:
    """numba's class that writes LLVM code, told to write these calls out."""
    base: Any = viewing()
    known = numba("core.types").Number | numba("core.types").Boolean

    class Allocating(base):
        def _lower_call_normal(self, fnty: Any, expr: Any, signature: Any) -> Any:
            asked = getattr(fnty, "typing_key", None)
            if asked == "array.copy" and signature.recvr.ndim and isinstance(signature.recvr.dtype, known):
                array = self.loadvar(expr.func.name)
                return _copied(self.context, self.builder, signature.recvr, signature.return_type, array)
            if expr.kws or expr.vararg or allocated(fnty, signature.args) != signature:
                return super()._lower_call_normal(fnty, expr, signature)
            values = self.fold_call_args(fnty, signature, expr.args, expr.vararg, expr.kws)
            return _written(self.context, self.builder, signature, values, asked)

    return Allocating


def _written(context: Any, builder: Any, signature: Any, values: list, asked: Any) -> Any:
    arrays, cgutils = numba("np.arrayobj"), numba("core.cgutils")
    first = signature.args[0]
    if asked in LIKE:
        like = arrays.make_array(first)(context, builder, value=values[0])
        shape = cgutils.unpack_tuple(builder, like.shape, count=first.ndim)
    else:
        shape = arrays._parse_shape(context, builder, first, values[0])
    made, size = _made(context, builder, signature.return_type, shape)
    if asked in ZEROED:
        cgutils.memset(builder, made.data, size, 0)
    return made._getvalue()


def _copied(context: Any, builder: Any, given: Any, kind: Any, array: Any) -> Any:
    arrays, cgutils = numba("np.arrayobj"), numba("core.cgutils")
    array = arrays.make_array(given)(context, builder, value=array)
    shape = cgutils.unpack_tuple(builder, array.shape, count=given.ndim)
    made, _ = _made(context, builder, kind, shape)
    if given.layout == kind.layout:
        cgutils.raw_memcpy(builder, made.data, array.data, array.nitems, array.itemsize, align=1)
        return made._getvalue()
    strides = [cgutils.unpack_tuple(builder, a.strides, count=given.ndim) for a in (array, made)]
    with cgutils.loop_nest(builder, shape, context.get_value_type(numba("core.types").intp)) as indices:
        source, target = (
            cgutils.get_item_pointer2(context, builder, a.data, shape, along, type_.layout, indices)
            for a, along, type_ in zip((array, made), strides, (given, kind), strict=True)
        )
        builder.store(builder.load(source, align=None if given.aligned else 1), target)
    return made._getvalue()


def _made(context: Any, builder: Any, kind: Any, shape: Any) -> tuple[Any, Any]:
    """An array of unknown contents, and how many bytes it has."""
    arrays, cgutils, types = numba("np.arrayobj"), numba("core.cgutils"), numba("core.types")
    word = context.get_value_type(types.intp)
    item = context.get_constant(types.intp, arrays.get_itemsize(context, kind))
    size, too_large = word(1), cgutils.ir.IntType(1)(0)
    for length in (*shape, item):
        product = builder.smul_with_overflow(size, length)
        size = builder.extract_value(product, 0)
        too_large = builder.or_(too_large, builder.extract_value(product, 1))
    with builder.if_then(too_large, likely=False):
        context.call_conv.return_user_exc(builder, ValueError, (TOO_LARGE,))
    strides = [item]
    for length in shape[:-1] if kind.layout == "F" else shape[:0:-1]:
        strides.append(builder.mul(strides[-1], length))
    if kind.layout == "C":
        strides.reverse()
    align = context.get_constant(types.uint32, context.get_preferred_array_alignment(kind.dtype))
    memory = context.nrt.meminfo_alloc_aligned(builder, size, align)
    data = context.nrt.meminfo_data(builder, memory)
    made = arrays.make_array(kind)(context, builder)
    arrays.populate_array(
        made, data=builder.bitcast(data, context.get_data_type(kind.dtype).as_pointer()),
        shape=cgutils.pack_array(builder, shape, ty=word),
        strides=cgutils.pack_array(builder, strides, ty=word), itemsize=item, meminfo=memory,
    )  # fmt: skip
    return made, size
