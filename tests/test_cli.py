"""``python -m dlsrc``: what it prints, and what it says of a command that it cannot understand."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import dlsrc
from dlsrc import adjoint_source, dlarray
from dlsrc.__main__ import main
from dlsrc.calls.samples import example_of

ROOT = Path(__file__).parent.parent

PROGRAM = """
import numpy as np

from dlsrc import grad

SCALE = 2.0


def rosenbrock(x):
    from_here = x[1] - x[0] ** 2
    return 100 * from_here**2 + (1 - x[0]) ** 2


def many(a, n, flag, X, method):
    s = a * SCALE
    for i in range(n):
        s = np.sin(s) * X[0, i] if flag else s
    return s + (1.0 if method == "plus" else 0.0)


def refused(x):
    return np.fft.fft(x)[0]


class Model:
    def loss(x):
        return x * x


value = 3
slope = grad(rosenbrock)

if __name__ == "__main__":
    raise SystemExit("importing the file must not run it")
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", os.environ.get("NUMBA_DISABLE_JIT", "0"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    yield path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", "") and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def test_show(program, capsys):
    assert main(["show", f"{program}:rosenbrock", "float64[:]"]) == 0
    out = capsys.readouterr().out
    assert "# program.py:10  from_here = x[1] - x[0] ** 2" in out and "dx[1] +=" in out
    assert "\x1b" not in out, "no colours where nobody looks"


def test_show_of_a_derivative(program, capsys):
    assert main(["show", f"{program}:slope", "float64[:]"]) == 0
    assert "dx[1] +=" in capsys.readouterr().out
    assert main(["show", f"{program}:slope"]) == 2
    assert "slope takes (x)" in capsys.readouterr().err


def test_the_command_of_the_readme():
    """In a process of its own, as users run it."""
    command = [sys.executable, "-m", "dlsrc", "show", "examples/rosenbrock.py:rosenbrock", "float64[:]"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0 and result.stderr == ""
    rosenbrock = runpy.run_path(str(ROOT / "examples" / "rosenbrock.py"))["rosenbrock"]
    assert result.stdout == adjoint_source(rosenbrock, dlarray([-1.0, 2.0]))


def test_kinds_of_arguments(program, capsys):
    arguments = ["float64", "int64", "bool", "float64[:, :]", "'plus'"]
    assert main(["show", f"{program}:many", *arguments]) == 0
    assert "(a: float64, n: int64, flag: bool, X: float64 matrix, SCALE: float64)" in capsys.readouterr().out
    assert main(["explain", f"{program}:many", "float64", "1000", "True", "float64[2, 1_000]", "'plus'"]) == 0
    out = capsys.readouterr().out
    assert "8,000 bytes" in out and "SCALE" in out


def test_stages(program, capsys):
    assert main(["stages", f"{program}:rosenbrock", "float64[:]"]) == 0
    out = capsys.readouterr().out
    assert "---- normalize" in out and "---- simplify" in out


def test_colours_in_a_terminal(program, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["show", f"{program}:rosenbrock", "float64[:]"]) == 0
    assert "\x1b[35mdef\x1b[0m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["show", f"{program}:rosenbrock", "float64[:]"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_function_of_a_class_and_a_module_by_name(program, capsys, monkeypatch):
    assert main(["show", f"{program}:Model.loss", "float64"]) == 0
    monkeypatch.chdir(program.parent)
    assert main(["show", "program:rosenbrock", "float64[:]"]) == 0
    assert "dx" in capsys.readouterr().out


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0 and capsys.readouterr().out == f"dlsrc {dlsrc.__version__}\n"


@pytest.mark.parametrize("function, types, said", [
    ("{0}x:rosenbrock", [], "there is no file"),
    ("{1}/progam.py:rosenbrock", [], "did you mean program.py"),
    ("{0}:rosenbrok", [], "did you mean rosenbrock"),
    ("{0}:nothing_like_it", [], "it has many, refused, rosenbrock"),
    ("{0}:value", [], "value is no function"),
    ("{0}", [], "names no function; write file.py:function"),
    ("{0}:rosenbrock", [], "takes (x)"),
    ("{0}:rosenbrock", ["float64[:]", "int64"], "takes (x)"),
    ("{0}:rosenbrock", ["flaot64[:]"], "did you mean float64"),
    ("{0}:rosenbrock", ["float64[x]"], "write float64[:]"),
    ("{0}:rosenbrock", ["vector"], "is no type"),
    ("no_such_module_at_all:f", [], "there is no file or module"),
    ("{1}/broken.py:f", [], "importing"),
    ("{1}/fails.py:f", [], "ZeroDivisionError"),
])  # fmt: skip
def test_wrong_commands(program, capsys, function, types, said):
    folder = program.parent
    (folder / "broken.py").write_text("def f(x):\n    return x +\n")
    (folder / "fails.py").write_text("def f(x):\n    return x\n\n\n1 / 0\n")
    assert main(["show", function.format(program, folder), *types]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("python -m dlsrc: ") and said in err
    assert len(err.splitlines()) <= 8 and "importlib" not in err


def test_a_refused_function(program, capsys):
    assert main(["show", f"{program}:refused", "float64[:]"]) == 1
    err = capsys.readouterr().err
    assert 'program.py", line 22' in err and "^^^" in err and "fft" in err and "Traceback" not in err


def test_no_command(capsys):
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2


def test_examples_of_types():
    assert example_of("float64[::1, :]").flags.f_contiguous and example_of("float32[4, 2]").shape == (4, 2)
    assert example_of("int32").dtype == "int32" and example_of("float") == 1.0 and example_of("-2") == -2
    assert example_of("bool[:]").dtype == bool and example_of("float64[1_000_000_000]").nbytes == 8e9
    with pytest.raises(ValueError, match="write float64"):
        example_of("complex128[:]")
