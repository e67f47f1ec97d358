"""How the rule of a primitive is applied: written out where it is one expression, else called.

    def sin_dx(dy, x):               y = sin(x)    →    dx = dy * np.cos(x)
        return dy * np.cos(x)
    def solve_da(dy, a, y): ...      y = solve(a, b)    →    da = solve_da(dy, a, y)

A rule that is written out is built like any other code, and takes what the forward sweep computed already.
"""

import ast
from typing import Any

from ...errors import InternalError
from ...kernels.primitive import Primitive
from ...kernels.types import Array, Scalar, Shape, is_float, promote
from ..building.binding import Static
from ..building.rename import renamed
from ..calling.calls import body_of, closure_of, splice
from ..facts.costs import COSTS
from ..ir import Assign, Atom, Const, Read, Statement, Value
from .masks import CHOICES
from .shadows import Cotangents

__all__ = ["Rules", "is_expression", "rule_primitive", "times_one"]

_expression_rules: dict[Any, bool] = {}
_rule_primitives: dict[Any, Primitive] = {}


class Rules(Cotangents):
    """A reverse sweep as far as it applies the rules of primitives."""

    def __init__(self, *facts: Any):
        super().__init__(*facts)
        self.forward_values = {
            (s.op.name, s.args, s.static): s.target
            for s in self.outline.statements
            if isinstance(s, Assign)
            and s.target is not None and s.op.elementwise and isinstance(self.ctx.types[s.target], Scalar)
        }

    def apply_rule(self, s: Assign, rule: Any, dy: Atom) -> Atom:
        """The cotangent that a rule gives: written out where it is one expression, else called."""
        names = body_of(rule).args.args
        static = dict(s.static)
        by_name = dict(zip(s.op.arguments, s.args, strict=True))
        argument = next(n for n, r in s.op.adjoints.items() if r is rule)
        given: dict[str, Any] = {}
        for parameter in (a.arg for a in names):
            if parameter == "dy":
                given[parameter] = dy
            elif parameter == "y":
                given[parameter] = self.fetch(s.target, s)
            elif parameter in static:
                given[parameter] = static[parameter]
            elif parameter in by_name:
                given[parameter] = self.fetch(by_name[parameter], s)
            else:
                given[parameter] = self.fetch_shape(by_name[parameter.removesuffix("_shape")])
        types_given = [self.ctx.types[v] for v in given.values() if isinstance(v, Value)]
        arrays = any(isinstance(t, Array) for t in types_given)
        if is_expression(rule, frozenset(static), arrays) and not any(
            isinstance(t, Shape) for t in types_given
        ):
            made = self._write_out(rule, given, static)
            if not s.op.elementwise and isinstance(self.ctx.type_of(made), Array):
                self.shapes.equate(made, by_name[argument])
            return self._masked(s, rule, dy, made)
        primitive = rule_primitive(s.op, rule)
        atoms = [v for n, v in given.items() if n not in static]
        types = [self.ctx.type_of(a) for a in atoms]
        type_ = self.ctx.types[by_name[argument]]  # type: ignore[index]
        # A rule computes in the precision of what it is given; `fit` makes of it the argument's.
        floats = [t for t in types if isinstance(t, Scalar | Array) and is_float(t)]
        dtype = promote(*floats)[0] if floats else type_.dtype
        if s.op.elementwise:
            numbers = [t for t in types if isinstance(t, Array)]
            type_ = Array(dtype, max(t.ndim for t in numbers)) if numbers else Scalar(dtype)
        else:
            type_ = Array(dtype, type_.ndim) if isinstance(type_, Array) else Scalar(dtype)
        target = self.ctx.value(type_)
        chosen = tuple(sorted((n, v) for n, v in static.items() if n in given))
        self.ctx.add(Assign(target, primitive, tuple(atoms), chosen, self.ctx.loc))
        if s.op.elementwise:
            self.shapes.elementwise(target, atoms)
        elif isinstance(type_, Array):
            self.shapes.equate(target, by_name[argument])
        return self._masked(s, rule, dy, target)

    def _masked(self, s: Assign, rule: Any, dy: Atom, made: Atom) -> Atom:
        """A rule's result; where the cotangent is zero because of a choice, zero and not nan."""
        masked = dy in self.masks
        tested = masked and made != dy and isinstance(made, Value) and isinstance(dy, Value)
        if tested and s.op.elementwise and self.masks.singular(s, rule):
            made = self.ctx.op("zero_if_masked", made, dy)
            self.shapes.visit(self.ctx.block[-1])
        self.masks.note(made, masked or s.op.name in CHOICES)
        return made

    def _reuse(self, start: int, result: Any) -> Any:
        """The statements of a rule from ``start`` on, with what the forward sweep has computed already.

        The derivative of the cosine is a sine; where the program has that sine of the same value, it is kept
        (or still there) anyway, and cheaper to fetch than to compute.
        """
        found: dict[Value, Atom] = {}
        kept: list[Statement] = []
        for statement in self.ctx.block[start:]:
            other = times_one(statement)
            if (
                other is not None and isinstance(statement, Assign) and isinstance(statement.target, Value)
                and isinstance(self.ctx.types[statement.target], Array)
                and self.ctx.type_of(other).dtype == self.ctx.types[statement.target].dtype
            ):
                if any(getattr(s, "target", None) == other for s in kept):
                    found[statement.target] = other  # made by this rule: nothing else has it
                else:
                    kept.append(Assign(statement.target, self.ctx.known("copy"), (other,), (), statement.loc))
                    self.ctx.origin[statement.target] = kept[-1]
                continue
            if isinstance(statement, Assign) and isinstance(self.ctx.types.get(statement.target), Scalar):
                key = (
                    statement.op.name, tuple(self.fetched_from.get(a, a) for a in statement.args),
                    statement.static,
                )
                forward = self.forward_values.get(key) if statement.op.name not in COSTS else None
                if forward is not None and self._in_reach(forward):
                    found[statement.target] = self.fetch(forward, self.outline.defined[forward])  # type: ignore[index]
                    continue
            kept.append(statement)
        self.ctx.block[start:] = renamed(tuple(kept), found)
        for statement in self.ctx.block[start:]:
            if isinstance(statement, Assign | Read) and statement.target is not None:
                self.ctx.origin[statement.target] = statement
        return found.get(result, result)

    def _in_reach(self, value: Value) -> bool:
        """Whether a forward value is of the blocks being swept, or made around them before the gradient."""
        position = self.outline.position
        made = self.outline.defined[value]
        if not self._mirrored(self.outline.home[value]) and position[id(made)] > position[id(self.gradient)]:
            return False
        swept = {(id(m.statement), m.slot) for m in self.mirrors}
        return all(
            (id(s), slot) in swept or any(s is t and slot == other for t, other in self.here)
            for s, slot in self.outline.home[value]
        )

    def _write_out(self, rule: Any, given: dict[str, Any], static: dict[str, Any]) -> Atom:
        from_rule = {
            n: (
                Const(v)
                if n in static and isinstance(v, bool | int | float)
                else Static(v)
                if n in static
                else v
            )
            for n, v in given.items()
        }
        start = len(self.ctx.block)
        result = splice(self.ctx, closure_of(self.ctx, rule), (), from_rule, composite=True)
        result = self._reuse(start, result)
        for made in self.ctx.block[start:]:
            self.shapes.visit(made)
        if not isinstance(result, Value | Const):
            raise InternalError(f"the rule {rule.__name__} gave {result!r}")
        return result


def times_one(statement: Statement) -> Any:
    """The other factor of a product with the literal 1."""
    if not isinstance(statement, Assign) or statement.op.name != "multiply":
        return None
    a, b = statement.args
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Const) and one.value == 1 and isinstance(other, Value):
            return other
    return None


def is_expression(rule: Any, static: frozenset, arrays: bool) -> bool:
    """Whether a rule is one expression once its static parameters are known; on arrays, without a choice."""
    key = (rule, static, arrays)
    if key not in _expression_rules:
        tree = body_of(rule).parsed.source.tree
        choices = all(_is_static_choice(s, static) for s in tree.body if not _is_docstring(s))
        returned = [n for r in ast.walk(tree) if isinstance(r, ast.Return) for n in ast.walk(r)]
        by_element = arrays and any(isinstance(n, ast.IfExp | ast.BoolOp | ast.Not) for n in returned)
        _expression_rules[key] = choices and not by_element and not _calls_kernels(rule, tree)
    return _expression_rules[key]


def _calls_kernels(rule: Any, tree: Any) -> bool:
    """Whether a rule calls a plain function of loops, which stays a call."""
    called = (n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
    return any(getattr(rule.__globals__.get(name), "is_kernel", False) for name in called)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_static_choice(node: ast.stmt, static: frozenset) -> bool:
    if isinstance(node, ast.Return):
        return not any(isinstance(n, ast.GeneratorExp | ast.ListComp) for n in ast.walk(node))
    if isinstance(node, ast.If):
        names = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
        return names <= static and all(_is_static_choice(s, static) for s in (*node.body, *node.orelse))
    return False


def rule_primitive(op: Primitive, rule: Any) -> Primitive:
    """A rule as an operation that is called by its name."""
    found = _rule_primitives.get(rule)
    if found is None:
        parameters = [a.arg for a in body_of(rule).args.args]
        found = Primitive(
            rule, (), static=tuple(p for p in parameters if p in op.static), elementwise=op.elementwise,
            floats=False, boolean=False, view=False, effect=False, methods=(), attributes=(),
        )  # fmt: skip
        found.name = rule.__name__
        found.rule = rule  # type: ignore[attr-defined]
        found.rule_of_view = op.view  # type: ignore[attr-defined]
        _rule_primitives[rule] = found
    return found
