"""What a live object is, as a digest that is the same in another process as long as the object is.

Of a function that is its code, its defaults, what its cells hold and what each name that it mentions
stands for: other functions in the same way, classes by their methods, modules by their names, numbers and
arrays by their types (their values are arguments of a program).  So the digest changes with an edit of the
function, of what it calls and of what that calls, with a name that is bound to something else, and with
nothing that a program does not depend on.  It describes rather too much than too little.

NumPy, SciPy, numba, Python and dlsrc itself are described by name: their versions are a part of the key.
"""

import builtins
import enum
import hashlib
import os
import re
import sys
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from types import (
    BuiltinFunctionType, CodeType, FunctionType, MethodDescriptorType, MethodType, MethodWrapperType,
    ModuleType, WrapperDescriptorType,
)  # fmt: skip
from typing import Any

import numpy as np

from ..containers.nodes import LEAF

__all__ = [
    "Unknown", "code_digest", "digest", "forgiving", "found_again", "is_library", "look_up", "python_of",
]  # fmt: skip

LIBRARIES = {"numpy", "scipy", "numba", "llvmlite", "dlsrc", "builtins", *sys.stdlib_module_names} - {
    "__main__", "this", "antigravity",
}  # fmt: skip
MOST = 20_000  # parts of a description; what is larger is not worth reading again in every process
LARGEST_ARRAY = 2**20
MOST_ITEMS = 100
SIMPLE = (type(None), bool, str, bytes, type(Ellipsis), type(NotImplemented))
VALUES = (*SIMPLE, int, float, np.generic, np.ndarray, tuple, list, dict, FunctionType, MethodType, type,
          partial, enum.Enum)  # fmt: skip
NOTEBOOK = re.compile(r".*ipykernel_\d+")
OWN = ("__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__dataclass_fields__",
       "__dataclass_params__", "__slots__", "__qualname__", "__firstlineno__", "__static_attributes__",
       "__annotate__", "__annotate_func__", "__abstractmethods__", "_abc_impl", "__orig_bases__",
       "__parameters__", "__annotations_cache__")  # fmt: skip


class Unknown(Exception):
    """An object of which it cannot be told what it will be in another process."""


def digest(*things: Any, exact: bool = False) -> str:
    """The digest of some objects.

    Parameters
    ----------
    *things
        Functions, classes, plain values and containers of them.
    exact : bool
        Whether values of numbers and arrays matter too.

    Raises
    ------
    Unknown
        If one of them cannot be described.
    """
    described = _Description(exact)
    for thing in things:
        described.add(thing)
    return described.hash.hexdigest()


@contextmanager
def forgiving() -> Iterator[None]:
    """What fails inside is not done: what is not kept is built again, which is all it costs."""
    try:
        yield
    except Unknown:
        pass
    except Exception:
        if os.environ.get("DLSRC_CACHE") == "strict":
            raise


def is_library(module: Any) -> bool:
    """Whether what a module defines is known by its name and the version of a library."""
    return str(module).partition(".")[0] in LIBRARIES


def found_again(thing: Any) -> tuple[str, str]:
    """The module and the name under which a class or function is found in every process.

    A function that numba compiles has the name of its dispatcher.

    Raises
    ------
    Unknown
        If it is not found there now.
    """
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    name = name or getattr(thing, "__name__", None)
    if str(module).startswith("scipy.stats.") and not isinstance(thing, type):  # norm, an object of norm_gen
        module, name = "scipy.stats", name or type(thing).__name__.removesuffix("_gen")
    modules = ("numpy", "scipy.special") if isinstance(thing, np.ufunc) else (module,)
    for module in modules:
        if isinstance(module, str) and isinstance(name, str):
            found = look_up(module, name)
            if found is thing or (found is not None and python_of(found) is thing):
                return module, name
    raise Unknown(f"{thing!r} has no name under which it is found again")


def python_of(thing: Any) -> Any:
    """The Python function that numba compiles; None if it is no object of numba's with one."""
    if isinstance(thing, type) or not type(thing).__module__.startswith("numba."):
        return None
    return getattr(thing, "py_func", None) or getattr(getattr(thing, "_dispatcher", None), "py_func", None)


def look_up(module: str, name: str) -> Any:
    """What has this name in a module that is imported already; None if nothing has."""
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


# By identity: equal code may stand in another file, or at other columns of a line.
_digests: dict[int, tuple[CodeType, bytes]] = {}


def code_digest(code: CodeType) -> bytes:
    """The digest of a code object: of all that the text made from it depends on."""
    known = _digests.get(id(code))
    if known is not None:
        return known[1]
    made = hashlib.sha256()
    for part in (
        code.co_name, code.co_qualname, NOTEBOOK.sub("", code.co_filename), code.co_firstlineno,
        code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags, code.co_code,
        code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_linetable,
        code.co_exceptiontable,
    ):  # fmt: skip
        made.update(repr(part).encode() + b"\0")
    for constant in code.co_consts:
        made.update(_constant(constant) + b"\0")
    if len(_digests) > 2000:
        _digests.clear()
    _digests[id(code)] = code, made.digest()
    return made.digest()


def _constant(constant: Any) -> bytes:
    if isinstance(constant, CodeType):
        return code_digest(constant)
    if isinstance(constant, tuple):
        return b"(" + b",".join(map(_constant, constant)) + b")"
    if isinstance(constant, frozenset):
        return b"{" + b",".join(sorted(map(_constant, constant))) + b"}"
    return f"{type(constant).__name__} {constant!r}".encode()  # 1, 1.0 and True differ, and 0.0 and -0.0


@cache
def _names_of(code: CodeType) -> frozenset[str]:
    """The names that a function, and the functions inside it, mention."""
    inner = (_names_of(c) for c in code.co_consts if isinstance(c, CodeType))
    return frozenset(code.co_names).union(*inner)


class _Description:
    """Collects what some objects are."""

    def __init__(self, exact: bool):
        self.exact = exact
        self.hash = hashlib.sha256()
        self.seen: dict[Hashable, int] = {}
        self.kept: list[Any] = []  # so that no two objects have one id
        self.open: set[int] = set()  # containers that are being described
        self.names: frozenset[str] = frozenset()  # that the function around mentions
        self.count = 0

    def put(self, *words: Any) -> None:
        self.hash.update(repr(words).encode() + b"\n")

    def is_new(self, thing: Any, *more: Hashable) -> bool:
        """Whether this is met for the first time; if not, when it was is put down."""
        key = (id(thing), *more)
        if key in self.seen:
            self.put("again", self.seen[key])
            return False
        self.seen[key] = len(self.seen)
        self.kept.append(thing)
        return True

    @contextmanager
    def inside(self, names: frozenset[str]) -> Iterator[None]:
        """While what a function or a class refers to is described: values of its numbers do not matter."""
        outer = self.names, self.exact
        self.names, self.exact = names, False
        try:
            yield
        finally:
            self.names, self.exact = outer

    # ------------------------------------------------------------------ values

    def add(self, thing: Any) -> None:
        """Put an object down."""
        self.count += 1
        if self.count > MOST:
            raise Unknown("it refers to too much")
        kind = type(thing)
        if kind in SIMPLE or thing is LEAF:
            self.put(kind.__name__, repr(thing))
        elif kind in (int, float, complex) or isinstance(thing, np.generic):
            self.put(kind.__name__, repr(thing) if self.exact else "")
        elif isinstance(thing, np.ndarray):
            self.array(thing)
        elif isinstance(thing, np.dtype | range | slice):
            self.put(kind.__name__, repr(thing))
        elif kind is CodeType:
            self.put("code", code_digest(thing))
        elif isinstance(thing, ModuleType):
            self.module(thing)
        elif isinstance(thing, enum.Enum) and not isinstance(thing, enum.Flag):
            self.put("member", thing.name)
            self.add(kind)
        elif isinstance(thing, type):
            self.cls(thing)
        elif kind is FunctionType:
            self.function(thing)
        elif isinstance(thing, dict | list | tuple | set | frozenset) and kind.__module__ in (
            "builtins", "collections", "dlsrc.containers.nodes", "dlsrc.signature", "dlsrc.containers.packing"
        ):  # fmt: skip
            self.container(thing)
        elif _is_instance(thing):
            self.instance(thing)
        elif self.is_new(thing):
            self.object(thing)

    def array(self, thing: np.ndarray) -> None:
        self.put(type(thing).__name__, thing.dtype.str, thing.ndim)
        if self.exact:
            if thing.nbytes > LARGEST_ARRAY or thing.dtype.hasobject:
                raise Unknown("it holds a large array")
            self.put(thing.shape, thing.tobytes())

    def container(self, thing: Any) -> None:
        """A container that Python's own classes, or dlsrc's, hold together."""
        self.put(type(thing).__name__, len(thing))
        if isinstance(thing, set | frozenset):
            if not all(isinstance(item, SIMPLE + (int, float)) for item in thing):
                raise Unknown("a set has no order that is the same in every process")
            self.put(*sorted(map(repr, thing)))
            return
        if id(thing) in self.open:
            self.put("itself")
            return
        self.open.add(id(thing))
        items = list(thing) if self.exact else list(thing)[:MOST_ITEMS]
        for item in items:
            if isinstance(thing, dict):
                self.add(item)
                item = thing[item]
            self.add(item)
        self.open.discard(id(thing))

    # ------------------------------------------------------------------ modules, functions, classes

    def module(self, thing: ModuleType) -> None:
        """A module by its name; of a module of the user's, what the function around may take from it."""
        name = thing.__name__
        self.put("module", name)
        if is_library(name):
            return
        found = vars(thing)
        for attribute in sorted(self.names & found.keys()):
            if self.is_new(thing, attribute):
                self.put(attribute)
                self.add(found[attribute])

    def function(self, thing: FunctionType) -> None:
        """A function: its code, and what its code refers to."""
        if is_library(thing.__globals__.get("__name__")):
            # By its code too: a module of the user's may have the name of one of Python's.
            self.put("library", thing.__module__, thing.__qualname__, code_digest(thing.__code__))
            if not thing.__closure__ or not self.is_new(thing):
                return
        elif not self.is_new(thing):
            return
        code = thing.__code__
        self.put("function", thing.__module__, thing.__qualname__, code_digest(code))
        names = _names_of(code)
        with self.inside(names):
            self.add(thing.__defaults__)
            self.add(thing.__kwdefaults__)
            for name, cell in zip(code.co_freevars, thing.__closure__ or (), strict=True):
                self.put("cell", name)
                try:
                    self.add(cell.cell_contents)
                except ValueError:
                    self.put("empty")
            if is_library(thing.__globals__.get("__name__")):
                return
            for name in sorted(names):
                if name in thing.__globals__:
                    self.put("global", name)
                    self.add(thing.__globals__[name])
                else:
                    self.put("builtin" if hasattr(builtins, name) else "none", name)
        if "__wrapped__" in thing.__dict__:
            self.add(thing.__dict__["__wrapped__"])

    def cls(self, thing: type) -> None:
        """A class: its methods, and those of the classes that it is made of."""
        if is_library(thing.__module__) and look_up(thing.__module__, thing.__qualname__) is thing:
            self.put("library", thing.__module__, thing.__qualname__)
            return
        if not self.is_new(thing):
            return
        self.put("class", thing.__module__, thing.__qualname__, thing.__flags__ & (1 << 9))
        with self.inside(self.names):
            for base in thing.__mro__[1:]:
                self.add(base)
            for name, value in sorted(vars(thing).items()):
                if name not in OWN:
                    self.put(name)
                    self.attribute(value)

    def attribute(self, value: Any) -> None:
        """What a class holds under a name."""
        if isinstance(value, staticmethod | classmethod):
            self.put(type(value).__name__)
            self.add(value.__func__)
        elif isinstance(value, property):
            self.put("property")
            for part in (value.fget, value.fset):
                self.add(part)
        elif isinstance(value, VALUES) or python_of(value) is not None:
            self.add(value)
        else:
            self.put(type(value).__module__, type(value).__qualname__)

    # ------------------------------------------------------------------ other objects

    def object(self, thing: Any) -> None:
        kind = type(thing)
        if isinstance(thing, MethodType):
            self.put("method")
            self.add(thing.__func__)
            self.add(type(thing.__self__))
        elif isinstance(thing, partial):
            self.put("partial")
            for part in (thing.func, thing.args, thing.keywords):
                self.add(part)
        elif isinstance(
            thing, BuiltinFunctionType | MethodDescriptorType | WrapperDescriptorType | MethodWrapperType
        ):
            owner = getattr(thing, "__self__", None)
            owner = owner if isinstance(owner, type) else type(owner)
            self.put("builtin", str(getattr(thing, "__module__", "")), owner.__qualname__, thing.__qualname__)
            if not is_library(getattr(thing, "__module__", None) or "builtins"):
                raise Unknown(f"{thing!r} is not written in Python")
        elif python_of(thing) is not None:
            self.put("compiled", kind.__qualname__)
            self.add(python_of(thing))
        else:
            self.library_object(thing)

    def library_object(self, thing: Any) -> None:
        """An object of a class of dlsrc's, NumPy's, SciPy's or numba's."""
        kind = type(thing)
        self.put("object", kind.__module__, kind.__qualname__)
        derivative = getattr(thing, "__dlsrc_derivative__", None)
        if derivative is not None:
            target, mode = derivative
            self.put(repr(mode))
            self.target(target)
        elif getattr(thing, "__dlsrc_accelerated__", None) is not None:
            self.put(repr(thing.__dlsrc_accelerated__[0]))
            self.target(thing.target)
        elif kind.__module__.partition(".")[0] == "dlsrc" and hasattr(thing, "__dict__"):
            for name, value in sorted(vars(thing).items()):
                if not name.startswith("__"):
                    self.put(name)
                    self.add(value)
        else:
            module, name = found_again(thing)
            if not is_library(module):
                raise Unknown(f"{module}.{name} may be another one in another process")
            self.put(module, name)

    def target(self, target: Any) -> None:
        for part in (target.function, target.owner, target.first, target.named):
            self.add(part)

    def instance(self, thing: Any) -> None:
        """An object of a class of the user's: what the functions around it, and its own, may take from it."""
        kind = type(thing)
        self.put("instance")
        self.add(kind)
        own = getattr(thing, "__dict__", None)
        slots = [n for c in kind.__mro__ for n in _slots(c)]
        if own is None and not slots and not isinstance(thing, tuple):
            raise Unknown(f"{kind.__qualname__} is not written in Python")
        if isinstance(thing, tuple):
            self.container(tuple(thing))
        found = {n: getattr(thing, n) for n in slots if hasattr(thing, n)} | (own or {})
        names = set(found)
        if not self.exact:
            names &= self.names.union(*map(_names_of, _codes(kind)))
        for name in sorted(n for n in names if isinstance(n, str)):
            # One by one: another function mentions other attributes.
            if self.is_new(thing, name):
                self.put(name)
                self.add(found[name])


def _is_instance(thing: Any) -> bool:
    """Whether an object is one of a class of the user's."""
    known = (MethodType, partial, BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType,
             MethodWrapperType)  # fmt: skip
    return not (isinstance(thing, known) or is_library(type(thing).__module__))


def _slots(cls: type) -> tuple[str, ...]:
    slots = vars(cls).get("__slots__", ())
    slots = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(n for n in slots if n not in ("__dict__", "__weakref__"))


def _codes(cls: type) -> Iterator[CodeType]:
    """The code of the methods of a class."""
    for base in cls.__mro__:
        for value in vars(base).values():
            value = getattr(value, "__func__", getattr(value, "fget", value))
            if isinstance(value, FunctionType):
                yield value.__code__
