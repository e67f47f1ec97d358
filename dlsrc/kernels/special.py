"""The logistic family, the error function, the gamma function and ``x log y``, as SciPy names them.

The polygamma functions are evaluated by recurrence up to an argument of ten or more and their
asymptotic series there: Abramowitz and Stegun, *Handbook of Mathematical Functions*, 6.3.18 and 6.4.11.
"""

import math

import numpy as np

from .numbers.conversion import cast
from .numbers.error_functions import erfcx
from .primitive import composite, kernel, kink, primitive, real, sample

__all__ = [
    "digamma", "digamma_of", "entr", "erf", "erfc", "gamma", "gammaln", "hurwitz", "log_expit",
    "log_ndtr", "logit", "ndtr", "polygamma", "relu", "rgamma", "sigmoid", "softplus", "xlog1py", "xlogy",
]


# ---------------------------------------------------------------------------------- the logistic family


@primitive("scipy.special.expit", elementwise=True, floats=True)
def sigmoid(x):
    """The logistic function, from zero to one."""
    # where exp overflows, one over it is the zero that is meant
    return 1 / (1 + np.exp(-x))


@sigmoid.adjoint("x")
def sigmoid_dx(dy, y):
    return dy * (y * (1 - y))


@primitive("scipy.special.log_expit", elementwise=True, floats=True)
def log_expit(x):
    """The logarithm of the logistic function, without underflow."""
    return np.minimum(x, 0.0) - np.log1p(np.exp(-abs(x)))


@log_expit.adjoint("x")
def log_expit_dx(dy, x):
    return dy * sigmoid(-x)


@primitive("scipy.special.softplus", elementwise=True, floats=True)
def softplus(x):
    """``log(1 + exp(x))``, without overflow."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-abs(x)))


@softplus.adjoint("x")
def softplus_dx(dy, x):
    return dy * sigmoid(x)


for function in (sigmoid, log_expit, softplus):
    function.samples(
        sample(0.3), sample(0.0), sample(real(2, 3)), sample(np.array([-800.0, -9.0, 9.0, 800.0]))
    )


@primitive("scipy.special.logit", elementwise=True, floats=True)
def logit(x):
    """The number of which this is the logistic function."""
    if 0.3 < x < 0.65:
        s = 2 * (x - 0.5)  # exact; near one half the quotient would lose the digits of the result
        return np.log1p(s) - np.log1p(-s)
    return np.log(x) - np.log1p(-x)


@logit.adjoint("x")
def logit_dx(dy, x):
    return dy / (x * (1 - x))


logit.samples(
    sample(0.3), sample(np.array([0.1, 0.4, 0.9])), sample(np.array([0.29, 0.5 + 1e-9])),
    kink(0.0, expect={"x": np.inf}),
)


@primitive(elementwise=True, floats=True)
def relu(x):
    """The number where it is positive, else zero; the derivative at zero is zero."""
    return np.maximum(x, 0.0)


@relu.adjoint("x")
def relu_dx(dy, x):
    return dy if x > 0 else 0.0


relu.samples(
    sample(0.3),
    sample(-0.3),
    sample(real(2, 3)),
    kink(0.0, expect={"x": 0.0}),
    kink(1e-300, expect={"x": 1.0}),
)


# ---------------------------------------------------------------------------------- the normal distribution


@primitive("scipy.special.erf", math.erf, elementwise=True, floats=True)
def erf(x):
    """The error function."""
    return math.erf(x)


@erf.adjoint("x")
def erf_dx(dy, x):
    return dy * (1.1283791670955126 * np.exp(-x * x))  # 2 / sqrt(pi)


@primitive("scipy.special.erfc", math.erfc, elementwise=True, floats=True)
def erfc(x):
    """One minus the error function, precise where that is small."""
    return math.erfc(x)


@erfc.adjoint("x")
def erfc_dx(dy, x):
    return -dy * (1.1283791670955126 * np.exp(-x * x))  # 2 / sqrt(pi)


@primitive("scipy.special.ndtr", elementwise=True, floats=True)
def ndtr(x):
    """The distribution function of the standard normal distribution."""
    return 0.5 * math.erfc(-x * 0.7071067811865476)  # sqrt(1 / 2)


@ndtr.adjoint("x")
def ndtr_dx(dy, x):
    return dy * (0.3989422804014327 * np.exp(-0.5 * x * x))  # 1 / sqrt(2 pi)


for function in (erf, erfc, ndtr):
    function.samples(sample(0.3), sample(real(2, 3)), sample(np.array([-4.0, 0.0, 4.0])))


@primitive("scipy.special.log_ndtr", elementwise=True, floats=True)
def log_ndtr(x):
    """The logarithm of the distribution function of the standard normal distribution."""
    if x > 0:
        return math.log1p(-0.5 * math.erfc(x * 0.7071067811865476))
    if x > -30:
        return math.log(0.5 * math.erfc(-x * 0.7071067811865476))
    # erfc underflows from -38 on; six terms of the series in 1 / x**2 are exact to 1e-15 from -30 on
    u = 1 / (x * x)
    series = u * (1 - 3 * u * (1 - 5 * u * (1 - 7 * u * (1 - 9 * u * (1 - 11 * u)))))
    # 0.9189… is log(2 pi) / 2
    return -0.5 * x * x - np.log(-x) - 0.9189385332046728 + np.log1p(-series)


@log_ndtr.adjoint("x")
def log_ndtr_dx(dy, x):
    # density over distribution function, of which neither need be representable: sqrt(2 / pi), sqrt(1 / 2)
    return dy * (0.7978845608028654 / erfcx(-0.7071067811865476 * x))


log_ndtr.samples(sample(0.3), sample(real(2, 3)), sample(np.array([-100.0, -31.0, -29.0, -5.0, 5.0])))


# ---------------------------------------------------------------------------------- the gamma function


@kernel
def digamma_of(x):
    """The logarithmic derivative of the gamma function, for one number."""
    if x == 0:
        return -np.copysign(np.inf, x)
    total = 0.0
    if x < 0:
        fraction = x - np.floor(x)
        if fraction == 0:
            return fraction / fraction  # a pole with two signs: nan
        total = total - np.pi / np.tan(np.pi * fraction)
        x = 1 - x
    while x < 10:
        total = total - 1 / x
        x = x + 1
    u = 1 / (x * x)
    series = 1 / 252 - u * (1 / 240 - u * (1 / 132 - u * (691 / 32760 - u / 12)))
    return total + np.log(x) - 0.5 / x - u * (1 / 12 - u * (1 / 120 - u * series))


@kernel
def hurwitz(s, x):
    """The Hurwitz zeta function, the sum of ``(x + k) ** -s`` over all k from 0, for an integer s above 1."""
    total = 0.0
    if x <= 0 and x == np.floor(x):
        return total + np.inf
    while x < 10 + s:
        total = total + x ** -s
        x = x + 1
    # Euler-Maclaurin: the integral, half the first term, and Bernoulli numbers over factorials
    total = total + x ** (1 - s) / (s - 1) + 0.5 * x ** -s
    term = s * x ** (-s - 1)
    k = 1
    for weight in (
        1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600
    ):
        total = total + weight * term
        term = term * ((s + k) * (s + k + 1)) / (x * x)
        k = k + 2
    return total


@primitive("scipy.special.gammaln", math.lgamma, elementwise=True, floats=True)
def gammaln(x):
    """The logarithm of the absolute value of the gamma function."""
    if x <= 0 and x == np.floor(x):
        return np.inf
    return math.lgamma(x)


@gammaln.adjoint("x")
def gammaln_dx(dy, x):
    return dy * digamma(x)


@primitive("scipy.special.gamma", math.gamma, elementwise=True, floats=True)
def gamma(x):
    """The gamma function, ``(x - 1)!`` for integers."""
    if x == 0:
        return np.copysign(np.inf, x)
    if x < 0 and x == np.floor(x):
        return np.nan
    if x > 171.62437695630272:
        return np.inf
    return math.gamma(x)


@gamma.adjoint("x")
def gamma_dx(dy, x, y):
    return dy * (y * digamma(x))


@primitive("scipy.special.rgamma", elementwise=True, floats=True)
def rgamma(x):
    """One divided by the gamma function: zero where that has a pole."""
    if x <= 0 and x == np.floor(x):
        return 0.0
    if x > 171:
        return math.exp(-math.lgamma(x))
    return 1.0 / math.gamma(x)


@rgamma.adjoint("x")
def rgamma_dx(dy, x, y):
    # At -n it is (-1)^n n! (DLMF 5.7.1 and 5.5.3).
    if x <= 0 and x == np.floor(x):
        return dy * (gamma(1 - x) * (1 - 2 * np.abs(np.fmod(x, 2.0))))
    return dy * (-y * digamma(x))


@primitive("scipy.special.psi", "scipy.special.digamma", elementwise=True, floats=True)
def digamma(x):
    """The logarithmic derivative of the gamma function."""
    return digamma_of(x)


@digamma.adjoint("x")
def digamma_dx(dy, x):
    return dy * polygamma(1, x)


@primitive(static=("n",), elementwise=True, floats=True)
def polygamma(n, x):
    """The n-th derivative of the digamma function."""
    if n == 0:
        return digamma_of(x)
    if n % 2 == 0:
        return -math.gamma(n + 1) * hurwitz(n + 1, x)
    return math.gamma(n + 1) * hurwitz(n + 1, x)


@polygamma.adjoint("x")
def polygamma_dx(dy, x, n):
    return dy * polygamma(n + 1, x)


for function in (gammaln, gamma, digamma):
    function.samples(
        sample(0.3),
        sample(5),
        sample(0.5 + abs(real(2, 3))),
        sample(np.array([-7.4, -0.5, 0.1, 12.5, 100.0])),
    )
polygamma.samples(
    sample(0.3, n=1),
    sample(np.array([-2.3, 0.5, 1.0, 12.5, 100.0]), n=1),
    sample(np.array([-2.3, 0.5, 1.0, 12.5, 100.0]), n=2),
    sample(0.7, n=0),
    sample(0.7, n=5),
)


@composite("scipy.special.polygamma")
def scipy_polygamma(n, x):
    """`scipy.special.polygamma`, which gives float64 also for float32."""
    return polygamma(n, cast(x, "float64"))


scipy_polygamma.samples(*(sample(n, np.array([-2.3, 0.5, 1.0, 12.5, 100.0])) for n in (0, 1, 2, 5)))


# ---------------------------------------------------------------------------------- x log y


@primitive("scipy.special.xlogy", elementwise=True, floats=True)
def xlogy(a, b):
    """``a * log(b)``, zero where ``a`` is zero."""
    return 0.0 if a == 0 and b == b else a * np.log(b)


@xlogy.adjoint("a")
def xlogy_da(dy, b):
    return dy * np.log(b)


@xlogy.adjoint("b")
def xlogy_db(dy, a, b):
    return dy * (a / b) if a != 0 or b != 0 else 0.0  # at a = 0 it has a slope by a


xlogy.samples(
    sample(2.5, 0.7),
    sample(real(3), abs(real(2, 3))),
    sample(np.array([0.0, 0.0, 1.0]), np.array([0.7, 2.0, 0.5])),
    kink(0.0, 0.0, expect={"b": 0.0}),
)


@primitive("scipy.special.xlog1py", elementwise=True, floats=True)
def xlog1py(a, b):
    """``a * log(1 + b)``, zero where ``a`` is zero."""
    return 0.0 if a == 0 and b == b else a * np.log1p(b)


@xlog1py.adjoint("a")
def xlog1py_da(dy, b):
    return dy * np.log1p(b)


@xlog1py.adjoint("b")
def xlog1py_db(dy, a, b):
    return dy * (a / (1 + b)) if a != 0 or b != -1 else 0.0


xlog1py.samples(
    sample(2.5, 0.7),
    sample(real(3), abs(real(2, 3))),
    sample(0.0, 0.7),
    kink(0.0, -1.0, expect={"b": 0.0}),
)


@primitive("scipy.special.entr", elementwise=True, floats=True)
def entr(x):
    """``-x * log(x)``, zero at zero and -inf below."""
    return 0.0 if x == 0 else (-np.inf if x < 0 else -x * np.log(x))


@entr.adjoint("x")
def entr_dx(dy, x):
    return dy * (-1 - np.log(x))


entr.samples(sample(0.3), sample(abs(real(2, 3))), kink(0.0, expect={"x": np.inf}))
rgamma.samples(sample(2.5), sample(real(5)), sample(-1.5), sample(0.0), sample(-3.0), sample(160.0))
