"""Where each variable of a function is needed for the last time, for numba's ``del`` statements.

numba finds that with a set of all variables assigned so far, for each block, again after most of its
passes.  The sets here are bits of a number, and what does not look at the answer does not ask.
"""

from functools import cache, cached_property
from typing import Any

from ...lazy import numba

__all__ = ["postprocessor", "released"]


def released(
    follow: dict[Any, list], order: list, used: dict[Any, set], assigned: dict[Any, set],
    ending: dict[Any, set],
) -> tuple[dict[Any, set], dict[Any, set]]:  # fmt: skip
    """What is needed for the last time in each block, and what only another way from its predecessors needs.

    Parameters
    ----------
    follow : dict of list
        For each block those that may follow it.
    order : list
        The blocks, each before what it leads to, except where a loop goes back.
    used, assigned : dict of set
        For each block what it reads before it assigns it, and what it assigns.
    ending : dict of set
        For each block what its last statement reads, which is not released in the block.

    >>> used, assigned = {0: {"n"}, 1: {"n"}, 2: {"s"}}, {0: {"s"}, 1: {"t"}, 2: set()}
    >>> released({0: [1], 1: [1, 2], 2: []}, [0, 1, 2], used, assigned, {0: set(), 1: set(), 2: set()})
    ({0: set(), 1: {'t'}, 2: {'s'}}, {0: set(), 1: set(), 2: {'n'}})
    """
    names = sorted({name for found in (used, assigned) for block in found.values() for name in block})
    bits = {name: 1 << k for k, name in enumerate(names)}
    reads, writes, ends = ({b: sum(bits[n] for n in of[b]) for b in order} for of in (used, assigned, ending))
    # What is read or assigned on some way to the end of a block.
    known = {block: reads[block] | writes[block] for block in order}
    changed = True
    while changed:
        changed = False
        for block in order:
            for after in follow[block]:
                if known[block] & ~known[after]:
                    known[after] |= known[block]
                    changed = True
    # What is needed at its beginning.
    needed = dict(reads)
    changed = True
    while changed:
        changed = False
        for block in reversed(order):
            found = needed[block] | _any(needed, follow[block]) & known[block] & ~writes[block]
            if found != needed[block]:
                needed[block] = found
                changed = True
    inside, at_top = {}, dict.fromkeys(order, 0)
    for block in order:
        there = needed[block] | writes[block]
        left = _any(needed, follow[block]) | ends[block]
        inside[block] = there & ~left
        for after in follow[block]:
            at_top[after] |= there & left & ~needed[after] & ~writes[after]
    return {b: _names(inside[b], names) for b in order}, {b: _names(at_top[b], names) for b in order}


def _any(bits: dict[Any, int], blocks: list) -> int:
    found = 0
    for block in blocks:
        found |= bits[block]
    return found


def _names(bits: int, names: list[str]) -> set[str]:
    """The names whose bits are set."""
    found = set()
    while bits:
        lowest = bits & -bits
        found.add(names[lowest.bit_length() - 1])
        bits ^= lowest
    return found


@cache
def postprocessor() -> Any:
    """numba's class that places the ``del`` statements, with the sets of this file; not for generators."""
    postproc: Any = numba("core.postproc")
    result = numba("core.analysis")._dead_maps_result
    canonicalize = numba("core.transforms").canonicalize_cfg

    class Lifetimes(postproc.VariableLifetime):
        @cached_property
        def deadmaps(self) -> Any:
            reached = list(self.cfg.topo_order())
            order = reached + sorted(self._blocks.keys() - set(reached))
            follow = {block: [b for b, _ in self.cfg.successors(block)] for block in order}
            ending = {b: {v.name for v in self._blocks[b].terminator.list_vars()} for b in order}
            inside, at_top = released(follow, order, self.usedefs.usemap, self.usedefs.defmap, ending)
            combined = {block: inside[block] | at_top[block] for block in order}
            return result(internal=inside, escaping=at_top, combined=combined)

    class PostProcessor(postproc.PostProcessor):
        def run(self, emit_dels: bool = False, extend_lifetimes: bool = False) -> None:
            if self.func_ir.is_generator:
                super().run(emit_dels, extend_lifetimes)
                return
            self.func_ir.blocks = canonicalize(self.func_ir.blocks)
            self.func_ir.variable_lifetime = Lifetimes(self.func_ir.blocks)
            self.func_ir.generator_info = None
            if emit_dels:
                self._insert_var_dels(extend_lifetimes=extend_lifetimes)

    return PostProcessor
