"""L-BFGS for training loops: one step a call, on trees of parameters.

The direction is the two-loop recursion over the last steps and changes of the gradient (Nocedal and Wright,
"Numerical Optimization", 2006, algorithm 7.4), with the inverse Hessian it begins from scaled by the newest
pair (7.20).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..containers.ravel import ravel
from ..structure import unflatten
from ..updates import is_network, leaves_alike
from .searches import SEARCHES, Point

__all__ = ["LbfgsState", "lbfgs_state", "lbfgsupdate"]


@dataclass(frozen=True)
class LbfgsState:
    """What `lbfgsupdate` remembers from step to step.  A state is never changed; each step makes another.

    Attributes
    ----------
    history_size : int
        How many steps are remembered.
    initial_inverse_hessian_factor : float
        The inverse Hessian before the first step, times the identity.
    loss : float
        At the parameters that the last step gave; nan before the first.
    gradients : tree
        The gradient there, built like the parameters; None before the first.
    additional_loss_function_outputs : tuple
        What the loss function returned there beside the loss and its gradients.
    gradients_norm, step_norm : float
        Euclidean norms of the gradient and of the last step.
    line_search_status : str
        "" before the first step, "completed" or "failed".
    """

    history_size: int = 10
    initial_inverse_hessian_factor: float = 1.0
    loss: float = np.nan
    gradients: Any = None
    additional_loss_function_outputs: tuple = ()
    gradients_norm: float = np.nan
    step_norm: float = np.nan
    line_search_status: str = ""
    history: tuple[tuple[np.ndarray, np.ndarray], ...] = field(default=(), repr=False)


def lbfgs_state(*, history_size: int = 10, initial_inverse_hessian_factor: float = 1.0) -> LbfgsState:
    """A state to begin `lbfgsupdate` with.

    Parameters
    ----------
    history_size : int
        How many steps are remembered; 3 to 20 suit most problems.
    initial_inverse_hessian_factor : float
        The inverse Hessian before the first step, times the identity: the first direction is the negative
        gradient times this.

    Raises
    ------
    ValueError
        If one of them is not positive.

    Examples
    --------
    >>> from dlsrc import lbfgs_state
    >>> lbfgs_state(history_size=3).history_size
    3
    """
    if history_size < 1 or int(history_size) != history_size:
        raise ValueError(f"lbfgs_state: history_size is a positive whole number, not {history_size!r}")
    if not initial_inverse_hessian_factor > 0:
        raise ValueError(
            "lbfgs_state: initial_inverse_hessian_factor is a positive number, not "
            f"{initial_inverse_hessian_factor!r}"
        )
    return LbfgsState(int(history_size), float(initial_inverse_hessian_factor))


def lbfgsupdate(
    params: Any, loss_fcn: Callable, state: LbfgsState | None, *, line_search_method: str = "weak-wolfe",
    max_num_line_search_iterations: int = 20, num_loss_function_outputs: int = 2,
) -> tuple[Any, LbfgsState]:  # fmt: skip
    """A step of L-BFGS, for losses of the whole data.

    Parameters
    ----------
    params : tree of dlarrays, arrays or floats, or dlnetwork
    loss_fcn : callable
        ``loss_fcn(params)`` returns the loss and its gradients, built like ``params``, and perhaps more.
    state : LbfgsState, None or []
        What the last call gave, or `lbfgs_state()`.
    line_search_method : str
        "weak-wolfe", "strong-wolfe" or "backtracking".
    max_num_line_search_iterations : int
        How often the loss is computed in one step at most.
    num_loss_function_outputs : int
        How many values ``loss_fcn`` returns.

    Returns
    -------
    params, state : tree, LbfgsState
        Where no step lowers the loss, ``params`` are as they were, and ``state.line_search_status`` is
        "failed".

    Raises
    ------
    TypeError
        If the gradients are not built like the parameters.
    ValueError
        For an unknown line search, or another number of outputs.

    Notes
    -----
    A pair of step and change of the gradient is forgotten where it has no positive curvature.  With
    "weak-wolfe" and "strong-wolfe" the curvature is positive by construction.

    Examples
    --------
    >>> from dlsrc import dlarray, dlfeval, dlgradient, lbfgs_state, lbfgsupdate
    >>> def rosenbrock(x):
    ...     f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    ...     return f, dlgradient(f, x)
    >>> x, state = dlarray([-1, 2]), lbfgs_state()
    >>> for _ in range(60):
    ...     x, state = lbfgsupdate(x, lambda x: dlfeval(rosenbrock, x), state)
    >>> x
    1x2 dlarray
       1. 1.
    """
    if is_network(params):
        learnables, state = lbfgsupdate(
            params.learnables, lambda tree: loss_fcn(params.replace(learnables=tree)), state,
            line_search_method=line_search_method,
            max_num_line_search_iterations=max_num_line_search_iterations,
            num_loss_function_outputs=num_loss_function_outputs,
        )  # fmt: skip
        return params.replace(learnables=learnables), state
    if line_search_method not in SEARCHES:
        raise ValueError(
            f"lbfgsupdate: line_search_method is {', '.join(map(repr, SEARCHES))}, not {line_search_method!r}"
        )
    if state is None or isinstance(state, list) and not state:
        state = lbfgs_state()
    start, unravel = ravel(params)

    def slope_of(gradients: Any) -> np.ndarray:
        structure, (_, leaves) = leaves_alike("lbfgsupdate", params=params, gradients=gradients)
        return ravel(unflatten(structure, leaves))[0]  # in the order of the parameters

    def look(x: np.ndarray, tree: Any) -> Point:
        outputs = loss_fcn(tree)
        if not isinstance(outputs, tuple) or len(outputs) != num_loss_function_outputs:
            count = len(outputs) if isinstance(outputs, tuple) else 1
            raise ValueError(
                f"lbfgsupdate: the loss function returns {count} values, and num_loss_function_outputs says "
                f"{num_loss_function_outputs}; it returns the loss, its gradients, and what else is asked for"
            )
        return Point(x, float(np.asarray(outputs[0])), slope_of(outputs[1]), outputs)

    if state.gradients is None:
        point = look(start, params)
    else:
        outputs = (state.loss, state.gradients, *state.additional_loss_function_outputs)
        point = Point(start, state.loss, slope_of(state.gradients), outputs)
    direction = _direction(point.slope, state)
    if not point.slope @ direction < 0:  # what was remembered does not fit: begin anew
        state = replace(state, history=())
        direction = _direction(point.slope, state)
    found = None
    if np.any(point.slope):
        found = SEARCHES[line_search_method](
            point, direction, lambda x: look(x, unravel(x)), max_num_line_search_iterations
        )
    if found is None:
        status = "failed" if np.any(point.slope) else "completed"
        return params, _after(state, point, 0.0, status, state.history)
    step, change = found.x - point.x, found.slope - point.slope
    history = state.history
    if step @ change > 1e-10 * np.sqrt((step @ step) * (change @ change)):
        history = (*history, (step, change))[-state.history_size :]
    return unravel(found.x), _after(state, found, float(np.linalg.norm(step)), "completed", history)


def _after(state: LbfgsState, point: Point, step_norm: float, status: str, history: tuple) -> LbfgsState:
    return replace(
        state, loss=point.loss, gradients=point.outputs[1],
        additional_loss_function_outputs=point.outputs[2:],
        gradients_norm=float(np.linalg.norm(point.slope)), step_norm=step_norm, line_search_status=status,
        history=history,
    )  # fmt: skip


def _direction(slope: np.ndarray, state: LbfgsState) -> np.ndarray:
    """Minus the approximate inverse Hessian times the gradient: the two-loop recursion."""
    q = slope.copy()
    weights = []
    for step, change in reversed(state.history):
        weight = (step @ q) / (step @ change)
        q -= weight * change
        weights.append(weight)
    if state.history:
        step, change = state.history[-1]
        q *= (step @ change) / (change @ change)
    else:
        q *= state.initial_inverse_hessian_factor
    for (step, change), weight in zip(state.history, reversed(weights), strict=True):
        q += (weight - (change @ q) / (step @ change)) * step
    return -q
