"""Tests as plain calls: what pytest would run, without pytest, in a process that is forked for each mutant.

The differences that a gradient is compared with are taken once, before any mutant, and remembered.
"""

import importlib
import inspect
import itertools
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dlsrc.calls import runner
from tests import oracle

__all__ = ["Item", "collected", "begin", "forget", "known", "remembered", "run"]


@dataclass(frozen=True)
class Item:
    """One test with its arguments."""

    name: str            # "language.test_sums::test_sums[the_mean]"
    function: Callable
    kwargs: dict[str, Any]

    def __call__(self) -> None:
        self.function(**self.kwargs)


def collected(file: str) -> list[Item]:
    """The tests of a file, without those that need pytest's fixtures: ``collected("language.test_sums")``."""
    module = importlib.import_module(f"tests.{file}")
    found: list[Item] = []
    counted: dict[str, int] = {}
    for name, f in vars(module).items():
        if name.startswith("test") and inspect.isfunction(f):
            for kwargs, label in arguments(f):
                needed = [p for p in inspect.signature(f).parameters.values() if p.default is p.empty]
                if all(p.name in kwargs for p in needed):
                    # A test made elsewhere, as by `Programs.test`, goes by its name here.
                    label = f"{name}{label}"
                    counted[label] = counted.get(label, 0) + 1
                    again = f"#{counted[label]}" if counted[label] > 1 else ""
                    found.append(Item(f"{file}::{label}{again}", f, kwargs))
    return found


def arguments(f: Callable) -> Iterator[tuple[dict[str, Any], str]]:
    """Each set of arguments of a parametrized test, with its label."""
    marks = getattr(f, "pytestmark", [])
    if any(mark.name in ("xfail", "skip", "skipif") for mark in marks):
        return
    sets = []
    for mark in marks:
        if mark.name == "parametrize":
            names, values = mark.args[:2]
            names = [n.strip() for n in names.split(",")] if isinstance(names, str) else list(names)
            sets.append([one(names, v, k) for k, v in enumerate(values)])
    for chosen in itertools.product(*sets):
        if None in chosen:
            continue
        label = "-".join(c[1] for c in chosen)
        yield {k: v for c in chosen for k, v in c[0].items()}, f"[{label}]" if label else ""


def one(names: list[str], value: Any, k: int) -> tuple[dict[str, Any], str] | None:
    label, marks = str(k), ()
    if isinstance(value, type(pytest.param(0))):
        label, marks, value = value.id or label, value.marks, value.values
        value = value[0] if len(names) == 1 else value
    if any(mark.name in ("xfail", "skip", "skipif") for mark in marks):
        return None
    return (dict(zip(names, value, strict=True)) if len(names) > 1 else {names[0]: value}), label


def run(item: Item) -> str:
    """Why a test fails; nothing where it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", ".*encountered in", RuntimeWarning)
            item()
    except Exception as error:
        return f"{type(error).__name__}: {error}".partition("\n")[0][:150]
    except pytest.fail.Exception as error:  # of `pytest.raises`; it is no Exception
        return f"Failed: {error}"[:150]
    return ""


def forget() -> None:
    """Everything that dlsrc has built is built anew."""
    for cache in list(runner._caches.values()):
        cache.clear()
    runner._caches.clear()


# ---------------------------------------------------------------------------------- the oracle

_known: dict[tuple, Any] = {}
_now: list = ["", 0]


def remembered(items: list[Item]) -> dict[str, float]:
    """Run the tests once, and remember what their gradients are compared with; seconds of each without that.

    Raises
    ------
    AssertionError
        If one fails.
    """
    taken: list[float] = [0.0]
    for name in ("gradient", "complex_step"):
        remember(name, taken)
    seconds, wrong = {}, []
    for item in items:
        _now[:] = [item.name, 0]
        taken[0], start = 0.0, time.process_time()
        why = run(item)
        if why:
            wrong.append(f"{item.name} fails without any mutant: {why}")
        seconds[item.name] = time.process_time() - start - taken[0]
    assert not wrong, "\n".join(wrong)
    return seconds


def known(more: dict[tuple, Any]) -> dict[tuple, Any]:
    """What is remembered, with more of it."""
    if more:
        for name in ("gradient", "complex_step"):
            remember(name, [0.0])
    _known.update(more)
    return _known


def begin(item: Item) -> None:
    _now[:] = [item.name, 0]


def remember(name: str, taken: list[float]) -> None:
    right = getattr(oracle, name)

    def remembering(f, *args, **options):
        _now[1] += 1
        key = (_now[0], _now[1], name, getattr(f, "__qualname__", ""))
        if key not in _known:
            start = time.process_time()
            _known[key] = right(f, *args, **options)
            taken[0] += time.process_time() - start
        return _known[key]

    setattr(oracle, name, remembering)
