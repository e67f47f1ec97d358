"""Variables of a compiled function that need no place in memory.

numba gives every variable that more than one block uses a place on the stack, writes zeros to it at the
function's entry, and reads what is there before each assignment, to release it.  So LLVM sees a variable
from the entry to its last use, and bringing all of them back into registers takes a long function much
longer than in proportion to its length.  Here a variable that is assigned once, on every way to its uses,
is the value that was assigned; and nothing is read for numbers, of which there is nothing to release.
"""

from collections.abc import Callable
from typing import Any

from ...lazy import numba
from .dominance import dominance

__all__ = ["plain_values", "without_zeros"]


def plain_values(blocks: dict, is_number: Callable[[str], bool]) -> set[str]:
    """The variables that are assigned once, on every way to their uses.

    An array is one of them only if each way from its assignment releases it once, and numba's code writes
    the block of the assignment first.

    Parameters
    ----------
    blocks : dict of int to numba.core.ir.Block
        Without phi nodes, with ``Del`` statements.
    is_number : callable
        Whether nothing has to be done to release the variable of this name.
    """
    ir, analysis, handled = numba("core.ir"), numba("core.analysis"), numba("core.unsafe.eh").exception_check
    assigned: dict[str, list[int]] = {}
    for label, block in blocks.items():
        for s in block.find_insts(ir.Assign):
            if isinstance(s.value, ir.Global) and s.value.value is handled:
                return set()  # an exception that is handled leaves a block in its middle
            assigned.setdefault(s.target.name, []).append(label)
    graph = analysis.compute_cfg_from_blocks(blocks)
    passes = dominance(graph.immediate_dominators())
    found = {name: labels[0] for name, labels in assigned.items() if len(labels) == 1}
    for label, names in analysis.compute_use_defs(blocks).usemap.items():
        for name in names:
            made = found.get(name)
            if made is not None and not (made < label and passes(made, label)):
                del found[name]
    arrays = [name for name in found if not is_number(name)]
    return found.keys() - _released_otherwise(ir, graph, blocks, arrays)


def _released_otherwise(ir: Any, graph: Any, blocks: dict, names: list[str]) -> set[str]:
    """Those of the variables that some way releases twice, or before they are assigned, or not before they
    are assigned again."""
    bits = {name: 1 << k for k, name in enumerate(names)}
    every = (1 << len(names)) - 1
    events: dict[int, list[tuple[int, bool]]] = {}
    makes: dict[int, int] = {}
    leaves: dict[int, int] = {}
    for label, block in blocks.items():
        events[label], makes[label], leaves[label] = [], 0, every
        for s in block.body:
            name = s.value if isinstance(s, ir.Del) else s.target.name if isinstance(s, ir.Assign) else None
            bit = bits.get(name)
            if bit is not None:
                made = isinstance(s, ir.Assign)
                events[label].append((bit, made))
                makes[label] = makes[label] | bit if made else makes[label] & ~bit
                leaves[label] = leaves[label] if made else leaves[label] & ~bit
    # What is there at the end of each block on every way to it, and on some.
    order = list(graph.topo_order())
    always, sometimes = dict.fromkeys(order, every), dict.fromkeys(order, 0)
    changed = True
    while changed:
        changed = False
        for label in order:
            top, some = _before(graph, label, always, sometimes, every)
            found = top & leaves[label] | makes[label], some & leaves[label] | makes[label]
            changed |= found != (always[label], sometimes[label])
            always[label], sometimes[label] = found
    wrong = 0
    for label in order:
        top, some = _before(graph, label, always, sometimes, every)
        for bit, made in events[label]:
            wrong |= bit & some if made else bit & ~top
            top, some = (top | bit, some | bit) if made else (top & ~bit, some & ~bit)
    return {name for name, bit in bits.items() if wrong & bit}


def _before(graph: Any, label: int, always: dict, sometimes: dict, every: int) -> tuple[int, int]:
    """What is there at the beginning of a block on every way to it, and on some."""
    top, some = every if label != graph.entry_point() else 0, 0
    for before, _ in graph.predecessors(label):
        if before in always:
            top &= always[before]
            some |= sometimes[before]
    return top, some


def without_zeros(function: Any) -> None:
    """Take away the zeros that nothing reads, of those written to places at the function's entry.

    LLVM need not look at all blocks for a place that only one of them uses.

    Parameters
    ----------
    function : llvmlite.ir.Function
        Changed in place.
    """
    llvm = numba("core.cgutils").ir
    entry = function.entry_basic_block
    zeros: dict[Any, Any] = {}
    uses: dict[Any, list] = {i: [] for i in entry.instructions if isinstance(i, llvm.AllocaInstr)}
    graph = numba("core.controlflow").CFGraph()
    for block in function.blocks:
        graph.add_node(block)
    for block in function.blocks:
        for k, instruction in enumerate(block.instructions):
            zero = block is entry and isinstance(instruction, llvm.StoreInstr) and _is_zero(instruction)
            if zero and not uses.get(instruction.operands[1], True):
                zeros[instruction.operands[1]] = instruction
                continue
            read = instruction.operands
            if isinstance(instruction, llvm.PhiInstr):
                read = [value for value, _ in instruction.incomings]
            for operand in read:
                if isinstance(operand, llvm.AllocaInstr):
                    uses[operand].append((block, k, instruction))
        for after in _following(llvm, block.terminator):
            graph.add_edge(block, after)
    graph.set_entry_point(entry)
    graph.process()
    passes = dominance(graph.immediate_dominators())
    unread = {id(zero) for place, zero in zeros.items() if _written_first(llvm, place, uses[place], passes)}
    entry.instructions[:] = [i for i in entry.instructions if id(i) not in unread]


def _is_zero(store: Any) -> bool:
    return getattr(store.operands[0], "constant", 0) is None


def _following(llvm: Any, terminator: Any) -> list:
    """The blocks that a block's last instruction leads to."""
    if isinstance(terminator, llvm.SwitchInstr):
        return [terminator.default, *(block for _, block in terminator.cases)]
    return [operand for operand in terminator.operands if isinstance(operand, llvm.Block)]


def _written_first(llvm: Any, place: Any, uses: list, passes: Callable[[Any, Any], bool]) -> bool:
    """Whether one of the uses writes all of a place and every way to the others passes it."""
    if any(isinstance(instruction, llvm.PhiInstr) for _, _, instruction in uses):
        return False
    for block, k, instruction in uses:
        if isinstance(instruction, llvm.StoreInstr) and instruction.operands[1] is place:
            if instruction.operands[0] is not place and all(
                j >= k if other is block else passes(block, other) for other, j, _ in uses
            ):
                return True
    return False
