"""parse: what is refused and how it is said; jumps removed without changing what the function does."""

import ast
import doctest
import itertools
import linecache
import os
import random
import sys
import textwrap
import traceback
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsrc.errors import UnsupportedSyntax
from dlsrc.transform.tree import jumps, syntax
from dlsrc.transform.parse import parse
from dlsrc.transform.source import read

FULL = os.environ.get("DLSRC_FULL", "0") not in ("", "0")
_count = itertools.count()


def function_of(text, **space):
    """The function ``f`` of a text, with its source."""
    name = f"<test_parse {next(_count)}>"
    text = textwrap.dedent(text).lstrip("\n")
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    exec(compile(text, name, "exec"), space)
    return space["f"]


def parsed(text, **space):
    return parse(read(function_of(text, **space)))


def shown(text):
    return "\n".join(ast.unparse(statement) for statement in parsed(text).body)


def rebuilt(function, through_text=False):
    """The parsed body, compiled again."""
    record = parse(read(function))
    check_form(record)
    tree = record.source.tree
    name = getattr(tree, "name", "f")
    node = ast.FunctionDef(name=name, args=record.args, body=record.body, decorator_list=[], type_params=[])
    ast.copy_location(node, tree)
    module = ast.Module(body=[node], type_ignores=[])
    if through_text:
        module = ast.parse(ast.unparse(module))
    code = compile(module, record.source.file, "exec")
    inner = next(c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == name)
    new = types.FunctionType(inner, function.__globals__, name, function.__defaults__, function.__closure__)
    new.__kwdefaults__ = function.__kwdefaults__
    return new


def check_form(record):
    """What parse promises of every body, inner functions included."""
    last = len(record.source.lines)
    for one in [record, *record.nested.values()]:
        assert isinstance(one.body[-1], ast.Return) and one.body[-1].value is not None
        own = list(own_nodes(one.body))
        assert sum(isinstance(n, ast.Return) for n in own) == 1
        assert not any(isinstance(n, ast.Continue | ast.AnnAssign) for n in own)
        expected = 0
        for loop in (n for n in own if isinstance(n, ast.For | ast.While)):
            assert loop.orelse == [] and loop.body
            match loop.body[-1]:
                case ast.If(test=ast.Name(id=flag), body=[ast.Break()], orelse=[]):
                    assert flag in one.generated
                    expected += 1
        assert sum(isinstance(n, ast.Break) for n in own) == expected
        assert all(n.body for n in own if isinstance(n, ast.If))
        for n in own:
            if isinstance(n, ast.stmt | ast.expr):
                assert 1 <= n.lineno <= n.end_lineno <= last and n.col_offset >= 0 and n.end_col_offset >= 0
    assert not record.generated & {n.id for n in ast.walk(record.source.tree) if isinstance(n, ast.Name)}


def own_nodes(body):
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            stack += ast.iter_child_nodes(node)


# ------------------------------------------------------------------------------ the gate


def test_every_class_of_the_running_python_is_classified():
    tables = [syntax.ALLOWED, syntax.REFUSED.keys(), syntax.CONDITIONAL.keys(), syntax.PARTS, syntax.ABSENT]
    for one, other in itertools.combinations(tables, 2):
        assert not set(one) & set(other)
    known = set().union(*tables)
    here = {name for name, kind in vars(ast).items() if isinstance(kind, type) and issubclass(kind, ast.AST)}
    assert here - known == set()


def test_an_unknown_class_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(syntax, "ALLOWED", syntax.ALLOWED - {"For"})
    with pytest.raises(UnsupportedSyntax, match=r"Python 3\.\d+ syntax For is not supported yet"):
        parsed("def f(x):\n    for a in x: pass\n")


REFUSED = {
    "yield x": "generator cannot be differentiated; collect the values",
    "y = yield x": "generator",
    "yield from x": "generator",
    "try:\n    pass\nexcept ValueError:\n    pass": "try cannot be differentiated.*test with if before",
    "try:\n    pass\nfinally:\n    pass": "try cannot",
    "match x:\n    case [a, b]: pass": "match on the parts of a value.*write if and elif",
    "match x:\n    case {'a': a}: pass": "match on the parts",
    "match x:\n    case int(real=a): pass": "match on the parts",
    "match x:\n    case (1 as a) | (2 as a): pass": "bound in one of several alternatives",
    "while (y := x): pass\nelse: y = 1": "while loop with else whose condition binds a name",
    "class A: pass": "class cannot be defined inside the function; define it outside",
    "global y\ny = x": "global name cannot be differentiated; return the new value",
    "del x.a": "only a name can be deleted",
    "y = 1j": "complex numbers are not supported yet",
    "y = b'a'": "bytes cannot be differentiated",
    "@print\ndef g(): pass": "decorated inner function",
    "async def g(): pass": "asynchronous",
    "return lambda: (yield)": "generator",
    "def g():\n    def h():\n        yield": "generator",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_refused(statement):
    text = "def f(x):\n    z = 1\n" + textwrap.indent(statement, "    ")
    with pytest.raises(UnsupportedSyntax, match=f"(?s){REFUSED[statement]}") as caught:
        parsed(text)
    assert len(caught.value.problems) == 1 and caught.value.lineno >= 3


ALLOWED = [
    "assert x, f'{x}'", "raise ValueError(f'{x:.{3}f}')", "print(f'{x}')", "y = (z := x) + z",
    "y = [a for a in x if a]", "y = {a: 1 for a in x}", "y = sum(a for a in x)", "y = x[1:, ..., None]",
    "def g(a, *b, c=1, **d) -> int:\n    return a", "y = lambda a=1: a", "del x", "y = z = x", "y: float = x",
    "y: float", "a, (b, c) = x", "y = g(*x, **x)", "y = 1 < x <= 3", "y = x if x else 2", "x.a = 3", "...",
    "a, *b = x", "for a, *b in x: pass", "del x[0]", "y = {1, 2}", "y = {a for a in x}", "import numpy as np",
    "from numpy import sin", "y = f'{x}'", "while (y := x): x = y",
    "with x, y:\n    if x: return 1\n    x = 2", "match x:\n    case 1 | 2: y = 1\n    case int(): y = 2\n    case z if z: y = z",
    "for a in x:\n    pass\nelse:\n    pass", "while x:\n    x -= 1\nelse:\n    y = 3", "x @= x", "y = x is not None",
]


@pytest.mark.parametrize("statement", ALLOWED)
def test_allowed(statement):
    check_form(parsed("def f(x):\n" + textwrap.indent(statement, "    ")))


def test_all_problems_are_collected_in_order():
    with pytest.raises(UnsupportedSyntax) as caught:
        parsed("""
            def f(x):
                global y
                class A:
                    pass
                try:
                    del x.a
                except ValueError as e:
                    y = 1j
                yield x
        """)
    found = [(where.line, message.split(";")[0]) for where, message in caught.value.problems]
    assert [line for line, _ in found] == [2, 3, 5, 6, 8, 9]
    assert found[0][1] == "assigning a global name cannot be differentiated"
    assert "line 8  complex numbers" in str(caught.value)


def test_python_prints_the_line_with_carets():
    function = function_of("""
        def f(total, größe):
            total += (größe + (yield total))
            return total
    """)
    with pytest.raises(UnsupportedSyntax) as caught:
        parse(read(function))
    lines = "".join(traceback.format_exception_only(caught.value)).splitlines()
    source, carets = lines[1].strip(), lines[2][4:]
    assert source == "total += (größe + (yield total))"
    assert carets.index("^") == source.index("yield") and carets.count("^") == len("yield total")


def test_a_problem_of_many_lines_is_marked_in_its_first():
    with pytest.raises(UnsupportedSyntax) as caught:
        parsed("def f(x):\n    try:\n        y = 1\n    finally:\n        z = 1\n")
    where, _ = caught.value.problems[0]
    assert (where.line, where.column, where.end_line, where.end_column) == (2, 4, 2, 8)


def test_an_async_function_is_refused():
    with pytest.raises(UnsupportedSyntax, match="asynchronous"):
        parsed("async def f(x):\n    return x\n")


def test_the_functions_own_annotations_defaults_and_decorators_ran_already():
    record = parsed("""
        def keep(g): return g
        @keep
        def f(x: {1} = {2}, *y: f"{3}", z: 1j = 1j) -> {4}:
            return x
    """)
    assert ast.unparse(record.args) == "x={2}, *y, z=1j"


# ------------------------------------------------------------------------------ what it gives


def test_docstring_annotations_and_pass_are_gone():
    assert shown('def f(x: int) -> int:\n    """Doc."""\n    y: int = x\n    z: int\n    pass\n    return y\n') == (
        "y = x\nreturn y"
    )


def test_a_function_without_return():
    assert shown("def f(x): pass") == "return None"
    assert shown("def f(x): return") == "return None"
    assert shown("def f(x): raise ValueError") == "raise ValueError\nreturn None"
    assert shown("def f(x):\n    if x: return 1\n") == (
        "if x:\n    result = 1\nelse:\n    result = None\nreturn result"
    )


def test_a_lambda():
    record = parse(read(lambda x, *, k=2: (y := x) * k))
    assert ast.unparse(record.body[0]) == "return (y := x) * k"
    assert record.assigned == {"y"} and not record.nested
    assert record.body[0].lineno == record.source.tree.lineno


def test_guard_clauses_become_a_chain_without_flags():
    assert shown("""
        def f(x):
            if x < 0:
                return 0
            if x < 1:
                return x
            return 1
    """) == "if x < 0:\n    result = 0\nelif x < 1:\n    result = x\nelse:\n    result = 1\nreturn result"


def test_a_search_with_else():
    assert shown("""
        def f(a, n):
            for i in range(n):
                if a[i] > 1:
                    break
            else:
                i = -1
            return i
    """) == textwrap.dedent("""
        stop = False
        for i in range(n):
            if a[i] > 1:
                stop = True
            if stop:
                break
        if not stop:
            i = -1
        return i
    """).strip()


def test_a_loop_without_end_returns_one_type():
    assert shown("""
        def f(x):
            while True:
                x = x / 2
                if x < 1:
                    return x
    """) == textwrap.dedent("""
        returned = False
        while True:
            x = x / 2
            if x < 1:
                result = x
                returned = True
            if returned:
                break
        return result
    """).strip()


def test_generated_names_do_not_meet_the_functions():
    record = parsed("""
        def f(stop, n):
            result = 0
            def g(x):
                stop_2 = x
                if x: return 1
                return 2
            for i in range(n):
                if returned: break
                if i > stop: return result
            return skip
    """, returned=False, skip=1)
    assert record.generated == {"stop_3", "returned_2", "result_2", "result_3"}
    assert "result_2" in record.assigned
    (inner,) = record.nested.values()
    assert inner.assigned == {"stop_2", "result_3"}


def test_scopes():
    record = parsed("""
        def f(x, y):
            a, (b, x.c, x[0]) = y
            for d in y:
                e: int
                [g := h for h in y]
            y += 1
            def inner(k=(m := 1)):
                nonlocal a, d
                a = 1
                if a: return 2
                n = d = 1
                return n
            return 1
            late = 1
    """)
    assert record.assigned == {"a", "b", "d", "e", "g", "y", "inner", "m", "late"}
    (node,) = record.nested
    inner = record.nested[node]
    assert (inner.assigned, inner.nonlocals) == ({"n", "result"}, {"a", "d"})
    assert node.body is inner.body and ast.unparse(node.body[0]) == "nonlocal a, d"


def test_the_sources_tree_is_not_touched():
    def f(x: int):
        if x:
            return 1
        pass

    before = ast.dump(read(f).tree, include_attributes=True)
    first, second = parse(read(f)), parse(read(f))
    assert ast.dump(read(f).tree, include_attributes=True) == before
    assert not {id(n) for n in ast.walk(first.body[0]) if isinstance(n, ast.expr | ast.stmt)} & {
        id(n) for n in [*ast.walk(second.body[0]), *ast.walk(read(f).tree)]
    }


def test_nodes_keep_their_places():
    text = """
        def f(x, n):
            for i in range(n):
                if x > i:
                    x = x * 2.5
                    return x + 1
            return 0
    """
    source = textwrap.dedent(text).lstrip().splitlines()
    body = parsed(text).body
    nodes = [n for s in body for n in ast.walk(s)]
    for number in (n for n in nodes if isinstance(n, ast.Constant) and type(n.value) is float):
        assert source[number.lineno - 1][number.col_offset:number.end_col_offset] == "2.5"
    results = [n for n in nodes if isinstance(n, ast.Assign) and n.targets[0].id == "result"]
    assert [source[n.lineno - 1][n.col_offset:n.end_col_offset] for n in results] == ["return x + 1", "return 0"]


@pytest.mark.parametrize("module", [jumps, syntax])
def test_the_examples_in_the_text(module):
    done = doctest.testmod(module)
    assert done.attempted and not done.failed


# ------------------------------------------------------------------------------ the same results


def early(x, n):
    total = 0
    for i in range(n):
        for j in range(i):
            if (i + j) % 4 == 3:
                continue
            if i * j > x:
                return total, i, j
            if i > 5:
                if j > 3:
                    break
                total += 1
            total += j
        else:
            total += 100
            if total % 7 == 0:
                continue
        total -= 1
        while total % 5:
            total += 1
            if total % 3 == 0:
                break
        else:
            total += 1000
            break
    else:
        return total, "else"
    return total


def test_nested_loops_by_example():
    for new in (rebuilt(early), rebuilt(early, through_text=True)):
        for x, n in itertools.product(range(-1, 60, 3), range(12)):
            assert new(x, n) == early(x, n)


def test_closures_by_example():
    def f(x, log):
        count = 0

        def tick(k):
            nonlocal count
            if k < 0:
                return -1
            count += 1
            for i in range(k):
                if i == 2:
                    return count
            return 0

        log.append([tick(k) for k in range(-1, x)])
        return count

    new = rebuilt(f)
    for x in range(6):
        logs = [], []
        assert f(x, logs[0]) == new(x, logs[1]) and logs[0] == logs[1]


class Over(Exception):
    """The recorded answers are used up."""


class World:
    """What a random program can call: every call is logged, every answer comes from one fixed list."""

    def __init__(self, answers):
        self.answers = iter(answers)
        self.log = []

    def ask(self, number):
        self.log.append(number)
        try:
            return next(self.answers)
        except StopIteration:
            raise Over from None

    def test(self, number):
        return self.ask(number) % 2 == 1

    def trips(self, number):
        return range(self.ask(number) % 4)


def outcome(function, answers):
    world = World(answers)
    try:
        return "returned", function(world, 0), world.log
    except (Over, ValueError, UnboundLocalError) as error:
        return type(error).__name__, None, world.log


@st.composite
def programs(draw):
    """The text of a function that nests loops and branches with jumps, at random."""
    numbers = itertools.count(1)
    lines = ["def f(w, x):", "    i = 0"]

    def test():
        kind = draw(st.integers(0, 5))
        if kind == 0:
            return f"w.test({next(numbers)}) and not w.test({next(numbers)})"
        if kind == 1:
            return f"x % {draw(st.integers(2, 3))} == 0"
        return f"w.test({next(numbers)})"

    def block(depth, indent, in_loop, first=None):
        pad = "    " * indent
        if first:
            lines.append(pad + first)
        for _ in range(draw(st.integers(1, 4))):
            kinds = ["step", "step", "return"]
            if in_loop:
                kinds += ["break", "continue"]
            if depth:
                kinds += ["if", "if", "if", "for", "while", "forever", "search"]
            kind = draw(st.sampled_from(kinds))
            if kind == "step":
                lines.append(f"{pad}x = 2 * x + w.ask({next(numbers)})")
            elif kind == "return":
                if draw(st.booleans()) and not in_loop:
                    lines.append(f"{pad}raise ValueError({next(numbers)})")
                else:
                    lines.append(f"{pad}return {draw(st.sampled_from([f'({next(numbers)}, x, i)', '', 'x']))}")
            elif kind in ("break", "continue"):
                lines.append(pad + kind)
            elif kind == "if":
                lines.append(f"{pad}if {test()}:")
                block(depth - 1, indent + 1, in_loop)
                for _ in range(draw(st.integers(0, 2))):
                    lines.append(f"{pad}elif {test()}:")
                    block(depth - 1, indent + 1, in_loop)
                if draw(st.booleans()):
                    lines.append(f"{pad}else:")
                    block(depth - 1, indent + 1, in_loop)
            else:
                tick = f"x += w.ask({next(numbers)})"
                if kind == "for":
                    lines.append(f"{pad}for i in w.trips({next(numbers)}):")
                elif kind == "while":
                    lines.append(f"{pad}while {test()}:")
                elif kind == "forever":
                    lines.append(f"{pad}while True:")
                else:
                    lines.append(f"{pad}for i in w.trips({next(numbers)}):")
                    tick = f"if w.test({next(numbers)}): {draw(st.sampled_from(['break', 'return x', 'continue']))}"
                block(depth - 1, indent + 1, True, first=tick)
                if draw(st.booleans()):
                    lines.append(f"{pad}else:")
                    block(depth - 1, indent + 1, in_loop)

    block(draw(st.integers(2, 3)), 1, False)
    return "\n".join(lines) + "\n"


@settings(max_examples=2000 if FULL else 200, deadline=None)
@given(programs(), st.integers(0, 2**32), st.sampled_from([1, 2, 10]))
def test_random_programs(text, seed, nested):
    function = function_of(text)
    with pytest.MonkeyPatch.context() as patch:
        # Few statements with jumps stand in one random block: small values reach the cutting into pieces.
        patch.setattr(jumps, "_NESTED", nested)
        versions = [rebuilt(function), rebuilt(function, through_text=True)]
    rng = random.Random(seed)
    for length in (0, 1, 3, 6, 10, 20, 40, 40, 80, 80, 160):
        answers = [rng.randrange(12) for _ in range(length)]
        expected = outcome(function, answers)
        for new in versions:
            assert outcome(new, answers) == expected, text


# ------------------------------------------------------------------------------ size


def calls_made(function, *args):
    """How many Python functions run: the same on every machine, which seconds are not."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        function(*args)
    finally:
        sys.setprofile(None)
    return count


def guards(n, between=""):
    return "def f(x):\n" + "".join(f"    if x == {k}:\n        return {k * k}\n{between}" for k in range(n))


def elifs(n):
    arms = "".join(f"    elif x == {k}:\n        return {k}\n" for k in range(n))
    return f"def f(x):\n    if x < 0:\n        y = 0\n{arms}    return y\n"


def fallen(n):
    arms = "".join(f"    elif x == {k}:\n        y = {k}\n" for k in range(n))
    return f"def f(x):\n    if x < 0:\n        return 0\n{arms}    return y\n"


def looped(n):
    body = "".join(f"        if x == {k}:\n            break\n        x += {k % 2}\n" for k in range(n))
    return f"def f(x):\n    for i in range(3):\n{body}    else:\n        return -1\n    return x, i\n"


@pytest.mark.parametrize("make", [guards, elifs, fallen, looped, lambda n: guards(n, "    x = x + 0\n")])
def test_long_functions_in_linear_work(make):
    short, long = read(function_of(make(100))), read(function_of(make(400)))
    assert calls_made(parse, long) < 6 * calls_made(parse, short)
    function = function_of(make(400))
    new = rebuilt(function)
    for x in (-1, 0, 7, 13, 99, 399, 400, 10**6):
        assert outcome(lambda w, _, x=x: new(x), []) == outcome(lambda w, _, x=x: function(x), [])


def test_many_early_returns_do_not_nest_deeply():
    text = shown(guards(400, "    x = x + 0\n"))
    assert max(len(line) - len(line.lstrip()) for line in text.splitlines()) <= 4 * 15


def test_a_long_sum():
    text = "def f(x):\n    return " + " + ".join(["x"] * 900) + "\n"
    assert rebuilt(function_of(text))(2) == 1800
