"""Reading derivatives in a terminal, and what is kept of them on disk::

    python -m dlsrc show examples/rosenbrock.py:rosenbrock "float64[:]"
    python -m dlsrc explain model.py:likelihood "float64[3]" "float64[100_000]"
    python -m dlsrc cache info
"""

import argparse
import difflib
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from . import __version__
from .calls.samples import example_of
from .calls.target import target_of
from .disk import storage
from .dlarray import dlarray
from .errors import DlsrcError
from .reading.highlight import console
from .report import adjoint_source, asks_for_gradient, explain, stages

__all__ = ["main"]

COMMANDS: dict[str, tuple[Callable, str]] = {
    "show": (adjoint_source, "print the generated source: the function and its derivative"),
    "stages": (stages, "print the program after each stage of the transformation"),
    "explain": (explain, "print what is active, kept, recomputed, and the memory it takes"),
}
TYPES = """
types: float64 float32 int64 int32 bool, or Python's float and int; arrays with a colon a dimension, as in
"float64[:]" and "float32[:, :]" (in C order; "float64[::1, :]" is in Fortran order), or with sizes, as in
"float64[1000, 3]", which explain computes with. A number, True, False or a quoted string stands for itself.
Where the function calls dlgradient, floats and arrays of them are passed as dlarrays.
"""


class Wrong(Exception):
    """Something in the command line that cannot be understood: a message for the terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status: 0, 1 where dlsrc refuses the function, 2 for a wrong command line."""
    parser = argparse.ArgumentParser("python -m dlsrc", description="Read the derivative of a function.")
    parser.add_argument("--version", action="version", version=f"dlsrc {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, (_, purpose) in COMMANDS.items():
        described = purpose[0].upper() + purpose[1:] + "."
        command = commands.add_parser(name, help=purpose, description=described, epilog=TYPES)
        command.add_argument("function", help="file.py:function, or package.module:function")
        command.add_argument("types", nargs="*", metavar="type", help="of each argument, as numba writes it")
    purpose = "tell how many compiled programs are kept (info) and where (path), or remove them (clear)"
    kept = commands.add_parser("cache", help=purpose, description=purpose[0].upper() + purpose[1:] + ".")
    kept.add_argument("what", choices=("info", "path", "clear"))
    given = parser.parse_args(arguments)
    if given.command == "cache":
        print(_cache(given.what))
        return 0
    # Reading needs no compiled code: neither dlsrc's own nor that of the file that is read.
    os.environ["NUMBA_DISABLE_JIT"] = "1"
    try:
        text = str(COMMANDS[given.command][0](*_call(given.function, given.types)))
    except Wrong as wrong:
        print(f"python -m dlsrc: {wrong}", file=sys.stderr)
        return 2
    except (DlsrcError, TypeError, ValueError) as error:
        print("".join(traceback.format_exception_only(error)), file=sys.stderr, end="")
        return 1
    is_terminal = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print((console(text) if is_terminal and given.command != "explain" else text).rstrip("\n"))
    return 0


def _cache(what: str) -> str:
    """What a command about the programs on disk prints."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = storage.directory()
    place = found or storage.location()
    if what == "path":
        return str(place)
    if found is None:
        told = next((str(w.message) for w in warned), "")
        if not storage.is_enabled():
            told = "dlsrc keeps no programs on disk: DLSRC_CACHE turns it off"
        return told or f"{place}: nothing is kept yet"
    if what == "clear":
        count = storage.remove(found)
        return f"{found}: {count} program{'s' * (count != 1)} removed"
    sizes = {path: info.st_size for path, info in storage.files(found, others=True)}
    counts = [sum(path.suffix == suffix for path in sizes) for suffix in (storage.SUFFIX, storage.KERNEL)]
    counted = [f"{n} {word}{'s' * (n != 1)}" for n, word in zip(counts, ("program", "kernel"), strict=True)]
    return f"{found}: {', '.join(counted)}, {sum(sizes.values()) / 2**20:.1f} MB"


def _call(place: str, types: Sequence[str]) -> tuple:
    """The function and example arguments of these types."""
    module, name = _module(place)
    function = _function(module, name, place)
    # What grad(f) and the like gave is read as it is; its arguments are those of f.
    derivative = getattr(function, "__dlsrc_derivative__", None)
    plain = function if derivative is None else derivative[0].callable
    try:
        examples = [example_of(text) for text in types]
    except ValueError as error:
        raise Wrong(str(error)) from None
    try:
        inspect.signature(plain).bind(*examples)
    except TypeError:
        takes = ", ".join(inspect.signature(plain).parameters)
        given = f"{len(examples)} were given"
        raise Wrong(f'{name} takes ({takes}); write the type of each, as in "float64[:]": {given}') from None
    if derivative is None and asks_for_gradient(target_of(function).function):
        examples = [dlarray(x) if np.asarray(x).dtype.kind == "f" else x for x in examples]
    return (function, *examples)


def _module(place: str) -> tuple[ModuleType, str]:
    """The module that is named, imported, and the name after the colon."""
    where, colon, name = place.rpartition(":")
    if not colon or not where or not name:
        raise Wrong(f"{place!r} names no function; write file.py:function")
    path = Path(where)
    if not path.suffix and not path.exists():
        sys.path.insert(0, os.getcwd())
        return _imported(lambda: importlib.import_module(where), where), name
    if not path.is_file():
        near = _near(path.name, [p.name for p in path.parent.glob("*.py")]) if path.parent.is_dir() else ""
        raise Wrong(f"there is no file {where}{near}")
    sys.path.insert(0, str(path.parent.resolve()))
    # Under its own name, unless that is taken: the file is not run as a program, so its main() is not called.
    own = f"dlsrc_read_{path.stem}" if path.stem in sys.modules else path.stem
    spec = importlib.util.spec_from_file_location(own, path.resolve())
    if spec is None or spec.loader is None:
        raise Wrong(f"{where} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[own] = module
    loader = spec.loader
    _imported(lambda: loader.exec_module(module), where)
    return module, name


def _imported(load: Callable[[], Any], where: str) -> Any:
    """What importing gives; an error in the file is told without dlsrc's own lines."""
    try:
        return load()
    except ModuleNotFoundError as error:
        if error.name == where.partition(".")[0]:
            raise Wrong(f"there is no file or module {where}; write file.py:function") from None
        raise Wrong(f"importing {where} failed: {error}") from None
    except SyntaxError as error:
        text = "".join(traceback.format_exception_only(error)).rstrip()
        raise Wrong(f"importing {where} failed\n{text}") from None
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_import(f.filename)]
        lines = [*traceback.format_list(frames), *traceback.format_exception_only(error)]
        text = "".join(lines).rstrip()
        raise Wrong(f"importing {where} failed\n{text}") from None


def _is_import(filename: str) -> bool:
    return filename.startswith("<frozen importlib") or filename in (__file__, importlib.__file__)


def _function(module: ModuleType, name: str, place: str) -> Callable:
    """The function of this name; ``Model.loss`` is one of a class."""
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            own = sorted(n for n, value in vars(found).items() if _is_function(value, module))
            near = _near(part, own) or (f"; it has {', '.join(own[:12])}" if own else "; it has none")
            raise Wrong(f"{place.rpartition(':')[0]} has no function {part!r}{near}")
        found = getattr(found, part)
    if not callable(found):
        raise Wrong(f"{name} is no function, it is {type(found).__name__}")
    return found


def _is_function(value: Any, module: ModuleType) -> bool:
    is_function = isinstance(value, FunctionType) or hasattr(value, "py_func")
    return is_function and value.__module__ == module.__name__


def _near(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


if __name__ == "__main__":
    sys.exit(main())
