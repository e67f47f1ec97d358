"""Layers that join several inputs or change the dimensions of one."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays.dimensions import dims, stripdims
from ..dlarray import dlarray
from .layer import Layer, Layout

__all__ = ["AdditionLayer", "ConcatenationLayer", "FlattenLayer", "MultiplicationLayer", "ReshapeLayer"]


def _alike(layouts: tuple[Layout, ...]) -> Layout:
    if len(layouts) < 2:
        raise ValueError("two inputs or more are joined, and one is connected")
    if len({layout.labels for layout in layouts}) > 1:
        raise ValueError("the inputs are of several formats")
    shape = np.broadcast_shapes(*(layout.shape for layout in layouts))
    return Layout(tuple(map(int, shape)), layouts[0].labels)


@dataclass(frozen=True)
class AdditionLayer(Layer):
    """The sum of its inputs."""

    name: str = ""

    def output(self, *layouts: Layout) -> Layout:
        return _alike(layouts)

    def forward(self, *inputs: Any) -> Any:
        total = inputs[0]
        for X in inputs[1:-1]:
            total = total + X
        return total


@dataclass(frozen=True)
class MultiplicationLayer(Layer):
    """The product of its inputs, element by element."""

    name: str = ""

    def output(self, *layouts: Layout) -> Layout:
        return _alike(layouts)

    def forward(self, *inputs: Any) -> Any:
        total = inputs[0]
        for X in inputs[1:-1]:
            total = total * X
        return total


@dataclass(frozen=True)
class ConcatenationLayer(Layer):
    """The inputs side by side, along the first dimension of a label: "C" if not said otherwise.

    >>> ConcatenationLayer().output(Layout((4, 1), "CB"), Layout((3, 1), "CB")).shape
    (7, 1)
    """

    dimension: str = "C"
    name: str = ""

    def output(self, *layouts: Layout) -> Layout:
        first = layouts[0]
        if len({layout.labels for layout in layouts}) > 1 or self.dimension not in first.labels:
            raise ValueError(f"the inputs must have one format, with a dimension {self.dimension}")
        at = first.labels.index(self.dimension)
        rests = {layout.shape[:at] + layout.shape[at + 1 :] for layout in layouts}
        if len(rests) > 1:
            raise ValueError(f"the inputs must have the same lengths, but for dimension {self.dimension}")
        total = sum(layout.shape[at] for layout in layouts)
        return Layout((*first.shape[:at], total, *first.shape[at + 1 :]), first.labels)

    def forward(self, *inputs: Any) -> Any:
        return np.concatenate(inputs[:-1], axis=dims(inputs[0]).index(self.dimension))


@dataclass(frozen=True)
class FlattenLayer(Layer):
    """The spatial dimensions and the channels as one, the channels running fastest: "SSCB" gives "CB".

    >>> FlattenLayer().output(Layout((4, 4, 3, 1), "SSCB"))
    Layout(shape=(48, 1), labels='CB')
    """

    name: str = ""

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        spatial = layout.labels.count("S")
        if "C" not in layout.labels:
            raise ValueError("a dimension C is needed")
        return Layout((layout.features(), *layout.shape[spatial + 1 :]), layout.labels[spatial:])

    def forward(self, X: Any, params: Any) -> Any:
        labels = dims(X).replace("S", "")
        at = len(dims(X)) - len(labels)
        return dlarray(np.reshape(stripdims(X), (-1, *X.shape[at + 1 :])), labels)


@dataclass(frozen=True)
class ReshapeLayer(Layer):
    """The numbers of each observation in another shape: ``ReshapeLayer((7, 7, 64), "SSC")``.

    The dimensions S and C are put into this shape and this format; the batch and time stay.
    """

    size: tuple[int, ...]
    format: str = ""
    name: str = ""

    def labels(self) -> str:
        return self.format or "S" * (len(self.size) - 1) + "C"

    def output(self, layout: Layout) -> Layout:  # type: ignore[override]
        if int(np.prod(self.size)) != layout.features():
            raise ValueError(f"{layout.features()} numbers cannot have the shape {self.size}")
        if self.labels().strip("S") != "C" or len(self.labels()) != len(self.size):
            raise ValueError(f"the format of the shape {self.size} has a letter for each, S and at last C")
        rest = layout.labels.replace("S", "").replace("C", "")
        return Layout((*self.size, *layout.sizes("BTU")), self.labels() + rest)

    def forward(self, X: Any, params: Any) -> Any:
        rest = dims(X).replace("S", "").replace("C", "")
        at = len(dims(X)) - len(rest)
        return dlarray(np.reshape(stripdims(X), (*self.size, *X.shape[at:])), self.labels() + rest)
