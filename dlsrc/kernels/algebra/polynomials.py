"""Polynomials as vectors of coefficients, the highest power first, and convolutions, which multiply them."""

import numpy as np

from ..declaring.axes import common_dtype, known
from ..primitive import Refusal, composite, primitive, real, refuse, rejects, sample
from ..types import Array, Scalar, unlabelled
from .singular import lstsq

__all__ = [
    "convolve", "convolved", "correlate", "poly", "polyadd", "polyder", "polyfit", "polyint", "polymul",
    "polynomial", "polynomial_at", "polysub", "polyval", "powers", "vander",
]

# ---------------------------------------------------------------------------------- values


@primitive()
def polynomial(p, x):
    """The values of a polynomial at the places of a vector, by Horner's rule."""
    out = np.zeros(x.shape[0], p.dtype)
    for i in range(x.shape[0]):
        total = p.dtype.type(0)
        for k in range(p.shape[0]):
            total = total * x[i] + p[k]
        out[i] = total
    return out


@polynomial.result
def polynomial_result(p, x):
    return Array(p.dtype, 1, "C", unlabelled(p, x))


@polynomial.adjoint("p")
def polynomial_dp(dy, x, p_shape):
    out = np.zeros(p_shape[0], dy.dtype)
    for i in range(x.shape[0]):
        power = dy[i]
        for k in range(p_shape[0] - 1, -1, -1):
            out[k] += power
            power *= x[i]
    return out


@polynomial.adjoint("x")
def polynomial_dx(dy, p, x):
    out = np.empty(x.shape[0], dy.dtype)
    for i in range(x.shape[0]):
        total = dy.dtype.type(0)
        slope = dy.dtype.type(0)
        for k in range(p.shape[0]):
            slope = slope * x[i] + total
            total = total * x[i] + p[k]
        out[i] = dy[i] * slope
    return out


@primitive()
def polynomial_at(p, x):
    """The value of a polynomial at one place."""
    total = p.dtype.type(0)
    for k in range(p.shape[0]):
        total = total * x + p[k]
    return total


@polynomial_at.result
def polynomial_at_result(p, x):
    return Scalar(p.dtype, labels=unlabelled(p, x))


@polynomial_at.adjoint("p")
def polynomial_at_dp(dy, p, x):
    out = np.empty_like(p)
    power = p.dtype.type(1)
    for k in range(p.shape[0] - 1, -1, -1):
        out[k] = dy * power
        power *= x
    return out


@polynomial_at.adjoint("x")
def polynomial_at_dx(dy, p, x):
    total = p.dtype.type(0)
    slope = p.dtype.type(0)
    for k in range(p.shape[0]):
        slope = slope * x + total
        total = total * x + p[k]
    return dy * slope


@polynomial.tangent("x")
def polynomial_tx(tx, p, x):
    return polynomial_dx(tx, p, x)


@polynomial_at.tangent("x")
def polynomial_at_tx(tx, p, x):
    return polynomial_at_dx(tx, p, x)


polynomial.linear("p")
polynomial_at.linear("p")
polynomial.samples(
    sample(real(4), real(5)), sample(real(1), real(3)), sample(real(0), real(3)), sample(real(3), real(0)),
    sample(real(8)[::2], real(6)[::2]), sample(np.arange(3), np.arange(4)),
)
polynomial_at.samples(
    sample(real(4), np.float64(0.3)), sample(real(1), np.float64(0.3)), sample(real(0), np.float64(0.3)),
    sample(real(8)[::2], np.float64(-1.3)),
)


@composite(np.polyval)
def polyval(p, x):
    """The value of the polynomial with coefficients ``p`` at ``x``, a number or an array."""
    if p.ndim != 1:
        refuse("the coefficients of a polynomial are a vector")
    dtype = common_dtype(p.dtype, x.dtype)
    if p.dtype != dtype:
        p = p.astype(dtype)
    if x.dtype != dtype:
        x = x.astype(dtype)
    if x.ndim == 0:
        return polynomial_at(p, x)
    if x.ndim == 1:
        return polynomial(p, x)
    return np.reshape(polynomial(p, np.ravel(x)), x.shape)


polyval.samples(
    sample(real(4), np.float64(0.3)), sample(real(4), real(3)), sample(real(3), real(2, 3)),
    sample(np.array([1, 2]), real(3)), sample(real(3), np.arange(3)), sample(real(3), real(3, 2).T),
)

# ---------------------------------------------------------------------------------- powers


@primitive()
def powers(x, n):
    """The powers 0, 1, … ``n - 1`` of each element of a vector, a row for each."""
    out = np.ones((x.shape[0], n), x.dtype)
    for i in range(x.shape[0]):
        for k in range(1, n):
            out[i, k] = out[i, k - 1] * x[i]
    return out


@powers.result
def powers_result(x, n):
    if x.ndim != 1:
        refuse("the powers of a vector: ravel the array first")
    return Array(x.dtype, 2, "C", unlabelled(x))


@powers.adjoint("x")
def powers_dx(dy, x, y):
    out = np.zeros(x.shape[0], dy.dtype)
    for i in range(x.shape[0]):
        for k in range(1, y.shape[1]):
            out[i] += dy[i, k] * (k * y[i, k - 1])
    return out


powers.zero("n")
powers.samples(
    sample(real(4), 3), sample(real(4), 1), sample(real(4), 0), sample(real(0), 3), sample(real(6)[::2], 4),
    sample(np.arange(3), 3), rejects(real(2, 2), 3, error=Refusal),
)


@composite(np.vander)
def vander(x, N=None, increasing=False):
    """The matrix of the powers of a vector, the highest first; as many as elements where ``N`` is None."""
    n = x.shape[0] if N is None else N
    if increasing:
        return powers(x, n)
    return powers(x, n)[:, ::-1]


vander.samples(sample(real(3)), sample(real(3), 4), sample(real(4), 2, increasing=True))

# ---------------------------------------------------------------------------------- convolution


@primitive()
def convolved(a, b):
    """The coefficients of the product of two polynomials: ``y[k]`` is the sum of ``a[i] * b[k - i]``."""
    if a.shape[0] == 0 or b.shape[0] == 0:
        raise ValueError("a convolution needs vectors with elements")
    out = np.zeros(a.shape[0] + b.shape[0] - 1, a.dtype)
    for i in range(a.shape[0]):
        part = out[i:i + b.shape[0]]
        for j in range(b.shape[0]):
            part[j] += a[i] * b[j]
    return out


@convolved.result
def convolved_result(a, b):
    return Array(a.dtype, 1, "C", unlabelled(a, b))


@convolved.adjoint("a")
def convolved_da(dy, b, a_shape):
    out = np.empty(a_shape[0], dy.dtype)
    for i in range(a_shape[0]):
        part = dy[i:i + b.shape[0]]
        total = dy.dtype.type(0)
        for j in range(b.shape[0]):
            total += part[j] * b[j]
        out[i] = total
    return out


@convolved.adjoint("b")
def convolved_db(dy, a, b_shape):
    out = np.zeros(b_shape[0], dy.dtype)
    for i in range(a.shape[0]):
        part = dy[i:i + b_shape[0]]
        for j in range(b_shape[0]):
            out[j] += part[j] * a[i]
    return out


convolved.multilinear("a", "b")
convolved.samples(
    sample(real(4), real(3)), sample(real(2), real(5)), sample(real(1), real(1)),
    sample(real(8)[::2], real(6)[::2]), sample(np.arange(3), np.arange(2)),
    rejects(real(0), real(3), error=ValueError),
)


@composite()
def product_of(a, b):
    """The convolution of two vectors with elements, in their common dtype."""
    if a.ndim != 1 or b.ndim != 1:
        refuse("convolution is of vectors: ravel the arrays, or write loops over the rows")
    dtype = common_dtype(a.dtype, b.dtype)
    if a.dtype != dtype:
        a = a.astype(dtype)
    if b.dtype != dtype:
        b = b.astype(dtype)
    return convolved(a, b)


@composite(np.convolve)
def convolve(a, v, mode="full"):
    """The discrete convolution of two vectors."""
    y = product_of(a, v)
    m, n = a.shape[0], v.shape[0]
    if mode == "full":
        return y
    short, long = min(m, n), max(m, n)
    if mode == "same":
        start = (short - 1) // 2
        return y[start:start + long]
    if mode == "valid":
        return y[short - 1:long]
    refuse(f"convolve(mode={mode!r}): use 'full', 'same' or 'valid'")


@composite(np.correlate)
def correlate(a, v, mode="valid"):
    """The cross-correlation of two vectors: ``y[k]`` is the sum of ``a[i + k] * v[i]``."""
    y = product_of(a, v[::-1])
    m, n = a.shape[0], v.shape[0]
    if mode == "full":
        return y
    short, long = min(m, n), max(m, n)
    if mode == "same":
        # NumPy correlates the longer with the shorter and turns the result around.
        start = (short - 1) // 2 if m >= n else short // 2
        return y[start:start + long]
    if mode == "valid":
        return y[short - 1:long]
    refuse(f"correlate(mode={mode!r}): use 'full', 'same' or 'valid'")


for _composite in (convolve, correlate):
    _composite.samples(
        sample(real(5), real(3)), sample(real(5), real(3), mode="same"),
        sample(real(5), real(3), mode="valid"), sample(real(5), real(2), mode="same"),
        sample(real(2), real(5), mode="same"), sample(real(3), real(5)),
        sample(real(3), real(4), mode="same"), sample(real(2), real(5), mode="valid"),
        sample(real(3), np.arange(2)), sample(real(3), real(2), mode="full"),
        rejects(real(3), real(2), mode="half", error=Refusal), rejects(real(3, 2), real(2), error=Refusal),
    )

# ---------------------------------------------------------------------------------- arithmetic


@composite()
def raised(a, n):
    """The coefficients with zeros before them, ``n`` in all."""
    return np.concatenate((np.zeros(n - a.shape[0], a.dtype), a))


@composite(np.polyadd)
def polyadd(a1, a2):
    """The sum of two polynomials."""
    n = max(a1.shape[0], a2.shape[0])
    return raised(a1, n) + raised(a2, n)


@composite(np.polysub)
def polysub(a1, a2):
    """The difference of two polynomials."""
    n = max(a1.shape[0], a2.shape[0])
    return raised(a1, n) - raised(a2, n)


@composite(np.polymul)
def polymul(a1, a2):
    """The product of two polynomials; zeros before the first coefficient are kept."""
    return product_of(a1, a2)


@composite(np.polyder)
def polyder(p, m=1):
    """The coefficients of the ``m``-th derivative of a polynomial."""
    for _ in range(known(m)):
        n = p.shape[0]
        p = p[:max(n - 1, 0)] * np.arange(max(n - 1, 0), 0, -1)
    return p


@composite(np.polyint)
def polyint(p, m=1, k=None):
    """The coefficients of the ``m``-th integral of a polynomial, with constants ``k`` (zero)."""
    times = known(m)
    if times > 1 and k is not None:
        refuse("polyint with several constants: integrate once for each")
    for _ in range(times):
        constant = np.zeros(1) if k is None else np.ravel(k)
        p = np.concatenate((p / np.arange(p.shape[0], 0, -1), constant))
    return p


@composite(np.poly)
def poly(seq_of_zeros):
    """The coefficients of the polynomial with these roots."""
    if seq_of_zeros.ndim != 1:
        refuse("poly of a matrix needs its eigenvalues: take np.linalg.eigvalsh of a symmetric one")
    n = seq_of_zeros.shape[0]
    out = np.zeros(n + 1)
    out[0] = 1.0
    for k in range(n):
        for j in range(k + 1, 0, -1):
            out[j] = out[j] - seq_of_zeros[k] * out[j - 1]
    return out


@composite(np.polyfit)
def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    """The coefficients of the polynomial of a degree that fits best in the sense of least squares."""
    if known(full) or known(cov):
        refuse("polyfit with full or cov: write np.linalg.lstsq of np.vander(x, deg + 1)")
    powers_of_x = vander(x.astype("float64"), deg + 1)
    right = y.astype("float64")
    if w is not None:
        powers_of_x = powers_of_x * w[:, np.newaxis]
        right = right * w if y.ndim == 1 else right * w[:, np.newaxis]
    size = np.sqrt(np.sum(powers_of_x * powers_of_x, axis=0))
    cut = x.shape[0] * 2.0**-52 if rcond is None else rcond
    c = lstsq(powers_of_x / size, right, cut)[0]
    return c / size if y.ndim == 1 else c / size[:, np.newaxis]


polyfit.samples(
    sample(real(6), real(6)[::-1], 2), sample(real(5), real(5, 2), 1),
    sample(real(5), real(5)[::-1], 1, w=abs(real(5))),
    rejects(real(5), real(5), 1, full=True, error=Refusal),
)
polyadd.samples(sample(real(3), real(2)), sample(real(2), real(4)), sample(real(3), real(3)))
polysub.samples(sample(real(3), real(2)), sample(real(2), real(4)))
polymul.samples(sample(real(3), real(2)), sample(real(1), real(4)))
polyder.samples(sample(real(4)), sample(real(4), 2), sample(real(1)), sample(real(3), 0))
polyint.samples(sample(real(3)), sample(real(3), 2), sample(real(2), 1, np.float64(0.5)))
poly.samples(sample(real(3)), sample(real(1)), rejects(real(2, 2), error=Refusal))
