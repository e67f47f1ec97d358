"""Where an objective may come from, and what may be done to it while it is in use: a part of ``cache_matrix``.

Each script is run in fresh processes and prints, as JSON, what it found.  ``show(f, *args)`` is the gradient as a
list and whether the program came from disk.
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

__all__ = ["PLACES", "Runner"]

SHOW = """
import json, linecache, os, sys
import numpy as np
import dlsrc

def show(f, *args):
    derivative = f if hasattr(f, "runner") else dlsrc.grad(f)
    found = np.asarray(derivative(*args), float).ravel().tolist()
    return [[round(v, 9) for v in found], next(iter(derivative.runner.cache)).generated is None]

def refused(f, *args):
    try:
        dlsrc.grad(f)(*args)
    except dlsrc.errors.SourceError as error:
        return str(error).splitlines()[0]
    return None

def define(text, file, name="f", namespace=None, listed=True):
    namespace = {"np": np, "__name__": "__main__"} if namespace is None else namespace
    if listed:
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), namespace)
    return namespace[name]

x = np.array([1.0, 2.0])
"""
SQUARE = "def f(x):\\n    return (x**2).sum()\\n"


class Runner:
    """Runs scripts with a cache of their own."""

    def __init__(self, environment, directory):
        self.environment = environment
        self.directory = directory
        self.wrong = []

    def __call__(self, script, *arguments, **more):
        command = [sys.executable, "-P", "-c", SHOW + script, *map(str, arguments)]
        return self.told(command, **more)

    def told(self, command, text=None, **more):
        done = subprocess.run(
            command, env={**self.environment, **more}, capture_output=True, text=True, input=text,
            cwd=self.directory, timeout=600,
        )  # fmt: skip
        if done.returncode:
            return f"status {done.returncode}: {done.stderr[-1500:]}"
        return json.loads(done.stdout.splitlines()[-1])

    def expect(self, what, found, expected):
        if found != expected:
            self.wrong.append(f"{what}: {found}, not {expected}")


def notebook(run):
    """A cell that is run again, in the same kernel and in another one; and one that is edited."""
    cell = f"""
        folder = f"/tmp/ipykernel_{{os.getpid()}}/123.py"
        f = define("{SQUARE}", folder)
        g = define("{SQUARE}", folder)
        h = define("{SQUARE}".replace("2", "3"), f"/tmp/ipykernel_{{os.getpid()}}/456.py")
        print(json.dumps([show(f, x), show(g, x), show(h, x)]))
    """
    run.expect("a cell", run(_dedented(cell)), [[[2.0, 4.0], False], [[2.0, 4.0], False], [[3.0, 12.0], False]])
    run.expect("in another kernel", run(_dedented(cell)), [[[2.0, 4.0], True], [[2.0, 4.0], True], [[3.0, 12.0], True]])


def executed(run):
    """``exec`` with and without source."""
    with_source = f'print(json.dumps(show(define("{SQUARE}", "<made>"), x)))'
    without = f'print(json.dumps(refused(define("{SQUARE}", "<nowhere>", listed=False), x) is not None))'
    run.expect("exec with source", run(with_source), [[2.0, 4.0], False])
    run.expect("exec with source, again", run(with_source), [[2.0, 4.0], True])
    run.expect("exec without source", run(without), True)


def command_line(run):
    """``python -c``: from Python 3.13 on its source is known."""
    script = "def f(x):\n    return (x**2).sum()\n\nprint(json.dumps(refused(f, x) or show(f, x)))"
    for hit in (False, True):
        found = run(script)
        if not isinstance(found, str) or sys.version_info >= (3, 13):
            run.expect("python -c", found, [[2.0, 4.0], hit])
        else:
            run.expect("python -c", "source" in found, True)


def prompt(run):
    """The interactive prompt."""
    typed = SHOW + "\ndef f(x):\n    return (x**2).sum()\n\nprint(json.dumps(refused(f, x) or show(f, x)))\n"
    blocks = typed.replace("\n\ndef ", "\ndef ").replace("\ndef ", "\n\ndef ").replace("    return None\n", "    return None\n\n")
    found = run.told([sys.executable, "-P", "-i", "-q"], text=blocks)
    ok = found == [[2.0, 4.0], False] or (isinstance(found, str) and "source" in found)
    run.expect("the prompt", ok or found, True)


def zipped(run):
    """A module in a zip file."""
    path = Path(run.directory) / "package.zip"
    for text, gradient in (("x**2", [2.0, 4.0]), ("x**3", [3.0, 12.0])):
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("inside/__init__.py", "")
            made.writestr("inside/model.py", f"def f(x):\n    return ({text}).sum()\n")
        script = f"sys.path.insert(0, {str(path)!r})\nfrom inside.model import f\nprint(json.dumps(show(f, x)))"
        run.expect("zipped", run(script), [gradient, False])
        run.expect("zipped, again", run(script), [gradient, True])


def edited_after_import(run):
    """Refused where the program has to be built; one that is there belongs to the code that runs."""
    path = Path(run.directory) / "later.py"
    script = (
        "import later\nfrom pathlib import Path\npath = Path(later.__file__)\n"
        "path.write_text(path.read_text().replace('**2', '**3'))\nlinecache.checkcache()\n"
        "print(json.dumps(refused(later.f, x) or show(later.f, x)))"
    )
    plain = "import later\nprint(json.dumps(show(later.f, x)))"
    for stage in ("cold", "warm"):
        path.write_text("def f(x):\n    return (x**2).sum()\n")
        if stage == "warm":
            run.expect("before the edit", run(plain, PYTHONPATH=_path(run)), [[2.0, 4.0], False])
        found = run(script, PYTHONPATH=_path(run))
        run.expect(f"edited after import, {stage}", isinstance(found, str) or found, stage == "cold" or [[2.0, 4.0], True])
    run.expect("after the edit", run(plain, PYTHONPATH=_path(run)), [[3.0, 12.0], False])


def within(run):
    """What is changed in a process that has loaded its programs is noticed there."""
    (Path(run.directory) / "changing.py").write_text(
        "import numpy as np\n\nK = 2.0\nW = np.ones(2)\n\n\ndef helper(x):\n    return x**2\n\n\n"
        "def other(x):\n    return x**3\n\n\ndef f(x, p=1.0):\n    return p * K * (W * helper(x)).sum()\n\n\n"
        "def make(n):\n    return lambda x: (x**n).sum()\n"
    )
    script = """
        import changing as m
        found = [show(m.f, x)]
        m.K = 3.0
        found.append(show(m.f, x))
        m.W = np.array([1.0, 2.0])
        found.append(show(m.f, x))
        m.W = np.array([1.0, 2.0], np.float32)
        found.append(show(m.f, x)[0])
        m.f.__defaults__ = (2.0,)
        found.append(show(m.f, x)[0])
        m.helper = m.other
        found.append(show(m.f, x)[0])
        m.W = 2.0
        found.append(show(m.f, x)[0])
        found.append([show(m.make(2), x)[0], show(m.make(3), x)[0], show(m.make(2.0), x)[0]])
        found.append(show(m.f, np.array([1.0, 9.0, 2.0])[::2])[0])
        found.append(show(m.f, np.array([1.0, 2.0], np.float32))[0])
        print(json.dumps(found))
    """
    for hit in (False, True):
        expected = [
            [[4.0, 8.0], hit], [[6.0, 12.0], hit], [[6.0, 24.0], hit], [6.0, 24.0], [12.0, 48.0], [18.0, 144.0],
            [36.0, 144.0], [[2.0, 4.0], [3.0, 12.0], [2.0, 4.0]], [36.0, 144.0], [36.0, 144.0],
        ]  # fmt: skip
        run.expect(f"within a process, {'warm' if hit else 'cold'}", run(_dedented(script), PYTHONPATH=_path(run)), expected)


def other_versions(run):
    """Another numba, other options of numba's, another processor: nothing is found."""
    (Path(run.directory) / "versioned.py").write_text("def f(x):\n    return (x**2).sum()\n")
    script = "import versioned\nprint(json.dumps(show(versioned.f, x)))"
    patched = "import numba\nnumba.__version__ = '99.0'\n" + script
    path = {"PYTHONPATH": _path(run)}
    run.expect("first", run(script, **path), [[2.0, 4.0], False])
    for what, found in (
        ("another numba", run(patched, **path)), ("another level", run(script, NUMBA_OPT="1", **path)),
        ("another processor", run(script, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="", **path)),
        ("python -O", run.told([sys.executable, "-O", "-P", "-c", SHOW + script], **path)),
    ):  # fmt: skip
        run.expect(what, found, [[2.0, 4.0], False])
    run.expect("as at first", run(script, **path), [[2.0, 4.0], True])


def no_home(run):
    """No directory can be made: nothing is kept, and nothing is said."""
    (Path(run.directory) / "homeless.py").write_text("def f(x):\n    return (x**2).sum()\n")
    script = "import homeless\nprint(json.dumps(show(homeless.f, x)))"
    for _ in range(2):
        found = run(script, PYTHONPATH=_path(run), DLSRC_CACHE_DIR="", HOME="/proc/nowhere", XDG_CACHE_HOME="/proc/nowhere")
        run.expect("a read-only home", found, [[2.0, 4.0], False])


def forked(run):
    """A child of a process that has loaded a program, and one that loads it itself."""
    (Path(run.directory) / "forked.py").write_text("def f(x):\n    return (x**2).sum()\n")
    script = """
        import forked, multiprocessing
        derivative = dlsrc.grad(forked.f)

        def ask(_):
            return show(derivative, x)

        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(2) as pool:
                before = pool.map(ask, range(2))
            mine = show(derivative, x)
            with multiprocessing.get_context("fork").Pool(2) as pool:
                after = pool.map(ask, range(2))
            print(json.dumps([[g for g, _ in before], mine, after]))
    """
    if not hasattr(os, "fork"):
        return
    for _ in range(2):
        found = run(_dedented(script), PYTHONPATH=_path(run))
        run.expect("forked", found, [[[2.0, 4.0]] * 2, [[2.0, 4.0], True], [[[2.0, 4.0], True]] * 2])


def _path(run):
    return os.pathsep.join([str(run.directory), run.environment["PYTHONPATH"]])


def _dedented(script):
    lines = script.split("\n")
    return "\n".join(line.removeprefix("        ") for line in lines)


PLACES = (
    notebook, executed, command_line, prompt, zipped, edited_after_import, within, other_versions, no_home, forked,
)  # fmt: skip
