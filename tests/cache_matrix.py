"""The matrix of the cache on disk: ``python -m tests.cache_matrix [part ...]``; without a part, all of it.

Everything is run in fresh processes, and the answers are compared with those of a process that compiles
nothing and keeps nothing.  The parts:

    edits       each case of ``cache_cases``: kept, found, edited, found only where it is still right
    places      notebooks, zip files, exec, changes within a process, other versions: ``cache_places``
    rules       a copy of dlsrc in which a rule is changed, with the same version
    race        16 processes with mixed signatures on an empty cache, many rounds
    kills       writers that are killed
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from .cache_cases import CASES
from .cache_places import PLACES, Runner

__all__ = ["child", "differing", "environment_of", "main", "write_cases"]

ROOT = Path(__file__).parent.parent


def environment_of(cache, package=ROOT, **more):
    """The environment of a child: its cache, and where it finds dlsrc."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DLSRC_", "NUMBA_"))}
    mine = {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    disk = {"DLSRC_CACHE": "strict", "DLSRC_CACHE_DIR": str(cache)} if cache else {"DLSRC_CACHE": "0"}
    return kept | mine | disk | more


def child(directory, names, cache, *, package=ROOT, script=None, **more):
    """What a fresh process tells of some cases."""
    program = [sys.executable, "-P", "-W", "error::RuntimeWarning", script or str(ROOT / "tests" / "cache_child.py")]
    done = subprocess.run(
        [*program, str(directory), *names], env=environment_of(cache, package, **more), capture_output=True,
        text=True, timeout=1800,
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def plain(directory, names, package=ROOT):
    """The same as plain Python, without a cache."""
    return child(directory, names, None, package=package, NUMBA_DISABLE_JIT="1")


def write_cases(directory, cases=CASES, edited=False):
    """The files of cases, before or after their edits."""
    for case in cases:
        for name, text in case.files:
            for file, old, new in case.edits if edited else ():
                if file == name:
                    text = text.replace(old, new)
            (Path(directory) / name).write_text(text)


def differing(found, expected):
    """The names of the cases whose answers differ."""

    def close(a, b):
        if isinstance(a, list):
            return len(a) == len(b) and all(map(close, a, b))
        return abs(a - b) <= 1e-6 * max(1.0, abs(b)) if isinstance(a, float) else a == b

    keys = ("value", "gradient", "printed")
    return [n for n in found if not all(close(found[n][k], expected[n][k]) for k in keys)]


# ---------------------------------------------------------------------------------- the parts


def edits(rounds, cases=CASES):
    """Each case before and after its edit, each in processes that find what others kept."""
    names = [case.name for case in cases]
    with tempfile.TemporaryDirectory() as made:
        place, cache = Path(made) / "user", Path(made) / "kept"
        place.mkdir()
        wrong = []
        write_cases(place, cases)
        before, expected = child(place, names, cache), plain(place, names)
        again = child(place, names, cache)
        write_cases(place, cases, edited=True)
        after, changed = child(place, names, cache), plain(place, names)
        last = child(place, names, cache)
        for what, found, right in (
            ("built", before, expected), ("found", again, expected), ("edited", after, changed),
            ("found after the edit", last, changed),
        ):  # fmt: skip
            wrong += [f"{name}: another answer, {what}" for name in differing(found, right)]
        for case in cases:
            wrong += [f"{case.name}: found in an empty cache"] * before[case.name]["hit"]
            for when, found in (("again", again), ("again after the edit", last)):
                if found[case.name]["hit"] != case.kept:
                    wrong.append(f"{case.name}: {'not ' * case.kept}found {when}")
            if after[case.name]["hit"] != case.still:
                wrong.append(f"{case.name}: {'not ' * case.still}found after an edit")
        return f"{len(cases)} cases, each edited", wrong


def rules(rounds):
    """A rule with another sign in a copy of dlsrc: neither copy finds what the other kept."""
    with tempfile.TemporaryDirectory() as made:
        place, cache, package = Path(made) / "user", Path(made) / "kept", Path(made) / "package"
        place.mkdir()
        source = "import numpy as np\n\narguments = (0.5,)\n\n\ndef objective(x):\n    return np.sin(x) + 0.0\n"
        (place / "sine.py").write_text(source)
        shutil.copytree(ROOT / "dlsrc", package / "dlsrc", ignore=shutil.ignore_patterns("__pycache__"))
        rule = package / "dlsrc" / "kernels" / "numbers" / "trigonometry.py"
        right = rule.read_text()
        assert right.count("return dy * np.cos(x)\n") == 1
        wrong, gradients = [], []
        for text in (right, right.replace("return dy * np.cos(x)\n", "return -dy * np.cos(x)\n"), right):
            if rule.read_text() != text:
                rule.write_text(text)
            time.sleep(0.1)
            for _ in range(2):
                found = child(place, ["sine"], cache, package=package)["sine"]
                gradients.append((round(found["gradient"][0], 6), found["hit"]))
        expected = [(s * 0.877583, hit) for s, hits in ((1, (0, 1)), (-1, (0, 1)), (1, (1, 1))) for hit in hits]
        if gradients != expected:
            wrong.append(f"gradients and hits {gradients}, not {expected}")
        return "a rule changed and changed back", wrong


def places(rounds):
    """Notebooks, zip files, ``exec``, changes within a process: see ``cache_places``."""
    wrong = []
    for place in PLACES:
        with tempfile.TemporaryDirectory() as made:
            (Path(made) / "user").mkdir()
            run = Runner(environment_of(Path(made) / "kept"), Path(made) / "user")
            place(run)
            wrong += run.wrong
    return f"{len(PLACES)} places and changes", wrong


RACER = """
import importlib.util
import json
import os
import random
import shutil
import sys
import traceback

import numpy as np

sys.path.insert(0, sys.argv[1])
import dlsrc
import raced

spec = importlib.util.spec_from_file_location("cache_child", {child!r})
cache_child = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cache_child)

KINDS = {{
    "f8": (raced.objective, (np.array([0.5, 1.5]),)), "f4": (raced.objective, (np.array([0.5, 1.5], np.float32),)),
    "A": (raced.objective, (np.array([0.5, 9.0, 1.5, 9.0])[::2],)), "2": (raced.objective, (np.array([[0.5, 1.5]]),)),
    "i": (raced.of_a_number, (0.5, 3)),
}}


def answers(kinds):
    return {{kind: cache_child.told(*KINDS[kind]) for kind in kinds}}


def racer(kinds, out):
    try:
        found = answers(kinds)
    except BaseException:
        found = traceback.format_exc()
    with os.fdopen(out, "w") as file:
        json.dump(found, file)
    os._exit(0)


if sys.argv[2] != "race":
    print(json.dumps(answers(sys.argv[2:])))
    raise SystemExit
dlsrc.grad(lambda x: x[0] * x[1])(np.ones(2))  # numba has started before they are forked
for line in sys.stdin:
    rng = random.Random(int(line))
    shutil.rmtree(os.environ["DLSRC_CACHE_DIR"], ignore_errors=True)
    racers = []
    for _ in range(16):
        reading, writing = os.pipe()
        kinds = rng.sample(list(KINDS), 2)
        pid = os.fork()
        if not pid:
            racer(kinds, writing)
        os.close(writing)
        racers.append((pid, os.fdopen(reading)))
    told = []
    for pid, out in racers:
        text = out.read()
        _, status = os.waitpid(pid, 0)
        told.append(json.loads(text) if text else f"status {{status}}")
    print(json.dumps(told), flush=True)
"""


def race(rounds):
    """16 processes at once on an empty cache, again and again; each time one more finds what is left."""
    with tempfile.TemporaryDirectory() as made:
        place, cache, script = Path(made) / "user", Path(made) / "kept", Path(made) / "racer.py"
        place.mkdir()
        (place / "raced.py").write_text(textwrap.dedent("""
            def objective(x):
                return (x * x * x).sum()


            def of_a_number(x, n):
                return x**3 * n
        """))
        script.write_text(RACER.format(child=str(ROOT / "tests" / "cache_child.py")))
        kinds = ["f8", "f4", "A", "2", "i"]
        expected = child(place, kinds, None, script=str(script), NUMBA_DISABLE_JIT="1")
        wrong, hits, met = [], 0, 0
        command = [sys.executable, "-P", "-W", "error::RuntimeWarning", str(script), str(place), "race"]
        with subprocess.Popen(
            command, env=environment_of(cache), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        ) as server:
            for number in range(rounds):
                server.stdin.write(f"{number}\n")
                for told in json.loads(server.stdout.readline()):
                    if isinstance(told, str):
                        wrong.append(f"round {number}: {told}")
                        continue
                    met += sum(found["hit"] for found in told.values())
                    wrong += [f"round {number}: another answer for {k}" for k in differing(told, expected)]
                last = child(place, kinds, cache, script=str(script))
                wrong += [f"round {number}: another answer for {k} from disk" for k in differing(last, expected)]
                hits += sum(found["hit"] for found in last.values())
                wrong += [f"round {number}: {p} is left" for p in cache.rglob(".*") if p.is_file()]
                print(f"  round {number + 1}: {met} found by racers, {hits} in fresh processes", flush=True)
            server.stdin.close()
        return f"{rounds} rounds of 16 processes, {hits} of {5 * rounds} programs found afterwards", wrong


WRITER = """
import sys
from pathlib import Path

from dlsrc.disk import storage

place = storage.directory(create=True)
print("go", flush=True)
k = 0
while True:
    k += 1
    storage.write(place / "key" / "one.program", bytes([k % 251]) * 3_000_000)
"""


def kills(rounds):
    """Writers that are killed at any moment: a reader finds all of a file, or none."""
    with tempfile.TemporaryDirectory() as made:
        cache, wrong, seen = Path(made) / "kept", [], 0
        environment = environment_of(cache)
        reading = (
            "import sys\nfrom pathlib import Path\nfrom dlsrc.disk import storage\n"
            "data = storage.read(Path(sys.argv[1]))\n"
            "print('none' if data is None else len(data) if len(set(data)) == 1 else 'torn')"
        )
        for number in range(rounds):
            writer = subprocess.Popen([sys.executable, "-c", WRITER], env=environment, stdout=subprocess.PIPE)
            writer.stdout.readline()
            time.sleep(random.Random(number).uniform(0.0, 0.2))
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            path = cache / "key" / "one.program"
            read = [sys.executable, "-c", reading, str(path)]
            told = subprocess.run(read, env=environment, capture_output=True, text=True).stdout.strip()
            seen += told == "3000000"
            if told not in ("3000000", "none") or (told == "none" and path.exists()):
                wrong.append(f"round {number}: the reader found {told}")
        return f"{rounds} writers killed, {seen} times a whole file was there", wrong


PARTS = {"edits": edits, "places": places, "rules": rules, "kills": kills, "race": race}


def main():
    parser = argparse.ArgumentParser("python -m tests.cache_matrix")
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--cases", nargs="*", help="of the edits, these alone")
    given = parser.parse_args()
    failed = False
    for name in given.parts or PARTS:
        chosen = [[c for c in CASES if c.name in given.cases]] if name == "edits" and given.cases else []
        what, wrong = PARTS[name](given.rounds, *chosen)
        print(f"{name}: {what}: {'ok' if not wrong else f'{len(wrong)} wrong'}", *wrong, sep="\n  ", flush=True)
        failed |= bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
