"""Random programs, differentiated and compared with differences of the plain function.

``python -m tests.fuzz --programs 500 --seed 1`` writes programs of the language that can be differentiated
(loops to depth three, jumps, branches on values, writes through views, aliases, swaps, helpers, closures,
containers, names born in branches), checks each, and prints one that fails, made smaller, as a test.
With ``--gradients`` the programs call ``dlgradient`` several times, in branches and loops too.

Every number stays tame: products go through sin or tanh, so that differences are exact to ten digits.
A program is skipped where the plain function raises, or where it has a kink too near the point.
"""

import argparse
import ast
import copy
import linecache
import re
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from dlsrc import dlarray, dlfeval, extractdata, isdlarray, value_and_grad
from dlsrc.errors import UnsupportedSyntax
from tests.fuzz_grammar import program

PLAIN_GRADIENT = """
def dlgradient(loss, *targets):
    found = tuple(np.zeros_like(t) for t in targets)
    return found[0] if len(found) == 1 else found
"""


def load(source: str) -> Callable:
    """The function of a program, with a source that can be found."""
    file = f"<fuzz {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    names: dict = {}
    exec(compile(source, file, "exec"), names)
    return names["f"]


def inputs(seed: int) -> list:
    numbers = np.random.default_rng(seed)
    x, matrix, p = numbers.uniform(-1, 1, 5), numbers.uniform(-1, 1, (3, 4)), numbers.uniform(0.2, 0.9)
    return [x, matrix, float(p), 3, np.zeros(5)]


def slope(value: Callable, args: list, k: int, way: np.ndarray, h: float) -> float:
    """The derivative along a direction of argument ``k``, by central differences of sixth order."""

    def moved(step: float) -> float:
        changed = copy.deepcopy(args)
        changed[k] = args[k] + step * way
        return value(*changed)

    one, two, four = ((moved(h / d) - moved(-h / d)) / (2 * h / d) for d in (1, 2, 4))
    return (one - 20 * two + 64 * four) / 45


def gap(found: Any, expected: Any) -> float:
    """The largest difference, in units of the largest number; infinite for another shape or a NaN."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return np.inf
    size = np.max(np.abs(found - expected), initial=0) / max(1.0, np.max(np.abs(expected), initial=0))
    return float(size) if size == size else np.inf


def verdict(source: str, seed: int) -> tuple[str, str]:
    """``ok``, ``skip``, ``refused`` or ``fail``, and why."""
    f, args = load(source), inputs(seed)
    several = "dlgradient" in source
    plain = load(source.replace("from dlsrc import dlgradient\n", PLAIN_GRADIENT)) if several else f
    try:
        expected = plain(*copy.deepcopy(args))
    except Exception as error:
        return "skip", f"the plain function raises {type(error).__name__}"
    argnums = (0, 1, 4) if several else (0, 1, 2)
    given = copy.deepcopy(args)
    try:
        if several:
            found = dlfeval(f, dlarray(given[0]), dlarray(given[1]), *given[2:])
            value, by = ([extractdata(a) if isdlarray(a) else a for a in part] for part in found)
            expected = expected[0]
        else:
            value, by = value_and_grad(f, argnums=argnums)(*given)
    except UnsupportedSyntax as error:
        return "refused", re.sub(r"`[^`]*`", "`_`", error.msg.split("\n")[0])
    except Exception as error:
        return "fail", f"{type(error).__name__}: {error}"
    if not all(np.array_equal(given[k], args[k]) for k in argnums):
        return "fail", "an argument was modified"
    if gap(value, expected) > 1e-11:
        return "fail", f"value: {value}, expected {expected}"
    for j, k in enumerate(argnums):
        if np.shape(by[j]) != np.shape(args[k]):
            return "fail", f"gradient: by argument {k} of shape {np.shape(by[j])}"
        one = (lambda *a, j=j: plain(*a)[0][j]) if several else plain
        # A random direction: no entry of the gradient can be wrong and not show.
        way = np.random.default_rng(seed).uniform(0.5, 1.0, np.shape(args[k])) if np.ndim(args[k]) else 1.0
        along = np.sum(by[j] * way)
        try:
            if gap(along, slope(one, args, k, way, 1e-3)) <= 1e-7:
                continue
            finer = [slope(one, args, k, way, h) for h in (1e-4, 3e-5, 1e-5)]
        except Exception as error:
            return "skip", f"near the point the plain function raises {type(error).__name__}"
        if min(gap(along, each) for each in finer) > 1e-5:
            if gap(finer[1], finer[2]) > 1e-4:
                return "skip", "a kink too near the point"
            return "fail", f"gradient: by argument {k} {along} along a direction, expected {finer[1]}"
    return "ok", ""


# ---------------------------------------------------------------------------------- the command


def smaller(source: str, seed: int, why: str) -> str:
    """The program without the statements that the failure does not need."""
    kind = _kind(why)
    tree = ast.parse(source)

    def fails() -> bool:
        try:
            state, now = verdict(ast.unparse(tree), seed)
        except SyntaxError:
            return False
        return state == "fail" and _kind(now) == kind

    again = True
    while again:
        again = False
        function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "f")
        for owner in list(ast.walk(function)):
            for field in ("body", "orelse"):
                block = getattr(owner, field, None)
                if not isinstance(block, list):
                    continue
                for k in reversed(range(len(block))):
                    block = getattr(owner, field)
                    if _ends_loop(block[k]):
                        continue
                    compound = isinstance(block[k], ast.If | ast.For | ast.While)
                    for instead in ([], block[k].body) if compound else ([],):
                        rest = [*block[:k], *instead, *block[k + 1 :]]
                        setattr(owner, field, rest or ([ast.Pass()] if field == "body" else []))
                        if fails():
                            again = True
                            break
                        setattr(owner, field, block)
    return ast.unparse(tree)


def _kind(why: str) -> str:
    """What failures of one cause have in common: their message without numbers and names."""
    return re.sub(r"\w*\d\w*|<.*?>", "", why.split(", expected")[0])[:400] if "Error" in why else why.split(":")[0]


def _ends_loop(statement: ast.stmt) -> bool:
    """Whether a statement keeps a while loop finite, or nothing is left to remove."""
    counts = isinstance(statement, ast.AugAssign) and ast.unparse(statement.target).startswith("k")
    return counts or isinstance(statement, ast.Pass)


def main(arguments: list[str] | None = None) -> int:
    """Check many programs; print how they ended, and those that fail as tests."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gradients", action="store_true", help="several dlgradient calls in a program")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore", RuntimeWarning)
    ends: Counter = Counter()
    for seed in range(options.seed, options.seed + options.programs):
        source = program(seed, gradients=options.gradients)
        state, why = verdict(source, seed)
        ends[state, why if state != "fail" else ""] += 1
        if state == "fail":
            text = smaller(source, seed, why)
            print(f"\n# {why}\ndef test_fuzz_{seed}():\n    source = '''\n{text}\n'''", flush=True)
            print(f"    assert verdict(source, {seed}) == ('ok', '')")
    for (state, why), count in ends.most_common():
        print(count, state, why)
    return 1 if any(state == "fail" for state, _ in ends) else 0


if __name__ == "__main__":
    raise SystemExit(main())
