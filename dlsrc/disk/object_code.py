"""A compiled function as bytes, and back: its machine code, and what numba needs to call it.

    cres = dispatcher.overloads[types]    →    kept(dispatcher)    →    loaded(data), in another process

numba's own cache links what it loads into the process by the names of functions, and those are counted
from one in every process: two different functions may have one name, and the wrong one is called.  So
it is an `ObjectFile`, whose symbols are its own; with it are those of the kernels that stand apart.

numba's tables of types and functions are not filled for a function that is compiled already, which saves
what is most of the first call of a process.  numba's internals are touched here, in ``object_file``,
``kernels``, ``process.entrance``, ``calls.direct``, ``transform.compile``, ``transform.link`` and what
``transform.pipeline`` puts together only.
"""

import hashlib
import pickle
import re
from types import SimpleNamespace
from typing import Any, NamedTuple

from ..lazy import numba
from .object_file import ObjectFile, unique

__all__ = ["kept", "loaded"]


class _Kept(NamedTuple):
    """What is written of a compiled function.

    Attributes
    ----------
    name : str
    types : tuple
        The types of its arguments, as numba knows them.
    file : ObjectFile
        It exports the function that takes and gives Python objects; that one's environment comes first.
    parts : tuple of ObjectFile
        The kernels that stand apart, each after those that it calls.
    """

    name: str
    types: tuple
    file: ObjectFile
    parts: tuple[ObjectFile, ...]


# ---------------------------------------------------------------------------------- keeping


def kept(dispatcher: Any) -> bytes | None:
    """The bytes of a function that was compiled for one signature; None if it cannot be kept.

    That is one that holds addresses of this process, or that calls itself by way of another.
    """
    (compiled,) = dispatcher.overloads.values()
    library, description = compiled.library, compiled.fndesc
    if compiled.objectmode or compiled.lifted or library.has_dynamic_globals:
        return None
    module = numba("core.codegen").ll.parse_bitcode(library._final_module.as_bitcode())
    entry = module.get_function(description.llvm_cpython_wrapper_name)
    entry.name = unique()
    file = ObjectFile.made(
        library, module, (entry.name,), first=compiled.environment, initial=compiled.reload_init
    )
    if file is None:
        return None
    found = _Kept(dispatcher.py_func.__name__, tuple(compiled.signature.args), file, file.parts)
    return numba("core.serialize").dumps(tuple(found))


# ---------------------------------------------------------------------------------- loading

# A file's symbols can be in a process once.
_loaded: dict[bytes, Any] = {}


def loaded(data: bytes) -> Any:
    """The dispatcher of a function that was kept; None if what it needs is not here.

    The bytes are unpickled and run: they must come from a file that nobody else could have written.
    """
    key = hashlib.sha256(data).digest()
    if key not in _loaded:
        _loaded[key] = _linked(_Kept(*pickle.loads(data)))
    return _loaded[key]


def _linked(found: _Kept) -> Any:
    environments = found.file.link(found.parts)
    if environments is None:
        return None
    (entry,) = found.file.exported
    engine = numba("core.registry").cpu_target.target_context.codegen()._engine
    function = numba("_dynfunc").make_function(
        numba(), found.name, f"compiled wrapper for {found.name!r}",
        engine.get_function_address(entry), environments[0], (found.file,),
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
