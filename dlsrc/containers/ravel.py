"""A nest of containers as one float64 vector, for optimizers that know nothing else."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dlarray import dlarray, wrap
from ..structure import flatten, unflatten
from .nodes import Structure, paths

__all__ = ["Unravel", "ravel"]


@dataclass(frozen=True)
class Unravel:
    """Puts a vector back into the containers that `ravel` was given.

    It pickles, and it keeps no array: only the structure, and for each leaf its class, shape and dtype.

    Parameters
    ----------
    structure : Structure
        The containers.
    classes : tuple of type
        What each leaf was: float, np.ndarray, a NumPy scalar or dlarray.
    shapes : tuple of tuple of int
        The shape of each leaf.
    dtypes : tuple of str
        The dtype of each leaf.
    formats : tuple of str
        The labels of each leaf that is a dlarray.
    """

    structure: Structure
    classes: tuple[type, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    formats: tuple[str, ...]

    @property
    def size(self) -> int:
        """The length of the vector."""
        return sum(map(math.prod, self.shapes))

    def __call__(self, vector: Any) -> Any:
        """The containers, with the numbers of ``vector`` as leaves; arrays are copies."""
        vector = np.asarray(vector)
        if vector.shape != (self.size,):
            raise ValueError(f"unravel takes a vector of {self.size} numbers, not of shape {vector.shape}")
        leaves, start = [], 0
        for cls, shape, dtype, fmt in zip(
            self.classes, self.shapes, self.dtypes, self.formats, strict=True
        ):
            stop = start + math.prod(shape)
            part = vector[start:stop].astype(dtype).reshape(shape)
            start = stop
            leaves.append(part if cls is np.ndarray else wrap(part, fmt) if cls is dlarray else cls(part[()]))
        return unflatten(self.structure, leaves)


def ravel(tree: Any) -> tuple[np.ndarray, Unravel]:
    """All numbers of a nest of containers in one float64 vector, and the way back.

    Parameters
    ----------
    tree : container, number or array
        Nested dicts, lists, tuples, NamedTuples and dataclasses of floats, Python ints (which become
        floats) and arrays of float64 or float32.

    Returns
    -------
    vector : numpy.ndarray
        A new float64 vector.
    unravel : Unravel
        ``unravel(vector)`` gives the containers back, float32 leaves as float32.

    Raises
    ------
    TypeError
        For booleans and integer arrays: an optimizer must not move them.

    Examples
    --------
    >>> vector, unravel = ravel({"w": np.eye(2), "b": 3.0})
    >>> vector
    array([1., 0., 0., 1., 3.])
    >>> unravel(2 * vector)["b"]
    6.0
    """
    leaves, structure = flatten(tree, "tree")
    classes = tuple(map(_class_of, leaves))
    arrays = [np.asarray(leaf) for leaf in leaves]
    for k, array in enumerate(arrays):
        if array.dtype.kind != "f" and type(leaves[k]) is not int:
            what = f"{array.dtype.name} array" if array.ndim else f"number of type {type(leaves[k]).__name__}"
            raise TypeError(
                f"{paths(structure, 'tree')[k]}: a {what} is no parameter to move continuously; "
                "make it float64, or keep it out of the tree"
            )
    vector = np.concatenate([np.zeros(0), *(array.ravel().astype(np.float64) for array in arrays)])
    dtypes = tuple("float64" if array.dtype.kind == "i" else array.dtype.name for array in arrays)
    formats = tuple(leaf.labels if type(leaf) is dlarray else "" for leaf in leaves)
    return vector, Unravel(structure, classes, tuple(array.shape for array in arrays), dtypes, formats)


def _class_of(leaf: Any) -> type:
    """The class that a leaf has after the way back."""
    if type(leaf) is int:
        return float
    return np.ndarray if isinstance(leaf, np.ndarray) else type(leaf)
