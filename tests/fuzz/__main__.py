"""``python -m tests.fuzz``: check many programs; print how they ended, and those that fail as ready tests.

    --programs N --seed S    how many, from which seed; --minutes M stops earlier
    --gradients              several dlgradient calls in a program, in branches and loops too
    --checkpoint K           only compare, bit for bit, with loops run again from checkpoints: "sqrt" or trips
    --compiled               compile every program with numba (seconds each), not run it as plain Python; values
                             and gradients are compared with the plain function's, and nothing written differently
    --pairs                  only count how often two productions of the grammar come together
    --planted                plant ten bugs in dlsrc, one at a time, and tell after how many programs each is found
"""

import argparse
import os
import sys
import time
import warnings
from collections import Counter

import numpy as np

SLOW = 10.0  # seconds of a program that is worth a look: its text is short


def main(arguments: list[str] | None = None) -> int:
    """Check many programs; 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=main.__doc__)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--gradients", action="store_true", help="several dlgradient calls in a program")
    parser.add_argument("--checkpoint", type=lambda k: int(k) if k.isdigit() else k, help="\"sqrt\", or trips")
    parser.add_argument("--compiled", action="store_true", help="with numba's compiler, not as plain Python")
    parser.add_argument("--pairs", action="store_true", help="only count pairs of productions")
    parser.add_argument("--planted", action="store_true", help="find bugs that are planted in dlsrc")
    options = parser.parse_args(arguments)
    if not options.compiled:
        os.environ["NUMBA_DISABLE_JIT"] = "1"  # before numba is imported
    from tests.fuzz.apart import verdicts
    from tests.fuzz.judge import verdict
    from tests.fuzz.shrink import smaller
    from tests.fuzz.writer import program, productions

    warnings.simplefilter("ignore", RuntimeWarning)
    if options.planted:
        from tests.fuzz.planted import found

        return found(options.programs, options.seed)
    ends: Counter = Counter()
    pairs = Pairs()
    nonzero: list[bool] = []
    end = time.monotonic() + 60 * options.minutes
    seeds = range(options.seed, options.seed + options.programs)
    compiled = verdicts(seeds, options.gradients) if options.compiled else None
    for seed in seeds:
        if time.monotonic() > end:
            break
        pairs.add(productions(seed, gradients=options.gradients))
        if options.pairs:
            continue
        source = program(seed, gradients=options.gradients)
        start = time.process_time()
        facts: dict = {}
        if compiled is not None and options.checkpoint is None:
            _, state, why, facts = next(compiled)
        else:
            state, why = verdict(source, seed, facts=facts, checkpoint=options.checkpoint)
        nonzero += [facts["nonzero"]] if "nonzero" in facts else []
        if time.process_time() - start > SLOW and not options.compiled:
            print(f"# seed {seed} took {time.process_time() - start:.0f} s", flush=True)
        ends[state, why if state != "fail" else ""] += 1
        if state == "fail":
            text = smaller(
                source, lambda changed, seed=seed: verdict(changed, seed, checkpoint=options.checkpoint), why
            )
            print(f"\n# {why}\ndef test_fuzz_{seed}():\n    source = '''\n{text}\n'''", flush=True)
            print(f"    assert verdict(source, {seed})[0] == 'ok'", flush=True)
    for (state, why), count in ends.most_common():
        print(count, state, why)
    if nonzero:
        print(f"a gradient that is not zero: {sum(nonzero)} of {len(nonzero)} that were differentiated")
    print(pairs)
    return 1 if any(state == "fail" for state, _ in ends) else 0


class Pairs:
    """How often two productions of the grammar were in one program."""

    def __init__(self) -> None:
        from tests.fuzz.writer import PRODUCTIONS

        self.number = {production: k for k, production in enumerate(PRODUCTIONS)}
        self.together = np.zeros((len(PRODUCTIONS),) * 2, int)

    def add(self, used: set[str]) -> None:
        """Count the productions of one program."""
        here = np.zeros(len(self.number), int)
        here[[self.number[p] for p in used]] = 1
        self.together += np.outer(here, here)

    def __str__(self) -> str:
        one, other = np.triu_indices(len(self.number), 1)
        counts = self.together[one, other]
        k, names = int(np.argmin(counts)), list(self.number)
        return (
            f"{len(names)} productions, {counts.size} pairs: {int((counts >= 50).sum())} at least 50 times, "
            f"the rarest {counts[k]} times: {names[one[k]]!r} with {names[other[k]]!r}"
        )


if __name__ == "__main__":
    sys.exit(main())
