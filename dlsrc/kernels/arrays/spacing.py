"""Numbers in equal steps, or in equal ratios, between two ends."""

import numpy as np

from ..declaring.axes import known
from ..primitive import composite, refuse, sample
from .creation import grid

__all__ = ["geomspace", "linspace", "logspace"]


@composite(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """Evenly spaced numbers, their count given."""
    if start.ndim > 0 or stop.ndim > 0:
        refuse("linspace between arrays: write a + (b - a) * np.linspace(0, 1, num)[:, np.newaxis]")
    y = grid(start, stop, num, endpoint)
    if dtype is not None:
        y = y.astype(dtype)
    if known(retstep):
        return y, (stop - start) / np.maximum(num - 1 if endpoint else num, 1)
    return y


@composite(np.logspace)
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    """Powers of ``base`` with evenly spaced exponents."""
    if start.ndim > 0 or stop.ndim > 0:
        refuse("logspace between arrays: write base ** of a linspace")
    y = base ** grid(start, stop, num, endpoint)
    return y if dtype is None else y.astype(dtype)


@composite(np.geomspace)
def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """Numbers in equal ratios from ``start`` to ``stop``, which have one sign."""
    if start.ndim > 0 or stop.ndim > 0:
        refuse("geomspace between arrays: write start * (stop / start) ** of a linspace")
    t = grid(0.0, 1.0, num, endpoint)
    y = start * (stop / start) ** t
    return y if dtype is None else y.astype(dtype)


linspace.samples(
    sample(np.float64(0.5), np.float64(2.0), 5), sample(np.float64(0.5), np.float64(2.0), 4, endpoint=False),
    sample(np.int64(0), np.int64(3)), sample(np.float64(0.5), np.float64(2.0), 5, retstep=True),
    sample(np.float64(0.5), np.float64(2.0), 3, dtype=np.float32),
)
logspace.samples(
    sample(np.float64(0.0), np.float64(2.0), 5), sample(np.float64(0.0), np.float64(2.0), 4, base=2.0),
)
geomspace.samples(
    sample(np.float64(0.5), np.float64(8.0), 5), sample(np.float64(-1.0), np.float64(-4.0), 3),
    sample(np.float64(0.5), np.float64(8.0), 4, endpoint=False),
)
