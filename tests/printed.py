"""What is generated into a README: ``--update`` writes it there, without it is compared."""

import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["shown_in"]


def shown_in(readme: Path, updated: Callable[[str], str], what: str, command: str) -> int:
    """1 if the README shows another text than `updated` makes of it, and is not to be updated."""
    text = readme.read_text(encoding="utf-8")
    made = updated(text)
    if "--update" in sys.argv[1:]:
        readme.write_text(made, encoding="utf-8")
    elif made != text:
        print(f"{readme} shows {what}; run python -m {command} --update")
        return 1
    return 0
