"""The machine code that a derivative is called by: it tests a call by a plan, and runs the program that fits.

It is one function for all programs, which reads what is to be tested from a table (`table`); so a program
costs nothing more to compile.  In C, with the errors of steps passed over::

    PyObject *entrance(PyObject *self, PyObject **args, size_t count, PyObject *names) {
        PyObject *plan = self->runner->plan, *taken[plan->parameters];
        if (names || is_watched(thread) || type(plan) != Plan || count != plan->arguments) goto slow;
        for (step = plan->steps; step->kind != END; step++)
            switch (step->kind) {                  // `value` is what the steps look at, one after the other
                case ARGUMENT: value = args[step->what]; break;
                case ATTRIBUTE: value = PyObject_GetAttr(value, step->what); break;
                case IS: if (value != step->what) goto missed; break;
                case TAKE: taken[step->what] = value; break; …
                case ABSENT: if (PyDict_Contains(value, step->what)) goto missed; break;
                case SINCE:                        // a dict that is as it was when the next steps held
                    if (step->what->version == (++step)->kind) step += step->what; break;
                case NOTE: (step - step->what)->kind = value->version; break;
            }
        tuple = PyTuple of taken;
        for (k = 0; k < plan->parameters; k++)     // class, data type, dimensions, flags
            if (!is_of(tuple[k], plan->kinds[k])) goto missed;
        result = plan->program(plan->closure, tuple, NULL);
        return result ? plan->finish(result) : plan->failing(self, the error, args);
    missed: slow:
        return type(self).__call__(self, *args, **names);      // the way in Python, with all its errors
    }

What a step may run is Python code of the user's (a property that is read).  So arrays are looked at after
all steps, and nothing runs between that and the program.  ``program`` is what numba makes to be called by
Python: it takes the arrays apart, gives the lock back where it is told to, and makes objects of the results.
"""

import ctypes
import hashlib
import pickle
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..disk.fingerprint import forgiving
from ..disk.object_file import ObjectFile, unique
from ..disk.storage import KERNEL, directory, keeps_kernels, read, touch, write
from ..disk.versions import environment, is_settled
from ..lazy import numba
from .layout import Layout
from .words import WORD, Words

__all__ = ["Places", "entrances", "table"]

NAMES = (
    "END", "LOAD", "CELL", "OWNER", "ARGUMENT", "ATTRIBUTE", "ITEM", "IS", "CLASS", "CODE", "EQUAL", "LENGTH",
    "LEAF", "TAKE", "ABSENT", "SINCE", "NOTE",
)  # fmt: skip
STEPS = {name: k for k, name in enumerate(NAMES)}
HEAD = 8  # words of a table in front of the steps
STEP, KIND = 2, 5  # words of a step, of a kind
SLOTS = 1 << 63  # what Python adds to the number of arguments
EQ, NE = 2, 3


class Places(NamedTuple):
    """Where a derivative has its runner and the owner of its method, and a runner its plan."""

    runner: int
    owner: int
    plan: int


def table(
    arguments: int, program: int, closure: int, finish: int, counter: int, steps: Sequence[tuple[str, int]],
    kinds: Sequence[tuple[int, int, int, int, int]], parameters: int, missing: int,
) -> bytes:  # fmt: skip
    """The words that an entrance reads.

    Parameters
    ----------
    arguments, parameters : int
        How many the call has, and the program.
    program, closure : int
        Address of the compiled function, and what it takes first.
    finish : int
        Address of what makes the result of the program's, 0 if it is the result.
    counter : int
        Address of a word that counts calls.
    steps : sequence of (str, int)
        What is done one after the other.  ``("SINCE", dict), ("END", 3)`` passes over three steps while the
        dict has the version that is in the table in the place of END, where ``("NOTE", distance)``, the last
        of them, writes it.
    kinds : sequence of (int, int, int, int, int)
        Class, data type (0 for numbers that are no arrays), number of dimensions, flags that are looked
        at and what they are: first of what is taken, then of the other leaves.
    missing : int
        Address of a tuple of errors, which say that what a step reads is not there; others are raised.
    """
    whole = [(STEPS[name], what) for name, what in (*steps, ("END", 0))]
    first = HEAD + STEP * len(whole)
    words = [arguments, parameters, program, closure, finish, counter, first * WORD, missing]
    words += [word for step in whole for word in step] + [word for kind in kinds for word in kind]
    return array("Q", words).tobytes()


def entrances(at: Layout, places: Places, runner: type, plan: type) -> tuple[int, int] | None:
    """Addresses of an entrance that gives all results, and of one that gives the second of a pair.

    What is read as a runner or a plan is of the class ``runner`` or ``plan``, whatever else it may be there.

    They are made once a machine, in some 30 ms, and kept with the kernels.  LLVM does not optimize them:
    that takes longer than many thousand calls can win.
    """
    file = None
    with forgiving():
        around = environment() if keeps_kernels() else None
        place = directory(create=True)
        if around is not None and place is not None and is_settled():
            key = hashlib.sha256(repr((around, "entrances", at, places)).encode()).hexdigest()
            path = place / "kernels" / f"{key}{KERNEL}"
            data = read(path)
            file = ObjectFile(*pickle.loads(data)) if data is not None else _made(at, places)
            if data is None and file is not None:
                write(path, pickle.dumps(tuple(file)))
            touch(path)
    file = file or _made(at, places)
    if file is None or file.link() is None:
        return None
    engine = numba("core.registry").cpu_target.target_context.codegen()._engine
    whole, second, *classes = file.exported
    for name, cls in zip(classes, (runner, plan), strict=True):
        ctypes.c_size_t.from_address(engine.get_global_value_address(name)).value = id(cls)
    return engine.get_function_address(whole), engine.get_function_address(second)


def _made(at: Layout, places: Places) -> ObjectFile | None:
    """The machine code of both."""
    codegen = numba("core.registry").cpu_target.target_context.codegen()
    library = codegen.create_library("dlsrc.entrance")
    module = library.create_ir_module("dlsrc.entrance")
    names = tuple(unique() for _ in range(4))
    leaf = _Text(module, "leaf", 2, at, places).leaf()
    inner = _Text(module, "inner", 5, at, places).entrance(leaf, *names[2:])
    for wanted, name in enumerate(names[:2]):
        _Text(module, name, 4, at, places).hand_on(inner, wanted)
    parsed = numba("core.codegen").ll.parse_assembly(str(module))
    parsed.verify()
    return ObjectFile.made(library, parsed, names)


class _Text(Words):
    """Writes the functions of an entrance."""

    def __init__(self, module: Any, name: str, parameters: int, at: Layout, places: Places):
        super().__init__(module, name, parameters)
        self.at, self.places = at, places

    # ------------------------------------------------------------------ a leaf

    def leaf(self) -> Any:
        """``leaf(value, kind)``: whether a value is of a kind; -1 is an error."""
        value, kind = self.function.args
        no, yes, found = self.block("no"), self.block("yes"), self.block("array")
        self.go_if(self.differ(self.load(value, self.at.type), self.load(kind)), no)
        dtype = self.load(kind, WORD)
        self.builder.cbranch(self.same(dtype, 0), yes, found)
        self.builder.position_at_end(found)
        flags = self.builder.and_(self.load(value, self.at.flags, 32), self.load(kind, 3 * WORD))
        self.go_if(self.differ(self.load(value, self.at.number, 32), self.load(kind, 2 * WORD)), no)
        self.go_if(self.differ(flags, self.load(kind, 4 * WORD)), no)
        own = self.load(value, self.at.dtype)
        self.go_if(self.same(own, dtype), yes)
        # An array that was unpickled has a dtype object of its own.
        self.builder.ret(self.python("PyObject_RichCompareBool", own, dtype, EQ, bits=32))
        for block, answer in ((no, 0), (yes, 1)):
            self.builder.position_at_end(block)
            self.builder.ret(self.number(answer))
        self.function.linkage = "internal"
        return self.function

    # ------------------------------------------------------------------ the entrance

    def hand_on(self, inner: Any, second: int) -> None:
        """What Python calls."""
        self.builder.ret(self.builder.call(inner, [*self.function.args, self.number(second)], tail=True))

    def entrance(self, leaf: Any, runners: str, plans: str) -> Any:
        """``inner(self, args, count, names, second)``: it is called by those that Python calls.

        ``runners`` and ``plans`` are variables that hold the classes of those.
        """
        own, args, flagged, names, second = self.function.args
        slow, missed, failed, gone = (self.block(n) for n in ("slow", "missed", "failed", "gone"))
        count = self.builder.and_(flagged, self.number(SLOTS - 1))
        value, whole = self.variable(), self.variable()

        self.go_if(self.differ(names, 0), slow)
        thread = self.python("PyThreadState_Get")
        for place in self.at.watched:  # who watches is to see the function called
            self.go_if(self.differ(self.load(thread, place), 0), slow)
        runner = self.load(own, self.places.runner)
        self.go_if(self.same(runner, 0), slow)
        self.go_if(self.differ(self.load(runner, self.at.type), self.load(self.own(runners))), slow)
        plan = self.load(runner, self.places.plan)
        self.go_if(self.same(plan, 0), slow)
        self.go_if(self.differ(self.load(plan, self.at.type), self.load(self.own(plans))), slow)
        words = self.plus(self.load(plan, self.at.items), self.at.data)
        self.go_if(self.differ(count, self.load(words)), slow)

        self.python("Py_IncRef", plan)
        parameters, kinds = self.load(words, WORD), self.plus(words, self.load(words, 6 * WORD))
        taken = self.room(parameters)
        self.each(parameters, lambda k: self.store(self.number(0), taken, self.times(k)))
        self.steps(self.plus(words, HEAD * WORD), own, args, kinds, taken, value, leaf, missed)

        made = self.python("PyTuple_New", parameters)
        self.set(whole, made)
        self.go_if(self.same(made, 0), missed)

        def move(k: Any) -> None:
            self.store(self.load(taken, self.times(k)), made, self.plus(self.times(k), self.at.items))
            self.store(self.number(0), taken, self.times(k))

        def look(k: Any) -> None:
            one = self.load(made, self.plus(self.times(k), self.at.items))
            kind = self.plus(kinds, self.times(k, KIND * WORD))
            self.go_if(self.differ(self.builder.call(leaf, [one, kind]), 1), missed)

        self.each(parameters, move)
        self.each(parameters, look)
        counter = self.load(words, 5 * WORD)
        self.store(self.plus(self.load(counter), 1), counter)
        result = self.variable(self.call_at(self.load(words, 2 * WORD), self.load(words, 3 * WORD), made, 0))
        self.python("Py_DecRef", made)
        with self.builder.if_then(self.differ(self.python("PyErr_Occurred"), 0)):
            # To make an array numba runs a line of Python, and passes over what interrupts it there.
            self.release(self.get(result))
            self.set(result, 0)
        self.go_if(self.same(self.get(result), 0), failed)
        self.finished(result, self.load(words, 4 * WORD), second, gone)
        self.python("Py_DecRef", plan)
        self.builder.ret(self.get(result))

        self.builder.position_at_end(missed)
        self.release(self.get(value))
        self.release(self.get(whole))
        self.each(parameters, lambda k: self.release(self.load(taken, self.times(k))))
        usual = self.load(words, 7 * WORD)
        self.python("Py_DecRef", plan)
        self.go_if(self.same(self.python("PyErr_Occurred"), 0), slow)
        stopped = self.block("stopped")
        mine = self.python("PyErr_ExceptionMatches", usual, bits=32)
        self.go_if(self.same(mine, 0), stopped)  # an interrupt is not passed over, nor too deep a recursion
        self.python("PyErr_Clear")
        self.builder.branch(slow)

        self.builder.position_at_end(failed)
        self.failing(self.load(plan, self.plus(self.number(self.at.items), WORD)), own, args, count, result)
        self.builder.branch(gone)

        self.builder.position_at_end(gone)
        self.python("Py_DecRef", plan)
        self.builder.ret(self.get(result))
        self.builder.position_at_end(stopped)
        self.builder.ret(self.number(0))
        self.builder.position_at_end(slow)
        self.slowly(own, args, count, names)
        self.function.linkage = "internal"
        return self.function

    def steps(
        self, first: Any, own: Any, args: Any, kinds: Any, taken: Any, value: Any, leaf: Any, missed: Any
    ) -> None:
        """What is read and tested one after the other; a reference to ``value`` is held."""
        step = self.variable(first)
        top, ended = self.block("top"), self.block("ended")
        self.builder.branch(top)
        self.builder.position_at_end(top)
        kind, what = self.load(self.get(step)), self.load(self.get(step), WORD)
        self.set(step, self.plus(self.get(step), STEP * WORD))
        choice = self.builder.switch(kind, ended)

        def case(name: str) -> Any:
            block = self.block(name)
            choice.add_case(self.number(STEPS[name]), block)
            self.builder.position_at_end(block)
            return self.get(value)

        def become(found: Any, is_new: bool = True) -> None:
            """It is the value from now on, and the one before is given back."""
            before = self.get(value)
            if not is_new:
                self.python("Py_IncRef", found)
            self.set(value, found)
            self.release(before)
            self.go_if(self.same(found, 0), missed)
            self.builder.branch(top)

        def only_if(condition: Any) -> None:
            self.builder.cbranch(condition, top, missed)

        case("LOAD")
        become(what, is_new=False)
        case("CELL")
        content = self.load(what, self.at.content)
        self.go_if(self.same(content, 0), missed)
        become(content, is_new=False)
        case("OWNER")
        owner = self.load(own, self.places.owner)
        self.go_if(self.same(owner, 0), missed)
        become(owner, is_new=False)
        case("ARGUMENT")
        become(self.load(args, self.times(what)), is_new=False)
        become(self.python("PyObject_GetAttr", case("ATTRIBUTE"), what))
        become(self.python("PyObject_GetItem", case("ITEM"), what))
        only_if(self.same(case("IS"), what))
        only_if(self.same(self.load(case("CLASS"), self.at.type), what))
        only_if(self.same(self.load(case("CODE"), self.at.code), what))
        now = case("EQUAL")
        self.go_if(self.differ(self.load(now, self.at.type), self.load(what, self.at.type)), missed)
        only_if(self.same(self.python("PyObject_RichCompareBool", now, what, NE, bits=32), 0))
        only_if(self.same(self.python("PyObject_Size", case("LENGTH")), what))
        now = case("LEAF")
        only_if(self.same(self.builder.call(leaf, [now, self.plus(kinds, self.times(what, KIND * WORD))]), 1))
        only_if(self.same(self.python("PyDict_Contains", case("ABSENT"), what, bits=32), 0))
        case("SINCE")
        seen, passed = self.load(self.get(step)), self.load(self.get(step), WORD)
        is_same = self.same(self.load(what, self.at.version), seen)
        over = self.builder.select(is_same, self.plus(passed, 1), self.number(1))
        self.set(step, self.plus(self.get(step), self.times(over, STEP * WORD)))
        self.builder.branch(top)
        now = self.load(case("NOTE"), self.at.version)
        self.store(now, self.builder.sub(self.get(step), self.times(what, STEP * WORD)))
        self.builder.branch(top)
        self.store(case("TAKE"), taken, self.times(what))
        self.set(value, 0)
        self.builder.branch(top)
        self.builder.position_at_end(ended)

    def finished(self, result: Any, finish: Any, second: Any, gone: Any) -> None:
        """Make the result of the program what the user gets."""
        with self.builder.if_then(self.differ(finish, 0)):
            given = self.room(self.number(1))
            self.store(self.get(result), given)
            made = self.python("PyObject_Vectorcall", finish, given, 1, 0)
            self.python("Py_DecRef", self.get(result))
            self.set(result, made)
            self.go_if(self.same(made, 0), gone)
        with self.builder.if_then(self.differ(second, 0)):
            pair = self.get(result)
            part = self.python("PyTuple_GetItem", pair, 1)
            with self.builder.if_then(self.differ(part, 0)):
                self.python("Py_IncRef", part)
            self.set(result, part)
            self.python("Py_DecRef", pair)
            self.go_if(self.same(part, 0), gone)

    def failing(self, handler: Any, own: Any, args: Any, count: Any, result: Any) -> None:
        """``handler(self, error, *args)``, which raises what the user is to see."""
        found = self.room(self.number(3))
        places = [self.plus(found, k * WORD) for k in range(3)]
        self.python("PyErr_Fetch", *places)
        self.python("PyErr_NormalizeException", *places)
        self.go_if(self.same(self.load(places[1]), 0), self.lost())
        with self.builder.if_then(self.differ(self.load(places[2]), 0)):
            self.python("PyException_SetTraceback", self.load(places[1]), self.load(places[2]), bits=32)
        given = self.room(self.plus(count, 2))
        self.store(own, given)
        self.store(self.load(places[1]), given, WORD)
        self.each(count, lambda k: self.store(
            self.load(args, self.times(k)), given, self.plus(self.times(k), 2 * WORD)
        ))  # fmt: skip
        self.set(result, self.python("PyObject_Vectorcall", handler, given, self.plus(count, 2), 0))
        for place in places:
            self.release(self.load(place))

    def lost(self) -> Any:
        """Where a program fails and says nothing; numba has none of these."""
        here, block = self.builder.block, self.block("lost")
        self.builder.position_at_end(block)
        self.builder.ret(self.number(0))
        self.builder.position_at_end(here)
        return block

    def slowly(self, own: Any, args: Any, count: Any, names: Any) -> None:
        """``type(self).__call__(self, *args, **names)``."""
        whole = self.variable(count)
        with self.builder.if_then(self.differ(names, 0)):
            self.set(whole, self.plus(count, self.python("PyTuple_Size", names)))
        given = self.python("PyMem_Malloc", self.times(self.plus(self.get(whole), 1)))  # may be millions
        full, ended = self.block("full"), self.block("ended")
        self.go_if(self.same(given, 0), full)
        self.store(own, given)
        self.each(self.get(whole), lambda k: self.store(
            self.load(args, self.times(k)), given, self.plus(self.times(k), WORD)
        ))  # fmt: skip
        name, result = self.text("name", "__call__"), self.variable()
        function = self.python("PyObject_GetAttrString", self.load(own, self.at.type), name)
        self.go_if(self.same(function, 0), ended)
        self.set(result, self.python("PyObject_Vectorcall", function, given, self.plus(count, 1), names))
        self.python("Py_DecRef", function)
        self.builder.branch(ended)
        self.builder.position_at_end(ended)
        self.python("PyMem_Free", given)
        self.builder.ret(self.get(result))
        self.builder.position_at_end(full)
        self.builder.ret(self.python("PyErr_NoMemory"))
