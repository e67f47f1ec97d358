"""The README's Python is run as it stands there, and prints what the block below it shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dlsrc
from tests import network_functions

README = Path(__file__).parent.parent / "README.md"


def blocks():
    """(language, text) of each fenced block, in order."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.compiled
def test_the_python_of_the_readme_prints_what_is_shown(tmp_path):
    script, shown = "", ""
    found = blocks()
    for k, (language, text) in enumerate(found):
        if language == "python":
            script += text + "\n"
            if k + 1 < len(found) and found[k + 1][0] == "":
                shown += found[k + 1][1]
    path = tmp_path / "readme.py"
    path.write_text(script, encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=300, env=environment)
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout == shown


def test_the_two_commands_are_one_line_each():
    commands = [text for language, text in blocks() if language == "sh"]
    assert [text.count("\n") for text in commands[:2]] == [1, 1]
    assert commands[0].rstrip().endswith("examples/rosenbrock.py")
    assert commands[1].rstrip().endswith("python -m tests")  # .ci/run finds it by this


def test_the_table_of_functions_of_networks_says_which_derivatives_there_are():
    """The columns are those that the samples give; tests/layers compares the derivatives with differences."""
    text = README.read_text(encoding="utf-8")
    assert network_functions.updated(text) == text, "run python -m tests.network_functions --update"
    assert network_functions.by_arguments("lstm")[:2] == ["x", "h0"] and network_functions.is_curved("mse")
    assert not any(map(network_functions.is_curved, ("relu", "maxpool", "embed")))


def test_the_table_of_functions_of_networks_has_them_all():
    text = README.read_text(encoding="utf-8")
    section = text[text.index("## Functions of networks"): text.index("## What a first call costs")]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)\(", row[1])}
    assert named == set(dlsrc._KERNELS) - {"logsumexp"}
