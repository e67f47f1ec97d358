"""Machine code as an object file: made of an LLVM module, and linked into this or another process.

    ObjectFile.made(library, exported)    →    its bytes, and what it needs    →    .link()

numba counts functions from one in every process, so that two different ones may have one name.  Here
everything in a file is made local to it, but for what it exports and for the pointers to numba's
environments, which get names that occur nowhere else.

Of code that callers link as LLVM's and nobody calls, only these pointers are in a file (``written_in``).
"""

import ctypes
import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..lazy import numba
from ..process import spare
from ..process.symbols import Foreign, registered

__all__ = ["ObjectFile", "defining", "unique"]

UNRESOLVED = ".numba.unresolved$"
ENVIRONMENT = "_ZN08NumbaEnv"

# By the symbol that it exports, each file that is linked into this process.
defining: dict[str, "ObjectFile"] = {}
_alive: list[Any] = []  # code stays as long as the process does, as numba's does


def _needs(module: Any) -> tuple[tuple[str, ...], tuple[tuple[Foreign, str], ...]] | None:
    """The symbols that a module refers to, and SciPy's among them; None if some are this process's."""
    wanted: list[str] = []
    for value in (*module.functions, *module.global_variables):
        name = value.name
        if name.startswith((UNRESOLVED, "numba.dynamic.globals")):
            return None
        if value.is_declaration and not name.startswith("llvm."):
            wanted.append(name)
    foreign = [registered[name] for name in wanted if name in registered]
    if len(foreign) < sum(name.startswith("dlsrc.") for name in wanted):
        return None
    return tuple(wanted), tuple(foreign)


def unique() -> str:
    """A word that occurs nowhere else, in no process."""
    return f"dlsrc{os.urandom(12).hex()}"


class ObjectFile(NamedTuple):
    """What is written of compiled code.

    Attributes
    ----------
    code : bytes
        An object file.
    exported : tuple of str
        The symbols by which it is called; a word that stands for it if nobody does.
    environments : tuple of (str, list)
        The symbols of the pointers to numba's environments, and the objects in each.
    wanted : tuple of str
        Symbols that it refers to.
    foreign : tuple of (Foreign, str)
        SciPy's functions among them, with their precisions.
    initial : tuple
        What has to be called before.
    """

    code: bytes
    exported: tuple[str, ...]
    environments: tuple[tuple[str, list], ...]
    wanted: tuple[str, ...]
    foreign: tuple[tuple[Foreign, str], ...]
    initial: tuple

    @classmethod
    def made(
        cls, library: Any, module: Any, exported: Iterable[str], *, named: frozenset[str] = frozenset(),
        first: Any = None, initial: Iterable = (),
    ) -> "ObjectFile | None":  # fmt: skip
        """The file of a library's module, which is changed; None if it holds addresses of this process.

        Parameters
        ----------
        library, module
            As numba and llvmlite have them.
        exported : iterable of str
            The functions in it that are called from outside, by names that occur nowhere else.
        named : frozenset of str
            Pointers to environments that keep their names, which occur nowhere else either.
        first : Environment, optional
            The one that comes first, even if nothing points to it.
        initial : iterable of callable
            What has to be called in another process before.
        """
        binding, look_up = numba("core.codegen").ll, numba("core.environment").lookup_environment
        own, mine, exported = (binding.Linkage.internal, binding.Linkage.private), unique(), tuple(exported)
        environments = {} if first is None else {first.env_name: ("", list(first.consts))}
        needs = _needs(module)
        if needs is None:
            return None
        for value in (*module.functions, *module.global_variables):
            name = value.name
            if value.is_declaration:
                continue
            if name.startswith(ENVIRONMENT):
                environment = look_up(name)
                if environment is None:
                    continue  # its function is inlined everywhere, or was never called
                if name not in named:
                    value.name = f"{mine}.{len(environments)}"
                environments[name] = value.name, list(environment.consts)
            elif name not in exported and value.linkage not in own:
                value.linkage = "internal"
        code = library.codegen._tm.emit_object(module)
        return cls(code, exported, tuple(environments.values()), *needs, tuple(initial))

    @classmethod
    def written_in(cls, library: Any, module: Any, initial: Iterable = ()) -> "ObjectFile | None":
        """The file of a library whose module callers link; None if it holds addresses of this process."""
        look_up = numba("core.environment").lookup_environment
        names = [v.name for v in module.global_variables if v.name.startswith(ENVIRONMENT)]
        needs = _needs(module)
        if needs is None:
            return None
        text = str(library.codegen._create_empty_module(library.name))
        text += "".join(f'@"{name}" = common global i8* null\n' for name in names)
        code = library.codegen._tm.emit_object(numba("core.codegen").ll.parse_assembly(text))
        environments = [(name, list(e.consts)) for name in names if (e := look_up(name)) is not None]
        return cls(code, (unique(),), tuple(environments), *needs, tuple(initial))

    @property
    def parts(self) -> tuple["ObjectFile", ...]:
        """The files of this process that it refers to, each after those that it refers to itself."""
        found: dict[tuple, ObjectFile] = {}

        def visit(file: ObjectFile) -> None:
            for name in file.wanted:
                part = defining.get(name)
                if part is not None and part.exported not in found:
                    visit(part)
                    found[part.exported] = part

        visit(self)
        return tuple(found.values())

    def link(self, parts: Iterable["ObjectFile"] = ()) -> list | None:
        """Make it a part of this process, after those that it refers to; None if what it needs is not here.

        The environments are given back, in their order.
        """
        for part in parts:
            if part.exported[0] not in defining and part.link() is None:
                return None
        target = numba("core.registry").cpu_target.target_context
        numba("core.runtime").rtsys.initialize(target)
        for start in self.initial:
            start()
        for foreign, precision in self.foreign:
            foreign.register(precision)
        if spare.SYMBOL in self.wanted and not spare.there_are():
            return None
        binding = numba("core.codegen").ll
        wanted = [name for name in self.wanted if name not in defining]
        # LLVM ends the process where it does not find a symbol.
        if any(binding.address_of_symbol(name) is None for name in wanted):
            target.refresh()
            if any(binding.address_of_symbol(name) is None for name in wanted):
                return None
        engine = target.codegen()._engine
        file = binding.ObjectFileRef.from_data(self.code)
        engine._ee.add_object_file(file)
        engine.finalize_object()
        made, memory = [], numba("core.environment").Environment._memo
        for symbol, constants in self.environments:
            environment = numba("core.environment").Environment({"__name__": __name__})
            environment.consts[:] = constants
            environment.env_name = symbol
            made.append(environment)
            if not symbol:
                continue
            pointer = ctypes.c_void_p.from_address(engine.get_global_value_address(symbol))
            pointer.value = id(environment)
            memory[symbol] = environment  # for what is compiled later and has this function in it
        _alive.append((file, made))
        defining.update((symbol, self) for symbol in self.exported)
        return made
