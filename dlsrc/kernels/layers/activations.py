"""What stands between the layers of a network: leaky rectifiers, GELU, swish.

``relu`` and ``sigmoid`` are in ``special``, ``softmax`` in ``network``.  GELU: Hendrycks and Gimpel,
*Gaussian Error Linear Units*, arXiv:1606.08415.
"""

import math

import numpy as np

from ..primitive import Refusal, composite, kink, primitive, real, refuse, rejects, sample
from ..special import sigmoid

__all__ = ["gelu", "gelu_exact", "gelu_tanh", "leaky", "leakyrelu", "swish"]


@primitive(elementwise=True, floats=True)
def leaky(x, scale):
    """The number where it is positive, ``scale`` times the number elsewhere."""
    return x if x > 0 else scale * x


@leaky.adjoint("x")
def leaky_dx(dy, x, scale):
    return dy if x > 0 else dy * scale


@leaky.adjoint("scale")
def leaky_dscale(dy, x):
    return dy * np.minimum(x, 0.0)


leaky.samples(
    sample(0.3, 0.1), sample(-0.3, 0.1), sample(real(2, 3), 0.01),
    kink(0.0, 0.1, expect={"x": 0.1, "scale": 0.0}),
)


@composite()
def leakyrelu(x, scale_factor=0.01):
    """The number where it is positive, ``scale_factor`` times the number elsewhere.

    The slope at zero is ``scale_factor``.

    >>> leakyrelu(np.array([-2.0, 0.0, 3.0]), 0.1)
    array([-0.2,  0. ,  3. ])
    """
    return leaky(x, scale_factor)


leakyrelu.samples(sample(real(2, 3)), sample(real(4), 0.3), sample(np.arange(-2, 3), 0.5))


@primitive(elementwise=True, floats=True)
def gelu_exact(x):
    """The number times the probability that a standard normal one is smaller."""
    return 0.5 * x * (1 + math.erf(x * 0.7071067811865476))  # 1 / sqrt(2)


@gelu_exact.adjoint("x")
def gelu_exact_dx(dy, x):
    below = 0.5 * (1 + math.erf(x * 0.7071067811865476))
    return dy * (below + x * (0.3989422804014327 * np.exp(-0.5 * x * x)))  # 1 / sqrt(2 pi)


@primitive(elementwise=True, floats=True)
def gelu_tanh(x):
    """The approximation of GELU by a hyperbolic tangent."""
    return 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))  # sqrt(2 / pi)


@gelu_tanh.adjoint("x")
def gelu_tanh_dx(dy, x):
    t = np.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))
    slope = 0.7978845608028654 * (1 + 0.134145 * x * x)
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope)


@primitive(elementwise=True, floats=True)
def swish(x):
    """The number times its logistic function.

    >>> swish(np.array([-20.0, 0.0, 20.0])).round(6)
    array([-0.,  0., 20.])
    """
    return x * sigmoid(x)


@swish.adjoint("x")
def swish_dx(dy, x):
    s = sigmoid(x)
    return dy * (s + x * (s * (1 - s)))


for _made in (gelu_exact, gelu_tanh, swish):
    _made.samples(sample(0.3), sample(0.0), sample(real(2, 3)), sample(np.array([-30.0, -3.0, 3.0, 30.0])))


@composite()
def gelu(x, approximation="none"):
    """The number times the normal distribution function at it; ``approximation="tanh"`` is the cheaper form.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    if approximation == "none":
        return gelu_exact(x)
    if approximation != "tanh":
        refuse(f"gelu(approximation={approximation!r}): use 'none' or 'tanh'")
    return gelu_tanh(x)


gelu.samples(
    sample(real(2, 3)), sample(real(4), "tanh"), rejects(real(3), "sigmoid", error=Refusal),
)
