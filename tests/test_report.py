"""Reading a derivative: the text that runs, the forms on the way to it, the report, the pages of a notebook."""

import ast
import copy
import html
import linecache
import pickle
import re
import traceback
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

import dlsrc
from dlsrc import (
    adjoint_source, dlaccelerate, dlarray, dlfeval, dlgradient, explain, grad, stages, value_and_grad,
)
from dlsrc.errors import UntracedError, UnsupportedSyntax
from dlsrc.lazy import jit_enabled
from dlsrc.reading.highlight import console, page, pieces, statement_ends
from dlsrc.reading.notebook import Original, rows
from tests import road
from tests.golden_files import GOLDEN, call_of, load, objective_of
from tests.scaling import recurrence

ALPHA = 0.5


def rosenbrock(x):
    f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    grad = dlgradient(f, x)
    return f, grad


def energy(x):
    # a comment of the user's
    total = 0.0
    for i in range(1, len(x)):

        total += np.sin(
            x[i] - x[i - 1]) ** 2
    return total * ALPHA


def helper(v):
    return np.exp(-v)


def damped(x, n):
    s = x[0]
    for _ in range(n):
        s = helper(s) * x[1]
    return s


def newton(a):
    y = a
    step = 1.0
    while abs(step) > 1e-12:
        step = (y * y - a) / (2.0 * y)
        y -= step
    return y


def keeps_arrays(x, n):
    u = x * 1.0
    for _ in range(n):
        u = np.tanh(u) * u
    return np.sum(u)


X = np.array([0.5, -1.25, 2.0])


# ---------------------------------------------------------------------------------- adjoint_source


def test_the_source_is_a_string_that_runs():
    source = adjoint_source(rosenbrock, dlarray([-1.0, 2.0]))
    assert isinstance(source, str) and source == str(source)
    space = {}
    exec(compile(source, "<text>", "exec"), space)
    value, gradient = space[function_in(source)](np.array([-1.0, 2.0]))
    assert value == 104.0 and np.array_equal(gradient, [396.0, 200.0])


def function_in(source):
    return next(n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef))


def test_the_source_is_the_text_that_is_compiled():
    """What tracebacks, pdb and inspect find as source of the function that runs is this very text."""
    source = adjoint_source(energy, X)
    value_and_grad(energy)(X)
    files = [lines for name, (_, _, lines, _) in full_entries() if name.startswith("<dlsrc ")]
    assert any("".join(lines) == source for lines in files)


def full_entries():
    return [(name, entry) for name, entry in linecache.cache.items() if len(entry) == 4]


def test_a_plain_function_is_shown_with_its_gradient():
    source = adjoint_source(energy, X)
    assert source == adjoint_source(value_and_grad(energy), X) == adjoint_source(grad(energy), X)
    assert "dx" in source


def test_what_may_be_read():
    accelerated = dlaccelerate(rosenbrock)
    assert adjoint_source(accelerated, dlarray([-1.0, 2.0])) == adjoint_source(rosenbrock, dlarray([-1.0, 2.0]))
    assert "dx" in adjoint_source(lambda x: x[0] * x[1], X)
    assert "dn" not in adjoint_source(value_and_grad(damped, argnums=(0,)), X, 3)
    assert "dlarray" not in adjoint_source(lambda x: x * 2.0, dlarray(1.0))  # nothing asks for a gradient


def test_an_objective_wants_dlarrays():
    with pytest.raises(UntracedError, match="dlarray"):
        adjoint_source(rosenbrock, np.array([-1.0, 2.0]))

    def calls(x):
        return rosenbrock(x)

    with pytest.raises(UntracedError, match="dlarray"):
        adjoint_source(calls, np.array([-1.0, 2.0]))


def test_the_source_can_be_stored():
    source = adjoint_source(energy, X)
    assert pickle.loads(pickle.dumps(source)) == source
    assert pickle.loads(pickle.dumps(source))._repr_html_() == source._repr_html_()
    assert repr(source) == source


@pytest.mark.compiled
def test_the_source_compiled():
    assert adjoint_source(energy, X) == adjoint_source(energy, np.ones(7))
    value, gradient = value_and_grad(energy)(X)
    assert np.isfinite(value) and gradient.shape == (3,)
    seconds = explain(energy, X).compile_seconds
    assert seconds is None if not jit_enabled() else seconds > 0


# ---------------------------------------------------------------------------------- stages


@pytest.mark.parametrize("path", GOLDEN, ids=[p.stem for p in GOLDEN])
def test_every_form_gives_the_numbers_of_the_function(path):
    module = load(path)
    objective, arguments = objective_of(module), module.ARGUMENTS
    if hasattr(module, "OPERATOR"):
        several = stages(*call_of(module))
        given = arguments * 2 if module.OPERATOR == "jvp" else arguments
        compare(flat(several["assemble"].run(*given)), flat(several["simplify"].run(*given)))
        return
    forms = stages(objective, *arguments)
    expected = flat(forms["simplify"].run(*arguments))
    is_objective = "dlgradient" in objective.__code__.co_names
    run = dlfeval(objective, *arguments) if is_objective else value_and_grad(objective)(*arguments)
    compare(expected, flat(run))
    compare(flat(forms["assemble"].run(*arguments)), expected)
    for name in ("normalize", "bounds"):
        try:
            found = flat(forms[name].run(*arguments))
        except ValueError as error:
            assert is_objective and "assemble" in str(error)
            continue
        compare([f for f in found if f is not None], [e for f, e in zip(found, expected) if f is not None])
        if not is_objective:
            compare(found[:1], flat(objective(*copy.deepcopy(arguments))))


def flat(result):
    if isinstance(result, tuple | list):
        return [leaf for item in result for leaf in flat(item)]
    if isinstance(result, dict):
        return [leaf for item in result.values() for leaf in flat(item)]
    return [result]


def compare(found, expected):
    assert len(found) == len(expected)
    for f, e in zip(found, expected):
        assert np.allclose(dlsrc.extractdata(f), dlsrc.extractdata(e), rtol=1e-12, atol=1e-14)


def test_stages_are_an_ordered_mapping():
    forms = stages(rosenbrock, dlarray([-1.0, 2.0]))
    assert list(forms) == ["normalize", "bounds", "assemble", "simplify"]
    assert "dlgradient(f, (x,))" in forms["normalize"].text
    assert "dlgradient" not in forms["assemble"].text
    assert forms["simplify"].text == adjoint_source(rosenbrock, dlarray([-1.0, 2.0]))
    printed = repr(forms)
    assert [printed.index(f"---- {name} ") for name in forms] == sorted(printed.index(f"---- {n} ") for n in forms)
    with pytest.raises(KeyError, match="normalize, bounds, assemble, simplify"):
        forms["parse"]


def test_a_form_without_its_gradient():
    forms = stages(rosenbrock, dlarray([-1.0, 2.0]))
    value, gradient = forms["normalize"].run(dlarray([-1.0, 2.0]))
    assert value.item() == 104.0 and gradient is None


def test_running_a_form_changes_no_argument():
    def writes(x):
        x[0] = x[1] ** 2
        return np.sum(x)

    x = X.copy()
    for form in stages(writes, X).values():
        form.run(x)
    assert np.array_equal(x, X)


# ---------------------------------------------------------------------------------- explain


def test_explain_rosenbrock():
    report = explain(rosenbrock, dlarray([-1.0, 2.0]))
    assert report.active == ("x", "f")
    assert report.kept == () and report.predicted_bytes == 16 and report.is_complete
    assert [(p.name, p.role, p.bytes) for p in report.arrays] == [("dx", "shadow", 16)]
    assert "rosenbrock" in str(report) and "x, f" in str(report)


def test_explain_a_loop():
    report = explain(damped, X, 1000)
    assert {k.line for k in report.kept} == {damped.__code__.co_firstlineno + 2}
    assert all(k.bytes == 8 and k.total == 8000 and k.how == "array" for k in report.kept)
    assert report.predicted_bytes == sum(k.total for k in report.kept) + 24
    assert "helper" in "".join(report.guards)
    assert "for _ in range(n):" in str(report)


def test_explain_counts_trips_of_other_ranges():
    def backwards(x, n):
        s = x[0]
        for i in range(2 * n, n, -3):
            s = np.sin(s) * s
        return s

    assert {k.total for k in explain(backwards, X, 100).kept} == {8 * len(range(200, 100, -3))}
    assert {k.total for k in explain(backwards, X, 0).kept} == {0}


def test_explain_what_only_a_run_tells():
    report = explain(newton, 2.0)
    assert not report.is_complete
    assert all(k.total is None and k.bytes == 8 for k in report.kept) and report.kept
    assert "only a run tells" in str(report)


def test_explain_captured_values():
    report = explain(energy, X)
    assert any("ALPHA" in text for text in report.hidden)
    assert "ALPHA" in str(report)


def test_explain_kept_arrays():
    report = explain(keeps_arrays, np.ones(1000), 20)
    assert any(k.bytes == 8000 and k.total == 160_000 for k in report.kept)
    assert 160_000 <= report.predicted_bytes <= 500_000


def fills_an_array(x, n):
    u = np.zeros(n)
    u[0] = x[0]
    for i in range(1, n):
        u[i] = np.sin(u[i - 1]) * x[1]
    return u[n - 1]


@pytest.mark.parametrize("objective, arguments", [
    (keeps_arrays, (np.ones(2000), 20)), (recurrence, (X, 20_000)), (fills_an_array, (X, 20_000)),
], ids=["arrays", "numbers", "array"])  # fmt: skip
def test_predicted_bytes_are_what_a_run_takes(objective, arguments):
    """Measured on the plain text, whose arrays are those of the compiled one."""
    said = explain(objective, *arguments).predicted_bytes
    run = stages(objective, *arguments)["simplify"].run
    run(*arguments)
    tracemalloc.start()
    try:
        run(*arguments)
        measured = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.8 < said / measured < 1.2, (said, measured)


def test_explain_nothing():
    report = explain(lambda x: 3.0 + 0.0 * len(x), X)
    assert "does not depend" in str(report)


def test_predicted_bytes_grow_with_the_arguments():
    few, many = (explain(recurrence, X, n).predicted_bytes for n in (10**5, 2 * 10**5))
    assert 1.9 < many / few < 2.1


@pytest.mark.parametrize("path", GOLDEN, ids=[p.stem for p in GOLDEN])
def test_explain_golden(path):
    module = load(path)
    report = explain(*call_of(module))
    text = str(report)
    assert max(map(len, text.splitlines())) <= 160
    assert "v#" not in text
    assert 0 <= report.predicted_bytes < 10**6
    mine, generated = report.statements
    assert 0 < mine <= generated


# ---------------------------------------------------------------------------------- pages


def test_the_page_has_every_line_of_both():
    source = adjoint_source(energy, X)
    text = html.unescape(re.sub("<style>.*?</style>", "", source._repr_html_(), flags=re.S))
    plain = re.sub("</?[a-z][^>]*>", "", text.replace("</p>", "\n"))
    for line in source.splitlines():
        assert line.strip() in plain
    for line in Path(__file__).read_text().split("def energy")[1].split("\n\n\n")[0].splitlines()[1:]:
        assert line.strip() in plain


def test_the_page_loads_nothing():
    made = adjoint_source(energy, X)._repr_html_()
    assert "<script" not in made and "http" not in made and "url(" not in made and "@import" not in made
    assert "prefers-color-scheme" in made


def test_every_line_stands_in_one_row():
    source = adjoint_source(energy, X)
    made = rows(source, source.line_map, source.original)
    right = [k for row in made for k in row.right]
    left = [k for row in made for k in row.left]
    assert right == list(range(1, len(source.splitlines()) + 1))
    first = energy.__code__.co_firstlineno
    assert left == list(range(first, source.original.last + 1))


def test_rows_are_aligned():
    source = adjoint_source(energy, X)
    first = energy.__code__.co_firstlineno
    made = rows(source, source.line_map, source.original)
    add = first + 5
    forward = next(row for row in made if add in row.left)
    back = next(row for row in made if row.repeated and row.way == "back" and row.repeated.line == add)
    assert forward.left == (add, add + 1), "the second line of a statement stands beside the first"
    assert forward.key == back.key and forward.way == "forward"
    lines = source.splitlines()
    assert any("np.sin" in lines[k - 1] for k in forward.right)
    assert all(source.line_map[k].back for k in back.right)


def test_the_other_pages():
    report, forms = explain(energy, X), stages(energy, X)
    assert "passes through" in report._repr_html_()
    assert forms._repr_html_().count("<details") == 4 and forms._repr_html_().count("<details open") == 1


def test_a_method_is_shown_at_the_margin():
    original = Original("f", "m.py", ("class A:", "    def f(self, x):", "        return x"), 2, 3)
    from_page = adjoint_source(energy, X)
    assert [row.left for row in rows("def f(x):\n    return x\n", {}, original)] == [(2,), (3,)]
    assert from_page.original.name == "energy"


# ---------------------------------------------------------------------------------- highlighting


@pytest.mark.parametrize("text", [
    "x = f'{a!r:>{w}}' + \"\"\"two\nlines\"\"\"  # end\n", "def f(x):\n\treturn x[::2] @ y\n", "total += x[i]) ** 2", "  'open\n", "",
    "größe = naïve  # ü\n", Path(__file__).read_text(),
])  # fmt: skip
def test_pieces_are_the_text(text):
    assert ["".join(piece for _, piece in line) for line in pieces(text)] == text.splitlines()
    bare = re.sub(r"\x1b\[\d+m", "", console(text))
    assert bare.splitlines() == text.splitlines()


def test_kinds():
    kinds = dict((piece, kind) for kind, piece in pieces("def f(x): return np.sum(x, 0) + len('a')  # c")[0])
    assert kinds["def"] == kinds["return"] == "keyword" and kinds["f"] == "definition" and kinds["np"] == "module"
    assert kinds["sum"] == "name" and kinds["len"] == "builtin" and kinds["'a'"] == "string" and kinds["# c"] == "comment"


def test_pages_are_escaped():
    assert page(pieces("a < b & '<i>'")[0]) == "a &lt; b &amp; <i class=\"s\">'&lt;i&gt;'</i>"


def test_statement_ends():
    assert statement_ends("if (a and\n    b):\n    # no\n    c = '''\n'''\n") == {1: 2, 4: 5}


# ---------------------------------------------------------------------------------- errors


def two_wrong(x):
    y = np.fft.fft(x)
    z = np.fft.ifft(x)
    return x[0]


def test_the_traceback_of_a_refusal_is_short():
    for call in (lambda: grad(two_wrong)(X), lambda: dlfeval(two_wrong, dlarray(X)), lambda: adjoint_source(two_wrong, X)):
        with pytest.raises(UnsupportedSyntax) as caught:
            call()
        frames = [f for f in traceback.extract_tb(caught.value.__traceback__) if "/dlsrc/" in f.filename]
        assert len(frames) <= 3, [f.name for f in frames]
        assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_other_problems_are_listed_with_their_lines():
    with pytest.raises(UnsupportedSyntax) as caught:
        grad(two_wrong)(X)
    first = two_wrong.__code__.co_firstlineno
    head, more, other = caught.value.msg.splitlines()
    assert "fft.fft" in head and more == "and 1 more:" and other.startswith(f"  line {first + 2}  ") and "ifft" in other
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.lineno, again.msg) == (caught.value.lineno, caught.value.msg)


def test_many_problems_fit_fifteen_lines():
    location = type("Location", (), dict(file="m.py", line=3, column=4, end_line=3, end_column=9, source_line="    wrong"))()
    error = UnsupportedSyntax([(location, f"problem {k}; write something else") for k in range(40)])
    printed = "".join(traceback.format_exception_only(error)).splitlines()
    assert len(printed) <= 15 and "… and 33 further on" in printed[-1]
    assert "    ^^^^^" in printed[2] and sum("write something else" in line for line in printed) == 1


# ---------------------------------------------------------------------------------- the README of the road


def test_the_forms_in_the_readme_are_those_that_are_made():
    text = road.README.read_text()
    assert text == road.updated(text), "run python -m tests.road --update, and review the change by eye"


# ---------------------------------------------------------------------------------- arrays that are not made


def bounded_growth(x):
    y = np.exp(x)
    return np.sum(np.tanh(y) / (1.0 + y))


def weighed_softmax(X, W):
    return np.sum(W * softmax(X, axis=1))


def folded(x, n):
    rows = np.einsum("ij,kj->ik", x.reshape((n, -1)), x.reshape((n, -1)))
    return np.sum(rows[0] * np.exp(rows))


def test_elements_of_a_joint_loop_are_no_arrays():
    x = np.linspace(0.0, 1.0, 1000)
    report = explain(value_and_grad(bounded_growth), x)
    assert report.predicted_bytes == x.nbytes
    assert [piece.name for piece in report.arrays] == ["dx"]


def test_a_cotangent_has_the_shape_of_its_value():
    x = np.ones((200, 60))
    report = explain(value_and_grad(weighed_softmax), x, x)
    # The softmax; the product or its cotangent; the product with that, and the result.
    assert all(piece.bytes == x.nbytes for piece in report.arrays)
    assert report.predicted_bytes == 3 * x.nbytes


def test_sizes_follow_through_shapes_that_are_computed():
    report = explain(value_and_grad(folded), np.linspace(0.0, 1.0, 3000), 60)
    assert all(piece.bytes is not None for piece in report.arrays)
    # The matrix that is returned beside its cotangents.
    assert 2 * 60 * 60 * 8 < report.predicted_bytes < 8 * 60 * 60 * 8


def recurrent(W, R, X):
    Y = dlsrc.lstm(X, np.zeros(8), np.zeros(8), W, R, np.zeros(32), data_format="CBT")[0]
    return np.sum(Y**2)


def test_parts_of_what_is_kept_are_kept_once():
    report = explain(value_and_grad(recurrent, (0, 1)), np.ones((32, 4)), np.ones((32, 8)), np.ones((4, 50, 200)))
    kept = {k.name: k.total for k in report.kept if k.how == "references" and k.total}
    whole = max(kept.values())
    # The state of a step is a part of all that the step computes, and that is kept for its sake, too.
    assert len(kept) == 3 and sum(kept.values()) > 1.2 * whole
    others = sum(piece.bytes or 0 for piece in report.arrays if piece.role != "kept")
    assert whole < report.predicted_bytes < whole + others + 60_000
