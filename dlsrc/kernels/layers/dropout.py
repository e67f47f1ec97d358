"""Random zeros, by an explicit key: the same key gives the same zeros, in every process and when compiled.

Element number n is decided by a number that is hashed from the key and n: SplitMix64 (Steele, Lea and Flood,
*Fast Splittable Pseudorandom Number Generators*, 2014).  So there is no state that a program would have to
carry, and the sweep back needs nothing but the factors.
"""

import numpy as np

from ..primitive import composite, kernel, primitive, real, refuse, rejects, sample
from ..types import Array

__all__ = ["drop_factors", "dropout", "hashed"]

STEP = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
THIRTY, TWENTY_SEVEN, THIRTY_ONE, ELEVEN = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@kernel
def hashed(z):
    """Every element of an array of 64 bits mixed, so that neighbours have nothing in common."""
    z = (z ^ (z >> THIRTY)) * FIRST
    z = (z ^ (z >> TWENTY_SEVEN)) * SECOND
    return z ^ (z >> THIRTY_ONE)


@primitive()
def drop_factors(x, probability, key):
    """For every element zero with this probability, else what keeps the expected value."""
    if not 0 <= probability < 1:
        raise ValueError("dropout: the probability is a number from 0 to 1, and not 1")
    start = hashed(np.full(1, key).astype(np.uint64))
    states = hashed(start[0] + np.arange(1, x.size + 1).astype(np.uint64) * STEP)
    out = np.empty(x.size, x.dtype)
    kept = 1 / (1 - probability)
    for i in range(x.size):
        out[i] = 0.0 if (states[i] >> ELEVEN) * 1.1102230246251565e-16 < probability else kept  # 2**-53
    return out.reshape(x.shape)


drop_factors.result(lambda x, probability, key: Array(x.dtype, x.ndim, "C", x.labels))
drop_factors.zero("x", "key")
drop_factors.unknown(
    "probability", "which elements are dropped jumps with the probability: dropout has no derivative by it"
)
drop_factors.samples(
    sample(real(3, 4), 0.5, 7), sample(real(5), 0.25, -1), sample(real(4, 3).T, 0.0, 0),
    rejects(real(3), 1.0, 7, error=ValueError),
)


@composite()
def dropout(x, probability=0.5, *, key=None):
    """The array with elements set to zero at random, the others over ``1 - probability``.

    Parameters
    ----------
    x : array of floats
    probability : that of a zero
    key : integer; another key, other zeros.  In a training loop: a number that counts iterations and layers

    Raises
    ------
    ValueError
        If the probability is not in [0, 1).

    Examples
    --------
    >>> y = dropout(np.ones(8), 0.5, key=3)
    >>> bool(np.all((y == 0) | (y == 2))), bool(np.all(y == dropout(np.ones(8), 0.5, key=3)))
    (True, True)
    """
    if key is None:
        refuse("dropout needs a key, an integer that says which elements go: dropout(x, 0.5, key=step)")
    return x * drop_factors(x, probability, key)


dropout.samples(sample(real(3, 4), key=5), sample(real(7), 0.2, key=11))
