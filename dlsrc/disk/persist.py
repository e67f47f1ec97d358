"""Programs that outlive the process: kept on disk when they are built, found again in the next.

A program is found by a digest of all that its text depends on: the function and what it refers to, the
kinds and structure of the arguments, what is asked, the versions.  Several may have one digest: each says
by its recipe, as it does in memory, which values of captured variables it relies on.  What is kept is
plain: classes by name and digest, functions by the way to them; the objects themselves are found again by
going these ways, and then tested.

Nothing of it may stop a call: what cannot be described, written or read is built as if there were no disk.
``DLSRC_CACHE=strict`` shows the errors that are passed over otherwise, for tests of this file.
"""

import builtins
import hashlib
import importlib
import io
import pickle
import sys
from collections.abc import Callable
from pathlib import Path as File
from types import FunctionType, MethodType, ModuleType
from typing import Any

from ..cache import Flags, Mode
from ..calls.capture import GONE, Path, Recipe, Test
from ..calls.entry import Entry, Interface
from ..containers.nodes import Path as Place
from ..containers.packing import with_packed
from ..dlarray import wrap
from ..lazy import engine
from ..reading.listing import file_of, register_source
from ..records import replace
from ..signature import Call, Kind
from . import storage
from .fingerprint import Unknown, digest, forgiving, found_again, is_library, look_up, python_of
from .object_code import kept, loaded
from .versions import environment, is_settled

__all__ = ["Key", "key_of_call", "load", "save"]

Key = str


def key_of_call(
    function: FunctionType, owner: Any, call: Call, mode: Mode, flags: Flags
) -> Key | None:
    """Under which a call's program is kept; None if it cannot be told, or nothing is kept."""
    if not storage.is_enabled():
        return None
    with forgiving():
        around = environment()
        if around is not None:
            return digest(
                around, repr(mode), _words(flags), function, type(owner),
                digest(call.structure, exact=True), _kinds(call.kinds), call.functions,
            )  # fmt: skip
    return None


def _words(flags: Flags) -> str:
    fast = sorted(flags.fastmath) if isinstance(flags.fastmath, frozenset) else flags.fastmath
    return repr((fast, flags.boundscheck, flags.nogil, flags.checkpoint, flags.memory_limit))


def _kinds(kinds: tuple[Kind, ...]) -> tuple:
    return tuple((digest(k.cls), *map(repr, k[1:])) for k in kinds)


# ---------------------------------------------------------------------------------- what is kept of a recipe


def _described(recipe: Recipe) -> tuple:
    """The tests and ways of a recipe without the objects."""
    tests = []
    for test in recipe.tests:
        if test.origin < 0 and _is_library_function(test.path.root[-1]):
            continue  # the default of an argument, say: it comes with the version
        kind = "bound" if _is_librarys_method(test) else test.kind
        tests.append((_way(test.path), kind, _expected(test), test.origin))
    hidden = [(_way(path), kind) for path, kind in recipe.hidden]
    codes = []
    for function, _ in recipe.codes:
        if not _is_library_function(function):
            codes.append((*found_again(function), digest(function)))
    return tests, hidden, codes


def _is_library_function(thing: Any) -> bool:
    return isinstance(thing, FunctionType) and is_library(thing.__globals__.get("__name__"))


def _is_librarys_method(test: Test) -> bool:
    """Whether what is compared is a method of a library's object: ``norm.logpdf``."""
    if test.kind != "equal" or type(test.expected) is not MethodType:
        return False
    return is_library(type(test.expected.__self__).__module__)


def _expected(test: Test) -> Any:
    match test.kind:
        case "is" | "class":
            return digest(test.expected)
        case "identity":
            return digest(test.expected, exact=True)
        case "builtin":
            name, found = test.expected
            return name, digest(found)
        case "function":
            return digest(test.expected)
        case "method":
            return digest(*test.expected)
        case "equal" if _is_librarys_method(test):
            return (*found_again(test.expected.__self__), test.expected.__name__)
        case "equal" if isinstance(test.expected, MethodType):
            raise Unknown("a method is compared by its object")
    return test.expected


def _way(path: Path) -> tuple:
    """A path with plain values in it; the object that it starts from by name, if it is no function's."""
    if path.root[0] != "object":
        return path.root, path.steps
    holder = path.root[1]
    if isinstance(holder, ModuleType) and sys.modules.get(holder.__name__) is holder:
        return ("module", holder.__name__), path.steps
    if isinstance(holder, dict):
        name = str(holder.get("__name__"))
        if look_up(name, "__dict__") is not holder:
            raise Unknown("a namespace belongs to no module")
        return ("namespace", name), path.steps
    return ("named", *found_again(holder)), path.steps


def _path(way: tuple) -> Path:
    """The path again, with the object that it starts from."""
    root, steps = way
    match root:
        case ("module", name):  # one that is imported inside of the function is imported when it is built
            holder = sys.modules.get(name) or importlib.import_module(name)
        case ("namespace", name):
            holder = look_up(name, "__dict__")
        case ("named", module, name):
            holder = look_up(module, name)
        case _:
            return Path(root, steps)
    if holder is None:
        raise Unknown("a module is not imported here")
    return Path(("object", holder), steps)


def _recipe(
    described: tuple, function: FunctionType, owner: Any, functions: tuple
) -> Recipe | None:
    """The recipe again, for the objects that are there now; None if they are not as they were."""
    described_tests, described_hidden, described_codes = described
    origins: list = [function, *functions]
    tests = []
    for way, kind, expected, origin in described_tests:
        path = _path(way)
        found = path.read(origins, owner)
        match kind:
            case "is" | "identity":
                holds, expected = digest(found, exact=kind == "identity") == expected, found
            case "class":
                holds, expected = digest(type(found)) == expected, type(found)
            case "builtin":
                name, words = expected
                thing = getattr(builtins, name, None)
                holds, expected = digest(thing) == words, (name, thing)
            case "function":
                if type(found) is not FunctionType:
                    return None
                holds, expected = digest(found.__code__) == expected, found.__code__
            case "method":
                if type(found) is not MethodType:
                    return None
                pair = found.__func__.__code__, type(found.__self__)
                holds, expected = digest(*pair) == expected, pair
            case "bound":
                if type(found) is not MethodType:
                    return None
                named = (*found_again(found.__self__), found.__name__)
                kind, holds, expected = "equal", named == tuple(expected), found
            case _:
                holds = True  # it is a plain value, which is compared when the recipe is bound
        if not holds:
            return None
        tests.append(Test(path, kind, expected, origin))
        if origin >= 0:
            origins.append(found if kind == "function" else found.__func__)
    codes = []
    for module, name, expected in described_codes:
        found = look_up(module, name)
        found = python_of(found) or found
        if not isinstance(found, FunctionType) or digest(found) != expected:
            return None
        codes.append((found, found.__code__))
    return Recipe(
        given=tuple(f.__code__ for f in (function, *functions)), owner=None if owner is None else type(owner),
        tests=tuple(tests), hidden=tuple((_path(way), kind) for way, kind in described_hidden),
        codes=tuple(codes),
    )  # fmt: skip


# ---------------------------------------------------------------------------------- bytes


class _Pickler(pickle.Pickler):
    """Classes by name and digest; no functions, and no objects of the user's classes."""

    def persistent_id(self, thing: Any) -> Any:
        if isinstance(thing, type) and not _is_own(thing):
            return ("class", *found_again(thing), digest(thing))
        if isinstance(thing, FunctionType | MethodType | ModuleType):
            raise Unknown(f"{thing!r} is not kept")
        return None


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, key: Any) -> Any:
        _, module, name, expected = key
        found = look_up(module, name)
        if not isinstance(found, type) or digest(found) != expected:
            raise Unknown(f"{module}.{name} is not what it was")
        return found

    def find_class(self, module: str, name: str) -> Any:
        if not is_library(module):
            raise Unknown(f"{module} is no library")
        return super().find_class(module, name)


def _is_own(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in ("dlsrc", "builtins", "numpy", "collections")


def _dumped(thing: Any) -> bytes:
    with io.BytesIO() as buffer:
        _Pickler(buffer, protocol=5).dump(thing)
        return buffer.getvalue()


# ---------------------------------------------------------------------------------- saving


def save(key: Key | None, entry: Entry, function: FunctionType, owner: Any, call: Call) -> None:
    """Keep a program that was just built for a call, if it can be described."""
    if key is None or not hasattr(entry.function, "overloads") or not _is_common(entry):
        return
    place = storage.directory(create=True)
    if place is None or not is_settled():
        return
    with forgiving():
        described = _described(entry.recipe)
        shape = _shape(with_packed(call, entry.packing))
        file = entry.recipe.given[0].co_filename
        binding = entry.recipe.bind(function, owner, call.functions)
        reached = digest(*binding.origins) if binding is not None else ""
        facts = _dumped((described, reached, entry.static, shape, entry.interface, file))
        code = kept(entry.function)
        if code is not None:
            # The name says what it relies on: whoever builds the same program writes the same file.
            name = hashlib.sha256(_dumped((described, entry.static, shape))).hexdigest()[:32]
            data = _dumped((entry.interface.packing, facts, code))
            if storage.write(place / key / f"{name}{storage.SUFFIX}", data):
                storage.trim(place)


def _shape(call: Call) -> str:
    return digest(digest(call.structure, exact=True), _kinds(call.kinds))


def _is_common(entry: Entry) -> bool:
    """Whether all that the text calls is dlsrc's: numba may have learnt other functions from anybody."""
    ir = engine("transform.ir")
    return not any(
        isinstance(s, ir.Assign) and hasattr(s.op, "opaque")
        for s in ir.walk(entry.generated.stages[-1].program.body)
    )


# ---------------------------------------------------------------------------------- loading


def load(
    key: Key | None, function: FunctionType, owner: Any, call: Call, mode: Mode,
    may_pack: frozenset[Place],
) -> Entry | None:  # fmt: skip
    """The program that is kept for a call; None if there is none."""
    place = None if key is None else storage.directory()
    if key is None or place is None:
        return None
    try:
        found = sorted(p for p in File(place / key).iterdir() if p.name.endswith(storage.SUFFIX))
    except OSError:
        return None
    for path in found:
        data = storage.read(path)
        if data is None:
            continue
        with forgiving():
            entry = _entry(data, function, owner, call, mode, may_pack)
            if entry is not None:
                storage.touch(path)
                return entry
    return None


def _entry(
    data: bytes, function: FunctionType, owner: Any, call: Call, mode: Mode,
    may_pack: frozenset[Place],
) -> Entry | None:  # fmt: skip
    packing, facts, code = _read(data)
    if not packing <= may_pack:
        return None
    described, reached, static, shape, interface, file = _read(facts)
    assert isinstance(interface, Interface)
    interface = replace(interface, faults=interface.faults.moved(file, function.__code__.co_filename))
    call = with_packed(call, packing)
    if _shape(call) != shape or any(repr(call.leaves[k]) != repr(v) for k, v in static):
        return None
    try:
        recipe = _recipe(described, function, owner, call.functions)
    except GONE:
        return None
    binding = None if recipe is None else recipe.bind(function, owner, call.functions)
    # The key describes what the function mentions; here are those that were reached in another way, too.
    if recipe is None or binding is None or digest(*binding.origins) != reached:
        return None
    compiled: Callable | None = loaded(code)
    if compiled is None:
        return None
    if "dlsrc.kernels" in interface.text and "show" in interface.text:
        engine("kernels.programs.showing").shown_as_dlarray(wrap)
    register_source(interface.text, file_of(interface.name, interface.text))
    return Entry(
        interface=interface, function=compiled, recipe=recipe, static=static,
        shape=(call.key or call.structure, call.kinds), mode=mode,
    )  # fmt: skip


def _read(data: bytes) -> Any:
    return _Unpickler(io.BytesIO(data)).load()
