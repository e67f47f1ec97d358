"""`training_progress_monitor`: how a training goes, in a terminal, in a notebook and in a file."""

import csv
import io
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..lazy import installed, optional

__all__ = ["training_progress_monitor"]

BETWEEN = 0.5  # seconds from one drawing to the next
COLOURS = ("#2f6fc4", "#d08a1c", "#2e9463", "#cc4646", "#7a52c7", "#23899a", "#c3468a", "#7b8496")


class training_progress_monitor:
    """Shows metrics while a loop of one's own trains, and keeps them.

    In a terminal it is a progress bar (if ``tqdm`` is installed), in a notebook a plot that grows (if
    ``matplotlib`` is).  Where there is neither, nothing is shown, and everything else works.

    Parameters
    ----------
    metrics : str, or names
        What `record_metrics` records.
    info : str, or names
        What `update_info` updates: numbers or words, of which the latest counts.
    x_label : str
        What the steps are called.
    visible : bool
        Whether anything is shown.
    csv : path, optional
        A file that gets a line at each `record_metrics`, at once: the step, the metrics, the info.

    Attributes
    ----------
    progress : float
        In percent; to be set.
    status : str
        A word on what is being done; to be set.
    stop : bool
        Whether somebody asked to end; to be asked by the loop.  In a ``with`` the first Ctrl-C (of a
        notebook: the first interrupt) sets it, and the second one raises KeyboardInterrupt.
    metric_data : dict
        By name an array of two columns, steps and values.

    Examples
    --------
    >>> from dlsrc import training_progress_monitor
    >>> with training_progress_monitor(metrics="Loss", info=("Epoch", "LearnRate")) as monitor:
    ...     for iteration in range(1, 101):
    ...         if monitor.stop:
    ...             break
    ...         monitor.record_metrics(iteration, Loss=1 / iteration)
    ...         monitor.update_info(Epoch=1 + iteration // 50, LearnRate=0.01)
    ...         monitor.progress = iteration
    >>> monitor.metric_data["Loss"][-1].tolist(), monitor.progress
    ([100.0, 0.01], 100.0)
    """

    def __init__(
        self, *, metrics: str | Iterable[str] = (), info: str | Iterable[str] = (),
        x_label: str = "Iteration", visible: bool = True, csv: Any = None,
    ):  # fmt: skip
        self.metrics = _names("metrics", metrics)
        self.info = _names("info", info)
        both = [name for name in self.metrics if name in self.info]
        if both:
            raise ValueError(f"training_progress_monitor: {both[0]} is a metric and an info")
        self.x_label = x_label
        self.status = ""
        self.stop = False
        self.information: dict[str, Any] = {}
        self._steps: dict[str, list[float]] = {name: [] for name in self.metrics}
        self._values: dict[str, list[float]] = {name: [] for name in self.metrics}
        self._groups: dict[str, tuple[str, ...]] = {name: (name,) for name in self.metrics}
        self._progress = 0.0
        # It stays open until `close`, and is written line by line.
        self._file = None if csv is None else Path(csv).open("w", buffering=1, encoding="utf-8", newline="")  # noqa: SIM115
        if self._file is not None:
            _row(self._file, (x_label, *self.metrics, *self.info))
        self._view = _view() if visible else None
        self._handler: Any = None

    # ------------------------------------------------------------------ what is recorded

    @property
    def progress(self) -> float:
        """How much is done, in percent."""
        return self._progress

    @progress.setter
    def progress(self, percent: float) -> None:
        found = float(percent)
        if not 0 <= found <= 100:
            raise ValueError(f"training_progress_monitor: progress is in percent, 0 to 100, not {found:g}")
        self._progress = found
        self._show()

    @property
    def metric_data(self) -> dict[str, np.ndarray]:
        """By name an array of two columns, steps and values."""
        return {name: np.column_stack((self._steps[name], self._values[name])) for name in self.metrics}

    def record_metrics(self, step: float, metrics: Mapping[str, Any] | None = None, **values: Any) -> None:
        """Record values of some metrics at a step: ``record_metrics(iteration, Loss=loss)``.

        Raises
        ------
        ValueError
            For a name that is no metric.
        """
        given = {name: float(x) for name, x in _known(self.metrics, "metric", metrics, values).items()}
        at = float(step)
        for name, x in given.items():
            self._steps[name].append(at)
            self._values[name].append(x)
        if self._file is not None:
            line = [given.get(name, "") for name in self.metrics]
            _row(self._file, (step, *line, *(self.information.get(name, "") for name in self.info)))
        self._show()

    def update_info(self, info: Mapping[str, Any] | None = None, **values: Any) -> None:
        """Say the latest: ``update_info(Epoch=3)``.

        Raises
        ------
        ValueError
            For a name that is no info.
        """
        self.information.update(_known(self.info, "info", info, values))
        self._show()

    def group_sub_plot(self, title: str, names: str | Iterable[str]) -> None:
        """Draw several metrics into one plot: ``group_sub_plot("Loss", ("TrainingLoss", "TestLoss"))``."""
        together = _names("names", names)
        _known(self.metrics, "metric", dict.fromkeys(together), {})
        groups: dict[str, tuple[str, ...]] = {}
        for group, members in self._groups.items():
            if group == title or any(name in together for name in members):
                groups[title] = together  # where the first of them was
            rest = tuple(name for name in members if name not in together)
            if rest and group != title:
                groups[group] = rest
        self._groups = groups

    # ------------------------------------------------------------------ how it is shown

    def plot(self, path: Any = None) -> Any:
        """The metrics as a figure of matplotlib's, which is needed; written to a file where one is named."""
        groups = self._groups or {"": ()}
        size = (7.2, 2.3 * len(groups) + 0.5)
        figure = optional("matplotlib.figure", "plot").Figure(figsize=size, layout="constrained")
        panels = np.ravel(figure.subplots(len(groups), sharex=True))
        colours = dict(zip(self.metrics, COLOURS * (1 + len(self.metrics) // len(COLOURS)), strict=False))
        for ax, (title, names) in zip(panels, groups.items(), strict=True):
            for name in names:
                ax.plot(self._steps[name], self._values[name], color=colours[name], linewidth=1.4, label=name)
                ax.plot(
                    self._steps[name][-1:], self._values[name][-1:], "o", color=colours[name], markersize=3.5
                )
            ax.set_ylabel(title, fontsize=9)
            ax.grid(color="#e4e7ec", linewidth=0.7)
            ax.tick_params(labelsize=8, color="#b9bfca")
            ax.spines[["top", "right"]].set_visible(False)
            ax.spines[["left", "bottom"]].set_color("#b9bfca")
            if len(names) > 1:
                ax.legend(frameon=False, fontsize=8)
        panels[-1].set_xlabel(self.x_label, fontsize=9)
        figure.align_ylabels()
        figure.suptitle("   ".join(self._words()), x=0.02, ha="left", fontsize=9, color="#5c6370")
        if path is not None:
            figure.savefig(path, dpi=150)
        return figure

    def _words(self) -> list[str]:
        found = [self.status] if self.status else []
        found.append(f"{self._progress:.0f} %")
        return found + [f"{name} {_short(x)}" for name, x in self.information.items()]

    def _show(self, last: bool = False) -> None:
        if self._view is not None:
            self._view.show(self, last)

    def close(self) -> None:
        """Show the last, and close the file."""
        self._show(last=True)
        self._view = None
        if self._file is not None:
            self._file.close()
            self._file = None

    # ------------------------------------------------------------------ stopping

    def __enter__(self) -> "training_progress_monitor":
        if threading.current_thread() is threading.main_thread():
            self._handler = signal.getsignal(signal.SIGINT)
            if self._handler is not None:  # else it is not Python's, and cannot be put back
                signal.signal(signal.SIGINT, self._asked)
        return self

    def _asked(self, number: int, frame: Any) -> None:
        if self.stop:
            raise KeyboardInterrupt
        self.stop = True

    def __exit__(self, *error: Any) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
            self._handler = None
        self.close()


# ---------------------------------------------------------------------------------- views


class _Bar:
    """A progress bar in a terminal."""

    def __init__(self, tqdm: type):
        # Without the thread by which tqdm looks after slow loops: it would be there at every fork.
        kind = type("Bar", (tqdm,), {"monitor_interval": 0})
        form = "{desc}{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
        self.bar = kind(total=100.0, leave=True, bar_format=form)

    def show(self, monitor: training_progress_monitor, last: bool) -> None:
        latest = [f"{name} {_short(x[-1])}" for name, x in monitor._values.items() if x]
        words = latest + [f"{name} {_short(x)}" for name, x in monitor.information.items()]
        self.bar.set_description_str(f"{monitor.status} " if monitor.status else "", refresh=False)
        self.bar.set_postfix_str("  ".join(words), refresh=False)
        self.bar.update(monitor.progress - self.bar.n)
        if last:
            self.bar.refresh()
            self.bar.close()


class _Live:
    """A picture in a notebook, which is drawn anew."""

    def __init__(self, display: Any):
        self.display, self.handle, self.drawn = display, None, 0.0

    def show(self, monitor: training_progress_monitor, last: bool) -> None:
        now = time.monotonic()
        if not last and now - self.drawn < BETWEEN:
            return
        buffer = io.BytesIO()
        monitor.plot().savefig(buffer, format="png", dpi=110)
        image = self.display.Image(data=buffer.getvalue())
        if self.handle is None:
            self.handle = self.display.display(image, display_id=True)
        else:
            self.handle.update(image)
        self.drawn = time.monotonic()


def _view() -> _Bar | _Live | None:
    """What can be shown here."""
    if _in_notebook() and installed("matplotlib.figure") is not None:
        return _Live(installed("IPython.display"))
    bars = installed("tqdm")
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return _Bar(bars.tqdm) if bars is not None and (terminal or _in_notebook()) else None


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def _short(x: Any) -> str:
    return x if isinstance(x, str) else f"{x}" if isinstance(x, int | np.integer) else f"{float(x):.4g}"


def _names(what: str, given: str | Iterable[str]) -> tuple[str, ...]:
    found = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(name, str) for name in found) or len(set(found)) < len(found):
        raise ValueError(f"training_progress_monitor: {what} are names, each of them once; not {given!r}")
    return found


def _known(names: tuple[str, ...], kind: str, tree: Mapping | None, values: dict) -> dict:
    given = {**(tree or {}), **values}
    for name in given:
        if name not in names:
            there = ", ".join(names) or "none"
            raise ValueError(f"training_progress_monitor: {name} is no {kind}; there are {there}")
    return given


def _row(file: Any, cells: Iterable[Any]) -> None:
    csv.writer(file, lineterminator="\n").writerow(cells)
