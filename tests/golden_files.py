"""Reading the golden files: an objective above the marker, the source that is generated for it below."""

import linecache
import types
from pathlib import Path

import dlsrc

__all__ = ["GOLDEN", "MARKER", "call_of", "generated_text", "load", "objective_of", "split"]

MARKER = "# --- generated: python -m tests.golden --update; every change below is reviewed by eye"
GOLDEN = sorted(path for path in (Path(__file__).parent / "golden").glob("*.py") if not path.stem.startswith("__"))


def split(path: Path) -> tuple[str, str]:
    """The text above the marker, and the generated source below it."""
    head, _, tail = path.read_text().partition(MARKER)
    return head, tail.lstrip("\n")


def load(path: Path) -> types.ModuleType:
    """The part of the file above the marker as a module of its own.

    What is below is not run: it may be the text of a generator that has since changed.
    """
    head, _ = split(path)
    name = f"tests.golden.{path.stem}"
    module = types.ModuleType(name, f"Golden objective {path.stem}.")
    module.__file__ = str(path)
    linecache.checkcache(str(path))
    exec(compile(head, str(path), "exec"), vars(module))
    return module


def objective_of(module: types.ModuleType):
    """The objective: the last function that the file defines."""
    functions = [f for f in vars(module).values() if isinstance(f, types.FunctionType) and f.__module__ == module.__name__]
    return functions[-1]


def call_of(module: types.ModuleType) -> tuple:
    """What `dlsrc.adjoint_source` is given for the file: the objective, or an operator on it, and arguments."""
    operator, f = getattr(module, "OPERATOR", None), objective_of(module)
    if operator == "jvp":
        return (dlsrc.jvp, f, module.ARGUMENTS, module.ARGUMENTS)
    if operator is not None:
        f = getattr(dlsrc, operator)(f)
    return (f, *module.ARGUMENTS)


def generated_text(path: Path) -> str:
    """What dlsrc generates for the file today."""
    return dlsrc.adjoint_source(*call_of(load(path)))
