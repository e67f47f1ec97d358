"""A physics-informed network: the solution of a differential equation as a small network, second derivatives
inside the loss.

The stationary Burgers equation, nu u'' = u u' on [-1, 1] with u(-1) = a and u(1) = -a, has the solution
u(x) = -a tanh(a x / (2 nu)) to within exp(-a / nu) (Burgers, *Advances in Applied Mechanics* 1, 1948).  The
loss asks the network for the equation at 40 points and for the two values at the ends; it contains the first
and the second derivative of the network by x, and L-BFGS asks for the derivative of all of it by the weights.
"""

import numpy as np
from scipy.optimize import minimize

from dlsrc import dlarray, dlfeval, dlgradient, extractdata, ravel

NU, A = 0.2, 1.0
HIDDEN = 12
SEED = 0


def network(params, x):
    """One number for each of x, of shape (points,): two hidden layers."""
    h = np.tanh(np.outer(params["w1"], x) + params["b1"])
    h = np.tanh(params["w2"] @ h + params["b2"])
    return params["w3"] @ h


def loss_and_gradient(params, x):
    u = network(params, x)
    ux = dlgradient(np.sum(u), x, enable_higher_derivatives=True)
    uxx = dlgradient(np.sum(ux), x, enable_higher_derivatives=True)
    residual = NU * uxx - u * ux
    loss = np.mean(residual**2) + (u[0] - A) ** 2 + (u[-1] + A) ** 2
    return loss, dlgradient(loss, params)


def start(rng):
    return {
        "w1": rng.standard_normal(HIDDEN), "b1": rng.standard_normal((HIDDEN, 1)),
        "w2": rng.standard_normal((HIDDEN, HIDDEN)) / np.sqrt(HIDDEN), "b2": np.zeros((HIDDEN, 1)),
        "w3": rng.standard_normal(HIDDEN) / np.sqrt(HIDDEN),
    }  # fmt: skip


def main():
    x = np.linspace(-1.0, 1.0, 40)
    theta, unravel = ravel(start(np.random.default_rng(SEED)))

    def objective(theta):
        params = {name: dlarray(w) for name, w in unravel(theta).items()}
        loss, gradient = dlfeval(loss_and_gradient, params, dlarray(x))
        return loss.item(), ravel({name: extractdata(g) for name, g in gradient.items()})[0]

    result = minimize(
        objective, theta, jac=True, method="L-BFGS-B", options={"maxiter": 2000, "maxfun": 4000}
    )  # fmt: skip
    print("loss below 0.00001 at the end:", result.fun < 1e-5)
    # prints: loss below 0.00001 at the end: True
    u = network(unravel(result.x), x)
    exact = -A * np.tanh(A * x / (2 * NU))
    print("nowhere further than 0.05 from the exact solution:", np.max(abs(u - exact)) < 0.05)
    # prints: nowhere further than 0.05 from the exact solution: True


if __name__ == "__main__":
    main()
