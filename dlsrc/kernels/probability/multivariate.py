"""Densities of ``scipy.stats``: of vectors.

Of a covariance matrix the lower triangle is read, as SciPy's ``eigh`` reads it, and its derivative is there.
"""

import math

import numpy as np

from ..algebra.triangles import solve_triangular
from ..primitive import composite, real, refuse, sample
from ..special import gammaln, xlogy

__all__: list[str] = []

LOG_TAU = math.log(2 * math.pi)


@composite("scipy.stats.multivariate_normal.logpdf")
def multivariate_normal_logpdf(x, mean=None, cov=None, allow_singular=False):
    """The logarithm of the density of the multivariate normal distribution, at a point or at rows."""
    if cov is None:
        refuse("multivariate_normal.logpdf without a covariance: give the matrix, cov=np.eye(n)")
    if cov.ndim != 2:
        refuse("multivariate_normal.logpdf takes a matrix: write cov=np.diag(variances), or norm.logpdf")
    if x.ndim != 1 and x.ndim != 2:
        refuse("multivariate_normal.logpdf takes a point or rows of points: reshape them")
    if x.shape[x.ndim - 1] != cov.shape[0]:
        raise ValueError("multivariate_normal.logpdf: the last axis of x and the rows of cov differ")
    factor = np.linalg.cholesky(cov)
    away = x if mean is None else x - mean
    z = solve_triangular(factor, away.T, lower=True)
    constant = cov.shape[0] * LOG_TAU + 2.0 * np.sum(np.log(np.diag(factor)))
    return -0.5 * (constant + np.sum(z * z, axis=0))


@composite("scipy.stats.multivariate_normal.pdf")
def multivariate_normal_pdf(x, mean=None, cov=None, allow_singular=False):
    """The density of the multivariate normal distribution, at a point or at rows of points."""
    return np.exp(multivariate_normal_logpdf(x, mean, cov))


@composite("scipy.stats.multivariate_normal.entropy")
def multivariate_normal_entropy(mean=None, cov=None):
    """The entropy of the multivariate normal distribution."""
    if cov is None or cov.ndim != 2:
        refuse("multivariate_normal.entropy takes a covariance matrix: cov=np.eye(n)")
    factor = np.linalg.cholesky(cov)
    return 0.5 * cov.shape[0] * (LOG_TAU + 1.0) + np.sum(np.log(np.diag(factor)))


@composite("scipy.stats.dirichlet.logpdf")
def dirichlet_logpdf(x, alpha):
    """The logarithm of the density of Dirichlet's distribution, at a point or at columns of points."""
    if alpha.ndim != 1:
        refuse("dirichlet.logpdf takes a vector of concentrations: reshape alpha")
    if x.shape[0] != alpha.shape[0]:
        raise ValueError("dirichlet.logpdf: x has as many components as alpha, all of them given")
    if np.any(x < 0) or np.any(np.abs(np.sum(x, axis=0) - 1.0) > 1e-9):
        raise ValueError("dirichlet.logpdf: the components of x are not negative, and their sum is one")
    if np.any(alpha <= 0):
        raise ValueError("dirichlet.logpdf: alpha is positive")
    constant = gammaln(np.sum(alpha)) - np.sum(gammaln(alpha))
    if x.ndim == 1:
        return constant + np.sum(xlogy(alpha - 1.0, x))
    return constant + np.sum(xlogy(np.reshape(alpha - 1.0, (-1, 1)), x), axis=0)


@composite("scipy.stats.dirichlet.pdf")
def dirichlet_pdf(x, alpha):
    """The density of Dirichlet's distribution."""
    return np.exp(dirichlet_logpdf(x, alpha))


_HALF = real(3, 3)
_COVARIANCE = _HALF @ _HALF.T + np.eye(3)
for _function in (multivariate_normal_logpdf, multivariate_normal_pdf):
    _function.samples(sample(real(3), real(3), _COVARIANCE), sample(real(4, 3), cov=_COVARIANCE))
multivariate_normal_entropy.samples(sample(cov=_COVARIANCE))
for _function in (dirichlet_logpdf, dirichlet_pdf):
    _function.samples(
        sample(np.array([0.2, 0.3, 0.5]), np.array([1.5, 0.7, 3.0])),
        sample(np.array([[0.2, 0.6], [0.3, 0.4]]) / np.array([0.5, 1.0]), np.array([1.5, 0.7])),
    )
