"""Lists, dicts and objects that are built anew and carried on: in loops, by branches, from None."""

from dataclasses import dataclass

import numpy as np
import pytest

import dlsrc
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, assert_gradient, matrix, vector

programs = Programs()


@dataclass
class Body:
    x: float
    v: float

    def step(self, dt):
        return Body(self.x + dt * self.v, self.v - dt * self.x)

    def kick(self, dt):
        self.v -= dt * self.x


class Momentum:
    def __init__(self, rate):
        self.rate = rate
        self.m = None
        self.best = None
        self.lowest = None

    def step(self, params, slopes, loss):
        if self.lowest is None or loss < self.lowest:
            self.lowest = loss
            self.best = params
        if self.m is None:
            self.m = {k: np.zeros_like(v) for k, v in params.items()}
        self.m = {k: 0.9 * self.m[k] + slopes[k] for k in params}
        return {k: params[k] - self.rate * self.m[k] for k in params}


@programs({"W": matrix(3, 2), "b": vector(2)}, vector(5, 3), vector(5, 2), argnums=(0, 1), compiled=True)
def a_dict_of_parameters(params, X, T):
    for _ in range(4):
        r = X @ params["W"] + params["b"] - T
        g = {"W": X.T @ r, "b": r.sum(axis=0)}
        params = {k: v - 0.05 * g[k] for k, v in params.items()}
    return np.sum((X @ params["W"] + params["b"] - T) ** 2)


@programs([vector(3), vector(2)])
def a_list(ps):
    n = 0
    while n < 4:
        ps = [p * 0.9 + np.sin(p) for p in ps]
        n += 1
    return sum(np.sum(p**2) for p in ps)


@programs(1.0, 2.0, argnums=(0, 1), compiled=True)
def objects_that_are_changed(a, b):
    cur = Body(a, b)
    for _ in range(7):
        nxt = Body(cur.v * 0.9, cur.x + 0.1 * cur.v)
        if nxt.x > 1.5:
            nxt.x = 1.5 * b
        cur = nxt
    return cur.x * cur.v


@programs(0.5, 0.7, argnums=(0, 1))
def methods_that_give_new_objects(a, b):
    s = Body(a, b)
    while -1.0 < s.x < 2.0:
        s = s.step(0.1)
        s.kick(0.05)
    return s.x * s.v


@programs(vector(4))
def a_list_of_objects(x):
    bodies = [Body(x[0], x[1]), Body(x[2], x[3])]
    for _ in range(5):
        bodies = [b.step(0.1) for b in bodies]
        bodies[0].kick(0.2)
    return bodies[0].x * bodies[1].v


@programs(vector(3))
def a_state_of_dicts(x):
    state = {"p": {"w": x * 1.0, "b": x[0]}, "m": {"w": np.zeros(3), "b": 0.0}, "t": 0}
    for _ in range(4):
        g = {"w": 2 * state["p"]["w"] * x[1], "b": np.cos(state["p"]["b"])}
        m = {k: 0.9 * state["m"][k] + g[k] for k in g}
        state = {"p": {k: state["p"][k] - 0.1 * m[k] for k in g}, "m": m, "t": state["t"] + 1}
    return np.sum(state["p"]["w"]) * state["p"]["b"] + state["t"]


@programs(vector(3))
def the_last_and_the_one_before(x):
    prev, cur = [x[0], x[1]], [x[1], x[2]]
    for _ in range(5):
        nxt = [cur[0] + 0.1 * prev[1], cur[1] * prev[0]]
        prev = cur
        cur = nxt
    return prev[0] * cur[1]


@programs(vector(3))
def swapped_lists_that_are_changed(x):
    a, b = [x[0], x[1]], [x[1], x[2]]
    for _ in range(5):
        a[0] = a[0] * b[1]
        b[1] += 0.5
        a, b = b, a
    return a[0] * b[1] + b[0]


@programs(vector(4))
def arrays_in_dicts_that_are_written_to(x):
    s = {"u": x * 1.0, "v": x * 2.0}
    for k in range(4):
        u = s["u"]
        s = {"u": s["v"], "v": u}
        s["u"][k % 4] *= 1.3
    return np.sum(s["u"] * np.arange(4)) + np.sum(s["v"])


@programs(vector(3))
def the_best_of_dicts(x):
    params = {"a": x[0], "b": x[1:] * 1.0}
    best, lowest = params, 1e9
    for k in range(4):
        loss = params["a"] ** 2 + np.sum(params["b"]) * np.cos(k)
        if loss < lowest:
            lowest = loss
            best = params
        params = {"a": params["a"] * 0.5, "b": np.sin(params["b"])}
    return best["a"] * np.sum(best["b"]) + params["a"]


@programs(vector(4))
def the_best_that_is_none_at_first(x):
    best = None
    for k in range(4):
        found = {"a": (x[k] - 1.0) ** 2, "k": k}
        if best is None or found["a"] < best["a"]:
            best = found
    return best["a"] * 3 + best["k"]


@programs({"w": vector(3), "b": vector(2)}, compiled=True)
def an_optimizer_with_state_that_is_none_at_first(params):
    optimizer = Momentum(0.1)
    for _ in range(4):
        loss = sum(np.sum(v**4) for v in params.values())
        params = optimizer.step(params, {k: 4 * v**3 for k, v in params.items()}, loss)
    return sum(np.sum(v) for v in params.values()) + sum(np.sum(v**2) for v in optimizer.best.values())


@programs(vector(3))
def a_dict_made_on_one_way(x):
    p = {"a": x[0], "b": x[1]}
    if x[2] > 0.1:
        p = {"a": x[1] * 2, "b": x[0]}
    p["a"] = p["a"] * 3
    return p["a"] * p["b"]


@programs(vector(3))
def lists_within_lists(x):
    n = [x[0], None]
    m = [x[1], n]
    for _ in range(3):
        m = [m[0] * x[2], n]
        n = [n[0] + m[0], None]
    return m[0] * m[1][0] + n[0]


@programs({"a": 1.0, "b": 2.0, "c": 0.5})
def the_sorted_items_of_a_dict(d):
    return sum(k * v**2 * (1 if name != "b" else 3) for k, (name, v) in enumerate(sorted(d.items(), reverse=True)))


test_rebuilt = programs.test()


# ---- two names for one list, of which one is changed: the numbers of trips decide what the other sees


def changed_before_it_is_rebound(x):
    a = [x[0], x[1]]
    b = a
    for _ in range(3):
        a[0] = a[0] * 2
        a = [a[0] * x[1], a[1]]
    return a[0] * b[0]


def changed_by_its_other_name(x):
    a = [x[0], x[1]]
    b = [x[1], x[0]]
    for _ in range(3):
        b[0] = b[0] * 1.5
        c = [a[0] * x[1], a[1]]
        a = c
        b = c
    return a[0] * b[0]


def the_best_is_changed(x):
    best = None
    for k in range(2):
        found = {"a": x[k] ** 2}
        if best is None or found["a"] < best["a"]:
            best = found
        best["a"] = best["a"] * 1.1
    return best["a"]


def changed_after_a_branch(x):
    p = {"a": x[0], "b": x[1]}
    q = p
    if x[1] > 0.1:
        p = {"a": x[1] * 2, "b": x[0]}
    q["a"] = p["a"] * 3
    return p["a"] * p["b"]


def items_that_are_one(x):
    s = {"p": [x[0]], "q": [x[1]]}
    for _ in range(3):
        s["q"][0] = s["q"][0] * 2
        r = [s["p"][0] + x[1]]
        s = {"p": r, "q": r}
    return s["p"][0] * s["q"][0]


@pytest.mark.parametrize(
    "f",
    [
        changed_before_it_is_rebound, changed_by_its_other_name, the_best_is_changed, changed_after_a_branch,
        items_that_are_one,
    ],
)
def test_a_change_that_another_name_may_see_is_refused(f):
    with pytest.raises(UnsupportedSyntax, match="may be the same object as another name"):
        dlsrc.grad(f)(np.array([0.7, 1.2]))


def test_a_copy_may_be_changed():
    def f(x):
        best = None
        for k in range(3):
            found = {"a": (x[k] - 1.0) ** 2}
            if best is None or found["a"] < best["a"]:
                best = dict(found)
            best = {"a": best["a"] * 1.1}
        best["a"] = best["a"] * 2.0
        return best["a"]

    assert_gradient(f, vector(3))


def test_whether_two_are_one_object_is_not_guessed():
    def f(x):
        first = [x[0]]
        cur = first
        for _ in range(2):
            if cur is first:
                cur = [cur[0] * 2.0]
        return cur[0]

    with pytest.raises(UnsupportedSyntax, match="whether these are one object"):
        dlsrc.grad(f)(vector(2))


def test_forward_mode_and_second_derivatives_go_through_them():
    def f(x):
        s = {"a": x * 1.0, "b": x[0]}
        for _ in range(3):
            s = {"a": np.sin(s["a"]) * s["b"], "b": s["b"] * 0.5 + s["a"][1]}
        return np.sum(s["a"]) * s["b"]

    x, v = vector(3), np.array([0.3, -0.2, 0.5])
    slope = dlsrc.grad(f)(x)
    assert np.allclose(dlsrc.jvp(f, (x,), (v,))[1], slope @ v, rtol=1e-12)
    steps = [(dlsrc.grad(f)(x + h * v) - dlsrc.grad(f)(x - h * v)) / (2 * h) for h in (1e-3, 5e-4)]
    assert np.allclose(dlsrc.hvp(f)(x, v), (4 * steps[1] - steps[0]) / 3, rtol=1e-8)


def test_an_item_of_another_type_is_refused_where_it_is_read():
    def f(x):
        s = {"a": x[0], "n": 0}
        for _ in range(3):
            s = {"a": s["a"] * np.sum(s["n"]), "n": x}
        return s["a"]

    with pytest.raises(UnsupportedSyntax, match="give it one type"):
        dlsrc.grad(f)(vector(2))
