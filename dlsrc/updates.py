"""Steps of training: new parameters from gradients, in trees of any nesting.

Each leaf is one compiled loop: every number of the parameter, its gradient and its averages is read once, and
written once.  What is given is never changed.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .containers.nodes import matched, paths
from .dlarray import dlarray, wrap
from .evaluate import dlfeval
from .structure import Structure, flatten, unflatten

__all__ = ["adamupdate", "dlupdate", "is_network", "leaves_alike", "rmspropupdate", "sgdmupdate"]


# ---------------------------------------------------------------------------------- one leaf


def _sgdm(p, g, v, rate, momentum):
    new_p, new_v = np.empty_like(p), np.empty_like(p)
    for i in range(len(p)):
        step = momentum * v[i] - rate * g[i]
        new_v[i] = step
        new_p[i] = p[i] + step
    return new_p, new_v


def _adam(p, g, m, s, rate, decay, square_decay, epsilon, first, second):
    new_p, new_m, new_s = np.empty_like(p), np.empty_like(p), np.empty_like(p)
    for i in range(len(p)):
        mean = decay * m[i] + (1.0 - decay) * g[i]
        square = square_decay * s[i] + (1.0 - square_decay) * (g[i] * g[i])
        new_m[i] = mean
        new_s[i] = square
        new_p[i] = p[i] - rate * (mean / first) / (np.sqrt(square / second) + epsilon)
    return new_p, new_m, new_s


def _rmsprop(p, g, s, rate, decay, epsilon):
    new_p, new_s = np.empty_like(p), np.empty_like(p)
    for i in range(len(p)):
        square = decay * s[i] + (1.0 - decay) * (g[i] * g[i])
        new_s[i] = square
        new_p[i] = p[i] - rate * g[i] / (np.sqrt(square) + epsilon)
    return new_p, new_s


# ---------------------------------------------------------------------------------- trees


def leaves_alike(name: str, **trees: Any) -> tuple[Structure, list[list]]:
    """The structure of trees that are built alike, and the leaves of each, in the order of the first.

    Dicts are paired by their keys, whatever their class and order; lists and tuples by position.

    Raises
    ------
    TypeError
        If one is built otherwise than the first, naming both.
    """
    structure, found, first = None, [], ""
    for what, tree in trees.items():
        leaves, built = flatten(tree, what)
        if structure is None:
            structure, first = built, what
        elif built != structure:
            places = matched(structure, built)
            if places is None:
                differing = _differing(structure, built, first, what)
                raise TypeError(f"{name}: {what} is not built like {first}: {differing}")
            leaves = [leaves[k] for k in places]
        found.append(leaves)
    assert structure is not None
    return structure, found


def _differing(structure: Structure, built: Structure, first: str, what: str) -> str:
    """What one tree has and the other has not."""
    here, there = paths(structure, ""), paths(built, "")
    missing = [path for path in here if path not in there]
    more = [path for path in there if path not in here]
    if not missing and not more:
        return (
            "its containers are of other classes, or hold other texts; build it of the same dicts, lists, "
            "tuples and dataclasses"
        )
    lacks = f"it has no {what}{missing[0]}, of which there is {first}{missing[0]}" if missing else ""
    has = f"it has {what}{more[0]}, and {first} has not" if more else ""
    return f"{lacks}{'; ' if missing and more else ''}{has}; pass what the last call gave, or [] to begin"


def is_network(x: Any) -> bool:
    """Whether this is a `dlnetwork`, of which the learnables are meant."""
    return getattr(type(x), "__dlsrc_network__", False)


def _is_empty(state: Any) -> bool:
    """Whether nothing has been averaged yet: ``[]``, as in MATLAB, or None."""
    return state is None or isinstance(state, list | tuple | dict) and not state


def _step(
    name: str, rule: Callable, params: Any, grad: Any, states: dict[str, Any], learn_rate: Any, options: tuple
) -> tuple:
    """New parameters, then new states."""
    if is_network(params):
        learnables, *after = _step(name, rule, params.learnables, grad, states, learn_rate, options)
        return (params.replace(learnables=learnables), *after)
    begun = {what: state for what, state in states.items() if not _is_empty(state)}
    structure, (ps, gs, *rest) = leaves_alike(name, params=params, grad=grad, **begun)
    kept = dict(zip(begun, rest, strict=True))
    rates = [learn_rate] * len(ps)
    if not isinstance(learn_rate, float | int | np.number):
        rates = leaves_alike(name, params=params, learn_rate=learn_rate)[1][1]
    numbers = tuple(map(float, options))
    made: list[list] = [[] for _ in range(1 + len(states))]
    for k, (p, g, rate) in enumerate(zip(ps, gs, rates, strict=True)):
        own = p.data if type(p) is dlarray else np.asarray(p)
        if own.dtype.kind != "f":
            raise TypeError(
                f"{name}: {paths(structure, 'params')[k]} is of type {own.dtype.name}, which no step can "
                "move; make it a float, or keep it out of the parameters"
            )
        given = [_row(own), _fitting(name, structure, k, p, own, g, "gradient")]
        for what in states:
            if what in kept:
                given.append(_fitting(name, structure, k, p, own, kept[what][k], what))
            else:
                given.append(np.zeros_like(given[0]))
        for leaves, found in zip(made, dlfeval(rule, *given, float(rate), *numbers), strict=True):
            leaves.append(_like(p, own, found))
    return tuple(unflatten(structure, leaves) for leaves in made)


def _row(numbers: np.ndarray) -> np.ndarray:
    """All numbers of an array, in C order."""
    return np.ascontiguousarray(numbers).reshape(-1)


def _fitting(
    name: str, structure: Structure, k: int, p: Any, own: np.ndarray, x: Any, what: str
) -> np.ndarray:
    """The numbers of a gradient or an average; refused where it has not the parameter's shape and format."""
    numbers = x.data if type(x) is dlarray else np.asarray(x)
    if numbers.shape != own.shape:
        place = paths(structure, "params")[k]
        raise ValueError(
            f"{name}: the {what} of {place} has the shape {numbers.shape}, and {place} {own.shape}"
        )
    formats = [a.labels for a in (x, p) if type(a) is dlarray and a.labels]
    if len(set(formats)) > 1:
        place = paths(structure, "params")[k]
        raise ValueError(
            f"{name}: the {what} of {place} has the format {formats[0]!r}, and {place} {formats[1]!r}"
        )
    return _row(numbers if numbers.dtype == own.dtype else numbers.astype(own.dtype))


def _like(p: Any, own: np.ndarray, numbers: np.ndarray) -> Any:
    """Numbers as a leaf of the class, shape and labels of ``p``."""
    if type(p) is dlarray:
        return wrap(numbers.reshape(own.shape), p.labels)
    if isinstance(p, np.ndarray):
        return numbers.reshape(own.shape)
    return type(p)(numbers[0])


# ---------------------------------------------------------------------------------- the updates


def sgdmupdate(
    params: Any, grad: Any, vel: Any, learn_rate: Any = 0.01, momentum: float = 0.9
) -> tuple[Any, Any]:
    """A step of gradient descent with momentum: ``vel = momentum * vel - learn_rate * grad; p = p + vel``.

    Parameters
    ----------
    params : tree of dlarrays, arrays or floats, or dlnetwork
        Of a network the learnables are meant, and a network comes back.
    grad : tree built like it
        Dicts may have their keys in another order, and be of another class.
    vel : tree built like it, or []
        What the last call gave; [] to begin.
    learn_rate : float, or tree of floats built like params
        A tree gives each leaf a rate of its own.
    momentum : float

    Returns
    -------
    params, vel : trees
        Fresh arrays, of the dtypes, shapes and formats of ``params``.

    Raises
    ------
    TypeError
        If the trees are not built alike, or a parameter is no float.
    ValueError
        If a gradient has another shape or format than its parameter.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import sgdmupdate
    >>> net, vel = {"w": np.array([1.0, 2.0]), "b": 0.5}, []
    >>> net, vel = sgdmupdate(net, {"w": np.array([10.0, 0.0]), "b": 1.0}, vel, 0.1)
    >>> net
    {'w': array([0., 2.]), 'b': 0.4}
    """
    return _step("sgdmupdate", _sgdm, params, grad, {"vel": vel}, learn_rate, (momentum,))


def adamupdate(
    params: Any, grad: Any, avg_g: Any, avg_sq_g: Any, iteration: float, learn_rate: Any = 0.001,
    grad_decay: float = 0.9, sq_grad_decay: float = 0.999, epsilon: float = 1e-8,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """A step of Adam, its averages corrected for having begun at zero.

    Parameters
    ----------
    params, grad, learn_rate
        As for `sgdmupdate`.
    avg_g, avg_sq_g : trees built like params, or []
        The averages of the gradients and of their squares, from the last call; [] to begin.
    iteration : int or float
        Counts the calls, from 1.
    grad_decay, sq_grad_decay : float
        How much of the averages stays.
    epsilon : float
        Added to the root of the average of squares.

    Returns
    -------
    params, avg_g, avg_sq_g : trees

    Raises
    ------
    TypeError, ValueError
        As for `sgdmupdate`; and if ``iteration`` is below 1.

    Notes
    -----
    The rule is that of Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1.

    Examples
    --------
    A training loop; with weight decay (L2), and with gradients that are cut to a global norm of 1:

    >>> import numpy as np
    >>> from dlsrc import adamupdate, dlarray, dlfeval, dlgradient, dlupdate
    >>> def model(net, x, t):
    ...     loss = np.mean((net["w"] * x + net["b"] - t) ** 2)
    ...     return loss, dlgradient(loss, net)
    >>> net, avg_g, avg_sq_g = {"w": dlarray(0.0), "b": dlarray(0.0)}, [], []
    >>> x = np.linspace(-1, 1, 50)
    >>> for iteration in range(1, 501):
    ...     loss, grad = dlfeval(model, net, x, 3 * x + 1)
    ...     grad = dlupdate(lambda g, p: g + 1e-6 * p, grad, net)
    ...     norm = float(np.sqrt(sum(np.sum(g**2) for g in grad.values())))
    ...     grad = dlupdate(lambda g: g * min(1.0, 1.0 / norm), grad)
    ...     net, avg_g, avg_sq_g = adamupdate(net, grad, avg_g, avg_sq_g, iteration, 0.05)
    >>> print(f"{float(net['w']):.3f} {float(net['b']):.3f}")
    3.000 1.000
    """
    if not iteration >= 1:
        raise ValueError(f"adamupdate: iteration counts the calls from 1; {iteration!r} was given")
    first = 1.0 - math.pow(grad_decay, iteration)
    second = 1.0 - math.pow(sq_grad_decay, iteration)
    options = (grad_decay, sq_grad_decay, epsilon, first, second)
    states = {"avg_g": avg_g, "avg_sq_g": avg_sq_g}
    return _step("adamupdate", _adam, params, grad, states, learn_rate, options)


def rmspropupdate(
    params: Any, grad: Any, avg_sq_g: Any, learn_rate: Any = 0.001, sq_grad_decay: float = 0.9,
    epsilon: float = 1e-8,
) -> tuple[Any, Any]:  # fmt: skip
    """A step along the gradient over the root of the average of its squares.

    Parameters
    ----------
    params, grad, learn_rate
        As for `sgdmupdate`.
    avg_sq_g : tree built like params, or []
        The average of the squares, from the last call; [] to begin.
    sq_grad_decay, epsilon : float

    Returns
    -------
    params, avg_sq_g : trees

    Raises
    ------
    TypeError, ValueError
        As for `sgdmupdate`.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import rmspropupdate
    >>> p, avg_sq_g = rmspropupdate(np.array([1.0, 2.0]), np.array([0.1, -10.0]), [], 0.01, 0.9)
    >>> p.round(6)
    array([0.968377, 2.031623])
    """
    options = (sq_grad_decay, epsilon)
    return _step("rmspropupdate", _rmsprop, params, grad, {"avg_sq_g": avg_sq_g}, learn_rate, options)


def dlupdate(fun: Callable, params: Any, *trees: Any) -> Any:
    """A function applied to every leaf of a tree, or to the leaves of several trees that are built alike.

    Parameters
    ----------
    fun : callable
        ``fun(p, *others)``; it runs as Python, outside of any trace.  A NumPy type (``np.float32``) gives
        dlarrays of this type.
    params : tree, or dlnetwork
        Of a network the learnables are meant, and a network comes back.
    *trees : trees built like it

    Returns
    -------
    tree or tuple of trees
        Built like ``params``; a tuple of trees where ``fun`` gives a tuple.

    Raises
    ------
    TypeError
        If the trees are not built alike.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import dlupdate
    >>> dlupdate(np.float32, {"w": 1.5, "b": 2.0})["w"].dtype
    dtype('float32')
    >>> grad, params = {"w": np.array([1.0, 2.0])}, {"w": np.array([-3.0, 4.0])}
    >>> dlupdate(lambda g, p: g + 0.5 * np.sign(p), grad, params)
    {'w': array([0.5, 2.5])}
    """
    if is_network(params):
        others = [tree.learnables if is_network(tree) else tree for tree in trees]
        found = dlupdate(fun, params.learnables, *others)
        if isinstance(found, tuple):
            return (params.replace(learnables=found[0]), *found[1:])
        return params.replace(learnables=found)
    named = {"params": params} | {f"tree {k + 2}": tree for k, tree in enumerate(trees)}
    structure, leaves = leaves_alike("dlupdate", **named)
    found = [_applied(fun, at) for at in zip(*leaves, strict=True)]
    if found and all(isinstance(one, tuple) and not hasattr(one, "_fields") for one in found):
        return tuple(unflatten(structure, list(part)) for part in zip(*found, strict=True))
    return unflatten(structure, found)


def _applied(fun: Callable, at: tuple) -> Any:
    """NumPy's types would make plain arrays of dlarrays, of which there is no gradient."""
    if type(at[0]) is dlarray and len(at) == 1 and isinstance(fun, type) and issubclass(fun, np.generic):
        return at[0].astype(fun)
    return fun(*at)
