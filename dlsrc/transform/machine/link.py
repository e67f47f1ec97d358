"""Primitives, rules and kernels as functions that generated code can call, plain and compiled.

Each is a plain Python function that refers to others by name.  For compiled code it is rebuilt with
those names bound to their compiled versions, once per process and per set of static arguments:
``sum_axis(x, 1)`` becomes a function of ``x`` alone in whose body ``axis`` is the literal 1, so that
branches on it are decided and shapes that depend on it are known to numba.
"""

import ast
import inspect
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from ...disk.kernels import same_as
from ...errors import InternalError
from ...kernels.primitive import Primitive, registry
from ...kernels.programs import checks
from ...kernels.programs.showing import SHOWING
from ...kernels.types import Array, Scalar, broadcast, type_of
from ...lazy import numba
from ...process.forks import guarded
from ...records import record
from .element_loops import element_loops
from .foreign import compiled_foreign
from .pipeline import kernel_pipeline
from .showing import compiled_show
from .specialize import specialized

__all__ = ["Callee", "callee_of", "compiled", "kernels_table", "linked", "plain"]

_lock = guarded(threading.RLock(), order=2)
_compiled: dict[tuple, Any] = {}
_begun: set[tuple] = set()

# What numba may not do on its own: dlsrc's semantics are IEEE's, without exceptions.
_FLAGS = {"error_model": "numpy"}


@cache
def _parameters(body: Callable) -> tuple[str, ...]:
    return tuple(inspect.signature(body).parameters)


@record(frozen=True)
class Callee:
    """A function that generated code calls by name.

    Attributes
    ----------
    name : str
    body : function
    static : frozenset of str
        Parameters whose arguments are literals at every call.
    owner : Primitive, optional
        For an element-wise function, what gives the type of its result: the primitive itself, or None
        for a rule, whose result is promoted from its arguments.
    elementwise : bool
    """

    name: str
    body: Callable
    static: frozenset[str] = frozenset()
    owner: Primitive | None = None
    elementwise: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        return _parameters(self.body)

    def result_dtype(self, types: list, static: Mapping[str, Any]) -> str:
        """The dtype of the result of an element-wise function."""
        if self.owner is not None:
            return self.owner.result_type(*types, **static).dtype
        return broadcast(*types).dtype


def callee_of(found: Any) -> Callee | None:
    """The callee that an object is, if generated code may call it by name."""
    if isinstance(found, Callee):
        return found
    if isinstance(found, Primitive):
        declared = found.result_rule is not None or found.name in registry
        return Callee(found.name, found.body, found.static, found if declared else None, found.elementwise)
    if inspect.isfunction(found):
        if found in SHOWING.values():
            return Callee(found.__name__, found, frozenset({"template"}))
        rule = _rules().get(found)
        if rule is not None:
            return rule
        if getattr(found, "is_kernel", False) or found.__module__.startswith("dlsrc."):
            return Callee(found.__name__, found)
    return None


def _rules() -> Mapping[Callable, Callee]:
    """Every adjoint rule, with the static parameters that it shares with its primitive."""
    # Families that are imported later declare more.
    return _rules_of(sum(1 + len(d.adjoints) for d in registry.values() if isinstance(d, Primitive)))


@cache
def _rules_of(count: int) -> Mapping[Callable, Callee]:
    found = {}
    for declared in list(registry.values()):
        if isinstance(declared, Primitive):
            for rule in declared.adjoints.values():
                static = declared.static & set(inspect.signature(rule).parameters)
                found[rule] = Callee(rule.__name__, rule, static, None, declared.elementwise)
    return found


def kernels_table() -> dict[str, Any]:
    """Everything that generated text may import from ``dlsrc.kernels``, by name.

    Primitives, their adjoint rules, and the index tests.
    """
    table: dict[str, Any] = {"check_index": checks.check_index, "check_indices": checks.check_indices}
    table.update(SHOWING)
    for rule, callee in _rules().items():
        table[rule.__name__] = callee
    table.update((name, found) for name, found in registry.items() if isinstance(found, Primitive))
    return table


# ---------------------------------------------------------------------------------- plain


def named(static: Any) -> Any:
    """A static argument as its rule knows it: the text says ``np.float64``, the rule "float64"."""
    return np.dtype(static).name if isinstance(static, type) and issubclass(static, np.generic) else static


def plain(found: Any) -> Callable:
    """The function as plain Python calls it: element by element where it is written for one element."""
    callee = callee_of(found)
    if callee is None:
        return found
    if not callee.elementwise:
        return callee.body

    def each(*args: Any) -> Any:
        arrays = [a for a in args if isinstance(a, np.ndarray) and a.ndim]
        if not arrays:
            return callee.body(*map(named, args))
        values = [a for p, a in zip(callee.parameters, args, strict=False) if p not in callee.static]
        static = {p: named(a) for p, a in zip(callee.parameters, args, strict=False) if p in callee.static}
        dtype = callee.result_dtype([type_of(v) for v in values], static)
        out = np.empty(np.broadcast_shapes(*(np.shape(v) for v in values)), dtype)
        spread = [np.broadcast_to(v, out.shape) if isinstance(v, np.ndarray) else v for v in values]
        for index in np.ndindex(out.shape):
            element = iter([v[index] if isinstance(v, np.ndarray) else v for v in spread])
            given = [static[p] if p in static else next(element) for p in callee.parameters]
            out[index] = callee.body(*given)
        return out

    each.__name__ = callee.name
    each.__doc__ = callee.body.__doc__
    return each


# ---------------------------------------------------------------------------------- compiled


def compiled(found: Any, static: tuple[tuple[str, Any], ...] = ()) -> Any:
    """The function as compiled code calls it, made once per process and set of static arguments."""
    callee = callee_of(found)
    if callee is None:
        return found
    known = getattr(callee.body, "numba_knows", None)
    if known is not None:
        return known
    if callee.body in SHOWING.values():
        return compiled_show(callee.body, *(value for _, value in static))
    foreign = getattr(callee.body, "foreign", None)
    if foreign is not None:
        return compiled_foreign(foreign)
    if hasattr(callee.body, "by_dimensions"):
        return _by_dimensions(callee)
    key = (callee.body, callee.elementwise, tuple((name, _key(value)) for name, value in static))
    with _lock:
        if key not in _compiled:
            if key in _begun:
                raise InternalError(f"the kernel {callee.name} calls itself: write it as a loop")
            _begun.add(key)
            try:
                made = _rebuilt(callee, dict(static))
                _compiled[key] = _elementwise(callee, dict(static), made) if callee.elementwise else made
            finally:
                _begun.discard(key)
        return _compiled[key]


@cache
def _by_dimensions(callee: Callee) -> Any:
    """A function that is another one for each number of dimensions of its arguments."""
    types = numba("types")

    def choose(*found: Any) -> Callable:
        ndims = [each.ndim if isinstance(each, types.Array) else 0 for each in found]
        return compiled(callee.body.by_dimensions(*ndims)).py_func  # type: ignore[attr-defined]

    stub = _chosen(callee.name, ", ".join(callee.parameters), choose)
    return same_as(stub, "by dimensions", callee.name)  # dlsrc's own text is a part of every key


def _chosen(name: str, arguments: str, choose: Callable) -> Any:
    """A function for numba, which is what ``choose`` gives for the types of the arguments."""
    namespace: dict[str, Any] = {"choose": choose}
    exec(f"def {name}({arguments}):\n    raise TypeError('only compiled code calls this')", namespace)
    exec(f"def typed({arguments}):\n    return choose({arguments})\n", namespace)
    numba("extending").overload(namespace[name], jit_options=_FLAGS | kernel_pipeline())(namespace["typed"])
    return namespace[name]


def _key(value: Any) -> Any:
    # 1, 1.0 and True are equal keys but not equal arguments.
    return (type(value).__name__, repr(value))


def _rebuilt(callee: Callee, static: Mapping[str, Any]) -> Any:
    """A dispatcher of the body, in which what it calls is compiled too."""
    tree = specialized(callee.body, static)
    if tree is None:
        raise InternalError(f"the source of the kernel {callee.name} cannot be read")
    captured = inspect.getclosurevars(callee.body)
    known = {**captured.globals, **captured.nonlocals}
    tree, found = linked(tree, known.get)
    namespace = {"__name__": callee.body.__module__, **known, **found}
    module = ast.fix_missing_locations(ast.Module(body=[tree], type_ignores=[]))
    exec(compile(module, callee.body.__code__.co_filename, "exec"), namespace)
    made, fastmath = namespace[tree.name], getattr(callee.body, "fastmath", False)
    for how in ("side_by_side", "seldom", "inlined"):
        setattr(made, how, getattr(callee.body, how, False))
    return numba().njit(fastmath=fastmath, forceinline=made.inlined, **_FLAGS, **kernel_pipeline())(made)


def linked(tree: Any, lookup: Callable[[str], Any]) -> tuple[Any, dict[str, Any]]:
    """A tree in which calls of primitives and kernels mean their compiled versions, and those by name."""
    linker = _Linker(lookup)
    tree = linker.visit(tree)
    return tree, linker.found


# Index tests are written out: numba gives arrays back at a `raise`, and none where a call raises.
TESTS = {
    checks.check_index: """
if {0} < -{1} or {0} >= {1}:
    raise IndexError("index out of range", {0}, {1}, {2})
""",
    checks.check_indices: """
if {0} < -{2} or {1} >= {2}:
    raise IndexError("index out of range", {0} if {0} < -{2} else {1}, {2}, {3})
""",
}


class _Linker(ast.NodeTransformer):
    def __init__(self, lookup: Callable[[str], Any]):
        self.lookup = lookup
        self.found: dict[str, Any] = {}

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            test = TESTS.get(self.lookup(call.func.id))
            if test is not None:
                made = ast.parse(test.format(*(f"({ast.unparse(a)})" for a in call.args))).body[0]
                for inner in ast.walk(made):
                    ast.copy_location(inner, node)
                return self.generic_visit(made)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Name):
            return node
        callee = callee_of(self.lookup(node.func.id))
        if callee is None or not callee.static:
            return node
        static: dict[str, Any] = {}
        values: list[ast.expr] = []
        for k, argument in enumerate(node.args):
            parameter = callee.parameters[k] if k < len(callee.parameters) else ""
            if parameter in callee.static:
                static[parameter] = self.literal(argument, callee)
            else:
                values.append(argument)
        keywords = []
        for keyword in node.keywords:
            if keyword.arg in callee.static:
                static[keyword.arg] = self.literal(keyword.value, callee)
            else:
                keywords.append(keyword)
        for name, declared in inspect.signature(callee.body).parameters.items():
            if name in callee.static and name not in static and declared.default is not declared.empty:
                static[name] = declared.default
        name = f"{node.func.id}__{'_'.join(_word(v) for _, v in sorted(static.items()))}"
        while name in self.found and self.found[name] is not compiled(callee, tuple(sorted(static.items()))):
            name += "_"
        self.found[name] = compiled(callee, tuple(sorted(static.items())))
        func = ast.copy_location(ast.Name(name, ast.Load()), node.func)
        return ast.copy_location(ast.Call(func, values, keywords), node)

    def literal(self, node: ast.expr, callee: Callee) -> Any:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):  # np.float32
            return {"bool_": "bool"}.get(node.attr, node.attr)
        try:
            return ast.literal_eval(node)
        except ValueError:
            raise InternalError(
                f"{callee.name} is called with {ast.unparse(node)} where a literal is needed"
            ) from None

    def visit_Name(self, node: ast.Name) -> ast.expr:
        callee = callee_of(self.lookup(node.id)) if isinstance(node.ctx, ast.Load) else None
        if callee is not None and not callee.static and node.id not in self.found:
            self.found[node.id] = compiled(callee)
        return node


def _word(value: Any) -> str:
    return "".join(c if c.isalnum() else "_" for c in str(value))


# ---------------------------------------------------------------------------------- element-wise


def _elementwise(callee: Callee, static: Mapping[str, Any], scalar: Any) -> Any:
    """A function of scalars and arrays in any mixture, given the dispatcher for one element."""
    names = [p for p in callee.parameters if p not in static]
    arguments = ", ".join(names)
    types = numba("types")
    as_dtype = numba("np.numpy_support").as_dtype

    def choose(*found: Any) -> Callable | None:
        kinds: list[Scalar | Array] = []
        in_order = all(each.layout == "C" for each in found if isinstance(each, types.Array))
        for each in found:
            element = types.unliteral(getattr(each, "dtype", each))
            if not isinstance(element, types.Number | types.Boolean):
                return None
            dtype = as_dtype(element).name
            ndim = each.ndim if isinstance(each, types.Array) else 0
            kinds.append(Array(dtype, ndim) if ndim else Scalar(dtype))
        namespace = {"__name__": "dlsrc.kernels", "_np": np, "_element": scalar}
        dtype = callee.result_dtype(kinds, static)
        namespace["_result"] = getattr(np, "bool_" if dtype == "bool" else dtype)
        exec(element_loops(callee.name, names, [k.ndim or None for k in kinds], in_order), namespace)
        made = namespace[callee.name]
        made.element_by_element = True
        return made

    stub = _chosen(callee.name, arguments, choose)
    owner = None if callee.owner is None else callee.owner.name
    return same_as(stub, "elementwise", callee.name, owner, repr(sorted(static.items())), scalar)
