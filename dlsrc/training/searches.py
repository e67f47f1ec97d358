"""Line searches: how far to go in a direction in which a function falls.

Each looks at no more than ``most`` points.  ``look(x)`` gives a `Point`; None means that none was good.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["SEARCHES", "Point"]

FALL = 1e-4       # of the decrease that the slope promises, the part that must come
FLATTER = 0.9     # of the slope, the part that may be left


@dataclass(frozen=True)
class Point:
    """Where the function was computed: its value, its gradient, and all that it returned."""

    x: np.ndarray
    loss: float
    slope: np.ndarray
    outputs: Any


Look = Callable[[np.ndarray], Point]


def _falls(start: Point, found: Point, step: float, rate: float) -> bool:
    """The sufficient decrease; a loss that is no number is none."""
    return math.isfinite(found.loss) and found.loss <= start.loss + FALL * step * rate


def backtracking(start: Point, direction: np.ndarray, look: Look, most: int) -> Point | None:
    """Half the step until the function falls enough (Armijo)."""
    rate, step = float(start.slope @ direction), 1.0
    for _ in range(most):
        found = look(start.x + step * direction)
        if _falls(start, found, step, rate):
            return found
        step /= 2
    return None


def weak_wolfe(start: Point, direction: np.ndarray, look: Look, most: int) -> Point | None:
    """Bisection until the function falls enough and its slope has risen (Lewis and Overton, 2013).

    If no point has both, the best one that falls enough is taken.
    """
    rate, low, high, step = float(start.slope @ direction), 0.0, math.inf, 1.0
    best: Point | None = None
    for _ in range(most):
        found = look(start.x + step * direction)
        if not _falls(start, found, step, rate):
            high = step
        else:
            if best is None or found.loss < best.loss:
                best = found
            if float(found.slope @ direction) >= FLATTER * rate:
                return found
            low = step
        step = (low + high) / 2 if high < math.inf else 2 * low
    return best


def strong_wolfe(start: Point, direction: np.ndarray, look: Look, most: int) -> Point | None:
    """Steps that grow until a minimum is enclosed, then bisection: the slope at the end is small.

    Nocedal and Wright, algorithms 3.5 and 3.6.  If no point has both, the best one that falls enough is
    taken.
    """
    rate, low, step = float(start.slope @ direction), 0.0, 1.0
    high: float | None = None
    least = start.loss  # at the lower end
    best: Point | None = None
    for _ in range(most):
        found = look(start.x + step * direction)
        slope = float(found.slope @ direction)
        if not _falls(start, found, step, rate) or found.loss >= least and low > 0.0:
            high = step
        else:
            if best is None or found.loss < best.loss:
                best = found
            if abs(slope) <= -FLATTER * rate:
                return found
            if high is None:
                if slope >= 0.0:
                    low, high = step, low
                else:
                    low = step
            else:
                if slope * (high - low) >= 0.0:
                    high = low
                low = step
            least = found.loss
        step = 2 * step if high is None else (low + high) / 2
    return best


SEARCHES = {"weak-wolfe": weak_wolfe, "strong-wolfe": strong_wolfe, "backtracking": backtracking}
