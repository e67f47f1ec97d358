"""Which targets of ``dlgradient`` were written to before they were asked for.

Such a target is a new value (DESIGN §9.1): what was computed of the old one is no use of it, so differences of
the whole function by the argument do not tell its gradient.

    v = x[1:]
    s = np.sum(x)
    v *= 2.0
    dlgradient(s, x)      # zero: s was computed of what x held before
"""

import copy
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

__all__ = ["written_before"]

TARGETS = {"x": 0, "A": 1, "t": 4}  # the names that are asked for, and the arguments that they are moved by


class Watched(np.ndarray):
    """An array that notes what is written to it and to its views."""

    written: ClassVar[list[np.ndarray]] = []

    def __setitem__(self, key: Any, value: Any) -> None:
        self.written.append(self)
        super().__setitem__(key, value)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *given: Any, **options: Any) -> Any:
        out = options.get("out", ())
        self.written.extend(a for a in out if isinstance(a, Watched))
        if out:
            options["out"] = tuple(_plain(a) for a in out)
        found = getattr(ufunc, method)(*map(_plain, given), **options)
        return out[0] if out else found.view(Watched) if isinstance(found, np.ndarray) else found


def _plain(a: Any) -> Any:
    return a.view(np.ndarray) if isinstance(a, Watched) else a


def written_before(load: Callable, source: str, args: list) -> set[int]:
    """The arguments for whose target there is nothing to compare with."""
    Watched.written.clear()
    late: set[int] = set()

    def dlgradient(loss: Any, *targets: Any) -> Any:
        names = sys._getframe(1).f_locals
        for name, number in TARGETS.items():
            target = names.get(name)
            if any(t is target for t in targets) and any(np.may_share_memory(target, w) for w in Watched.written):
                late.add(number)
        zeros = tuple(np.zeros(np.shape(t)) for t in targets)
        return zeros[0] if len(zeros) == 1 else zeros

    load(source, dlgradient=dlgradient)(
        *[a.view(Watched) if isinstance(a, np.ndarray) else a for a in copy.deepcopy(args)]
    )
    Watched.written.clear()
    return late
