"""What a layer is: a frozen dataclass that says how it is computed, and holds no numbers that are learned.

A class of the user's is a layer if it is a frozen dataclass with a field ``name`` and a method ``forward``:

    forward(X, ..., params)          the inputs, then the dict of what is learned; gives the output
    predict(X, ..., params)          the same in use, not in training; ``forward``, if left out
    initialize(layout, ..., rng)     the dict of what is learned, by the sizes of the inputs; or left out
    output(layout, ...)              the size of the output; if left out, it is tried on zeros

``stateful = True`` on the class: ``initialize`` gives two dicts, ``forward`` and ``predict`` take the
second, the state, and give the output and the state.  ``random = True``: ``forward`` takes a ``key`` last.

Fields are numbers, strings, None, functions, and tuples of these: they are known when a program is built.
"""

import dataclasses
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..dlarray import dlarray

__all__ = ["Layer", "Layout", "checked_layer", "of_layer", "output_of", "static_key"]

PLAIN = (bool, int, float, str, bytes, type(None))


class Layout(NamedTuple):
    """The sizes and labels of an array that goes into a layer, before there is an array.

    >>> Layout((28, 28, 1, 128), "SSCB").size("C")
    1
    """

    shape: tuple[int, ...]
    labels: str

    def size(self, label: str) -> int:
        """The length of the dimension with this label; one if there is none."""
        return self.shape[self.labels.index(label)] if label in self.labels else 1

    def sizes(self, labels: str) -> tuple[int, ...]:
        """The lengths of all dimensions with one of these labels."""
        return tuple(n for n, label in zip(self.shape, self.labels, strict=True) if label in labels)

    def features(self) -> int:
        """How many numbers an observation has, at one time."""
        return int(np.prod(self.sizes("SC")))

    def with_size(self, label: str, *sizes: int) -> "Layout":
        """The layout with other lengths of the dimensions of this label."""
        feed = iter(sizes)
        pairs = zip(self.shape, self.labels, strict=True)
        return Layout(tuple(next(feed) if a == label else n for n, a in pairs), self.labels)


@dataclasses.dataclass(frozen=True)
class Layer:
    """What the layers here have in common: nothing that is learned, an output as large as the input."""

    stateful: ClassVar[bool] = False
    random: ClassVar[bool] = False

    def initialize(self, *layouts: Any) -> Any:
        """What is learned."""
        return {}

    def output(self, *layouts: Any) -> Layout:
        """The size of what comes out."""
        return layouts[0]


def checked_layer(layer: Any) -> None:
    """Raise where an object is no layer, saying what it lacks.

    Raises
    ------
    TypeError
    """
    cls = type(layer)
    if isinstance(layer, type):
        raise TypeError(f"{layer.__name__} is a class; a layer is an object of it: {layer.__name__}(…)")
    if not callable(getattr(layer, "forward", None)):
        raise TypeError(f"{cls.__name__} is no layer: it has no method forward(X, params)")
    if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise TypeError(
            f"a layer is a frozen dataclass, so that it stays what was compiled; write "
            f"@dataclass(frozen=True) above class {cls.__name__}"
        )
    if not isinstance(getattr(layer, "name", None), str):
        raise TypeError(f'the layer {cls.__name__} needs a field `name: str = ""`')
    static_key(layer)


def static_key(value: Any, place: str = "") -> Any:
    """A value that tells two layers apart wherever their programs differ: 1 is not 1.0, nor True.

    Raises
    ------
    TypeError
        For a field whose value may change, naming it.
    """
    cls = type(value)
    if cls in PLAIN:
        return cls, repr(value)
    if cls is tuple:
        return cls, tuple(static_key(item, f"{place}[{k}]") for k, item in enumerate(value))
    if isinstance(value, FunctionType | BuiltinFunctionType | type | np.ufunc) or hasattr(value, "body"):
        return cls, value
    if dataclasses.is_dataclass(cls) and cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        fields = [(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)]
        prefix = f"{place}." if place else f"{cls.__name__}."
        return cls, tuple((name, static_key(item, prefix + name)) for name, item in fields)
    hint = "a tuple" if isinstance(value, list) else "a number, a string, a tuple of them or a function"
    if isinstance(value, np.ndarray | dlarray | dict):
        hint = "what is learned comes from initialize(…); an option is a number, a string or a tuple"
    raise TypeError(f"{place or cls.__name__} is a {cls.__name__}; layers hold options only: {hint}")


def of_layer(name: str, method: Callable, *given: Any) -> Any:
    """A layer's method called; what goes wrong in it says in which layer."""
    try:
        return method(*given)
    except Exception as error:
        error.add_note(f"in layer {name!r}")
        raise


of_layer.__dlsrc_special__ = "layer"  # type: ignore[attr-defined]


def output_of(layer: Any, layouts: tuple[Layout, ...], params: dict, state: Any) -> Layout:
    """The layout of what comes out of a layer; one that does not say is tried on zeros."""
    method: Callable | None = getattr(layer, "output", None)
    if method is not None:
        return Layout(*method(*layouts))
    zeros = [dlarray(np.zeros(shape), labels) for shape, labels in layouts]
    run = getattr(layer, "predict", layer.forward)
    found = run(*zeros, params, state)[0] if getattr(layer, "stateful", False) else run(*zeros, params)
    if not isinstance(found, dlarray):
        raise TypeError(f"{type(layer).__name__}.forward gave a {type(found).__name__}, not a dlarray")
    return Layout(found.shape, found.labels)
