"""A compiled function as bytes, and back: its machine code, and what numba needs to call it.

    cres = dispatcher.overloads[types]    →    kept(dispatcher)    →    loaded(data), in another process

numba's own cache links what it loads into the process by the names of functions, and those are counted
from one in every process: two different functions may have one name, and the wrong one is called.  So
here everything in an object file is made local to it, but for its entry and its environments, which get
names that occur nowhere else.

numba's tables of types and functions are not filled for a function that is compiled already, which saves
what is most of the first call of a process.  numba's internals are touched here, in ``transform.compile``,
``transform.link`` and ``transform.pipeline`` only.
"""

import ctypes
import hashlib
import os
import pickle
import re
from types import SimpleNamespace
from typing import Any, NamedTuple

from .lazy import numba
from .symbols import Foreign, registered

__all__ = ["kept", "loaded"]

UNRESOLVED = ".numba.unresolved$"


class _Kept(NamedTuple):
    """What is written of a compiled function.

    Attributes
    ----------
    name : str
    types : tuple
        The types of its arguments, as numba knows them.
    code : bytes
        An object file.
    entry : str
        The symbol of the function that takes and gives Python objects.
    environments : tuple of (str, list)
        The symbols of the pointers to numba's environments, and the objects in each; the entry's own first.
    wanted : tuple of str
        Symbols that it refers to.
    foreign : tuple of (Foreign, str)
        SciPy's functions among them, with their precisions.
    initial : tuple
        What has to be called before.
    """

    name: str
    types: tuple
    code: bytes
    entry: str
    environments: tuple[tuple[str, list], ...]
    wanted: tuple[str, ...]
    foreign: tuple[tuple[Foreign, str], ...]
    initial: tuple


# ---------------------------------------------------------------------------------- keeping


def kept(dispatcher: Any) -> bytes | None:
    """The bytes of a function that was compiled for one signature; None if it cannot be kept.

    That is one that holds addresses of this process, or that calls itself by way of another.
    """
    (compiled,) = dispatcher.overloads.values()
    library = compiled.library
    if compiled.objectmode or compiled.lifted or library.has_dynamic_globals:
        return None
    binding, look_up = numba("core.codegen").ll, numba("core.environment").lookup_environment
    module = binding.parse_bitcode(library._final_module.as_bitcode())
    mine = f"dlsrc{os.urandom(12).hex()}"
    description = compiled.fndesc
    environments = {description.env_name: compiled.environment}
    wanted: list[str] = []
    renamed: dict[str, str] = {}
    for value in (*module.functions, *module.global_variables):
        name = value.name
        if name.startswith(UNRESOLVED):
            return None
        if value.is_declaration:
            if not name.startswith("llvm."):
                wanted.append(name)
        elif name == description.llvm_cpython_wrapper_name or name.startswith("_ZN08NumbaEnv"):
            if name.startswith("_ZN08NumbaEnv") and name not in environments:
                environments[name] = look_up(name)
                if environments[name] is None:
                    continue  # its function is inlined everywhere, or was never called
            renamed[name] = value.name = f"{mine}.{len(renamed)}"
        elif value.linkage not in (binding.Linkage.internal, binding.Linkage.private):
            value.linkage = "internal"
    foreign = [registered[name] for name in wanted if name in registered]
    if len(foreign) < sum(name.startswith("dlsrc.") for name in wanted):
        return None
    found = _Kept(
        name=dispatcher.py_func.__name__, types=tuple(compiled.signature.args),
        code=library.codegen._tm.emit_object(module), entry=renamed[description.llvm_cpython_wrapper_name],
        environments=tuple(
            (renamed.get(name, ""), list(environment.consts)) for name, environment in environments.items()
            if environment is not None
        ),
        wanted=tuple(wanted), foreign=tuple(foreign), initial=tuple(compiled.reload_init),
    )  # fmt: skip
    return numba("core.serialize").dumps(tuple(found))


# ---------------------------------------------------------------------------------- loading

# A file's symbols can be in a process once.  Its code stays as long as the process does, as numba's does.
_loaded: dict[bytes, Any] = {}
_alive: list[Any] = []


def loaded(data: bytes) -> Any:
    """The dispatcher of a function that was kept; None if what it needs is not here.

    The bytes are unpickled and run: they must come from a file that nobody else could have written.
    """
    key = hashlib.sha256(data).digest()
    if key not in _loaded:
        _loaded[key] = _linked(_Kept(*pickle.loads(data)))
    return _loaded[key]


def _linked(found: _Kept) -> Any:
    target = numba("core.registry").cpu_target.target_context
    numba("core.runtime").rtsys.initialize(target)
    for start in found.initial:
        start()
    for foreign, precision in found.foreign:
        foreign.register(precision)
    binding = numba("core.codegen").ll
    # LLVM ends the process where it does not find a symbol.
    if any(binding.address_of_symbol(name) is None for name in found.wanted):
        target.refresh()
        if any(binding.address_of_symbol(name) is None for name in found.wanted):
            return None
    engine = target.codegen()._engine
    file = binding.ObjectFileRef.from_data(found.code)
    engine._ee.add_object_file(file)
    engine.finalize_object()
    _alive.append(file)
    made = []
    for symbol, constants in found.environments:
        environment = numba("core.environment").Environment({"__name__": __name__})
        environment.consts[:] = constants
        environment.env_name = symbol
        made.append(environment)
        if symbol:
            address = engine.get_global_value_address(symbol)
            (ctypes.c_void_p * 1).from_address(address)[0] = ctypes.c_void_p(id(environment))
    _alive.append(made)
    function = numba("_dynfunc").make_function(
        numba(), found.name, f"compiled wrapper for {found.name!r}",
        engine.get_function_address(found.entry), made[0], (file,),
    )  # fmt: skip
    return _dispatcher(found, function)


def _dispatcher(found: _Kept, function: Any) -> Any:
    """What numba calls a compiled function by, with this one signature; it compiles nothing."""
    namespace: dict[str, Any] = {"__name__": "dlsrc.generated"}
    parameters = ", ".join(f"a{k}" for k in range(len(found.types)))
    name = re.sub(r"\W", "_", found.name)
    exec(f"def {name}({parameters}):\n    raise TypeError('it is compiled')", namespace)
    dispatcher = numba().njit(error_model="numpy")(namespace[name])
    dispatcher.add_overload(
        SimpleNamespace(
            signature=numba("core.typing").signature(numba("core.types").none, *found.types),
            entry_point=function, objectmode=False, metadata={},
        )
    )  # fmt: skip
    dispatcher.disable_compile()
    return dispatcher
