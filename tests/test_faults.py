"""A fault of dlsrc's own says that it is one, and what to report; whichever stage it is in."""

import sys
import traceback

import numpy as np
import pytest

import dlsrc.transform
import dlsrc.transform.compile
from dlsrc import (
    adjoint_source, check, dlarray, dlfeval, dlgradient, explain, grad, hessian, jacobian, jvp, stages, vjp,
)
from dlsrc.errors import DlsrcError, InternalError

SWEEPS = sys.modules["dlsrc.transform.differentiate"]
STAGES = [
    (dlsrc.transform, "normalize"), (dlsrc.transform, "verify"), (dlsrc.transform, "prove"), (dlsrc.transform, "differentiate"),
    (dlsrc.transform, "simplify"), (dlsrc.transform, "distribute"), (dlsrc.transform, "without_emptying"),
    (dlsrc.transform, "emit"), (dlsrc.transform.compile, "compile_text"), (SWEEPS, "Saver"), (SWEEPS, "sweep_from"), (SWEEPS, "assemble"),
]  # fmt: skip


def objective(x, rate):
    s = 0.0
    for i in range(x.shape[0]):
        s += x[i] ** 2 * rate
    return s


def evaluation(x):
    y = (x * x).sum()
    return y, dlgradient(y, x)


def planted(*args, **kwargs):
    raise KeyError("planted")


def faulty(run):
    with pytest.raises(InternalError) as caught:
        run()
    text = "".join(traceback.format_exception_only(caught.value))
    assert len(text.splitlines()) <= 15
    assert "a bug in dlsrc, not in your code; please report these lines" in text
    assert "KeyError: 'planted'" in text and "test_faults.py:" in text
    assert "dlsrc      0." in text and "Python 3." in text
    return text


@pytest.mark.parametrize("stage", STAGES, ids=[f"{module.__name__}.{name}" for module, name in STAGES])
def test_a_fault_in_a_stage(stage, monkeypatch):
    module, name = stage
    if not hasattr(module, name):
        pytest.fail(f"{module.__name__} has no {name} any more: say what the stage is called now")

    def summed(x, rate):
        s = 0.0
        for i in range(x.shape[0]):
            s += x[i] ** 2 * rate
        return s

    monkeypatch.setattr("dlsrc.cache.Cache.find", lambda self, key: [])  # what was built before is not found
    monkeypatch.setattr("dlsrc.cache.Cache.latest", lambda self, *kind: None)
    monkeypatch.setattr(module, name, planted)
    text = faulty(lambda: grad(summed)(np.ones(3), 0.5))
    assert "summed" in text and "arguments  x: 1-d C array of float64, rate: float (float64)" in text
    monkeypatch.undo()
    assert grad(summed)(np.ones(2), 0.5).tolist() == [1.0, 1.0]  # nothing is left of it


@pytest.mark.parametrize(
    "run",
    [
        lambda: dlfeval(evaluation, dlarray([1.0])), lambda: adjoint_source(objective, np.ones(2), 0.5),
        lambda: stages(objective, np.ones(2), 0.5), lambda: explain(objective, np.ones(2), 0.5),
        lambda: check(objective, np.ones(2), 0.5), lambda: hessian(objective)(np.ones(2), 0.5),
        lambda: jacobian(objective)(np.ones(2), 0.5), lambda: jvp(evaluation, (np.ones(2),), (np.ones(2),)),
        lambda: vjp(lambda x: x * x, np.ones(2)), lambda: grad(objective).warm(np.ones(2), 0.5),
        lambda: grad(objective).compile("float64[:]", "float64"),
    ],
)  # fmt: skip
def test_a_fault_through_every_entry_point(run, monkeypatch):
    monkeypatch.setattr("dlsrc.cache.Cache.find", lambda self, key: [])
    monkeypatch.setattr(dlsrc.transform, "normalize", planted)
    faulty(run)


def test_a_fault_is_no_refusal():
    """Nobody who catches what is refused takes a fault for it."""
    assert issubclass(InternalError, DlsrcError) and not issubclass(InternalError, SyntaxError)


def test_a_fault_while_the_program_runs(monkeypatch):
    """A name that the text does not define is a fault: the user's own function raises nothing."""

    def broken(*args):
        raise NameError("name 'v1' is not defined")

    def f(x):
        return np.sum(x * x)

    monkeypatch.setattr(dlsrc.transform.compile, "compile_text", lambda *args, **kwargs: broken)
    with pytest.raises(InternalError, match="a bug in dlsrc") as caught:
        grad(f)(np.ones(3))
    assert "NameError: name 'v1' is not defined" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 15
