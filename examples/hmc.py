"""Eight schools, by Hamiltonian Monte Carlo: a sampler in ``@njit`` code that calls a compiled gradient.

Eight schools were coached for a test; each reports an effect with a standard error (Rubin, *Journal of
Educational Statistics* 6, 1981, table 1).  How much do the true effects differ?  Each is drawn from a normal
distribution with mean mu and standard deviation tau, which are estimated from all schools together.

The sampler (Duane et al., *Physics Letters B* 195, 1987; Neal, *Handbook of Markov Chain Monte Carlo*,
2011, chapter 5) asks for the gradient of the log density ten times for each draw.  ``value_and_grad(f)`` can
be called in nopython code, so there is no Python in the loop.
"""

import numpy as np
from numba import njit

from dlsrc import value_and_grad

EFFECT = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERROR = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
DRAWS, BURN_IN, STEPS, STEP = 6000, 500, 10, 0.25
SEED = 4


def log_density(z, effect, error):
    """The log density of z = (mu / 10, log tau, one standard normal number a school), up to a constant.

    Priors: mu is normal with standard deviation 10, tau half-Cauchy with scale 10.
    """
    mu, log_tau = 10.0 * z[0], z[1]
    tau = np.exp(log_tau)
    total = -0.5 * z[0] ** 2 - np.log(1.0 + (tau / 10.0) ** 2) + log_tau
    for k in range(len(effect)):
        school = mu + tau * z[2 + k]
        total -= 0.5 * ((effect[k] - school) / error[k]) ** 2 + 0.5 * z[2 + k] ** 2
    return total


value_and_slope = value_and_grad(log_density)


@njit
def leapfrog(z, momentum, effect, error):
    """One trajectory: position, momentum and log density at its end."""
    value, slope = value_and_slope(z, effect, error)
    for _ in range(STEPS):
        momentum = momentum + 0.5 * STEP * slope
        z = z + STEP * momentum
        value, slope = value_and_slope(z, effect, error)
        momentum = momentum + 0.5 * STEP * slope
    return z, momentum, value


@njit
def sample(z, effect, error, draws):
    """Draws of z, one a row, and the share of trajectories that were accepted."""
    np.random.seed(SEED)
    chain = np.empty((draws, z.size))
    value, _ = value_and_slope(z, effect, error)
    accepted = 0
    for n in range(draws):
        momentum = np.random.standard_normal(z.size)
        z_new, momentum_new, value_new = leapfrog(z, momentum, effect, error)
        change = value_new - value - 0.5 * np.sum(momentum_new**2) + 0.5 * np.sum(momentum**2)
        if np.log(np.random.random()) < change:
            z, value = z_new, value_new
            accepted += 1
        for k in range(z.size):
            chain[n, k] = z[k]
    return chain, accepted / draws


def main():
    chain, accepted = sample(np.zeros(10), EFFECT, ERROR, BURN_IN + DRAWS)
    chain = chain[BURN_IN:]
    mu, tau = 10.0 * chain[:, 0], np.exp(chain[:, 1])
    schools = mu[:, None] + tau[:, None] * chain[:, 2:]
    print("more than 80 % of the trajectories are accepted:", accepted > 0.8)
    # prints: more than 80 % of the trajectories are accepted: True
    print(f"mean effect of coaching: {mu.mean():.1f}, standard deviation {mu.std():.1f}")
    # prints: mean effect of coaching: 6.4, standard deviation 4.2
    # (6.47 and 4.19 by quadrature)
    best, worst = schools[:, 0].mean(), schools[:, 2].mean()
    print(f"best school {best:.0f} (reported 28), worst {worst:.0f} (reported -3)")
    # prints: best school 9 (reported 28), worst 6 (reported -3)


if __name__ == "__main__":
    main()
