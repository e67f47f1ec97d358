"""Layers that slide windows and learn nothing: pools; and how many windows there are."""

from dataclasses import dataclass
from typing import Any

from ..kernels import avgpool, maxpool
from .layer import Layer, Layout

__all__ = [
    "AveragePoolingLayer", "GlobalAveragePoolingLayer", "GlobalMaxPoolingLayer", "MaxPoolingLayer",
    "after_windows", "margins", "per_axis", "slid",
]  # fmt: skip


def slid(layout: Layout) -> str:
    """The labels of the dimensions that windows slide along: all S, or T where there is none.

    >>> slid(Layout((8, 8, 3, 1), "SSCB")), slid(Layout((3, 1, 20), "CBT"))
    ('SS', 'T')
    """
    found = "S" * layout.labels.count("S") or "T" * layout.labels.count("T")
    if not found:
        raise ValueError("windows slide along spatial dimensions, S, or along time, T; there are none")
    return found


def per_axis(given: Any, along: str, what: str) -> tuple[int, ...]:
    """A number, or one for each dimension, as one for each.

    >>> per_axis(3, "SS", "stride")
    (3, 3)
    """
    found = (given,) * len(along) if isinstance(given, int) else tuple(given)
    if len(found) != len(along) or not all(isinstance(n, int) for n in found):
        raise ValueError(f"{what} is a number, or a tuple of {len(along)}; {given!r} is neither")
    return found


def margins(given: Any, count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What is added, or cut away, before and after each dimension.

    >>> margins(1, 2), margins(((0, 1), (2, 3)), 2)
    (((1, 1), (1, 1)), ((0, 1), (2, 3)))
    """
    if isinstance(given, int):
        return (given,) * count, (given,) * count
    if len(given) == 2 and all(isinstance(part, tuple) for part in given):
        return given
    return tuple(given), tuple(given)


def after_windows(layout: Layout, size: Any, stride: Any, padding: Any, dilation: Any = 1) -> Layout:
    """The layout in which a dimension has a place for each window."""
    along = slid(layout)
    sizes = layout.sizes(along)
    taps, strides = per_axis(size, along, "the size of the windows"), per_axis(stride, along, "stride")
    dilations = per_axis(dilation, along, "dilation_factor")
    if isinstance(padding, str):
        made = [-(-n // s) for n, s in zip(sizes, strides, strict=True)]
    else:
        before, after = margins(padding, len(along))
        made = [
            (n + a + b - d * (k - 1) - 1) // s + 1
            for n, k, s, d, a, b in zip(sizes, taps, strides, dilations, before, after, strict=True)
        ]
    if min(made) < 1:
        raise ValueError(f"a window of size {taps} is larger than the padded input of size {sizes}")
    return layout.with_size(along[0], *made)


@dataclass(frozen=True)
class MaxPoolingLayer(Layer):
    """The largest element of each window.

    >>> MaxPoolingLayer(2, stride=2).output(Layout((28, 28, 8, 1), "SSCB")).shape
    (14, 14, 8, 1)
    """

    pool_size: int | tuple[int, ...]
    stride: int | tuple[int, ...] = 1
    padding: Any = 0
    name: str = ""

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        return after_windows(layout, self.pool_size, self.stride, self.padding)

    def forward(self, X: Any, params: Any) -> Any:
        return maxpool(X, self.pool_size, stride=self.stride, padding=self.padding)


@dataclass(frozen=True)
class AveragePoolingLayer(Layer):
    """The mean of each window; ``padding_value="mean"``: margins do not count."""

    pool_size: int | tuple[int, ...]
    stride: int | tuple[int, ...] = 1
    padding: Any = 0
    padding_value: Any = 0
    name: str = ""

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        return after_windows(layout, self.pool_size, self.stride, self.padding)

    def forward(self, X: Any, params: Any) -> Any:
        return avgpool(
            X, self.pool_size, stride=self.stride, padding=self.padding, padding_value=self.padding_value
        )


@dataclass(frozen=True)
class GlobalMaxPoolingLayer(Layer):
    """The largest element of each channel; the spatial dimensions have length one then, or time has."""

    name: str = ""

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        along = slid(layout)
        return layout.with_size(along[0], *(1,) * len(along))

    def forward(self, X: Any, params: Any) -> Any:
        return maxpool(X, "global")


@dataclass(frozen=True)
class GlobalAveragePoolingLayer(Layer):
    """The mean of each channel; the spatial dimensions have length one then, or time has."""

    name: str = ""

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        along = slid(layout)
        return layout.with_size(along[0], *(1,) * len(along))

    def forward(self, X: Any, params: Any) -> Any:
        return avgpool(X, "global")
