"""Containers are taken apart and put together again; what is no data is refused with its path."""

import ast
import dataclasses
import enum
import math
import pickle
from collections import OrderedDict, UserList, defaultdict
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from scipy import sparse

from dlsrc.dlarray import dlarray, isdlarray
from dlsrc.containers.nodes import key_place, places
from dlsrc.containers.ravel import ravel
from dlsrc.structure import (
    LEAF,
    CustomNode,
    DataclassNode,
    DictNode,
    Leaf,
    ListNode,
    NamedTupleNode,
    Static,
    TupleNode,
    count,
    flatten,
    paths,
    register,
    unflatten,
)

A = np.arange(6.0).reshape(2, 3)


class Pair(NamedTuple):
    first: object
    second: object = 2.0


@dataclasses.dataclass
class Layer:
    weight: object
    bias: object = 0.0
    axis: object = dataclasses.field(default=0, metadata={"static": True})

    def __post_init__(self):
        self.weight = self.weight  # would be noticed below if unflatten ran it
        Layer.made += 1


Layer.made = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    x: object
    y: object


class Colour(enum.IntEnum):
    RED = 1


class Line:
    def __init__(self, slope, offset, label):
        self.slope, self.offset, self.label = slope, offset, label


class Bag:
    def __init__(self, items):
        self.items = items


register(
    Line,
    lambda x: ({"slope": x.slope, "offset": x.offset}, x.label),
    lambda label, parts: Line(**parts, label=label),
)
register(Bag, lambda x: (x.items, None), lambda aux, items: Bag(items))


@pytest.mark.parametrize(
    "leaf",
    [
        1.0, 1, True, -(2**63), np.float32(1), np.int8(1), np.bool_(True), np.float64(2), A, A.T, A[:, ::2],
        np.array(1.5), np.zeros(0), np.arange(3), np.arange(3, dtype="u1"), np.array([True]), np.float32([1]),
        dlarray(A), np.zeros((2, 2), order="F"), math.nan,
    ],
)  # fmt: skip
def test_a_leaf(leaf):
    leaves, structure = flatten(leaf)
    assert len(leaves) == 1
    assert leaves[0] is leaf
    assert structure is LEAF
    assert unflatten(structure, leaves) is leaf


@pytest.mark.parametrize(
    "value",
    ["text", None, math.sin, np, int, len, lambda x: x, b"bytes", ..., range(3), frozenset({1}), Colour.RED, np.str_("a")],
)
def test_a_static(value):
    leaves, structure = flatten(value)
    assert leaves == []
    assert type(structure) is Static
    assert structure.value is value
    assert unflatten(structure, []) is value


TREES = [
    ([1.0, 2.0], ListNode((LEAF, LEAF)), ("p[0]", "p[1]")),
    ((1.0, [A]), TupleNode((LEAF, ListNode((LEAF,)))), ("p[0]", "p[1][0]")),
    (
        {"w": A, 3: 1.0, (1, "a"): 2.0, 'say "hi"': 0.0},
        DictNode(("w", 3, (1, "a"), 'say "hi"'), (LEAF, LEAF, LEAF, LEAF)),
        ('p["w"]', "p[3]", "p[(1, 'a')]", 'p["say \\"hi\\""]'),
    ),
    (OrderedDict(b=1.0, a=2.0), DictNode(("b", "a"), (LEAF, LEAF), OrderedDict), ('p["b"]', 'p["a"]')),
    (Pair(1.0), NamedTupleNode(Pair, (LEAF, LEAF)), ("p.first", "p.second")),
    (Frozen(A, "relu"), DataclassNode(Frozen, ("x", "y"), (LEAF, Static("relu", str))), ("p.x",)),
    (Layer(A, 1.0, 2), DataclassNode(Layer, ("weight", "bias", "axis"), (LEAF, LEAF, Static(2, int))), ("p.weight", "p.bias")),
    (SimpleNamespace(a=1.0, b=[2.0]), DataclassNode(SimpleNamespace, ("a", "b"), (LEAF, ListNode((LEAF,)))), ("p.a", "p.b[0]")),
    (Line(1.0, A, "l"), CustomNode(Line, ("slope", "offset"), (LEAF, LEAF), "l"), ("p.slope", "p.offset")),
    (Bag([1.0, {"x": A}]), CustomNode(Bag, None, (LEAF, DictNode(("x",), (LEAF,)))), ("p[0]", 'p[1]["x"]')),
    ([], ListNode(()), ()),
    ({}, DictNode((), ()), ()),
]


def alike(a, b):
    if isinstance(a, np.ndarray):
        return a is b
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if dataclasses.is_dataclass(a):
        return all(alike(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, Line | Bag | SimpleNamespace):
        return alike(vars(a), vars(b))
    return a == b


@pytest.mark.parametrize(("tree", "node", "where"), TREES, ids=[type(t[0]).__name__ + str(k) for k, t in enumerate(TREES)])
def test_a_container(tree, node, where):
    leaves, structure = flatten(tree)
    assert structure == node
    assert hash(structure) == hash(node)
    assert paths(structure, "p") == where
    assert count(structure) == len(leaves) == len(where)
    assert len(places(structure)) == len(structure.children)
    assert alike(unflatten(structure, leaves), tree)
    assert pickle.loads(pickle.dumps(structure)) == structure


def test_all_of_them_nested():
    tree = [tree for tree, _, _ in TREES]
    leaves, structure = flatten({"all": tree})
    assert alike(unflatten(structure, leaves), {"all": tree})
    assert flatten({"all": tree})[1] == structure


def test_structures_of_different_containers_differ():
    trees = [
        [1.0], (1.0,), {0: 1.0}, {"0": 1.0}, Pair(1.0), Frozen(1.0, 2.0), OrderedDict({0: 1.0}), [1.0, 2.0], [[1.0]], [],
        (), {}, None, "", 1.0, Bag([1.0]), ["a"], ["b"], [None], [np.dtype("f8")], ["float64"], Line(1.0, 1.0, "a"),
        Line(1.0, 1.0, "b"), {"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}, (1.0, "list"), [1.0, "list"],
    ]  # fmt: skip
    structures = [flatten(tree)[1] for tree in trees]
    for k, one in enumerate(structures):
        assert [other == one for other in structures].index(True) == k
        assert sum(other == one for other in structures) == 1


def test_leaves_of_another_type_have_the_same_structure():
    assert flatten({"a": 1.0})[1] == flatten({"a": A})[1] == flatten({"a": dlarray(A)})[1]


@pytest.mark.parametrize('key', ['w', 'a"b', "it's", 'both \\ \' and "', 'a\\"', "a\\'", 'line\nbreak', 'é'])
def test_the_place_of_a_key_is_python(key):
    place = key_place(key)
    assert place.startswith('["')
    assert ast.literal_eval(place) == [key]


def test_there_is_one_leaf():
    assert Leaf() is LEAF
    assert pickle.loads(pickle.dumps(LEAF)) is LEAF
    assert repr(flatten([1.0, "a"])[1]) == (
        "ListNode(children=(Leaf(), Static('a')), tag='list', cls=<class 'list'>)"
    )


def test_dataclasses_are_rebuilt_without_their_constructor():
    leaves, structure = flatten(Layer(A))
    before = Layer.made
    unflatten(structure, leaves)
    assert Layer.made == before


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"layer": [np.zeros(2, object)]}, 'params["layer"][0]: an object array is not data'),
        ({"layer": [1.0, 2j]}, 'params["layer"][1]: complex numbers are not supported'),
        (np.zeros(2, complex), "params: complex128 is not supported"),
        (np.complex64(1), "params: complex64 is not supported"),
        ([np.array(["a"])], "params[0]: an array of str32 is not data"),
        (np.zeros(2, ">f8"), "params: a big-endian array (>f8)"),
        (np.zeros(2, "f2"), "params: float16 is not supported; pass x.astype(np.float64)"),
        (np.longdouble(1), "is not supported; pass x.astype(np.float64)"),
        (np.zeros(2, [("a", "f8"), ("b", "f8")]), "params: a structured array is not supported; pass its fields a, b"),
        (np.zeros(2, "M8[s]"), "params: datetime64[s] is no number"),
        (Pair(1.0, np.matrix([[1.0]])), "params.second: np.matrix is not supported"),
        (Frozen(1.0, np.ma.masked_array([1.0])), "params.y: masked arrays are not supported; pass x.filled(value)"),
        (np.rec.array([(1.0,)], dtype=[("a", "f8")]), "params: recarray, a subclass of np.ndarray"),
        ({"s": {1.0}}, 'params["s"]: set is neither a number, an array nor a known container'),
        (defaultdict(list), "params: defaultdict, a subclass of dict, is not known; pass dict(x)"),
        (UserList([1.0]), "params: UserList is neither a number"),
        (sparse.csr_array(np.eye(2)), "params: csr_array: sparse arrays are not supported; pass x.toarray()"),
        ([2**63], "params[0]: this int does not fit 64 bits"),
        (type("Metre", (float,), {})(1.0), "params: Metre, a subclass of float, is not supported; pass float(x)"),
        (SimpleNamespace(a={"b": 1j}), 'params.a["b"]: complex'),
        (Line(1.0, 1j, ""), "params.offset: complex"),
        (Line(1.0, 1.0, []), "params: the flatten function of Line gave a second result without a hash"),
        (Layer(1.0, 1.0, [1]), "params.axis: a static field needs a value with a hash, and a list has none"),
        (Layer(1.0, 1j), "params.bias: complex"),
    ],
)
def test_what_is_no_data_is_refused_with_its_path(tree, message):
    with pytest.raises(TypeError) as caught:
        flatten(tree, "params")
    assert message in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_container_in_itself_is_refused():
    tree = {}
    tree["self"] = tree
    with pytest.raises(TypeError, match="one contains itself"):
        flatten(tree)


def test_array_likes_of_others_are_refused():
    class Series:
        def __array__(self, dtype=None, copy=None):
            return A

    with pytest.raises(TypeError, match=r"Series is not an array of NumPy's; pass np.asarray\(x\)"):
        flatten(Series())


@pytest.mark.parametrize("leaves", [[], [1.0], [1.0, 2.0, 3.0]])
def test_the_number_of_leaves_is_checked(leaves):
    with pytest.raises(ValueError, match=f"{len(leaves)} leaves for a structure of 2"):
        unflatten(flatten([0.0, {"a": 0.0}])[1], leaves)


# ---------------------------------------------------------------------------------- ravel


def test_ravel_and_back():
    tree = {"w": A, "b": 3, "f": np.float32([1.5, 2.5]), "d": dlarray([7.0]), "name": "n", "s": np.float64(4), "z": np.array(9.0)}
    vector, unravel = ravel(tree)
    assert vector.dtype == np.float64
    assert vector.flags.owndata
    assert vector.tolist() == [0, 1, 2, 3, 4, 5, 3, 1.5, 2.5, 7, 4, 9]
    back = pickle.loads(pickle.dumps(unravel))(2 * vector)
    np.testing.assert_array_equal(back["w"], 2 * A)
    assert type(back["b"]) is float
    assert back["f"].dtype == np.float32
    assert isdlarray(back["d"])
    assert type(back["s"]) is np.float64
    assert type(back["z"]) is np.ndarray
    assert back["z"].shape == ()
    assert back["name"] == "n"
    assert not np.shares_memory(back["w"], vector)
    assert unravel.size == 12


def test_ravel_of_one_array_and_of_nothing():
    vector, unravel = ravel(A.T)
    np.testing.assert_array_equal(unravel(vector), A.T)
    vector[:] = 0
    assert A.sum() == 15
    assert ravel({})[0].shape == (0,)


@pytest.mark.parametrize("leaf", [True, np.arange(3), np.array([True]), np.int64(1), np.bool_(True)])
def test_ravel_refuses_what_an_optimizer_must_not_move(leaf):
    with pytest.raises(TypeError, match=r"tree\[\"k\"\]: a .* is no parameter to move continuously"):
        ravel({"k": leaf})


def test_unravel_checks_the_length():
    with pytest.raises(ValueError, match="a vector of 6 numbers"):
        ravel(A)[1](np.zeros(5))
