"""Densities and distribution functions of ``scipy.stats``: of real numbers.

``norm.logpdf(x, loc, scale)`` is SciPy's: what cannot occur has the density zero, and where a parameter has
no meaning the result is nan.  Written in functions that have rules, they have derivatives of every order, by
all parameters.  The formulas are those of N. L. Johnson, S. Kotz and N. Balakrishnan, *Continuous Univariate
Distributions*, 2nd edition; beyond the support the derivative is zero, as that of the constant that is there.
"""

import math

import numpy as np

from ..numbers.error_functions import ndtri
from ..numbers.incomplete import betainc, betaln, gammainc, gammaincc, stdtr
from ..primitive import composite, real, sample
from ..special import gammaln, log_ndtr, ndtr, xlog1py, xlogy

__all__ = ["supported"]

HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)
LOG_PI = math.log(math.pi)
LOG_TWO = math.log(2)


@composite()
def supported(y, inside, outside, valid):
    """``y`` where a number can occur, ``outside`` where it cannot; nan where no such distribution exists."""
    return np.where(valid, np.where(inside, y, outside), np.nan)


# ---------------------------------------------------------------------------------- the normal law


@composite("scipy.stats.norm.logpdf")
def norm_logpdf(x, loc=0.0, scale=1.0):
    """The logarithm of the density of the normal distribution."""
    z = (x - loc) / scale
    return -0.5 * z * z - HALF_LOG_TAU - np.log(scale)


@composite("scipy.stats.norm.pdf")
def norm_pdf(x, loc=0.0, scale=1.0):
    """The density of the normal distribution."""
    return np.exp(norm_logpdf(x, loc, scale))


@composite("scipy.stats.norm.cdf")
def norm_cdf(x, loc=0.0, scale=1.0):
    """The probability of a smaller number under the normal distribution."""
    return np.where(scale > 0, ndtr((x - loc) / scale), np.nan)


@composite("scipy.stats.norm.logcdf")
def norm_logcdf(x, loc=0.0, scale=1.0):
    """The logarithm of ``norm.cdf``, also where that underflows."""
    return np.where(scale > 0, log_ndtr((x - loc) / scale), np.nan)


@composite("scipy.stats.norm.sf")
def norm_sf(x, loc=0.0, scale=1.0):
    """The probability of a larger number under the normal distribution."""
    return np.where(scale > 0, ndtr((loc - x) / scale), np.nan)


@composite("scipy.stats.norm.logsf")
def norm_logsf(x, loc=0.0, scale=1.0):
    """The logarithm of ``norm.sf``, also where that underflows."""
    return np.where(scale > 0, log_ndtr((loc - x) / scale), np.nan)


@composite("scipy.stats.norm.ppf")
def norm_ppf(q, loc=0.0, scale=1.0):
    """The quantile of the normal distribution."""
    return np.where(scale > 0, loc + scale * ndtri(q), np.nan)


@composite("scipy.stats.lognorm.logpdf")
def lognorm_logpdf(x, s, loc=0.0, scale=1.0):
    """The logarithm of the density of a number whose logarithm is normally distributed."""
    z = (x - loc) / scale
    inside = z > 0
    log = np.log(np.where(inside, z, 1.0))
    y = -0.5 * (log / s) ** 2 - log - HALF_LOG_TAU - np.log(s * scale)
    return supported(y, inside, -np.inf, (s > 0) & (scale > 0))


@composite("scipy.stats.lognorm.pdf")
def lognorm_pdf(x, s, loc=0.0, scale=1.0):
    """The density of a number whose logarithm is normally distributed."""
    return np.exp(lognorm_logpdf(x, s, loc, scale))


# ---------------------------------------------------------------------------------- gamma, exponential


@composite("scipy.stats.gamma.logpdf")
def gamma_logpdf(x, a, loc=0.0, scale=1.0):
    """The logarithm of the density of the gamma distribution."""
    z = (x - loc) / scale
    inside = z >= 0
    at = np.where(inside, z, 1.0)
    y = xlogy(a - 1.0, at) - at - gammaln(a) - np.log(scale)
    return supported(y, inside, -np.inf, (a > 0) & (scale > 0))


@composite("scipy.stats.gamma.pdf")
def gamma_pdf(x, a, loc=0.0, scale=1.0):
    """The density of the gamma distribution."""
    return np.exp(gamma_logpdf(x, a, loc, scale))


@composite("scipy.stats.gamma.cdf")
def gamma_cdf(x, a, loc=0.0, scale=1.0):
    """The probability of a smaller number under the gamma distribution."""
    z = (x - loc) / scale
    inside = z > 0
    return supported(gammainc(a, np.where(inside, z, 1.0)), inside, 0.0, (a > 0) & (scale > 0))


@composite("scipy.stats.gamma.sf")
def gamma_sf(x, a, loc=0.0, scale=1.0):
    """The probability of a larger number under the gamma distribution."""
    z = (x - loc) / scale
    inside = z > 0
    return supported(gammaincc(a, np.where(inside, z, 1.0)), inside, 1.0, (a > 0) & (scale > 0))


@composite("scipy.stats.chi2.logpdf")
def chi2_logpdf(x, df, loc=0.0, scale=1.0):
    """The logarithm of the density of the sum of ``df`` squares of standard normal numbers."""
    return gamma_logpdf(x, df / 2.0, loc, 2.0 * scale)


@composite("scipy.stats.chi2.pdf")
def chi2_pdf(x, df, loc=0.0, scale=1.0):
    """The density of the sum of ``df`` squares of standard normal numbers."""
    return np.exp(gamma_logpdf(x, df / 2.0, loc, 2.0 * scale))


@composite("scipy.stats.chi2.cdf")
def chi2_cdf(x, df, loc=0.0, scale=1.0):
    """The probability of a smaller sum of ``df`` squares of standard normal numbers."""
    return gamma_cdf(x, df / 2.0, loc, 2.0 * scale)


@composite("scipy.stats.chi2.sf")
def chi2_sf(x, df, loc=0.0, scale=1.0):
    """The probability of a larger sum of ``df`` squares of standard normal numbers."""
    return gamma_sf(x, df / 2.0, loc, 2.0 * scale)


@composite("scipy.stats.expon.logpdf")
def expon_logpdf(x, loc=0.0, scale=1.0):
    """The logarithm of the density of the exponential distribution."""
    z = (x - loc) / scale
    return supported(-z - np.log(scale), z >= 0, -np.inf, scale > 0)


@composite("scipy.stats.expon.pdf")
def expon_pdf(x, loc=0.0, scale=1.0):
    """The density of the exponential distribution."""
    return np.exp(expon_logpdf(x, loc, scale))


@composite("scipy.stats.expon.cdf")
def expon_cdf(x, loc=0.0, scale=1.0):
    """The probability of a smaller number under the exponential distribution."""
    z = (x - loc) / scale
    inside = z > 0
    return supported(-np.expm1(-np.where(inside, z, 1.0)), inside, 0.0, scale > 0)


# ---------------------------------------------------------------------------------- beta, Student's t


@composite("scipy.stats.beta.logpdf")
def beta_logpdf(x, a, b, loc=0.0, scale=1.0):
    """The logarithm of the density of the beta distribution."""
    z = (x - loc) / scale
    inside = (z >= 0) & (z <= 1)
    at = np.where(inside, z, 0.5)
    y = xlog1py(b - 1.0, -at) + xlogy(a - 1.0, at) - betaln(a, b) - np.log(scale)
    return supported(y, inside, -np.inf, (a > 0) & (b > 0) & (scale > 0))


@composite("scipy.stats.beta.pdf")
def beta_pdf(x, a, b, loc=0.0, scale=1.0):
    """The density of the beta distribution."""
    return np.exp(beta_logpdf(x, a, b, loc, scale))


@composite("scipy.stats.beta.cdf")
def beta_cdf(x, a, b, loc=0.0, scale=1.0):
    """The probability of a smaller number under the beta distribution."""
    z = (x - loc) / scale
    inside = (z > 0) & (z < 1)
    y = betainc(a, b, np.where(inside, z, 0.5))
    return supported(y, inside, np.where(z > 0, 1.0, 0.0), (a > 0) & (b > 0) & (scale > 0))


@composite("scipy.stats.t.logpdf")
def t_logpdf(x, df, loc=0.0, scale=1.0):
    """The logarithm of the density of Student's t distribution."""
    z = (x - loc) / scale
    half = 0.5 * (df + 1.0)
    constant = gammaln(half) - gammaln(0.5 * df) - 0.5 * (np.log(df) + LOG_PI) - np.log(scale)
    return np.where((df > 0) & (scale > 0), constant - half * np.log1p(z * z / df), np.nan)


@composite("scipy.stats.t.pdf")
def t_pdf(x, df, loc=0.0, scale=1.0):
    """The density of Student's t distribution."""
    return np.exp(t_logpdf(x, df, loc, scale))


@composite("scipy.stats.t.cdf")
def t_cdf(x, df, loc=0.0, scale=1.0):
    """The probability of a smaller number under Student's t distribution."""
    return np.where((df > 0) & (scale > 0), stdtr(df, (x - loc) / scale), np.nan)


@composite("scipy.stats.t.logcdf")
def t_logcdf(x, df, loc=0.0, scale=1.0):
    """The logarithm of ``t.cdf``, with all digits also where that is nearly one."""
    z = (x - loc) / scale
    tail = stdtr(df, -np.abs(z))
    return np.where((df > 0) & (scale > 0), np.where(z > 0, np.log1p(-tail), np.log(tail)), np.nan)


# ---------------------------------------------------------------------------------- others


@composite("scipy.stats.laplace.logpdf")
def laplace_logpdf(x, loc=0.0, scale=1.0):
    """The logarithm of the density of Laplace's distribution, whose slope at its peak is zero here."""
    return -np.abs((x - loc) / scale) - LOG_TWO - np.log(scale)


@composite("scipy.stats.laplace.pdf")
def laplace_pdf(x, loc=0.0, scale=1.0):
    """The density of Laplace's distribution."""
    return np.exp(laplace_logpdf(x, loc, scale))


@composite("scipy.stats.cauchy.logpdf")
def cauchy_logpdf(x, loc=0.0, scale=1.0):
    """The logarithm of the density of Cauchy's distribution."""
    z = (x - loc) / scale
    return -np.log1p(z * z) - LOG_PI - np.log(scale)


@composite("scipy.stats.cauchy.pdf")
def cauchy_pdf(x, loc=0.0, scale=1.0):
    """The density of Cauchy's distribution."""
    return np.exp(cauchy_logpdf(x, loc, scale))


@composite("scipy.stats.uniform.logpdf")
def uniform_logpdf(x, loc=0.0, scale=1.0):
    """The logarithm of the density of the numbers between ``loc`` and ``loc + scale``."""
    z = (x - loc) / scale
    return supported(0.0 * z - np.log(scale), (z >= 0) & (z <= 1), -np.inf, scale > 0)


@composite("scipy.stats.uniform.pdf")
def uniform_pdf(x, loc=0.0, scale=1.0):
    """The density of the numbers between ``loc`` and ``loc + scale``."""
    return np.exp(uniform_logpdf(x, loc, scale))


POSITIVE = abs(real(4)) + 0.2
for _function in (
    norm_logpdf, norm_pdf, norm_cdf, norm_logcdf, norm_sf, norm_logsf, laplace_logpdf, laplace_pdf,
    cauchy_logpdf, cauchy_pdf,
):  # fmt: skip
    _function.samples(sample(0.7), sample(real(4), 0.3, POSITIVE), sample(real(3, 2), real(2), scale=1.7))
norm_ppf.samples(sample(0.3), sample(np.array([0.2, 0.9]), 0.3, 1.7))
for _function in (gamma_logpdf, gamma_pdf, gamma_cdf, gamma_sf, chi2_logpdf, chi2_pdf, chi2_cdf, chi2_sf):
    _function.samples(sample(1.7, 2.4), sample(POSITIVE, 1.6, -0.1, 1.3), sample(np.array([-1.0, 2.0]), 2.5))
for _function in (expon_logpdf, expon_pdf, expon_cdf):
    _function.samples(sample(1.7), sample(POSITIVE, 0.1, 1.3), sample(np.array([-1.0, 2.0]), scale=2.5))
for _function in (lognorm_logpdf, lognorm_pdf):
    _function.samples(sample(1.7, 0.4), sample(POSITIVE, 0.6, 0.1, 1.3), sample(np.array([-1.0, 2.0]), 2.5))
for _function in (beta_logpdf, beta_pdf, beta_cdf):
    _function.samples(
        sample(0.4, 2.4, 1.3), sample(np.array([0.2, 0.7]), 2.5, 3.5, -0.2, 1.9),
        sample(np.array([-0.3, 1.2, 0.6]), 2.5, 3.5),
    )
for _function in (t_logpdf, t_pdf, t_cdf, t_logcdf):
    _function.samples(
        sample(0.4, 5.5), sample(real(4), 3.5, 0.2, 1.9), sample(real(3), 4.0, scale=POSITIVE[:3])
    )
for _function in (uniform_logpdf, uniform_pdf):
    _function.samples(sample(0.4), sample(np.array([0.4, -1.0, 1.9]), 0.2, 1.9))
