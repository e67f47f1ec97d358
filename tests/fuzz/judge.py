"""What became of a program: its value, exceptions and gradients against the plain function's.

The value must be plain Python's, and where plain Python raises, the same exception must come (or a refusal).
A gradient is compared along one random direction an argument (no entry can be wrong and not show): with the
complex step where the program runs on complex numbers, which is exact, else with differences.  Then, by the
seed, with one of: the gradient of the program rewritten in a way that must not matter; forward mode; the value
of the program after each stage.
"""

import contextlib
import copy
import linecache
import re
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from dlsrc import dlaccelerate, dlarray, dlfeval, explain, extractdata, isdlarray, jvp, stages, value_and_grad
from dlsrc.errors import DlsrcError, InternalError
from tests.fuzz.rewrite import REWRITES, rewritten
from tests.fuzz.watched import written_before
from tests.oracle import extrapolated

__all__ = ["checkpointed_agrees", "inputs", "load", "verdict"]

PLAIN_GRADIENT = """
def dlgradient(loss, *targets):
    found = tuple(np.zeros_like(t) for t in targets)
    return found[0] if len(found) == 1 else found
"""
LARGEST = 1e4
STEPS = (1e-2, 1e-3, 1e-4)
# Sums in another order; differences that converge; the least that differences must tell.
EXACT, CONVERGED, ROUGH = 1e-9, 1e-7, 1e-5
# Forward and reverse mode, in units of the largest term of the sum.
BOTH_MODES = 1e-12
FORWARD = """
def forward(x, A, p):
    return f(x, A, p, 3, np.zeros(5))
"""


class _NumPy(SimpleNamespace):
    """NumPy with some functions replaced."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _allocating(make: Callable) -> Callable:
    def made(*args: Any, **kwargs: Any) -> Any:
        return make(*args, **{"dtype": complex, **kwargs})

    return made


# What it allocates is complex, and nothing is quietly made real.
COMPLEX = _NumPy(**{n: _allocating(getattr(np, n)) for n in ("zeros", "full", "ones", "zeros_like", "empty")})


def load(source: str, name: str = "f", **instead: Any) -> Callable:
    """A function of a program, with a source that can be found; ``instead`` replaces what it imports."""
    file = f"<fuzz {hash(source)}>"  # with a space, as paths may have
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    names: dict = {}
    exec(compile(source, file, "exec"), names)
    names.update(instead)
    return names[name]


def inputs(seed: int) -> list:
    """The arguments x, A, p, n, z; for some seeds z is x itself."""
    numbers = np.random.default_rng(seed)
    x, matrix, p = numbers.uniform(-1, 1, 5), numbers.uniform(-1, 1, (3, 4)), numbers.uniform(0.2, 0.9)
    return [x, matrix, float(p), 3, x if _twice(seed) else np.zeros(5)]


def _twice(seed: int) -> bool:
    return seed % 16 == 5


def gap(found: Any, expected: Any) -> float:
    """The largest difference, in units of the largest number; infinite for another shape or a NaN."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return np.inf
    size = np.max(np.abs(found - expected), initial=0) / max(1.0, np.max(np.abs(expected), initial=0))
    return float(size) if size == size else np.inf


# ---------------------------------------------------------------------------------- slopes of the plain function


def complex_slope(value: Callable, args: list, k: int, way: Any) -> float | None:
    """The derivative along a direction by the complex step; None where the program does not run on such numbers."""
    moved = [np.array(a, complex) if isinstance(a, np.ndarray) else a for a in copy.deepcopy(args)]
    moved[2] = np.complex128(moved[2])
    moved[k] = np.asarray(moved[k] + 1e-30j * way)[()]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            return float(np.imag(value(*moved))) / 1e-30
    except Exception:
        return None


def along_way(value: Callable, args: list, k: int, way: Any) -> Callable[[float], float]:
    """The plain function's value a step along a direction of argument ``k``."""

    def at(step: float) -> float:
        changed = copy.deepcopy(args)
        changed[k] = args[k] + step * way
        return float(value(*changed))

    return at


def is_kink(at: Callable[[float], float]) -> bool:
    """Whether the slopes to both sides differ, as where two arguments of a maximum are equal."""
    step = 1e-6
    return gap(at(step) - at(0.0), at(0.0) - at(-step)) > 1e-3 * step


def _compared(plain: Callable, exact: Callable, args: list, k: int, found: Any, seed: int) -> tuple[str, str]:
    """How a gradient by argument ``k`` stands to the slopes of the plain function."""
    way = np.random.default_rng(seed).uniform(0.5, 1.0, np.shape(args[k])) if np.ndim(args[k]) else 1.0
    along = np.sum(found * way)
    expected = complex_slope(exact, args, k, way)
    if expected is not None and gap(along, expected) <= EXACT:
        return "ok", ""
    try:
        at = along_way(plain, args, k, way)
        rows = [extrapolated(at, first) for first in STEPS]
        kink = is_kink(at)
    except Exception as error:
        return "skip", f"near the point the plain function raises {type(error).__name__}"
    best, error = min(rows, key=lambda row: row[1])
    if gap(along, best) <= CONVERGED or min(gap(along, row[0]) for row in rows) <= CONVERGED:
        return "ok", ""
    if kink or not error <= ROUGH * max(1.0, abs(best)):
        return "skip", "a kink too near the point"
    if abs(along - best) <= 30 * error:
        return "ok", ""
    return "fail", f"gradient: by argument {k} {along} along a direction, expected {best}"


# ---------------------------------------------------------------------------------- the verdict


def _derived(f: Callable, args: list, several: bool, argnums: tuple[int, ...]) -> tuple[Any, Any]:
    """Value and gradients as dlsrc computes them."""
    if not several:
        return value_and_grad(f, argnums=argnums)(*args)
    found = dlfeval(f, *_traced(args, True))
    value, by = ([extractdata(a) if isdlarray(a) else a for a in part] for part in found)
    return value, by


def _ended(run: Callable) -> tuple[Any, Exception | None]:
    try:
        with np.errstate(all="ignore"):
            return run(), None
    except Exception as error:
        return None, error


def _magnifies(plain: Callable, args: list, several: bool, found: float) -> bool:
    """Whether the function itself changes by so much where its arguments change by their last bits."""
    ways = np.random.default_rng(5)
    moved = copy.deepcopy(args)  # an array that is passed twice is one there, too
    for a in moved:
        if isinstance(a, np.ndarray):
            a *= 1.0 + np.finfo(float).eps * ways.choice([-1.0, 1.0], a.shape)
    values = [plain(*copy.deepcopy(given)) for given in (args, moved)]
    one, other = (v[0] for v in values) if several else values
    return gap(other, one) > found / 100


def verdict(
    source: str, seed: int, *, rewrites: bool = True, facts: dict | None = None, checkpoint: str | int | None = None
) -> tuple[str, str]:
    """``ok``, ``skip``, ``refused`` or ``fail``, and why; in ``facts``, whether a gradient is not zero.

    With a ``checkpoint`` only value and gradients are compared, bit for bit, with those without.
    """
    if checkpoint is not None:
        return checkpointed_agrees(source, seed, checkpoint)
    several = "dlgradient" in source
    plain_source = source.replace("from dlsrc import dlgradient\n", PLAIN_GRADIENT)
    plain, args = load(plain_source), inputs(seed)
    # An argument that is passed twice moves with itself: only the value can be compared.
    argnums = (0, 1, 4) if several else (0, 1) if _twice(seed) else (0, 1, 2)
    expected, raised = _ended(lambda: plain(*copy.deepcopy(args)))
    given = copy.deepcopy(args)
    derived, error = _ended(lambda: _derived(load(source), given, several, argnums))
    if isinstance(error, DlsrcError) and not isinstance(error, InternalError):
        message = getattr(error, "msg", str(error)).split("\n")[0]
        return "refused", re.sub(r" ?\(line.*\)|line \d+", "", re.sub(r"`[^`]*`", "`_`", message))
    if _twice(seed) and error is not None and "shares its memory" in str(error):
        return "ok", "refused as promised: an argument is written to and passed twice"
    if raised is not None or error is not None:
        if type(raised) is type(error):
            return "ok", f"both raise {type(error).__name__}"
        if error is not None:
            return "fail", f"{type(error).__name__}: {error}; plain Python: {raised!r}"
        return "fail", f"value: {derived[0]}, but the plain function raises {raised!r}"
    value, by = derived
    if facts is not None:
        facts["nonzero"] = any(np.any(b) for b in by)
    if not all(np.array_equal(given[k], args[k]) for k in argnums):
        return "fail", "an argument was modified"
    expected = expected[0] if several else expected
    if not np.all(np.abs(expected) < LARGEST):
        return "skip", "not a tame number"
    if gap(value, expected) > 1e-11:
        if _magnifies(plain, args, several, gap(value, expected)):
            return "skip", "it magnifies rounding"
        return "fail", f"value: {value}, expected {expected}"
    late = written_before(load, plain_source, args) if several else set()
    exact = load(plain_source, np=COMPLEX, math=COMPLEX, float=lambda a: a)
    for j, k in enumerate(argnums):
        if np.shape(by[j]) != np.shape(args[k]):
            return "fail", f"gradient: by argument {k} of shape {np.shape(by[j])}"
        if _twice(seed) or k in late:
            continue
        one, other = (
            [lambda *a, g=g, j=j: g(*a)[0][j] for g in (plain, exact)] if several else (plain, exact)
        )
        state, why = _compared(one, other, args, k, by[j], seed)
        if state != "ok":
            return state, why
    if len(late) == len(argnums):
        return "skip", "all targets were written to"
    if not rewrites:
        return "ok", ""
    match seed % 4:
        case 1 if not several and not _twice(seed):
            return _forward_agrees(source, args, by)
        case 3 if not several:
            return _stages_agree(source, args, value)
    return _rewritten_agrees(source, seed, several, argnums, value, by)


def checkpointed_agrees(source: str, seed: int, checkpoint: str | int) -> tuple[str, str]:
    """Whether loops that are run again from checkpoints give the same bits; "skip" where none is."""
    several = "dlgradient" in source
    argnums = (0, 1, 4) if several else (0, 1) if _twice(seed) else (0, 1, 2)
    f = load(source)
    whole, error = _ended(lambda: _derived(f, inputs(seed), several, argnums))
    if error is not None:
        return "skip", "no gradient"
    sparing = dlaccelerate(f, checkpoint=checkpoint)
    found, error = _ended(lambda: _derived(sparing, inputs(seed), several, argnums))
    if error is not None:
        return "fail", f"checkpoint={checkpoint!r}: {type(error).__name__}: {error}"
    for one, other in ((whole[0], found[0]), *zip(whole[1], found[1], strict=True)):
        if np.asarray(one).tobytes() != np.asarray(other).tobytes():
            return "fail", f"checkpoint={checkpoint!r}: {other}, expected {one}"
    asked = explain(sparing if several else value_and_grad(sparing, argnums), *_traced(inputs(seed), several))
    return ("ok", "") if any("run again" in told for told in asked.checkpoints) else ("skip", "no loop is run again")


def _traced(args: list, several: bool) -> list:
    return [dlarray(args[0]), dlarray(args[1]), *args[2:]] if several else args


def _forward_agrees(source: str, args: list, by: Any) -> tuple[str, str]:
    """Whether forward mode has the same derivative along a direction, to the last digits."""
    way = tuple(np.random.default_rng(7).uniform(0.5, 1.0, np.shape(a))[()] for a in args[:3])
    forward = load(source + FORWARD, "forward")
    found, error = _ended(lambda: jvp(forward, tuple(copy.deepcopy(args[:3])), way)[1])
    if isinstance(error, DlsrcError) and not isinstance(error, InternalError):
        return "ok", "forward mode is refused"
    if error is not None:
        return "fail", f"forward mode: {type(error).__name__}: {error}"
    terms = np.concatenate([np.ravel(b * w) for b, w in zip(by, way, strict=True)])
    if not abs(np.sum(terms) - found) <= BOTH_MODES * max(1.0, np.sum(np.abs(terms))):
        return "fail", f"forward mode: {found}, expected {np.sum(terms)}"
    return "ok", ""


def _stages_agree(source: str, args: list, value: Any) -> tuple[str, str]:
    """Whether the program has its value after every stage."""
    forms, error = _ended(lambda: stages(value_and_grad(load(source), argnums=(0, 1)), *args))
    if error is not None:
        return "fail", f"stages: {type(error).__name__}: {error}"
    for name, form in forms.items():
        found, error = _ended(lambda form=form: form.run(*copy.deepcopy(args)))
        if error is not None:
            return "fail", f"stage {name}: {type(error).__name__}: {error}"
        if gap(found[0], value) > 1e-11:
            return "fail", f"stage {name}: {found[0]}, expected {value}"
    return "ok", ""


def _rewritten_agrees(
    source: str, seed: int, several: bool, argnums: tuple[int, ...], value: Any, by: Any
) -> tuple[str, str]:
    """Whether the program written differently has the same value and gradients."""
    name = list(REWRITES)[seed // 2 % len(REWRITES)]
    other = rewritten(source, name)
    if other is None:
        return "ok", ""
    derived, error = _ended(lambda: _derived(load(other), inputs(seed), several, argnums))
    if isinstance(error, DlsrcError) and not isinstance(error, InternalError):
        return "ok", ""
    if error is not None:
        return "fail", f"rewritten ({name}): {type(error).__name__}: {error}"
    pairs = [(value, derived[0]), *zip(by, derived[1], strict=True)]
    with contextlib.suppress(StopIteration):
        first = next((a, b) for a, b in pairs if max(np.max(gap(b, a)), 0) > EXACT)
        return "fail", f"rewritten ({name}): {first[1]}, expected {first[0]}"
    return "ok", ""
