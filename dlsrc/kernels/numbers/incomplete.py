"""Beta functions, incomplete gamma and beta functions and their inverses, zeta, exponential integrals.

Values are SciPy's.  Derivatives: NIST Digital Library of Mathematical Functions, 5.12.1 (beta), 6.2.1
(exponential integrals), 8.8.13 (incomplete gamma), 8.17.1 (incomplete beta), 25.11.17 (zeta).  Derivatives
by the shape parameters of the incomplete functions have no closed form: a program that needs one is
refused.
"""

import math

import numpy as np

from ..declaring.foreign import special
from ..primitive import composite, kernel, kink, primitive, real, sample
from ..special import digamma, gammaln, hurwitz

__all__ = [
    "beta", "beta_density", "betainc", "betaincc", "betaincinv", "betaln", "binom", "chdtr", "chdtrc",
    "exp1", "expi", "gamma_density", "gammainc", "gammaincc", "gammainccinv", "gammaincinv", "gammasgn",
    "hurwitz_zeta", "loggamma", "multigammaln", "poch", "riemann_zeta", "stdtr", "zeta",
]

exp1_of, expi_of, zetac_of = (special(name, 1) for name in ("exp1", "expi", "zetac"))
beta_of, betaln_of, binom_of, poch_of, stdtr_of = (
    special(name, 2) for name in ("beta", "betaln", "binom", "poch", "stdtr")
)
gammainc_of, gammaincc_of, gammaincinv_of, gammainccinv_of = (
    special(name, 2) for name in ("gammainc", "gammaincc", "gammaincinv", "gammainccinv")
)
betainc_of, betaincc_of, betaincinv_of = (special(name, 3) for name in ("betainc", "betaincc", "betaincinv"))


def shape_is_fixed(function, *parameters):
    """State that the derivatives by shape parameters are not known."""
    for parameter in parameters:
        function.unknown(parameter, (
            f"no derivative of `{function.name}` by its parameter {parameter} is known: keep that fixed, or "
            "cut its trace with stop_gradient"
        ))  # fmt: skip


# ---------------------------------------------------------------------------------- complete


@primitive("scipy.special.beta", elementwise=True, floats=True)
def beta(a, b):
    """The beta function, ``gamma(a) * gamma(b) / gamma(a + b)``."""
    return beta_of(a, b)


@beta.adjoint("a")
def beta_da(dy, a, b, y):
    return dy * (y * (digamma(a) - digamma(a + b)))


@beta.adjoint("b")
def beta_db(dy, a, b, y):
    return dy * (y * (digamma(b) - digamma(a + b)))


@primitive("scipy.special.betaln", elementwise=True, floats=True)
def betaln(a, b):
    """The logarithm of the absolute value of the beta function."""
    return betaln_of(a, b)


@betaln.adjoint("a")
def betaln_da(dy, a, b):
    return dy * (digamma(a) - digamma(a + b))


@betaln.adjoint("b")
def betaln_db(dy, a, b):
    return dy * (digamma(b) - digamma(a + b))


@primitive("scipy.special.binom", elementwise=True, floats=True)
def binom(n, k):
    """The binomial coefficient of two real numbers."""
    return binom_of(n, k)


@binom.adjoint("n")
def binom_dn(dy, n, k, y):
    return dy * (y * (digamma(n + 1) - digamma(n - k + 1)))


@binom.adjoint("k")
def binom_dk(dy, n, k, y):
    return dy * (y * (digamma(n - k + 1) - digamma(k + 1)))


@primitive("scipy.special.poch", elementwise=True, floats=True)
def poch(z, m):
    """``gamma(z + m) / gamma(z)``, the rising factorial."""
    return poch_of(z, m)


@poch.adjoint("z")
def poch_dz(dy, z, m, y):
    return dy * (y * (digamma(z + m) - digamma(z)))


@poch.adjoint("m")
def poch_dm(dy, z, m, y):
    return dy * (y * digamma(z + m))


for _function in (beta, betaln, binom, poch):
    _function.samples(
        sample(2.5, 0.7), sample(0.5 + abs(real(3)), 0.5 + abs(real(2, 3))), sample(40.5, 3.25), sample(4, 2),
    )


@primitive("scipy.special.loggamma", elementwise=True, floats=True)
def loggamma(x):
    """The logarithm of the gamma function, nan below zero, where that is complex."""
    if x < 0:
        return np.nan
    if x == 0:
        return np.inf
    return math.lgamma(x)


@loggamma.adjoint("x")
def loggamma_dx(dy, x):
    return dy * digamma(x)


@primitive("scipy.special.gammasgn", elementwise=True, floats=True)
def gammasgn(x):
    """The sign of the gamma function, nan at its poles below zero."""
    if x == 0:
        return np.copysign(1.0, x)
    if x > 0 or np.isnan(x):
        return x / x if x < np.inf else 1.0
    whole = np.floor(x)
    return np.nan if whole == x else 1.0 - 2.0 * (whole % 2)


gammasgn.zero("x")
loggamma.samples(sample(0.3), sample(0.5 + abs(real(2, 3))), sample(np.array([0.1, 12.5, 100.0])))
gammasgn.samples(sample(0.3), sample(np.array([-2.5, -1.5, -0.5, -3.0, 0.5, 3.0])))


@composite("scipy.special.multigammaln")
def multigammaln(a, d):
    """The logarithm of the multivariate gamma function of dimension ``d``."""
    total = 0.25 * d * (d - 1) * 1.1447298858494002 + gammaln(a)  # log(pi)
    for j in range(1, d):
        total = total + gammaln(a - 0.5 * j)
    return total


multigammaln.samples(sample(2.5, 3), sample(3.0 + abs(real(4)), 2), sample(0.7, 1))

# ---------------------------------------------------------------------------------- zeta


@primitive(elementwise=True, floats=True)
def hurwitz_zeta(s, q):
    """The sum of ``(q + k) ** -s`` over all k from 0; infinite for s = 1, nan below."""
    if s == 1:
        return np.inf
    if s < 1 or (q <= 0 and q != np.floor(q) and s != np.floor(s)):
        return np.nan
    return hurwitz(s, q)


@hurwitz_zeta.adjoint("q")
def hurwitz_zeta_dq(dy, s, q):
    return dy * (-s * hurwitz_zeta(s + 1, q))


hurwitz_zeta.unknown("s", (
    "no derivative of `zeta` by its first argument is known: keep that fixed, or cut its trace with "
    "stop_gradient"
))  # fmt: skip
hurwitz_zeta.samples(
    sample(2.5, 0.7), sample(3, np.array([0.3, 1.0, 20.0])), sample(np.array([1.1, 30.0]), 2.0),
)


@primitive(elementwise=True, floats=True)
def riemann_zeta(x):
    """The zeta function of Riemann at a real number."""
    return 1.0 + zetac_of(x)


riemann_zeta.unknown("x", "no derivative of `zeta` is known: write a sum, or use stop_gradient")
riemann_zeta.samples(sample(2.5), sample(np.array([-3.5, 0.5, 4.0])))


@composite("scipy.special.zeta")
def zeta(x, q=None):
    """The zeta function of Riemann, or with ``q`` that of Hurwitz."""
    if q is None:
        return riemann_zeta(x)
    return hurwitz_zeta(x, q)


zeta.samples(sample(2.5), sample(2.5, np.array([0.3, 1.0, 20.0])), sample(np.array([1.1, 7.0, 45.0]), 1.5))

# ---------------------------------------------------------------------------------- incomplete gamma


@kernel
def gamma_density_of(a, x):
    """``x**(a-1) * exp(-x) / gamma(a)``; for large ``a`` by Stirling's series, in which nothing cancels."""
    if x < 0 or a <= 0:
        return np.nan
    if x == 0:
        return np.inf if a < 1 else (1.0 if a == 1 else 0.0)
    if a < 10:
        return np.exp((a - 1) * np.log(x) - x - math.lgamma(a))
    t = (x - a) / a
    u = 1 / (a * a)
    series = 1 / 12 - u * (1 / 360 - u * (1 / 1260 - u * (1 / 1680 - u * (1 / 1188 - u * (691 / 360360)))))
    return np.sqrt(a * 0.15915494309189535) * np.exp(-a * (t - np.log1p(t)) - series / a) / x  # 1 / (2 pi)


@primitive(elementwise=True, floats=True)
def gamma_density(a, x):
    """``x**(a-1) * exp(-x) / gamma(a)``, the density of the gamma distribution."""
    return gamma_density_of(a, x)


@gamma_density.adjoint("a")
def gamma_density_da(dy, a, x, y):
    return dy * (y * (np.log(x) - digamma(a)))


@gamma_density.adjoint("x")
def gamma_density_dx(dy, a, x, y):
    return dy * (y * ((a - 1) / x - 1))


gamma_density.samples(
    sample(2.5, 0.7), sample(np.array([0.5, 9.9, 10.1, 50.0]), np.array([2.0, 9.0, 12.0, 40.0])),
)


@primitive("scipy.special.gammainc", elementwise=True, floats=True)
def gammainc(a, x):
    """The regularized lower incomplete gamma function."""
    return gammainc_of(a, x)


@gammainc.adjoint("x")
def gammainc_dx(dy, a, x):
    return dy * gamma_density(a, x)


@primitive("scipy.special.gammaincc", elementwise=True, floats=True)
def gammaincc(a, x):
    """The regularized upper incomplete gamma function."""
    return gammaincc_of(a, x)


@gammaincc.adjoint("x")
def gammaincc_dx(dy, a, x):
    return -dy * gamma_density(a, x)


@primitive("scipy.special.gammaincinv", elementwise=True, floats=True)
def gammaincinv(a, p):
    """The number at which the lower incomplete gamma function is ``p``."""
    return gammaincinv_of(a, p)


@gammaincinv.adjoint("p")
def gammaincinv_dp(dy, a, y):
    return dy / gamma_density(a, y)


@primitive("scipy.special.gammainccinv", elementwise=True, floats=True)
def gammainccinv(a, p):
    """The number at which the upper incomplete gamma function is ``p``."""
    return gammainccinv_of(a, p)


@gammainccinv.adjoint("p")
def gammainccinv_dp(dy, a, y):
    return -dy / gamma_density(a, y)


for _function in (gammainc, gammaincc):
    shape_is_fixed(_function, "a")
    _function.samples(
        sample(2.5, 0.7), sample(np.array([0.5, 3.0, 12.0]), 1.5), sample(40.0, np.array([30.0, 40.0, 60.0])),
        sample(1, 2),
    )
for _function in (gammaincinv, gammainccinv):
    shape_is_fixed(_function, "a")
    _function.samples(sample(2.5, 0.3), sample(np.array([0.5, 3.0, 12.0]), np.array([0.2, 0.5, 0.9])))
gammainc.samples(kink(1.0, 0.0, expect={"x": 1.0}), kink(0.5, 0.0, expect={"x": np.inf}))


@composite("scipy.special.chdtr")
def chdtr(v, x):
    """The distribution function of chi square with ``v`` degrees of freedom."""
    return gammainc(v / 2, x / 2)


@composite("scipy.special.chdtrc")
def chdtrc(v, x):
    """One minus the distribution function of chi square with ``v`` degrees of freedom."""
    return gammaincc(v / 2, x / 2)


for _composite in (chdtr, chdtrc):
    _composite.samples(sample(2.5, 0.7), sample(4.0, np.array([0.3, 1.0, 20.0])))

# ---------------------------------------------------------------------------------- incomplete beta


@primitive(elementwise=True, floats=True)
def beta_density(a, b, x):
    """``x**(a-1) * (1-x)**(b-1) / beta(a, b)``, the density of the beta distribution."""
    if x < 0 or x > 1:
        return np.nan
    at_zero = 0.0 if a == 1 else (a - 1) * np.log(x)
    at_one = 0.0 if b == 1 else (b - 1) * np.log1p(-x)
    return np.exp(at_zero + at_one - betaln_of(a, b))


@beta_density.adjoint("a")
def beta_density_da(dy, a, b, x, y):
    return dy * (y * (np.log(x) + digamma(a + b) - digamma(a)))


@beta_density.adjoint("b")
def beta_density_db(dy, a, b, x, y):
    return dy * (y * (np.log1p(-x) + digamma(a + b) - digamma(b)))


@beta_density.adjoint("x")
def beta_density_dx(dy, a, b, x, y):
    return dy * (y * ((a - 1) / x - (b - 1) / (1 - x)))


@primitive("scipy.special.betainc", elementwise=True, floats=True)
def betainc(a, b, x):
    """The regularized incomplete beta function."""
    return betainc_of(a, b, x)


@betainc.adjoint("x")
def betainc_dx(dy, a, b, x):
    return dy * beta_density(a, b, x)


@primitive("scipy.special.betaincc", elementwise=True, floats=True)
def betaincc(a, b, x):
    """One minus the regularized incomplete beta function."""
    return betaincc_of(a, b, x)


@betaincc.adjoint("x")
def betaincc_dx(dy, a, b, x):
    return -dy * beta_density(a, b, x)


@primitive("scipy.special.betaincinv", elementwise=True, floats=True)
def betaincinv(a, b, p):
    """The number at which the regularized incomplete beta function is ``p``."""
    return betaincinv_of(a, b, p)


@betaincinv.adjoint("p")
def betaincinv_dp(dy, a, b, y):
    return dy / beta_density(a, b, y)


@primitive("scipy.special.stdtr", elementwise=True, floats=True)
def stdtr(df, t):
    """The distribution function of Student's t with ``df`` degrees of freedom."""
    return stdtr_of(df, t)


@stdtr.adjoint("t")
def stdtr_dt(dy, df, t):
    return dy * (np.exp(-0.5 * (df + 1) * np.log1p(t * t / df) - betaln(0.5 * df, 0.5)) / df**0.5)


for _function in (beta_density, betainc, betaincc, betaincinv):
    _function.samples(
        sample(2.5, 0.7, 0.3), sample(np.array([0.5, 3.0, 12.0]), 1.5, np.array([0.2, 0.5, 0.9])),
    )
for _function in (betainc, betaincc, betaincinv):
    shape_is_fixed(_function, "a", "b")
shape_is_fixed(stdtr, "df")
stdtr.samples(sample(2.5, 0.7), sample(4.0, 2 * real(2, 3)), sample(3, np.array([-5.0, 0.0, 9.0])))

# ---------------------------------------------------------------------------------- exponential integrals


@primitive("scipy.special.exp1", elementwise=True, floats=True)
def exp1(x):
    """The exponential integral E1."""
    return exp1_of(x)


@exp1.adjoint("x")
def exp1_dx(dy, x):
    return -dy * (np.exp(-x) / x)


@primitive("scipy.special.expi", elementwise=True, floats=True)
def expi(x):
    """The exponential integral Ei."""
    return expi_of(x)


@expi.adjoint("x")
def expi_dx(dy, x):
    return dy * (np.exp(x) / x)


exp1.samples(sample(0.7), sample(0.5 + abs(real(2, 3))), sample(np.array([0.6, 5.0, 20.0])))
expi.samples(sample(0.7), sample(np.array([-5.0, -0.6, 0.6, 5.0, 20.0])))
