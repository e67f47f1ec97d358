"""Exact, readable gradients of NumPy-and-loops code by source transformation, compiled with numba."""

from . import errors, structure
from .accelerate import AcceleratedFunction, dlaccelerate
from .derivatives import grad, stop_gradient, value_and_grad
from .dlarray import dlarray, extractdata, isdlarray
from .evaluate import dlfeval, dlgradient
from .lazy import engine as _engine
from .ravel import ravel
from .structure import register

__version__ = "0.1.0"

__all__ = [
    "AcceleratedFunction", "adjoint_source", "dlaccelerate", "dlarray", "dlfeval", "dlgradient", "errors",
    "explain", "extractdata", "grad", "isdlarray", "logsumexp", "ravel", "register", "relu", "sigmoid",
    "softmax", "stages", "stop_gradient", "structure", "value_and_grad",
]  # fmt: skip

# Found when they are first asked for: they come with the primitives, which take a while to import.
_LATE = {name: "kernels" for name in ("logsumexp", "relu", "sigmoid", "softmax")}
_LATE |= {name: "report" for name in ("adjoint_source", "explain", "stages")}


def __getattr__(name: str) -> object:
    if name in _LATE:
        found = getattr(_engine(_LATE[name]), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'dlsrc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
