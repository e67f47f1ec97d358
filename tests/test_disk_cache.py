"""Programs on disk: never stale, never loaded from where another user can write, never a crash.

Most of it is tested without compiling; ``python -m tests.cache_matrix`` runs the whole matrix in fresh processes.
"""

import builtins
import copy
import importlib
import json
import os
import pickle
import signal
import stat
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest

import dlsrc
from dlsrc.disk import persist, storage, versions
from dlsrc.__main__ import main
from dlsrc.disk.fingerprint import Unknown, digest
from dlsrc.signature import read_call
from tests import cache_matrix
from tests.cache_cases import CASES

ROOT = Path(__file__).parent.parent
ALL = pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
POSIX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and permissions are those of POSIX")


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A cache of this test's own, which is on."""
    place = tmp_path / "kept"
    monkeypatch.setenv("DLSRC_CACHE", "strict")
    monkeypatch.setenv("DLSRC_CACHE_DIR", str(place))
    monkeypatch.setattr(storage, "_warned", set())
    versions.environment.cache_clear()
    yield place
    versions.environment.cache_clear()


def imported(case, directory, edited=False):
    """The module of a case, from files written before or after the edit."""
    directory.mkdir(exist_ok=True)
    cache_matrix.write_cases(directory, [case], edited)
    names = [file.removesuffix(".py") for file, _ in case.files]
    sys.path.insert(0, str(directory))
    try:
        for name in names:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        for name in names:
            importlib.import_module(name)
        return sys.modules[case.name]
    finally:
        sys.path.remove(str(directory))


@pytest.fixture(autouse=True)
def no_bytecode(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a file is edited within the step of its clock


# ---------------------------------------------------------------------------------- what a function is


# Which value it has is not what the function is: the recipe of the program says that it relies on it.
BY_VALUE = {"global_axis", "global_array_layout", "attribute_text", "tuple_of_axes"}


@ALL
def test_digest_changes_with_what_the_program_depends_on(case, tmp_path):
    before = digest(imported(case, tmp_path / "user").objective)
    again = digest(imported(case, tmp_path / "user").objective)
    after = digest(imported(case, tmp_path / "user", edited=True).objective)
    assert before == again
    if case.name in ("method_of_an_argument", "named_tuple"):
        return  # that is the class of an argument, below
    if not case.kept or case.name.endswith("imported_inside") or case.name == "import_inside":
        return
    assert (before == after) == (case.still or case.name in BY_VALUE)


@pytest.mark.parametrize("name", ["method_of_an_argument", "named_tuple"])
def test_digest_of_a_class_of_an_argument(name, tmp_path):
    case = next(c for c in CASES if c.name == name)
    found = [
        digest(read_call(imported(case, tmp_path / "user", edited).arguments, {}).structure, exact=True)
        for edited in (False, False, True)
    ]
    assert found[0] == found[1] != found[2]


DIGESTS = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
from dlsrc.disk.fingerprint import digest
print(json.dumps({n: digest(importlib.import_module(n).objective) for n in sys.argv[2:]}))
"""


def test_digests_are_the_same_in_every_process(tmp_path):
    names = [case.name for case in CASES]
    cache_matrix.write_cases(tmp_path)
    found = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", DIGESTS, str(tmp_path), *names]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    assert found[0] == found[1]


def test_digest_of_functions_that_differ_by_what_they_captured():
    def make(f):
        return lambda x: f(x)

    assert digest(make(np.sin)) == digest(make(np.sin)) != digest(make(np.cos))
    assert digest(make(lambda x: x)) != digest(make(lambda x: -x))


def test_digest_of_lambdas_on_one_line():
    f, g = lambda x: x + 1.0, lambda x: x + 1.0
    assert digest(f) != digest(g)  # their places in the file are in the text of their programs


def test_digest_tells_types_of_constants_apart():
    def code(text):
        return eval(f"lambda x: x + {text}")

    found = {digest(code(text)) for text in ("1", "1.0", "True", "(1, 2)", "(1.0, 2)", "-0.0", "0.0", "'1'")}
    assert len(found) == 8


def test_a_function_that_mentions_itself_and_others_in_a_circle():
    space = {"__name__": "circle"}
    exec("def f(x, n):\n    return g(x, n - 1)\n\ndef g(x, n):\n    return f(x, n) if n else x", space)
    assert digest(space["f"]) != digest(space["g"])


def test_what_cannot_be_described_is_not_kept():
    with open(os.devnull) as file, pytest.raises(Unknown):
        digest(types.SimpleNamespace(f=file), exact=True)
    with pytest.raises(Unknown):
        digest(np.random.default_rng(0))


def test_a_decorator_that_takes_a_library_name_is_described_by_its_code():
    space: dict = {"__name__": "user"}
    exec("def sin(x):\n    return x\n", space)
    space["sin"].__module__ = "numpy"
    before = digest(space["sin"])
    exec("def sin(x):\n    return 2 * x\n", space)
    space["sin"].__module__ = "numpy"
    assert digest(space["sin"]) != before


# ---------------------------------------------------------------------------------- what is written of a program


def described(module):
    """What is written of a program without its code, and what it was written of."""
    derivative = dlsrc.value_and_grad(module.objective)
    target = derivative.target
    args = target.first + module.arguments
    call = read_call(args, dict(target.named))
    entry, _ = derivative.runner.prepared(call, target.owner, args, dict(target.named))
    data = persist._dumped((persist._described(entry.recipe), entry.static, entry.interface))
    return data, entry, target, call


@ALL
def test_a_recipe_is_found_again(case, tmp_path):
    if not case.kept:
        with pytest.raises(Unknown):
            described(imported(case, tmp_path / "user"))
        return
    data, entry, target, call = described(imported(case, tmp_path / "user"))
    facts, static, interface = persist._read(data)
    recipe = persist._recipe(facts, target.function, target.owner, call.functions)
    assert recipe is not None and recipe.bind(target.function, target.owner, call.functions) is not None
    assert interface == entry.interface
    assert len(recipe.hidden) == len(entry.recipe.hidden) and repr(static) == repr(entry.static)


def test_a_recipe_does_not_hold_for_another_value(tmp_path):
    case = next(c for c in CASES if c.name == "global_axis")
    data, *_ = described(imported(case, tmp_path / "user"))
    module = imported(case, tmp_path / "user", edited=True)
    facts, _, _ = persist._read(data)
    recipe = persist._recipe(facts, module.objective, None, ())
    assert recipe is not None and recipe.bind(module.objective, None) is None


def test_a_recipe_does_not_hold_for_another_builtin(tmp_path, monkeypatch):
    made = next(c for c in CASES if c.name == "hidden_builtin")
    data, *_ = described(imported(made, tmp_path / "user"))
    function = imported(made, tmp_path / "user").objective
    facts, _, _ = persist._read(data)
    recipe = persist._recipe(facts, function, None, ())
    assert recipe is not None and recipe.bind(function, None) is not None
    with monkeypatch.context() as patch:
        patch.setitem(function.__globals__, "abs", abs)
        assert recipe.bind(function, None) is None
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "abs", lambda v: v * v)
        assert recipe.bind(function, None) is None and persist._recipe(facts, function, None, ()) is None


def test_a_class_with_another_method_is_not_the_class_that_was_kept(tmp_path):
    case = next(c for c in CASES if c.name == "method_of_an_argument")
    point = imported(case, tmp_path / "user").Point
    data = persist._dumped(point)
    assert persist._read(data) is point
    imported(case, tmp_path / "user", edited=True)
    with pytest.raises(Unknown):
        persist._read(data)


def test_keys_tell_calls_apart(kept):
    def f(x):
        return (x * x).sum()

    def key(x, made=dlsrc.value_and_grad, fun=f):
        derivative = made(fun)
        runner = derivative.runner
        return persist.key_of_call(runner.function, None, read_call((x,), {}), runner.mode, runner.flags)

    x = np.ones((2, 3))
    fast = dlsrc.dlaccelerate(f, fastmath=True)
    unchecked = dlsrc.dlaccelerate(f, boundscheck=False)
    found = [
        key(x), key(x.astype(np.float32)), key(np.asfortranarray(x)), key(x[::2, ::2]), key(x[0]),
        key(2.0), key(np.float64(2.0)), key([x]), key((x,)), key({"x": x}), key({"y": x}),
        key(x, fun=fast), key(x, fun=unchecked), key(x, dlsrc.jacrev),
    ]  # fmt: skip
    assert None not in found
    assert len(set(found)) == len(found)
    assert key(np.zeros((5, 7))) == found[0]  # sizes and values do not matter
    assert key(x, dlsrc.grad) == found[0]  # it is the same program, without its value


# ---------------------------------------------------------------------------------- versions


def test_the_environment_has_the_versions(kept, monkeypatch):
    before = versions.environment()
    versions.environment.cache_clear()
    assert versions.environment() == before
    for module, name in (("numba", "__version__"), ("scipy", "__version__"), ("llvmlite", "__version__")):
        with monkeypatch.context() as patch:
            patch.setattr(importlib.import_module(module), name, "99.0")
            versions.environment.cache_clear()
            assert versions.environment() != before
    with monkeypatch.context() as patch:
        patch.setattr("numba.core.config.OPT", 0)
        versions.environment.cache_clear()
        assert versions.environment() != before


def test_the_environment_has_the_contents_of_dlsrc(kept, tmp_path, monkeypatch):
    package = tmp_path / "package"
    (package / "kernels").mkdir(parents=True)
    (package / "versions.py").write_text("")
    rule = package / "kernels" / "rule.py"
    rule.write_text("dx = 1")
    monkeypatch.setattr(versions, "__file__", str(package / "versions.py"))
    storage.directory(create=True)
    before = versions._own_digest()
    assert versions._own_digest() == before
    rule.write_text("dx = 2")  # of the same size, within one step of a clock
    os.utime(rule, (1.0, 1.0))
    after = versions._own_digest()
    assert after != before and versions._own_digest() == after


def test_nothing_is_kept_after_dlsrc_was_edited(monkeypatch):
    assert versions.is_settled()
    monkeypatch.setattr(versions, "STARTED", 0)
    assert not versions.is_settled()


# ---------------------------------------------------------------------------------- files


def test_a_file_is_read_as_it_was_written(kept):
    place = storage.directory(create=True)
    path = place / "key" / f"one{storage.SUFFIX}"
    assert storage.write(path, b"data")
    assert storage.read(path) == b"data"
    assert [p for p, _ in storage.files(place)] == [path]
    assert list(place.rglob(".*")) == []


@POSIX
def test_nobody_else_may_read_or_write(kept):
    place = storage.directory(create=True)
    path = place / "key" / f"one{storage.SUFFIX}"
    storage.write(path, b"data")
    assert {stat.S_IMODE(p.stat().st_mode) for p in (place, path.parent)} == {0o700}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [
    lambda data: data[:-1], lambda data: data[:10], lambda data: b"", lambda data: data + b"x",
    lambda data: data[:-1] + bytes([data[-1] ^ 1]), lambda data: b"X" + data[1:], lambda data: pickle.dumps([1, 2]),
])  # fmt: skip
def test_a_damaged_file_is_none(kept, damage):
    path = storage.directory(create=True) / "key" / f"one{storage.SUFFIX}"
    storage.write(path, b"some data")
    path.write_bytes(damage(path.read_bytes()))
    assert storage.read(path) is None


class Bomb:
    """Leaves a trace where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, (os.environ["BOMB"],)


@POSIX
@pytest.mark.parametrize("how", ["world-writable", "group-writable", "foreign", "link", "folder", "pipe"])
def test_what_another_user_may_have_written_is_never_loaded(kept, how, tmp_path, monkeypatch):
    monkeypatch.setenv("BOMB", str(tmp_path / "exploded"))
    place = storage.directory(create=True)
    path = place / "key" / f"one{storage.SUFFIX}"
    storage.write(path, pickle.dumps(Bomb()))
    if how == "foreign":
        if not IS_ROOT:
            pytest.skip("only root can give a file away")
        os.chown(path, 65534, 65534)
    elif how == "link":
        other = tmp_path / "elsewhere"
        path.rename(other)
        path.symlink_to(other)
    elif how in ("folder", "pipe"):
        path.unlink()
        path.mkdir() if how == "folder" else os.mkfifo(path)
    else:
        path.chmod(0o666 if how == "world-writable" else 0o660)

    def f(x):
        return x * x

    derivative = dlsrc.value_and_grad(f)
    call = read_call((2.0,), {})
    if how in ("world-writable", "group-writable", "foreign"):
        with pytest.warns(RuntimeWarning, match="cache clear"):
            assert persist.load("key", f, None, call, derivative.runner.mode, frozenset()) is None
    assert persist.load("key", f, None, call, derivative.runner.mode, frozenset()) is None
    assert not (tmp_path / "exploded").exists()
    # Where it is the user's own, it would have been unpickled: the test can fail.
    if how == "world-writable":
        path.chmod(0o600)
        with pytest.raises(Exception):  # noqa: B017
            persist.load("key", f, None, call, derivative.runner.mode, frozenset())


@POSIX
@pytest.mark.parametrize("how", ["world-writable", "group-writable", "foreign", "link", "above", "foreign above"])
def test_a_directory_that_another_user_may_write_to_is_not_used(kept, how, tmp_path, monkeypatch):
    above = tmp_path / "above"
    place = above / "kept"
    monkeypatch.setenv("DLSRC_CACHE_DIR", str(place))
    assert storage.directory(create=True) == place
    if "foreign" in how:
        if not IS_ROOT:
            pytest.skip("only root can give a directory away")
        os.chown(place if how == "foreign" else above, 65534, 65534)
    elif how == "link":
        place.rename(tmp_path / "elsewhere")
        place.symlink_to(tmp_path / "elsewhere")
    else:
        (above if how == "above" else place).chmod(0o770 if how == "group-writable" else 0o777)
    with pytest.warns(RuntimeWarning, match=r"chmod|DLSRC_CACHE_DIR"):
        assert storage.directory(create=True) is None
    assert storage.directory() is None  # told once


@POSIX
def test_a_sticky_directory_above_is_fine(kept, tmp_path, monkeypatch):
    above = tmp_path / "above"
    above.mkdir()
    above.chmod(0o1777)
    monkeypatch.setenv("DLSRC_CACHE_DIR", str(above / "kept"))
    assert storage.directory(create=True) == above / "kept"


@POSIX
def test_a_link_above_is_followed_where_it_is_the_users_own(kept, tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("DLSRC_CACHE_DIR", str(tmp_path / "link" / "kept"))
    assert storage.directory(create=True) is not None
    (tmp_path / "real").chmod(0o777)
    with pytest.warns(RuntimeWarning, match="chmod"):
        assert storage.directory() is None


def test_links_in_a_circle(kept, tmp_path, monkeypatch):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    monkeypatch.setenv("DLSRC_CACHE_DIR", str(tmp_path / "a" / "kept"))
    assert storage.directory(create=True) is None


@pytest.mark.skipif(IS_ROOT, reason="root may write anywhere")
def test_a_read_only_directory_is_no_error(kept, tmp_path, monkeypatch):
    above = tmp_path / "above"
    above.mkdir(mode=0o500)
    monkeypatch.setenv("DLSRC_CACHE_DIR", str(above / "kept"))
    assert storage.directory(create=True) is None


def test_no_room_is_no_error(kept, monkeypatch):
    place = storage.directory(create=True)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert not storage.write(place / "key" / f"one{storage.SUFFIX}", b"data")
    assert [p for p in place.rglob("*") if p.is_file()] == []


def test_a_name_with_spaces_and_other_letters(kept, tmp_path, monkeypatch):
    place = tmp_path / "mein größter Ordner 数学"
    monkeypatch.setenv("DLSRC_CACHE_DIR", str(place))
    assert storage.directory(create=True) == place
    storage.write(place / "key" / f"one{storage.SUFFIX}", b"data")
    assert storage.read(place / "key" / f"one{storage.SUFFIX}") == b"data"


def test_a_writer_that_is_killed(kept):
    path = storage.location() / "key" / f"one{storage.SUFFIX}"
    environment = cache_matrix.environment_of(kept)
    command = [sys.executable, "-c", cache_matrix.WRITER]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        while not path.exists():
            assert writer.poll() is None, "the writer ended"
            time.sleep(0.01)
        writer.send_signal(signal.SIGKILL)
    found = storage.read(path)
    assert found is not None and len(found) == 3_000_000 and len(set(found)) == 1


def test_the_oldest_go_first(kept):
    place = storage.directory(create=True)
    paths = [place / f"key{k}" / f"one{storage.SUFFIX}" for k in range(4)]
    for k, path in enumerate(paths):
        storage.write(path, bytes(1000))
        os.utime(path, (time.time() - 1000 + k,) * 2)
    left = place / "key0" / f".one{storage.SUFFIX}.123.abc"
    left.write_bytes(b"")
    os.utime(left, (1.0, 1.0))
    storage.trim(place, most=2500)
    assert [path.exists() for path in paths] == [False, False, True, True]
    assert not left.exists() and not paths[0].parent.exists()


def test_where_the_directory_is(monkeypatch, tmp_path):
    monkeypatch.delenv("DLSRC_CACHE_DIR")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert storage.location() == tmp_path / "xdg" / "dlsrc"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert storage.location() == tmp_path / ".cache" / "dlsrc"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert storage.location() == tmp_path / "Library" / "Caches" / "dlsrc"


@POSIX
def test_numbas_directory_is_used_where_nobody_else_may_write(kept, tmp_path, monkeypatch):
    monkeypatch.delenv("DLSRC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    numbas = tmp_path / "numba"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(numbas))
    assert storage.directory(create=True) == numbas / "dlsrc"
    numbas.chmod(0o777)
    with pytest.warns(RuntimeWarning, match="numba"):
        assert storage.directory(create=True) == tmp_path / "xdg" / "dlsrc"
    assert storage.directory() == tmp_path / "xdg" / "dlsrc"  # told once


def test_the_suite_keeps_no_programs():
    assert not storage.is_enabled() and storage.keeps_kernels()
    assert storage.location() != storage._of_user()
    assert not [*storage.location().glob(f"*/*{storage.SUFFIX}")]


# ---------------------------------------------------------------------------------- the command


def test_the_command(kept, capsys):
    def said(what):
        assert main(["cache", what]) == 0
        return capsys.readouterr().out.strip()

    assert said("path") == str(kept)
    assert "nothing is kept yet" in said("info")
    place = storage.directory(create=True)
    storage.write(place / "key" / f"one{storage.SUFFIX}", bytes(2**20))
    (place / "notes.txt").write_text("of the user's")
    storage.write(place / "kernels" / f"one{storage.KERNEL}", bytes(2**20))
    storage.write(place / "kernels" / f"two{storage.KERNEL}", bytes(2**20))
    assert said("info") == f"{kept}: 1 program, 2 kernels, 3.0 MB"
    assert said("clear") == f"{kept}: 1 program removed"
    assert said("info") == f"{kept}: 0 programs, 0 kernels, 0.0 MB"
    assert (place / "notes.txt").exists()


def test_the_command_where_it_is_off_or_unsafe(kept, capsys, monkeypatch):
    kept.mkdir()
    kept.chmod(0o777)
    assert main(["cache", "info"]) == 0
    assert "chmod" in capsys.readouterr().out
    monkeypatch.setenv("DLSRC_CACHE", "0")
    assert main(["cache", "info"]) == 0
    assert "DLSRC_CACHE" in capsys.readouterr().out


# ---------------------------------------------------------------------------------- compiled


compiled = pytest.mark.compiled
IS_COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


@compiled
@pytest.mark.skipif(not IS_COMPILED, reason="nothing is kept of what is not compiled")
def test_programs_are_found_by_the_next_process_until_they_are_edited(tmp_path):
    cases = [c for c in CASES if c.name in ("callee_of_callee", "global_number", "raises")]
    names = [c.name for c in cases]
    place, cache = tmp_path / "my files ü", tmp_path / "kept"
    place.mkdir()
    cache_matrix.write_cases(place, cases)
    expected = cache_matrix.plain(place, names)
    hits = []
    for edited in (False, False, True):
        cache_matrix.write_cases(place, cases, edited)
        expected = cache_matrix.plain(place, names) if edited else expected
        found = cache_matrix.child(place, names, cache)
        assert cache_matrix.differing(found, expected) == []
        hits.append([found[name]["hit"] for name in names])
    assert hits == [[False] * 3, [True] * 3, [case.still for case in cases]]


@compiled
@pytest.mark.skipif(not IS_COMPILED, reason="nothing is kept of what is not compiled")
def test_within_one_process(kept, tmp_path):
    """Another function object with the same text finds the program; errors and reports are as ever."""
    case = next(c for c in CASES if c.name == "raises")
    first = imported(case, tmp_path / "user")
    x = np.array([0.5, 1.5, 2.0])

    def entry_of(f):
        return next(iter(f.runner.cache))

    made = dlsrc.value_and_grad(dlsrc.dlaccelerate(first.objective))
    expected = made(x)
    assert entry_of(made).generated is not None
    files = sorted(kept.rglob(f"*{storage.SUFFIX}"))
    assert len(files) == 1
    second = imported(case, tmp_path / "user")
    again = dlsrc.value_and_grad(dlsrc.dlaccelerate(second.objective))
    value, gradient = again(x)
    assert entry_of(again).generated is None
    assert value == expected[0] and np.array_equal(gradient, expected[1])
    with pytest.raises(second.Mine, match=r"^x is -1\.0$") as caught:
        again(-np.ones(3))
    assert "raise Mine" in str(caught.traceback[-1].statement)
    assert again.source == made.source
    assert str(dlsrc.adjoint_source(second.objective, x))  # the forms are made again
    assert "compile" in str(dlsrc.explain(again, x)) or dlsrc.explain(again, x)

    # What is in memory goes, what is on disk stays; without the option nothing is read or written.
    again.fun.clear_cache()
    again(x)
    assert entry_of(again).generated is None
    off = dlsrc.value_and_grad(dlsrc.dlaccelerate(second.objective, cache=False))
    off(x)
    assert entry_of(off).generated is not None and sorted(kept.rglob(f"*{storage.SUFFIX}")) == files

    # In the user's own compiled code it is built: numba links it to its caller.
    import numba

    @numba.njit
    def caller(x):
        return again(x)[0] + 1.0

    assert caller(x) == value + 1.0
    assert copy.copy(value) == value
