"""From typed statements to LLVM's, in fewer of them than numba makes.

A long function takes numba's compiler most of its time in LLVM, and most of that for variables' places on
the stack (``slots``) and for loops: numba calculates the sine of one number in a loop over an array of one.
"""

from functools import cache
from typing import Any

import numpy as np

from ...lazy import numba
from .allocations import allocating
from .expression_kernels import kernel_of
from .slots import plain_values, without_zeros

__all__ = ["lowering_class"]


@cache
def lowering_class() -> Any:
    """numba's class that writes LLVM code, told to write less."""
    base: Any = allocating()
    types = numba("types")
    ufuncs: Any = numba("np.npyimpl")
    known = set(numba("np.ufunc_db").get_ufuncs())

    class Lower(base):
        def _find_singly_assigned_variable(self) -> None:
            super()._find_singly_assigned_variable()
            self._numbers: dict[str, bool] = {}
            if not self.func_ir.func_id.is_generator and not self.flags.auto_parallel.enabled:
                self._singly_assigned_vars |= plain_values(self.blocks, self._is_number)

        def _is_number(self, name: str) -> bool:
            """Whether there is nothing to release when a variable gets another value."""
            found = self._numbers.get(name)
            if found is None:
                model = self.context.data_model_manager[self.typeof(name)]
                found = self._numbers[name] = not model.contains_nrt_meminfo()
            return found

        def lower_normal_function(self, fndesc: Any) -> None:
            super().lower_normal_function(fndesc)
            without_zeros(self.function)

        def storevar(self, value: Any, name: str, argidx: Any = None) -> None:
            placed = self._disable_sroa_like_opt or name not in self._singly_assigned_vars
            if placed and argidx is None and self._is_number(name):
                place = self.getvar(name)
                if value.type == place.type.pointee:
                    self.builder.store(value, place)
                    return
            super().storevar(value, name, argidx)

        def delvar(self, name: str) -> None:
            if not self._is_number(name):
                super().delvar(name)

        def lower_expr(self, resty: Any, expr: Any) -> Any:
            wanted = expr.ty if expr.op == "arrayexpr" else None
            if isinstance(wanted, types.Array) and wanted.layout == "A":
                # What a name may be later on, numba takes it for at once; it is made in order of C.
                expr.ty = wanted.copy(layout="C")
                return self.context.cast(self.builder, self.lower_expr(expr.ty, expr), expr.ty, wanted)
            kernel = kernel_of(self, expr) if expr.op == "arrayexpr" else None
            if kernel is None:
                return super().lower_expr(resty, expr)
            compiled, names = kernel
            self.context.add_linking_libs([compiled.library])
            values = [self.loadvar(name) for name in names]
            return self.context.call_internal(self.builder, compiled.fndesc, compiled.signature, values)

        def _lower_call_normal(self, fnty: Any, expr: Any, signature: Any) -> Any:
            ufunc = getattr(fnty, "typing_key", None)
            if not isinstance(ufunc, np.ufunc) or ufunc not in known or expr.target is not None:
                return super()._lower_call_normal(fnty, expr, signature)
            number = types.Integer | types.Float
            if len(signature.args) != ufunc.nin or ufunc.nout != 1 or not (
                isinstance(signature.return_type, types.Float)
                and all(isinstance(a, number) for a in signature.args)
            ):
                return super()._lower_call_normal(fnty, expr, signature)
            values = self.fold_call_args(fnty, signature, expr.args, expr.vararg, expr.kws)
            alone = ufuncs._ufunc_loop_sig([signature.return_type], list(signature.args))
            return ufuncs._ufunc_db_function(ufunc)(self.context, self.builder, alone).generate(*values)

    return Lower
