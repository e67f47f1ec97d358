"""The single-assignment pass: numba's own form, for loops, branches, jumps and names without a value."""

import numpy as np
import pytest

from dlsrc.process.garbage import collected_seldom, lasting
from dlsrc.lazy import numba
from dlsrc.transform.machine.pipeline import pipeline_class
from dlsrc.transform.machine.ssa import single_assignment


def straight(x):
    a = x + 1.0
    a = a * 2.0
    b = a
    a = a + b
    return a


def loops(x, n):
    s, t = 0.0, x
    for i in range(n):
        t = t * 0.5 + s
        for j in range(i):
            s += t * j
            if s > 3.0:
                s = s - 3.0
                t = 1.0
    return s + t


def jumps(x, n):
    a = x
    while True:
        n -= 1
        if n < 0:
            break
        if a > 2.0:
            a = a - 1.5
            continue
        a = a * 1.7
        last = a
    else:
        a = 0.0
    return a + last


def used_after(x, n):
    for i in range(n):
        y = x * i
    return y if n > 0 else x


def swapped(x, n):
    a, b = x, 2.0 * x
    for _ in range(n):
        a, b = b, a + b
    return a


FUNCTIONS = {
    straight: (1.5,), loops: (0.7, 5), jumps: (1.1, 7), used_after: (2.0, 3), swapped: (0.3, 6),
}  # fmt: skip


def form(blocks):
    """For each statement what it is and how often it reads a variable of each name, whatever the version."""
    ir = numba("core.ir")
    found = {}
    for label, block in blocks.items():
        shown, phis = [], []
        for s in block.body:
            phi = isinstance(s, ir.Assign) and isinstance(s.value, ir.Expr) and s.value.op == "phi"
            names = sorted(v.unversioned_name for v in s.list_vars())
            (phis if phi else shown).append((type(s).__name__, names))
        found[label] = (sorted(phis), shown)
    return found


def targets(blocks):
    ir = numba("core.ir")
    return [s.target.name for block in blocks.values() for s in block.body if isinstance(s, ir.Assign)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_the_form_is_numbas(function):
    frontend = numba("core.compiler").run_frontend
    theirs = numba("core.ssa").reconstruct_ssa(frontend(function)).blocks
    ours = single_assignment(frontend(function).blocks)
    assert form(ours) == form(theirs)
    assert len(set(targets(ours))) == len(targets(ours))


@pytest.mark.compiled
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_the_numbers_are_pythons(function):
    compiled = numba().njit(pipeline_class=pipeline_class())(function)
    assert compiled(*FUNCTIONS[function]) == function(*FUNCTIONS[function])


@pytest.mark.compiled
def test_closures_are_still_inlined():
    @numba().njit(pipeline_class=pipeline_class())
    def f(x):
        def inner(a):
            return a + x[0]

        return inner(2.0) + np.array([k * 2.0 for k in range(3)]).sum()

    assert f(np.ones(1)) == 9.0


def test_the_collector_is_put_back():
    import gc

    before = gc.get_threshold()
    with collected_seldom(), collected_seldom():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before
    with collected_seldom(), lasting():
        with lasting():
            pass
        assert gc.get_threshold()[0] > 1_000_000
    assert gc.get_threshold() == before
    gc.set_threshold(0)
    try:
        with collected_seldom():
            assert gc.get_threshold()[0] == 0
    finally:
        gc.set_threshold(*before)
