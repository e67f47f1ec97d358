"""The generated text, and the forms that a program goes through on its way there, to be read and run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..calls.entry import Entry
from ..calls.target import Target
from ..containers.packing import with_packed
from ..records import replace
from ..signature import read_call
from ..structure import unflatten
from ..transform.compile import compile_text
from ..transform.emit import Emitted, emit
from ..transform.ir import Block, Const, For, Gradient, If, Program, Statement, Value, While, atoms_read, walk
from ..transform.location import Location
from ..transform.shorter.dead import without_dead
from ..transform.source import read
from .notebook import Original, columns, folded

__all__ = ["Form", "Source", "Stages", "original_of", "source_of", "stages_of"]


class Source(str):
    """The generated text; in Jupyter it is shown beside the function that it came from.

    Attributes
    ----------
    line_map : dict of int to Location
        For lines of the text (counted from 1), the line of the user's that each stands for.
    original : Original
        The user's function.
    """

    line_map: Mapping[int, Location]
    original: Original

    def __new__(cls, text: str, line_map: Mapping[int, Location], original: Original) -> "Source":
        made = super().__new__(cls, text)
        made.line_map, made.original = line_map, original
        return made

    def __getnewargs__(self) -> tuple:
        return str(self), self.line_map, self.original

    def __repr__(self) -> str:
        return str(self)  # at the prompt it is read, not quoted

    def _repr_html_(self) -> str:
        return columns(self, self.line_map, self.original)


def source_of(entry: Entry, target: Target) -> Source:
    """The text of a built program."""
    emitted = entry.generated.emitted
    return Source(emitted.text, emitted.line_map, original_of(target))


def original_of(target: Target) -> Original:
    """The user's function, as it stands in its file."""
    found = read(target.function)
    last = getattr(found.tree, "end_lineno", None) or found.tree.lineno
    lines = tuple(line.rstrip("\n") for line in found.lines)
    return Original(target.function.__name__, found.file, lines, found.tree.lineno, last)


# ---------------------------------------------------------------------------------- stages


@dataclass(frozen=True, eq=False)
class Form:
    """The program after one stage.

    Attributes
    ----------
    stage : str
        The stage that made it.
    text : str
        As Python; a gradient that is still to be generated is a call of ``dlgradient``.
    program : Program
    """

    stage: str
    program: Program
    _entry: Entry = field(repr=False)
    _target: Target = field(repr=False)
    _emitted: Emitted = field(repr=False)

    @property
    def text(self) -> str:
        return self._emitted.text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """What the form gives for these arguments, as plain Python; they are not changed.

        Before the stage "assemble" there are no gradients yet: None stands in their place.

        Raises
        ------
        ValueError
            If the form computes with a gradient that is not there yet.
        """
        target, normalized = self._target, self._entry.generated.normalized
        call = read_call(target.first + args, {**target.named, **kwargs}, target.names)
        call = with_packed(call, self._entry.packing)
        values = self._entry.arguments(call, target)
        values = [np.array(v, order="K") if isinstance(v, np.ndarray) else v for v in values]
        program, missing = _without_gradients(self.program, self.stage)
        results = compile_text(emit(program), jit=False)(*values)
        if len(program.returns) < 2:
            results = (results,) if program.returns else ()
        found = [
            None if atom in missing else result
            for atom, result in zip(self.program.returns, results, strict=True)
        ]
        places = self._entry.parameters(call)[1]
        return unflatten(normalized.outputs, self._entry.converted(found, places))


class Stages(Mapping):
    """The forms of a program in order: ``stages(f, x)["normalize"].text``."""

    def __init__(self, forms: tuple[Form, ...], title: str):
        self._forms = {form.stage: form for form in forms}
        self._title = title

    def __getitem__(self, stage: str) -> Form:
        try:
            return self._forms[stage]
        except KeyError:
            raise KeyError(f"there is no stage {stage!r}; the stages are {', '.join(self._forms)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._forms)

    def __len__(self) -> int:
        return len(self._forms)

    def __repr__(self) -> str:
        parts = []
        for name, form in self._forms.items():
            parts += [f"# ---- {name} {'-' * (72 - len(name))}", "", form.text.rstrip(), ""]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        return folded(self._title, {name: form.text for name, form in self._forms.items()})


def stages_of(entry: Entry, target: Target) -> Stages:
    """Every form of a built program; the last is the text that is compiled."""
    generated = entry.generated
    last = generated.stages[-1]
    forms = tuple(
        Form(s.name, s.program, entry, target, generated.emitted if s is last else emit(s.program))
        for s in generated.stages
    )
    return Stages(forms, original_of(target).title)


def _without_gradients(program: Program, stage: str) -> tuple[Program, set[Any]]:
    """The program without its `Gradient` statements, and their results among what it returns."""
    asked = [s for s in walk(program.body) if isinstance(s, Gradient)]
    if not asked:
        return program, set()
    results = {result for gradient in asked for result in gradient.results}
    returns = tuple(Const(0.0) if a in results else a for a in program.returns)
    made = without_dead(replace(program, body=_dropped(program.body), returns=returns))
    for statement in walk(made.body):
        used = [a for a in atoms_read(statement) if isinstance(a, Value) and a in results]
        if used:
            raise ValueError(
                f"the form {stage!r} computes with a gradient that is not there yet, at {statement.loc}: "
                f"{statement.loc.text}; run the form 'assemble', or a later one"
            )
    return made, results & set(program.returns)


def _dropped(block: Block) -> Block:
    return tuple(_inside(s) for s in block if not isinstance(s, Gradient))


def _inside(statement: Statement) -> Statement:
    match statement:
        case If():
            return replace(statement, then=_dropped(statement.then), orelse=_dropped(statement.orelse))
        case For():
            return replace(statement, body=_dropped(statement.body))
        case While():
            return replace(statement, test=_dropped(statement.test), body=_dropped(statement.body))
    return statement
