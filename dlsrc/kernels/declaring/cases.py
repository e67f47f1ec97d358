"""Where a declaration is tested: calls, kinks with their promises, calls that must be refused."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from ...records import field, record

__all__ = ["Kink", "Rejection", "Sample", "Tested", "kink", "real", "rejects", "sample"]


@record(frozen=True)
class Sample:
    """One call at which a primitive is tested: positional arguments, and the static ones by name."""

    args: tuple
    static: Mapping[str, Any] = field(default_factory=dict)


@record(frozen=True)
class Kink:
    """A point without a derivative, and the one that dlsrc promises there."""

    args: tuple
    expect: Mapping[str, Any]
    static: Mapping[str, Any] = field(default_factory=dict)


@record(frozen=True)
class Rejection:
    """A call that must be refused, with the class of the error."""

    args: tuple
    error: type[Exception]
    static: Mapping[str, Any] = field(default_factory=dict)


Case = Sample | Kink | Rejection

class Tested:
    """Something that is declared with the cases at which it is tested."""

    def __init__(self) -> None:
        self._cases: list[Case | Callable[[], Iterable[Case]]] = []

    def samples(self, *cases: Case | Callable[[], Iterable[Case]]) -> None:
        """Where the declaration is tested.

        A function gives cases that take work to make, as factors of matrices do: nobody waits for them who
        imports dlsrc.
        """
        self._cases += cases

    @property
    def cases(self) -> tuple[Case, ...]:
        if any(map(callable, self._cases)):
            made = [each() if callable(each) else (each,) for each in self._cases]
            self._cases = [case for several in made for case in several]
        return tuple(self._cases)  # type: ignore[arg-type]

    @cases.setter
    def cases(self, cases: Iterable[Case]) -> None:
        self._cases = list(cases)


def sample(*args: Any, **static: Any) -> Sample:
    """A call to test the declaration at: ``sample(real(3, 4), axis=0)``."""
    return Sample(args, MappingProxyType(static))


def kink(*args: Any, expect: Mapping[str, Any], **static: Any) -> Kink:
    """A promise at a kink: ``kink(0.0, expect={"x": 0.0})``; the cotangent of the result is one."""
    return Kink(args, MappingProxyType(dict(expect)), MappingProxyType(static))


def rejects(*args: Any, error: type[Exception], **static: Any) -> Rejection:
    """A call to be refused: ``rejects(real(3, 4), real(3, 2), error=ValueError)``."""
    return Rejection(args, error, MappingProxyType(static))


def real(*shape: int, dtype: str = "float64") -> np.ndarray:
    """A standard normal array, seeded by its shape, so that copying the line reproduces it."""
    return _normal(shape).astype(dtype)


@cache
def _normal(shape: tuple[int, ...]) -> np.ndarray:
    # 2,500 samples of 130 shapes are made when the primitives are imported.
    return np.random.default_rng([7, *shape]).standard_normal(shape)
