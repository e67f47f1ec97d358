"""`minibatchqueue` and `training_progress_monitor`: passes over data, and what is shown of a training."""

import csv
import io
import os
import signal
import subprocess
import sys
import types

import numpy as np
import pytest

from dlsrc import dlarray, dlfeval, dlgradient, minibatchqueue, sgdmupdate, training_progress_monitor

PICTURES = np.arange(2 * 2 * 1 * 7.0).reshape(2, 2, 1, 7)
DIGITS = np.array([3, 1, 4, 1, 5, 9, 2])


# ---------------------------------------------------------------------------------- data


@pytest.mark.parametrize(("partial", "sizes"), [("return", [3, 3, 1]), ("discard", [3, 3])])
def test_a_pass_gives_every_observation_once(partial, sizes):
    mbq = minibatchqueue(
        (PICTURES, DIGITS), mini_batch_size=3, mini_batch_format=("SSCB", "B"), partial_mini_batch=partial
    )
    assert len(mbq) == len(sizes) and mbq.hasdata()
    found = list(mbq)
    assert [X.shape[-1] for X, _ in found] == sizes and not mbq.hasdata()
    assert all((X.labels, T.labels) == ("SSCB", "B") for X, T in found)
    n = sum(sizes)
    assert np.array_equal(np.concatenate([X.data for X, _ in found], axis=3), PICTURES[..., :n])
    assert np.array_equal(np.concatenate([T.data.ravel() for _, T in found]), DIGITS[:n])
    with pytest.raises(StopIteration):
        mbq.next()
    mbq.reset()
    assert mbq.hasdata() and np.array_equal(mbq.next()[0].data, PICTURES[..., :3])


def test_shuffling_goes_by_the_seed():
    def order(rng, passes=2):
        mbq = minibatchqueue(np.arange(50.0), mini_batch_size=8, rng=rng)
        found = []
        for _ in range(passes):
            mbq.shuffle()
            found.append(np.concatenate([x.data.ravel() for x in mbq]).tolist())
        return found

    a, b, c = order(4), order(np.random.default_rng(4)), order(5)
    assert a == b and a != c and a[0] != a[1] and sorted(a[0]) == sorted(a[1]) == list(range(50))
    mbq = minibatchqueue(np.arange(50.0), mini_batch_size=50, rng=4)
    mbq.shuffle()
    assert next(mbq).data.ravel().tolist() == next(iter(mbq)).data.ravel().tolist() == a[0]  # a reset keeps the order


def test_arrays_stay_together():
    mbq = minibatchqueue({"x": np.arange(20.0)[None], "t": np.arange(20)}, mini_batch_size=6, rng=1,
                         mini_batch_format={"x": "CB"}, output_as_dlarray={"t": False}, output_cast={"x": np.float32})
    mbq.shuffle()
    for batch in mbq:
        assert list(batch) == ["x", "t"] and batch["x"].dtype == np.float32 and batch["x"].labels == "CB"
        assert type(batch["t"]) is np.ndarray and batch["t"].dtype.kind == "i"
        assert batch["x"].data[0].tolist() == batch["t"].tolist()


def test_what_is_given_is_fresh():
    data = np.arange(6.0)
    mbq = minibatchqueue(data, mini_batch_size=6, output_as_dlarray=False)
    next(mbq)[:] = -1
    assert data.tolist() == [0, 1, 2, 3, 4, 5]
    X = dlarray(np.arange(6.0).reshape(2, 3), "CB")  # dlarrays keep their labels
    assert [x.labels for x in minibatchqueue(X, mini_batch_size=2)] == ["CB", "CB"]
    assert [x.shape for x in minibatchqueue(X.data, mini_batch_size=2)] == [(2, 3)]  # else the first axis counts


def test_preprocessing():
    def one_hot(X, digits):
        assert X.shape[3] == len(digits) <= 3
        return X / 10, np.eye(10)[:, digits], len(digits)

    mbq = minibatchqueue(
        (PICTURES, DIGITS), mini_batch_size=3, mini_batch_fcn=one_hot, iteration_dimension=(-1, 0),
        mini_batch_format=("SSCB", "CB", ""), output_as_dlarray=(True, True, False),
    )  # fmt: skip
    X, T, n = next(mbq)
    assert (X.labels, T.labels, int(n)) == ("SSCB", "CB", 3) and T.data.argmax(0).tolist() == [3, 1, 4]
    assert np.array_equal(X.data, PICTURES[..., :3] / 10)
    named = minibatchqueue({"x": np.arange(4.0)}, mini_batch_size=4, mini_batch_fcn=lambda b: {"y": 2 * b["x"], **b},
                           mini_batch_format={"y": "B"})
    batch = next(named)
    assert batch["y"].data.ravel().tolist() == [0, 2, 4, 6] and batch["y"].labels == "B" and batch["x"].labels == ""
    (single,) = minibatchqueue(np.arange(3.0), mini_batch_fcn=lambda x: x + 1)
    assert single.data.ravel().tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: minibatchqueue((PICTURES, DIGITS)), ValueError, r"data\[0\] has 2 along axis 0, data\[1\] has 7"),
        (lambda: minibatchqueue(()), ValueError, "no data"),
        (lambda: minibatchqueue(DIGITS, mini_batch_size=0), ValueError, "at least 1"),
        (lambda: minibatchqueue(DIGITS, mini_batch_size=2.0), TypeError, "a whole number"),
        (lambda: minibatchqueue(DIGITS, partial_mini_batch="keep"), ValueError, '"return" or "discard"'),
        (lambda: minibatchqueue(DIGITS, mini_batch_format="XB"), ValueError, "label 'X'"),
        (lambda: minibatchqueue(DIGITS, iteration_dimension=1), ValueError, "cannot be along axis 1"),
        (lambda: minibatchqueue(np.float64(1)), ValueError, "has 0 axes"),
        (lambda: minibatchqueue((DIGITS,), mini_batch_format=("B", "B")), ValueError, "2 items, and there are 1"),
        (lambda: minibatchqueue(DIGITS, mini_batch_format={"x": "B"}), TypeError, "have no names"),
        (lambda: minibatchqueue({"x": DIGITS}, output_cast={"y": float}), ValueError, None),
    ],
)
def test_what_is_refused_of_data(make, error, message):
    with pytest.raises(error, match=message):
        next(make())


def test_a_training_loop():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(60)
    mbq = minibatchqueue((x[None], 3 * x[None] + 1), mini_batch_size=20, mini_batch_format="CB", rng=1)
    net, vel = {"w": dlarray(0.0), "b": dlarray(0.0)}, []

    def model_loss(net, X, T):
        loss = np.mean((net["w"] * X + net["b"] - T) ** 2)
        return loss, dlgradient(loss, net)

    with training_progress_monitor(metrics="Loss", visible=False) as monitor:
        for epoch in range(60):
            mbq.shuffle()
            for X, T in mbq:
                loss, grad = dlfeval(model_loss, net, X, T)
                net, vel = sgdmupdate(net, grad, vel, 0.05)
                monitor.record_metrics(len(monitor.metric_data["Loss"]) + 1, Loss=loss)
            monitor.progress = 100 * (epoch + 1) / 60
    assert abs(float(net["w"]) - 3) < 0.01 and abs(float(net["b"]) - 1) < 0.01
    assert monitor.metric_data["Loss"].shape == (180, 2) and monitor.metric_data["Loss"][-1, 1] < 1e-3


# ---------------------------------------------------------------------------------- progress


def test_a_file_of_metrics(tmp_path):
    path = tmp_path / "training.csv"
    monitor = training_progress_monitor(metrics=("Loss", "Accuracy"), info="Epoch", csv=path)
    monitor.record_metrics(1, Loss=0.1 + 0.2)
    monitor.update_info(Epoch=1)
    monitor.record_metrics(2, {"Loss": dlarray(0.25), "Accuracy": np.float32(0.5)})
    written = list(csv.reader(path.read_text().splitlines()))  # at once, before anything is closed
    assert written == [
        ["Iteration", "Loss", "Accuracy", "Epoch"], ["1", "0.30000000000000004", "", ""], ["2", "0.25", "0.5", "1"],
    ]  # fmt: skip
    monitor.close()
    monitor.close()
    monitor.record_metrics(3, Loss=0.0)
    assert len(path.read_text().splitlines()) == 3
    assert monitor.metric_data["Loss"].tolist() == [[1, 0.1 + 0.2], [2, 0.25], [3, 0]]
    assert monitor.metric_data["Accuracy"].tolist() == [[2, 0.5]]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda m: m.record_metrics(1, Best=1), "Best is no metric; there are Loss"),
        (lambda m: m.update_info(Loss=1), "Loss is no info; there are Epoch"),
        (lambda m: setattr(m, "progress", 101), "in percent"),
        (lambda m: m.group_sub_plot("All", ("Loss", "Best")), "Best is no metric"),
        (lambda m: training_progress_monitor(metrics="a", info="a"), "a metric and an info"),
        (lambda m: training_progress_monitor(metrics=("a", "a")), "each of them once"),
    ],
)
def test_what_is_refused_of_metrics(act, message):
    with pytest.raises(ValueError, match=message):
        act(training_progress_monitor(metrics="Loss", info="Epoch", visible=False))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(monitor, steps=4):
    with monitor:
        for k in range(1, steps + 1):
            monitor.record_metrics(k, Loss=1 / k)
            monitor.update_info(Epoch=k)
            monitor.status = "training"
            monitor.progress = 100 * k / steps
    return monitor


def test_a_bar_in_a_terminal(monkeypatch):
    pytest.importorskip("tqdm", reason="tqdm is not installed")
    import threading

    before = threading.active_count()
    monkeypatch.setattr(sys, "stderr", Terminal())
    run(training_progress_monitor(metrics="Loss", info="Epoch"))
    last = sys.stderr.getvalue().rstrip().rpartition("\r")[2]
    assert last.startswith("training 100%|") and "Loss 0.25" in last and "Epoch 4" in last
    assert threading.active_count() == before


def test_nothing_is_shown_where_nothing_can_be(monkeypatch, capsys):
    for setting in ("no terminal", "no tqdm", "no stderr"):
        monkeypatch.setattr(sys, "stderr", {"no terminal": io.StringIO(), "no tqdm": Terminal(), "no stderr": None}[setting])
        monkeypatch.setitem(sys.modules, "tqdm", None) if setting == "no tqdm" else None
        monitor = run(training_progress_monitor(metrics="Loss", info="Epoch"))
        assert monitor.progress == 100 and len(monitor.metric_data["Loss"]) == 4
        assert not sys.stderr or sys.stderr.getvalue() == ""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="plot needs matplotlib, which is not installed"):
        monitor.plot()


def test_a_picture_that_grows_in_a_notebook(monkeypatch):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    shown = []

    class Handle:
        def update(self, image):
            shown.append(image)

    def display(image, display_id):
        assert display_id is True
        shown.append(image)
        return Handle()

    notebook = types.ModuleType("IPython")
    notebook.version_info = (9, 0)
    notebook.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    notebook.display = types.ModuleType("IPython.display")
    notebook.display.Image, notebook.display.display = lambda data: data, display
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", notebook.display)
    run(training_progress_monitor(metrics="Loss", info="Epoch"), steps=40)
    assert len(shown) >= 2 and all(image.startswith(b"\x89PNG") for image in shown) and len(set(shown)) >= 2


def test_plots_in_groups(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    monitor = training_progress_monitor(metrics=("Loss", "Accuracy", "TestLoss"), x_label="Step", visible=False)
    monitor.group_sub_plot("Losses", ("Loss", "TestLoss"))
    monitor.record_metrics(1, Loss=1.0, TestLoss=2.0)
    monitor.record_metrics(2, Loss=0.5)
    figure = monitor.plot(tmp_path / "training.png")
    upper, lower = figure.axes
    assert (upper.get_ylabel(), lower.get_ylabel(), lower.get_xlabel()) == ("Losses", "Accuracy", "Step")
    assert [list(line.get_ydata()) for line in upper.lines[::2]] == [[1.0, 0.5], [2.0]]
    assert (tmp_path / "training.png").read_bytes().startswith(b"\x89PNG")
    training_progress_monitor(visible=False).plot(tmp_path / "empty.png")


@pytest.mark.skipif(os.name == "nt", reason="a process cannot interrupt itself there")
def test_the_first_interrupt_asks_to_stop():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        with training_progress_monitor(metrics="Loss", visible=False) as monitor:
            os.kill(os.getpid(), signal.SIGINT)
            assert monitor.stop
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_optional_packages_are_not_imported():
    code = """
import sys, dlsrc
with dlsrc.training_progress_monitor(metrics="a") as monitor:
    monitor.record_metrics(1, a=1)
print(*(m for m in ('matplotlib', 'IPython', 'numba') if m in sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""
