"""Calls without Python: after some calls of one kind, machine code tests the next and runs the program.

A short way (`fastpath`) is Python text, of which a call costs as much as the compiled gradient of two
numbers does.  So a runner counts how often one is gone, and then asks for a plan: the same tests, as steps
that an entrance (`process.entrance`) takes::

    if type(a1) is not ndarray or …: return MISS        ARGUMENT 0, TAKE 0, kind (ndarray, float64, 1, …)
    if o0.__code__ is not k1: return MISS               LOAD o0, CODE k1
    if "abs" in r0: return MISS                         LOAD r0, ABSENT "abs"
    if r0["helper"] is not o1: return MISS              LOAD r0, ITEM "helper", IS o1

What has no steps (dicts, dlarrays, lists of equal items, keywords) keeps the short way, and so does every
call that does not pass: an entrance hands it on to ``__call__``.
"""

import builtins
import ctypes
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from ..containers.nodes import LEAF, ListNode, NamedTupleNode, Static, Structure, TupleNode
from ..failures.failure import failed
from ..lazy import engine, numba
from ..process.vectorcall import enter, may_enter, offset_of
from ..signature import Call, Kind, arguments_of
from .capture import GONE, Binding, Path
from .fastpath import finisher

__all__ = ["entered", "pays", "plan_of"]

WORTH = 10_000  # calls of a process that could have saved what an entrance takes
_calls = 0

# Of numpy.ndarray.flags: C order, Fortran order, aligned, writable.
C, F, BEHAVED = 0x1, 0x2, 0x500
ORDERS = {
    "C": (C | BEHAVED, C | BEHAVED), "F": (C | F | BEHAVED, F | BEHAVED), "A": (C | F | BEHAVED, BEHAVED),
}  # fmt: skip
KEYWORDS = 3  # METH_VARARGS | METH_KEYWORDS
PLAIN = (float, int, bool)


class _TooSpecial(Exception):
    """The call has a form for which there are no steps."""


def pays(calls: int) -> bool:
    """Count calls that went a short way; whether there were enough of them for an entrance."""
    global _calls
    _calls += calls
    return _calls >= WORTH


def plan_of(entry: Any, call: Call, binding: Binding, owner: Any, count: Any) -> Any:
    """The plan for calls like this one; None if there is none.

    Parameters
    ----------
    entry : Entry
    call : Call
        A call that the entry fits.
    binding : Binding
        The entry's captured variables, rooted in the function that is called.
    owner : object
        Whose method it is.
    count : array of one number
        Where each call is counted.
    """
    if entry.packing or entry.interface.written:
        return None
    try:
        if engine("process.layout").layout() is None:
            return None
        return _Planner(entry, binding).plan(call, owner, count)
    except Exception:  # a variable that is gone, or a numba that looks otherwise: the short way does as well
        return None


class Plan(tuple):
    """The table of an entrance, what raises errors, and what the table names."""

    __slots__ = ()


class _Planner:
    """Writes the steps; ``held`` are the objects that they name, which the plan keeps."""

    def __init__(self, entry: Any, binding: Binding):
        self.entry = entry
        self.origins = binding.origins
        self.steps: list[tuple[str, int]] = []
        self.held: list[Any] = []
        self.kinds: list[tuple[int, int, int, int, int]] = []
        self.tested: list[tuple[int, int, int, int, int]] = []
        self.values: list[Any] = []  # what the program takes, of the call at hand

    def name(self, thing: Any) -> int:
        self.held.append(thing)
        return id(thing)

    def step(self, name: str, thing: Any) -> None:
        self.steps.append((name, self.name(thing)))

    def plan(self, call: Call, owner: Any, count: Any) -> Any:
        """The table, what raises errors, and what the table names."""
        args, kwargs = arguments_of(call.structure)
        if kwargs.keys:
            raise _TooSpecial
        signature, function = _program(self.entry.function)
        recipe, wanted = self.entry.recipe, self.entry.interface.leaves
        if list(wanted) != sorted(wanted):
            raise _TooSpecial
        self.taken = frozenset(wanted)
        self.known = dict(self.entry.static)
        leaves = iter(zip(call.kinds, call.leaves, range(len(call.leaves)), strict=True))
        for read, code in (*zip(self.origins, recipe.given), *recipe.codes):  # noqa: B905
            self.step("LOAD", read)
            self.step("CODE", code)
        if recipe.owner is not None:
            self.steps.append(("OWNER", 0))
            self.step("CLASS", recipe.owner)
        for k, node in enumerate(args):
            self.part([("ARGUMENT", k)], node, leaves)
        self.captured(owner)
        number = len(self.values)
        steps = [(name, what + number if name == "LEAF" else what) for name, what in self.steps]
        if tuple(map(numba().typeof, self.values)) != tuple(signature):
            raise _TooSpecial
        finish = finisher(self.entry)
        words = engine("process.entrance").table(
            len(args), _of_c("PyCFunction_GetFunction", function), _of_c("PyCFunction_GetSelf", function),
            0 if finish is None else id(finish), count.buffer_info()[0], steps, self.kinds + self.tested,
            number, id(GONE),
        )  # fmt: skip
        return Plan((words, _failing(self.entry, self.origins[0]), (self.held, function, finish, count)))

    # ------------------------------------------------------------------ arguments

    def part(self, way: list[tuple[str, int]], node: Structure, leaves: Iterator) -> None:
        """The tests of a part of the arguments, to which a way leads."""
        if node is LEAF:
            kind, value, position = next(leaves)
            self.steps += way
            if position in self.known:
                if type(value) not in (int, bool):
                    raise _TooSpecial
                self.step("EQUAL", value)
            if position in self.taken:
                self.take(kind, value)
            else:
                self.steps.append(("LEAF", len(self.tested)))
                self.tested.append(self.kind(kind))
            return
        if isinstance(node, Static):
            self.steps += way
            if isinstance(node.value, str):
                self.step("EQUAL", node.value)
            elif node.value is None or isinstance(node.value, bool):
                self.step("IS", node.value)
            else:
                raise _TooSpecial
            return
        if not isinstance(node, TupleNode | ListNode | NamedTupleNode):
            raise _TooSpecial
        self.steps += way
        self.step("CLASS", tuple if isinstance(node, TupleNode) else node.cls)
        self.steps.append(("LENGTH", len(node.children)))
        for k, child in enumerate(node.children):
            self.part([*way, ("ITEM", self.name(k))], child, leaves)

    def take(self, kind: Kind, value: Any) -> None:
        self.steps.append(("TAKE", len(self.values)))
        self.kinds.append(self.kind(kind))
        self.values.append(value)

    def kind(self, kind: Kind) -> tuple[int, int, int, int, int]:
        """The words that a leaf is compared with."""
        if kind.cls is np.ndarray and kind.ndim:
            mask, flags = ORDERS[kind.layout]
            return id(np.ndarray), self.name(np.dtype(kind.dtype)), kind.ndim, mask, flags
        if kind.cls in PLAIN or issubclass(kind.cls, np.generic):
            return self.name(kind.cls), 0, 0, 0, 0
        raise _TooSpecial

    # ------------------------------------------------------------------ what was captured

    def captured(self, owner: Any) -> None:
        """The tests of what the program relies on; the hidden arguments."""
        recipe = self.entry.recipe
        number = len(recipe.given) - 1
        self.builtins([test for test in recipe.tests if test.kind == "builtin"], owner)
        for test in recipe.tests:
            if test.kind == "builtin":
                continue
            self.go(test.path)
            if test.origin >= 0:
                number += 1
            match test.kind:
                case "is" | "identity":
                    self.step("IS", test.expected)
                case "function":
                    self.step("IS", self.origins[number])
                    self.step("CODE", test.expected)
                case "length":
                    self.steps.append(("LENGTH", test.expected))
                case "class":
                    self.step("CLASS", test.expected)
                case "equal":
                    self.step("EQUAL", test.expected)
                case _:
                    raise _TooSpecial
        for path, kind in recipe.hidden:
            self.go(path)
            self.take(kind, path.read(self.origins, owner))

    def builtins(self, tests: list, owner: Any) -> None:
        """The tests of names that are builtins as long as their modules do not have them."""
        hiding: dict[int, tuple[dict, set[str]]] = {}
        for test in tests:
            namespace = test.path.read(self.origins, owner)
            hiding.setdefault(id(namespace), (namespace, set()))[1].add(test.expected[0])
        for namespace, names in hiding.values():
            self.since(namespace, [("ABSENT", self.name(name)) for name in sorted(names)])
        own, expected = vars(builtins), dict(test.expected for test in tests)
        if expected:
            load = "LOAD", self.name(own)
            self.since(own, [
                step for name, found in expected.items()
                for step in (load, ("ITEM", self.name(name)), ("IS", self.name(found)))
            ])  # fmt: skip

    def since(self, table: dict, steps: list[tuple[str, int]]) -> None:
        """Tests of a dict, passed over while it is as it was when they held."""
        load = "LOAD", self.name(table)
        steps = [load, *steps]
        if engine("process.layout").layout().version:
            steps = [("SINCE", id(table)), ("END", len(steps) + 2), *steps, load, ("NOTE", len(steps) + 3)]
        self.steps += steps

    def go(self, path: Path) -> None:
        """The steps to a captured object."""
        match path.root:
            case ("cell", origin, index):
                self.step("CELL", self.origins[origin].__closure__[index])
            case ("global", origin, name):
                self.step("LOAD", self.origins[origin].__globals__)
                self.step("ITEM", name)
            case ("function", origin):
                self.step("LOAD", self.origins[origin])
            case ("owner",):
                self.steps.append(("OWNER", 0))
            case (_, found):
                self.step("LOAD", found)
        for step, key in path.steps:
            self.step("ATTRIBUTE" if step == "attribute" else "ITEM", key)


def _program(function: Any) -> tuple[tuple, Any]:
    """The types of a program's arguments, and what numba made for Python to call it by."""
    overloads = getattr(function, "overloads", {})
    if len(overloads) != 1:
        raise _TooSpecial
    (signature,), (compiled,) = overloads.keys(), overloads.values()
    entry = compiled.entry_point
    flags = ctypes.pythonapi.PyCFunction_GetFlags(ctypes.py_object(entry))
    if compiled.objectmode or flags != KEYWORDS:
        raise _TooSpecial
    return signature, entry


def _of_c(name: str, builtin: Any) -> int:
    """What a function of C is, or takes first."""
    ask = ctypes.PYFUNCTYPE(ctypes.c_size_t, ctypes.py_object)((name, ctypes.pythonapi))
    return ask(builtin)


def _failing(entry: Any, function: Any) -> Callable:
    """What raises for an error of the program what the user is to see."""

    def failing(derivative: Any, error: BaseException, *args: Any) -> None:
        try:
            raise error
        except Exception as found:
            raise failed(found, entry, function, derivative.owner, args, {}) from None

    return failing


# ---------------------------------------------------------------------------------- objects


@cache
def _entrances(places: tuple[int, int, int], runner: Any) -> tuple[int, int]:
    """The two entrances; made at the first use, in some milliseconds."""
    machine, layout = engine("process.entrance"), engine("process.layout").layout()
    found = machine.entrances(layout, machine.Places(*places), runner, Plan)
    if found is None:
        raise LookupError("machine code cannot be linked here")
    return found  # type: ignore[no-any-return]


@cache
def _places(cls: Any, runner: Any) -> tuple[int, int, int]:
    """Where a derivative has its runner and its owner, and a runner its plan."""
    own: Any = object.__new__(cls)
    places = offset_of(own, "runner"), offset_of(own, "owner"), offset_of(object.__new__(runner), "plan")
    if None in places or not may_enter(cls):
        raise LookupError("objects look otherwise here")
    return places  # type: ignore[return-value]


_failures: list[Exception] = []  # the first, for whoever wonders: calls are right, and only slower


def entered(derivative: Any, second: bool = False) -> bool:
    """Have a derivative be called by machine code, for the plans of its runner; whether that is decided.

    It is not while another thread compiles, which may take minutes.  ``second`` says that only the second
    part of a result is wanted.
    """
    lock = numba("core.compiler_lock").global_compiler_lock
    if _failures or not lock._lock.acquire(blocking=False):
        return bool(_failures)
    try:
        with lock:
            kinds: tuple[Any, Any] = type(derivative), type(derivative.runner)
            enter(derivative, _entrances(_places(*kinds), kinds[1])[second])
    except Exception as error:
        _failures.append(error)
    finally:
        lock._lock.release()
    return True
