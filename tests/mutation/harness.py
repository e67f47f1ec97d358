"""Mutants one at a time, each in a process forked from a warm one: the code of one function is exchanged.

A mutant runs only the tests that execute its line, those first that have noticed mutants of the same function.
"""

import difflib
import gc
import importlib
import inspect
import itertools
import json
import os
import pickle
import resource
import select
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from tests.mutation import pool
from tests.mutation.equivalent import reason_for
from tests.mutation.killset import FILES, MODULES, chosen as in_kill_set
from tests.mutation.operators import Mutant, instrumented, mutants_of, path_of

__all__ = ["exchange", "kill_set", "main"]

# A test that takes much longer than without a mutant is in a loop without end.
LONGEST = 3.0
TIMES = 15
GIGABYTES = 6
WALL = 300.0

# What modules keep of earlier programs; made again under a mutant.
MEMORIES = ("_singular", "_expression_rules", "_rule_primitives", "_made", "_written_out")


class TooLong(BaseException):
    """The time of a test is over."""


@dataclass
class Outcome:
    """How a mutant ended."""

    mutant: Mutant
    state: str               # "killed", "survived", "uncovered"
    by: str = ""
    why: str = ""
    seconds: float = 0.0


def kill_set(files: list[str] | None = None) -> list[pool.Item]:
    """The tests that are run; of other files, if they are given."""
    items = [item for file in files or FILES for item in pool.collected(file)]
    return [item for item in items if in_kill_set(item.name)]


# ---------------------------------------------------------------------------------- one mutant


def function_of(module: str, name: str) -> Any:
    found: Any = importlib.import_module(f"dlsrc.{module}")
    for part in name.split("."):
        found = vars(found)[part]
    while not inspect.isfunction(found):
        found = getattr(found, "__wrapped__", None) or getattr(found, "fget", None) or found.__func__
    return inspect.unwrap(found)


def exchange(mutant: Mutant) -> None:
    """Put a mutant in the place of the function; only ever in a process of its own."""
    function_of(mutant.module, mutant.function).__code__ = mutant.code()
    forget_rules(mutant.module)


def forget_rules(*modules: str) -> None:
    """What the modules found out about rules, and keep, is found out anew."""
    for kept in [k for m in modules for k in vars(importlib.import_module(f"dlsrc.{m}")).values()]:
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()
    for name in MEMORIES:
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("dlsrc") and isinstance(vars(module).get(name), dict):
                vars(module)[name].clear()


def judged(items: list[pool.Item], seconds: dict[str, float]) -> tuple[str, str]:
    """The first test that fails, and why; two empty texts where none does."""
    for item in items:
        signal.setitimer(signal.ITIMER_PROF, LONGEST + TIMES * seconds[item.name])
        try:
            pool.begin(item)
            why = pool.run(item)
        except TooLong:
            why = "takes too long"
        except BaseException as error:
            why = f"{type(error).__name__}: {error}"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if why:
            return item.name, why
    return "", ""


def stop(*_: Any) -> None:
    raise TooLong


def child(write: int, mutant: Mutant | None, items: list[pool.Item], seconds: dict[str, float]) -> None:
    """The life of a forked process."""
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        resource.setrlimit(resource.RLIMIT_AS, (GIGABYTES << 30, GIGABYTES << 30))
        gc.disable()  # it ends before there is much to collect
        signal.signal(signal.SIGPROF, stop)
        start = time.process_time()
        if mutant is not None:
            exchange(mutant)
        by, why = judged(items, seconds)
        answer = (by, why, time.process_time() - start)
    except BaseException as error:
        answer = ("harness", f"{type(error).__name__}: {error}"[:200], 0.0)
    os.write(write, json.dumps(answer).encode())
    os._exit(0)


def forked(mutant: Mutant | None, items: list[pool.Item], seconds: dict[str, float]) -> tuple[int, int]:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        child(write, mutant, items, seconds)
    os.close(write)
    return pid, read


# ---------------------------------------------------------------------------------- which tests run which lines


def covered(items: list[pool.Item], modules: list[str]) -> dict[tuple[str, int], list[str]]:
    """The tests that execute each line of the modules, found in a process of its own."""
    with tempfile.NamedTemporaryFile() as file:
        pid = os.fork()
        if pid == 0:
            seen = {module: set() for module in modules}
            for module in modules:
                vars(importlib.import_module(f"dlsrc.{module}"))["__seen__"] = seen[module].add
                for name, code in instrumented(module):
                    function_of(module, name).__code__ = code
            lines: dict[tuple[str, int], list[str]] = defaultdict(list)
            for item in items:
                forget_rules(*modules)
                pool.forget()  # a function that another test has built, too
                pool.begin(item)
                pool.run(item)
                for module, found in seen.items():
                    for line in found:
                        lines[module, line].append(item.name)
                    found.clear()
            with open(file.name, "wb") as out:
                pickle.dump(dict(lines), out)
            os._exit(0)
        os.waitpid(pid, 0)
        with open(file.name, "rb") as made:
            return pickle.load(made)


def moved(module: str, lines: dict[tuple[str, int], list[str]], old: str) -> dict[tuple[str, int], list[str]]:
    """What was known of the lines of a module when its text was another: a line that is new has the tests of those
    that stood in its place."""
    before, after = old.splitlines(), path_of(module).read_text().splitlines()
    found: dict[tuple[str, int], list[str]] = {}
    for tag, i, end, j, last in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            for k in range(last - j):
                if (module, i + k + 1) in lines:
                    found[module, j + k + 1] = lines[module, i + k + 1]
        elif tag in ("replace", "insert"):
            there = dict.fromkeys(name for k in range(i, end + 2) for name in lines.get((module, k), ()))
            for k in range(j, last):
                found[module, k + 1] = list(there)
    return found


# ---------------------------------------------------------------------------------- all of them


class Run:
    """A warm process and what it knows of the tests."""

    def __init__(self, modules: list[str], keep: str | None = None, budget: float = 1e9,
                 files: list[str] | None = None):
        self.budget = budget
        self.items = kill_set(files)
        self.by_name = {item.name: item for item in self.items}
        self.seconds, self.lines = self.baseline(modules, keep)
        self.kills: dict[tuple[str, str], Counter] = defaultdict(Counter)
        self.rarity: dict[str, Counter] = defaultdict(Counter)  # by module: what a test runs that few others run
        gc.collect()
        gc.freeze()

    def baseline(self, modules: list[str], keep: str | None) -> tuple[dict, dict]:
        """Seconds of each test and the lines it runs; from a file, if there is one, as far as it knows them."""
        seconds: dict[str, float] = {}
        lines: dict[tuple[str, int], list[str]] = {}
        if keep and os.path.exists(keep):
            with open(keep, "rb") as file:
                known, seconds, lines, texts = pickle.load(file)
            pool.known(known)
            lines = {key: names for m in modules if m in texts for key, names in moved(m, lines, texts[m]).items()}
            if set(modules) - set(texts):
                seconds, lines = {}, {}
        fresh = [item for item in self.items if item.name not in seconds]
        if fresh:
            seconds |= pool.remembered(fresh)
            pool.forget()
            for key, names in covered(fresh, modules).items():
                lines[key] = [*lines.get(key, ()), *names]
        if keep and fresh:
            with open(keep, "wb") as file:
                pickle.dump((pool.known({}), seconds, lines, {m: path_of(m).read_text() for m in modules}), file)
        return seconds, lines

    def tests_of(self, mutant: Mutant) -> list[pool.Item]:
        names = self.lines.get((mutant.module, mutant.line), ())
        rarity = self.rarity[mutant.module]
        if not rarity:
            for (module, _), found in self.lines.items():
                for name in found if module == mutant.module else ():
                    rarity[name] += 1 / len(found)
        here = self.kills[mutant.module, mutant.function]
        there = self.kills[mutant.module, ""]

        def cost(name: str) -> float:
            return (self.seconds[name] + 0.01) / (1 + rarity[name]) / (1 + 10 * here[name] + there[name])

        chosen = [self.by_name[name] for name in sorted(names, key=lambda n: (cost(n), n)) if name in self.by_name]
        total = itertools.accumulate(self.seconds[item.name] for item in chosen)
        return [item for item, spent in zip(chosen, total, strict=True) if spent <= self.budget]

    def outcomes(self, mutants: list[Mutant], workers: int, tell: Any) -> list[Outcome]:
        done: list[Outcome] = []
        left = list(reversed(mutants))
        running: dict[int, tuple[Mutant, int, float]] = {}
        while left or running:
            while left and len(running) < workers:
                mutant = left.pop()
                items = self.tests_of(mutant)
                if not items:
                    done.append(Outcome(mutant, "uncovered"))
                    tell(done[-1])
                    continue
                pid, read = forked(mutant, items, self.seconds)
                running[read] = (mutant, pid, time.monotonic())
            ready, _, _ = select.select(list(running), [], [], 1.0)
            for read, (mutant, pid, start) in list(running.items()):
                late = time.monotonic() - start > WALL
                if read not in ready and not late:
                    continue
                if late:
                    os.kill(pid, signal.SIGKILL)
                done.append(self.outcome(mutant, pid, read))
                tell(done[-1])
                del running[read]
        return done

    def outcome(self, mutant: Mutant, pid: int, read: int) -> Outcome:
        with os.fdopen(read, "rb") as pipe:
            text = pipe.read()
        os.waitpid(pid, 0)
        by, why, seconds = json.loads(text) if text else ("the process", "ended", 0.0)
        if by:
            self.kills[mutant.module, mutant.function][by] += 1
            self.kills[mutant.module, ""][by] += 1
        return Outcome(mutant, "killed" if by else "survived", by, why, seconds)


def main(options: Any) -> int:
    modules = [f"transform.{m}" for m in options.modules or MODULES]
    i, n = map(int, options.shard.split("/"))
    mutants = [m for module in modules for m in mutants_of(module)
               if options.match in m.key and m.kind in options.kinds]
    known = [m for m in mutants if reason_for(m)]
    chosen = [m for m in mutants if options.all or not reason_for(m)][i - 1 :: n]
    if options.list:
        for m in chosen:
            print(f"{path_of(m.module)}:{m.line}  {m.key}")
        print(f"{len(chosen)} mutants; {len(known)} more are equivalent")
        return 0
    start = time.process_time()
    run = Run([f"transform.{m}" for m in MODULES] if options.keep else modules, options.keep, options.budget, options.files)
    if not options.keep:
        pid, read = forked(None, run.items, run.seconds)
        with os.fdopen(read, "rb") as pipe:
            by, why, seconds = json.loads(pipe.read())
        os.waitpid(pid, 0)
        assert not by, f"without a mutant {by} fails in a forked process: {why}"
        print(f"kill set: {len(run.items)} tests, {seconds:.1f} s, with differences {time.process_time() - start:.1f} s",
              flush=True)

    log = open(options.log, "a") if options.log else None

    def tell(o: Outcome) -> None:
        if o.state != "killed":
            print(f"{o.state}: {path_of(o.mutant.module).name}:{o.mutant.line}  {o.mutant.key}", flush=True)
        if log:
            row = {"key": o.mutant.key, "state": o.state, "by": o.by, "why": o.why, "seconds": o.seconds}
            print(json.dumps(row), file=log, flush=True)

    found = run.outcomes(chosen, options.workers, tell)
    if log:
        log.close()
    for module in modules:
        mine = [o for o in found if o.mutant.module == module]
        equal = sum(m.module == module for m in known)
        states = Counter(o.state for o in mine)
        print(f"{module}: {len(mine) + equal} mutants, {states['killed']} killed, {equal} equivalent, "
              f"{states['survived'] + states['uncovered']} alive")
    alive = [o for o in found if o.state != "killed"]
    longest = max((o.seconds for o in found), default=0.0)
    print(f"{len(found)} run, {len(known)} equivalent, {len(alive)} alive; the longest took {longest:.1f} s")
    return 1 if alive else 0
