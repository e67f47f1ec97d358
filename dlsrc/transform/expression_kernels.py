"""Expressions of whole arrays as kernels, each compiled once a process.

numba writes a loop for ``(a + b) * 2`` wherever it stands, with what happens where one of the arrays has a
single row or column, and LLVM makes vector loops of all the cases: 700 instructions an expression, half of
what a Hessian takes to compile.  Here it is a function of the arrays, one for all that say the same::

    r = (a + b) * 2                  r = expression(a, b)
    s = (c + d) * 2           →      s = expression(c, d)
"""

import ast
from typing import Any

from ..lazy import numba
from .apart import kernel_options

__all__ = ["kernel_of"]

# By text, flags and functions; changed by what lowers only, for which numba holds its lock.
_dispatchers: dict[tuple, Any] = {}


def kernel_of(lowerer: Any, expr: Any) -> tuple[Any, list[str]] | None:
    """What numba compiled of an expression of arrays, and the names of its arguments.

    None if it has to be lowered where it stands: what it takes or gives is no array of numbers.
    """
    types: Any = numba("types")
    names = list(dict.fromkeys(v.name for v in expr.list_vars()))  # in the order in which they stand
    signature = expr.ty(*(lowerer.typeof(name) for name in names))
    arguments = tuple(types.unliteral(t) for t in signature.args)
    known = types.Number | types.Boolean
    if not (
        isinstance(signature.return_type, types.Array) and signature.return_type.ndim
        and arguments == signature.args
        and all(isinstance(getattr(t, "dtype", t), known) for t in arguments)
    ):
        return None
    dispatcher = _dispatcher(expr, names, frozenset(lowerer.flags.fastmath.flags))
    dispatcher.compile(arguments)
    compiled = dispatcher.overloads[arguments]
    return (compiled, names) if compiled.signature.return_type == signature.return_type else None


def _dispatcher(expr: Any, names: list[str], fastmath: frozenset[str]) -> Any:
    tree, namespace = numba("np.ufunc.array_exprs")._arr_expr_to_ast(expr.expr)
    parameters = {name: f"a{k}" for k, name in enumerate(names)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in parameters:
            node.id = parameters[node.id]
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = 2  # type: ignore[attr-defined]
    text = f"def expression({', '.join(parameters.values())}):\n    return {ast.unparse(tree)}\n"
    key = text, fastmath, tuple(sorted((name, id(f)) for name, f in namespace.items()))
    if key not in _dispatchers:
        module = ast.parse(text)
        module.body[0].body[0].value = tree  # type: ignore[attr-defined]
        namespace = {"__name__": "dlsrc.kernels", **namespace}
        code = compile(ast.fix_missing_locations(module), "<dlsrc expression of arrays>", "exec")
        exec(code, namespace)
        options = {"fastmath": set(fastmath), "error_model": "numpy", **kernel_options()}
        _dispatchers[key] = numba().njit(**options)(namespace["expression"])
    return _dispatchers[key]
