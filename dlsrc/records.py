"""Records: ``dataclass(slots=True)`` for values made by the ten thousand, in a process that has just begun.

dataclass compiles up to six functions for each class when that is defined, 35 ms for those of the engine, and
sets each field of a frozen object by a call that looks the field up.  Here one function is compiled when the
first object is made, and sets fields through their slots::

    @record(frozen=True)                      def __init__(self, start, stop=_stop):
    class Span:                                   set_start(self, start)     # Span.start.__set__
        start: int                                set_stop(self, stop)
        stop: int | None = None

Type checkers read it as a dataclass.  There is no inheritance of fields; what a user may meet is a dataclass,
on which the functions of that module work.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, field
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as record
    from dataclasses import replace

__all__ = ["field", "parts", "record", "replace"]

_VALUES = "__record_values__"  # a function that gives the values of all fields


def _record(cls: type | None = None, /, *, frozen: bool = False, eq: bool = True) -> Any:
    """A class whose annotations are its fields, in their order.

    ``frozen`` forbids assignment.  ``eq`` compares fields, and hashes them where the record is frozen; else
    an object equals itself alone.  Methods that the class writes itself are kept.

    >>> @record(frozen=True)
    ... class Span:
    ...     start: int
    ...     stop: int = field(default=9, repr=False)
    >>> Span(2), Span(2) == Span(2, 9), replace(Span(2), start=3)
    (Span(start=2), True, Span(start=3))
    >>> Span(2).start = 1
    Traceback (most recent call last):
    dataclasses.FrozenInstanceError: cannot assign to field 'start'
    """
    return _made(cls, frozen, eq) if cls is not None else lambda cls: _made(cls, frozen, eq)


def _replace(obj: Any, /, **changes: Any) -> Any:
    """The same record, but for some fields."""
    given = parts(obj)
    if not given:
        raise TypeError(f"replace takes a record with fields, not {obj!r}")
    return obj.__class__(**{**given, **changes})


def parts(obj: object) -> dict[str, Any]:
    """The fields of a record; nothing of anything else.

    >>> @record
    ... class Pair:
    ...     first: int
    ...     second: int = 2
    >>> parts(Pair(1))
    {'first': 1, 'second': 2}
    """
    values = getattr(obj.__class__, _VALUES, None)
    return {} if values is None else dict(zip(obj.__match_args__, values(obj), strict=True))  # type: ignore[attr-defined]


def _made(cls: type, frozen: bool, eq: bool) -> type:
    own = dict(cls.__dict__)
    if cls.__bases__ != (object,) or "__init__" in own:
        raise TypeError(f"{cls.__qualname__}: a record has no bases and no __init__ of its own")
    fields = {name: _field(own.pop(name, MISSING)) for name in cls.__annotations__}
    for name in ("__dict__", "__weakref__"):
        own.pop(name, None)
    compared = tuple(name for name, f in fields.items() if f.compare)
    shown = tuple(name for name, f in fields.items() if f.repr)
    kept = ("__dict__",) if any(isinstance(v, cached_property) for v in own.values()) else ()
    own |= {
        "__slots__": (*fields, *kept), "__match_args__": tuple(fields), "__qualname__": cls.__qualname__,
        _VALUES: staticmethod(_values(tuple(fields))),
    }  # fmt: skip
    methods = {"__repr__": _repr(shown)}
    if eq:
        methods |= _comparing(compared, frozen)
    if frozen:
        methods |= {"__setattr__": _no_assignment, "__delattr__": _no_deletion, "__setstate__": _restored}
    made: Any = type(cls)(cls.__name__, cls.__bases__, {**methods, **own})
    made.__init__ = _initially(made, fields)
    return made


def _field(default: Any) -> Field:
    if isinstance(default, Field):
        return default
    if default.__class__.__hash__ is None:
        raise ValueError(f"a default that may change is given by a default_factory: {default!r}")
    return field(default=default)


def _initially(cls: Any, fields: dict[str, Field]) -> Callable:
    """An ``__init__`` that puts the compiled one in its place."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        cls.__init__ = _compiled(cls, fields)
        cls.__init__(self, *args, **kwargs)

    return __init__


def _compiled(cls: Any, fields: dict[str, Field]) -> Any:
    given: dict[str, Any] = {}
    parameters, lines = [], []
    for name, f in fields.items():
        given[f"set_{name}"] = cls.__dict__[name].__set__
        value, default = name, ""
        if f.default is not MISSING:
            given[f"default_{name}"], default = f.default, f"=default_{name}"
        elif f.default_factory is not MISSING:
            given[f"default_{name}"], default = f.default_factory, f"=default_{name}"
            value = f"default_{name}() if {name} is default_{name} else {name}"
        parameters.append(name + default)
        lines.append(f" set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    text = f"def __init__(self, {', '.join(parameters)}):\n" + "\n".join(lines or [" pass"])
    exec(text, given)
    made = given["__init__"]
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return made


def _comparing(compared: tuple[str, ...], hashed: bool) -> dict[str, Any]:
    values = _values(compared)

    def __eq__(self: Any, other: Any) -> Any:
        if other is self:
            return True
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if hashed else None}


def _values(names: tuple[str, ...]) -> Callable[[Any], tuple]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda obj: tuple([getattr(obj, name) for name in names])


def _repr(shown: tuple[str, ...]) -> Callable:
    def __repr__(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    return __repr__


def _no_assignment(self: Any, name: str, value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _no_deletion(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _restored(self: Any, state: tuple[None, dict[str, Any]]) -> None:
    """What a copy or a pickle is made of."""
    for name, value in state[1].items():
        object.__setattr__(self, name, value)


if not TYPE_CHECKING:
    record, replace = _record, _replace
