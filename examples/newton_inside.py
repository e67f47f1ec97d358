"""The orbit of a planet from its star's velocity: an objective that solves an equation.

Where the planet is at a given time follows from Kepler's equation, ``E - e sin(E) = M``, which has no closed
solution.  The objective solves it by Newton's method in a ``while`` loop, once for each observation, and is
differentiated as it is written.
"""

import numpy as np
from scipy.optimize import approx_fprime, minimize

from dlsrc import value_and_grad

# Speed in m/s, eccentricity, angle, period in days, time of passage.
TRUE = np.array([55.0, 0.45, 0.8, 4.23, 1.1])
NOISE = 2.0
SEED = 3


def eccentric_anomaly(mean, e):
    """The solution E of E - e sin(E) = mean."""
    E = mean + e * np.sin(mean)
    step = 1.0
    while abs(step) > 1e-12:
        step = (E - e * np.sin(E) - mean) / (1 - e * np.cos(E))
        E -= step
    return E


def velocity(orbit, t):
    """The velocity of the star along the line of sight at time t."""
    speed, e, angle, period, passage = orbit[0], orbit[1], orbit[2], orbit[3], orbit[4]
    E = eccentric_anomaly(2 * np.pi * (t - passage) / period, e)
    cos_true = (np.cos(E) - e) / (1 - e * np.cos(E))
    sin_true = np.sqrt(1 - e**2) * np.sin(E) / (1 - e * np.cos(E))
    return speed * (np.cos(angle) * (cos_true + e) - np.sin(angle) * sin_true)


def misfit(orbit, times, observed):
    """Half the sum of the squared residuals, in units of the noise."""
    total = 0.0
    for k in range(len(times)):
        total += 0.5 * ((observed[k] - velocity(orbit, times[k])) / NOISE) ** 2
    return total


def main():
    rng = np.random.default_rng(SEED)
    times = np.sort(rng.uniform(0, 40, 80))
    observed = np.array([velocity(TRUE, t) for t in times]) + NOISE * rng.standard_normal(80)

    guess = np.array([45.0, 0.3, 0.6, 4.2, 1.0])
    value, gradient = value_and_grad(misfit)(guess, times, observed)
    differences = approx_fprime(guess, misfit, 1e-7, times, observed)
    print(f"misfit of the guess: {value:.2f}")
    # prints: misfit of the guess: 1404.28
    print(f"gradient against finite differences: {np.max(abs(gradient / differences - 1)):.3f}")
    # prints: gradient against finite differences: 0.000

    result = minimize(value_and_grad(misfit), guess, args=(times, observed), jac=True, method="L-BFGS-B")
    print(f"misfit of the fit: {result.fun:.2f}")
    # prints: misfit of the fit: 38.57
    for name, true, found in zip(("speed", "eccentricity", "angle", "period", "passage"), TRUE, result.x):
        print(f"{name:12} true {true:5.2f} fitted {found:6.3f}")
    # prints: speed        true 55.00 fitted 55.363
    # prints: eccentricity true  0.45 fitted  0.458
    # prints: angle        true  0.80 fitted  0.810
    # prints: period       true  4.23 fitted  4.231
    # prints: passage      true  1.10 fitted  1.094


if __name__ == "__main__":
    main()
