"""The shape of the package: import layers, file lengths, no late imports, docstrings, nothing of numba at import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PLAIN

PACKAGE = Path(__file__).parent.parent / "dlsrc"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 450

# From low to high: a file imports from its own layer or from a lower one, and never in a circle.
LAYERS = ("foundation", "kernels", "transform", "surface")
FOUNDATION = {
    "arrays.label_rules", "containers.nodes", "disk.fingerprint", "disk.kernels", "disk.object_file",
    "disk.storage", "disk.versions", "errors", "formats", "lazy", "process.entrance", "process.forks", "process.garbage",
    "process.layout", "process.registries", "process.spare", "process.symbols", "process.vectorcall", "process.words",
    "reading.listing", "records",
}

# What may be imported from another package, and from where.
LAZY = "lazy"                       # numba and SciPy come through this module, the one exception to "no late imports"
ALLOWED = {"numpy"} | set(sys.stdlib_module_names)


def name_of(path: Path) -> str:
    """The dotted name below the package: ``transform.ir``; a package's ``__init__`` is the package."""
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


MODULES = {name_of(path): path for path in FILES}
TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}
IDS = [name or "dlsrc" for name in MODULES]


def layer(name: str) -> int:
    head = name.partition(".")[0]
    if head in ("kernels", "transform"):
        return LAYERS.index(head)
    return LAYERS.index("foundation" if name in FOUNDATION else "surface")


def imports(name: str, tree: ast.AST) -> list[tuple[str, int]]:
    """What a module imports from the package, and on which line."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".") if package else []
                parts = parts[: len(parts) - (node.level - 1)]
                base = ".".join([*parts, base] if base else parts)
            elif base == "dlsrc" or base.startswith("dlsrc."):
                base = base[len("dlsrc"):].lstrip(".")
            else:
                continue
            for alias in node.names:
                whole = f"{base}.{alias.name}".lstrip(".")
                found.append((whole if whole in MODULES else base, node.lineno))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "dlsrc" or alias.name.startswith("dlsrc."):
                    found.append((alias.name[len("dlsrc"):].lstrip("."), node.lineno))
    return found


GRAPH = {name: imports(name, tree) for name, tree in TREES.items()}


@pytest.mark.parametrize("name", MODULES, ids=IDS)
def test_imports_come_from_lower_layers(name):
    for other, line in GRAPH[name]:
        assert other in MODULES, f"{MODULES[name]}:{line}: dlsrc.{other} does not exist"
        assert layer(other) <= layer(name), (
            f"{MODULES[name]}:{line}: {LAYERS[layer(name)]} imports {other}, of the higher layer {LAYERS[layer(other)]}"
        )
        if name.partition(".")[0] in ("kernels", "transform"):
            assert other != "", f"{MODULES[name]}:{line} imports the whole package"


def test_no_import_goes_in_a_circle():
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            raise AssertionError(" imports ".join([*path[path.index(name):], name]))
        if name in done:
            return
        for other, _ in GRAPH[name]:
            # A package's __init__ may import its modules; they import each other, never the __init__.
            if other != name:
                visit(other, [*path, name])
        done.add(name)

    for name in MODULES:
        visit(name, [])


@pytest.mark.parametrize("name", [n for n in MODULES if n != LAZY])
def test_no_late_imports(name):
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            late = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            assert not late, f"{MODULES[name]}:{late[0].lineno}: an import inside {getattr(node, 'name', 'a lambda')}"
            called = {ast.unparse(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
            assert not called & {"__import__"}, f"{MODULES[name]}: __import__ inside a function"


@pytest.mark.parametrize("name", MODULES, ids=IDS)
def test_other_packages(name):
    """NumPy and the standard library; numba and SciPy only through ``lazy``."""
    for node in ast.walk(TREES[name]):
        roots = []
        if isinstance(node, ast.Import):
            roots = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            roots = [(node.module or "").partition(".")[0]]
        for root in roots:
            assert root in ALLOWED | {"dlsrc"}, f"{MODULES[name]}:{node.lineno} imports {root}"


@pytest.mark.parametrize("name", MODULES, ids=IDS)
def test_length(name):
    length = len(MODULES[name].read_text().splitlines())
    assert length <= LONGEST, f"{MODULES[name]} has {length} lines; one file, one job, under {LONGEST}"


@pytest.mark.parametrize("name", MODULES, ids=IDS)
def test_docstrings(name):
    tree = TREES[name]
    if tree.body:
        assert ast.get_docstring(tree), f"{MODULES[name]} does not say what it is"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if node.name in exported(tree) and not is_rule(node):
                assert ast.get_docstring(node), f"{MODULES[name]}:{node.lineno}: {node.name} is public and says nothing"


def is_rule(node: ast.AST) -> bool:
    """Whether this is the adjoint or the result rule of a primitive, whose decorator says what it is."""
    decorators = [ast.unparse(d) for d in getattr(node, "decorator_list", [])]
    return any(".adjoint(" in text or text.endswith(".result") for text in decorators)


def exported(tree: ast.Module) -> set[str]:
    """The names in ``__all__``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return {c.value for c in ast.walk(node.value) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
    return set()


@pytest.mark.parametrize("name", MODULES, ids=IDS)
def test_exported_names_exist(name):
    tree = TREES[name]
    defined = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    defined |= {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    defined |= {
        alias.asname or alias.name for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom) for alias in n.names
    }
    missing = exported(tree) - defined
    assert not missing, f"{MODULES[name]} exports {sorted(missing)}, which it does not have"


def test_nothing_unfinished():
    for name, path in MODULES.items():
        text = path.read_text()
        for word in ("TODO", "FIXME", "XXX", "raise NotImplementedError", "/work/"):
            assert word not in text, f"{path}: {word}"
        assert name.rpartition(".")[2] not in ("utils", "helpers", "common", "core"), f"{path} is not named for its job"


def test_import_is_light():
    """numba and SciPy are imported at first use, never by ``import dlsrc``."""
    code = "import sys, dlsrc; print(*(m for m in ('numba', 'llvmlite', 'scipy', 'IPython') if m in sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_the_engine_needs_little_of_scipy():
    """Its parts are imported where a program calls them: `scipy.linalg` takes longer than all of the engine."""
    code = """
import sys
from dlsrc.lazy import engine
engine(), engine('transform.compile')
print(*(m for m in sys.modules if m in ('scipy.linalg', 'scipy.special')))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


@pytest.mark.compiled
@pytest.mark.skipif(PLAIN, reason="looks at what numba imports")
def test_a_short_program_needs_no_linear_algebra(tmp_path):
    """numba looks for a BLAS before it compiles anything; a product that numba compiles later finds it."""
    (tmp_path / "program.py").write_text("""
import sys
import numba, numpy as np
from dlsrc import value_and_grad

def square(x):
    return np.sum(x * x)

print(value_and_grad(square)(np.array([1.0, 2.0])), "scipy.linalg" in sys.modules)
product = numba.njit(lambda a: np.dot(a, a))
print(product(np.eye(3) * 2)[1, 1], "scipy.linalg" in sys.modules)
""")
    result = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout.split("\n")[:2] == ["(5.0, array([2., 4.])) False", "4.0 True"]


def test_the_names_of_the_surface():
    code = """
import dlsrc
names = "dlarray dlfeval dlgradient dlaccelerate extractdata isdlarray grad value_and_grad stop_gradient relu " \\
        "sigmoid softmax logsumexp adjoint_source explain stages errors structure"
print(*(n for n in names.split() if not hasattr(dlsrc, n)))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "", f"missing from dlsrc: {result.stdout}"
