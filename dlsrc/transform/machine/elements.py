"""Which expressions are calculated element by element, for arrays of one shape, and the one for an element.

    1.0 / n * v1 + b   →   _c0 * _e0 + _x1      v1, which the loop calculates, of shape (n0, n1), b of (n1,)
"""

import ast
import copy
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...records import field, parts, record
from ..text.sites import Operand, Site
from .link import Callee, callee_of

__all__ = ["FLOATS", "WITH_TRUTH", "Elements", "Member", "Run", "loads", "targets"]

FLOATS = ("float64", "float32")
# What is true counts as a number only where a kernel takes it: to numba, True + True is 2.
WITH_TRUTH = (*FLOATS, "bool")
ONE = ("const", 1)


def loads(node: ast.AST) -> Counter:
    """The names that are read, and how often."""
    return Counter(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def targets(statements: list[ast.stmt]) -> set[str]:
    """The names that assignments set."""
    return {
        t.id for s in statements if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)
    }


@record(frozen=True)
class Member:
    """What a trip calculates: an element of an array, or one that is summed, for which there is no name.

    ``contiguous`` says whether the array is one in order of C to what reads it.
    """

    name: str
    element: str
    dtype: str
    expression: ast.expr
    contiguous: bool


@record
class Run:
    """Statements that are taken together.

    Attributes
    ----------
    shape : tuple
        The keys of all its arrays.
    original : list
        The statements as they were; ``before`` and ``after`` what is left of them, before and after the loop.
    members : list of Member
    sums : list of (name of the sum, Member)
    inputs : dict of str to Operand
        The arrays of which the loop reads elements.
    numbers : dict of str to expression
        What it is given besides, by its text.
    defined : dict of str to str
        For each array that it calculates, the name of its element.
    consumed : Counter
        How many of the reads of each name in the text the loop does away with.
    """

    shape: tuple
    original: list[ast.stmt] = field(default_factory=list)
    before: list[ast.stmt] = field(default_factory=list)
    after: list[ast.stmt] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    sums: list[tuple[str, Member]] = field(default_factory=list)
    inputs: dict[str, Operand] = field(default_factory=dict)
    numbers: dict[str, ast.expr] = field(default_factory=dict)
    defined: dict[str, str] = field(default_factory=dict)
    consumed: Counter = field(default_factory=Counter)
    nodes: int = 0

    def copy(self) -> "Run":
        """One that may grow apart from this one; what they hold is never changed."""
        return Run(**{name: copy.copy(part) for name, part in parts(self).items()})

    @property
    def late(self) -> set[str]:
        """What is not known before the loop: its arrays, its sums, and what is calculated of them."""
        return set(self.defined) | {name for name, _ in self.sums} | targets(self.after)

    def by_shape(self, value: ast.expr) -> ast.expr:
        """An expression with the shape of an array that there is before the loop, for one of the loop's."""
        whole = (n for n, o in self.inputs.items() if o.shape == self.shape and n not in self.defined)
        there = next(whole, None)
        if there is None or not loads(value).keys() & self.defined.keys():
            return value
        run = self

        class Shapes(ast.NodeTransformer):
            def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
                array = node.value
                if isinstance(array, ast.Name) and array.id in run.defined and node.attr in ("shape", "size"):
                    run.consumed[array.id] += 1
                    name = ast.copy_location(ast.Name(there, ast.Load()), node)
                    return ast.copy_location(ast.Attribute(name, node.attr, ast.Load()), node)
                return self.generic_visit(node)

        return Shapes().visit(copy.deepcopy(value))


class Elements:
    """What names mean: ``lookup`` knows the kernels, ``modules`` what else there is."""

    def __init__(self, lookup: Callable[[str], Any], modules: Mapping[str, Any]):
        self.lookup = lookup
        self.modules = modules

    def kernel_named(self, name: str) -> Callee | None:
        return callee_of(self.lookup(name))

    def kernel(self, node: ast.expr) -> Callee | None:
        return self.kernel_named(node.id) if isinstance(node, ast.Name) else None

    def of_numpy(self, node: ast.expr) -> Any:
        """What an expression like ``np.exp`` stands for."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return getattr(np, node.attr, None) if self.modules.get(node.value.id) is np else None
        return None

    def is_ufunc(self, node: ast.expr) -> bool:
        found = self.of_numpy(node)
        return isinstance(found, np.ufunc) and found.nout == 1

    def is_number(self, node: ast.expr, site: Site) -> bool:
        """Whether an expression is certainly one of numbers only."""
        match node:
            case ast.Constant(value=int() | float()):
                return True
            case ast.Name(id=name):
                operand = site.reads.get(name)
                return operand is not None and operand.shape is None and operand.dtype != ""
            case ast.BinOp(left=left, right=right):
                return self.is_number(left, site) and self.is_number(right, site)
            case ast.UnaryOp(operand=inner):
                return self.is_number(inner, site)
            case ast.Attribute(value=ast.Name(id=array), attr="size"):
                return array in site.reads
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id=array), attr="shape"), slice=axis):
                return array in site.reads and isinstance(axis, ast.Constant)
            case ast.Call(func=func, args=[*arguments], keywords=[]):
                callee = self.kernel(func)
                of_numbers = (
                    callee is not None and callee.elementwise or self.is_ufunc(func)
                    or self.of_numpy(func) in (np.float64, np.float32)
                )  # fmt: skip
                return of_numbers and all(self.is_number(a, site) for a in arguments)
        return False

    def of(self, run: Run, value: ast.expr, site: Site) -> ast.expr | None:
        """The expression for one element, if there is one; the run learns what it reads."""
        reader = _Reader(self, run, site)
        made = reader.visit(value, WITH_TRUTH)
        if made is None or not _covered(reader.shapes, run.shape):
            return None
        run.nodes += sum(1 for _ in ast.walk(value))
        return made


class _Reader:
    def __init__(self, elements: Elements, run: Run, site: Site):
        self.elements = elements
        self.run = run
        self.site = site
        self.shapes: list[tuple] = []

    def visit(self, node: ast.expr, dtypes: tuple[str, ...] = FLOATS) -> ast.expr | None:
        """The expression for an element of one of arrays of these dtypes, or for a number."""
        if self.elements.is_number(node, self.site):
            return self.number(node)
        match node:
            case ast.Name():
                return self.array(node, dtypes)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow()):
                left, right = self.visit(node.left), self.visit(node.right)
                return None if left is None or right is None else ast.BinOp(left, node.op, right)
            case ast.UnaryOp(op=ast.USub()):
                operand = self.visit(node.operand)
                return None if operand is None else ast.UnaryOp(node.op, operand)
            case ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE() as op], comparators=[other]):
                left, right = self.visit(node.left), self.visit(other)
                if left is None or right is None or "bool" not in dtypes:
                    return None
                return ast.Compare(left, [op], [right])
            case ast.Call(keywords=[]):
                return self.called(node)
        return None

    def number(self, node: ast.expr) -> ast.expr | None:
        if not loads(node):
            return node  # a literal power is none of an unknown number
        run, moved = self.run, self.run.by_shape(node)
        if loads(moved).keys() & run.late:
            return None
        text = ast.unparse(moved)
        run.numbers.setdefault(text, moved)
        return ast.Name(f"_c{list(run.numbers).index(text)}", ast.Load())

    def array(self, node: ast.Name, dtypes: tuple[str, ...]) -> ast.expr | None:
        run, operand = self.run, self.site.reads.get(node.id)
        if operand is None or operand.shape is None or operand.dtype not in dtypes:
            return None
        if not _fits(operand.shape, run.shape):
            return None
        if node.id in run.defined:
            run.consumed[node.id] += 1
        else:  # in a loop of the program it may be what the trip before has made here
            if node.id in run.late or run.inputs.get(node.id, operand) != operand:
                return None
            run.inputs[node.id] = operand
        self.shapes.append(operand.shape)
        return ast.Name(run.defined.get(node.id) or f"_x{list(run.inputs).index(node.id)}", ast.Load())

    def called(self, node: ast.Call) -> ast.expr | None:
        """A call of a function of numbers, for each element."""
        func, static, parameters, dtypes = node.func, frozenset[str](), (), FLOATS
        if self.elements.is_ufunc(func):
            func = ast.Attribute(ast.Name("_np", ast.Load()), func.attr, ast.Load())  # type: ignore[attr-defined]
        else:
            callee = self.elements.kernel(func)
            if callee is None or not callee.elementwise:
                return None
            static, parameters, dtypes = callee.static, callee.parameters, WITH_TRUTH  # type: ignore[assignment]
        arguments = []
        for k, argument in enumerate(node.args):
            known = k < len(parameters) and parameters[k] in static
            if known and not isinstance(argument, ast.Constant):
                return None
            made = argument if known else self.visit(argument, dtypes)
            if made is None:
                return None
            arguments.append(made)
        return ast.Call(func, arguments, [])


def _fits(shape: tuple, whole: tuple) -> bool:
    """Whether an array certainly broadcasts to one of the shape ``whole``."""
    if len(shape) > len(whole):
        return False
    return all(own in (size, ONE) for own, size in zip(reversed(shape), reversed(whole), strict=False))


def _covered(shapes: list[tuple], whole: tuple) -> bool:
    """Whether arrays that broadcast give one of this shape, and not a part of it."""
    return all(
        any(len(shape) >= back and shape[-back] == whole[-back] for shape in shapes)
        for back in range(1, len(whole) + 1)
    )
