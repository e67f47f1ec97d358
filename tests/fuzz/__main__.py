"""``python -m tests.fuzz``: check many programs; print how they ended, and those that fail as ready tests.

    --programs N --seed S    how many, from which seed; --minutes M stops earlier
    --gradients              several dlgradient calls in a program, in branches and loops too
    --compiled               compile every program with numba (seconds each), not run it as plain Python
"""

import argparse
import os
import sys
import time
import warnings
from collections import Counter

SLOW = 10.0  # seconds of a program that is worth a look: its text is short


def main(arguments: list[str] | None = None) -> int:
    """Check many programs; 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=main.__doc__)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--gradients", action="store_true", help="several dlgradient calls in a program")
    parser.add_argument("--compiled", action="store_true", help="with numba's compiler, not as plain Python")
    options = parser.parse_args(arguments)
    if not options.compiled:
        os.environ["NUMBA_DISABLE_JIT"] = "1"  # before numba is imported
    from tests.fuzz.judge import verdict
    from tests.fuzz.shrink import smaller
    from tests.fuzz.writer import program

    warnings.simplefilter("ignore", RuntimeWarning)
    ends: Counter = Counter()
    end = time.monotonic() + 60 * options.minutes
    for seed in range(options.seed, options.seed + options.programs):
        if time.monotonic() > end:
            break
        source = program(seed, gradients=options.gradients)
        start = time.process_time()
        state, why = verdict(source, seed)
        if time.process_time() - start > SLOW and not options.compiled:
            print(f"# seed {seed} took {time.process_time() - start:.0f} s", flush=True)
        ends[state, why if state != "fail" else ""] += 1
        if state == "fail":
            text = smaller(source, lambda changed, seed=seed: verdict(changed, seed), why)
            print(f"\n# {why}\ndef test_fuzz_{seed}():\n    source = '''\n{text}\n'''", flush=True)
            print(f"    assert verdict(source, {seed})[0] == 'ok'", flush=True)
    for (state, why), count in ends.most_common():
        print(count, state, why)
    return 1 if any(state == "fail" for state, _ in ends) else 0


if __name__ == "__main__":
    sys.exit(main())
