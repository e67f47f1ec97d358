"""Lines about the elements of arrays of one shape, calculated in one loop that keeps only what is needed.

    v1 = np.exp(x)                                          for i in range(n):
    v2 = 1.0 + v1                                               v1 = exp(x[i])
    s = sum_all(np.log(v2))              →                      v2 = 1.0 + v1
    dx = v1 / v2                                                s += log(v2)
                                         s, dx = joint(x)       dx[i] = v1 / v2

The text does not change, nor does a number, but for the order of a sum, which is free anyway.  numba makes a
loop and an array of each line, and new memory takes longer than arithmetic: a gradient by 100,000 elements
spent six sevenths of its time on pages that were given back at the end of the call before.

Lines are taken together that stand one after the other in a block, where nothing but calculations of numbers
stands between: what these need from the loop is done after it, all else before.  A line that makes an array
in another way, stores something or may print ends the run.
"""

import ast
import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...records import record
from ..ir import Value
from ..text.sites import Operand, Site
from .elements import FLOATS, WITH_TRUTH, Elements, Member, Run, loads, targets
from .joint_loops import Loop, joint_loops

__all__ = ["Joint", "taken_together"]

SUM = "sum_all"
# LLVM compares all arrays for overlaps before a vector loop, and gives up on too many.
MOST_ARRAYS = 10
MOST_NODES = 400  # of the expressions in a loop
MOST_LINES = 200


@record(frozen=True)
class Joint:
    """A loop, and the name by which the module now calls it.

    ``unmade`` are the arrays of the text that are not made.
    """

    name: str
    text: str
    unmade: frozenset[Value]


def taken_together(
    tree: ast.Module, sites: Mapping[int, Site], lookup: Callable[[str], Any], text: str,
    modules: Mapping[str, Any],
) -> list[Joint]:
    """Change a module so that it calls joint loops, and give these.

    Parameters
    ----------
    tree : ast.Module
        Changed in place.
    sites : dict of int to Site
        What is known of its lines.
    lookup : function
        The kernel of a name.
    text : str
        Names that occur in it are in use.
    modules : dict
        What names mean that stand for no kernel: ``np``.
    """
    made: list[Joint] = []
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
            _Function(function, sites, Elements(lookup, modules), text, made).block(function.body)
    return made


class _Function:
    def __init__(
        self, function: ast.FunctionDef, sites: Mapping[int, Site], elements: Elements, text: str,
        made: list[Joint],
    ):  # fmt: skip
        self.sites = sites
        self.elements = elements
        self.text = text
        self.made = made
        self.loads = loads(function)
        self.sums = any(  # whether there may be one at all
            callee is not None and callee.name == SUM for callee in map(elements.kernel_named, self.loads)
        )
        self.results: set[str] = set()  # names for arrays that are returned without one
        self.numbered = 0

    def name(self, word: str) -> str:
        while True:
            self.numbered += 1
            if f"{word}{self.numbered}" not in self.text:
                return f"{word}{self.numbered}"

    # ------------------------------------------------------------------ blocks

    def block(self, body: list[ast.stmt]) -> None:
        """Take together what can be in a list of statements, and in the lists inside of it."""
        found: list[ast.stmt] = []
        run: Run | None = None
        for statement in body:
            site = self.sites.get(statement.lineno)
            if site is None or not _matches(statement, site):
                found += self.closed(run)
                run = None
                for inner in ("body", "orelse"):
                    self.block(getattr(statement, inner, []))
                found.append(statement)
                continue
            joined = self.joined(run, statement, site)
            if joined is None:
                found += self.closed(run)
                joined = self.joined(None, statement, site)
            run = joined
            if run is None:
                found.append(statement)
        body[:] = found + self.closed(run)

    def joined(self, run: Run | None, statement: Any, site: Site) -> Run | None:
        """The run with a statement; None if it does not fit.  Without a run: a new one, if it starts one."""
        trial = run and run.copy()
        if site.returns:
            trial = self.returning(trial, statement, site)
        elif site.targets[0].shape is not None:
            trial = self.member(trial, statement.targets[0].id, statement.value, site.targets[0], site)
        else:
            trial = self.number(trial, statement, site)
        if trial is None:
            return None
        trial.original.append(statement)
        arrays = len(trial.inputs) + len(trial.members)
        if arrays > MOST_ARRAYS or trial.nodes > MOST_NODES or len(trial.original) > MOST_LINES:
            return None
        return trial

    # ------------------------------------------------------------------ statements

    def member(
        self, run: Run | None, name: str, value: ast.expr, target: Operand, site: Site
    ) -> Run | None:
        """With an array that is calculated element by element."""
        if target.shape is None or target.dtype not in WITH_TRUTH:
            return None
        if isinstance(value, ast.Call) and self.elements.of_numpy(value.func) is np.ascontiguousarray:
            (value,) = value.args  # what the loop makes is in order of C
        run = run or Run(target.shape)
        if run.shape != target.shape or isinstance(value, ast.Name):
            return None
        if name in targets(run.before) | targets(run.after) | _read(run.after):
            return None
        made = self.elements.of(run, value, site)
        if made is None:
            return None
        element = f"_e{len(run.members)}"
        run.members.append(Member(name, element, target.dtype, made, target.contiguous))
        run.defined[name] = element
        return run

    def number(self, run: Run | None, statement: ast.Assign, site: Site) -> Run | None:
        """With a number: one that is known before the loop, or one that needs what it calculates."""
        name = statement.targets[0].id  # type: ignore[attr-defined]
        if run is None and not self.sums:
            return None  # most lines of a text are of numbers alone
        run, value = self.without_sums(run, copy.deepcopy(statement.value), site)
        if run is None:
            return None
        new = copy.copy(statement)
        new.value = run.by_shape(value)
        if loads(new.value).keys() & run.late:
            if name in targets(run.before):
                return None
            run.after.append(new)
            return run
        needed = {n for e in run.numbers.values() for n in loads(e)}
        if name in run.inputs.keys() | needed | run.late | _read(run.after) | targets(run.before):
            return None
        run.before.append(new)
        return run

    def returning(self, run: Run | None, statement: ast.Return, site: Site) -> Run | None:
        """With the arrays and sums that are returned."""
        value: Any = copy.deepcopy(statement.value)
        several = isinstance(value, ast.Tuple)
        parts = value.elts if several else [value]
        if len(parts) != len(site.targets):
            return None
        for k, (part, target) in enumerate(zip(parts, site.targets, strict=True)):
            if target.shape is not None:
                name = self.name("result")
                longer = self.member(run and run.copy(), name, part, target, site)
                if longer is not None:
                    run, parts[k] = longer, _named(name, part)
                    self.results.add(name)
            else:
                run, parts[k] = self.without_sums(run, part, site)
        if run is None:
            return None
        new = copy.copy(statement)
        new.value = run.by_shape(value if several else parts[0])
        run.after.append(new)
        return run

    def without_sums(self, run: Run | None, value: ast.expr, site: Site) -> tuple[Run | None, ast.expr]:
        """The expression with names in the place of sums that the loop adds up, and the run that does."""
        outer = self

        class Sums(ast.NodeTransformer):
            def visit_Call(self, node: ast.Call) -> ast.AST:
                nonlocal run
                callee = outer.elements.kernel(node.func)
                if callee is not None and callee.name == SUM and len(node.args) == 1:
                    longer = outer.summed(run, node.args[0], site)
                    if longer is not None:
                        run = longer
                        return _named(run.sums[-1][0], node)
                return self.generic_visit(node)

        value = Sums().visit(value)
        return run, value

    def summed(self, run: Run | None, value: ast.expr, site: Site) -> Run | None:
        """With the sum of an expression's elements."""
        arrays = [site.reads[n] for n in loads(value) if n in site.reads and site.reads[n].shape is not None]
        # An expression of other types may be one of float64.
        dtypes = {a.dtype for a in arrays}
        if len(dtypes) != 1 or not dtypes <= ({*FLOATS} if isinstance(value, ast.Name) else {"float64"}):
            return None
        shape = max((a.shape for a in arrays if a.shape is not None), key=len)
        run = Run(shape) if run is None else run.copy()
        made = self.elements.of(run, value, site) if run.shape == shape else None
        if made is None:
            return None
        run.sums.append((self.name("total"), Member("", f"_t{len(run.sums)}", dtypes.pop(), made, True)))
        return run

    # ------------------------------------------------------------------ the loop

    def closed(self, run: Run | None) -> list[ast.stmt]:
        """The statements of a run: with a call of the loop, if that saves an array."""
        if run is None:
            return []
        kept = [
            m for m in run.members
            if run.defined[m.name] == m.element
            and (m.name in self.results or self.loads[m.name] > run.consumed[m.name])
        ]  # fmt: skip
        summed = sum(not isinstance(m.expression, ast.Name) for _, m in run.sums)
        if not kept and not run.sums or len(kept) == len(run.members) and not summed:
            return run.original
        if not all(m.contiguous for m in kept):
            return run.original  # others have another type for it
        calculated = [*run.members, *(m for _, m in run.sums)]
        loop = Loop(
            arrays=tuple(
                (f"_x{k}", _axes(o.shape or (), run.shape)) for k, o in enumerate(run.inputs.values())
            ),
            numbers=tuple(f"_c{k}" for k in range(len(run.numbers))),
            ndim=len(run.shape),
            lines=tuple((m.element, f"_{m.dtype}({ast.unparse(m.expression)})") for m in calculated),
            sums=tuple((m.element, m.dtype) for _, m in run.sums),
            kept=tuple((m.element, m.dtype) for m in kept),
            flat=all(o.contiguous and o.shape == run.shape for o in run.inputs.values()),
        )
        name = self.name("joint")
        self.made.append(Joint(name, joint_loops(loop), self.unmade(run, {m.name for m in kept})))
        stores = [ast.Name(n, ast.Store()) for n in (*(n for n, _ in run.sums), *(m.name for m in kept))]
        target: ast.expr = stores[0] if len(stores) == 1 else ast.Tuple(stores, ast.Store())  # type: ignore[arg-type]
        given = [*run.numbers.values(), *(ast.Name(n, ast.Load()) for n in run.inputs)]
        call = ast.Assign([target], ast.Call(ast.Name(name, ast.Load()), given, []))
        for node in ast.walk(call):
            ast.copy_location(node, run.original[0])
        return [*run.before, call, *run.after]


    def unmade(self, run: Run, kept: set[str]) -> frozenset[Value]:
        found: set[Value] = set()
        for statement in run.original:
            site = self.sites[statement.lineno]
            if site.value is not None and targets([statement]) & (run.defined.keys() - kept):
                found.add(site.value)
            if run.sums:
                found.update(site.summed)
        return frozenset(found)


def _matches(statement: ast.stmt, site: Site) -> bool:
    """Whether a statement is what is known of its line: an assignment of one name, or the end."""
    if site.returns:
        return isinstance(statement, ast.Return)
    return isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)


def _read(statements: list[ast.stmt]) -> set[str]:
    return {n for s in statements for n in loads(s)}


def _named(name: str, node: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Name(name, ast.Load()), node)


def _axes(shape: tuple, whole: tuple) -> tuple[tuple[str, int], ...]:
    """For each axis of an array the axis of the results that it lies along, and whether it is as long."""
    first = len(whole) - len(shape)
    return tuple(
        ("from" if size == whole[first + k] else "one", first + k) for k, size in enumerate(shape)
    )
