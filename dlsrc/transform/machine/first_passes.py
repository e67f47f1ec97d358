"""LLVM's first passes over each kernel, before what it calls is linked into it.

    3  all of the optimizer for functions      →      1  places on the stack become values, loops are turned

numba runs there all that LLVM does for functions at its highest level, and again after linking.
What the first run is good for, that counts of arrays meet their opposites and loops have their usual form,
level 1 does in half the time (a Kalman filter: 0.3 of 8 s); the code that comes out at the end is as fast.
Programs keep the level that numba has: a Gaussian mixture in loops takes 5 % longer without.
"""

from typing import Any

__all__ = ["of_functions"]

LEVEL = 1


def of_functions(library: Any, module: Any) -> bool:
    """Run them on a module of a library's; whether this numba has them like this (0.61 has not)."""
    codegen = library._codegen
    if not hasattr(codegen, "_pass_builder"):
        return False
    module.data_layout = codegen._data_layout  # else layout-specific passes do nothing
    passes, builder = codegen._function_pass_manager(opt=LEVEL)
    for function in module.functions:
        if not function.is_declaration:
            passes.run(function, builder)
    return True
