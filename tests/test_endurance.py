"""Many threads, and forks while another thread compiles; ``python -m tests.endurance`` runs more of it."""

import os
import subprocess
import sys

import pytest

from tests.conftest import PLAIN
from tests.endurance import caught, failing, growth, in_threads, ways

compiled = pytest.mark.compiled
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@compiled
def test_threads_build_each_program_once():
    """32 threads, functions and signatures in an order of their own, and errors between."""
    made, needed, wrong = in_threads(32, 2)
    assert wrong == []
    assert made == needed


@on_linux
@pytest.mark.parametrize("name", ways())
def test_calls_leave_no_memory_behind(name):
    grown, _ = growth(ways()[name], 300 if PLAIN else 20_000)
    assert grown < 4e6


@on_linux
@pytest.mark.parametrize("name", failing())
def test_every_kind_of_failure_can_be_caught(name):
    grown, _ = growth(caught(failing()[name]), 20)
    assert grown < 4e6


FORKED = """
import os, signal, threading, time
import numpy as np
from dlsrc import grad, value_and_grad

def bowl(x):
    return np.sum(x**2)

def slow(x):
    s = 0.0
    for i in range(len(x)):
        s += np.sin(x[i]) * np.exp(-x[i]) + np.sum(np.tanh(x[:i] * x[i]))
    return s

def other(x):
    return np.prod(np.cos(x))

known, x = value_and_grad(bowl), np.ones(3)
known(x)
begun = threading.Event()

def build():
    begun.set()
    grad(slow)(x)

building = threading.Thread(target=build)
building.start()
begun.wait()
time.sleep(0.1)
pid = os.fork()
if pid == 0:
    signal.alarm(240)  # a child that waits for a lock ends here
    assert known(x)[0] == 3.0
    assert np.allclose(grad(other)(x), -np.sin(1.0) * np.cos(1.0) ** 2)
    assert np.isfinite(grad(slow)(x)).all()
    os._exit(0)
_, status = os.waitpid(pid, 0)
building.join()
assert status == 0, status
"""


@compiled
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_process_forked_while_another_thread_builds_can_build(tmp_path):
    (tmp_path / "forked.py").write_text(FORKED)
    subprocess.run([sys.executable, "-W", "ignore", str(tmp_path / "forked.py")], check=True, timeout=500)
