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
from .lifetimes import postprocessor
from .lowering import lowering_class
from .resolution import Remembering
from .ssa import single_assignment
from .vectors import library_class

__all__ = ["fits", "kernel_pipeline", "pipeline_class"]

# The first and the last version of numba that these passes were tried with: 0.61, 0.63, 0.65 and 0.68 were.
TRIED = ((0, 61), (0, 68))

# What is used of numba, beside what the passes are derived from.
TOUCHED = {
    "core.analysis": "_dead_maps_result compute_cfg_from_blocks compute_use_defs",
    "core.base": "BaseContext.add_linking_libs BaseContext.call_internal "
                 "BaseContext.insert_user_function",
    "core.compiler": "CompilerBase.compile_extra compile_result",
    "core.cpu": "CPUContext.get_executable",
    "core.cgutils": "ir.AllocaInstr ir.PhiInstr ir.StoreInstr ir.SwitchInstr",
    "core.codegen": "Codegen._create_empty_module JITCodeLibrary._finalize_final_module "
                    "JITCodeLibrary._optimize_final_module "
                    "JITCodeLibrary._get_module_for_linking JITCodeLibrary.add_ir_module ll.Linkage",
    "core.controlflow": "CFGraph.dominance_frontier CFGraph.immediate_dominators CFGraph.topo_order",
    "core.environment": "Environment._memo Environment.from_fndesc lookup_environment",
    "core.ir": "Del Expr.phi Scope.redefine UNDEFINED",
    "core.ir_utils": "build_definitions replace_vars_inner replace_vars_stmt",
    "core.lowering": "Lower._find_singly_assigned_variable Lower._lower_call_normal Lower.delvar "
                     "Lower._disable_sroa_like_opt Lower.fold_call_args Lower.getvar Lower.loadvar "
                     "Lower.lower_expr Lower.lower_normal_function Lower.storevar",
    "core.postproc": "PostProcessor.remove_dels PostProcessor._insert_var_dels VariableLifetime.deadmaps",
    "core.rewrites.registry": "rewrite_registry.rewrites",
    "core.targetconfig": "TargetConfig.values",
    "core.transforms": "canonicalize_cfg",
    "core.typed_passes": "IRLegalization NativeLowering.lowering_class NopythonRewrites "
                         "NopythonTypeInference PreLowerStripPhis._strip_phi_nodes",
    "core.typing.context": "BaseContext.resolve_function_type",
    "core.unsafe.eh": "exception_check",
    "core.untyped_passes": "GenericRewrites InlineClosureLikes IRProcessing ReconstructSSA._patch_locals",
    "np.npyimpl": "_ufunc_db_function _ufunc_loop_sig",
    "np.ufunc.array_exprs": "_arr_expr_to_ast",
    "np.ufunc_db": "get_ufuncs",
}  # fmt: skip


@cache
def pipeline_class() -> Any:
    """numba's default compiler with some of its passes replaced; as it is where they may not fit."""
    compiler: Any = numba("core.compiler")
    return compiler_with(_passes()) if _fits() else compiler.Compiler


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


def _passes() -> dict[Any, Any]:
    """For each pass of numba that is replaced the one that replaces it."""
    untyped: Any = numba("core.untyped_passes")
    typed: Any = numba("core.typed_passes")
    machinery = numba("core.compiler_machinery")
    definitions = numba("core.ir_utils").build_definitions
    replaced: dict[Any, Any] = {}

    def instead_of(original: Any) -> Callable[[Any], Any]:
        def register(own: Any) -> Any:
            own._name = f"dlsrc_{original._name}"
            replaced[original] = machinery.register_pass(mutates_CFG=True, analysis_only=False)(own)
            return own

        return register

    @instead_of(untyped.IRProcessing)
    class Processing(untyped.IRProcessing):
        def run_pass(self, state: Any) -> bool:
            postprocessor()(state.func_ir).run()
            return True

    @instead_of(untyped.InlineClosureLikes)
    class Inlining(untyped.InlineClosureLikes):
        def run_pass(self, state: Any) -> bool:
            # It analyzes the whole function twice; generated text seldom has what it looks for.
            expressions = (e.op for block in state.func_ir.blocks.values() for e in block.find_exprs())
            wanted = any(op in ("make_function", "build_list") for op in expressions)
            return wanted and super().run_pass(state)

    @instead_of(untyped.GenericRewrites)
    class Rewriting(untyped.GenericRewrites):
        def run_pass(self, state: Any) -> bool:
            _rewrite("before-inference", state)
            return True

    @instead_of(untyped.ReconstructSSA)
    class SingleAssignment(untyped.ReconstructSSA):
        def run_pass(self, state: Any) -> bool:
            state.func_ir.blocks = single_assignment(state.func_ir.blocks)
            self._patch_locals(state)
            state.func_ir._definitions = definitions(state.func_ir.blocks)
            postprocessor()(state.func_ir).run()
            return True

    @instead_of(typed.NopythonTypeInference)
    class Inference(typed.NopythonTypeInference):
        def run_pass(self, state: Any) -> bool:
            context = state.typingctx
            state.typingctx = Remembering(context)
            try:
                return super().run_pass(state)
            finally:
                state.typingctx = context

    @instead_of(typed.NopythonRewrites)
    class TypedRewriting(typed.NopythonRewrites):
        def run_pass(self, state: Any) -> bool:
            if not any(_matches(r(state), block, state) for r in _rewrites("after-inference")
                       for block in state.func_ir.blocks.values()):
                return False
            placing = postprocessor()(state.func_ir)
            placing.run(emit_dels=True)
            _rewrite("after-inference", state)
            placing.remove_dels()
            return True

    @instead_of(typed.PreLowerStripPhis)
    class Stripping(typed.PreLowerStripPhis):
        def run_pass(self, state: Any) -> bool:
            if state.func_ir.is_generator or state.flags.auto_parallel.enabled:
                return super().run_pass(state)
            state.func_ir = self._strip_phi_nodes(state.func_ir)
            state.func_ir._definitions = definitions(state.func_ir.blocks)
            return True

    @instead_of(typed.IRLegalization)
    class Legalization(typed.IRLegalization):
        def run_pass(self, state: Any) -> bool:
            longer = state.flags.dbg_extend_lifetimes
            postprocessor()(state.func_ir).run(emit_dels=True, extend_lifetimes=longer)
            return True

    @instead_of(typed.NativeLowering)
    class Lowering(typed.NativeLowering):
        def run_pass(self, state: Any) -> bool:
            if state.library is None:
                codegen = state.targetctx.codegen()
                state.library = library_class()(codegen, state.func_id.func_qualname)
                state.library.enable_object_caching()
            return super().run_pass(state)

        @property
        def lowering_class(self) -> Any:
            return lowering_class()

    return replaced


def _rewrite(kind: str, state: Any) -> None:
    """``rewrite_registry.apply`` without the analysis of the whole function that numba ends it with."""
    blocks = state.func_ir.blocks
    for rewrite_class in _rewrites(kind):
        rewrite = rewrite_class(state)
        todo = list(blocks.items())
        while todo:
            label, block = todo.pop()
            if _matches(rewrite, block, state):
                blocks[label] = rewrite.apply()
                blocks[label].verify()
                todo.append((label, blocks[label]))
    postprocessor()(state.func_ir).run()


def _rewrites(kind: str) -> list:
    return numba("core.rewrites.registry").rewrite_registry.rewrites[kind]


def _matches(rewrite: Any, block: Any, state: Any) -> bool:
    return rewrite.match(state.func_ir, block, state.typemap, state.calltypes)
