"""Objects whose attributes the function assigns: dataclasses, classes of the user's own, methods."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pytest

from dlsrc import grad
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, vector

programs = Programs()


@dataclass
class State:
    x: float
    v: float
    t: float = 0.0


@programs(vector(3))
def oscillator(p):
    state = State(p[0], p[1])
    dt = 0.01
    for _ in range(50):
        a = -p[2] * state.x
        state.v = state.v + a * dt
        state.x += state.v * dt
        state.t += dt
    return state.x ** 2 + state.v * state.t


def advance(state, k, dt):
    state.v -= k * state.x * dt
    state.x += state.v * dt


@programs(vector(3))
def oscillator_helper(p):
    state = State(p[0], p[1])
    for _ in range(20):
        advance(state, p[2], 0.05)
    return state.x * state.v


@programs(State(0.5, 1.2, 0.0), 0.7)
def state_as_argument(state, k):
    for _ in range(10):
        state.v = state.v - k * state.x * 0.1
        state.x = state.x + state.v * 0.1
    return state.x + state.v ** 2


class Body(NamedTuple):
    pos: np.ndarray
    vel: np.ndarray


@programs(vector(3), vector(3))
def replaced(p, v):
    b = Body(p, v)
    for _ in range(10):
        b = b._replace(vel=b.vel - 0.1 * b.pos)
        b = b._replace(pos=b.pos + 0.1 * b.vel)
    return np.sum(b.pos ** 2) + b.vel[0]


@dataclass
class Particle:
    pos: np.ndarray
    vel: np.ndarray
    mass: float = 1.0

    def kick(self, force, dt):
        self.vel = self.vel + force / self.mass * dt

    def drift(self, dt):
        self.pos = self.pos + self.vel * dt

    @property
    def energy(self):
        return 0.5 * self.mass * np.sum(self.vel ** 2)


@programs(vector(3), vector(3), 0.8)
def leapfrog(q, p, m):
    body = Particle(q, p, m)
    for _ in range(8):
        body.kick(-body.pos, 0.05)
        body.drift(0.1)
        body.kick(-body.pos, 0.05)
    return body.energy + 0.5 * np.sum(body.pos ** 2)


@dataclass
class Accumulator:
    total: float = 0.0
    count: int = 0
    values: list = field(default_factory=list)

    def add(self, v):
        self.total += v
        self.count += 1
        self.values.append(v)


@programs(vector(5))
def accumulator(x):
    acc = Accumulator()
    for v in x:
        acc.add(v * v)
    return acc.total / acc.count + acc.values[-1]


class Garch:
    def __init__(self, r):
        self.r = r
        self.scale = 0.9

    def loss(self, p):
        s = p[0]
        total = 0.0
        for r in self.r:
            s = p[0] + p[1] * r ** 2 + p[2] * s * self.scale
            total += math.log(s) + r ** 2 / s
        return total


GARCH = Garch(vector(12))


@programs(vector(3))
def method_reads(p):
    return GARCH.loss(p)


@dataclass
class Best:
    value: float | None = None
    point: np.ndarray | None = None
    tries: int = 0

    def offer(self, value, point):
        self.tries += 1
        if self.value is None or value < self.value:
            self.value = value
            self.point = point


@programs(vector(6, 2), compiled=True)
def object_with_none(x):
    best = Best()
    for row in x:
        best.offer(np.sum((row - 1.0) ** 2), row * 2.0)
    return best.value * best.tries + best.point[0] ** 2


class Counter:
    """Plain class."""
    step = 0.5

    def __init__(self, start, n=2):
        self.total = start
        self.log = []
        self.n = n

    def __call__(self, v):
        self.total = self.total + v * self.step
        self.log.append(self.total)
        return self.total

    @property
    def mean(self):
        return self.total / self.n

    @mean.setter
    def mean(self, v):
        self.total = v * self.n

    @staticmethod
    def twice(v):
        return 2.0 * v

    def reset(self):
        self.total *= 0.0


@programs(vector(5))
def plain_class(x):
    c = Counter(x[0], n=3)
    for v in x:
        c(v * v)
    c.mean = c.mean + 1.0
    s = c.total * Counter.twice(x[1]) + sum(c.log)
    c.reset()
    return s + c.total + c.twice(x[2])


class Base:
    def __init__(self, a):
        self.a = a
    def value(self):
        return self.a * 2


class Derived(Base):
    def __init__(self, a, b):
        super().__init__(a)
        self.b = b
    def value(self):
        return self.b * self.a


@programs(vector(3))
def inheritance(x):
    d = Derived(x[0], x[1])
    e = Base(x[2])
    d.b = d.b * 2
    return d.value() + e.value()


@dataclass
class Pt:
    x: float
    y: float


@programs(vector(4))
def aliases(v):
    p = Pt(v[0], v[1])
    q = p
    q.x = q.x * 3.0
    r = Pt(p.x, v[2])
    r.y += p.y
    pts = [p, r]
    for t in pts:
        t.x *= v[3]
    return p.x * r.y + q.x + r.x


@programs(vector(4))
def branch_of_objects(v):
    p = Pt(v[0], v[1])
    if v[0] > 0.1:
        p.x = p.x * v[2]
    else:
        p.y = 0.0
    q = Pt(v[2], v[3])
    for k in range(4):
        if k % 2:
            p.x += q.y
        else:
            q.y *= 1.1
            p, q = p, q
    return p.x * p.y + q.y


@programs(vector(4))
def functional_branch(v):
    p = Pt(v[0], v[1])
    for k in range(5):
        n = Pt(p.x + 0.1 * p.y, p.y - 0.1 * p.x)
        if n.x < 1.2:
            p = n
        else:
            p = Pt(p.x * 0.5, n.y)
    return p.x + p.y ** 2


@programs([Pt(0.5, 1.0), Pt(0.7, 0.3), Pt(1.1, 0.2)])
def list_of_objects(pts):
    for k in range(4):
        for i in range(len(pts)):
            pts[i].x += 0.1 * pts[i].y
        for p in pts:
            p.y -= 0.05 * p.x
    return sum(p.x * p.y for p in pts)


test_objects = programs.test()


def test_an_argument_is_left_as_it_was():
    def f(p):
        p.x *= 2.0
        return p.x * p.y

    given = Pt(1.5, 2.0)
    assert grad(f)(given) == Pt(4.0, 3.0) and given == Pt(1.5, 2.0)


def test_another_method_of_the_class_is_noticed(monkeypatch):
    def f(x):
        return Derived(x, 2.0).value()

    assert grad(f)(3.0) == 2.0
    monkeypatch.setattr(Derived, "value", lambda self: 5.0 * self.a)
    assert grad(f)(3.0) == 5.0


@dataclass(frozen=True)
class Frozen:
    x: float


OUTSIDE = Pt(1.0, 2.0)


def test_refusals():
    def outside(x):
        OUTSIDE.x = x
        return OUTSIDE.x

    def frozen(x):
        p = Frozen(x)
        p.x = 2.0
        return p.x

    def named(x):
        b = Body(x, x)
        b.pos = x * 2.0
        return b.pos

    def no_field(x):
        p = Pt(x, x)
        p.z = 1.0
        return p.x

    def one_of_two(x):
        p, q = Pt(x, 1.0), Pt(x, 2.0)
        r = p if x > 0 else q
        r.x = 3.0
        return p.x + q.x

    def given_back(x):
        c = Counter(x)
        c.step = 2.0
        return x, c

    for f, text in (
        (outside, r"`OUTSIDE\.x` is kept outside the function"), (frozen, "it is frozen"),
        (named, r"_replace\(pos=…\)"), (no_field, "has no field `z`; declare it"),
        (one_of_two, "may be the same object as another name"),
    ):
        with pytest.raises(UnsupportedSyntax, match=text):
            grad(f)(1.5)
    with pytest.raises(UnsupportedSyntax, match="returns a Counter"):
        grad(given_back, has_aux=True)(1.5)
