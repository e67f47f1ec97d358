"""``pow``, of two numbers: where it is tried, and how far from the truth it is."""

import numpy as np
from mpmath import mp, mpf

from dlsrc.kernels.vector_math.powers import pow_double, pow_single
from tests.vector_math.measure import HAS_LONG, LONG, unit_of

KERNELS = pow_double, pow_single
LIMIT = 4
SPECIAL = (
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, -2.5, np.inf, -np.inf, np.nan, 5e-324, 1e-310, -1e-310,
    1e308, -1e308, 2.0**52 + 1, 2.0**53 - 1, 1 - 2.0**53, 2.0**53, 1 + 2.0**-52, 1 - 2.0**-53, 1e20, -1e20, 1074.0, -1074.0,
    1075.0, 1023.0, 1024.0,
)  # fmt: skip


def points(count, dtype, seed=0):
    """Pairs of numbers: all special ones with each other, near one, far from it, negative ones, any bits."""
    rng = np.random.default_rng(seed)
    n = max(count // 5, 1)
    size = 8 * np.dtype(dtype).itemsize
    with np.errstate(all="ignore"):
        special = np.array(SPECIAL).astype(dtype)
        pairs = [
            np.meshgrid(special, special),
            (rng.uniform(0, 3, n), rng.uniform(-20, 20, n)),
            (np.exp(rng.uniform(-1e-3, 1e-3, n)), rng.uniform(-7e5, 7e5, n)),
            (np.exp(rng.uniform(-700, 700, n)), rng.uniform(-2, 2, n)),
            (-np.exp(rng.uniform(-30, 30, n)), rng.integers(-20, 20, n)),
            [rng.integers(0, 2**size, n, dtype=f"uint{size}").view(dtype) for _ in range(2)],
        ]
        return tuple(np.concatenate([np.ravel(p[k]).astype(dtype) for p in pairs]) for k in range(2))


def errors(x, y, got):
    """In units in the last place: by ``long double``, and the worst hundred by mpmath.

    What the C library's function of a float64 says is no number, infinite or zero must be exactly that.
    """
    info = np.finfo(got.dtype)
    with np.errstate(all="ignore"):
        true = np.power(x.astype(LONG), y.astype(LONG))
        exponent = np.clip(np.frexp(true)[1] - 1, info.minexp, info.maxexp - 1)
        found = np.asarray(abs(got.astype(LONG) - true) / np.ldexp(LONG(1), exponent - info.nmant), float)
        too_large = np.isinf(got) & (abs(true) > LONG(info.max)) & (np.sign(got) == np.sign(true))
        same = (np.isnan(got) & np.isnan(true)) | ((got == true) & (np.signbit(got) == np.signbit(true)))
    found[too_large | same] = 0.0
    found[~np.isfinite(found)] = np.inf
    for k in np.argsort(found)[-100:] if HAS_LONG else range(len(x)):
        plain = np.isfinite(x[k]) and np.isfinite(y[k]) and x[k] > 0 and np.isfinite(got[k]) and np.isfinite(found[k])
        if plain and abs(true[k]) < 2 * LONG(info.max):
            exact = mp.power(mpf(float(x[k])), mpf(float(y[k])))
            found[k] = float(abs(mpf(float(got[k])) - exact) / unit_of(exact, got.dtype))
    return found
