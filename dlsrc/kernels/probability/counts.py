"""Probabilities of ``scipy.stats``: of counts, with derivatives by the parameters.

A number that is no count has the probability zero.  The formulas are those of N. L. Johnson, A. W. Kemp and
S. Kotz, *Univariate Discrete Distributions*, 3rd edition.
"""

import numpy as np

from ..numbers.incomplete import gammaincc
from ..primitive import composite, sample
from ..special import gammaln, xlog1py, xlogy
from .distributions import supported

__all__: list[str] = []


@composite("scipy.stats.poisson.logpmf")
def poisson_logpmf(k, mu, loc=0):
    """The logarithm of the probability of ``k`` events of which ``mu`` are expected."""
    n = k - loc
    at = np.floor(n)  # a count has no derivative
    inside = (n >= 0) & (n == at)
    at = np.where(inside, at, 1.0)
    return supported(xlogy(at, mu) - gammaln(at + 1.0) - mu, inside, -np.inf, mu >= 0)


@composite("scipy.stats.poisson.pmf")
def poisson_pmf(k, mu, loc=0):
    """The probability of ``k`` events of which ``mu`` are expected."""
    return np.exp(poisson_logpmf(k, mu, loc))


@composite("scipy.stats.poisson.cdf")
def poisson_cdf(k, mu, loc=0):
    """The probability of ``k`` events or fewer of which ``mu`` are expected."""
    n = np.floor(k - loc)
    return supported(gammaincc(np.where(n >= 0, n, 1.0) + 1.0, mu), n >= 0, 0.0, mu >= 0)


@composite("scipy.stats.binom.logpmf")
def binom_logpmf(k, n, p, loc=0):
    """The logarithm of the probability of ``k`` successes in ``n`` trials with the probability ``p``."""
    m = k - loc
    at = np.floor(m)  # a count has no derivative
    inside = (m >= 0) & (m <= n) & (m == at)
    at = np.where(inside, at, 0.0)
    ways = gammaln(n + 1.0) - gammaln(at + 1.0) - gammaln(n - at + 1.0)
    y = ways + xlogy(at, p) + xlog1py(n - at, -p)
    return supported(y, inside, -np.inf, (n >= 0) & (p >= 0) & (p <= 1))


@composite("scipy.stats.binom.pmf")
def binom_pmf(k, n, p, loc=0):
    """The probability of ``k`` successes in ``n`` trials with the probability ``p``."""
    return np.exp(binom_logpmf(k, n, p, loc))


@composite("scipy.stats.bernoulli.logpmf")
def bernoulli_logpmf(k, p, loc=0):
    """The logarithm of the probability of a success (1) or not (0)."""
    return binom_logpmf(k, 1, p, loc)


@composite("scipy.stats.bernoulli.pmf")
def bernoulli_pmf(k, p, loc=0):
    """The probability of a success (1) or not (0)."""
    return np.exp(binom_logpmf(k, 1, p, loc))


COUNTS = np.array([0, 3, 7])
for _function in (poisson_logpmf, poisson_pmf, poisson_cdf):
    _function.samples(
        sample(3, 2.4), sample(COUNTS, np.array([0.3, 2.5, 9.0])), sample(np.array([-1.0, 2.0, 1.5]), 2.5),
    )
for _function in (binom_logpmf, binom_pmf):
    _function.samples(
        sample(3, 9, 0.4), sample(COUNTS, 9, np.array([0.3, 0.5, 0.9])),
        sample(np.array([-1, 12, 2]), 9, 0.2),
    )
for _function in (bernoulli_logpmf, bernoulli_pmf):
    _function.samples(sample(1, 0.4), sample(np.array([0, 1, 1]), np.array([0.3, 0.5, 0.9])))
