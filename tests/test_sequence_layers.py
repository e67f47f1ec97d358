"""Layers through time and of attention: values by other means, gradients by differences, state, precision."""

import numpy as np
import pytest

import dlsrc
from dlsrc import attention, dlarray, dlfeval, dlgradient, dlnetwork, forward, lstm, predict
from dlsrc.networks import (
    AttentionLayer, BiLstmLayer, EmbeddingLayer, FullyConnectedLayer, GruLayer, LstmLayer, SelfAttentionLayer,
    SequenceInputLayer,
)
from tests.test_networks import assert_gradient_of

RNG = np.random.default_rng(11)
X = dlarray(RNG.standard_normal((4, 2, 5)), "CBT")

LAYERS = [
    LstmLayer(3, output_mode="last"), LstmLayer(3, "last", "softsign", "hard-sigmoid", keep_state=True),
    BiLstmLayer(2), BiLstmLayer(2, output_mode="last", state_activation_function="softsign"),
    GruLayer(3, output_mode="last", keep_state=True), GruLayer(3, reset_gate_mode="before-multiplication"),
    GruLayer(2, reset_gate_mode="recurrent-bias-after-multiplication"),
    SelfAttentionLayer(2, 6), SelfAttentionLayer(3, 6, 9, 5, attention_mask="causal", scale=0.4),
    SelfAttentionLayer(1, 2, dropout_probability=0.3, weights_initializer="he", bias_initializer="ones"),
]  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_sizes_gradients_and_precision(layer):
    net = dlnetwork([layer], X)
    (name,) = net.output_names
    shape, labels = dict(net.plan.layouts)[name]
    Y = predict(net, X)
    assert (Y.shape, Y.labels) == (shape, labels)
    weights = RNG.standard_normal(Y.shape)

    def step(net, X, key):
        Y, state = forward(net, X, key=key, return_state=True)
        loss = (dlsrc.stripdims(Y) * weights).sum()
        return loss, dlgradient(loss, net.learnables, X), state

    _, (gradients, dX), state = dlfeval(step, net, X, 3)
    assert_gradient_of(net, lambda other: dlfeval(step, other, X, 3)[0], gradients)
    assert dX.labels == X.labels and (list(state) == [name]) == bool(getattr(layer, "keep_state", False))

    single = dlarray(X.data.astype(np.float32), "CBT")
    small = dlsrc.dlupdate(np.float32, net)
    small.state = dlsrc.dlupdate(np.float32, net.state) if net.state else net.state
    Z = predict(small, single)
    assert Z.dtype == np.float32 and np.abs(Z.data - Y.data).max() < 1e-5
    _, (gradients, dX), state = dlfeval(step, small, single, 3)
    assert {x.dtype for x in (*gradients[name].values(), dX)} == {np.dtype("float32")}
    assert {x.dtype for found in state.values() for x in found.values()} <= {np.dtype("float32")}


def test_both_directions_are_two_lstms():
    net = dlnetwork([BiLstmLayer(3, name="both")], X)
    p = {name: x.data for name, x in net.learnables["both"].items()}
    start = np.zeros(3)

    def one(x, half):
        rows = slice(12 * half, 12 * half + 12)
        return lstm(x, start, start, p["InputWeights"][rows], p["RecurrentWeights"][rows], p["Bias"][rows], data_format="CBT")

    ahead, back = one(X.data, 0), one(X.data[..., ::-1], 1)
    np.testing.assert_allclose(predict(net, X).data, np.concatenate((ahead, back[..., ::-1])), rtol=1e-12)
    last = dlnetwork([BiLstmLayer(3, output_mode="last", name="both")], X).replace(learnables=net.learnables)
    np.testing.assert_allclose(predict(last, X).data, np.concatenate((ahead, back))[..., -1], rtol=1e-12)


@pytest.mark.parametrize("layer", [LstmLayer(3, keep_state=True), GruLayer(3, keep_state=True)], ids=repr)
def test_state_goes_on(layer):
    net = dlnetwork([SequenceInputLayer(4), layer, FullyConnectedLayer(1)])
    whole = predict(net, X).data
    parts = []
    for piece in (slice(0, 1), slice(1, 3), slice(3, 5)):
        Y, net.state = predict(net, dlarray(X.data[..., piece], "CBT"), return_state=True)
        parts.append(Y.data)
    np.testing.assert_allclose(np.concatenate(parts, axis=2), whole, rtol=1e-12)
    assert not np.allclose(predict(net, X).data, whole)
    np.testing.assert_allclose(predict(net.reset_state(), X).data, whole, rtol=1e-12)
    forgetful = dlnetwork([SequenceInputLayer(4), type(layer)(3), FullyConnectedLayer(1)])
    assert not forgetful.state and predict(forgetful, X, return_state=True)[1] == {}


def test_self_attention_by_hand():
    net = dlnetwork([SelfAttentionLayer(2, 6, 4, 3, attention_mask="causal", bias_initializer="ones", name="a")], X)
    p = {name: x.data for name, x in net.learnables["a"].items()}
    q, k, v = (np.einsum("ij,jbt->ibt", p[f"{w}Weights"], X.data) + 1 for w in ("Query", "Key", "Value"))
    found = np.zeros((4, 2, 5))
    for b in range(2):
        for h in range(2):
            for t in range(5):
                keys, values = k[3 * h : 3 * h + 3, b, : t + 1], v[2 * h : 2 * h + 2, b, : t + 1]
                w = np.exp(q[3 * h : 3 * h + 3, b, t] @ keys / np.sqrt(3))
                found[2 * h : 2 * h + 2, b, t] = values @ (w / w.sum())
    expected = np.einsum("ij,jbt->ibt", p["OutputWeights"], found) + 1
    np.testing.assert_allclose(predict(net, X).data, expected, rtol=1e-12)


def test_a_padding_mask_hides_positions():
    net = dlnetwork(
        [SequenceInputLayer(4, name="x"), SequenceInputLayer(1, name="mask"),
         SelfAttentionLayer(2, 4, has_padding_mask_input=True, name="a")],
        connections=[("x", "a"), ("mask", "a")],
    )  # fmt: skip
    mask = np.ones((1, 2, 5))
    mask[0, 1, 3:] = 0
    other = X.data.copy()
    other[:, 1, 3:] = 9.0
    Y, Z = (predict(net, dlarray(x, "CBT"), dlarray(mask, "CBT")).data for x in (X.data, other))
    np.testing.assert_array_equal(Y[:, 1, :3], Z[:, 1, :3])
    assert np.abs(Y[:, 1, :3] - predict(net, X, dlarray(mask * 0 + 1, "CBT")).data[:, 1, :3]).max() > 1e-3


def test_attention_of_several_inputs():
    q, k, v = (dlarray(RNG.standard_normal(shape), "CBT") for shape in ((4, 2, 3), (4, 2, 5), (6, 2, 5)))
    mask = dlarray(np.array([[[1, 1, 0, 1, 1.0], [1, 0, 1, 1, 1]]]), "CBT")
    names = ("q", "k", "v", "mask")
    inputs = [SequenceInputLayer(n, name=name) for n, name in zip((4, 4, 6, 1), names)]
    masked = dlnetwork(
        [*(SequenceInputLayer(n, name=name, length=t) for n, name, t in zip((4, 4, 6, 1), names, (3, 5, 5, 5))),
         AttentionLayer(2, scale=0.7, has_padding_mask_input=True, name="a")],
        connections=[(name, "a") for name in names],
    )  # fmt: skip
    expected = attention(q, k, v, 2, scale=0.7, padding_mask=mask.data[0])
    np.testing.assert_allclose(predict(masked, q, k, v, mask).data, expected.data, rtol=1e-12)
    plain = dlnetwork([*inputs[:3], AttentionLayer(2, dropout_probability=0.5, name="a")], connections=[(n, "a") for n in names[:3]])
    np.testing.assert_allclose(predict(plain, q, k, v).data, attention(q, k, v, 2).data, rtol=1e-12)
    a, b, c = (forward(plain, q, k, v, key=key).data for key in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (LstmLayer(3, output_mode="first"), 'output_mode is "sequence" or "last", not \'first\''),
        (SelfAttentionLayer(4, 6), "4 heads do not divide 6 key channels"),
        (SelfAttentionLayer(2, 6, 3), "2 heads do not divide 3 value channels"),
        (SelfAttentionLayer(1, 6, attention_mask="all"), 'attention_mask is "none" or "causal"'),
        (AttentionLayer(2), "queries, keys, values"),
        (SelfAttentionLayer(1, 6, has_padding_mask_input=True), "a padding mask if so said"),
    ],
)
def test_what_is_refused(layer, message):
    with pytest.raises(ValueError, match=message):
        dlnetwork([layer], X)


def test_time_is_needed():
    with pytest.raises(ValueError, match="dimension T"):
        dlnetwork([LstmLayer(3)], dlarray(np.ones((4, 2)), "CB"))
    with pytest.raises(ValueError, match='of format "CBT"'):
        dlnetwork([SelfAttentionLayer(1, 2)], dlarray(np.ones((4, 2)), "CB"))


def test_tokens_through_attention_and_time():
    tokens = dlarray(np.array([[[0, 2, 1], [2, 0, 1]]], float), "CBT")
    net = dlnetwork(
        [EmbeddingLayer(4, 3, weights_initializer="glorot"), SelfAttentionLayer(2, 4, attention_mask="causal"),
         BiLstmLayer(2), LstmLayer(2, output_mode="last", keep_state=True), FullyConnectedLayer(1)],
        tokens,
    )  # fmt: skip

    def step(net, tokens):
        Y, state = forward(net, tokens, return_state=True)
        loss = (Y**2).sum()
        return loss, dlgradient(loss, net.learnables), state

    _, gradients, state = dlfeval(step, net, tokens)
    assert_gradient_of(net, lambda other: dlfeval(step, other, tokens)[0], gradients)
    assert state["lstm"]["CellState"].shape == (2, 2)


@pytest.mark.compiled
def test_a_state_in_compiled_code():
    net = dlnetwork([GruLayer(2, output_mode="last", keep_state=True, name="gru")], X)
    Y, state = predict(net, X, return_state=True)
    p = {name: x.data for name, x in net.learnables["gru"].items()}
    by_hand = dlsrc.gru(X.data, np.zeros(2), p["InputWeights"], p["RecurrentWeights"], p["Bias"], data_format="CBT")
    np.testing.assert_allclose(Y.data, by_hand[..., -1], rtol=1e-12)
    assert np.array_equal(Y.data, state["gru"]["HiddenState"].data)


@pytest.mark.compiled
@pytest.mark.parametrize("layer", [BiLstmLayer(2), SelfAttentionLayer(2, 4, attention_mask="causal")], ids=repr)
def test_a_step_in_compiled_code(layer):
    net = dlnetwork([layer], X)

    def step(net, X):
        loss = (forward(net, X) ** 2).sum()
        return loss, dlgradient(loss, net.learnables, X)

    _, (gradients, _) = dlfeval(step, net, X)
    assert_gradient_of(net, lambda other: dlfeval(step, other, X)[0], gradients)
