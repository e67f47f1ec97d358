"""Arrays in order of C seen with another shape, written where they are.

    rows = x.reshape((n, 3))    →    %rows = the description of %x with other sizes and strides
    flat = x.ravel()
    y = np.ascontiguousarray(x)

numba compiles a function for each number of dimensions, which calls two others and one in C, also where the
array stays as it is: 0.1 s for the first of them in a kernel, 0.03 s for each later one.
"""

from functools import cache, reduce
from typing import Any

import numpy as np

from ...lazy import numba
from .element_code import elementary

__all__ = ["seen_as_it_is", "viewing"]

OTHER_SIZE = "total size of new array must be unchanged"


def seen_as_it_is(function: Any, args: tuple) -> Any:
    """The signature of ``np.ascontiguousarray`` of an array that is; None for any other call."""
    types: Any = numba("core.types")
    if getattr(function, "typing_key", None) is not np.ascontiguousarray or len(args) != 1:
        return None
    return numba("core.typing").signature(args[0], *args) if _in_order(args[0], types) else None


def _in_order(kind: Any, types: Any) -> bool:
    known = type(kind) is types.Array and isinstance(kind.dtype, types.Number | types.Boolean)
    return known and kind.layout == "C" and kind.ndim > 0


@cache
def viewing() -> Any:
    """numba's class that writes LLVM code, told to write these out."""
    base: Any = elementary()
    types: Any = numba("core.types")

    class Viewing(base):
        def _lower_call_normal(self, fnty: Any, expr: Any, signature: Any) -> Any:
            if not expr.kws and not expr.vararg:
                if seen_as_it_is(fnty, signature.args) == signature:
                    (value,) = self.fold_call_args(fnty, signature, expr.args, expr.vararg, expr.kws)
                    self.incref(signature.return_type, value)
                    return value
                asked = getattr(fnty, "typing_key", None)
                if asked in ("array.reshape", "array.ravel") and _in_order(signature.recvr, types):
                    sizes = self._sizes(fnty, expr, signature)
                    if sizes is not None:
                        array = self.loadvar(expr.func.name)
                        made = _seen(self.context, self.builder, signature, array, sizes)
                        self.incref(signature.return_type, made)
                        return made
            return super()._lower_call_normal(fnty, expr, signature)

        def _sizes(self, fnty: Any, expr: Any, signature: Any) -> list | None:
            """The sizes that are asked for; None if they are asked for in another way."""
            given = signature.args
            together = len(given) == 1 and isinstance(given[0], types.BaseTuple)
            kinds = given[0].types if together else given
            if len(kinds) > 0 and not all(isinstance(t, types.Integer) for t in kinds):
                return None
            if fnty.typing_key == "array.ravel":
                return None if given else []
            if len(kinds) != signature.return_type.ndim or not len(kinds):
                return None
            values = self.fold_call_args(fnty, signature, expr.args, expr.vararg, expr.kws)
            if together:
                values = numba("core.cgutils").unpack_tuple(self.builder, values[0], count=len(kinds))
            pairs = zip(values, kinds, strict=True)
            return [self.context.cast(self.builder, value, kind, types.intp) for value, kind in pairs]

    return Viewing


def _seen(context: Any, builder: Any, signature: Any, array: Any, sizes: list) -> Any:
    arrays, cgutils, types = numba("np.arrayobj"), numba("core.cgutils"), numba("core.types")
    kind, source = signature.return_type, signature.recvr
    model = context.data_model_manager[source]
    fields = ("meminfo", "parent", "nitems", "itemsize", "data")
    given = {name: model.get(builder, array, name) for name in fields}
    sizes = _known(context, builder, given["nitems"], sizes) if sizes else [given["nitems"]]
    strides = [given["itemsize"]]
    for size in sizes[:0:-1]:
        strides.append(builder.mul(strides[-1], size))
    word = context.get_value_type(types.intp)
    made = arrays.make_array(kind)(context, builder)
    arrays.populate_array(
        made, data=given["data"], shape=cgutils.pack_array(builder, sizes, ty=word),
        strides=cgutils.pack_array(builder, strides[::-1], ty=word), itemsize=given["itemsize"],
        meminfo=given["meminfo"], parent=given["parent"],
    )  # fmt: skip
    return made._getvalue()


def _known(context: Any, builder: Any, total: Any, sizes: list) -> list:
    """The sizes, with a number for one that is negative; raises if they are not those of all elements.

    Sizes that are right take one branch.  A choice for each of them, of which LLVM asks at every later one
    whether it can be undefined, took a sixth of the time in which a convolutional network compiles.
    """
    word = total.type
    fits = builder.icmp_signed("==", reduce(builder.mul, sizes), total)
    counted = builder.icmp_signed(">=", reduce(builder.or_, sizes), word(0))
    before = builder.block
    with builder.if_then(builder.not_(builder.and_(fits, counted)), likely=False):
        inferred = _inferred(context, builder, total, sizes)
        after = builder.block
    known = []
    for size, other in zip(sizes, inferred, strict=True):
        known.append(builder.phi(word))
        known[-1].add_incoming(size, before)
        known[-1].add_incoming(other, after)
    return known


def _inferred(context: Any, builder: Any, total: Any, sizes: list) -> list:
    """The sizes if exactly one is negative and the others divide the total; raises if not."""
    cgutils, word = numba("core.cgutils"), total.type
    place = cgutils.alloca_once(builder, cgutils.ir.ArrayType(word, len(sizes)))
    at = [cgutils.gep_inbounds(builder, place, 0, axis) for axis in range(len(sizes))]
    for pointer, size in zip(at, sizes, strict=True):
        builder.store(size, pointer)
    failed = builder.call(_inference(builder.module, word), [at[0], word(len(sizes)), total])
    for code, message in enumerate((OTHER_SIZE, "multiple negative shape values"), 1):
        with builder.if_then(builder.icmp_signed("==", failed, word(code)), likely=False):
            context.call_conv.return_user_exc(builder, ValueError, (message,))
    return [builder.load(pointer) for pointer in at]


def _inference(module: Any, word: Any) -> Any:
    """The function that puts the size that is asked for in its place: 0, or which message there is."""
    cgutils = numba("core.cgutils")
    ir = cgutils.ir
    type_ = ir.FunctionType(word, [word.as_pointer(), word, word])
    function = cgutils.get_or_insert_function(module, type_, "dlsrc.inferred")
    if function.blocks:
        return function
    function.linkage = "linkonce_odr"
    for attribute in ("noinline", "cold", "minsize", "optsize"):
        function.attributes.add(attribute)
    sizes, length, total = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    zero, one = word(0), word(1)
    product, count, unknown = (cgutils.alloca_once_value(builder, v) for v in (one, zero, zero))
    with cgutils.for_range(builder, length) as loop:
        size = builder.load(builder.gep(sizes, [loop.index]))
        negative = builder.icmp_signed("<", size, zero)
        counted = builder.select(negative, one, size)
        builder.store(builder.mul(builder.load(product), counted), product)
        builder.store(builder.add(builder.load(count), builder.zext(negative, word)), count)
        builder.store(builder.select(negative, loop.index, builder.load(unknown)), unknown)
    found, others = builder.load(count), builder.load(product)
    with builder.if_then(builder.icmp_signed(">", found, one)):
        builder.ret(word(2))
    empty = builder.icmp_signed("==", others, zero)
    left = builder.select(empty, zero, builder.sdiv(total, builder.select(empty, one, others)))
    matches = builder.icmp_signed("==", builder.mul(others, left), total)
    with builder.if_then(builder.not_(builder.and_(builder.icmp_signed("==", found, one), matches))):
        builder.ret(one)
    builder.store(left, builder.gep(sizes, [builder.load(unknown)]))
    builder.ret(zero)
    return function
