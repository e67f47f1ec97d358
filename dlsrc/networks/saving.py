"""Networks in files: arrays as NumPy writes them, and layers as JSON, in one archive.

    network.json                    layers with their options, connections, sizes of the inputs
    learnables/conv/Weights.npy     one member for each array
    state/bn/TrainedMean.npy

`numpy.load` opens it.  A file names classes and functions, it holds none: those of dlsrc and NumPy's
element-wise functions are found by name, those of the user's are handed to `read`.  Everything is compared
with what the layers say before a number is read, so a file that was cut off, changed or made by somebody
else is an error that says what is wrong, and never a network.
"""

import dataclasses
import json
import math
import os
import zipfile
import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from ..dlarray import dlarray, wrap
from ..formats import arranged, checked
from ..kernels.primitive import registry
from . import activating, attending, dropping, inputs, joining, normalizing, remembering, weighted, windows
from .initializing import first_values
from .layer import Layout
from .plan import Plan, planned

__all__ = ["read", "write"]

FORMAT, VERSION, MANIFEST = "dlsrc network", 1, "network.json"
LONGEST = 1 << 26  # of the JSON, in bytes
DTYPES = {"bool", "float32", "float64"} | {f"{s}int{bits}" for s in ("", "u") for bits in (8, 16, 32, 64)}

LAYERS = {
    name: getattr(module, name)
    for module in (
        activating, attending, dropping, inputs, joining, normalizing, remembering, weighted, windows,
    )
    for name in module.__all__
    if isinstance(getattr(module, name), type)
}  # fmt: skip


# ---------------------------------------------------------------------------------- options as JSON


def _encoded(value: Any, place: str) -> Any:
    """An option of a layer; the kinds are those of `layer.static_key`."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, tuple):
        return [_encoded(item, f"{place}[{k}]") for k, item in enumerate(value)]
    name = str(getattr(value, "__name__", ""))
    if isinstance(value, type) and name in DTYPES and issubclass(value, np.generic):
        return {"type": name}
    if isinstance(value, np.ufunc) and vars(np).get(name) is value:
        return {"numpy": name}
    names = [name for name, found in registry.items() if found is value]
    if names:
        return {"dlsrc": names[0]}
    own = getattr(value, "__qualname__", "")
    if own:
        if own.endswith("<lambda>"):
            raise TypeError(
                f"save: {place} is a lambda, which no file can name; write it with def, and hand it to "
                "dlnetwork.load(path, known=[…])"
            )
        return {"yours": own}
    if dataclasses.is_dataclass(value):
        return _encoded_object(value, place)
    raise TypeError(f"save: {place} is a {type(value).__name__}, which no file can name")


def _encoded_object(value: Any, place: str) -> dict:
    cls = type(value)
    kind = "layer" if LAYERS.get(cls.__name__) is cls else "yours"
    return {
        kind: cls.__name__ if kind == "layer" else cls.__qualname__,
        "options": {
            field.name: _encoded(getattr(value, field.name), f"{place}.{field.name}")
            for field in dataclasses.fields(value) if field.init
        },
    }  # fmt: skip


class _Decoder:
    """Options from JSON; ``known`` are the classes and functions of the user's, by name."""

    def __init__(self, known: Iterable[Any]):
        self.known: dict[str, Any] = {}
        for found in known:
            name = getattr(found, "__qualname__", None)
            if name is None:
                raise TypeError(f"load: known has classes and functions, not a {type(found).__name__}")
            if self.known.setdefault(name, found) is not found:
                raise ValueError(f"load: known has two things of the name {name}")

    def __call__(self, value: Any, place: str) -> Any:
        match value:
            case None | bool() | int() | float() | str():
                return value
            case list():
                return tuple(self(item, f"{place}[{k}]") for k, item in enumerate(value))
            case {"float": "inf" | "-inf" | "nan" as text, **rest} if not rest:
                return float(text)
            case {"bytes": str(text), **rest} if not rest:
                return bytes.fromhex(text)
            case {"type": str(name), **rest} if not rest and name in DTYPES:
                return getattr(np, name if name != "bool" else "bool_")
            case {"numpy": str(name), **rest} if not rest and isinstance(vars(np).get(name), np.ufunc):
                return vars(np)[name]
            case {"dlsrc": str(name), **rest} if not rest and name in registry:
                return registry[name]
            case {"yours": str(name), **rest} if not rest:
                return self.named(name, place)
            case {"layer": str(name), "options": dict(options)}:
                return self.object(name, True, options, place)
            case {"yours": str(name), "options": dict(options)}:
                return self.object(name, False, options, place)
        raise ValueError(f"{place} is {json.dumps(value)[:60]}, which no option is")

    def named(self, name: str, place: str) -> Any:
        if name not in self.known:
            raise ValueError(f"{place} is {name}, one of yours: dlnetwork.load(path, known=[{name}])")
        return self.known[name]

    def object(self, name: str, built_in: bool, options: dict, place: str) -> Any:
        if built_in and name not in LAYERS:
            raise ValueError(f"{place} is a {name}, which dlsrc has no layer for")
        cls = LAYERS[name] if built_in else self.named(name, place)
        if not isinstance(cls, type) or not dataclasses.is_dataclass(cls):
            raise ValueError(f"{place} is a {name}, which is no dataclass")
        fields = {field.name for field in dataclasses.fields(cls) if field.init}
        other = [key for key in options if key not in fields]
        if other:
            raise ValueError(f"{place} has the option {other[0]}, and {name} has none of that name")
        return cls(**{key: self(found, f"{place}.{key}") for key, found in options.items()})


# ---------------------------------------------------------------------------------- what fits


def _leaves(tree: Any) -> dict[tuple[str, str], Any]:
    return {(layer, name): x for layer, found in tree.items() for name, x in found.items()}


def _fits(plan: Plan, place: tuple[str, str], found: tuple, expected: tuple, part: str) -> bool:
    if found == expected:
        return True
    layer = next(step.layer for step in plan.steps if step.name == place[0])
    per_observation = part == "state" and getattr(layer, "state_per_observation", False)
    return per_observation and len(found) == len(expected) + 1 and found[:-1] == expected


def _compared(plan: Plan, part: str, found: dict, expected: dict) -> None:
    """Raise where arrays are missing, are too many, or have other shapes (those of ``found``)."""
    for place in expected:
        if place not in found:
            raise ValueError(f"{part} of {place[0]} have no {place[1]}")
    for place, shape in found.items():
        if place not in expected:
            raise ValueError(f"{part} have {place[1]} of {place[0]}, which the layer has not")
        if not _fits(plan, place, shape, expected[place], part):
            raise ValueError(
                f"{part}: {place[1]} of {place[0]} has the shape {shape}, and the layer says "
                f"{expected[place]}"
            )


def _expected(plan: Plan) -> tuple[Plan, dict[str, dict]]:
    """The plan for its input sizes, and the shape of every array."""
    if plan.layouts is None:
        return plan, {"learnables": {}, "state": {}}
    layouts = dict(plan.layouts)
    inputs = [Layout(*layouts[name]) for name in plan.inputs]
    made, learnables, state = first_values(plan, inputs, np.random.default_rng(0), np.float64)
    shapes = [{place: x.shape for place, x in _leaves(tree).items()} for tree in (learnables, state)]
    return plan.made_for(made), {"learnables": shapes[0], "state": shapes[1]}


# ---------------------------------------------------------------------------------- writing


def write(path: Any, plan: Plan, learnables: Any, state: Any) -> None:
    """Write a network to a file, whole or not at all."""
    _, expected = _expected(plan)
    layouts = dict(plan.layouts or ())
    arrays: dict[str, bytes] = {}
    listed: dict[str, list] = {}
    for part, tree in (("learnables", learnables), ("state", state)):
        found = _leaves(tree)
        try:
            _compared(plan, part, {place: np.shape(x) for place, x in found.items()}, expected[part])
        except ValueError as error:
            raise ValueError(f"save: {error}") from None
        listed[part] = []
        for (layer, name), x in found.items():
            data = np.asarray(x.data if isinstance(x, dlarray) else x)
            member = f"{part}/{quote(layer, safe=' ')}/{quote(name, safe=' ')}.npy"
            labels = x.labels if isinstance(x, dlarray) else None
            listed[part].append([layer, name, list(data.shape), data.dtype.name, labels])
            buffer = BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(data).reshape(data.shape), (1, 0), False)
            arrays[member] = buffer.getvalue()
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "layers": [_encoded_object(step.layer, step.name) for step in plan.steps],
        "inputs_of": [list(step.inputs) for step in plan.steps],
        "inputs": {name: layouts.get(name) for name in plan.inputs},
        "outputs": list(plan.outputs),
        **listed,
    }
    text = json.dumps(manifest, indent=1, allow_nan=False)
    target = Path(path)
    draft = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(draft, "w") as file:  # members without a date: equal networks are equal files
            for member, content in ((MANIFEST, text.encode()), *arrays.items()):
                file.writestr(zipfile.ZipInfo(member), content)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


# ---------------------------------------------------------------------------------- reading


def read(path: Any, known: Iterable[Any] = ()) -> tuple[Plan, dict, dict]:
    """The plan, the learnables and the state of a network that was written."""
    decoder = _Decoder(known)
    try:
        with zipfile.ZipFile(path) as file:
            return _read(file, decoder)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} is no network that dlsrc saved, or was cut off: {error}") from None
    except (EOFError, KeyError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    except (ValueError, TypeError, MemoryError) as error:
        raise ValueError(f"{path}: {error}") from None


def _read(file: zipfile.ZipFile, decoder: _Decoder) -> tuple[Plan, dict, dict]:
    members = file.namelist()
    if MANIFEST not in members or file.getinfo(MANIFEST).file_size > LONGEST:
        raise ValueError(f"it is no network that dlsrc saved: it has no {MANIFEST}")
    try:
        manifest = json.loads(file.read(MANIFEST).decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{MANIFEST} is no JSON: {error}") from None
    plan = _plan(manifest, decoder)
    plan, expected = _expected(plan)
    wanted = {MANIFEST}
    found: list[dict] = []
    for part in ("learnables", "state"):
        listed = {(layer, name): rest for layer, name, *rest in _rows(manifest, part)}
        shapes = {place: tuple(rest[0]) for place, rest in listed.items()}
        _compared(plan, part, shapes, expected[part])
        tree: dict[str, dict] = {}
        for layer, name in expected[part]:
            member = f"{part}/{quote(layer, safe=' ')}/{quote(name, safe=' ')}.npy"
            if member not in members:
                raise ValueError(f"the array {member} is missing")
            wanted.add(member)
            _, dtype, labels = listed[layer, name]
            data = _array(file, member, shapes[layer, name], dtype)
            tree.setdefault(layer, {})[name] = data if labels is None else wrap(data, labels)
        found.append(tree)
    if len(members) != len(wanted):
        other = [member for member in members if member not in wanted] or members
        raise ValueError(f"it has {other[0]}, which the network has no place for")
    return plan, found[0], found[1]


def _plan(manifest: Any, decoder: _Decoder) -> Plan:
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError("it is no network that dlsrc saved")
    if manifest.get("version") != VERSION:
        raise ValueError(f"it has version {manifest.get('version')!r}, and this dlsrc reads {VERSION}")
    match manifest:
        case {"layers": list(described), "inputs_of": list(sources), "inputs": dict(inputs)}:
            ends = manifest.get("outputs")
        case _:
            raise ValueError(f"{MANIFEST} lacks layers, connections or inputs")
    layers = []
    for k, one in enumerate(described):
        if not isinstance(one, dict) or not isinstance(one.get("options"), dict):
            raise ValueError(f"layer {k} has no options")
        layer = decoder(one, f"layer {one['options'].get('name', k)!r}")
        if not getattr(layer, "name", ""):
            raise ValueError(f"layer {k} has no name")
        layers.append(layer)
    if len(sources) != len(layers):
        raise ValueError(f"there are {len(layers)} layers, and connections of {len(sources)}")
    names = {layer.name for layer in layers}
    other = [source for given in sources for source in given if source not in names and source != "input"]
    if other:
        raise ValueError(f"a connection comes from {other[0]}, which is no layer")
    ways = [
        (source, layer.name)
        for layer, given in zip(layers, sources, strict=True) for source in given if source in names
    ]  # fmt: skip
    plan = planned(layers, ways)
    if list(plan.inputs) != list(inputs) or not isinstance(ends, list) or set(plan.outputs) != {*ends}:
        raise ValueError("inputs and outputs are not those of the connections")
    layouts = [_layout(layout, name) for name, layout in inputs.items() if layout is not None]
    if layouts and len(layouts) != len(inputs):
        raise ValueError("some inputs have sizes, and some have none")
    made_for = tuple((name, tuple(layout)) for name, layout in zip(inputs, layouts, strict=False))
    return Plan(plan.steps, plan.inputs, tuple(ends), made_for or None)


def _is_shape(given: list) -> bool:
    return all(type(n) is int and n >= 0 for n in given)


def _layout(given: Any, name: str) -> Layout:
    match given:
        case [list(shape), str(labels)] if len(shape) == len(labels) and _is_shape(shape):
            return Layout(tuple(shape), checked(labels))
    raise ValueError(f"the size of the input {name} is {json.dumps(given)[:60]}")


def _rows(manifest: dict, part: str) -> list:
    """The rows (layer, name, shape, dtype, labels) of the arrays."""
    rows = manifest.get(part)
    for row in rows if isinstance(rows, list) else [None]:
        match row:
            case [str(), str(), list(shape), str(dtype), None | str() as labels]:
                if dtype not in DTYPES or not _is_shape(shape):
                    raise ValueError(f"an array of {part} has the type {dtype!r} and the shape {shape}")
                if labels and (len(labels) != len(shape) or arranged(checked(labels))[0] != labels):
                    raise ValueError(f"an array of {part} has the shape {shape} and the format {labels!r}")
            case _:
                raise ValueError(f"{MANIFEST} has no list of {part}")
    assert isinstance(rows, list)
    return rows


def _array(file: zipfile.ZipFile, member: str, shape: tuple, dtype: str) -> np.ndarray:
    """One array; its head is compared before a number is read."""
    expected = np.dtype(dtype)
    with file.open(member) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"the array {member} is of a kind that dlsrc does not write")
        head_shape, by_columns, head_dtype = np.lib.format.read_array_header_1_0(stream)
        if head_shape != shape or head_dtype != expected or by_columns:
            raise ValueError(
                f"the array {member} is of type {head_dtype} and shape {head_shape}; it should be of type "
                f"{dtype} and shape {shape}"
            )
        size = math.prod(shape) * expected.itemsize
        data = stream.read(size + 1)
    if len(data) != size:
        raise ValueError(f"the array {member} has {len(data)} bytes instead of {size}")
    return np.frombuffer(data, head_dtype).reshape(shape).astype(expected)
