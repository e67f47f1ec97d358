"""LLVM's own passes that write functions into their callers, for all the versions that numba comes with."""

from typing import Any

from ...lazy import numba

__all__ = ["written_in_always"]


def written_in_always(library: Any, module: Any, leave_out: bool) -> None:
    """Write the functions of a library's module that ask for it into their callers.

    With ``leave_out`` what nothing calls any more is left out.
    """
    binding: Any = numba("core.codegen").ll
    if hasattr(library._codegen, "_pass_builder"):
        passes, how = binding.create_new_module_pass_manager(), [library._codegen._pass_builder()]
        unreached = passes.add_global_dead_code_eliminate_pass
    else:  # numba 0.61
        passes, how = binding.create_module_pass_manager(), []
        unreached = passes.add_global_dce_pass
    passes.add_always_inliner_pass()
    if leave_out:
        unreached()
    passes.run(module, *how)
