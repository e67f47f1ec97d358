"""Networks in files and pictures: what is written is read again, and nothing else is."""

import json
import pickle
import sys
import zipfile
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pytest

import dlsrc
from dlsrc import dlarray, dlnetwork, dlupdate, forward, predict, relu
from dlsrc.networks import (
    AdditionLayer, BatchNormalizationLayer, BiLstmLayer, ConvolutionLayer, DropoutLayer, FeatureInputLayer,
    FullyConnectedLayer, FunctionLayer, GruLayer, ImageInputLayer, InputLayer, LstmLayer, MaxPoolingLayer,
    MultiplicationLayer, ReluLayer, ReshapeLayer, SelfAttentionLayer, SequenceInputLayer, SoftmaxLayer,
    TransposedConvolutionLayer,
)
from dlsrc.networks.picture import HEIGHT, ROW, WIDTH, places

RNG = np.random.default_rng(3)


def bent(x):
    return x * x + 1


def shifted_start(shape, rng):
    return 0.5 + rng.standard_normal(shape)


@dataclass(frozen=True)
class Mixed:
    """A layer of the user's, with an option that is an object."""

    factor: float = float("inf")
    inner: object = ReluLayer()
    name: str = ""

    def initialize(self, layout, rng):
        return {"Gain": np.ones(layout.size("C"))}

    def forward(self, X, params):
        return X * params["Gain"].reshape((-1, 1))


def pictures():
    net = dlnetwork(
        [
            ImageInputLayer((6, 6, 2), name="image"), ConvolutionLayer((3, 3), 4, padding=((1, 0), (1, 2)), name="conv"),
            BatchNormalizationLayer(name="bn"), ReluLayer(), MaxPoolingLayer(2, stride=2),
            FullyConnectedLayer(12, name="a/b c"), ReshapeLayer((2, 2, 3)),
            TransposedConvolutionLayer(2, 2, weights_initializer="he"), DropoutLayer(0.1), SoftmaxLayer(),
        ],
        rng=5,
    )  # fmt: skip
    return net, dlarray(RNG.standard_normal((6, 6, 2, 3)), "SSCB")


def graph():
    net = dlnetwork(
        [
            MultiplicationLayer(name="late"), FeatureInputLayer(3, name="b"), FeatureInputLayer(3, name="a"),
            AdditionLayer(name="sum"), FullyConnectedLayer(3, use_bias=False, name="fc"), ReluLayer(name="early"),
        ],
        connections=[("a", "fc", "sum", "late"), ("b", "sum"), ("b", "late"), ("fc", "early")],
    )  # fmt: skip
    return net, dlarray(RNG.standard_normal((3, 2)), "CB"), dlarray(RNG.standard_normal((3, 2)), "CB")


def sequences():
    net = dlnetwork(
        [
            SequenceInputLayer(3), SelfAttentionLayer(2, 4, attention_mask="causal", name="att"),
            GruLayer(4, keep_state=True, name="gru"), BiLstmLayer(2), LstmLayer(5, output_mode="last"),
        ],
        dtype=np.float32,
    )  # fmt: skip
    X = dlarray(RNG.standard_normal((3, 2, 4)).astype(np.float32), "CBT")
    _, net.state = forward(net, X, return_state=True, key=None)
    return net, X


def functions():
    X = dlarray(RNG.standard_normal((3, 2)), "BC")
    layers = [FunctionLayer(np.tanh), FunctionLayer(bent), FunctionLayer(relu), Mixed(name="mixed"),
              FullyConnectedLayer(2, weights_initializer=shifted_start)]
    return dlnetwork(layers, X), X


def same(a, b):
    assert a.plan == b.plan and a.input_names == b.input_names and a.output_names == b.output_names
    for part in ("learnables", "state"):
        one, other = dlsrc.structure.flatten(getattr(a, part)), dlsrc.structure.flatten(getattr(b, part))
        assert one[1] == other[1]
        for x, y in zip(one[0], other[0], strict=True):
            assert x.dtype == y.dtype and x.labels == y.labels and np.array_equal(x.data, y.data)


@pytest.mark.parametrize("make", [pictures, graph, sequences, functions], ids=lambda f: f.__name__)
def test_what_is_saved_is_loaded(make, tmp_path):
    net, *X = make()
    known = [bent, Mixed, shifted_start]
    net.save(tmp_path / "net.npz")
    again = dlnetwork.load(tmp_path / "net.npz", known)
    same(net, again)
    found, expected = predict(again, *X), predict(net, *X)
    for y, z in zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]:
        assert np.array_equal(y.data, z.data)
    again.save(str(tmp_path / "again.npz"))
    assert (tmp_path / "net.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.npz", "net.npz"]
    # What is loaded is trained on: its arrays may be written.
    moved = dlupdate(lambda w: w + 1, again)
    assert not np.array_equal(next(iter(next(iter(moved.learnables.values())).values())).data,
                              next(iter(next(iter(net.learnables.values())).values())).data)


def test_numpy_reads_the_arrays(tmp_path):
    net, _ = pictures()
    net.save(tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as file:
        assert np.array_equal(file["learnables/conv/Weights"], net.learnables["conv"]["Weights"].data)
        assert json.loads(file["network.json"])["format"] == "dlsrc network"


def test_a_network_without_weights(tmp_path):
    net = dlnetwork([ReluLayer(), FullyConnectedLayer(3)])
    net.save(tmp_path / "net.npz")
    again = dlnetwork.load(tmp_path / "net.npz")
    assert not again.initialized and again.plan == net.plan


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(TypeError, match=r"function.predict_function is a lambda.*\n?.*def"):
        dlnetwork([FunctionLayer(lambda x: x)], dlarray(np.ones((1, 1)), "CB")).save(tmp_path / "net.npz")
    net, *_ = graph()
    with pytest.raises(ValueError, match=r"Weights of fc has the shape \(\), and the layer says \(3, 3\)"):
        net.replace(learnables={"fc": {"Weights": dlarray(2.0)}}).save(tmp_path / "net.npz")
    net.save(tmp_path / "net.npz")
    whole = (tmp_path / "net.npz").read_bytes()
    with pytest.raises(ValueError, match=r"learnables of fc have no Weights"):
        net.replace(learnables={"fc": {}}).save(tmp_path / "net.npz")
    assert (tmp_path / "net.npz").read_bytes() == whole and len(list(tmp_path.iterdir())) == 1


# ---------------------------------------------------------------------------------- other files


def test_files_that_were_cut_off_or_changed(tmp_path):
    """Every beginning of a file is refused; a changed byte is refused, or changes nothing."""
    net = dlnetwork([FeatureInputLayer(2), BatchNormalizationLayer(name="bn"), FullyConnectedLayer(1, name="fc")])
    path = tmp_path / "net.npz"
    net.save(path)
    whole = path.read_bytes()
    for length in (*range(0, len(whole), 37), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="net.npz"):
            dlnetwork.load(path)
    refused = 0
    for place in range(0, len(whole), 11):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            again = dlnetwork.load(path)
        except ValueError:
            refused += 1
        else:
            same(net, again)
    assert refused > 0.7 * len(whole) / 11


def rewritten(path, change, members=None):
    """The file with another description, or other members."""
    with zipfile.ZipFile(path) as file:
        found = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(found["network.json"])
    change(manifest)
    found["network.json"] = json.dumps(manifest).encode()
    found |= members or {}
    with zipfile.ZipFile(path, "w") as file:
        for name, data in found.items():
            if data is not None:
                file.writestr(name, data)


def array_bytes(x, **options):
    buffer = BytesIO()
    np.save(buffer, x, **options)
    return buffer.getvalue()


def option(name, value):
    return lambda m: m["layers"][1]["options"].update({name: value})


FC = "learnables/fc/Weights.npy"


@pytest.mark.parametrize(
    ("change", "members", "message"),
    [
        (lambda m: m["layers"][1].update(layer="BestLayer"), {}, "a BestLayer, which dlsrc has no layer for"),
        (lambda m: m["layers"].__setitem__(1, {"yours": "system", "options": {}}), {}, r"known=\[system\]"),
        (option("weights_initializer", {"yours": "os.system"}), {}, r"known=\[os.system\]"),
        (option("weights_initializer", {"numpy": "load"}), {}, "which no option is"),
        (option("weights_initializer", {"dlsrc": "__loader__"}), {}, "which no option is"),
        (option("best", 1), {}, "the option best, and FullyConnectedLayer has none"),
        (option("output_size", 2), {}, r"Weights of fc has the shape \(1, 2\), and the layer says \(2, 2\)"),
        (option("output_size", "many"), {}, "net.npz"),
        (lambda m: m.update(version=2), {}, "version 2, and this dlsrc reads 1"),
        (lambda m: m.update(format="other"), {}, "no network that dlsrc saved"),
        (lambda m: m.update(learnables=m["learnables"][:-1]), {}, "learnables of fc have no Bias"),
        (lambda m: m.update(state=[["fc", "Mean", [], "float64", ""]]), {}, "which the layer has not"),
        (lambda m: m["learnables"][0].__setitem__(3, "object"), {}, "the type 'object'"),
        (lambda m: m["learnables"][0].__setitem__(3, "float32"), {}, "it should be of type float32"),
        (lambda m: m["learnables"][0].__setitem__(2, [1, 10**12]), {}, "the layer says"),
        (lambda m: m["learnables"].append(3), {}, "no list of learnables"),
        (lambda m: m["inputs"].update(x=[[2], "CB"]), {}, "size of the input x"),
        (lambda m: m.update(inputs_of=[["fc"], ["x"]]), {}, "is an input|circle"),
        (lambda m: m.update(outputs=["x"]), {}, "not those of the connections"),
        (lambda m: m.pop("layers"), {}, "lacks layers"),
        (lambda m: None, {FC: None}, f"the array {FC} is missing"),
        (lambda m: None, {"learnables/fc/More.npy": b""}, "no place for"),
        (lambda m: None, {FC: array_bytes(np.ones((2, 2)))}, r"shape \(2, 2\); it should be"),
        (lambda m: None, {FC: array_bytes(np.ones((1, 2), np.int64))}, "type int64"),
        (lambda m: None, {FC: array_bytes(np.ones((1, 2)))[:-1]}, "has 15 bytes instead of 16"),
        (lambda m: None, {FC: array_bytes(np.ones((1, 2))) + b"1"}, "has 17 bytes instead of 16"),
        (lambda m: None, {FC: array_bytes(np.array([[print, 1]], object), allow_pickle=True)}, "type object"),
        (lambda m: None, {FC: b"rubbish"}, "net.npz"),
    ],
)  # fmt: skip
def test_files_of_others(change, members, message, tmp_path):
    path = tmp_path / "net.npz"
    dlnetwork([FeatureInputLayer(2, name="x"), FullyConnectedLayer(1, name="fc")]).save(path)
    rewritten(path, lambda m: None)
    dlnetwork.load(path)
    rewritten(path, change, members)
    with pytest.raises(ValueError, match=message):
        dlnetwork.load(path)


def test_files_that_are_no_networks(tmp_path):
    path = tmp_path / "other.npz"
    for write in (
        lambda: path.write_bytes(b""), lambda: path.write_text("{}"), lambda: np.savez(path, a=np.ones(3)),
        lambda: path.write_bytes(pickle.dumps([1])), lambda: np.savez(path, **{"network.json": np.ones(2)}),
    ):  # fmt: skip
        write()
        with pytest.raises(ValueError, match="no network that dlsrc saved"):
            dlnetwork.load(path)
    with pytest.raises(FileNotFoundError):
        dlnetwork.load(tmp_path / "none.npz")
    with pytest.raises(TypeError, match="known has classes and functions, not a str"):
        dlnetwork.load(path, ["Mixed"])


def test_no_file_is_executed(tmp_path):
    """A class whose making would leave a trace is not made, but by the one who hands it over."""
    made = []

    @dataclass(frozen=True)
    class Trap:
        name: str = ""

        def __post_init__(self):
            made.append(self.name)

        def forward(self, X, params):
            return X

    dlnetwork([InputLayer((2, None), "CB"), Trap(name="trap")]).save(tmp_path / "net.npz")
    made.clear()
    with pytest.raises(ValueError, match="Trap, one of yours"):
        dlnetwork.load(tmp_path / "net.npz")
    assert made == []
    dlnetwork.load(tmp_path / "net.npz", [Trap])
    assert made == ["trap"]


# ---------------------------------------------------------------------------------- weights of others


def test_weights_from_safetensors(tmp_path):
    written = pytest.importorskip("safetensors.numpy", reason="the package safetensors is not installed")
    net, X = pictures()
    other = dlnetwork(list(net.layers), rng=9)
    flat = {f"{layer}/{name}": x.data for part in (other.learnables, other.state)
            for layer, found in part.items() for name, x in found.items()}
    path = tmp_path / "net.safetensors"
    written.save_file(flat, path)
    same(net.load_safetensors(path), other)

    torch = {f"layer{k}": x for k, x in enumerate(flat.values())} | {"num_batches_tracked": np.ones(1)}
    torch["layer0"] = np.ascontiguousarray(torch["layer0"].transpose(3, 2, 0, 1)).astype(np.float32)
    names = {place: f"layer{k}" for k, place in enumerate(flat)}
    names["conv/Weights"] = ("layer0", lambda w: w.transpose(2, 3, 1, 0))
    written.save_file(torch, path)
    with pytest.raises(ValueError, match="nothing in the network takes num_batches_tracked"):
        net.load_safetensors(path, names)
    found = net.load_safetensors(path, names, strict=False)
    weights = found.learnables["conv"]["Weights"].data
    assert weights.dtype == np.float64 and np.array_equal(weights, flat["conv/Weights"].astype(np.float32))
    assert np.array_equal(found.state["bn"]["TrainedMean"].data, other.state["bn"]["TrainedMean"].data)

    names["conv/Weights"] = "layer0"
    with pytest.raises(ValueError, match=r"layer0 has the shape \(4, 2, 3, 3\), and conv/Weights of the network"):
        net.load_safetensors(path, names, strict=False)
    with pytest.raises(ValueError, match="has no conv/Weights, conv/Bias"):
        net.load_safetensors(path)
    with pytest.raises(ValueError, match="the network has no conv/Best"):
        net.load_safetensors(path, {"conv/Best": "layer0"})
    same(net.load_safetensors(path, strict=False), net)


@pytest.mark.parametrize(
    ("module", "call", "message"),
    [
        ("safetensors.numpy", lambda net: net.load_safetensors("x"), "needs safetensors, which is not installed"),
        ("matplotlib.figure", lambda net: net.plot("x.png"), "plot needs matplotlib, which is not installed"),
    ],
)
def test_a_package_that_is_missing(module, call, message, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=message):
        call(graph()[0])


# ---------------------------------------------------------------------------------- pictures


@pytest.mark.parametrize("make", [pictures, graph, sequences], ids=lambda f: f.__name__)
def test_nothing_in_a_picture_overlaps(make):
    """Neither boxes in a row, nor a way and a box that it goes past; sources are above."""
    net = make()[0]
    x, pieces = places(net.plan)
    for (name, row), place in x.items():
        for (other, beside), other_place in x.items():
            if row == beside and name != other:
                widths = [WIDTH if word in {step.name for step in net.plan.steps} else 0.2 for word in (name, other)]
                assert abs(place - other_place) >= sum(widths) / 2
    assert all(target[1] == source[1] + 1 for source, target in pieces) and ROW > HEIGHT
    named = {(source, target) for source, target in net.connections}
    ends = [piece[1][0] for piece in pieces]
    assert {target for _, target in named} <= set(ends)


def test_a_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    net, *_ = graph()
    ax = net.plot(tmp_path / "net.png")
    assert (tmp_path / "net.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    words = {text.get_text() for text in ax.texts}
    assert {"fc", "sum", "late", "early", "a", "b", "multiplication", "fully connected", "9"} <= words
    assert "3(C) \N{MULTIPLICATION SIGN} 1(B)" in words
    net.plot(tmp_path / "net.svg", ax=ax)
    assert "<svg" in (tmp_path / "net.svg").read_text()
    dlnetwork([ReluLayer(), FullyConnectedLayer(3)]).plot(tmp_path / "open.png")
