"""One element of an array and one operation of two numbers, as the few instructions that they are.

    y = x[i, 3] * a    →    %p = getelementptr double, ptr %x.data, i64 %place
                            %v = load double, ptr %p
                            %y = fmul double %v, %a

numba copies the whole description of the array into a place of its own for each element, looks through all
that it has for an operator up to four times, and gives LLVM a page of code to make the same three
instructions of.  They are most of a loop, and of a kernel: bundle adjustment compiled in 0.84 s, and does in
0.64 s.  The instructions are numba's own, in its order; what is asked for in another way is left to it.
"""

import operator
from collections.abc import Callable
from functools import cache, partial, reduce
from typing import Any

from ...lazy import numba
from .descriptions import describing

__all__ = ["elementary", "extreme"]

# What numba writes for an operator of two numbers of one type: integers that have a sign, and floats.
OPERATIONS = {
    operator.add: ("int_add_impl", "real_add_impl"), operator.sub: ("int_sub_impl", "real_sub_impl"),
    operator.mul: ("int_mul_impl", "real_mul_impl"), operator.truediv: (None, None),
    operator.lt: ("int_slt_impl", "real_lt_impl"), operator.le: ("int_sle_impl", "real_le_impl"),
    operator.gt: ("int_sgt_impl", "real_gt_impl"), operator.ge: ("int_sge_impl", "real_ge_impl"),
    operator.eq: ("int_eq_impl", "real_eq_impl"), operator.ne: ("int_ne_impl", "real_ne_impl"),
}  # fmt: skip

EXTREMES = {min: operator.lt, max: operator.gt}
HIGHEST = 64  # a power that is written as products


def extreme(function: Any, args: tuple) -> Any:
    """The signature of ``min`` or ``max`` of numbers of one type; None of any other call.

    numba makes a tuple of them, in a function of its own that it compiles in each process.
    """
    types = numba("core.types")
    given = {types.unliteral(a) for a in args}
    if getattr(function, "typing_key", None) not in EXTREMES or len(args) < 2 or len(given) > 1:
        return None
    (kind,) = given
    known = _comparison(min, kind) is not None
    return numba("core.typing").signature(kind, *[kind] * len(args)) if known else None


@cache
def elementary() -> Any:
    """numba's class that writes LLVM code, told to write these out."""
    base: Any = describing()

    class Elementary(base):
        def lower_binop(self, resty: Any, expr: Any, op: Any) -> Any:
            signature = self.fndesc.calltypes[expr]
            errors = self.context.error_model
            written = _operation(op, signature, errors)
            written = written or _power(op, signature, self.typeof(expr.rhs.name), errors)
            if written is None:
                return super().lower_binop(resty, expr, op)
            values = [self._cast_var(v, t) for v, t in zip((expr.lhs, expr.rhs), signature.args, strict=True)]
            made = written(self.context, self.builder, signature, values)
            return self.context.cast(self.builder, made, signature.return_type, resty)

        def _lower_call_normal(self, fnty: Any, expr: Any, signature: Any) -> Any:
            if expr.kws or expr.vararg or extreme(fnty, signature.args) != signature:
                return super()._lower_call_normal(fnty, expr, signature)
            first, *others = self.fold_call_args(fnty, signature, expr.args, expr.vararg, expr.kws)
            kind = signature.return_type
            compare: Any = _comparison(fnty.typing_key, kind)
            compared = numba("core.typing").signature(numba("core.types").boolean, kind, kind)
            for other in others:
                better = compare(self.context, self.builder, compared, [other, first])
                first = self.builder.select(better, other, first)
            return first

        def lower_expr(self, resty: Any, expr: Any) -> Any:
            index = {"getitem": "index", "static_getitem": "index_var"}.get(expr.op)
            signature = self.fndesc.calltypes.get(expr) if index else None
            place = signature and self._place(expr.value, getattr(expr, index), signature)
            if not place:
                return super().lower_expr(resty, expr)
            array = self.typeof(expr.value.name)
            aligned = None if array.aligned else 1
            made = self.context.unpack_value(self.builder, array.dtype, place, align=aligned)
            return self.context.cast(self.builder, made, array.dtype, resty)

        def lower_inst(self, inst: Any) -> None:
            ir = numba("core.ir")
            static = isinstance(inst, ir.StaticSetItem)
            if static or isinstance(inst, ir.SetItem):
                signature = self.fndesc.calltypes[inst]
                self.loc = inst.loc
                place = self._place(inst.target, inst.index_var if static else inst.index, signature)
                if place:
                    array, given = self.typeof(inst.target.name), signature.args[2]
                    value = self._cast_var(inst.value, given)
                    value = self.context.cast(self.builder, value, given, array.dtype)
                    aligned = None if array.aligned else 1
                    self.context.pack_value(self.builder, array.dtype, value, place, align=aligned)
                    return
            super().lower_inst(inst)

        def _place(self, array: Any, index: Any, signature: Any) -> Any:
            """Where an element of an array of numbers is; None if anything else is asked for."""
            types = numba("core.types")
            kind = self.typeof(array.name)
            if index is None or not self.is_plain(kind) or self.context.enable_boundscheck:
                return None
            asked, given = signature.args[1], self.typeof(index.name)
            together = isinstance(asked, types.BaseTuple)
            wanted = asked.types if together else (asked,)
            if len(wanted) != kind.ndim or not all(isinstance(t, types.Integer) for t in wanted):
                return None
            found = self.loadvar(index.name)
            parts = [_part(self.builder, found, k) for k in range(kind.ndim)] if together else [found]
            sources = given.types if together else (given,)
            sizes: dict[int, Any] = {}

            def size(axis: int) -> Any:
                if axis not in sizes:
                    sizes[axis] = self.field(array.name, kind, "shape", axis)
                return sizes[axis]

            indices = []
            for axis, (part, source, type_) in enumerate(zip(parts, sources, wanted, strict=True)):
                at = self.context.cast(self.builder, part, source, type_)
                indices.append(self._counted(at, type_, partial(size, axis)))
            data = self.field(array.name, kind, "data")
            if kind.layout == "A":
                strides = [self.field(array.name, kind, "strides", axis) for axis in range(kind.ndim)]
                return numba("core.cgutils").get_item_pointer2(
                    self.context, self.builder, data, (), strides, "A", indices
                )
            order = range(kind.ndim) if kind.layout == "C" else range(kind.ndim - 1, -1, -1)
            terms = []
            for done, axis in enumerate(order, 1):
                inner = [size(other) for other in order[done:]]
                step = reduce(self.builder.mul, inner) if inner else None
                terms.append(indices[axis] if step is None else self.builder.mul(indices[axis], step))
            return self.builder.gep(data, [reduce(self.builder.add, terms)])

        def _counted(self, at: Any, type_: Any, size: Callable[[], Any]) -> Any:
            """An index counted from the start, as many bits wide as an address."""
            types, builder = numba("core.types"), self.builder
            if not type_.signed:
                return self.context.cast(builder, at, type_, types.uintp)
            at = self.context.cast(builder, at, type_, types.intp)
            if isinstance(getattr(at, "constant", None), int) and at.constant >= 0:
                return at
            before = builder.icmp_signed("<", at, at.type(0))
            return builder.select(before, builder.add(at, size()), at)

    return Elementary


def _operation(op: Any, signature: Any, errors: Any) -> Callable | None:
    """What writes an operation of two numbers of one type; None if it is any other."""
    names = OPERATIONS.get(op)
    first, second = signature.args if len(signature.args) == 2 else (None, None)
    types = numba("core.types")
    if names is None or first != second:
        return None
    floats = first in (types.float64, types.float32)
    if floats and op is operator.truediv:
        return None if errors.raise_on_fp_zero_division else _divided
    name = names[1] if floats else names[0] if first == types.int64 else None
    comparing = name is not None and signature.return_type == types.boolean
    if name is None or not (comparing or signature.return_type == first):
        return None
    return getattr(numba("cpython.numbers"), name)


def _comparison(asked: Any, kind: Any) -> Callable | None:
    """What writes whether one number takes the place of another; None if they are of another kind."""
    types = numba("core.types")
    return _operation(EXTREMES[asked], numba("core.typing").signature(types.boolean, kind, kind), None)


def _divided(context: Any, builder: Any, signature: Any, values: list) -> Any:
    return builder.fdiv(*values)


def _power(op: Any, signature: Any, exponent: Any, errors: Any) -> Callable | None:
    """What writes the power of a number by a constant as its products; None if it is any other.

    numba compiles a loop over the bits of the exponent, of which LLVM then makes these products: 45 ms.
    """
    types = numba("core.types")
    if op is not operator.pow or not isinstance(exponent, types.IntegerLiteral):
        return None
    base, _ = signature.args
    by, floats = exponent.literal_value, base in (types.float64, types.float32)
    if base != signature.return_type or not (floats or base == types.int64) or abs(by) > HIGHEST:
        return None
    if by < 0 and (not floats or errors.raise_on_fp_zero_division):
        return None

    def written(context: Any, builder: Any, signature: Any, values: list) -> Any:
        times = builder.fmul if floats else builder.mul
        square, made, bits = values[0], None, abs(by)
        while bits:
            if bits & 1:
                made = square if made is None else times(made, square)
            bits >>= 1
            if bits:
                square = times(square, square)
        one = context.get_constant(base, 1)
        if made is None:
            return one
        return builder.fdiv(one, made) if by < 0 else made

    return written


def _part(builder: Any, whole: Any, k: int) -> Any:
    """The ``k``-th of values that were put together; what it was before that, if that is seen."""
    inserted = numba("core.cgutils").ir.instructions.InsertValue
    seen = whole
    while isinstance(seen, inserted) and len(seen.indices) == 1:
        if seen.indices[0] == k:
            return seen.value
        seen = seen.aggregate
    return builder.extract_value(whole, k)
