"""A GARCH(1,1) model of a return series, fitted by maximum likelihood.

The variance of each day follows from the day before:

    variance[t] = omega + alpha * returns[t - 1]**2 + beta * variance[t - 1]

so the likelihood is a loop over time in which each trip needs the one before; it is written as that loop.
The series is simulated with known parameters, and the fit finds them again.
"""

import numpy as np
from scipy.optimize import minimize

from dlsrc import value_and_grad

OMEGA, ALPHA, BETA = 0.05, 0.10, 0.85
DAYS = 10_000
SEED = 2


def simulate():
    """Daily returns in percent."""
    noise = np.random.default_rng(SEED).standard_normal(DAYS)
    returns = np.empty(DAYS)
    variance = OMEGA / (1 - ALPHA - BETA)
    for t in range(DAYS):
        returns[t] = np.sqrt(variance) * noise[t]
        variance = OMEGA + ALPHA * returns[t] ** 2 + BETA * variance
    return returns


def negative_log_likelihood(theta, returns):
    """The mean over the days, without the constant."""
    omega, alpha, beta = theta[0], theta[1], theta[2]
    variance = omega / (1 - alpha - beta)
    total = 0.0
    for r in returns:
        total += np.log(variance) + r**2 / variance
        variance = omega + alpha * r**2 + beta * variance
    return 0.5 * total / len(returns)


def main():
    returns = simulate()
    print(f"{DAYS} days, standard deviation {returns.std():.3f} %")
    # prints: 10000 days, standard deviation 1.027 %

    result = minimize(
        value_and_grad(negative_log_likelihood), np.array([0.1, 0.05, 0.8]), args=(returns,), jac=True,
        method="SLSQP", bounds=[(1e-6, None), (0, 1), (0, 1)], options={"ftol": 1e-14},
        constraints={"type": "ineq", "fun": lambda theta: 0.9999 - theta[1] - theta[2]},
    )  # fmt: skip
    print("converged:", result.success)
    # prints: converged: True
    for name, true, found in zip(("omega", "alpha", "beta"), (OMEGA, ALPHA, BETA), result.x):
        print(f"{name:5} true {true:.2f} fitted {found:.3f}")
    # prints: omega true 0.05 fitted 0.046
    # prints: alpha true 0.10 fitted 0.104
    # prints: beta  true 0.85 fitted 0.852


if __name__ == "__main__":
    main()
