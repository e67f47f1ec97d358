"""Expressions of whole arrays as kernels, each compiled once a process.

numba writes a loop for ``(a + b) * 2`` wherever it stands, with what happens where one of the arrays has a
single row or column, and LLVM makes vector loops of all the cases: 700 instructions an expression, 38,000 for
arrays of four dimensions.  Here it is a function of the arrays, one for all that say the same, with the loops
of ``element_loops``::

    r = (a + b) * 2                  r = expression(a, b)
    s = (c + d) * 2           →      s = expression(c, d)
"""

import ast
from typing import Any

import numpy as np

from ...lazy import numba
from .apart import kernel_options
from .element_loops import element_loops

__all__ = ["kernel_of"]

# By what they say; changed by what lowers only, for which numba holds its lock.
_elements: dict[tuple, Any] = {}
_kernels: dict[tuple, Any] = {}

FILE = "<dlsrc expression of arrays>"


def kernel_of(lowerer: Any, expr: Any) -> tuple[Any, list[str]] | None:
    """What numba compiled of an expression of arrays, and the names of its arguments.

    None if it has to be lowered where it stands: what it takes or gives is no array of numbers, or what it
    gives is not in the order of C.
    """
    types: Any = numba("types")
    names = list(dict.fromkeys(v.name for v in expr.list_vars()))  # in the order in which they stand
    signature = expr.ty(*(lowerer.typeof(name) for name in names))
    arguments, result = tuple(types.unliteral(t) for t in signature.args), signature.return_type
    known = types.Number | types.Boolean
    if not (
        isinstance(result, types.Array) and result.ndim and result.layout == "C"
        and arguments == signature.args
        and all(isinstance(getattr(t, "dtype", t), known) for t in (*arguments, result))
    ):
        return None
    options = {"fastmath": set(lowerer.flags.fastmath.flags), "error_model": "numpy", **kernel_options()}
    dtype = numba("np.numpy_support").as_dtype(result.dtype)
    ndims = [getattr(t, "ndim", None) for t in arguments]
    in_order = all(t.layout == "C" for t in arguments if isinstance(t, types.Array))
    kernel = _kernel(_element(expr, names, options), ndims, in_order, dtype, options)
    kernel.compile(arguments)
    compiled = kernel.overloads[arguments]
    return (compiled, names) if compiled.signature.return_type == result else None


def _element(expr: Any, names: list[str], options: dict[str, Any]) -> Any:
    """The dispatcher of the expression for one element of each array."""
    tree, called = numba("np.ufunc.array_exprs")._arr_expr_to_ast(expr.expr)
    parameters = {name: f"a{k}" for k, name in enumerate(names)}
    # numba names a function by its address, which is another one in another process.
    functions = {n.id: called[n.id] for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in called}
    shorter = parameters | {name: f"f{k}" for k, name in enumerate(functions)}
    namespace = {shorter[name]: function for name, function in functions.items()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in shorter:
            node.id = shorter[node.id]
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = 2  # type: ignore[attr-defined]
    text = f"def element({', '.join(parameters.values())}):\n    return {ast.unparse(tree)}\n"
    key = text, frozenset(options["fastmath"]), tuple(sorted((name, id(f)) for name, f in namespace.items()))
    if key not in _elements:
        module = ast.parse(text)
        module.body[0].body[0].value = tree  # type: ignore[attr-defined]
        made = _made(ast.fix_missing_locations(module), "element", namespace)
        _elements[key] = numba().njit(**options, forceinline=True)(made)
    return _elements[key]


def _kernel(
    element: Any, ndims: list[int | None], in_order: bool, dtype: Any, options: dict[str, Any]
) -> Any:
    """The dispatcher of the loops that apply it, with None for a number."""
    key = element, tuple(ndims), in_order, dtype
    if key not in _kernels:
        names = [f"a{k}" for k in range(len(ndims))]
        namespace = {"_element": element, "_result": dtype.type, "_np": np}
        made = _made(element_loops("expression", names, ndims, in_order), "expression", namespace)
        made.element_by_element = True
        _kernels[key] = numba().njit(**options)(made)
    return _kernels[key]


def _made(source: Any, name: str, namespace: dict[str, Any]) -> Any:
    namespace = {"__name__": "dlsrc.kernels", **namespace}
    exec(compile(source, FILE, "exec"), namespace)
    return namespace[name]
