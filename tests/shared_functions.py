"""Functions and their derivatives at module level: what other processes and threads are given."""

import numpy as np

from dlsrc import (
    custom_jvp, custom_vjp, dlaccelerate, dlarray, dlgradient, grad, hessian, hvp, implicit_fixed_point,
    implicit_root, jacfwd, jacobian, jacrev, model_and_jacobian, nondifferentiable, residual_and_jacobian,
    value_and_grad, vjp,
)

scale = 2.0


def bowl(x, a=1.5):
    s = 0.0
    for i in range(len(x)):
        s += scale * (x[i] - a) ** 2 * np.exp(0.1 * x[i])
    return s


def residual(x):
    return np.array([x[0] ** 2 - x[1], np.sin(x[1]), x[0] * x[1]])


@custom_vjp
def doubled(x):
    return 2.0 * x


def doubled_fwd(x):
    return 2.0 * x, None


def doubled_bwd(residuals, dy):
    return (2.0 * dy,)


doubled.defvjp(doubled_fwd, doubled_bwd)


@custom_jvp
def tripled(x):
    return 3.0 * x


def tripled_jvp(primals, tangents):
    return 3.0 * primals[0], 3.0 * tangents[0]


tripled.defjvp(tripled_jvp)


@nondifferentiable
def rounded(x):
    return np.round(x)


@implicit_root(lambda x, a: x**2 - a)
def square_root(x, a):
    for _ in range(50):
        x = 0.5 * (x + a / x)
    return x


@implicit_fixed_point(lambda x, a: 0.5 * (x + a / x))
def square_root_again(x, a):
    for _ in range(50):
        x = 0.5 * (x + a / x)
    return x


def with_rules(x):
    return np.sum(doubled(x) * tripled(x) + rounded(x) * x) + square_root(1.0, x[0]) * square_root_again(1.0, x[1])


@dlaccelerate
def accelerated(x):
    f = bowl(x)
    return f, dlgradient(f, x)


def traced(x):
    return accelerated(dlarray(x))


def model(t, a, b):
    return a * np.exp(-b * t)


x0 = np.array([0.7, 1.3])

# Every kind of object, and what it is called with.
OBJECTS = {
    "grad": (grad(bowl), (x0,)),
    "value_and_grad": (value_and_grad(bowl, (0, 1)), (x0, 1.0)),
    "nogil": (value_and_grad(bowl, nogil=True), (x0,)),
    "rules": (grad(with_rules), (x0,)),
    "custom_vjp": (doubled, (x0,)),
    "custom_jvp": (tripled, (x0,)),
    "nondifferentiable": (rounded, (x0,)),
    "implicit_root": (square_root, (1.0, 2.0)),
    "implicit_fixed_point": (square_root_again, (1.0, 2.0)),
    "grad of a rule": (grad(square_root, 1), (1.0, 2.0)),
    "dlaccelerate": (accelerated, (dlarray(x0),)),
    "grad of accelerated": (grad(dlaccelerate(bowl, fastmath=True)), (x0,)),
    "jacfwd": (jacfwd(residual), (x0,)),
    "jacrev": (jacrev(residual), (x0,)),
    "jacobian": (jacobian(residual), (x0,)),
    "hessian": (hessian(bowl), (x0,)),
    "hvp": (hvp(bowl), (x0, np.ones(2))),
    "grad of grad": (grad(grad(lambda a: a**4)), (2.0,)),
    "pullback": (vjp(residual, x0)[1], (np.ones(3),)),
    "residual": (residual_and_jacobian(residual)[0], (x0,)),
    "its jacobian": (residual_and_jacobian(residual)[1], (x0,)),
    "model": (model_and_jacobian(model)[1], (np.linspace(0.0, 1.0, 3), 2.0, 0.5)),
}
PICKLED = {name: pair for name, pair in OBJECTS.items() if name != "grad of grad"}  # a lambda has no name to go by


def at(job):
    """The result of an object for its arguments, as plain arrays."""
    made, args = job
    return plain(made(*args))


def plain(tree):
    if isinstance(tree, tuple | list):
        return [plain(item) for item in tree]
    return np.asarray(tree)
