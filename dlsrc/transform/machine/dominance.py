"""Which blocks of a function every way to a block passes.

numba's own ``CFGraph.dominators`` makes a set for each block, whose sizes add up to the square of the number
of blocks.  Here each block has two numbers instead.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["dominance"]


def dominance(above: dict[Any, Any]) -> Callable[[Any, Any], bool]:
    """Whether each way from a function's entry to a second block passes a first one.

    Parameters
    ----------
    above : dict
        For each block its immediate dominator; for the entry itself.

    >>> passes = dominance({0: 0, 1: 0, 2: 0, 3: 2})
    >>> passes(0, 3), passes(2, 3), passes(1, 3), passes(3, 3)
    (True, True, False, True)
    """
    below: dict[Any, list] = {block: [] for block in above}
    todo = []
    for block, parent in above.items():
        if parent == block:
            todo.append(block)
        else:
            below[parent].append(block)
    # A block is below another if it is entered after it and left before it in a walk down the tree.
    entered: dict[Any, int] = {}
    left: dict[Any, int] = {}
    while todo:
        block = todo[-1]
        if block in entered:
            left[block] = len(entered)
            todo.pop()
        else:
            entered[block] = len(entered)
            todo += below[block]

    def passes(first: Any, second: Any) -> bool:
        # A block that nothing leads to has no number.
        return first in entered and second in entered and entered[first] <= entered[second] < left[first]

    return passes
