"""What a spliced composite gives: its operations are not NumPy's, and so their order in memory is not proof.

    np.take(x, k, axis=1)      is take(x.T, k).T here, in Fortran order; NumPy's is in C order
"""

from typing import Any

from ...kernels.primitive import Composite
from ...kernels.types import Array
from ...records import replace
from ..building.binding import Binding, Container
from ..building.context import Context
from ..building.orders import by_operands
from ..constructs.indices import root_of
from ..ir import Value

__all__ = ["settle_orders"]

# Of element-wise operations only: the order of their results is that of these.
OF_ELEMENTS = frozenset({
    "astype", "clip", "conjugate", "copied", "copied_in_order", "fix", "float_power", "nan_to_num", "round",
})  # fmt: skip


def settle_orders(ctx: Context, composite: Composite, operands: tuple, made: Binding, before: int) -> None:
    """Note of each array in the results whether its order is NumPy's; ``before`` is the first new value."""
    if composite.name in OF_ELEMENTS:
        return
    types = [ctx.types[v] for operand in operands for v in _arrays(ctx, operand)]
    for value in _arrays(ctx, made):
        type_ = ctx.types[value]
        # A view of what was there before has its base's order.
        if value.number >= before and type_.sure and root_of(ctx, value).number >= before:
            ctx.types[value] = replace(type_, sure=by_operands(composite.name, types, type_))


def _arrays(ctx: Context, binding: Any) -> list[Any]:
    """The arrays of two dimensions or more in a binding."""
    inner = ctx.contents(binding)
    if isinstance(inner, Container):
        return [v for item in inner.items for v in _arrays(ctx, item)]
    type_ = ctx.types[inner] if isinstance(inner, Value) else None
    return [inner] if isinstance(type_, Array) and type_.ndim > 1 else []
