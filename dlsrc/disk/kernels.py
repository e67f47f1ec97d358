"""Kernels on disk: compiled once a machine, not once a process.

Most of what the compiler does for a function of arrays it does for the kernels in it: a layer of a network
takes 16 s, and another function with the same kernels 1.4 s.  A kernel is machine code with names of its own
(``apart``), so it can be another process's, too::

    matmat(array(float64, 2d, C), array(float64, 2d, C))    →    kernels/3f…c1.kernel    →    linked

It is found by what it is: its code and that of the kernels it calls, the literals and types it refers to, the
types of its arguments, the compiler's options, and the contents of dlsrc, numba and the processor
(``disk.versions``).  What refers to anything else is compiled in every process.
"""

import copy
import dis
import hashlib
import inspect
import pickle
from functools import cache
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from ..lazy import numba
from . import storage
from .fingerprint import Unknown, code_digest, forgiving, found_again, is_library, python_of
from .object_file import ObjectFile, defining
from .versions import environment, is_settled

__all__ = ["keep", "key_of", "loaded", "same_as"]

LITERALS = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), np.generic, np.dtype, slice)


class _Kept(NamedTuple):
    """What is written of a kernel.

    Attributes
    ----------
    signature, description
        What numba types calls by, and what it calls.
    file : ObjectFile
    parts : tuple of ObjectFile
        Those that it refers to, each after those that it refers to itself.
    code : bytes
        LLVM's, which a caller links: of a short kernel all of it.
    """

    signature: Any
    description: Any
    file: ObjectFile
    parts: tuple[ObjectFile, ...]
    code: bytes


def key_of(state: Any, function: FunctionType) -> str | None:
    """Under which a kernel is kept, of what numba is about to compile; None if it is compiled every time."""
    around = environment() if storage.keeps_kernels() else None
    if around is None:
        return None
    with forgiving():
        types = [_type(t) for t in (*state.args, *filter(None, [state.return_type]))]
        words = around, _function(function), types, _flags(state.flags)
        return hashlib.sha256(repr(words).encode()).hexdigest()
    return None


# ---------------------------------------------------------------------------------- what a kernel is


def same_as(made: Any, *things: Any) -> Any:
    """Say of a function that is made for numba what it is made of: it is the same wherever they are."""
    made.__dlsrc_made_of__ = things
    return made


def _words(thing: Any) -> Any:
    """A description of something that a kernel refers to, by value: numba compiles it into the code."""
    made_of = getattr(thing, "__dlsrc_made_of__", None)
    if made_of is not None:
        return "made", [_words(t) for t in made_of]
    if isinstance(thing, LITERALS):
        return type(thing).__name__, repr(thing)
    if type(thing) in (tuple, frozenset, list):
        found = [_words(t) for t in thing]
        return type(thing).__name__, sorted(found, key=repr) if isinstance(thing, frozenset) else found
    if isinstance(thing, ModuleType) and is_library(thing.__name__):
        return "module", thing.__name__
    if python_of(thing) is not None:
        options = {k: v for k, v in thing.targetoptions.items() if k != "pipeline_class"}
        return "compiled", sorted((k, _option(v)) for k, v in options.items()), _words(python_of(thing))
    if isinstance(thing, FunctionType):
        return _function(thing)
    numbas = type(thing).__module__.startswith("numba.")
    if isinstance(thing, type | np.ufunc | BuiltinFunctionType) or numbas:
        if is_library(getattr(thing, "__module__", None) or "numpy"):
            return "library", found_again(thing)
    raise Unknown(f"{thing!r} may be something else in another process")


def _function(function: FunctionType) -> Any:
    if not is_library(function.__globals__.get("__name__")):
        raise Unknown(f"{function!r} is not dlsrc's")
    code = function.__code__
    known = inspect.getclosurevars(function).nonlocals if function.__closure__ else {}
    around = function.__globals__
    known = {**known, **{n: around[n] for n in sorted(_globals(code)) if n in around}}
    return (
        function.__module__, function.__qualname__, code_digest(code).hex(), _words(function.__defaults__),
        [(name, _words(value)) for name, value in known.items()],
    )  # fmt: skip


@cache
def _globals(code: CodeType) -> frozenset[str]:
    """The names that a function reads and does not define."""
    found = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return frozenset(found).union(*(_globals(c) for c in code.co_consts if isinstance(c, CodeType)))


def _flags(flags: Any) -> list:
    return sorted((name, _option(value)) for name, value in flags.values().items())


def _option(value: Any) -> str:
    value = getattr(value, "flags", value)  # of fastmath
    return repr(sorted(value) if isinstance(value, set | frozenset) else value)


def _type(given: Any) -> str:
    types: Any = numba("core.types")
    plain = (
        types.Number, types.Boolean, types.NoneType, types.Literal, types.NumPyRandomGeneratorType,
        types.UnicodeType, types.Omitted, types.SliceType,
    )  # fmt: skip
    if isinstance(given, types.BaseTuple):
        return f"{given.name} {[_type(t) for t in given]}"
    element = given.dtype if isinstance(given, types.Array) else given
    if not isinstance(element, plain):
        raise Unknown(f"{given} is no type of numbers")
    return repr(given)


# ---------------------------------------------------------------------------------- keeping and finding


def keep(key: str, compiled: Any) -> None:
    """Write a kernel that was just compiled, if it can be."""
    with forgiving():
        _keep(key, compiled)


def _keep(key: str, compiled: Any) -> None:
    library, description = compiled.library, copy.copy(compiled.fndesc)
    if compiled.objectmode or compiled.lifted or description.global_dict or library.has_dynamic_globals:
        return
    place = storage.directory(create=True)
    if place is None or not is_settled(within=1.0):
        return
    file = library.file
    if file is None:
        return
    code = library._get_module_for_linking().as_bitcode()
    description.typemap = description.calltypes = None
    found = _Kept(compiled.signature, description, file, file.parts, code)
    data = numba("core.serialize").dumps(tuple(found))
    if storage.write(_path(place, key), data) and key.startswith("0"):
        storage.trim(place)  # looks at every file: after one in sixteen


def _path(place: Path, key: str) -> Path:
    return place / "kernels" / f"{key}{storage.KERNEL}"


def loaded(key: str, state: Any, library_class: Any) -> Any:
    """What numba would give for a kernel that is kept; None if there is none."""
    with forgiving():
        return _loaded(key, state, library_class)
    return None


def _loaded(key: str, state: Any, library_class: Any) -> Any:
    place = storage.directory()
    data = None if place is None else storage.read(_path(place, key))
    if place is None or data is None:
        return None
    storage.touch(_path(place, key))
    found = _Kept(*pickle.loads(data))
    # Its symbols can be in a process once: another dispatcher of the same kernel may have them.
    environments = None if found.file.exported[0] in defining else found.file.link(found.parts)
    if environments is None:
        return None
    description, target = found.description, state.targetctx
    one = next((e for e in environments if e.env_name == description.env_name), None)
    one = one or numba("core.environment").Environment.from_fndesc(description)
    library = library_class(target.codegen(), description.qualname)
    library.stand_apart(found.file, numba("core.codegen").ll.parse_bitcode(found.code))
    entry = target.get_executable(library, description, one)
    target.insert_user_function(entry, description, [library])
    return numba("core.compiler").compile_result(
        typing_context=state.typingctx, target_context=target, entry_point=entry, typing_error=None,
        type_annotation=None, library=library, call_helper=None, signature=found.signature, objectmode=False,
        lifted=(), fndesc=description, environment=one, metadata=state.metadata,
        reload_init=list(found.file.initial), referenced_envs=(),
    )  # fmt: skip
