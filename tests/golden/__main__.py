"""Write the generated source again under every golden objective: ``python -m tests.golden --update [names]``.

Without ``--update`` the differences are printed.  Every change is to be read before it is committed.
"""

import argparse
import difflib

from tests.golden_files import GOLDEN, MARKER, generated_text, split


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the files instead of printing the differences")
    parser.add_argument("names", nargs="*", help="golden files, by name; all if none is given")
    options = parser.parse_args()
    failed = 0
    for path in GOLDEN:
        if options.names and path.stem not in options.names:
            continue
        head, expected = split(path)
        try:
            text = generated_text(path)
        except Exception as error:  # one bad objective must not keep the others from being written
            print(f"{path.stem}: {type(error).__name__}: {error}")
            failed += 1
            continue
        if text == expected:
            continue
        if options.update:
            path.write_text(head + MARKER + "\n\n" + text)
            print(f"{path.stem}: written")
        else:
            failed += 1
            lines = difflib.unified_diff(expected.splitlines(), text.splitlines(), path.stem, "now", lineterm="")
            print("\n".join(lines))
    return 1 if failed else 0


raise SystemExit(main())
