"""Errors on the way from a call to its result, told in terms of the user's function."""

import contextlib
import copy
import linecache
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, MethodType
from typing import Any

from ..errors import DlsrcError, InternalError, UnsupportedSyntax
from ..lazy import engine
from ..signature import Call, read_call
from .faults import Faults, Place
from .rerun import again_in_python, values_of

__all__ = [
    "Replayed", "at_line", "building", "failed", "here", "lifted", "plain_result", "plain_value", "replaying",
    "silent", "valuing",
]  # fmt: skip

LINED = re.compile(r"(?:\w:)?[^:\n]+:\d+: ")  # the messages of generated code begin with the user's line
OURS = (NameError, AttributeError, KeyError, AssertionError, NotImplementedError, SystemError)


class Building:
    """How far a build has come: the text, once there is one."""

    emitted: Any = None


@contextmanager
def building(function: Callable, call: Call, names: tuple[str, ...]) -> Iterator[Building]:
    """Turn what goes wrong while a program is built into an error about the user's function.

    Raises
    ------
    UnsupportedSyntax
        If numba refuses the generated text: at the user's line, with numba's reason.
    InternalError
        If dlsrc itself fails.
    """
    stage = Building()
    try:
        yield stage
    except DlsrcError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] == "numba" and stage.emitted is not None:
            location, reason = engine("transform.compile").explain_failure(error, stage.emitted)
            if location is not None:
                message = f"numba cannot compile this: {reason}; write it with operations that numba knows"
                raise UnsupportedSyntax([(location, message)]) from error
        if isinstance(error, RecursionError):
            place = engine("transform.source").deepest(function)
            if place is not None:
                message = "this is nested too deeply to be read; give parts of it names of their own"
                raise UnsupportedSyntax([(place, message)]) from None
        raise internal(error, function, call, names) from error


def internal(error: Exception, function: Callable, call: Call, names: tuple[str, ...]) -> InternalError:
    """What to report when dlsrc fails: at most 15 lines."""
    code: CodeType = function.__code__
    shown = [f"{name}: {_kind(kind)}" for name, kind in zip(names[:6], call.kinds, strict=False)]
    if len(names) > len(shown):
        shown.append(f"{len(names) - len(shown)} more")
    reason = f"{type(error).__name__}: {str(error).strip()}".splitlines()
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" ({trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno})" if trace else ""
    version = getattr(sys.modules[__package__.partition(".")[0]], "__version__", "unknown")
    return InternalError(
        "\n".join([
            "a bug in dlsrc, not in your code; please report these lines and the function's source",
            f"  function   {code.co_qualname} ({code.co_filename}:{code.co_firstlineno})",
            f"  arguments  {', '.join(shown) or 'none'}",
            f"  dlsrc      {version}, Python {sys.version.split()[0]}",
            f"  error      {reason[0][:200]}{where}",
            *(f"             {line[:200]}" for line in reason[1:4]),
        ])
    )  # fmt: skip


def _kind(kind: Any) -> str:
    size = f"{kind.cls.__name__} ({kind.dtype})"
    if kind.ndim:
        size = f"{kind.ndim}-d {kind.layout} array of {kind.dtype}"
    if kind.labels is None:
        return size
    return f"dlarray of format {kind.labels!r}, {size}" if kind.labels else f"dlarray, {size}"


# ---------------------------------------------------------------------------------- while it runs


class Replayed(BaseException):
    """Ends the run of the user's plain function where it would need a derivative."""


_state = threading.local()


def replaying() -> bool:
    """Whether the user's plain function is being run to find an error again."""
    return getattr(_state, "on", False)


def valuing() -> bool:
    """Whether the user's plain function is being run for its value alone: gradients in it are nan."""
    return getattr(_state, "values", False)


def failed(
    error: Exception, entry: Any, function: Callable, owner: Any, args: tuple, kwargs: dict
) -> BaseException:
    """The error to raise for one that a program raised.

    Generated tests name the user's line.  Other errors (of NumPy's functions inside numba, of the user's
    own ``raise``) are raised again by the user's own function, on copies, with the user's traceback.
    """
    if type(error) is SystemError and error.__cause__ is not None:
        # To make an array numba runs a line of Python, and passes over what interrupts it there.
        cause = error.__cause__
        return failed(cause, entry, function, owner, args, kwargs) if isinstance(cause, Exception) else cause
    if isinstance(error, MemoryError):
        # Not run again: what does not fit the memory may take any time.
        hint = "dlsrc.explain(f, *args) tells which arrays the derivative holds, and their bytes"
        return MemoryError(f"{function.__name__}(): {str(error) or 'not enough memory'}; {hint}")
    if isinstance(error, OverflowError):
        code = function.__code__
        try:
            # The short way of a call does not look whether each int fits; reading it in full names the one.
            read_call(args, kwargs, code.co_varnames[int(owner is not None) : code.co_argcount])
        except TypeError as unfit:
            return unfit
        return OverflowError("a captured int does not fit 64 bits; write it as a float")
    if isinstance(error, IndexError):
        checks = engine("kernels.programs.checks")
        made = checks.readable(error, "")
        if made is not error:
            # Only the line travels with the error: which file it is in, the program knows.
            return checks.readable(error, entry.interface.faults.file_of_check(error.args[3]))
    if LINED.match(str(error)):
        return error
    raised = _raised_by_user(error, entry.interface.faults)
    if raised is not None:
        return raised
    own = args[: len(args) - entry.mode.all_extra]
    again = _replayed(function, owner, own, kwargs) if entry.interface.pure else None
    if again is not None and (isinstance(again, type(error)) or isinstance(error, type(again))):
        return again
    if again is None and isinstance(error, OURS):
        made = internal(error, function, Call((), (), None, ()), entry.interface.parameters)  # type: ignore[arg-type]
        made.__cause__ = error
        return made
    return _located(error, entry, function, owner, args, kwargs)


def _located(
    error: Exception, entry: Any, function: Callable, owner: Any, args: tuple, kwargs: dict
) -> Exception:
    """An error that the user's function alone does not raise again, with the line that raises it.

    It comes from a rule of the user's own, or from a function that writes to its arguments.
    """
    try:
        with silent():
            values = values_of(entry, function, owner, args, kwargs)
            found, place = again_in_python(error, entry, values)
    except Exception:  # an argument that cannot be copied or read: then the first error has to do
        return error
    if place is None:
        error.add_note(f"raised while {function.__name__} ran; NUMBA_DISABLE_JIT=1 shows the line")
        return error
    return at_line(found.with_traceback(None), place)


def _raised_by_user(error: Exception, faults: Faults) -> Exception | None:
    """The exception of the user's for one that a ``raise`` in generated code has raised.

    Its class is the user's, its message is formatted, and its traceback ends at the user's line.
    """
    name, args = type(error).__name__, error.args or ("",)
    wanted = (name, args[0], len(args) - 1)
    found = [raised for raised in faults.raised if raised[:3] == wanted]
    if not found:
        return None
    values = list(args[1:])
    given: list[Any] = []
    for part, known, count in found[0].parts:
        own, values = values[:count], values[count:]
        if part == "text":
            given.append(engine("kernels.programs.showing").formatted(known, own))
        else:
            given.append(own[0] if part == "value" else known)
    try:
        made = found[0].cls(*given)
    except Exception as failed_too:  # the user's class refuses its arguments, as it does in Python
        made = failed_too
    places = {raised.place for raised in found}
    if len(places) > 1:
        for place in sorted(f"{p.shown}: {p.text}" for p in places):
            made.add_note(place)
        return made
    return at_line(made, places.pop())


def at_line(error: Exception, place: Place) -> Exception:
    """The error with a traceback that ends at a line of the user's."""
    code = compile("\n" * (place.line - 1) + "raise error", place.file, "exec")
    name = place.function.rpartition(".")[2] or "<module>"
    try:
        exec(code.replace(co_name=name), {"error": error})
    except BaseException:
        trace = error.__traceback__
        return error.with_traceback(None if trace is None else trace.tb_next)
    raise AssertionError("unreachable")


def _replayed(function: Callable, owner: Any, args: tuple, kwargs: dict) -> Exception | None:
    """What the user's function raises on copies of these arguments; None if it raises nothing."""
    try:
        args, kwargs = copy.deepcopy((args, kwargs))
    except Exception:  # an argument that cannot be copied: then the first error has to do
        return None
    plain = MethodType(function, owner) if owner is not None else function
    try:
        _run_plainly(plain, args, kwargs)
    except Replayed:
        return None
    except Exception as error:
        return _of_the_user(error)
    return None


def _is_ours(file: str) -> bool:
    return file.startswith(os.path.dirname(os.path.dirname(__file__)) + os.sep)


def _of_the_user(error: Exception) -> Exception:
    """The error with a traceback that begins and ends in the user's code, not in dlsrc's."""
    traces = []
    trace = error.__traceback__
    while trace is not None:
        traces.append(trace)
        trace = trace.tb_next
    theirs = [t for t in traces if not _is_ours(t.tb_frame.f_code.co_filename)]
    if not theirs:
        return error
    theirs[-1].tb_next = None
    return error.with_traceback(theirs[0])


def _run_plainly(function: Callable, args: tuple, kwargs: dict) -> Any:
    _state.on = True
    try:
        with silent():
            return function(*args, **kwargs)
    finally:
        _state.on = False


class _Silent:
    """A stream that takes nothing from one thread, and hands on what others write."""

    def __init__(self, stream: Any):
        self.stream = stream
        self.thread = threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self.thread else self.stream.write(text)


@contextmanager
def silent() -> Iterator[None]:
    """What is printed inside was printed before: a function that is run again prints nothing."""
    with contextlib.redirect_stdout(_Silent(sys.stdout)), contextlib.redirect_stderr(_Silent(sys.stderr)):
        yield


def plain_result(function: Callable, args: tuple, kwargs: dict) -> tuple[bool, Any]:
    """Whether the user's function runs without a derivative, and what it gives on copies of arguments."""
    args, kwargs = copy.deepcopy((args, kwargs))
    try:
        return True, _run_plainly(function, args, kwargs)
    except Replayed:
        return False, None


def plain_value(function: Callable, args: tuple, kwargs: dict) -> Any:
    """What the user's function gives as plain Python on copies of arguments; gradients in it are nan."""
    args, kwargs = copy.deepcopy((args, kwargs))
    _state.values = True
    try:
        return function(*args, **kwargs)
    finally:
        _state.values = False


def lifted(error: UnsupportedSyntax, frame: FrameType) -> UnsupportedSyntax:
    """The error with the user's lines only; with the one that is being run, where there is none."""
    theirs = [(where, what) for where, what in error.problems if not _is_ours(where.file)]
    return type(error)(theirs) if theirs else here(type(error), error.problems[0][1], frame)


def here(kind: type[UnsupportedSyntax], message: str, frame: FrameType) -> UnsupportedSyntax:
    """An error about a line that is being run as plain Python."""
    location = engine("transform.location").Location
    code, line = frame.f_code, frame.f_lineno
    source = linecache.getline(code.co_filename, line, frame.f_globals).rstrip("\n")
    text = source.strip()
    start = len(source) - len(text)
    name = code.co_qualname
    place = location(code.co_filename, line, start, line, len(source), text, name, source_line=source)
    return kind([(place, message)])
