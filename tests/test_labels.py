"""Formats: the same rules for values and in functions that are differentiated, and labels that fit the numbers."""

import numpy as np
import pytest

import dlsrc
from dlsrc import (
    adjoint_source, dims, dlaccelerate, dlarray, dlfeval, dlgradient, extractdata, finddim, grad, hessian,
    isdlarray, stripdims, value_and_grad,
)
from dlsrc.errors import DifferentiationError, UnsupportedSyntax
from tests.oracle import assert_close

RNG = np.random.default_rng(6)
SCB = dlarray(RNG.standard_normal((4, 3, 2)), "SCB")
SC = dlarray(RNG.standard_normal((4, 3)), "SC")
CB = dlarray(RNG.standard_normal((3, 2)), "CB")
C = dlarray(RNG.standard_normal(3), "C")
BT = dlarray(RNG.standard_normal((2, 5)), "BT")
CT = dlarray(RNG.standard_normal((3, 5)), "CT")
TOKENS = np.array([[0.0, 3.0, 1.0], [4.0, 1.0, 1.0]])
FULL = RNG.standard_normal((5, 12))
FILTERS = RNG.standard_normal((3, 3, 2))
SS = dlarray(RNG.standard_normal((4, 4)), "SS")

CBT = dlarray(RNG.standard_normal((3, 2, 4)), "CBT")
GATES, STATES = RNG.standard_normal((8, 3)), RNG.standard_normal((8, 2))


def lstm_of(x):
    return dlsrc.lstm(x, np.zeros(2), np.zeros(2), GATES, STATES, np.ones(8), return_state=True)


def last_row(x):
    found = x[0]
    for row in x:
        found = row
    return found


# For each: the function, its arguments, the format that comes out.
CASES = [
    (lambda x, b: x + b, (SCB, C), "SCB"),
    (lambda x, b: b * x, (CB, BT), "CBT"),
    (lambda x, y: np.maximum(x, y), (SC, BT), "SCBT"),
    (lambda x, y: np.where(x > 0, y, 0.0), (SC, C), "SC"),
    (lambda x, y: x**2 - y, (SS, SC), "SSC"),
    (lambda x: x + np.ones(2), (SCB,), "SCB"),
    (lambda x: 2.0 / (1.0 + np.exp(-x)), (CB,), "CB"),
    (lambda x: -abs(x), (CB,), "CB"),
    (lambda x: x > 0.0, (CB,), "CB"),
    (lambda x: x**3, (CB,), "CB"),
    (lambda x: 2.0**x, (CB,), "CB"),
    (lambda x: x.clip(-0.5, 0.5), (CB,), "CB"),
    (lambda x: x.astype(np.float32), (CB,), "CB"),
    (lambda x: np.zeros_like(x) + x.copy(), (CB,), "CB"),
    (lambda x: np.isfinite(x), (CB,), "CB"),
    (lambda x: x.sum(), (SCB,), ""),
    (lambda x: np.sum(x, axis=1), (SCB,), "SCB"),
    (lambda x: np.mean(x, axis=(0, 2)), (SCB,), "SCB"),
    (lambda x: np.mean(x, axis=(0, -1), keepdims=True), (SCB,), "SCB"),
    (lambda x: np.sum(x, axis=1, keepdims=False), (SCB,), "SB"),
    (lambda x: x.mean((0, 1)), (CB,), "CB"),
    (lambda x: np.max(x, axis=0), (C,), "C"),
    (lambda x: np.sum(x, keepdims=True), (CB,), "CB"),
    (lambda x: np.max(x, axis=-1), (SCB,), "SCB"),
    (lambda x: x.std(axis=0), (SCB,), "SCB"),
    (lambda x: np.sum(x, axis=finddim(x, "C")), (SCB,), "SCB"),
    (lambda x: (x - np.mean(x, axis=2)) / np.std(x, axis=2), (SCB,), "SCB"),
    (lambda x: np.linalg.norm(x, axis=0), (SC,), "SC"),
    (lambda x: sum(x), (SC,), "C"),
    (lambda x: np.cumsum(x, axis=1), (SC,), "SC"),
    (lambda x: np.cumsum(x), (SC,), ""),
    (lambda x: np.sort(x, axis=0), (SC,), "SC"),
    (lambda x: np.flip(x, axis=0), (SC,), "SC"),
    (lambda x: np.repeat(x, 2, axis=1), (SC,), "SC"),
    (lambda x: np.tile(x, (2, 1)), (SC,), "SC"),
    (lambda x: np.broadcast_to(x[:, :1], (4, 3)), (SC,), "SC"),
    (lambda x: np.gradient(x, axis=0), (SC,), "SC"),
    (lambda x: np.where(x > 0.0)[0] * dlarray(1.0), (SC,), ""),
    (lambda x: np.asarray(x) * dlarray(1.0), (SC,), ""),
    (lambda x: np.array(x) * dlarray(1.0), (SC,), ""),
    (lambda x: dlsrc.softmax(x, axis=0), (CB,), "CB"),
    (lambda x: dlsrc.softmax(x), (CB,), "CB"),
    (lambda x: dlsrc.softmax(x), (SCB,), "SCB"),
    (lambda x: dlsrc.fullyconnect(x, FULL, np.ones(5)), (SCB,), "CB"),
    (lambda x: dlsrc.fullyconnect(x, FULL[:, :3]), (CB,), "CB"),
    (lambda x: dlsrc.dlconv(x, FILTERS, padding="same"), (SCB,), "SCB"),
    (lambda x: dlsrc.maxpool(x, 2), (SCB,), "SCB"),
    (lambda x: dlsrc.batchnorm(x, np.ones(3), np.ones(3)), (SCB,), "SCB"),
    (lambda x: dlsrc.lstm(x, np.ones(1), np.ones(1), np.ones((4, 3)), np.ones((4, 1)), np.ones(4)), (CT,), "CT"),
    (lambda x: dlsrc.gru(x, np.ones(1), np.ones((3, 3)), np.ones((3, 1)), np.ones(3)), (CT,), "CT"),
    (lambda x: dlsrc.attention(x, x, 2.0 * x, 3, attention_mask="causal"), (CT,), "CT"),
    (lambda x: dlsrc.dropout(x, 0.5, key=3), (CB,), "CB"),
    (lambda x: dlsrc.embed(dlarray(TOKENS, "BT"), x), (stripdims(CT),), "CBT"),
    (lambda x: dlsrc.embed(dlarray(TOKENS[:1], "CT"), stripdims(x)), (CT,), "CT"),
    (lambda x: dlsrc.indexcrossentropy(dlsrc.softmax(x), dlarray(np.array([[0.0, 2.0]]), "CB")), (CB,), ""),
    (lambda x: dlsrc.crossentropy(dlsrc.softmax(x), dlsrc.softmax(2.0 * x)), (CB,), ""),
    (lambda x: dlsrc.mse(x, np.ones((3, 2))), (CB,), ""),
    (lambda x: dlsrc.l1loss(x, dlarray(np.ones((3, 2)), "CB"), reduction="none"), (CB,), "CB"),
    (lambda x: dlsrc.huber(x, np.ones((3, 2))), (CB,), ""),
    (lambda x: dlsrc.maxpool(x, 2), (SCB,), "SCB"),
    (lambda x: dlsrc.maxunpool(*dlsrc.maxpool(x, 2, stride=2, return_indices=True)), (SCB,), "SCB"),
    (lambda x: dlsrc.avgpool(x, 2, stride=2), (SCB,), "SCB"),
    (lambda x: dlsrc.batchnorm(x, np.zeros(3), np.ones(3)), (SCB,), "SCB"),
    (lambda x: dlsrc.batchnorm(x, 0.0, 1.0, return_statistics=True)[0], (CB,), "CB"),
    (lambda x: dlsrc.batchnorm(x, 0.0, 1.0, return_statistics=True)[1] * dlarray(1.0), (CB,), ""),
    (lambda x: dlsrc.layernorm(x, np.zeros(3), np.ones(3)), (CB,), "CB"),
    (lambda x: dlsrc.groupnorm(x, 3, np.zeros(3), np.ones(3)), (SCB,), "SCB"),
    (lambda x: lstm_of(x)[0], (CBT,), "CBT"),
    (lambda x: lstm_of(x)[2], (CBT,), ""),
    (lambda x: dlsrc.attention(x, x, x, 1), (CBT,), "CBT"),
    (lambda x: dlsrc.dropout(x, 0.5, key=3), (CB,), "CB"),
    (lambda x: dlsrc.leakyrelu(x, 0.1), (CB,), "CB"),
    (lambda x: dlsrc.gelu(x), (CB,), "CB"),
    (lambda x: dlsrc.swish(x), (CB,), "CB"),
    (lambda x: dlsrc.relu(x), (CB,), "CB"),
    (lambda x: dlsrc.sigmoid(x), (CB,), "CB"),
    (lambda x: dlsrc.logsumexp(x, axis=0), (CB,), "CB"),
    (lambda x: x.T, (SS,), "SS"),
    (lambda x: np.transpose(x, (1, 0)), (SS,), "SS"),
    (lambda x: np.swapaxes(x, 0, 1), (SS,), "SS"),
    (lambda x: np.moveaxis(x, 0, 1), (SS,), "SS"),
    (lambda x: x.reshape(6), (CB,), ""),
    (lambda x: x.reshape(2, 3), (CB,), ""),
    (lambda x: x.ravel(), (CB,), ""),
    (lambda x: np.squeeze(x[:, 1:2], axis=1), (SCB,), "SB"),
    (lambda x: np.expand_dims(x, -1), (CB,), "CBU"),
    (lambda x: x[:, :, None], (CB,), "CBU"),
    (lambda x, y: np.concatenate([x, y]), (CB, CB), "CB"),
    (lambda x, y: np.concatenate((x, stripdims(y)), axis=1), (CB, CB), "CB"),
    (lambda x, y: np.stack((x, y), axis=-1), (CB, CB), "CBU"),
    (lambda x: x[0], (SCB,), "CB"),
    (lambda x: x[1:, 0], (SCB,), "SB"),
    (lambda x: x[..., -1], (SCB,), "SC"),
    (lambda x: x[:, 1, 1], (SCB,), "S"),
    (lambda x: x[1, 2, 1], (SCB,), ""),
    (lambda x: x[:, np.array([2, 0])], (SCB,), "SCB"),
    (lambda x: x[x > 0.0], (SCB,), ""),
    (lambda x: np.argmax(x, axis=0) * 1.0, (SC,), ""),
    (lambda x: stripdims(x), (SCB,), ""),
    (lambda x: stripdims(x, "BSC"), (SCB,), ""),
    (lambda x: stripdims(x, "BTSC"), (SCB,), ""),
    (lambda x: dlarray(stripdims(x), "BCS"), (SCB,), "SCB"),
    (lambda x: dlarray(x, "SST"), (SCB,), "SST"),
    (lambda x: dlarray(x, "CBTU"), (CB,), "CBT"),
    (lambda x: dlarray(x), (CB,), "CB"),
    (lambda x: dlarray(x, ""), (CB,), ""),
    (lambda x: dlarray(np.arange(3), "C") * x, (CB,), "CB"),
    (lambda x: last_row(x) * 2.0, (SC,), "C"),
]


def same_as(found, expected):
    """The same class, labels, dtype and numbers."""
    assert isdlarray(found) == isdlarray(expected)
    assert dims(found) == dims(expected)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    kind = float if found.dtype == bool else found.dtype
    assert_close(np.asarray(found).astype(kind), np.asarray(expected).astype(kind), 1e-14)


def plain_case(k):
    f, args, labels = CASES[k]
    outside = f(*args)
    assert dims(outside) == labels
    same_as(dlfeval(f, *args), outside)


@pytest.mark.parametrize("k", range(len(CASES)))
def test_values_and_programs_follow_one_rule(k):
    plain_case(k)


def test_implicit_expansion_by_label():
    found = SCB + C
    assert_close(extractdata(found), SCB.data + C.data[None, :, None], 0)
    assert_close(extractdata(CB * BT), CB.data[:, :, None] * BT.data[None], 0)
    assert_close(extractdata(SS + SC), SS.data[:, :, None] + SC.data[:, None, :], 0)


def test_creation_sorts():
    data = RNG.standard_normal((5, 4, 3, 2))
    x = dlarray(data, "TSSU")
    assert dims(x) == "SSTU"
    assert x.shape == (4, 3, 5, 2)
    assert finddim(x, "S") == (0, 1)
    assert finddim(x, "T") == (2,)
    assert finddim(x, "C") == ()
    assert_close(extractdata(x), data.transpose(1, 2, 0, 3), 0)
    assert x.data.flags.c_contiguous
    assert_close(extractdata(stripdims(x, "TSSU")), data, 0)
    assert dlarray(data[0, 0, 0], "CB").shape == (2, 1)
    assert dims(dlarray(data)) == "" == dims(data)


def test_display():
    assert repr(dlarray([[1, 2, 3], [4, 5, 6]], "SC")) == "2(S) x 3(C) dlarray\n   1. 2. 3.\n   4. 5. 6."
    assert repr(dlarray([True], "B")) == "1(B) bool dlarray\n   True"
    assert repr(dlarray(np.zeros((0, 2)), "SC")) == "0(S) x 2(C) dlarray"


@pytest.mark.compiled
def test_printing_inside(capsys):
    def f(x):
        print(f"{x * 2.0}")
        return np.sum(x)

    f(CB)
    outside = capsys.readouterr().out
    dlfeval(f, CB)
    assert capsys.readouterr().out == outside
    assert outside.startswith("3(C) x 2(B) dlarray\n")


@pytest.mark.compiled
def test_writing():
    def f(x, y):
        z = x * 1.0
        z[0] = y
        z[:, 1] += 1.0
        z += y
        z[1] = stripdims(y)
        return z, dlgradient(np.sum(z * z), x, y)

    y = dlarray([10.0, 20.0], "B")
    found, (gx, gy) = dlfeval(f, CB, y)
    z = CB.data.copy()
    z[0] = y.data
    z[:, 1] += 1.0
    z += y.data
    z[1] = y.data
    same_as(found, dlarray(z, "CB"))
    expected = 2 * z
    expected[:2] = 0.0
    same_as(gx, dlarray(expected, "CB"))
    same_as(gy, dlarray(2 * (2 * z[0] + z[1] + z[2]), "B"))


# ---------------------------------------------------------------------------------- gradients


def loss_of(x, b, w):
    y = np.tanh(x + b) * w
    z = (y - np.mean(y, axis=1)) / (1.0 + np.std(y, axis=1))
    u = stripdims(z, "TBC")
    return np.sum(np.sin(z)) + np.sum(u[0] ** 3)


def with_gradient(x, b, w):
    loss = loss_of(x, b, w)
    return loss, dlgradient(loss, x, b, w)


@pytest.mark.compiled
def test_gradients_have_the_format_of_their_targets():
    args = (dlarray(RNG.standard_normal((3, 2, 4)), "CBT"), C, dlarray(RNG.standard_normal((2, 4)), "BT"))
    agrees_with_differences(loss_of, with_gradient, args)


def network(x, filters, bias, weights):
    y = dlsrc.relu(dlsrc.dlconv(x, filters, bias, padding="same"))
    y = dlsrc.fullyconnect((y - np.mean(y, axis=2)) / (1.0 + np.std(y, axis=2)), weights)
    return dlsrc.crossentropy(dlsrc.softmax(y), TARGETS)


def network_with_gradient(x, filters, bias, weights):
    loss = network(x, filters, bias, weights)
    return loss, dlgradient(loss, x, filters, bias, weights)


TARGETS = np.eye(3)[:, [0, 1, 2, 1]]


def test_gradients_of_a_network():
    x = dlarray(RNG.standard_normal((5, 2, 4)), "SCB")
    parts = (RNG.standard_normal((3, 2, 2)), RNG.standard_normal(2), RNG.standard_normal((3, 10)))
    agrees_with_differences(network, network_with_gradient, (x, *map(dlarray, parts)))


def agrees_with_differences(value, gradients, args):
    """The gradients have the formats of the arguments, and are those that values outside a trace have."""
    loss, grads = dlfeval(gradients, *args)
    assert not dims(loss)
    assert_close(np.asarray(loss), np.asarray(value(*args)), 1e-13)
    assert [dims(g) for g in grads] == [dims(x) for x in args]

    def at(k, direction, h):
        moved = [dlarray(a.data + h * direction, dims(a)) if n == k else a for n, a in enumerate(args)]
        return float(value(*moved))

    for k, (x, g) in enumerate(zip(args, grads, strict=True)):
        d, h = RNG.standard_normal(x.shape), 1e-3
        differences = [(at(k, d, s * h) - at(k, d, -s * h)) / (2 * s * h) for s in (1, 2, 4)]
        first = [(4 * a - b) / 3 for a, b in zip(differences, differences[1:], strict=False)]
        assert_close(np.sum(g.data * d), (16 * first[0] - first[1]) / 15, 1e-8)


@pytest.mark.compiled
def test_grad_and_accelerated_functions():
    loss, g = value_and_grad(lambda x: np.sum((x - C) ** 2))(CB)
    assert_close(float(loss), np.sum((CB.data - C.data[:, None]) ** 2), 1e-14)
    same_as(g, dlarray(2 * (CB.data - C.data[:, None]), "CB"))
    f = dlaccelerate(lambda x: (dims(x), dlgradient(np.sum(x**2), x)))
    for x in (CB, dlarray(CB, "SC"), dlarray(CB, ""), CB, dlarray(CB, "SC")):
        labels, g = f(x)
        assert labels == dims(x) == dims(g)
    assert f.occupancy == 100 * 3 / f.cache_size  # a format is part of the signature


def test_captured_arrays_are_asked_for_their_format(monkeypatch):
    monkeypatch.setitem(globals(), "CAPTURED", dlarray([1.0, 2.0, 3.0], "C"))

    def f(x):
        return x + CAPTURED  # noqa: F821

    same_as(dlfeval(f, CB), CB + globals()["CAPTURED"])
    monkeypatch.setitem(globals(), "CAPTURED", dlarray([1.0, 2.0, 3.0], "T"))
    found = dlfeval(f, CB)
    assert dims(found) == "CBT"
    same_as(found, CB + globals()["CAPTURED"])


def test_labels_leave_no_trace_in_the_text():
    def labelled(x, y):
        z = dlarray(stripdims(x), "CB") * y
        return np.sum(z), dlgradient(np.sum(z), x)

    def plain(x, y):
        z = x * y
        return np.sum(z), dlgradient(np.sum(z), x)

    bare = (stripdims(CB), stripdims(CB))
    text = adjoint_source(labelled, CB, CB).replace("labelled", "plain")
    code = [line for line in text.splitlines() if "#" not in line]
    assert code == [line for line in adjoint_source(plain, *bare).splitlines() if "#" not in line]


def test_second_derivatives():
    def penalty(x):
        y = np.sum(x**3 * C)
        g = dlgradient(y, x, enable_higher_derivatives=True)
        return dims(g), dlgradient(np.sum(g**2), x)

    labels, found = dlfeval(penalty, CB)
    assert labels == "CB"
    same_as(found, dlarray(36 * CB.data**3 * C.data[:, None] ** 2, "CB"))
    h = hessian(lambda z: np.sum(dlarray(z, "CB") ** 3 * C))(CB.data)
    diagonal = np.einsum("ijij->ij", h)
    assert_close(diagonal, 6 * CB.data * C.data[:, None], 1e-13)
    nested = dlfeval(lambda x: grad(lambda z: np.sum(z**2 * C))(x), CB)
    same_as(nested, dlarray(2 * CB.data * C.data[:, None], "CB"))


# ---------------------------------------------------------------------------------- identity


def test_relabelled_values_are_the_same_to_a_gradient():
    def f(x):
        loss = np.sum(np.arange(1.0, 4.0)[:, None] * stripdims(x) ** 2)
        s, t = stripdims(x), dlarray(x, "BS")
        return dlgradient(loss, s), dlgradient(loss, t), dlgradient(loss, stripdims(x, "BC")), dlgradient(loss, x)

    g = 2 * np.arange(1.0, 4.0)[:, None] * CB.data
    stripped, relabelled, turned, whole = dlfeval(f, CB)
    same_as(stripped, dlarray(g))
    same_as(relabelled, dlarray(g, "BS"))
    same_as(turned, dlarray(g.T))
    same_as(whole, dlarray(g, "CB"))


@pytest.mark.compiled
def test_a_relabelled_array_has_values_of_its_own():
    def f(x):
        y = dlarray(x)
        y[0] = 10.0
        return x, y, dlgradient(np.sum(x * y), x)

    x, y, g = dlfeval(f, dlarray([1.0, 2.0]))
    same_as(x, dlarray([1.0, 2.0]))
    same_as(y, dlarray([10.0, 2.0]))
    same_as(g, dlarray([10.0, 4.0]))

    given = dlarray(CB)
    found = dlfeval(lambda x: stripdims(x), given)
    found[0] = 0.0
    same_as(given, CB)


def test_the_gradient_by_one_of_two_that_differ_is_refused():
    def f(x):
        y = dlarray(x, "SC")
        x[0] = 0.0
        return dlgradient(np.sum(x**2), y)

    with pytest.raises(DifferentiationError, match="written to"):
        dlfeval(f, CB)


# ---------------------------------------------------------------------------------- refused

REFUSED = [
    (lambda x, y: x @ y, (CB, SC), "'CB', 'SC'.*stripdims"),
    (lambda x, y: np.concatenate([x, y]), (CB, SC), "'CB' and 'SC'"),
    (lambda x: x.T, (CB,), "'BC' of 'CB'"),
    (lambda x: np.linalg.inv(x), (SS,), "inv.*'SS'.*stripdims"),
    (lambda x: np.einsum("ij->i", x), (SS,), "einsum.*'SS'"),
    (lambda x: stripdims(x, "SB"), (CB,), "'CB'.*'SB'"),
    (lambda x: dlarray(x, "SX"), (CB,), "'SX'.*'X'"),
    (lambda x: dlarray(x, "CC"), (CB,), "'CC'.*more than once"),
    (lambda x: dlarray(x, "C"), (CB,), "'C'.*'CU'"),
    (lambda x: x[None], (CB,), "'CB'.*'UCB'"),
    (lambda x: np.stack([x, x]), (CB,), "'UCB'"),
    (lambda x: x + np.ones((2, 3, 2)), (CB,), "3 dimensions.*'CB'"),
    (lambda x: np.median(x, 5), (CB,), "axis 5"),
    (lambda x: np.quantile(x, 0.5), (CB,), "quantile.*'CB'"),
    (lambda x: finddim(x, "SC"), (CB,), "one label"),
    (lambda x: np.tile(x, (2, 1, 1)), (CB,), "3 dimensions cannot have the format 'CB'"),
    (lambda x: dlsrc.mse(x, dlarray(x, "SC")), (CB,), "'CB' and 'SC'"),
    (lambda x: dlsrc.attention(x, dlarray(x, "SCB"), x, 1), (CBT,), "'CBT' and 'SCB'"),
    (lambda x: dlsrc.fullyconnect(x, FULL, data_format="CB"), (CB,), "data_format= is for arrays without"),
    (lambda x: dlsrc.fullyconnect(np.ones((3, 2)), x), (CB,), "first array has no labels"),
    (lambda x: np.allclose(x, dlarray(x, "SC")), (CB,), "'CB' and 'SC'"),
]


@pytest.mark.parametrize("k", range(len(REFUSED)))
def test_what_does_not_fit_is_refused_with_the_formats(k):
    f, args, words = REFUSED[k]
    with pytest.raises(ValueError, match=words):
        f(*args)
    with pytest.raises(UnsupportedSyntax, match=words) as caught:
        dlfeval(f, *args)
    assert "line" in str(caught.value)


def test_sizes_that_do_not_fit_are_told_with_their_labels():
    with pytest.raises(ValueError, match=r"3\(C\) x 2\(B\) and 5\(C\)"):
        CB + dlarray(np.zeros(5), "C")


def test_a_format_is_one_on_both_ways():
    def branch(x):
        y = stripdims(x) if np.sum(x) > 0.0 else x
        return np.sum(y)

    def loop(x):
        for _ in range(3):
            x = stripdims(x)
        return np.sum(x)

    def store(x, y):
        x[:] = y
        return x

    for f, args in ((branch, (CB,)), (loop, (CB,)), (store, (dlarray(CB), dlarray(CB, "SC")))):
        with pytest.raises(UnsupportedSyntax, match="format 'CB'|'CB'"):
            dlfeval(f, *args)
