"""Functions without a rule: operations where no derivative passes, if numba can compile them.

    n = np.linalg.matrix_rank(a)    →    n = linalg_matrix_rank(a), of the type that numba finds
"""

import builtins
import random
from typing import Any

from ...kernels.declaring.coverage import reason_of
from ...kernels.primitive import Primitive
from ..building.binding import Binding
from ..building.context import Context
from ..ir import Const, Value
from .infer import inferred
from .specials import special

__all__: list[str] = []


@special("opaque")
def opaque(ctx: Context, value: Any, getter: Any, args: tuple, kwargs: dict) -> Binding:
    """A function without a rule: allowed where no derivative passes, if numba can compile it."""
    name = _path(value, getter)
    instead = reason_of(value) or _outside(value)
    unknown = f"`{name}` is not a function that dlsrc can differentiate or compile; {instead}"
    if kwargs:
        raise ctx.refuse(unknown)
    atoms = []
    for arg in args:
        inner = ctx.contents(arg)
        if not isinstance(inner, Value | Const):
            raise ctx.refuse(unknown)
        atoms.append(inner)
    result = inferred(value, [ctx.type_of(a) for a in atoms])
    if result is None:
        raise ctx.refuse(unknown)
    return ctx.op(_opaque_primitive(value, name, len(atoms), result), *atoms)


# What to write instead of what Python and SciPy have, by the name of the builtin, or of the module.
BUILTINS = {
    "open": "read the file outside, and pass the array as an argument",
    "input": "ask outside, and pass the number as an argument", "eval": "write the expression out",
    "exec": "write the statements out", "complex": "compute with the real and the imaginary part",
}
MODULES = {
    "scipy.integrate": "write a sum over fixed points: np.trapezoid(f(t), t)",
    "scipy.optimize": "write the iteration as a loop, or call a solver with dlsrc.implicit_root",
    "scipy.interpolate": "write np.interp, or the polynomial",
    "scipy.stats": "call what has a rule, as norm.logpdf(x, loc, scale) of a law that is not frozen, or "
    "write the density out, with np.exp, np.log and scipy.special",
    "numpy": "write it with NumPy functions that it knows",
    "scipy": "write it with NumPy functions that it knows",
}


def _outside(value: Any) -> str:
    """What to write instead of a function that is nobody's of NumPy's."""
    name, module = getattr(value, "__name__", ""), getattr(value, "__module__", None) or ""
    if getattr(builtins, name, None) is value and name in BUILTINS:
        return BUILTINS[name]
    found = next((instead for begin, instead in MODULES.items() if module.startswith(begin)), None)
    return found or "call it outside, and pass what it returns as an argument"


_opaque: dict[tuple, Primitive] = {}


def _path(value: Any, getter: Any) -> str:
    module = getattr(value, "__module__", None) or ""
    name = getattr(value, "__name__", str(getter))
    if module.startswith("numpy"):
        return f"np.{module[6:]}.{name}" if module[6:] and not module[6:].startswith("_") else f"np.{name}"
    if getattr(builtins, name, None) is value:
        return name
    public = ".".join(part for part in module.split(".") if not part.startswith("_"))
    return f"{public}.{name}" if public else name


def _opaque_primitive(value: Any, name: str, count: int, result: Any) -> Primitive:
    key = (id(value), count, result)
    if key not in _opaque:
        names = ", ".join("abcdefgh"[k] for k in range(count))
        identifier = name.replace("np.", "").replace(".", "_")
        draws = ".random." in name or isinstance(getattr(value, "__self__", None), random.Random)
        namespace: dict[str, Any] = {"function": value}
        exec(f"def {identifier}({names}):\n    return function({names})", namespace)
        body = namespace[identifier]
        body.__doc__ = f"{name}, without a derivative."
        made = Primitive(
            body, (value,), static=(), elementwise=False, floats=False, boolean=False, view=False,
            effect=draws, methods=(), attributes=(),
        )  # fmt: skip
        made.writes = False
        made.opaque = name  # type: ignore[attr-defined]
        made.numba_knows = body.numba_knows = value  # type: ignore[attr-defined]
        made.result(lambda **_: result)
        _opaque[key] = made
    return _opaque[key]
