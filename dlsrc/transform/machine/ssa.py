"""Single assignment for numba's statements, of all variables at once.

numba 0.68 rewrites the whole function once for each variable that is assigned more than once: a long
derivative with a loop on every tenth line spends a quarter of its compile time there, four times as much
for twice the lines.  The pass here visits every statement once and gives the same form: a new version of
the variable for each assignment, and a phi node where a use is reached by several (Choi, Cytron and
Ferrante 1991, with phi nodes made only where a use asks for them).  Tapes that grow stay one variable.
"""

from typing import Any

from ...lazy import numba
from .dominance import dominance

__all__ = ["single_assignment"]


def single_assignment(blocks: dict) -> dict:
    """The blocks of a function with a version of each variable for each of its assignments.

    Parameters
    ----------
    blocks : dict of int to numba.core.ir.Block
        Without ``Del`` statements.  Their statements are rewritten in place.
    """
    ir, utils = numba("core.ir"), numba("core.ir_utils")
    graph = numba("core.analysis").compute_cfg_from_blocks(blocks)
    scope = blocks[min(blocks)].scope
    read = {label: [_read(ir, s) for s in block.body] for label, block in blocks.items()}
    grown = _grown(ir, blocks)
    variables = {
        name: _Variable(ir, name, scope, graph)
        for name in _assigned_often(ir, blocks, read, graph) if name not in grown
    }
    targets: dict[int, Any] = {}
    for label, block in blocks.items():
        for s in block.body:
            if isinstance(s, ir.Assign) and s.target.name in variables:
                targets[id(s)] = variables[s.target.name].version(label, s)
    for variable in variables.values():
        variable.places = _frontier(graph, variable.last)

    made = {}
    for label, block in blocks.items():
        current: dict[str, Any] = {}
        made[label] = ir.Block(scope=block.scope, loc=block.loc)
        for s, names in zip(block.body, read[label], strict=True):
            replaced = {}
            for name in names:
                if name in variables:
                    version = current.get(name) or variables[name].at_top(label, s.loc)
                    # What has no value here keeps its name, which reads as zero.
                    if version is not ir.UNDEFINED and version.name != name:
                        replaced[name] = version
            if isinstance(s, ir.Assign):
                value = utils.replace_vars_inner(s.value, replaced) if replaced else s.value
                target = targets.get(id(s))
                if target is not None:
                    current[s.target.name] = target
                if target is not None or replaced:
                    s = ir.Assign(target=s.target if target is None else target, value=value, loc=s.loc)
            elif replaced:
                utils.replace_vars_stmt(s, replaced)
            made[label].body.append(s)
    for variable in variables.values():
        for label, phi in variable.phis.items():
            made[label].body.insert(0, phi)
    return made


def _read(ir: Any, statement: Any) -> list[str]:
    """The names that a statement reads."""
    if not isinstance(statement, ir.Assign):
        return [v.name for v in statement.list_vars()]
    if isinstance(statement.value, ir.Var):
        return [statement.value.name]
    return [v.name for v in statement.value.list_vars()] if isinstance(statement.value, ir.Inst) else []


def _assigned_often(ir: Any, blocks: dict, read: dict, graph: Any) -> dict[str, None]:
    """The names with several assignments, or one that not every way to their uses passes."""
    assigned: dict[str, list[int]] = {}
    used: dict[str, set[int]] = {}
    for label, block in blocks.items():
        for s, names in zip(block.body, read[label], strict=True):
            target = s.target.name if isinstance(s, ir.Assign) else None
            if target is not None:
                assigned.setdefault(target, []).append(label)
            for name in names:
                if name != target:
                    used.setdefault(name, set()).add(label)
    found = {name: None for name, labels in assigned.items() if len(labels) > 1}
    passes = dominance(graph.immediate_dominators())
    for name, labels in used.items():
        if name not in found and name in assigned:
            if not all(passes(assigned[name][0], label) for label in labels):
                found[name] = None
    return found


def _grown(ir: Any, blocks: dict) -> set[str]:
    """The tapes that a loop makes longer: ``kept = room(kept, count)``.

    They stay one variable each.  A version for every trip would count a reference up and another down in
    each trip, which costs as much as a sine.
    """
    makers: set[str] = set()
    found: set[str] = set()
    for block in blocks.values():
        for s in block.body:
            if not isinstance(s, ir.Assign):
                continue
            value = s.value
            if isinstance(value, ir.Global | ir.FreeVar):
                if value.name in ("room", "room_for"):
                    makers.add(s.target.name)
            elif isinstance(value, ir.Expr) and value.op == "call" and value.func.name in makers:
                found.add(s.target.name)
            elif isinstance(value, ir.Var) and value.name in found:
                found.add(s.target.name)
    return found


def _frontier(graph: Any, labels: Any) -> set[int]:
    """Where values assigned in these blocks meet others, and where those meet others, and so on."""
    meets = graph.dominance_frontier()
    found: set[int] = set()
    todo = list(labels)
    while todo:
        fresh = meets[todo.pop()] - found
        found |= fresh
        todo += fresh
    return found


class _Variable:
    """The versions of one variable.

    Attributes
    ----------
    last : dict
        For each block that assigns it, the version at the block's end.
    places : set
        Blocks at whose top versions meet.
    phis : dict
        For each of these that a use asked for, the phi node.
    """

    def __init__(self, ir: Any, name: str, scope: Any, graph: Any):
        self.ir, self.name, self.scope, self.graph = ir, name, scope, graph
        self.last: dict[int, Any] = {}
        self.places: set[int] = set()
        self.phis: dict[int, Any] = {}
        self.top: dict[int, Any] = {}

    def version(self, label: int, statement: Any) -> Any:
        """The target of an assignment; the first keeps the name."""
        fresh = self.scope.redefine(self.name, loc=statement.loc) if self.last else statement.target
        self.last[label] = fresh
        return fresh

    def at_top(self, label: int, loc: Any) -> Any:
        """The version at the beginning of a block."""
        todo: list[int] = []
        found = self.reaching(label, loc, todo)
        while todo:
            place = todo.pop()
            value = self.phis[place].value
            for before, _ in self.graph.predecessors(place):
                value.incoming_values.append(self.last.get(before) or self.reaching(before, loc, todo))
                value.incoming_blocks.append(before)
        return found

    def reaching(self, label: int, loc: Any, todo: list[int]) -> Any:
        """The version at the beginning of a block; where that is a new phi node, its block is to do."""
        passed = []
        above = self.graph.immediate_dominators()
        while True:
            if label in self.top:
                found = self.top[label]
                break
            passed.append(label)
            if label in self.places:
                found = self.scope.redefine(self.name, loc=loc)
                self.phis[label] = self.ir.Assign(target=found, value=self.ir.Expr.phi(loc=loc), loc=loc)
                todo.append(label)
                break
            if above[label] == label:
                found = self.ir.UNDEFINED
                break
            label = above[label]
            if label in self.last:
                found = self.last[label]
                break
        for each in passed:
            self.top[each] = found
        return found
