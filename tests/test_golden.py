"""Generated source is a product: compared with the expected text, run for numbers, and searched for waste."""

import importlib.util
import inspect
from pathlib import Path

import numpy as np
import pytest

import dlsrc
from dlsrc import dlarray, dlfeval, extractdata
from tests.golden_files import GOLDEN, generated_text, load, objective_of, split
from tests.oracle import assert_close, assert_gradient, extrapolated, gradient
from tests.quality import complaints

THIRD = {path.stem for path in GOLDEN[::3]}
FILES = [pytest.param(path, id=path.stem) for path in GOLDEN]
RUN = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.compiled] if path.stem in THIRD else []) for path in GOLDEN
]


def user_source(module) -> str:
    """Every function of the file that the objective may call, and the objective."""
    lines = []
    for f in vars(module).values():
        if inspect.isfunction(f) and f.__module__ == module.__name__ and f.__qualname__ == f.__name__:
            lines.append(inspect.getsource(f))
    return "\n".join(lines)


def test_there_are_enough():
    assert len(GOLDEN) >= 25


@pytest.mark.parametrize("path", FILES)
def test_text(path):
    assert generated_text(path) == split(path)[1]


@pytest.mark.parametrize("path", FILES)
def test_text_is_the_same_on_every_run(path):
    assert generated_text(path) == generated_text(path)


@pytest.mark.parametrize("path", FILES)
def test_quality(path):
    module = load(path)
    found = complaints(generated_text(path), user_source(module))
    twice = "enable_higher_derivatives" in user_source(module)
    if getattr(module, "OPERATOR", "jvp") != "jvp" or twice:
        # Four tangents stand beside each statement, and a reverse sweep inside of a loop has its own lines.
        # A second derivative has the lines of the first, and a sweep back through them.
        found = [complaint for complaint in found if "more than 6 each" not in complaint]
    assert found == []


# The objectives of the examples, with arguments of the types that the examples give them.
EXAMPLES = [
    pytest.param("rosenbrock", "rosenbrock", (dlarray([-1.0, 2.0]),), id="rosenbrock"),
    pytest.param("rosenbrock", "valley", (np.zeros(10),), id="valley"),
    pytest.param("garch", "negative_log_likelihood", (np.array([0.1, 0.05, 0.8]), np.ones(5)), id="garch"),
    pytest.param(
        "logistic_regression", "loss", (np.zeros(65 * 10), np.ones((3, 64)), np.ones((3, 10))), id="logistic",
    ),
    pytest.param(
        "newton_inside", "misfit", (np.array([1.0, 0.3, 1.0, 0.1, 0.2]), np.ones(4), np.ones(4)), id="misfit",
    ),
    pytest.param("curve_fit", "half_chi_squared", (np.array([5.4, -0.48]),), id="half_chi_squared"),
    pytest.param("hmc", "log_density", (np.zeros(10), np.ones(8), np.ones(8)), id="log_density"),
]


@pytest.mark.parametrize("file, name, arguments", EXAMPLES)
def test_quality_of_examples(file, name, arguments):
    path = Path(__file__).parent.parent / "examples" / f"{file}.py"
    spec = importlib.util.spec_from_file_location(f"example_{file}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    objective = getattr(module, name)
    called = [f for f in vars(module).values() if inspect.isfunction(f) and f.__name__ in objective.__code__.co_names
              and f.__module__ == module.__name__]
    user = "\n".join(inspect.getsource(f) for f in [objective, *called, *more_called(module, called)])
    assert complaints(str(dlsrc.adjoint_source(objective, *arguments)), user) == []


def more_called(module, functions):
    """What these functions of the module call in turn."""
    names = {name for f in functions for name in f.__code__.co_names}
    return [f for f in vars(module).values() if inspect.isfunction(f) and f.__name__ in names and f not in functions
            and f.__module__ == module.__name__]


@pytest.mark.parametrize("path", RUN)
def test_numbers(path):
    module = load(path)
    f = objective_of(module)
    if hasattr(module, "OPERATOR"):
        forward_numbers(module.OPERATOR, f, module.ARGUMENTS)
        return
    if "dlgradient" not in f.__code__.co_names:
        oracle = "float32" if path.stem == "single_precision" else "richardson"
        assert_gradient(f, *module.ARGUMENTS, oracle=oracle)
        return
    results = dlfeval(f, *module.ARGUMENTS)
    EXPECTED[path.stem](results, module.ARGUMENTS)


def forward_numbers(operator, f, arguments):
    """Along the first argument itself, the derivative is that of ``f(h * x, ...)`` by ``h``."""
    if operator == "hvp":
        slope = dlsrc.grad(f)
        towards = [extrapolated(lambda h, k=k: slope(arguments[0] + h * arguments[1])[k], 1e-2)[0] for k in range(2)]
        assert_close(dlsrc.hvp(f)(*arguments), towards)
        return
    x, *rest = arguments
    y = np.asarray(f(x, *rest))
    slope = [
        extrapolated(lambda h, k=k: float(np.ravel(f((1.0 + h) * x, *rest))[k]), 1e-2)[0] for k in range(y.size)
    ]
    if operator == "jvp":
        tangents = (x, *(np.zeros_like(a) if isinstance(a, np.ndarray) else 0.0 for a in rest))
        value, found = dlsrc.jvp(f, arguments, tangents)
        assert_close(value, y)
    else:
        found = getattr(dlsrc, operator)(f)(*arguments) @ x
    assert_close(np.ravel(found), slope)


def rosenbrock(results, arguments):
    f, g = results
    assert extractdata(f) == 104.0
    assert_close(extractdata(g), [396.0, 200.0])


def parameters(results, arguments):
    loss, g = results
    plain = {"w": np.array([1.0, 2.0]), "b": 0.5}
    expected = gradient(lambda p: np.mean((np.ones((3, 2)) @ p["w"] + p["b"]) ** 2), plain)
    assert_close(extractdata(loss), 3.5**2)
    assert_close(extractdata(g["w"]), expected["w"])
    assert_close(extractdata(g["b"]), expected["b"])


def several_gradients(results, arguments):
    g1, g2, g3 = (extractdata(g) for g in results)
    x = np.array([1.0, 2.0])
    assert_close(g1, gradient(lambda x: x[0] ** 2 * x[1], x))
    assert_close(g2, gradient(lambda x: np.sin(x[0] ** 2 * x[1]) + x[1], x))
    assert_close(g3, np.cos(2.0))


def descent(results, arguments):
    x = np.array([1.0, 2.0])
    for _ in range(3):
        x = x - 0.1 * 2.0 * (x - 1.0)
    assert_close(extractdata(results), x)


def cube_twice(result, arguments):
    assert extractdata(result) == 30.0


def rosenbrock_hessian(results, arguments):
    assert [extractdata(r).tolist() for r in results] == [[396.0, 200.0], [402.0, 400.0], [400.0, 200.0]]


def recurrence_twice(results, arguments):
    def f(x):
        s = x[0]
        for i in range(len(x)):
            s = np.sin(s * x[i])
        return s

    x, v = extractdata(arguments[0]), arguments[1]
    assert_close(extractdata(results[0]), gradient(f, x))
    slope = dlsrc.grad(f)
    towards = [extrapolated(lambda h, k=k: slope(x + h * v)[k], 1e-2)[0] for k in range(3)]
    assert_close(extractdata(results[1]), towards)


EXPECTED = {
    f.__name__: f
    for f in (
        rosenbrock, parameters, several_gradients, descent, cube_twice, rosenbrock_hessian, recurrence_twice,
    )
}


# ---------------------------------------------------------------------------------- the script that searches


def wrapped(body: str) -> str:
    return "def f_1(x):\n" + "".join(f"    {line}\n" for line in body.splitlines())


@pytest.mark.parametrize("body, word", [
    ("y = x * 1.0\nreturn y", "1.0"),
    ("y = 0 + x\nreturn y", "0 + x"),
    ("y = x - 0.0\nreturn y", "x - 0.0"),
    ("y = --x\nreturn y", "--x"),
    ("y = 2.0\nreturn x", "y is never used"),
    ("y = np.zeros(3)\ny[0] = x\nreturn x", "y is never used"),
    ("y = x\ny = x + 2\nreturn y", "stored in y"),
    ("y = x\nfor i in range(3):\n    y = x + i\n    y = 2\n    x = x + y\nreturn x", "stored in y"),
    ("s = x\nif x > 0:\n    s = 2\nelse:\n    s = 3\nreturn s", "stored in s"),
    ("y = " + " + ".join(["x"] * 40) + "\nreturn y", "columns"),
    ("\n".join(f"x = x + {k}" for k in range(1, 20)) + "\nreturn x", "statements"),
])
def test_waste_is_found(body, word):
    assert any(word in complaint for complaint in complaints(wrapped(body), "def f(x):\n    x\n    return x\n"))


@pytest.mark.parametrize("body", [
    "s = 0.0\nfor i in range(3):\n    s += x\nreturn s",
    "s = x\nwhile s < 3:\n    t = s\n    s = t + 1\n    if s > 2:\n        break\nreturn s",
    "y = np.zeros(3)\ny[0] = x\nreturn y",
    "v = x[1:]\nv[0] = 2.0\nreturn x",
    "for i in range(3):\n    t = x\n    if i > 1:\n        continue\n    x = t + 1\nreturn x",
    "for _ in range(3):\n    x = x + 2\nreturn x",
])
def test_what_is_needed_is_not_waste(body):
    assert complaints(wrapped(body), "def f(x):\n    x\n    x\n    return x\n") == []
