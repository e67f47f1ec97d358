"""Verdicts of compiled programs, in a process of their own: a compilation cannot be interrupted, but ended.

A program whose loops over lists are written out a hundred times (`for p in ps: for q in qs: …`) has a text of
thousands of lines, for which LLVM may take an hour and gigabytes.
"""

import multiprocessing
from collections.abc import Iterator

__all__ = ["SECONDS", "verdicts"]

SECONDS = 180   # for one program
TOGETHER = 40   # programs a process compiles before its memory is given back


def verdicts(seeds: range, gradients: bool) -> Iterator[tuple[int, str, str, dict]]:
    """Seed, state, reason and facts of each program; "skip" where it is not compiled in `SECONDS`."""
    context = multiprocessing.get_context("spawn")
    pool = context.Pool(1, maxtasksperchild=TOGETHER)
    try:
        for seed in seeds:
            try:
                yield seed, *pool.apply_async(_verdict, (seed, gradients)).get(SECONDS)
            except multiprocessing.TimeoutError:
                pool.terminate()
                pool = context.Pool(1, maxtasksperchild=TOGETHER)
                yield seed, "skip", f"not compiled in {SECONDS} s", {}
    finally:
        pool.terminate()


def _verdict(seed: int, gradients: bool) -> tuple[str, str, dict]:
    # What is written differently, and what the stages give, is compared as plain Python.
    from tests.fuzz.judge import verdict
    from tests.fuzz.writer import program

    facts: dict = {}
    return (*verdict(program(seed, gradients=gradients), seed, rewrites=False, facts=facts), facts)
