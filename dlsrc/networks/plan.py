"""From layers and connections to steps: which layer is computed when, and from what.

    [image, conv, relu, (add)], connections=[("image", "conv", "relu", "add"), ("image", "add")]

    steps   conv <- image;   relu <- conv;   add <- relu, image

A plan is frozen, and equal to another where their programs are the same: it is a part of what a program is
built for, and nothing of it is left when the program runs.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .layer import checked_layer, static_key

__all__ = ["Plan", "Step", "planned"]


@dataclass(frozen=True, eq=False)
class Step:
    """One layer: what it is computed from, and how it is called."""

    layer: Any
    name: str
    inputs: tuple[str, ...]
    kind: str  # "input", "plain", "stateful" or "random"
    has_predict: bool


class Plan:
    """The steps of a network in an order in which each comes after its inputs.

    ``inputs`` and ``outputs`` are names of layers; an input without a layer of its own has the name "input".
    ``layouts`` are the sizes that the weights were made for, by layer; None before there are any.
    """

    __slots__ = ("__dict__", "_hash", "_key")

    def __init__(
        self, steps: tuple[Step, ...], inputs: tuple[str, ...], outputs: tuple[str, ...],
        layouts: tuple[tuple[str, tuple], ...] | None = None,
    ):  # fmt: skip
        self.steps = steps
        self.inputs = inputs
        self.outputs = outputs
        self.layouts = layouts
        self._key = (tuple((s.inputs, static_key(s.layer)) for s in steps), inputs, outputs, layouts)
        self._hash = hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(other) is Plan and self._hash == other._hash and self._key == other._key

    def __repr__(self) -> str:
        return f"Plan of {len(self.steps)} layers"

    def __reduce__(self) -> tuple:
        return Plan, (self.steps, self.inputs, self.outputs, self.layouts)

    def made_for(self, layouts: Mapping[str, tuple]) -> "Plan":
        """The plan with the sizes of its outputs."""
        found = tuple((name, tuple(layout)) for name, layout in layouts.items())
        return Plan(self.steps, self.inputs, self.outputs, found)

    @property
    def begins_openly(self) -> bool:
        """Whether there is no input layer, so that an example has to say the sizes."""
        return all(step.kind != "input" for step in self.steps)

    @property
    def layers(self) -> tuple:
        """The layers, in the order of the steps."""
        return tuple(step.layer for step in self.steps)

    @property
    def connections(self) -> tuple[tuple[str, str], ...]:
        """Pairs of names: from where, to where."""
        names = {step.name for step in self.steps}
        return tuple(
            (source, step.name) for step in self.steps for source in step.inputs if source in names
        )


def planned(layers: Sequence, connections: Iterable[Sequence[str]] | None) -> Plan:
    """The plan of these layers: one after the other, or as the connections say.

    Parameters
    ----------
    layers : sequence of layers
        Those without a name get one, of their class: ``relu``, ``relu_1``, ….
    connections : iterable of sequences of names, optional
        Each is a way through the network.  Where several ways come to one layer, its inputs are in the order
        in which they are listed.

    Raises
    ------
    TypeError
        For what is no layer.
    ValueError
        For a name that is used twice or not known, and where ways go in a circle.
    """
    if not isinstance(layers, Iterable) or isinstance(layers, str):
        layers = (layers,)
    named = _named(list(layers))
    if not named:
        raise ValueError("dlnetwork: a network has at least one layer")
    names = list(named)
    if connections is None:
        connections = [tuple(names)] if len(names) > 1 else []
    sources: dict[str, list[str]] = {name: [] for name in names}
    followed: set[str] = set()
    for way in connections:
        if isinstance(way, str) or len(way) < 2:
            raise ValueError(f"dlnetwork: a connection is a tuple of two or more names, not {way!r}")
        for name in way:
            if name not in named:
                raise ValueError(f"dlnetwork: {name!r} is connected, and the layers are {', '.join(names)}")
        for source, target in pairwise(way):
            if _is_input(named[target]):
                raise ValueError(f"dlnetwork: {target!r} is an input, and {source!r} is connected to it")
            sources[target].append(source)
            followed.add(source)
    order = _ordered(names, sources)
    steps, inputs = [], [name for name in names if _is_input(named[name])]
    open_ends = [name for name in names if not sources[name] and not _is_input(named[name])]
    if len(open_ends) > 1 or open_ends and inputs:
        raise ValueError(
            f"dlnetwork: nothing is connected to {', '.join(map(repr, open_ends))}; connect it, or give it "
            "an input layer"
        )
    for name in order:
        layer = named[name]
        kind = "input" if _is_input(layer) else "plain"
        for flag in ("stateful", "random"):
            if getattr(layer, flag, False):
                kind = flag
        given = tuple(sources[name]) or (() if kind == "input" else ("input",))
        steps.append(Step(layer, name, given, kind, hasattr(type(layer), "predict")))
    outputs = tuple(name for name in names if name not in followed)
    return Plan(tuple(steps), tuple(inputs) or ("input",), outputs)


def _is_input(layer: Any) -> bool:
    return bool(getattr(layer, "is_input", False))


def _named(layers: list) -> dict[str, Any]:
    """The layers by name; those without one get one."""
    for layer in layers:
        checked_layer(layer)
    taken = {layer.name for layer in layers if layer.name}
    found: dict[str, Any] = {}
    for layer in layers:
        if not layer.name:
            stem = short_name(type(layer).__name__)
            k, name = 0, stem
            while name in taken:
                k += 1
                name = f"{stem}_{k}"
            taken.add(name)
            layer = dataclasses.replace(layer, name=name)
        if layer.name in found or layer.name == "input" and not _is_input(layer):
            raise ValueError(f"dlnetwork: two layers have the name {layer.name!r}; each needs one of its own")
        found[layer.name] = layer
    return found


def short_name(cls: str) -> str:
    """What a layer is called after its class.

    >>> short_name("FullyConnectedLayer"), short_name("ReluLayer")
    ('fully_connected', 'relu')
    """
    stem = cls.removesuffix("Layer") or cls
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in stem).strip("_")


def _ordered(names: list[str], sources: dict[str, list[str]]) -> list[str]:
    """The names, each after its sources; otherwise in the order in which they were given."""
    order: list[str] = []
    left = list(names)
    while left:
        ready = next((n for n in left if all(s in order for s in sources[n])), None)
        if ready is None:
            raise ValueError(f"dlnetwork: {', '.join(map(repr, left))} are connected in a circle")
        order.append(ready)
        left.remove(ready)
    return order
