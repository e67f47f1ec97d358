"""``python -m tests.mutation``: every mutant of the generator against the kill set; see the package."""

import argparse
import os
import sys

os.environ["NUMBA_DISABLE_JIT"] = "1"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tests.mutation.harness import main  # noqa: E402

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--modules", nargs="*", help="modules of dlsrc/transform, by name; all of MODULES if none is given")
    parser.add_argument("--match", default="", help="only mutants whose key contains this")
    parser.add_argument("--kinds", nargs="*", default=["statement", "condition", "value"], help="of what is broken")
    parser.add_argument("--list", action="store_true", help="print the mutants and stop")
    parser.add_argument("--shard", default="1/1", help="i/n: every n-th mutant from the i-th")
    parser.add_argument("--workers", type=int, default=1, help="processes at a time")
    parser.add_argument("--log", help="append the outcomes to this file, a line of JSON each")
    parser.add_argument("--all", action="store_true", help="run mutants that are known to be equivalent, too")
    parser.add_argument("--files", nargs="*", help="files of tests instead of the kill set: corpus.test_loops")
    parser.add_argument("--keep", help="a file for what is known of the tests without mutants, to start faster the next time")
    parser.add_argument("--budget", type=float, default=1e9, help="seconds of tests a mutant, at most")
    sys.exit(main(parser.parse_args()))
