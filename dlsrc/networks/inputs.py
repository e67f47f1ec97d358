"""Where data comes in, and how it is laid out: sizes and labels, from which all other sizes follow."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..formats import arranged, checked
from .layer import Layer, Layout

__all__ = ["FeatureInputLayer", "ImageInputLayer", "InputLayer", "SequenceInputLayer"]


@dataclass(frozen=True)
class _Input(Layer):
    is_input: ClassVar[bool] = True

    def layout(self) -> Layout:
        raise TypeError("an input layer says the layout of its data")

    def forward(self, X: Any, params: Any) -> Any:
        return X


@dataclass(frozen=True)
class FeatureInputLayer(_Input):
    """A batch of vectors, format "CB".

    >>> FeatureInputLayer(4).layout()
    Layout(shape=(4, 1), labels='CB')
    """

    input_size: int
    name: str = ""

    def layout(self) -> Layout:
        return Layout((self.input_size, 1), "CB")


@dataclass(frozen=True)
class ImageInputLayer(_Input):
    """A batch of pictures, (height, width, channels), or of volumes; format "SSCB" or "SSSCB".

    >>> ImageInputLayer((28, 28, 1)).layout()
    Layout(shape=(28, 28, 1, 1), labels='SSCB')
    """

    input_size: tuple[int, ...]
    name: str = ""

    def layout(self) -> Layout:
        return Layout((*self.input_size, 1), "S" * (len(self.input_size) - 1) + "CB")


@dataclass(frozen=True)
class SequenceInputLayer(_Input):
    """A batch of sequences, format "CBT"; the weights do not depend on the number of times."""

    input_size: int
    name: str = ""
    length: int = 1

    def layout(self) -> Layout:
        return Layout((self.input_size, 1, self.length), "CBT")


@dataclass(frozen=True)
class InputLayer(_Input):
    """Data of any format: ``InputLayer((32, 3, None), "SCB")``; None is a length that nothing depends on.

    >>> InputLayer((None, 3), "BC").layout()
    Layout(shape=(3, 1), labels='CB')
    """

    input_size: tuple[int | None, ...]
    input_format: str
    name: str = ""

    def layout(self) -> Layout:
        labels, order = arranged(checked(self.input_format, "InputLayer: the format"))
        sizes = [1 if n is None else n for n in self.input_size]
        if len(sizes) != len(labels):
            raise ValueError(f"InputLayer: {len(sizes)} sizes, and the format {self.input_format!r}")
        return Layout(tuple(sizes[k] for k in order), labels)
