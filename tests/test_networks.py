"""Networks: sizes, weights, values and gradients by hand; training with MATLAB's loops."""

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import dlsrc
from dlsrc import crossentropy, dlarray, dlfeval, dlgradient, dlnetwork, dlupdate, forward, mse, predict
from dlsrc.errors import DifferentiationError
from dlsrc.networks import (
    AdditionLayer, AveragePoolingLayer, BatchNormalizationLayer, ConcatenationLayer, ConvolutionLayer,
    CrossChannelNormalizationLayer, DropoutLayer, EluLayer, EmbeddingLayer, FeatureInputLayer, FlattenLayer,
    FullyConnectedLayer, FunctionLayer, GeluLayer, GlobalAveragePoolingLayer, GlobalMaxPoolingLayer,
    GroupNormalizationLayer, GruLayer, ImageInputLayer, InstanceNormalizationLayer, LayerNormalizationLayer,
    LeakyReluLayer, LstmLayer, MaxPoolingLayer, MultiplicationLayer, ReluLayer, ReshapeLayer,
    SigmoidLayer, SoftmaxLayer, SwishLayer, TanhLayer, TransposedConvolutionLayer,
)
from tests.oracle import extrapolated

RNG = np.random.default_rng(7)


def pictures(n=3, size=6, channels=2):
    return dlarray(RNG.standard_normal((size, size, channels, n)), "SSCB")


def small():
    return dlnetwork(
        [
            ImageInputLayer((6, 6, 2)), ConvolutionLayer(3, 4, padding="same", name="conv"),
            BatchNormalizationLayer(name="bn"), ReluLayer(), MaxPoolingLayer(2, stride=2),
            FullyConnectedLayer(3, name="fc"), SoftmaxLayer(),
        ]
    )  # fmt: skip


def model_loss(net, X, T):
    Y, state = forward(net, X, return_state=True)
    loss = crossentropy(Y, T)
    return loss, dlgradient(loss, net.learnables), state


TARGETS = dlarray(np.eye(3)[:, [0, 2, 1]], "CB")


def shifted(net, layer, name, index, by):
    """A network of which one number is another."""
    def moved(x):
        data = x.data.copy()
        data[index] += by
        return dlarray(data, x.labels or None)

    tree = {key: dict(found) for key, found in net.learnables.items()}
    tree[layer][name] = moved(tree[layer][name])
    return net.replace(learnables=tree)


def assert_gradient_of(net, loss_of, gradients):
    """Some numbers of every array against differences."""
    assert list(gradients) == list(net.learnables)
    for layer, found in net.learnables.items():
        assert list(gradients[layer]) == list(found)
        for name, x in found.items():
            assert gradients[layer][name].shape == x.shape
            flat = sorted({0, x.size // 2, x.size - 1})
            for k in flat:
                index = np.unravel_index(k, x.shape)
                at = lambda t, place=(layer, name, index): float(loss_of(shifted(net, *place, t)))  # noqa: E731
                expected, _ = extrapolated(at, 1e-3)
                assert abs(gradients[layer][name].data[index] - expected) < 1e-7, (layer, name, index)


# ---------------------------------------------------------------------------------- weights and sizes


def test_learnables_are_tables_and_trees():
    net = small()
    assert repr(net.learnables).splitlines()[2:4] == [
        "conv    Weights     3x3x2x4 dlarray", "conv    Bias        1x4 dlarray",
    ]  # fmt: skip
    leaves, structure = dlsrc.structure.flatten(net.learnables)
    assert [x.shape for x in leaves] == [(3, 3, 2, 4), (4,), (4,), (4,), (3, 36), (3,)]
    assert type(dlsrc.structure.unflatten(structure, leaves)) is type(net.learnables)
    assert list(net.state) == ["bn"] and repr(dlnetwork([FeatureInputLayer(2)]).learnables) == "no parameters"


def test_one_seed_one_network():
    a, b, c = small(), small(), dlnetwork(list(small().layers), rng=np.random.default_rng(3))
    assert np.array_equal(a.learnables["fc"]["Weights"].data, b.learnables["fc"]["Weights"].data)
    assert not np.array_equal(a.learnables["fc"]["Weights"].data, c.learnables["fc"]["Weights"].data)


@pytest.mark.parametrize(
    ("start", "holds"),
    [
        ("glorot", lambda w: np.abs(w).max() <= np.sqrt(6 / 500) and abs(w.var() * 250 - 1) < 0.05),
        ("he", lambda w: abs(w.var() * 300 / 2 - 1) < 0.05),
        ("orthogonal", lambda w: np.allclose(w @ w.T, np.eye(200), atol=1e-12)),
        ("narrow-normal", lambda w: abs(w.std() / 0.01 - 1) < 0.05),
        ("zeros", lambda w: not w.any()),
        ("ones", lambda w: (w == 1).all()),
        (lambda shape, rng: np.full(shape, 2.5), lambda w: (w == 2.5).all()),
    ],
)
def test_initializers(start, holds):
    net = dlnetwork([FeatureInputLayer(300), FullyConnectedLayer(200, weights_initializer=start, name="fc")])
    weights = net.learnables["fc"]["Weights"].data
    assert weights.shape == (200, 300) and holds(weights)
    assert not net.learnables["fc"]["Bias"].data.any()


def test_single_precision():
    net = dlnetwork([FeatureInputLayer(3), FullyConnectedLayer(2)], dtype=np.float32)
    assert net.learnables["fully_connected"]["Weights"].dtype == np.float32
    assert predict(net, dlarray(np.ones((3, 1), np.float32), "CB")).dtype == np.float32
    again = dlupdate(np.float64, net)  # MATLAB's dlupdate(@double, net)
    assert again.learnables["fully_connected"]["Weights"].dtype == np.float64
    assert isinstance(again.learnables["fully_connected"]["Weights"], dlarray)
    assert net.learnables["fully_connected"]["Weights"].dtype == np.float32


UNARY = [
    ConvolutionLayer((3, 2), 4, stride=(2, 1), padding=1), ConvolutionLayer(3, 4, padding="same", stride=2),
    ConvolutionLayer(2, 4, num_groups=2, dilation_factor=2), ConvolutionLayer(2, 3, padding=((0, 1), (1, 0))),
    TransposedConvolutionLayer(3, 2, stride=2), TransposedConvolutionLayer(4, 2, stride=2, cropping="same"),
    TransposedConvolutionLayer(3, 2, stride=2, cropping=1),
    MaxPoolingLayer(2, stride=2), MaxPoolingLayer((2, 3), padding="same"),
    AveragePoolingLayer(3, stride=2, padding=1), GlobalAveragePoolingLayer(), GlobalMaxPoolingLayer(),
    BatchNormalizationLayer(), LayerNormalizationLayer(), GroupNormalizationLayer(2),
    InstanceNormalizationLayer(), CrossChannelNormalizationLayer(3), ReluLayer(), LeakyReluLayer(0.1), EluLayer(),
    GeluLayer(), GeluLayer("tanh"), SigmoidLayer(), TanhLayer(), SwishLayer(), SoftmaxLayer(), FlattenLayer(),
    ReshapeLayer((8, 9)), ReshapeLayer((3, 4, 3, 2)), FunctionLayer(np.exp), FullyConnectedLayer(5),
    FullyConnectedLayer(5, use_bias=False),
]  # fmt: skip


@pytest.mark.parametrize("layer", UNARY, ids=repr)
def test_sizes_said_are_sizes_found(layer):
    """And the gradient of each layer's learnables, and by its input, against differences."""
    X = pictures()
    net = dlnetwork([layer], X)
    (name,) = net.output_names
    Y = predict(net, X)
    (shape, labels) = dict(net.plan.layouts)[name]
    assert (Y.shape, Y.labels) == (shape, labels)
    weights = RNG.standard_normal(Y.shape)

    def loss_of(net, X):
        return (dlsrc.stripdims(forward(net, X)) * weights).sum()

    def step(net, X):
        loss = loss_of(net, X)
        return loss, dlgradient(loss, net.learnables, X)

    _, (gradients, dX) = dlfeval(step, net, X)
    assert_gradient_of(net, lambda other: dlfeval(loss_of, other, X), gradients)
    assert dX.labels == X.labels

    def at(t):
        data = X.data.copy()
        data[1, 2, 0, 1] += t
        return float(dlfeval(loss_of, net, dlarray(data, X.labels)))

    assert abs(dX.data[1, 2, 0, 1] - extrapolated(at, 1e-3)[0]) < 1e-7


def test_values_by_hand():
    net = dlnetwork([FeatureInputLayer(3), FullyConnectedLayer(4, name="a"), TanhLayer(), FullyConnectedLayer(2, name="b")])
    X = RNG.standard_normal((3, 5))
    a, b = net.learnables["a"], net.learnables["b"]
    hidden = np.tanh(a["Weights"].data @ X + a["Bias"].data[:, None])
    expected = b["Weights"].data @ hidden + b["Bias"].data[:, None]
    Y, inner = predict(net, dlarray(X, "CB"), outputs=["b", "tanh"])
    np.testing.assert_allclose(Y.data, expected, rtol=1e-13)
    np.testing.assert_allclose(inner.data, hidden, rtol=1e-13)


def test_flatten_and_dense_agree():
    """What fully connected layers do with places is what flattening them first does."""
    X = pictures()
    direct = dlnetwork([FullyConnectedLayer(4, name="fc")], X)
    flat = dlnetwork([FlattenLayer(), FullyConnectedLayer(4, name="fc")], X)
    np.testing.assert_allclose(predict(direct, X).data, predict(flat, X).data, rtol=1e-12)


# ---------------------------------------------------------------------------------- training


def test_the_gradient_of_a_network():
    net, X = small(), pictures()
    loss, gradients, state = dlfeval(model_loss, net, X, TARGETS)
    assert_gradient_of(net, lambda other: dlfeval(model_loss, other, X, TARGETS)[0], gradients)
    conv = predict(net, X, outputs="conv").data
    np.testing.assert_allclose(state["bn"]["TrainedMean"].data, 0.1 * conv.mean((0, 1, 3)), rtol=1e-12)
    np.testing.assert_allclose(state["bn"]["TrainedVariance"].data, 0.9 + 0.1 * conv.var((0, 1, 3)), rtol=1e-12)


def test_state_is_used_by_predict_only():
    net, X = small(), pictures()
    before = predict(net, X).data
    _, net.state = forward(net, X, return_state=True)
    assert type(net.state) is type(net.learnables)
    assert not np.allclose(before, predict(net, X).data)
    centred = dlnetwork([BatchNormalizationLayer(name="bn")], X)
    assert np.abs(forward(centred, X).data.mean((0, 1, 3))).max() < 1e-12
    assert np.abs(predict(centred, X).data - X.data).max() < 1e-4


@pytest.mark.parametrize("update", ["sgdm", "adam", "rmsprop", "lbfgs", "dlupdate"])
def test_updates_take_networks(update):
    rng = np.random.default_rng(0)
    net = dlnetwork([FeatureInputLayer(2), FullyConnectedLayer(8), TanhLayer(), FullyConnectedLayer(1)])
    X = dlarray(rng.standard_normal((2, 40)), "CB")
    T = dlarray(X.data[:1] * X.data[1:], "CB")

    def loss_of(net, X, T):
        loss = mse(forward(net, X), T)
        return loss, dlgradient(loss, net.learnables)

    first, _ = dlfeval(loss_of, net, X, T)
    start, kept = net, net.learnables["fully_connected"]["Weights"].data.copy()
    a, b = [], []
    for iteration in range(1, 41):
        loss, gradients = dlfeval(loss_of, net, X, T)
        match update:
            case "sgdm":
                net, a = dlsrc.sgdmupdate(net, gradients, a, 0.05)
            case "adam":
                net, a, b = dlsrc.adamupdate(net, gradients, a, b, iteration, 0.03)
            case "rmsprop":
                net, a = dlsrc.rmspropupdate(net, gradients, a, 0.01)
            case "lbfgs":
                net, a = dlsrc.lbfgsupdate(net, lambda net: dlfeval(loss_of, net, X, T), a)
            case "dlupdate":
                net = dlupdate(lambda w, g: w - 0.1 * g, net, gradients)
    assert isinstance(net, dlnetwork) and float(loss) < 0.7 * float(first)
    assert np.array_equal(start.learnables["fully_connected"]["Weights"].data, kept)


@pytest.mark.compiled
def test_one_step_is_one_compiled_program():
    net = dlnetwork([BatchNormalizationLayer(name="bn"), FullyConnectedLayer(3, name="fc"), SoftmaxLayer()], TARGETS)
    X = dlarray(RNG.standard_normal((3, 3)), "CB")
    loss, gradients, state = dlfeval(model_loss, net, X, TARGETS)
    text = dlsrc.adjoint_source(model_loss, net, X, TARGETS)
    assert text.count("\ndef ") == 1 and "Layer" not in text
    values = predict(net, X)
    assert values.shape == (3, 3)
    assert np.isfinite(float(loss)) and list(gradients) == list(net.learnables) and list(state) == ["bn"]


@pytest.mark.parametrize("layer", [LstmLayer(3), GruLayer(3)], ids=repr)
def test_sequences(layer):
    """Of tokens, in time; a layer without time would give the same at every place of equal tokens."""
    X = dlarray(np.array([[[0, 1, 1, 2], [2, 0, 0, 1]]], float), "CBT")
    net = dlnetwork([EmbeddingLayer(2, 3, weights_initializer="glorot"), layer, FullyConnectedLayer(1)], X)
    Y = predict(net, X)
    assert (Y.shape, Y.labels) == ((1, 2, 4), "CBT") and abs(Y.data[0, 0, 1] - Y.data[0, 0, 2]) > 1e-6

    def step(net, X):
        loss = (forward(net, X) ** 2).sum()
        return loss, dlgradient(loss, net.learnables)

    _, gradients = dlfeval(step, net, X)
    assert_gradient_of(net, lambda other: dlfeval(step, other, X)[0], gradients)


def test_dropout_goes_by_the_key():
    X = dlarray(np.ones((400, 1)), "CB")
    net = dlnetwork([DropoutLayer(0.25, name="a"), DropoutLayer(0.25, name="b")], X)
    a, b = forward(net, X, outputs=["a", "b"], key=5)
    again, other = forward(net, X, outputs="b", key=5), forward(net, X, outputs="b", key=6)
    assert np.array_equal(b.data, again.data) and not np.array_equal(b.data, other.data)
    assert 60 < np.sum(a.data == 0) < 140 and np.sum(b.data == 0) > np.sum(a.data == 0) + 30
    assert np.array_equal(predict(net, X).data, X.data)
    with pytest.raises(dlsrc.errors.UnsupportedSyntax, match="needs a key"):
        forward(net, X)


# ---------------------------------------------------------------------------------- graphs


def test_graph_with_a_shortcut():
    net = dlnetwork(
        [
            AdditionLayer(name="add"), FeatureInputLayer(3, name="x"), FullyConnectedLayer(3, name="fc"),
            ReluLayer(name="relu"), FullyConnectedLayer(1, name="out"),
        ],
        connections=[("x", "fc", "relu", "add", "out"), ("x", "add")],
    )  # fmt: skip
    assert [step.name for step in net.plan.steps] == ["x", "fc", "relu", "add", "out"]
    assert net.output_names == ("out",) and ("x", "add") in net.connections
    X = dlarray(RNG.standard_normal((3, 4)), "CB")
    inner, relu, total = predict(net, X, outputs=["x", "relu", "add"])
    np.testing.assert_allclose(total.data, relu.data + X.data)
    assert inner.shape == X.shape

    def step(net, X):
        loss = (forward(net, X) ** 2).sum()
        return loss, dlgradient(loss, net.learnables)

    loss, gradients = dlfeval(step, net, X)
    assert_gradient_of(net, lambda other: dlfeval(step, other, X)[0], gradients)


def test_several_inputs_and_outputs():
    net = dlnetwork(
        [
            FeatureInputLayer(2, name="a"), FeatureInputLayer(3, name="b"), ConcatenationLayer(name="both"),
            FullyConnectedLayer(2, name="left"), FullyConnectedLayer(4, name="right"),
            MultiplicationLayer(name="square"),
        ],
        connections=[("a", "both", "left"), ("b", "both", "right"), ("right", "square"), ("right", "square")],
    )  # fmt: skip
    a, b = dlarray(np.ones((2, 5)), "CB"), dlarray(np.zeros((3, 5)), "CB")
    left, square = predict(net, a, b)
    both, right = predict(net, a, b, outputs=["both", "right"])
    assert left.shape == (2, 5) and both.data[:, 0].tolist() == [1, 1, 0, 0, 0]
    np.testing.assert_allclose(square.data, right.data**2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dlnetwork([ReluLayer(name="a"), ReluLayer(name="a")]), "two layers have the name 'a'"),
        (lambda: dlnetwork([ReluLayer]), "ReluLayer is a class"),
        (lambda: dlnetwork(["relu"]), "no method forward"),
        (lambda: dlnetwork([]), "at least one layer"),
        (lambda: dlnetwork([ReluLayer(name="a")], connections=[("a", "b")]), "'b' is connected"),
        (lambda: dlnetwork([ReluLayer(name="a")], connections=["ab"]), "a tuple of two or more"),
        (
            lambda: dlnetwork(
                [ReluLayer(name="a"), ReluLayer(name="b"), ReluLayer(name="c")],
                connections=[("a", "b", "a"), ("a", "c")],
            ),
            "in a circle",
        ),
        (
            lambda: dlnetwork([FeatureInputLayer(2, name="x"), ReluLayer(name="r")], connections=[("r", "x")]),
            "is an input",
        ),
        (lambda: dlnetwork([FeatureInputLayer(2), ConvolutionLayer(3, 1, name="conv")]), "layer 'conv'"),
        (lambda: dlnetwork([ImageInputLayer((4, 4, 1)), ConvolutionLayer(5, 1, name="c")]), "larger than the padded"),
        (lambda: dlnetwork([ReluLayer()]).initialize(), "no input layer"),
        (lambda: dlnetwork([ReluLayer()], np.ones(3)), "formatted dlarray"),
        (lambda: dlnetwork([ConvolutionLayer([3, 3], 1)]), "filter_size is a list"),
        (lambda: dlnetwork([FullyConnectedLayer(2, weights_initializer="best")], pictures()), "one of 'glorot'"),
        (lambda: setattr(small(), "learnables", {}), "what is assigned has none"),
        (lambda: setattr(small(), "learnables", 3), "dict of dicts"),
        (lambda: small().replace(layers=()), "learnables and state"),
        (lambda: small().layer("best"), "no layer has the name"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message.replace("(", r"\(")):
        make()


# ---------------------------------------------------------------------------------- layers of the user's


@dataclass(frozen=True)
class Scaled:
    """Says how large it is; differs in use."""

    factor: float = 2.0
    name: str = ""

    def initialize(self, layout, rng):
        return {"Gain": np.full(layout.size("C"), 3.0)}

    def output(self, layout):
        return layout

    def forward(self, X, params):
        return self.factor * X * params["Gain"].reshape((-1, 1))

    def predict(self, X, params):
        return X * params["Gain"].reshape((-1, 1))


@dataclass(frozen=True)
class Counting:
    """Has a state, and does not say how large it is."""

    name: str = ""
    stateful: ClassVar[bool] = True

    def initialize(self, layout, rng):
        return {}, {"Calls": np.zeros(1)}

    def forward(self, X, params, state):
        return X * 2.0, {"Calls": state["Calls"] + 1}


def test_layers_of_the_users():
    X = dlarray(np.ones((2, 3)), "CB")
    net = dlnetwork([FeatureInputLayer(2), Scaled(name="s"), Counting(name="n"), FullyConnectedLayer(1)])
    assert dict(net.plan.layouts)["n"] == ((2, 1), "CB")
    Y, state = forward(net, X, outputs="n", return_state=True)
    assert (Y.data == 12).all() and state["n"]["Calls"].data.tolist() == [1.0]
    assert (predict(net, X, outputs="s").data == 3).all()
    other = dlnetwork([FeatureInputLayer(2), Scaled(5.0, name="s")])
    assert (forward(other, X).data == 15).all()

    def step(net, X):
        loss = (forward(net, X) ** 2).sum()
        return loss, dlgradient(loss, net.learnables)

    _, gradients = dlfeval(step, other, X)
    assert gradients["s"]["Gain"].data.tolist() == [2 * 15 * 5 * 3] * 2


def test_a_captured_network_is_what_it_is_at_the_call():
    net = small()

    def captured(X):
        loss = crossentropy(forward(net, X), TARGETS)
        return loss, dlgradient(loss, X)

    def passed(net, X):
        loss = crossentropy(forward(net, X), TARGETS)
        return loss, dlgradient(loss, X)

    def assert_alike():
        for found, expected in zip(dlfeval(captured, X), dlfeval(passed, net, X), strict=True):
            np.testing.assert_allclose(found.data, expected.data, rtol=1e-13, atol=1e-16)

    X = pictures()
    assert_alike()
    net.learnables = {layer: {name: 0.5 * x for name, x in found.items()} for layer, found in net.learnables.items()}
    assert_alike()
    net = dlnetwork([ImageInputLayer((6, 6, 2)), FullyConnectedLayer(3), SoftmaxLayer()])
    assert_alike()

    def by_a_constant(X):
        return dlgradient(np.sum(forward(net, X)), net.learnables)

    def by_all_of_it(net, X):
        return dlgradient(np.sum(forward(net, X)), net)

    with pytest.raises(DifferentiationError, match="`net.learnables` is kept outside the function"):
        dlfeval(by_a_constant, X)
    with pytest.raises(DifferentiationError, match=r"dlgradient\(loss, net.learnables\)"):
        dlfeval(by_all_of_it, net, X)


@dataclass(frozen=True)
class Misspelled:
    name: str = ""

    def output(self, layout):
        return layout

    def forward(self, X, params):
        return X * self.factr


@dataclass(frozen=True)
class OfFive:
    name: str = ""

    def output(self, layout):
        return layout

    def forward(self, X, params):
        return dlarray(dlsrc.stripdims(X) + np.ones((3, 5)), "CB")


def blamed(run):
    """The error, its last line in a file, and that file."""
    with pytest.raises(Exception) as caught:
        run()
    error = caught.value
    if isinstance(error, SyntaxError):
        return error, error.text.strip(), error.filename
    trace = caught.traceback[-1]
    return error, str(trace.statement).strip(), str(trace.path)


@pytest.mark.parametrize("layers, line, said", [
    ([FullyConnectedLayer(3, name="fc")], "Y = forward(net, X)  # the user's line", "size 2 is different|mismatch"),
    ([FullyConnectedLayer(3, name="fc"), Misspelled("mine")], "return X * self.factr", "a Misspelled has no attribute `factr`"),
    ([FullyConnectedLayer(3, name="fc"), OfFive("mine")], 'return dlarray(dlsrc.stripdims(X) + np.ones((3, 5)), "CB")',
     "broadcast"),
], ids=["size", "build", "run"])  # fmt: skip
def test_what_goes_wrong_in_a_layer_is_at_the_users_line_and_names_the_layer(layers, line, said):
    net = dlnetwork([FeatureInputLayer(4), *layers])

    def objective(net, X):
        Y = forward(net, X)  # the user's line
        return np.sum(Y)

    X = dlarray(np.ones((2 if len(layers) == 1 else 4, 3)), "CB")
    error, found, file = blamed(lambda: dlfeval(objective, net, X))
    notes = " ".join(getattr(error, "__notes__", ()))
    assert file == __file__ and found == line
    assert f"in layer {layers[-1].name!r}" in f"{error} {notes}"
    assert pytest.raises(type(error), forward, net, X).match(said)


def test_arrays_without_format_are_refused_at_the_users_line():
    net = dlnetwork([FeatureInputLayer(4), FullyConnectedLayer(3, name="fc")])
    error, line, file = blamed(lambda: dlfeval(lambda net, X: np.sum(forward(net, X)), net, np.ones((4, 3))))
    assert file == __file__ and "in layer 'fc'" in str(error) and "more" not in str(error)
    error, line, file = blamed(lambda: predict(net, np.ones((4, 3))))
    assert file == __file__ and "in layer 'fc'" in str(error) and "predict(net, np.ones((4, 3)))" in line
    for run in (lambda: forward(net), lambda: dlfeval(lambda net: np.sum(forward(net)), net)):
        with pytest.raises(TypeError, match="another number of inputs"):
            run()


def test_the_text_of_a_network_names_its_layers():
    def objective(net, X):
        return np.sum(forward(net, X))

    text = dlsrc.adjoint_source(objective, small(), pictures())
    assert "layer 'conv'  return np.sum(forward(net, X))" in text and "network.py" not in text


def test_layers_stay_what_was_compiled():
    @dataclass
    class Loose:
        name: str = ""

        def forward(self, X, params):
            return X

    @dataclass(frozen=True)
    class Nameless:
        def forward(self, X, params):
            return X

    @dataclass(frozen=True)
    class Holding:
        table: object = None
        name: str = ""

        def forward(self, X, params):
            return X

    with pytest.raises(TypeError, match="frozen"):
        dlnetwork([Loose()])
    with pytest.raises(TypeError, match="field `name"):
        dlnetwork([Nameless()])
    with pytest.raises(TypeError, match=r"Holding.table is a ndarray"):
        dlnetwork([Holding(np.ones(2))])


def test_equal_options_of_other_types_are_other_programs():
    """2 and 2.0 are equal to Python, and make other programs."""
    X = dlarray(np.ones((1, 1), np.float32), "CB")
    whole, real = dlnetwork([Scaled(2)], X), dlnetwork([Scaled(2.0)], X)
    assert whole.plan != real.plan and whole.plan == dlnetwork([Scaled(2)], X).plan
    assert float(forward(whole, X)) == float(forward(real, X)) == 6.0


def test_options_are_a_part_of_what_is_kept_on_disk(tmp_path):
    """Another process with another option of a layer does not take the program of the first."""
    code = """
import numpy as np
from dlsrc import dlarray, dlnetwork, dlfeval, forward
from dlsrc.networks import *
import sys
sys.path.insert(0, {path!r})
from own import Own
X = dlarray(np.arange(1.0, 9.0).reshape((8, 1, 1)), "SCB")
net = dlnetwork([Own({factor}), MaxPoolingLayer({size})], X)
print(float(dlfeval(lambda net, X: forward(net, X).sum(), net, X)))
"""
    (tmp_path / "own.py").write_text(
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Own:\n    factor: float = 1.0\n"
        "    name: str = ''\n    def forward(self, X, params):\n        return X * self.factor\n"
    )

    def run(factor, size):
        text = code.format(path=str(tmp_path), factor=factor, size=size)
        environment = {**os.environ, "DLSRC_CACHE": "strict", "DLSRC_CACHE_DIR": str(tmp_path), "NUMBA_DISABLE_JIT": "1"}
        (tmp_path / "run.py").write_text(text)
        found = subprocess.run(
            [sys.executable, tmp_path / "run.py"], capture_output=True, text=True, check=True, env=environment
        )
        return float(found.stdout)

    assert [run(1.0, 2), run(1.0, 3), run(2.0, 3), run(2.0, 3), run(1.0, 2)] == [35, 33, 66, 66, 35]


def half_squares(x):
    from dlsrc import mse  # which dlsrc finds when it is first asked for it

    return mse(x, np.ones(3), data_format="C")


def test_an_objective_may_import_what_a_package_finds_when_asked(monkeypatch):
    monkeypatch.delitem(vars(dlsrc), "mse", raising=False)
    assert np.array_equal(dlsrc.grad(half_squares)(np.zeros(3)), -np.ones(3))
