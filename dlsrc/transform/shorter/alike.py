"""What is the same in a program: to Python ``1 == 1.0 == True`` and ``0.0 == -0.0``, but not as literals.

>>> from dlsrc.transform.ir import Const
>>> alike((Const(0.0),), (Const(0.0),)), alike((Const(0.0),), (Const(-0.0),))
(True, False)
"""

from collections.abc import Iterable
from operator import is_
from typing import Any

from ...records import replace
from ..ir import Atom, Const, Index

__all__ = ["alike", "as_key", "changed"]


def alike(a: Any, b: Any) -> bool:
    """Whether two fields of statements are the same."""
    if a is b:
        return True
    if type(a) is tuple and type(b) is tuple:
        return len(a) == len(b) and (all(map(is_, a, b)) or all(map(alike, a, b)))
    if type(a) is Index and type(b) is Index:
        return alike(a.entries, b.entries)
    return a == b and repr(a) == repr(b)


def changed(statement: Any, **fields: Any) -> Any:
    """The statement with other fields; the same object if they are the same."""
    if all(alike(getattr(statement, name), value) for name, value in fields.items()):
        return statement
    return replace(statement, **fields)


def as_key(atoms: Iterable[Atom]) -> tuple:
    """Atoms as a key of a dictionary, in which literals are equal that are the same."""
    return tuple((type(a.value), repr(a.value), a.dtype) if isinstance(a, Const) else a for a in atoms)
