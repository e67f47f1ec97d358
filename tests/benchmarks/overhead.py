"""What a call costs beside the compiled code it runs."""

from collections.abc import Callable
from timeit import repeat

import numpy as np

__all__ = ["overheads"]


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def with_gradient(x):
    from dlsrc import dlgradient

    y = rosenbrock(x)
    return y, dlgradient(y, x)


def of_leaves(params):
    total = 0.0
    for key in params:
        total += params[key][0] ** 2
    return total


def microseconds(function: Callable[[], object]) -> float:
    return min(repeat(function, number=2000, repeat=25)) / 2000 * 1e6


def overheads() -> dict[str, tuple[float, float]]:
    """What is measured, in microseconds, and its budget."""
    from dlsrc import dlarray, dlfeval, evaluate, value_and_grad

    derived, x, d = value_and_grad(rosenbrock), np.array([-1.0, 2.0]), dlarray([-1, 2])
    derived(x), dlfeval(with_gradient, d)
    run = evaluate.prepared(derived, (x,), {}).function
    tree = {f"p{k}": np.ones(2) for k in range(20)}
    leaves = value_and_grad(of_leaves)
    leaves(tree)
    prepared = evaluate.prepared(leaves, (tree,), {}).function
    arrays = tuple(tree.values())
    return {
        "value_and_grad, n=2, over the compiled function": (
            microseconds(lambda: derived(x)) - microseconds(lambda: run(x)), 0.5,
        ),
        "dlfeval, n=2": (microseconds(lambda: dlfeval(with_gradient, d)), 4.0),
        "20 leaves in a dict, over the compiled function": (
            microseconds(lambda: leaves(tree)) - microseconds(lambda: prepared(*arrays)), 6.0,
        ),
    }  # fmt: skip
