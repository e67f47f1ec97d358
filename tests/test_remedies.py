"""What messages say to write instead works: each suggestion is a program that runs and has the right gradient.

tests/remedies/ has a function of the name of the refused one in tests/messages/.  Its comments quote the message:
``# code: …`` stands in the function too, ``# does: …`` is what the function does.
"""

import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from dlsrc import check, dlarray
from dlsrc.errors import DlsrcError
from tests.test_messages import ARGUMENTS, EXPECTATIONS, run

FOLDER = Path(__file__).parent / "remedies"
QUOTED = re.compile(r"#\s*(code|does): (.+)$", re.MULTILINE)
REFUSED = {(p.values[0].__module__.rpartition(".")[2], p.values[0].__name__): p.values[0] for p in EXPECTATIONS}


def remedies():
    found = []
    for path in sorted(FOLDER.glob("[a-z]*.py")):
        module = importlib.import_module(f"tests.remedies.{path.stem}")
        for name, function in vars(module).items():
            if inspect.isfunction(function) and function.__module__ == module.__name__ and name != "helper":
                found.append(pytest.param(path.stem, function, id=f"{path.stem}-{name}"))
    return found


REMEDIES = remedies()


def message_of(refused):
    with pytest.raises(DlsrcError) as caught:
        run(refused)
    return caught.value.msg


def quotes_of(stem, function):
    """The quotations in a remedy; those of names that it uses, beside them in the file, count as its own."""
    source = inspect.getsource(function)
    if not QUOTED.search(source):
        lines = inspect.getsource(inspect.getmodule(function)).splitlines()
        source = "\n".join([*(n for n in lines if re.match(r"[A-Z_]+ = ", n) and n.split()[0] in source), source])
    return source, QUOTED.findall(source)


@pytest.mark.parametrize(("stem", "function"), REMEDIES)
def test_what_a_message_says_works(stem, function, capsys):
    assert (stem, function.__name__) in REFUSED, "it is refused no longer: take this remedy away"
    message = message_of(REFUSED[stem, function.__name__])
    source, quotes = quotes_of(stem, function)
    assert quotes, "it quotes nothing"
    code = "\n".join(line.partition("#")[0] for line in source.splitlines())
    for kind, text in quotes:
        assert text in message, f"{text!r} is not in: {message}"
        assert kind == "does" or text in code, f"{text!r} is not in the code"
    arguments = [ARGUMENTS[name] for name in inspect.signature(function).parameters]
    if "dlgradient" in function.__code__.co_names:
        verdict = check(function, *(dlarray(a) if isinstance(a, np.ndarray | float) else a for a in arguments))
    else:
        verdict = check(function, *arguments, argnums=0)
    assert verdict, str(verdict)


def test_there_are_enough():
    assert len(REMEDIES) >= 60
    assert {name for stem, name in REFUSED} >= {p.values[1].__name__ for p in REMEDIES}
    quoted = [kind for p in REMEDIES for kind, _ in quotes_of(*p.values)[1]]
    assert quoted.count("code") >= 25
