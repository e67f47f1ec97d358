"""numba's compiler without what takes it longer than in proportion to a function's length.

Of numba's passes those are replaced that go over the whole function again and again: for each variable
(``ssa``), for each set of variables that are needed somewhere (``lifetimes``), for the type of each
operation (``resolution``), for each place in memory (``lowering``).  And long kernels are not written into
every program (``apart``).  All of this knows numba's insides.  It is used with the versions it was tried
with, where all that it touches is there; any other numba compiles with its own passes, to the same numbers,
later.
"""

from collections.abc import Callable
from functools import cache, reduce
from typing import Any

from ...lazy import numba
from .apart import compiler_with, kernel_options
from .lowering import lowering_class
from .passes import passes
from .vectors import library_class

__all__ = ["fits", "kernel_pipeline", "pipeline_class"]

# The first and the last version of numba that these passes were tried with: 0.61, 0.63, 0.65 and 0.68 were.
TRIED = ((0, 61), (0, 68))

# What is used of numba, beside what the passes are derived from.
TOUCHED = {
    "core.analysis": "_dead_maps_result compute_cfg_from_blocks compute_use_defs",
    "core.base": "BaseContext.add_linking_libs BaseContext.call_internal "
                 "BaseContext.get_preferred_array_alignment "
                 "BaseContext.insert_user_function",
    "core.compiler": "CompilerBase.compile_extra compile_result",
    "core.cpu": "CPUContext.get_executable",
    "core.callconv": "CPUCallConv.return_user_exc NumpyErrorModel.raise_on_fp_zero_division",
    "core.cgutils": "for_range gep_inbounds get_item_pointer2 get_or_insert_function ir.AllocaInstr "
                    "ir.PhiInstr ir.StoreInstr ir.SwitchInstr ir.instructions.InsertValue loop_nest memset "
                    "pack_array raw_memcpy unpack_tuple",
    "core.codegen": "Codegen._create_empty_module CPUCodegen._function_pass_manager "
                    "CPUCodegen._module_pass_manager CPUCodeLibrary._optimize_functions "
                    "JITCodeLibrary._finalize_final_module JITCodeLibrary._optimize_final_module "
                    "JITCodeLibrary._get_module_for_linking JITCodeLibrary.add_ir_module ll.Linkage",
    "core.controlflow": "CFGraph.dominance_frontier CFGraph.immediate_dominators CFGraph.topo_order",
    "core.environment": "Environment._memo Environment.from_fndesc lookup_environment",
    "core.ir": "Del Expr.phi Scope.redefine UNDEFINED",
    "core.ir_utils": "build_definitions replace_vars_inner replace_vars_stmt",
    "core.lowering": "Lower._cast_var Lower._disable_sroa_like_opt Lower._find_singly_assigned_variable "
                     "Lower._lower_call_normal Lower.decref Lower.delvar Lower.fold_call_args Lower.getvar "
                     "Lower.incref Lower.loadvar Lower.lower_binop Lower.lower_expr Lower.lower_inst "
                     "Lower.lower_normal_function Lower.storevar",
    "core.postproc": "PostProcessor.remove_dels PostProcessor._insert_var_dels VariableLifetime.deadmaps",
    "core.runtime.context": "NRTContext.incref NRTContext.meminfo_alloc_aligned NRTContext.meminfo_data",
    "core.rewrites.registry": "rewrite_registry.rewrites",
    "core.targetconfig": "TargetConfig.values",
    "core.transforms": "canonicalize_cfg",
    "core.typed_passes": "IRLegalization NativeLowering.lowering_class NopythonRewrites "
                         "NopythonTypeInference PreLowerStripPhis._strip_phi_nodes",
    "core.typing.context": "BaseContext.resolve_function_type",
    "core.unsafe.eh": "exception_check",
    "core.untyped_passes": "GenericRewrites InlineClosureLikes IRProcessing ReconstructSSA._patch_locals",
    "cpython.numbers": "int_add_impl int_eq_impl int_mul_impl int_ne_impl int_sge_impl int_sgt_impl "
                       "int_sle_impl int_slt_impl int_sub_impl real_add_impl real_eq_impl real_ge_impl "
                       "real_gt_impl real_le_impl real_lt_impl real_mul_impl real_ne_impl real_sub_impl",
    "np.arrayobj": "_parse_shape get_itemsize make_array populate_array",
    "np.npyimpl": "_ufunc_db_function _ufunc_loop_sig",
    "np.ufunc.array_exprs": "_arr_expr_to_ast",
    "np.ufunc_db": "get_ufuncs",
}  # fmt: skip


@cache
def pipeline_class() -> Any:
    """numba's default compiler with some of its passes replaced; as it is where they may not fit."""
    compiler: Any = numba("core.compiler")
    if not _fits():
        return compiler.Compiler
    return compiler_with(passes() | {numba("core.typed_passes").NativeLowering: _lowering()})


@cache
def kernel_pipeline() -> dict[str, Any]:
    """What kernels are compiled with: options of ``numba.njit``."""
    return kernel_options() if _fits() else {}


def _fits() -> bool:
    return fits(numba().version_info.short, TOUCHED, numba)


def fits(version: tuple[int, int], touched: dict[str, str], module: Callable[[str], Any]) -> bool:
    """Whether this is a version that was tried and every module has what is used of it.

    >>> fits((0, 99), {}, numba)
    False
    """
    if not TRIED[0] <= tuple(version[:2]) <= TRIED[1]:
        return False
    try:
        for name, used in touched.items():
            for each in used.split():
                reduce(getattr, each.split("."), module(name))
    except (AttributeError, ImportError):
        return False
    return True


def _lowering() -> Any:
    """The pass that writes LLVM code of a program."""
    typed: Any = numba("core.typed_passes")

    class Lowering(typed.NativeLowering):
        _name = "dlsrc_native_lowering"

        def run_pass(self, state: Any) -> bool:
            if state.library is None:
                codegen = state.targetctx.codegen()
                state.library = library_class()(codegen, state.func_id.func_qualname)
                state.library.enable_object_caching()
            return super().run_pass(state)

        @property
        def lowering_class(self) -> Any:
            return lowering_class()

    return numba("core.compiler_machinery").register_pass(mutates_CFG=True, analysis_only=False)(Lowering)
