"""The example of ``dlsrc/transform/README.md``; ``python -m tests.road --update`` prints its forms into it again."""

import importlib.util
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

import dlsrc
from tests.printed import shown_in

__all__ = ["README", "updated"]

README = Path(__file__).parent.parent / "dlsrc" / "transform" / "README.md"
BLOCK = re.compile(r"```python (\w+)\n(.*?)```", re.DOTALL)


def updated(text: str) -> str:
    """The text with each form of its example as it is generated today."""
    example = dict(BLOCK.findall(text))["example"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "smooth.py"
        path.write_text(example)
        spec = importlib.util.spec_from_file_location("smooth", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        forms = dlsrc.stages(module.smooth, np.ones(3), 0.5)

    def block(match: re.Match) -> str:
        name, old = match.groups()
        return f"```python {name}\n{forms[name].text if name in forms else old}```"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    sys.exit(shown_in(README, updated, "other forms than are generated", "tests.road"))
