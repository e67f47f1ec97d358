"""Whether it is known which reads of a target count: those that come after the last write to it.

    s = t[1] * 2.0                         the gradient of s + t[0] by t: t is what it holds at the call
    if n > 5:                              n > 5: another value than s was computed from; s does not count
        t[0] = 3.0                         else: the same value; s counts
    dlgradient(s + t[0], t)                refused

A read counts if no write follows it, and does not if one certainly follows.  The rest is refused.
"""

from ..activity import Activity
from ..ir import Assign, Gradient, Read, Statement, Store, Value
from .memory import Memory
from .outline import Outline, is_loop

__all__ = ["undecided"]


def undecided(
    target: Value, gradient: Gradient, outline: Outline, memory: Memory, active: Activity
) -> Statement | None:
    """A write to a target of which it depends on the run whether it comes after a read, if there is one."""
    root = memory.root.get(target)
    stores = [] if root is None else [s for s in memory.stores.get(root, ()) if id(s) in outline.position]
    if root is None or not stores:
        return None
    end = outline.position[id(gradient)]
    # What is made anew in each trip is not the same array as in the trips before.
    fresh = {id(s) for s, _ in memory.born(root)}
    around = [s for s, _ in outline.scope[id(gradient)] if is_loop(s) and id(s) not in fresh]
    before = [s for s in stores if outline.position[id(s)] < end]
    for loop in around:
        inside = [s for s in stores if _is_in(s, loop, outline)]
        if inside and not any(_is_in(s, loop, outline) and _encloses(s, gradient, outline) for s in before):
            return inside[0]
    for read in memory.readers.get(root, ()) if before else ():
        if outline.position[id(read)] >= end or not _uses(read, root, memory, active):
            continue
        later = [s for s in before if outline.may_follow(s, read, memory.born(root)) and s is not read]
        if later and not _certain(read, gradient, later, outline):
            return later[0]
        beside = [s for s in before if _in_one_compound(s, read, gradient, outline)]
        if beside and not later:
            return beside[0]  # on the other way of a branch: the sweep takes the gradient at the branch
    return None


def _encloses(store: Statement, gradient: Gradient, outline: Outline) -> bool:
    """Whether a store stands in a block that the gradient is in, too: it runs in the same trip."""
    here, there = outline.scope[id(store)], outline.scope[id(gradient)]
    same = all(a[0] is b[0] and a[1] == b[1] for a, b in zip(here, there, strict=False))
    return same and len(here) <= len(there)


def _in_one_compound(store: Statement, read: Statement, gradient: Gradient, outline: Outline) -> bool:
    """Whether both are in a branch or loop that the gradient is not in."""
    around = {id(s) for s, _ in outline.scope[id(gradient)]}
    shared = {id(s) for s, _ in outline.scope[id(store)]} & {id(s) for s, _ in outline.scope[id(read)]}
    return bool(shared - around)


def _is_in(statement: Statement, compound: Statement, outline: Outline) -> bool:
    return any(s is compound for s, _ in outline.scope[id(statement)])


def _uses(statement: Statement, root: Value | None, memory: Memory, active: Activity) -> bool:
    """Whether a derivative passes from the array to what the statement makes; taking a view is no use yet."""
    match statement:
        case Read(target=made) | Assign(target=Value() as made):
            return made in active and memory.root.get(made) != root
        case Store(value=Value() as value):
            return memory.root.get(value) == root and value in active
    return False


def _certain(first: Statement, gradient: Gradient, stores: list[Statement], outline: Outline) -> bool:
    """Whether one of the stores certainly runs after a statement and before the gradient."""
    scope, end = outline.scope[id(first)], outline.position[id(gradient)]
    for depth in range(len(scope), -1, -1):
        start = outline.position[id(first if depth == len(scope) else scope[depth][0])]
        for store in stores:
            here = outline.scope[id(store)]
            same = len(here) == depth and all(
                a[0] is b[0] and a[1] == b[1] for a, b in zip(here, scope[:depth], strict=True)
            )
            if same and start < outline.position[id(store)] < end:
                return True
    return False
