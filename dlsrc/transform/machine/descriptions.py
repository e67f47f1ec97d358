"""What is asked of an array's description: its shape, its size, whose memory it is.

    n = x.shape[0]    →    %n = extractvalue %x, 5, 0

numba copies the whole description into a place of its own for a shape, and takes all of it apart to count
that one more, or one less, holds the array: eight instructions for the one that is needed.
"""

from functools import cache
from typing import Any

from ...lazy import numba

__all__ = ["describing"]

ASKED = {"shape": "shape", "size": "nitems"}


@cache
def describing() -> Any:
    """numba's class that writes LLVM code, told to read no more of an array than is asked for."""
    lowering: Any = numba("core.lowering")
    types: Any = numba("core.types")

    class Describing(lowering.Lower):
        def is_plain(self, kind: Any) -> bool:
            """Whether these are arrays of numbers, and nobody looks on with a debugger."""
            known = type(kind) is types.Array and isinstance(kind.dtype, types.Number | types.Boolean)
            return known and not self._disable_sroa_like_opt

        def field(self, name: str, kind: Any, field: str, axis: int | None = None) -> Any:
            """A part of the description of the array that a variable is."""
            number = self.context.data_model_manager[kind].get_field_position(field)
            where = [number] if axis is None else [number, axis]
            if name in self._blk_local_varmap:
                return self.builder.extract_value(self._blk_local_varmap[name], where)
            place = numba("core.cgutils").gep_inbounds(self.builder, self.getvar(name), 0, *where)
            return self.builder.load(place)

        def lower_expr(self, resty: Any, expr: Any) -> Any:
            asked = ASKED.get(expr.attr) if expr.op == "getattr" else None
            if asked is not None:
                kind = self.typeof(expr.value.name)
                if self.is_plain(kind) and kind.ndim:
                    return self.field(expr.value.name, kind, asked)
            return super().lower_expr(resty, expr)

        def incref(self, kind: Any, value: Any) -> None:
            self._counted_by(super().incref, kind, value)

        def decref(self, kind: Any, value: Any) -> None:
            self._counted_by(super().decref, kind, value)

        def _counted_by(self, count: Any, kind: Any, value: Any) -> None:
            if self.is_plain(kind):
                holder = self.context.data_model_manager[kind].get(self.builder, value, "meminfo")
                kind, value = types.MemInfoPointer(kind.dtype), holder
            count(kind, value)

    return Describing
