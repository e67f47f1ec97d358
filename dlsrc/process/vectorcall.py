"""A base of classes whose objects may be called by machine code, without a frame of Python's.

    class Derivative(Entered): ...
    enter(derivative, address)    →    derivative(x) goes to ``address``, a ``vectorcallfunc`` of Python's

Every object has a word for the address; where that is empty, Python calls ``__call__`` as it does of other
objects.  Such a class is made by ``PyType_FromSpec``, of Python's stable interface.  A class that is written
in Python and has a ``__call__`` has lost the flag that says so; it is set again in the class, at a place that
is looked at before (`Entered` alone says nothing of a call).  Where anything is not as expected, objects are
called as ever.
"""

import ctypes
import sys
from typing import Any

__all__ = ["Entered", "enter", "may_enter", "offset_of"]

WORD = ctypes.sizeof(ctypes.c_void_p)
FLAG = 1 << 11  # Py_TPFLAGS_HAVE_VECTORCALL
DEFAULT, BASE = 1 << 18, 1 << 10  # Py_TPFLAGS_DEFAULT, Py_TPFLAGS_BASETYPE
MEMBERS, SIZED, READONLY = 72, 19, 1  # Py_tp_members, T_PYSSIZET, READONLY
FLAGS = 168  # where a class has its flags, on machines of 64 bits


class _Member(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p), ("type", ctypes.c_int), ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    )  # fmt: skip


class _Slot(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_int), ("content", ctypes.c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p), ("size", ctypes.c_int), ("item", ctypes.c_int), ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    )  # fmt: skip


class _Plain:
    """The base where objects are called by Python only."""

    __slots__ = ()


PLACE = object.__basicsize__
_members = (_Member * 2)(_Member(b"__vectorcalloffset__", SIZED, PLACE, READONLY, None))
_slots = (_Slot * 2)(_Slot(MEMBERS, ctypes.cast(_members, ctypes.c_void_p)))
_spec = _Spec(b"dlsrc.process.vectorcall.Entered", PLACE + WORD, 0, DEFAULT | BASE, _slots)


def _known() -> bool:
    """Whether this is a Python whose objects look as here described; without its lock they are longer."""
    return sys.implementation.name == "cpython" and WORD == 8 and PLACE == 2 * WORD


def _base() -> Any:
    if not _known():
        return _Plain
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.POINTER(_Spec))(("PyType_FromSpec", ctypes.pythonapi))
    return make(ctypes.byref(_spec))


Entered: Any = _base()


def may_enter(cls: type) -> bool:
    """Whether objects of the class can be called by machine code; from now on they are, once it is given."""
    if Entered is _Plain or not issubclass(cls, Entered):
        return False
    flags = ctypes.c_ulong.from_address(id(cls) + FLAGS)
    if ctypes.sizeof(flags) != WORD or flags.value != cls.__flags__:
        return False
    if not flags.value & FLAG:
        flags.value |= FLAG
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))
    return bool(cls.__flags__ & FLAG)


def enter(thing: Any, address: int) -> None:
    """Have an object be called by machine code; by Python again where the address is 0."""
    ctypes.c_size_t.from_address(id(thing) + PLACE).value = address


def offset_of(thing: Any, name: str) -> int | None:
    """Where in an object the reference stands that a slot of its class names; None if that is not clear."""
    mark = object()
    setattr(thing, name, mark)
    words = (ctypes.c_size_t * (type(thing).__basicsize__ // WORD)).from_address(id(thing))
    found = [k * WORD for k, word in enumerate(words) if word == id(mark)]
    return found[0] if len(found) == 1 else None
