"""What was not there when a program was built: a name that hides a builtin, an attribute, an object's ``__call__``."""

import builtins
import sys
import types

import numpy as np
import pytest

from dlsrc import grad, value_and_grad
from dlsrc.calls import direct, runner
from dlsrc.process import layout
from tests.conftest import PLAIN
from tests.test_direct import entered, warmed

compiled = pytest.mark.compiled
HERE = sys.modules[__name__]
X = np.array([1.0, -2.0, 4.0])


def with_abs(x):
    return abs(x[1]) + x[0]


def with_len(x):
    return len(x) * x[0]


def with_range(x):
    s = 0.0
    for i in range(3):
        s += x[i] * i
    return s


def with_float(x):
    return float(x[1]) * x[0]


def with_sum(x):
    return sum([x[0], x[1], x[2]])


def with_max(x):
    return max(x[0], x[1]) * x[2]


def with_enumerate(x):
    s = 0.0
    for i, v in enumerate(x):
        s += i * v
    return s


def with_class(x):
    return x[0] * (2.0 if isinstance(x, tuple) else 3.0)


def with_helper(x):
    return twice(x[1]) + x[0]


def twice(v):
    return abs(v) * 2.0


def with_inner(x):
    def inner(v):
        return abs(v) * 3.0

    return inner(x[1])


def with_error(x):
    if x[0] > 100.0:
        raise ValueError("large")
    return abs(x[0])


HIDING = {
    with_abs: ("abs", lambda v: v * v), with_len: ("len", lambda v: 7), with_float: ("float", lambda v: v * v),
    with_range: ("range", lambda n: (0, 2)), with_sum: ("sum", lambda v: v[0] * v[1]), with_max: ("max", min),
    with_enumerate: ("enumerate", lambda x: ((2, x[0]), (1, x[1]))), with_class: ("tuple", np.ndarray),
    with_helper: ("abs", lambda v: v * v), with_inner: ("abs", lambda v: v * v),
    with_error: ("abs", lambda v: 5.0 * v),
}  # fmt: skip


def slopes(f, x, h=1e-6):
    """Central differences of the function as Python runs it now."""
    return [(f(x + h * e) - f(x - h * e)) / (2.0 * h) for e in np.eye(x.size)]


def agrees(made, f):
    value, g = made(X)
    assert value == pytest.approx(f(X), rel=1e-12)
    np.testing.assert_allclose(g, slopes(f, X), atol=1e-7)
    return value




@pytest.mark.parametrize("f", HIDING, ids=lambda f: f.__name__)
def test_a_builtin_that_the_module_hides_after_the_first_call(f, monkeypatch):
    made = value_and_grad(f)
    first = agrees(made, f)
    made(X), made(X)
    monkeypatch.setattr(HERE, *HIDING[f], raising=False)
    second = agrees(made, f)
    assert first != second
    monkeypatch.undo()
    assert agrees(made, f) == first


@compiled
def test_a_builtin_that_the_module_hides_after_the_first_call_compiled(monkeypatch):
    test_a_builtin_that_the_module_hides_after_the_first_call(with_helper, monkeypatch)


def test_the_module_of_a_helper_hides_a_builtin():
    other = types.ModuleType("other")
    other.helper = types.FunctionType(twice.__code__, vars(other))

    def f(x):
        return other.helper(x[1]) + abs(x[0])

    made = value_and_grad(f)
    first = agrees(made, f)
    other.abs = lambda v: v * v
    assert agrees(made, f) != first
    del other.abs
    assert agrees(made, f) == first


def test_a_function_that_is_made_anew_in_another_module():
    """One code, two namespaces: the program of the first is not the second's, whose abs is another."""
    one, two = types.ModuleType("one"), types.ModuleType("two")
    two.abs = lambda v: v * v
    made = [types.FunctionType(with_abs.__code__, vars(m)) for m in (one, two, one)]
    for f in made:
        agrees(value_and_grad(f), f)


def test_a_builtin_is_replaced_itself(monkeypatch):
    made = value_and_grad(with_abs)
    first = agrees(made, with_abs)
    made(X)
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "abs", lambda v: v * v)
        value, g = made(X)
    assert value == 5.0 and g.tolist() == [1.0, -4.0, 0.0]
    assert agrees(made, with_abs) == first


def test_a_name_of_nothing_is_refused_until_it_is_there(monkeypatch):
    def f(x):
        return nothing_yet(x[0])  # noqa: F821

    made = grad(f)
    with pytest.raises(Exception, match="`nothing_yet` is not defined"):
        made(X)
    monkeypatch.setattr(HERE, "nothing_yet", np.exp, raising=False)
    assert made(X)[0] == np.exp(1.0)


def test_nothing_is_built_anew_for_other_names(monkeypatch):
    made = []
    original = runner.Runner._built
    monkeypatch.setattr(runner.Runner, "_built", lambda *a, **k: made.append(1) or original(*a, **k))
    g = grad(lambda x: abs(x[0]))
    g(X)
    monkeypatch.setattr(HERE, "another_name", 1, raising=False)
    g(X)
    assert len(made) == 1


# ---------------------------------------------------------------------------------- attributes


class Settings:
    pass


class Called:
    def __call__(self, v):
        return v * 2.0


settings, called = Settings(), Called()


def with_hasattr(x):
    return x[0] * (2.0 if hasattr(settings, "scale") else 3.0)


def with_getattr(x):
    return x[0] * getattr(settings, "scale", 3.0)


def with_callable(x):
    return x[0] * (2.0 if callable(settings) else 3.0)


@pytest.mark.parametrize("f, owner, name, new", [
    (with_hasattr, settings, "scale", 5.0), (with_getattr, settings, "scale", 5.0),
    (with_callable, Settings, "__call__", lambda self: 1.0),
], ids=["hasattr", "getattr", "callable"])  # fmt: skip
def test_an_attribute_that_comes_later(f, owner, name, new, monkeypatch):
    made = value_and_grad(f)
    first = agrees(made, f)
    made(X)
    monkeypatch.setattr(owner, name, new, raising=False)
    assert agrees(made, f) != first
    monkeypatch.undo()
    assert agrees(made, f) == first


def with_called(x):
    return called(x[0])


def test_the_class_of_a_called_object_is_edited(monkeypatch):
    made = value_and_grad(with_called)
    first = agrees(made, with_called)
    made(X)
    monkeypatch.setattr(Called, "__call__", lambda self, v: v * 5.0)
    assert agrees(made, with_called) != first
    monkeypatch.undo()
    assert agrees(made, with_called) == first


# ---------------------------------------------------------------------------------- machine code


@pytest.fixture(params=["versions", "names"])
def soon(request, monkeypatch):
    """Machine code takes the calls after the third; it tests dicts by their versions, or name by name."""
    monkeypatch.setattr(direct, "WORTH", 0)
    monkeypatch.setattr(runner, "CALLS", 2)
    if request.param == "names":
        without = layout.layout()._replace(version=0)
        monkeypatch.setattr(layout, "layout", lambda: without)


@compiled
@pytest.mark.skipif(PLAIN, reason="plain Python has no machine code")
def test_machine_code_sees_a_hidden_builtin(soon, monkeypatch):
    f = types.FunctionType(with_helper.__code__, vars(HERE))  # no call has gone another way yet
    made = warmed(value_and_grad(f), X)
    assert entered(made, X)
    first = agrees(made, f)
    monkeypatch.setattr(HERE, "another_name", 1, raising=False)  # the dict is another, and the test still holds
    assert entered(made, X) and entered(made, X)
    for namespace in (HERE, builtins):
        with monkeypatch.context() as patch:
            patch.setattr(namespace, "abs", lambda v: v * v, raising=False)
            assert not entered(made, X)
            assert made(X)[0] == 9.0 != first
            assert not entered(made, X)  # what was noted of the dict is not what it is now
        assert made(X)[0] == first
    warmed(made, X)
    assert entered(made, X) and made(X)[0] == first


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the version goes; names are tested one by one")
def test_dicts_have_versions_in_this_python():
    assert layout.layout().version > 0
