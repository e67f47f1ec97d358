"""The numbers that learning starts from.

Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks*, AISTATS 2010;
He et al., arXiv:1502.01852; Saxe, McClelland and Ganguli, arXiv:1312.6120.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["STARTS", "started"]


def _glorot(shape: tuple, fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    bound = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, shape)


def _he(shape: tuple, fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    return np.sqrt(2 / fan_in) * rng.standard_normal(shape)


def _orthogonal(shape: tuple, fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # of all orthogonal matrices none is likelier
    return (q if rows >= columns else q.T).reshape(shape)


def _narrow_normal(shape: tuple, fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    return 0.01 * rng.standard_normal(shape)


def _zeros(shape: tuple, fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    return np.zeros(shape)


def _ones(shape: tuple, fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    return np.ones(shape)


STARTS: dict[str, Callable] = {
    "glorot": _glorot, "he": _he, "orthogonal": _orthogonal, "narrow-normal": _narrow_normal,
    "zeros": _zeros, "ones": _ones,
}  # fmt: skip


def started(start: Any, shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> Any:
    """An array of this shape to start from.

    Parameters
    ----------
    start : str or function
        A key of `STARTS`, or a function of the shape and the generator.
    fan_in, fan_out : int
        How many numbers one number of the output comes from, and how many one of the input goes to.

    >>> started("he", (2, 3), 3, 2, np.random.default_rng(0)).shape
    (2, 3)
    """
    if callable(start):
        made = np.asarray(start(shape, rng))
        if made.shape != shape:
            raise ValueError(f"the initializer gave the shape {made.shape}, and {shape} was asked for")
        return made
    if start not in STARTS:
        known = ", ".join(map(repr, STARTS))
        raise ValueError(f"an initializer is one of {known}, or a function; not {start!r}")
    return STARTS[start](shape, fan_in, fan_out, rng)
