"""source.read: the right text for every kind of function, a refusal where the text is another's."""

import ast
import functools
import importlib.util
import inspect
import linecache
import os
import subprocess
import sys
import textwrap
import time

import numba
import pytest

from dlsrc.errors import SourceError
from dlsrc.kernels.primitive import registry
from dlsrc.transform.tree import locate
from dlsrc.transform.source import location, read

HERE = __file__


def text_of(source):
    return "".join(ast.unparse(source.tree).split("\n"))


def plain(x, y=2, *, z=3):
    """A docstring."""
    assert x is not None, f"x is {x}"
    return x + y + z


def make(k):
    def inner(x):
        return x * k

    return inner, lambda x: x - k


def load(path, name="loaded"):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(path, text):
    path.write_text(textwrap.dedent(text))
    return path


# ------------------------------------------------------------------------------ what is found


def test_a_function_with_its_asserts_rewritten_by_pytest():
    source = read(plain)
    assert source.file == HERE and source.qualname == "plain"
    assert source.lines[source.tree.lineno - 1].startswith("def plain")
    assert source.defaults == (2,) and source.kwdefaults == {"z": 3}
    assert source.globals is globals() and source.function is plain


def test_a_closure_reads_its_cells_when_asked():
    k = 1

    def inner(x):
        return x * k

    cell = read(inner).closure["k"]
    assert cell() == 1
    k = 7
    assert cell() == 7


def test_an_empty_cell_is_a_name_error():
    def inner():
        return later

    with pytest.raises(NameError, match="later"):
        read(inner).closure["later"]()
    later = 1
    assert read(inner).closure["later"]() == later


def test_nested_functions_and_lambdas():
    inner, subtract = make(3)
    assert read(inner).tree.name == "inner" and read(inner).qualname == "make.<locals>.inner"
    assert text_of(read(subtract)) == "lambda x: x - k"


def test_several_lambdas_on_one_line():
    f, g, h = (lambda x: x + 1), (lambda x: x + 2), (lambda x: lambda y: x + y)
    same, twice = (lambda x: x * 2), (lambda x: x * 2)
    assert [text_of(read(v)) for v in (f, g, h, h(1))] == [
        "lambda x: x + 1", "lambda x: x + 2", "lambda x: lambda y: x + y", "lambda y: x + y",
    ]
    assert read(same).tree.col_offset < read(twice).tree.col_offset


def test_lambdas_that_return_constants_and_each_other():
    f, g = (lambda: 1), (lambda: (lambda: 1))
    assert [text_of(read(v)) for v in (f, g, g())] == ["lambda: 1", "lambda: lambda: 1", "lambda: 1"]
    assert read(f).tree.col_offset < read(g).tree.col_offset < read(g()).tree.col_offset


def test_a_lambda_over_several_lines():
    f = [
        lambda x: (
            x
            + 1
        )
    ]
    assert text_of(read(f[0])) == "lambda x: x + 1"


def test_methods():
    class Model:
        def value(self, x):
            return x

        def __private(self, x):
            return self.__hidden * x

        @staticmethod
        def still(x):
            return x

        @classmethod
        def made(cls, x):
            return x

    model = Model()
    assert read(model.value).function is Model.value
    assert read(model._Model__private).tree.name == "__private"
    assert read(Model.still).tree.name == "still" and read(Model.made).tree.name == "made"
    assert read(vars(Model)["still"]).tree.name == "still"


def test_one_name_defined_in_two_branches():
    functions = []
    for k in range(2):
        if k:
            def f(x):
                return x
        else:
            def f(x):
                return x
        functions.append(f)
    lines = [read(f).tree.lineno for f in functions]
    assert lines == [f.__code__.co_firstlineno for f in functions] and lines[0] > lines[1]


def test_columns_count_characters():
    wert = lambda größe: größe + 1  # noqa: E731
    source = read(wert)
    where = location(source, source.tree.body)
    line = source.lines[where.line - 1]
    assert line[where.column:where.end_column] == "größe + 1"
    assert where.source_line == line.rstrip("\n") and where.text == line.strip()
    assert where.file == HERE and where.function.endswith("<lambda>")


# ------------------------------------------------------------------------------ wrappers


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        result = function(*args, **kwargs)
        print(f"{function.__name__}: {time.perf_counter() - start}", args)
        return result

    return wrapper


def cleaned(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            time.sleep(0)

    return wrapper


def doubled(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return 2 * function(*args, **kwargs)

    return wrapper


def scaled_inside(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        result = function(*args, **kwargs)
        result *= 2
        return result

    return wrapper


def shifted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        args = (args[0] + 1,)
        return function(*args, **kwargs)

    return wrapper


def sometimes(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        if time.time() > 0:
            return function(*args, **kwargs)

    return wrapper


def named(function):
    @functools.wraps(function)
    def wrapper(x):
        return function(x)

    return wrapper


def square(x):
    return x * x


@logged
@cleaned
def decorated(x):
    return x * 3


def test_decorators_that_pass_everything_on_are_looked_through():
    assert read(logged(square)).function is square
    assert read(cleaned(logged(square))).function is square
    assert read(decorated).tree.name == "decorated"
    assert location(read(decorated), read(decorated).tree.body[0]).text == "return x * 3"


@pytest.mark.parametrize("decorator", [doubled, scaled_inside, shifted, sometimes, named])
def test_a_decorator_that_does_something_is_the_function_that_runs(decorator):
    wrapper = decorator(square)
    source = read(wrapper)
    assert source.function is wrapper and source.tree.name == "wrapper"
    assert source.closure["function"]() is square


@pytest.mark.compiled
def test_caches_dispatchers_and_our_own_objects():
    class Accelerated:
        __module__ = "dlsrc.evaluate"
        __wrapped__ = square

    assert read(functools.lru_cache(square)).function is square
    assert read(numba.njit(square)).function is square
    assert read(logged(numba.njit(square))).function is square
    assert read(Accelerated()).function is square


def test_a_function_that_wraps_itself():
    def f(x):
        return x

    f.__wrapped__ = f
    assert read(f).function is f


# ------------------------------------------------------------------------------ other origins


def test_a_notebook_cell_run_again():
    name = "<ipython-input-7-dlsrc>"
    cells = []
    for number in (1, 2):
        text = f"def cell(x):\n    return x * {number}\n"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        space = {}
        exec(compile(text, name, "exec"), space)
        assert text_of(read(space["cell"])).endswith(f"x * {number}")
        cells.append(space["cell"])
    with pytest.raises(SourceError, match="edited"):
        read(cells[0])


def test_future_statements_do_not_disturb(tmp_path):
    path = write(tmp_path / "later.py", """
        from __future__ import annotations
        def f(x: unknown) -> nothing:
            return x
    """)
    assert read(load(path).f).tree.name == "f"


@pytest.mark.parametrize("optimize", [0, 1, 2])
def test_other_optimization_levels(tmp_path, optimize):
    text = 'def f(x):\n    "Doc."\n    assert x > 0\n    return x\n'
    path = write(tmp_path / "levels.py", text)
    space = {}
    exec(compile(text, str(path), "exec", optimize=optimize), space)
    assert read(space["f"]).tree.name == "f"


def test_a_script_and_the_dash_c_prompt(tmp_path):
    script = write(tmp_path / "script.py", """
        from dlsrc.transform.source import read
        def f(x):
            return x
        print(read(f).tree.name, read(lambda x: 2 * x).tree.body.left.value)
    """)
    ran = subprocess.run(
        [sys.executable, "script.py"], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(HERE))},
    )
    assert ran.stdout.split() == ["f", "2"], ran.stderr
    assert script.exists()


# ------------------------------------------------------------------------------ refusals


def test_a_file_edited_after_import(tmp_path):
    path = write(tmp_path / "edited.py", "def f(x):\n    return x * 2\n")
    module = load(path)
    assert read(module.f).tree.name == "f"
    write(path, "def f(x):\n    return x * 3.5\n")
    with pytest.raises(SourceError, match=r"edited after it was imported.*importlib.reload"):
        read(module.f)
    assert text_of(read(load(path).f)).endswith("x * 3.5")
    write(path, "def f(x:\n")
    with pytest.raises(SourceError, match="edited"):
        read(module.f)


def test_an_edit_that_leaves_time_and_size_alone(tmp_path):
    path = write(tmp_path / "quick.py", "def f(x):\n    return x * 2\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert text_of(read(load(path).f)).endswith("x * 2")
    write(path, "def f(x):\n    return x * 3\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    space = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    assert text_of(read(space["f"])).endswith("x * 3")


@pytest.mark.parametrize("change", ["x * 2.0", "x * True", "x * y", "2 * x", "(x * 2, lambda: 1)"])
def test_small_changes_are_noticed(tmp_path, change):
    path = write(tmp_path / "small.py", "def f(x, y):\n    return x * 2\n")
    module = load(path)
    write(path, f"def f(x, y):\n    return {change}\n")
    with pytest.raises(SourceError):
        read(module.f)


def test_the_sign_of_zero_and_nested_code_are_compared():
    def code(text):
        return compile(text, "f", "eval")

    assert locate.same_code(code("lambda: 0.5"), code("\n\nlambda: 0.5"))
    assert not locate.same_code(code("(0.0, 1)"), code("(-0.0, 1)"))
    assert not locate.same_code(code("lambda: 1"), code("lambda: 1.0"))


def test_lines_added_above_do_not_matter(tmp_path):
    path = write(tmp_path / "moved.py", "def f(x):\n    return x * 2\n")
    module = load(path)
    write(path, "# a comment\n\ndef f(x):\n    return x * 2\n")
    assert read(module.f).tree.lineno == 3


def test_no_text():
    space = {}
    exec("def f(x):\n    return x\n", space)
    with pytest.raises(SourceError, match=r"made by exec or eval.*Put the function in a file"):
        read(space["f"])
    with pytest.raises(SourceError, match="len is not written in Python"):
        read(len)
    with pytest.raises(SourceError, match="is a class"):
        read(dict)
    with pytest.raises(SourceError, match=r"read its \.func"):
        read(functools.partial(square, 1))
    with pytest.raises(SourceError, match="not a function"):
        read(3)


def test_a_callable_object_names_its_method():
    class Model:
        def __call__(self, x):
            return x

    with pytest.raises(SourceError, match="pass its __call__ method"):
        read(Model())
    assert read(Model().__call__).tree.name == "__call__"


# ------------------------------------------------------------------------------ cost


def test_a_second_read_parses_nothing(monkeypatch):
    read(plain)
    monkeypatch.setattr(locate, "_parse_file", None)
    monkeypatch.setattr(linecache, "getlines", None)
    first = read(plain)
    assert first.tree is read(plain).tree


def test_the_statement_alone_gives_what_the_whole_file_gives():
    """Nearly every function of dlsrc's own is found without parsing the rest of its file."""
    bodies = [d.body for d in registry.values() if inspect.isfunction(d.body)]
    alone = 0
    for body in bodies:
        file = locate._parsed(body, fresh=False)
        quick = locate._where_it_stood(file, body.__code__)
        whole = locate._match_among(file, locate._compiled(file, body.__code__, sys.flags.optimize), body.__code__)
        if quick is not None:
            assert ast.dump(quick, include_attributes=True) == ast.dump(whole, include_attributes=True)
            alone += 1
    assert alone > 0.95 * len(bodies)


def test_what_moved_is_not_taken_for_what_stands_there_now(tmp_path):
    path = tmp_path / "moved.py"
    path.write_text("def f(x):\n    return x + 1\n\n\ndef g(x):\n    return x + 2\n")
    spec = importlib.util.spec_from_file_location("moved", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path.write_text("def g(x):\n    return x + 2\n\n\ndef f(x):\n    return x + 1\n")
    os.utime(path, (1.0, 1.0))
    assert [locate.find(f)[1].lineno for f in (module.f, module.g)] == [5, 1]
    path.write_text("def f(x):\n    return x + 3\n\n\ndef g(x):\n    return x + 2\n")
    os.utime(path, (2.0, 2.0))
    with pytest.raises(SourceError):
        locate.find(module.f)
