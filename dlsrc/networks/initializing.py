"""What the layers of a plan learn and remember at first, and how large everything is."""

from typing import Any

import numpy as np

from ..dlarray import dlarray
from .layer import Layout, output_of
from .plan import Plan

__all__ = ["first_values", "input_layouts"]


def first_values(
    plan: Plan, inputs: list[Layout], rng: np.random.Generator, dtype: Any
) -> tuple[dict[str, Layout], dict[str, dict], dict[str, dict]]:
    """The layouts of all outputs by layer, the learnables and the state.

    Raises
    ------
    ValueError, TypeError
        If the sizes of a layer's inputs do not go together, naming the layer.
    """
    layouts = dict(zip(plan.inputs, inputs, strict=True))
    learnables: dict[str, dict] = {}
    state: dict[str, dict] = {}
    for step in plan.steps:
        given = tuple(layouts[name] for name in step.inputs)
        try:
            params, remembered = _first(step, given, rng, dtype)
            if step.kind != "input":
                layouts[step.name] = output_of(step.layer, given, params, remembered)
        except (ValueError, TypeError) as error:
            sizes = ", ".join(f"{shape} {labels!r}" for shape, labels in given)
            raise type(error)(f"layer {step.name!r}, with input {sizes}: {error}") from None
        if params:
            learnables[step.name] = params
        if remembered:
            state[step.name] = remembered
    return layouts, learnables, state


def _first(step: Any, given: tuple[Layout, ...], rng: np.random.Generator, dtype: Any) -> tuple[dict, dict]:
    """What a layer learns and remembers, at first."""
    method = getattr(step.layer, "initialize", None)
    params: dict = {}
    state: dict = {}
    if method is not None:
        found = method(*given, rng)
        params, state = found if step.kind == "stateful" else (found, {})
    return tuple(  # type: ignore[return-value]
        {name: dlarray(np.asarray(x).astype(dtype)) for name, x in part.items()} for part in (params, state)
    )


def input_layouts(plan: Plan, X: tuple) -> list[Layout]:
    """The layouts of the inputs, by examples of them, or as the input layers say.

    Raises
    ------
    ValueError
        If there are neither, or an example has no labels.
    """
    layers = {step.name: step.layer for step in plan.steps}
    if not X:
        if plan.begins_openly:
            raise ValueError("initialize(X): there is no input layer, so an example says the sizes")
        return [layers[name].layout() for name in plan.inputs]
    if len(X) != len(plan.inputs):
        raise ValueError(f"the network has the inputs {', '.join(plan.inputs)}; {len(X)} were given")
    for x in X:
        if not isinstance(x, dlarray) or not x.labels:
            raise ValueError("the example must be a formatted dlarray: dlarray(X, 'SSCB'), say")
    return [Layout(x.shape, x.labels) for x in X]
