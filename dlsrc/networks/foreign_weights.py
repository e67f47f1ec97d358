"""Weights from files of others: safetensors, by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..dlarray import dlarray, wrap
from ..lazy import optional

__all__ = ["from_safetensors"]


def from_safetensors(net: Any, path: Any, names: Mapping, strict: bool) -> tuple[dict, dict]:
    """The learnables and the state of a network, with the numbers that a file has for them."""
    read = optional("safetensors.numpy", "load_safetensors").load_file
    given = read(path)
    own = {
        f"{layer}/{name}": (part, layer, name, x)
        for part, tree in (("learnables", net.learnables), ("state", net.state))
        for layer, found in tree.items()
        for name, x in found.items()
    }
    unknown = [name for name in names if name not in own]
    if unknown:
        raise ValueError(f"load_safetensors: the network has no {_some(unknown)}; it has {_some(list(own))}")
    made: dict[str, dict] = {
        "learnables": {layer: dict(found) for layer, found in net.learnables.items()},
        "state": {layer: dict(found) for layer, found in net.state.items()},
    }
    used, missing = set(), []
    for place, (part, layer, name, x) in own.items():
        source = names.get(place, place)
        key, turned = source if isinstance(source, tuple) else (source, None)
        if key not in given:
            missing.append(key if key == place else f"{key} (for {place})")
            continue
        used.add(key)
        numbers = given[key] if turned is None else np.asarray(turned(given[key]))
        if numbers.shape != x.shape:
            raise ValueError(
                f"load_safetensors: {key} has the shape {numbers.shape}, and {place} of the network {x.shape}"
            )
        made[part][layer][name] = _like(x, numbers)
    left = [key for key in given if key not in used]
    if strict and missing:
        raise ValueError(f"load_safetensors: {path} has no {_some(missing)}; it has {_some(list(given))}")
    if strict and left:
        raise ValueError(
            f"load_safetensors: nothing in the network takes {_some(left)}; strict=False leaves them out"
        )
    return made["learnables"], made["state"]


def _like(x: Any, numbers: np.ndarray) -> Any:
    found = np.array(numbers, x.dtype)
    return wrap(found, x.labels) if isinstance(x, dlarray) else found


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
