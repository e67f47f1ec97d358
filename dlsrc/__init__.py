"""Exact, readable gradients of NumPy-and-loops code by source transformation, compiled with numba."""

from typing import Any

from . import errors, structure
from .arrays.dimensions import dims, finddim, stripdims
from .calls.accelerate import AcceleratedFunction, dlaccelerate
from .containers.ravel import ravel
from .derivatives import grad, stop_gradient, value_and_grad
from .dlarray import dlarray, extractdata, isdlarray
from .evaluate import dlfeval, dlgradient
from .lazy import engine as _engine
from .operators.checkpoints import checkpointed
from .operators.curvature import hessian, hvp
from .operators.custom import custom_jvp, custom_vjp, nondifferentiable
from .operators.directional import jvp, vjp
from .operators.fields import dldivergence, dljacobian, dllaplacian
from .operators.implicit import implicit_fixed_point, implicit_root
from .operators.jacobians import jacfwd, jacobian, jacrev
from .operators.residuals import model_and_jacobian, residual_and_jacobian
from .operators.verification import Verdict, check
from .report import adjoint_source, explain, stages
from .structure import register
from .training.quasi_newton import LbfgsState, lbfgs_state, lbfgsupdate
from .updates import adamupdate, dlupdate, rmspropupdate, sgdmupdate

__version__ = "0.1.0"

__all__ = [
    "AcceleratedFunction", "adamupdate", "adjoint_source", "check", "checkpointed", "custom_jvp",
    "custom_vjp", "dims", "dlaccelerate", "dlarray", "dldivergence", "dlfeval", "dlgradient",
    "dljacobian", "dllaplacian", "dlupdate", "errors", "explain", "extractdata", "finddim", "grad",
    "hessian", "hvp", "implicit_fixed_point", "implicit_root", "isdlarray", "jacfwd", "jacobian",
    "jacrev", "jvp", "lbfgs_state", "LbfgsState", "lbfgsupdate", "model_and_jacobian", "nondifferentiable",
    "ravel", "register", "residual_and_jacobian", "rmspropupdate", "sgdmupdate", "stages", "stop_gradient",
    "stripdims", "structure", "value_and_grad", "Verdict", "vjp",
]  # fmt: skip

# These take a while to import, the primitives above all: they are found when first asked for.
_KERNELS = {
    name: name
    for name in (
        "attention", "avgpool", "batchnorm", "crosschannelnorm", "crossentropy", "ctc", "dlconv", "dlode45",
        "dltranspconv", "dropout", "embed", "fullyconnect", "gelu", "groupnorm", "gru", "indexcrossentropy",
        "instancenorm", "l1loss", "l2loss", "layernorm", "leakyrelu", "logsumexp", "lstm", "maxpool",
        "maxunpool", "mse", "relu", "sigmoid", "softmax", "swish",
    )
} | {"huber": "huber_loss"}  # the registry's huber is SciPy's
_MODULES = {
    "dlnetwork": "networks", "forward": "networks", "predict": "networks",
    "minibatchqueue": "training.minibatches", "training_progress_monitor": "training.progress",
}  # fmt: skip
__all__ += sorted({*_KERNELS, *_MODULES} - set(__all__))


def __getattr__(name: str) -> Any:
    if name not in _KERNELS and name not in _MODULES:
        raise AttributeError(f"module 'dlsrc' has no attribute {name!r}")
    module = _engine(_MODULES.get(name, "kernels"))
    found = globals()[name] = getattr(module, _KERNELS.get(name, name))
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
