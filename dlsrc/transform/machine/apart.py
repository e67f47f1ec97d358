"""Kernels that stand apart: compiled once, called by the programs, and not written into them.

numba links what a function calls into it, as LLVM code, and optimizes all of it again: nine matrix products
are nine copies of the product with all that it does for other layouts.  So what takes or gives arrays and is
long becomes machine code when it is first needed, and a program gets a call of it::

    define double @program(…) {                      declare i32 @matmat(…)
      call i32 @matmat(…)                  →         define double @program(…) {
    }                                                  call i32 @matmat(…)
    define linkonce_odr i32 @matmat(…) { … }         }

What is short, and every function of numbers, is linked as numba links it: only written into its caller can
LLVM make it a part of a vector loop.
"""

import os
from functools import cache
from itertools import islice
from typing import Any

from ...disk import kernels
from ...disk.object_file import ENVIRONMENT, ObjectFile
from ...lazy import numba
from .allocations import allocating
from .counting import without_locks
from .far_calls import written_in
from .first_passes import of_functions
from .narrow import narrowed
from .pages import in_large_pages
from .passes import passes
from .vectors import exchange

__all__ = ["compiler_with", "kernel_options"]

# Instructions of LLVM's.  Measured: seconds of the first call of a loop over arrays of three, microseconds of
# a later one, and seconds of a Kalman filter.
#     0, every kernel of arrays     6.3     1379    12.0
#     150                           6.3     1303    12.2
#     1000, few of them             7.4     1310    14.0
#     none of them                 12.8     1306    23.4
# With the kernels on disk, seconds of the first call of a network and of a Kalman filter: 2.5 and 0.92 at
# 150, 2.0 and 0.76 at 80; calls take as long.
LONG = 80


class _NotUnrolling:
    """numba's code generator that unrolls no loop, and makes vectors of like statements if asked to.

    Where no trip of a loop waits for another, a vector at a time is as fast as four of them (measured for +,
    exp and chains, of 3 to 60,000 elements), and half of the machine code; sums need the four.  Products of
    4 x 4 matrices take 14 ns so, and 22 where loops of four trips are unrolled by eight.
    """

    def __init__(self, common: Any, library: Any):
        self._common = common
        self._library = library

    def __getattr__(self, name: str) -> Any:
        return getattr(self._common, name)

    def _module_pass_manager(self, **how: Any) -> Any:
        how = {"slp_vectorize": self._library.side_by_side, **how}
        if not hasattr(self._common, "_pass_builder"):  # numba 0.61
            return self._common._module_pass_manager(**how)
        return type(self._common)._module_pass_manager(self, **how)

    def _pass_builder(self, **how: Any) -> Any:
        binding, config, library = numba("core.codegen").ll, numba("core.config"), self._library
        options = binding.create_pipeline_tuning_options(how.get("opt", config.OPT))
        vectors = how.get("loop_vectorize", config.LOOP_VECTORIZE)
        options.loop_vectorization = vectors and not library.seldom
        options.slp_vectorization = how["slp_vectorize"]
        options.loop_interleaving = library.side_by_side
        options.loop_unrolling = False
        return binding.create_pass_builder(self._tm, options)


@cache
def _library_class() -> Any:
    """What numba collects the code of a kernel in, and asks for the module that a caller links."""
    codegen: Any = numba("core.codegen")

    class Apart(codegen.JITCodeLibrary):

        _shared_module: Any
        _codegen: Any
        takes_arrays = False
        side_by_side = False
        element_by_element = False
        seldom = False
        inlined = False
        file: ObjectFile | None = None  # None where numba made machine code of it

        def __init__(self, *args: Any):
            super().__init__(*args)
            self._environments: set[str] = set()

        def add_ir_module(self, ir_module: Any) -> None:
            # numba fills in the kernel's own environments by their names, when it is compiled.
            names = (value.name for value in ir_module.global_values)
            self._environments.update(name for name in names if name.startswith(ENVIRONMENT))
            super().add_ir_module(ir_module)

        def _optimize_functions(self, module: Any) -> None:
            if not of_functions(self, module):
                super()._optimize_functions(module)

        def _optimize_final_module(self) -> None:
            exchange(self._final_module, self.takes_arrays)
            common = self._codegen
            if self.side_by_side or self.element_by_element or self.seldom:
                self._codegen = _NotUnrolling(common, self)
            super()._optimize_final_module()
            self._codegen = common
            written_in(self, last=self.takes_arrays)

        def _finalize_final_module(self) -> None:
            apart = self.takes_arrays and not self.inlined and (self.seldom or self._is_long())
            if not (apart and self._became_machine_code() or self._became_code_of_callers()):
                super()._finalize_final_module()

        def _is_long(self) -> bool:
            found = (i for f in self._final_module.functions for b in f.blocks for i in b.instructions)
            return next(islice(found, LONG, None), None) is not None

        def _became_machine_code(self) -> bool:
            module = self._machine_code()
            exported, callers = [], str(self._codegen._create_empty_module(self.name))
            for name in self._exported(module):
                narrow = narrowed(self, module, name)
                exported.append(name if narrow is None else narrow.name)
                callers += "" if narrow is None else narrow.callers
            named = frozenset(self._environments)
            file = ObjectFile.made(self, module, exported, named=named, initial=self._reload_init)
            if file is None or file.link() is None:
                return False
            self.stand_apart(file, codegen.ll.parse_assembly(callers))
            return True

        def _became_code_of_callers(self) -> bool:
            """Whether it is LLVM code for its callers and nothing else: nobody calls it by its address."""
            file = ObjectFile.written_in(self, self._final_module, self._reload_init)
            if file is None or file.link() is None:
                return False
            self._finalized = True
            self.stand_apart(file, super()._get_module_for_linking())
            return True

        def _machine_code(self) -> Any:
            """Its module as no caller links it."""
            module = self._final_module.clone()
            in_large_pages(module)
            without_locks(self, module)
            return module

        @staticmethod
        def _exported(module: Any) -> list[str]:
            external = codegen.ll.Linkage.external
            return [f.name for f in module.functions if not f.is_declaration and f.linkage == external]

        def stand_apart(self, file: ObjectFile, module: Any) -> None:
            """Be what this file is, which is linked into the process; a caller links the module."""
            self.file, self._shared_module, self._finalized = file, module, True

        def _get_module_for_linking(self) -> Any:
            return super()._get_module_for_linking() if self.file is None else self._shared_module

    return Apart


def compiler_with(own: dict[Any, Any], base: Any = None) -> Any:
    """numba's default compiler with these passes in the place of some of its own."""
    compiler: Any = numba("core.compiler")

    kind: Any = base or compiler.CompilerBase

    class Compiler(kind):
        def define_pipelines(self) -> list:
            manager = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
            manager.passes = [(own.get(each, each), text) for each, text in manager.passes]
            manager.finalize()
            return [manager]

    return Compiler


@cache
def _keeping() -> Any:
    """numba's compiler that looks on the disk first."""
    compiler: Any = numba("core.compiler")

    class Keeping(compiler.CompilerBase):
        def compile_extra(self, func: Any) -> Any:
            key = kernels.key_of(self.state, func)
            found = None if key is None else kernels.loaded(key, self.state, _library_class())
            if found is not None:
                return found
            made = super().compile_extra(func)
            if key is not None:
                kernels.keep(key, made)
            return made

    return Keeping


@cache
def kernel_options() -> dict[str, Any]:
    """What ``numba.njit`` is given for a kernel: nobody calls it but compiled code."""
    typed: Any = numba("core.typed_passes")
    types = numba("types")

    class Lowering(typed.NativeLowering):
        _name = "dlsrc_kernel_lowering"

        def run_pass(self, state: Any) -> bool:
            # Symbols have this number in them.  Those of machine code on disk must be no other function's.
            state.func_id.unique_id = int.from_bytes(os.urandom(12), "big")
            library = _library_class()(state.targetctx.codegen(), state.func_id.func_qualname)
            library.enable_object_caching()
            library.takes_arrays = any(
                isinstance(t, types.Array | types.BaseTuple) for t in (*state.args, state.return_type)
            )
            for how in ("side_by_side", "element_by_element", "seldom", "inlined"):
                setattr(library, how, getattr(state.func_id.func, how, False))
            state.library = library
            return super().run_pass(state)

        @property
        def lowering_class(self) -> Any:
            return allocating()

    register = numba("core.compiler_machinery").register_pass(mutates_CFG=True, analysis_only=False)
    made = compiler_with(passes() | {typed.NativeLowering: register(Lowering)}, _keeping())
    return {"pipeline_class": made, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
