"""Exact, readable gradients of NumPy-and-loops code by source transformation, compiled with numba."""

from typing import Any

from . import errors, structure
from .calls.accelerate import AcceleratedFunction, dlaccelerate
from .operators.checkpoints import checkpointed
from .operators.curvature import hessian, hvp
from .operators.custom import custom_jvp, custom_vjp, nondifferentiable
from .derivatives import grad, stop_gradient, value_and_grad
from .operators.directional import jvp, vjp
from .arrays.dimensions import dims, finddim, stripdims
from .dlarray import dlarray, extractdata, isdlarray
from .evaluate import dlfeval, dlgradient
from .operators.fields import dldivergence, dljacobian, dllaplacian
from .operators.jacobians import jacfwd, jacobian, jacrev
from .lazy import engine as _engine
from .operators.implicit import implicit_fixed_point, implicit_root
from .training.minibatches import minibatchqueue
from .training.progress import training_progress_monitor
from .containers.ravel import ravel
from .training.quasi_newton import LbfgsState, lbfgs_state, lbfgsupdate
from .report import adjoint_source, explain, stages
from .operators.residuals import model_and_jacobian, residual_and_jacobian
from .structure import register
from .updates import adamupdate, dlupdate, rmspropupdate, sgdmupdate
from .operators.verification import Verdict, check

__version__ = "0.1.0"

__all__ = [
    "AcceleratedFunction", "adamupdate", "adjoint_source", "check", "checkpointed", "custom_jvp",
    "custom_vjp", "dims", "dlaccelerate", "dlarray", "dldivergence", "dlfeval", "dlgradient",
    "dljacobian", "dllaplacian", "dlupdate", "errors", "explain", "extractdata", "finddim", "grad",
    "hessian", "hvp", "implicit_fixed_point", "implicit_root", "isdlarray", "jacfwd", "jacobian",
    "jacrev", "jvp", "lbfgs_state", "LbfgsState", "lbfgsupdate", "minibatchqueue", "model_and_jacobian",
    "nondifferentiable", "ravel", "register", "residual_and_jacobian", "rmspropupdate", "sgdmupdate",
    "stages", "stop_gradient", "stripdims", "structure", "training_progress_monitor", "value_and_grad",
    "Verdict", "vjp",
]  # fmt: skip

# These come with the primitives, which take a while to import: they are found when first asked for.
_KERNELS = {
    name: name
    for name in (
        "attention", "avgpool", "batchnorm", "crosschannelnorm", "crossentropy", "ctc", "dlconv", "dlode45",
        "dltranspconv", "dropout", "embed", "fullyconnect", "gelu", "groupnorm", "gru", "indexcrossentropy",
        "instancenorm", "l1loss", "l2loss", "layernorm", "leakyrelu", "logsumexp", "lstm", "maxpool",
        "maxunpool", "mse", "relu", "sigmoid", "softmax", "swish",
    )
} | {"huber": "huber_loss"}  # the registry's huber is SciPy's
_NETWORKS = {"dlnetwork", "forward", "predict"}
__all__ += sorted({*_KERNELS, *_NETWORKS} - set(__all__))


def __getattr__(name: str) -> Any:
    if name not in _KERNELS and name not in _NETWORKS:
        raise AttributeError(f"module 'dlsrc' has no attribute {name!r}")
    module = _engine("networks" if name in _NETWORKS else "kernels")
    found = globals()[name] = getattr(module, _KERNELS.get(name, name))
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
