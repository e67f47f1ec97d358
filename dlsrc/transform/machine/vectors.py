"""The C library's functions of numbers, exchanged for those of ``kernels.vector_math`` in an LLVM module.

    declare double @llvm.exp.f64(double)    →    define linkonce_odr double @dlsrc.exp_double(double) {…}

numba's code calls the C library for each element.  Here the functions that it declares are defined, all in
arithmetic, before LLVM optimizes the module: it writes them into the loops that call them and calculates
several elements at a time.

Kernels of arrays get all of them.  In a loop that cannot be vectorized, as each trip waits for the last,
the C library's ``exp`` and ``log`` are faster (17 and 21 ns a trip, against 27 and 37), and ``tanh`` and
``erf`` are not (49 and 34, against 32 and 29), nor are ``sin``, ``cos`` and ``tan`` (21, 22 and 26, against
13, 13 and 16; in a sum, where only an addition waits, 15, 16 and 16, against 4, 4 and 5; of 100,000 numbers,
since the C library's branches are foreseen in a thousand that come again).  ``log1p`` takes as long (22 and
24; in a sum 8 and 6).  Other code gets these only; there, too, a loop that can be vectorized is.
"""

from functools import cache
from typing import Any

from ...kernels.vector_math import error_function, exponential, hyperbolic, logarithm, powers, trigonometric
from ...lazy import numba
from .branchless import definitions
from .counting import without_locks
from .far_calls import written_in
from .pages import in_large_pages

__all__ = ["exchange", "library_class"]

# By the name in LLVM code.
KERNELS = {
    "llvm.exp.f64": exponential.exp_double, "llvm.exp.f32": exponential.exp_single,
    "expm1": exponential.expm1_double, "expm1f": exponential.expm1_single,
    "llvm.log.f64": logarithm.log_double, "llvm.log.f32": logarithm.log_single,
    "log1p": logarithm.log1p_double, "log1pf": logarithm.log1p_single,
    "tanh": hyperbolic.tanh_double, "tanhf": hyperbolic.tanh_single,
    "erf": error_function.erf_double, "erff": error_function.erf_single,
    "llvm.sin.f64": trigonometric.sin_double, "llvm.sin.f32": trigonometric.sin_single,
    "llvm.cos.f64": trigonometric.cos_double, "llvm.cos.f32": trigonometric.cos_single,
    "tan": trigonometric.tan_double, "tanf": trigonometric.tan_single,
    "llvm.pow.f64": powers.pow_double, "llvm.pow.f32": powers.pow_single,
}  # fmt: skip
FASTER_ALONE = {
    "expm1", "expm1f", "log1p", "log1pf", "tanh", "tanhf", "erf", "erff", "tan", "tanf",
    "llvm.sin.f64", "llvm.sin.f32", "llvm.cos.f64", "llvm.cos.f32",
}  # fmt: skip


def exchange(module: Any, in_loops: bool) -> None:
    """Define in a module what it declares of the C library's functions that there are kernels for.

    All of them if it is known to be made of loops over arrays.
    """
    names = KERNELS.keys() if in_loops else FASTER_ALONE
    for function in [f for f in module.functions if f.is_declaration and f.name in names]:
        kernel = KERNELS[function.name]
        function.name = f"dlsrc.{kernel.__name__}"
        for part in _parsed(kernel):
            module.link_in(part, preserve=True)


@cache
def _parsed(kernel: Any) -> list:
    binding: Any = numba("core.codegen").ll
    return list(map(binding.parse_assembly, definitions(kernel)))


@cache
def library_class() -> Any:
    """What numba collects the code of a program in, with the functions exchanged that are faster alone."""
    codegen: Any = numba("core.codegen")

    class Exchanging(codegen.JITCodeLibrary):
        _final_module: Any

        def _optimize_final_module(self) -> None:
            exchange(self._final_module, in_loops=False)
            in_large_pages(self._final_module)
            super()._optimize_final_module()
            written_in(self, last=True)
            self._linkable = self._final_module.as_bitcode()
            without_locks(self, self._final_module)
            # What another module may define, too, would be the one that is in the process already.
            shared = codegen.ll.Linkage.linkonce_odr
            for function in self._final_module.functions:
                if not function.is_declaration and function.linkage == shared:
                    function.linkage = "internal"

        def _get_module_for_linking(self) -> Any:
            self._ensure_finalized()
            if self._shared_module is None:
                # numba makes it of the final module, which is not as others may link it.
                final = self._final_module
                self._final_module = codegen.ll.parse_bitcode(self._linkable)
                try:
                    return super()._get_module_for_linking()
                finally:
                    self._final_module = final
            return super()._get_module_for_linking()

    return Exchanging
