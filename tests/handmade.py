"""Programs built by hand: a short notation, an interpreter that is the meaning of a program, and a generator.

The interpreter keeps every value under its number, so it knows nothing of names, lifetimes or text.
"""

import random
from contextlib import contextmanager

import numpy as np

import dlsrc.kernels.arithmetic
import dlsrc.kernels.numbers.comparison
import dlsrc.kernels.numbers.conversion
import dlsrc.kernels.elementwise
import dlsrc.kernels.programs.memory
import dlsrc.kernels.programs.stores  # noqa: F401
from dlsrc.kernels.primitive import registry
from dlsrc.kernels.types import Array, Scalar
from dlsrc.transform.ir import (
    ELLIPSIS, NEWAXIS, UNBOUND, Assign, Carry, Check, Const, Fancy, For, If, Index, Merge, Program, Raise,
    Read, Span, Store, Value, While,
)
from dlsrc.transform.location import Location

FLOAT, INT, BOOL = Scalar("float64"), Scalar("int64"), Scalar("bool")
VECTOR, MATRIX = Array("float64", 1), Array("float64", 2)


def const(atom):
    return Const(atom) if isinstance(atom, bool | int | float) else atom


class Notes:
    """A program being written down: ``n.op("add", x, 1.0, hint="y")``."""

    def __init__(self):
        self.types = {}
        self.block = []
        self.params = []
        self.loc = Location("user.py", 1, text="y = f(x)")

    def value(self, type_=FLOAT, hint="", base=None, form="{}"):
        made = Value(len(self.types) + 1, hint, base, form)
        self.types[made] = type_
        return made

    def param(self, type_=FLOAT, hint=""):
        self.params.append(self.value(type_, hint))
        return self.params[-1]

    def at(self, line, text="", back=False):
        self.loc = Location("user.py", line, text=text, back=back)
        return self

    def type_of(self, atom):
        return self.types[atom] if isinstance(atom, Value) else Scalar(
            {bool: "bool", int: "int64", float: "float64"}[type(atom.value)], weak=True
        )

    def op(self, name, *args, type_=None, hint="", base=None, form="{}", **static):
        primitive = registry[name] if isinstance(name, str) else name
        args = tuple(const(a) for a in args)
        if type_ is None:
            type_ = primitive.result_type(*(self.type_of(a) for a in args), **static)
            type_ = Scalar(type_.dtype) if isinstance(type_, Scalar) else type_
        target = self.value(type_, hint, base, form)
        self.block.append(Assign(target, primitive, args, tuple(sorted(static.items())), self.loc))
        return target

    def read(self, base, *entries, type_=FLOAT, hint=""):
        target = self.value(type_, hint)
        self.block.append(Read(target, base, index(*entries), self.loc))
        return target

    def store(self, base, entries, value, mode="set"):
        entries = entries if isinstance(entries, tuple) else (entries,)
        self.block.append(Store(base, index(*entries), const(value), mode, self.loc))

    def check(self, low, high, size, when=None):
        self.block.append(Check(const(low), const(high), const(size), self.loc, when))

    def raises(self, exception, message):
        self.block.append(Raise(exception, message, self.loc))

    @contextmanager
    def inside(self):
        """Statements written inside are collected: ``with n.inside() as body``."""
        outer, self.block = self.block, []
        try:
            yield self.block
        finally:
            self.block = outer

    def branch(self, cond, then, orelse, *merges):
        self.block.append(
            If(const(cond), tuple(then), tuple(orelse), tuple(Merge(t, const(a), const(b)) for t, a, b in merges), self.loc)
        )

    def loop(self, index_, stop, body, *carries, start=0, step=1, stop_flag=None, trips=None):
        carries = tuple(Carry(h, const(i), const(o), r) for h, i, o, r in carries)
        self.block.append(
            For(index_, const(start), const(stop), const(step), carries, tuple(body), stop_flag, trips, self.loc)
        )

    def while_(self, test, cond, body, *carries, stop_flag=None, trips=None):
        carries = tuple(Carry(h, const(i), const(o), r) for h, i, o, r in carries)
        self.block.append(While(carries, tuple(test), const(cond), tuple(body), stop_flag, trips, self.loc))

    def program(self, *returns, name="f"):
        returns = tuple(const(r) for r in returns)
        return Program(name, tuple(self.params), tuple(self.block), returns, self.types)


def index(*entries):
    return Index(tuple(const(e) for e in entries))


# ---------------------------------------------------------------------------------- the interpreter


class _Out(Exception):
    """The fuel is used up."""


def run(program, *args, fuel=5000):
    """What the program returns for these arguments, statement by statement."""
    known = dict(zip(program.params, args, strict=True))
    left = [fuel]

    def get(atom):
        if isinstance(atom, Const):
            return atom.value if atom.dtype is None else getattr(np, atom.dtype)(atom.value)
        return known.get(atom, UNBOUND) if isinstance(atom, Value) else atom

    def place(ix):
        def entry(e):
            if isinstance(e, Span):
                return slice(*(None if a is None else get(a) for a in (e.start, e.stop, e.step)))
            if isinstance(e, Fancy):
                return get(e.array)
            return None if e is NEWAXIS else Ellipsis if e is ELLIPSIS else get(e)

        return tuple(entry(e) for e in ix.entries)

    def block(statements):
        for s in statements:
            left[0] -= 1
            if left[0] < 0:
                raise _Out
            step(s)

    def bind(pairs):
        for target, value in [(t, get(a)) for t, a in pairs]:
            known[target] = value

    def step(s):
        match s:
            case Assign():
                values = {p: get(a) for p, a in zip(s.op.arguments, s.args, strict=False)} | dict(s.static)
                found = s.op.body(**values)
                if s.target is not None:
                    known[s.target] = found
            case Read():
                known[s.target] = get(s.base)[place(s.index)]
            case Store(mode="set"):
                get(s.base)[place(s.index)] = get(s.value)
            case Store(mode="add"):
                get(s.base)[place(s.index)] += get(s.value)
            case Store():
                get(s.base)[place(s.index)] -= get(s.value)
            case Check():
                if (s.when is None or get(s.when)) and (get(s.low) < -get(s.size) or get(s.high) >= get(s.size)):
                    raise IndexError
            case Raise():
                raise getattr(__import__("builtins"), s.exception)(s.message)
            case If():
                taken = bool(get(s.cond))
                block(s.then if taken else s.orelse)
                bind([(m.target, m.then if taken else m.orelse) for m in s.merges])
            case For():
                loop(s)
            case While():
                loop(s)

    def loop(s):
        trips = 0
        bind([(c.header, c.init) for c in s.carries])
        indices = iter(range(get(s.start), get(s.stop), get(s.step))) if isinstance(s, For) else None
        while True:
            if indices is not None:
                k = next(indices, None)
                if k is None:
                    break
                known[s.index] = k
            else:
                block(s.test)
                if not get(s.cond):
                    break
            trips += 1
            block(s.body)
            stop = s.stop_flag is not None and get(s.stop_flag)
            bind([(c.header, c.out) for c in s.carries])
            if stop:
                break
        bind([(c.result, c.header) for c in s.carries])
        if s.trips is not None:
            known[s.trips] = trips

    block(program.body)
    return tuple(get(a) for a in program.returns)


# ---------------------------------------------------------------------------------- random programs


def random_program(seed):
    """A program of scalars and one vector, with nested loops, branches, swaps and overlapping versions."""
    r = random.Random(seed)
    n = Notes()
    x = n.param(VECTOR, "x")
    s = n.param(FLOAT, "s")
    count = n.param(INT, "n")
    hints = ["a", "b", "s", "dx", "v1", "", "", ""]
    work = n.op("zeros_like", x, hint=r.choice(["y", ""]), base=x, form="d{}")
    line = [1]

    def number(floats):
        return r.choice(floats) if r.random() < 0.85 else Const(r.choice([0.5, 1.0, -1.0, 0.0, 2.0]))

    def made(floats):
        hint = r.choice(hints)
        base = r.choice(floats) if not hint and r.random() < 0.4 else None
        name = r.choice(["add", "subtract", "multiply", "negative"])
        args = [number(floats) for _ in range(1 if name == "negative" else 2)]
        floats.append(n.op(name, *args, type_=FLOAT, hint=hint, base=base, form="d{}"))

    def bounded(floats):
        # keeps the numbers small: s / (1 + s*s)
        v = r.choice(floats)
        square = n.op("multiply", v, v, type_=FLOAT)
        floats.append(n.op("divide", v, n.op("add", 1.0, square, type_=FLOAT), type_=FLOAT, hint=r.choice(hints)))

    def statements(floats, ints, depth, size):
        floats, ints = list(floats), list(ints)
        for _ in range(r.randint(1, size)):
            line[0] += 1
            n.at(line[0], r.choice(["if a:", "y = x", ""]), back=r.random() < 0.3)
            kind = r.random()
            if kind < 0.4:
                made(floats)
            elif kind < 0.5:
                bounded(floats)
            elif kind < 0.6:
                floats.append(n.read(r.choice([x, work]), Const(r.randint(0, 2)), hint=r.choice(hints)))
            elif kind < 0.7:
                n.store(work, Const(r.randint(0, 2)), number(floats), r.choice(["set", "add", "sub"]))
            elif kind < 0.85 and depth < 3:
                cond = n.op(r.choice(["less", "greater"]), number(floats), number(floats), type_=BOOL)
                with n.inside() as then:
                    f1, _ = statements(floats, ints, depth + 1, r.choice([1, 3]))
                with n.inside() as orelse:
                    f2, _ = (list(floats), ints) if r.random() < 0.4 else statements(floats, ints, depth + 1, 3)
                merges = []
                for _ in range(r.randint(0, 3)):
                    target = n.value(FLOAT, r.choice(hints))
                    merges.append((target, r.choice(f1), r.choice(f2)))
                    floats.append(target)
                if r.random() < 0.2:
                    flag = n.value(BOOL)
                    merges.append((flag, True, cond) if r.random() < 0.5 else (flag, cond, False))
                n.branch(cond, then, orelse, *merges)
            elif depth < 3:
                loop(floats, ints, depth)
        return floats, ints

    def loop(floats, ints, depth):
        carried = r.randint(0, 3)
        hints_here = [r.choice(hints) for _ in range(carried)]
        headers = [n.value(FLOAT, h) for h in hints_here]
        inner = floats + headers
        trips = n.value(INT, r.choice(["k", ""])) if r.random() < 0.3 else None
        index_ = n.value(INT, r.choice(["i", "j", ""]))
        before = r.choice([None, 0, 1])
        stop = r.choice([Const(3), Const(2), Const(0), *ints])
        if r.random() < 0.7:
            with n.inside() as body:
                f1, _ = statements(inner, [*ints, index_], depth + 1, 4)
                flag = n.op("less", number(f1), number(f1), type_=BOOL) if r.random() < 0.3 else None
            outs = outs_of(headers, f1)
            results = [n.value(FLOAT, h) for h in hints_here]
            n.loop(index_, stop, body, *zip(headers, inits(floats, carried), outs, results, strict=True),
                   start=before or 0, step=r.choice([1, 1, 2]), stop_flag=flag, trips=trips)
        else:
            counter, after = n.value(INT, "m"), n.value(INT, "m")
            with n.inside() as test:
                f0 = list(inner)
                if r.random() < 0.5:
                    made(f0)
                cond = n.op("less", counter, stop, type_=BOOL)
            with n.inside() as body:
                f1, _ = statements(f0, [*ints, counter], depth + 1, 3)
                step = n.op("add", counter, 1, type_=INT, hint="m")
                flag = n.op("less", number(f1), number(f1), type_=BOOL) if r.random() < 0.3 else None
            outs = outs_of(headers, f1)
            results = [n.value(FLOAT, h) for h in hints_here]
            n.while_(test, cond, body, (counter, 0, step, after),
                     *zip(headers, inits(floats, carried), outs, results, strict=True), stop_flag=flag, trips=trips)
            ints.append(after)
        if trips is not None:
            ints.append(trips)
            floats.append(n.op("multiply", trips, 0.25, type_=FLOAT))
        floats.extend(results)

    def inits(floats, carried):
        return [number(floats) for _ in range(carried)]

    def outs_of(headers, floats):
        outs = [r.choice(floats) for _ in headers]
        if len(headers) > 1 and r.random() < 0.5:
            outs[:2] = [headers[1], headers[0]]  # a swap
        return outs

    floats, _ = statements([s], [count], 0, 9)
    returned = [r.choice(floats) for _ in range(3)]
    return n.program(*returned, work)
