"""numba's passes that go over a whole function again and again, replaced by ones that do not.

For each variable (``ssa``), for each set of variables that are needed somewhere (``lifetimes``), for the type
of each operation (``resolution``).  Programs and kernels are compiled with them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from ...lazy import numba
from .lifetimes import postprocessor
from .resolution import Remembering
from .ssa import single_assignment

__all__ = ["passes"]


@cache
def passes() -> dict[Any, Any]:
    """For each pass of numba that is replaced, in programs and in kernels, the one that replaces it."""
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
