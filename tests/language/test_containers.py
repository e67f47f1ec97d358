"""Tuples, named tuples, dataclasses, dicts and lists of arrays: as arguments and inside a function."""

from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, NamedTuple

import numpy as np
import pytest

import dlsrc
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, assert_gradient, matrix, vector

programs = Programs()


class Layer(NamedTuple):
    W: np.ndarray
    b: np.ndarray


@dataclass
class Params:
    scale: float
    shift: np.ndarray


@dataclass(frozen=True)
class Model:
    layers: list
    head: Params


@programs({"w": vector(3), "b": 0.5}, compiled=True)
def a_dictionary(p):
    return np.sum(p["w"] ** 2) * p["b"]


@programs((vector(2), vector(3)))
def a_tuple(p):
    a, b = p
    return np.sum(a) * np.sum(b**2)


@programs([vector(2), 0.7, vector(2, 2)])
def a_list(p):
    return p[1] * np.sum(p[0] ** 2) + np.sum(p[-1] @ p[0])


@programs(Layer(matrix(2, 3), vector(2)), vector(3), argnums=(0, 1), compiled=True)
def a_named_tuple(layer, x):
    return np.sum(np.tanh(layer.W @ x + layer.b) ** 2)


@programs(Params(1.5, vector(3)), compiled=True)
def a_dataclass(p):
    return p.scale * np.sum(p.shift**2)


@programs({"enc": [Layer(matrix(3, 2), vector(3)), Layer(matrix(2, 3), vector(2))], "out": (0.5, {"c": vector(2)})})
def nested(p):
    h = np.array([0.3, -0.6])
    for layer in p["enc"]:
        h = np.tanh(layer.W @ h + layer.b)
    s, rest = p["out"]
    return s * np.sum(h * rest["c"])


@programs(Model([vector(2), vector(2)], Params(0.8, vector(2))))
def a_frozen_dataclass(m):
    s = m.head.scale
    for layer in m.layers:
        s = s * np.sum(layer * m.head.shift)
    return s


@programs([Layer(matrix(2, 2), vector(2)), Layer(matrix(2, 2) * 0.5, vector(2)), Layer(matrix(2, 2), vector(2))],
          vector(2), compiled=True)
def equal_layers(layers, x):
    h = x
    for W, b in layers:
        h = np.tanh(W @ h + b)
    return np.sum(h**2)


@programs({"used": vector(2), "unused": vector(3), "n": 4.0})
def leaves_without_influence(p):
    return np.sum(p["used"] ** 4)


@programs(vector(4))
def a_tuple_made_inside(x):
    pair = (x[0] * x[1], x[2:] * 2.0)
    s, rest = pair
    return s * rest[0] + pair[1][1]


@programs(vector(4))
def a_dictionary_made_inside(x):
    state = {"pos": x[:2] * 1.0, "vel": x[2:] * 1.0}
    for _ in range(3):
        state["pos"] = state["pos"] + 0.1 * state["vel"]
        state["vel"] = state["vel"] - 0.1 * state["pos"] ** 3
    return np.sum(state["pos"] * state["vel"])


@programs(vector(4))
def a_list_appended_to(x):
    parts = []
    parts.append(x[0] * x[1])
    parts.append(x[2] ** 2)
    parts[0] = parts[0] * x[3]
    return parts[0] * parts[1] + parts[-1]


@programs(vector(4))
def a_named_tuple_made_inside(x):
    layer = Layer(W=x[:2] * x[3], b=x[2:])
    layer = layer._replace(b=layer.b**2)
    return np.sum(layer.W * layer.b)


@programs(vector(4))
def a_dataclass_made_inside(x):
    p = Params(x[0], x[1:] * 2.0)
    p = replace(p, scale=p.scale * x[3])
    return p.scale * np.sum(p.shift)


@programs({"w": vector(2), "b": vector(2)})
def over_a_dictionary(p):
    s = 1.0
    for name in p:
        s = s * np.sum(p[name])
    for name, value in p.items():
        if name == "w":
            s = s + np.sum(value**2)
    for value in p.values():
        s = s * value[0]
    return s


@programs({"a": vector(2), "b": vector(2)}, {"a": vector(2), "b": vector(2)}, argnums=(0, 1))
def dictionary_comprehension(p, q):
    both = {name: p[name] * q[name] for name in p}
    return np.sum(both["a"]) * np.sum(both["b"])


@programs([vector(2), vector(2), vector(2)])
def comprehension_sum(p):
    return sum(np.sum(part**2) for part in p) * p[0][0]


@programs(vector(3))
def an_array_unpacked(x):
    a, b, c = x
    return a * b**2 * c**3


@programs(vector(3))
def list_operations(x):
    parts = [x[0], x[1]] + [x[2]]
    parts[0] = parts[0] * parts[2]
    n = len(parts)
    return sum(parts) * n + parts[0]


@programs([vector(2), vector(2)])
def a_container_handed_on(p):
    def norm(parts):
        total = 0.0
        for part in parts:
            total += np.sum(part * part)
        return total

    return norm(p) * norm([p[0], p[0] * p[1]])


@programs({"A": [vector(2), {"B": (vector(2),)}]})
def deep(p):
    return np.sum(p["A"][0] * p["A"][1]["B"][0] ** 2)


@programs({"w": vector(3), "name": "linear", "bias": None}, {"count": 3, "flag": True})
def static_leaves(p, options):
    s = np.sum(p["w"] ** 2) * options["count"]
    if p["name"] == "linear" and options["flag"] and p["bias"] is None:
        s = s * p["w"][0]
    return s


@programs(vector(2, 3))
def an_array_written_inside_a_dictionary(x):
    d = {"y": np.zeros((2, 3))}
    y = d["y"]
    y[0] = x[1] ** 2
    d["y"][1] = y[0] * x[0]
    return np.sum(d["y"])


@programs(vector(3))
def array_from_a_list(x):
    y = np.array([x[0] * x[1], x[2], 2.0])
    z = np.array([[x[0], 1.0], [x[1], x[2]]])
    return np.sum(y**2) * np.sum(z @ z)


@programs([vector(2), vector(2)], [0.5, 1.5], argnums=(0, 1))
def zipped_containers(xs, weights):
    s = 0.0
    for k, (x, w) in enumerate(zip(xs, weights)):
        s += (k + 1) * w * np.sum(x**2)
    return s


test_containers = programs.test()


# ---------------------------------------------------------------------------------- classes that are called


@dataclass
class Plain:
    a: float
    b: float = 2.0
    c: list = field(default_factory=list)


@dataclass(kw_only=True)
class Keyword:
    a: float
    b: float


@dataclass
class Checked:
    a: float
    b: float = 0.0

    def __post_init__(self):
        self.b = self.a * 3.0


@dataclass(init=False)
class Made:
    a: float

    def __init__(self, x):
        self.a = 2.0 * x


def test_a_class_is_called_as_python_calls_it():
    def objective(x):
        p = Plain(x[0], c=[x[1]])
        q = Plain(a=p.a * p.b)
        k = Keyword(b=x[1], a=q.a)
        return k.a * k.b**2 + p.c[0] + len(q.c)

    assert_gradient(objective, vector(2))


@pytest.mark.parametrize("call, said", [
    (lambda x: Plain(x, 1.0, [], 2.0).a, "too many positional"),
    (lambda x: Plain(a=x, d=1.0).a, "unexpected keyword argument 'd'"),
    (lambda x: Keyword(x, 1.0).a, "too many positional"),
    (lambda x: Plain().a * x, "missing a required argument: 'a'"),
    (lambda x: Made(x).a, "runs code of its own"),
], ids=["too many", "unknown", "keyword only", "missing", "init"])  # fmt: skip
def test_a_call_of_a_class_that_is_not_its_fields_is_refused(call, said):
    with pytest.raises(UnsupportedSyntax, match=said):
        dlsrc.grad(call)(1.0)


# ---------------------------------------------------------------------------------- classes are kept


class Named(Layer):
    def size(self):
        return np.sum(self.W**2) * np.sum(self.b)


@dataclass(frozen=True, slots=True)
class Slotted:
    W: np.ndarray
    b: np.ndarray


@dataclass(frozen=True)
class Derived(Slotted):
    scale: float = 1.0


Pair = namedtuple("Pair", "W b")


@dataclass(frozen=True)
class Counted:
    W: np.ndarray
    b: np.ndarray
    power: ClassVar[int] = 3


@programs(vector(4))
def a_class_with_a_variable_of_its_own(x):
    made = Counted(x[:2] * 2.0, x[2:])
    return np.sum(made.W**Counted.power) * np.sum(made.b)


def by_key(p):
    return np.sum(p["W"] ** 2) * np.sum(p["b"])


def by_items(p):
    changed = p.copy()
    changed["W"] = np.sin(p["W"])
    return sum([np.sum(v**2) for v in changed.values()])


def by_name(p):
    return np.sum(p.W**2) * np.sum(p.b)


def by_method(p):
    return p.size()


W, b = vector(3), vector(2)


@pytest.mark.parametrize("f, p", [
    (by_key, OrderedDict(W=W, b=b)), (by_items, OrderedDict(b=b, W=W)), (by_key, {"b": b, "W": W}),
    (by_name, Layer(W, b)), (by_name, Named(W, b)), (by_method, Named(W, b)), (by_name, Slotted(W, b)),
    (by_name, Derived(W, b, 2.0)), (by_name, Pair(W, b)),
])
def test_a_gradient_is_of_the_class_of_its_argument(f, p):
    assert_gradient(f, p)
    y, pullback = dlsrc.vjp(f, p)
    assert y == f(p)
    for made in (dlsrc.grad(f)(p), dlsrc.jacfwd(f)(p), dlsrc.jacrev(f)(p), dlsrc.hessian(f)(p), *pullback(1.0)):
        assert type(made) is type(p)
        if isinstance(p, dict):
            assert list(made) == list(p)


def test_a_list_of_ordered_dicts():
    def f(layers):
        return sum([by_key(layer) for layer in layers])

    found = dlsrc.grad(f)([OrderedDict(W=W, b=b)] * 3)
    assert [type(g) for g in found] == [OrderedDict] * 3


@pytest.mark.parametrize("p, said", [
    (defaultdict(float, W=W, b=b), r"defaultdict, a subclass of dict, is not known; pass dict\(x\)"),
    (MappingProxyType({"W": W, "b": b}), "mappingproxy is neither a number, an array nor a known container; pass its"),
])
def test_mappings_that_are_refused_by_name(p, said):
    for made in (dlsrc.grad, dlsrc.jacfwd, dlsrc.hessian):
        with pytest.raises(TypeError, match=f"p: {said}"):
            made(by_key)(p)


def test_another_list_at_the_end_of_a_trip():
    def rebound(x):
        pair = [x[0], x[1]]
        for _ in range(len(x)):
            pair = [pair[1], x[2] * pair[0]]
        return pair[0] * pair[1]

    def changed(x):
        pair = [x[0], x[1]]
        for _ in range(len(x)):
            pair[0], pair[1] = pair[1], x[2] * pair[0]
        return pair[0] * pair[1]

    assert_gradient(rebound, vector(3))
    assert_gradient(changed, vector(3))
