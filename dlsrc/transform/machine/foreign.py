"""Functions of SciPy's in compiled code: external symbols, called as C calls them.

    info = potrf(85, n, a, n)    →    call void @"dlsrc.linalg.cython_lapack.dpotrf"(i8*, i32*, double*, …)

The symbols are registered with LLVM when the code that calls them is linked; ``object_code`` does the
same for code that is loaded from a file.
"""

from functools import cache
from typing import Any

from ...disk.kernels import same_as
from ...lazy import numba
from ...process.symbols import Foreign

__all__ = ["compiled_foreign"]


@cache
def compiled_foreign(foreign: Foreign) -> Any:
    """What compiled code calls for a function of SciPy's."""
    names = ", ".join(f"a{k}" for k, kind in enumerate(foreign.arguments.replace("o", "")))
    namespace: dict[str, Any] = {"typed": _of_numbers if foreign.by_value else _of_arrays, "foreign": foreign}
    exec(f"def {foreign.name}(context, {names}):\n    return typed(foreign, {names})\n", namespace)
    return same_as(numba("extending").intrinsic(namespace[foreign.name]), repr(foreign))


def _of_numbers(foreign: Foreign, *given: Any) -> tuple[Any, Any]:
    types, ir = numba("core.types"), numba("core.cgutils").ir

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number, integer = ir.DoubleType(), ir.IntType(32)
        kind = ir.FunctionType(number, [*[number] * len(args), integer])
        function = _function(builder, kind, foreign.register())
        return builder.call(function, [*args, integer(1)])  # Cython's own last argument: no dispatch

    return types.float64(*[types.float64] * len(given)), lower


def _of_arrays(foreign: Foreign, *given: Any) -> tuple[Any, Any]:
    types, cgutils, arrays = numba("core.types"), numba("core.cgutils"), numba("np.arrayobj")
    ir = cgutils.ir
    dtypes = {t.dtype for t in given if isinstance(t, types.Array) and isinstance(t.dtype, types.Float)}
    if len(dtypes) > 1:
        raise numba("core.errors").TypingError(f"{foreign.name} takes arrays of one precision")
    single = types.float32 in dtypes
    number = types.float32 if single else types.float64
    words = {"i": (types.int32, 32), "c": (types.int8, 8)}

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        info = cgutils.alloca_once_value(builder, ir.IntType(32)(0))
        numbers = iter(zip(signature.args, args, strict=True))
        cells = []
        for kind in foreign.arguments:
            if kind == "o":
                cells.append(info)
                continue
            type_, value = next(numbers)
            if kind == "a":
                cells.append(arrays.make_array(type_)(context, builder, value).data)
                continue
            wanted = number if kind == "n" else words[kind][0]
            cells.append(cgutils.alloca_once_value(builder, context.cast(builder, value, type_, wanted)))
        function = ir.FunctionType(ir.VoidType(), [c.type for c in cells])
        builder.call(_function(builder, function, foreign.register("s" if single else "d")), cells)
        return builder.sext(builder.load(info), ir.IntType(64))

    return types.int64(*given), lower


def _function(builder: Any, kind: Any, symbol: str) -> Any:
    return numba("core.cgutils").get_or_insert_function(builder.module, kind, symbol)
